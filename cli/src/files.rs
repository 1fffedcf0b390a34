//! Reading and writing files: never a half-written one, never a secret that others can read, never more than a limit.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::de::DeserializeOwned;

/// Mode of a file that holds a secret.
pub(crate) const SECRET: u32 = 0o600;
/// Mode of a file that anyone may read.
pub(crate) const PUBLIC: u32 = 0o644;
/// Longest configuration file.
const MAX_CONFIG_BYTES: usize = 1024 * 1024;
/// What stands for standard input.
pub(crate) const STDIN: &str = "-";

/// Replaces a file, or makes it: whoever reads it sees the old bytes or the new ones, also after a crash.
pub(crate) fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.with_context(|| format!("{} is no name of a file", path.display()))?;
    // In the same folder, because a rename across file systems copies; with the process id, so that two do not mix.
    let temporary = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let written = write_through(&temporary, bytes, mode).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // A leftover would hold the secret for longer than anyone knows of it.
        drop(fs::remove_file(&temporary));
    }
    written.with_context(|| format!("cannot write {}", path.display()))?;
    sync_folder(path)
}

/// Copies a file of any size to a name that must not be there yet: all of it, or nothing.
pub(crate) fn copy(from: &Path, to: &Path, mode: u32) -> Result<()> {
    let name = to.file_name().and_then(|name| name.to_str());
    let name = name.with_context(|| format!("{} is no name of a file", to.display()))?;
    let temporary = to.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let copied = copy_through(from, &temporary, mode).and_then(|()| fs::rename(&temporary, to));
    if copied.is_err() {
        drop(fs::remove_file(&temporary));
    }
    copied.with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    sync_folder(to)
}

/// Makes a file that must not be there yet.
pub(crate) fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    write_through(path, bytes, mode).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => anyhow::anyhow!("{} is there already; it is never overwritten", path.display()),
        _ => anyhow::Error::new(error).context(format!("cannot write {}", path.display())),
    })?;
    sync_folder(path)
}

/// Reads a file of at most `most` bytes; `-` is standard input.
pub(crate) fn read(path: &Path, most: usize) -> Result<Vec<u8>> {
    if path.as_os_str() == STDIN {
        return read_limited(io::stdin().lock(), most).context("cannot read standard input");
    }
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    read_limited(file, most).with_context(|| format!("cannot read {}", path.display()))
}

/// Reads a text of at most `most` bytes.
pub(crate) fn read_text(path: &Path, most: usize) -> Result<String> {
    String::from_utf8(read(path, most)?).with_context(|| format!("{} is not UTF-8", path.display()))
}

/// Reads a configuration file (TOML). A fault in it is named with its line.
pub(crate) fn read_toml<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = read_text(path, MAX_CONFIG_BYTES)?;
    toml::from_str(&text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map(|before| format!(" line {}", before.matches('\n').count() + 1));
        anyhow::anyhow!("{}{}: {}", path.display(), line.unwrap_or_default(), error.message())
    })
}

/// Reads a secret; a file that others may read holds no secret any more.
pub(crate) fn read_secret(path: &Path, most: usize) -> Result<String> {
    let metadata = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        bail!(
            "{}: others may read it (mode {mode:o}); give it mode 600, and replace what it holds",
            path.display()
        );
    }
    read_text(path, most)
}

/// Makes a folder for one's own eyes, and those above it, where they are not there.
pub(crate) fn make_folder(path: &Path) -> Result<()> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.with_context(|| format!("cannot make the folder {}", path.display()))
}

/// The same path with another ending after the first dot of the name: `a/cinema.key.json` and `did.json` give
/// `a/cinema.did.json`.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default().to_owned();
    path.with_file_name(format!("{stem}.{ending}"))
}

fn write_through(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn copy_through(from: &Path, to: &Path, mode: u32) -> io::Result<()> {
    let mut source = File::open(from)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(to)?;
    io::copy(&mut source, &mut file)?;
    file.sync_all()
}

/// A rename or a new name lasts only when its folder has been written.
fn sync_folder(path: &Path) -> Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.with_context(|| format!("cannot write {}", folder.display()))
}

fn read_limited(source: impl io::Read, most: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(most as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > most {
        bail!("it is longer than {most} bytes");
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_replaced_whole_and_secrets_are_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        write(&path, b"one", SECRET).unwrap();
        write(&path, b"two", SECRET).unwrap();
        assert_eq!(read_secret(&path, 3).unwrap(), "two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, SECRET);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);

        assert!(
            write_new(&path, b"three", SECRET)
                .unwrap_err()
                .to_string()
                .contains("never overwritten")
        );
        assert!(read(&path, 2).is_err());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(read_secret(&path, 3).unwrap_err().to_string().contains("mode 640"));
    }

    #[test]
    fn a_file_beside_another_shares_its_first_word() {
        assert_eq!(
            beside(Path::new("a/cinema.key.json"), "did.json"),
            Path::new("a/cinema.did.json")
        );
        assert_eq!(beside(Path::new("cinema"), "did.json"), Path::new("cinema.did.json"));
    }
}
