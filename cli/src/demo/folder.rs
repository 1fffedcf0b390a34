//! The demo's folder. A folder that holds somebody else's files is never touched.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::files;

/// The file that says that everything beside it was made by a demo and may be made anew.
const MARK: &str = "made-by-placet-demo";
const MARK_TEXT: &str =
    "Everything in this folder was made by `placet demo`, and is deleted when it runs here again.\n";

/// A folder that this demo has for itself.
#[derive(Debug)]
pub(super) struct Folder {
    /// Its full path.
    pub(super) path: PathBuf,
    /// Locked while the demo runs, lest another one empties the folder.
    _mark: File,
}

/// Makes the folder, or empties the one of an earlier demo.
pub(super) fn prepare(dir: &Path) -> Result<Folder> {
    if dir.exists() {
        clear(dir)?;
    } else {
        files::make_folder(dir)?;
    }
    files::write_new(&dir.join(MARK), MARK_TEXT.as_bytes(), files::PUBLIC)?;
    let path = dir.canonicalize();
    Ok(Folder {
        path: path.with_context(|| format!("cannot find {}", dir.display()))?,
        _mark: lock(dir)?,
    })
}

fn lock(dir: &Path) -> Result<File> {
    let mark = dir.join(MARK);
    let file = File::open(&mark).with_context(|| format!("cannot read {}", mark.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!(
                "a demo is running in {}; end it, or name another folder with --dir",
                dir.display()
            )
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", mark.display())),
    }
}

fn clear(dir: &Path) -> Result<()> {
    let unreadable = || format!("cannot look into {}", dir.display());
    let entries = fs::read_dir(dir).with_context(unreadable)?;
    let entries = entries.collect::<Result<Vec<_>, _>>().with_context(unreadable)?;
    if entries.is_empty() {
        return Ok(());
    }
    if !dir.join(MARK).is_file() {
        bail!(
            "{} is not empty, and no demo made it; name another folder with --dir",
            dir.display()
        );
    }
    let _locked = lock(dir)?;
    // The mark goes last: a demo that is stopped in here finds its folder again.
    for entry in entries.iter().filter(|entry| entry.file_name() != MARK) {
        let path = entry.path();
        let removed = match entry.file_type().with_context(unreadable)?.is_dir() {
            true => fs::remove_dir_all(&path),
            false => fs::remove_file(&path),
        };
        removed.with_context(|| format!("cannot remove {}", path.display()))?;
    }
    fs::remove_file(dir.join(MARK)).with_context(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_somebody_else_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("thesis.txt"), "years of work").unwrap();
        let refused = prepare(dir.path()).unwrap_err().to_string();
        assert!(refused.contains("is not empty, and no demo made it"), "{refused}");
        assert_eq!(
            fs::read_to_string(dir.path().join("thesis.txt")).unwrap(),
            "years of work"
        );
    }

    #[test]
    fn a_folder_of_an_earlier_demo_is_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("new");
        let first = prepare(&dir).unwrap();
        fs::create_dir(dir.join("node")).unwrap();
        fs::write(dir.join("node/main.db"), "").unwrap();
        let refused = prepare(&dir).unwrap_err().to_string();
        assert!(refused.contains("a demo is running in"), "{refused}");
        assert!(dir.join("node/main.db").exists());
        drop(first);
        let _second = prepare(&dir).unwrap();
        let left: Vec<_> = fs::read_dir(&dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, [MARK]);
    }
}
