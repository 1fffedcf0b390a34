//! What the pure crates pull in, through however many hands.
//!
//! `cargo metadata` resolves the features of the whole workspace at once, so it would blame the
//! kernel for a feature that a service or a test asks for. `cargo tree` of one package, with
//! normal edges only, resolves what that package alone would be built with; all features and all
//! targets, since a phone or a browser builds it too.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result};

use super::Finding;
use crate::cargo::{Workspace, cargo, output};
use crate::wasm::PURE_CRATES;

const KERNEL: &str = "placet-kernel";

/// The committed list, so that growth of what must be trusted is a visible diff.
const KERNEL_LIST: &str = "kernel/DEPENDENCIES.txt";

const KERNEL_LIST_HEAD: &str = "\
# Every package built into placet-kernel or run to build it: normal dependencies, transitive,
# all features, all targets, without the workspace's own packages.
# `cargo xtask layering` compares this list; `cargo xtask layering --bless` rewrites it.
";

/// Packages that bring an operating system, a network, a database, randomness or a second way
/// to judge. A `*` at the end stands for any rest.
const BANNED_FROM_PURE: [&str; 20] = [
    "tokio",
    "tokio-*",
    "async-std",
    "mio",
    "axum",
    "axum-*",
    "hyper",
    "hyper-*",
    "reqwest",
    "sqlx",
    "sqlx-*",
    "libsqlite3-sys",
    "ssi",
    "ssi-*",
    "josekit",
    "openssl",
    "openssl-*",
    "getrandom",
    "rand",
    "native-tls",
];

/// One resolved package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
}

/// Checks the pure crates' trees and the kernel's committed list, rewriting it with `bless`.
pub(crate) fn check(workspace: &Workspace, bless: bool) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for name in PURE_CRATES {
        if !workspace.members.iter().any(|member| member.name == name) {
            findings.push(Finding {
                rule: "purity",
                place: name.to_owned(),
                what: "is not in the workspace, so its purity cannot be checked".to_owned(),
            });
            continue;
        }
        let packages = resolve(name)?;
        findings.extend(banned(name, &packages));
        if name == KERNEL {
            findings.extend(kernel_list(workspace, &packages, bless)?);
        }
    }
    Ok(findings)
}

fn resolve(package: &str) -> Result<BTreeSet<Package>> {
    let tree = output(cargo().args([
        "tree",
        "--package",
        package,
        "--edges",
        "normal",
        "--target",
        "all",
        "--all-features",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ]))?;
    parse_tree(&tree)
}

/// Reads lines such as `serde_derive v1.0.229 (proc-macro) (*)`.
fn parse_tree(tree: &str) -> Result<BTreeSet<Package>> {
    tree.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let mut words = line.split(' ');
            let name = words.next().unwrap_or_default();
            let version = words
                .next()
                .and_then(|version| version.strip_prefix('v'))
                .with_context(|| format!("cargo tree printed {line:?}"))?;
            Ok(Package {
                name: name.to_owned(),
                version: version.to_owned(),
            })
        })
        .collect()
}

fn banned(package: &str, packages: &BTreeSet<Package>) -> Vec<Finding> {
    packages
        .iter()
        .filter(|dependency| BANNED_FROM_PURE.iter().any(|ban| matches(ban, &dependency.name)))
        .map(|dependency| Finding {
            rule: "purity",
            place: package.to_owned(),
            what: format!("is pure but pulls in {} {}", dependency.name, dependency.version),
        })
        .collect()
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

fn kernel_list(workspace: &Workspace, packages: &BTreeSet<Package>, bless: bool) -> Result<Vec<Finding>> {
    let path = workspace.root.join(KERNEL_LIST);
    let resolved = render(packages);
    if bless {
        fs::write(&path, &resolved).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    Ok(differences(&committed, &resolved))
}

fn render(packages: &BTreeSet<Package>) -> String {
    let lines: String = packages
        .iter()
        .filter(|package| !package.name.starts_with("placet"))
        .map(|package| format!("{} {}\n", package.name, package.version))
        .collect();
    format!("{KERNEL_LIST_HEAD}{lines}")
}

fn differences(committed: &str, resolved: &str) -> Vec<Finding> {
    if committed == resolved {
        return Vec::new();
    }
    let finding = |what: String| Finding {
        rule: "kernel-list",
        place: KERNEL_LIST.to_owned(),
        what,
    };
    let before: BTreeSet<&str> = committed.lines().collect();
    let after: BTreeSet<&str> = resolved.lines().collect();
    let mut findings: Vec<Finding> = after
        .difference(&before)
        .map(|line| finding(format!("lacks `{line}`")))
        .chain(
            before
                .difference(&after)
                .map(|line| finding(format!("has `{line}` too much"))),
        )
        .collect();
    findings.push(finding(
        "differs from what is resolved; if that is wanted, run `cargo xtask layering --bless`".to_owned(),
    ));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "\
placet-kernel v0.1.0 (/w/kernel)
sha2 v0.11.1
serde_derive v1.0.229 (proc-macro)

sha2 v0.11.1 (*)
rand_core v0.10.1
";

    #[test]
    fn a_clean_tree_has_no_findings() {
        let packages = parse_tree(TREE).unwrap();
        assert_eq!(packages.len(), 4);
        assert_eq!(banned(KERNEL, &packages), []);
    }

    #[test]
    fn every_banned_package_is_found() {
        for name in [
            "tokio",
            "axum",
            "sqlx",
            "sqlx-core",
            "reqwest",
            "hyper",
            "ssi",
            "ssi-jwk",
            "josekit",
            "openssl",
            "openssl-sys",
            "getrandom",
            "rand",
        ] {
            let packages = parse_tree(&format!("{TREE}{name} v1.0.0\n")).unwrap();
            assert_eq!(banned(KERNEL, &packages).len(), 1, "{name}");
        }
    }

    #[test]
    fn a_line_that_is_no_package_is_an_error() {
        assert!(parse_tree("[build-dependencies]").is_err());
    }

    #[test]
    fn the_list_leaves_our_own_packages_out() {
        let list = render(&parse_tree(TREE).unwrap());
        assert!(list.ends_with("rand_core 0.10.1\nserde_derive 1.0.229\nsha2 0.11.1\n"));
        assert_eq!(differences(&list, &list), []);
    }

    #[test]
    fn growth_and_loss_of_the_list_are_found() {
        let list = render(&parse_tree(TREE).unwrap());
        let grown = render(&parse_tree(&format!("{TREE}left-pad v1.0.0\n")).unwrap());
        assert!(differences(&list, &grown)[0].what.contains("lacks `left-pad 1.0.0`"));
        assert!(
            differences(&grown, &list)[0]
                .what
                .contains("has `left-pad 1.0.0` too much")
        );
        assert!(!differences("", &list).is_empty());
    }
}
