//! The settings of a node: flag before environment variable before file before default.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};
use clap::builder::BoolishValueParser;
use placet_kernel::keys::PublicKey;
use placet_ledger::WitnessSettings;
use placet_schemas::id::{Did, IdError, Origin};
use serde::Deserialize;

use super::logging::{DEFAULT_LOG, LogFormat};
use crate::{files, node};

/// Where a node listens when it is not told: on this machine only.
const DEFAULT_LISTEN: &str = "127.0.0.1:8437";
/// How often records are committed, in milliseconds.
const DEFAULT_TICK_MS: u64 = 100;
/// Longest tick: a withdrawal is to be recorded within a second.
const MAX_TICK_MS: u64 = 1000;

/// Run a node
///
/// Each setting may be a flag, an environment variable, or a line of the configuration file, in this order of precedence.
/// With none of them, a node is made in ./placet-data and listens on this machine.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Configuration file (TOML); DIR/placet.toml when it is there
    #[arg(long, env = "PLACET_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of the node [dir; default: placet-data]
    #[arg(long, env = "PLACET_DIR")]
    dir: Option<PathBuf>,
    /// Address and port to listen on; port 0 takes a free one [listen; default: 127.0.0.1:8437]
    #[arg(long, env = "PLACET_LISTEN", value_name = "ADDRESS")]
    listen: Option<String>,
    /// Name of the log, once and for all [origin; default: localhost/placet]
    #[arg(long, env = "PLACET_ORIGIN")]
    origin: Option<Origin>,
    /// Address at which people reach the node [public_url; default: where it listens]
    #[arg(long, env = "PLACET_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// Milliseconds between two commits, 1 to 1000 [tick_ms; default: 100]
    #[arg(long, env = "PLACET_TICK_MS", value_name = "N")]
    tick_ms: Option<u64>,
    /// File outside DIR that keeps the newest tree size, so that a restored copy is noticed [head_file]
    #[arg(long, env = "PLACET_HEAD_FILE", value_name = "FILE")]
    head_file: Option<PathBuf>,
    /// A witness that cosigns the log's checkpoints, as 'VKEY URL'; again for each further one [[[witnesses]] with vkey and
    /// url]
    #[arg(
        long = "witness",
        env = "PLACET_WITNESSES",
        value_name = "WITNESS",
        value_delimiter = ','
    )]
    witnesses: Vec<WitnessSettings>,
    /// For this start only: sign although no witness has confirmed that nothing newer was signed
    #[arg(long)]
    without_witnesses: bool,
    /// For this start only: go on although the keyring is lost and no copy of it is left
    #[arg(long)]
    without_keyring: bool,
    /// did:key of an authority whose signed order destroys a consent; may be given several times [authorities]
    #[arg(long, env = "PLACET_AUTHORITIES", value_name = "DID", value_delimiter = ',', value_parser = authority)]
    authority: Vec<Did>,
    /// What to log, such as info or info,placet_ledger=debug [log; default: info]
    #[arg(long, env = "PLACET_LOG", value_name = "FILTER")]
    log: Option<String>,
    /// How to log: text or json [log_format; default: text]
    #[arg(long, env = "PLACET_LOG_FORMAT", value_enum, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
    /// Fetch DID documents from private addresses too [outgoing_allow_private]
    #[arg(long, env = "PLACET_OUTGOING_ALLOW_PRIVATE", value_name = "BOOL", num_args = 0..=1, require_equals = true,
        default_missing_value = "true", value_parser = BoolishValueParser::new())]
    outgoing_allow_private: Option<bool>,
    /// Fetch DID documents over http too [outgoing_allow_http]
    #[arg(long, env = "PLACET_OUTGOING_ALLOW_HTTP", value_name = "BOOL", num_args = 0..=1, require_equals = true,
        default_missing_value = "true", value_parser = BoolishValueParser::new())]
    outgoing_allow_http: Option<bool>,
}

/// The file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    dir: Option<PathBuf>,
    listen: Option<String>,
    origin: Option<String>,
    public_url: Option<String>,
    tick_ms: Option<u64>,
    head_file: Option<PathBuf>,
    authorities: Option<Vec<String>>,
    log: Option<String>,
    log_format: Option<LogFormat>,
    outgoing_allow_private: Option<bool>,
    outgoing_allow_http: Option<bool>,
    #[serde(default)]
    witnesses: Vec<FileWitness>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileWitness {
    vkey: String,
    url: String,
}

/// The settings that hold.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) dir: PathBuf,
    pub(super) listen: String,
    pub(super) origin: Origin,
    pub(super) public_url: Option<String>,
    pub(super) tick: Duration,
    pub(super) head_file: Option<PathBuf>,
    pub(super) witnesses: Vec<WitnessSettings>,
    pub(super) without_witnesses: bool,
    pub(super) without_keyring: bool,
    pub(super) authorities: Vec<Did>,
    pub(super) log: String,
    pub(super) log_format: LogFormat,
    pub(super) outgoing_allow_private: bool,
    pub(super) outgoing_allow_http: bool,
}

