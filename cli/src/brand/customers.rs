//! Which customer got which invitation: the brand's own file, which never leaves it.
//!
//! The ledger must not learn who the customer is, and a grant names its invitation only. The file keeps the invitation's
//! SHA-256, so that whoever reads it learns whom the brand asked, but cannot answer in their place.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use placet_schemas::id::Digest;
use placet_schemas::json;
use placet_schemas::time::Timestamp;
use placet_schemas::version::Version;
use serde::{Deserialize, Serialize};

use crate::files;

/// Longest file.
const MAX_CUSTOMERS_BYTES: usize = 256 * 1024 * 1024;

/// Where the file is.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct CustomersArgs {
    /// The brand's own list of who got which invitation
    #[arg(
        long,
        env = "PLACET_BRAND_CUSTOMERS",
        default_value = "brand-customers.json",
        value_name = "FILE"
    )]
    pub(super) customers: PathBuf,
}

/// One invitation and who got it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Invited {
    /// SHA-256 of the invitation.
    pub(super) invitation: Digest,
    /// The request.
    pub(super) request: Digest,
    /// The brand's own reference.
    pub(super) customer: String,
    /// When the invitation is void.
    pub(super) expires_at: Timestamp,
    /// Log index of the grant that answered it, once that was seen: by it the row is found when the grant is destroyed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) grant: Option<u64>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: Version<1>,
    invitations: Vec<Invited>,
}

/// All rows, in the order in which people were invited. The file has to be there.
pub(super) fn rows(path: &Path) -> Result<Vec<Invited>> {
    if !path.exists() {
        bail!(
            "there is no {}; `placet brand invite --customer` writes it",
            path.display()
        );
    }
    Ok(load(path)?.invitations)
}

/// The customers by the digest of their invitations.
pub(super) fn read(path: &Path) -> Result<BTreeMap<Digest, String>> {
    Ok(load(path)?
        .invitations
        .into_iter()
        .map(|row| (row.invitation, row.customer))
        .collect())
}

/// Notes which grant answered which invitation, and deletes the rows of grants that were destroyed.
pub(super) fn follow(path: &Path, given: &BTreeMap<Digest, u64>, destroyed: &[u64]) -> Result<()> {
    change(path, |rows| {
        let before = rows.clone();
        for row in rows.iter_mut() {
            row.grant = row.grant.or_else(|| given.get(&row.invitation).copied());
        }
        rows.retain(|row| row.grant.is_none_or(|grant| !destroyed.contains(&grant)));
        *rows != before
    })
}

/// Adds a row.
pub(super) fn add(path: &Path, row: Invited) -> Result<()> {
    change(path, |rows| {
        rows.push(row);
        true
    })
}

/// Changes the file if `change` says so. Two commands at once wait for each other.
fn change(path: &Path, change: impl FnOnce(&mut Vec<Invited>) -> bool) -> Result<()> {
    let lock = path.with_added_extension("lock");
    let locked = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(files::SECRET)
        .open(&lock);
    let locked = locked.with_context(|| format!("cannot write {}", lock.display()))?;
    // The lock ends with the handle, also when the process is killed.
    locked
        .lock()
        .with_context(|| format!("cannot lock {}", lock.display()))?;
    let mut file = load(path)?;
    if !change(&mut file.invitations) {
        return Ok(());
    }
    let text = serde_json::to_string_pretty(&file)?;
    files::write(path, format!("{text}\n").as_bytes(), files::SECRET)
}

fn load(path: &Path) -> Result<File> {
    if !path.exists() {
        return Ok(File::default());
    }
    let text = files::read_secret(path, MAX_CUSTOMERS_BYTES)?;
    let broken = || format!("{} is no list of customers", path.display());
    let document = json::parse(text.as_bytes(), MAX_CUSTOMERS_BYTES).with_context(broken)?;
    json::decode(document.root()).with_context(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_kept_and_found_by_invitation() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("customers.json");
        let row = |name: &str| Invited {
            invitation: Digest::of(name.as_bytes()),
            request: Digest::of(b"request"),
            customer: name.to_owned(),
            expires_at: "2026-12-01T00:00:00Z".parse().unwrap(),
            grant: None,
        };
        assert!(read(&path).unwrap().is_empty());
        std::thread::scope(|scope| {
            for name in ["a", "b", "c", "d"] {
                scope.spawn(|| add(&path, row(name)).unwrap());
            }
        });
        let customers = read(&path).unwrap();
        assert_eq!(customers.len(), 4);
        assert_eq!(customers[&Digest::of(b"c")], "c");
        // The row goes with the grant, and only then.
        let given = BTreeMap::from([(Digest::of(b"c"), 7), (Digest::of(b"d"), 8)]);
        follow(&path, &given, &[]).unwrap();
        follow(&path, &BTreeMap::new(), &[7, 9]).unwrap();
        let left = read(&path).unwrap();
        assert_eq!(left.into_values().collect::<Vec<_>>().len(), 3);
        assert!(
            !std::fs::read_to_string(&path)
                .unwrap()
                .contains(&Digest::of(b"c").to_string())
        );
        std::fs::write(&path, "{}").unwrap();
        assert!(read(&path).is_err());
    }
}
