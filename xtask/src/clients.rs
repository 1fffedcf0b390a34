//! `cargo xtask clients`: the OpenAPI document of the verifier, as the program prints it, and the clients made from it.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::cargo::{cargo, output};

const DOCUMENT: &str = "docs/openapi/verifier.json";
const GENERATE: &str = "clients/generate.sh";
/// The generators stay here from one run to the next.
const TOOLS: &str = "target/clients/tools";
const OUT: &str = "target/clients/out";
/// What is made, and where it is kept.
const TYPESCRIPT: [&str; 2] = ["target/clients/out/verifier.ts", "clients/typescript/src/verifier.ts"];
const PYTHON: [&str; 2] = [
    "target/clients/out/generated",
    "clients/python/src/placet_verifier/generated",
];

/// Writes the document, and the generated code.
pub(crate) fn run() -> Result<bool> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let document = output(cargo().args(["run", "--quiet", "--package", "placet", "--", "openapi", "verifier"]))?;
    fs::write(root.join(DOCUMENT), document).context(DOCUMENT)?;
    let made = Command::new(root.join(GENERATE))
        .args([TOOLS, OUT])
        .current_dir(&root)
        .status()
        .context(GENERATE)?;
    if !made.success() {
        return Ok(false);
    }
    fs::copy(root.join(TYPESCRIPT[0]), root.join(TYPESCRIPT[1])).context(TYPESCRIPT[1])?;
    // A file of a call that is gone must not stay.
    let [from, to] = PYTHON.map(|folder| root.join(folder));
    if to.exists() {
        fs::remove_dir_all(&to)?;
    }
    copy(&from, &to).context(PYTHON[1])?;
    Ok(true)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