impl Config {
    /// Puts flags, environment and file together. Witnesses that are named by flags replace those of the file.
    pub(super) fn resolve(args: Args) -> Result<Self> {
        let (dir, file) = locate(args.dir, args.config.as_deref())?;
        let tick_ms = args.tick_ms.or(file.tick_ms).unwrap_or(DEFAULT_TICK_MS);
        if !(1..=MAX_TICK_MS).contains(&tick_ms) {
            bail!("tick_ms is {tick_ms}; it is 1 to {MAX_TICK_MS}");
        }
        let public_url = args
            .public_url
            .or(file.public_url)
            .map(|url| node::public_url(&url))
            .transpose()?;
        let witnesses = if args.witnesses.is_empty() {
            let named = file
                .witnesses
                .iter()
                .map(|witness| WitnessSettings::new(&witness.vkey, &witness.url));
            named
                .collect::<Result<_, _>>()
                .map_err(|error| bad("witnesses", &error))?
        } else {
            args.witnesses
        };
        let authorities = if args.authority.is_empty() {
            let named = file.authorities.unwrap_or_default();
            let named = named
                .iter()
                .map(|did| authority(did).map_err(|error| bad("authorities", &error)));
            named.collect::<Result<_>>()?
        } else {
            args.authority
        };
        let origin = file.origin.as_deref().unwrap_or(node::DEFAULT_ORIGIN);
        Ok(Self {
            origin: args
                .origin
                .map_or_else(|| origin.parse().map_err(|error| bad("origin", &error)), Ok)?,
            dir,
            listen: args.listen.or(file.listen).unwrap_or_else(|| DEFAULT_LISTEN.to_owned()),
            public_url,
            tick: Duration::from_millis(tick_ms),
            head_file: args.head_file.or(file.head_file),
            witnesses,
            without_witnesses: args.without_witnesses,
            without_keyring: args.without_keyring,
            authorities,
            log: args.log.or(file.log).unwrap_or_else(|| DEFAULT_LOG.to_owned()),
            log_format: args.log_format.or(file.log_format).unwrap_or_default(),
            outgoing_allow_private: args
                .outgoing_allow_private
                .or(file.outgoing_allow_private)
                .unwrap_or_default(),
            outgoing_allow_http: args
                .outgoing_allow_http
                .or(file.outgoing_allow_http)
                .unwrap_or_default(),
        })
    }
}

/// The folder, and the file that is read: the one that is named, or the one in the folder.
fn locate(dir: Option<PathBuf>, config: Option<&Path>) -> Result<(PathBuf, File)> {
    if let Some(path) = config {
        let file: File = files::read_toml(path)?;
        return Ok((
            dir.or_else(|| file.dir.clone())
                .unwrap_or_else(|| node::DEFAULT_DIR.into()),
            file,
        ));
    }
    let dir = dir.unwrap_or_else(|| node::DEFAULT_DIR.into());
    let path = dir.join(node::CONFIG_FILE);
    if !path.exists() {
        return Ok((dir, File::default()));
    }
    let file: File = files::read_toml(&path)?;
    if file.dir.is_some() {
        bail!(
            "{}: dir does not belong into the file that is found by it",
            path.display()
        );
    }
    Ok((dir, file))
}

/// An authority is a key, so that nobody else's document says who it is.
fn authority(text: &str) -> Result<Did, String> {
    let did: Did = text.parse().map_err(|error: IdError| error.to_string())?;
    PublicKey::from_did(&did).map_err(|error| error.to_string())?;
    Ok(did)
}

fn bad(key: &str, why: &dyn Display) -> anyhow::Error {
    anyhow::anyhow!("{key}: {why}")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Wrapped {
        #[command(flatten)]
        args: Args,
    }

    fn resolve(line: &[&str]) -> Result<Config> {
        Config::resolve(Wrapped::try_parse_from([&["serve"], line].concat()).unwrap().args)
    }

    #[test]
    fn a_flag_comes_before_the_file_and_the_file_before_the_default() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("placet.toml");
        std::fs::write(
            &path,
            "origin = \"a.example/log\"\nlisten = \"[::1]:1\"\nlog_format = \"json\"\n",
        )
        .unwrap();
        let folder = dir.path().to_str().unwrap();
        let config = resolve(&["--dir", folder, "--listen", "127.0.0.1:0"]).unwrap();
        assert_eq!(
            (config.origin.as_str(), config.listen.as_str()),
            ("a.example/log", "127.0.0.1:0")
        );
        assert_eq!(
            (config.log_format, config.tick),
            (LogFormat::Json, Duration::from_millis(100))
        );

        std::fs::write(&path, "dir = \"elsewhere\"\n").unwrap();
        assert!(resolve(&["--dir", folder]).is_err());
        assert_eq!(
            resolve(&["--config", path.to_str().unwrap()]).unwrap().dir,
            Path::new("elsewhere")
        );
    }

    #[test]
    fn a_mistake_in_the_file_is_named_with_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.toml");
        let refused = |text: &str| {
            std::fs::write(&path, text).unwrap();
            resolve(&["--config", path.to_str().unwrap()]).unwrap_err().to_string()
        };
        assert!(refused("listen = \"a\"\n\ncolour = 1\n").contains("line 3"));
        assert!(refused("tick_ms = 5000").contains("1 to 1000"));
        assert!(refused("public_url = \"ledger.example\"").contains("public_url"));
        assert!(refused("origin = \"a b\"").contains("origin"));
        assert!(refused("[[witnesses]]\nvkey = \"x\"\nurl = \"https://w\"").contains("witnesses: the vkey"));
    }
}
