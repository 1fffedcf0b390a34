//! `cargo xtask wasm`: the pure crates must build where there is no clock, file or socket.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::cargo::{cargo, output};

const TARGET: &str = "wasm32-unknown-unknown";

/// Crates that a browser or a phone carries. Building them for a target without an operating
/// system proves that nothing in their dependency trees asks one for time or randomness.
pub(crate) const PURE_CRATES: [&str; 4] = ["placet-schemas", "placet-kernel", "placet-linked-data", "placet-wallet"];

/// Builds every pure crate for [`TARGET`], adding the target first when it is missing.
pub(crate) fn run() -> Result<bool> {
    if !target_installed()? {
        println!("adding the target {TARGET}");
        output(Command::new("rustup").args(["target", "add", TARGET]))
            .with_context(|| format!("{TARGET} is missing and rustup could not add it"))?;
    }
    let mut command = cargo();
    command.args(["build", "--target", TARGET, "--lib"]);
    for name in PURE_CRATES {
        command.args(["--package", name]);
    }
    let status = command.status().context("cannot run cargo build")?;
    Ok(status.success())
}

/// Asks the compiler rather than rustup, since a distribution's compiler comes without rustup.
fn target_installed() -> Result<bool> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let folder = output(Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]))?;
    Ok(Path::new(folder.trim()).is_dir())
}
