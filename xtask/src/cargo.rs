//! Calling cargo, and what of its metadata the tasks need.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// One package of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    /// The package name, such as `placet-kernel`.
    pub(crate) name: String,
    /// Its folder relative to the workspace root, such as `kernel`, with `/` between parts.
    pub(crate) folder: String,
    /// What its manifest asks for, ours and others', of every kind and feature.
    pub(crate) dependencies: Vec<Dependency>,
}

/// One dependency as a manifest declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// The package name, not the name it may be renamed to.
    pub(crate) name: String,
    /// Whether only tests, examples and benches see it.
    pub(crate) dev: bool,
}

/// The workspace as cargo sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) members: Vec<Member>,
}

/// A cargo command, run by the same cargo that runs this program.
pub(crate) fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    command.stdin(std::process::Stdio::null());
    command
}

/// Runs a command to its end and gives its standard output, an error if it fails.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(std::process::Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} failed: {}", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("{command:?} printed no UTF-8"))
}

/// Reads the workspace from `cargo metadata`.
pub(crate) fn workspace() -> Result<Workspace> {
    let text = output(cargo().args(["metadata", "--format-version", "1", "--no-deps"]))?;
    let value: Value = serde_json::from_str(&text).context("cargo metadata is not JSON")?;
    parse_metadata(&value)
}

fn parse_metadata(value: &Value) -> Result<Workspace> {
    let root = text(value, "workspace_root")?;
    let members = list(value, "packages")?
        .iter()
        .map(|package| parse_member(package, root))
        .collect::<Result<_>>()?;
    Ok(Workspace {
        root: PathBuf::from(root),
        members,
    })
}

fn parse_member(package: &Value, root: &str) -> Result<Member> {
    let manifest = text(package, "manifest_path")?;
    let folder = manifest
        .strip_prefix(root)
        .and_then(|rest| rest.strip_suffix("Cargo.toml"))
        .with_context(|| format!("{manifest} is outside the workspace"))?
        .replace('\\', "/");
    let dependencies = list(package, "dependencies")?
        .iter()
        .map(|dependency| {
            Ok(Dependency {
                name: text(dependency, "name")?.to_owned(),
                dev: dependency.get("kind").and_then(Value::as_str) == Some("dev"),
            })
        })
        .collect::<Result<_>>()?;
    Ok(Member {
        name: text(package, "name")?.to_owned(),
        folder: folder.trim_matches('/').to_owned(),
        dependencies,
    })
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str> {
    value
        .get(key)
        .and_then(Value::as_str)
        .with_context(|| format!("cargo metadata has no text `{key}`"))
}

fn list<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    value
        .get(key)
        .and_then(Value::as_array)
        .with_context(|| format!("cargo metadata has no list `{key}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn metadata_gives_folders_and_dependency_kinds() {
        let workspace = parse_metadata(&json!({
            "workspace_root": "/w",
            "packages": [{
                "name": "placet-kernel",
                "manifest_path": "/w/kernel/Cargo.toml",
                "dependencies": [
                    {"name": "placet-schemas", "kind": null},
                    {"name": "proptest", "kind": "dev"},
                ],
            }],
        }))
        .unwrap();
        let member = &workspace.members[0];
        assert_eq!(member.folder, "kernel");
        assert!(!member.dependencies[0].dev);
        assert!(member.dependencies[1].dev);
    }

    #[test]
    fn metadata_without_packages_is_an_error() {
        assert!(parse_metadata(&json!({"workspace_root": "/w"})).is_err());
    }
}
