//! Programs in other languages and with other dependencies: made ready once, in the target folder, and run.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Where the sources of the foreign programs are.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/interop");

/// A folder of its own in the target folder, for one set of programs. Held by one process at a time: tests may run in
/// several, and two installations in one folder spoil each other.
pub(super) struct Workshop {
    /// The folder.
    pub(super) folder: PathBuf,
    _held: File,
}

impl Workshop {
    /// Waits for the folder and holds it.
    pub(super) fn hold(name: &str) -> Self {
        let folder = ancestor(3).join(name);
        fs::create_dir_all(&folder).unwrap();
        let held = File::create(folder.join(".lock")).unwrap();
        held.lock().unwrap();
        Self { folder, _held: held }
    }
}

/// The folder with the programs in `tests/interop/<name>`.
pub(super) fn sources(name: &str) -> PathBuf {
    Path::new(SOURCES).join(name)
}

/// The `placet` binary of this workspace and profile, which `cargo xtask test` builds before any test runs.
pub(super) fn placet() -> PathBuf {
    let binary = ancestor(2).join(format!("placet{}", std::env::consts::EXE_SUFFIX));
    assert!(
        binary.exists(),
        "{} is not there: cargo build --package placet",
        binary.display()
    );
    binary
}

/// Runs a program to its end; what it prints when it succeeds.
pub(super) fn run(command: &mut Command) -> Result<Vec<u8>, String> {
    let Output { status, stdout, stderr } = match command.output() {
        Ok(output) => output,
        Err(error) => return Err(format!("{command:?}: {error}")),
    };
    if status.success() {
        return Ok(stdout);
    }
    let said = String::from_utf8_lossy(&stderr);
    Err(format!("{command:?}: {status}: {said}"))
}

/// Whether what a test needs is there. If not, the test says so and passes, except where everything must be tested.
pub(crate) fn ready<T>(needed: Result<T, String>) -> Option<T> {
    match needed {
        Ok(ready) => Some(ready),
        Err(why) if std::env::var_os("CI").is_some_and(|value| value == "true") => panic!("{why}"),
        Err(why) => {
            println!("skipped: {}", why.replace('\n', " "));
            None
        }
    }
}

/// A folder above this test's own program, which is `<target>/<profile>/deps/<test>`.
fn ancestor(steps: usize) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(steps).unwrap().to_owned()
}
