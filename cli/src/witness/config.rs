//! The settings of a witness: flag before environment variable before file before default.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context as _, Result};
use placet_kernel::note::{KeyName, VerifierKey};
use placet_schemas::id::Origin;
use placet_witness::Logs;
use placet_witness::http::Prefix;
use serde::Deserialize;

use crate::files;
use crate::serve::logging::{DEFAULT_LOG, LogFormat};

/// The folder that is used when none is named.
const DEFAULT_DIR: &str = "placet-witness";
/// Where a witness listens when it is not told: on this machine only.
const DEFAULT_LISTEN: &str = "127.0.0.1:8438";
/// The configuration file in the folder.
const CONFIG_FILE: &str = "witness.toml";

/// Run a witness: cosign the checkpoints of logs that never take anything back
///
/// Each setting may be a flag, an environment variable, or a line of the configuration file, in this order of precedence.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Configuration file (TOML); DIR/witness.toml when it is there
    #[arg(long, env = "PLACET_WITNESS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of the witness's key and state
    #[arg(long, env = "PLACET_WITNESS_DIR", default_value = DEFAULT_DIR)]
    dir: PathBuf,
    /// Address and port to listen on; port 0 takes a free one [listen; default: 127.0.0.1:8438]
    #[arg(long, env = "PLACET_WITNESS_LISTEN", value_name = "ADDRESS")]
    listen: Option<String>,
    /// What stands before the paths of the interface, such as /w1 [prefix; default: nothing]
    #[arg(long, env = "PLACET_WITNESS_PREFIX")]
    prefix: Option<Prefix>,
    /// Name of the witness, once and for all, such as witness.example/w1 [name]
    #[arg(long, env = "PLACET_WITNESS_NAME")]
    name: Option<String>,
    /// A log and a key of it; again for each further key or log [[[logs]] with origin and vkeys]
    #[arg(
        long = "log",
        env = "PLACET_WITNESS_LOGS",
        value_name = "ORIGIN=VKEY",
        value_delimiter = ','
    )]
    logs: Vec<LogKey>,
    /// For this start only: sign again although later times were signed, because the clock ran ahead
    #[arg(long)]
    forget_times: bool,
    /// What to log, such as info or info,placet_witness=debug [log; default: info]
    #[arg(long = "log-filter", env = "PLACET_LOG", value_name = "FILTER")]
    log: Option<String>,
    /// How to log: text or json [log_format; default: text]
    #[arg(long, env = "PLACET_LOG_FORMAT", value_enum, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
}

/// One key of one log, as a flag names it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct LogKey {
    origin: Origin,
    vkey: VerifierKey,
}

/// The file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: Option<String>,
    prefix: Option<String>,
    name: Option<String>,
    #[serde(default)]
    logs: Vec<FileLog>,
    log: Option<String>,
    log_format: Option<LogFormat>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileLog {
    origin: String,
    vkeys: Vec<String>,
}

/// The settings that hold.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) dir: PathBuf,
    pub(super) listen: String,
    pub(super) prefix: Prefix,
    pub(super) name: KeyName,
    pub(super) logs: Logs,
    pub(super) forget_times: bool,
    pub(super) log: String,
    pub(super) log_format: LogFormat,
}

impl Config {
    /// Puts flags, environment and file together. Logs that are named by flags replace those of the file.
    pub(super) fn resolve(args: Args) -> Result<Self> {
        let path = args.dir.join(CONFIG_FILE);
        let file: File = match args.config {
            Some(path) => files::read_toml(&path)?,
            None if path.exists() => files::read_toml(&path)?,
            None => File::default(),
        };
        let logs = if args.logs.is_empty() {
            file.logs.into_iter().map(FileLog::parse).collect::<Result<_>>()?
        } else {
            let each = args.logs.into_iter();
            each.map(|log| (log.origin, vec![log.vkey])).collect::<Vec<_>>()
        };
        let name = args.name.or(file.name);
        let name = name.context("a witness has a name: give one with --name, such as witness.example/w1")?;
        Ok(Self {
            dir: args.dir,
            listen: args.listen.or(file.listen).unwrap_or_else(|| DEFAULT_LISTEN.to_owned()),
            prefix: match (args.prefix, file.prefix) {
                (Some(prefix), _) => prefix,
                (None, Some(prefix)) => prefix.parse().context("prefix")?,
                (None, None) => Prefix::default(),
            },
            name: name.parse().with_context(|| format!("name = {name:?}"))?,
            logs: Logs::new(logs).context("logs")?,
            forget_times: args.forget_times,
            log: args.log.or(file.log).unwrap_or_else(|| DEFAULT_LOG.to_owned()),
            log_format: args.log_format.or(file.log_format).unwrap_or_default(),
        })
    }
}

