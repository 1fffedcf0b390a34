//! A small disk that can be filled and made read-only.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const BALLAST: &str = "ballast";
/// What a tmpfs gives out at a time.
const PAGE: usize = 4096;

/// A tmpfs. It is unmounted when this is dropped, whoever still has files open on it.
#[derive(Debug)]
pub(super) struct Disk(PathBuf);

impl Disk {
    /// Mounts one at `path`, which is made; `None` when the system does not permit it.
    pub(super) fn mount(path: &Path, mebibytes: usize) -> Option<Self> {
        fs::create_dir(path).unwrap();
        let size = format!("size={mebibytes}m,mode=0700");
        if !run("mount", &["-t", "tmpfs", "-o", &size, "tmpfs", path.to_str().unwrap()]) {
            let why = "skipped: no disk can be mounted here (that takes root)";
            assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{why}");
            println!("{why}");
            return None;
        }
        Some(Self(path.to_owned()))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Leaves no room at all.
    pub(super) fn fill(&self) {
        self.fill_but(0);
    }

    /// Leaves room for so many bytes.
    pub(super) fn fill_but(&self, spare: usize) {
        let path = self.0.join(BALLAST);
        let mut file = File::create(&path).unwrap();
        let mut written = 0;
        loop {
            match file.write(&[0; PAGE]) {
                Ok(more) => written += more,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::StorageFull);
                    break;
                }
            }
        }
        file.set_len((written.saturating_sub(spare)) as u64).unwrap();
    }

    /// Takes the ballast away.
    pub(super) fn free(&self) {
        let _absent = fs::remove_file(self.0.join(BALLAST));
    }

    /// Makes it read-only or writable; whether the system did it.
    pub(super) fn read_only(&self, read_only: bool) -> bool {
        let how = if read_only { "remount,ro" } else { "remount,rw" };
        run("mount", &["-o", how, self.0.to_str().unwrap()])
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a process that is about to be killed may have files open.
        run("umount", &["-l", self.0.to_str().unwrap()]);
    }
}

fn run(program: &str, args: &[&str]) -> bool {
    let status = Command::new(program).args(args).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
