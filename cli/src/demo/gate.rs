//! nginx in front of a tiny sample shop, by the very configuration that the documentation shows.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::{files, system};

/// What an operator would copy.
const EXAMPLE: &str = include_str!("../../../docs/examples/nginx.conf");
/// Where packages put it.
const PLACES: [&str; 3] = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/opt/homebrew/bin/nginx"];
/// Its folder in the demo's folder.
pub(super) const FOLDER: &str = "lumen/gate";
/// The example's brand.
const THEIR_PURPOSE: &str = "https://brand.example/purposes#newsletter";
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(10);
/// What the shop keeps behind it.
pub(super) const GOODS: &str = "Thursday 20:15, preview with the director";

/// A running nginx. It is ended when this is dropped.
pub(super) struct Gate {
    child: Child,
    url: String,
    folder: PathBuf,
}

impl Gate {
    /// Whether this machine has nginx.
    pub(super) fn is_here() -> bool {
        program().is_some()
    }

    /// Opens a shop, and nginx before it that asks the verifier at `verifier` about `purpose`.
    pub(super) fn open(dir: &Path, verifier: &str, purpose: &str) -> Result<Self> {
        let program = program().context("nginx is not there")?;
        let folder = dir.join(FOLDER);
        files::make_folder(&folder)?;
        let (shop, ours) = (shop()?, free()?);
        let text = EXAMPLE
            .replace("127.0.0.1:8439", verifier.trim_start_matches("http://"))
            .replace("127.0.0.1:3000", &shop)
            .replace("listen 8088;", &format!("listen {ours};"))
            .replace(THEIR_PURPOSE, purpose);
        fs::write(folder.join("nginx.conf"), text).context("cannot write nginx.conf")?;
        let said = File::create(folder.join("nginx.log")).context("cannot write nginx.log")?;
        // One process in the foreground: it cannot stay behind when this one ends.
        let alone = ["-e", "stderr", "-g", "daemon off; master_process off;"];
        let child = Command::new(program)
            .args(alone)
            .args(["-c", "nginx.conf", "-p"])
            .arg(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said)
            .spawn()
            .context("nginx does not start")?;
        let url = format!("http://{ours}");
        let mut gate = Self { child, url, folder };
        gate.listens(&ours)?;
        Ok(gate)
    }

    /// Where one customer's newsletter is.
    pub(super) fn newsletter(&self, customer: &str) -> String {
        format!("{}/customers/{customer}/newsletter", self.url)
    }

    /// The signed decisions that nginx has written down, in order: of several in a row that say the same, the first.
    pub(super) fn decisions(&self) -> Result<Vec<String>> {
        let log = fs::read_to_string(self.folder.join("decisions.log")).context("nginx has written nothing down")?;
        let mut signed = Vec::new();
        let mut before = None;
        for line in log.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let [_, _, decision, reasons, _, compact] = words[..] else {
                bail!("not as written: nginx writes {line}");
            };
            if before.replace((decision, reasons)) != Some((decision, reasons)) {
                signed.push(compact.to_owned());
            }
        }
        Ok(signed)
    }

    fn listens(&mut self, address: &str) -> Result<()> {
        let start = system::instant();
        while TcpStream::connect(address).is_err() {
            let ended = self.child.try_wait().context("cannot wait for nginx")?;
            if ended.is_some() || start.elapsed() > PATIENCE {
                let said = fs::read_to_string(self.folder.join("nginx.log")).unwrap_or_default();
                bail!("nginx does not come up: {}", said.trim());
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

fn program() -> Option<PathBuf> {
    PLACES.map(PathBuf::from).into_iter().find(|path| path.exists())
}

fn free() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no port is free")?;
    Ok(listener.local_addr().context("the socket has no address")?.to_string())
}

/// A shop of a few lines, that hands out customers' data to whoever asks: who may is not its business.
fn shop() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no port is free")?;
    let address = listener.local_addr().context("the socket has no address")?;
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let head = BufReader::new(&stream).lines().map_while(Result::ok);
            // To the empty line; a caller that goes away meanwhile gets nothing.
            let _head = head.take_while(|line| !line.is_empty()).count();
            let length = GOODS.len();
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{GOODS}");
            drop((&stream).write_all(answer.as_bytes()));
        }
    });
    Ok(address.to_string())
}
