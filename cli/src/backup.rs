//! `placet backup` and `placet restore`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use placet_ledger::{KEYRING_DATABASE, MAIN_DATABASE};
use placet_schemas::time::Timestamp;
use serde::Serialize;

use crate::output::Output;
use crate::{files, node, system};

/// How long copies of the keyring are kept unless it is said otherwise, in days.
const KEEP_KEYRING_DAYS: u64 = 7;
const SECONDS_PER_DAY: u64 = 24 * 3600;
const MAIN_PREFIX: &str = "main-";
const KEYRING_PREFIX: &str = "keyring-";
const SUFFIX: &str = ".db";
const PARTIAL: &str = ".partial";

/// Copy a node's databases while it serves
///
/// Copies of the keyring open whatever was destroyed since: keep them apart and for a short time. Older ones in the same
/// folder are deleted once the new one is there. Keys are not copied: keep keys/ safe by other means, once.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The node's folder
    #[arg(long, env = "PLACET_DIR", default_value = node::DEFAULT_DIR)]
    dir: PathBuf,
    /// Folder for copies of the main database
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// Folder for copies of the keyring; better on another disk, with other readers
    #[arg(long, value_name = "FOLDER")]
    keyring_to: PathBuf,
    /// Days after which copies of the keyring are deleted
    #[arg(long, value_name = "DAYS", default_value_t = KEEP_KEYRING_DAYS)]
    keep_keyring_days: u64,
}

/// Put copies of a node's databases back
///
/// The node must be stopped. A database that is there and can be read is never replaced by an older one: going on from it
/// would be a fork. Says which acknowledged records nobody can read any more.
#[derive(Debug, clap::Args)]
pub(crate) struct RestoreArgs {
    /// The node's folder, with its keys
    #[arg(long, env = "PLACET_DIR", default_value = node::DEFAULT_DIR)]
    dir: PathBuf,
    /// Copy of the main database
    #[arg(long, value_name = "FILE")]
    main: Option<PathBuf>,
    /// Copy of the keyring
    #[arg(long, value_name = "FILE")]
    keyring: Option<PathBuf>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    main: String,
    keyring: String,
    size: u64,
    bytes: u64,
    deleted: Vec<String>,
    /// A consent was destroyed between the two copies: restored, this pair tells it as lost.
    torn: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Back {
    size: u64,
    /// First and last index of each run.
    unreadable: Vec<[u64; 2]>,
    destroyed_again: u64,
}

pub(crate) async fn run(args: Args, out: &Output) -> Result<()> {
    let now = system::now()?;
    for folder in [&args.to, &args.keyring_to] {
        files::make_folder(folder)?;
    }
    let stamp = now.to_string().replace(':', "");
    let main = args.to.join(format!("{MAIN_PREFIX}{stamp}{SUFFIX}"));
    let keyring = args.keyring_to.join(format!("{KEYRING_PREFIX}{stamp}{SUFFIX}"));
    let copied = placet_ledger::backup(&args.dir, &main, &keyring).await;
    let copied = copied.with_context(|| format!("{} was not copied", args.dir.display()))?;
    // Only now, so that there is always a copy.
    let deleted = forget(
        &args.keyring_to,
        &keyring,
        now.minus_seconds(args.keep_keyring_days.saturating_mul(SECONDS_PER_DAY)),
    )?;
    let made = Made {
        main: main.display().to_string(),
        keyring: keyring.display().to_string(),
        size: copied.size,
        bytes: copied.bytes,
        torn: copied.torn,
        deleted,
    };
    out.result(&made, |made| {
        let mut text = format!(
            "{} records, {} bytes\n  {}\n  {}",
            made.size, made.bytes, made.main, made.keyring
        );
        if made.torn {
            text.push_str(
                "\nconsents were destroyed all the while: restored, this pair tells them as lost; better make another when \
                 the node is quiet",
            );
        }
        for old in &made.deleted {
            text.push_str(&format!(
                "\ndeleted {old}: it was older than {} days",
                args.keep_keyring_days
            ));
        }
        text
    })
}

pub(crate) async fn restore(args: RestoreArgs, out: &Output) -> Result<()> {
    if args.main.is_none() && args.keyring.is_none() {
        bail!("name what is to be put back: --main, --keyring, or both");
    }
    let keys = node::load(&args.dir)?;
    for (copy, name) in [(&args.main, MAIN_DATABASE), (&args.keyring, KEYRING_DATABASE)] {
        if let Some(copy) = copy {
            put_back(copy, &args.dir.join(name))?;
        }
    }
    let restored = placet_ledger::inspect_restored(&args.dir, &keys).await;
    let restored = restored.with_context(|| format!("what is in {} now does not open", args.dir.display()))?;
    let back = Back {
        size: restored.size,
        unreadable: restored
            .unreadable
            .into_iter()
            .map(|(first, last)| [first, last])
            .collect(),
        destroyed_again: restored.destroyed_again,
    };
    out.result(&back, text)
}

fn text(back: &Back) -> String {
    let mut text = format!("put back: a log of {} records\n", back.size);
    let count: u64 = back.unreadable.iter().map(|[first, last]| last - first + 1).sum();
    if count == 0 {
        text.push_str("the keyring has the keys of all that were not destroyed\n");
    } else {
        text.push_str(&format!(
            "{count} acknowledged records have no key in the keyring, and nobody destroyed them: they are lost for ever. By index:\n"
        ));
        for [first, last] in &back.unreadable {
            text.push_str(&format!("  {first} to {last}\n"));
        }
    }
    if back.destroyed_again > 0 {
        text.push_str(&format!(
            "the keyring is from before {} destructions: they are done again at the next start, before anything is served\n",
            back.destroyed_again
        ));
    }
    text.push_str("check it with `placet fsck`; the node refuses to start if a newer state of this log has been seen");
    text
}

/// Puts a copy into its place. What is there must be gone, or moved away by whoever knows why.
fn put_back(copy: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        bail!(
            "{} is there; if it is broken, move it and its -wal and -shm files away first, and keep them",
            to.display()
        );
    }
    for ending in ["-wal", "-shm"] {
        let mut left = to.as_os_str().to_owned();
        left.push(ending);
        if Path::new(&left).exists() {
            // SQLite would take it for the newest part of the copy.
            bail!(
                "{} is left of the old database: move it away first",
                Path::new(&left).display()
            );
        }
    }
    files::copy(copy, to, files::SECRET)
}

