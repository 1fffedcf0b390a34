//! Where the files of a log are: a folder, or a node that serves them.

use std::fs;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// How long one file may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Largest file of a log: a full bundle of the longest entries.
const MAX_FILE_BYTES: u64 = 17 * 1024 * 1024;

/// The files of a log.
pub(super) enum Source {
    Folder(PathBuf),
    Http { agent: ureq::Agent, prefix: String },
}

impl Source {
    /// The folder `log` in a node's folder, the folder itself if it is one of log files, or a node's address.
    pub(super) fn open(target: &str) -> Result<Self> {
        if target.starts_with("http://") || target.starts_with("https://") {
            let agent = ureq::Agent::config_builder()
                .timeout_global(Some(TIMEOUT))
                .http_status_as_error(false)
                .build();
            let base = target.trim_end_matches('/');
            let prefix = if base.ends_with("/log") {
                base.to_owned()
            } else {
                format!("{base}/log")
            };
            return Ok(Self::Http {
                agent: agent.into(),
                prefix,
            });
        }
        let folder = PathBuf::from(target);
        for candidate in [folder.join("log"), folder] {
            if candidate.join("checkpoint").is_file() {
                return Ok(Self::Folder(candidate));
            }
        }
        bail!("{target}: neither a node's folder, nor a folder of log files, nor an address that starts with http")
    }

    /// A file by its path below the log; `None` if it is not there.
    pub(super) fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Folder(folder) => match fs::read(folder.join(path)) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error).with_context(|| format!("cannot read {path}")),
            },
            Self::Http { agent, prefix } => {
                let mut answer = agent.get(format!("{prefix}/{path}")).call()?;
                match answer.status().as_u16() {
                    200 => {
                        let mut bytes = Vec::new();
                        let reader = answer.body_mut().with_config().limit(MAX_FILE_BYTES).reader();
                        let mut reader = reader.take(MAX_FILE_BYTES);
                        reader
                            .read_to_end(&mut bytes)
                            .with_context(|| format!("cannot read {path}"))?;
                        Ok(Some(bytes))
                    }
                    404 => Ok(None),
                    status => bail!("{path}: status {status}"),
                }
            }
        }
    }

    /// Every file below `tile/`, where that can be listed.
    pub(super) fn listing(&self) -> Result<Vec<String>> {
        let mut found = Vec::new();
        if let Self::Folder(folder) = self {
            walk(folder, &folder.join("tile"), &mut found)?;
        }
        found.sort();
        Ok(found)
    }
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) -> Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.with_context(|| format!("cannot list {}", folder.display()))?,
    };
    for entry in entries {
        let entry = entry.context("cannot list a folder of the log")?;
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(root, &path, found)?;
        } else {
            let name = path.strip_prefix(root).unwrap_or(&path);
            found.push(name.to_string_lossy().into_owned());
        }
    }
    Ok(())
}
