//! Logs that sign what a test wants them to, a witness behind a socket, and a client that sends any bytes.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64ct::{Base64, Encoding as _};
use placet_kernel::checkpoint::{Checkpoint, CheckpointKeys, SignedCheckpoint, sign_checkpoint};
use placet_kernel::merkle::{Hash, NodeSource, consistency_proof, leaf_hash, node_hash, root};
use placet_kernel::note::{SignatureType, VerifierKey};
use placet_kernel::sign::Signer as _;
use placet_schemas::id::Origin;
use placet_wallet::keys::SoftwareKey;
use placet_witness::{Clock, Logs, Settings, Watcher, Witness, http};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const ORIGIN: &str = "ledger.example/placet";
pub(crate) const NAME: &str = "witness.example/w1";
/// When the clock of a test begins.
pub(crate) const BEGIN: u64 = 1_800_000_000;

/// A log that keeps its leaves and signs what it is told to.
#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) origin: Origin,
    pub(crate) seed: u8,
    leaves: Vec<Hash>,
}

impl Log {
    /// A log of 200 leaves.
    pub(crate) fn new(origin: &str, seed: u8) -> Self {
        Self {
            origin: origin.parse().unwrap(),
            seed,
            leaves: (0..200_u8).map(|n| leaf_hash(&[seed, n])).collect(),
        }
    }

    /// The same log with another history from leaf `at` on.
    pub(crate) fn forked(&self, at: usize, way: u8) -> Self {
        let mut fork = self.clone();
        for (n, leaf) in fork.leaves.iter_mut().enumerate().skip(at) {
            *leaf = leaf_hash(&[self.seed, u8::try_from(n).unwrap(), way]);
        }
        fork
    }

    pub(crate) fn key(&self) -> SoftwareKey {
        SoftwareKey::ed25519_from_seed(&[self.seed; 32])
    }

    pub(crate) fn vkey(&self) -> VerifierKey {
        VerifierKey::of_signer((&self.origin).into(), SignatureType::Ed25519, &self.key()).unwrap()
    }

    pub(crate) fn note(&self, size: u64) -> String {
        let checkpoint = Checkpoint::new(self.origin.clone(), size, root(size, self).unwrap()).unwrap();
        sign_checkpoint(&checkpoint, &self.key()).unwrap()
    }

    pub(crate) fn proof(&self, old: u64, size: u64) -> Vec<String> {
        let proof = consistency_proof(old, size, self).unwrap();
        proof.iter().map(Hash::to_base64).collect()
    }

    pub(crate) fn body(&self, old: u64, size: u64) -> String {
        body(old, &self.proof(old, size), &self.note(size))
    }

    /// Signs any text as a note of this log.
    pub(crate) fn sign_text(&self, text: &str) -> String {
        let mut bytes = self.vkey().id().to_bytes().to_vec();
        bytes.extend_from_slice(&self.key().sign(text.as_bytes()).unwrap());
        format!("{text}\n\u{2014} {} {}\n", self.origin, Base64::encode_string(&bytes))
    }

    /// What somebody believes who trusts this log's key and this witness.
    pub(crate) fn trust(&self, witness: &VerifierKey) -> CheckpointKeys {
        CheckpointKeys::new(self.origin.clone(), vec![self.vkey()], vec![witness.clone()]).unwrap()
    }

    /// The time of the one cosignature under the checkpoint of this size, checked by the kernel.
    pub(crate) fn cosigned_at(&self, size: u64, lines: &str, witness: &VerifierKey) -> u64 {
        let note = self.note(size) + lines;
        let signed = SignedCheckpoint::open_exact(note.as_bytes(), &self.trust(witness)).unwrap();
        assert_eq!(signed.checkpoint().size(), size);
        let [one] = signed.cosignatures() else {
            panic!("{lines}")
        };
        one.time
    }
}

impl NodeSource for Log {
    type Error = ();

    fn node(&self, level: u8, index: u64) -> Result<Hash, ()> {
        match level {
            0 => self.leaves.get(usize::try_from(index).unwrap()).copied().ok_or(()),
            _ => Ok(node_hash(
                &self.node(level - 1, 2 * index)?,
                &self.node(level - 1, 2 * index + 1)?,
            )),
        }
    }
}

pub(crate) fn body(old: u64, proof: &[String], note: &str) -> String {
    let lines: String = proof.iter().map(|hash| format!("{hash}\n")).collect();
    format!("old {old}\n{lines}\n{note}")
}

/// A note with the last signature changed.
pub(crate) fn with_broken_signature(note: &str) -> String {
    let (before, base64) = note.trim_end().rsplit_once(' ').unwrap();
    let mut bytes = Base64::decode_vec(base64).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    format!("{before} {}\n", Base64::encode_string(&bytes))
}

/// A clock that stands still until it is set.
#[derive(Debug)]
pub(crate) struct TestClock(AtomicU64);

impl TestClock {
    pub(crate) fn set(&self, now: u64) {
        self.0.store(now, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

pub(crate) fn clock() -> Arc<TestClock> {
    Arc::new(TestClock(AtomicU64::new(BEGIN)))
}

/// The settings of a witness of these logs, with a clock that stands still.
pub(crate) fn settings(dir: &Path, logs: &[&Log]) -> Settings {
    let logs = logs.iter().map(|log| (log.origin.clone(), vec![log.vkey()]));
    let mut settings = Settings::new(dir.to_owned(), NAME.parse().unwrap(), Logs::new(logs).unwrap());
    settings.clock = clock();
    settings
}

pub(crate) fn watched(mut settings: Settings, watcher: impl Watcher + 'static) -> Settings {
    settings.watcher = Arc::new(watcher);
    settings
}

/// A witness that serves.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) witness: Witness,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: String,
}

impl Served {
    pub(crate) async fn start(settings: Settings) -> Self {
        Self::start_at(settings, "").await
    }

    pub(crate) async fn start_at(settings: Settings, prefix: &str) -> Self {
        let witness = Witness::open(settings).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let prefix = prefix.parse().unwrap();
        let serving = witness.clone();
        let task = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            http::serve(listener, serving, &prefix, stopped).await.unwrap();
        });
        Self {
            address,
            witness,
            stop,
            task,
        }
    }

    pub(crate) fn vkey(&self) -> VerifierKey {
        self.witness.vkey().clone()
    }

    pub(crate) async fn add(&self, body: impl AsRef<[u8]>) -> Reply {
        call(self.address, "POST", "/add-checkpoint", body.as_ref()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        call(self.address, "GET", path, b"").await
    }

    /// Says that it is to stop; gives what ends when it has.
    pub(crate) fn stopping(self) -> impl Future<Output = ()> {
        let Self {
            witness, stop, task, ..
        } = self;
        stop.send(()).unwrap();
        async move {
            task.await.unwrap();
            witness.close().await;
        }
    }

    pub(crate) async fn stop(self) {
        self.stopping().await;
    }
}

pub(crate) async fn call(address: SocketAddr, method: &str, path: &str, body: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&request(method, path, body)).await.unwrap();
    reply(stream).await
}

fn request(method: &str, path: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("{method} {path} HTTP/1.1\r\nhost: witness\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

pub(crate) async fn reply(mut stream: TcpStream) -> Reply {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let content_type = head
        .lines()
        .find_map(|line| line.strip_prefix("content-type: "))
        .unwrap_or_default();
    Reply {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        content_type: content_type.to_owned(),
        body: body.to_owned(),
    }
}