/// Deletes copies of the keyring that were made before a moment, but never the newest.
fn forget(folder: &Path, newest: &Path, before: Timestamp) -> Result<Vec<String>> {
    let limit = format!("{KEYRING_PREFIX}{}{SUFFIX}", before.to_string().replace(':', ""));
    let mut deleted = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry
            .with_context(|| format!("cannot list {}", folder.display()))?
            .path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // The names sort by time. Nothing else in the folder is touched.
        // A backup that was killed leaves a copy that has not got its name.
        let whole = name.strip_suffix(PARTIAL).unwrap_or(&name);
        let ours = whole.len() == limit.len() && whole.starts_with(KEYRING_PREFIX) && whole.ends_with(SUFFIX);
        if ours && name < limit && path != newest {
            fs::remove_file(&path).with_context(|| format!("cannot delete {}", path.display()))?;
            deleted.push(path.display().to_string());
        }
    }
    deleted.sort();
    Ok(deleted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_old_copies_of_the_keyring_are_deleted_and_never_the_newest() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "keyring-2026-11-01T000000Z.db",
            "keyring-2026-11-20T000000Z.db",
            "keyring-2026-11-22T000000Z.db",
            "keyring-2026-11-02T000000Z.db.partial",
            "keyring-notes.db",
            "main-2026-11-01T000000Z.db",
        ] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        let newest = folder.path().join("keyring-2026-11-22T000000Z.db");
        let deleted = forget(folder.path(), &newest, "2026-11-15T00:00:00Z".parse().unwrap()).unwrap();
        assert_eq!(deleted.len(), 2);
        assert!(deleted[0].ends_with("keyring-2026-11-01T000000Z.db"));
        let late = "2026-12-15T00:00:00Z".parse().unwrap();
        assert_eq!(
            forget(folder.path(), &newest, late).unwrap().len(),
            1,
            "the newest stays"
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }
}