impl FromStr for LogKey {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        // An origin has no equals sign; the base64 of a vkey may.
        let (origin, vkey) = text.split_once('=').context("a log is ORIGIN=VKEY")?;
        Ok(Self {
            origin: origin.parse()?,
            vkey: vkey.parse()?,
        })
    }
}

impl FileLog {
    fn parse(self) -> Result<(Origin, Vec<VerifierKey>)> {
        let origin: Origin = self.origin.parse().context("logs: origin")?;
        let vkeys = self.vkeys.iter().map(|vkey| vkey.parse());
        let vkeys = vkeys.collect::<Result<Vec<VerifierKey>, _>>();
        let vkeys = vkeys.with_context(|| format!("logs: vkeys of {origin}"))?;
        Ok((origin, vkeys))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use clap::Parser as _;

    use super::*;

    const ORIGIN: &str = "ledger.example/placet";

    #[derive(Debug, clap::Parser)]
    struct Wrapped {
        #[command(flatten)]
        args: Args,
    }

    fn vkey(origin: &str, seed: u8) -> String {
        let key = placet_wallet::keys::SoftwareKey::ed25519_from_seed(&[seed; 32]);
        let name = origin.parse().unwrap();
        VerifierKey::of_signer(name, placet_kernel::note::SignatureType::Ed25519, &key)
            .unwrap()
            .to_string()
    }

    fn resolve(dir: &Path, line: &[&str]) -> Result<Config> {
        let line = [&["witness", "--dir", dir.to_str().unwrap()], line].concat();
        Config::resolve(Wrapped::try_parse_from(line)?.args)
    }

    #[test]
    fn a_witness_is_set_up_by_flags_or_by_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (vkey(ORIGIN, 1), vkey(ORIGIN, 2));
        let flags = [format!("{ORIGIN}={one}"), format!("{ORIGIN}={two}")];
        let config = resolve(
            dir.path(),
            &["--name", "w.example/1", "--log", &flags[0], "--log", &flags[1]],
        )
        .unwrap();
        assert_eq!(
            (config.listen.as_str(), config.prefix.to_string()),
            (DEFAULT_LISTEN, String::new())
        );
        let both = config.logs;

        let text = format!(
            "name = 'w.example/1'\nprefix = '/w'\nlisten = 'h:1'\n[[logs]]\norigin = '{ORIGIN}'\nvkeys = ['{one}', '{two}']\n"
        );
        fs::write(dir.path().join(CONFIG_FILE), &text).unwrap();
        let config = resolve(dir.path(), &[]).unwrap();
        assert_eq!(config.logs, both);
        assert_eq!(
            (config.listen.as_str(), config.prefix.to_string()),
            ("h:1", "/w".to_owned())
        );
        let config = resolve(dir.path(), &["--listen", "h:2", "--log", &flags[0]]).unwrap();
        assert_eq!(config.listen, "h:2");
        assert_ne!(config.logs, both, "logs by flags replace those of the file");
    }

    #[test]
    fn what_cannot_be_a_witness_is_refused_with_its_reason() {
        let dir = tempfile::tempdir().unwrap();
        let log = format!("{ORIGIN}={}", vkey(ORIGIN, 1));
        let other = format!("{ORIGIN}={}", vkey("other.example", 1));
        for (line, reason) in [
            (vec!["--log", &log], "--name"),
            (vec!["--name", "w"], "no log is named"),
            (vec!["--name", "a b", "--log", &log], "name"),
            (vec!["--name", "w", "--log", "x"], "ORIGIN=VKEY"),
            (vec!["--name", "w", "--log", &other], "another name"),
            (vec!["--name", "w", "--log", &log, "--prefix", "w"], "prefix"),
            (vec!["--name", "w", "--log", &log, "--log", &log], "twice"),
        ] {
            let refused = format!("{:#}", resolve(dir.path(), &line).unwrap_err());
            assert!(refused.contains(reason), "{line:?}: {refused}");
        }
        fs::write(dir.path().join(CONFIG_FILE), "name = 'w'\nlogz = []\n").unwrap();
        let refused = format!("{:#}", resolve(dir.path(), &["--log", &log]).unwrap_err());
        assert!(refused.contains("line 2"), "{refused}");
    }
}
