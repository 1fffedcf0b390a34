//! The settings of an issuer: flag before environment variable before file before default.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::builder::BoolishValueParser;
use placet_client::Server;
use placet_issuer::http::Display;
use placet_issuer::vc_api::Access;
use placet_schemas::id::{Iri, Origin};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::client::ServerArgs;
use crate::files;
use crate::serve::logging::{DEFAULT_LOG, LogFormat};
use crate::token::{self, ServiceToken};

/// The folder that is used when none is named.
pub(crate) const DEFAULT_DIR: &str = "placet-issuer";
/// Where an issuer listens when it is not told: on this machine only.
const DEFAULT_LISTEN: &str = "127.0.0.1:8441";
/// The name of an issuer that is not given one.
const DEFAULT_NAME: &str = "Placet";
/// The configuration file in the folder.
const CONFIG_FILE: &str = "issuer.toml";

/// Run an issuer: receipts of consents for any wallet, and the lists that say when they are void
///
/// It follows the feeds of all brands at the ledger and checks every proof. A receipt is signed only while it knows that the
/// consent is in force; cut off from the ledger it signs none, and its lists run out. Each setting may be a flag, an environment
/// variable, or a line of the configuration file, in this order of precedence.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Configuration file (TOML); DIR/issuer.toml when it is there
    #[arg(long, env = "PLACET_ISSUER_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of the issuer's keys and database
    #[arg(long, env = "PLACET_ISSUER_DIR", default_value = DEFAULT_DIR)]
    dir: PathBuf,
    /// Address and port to listen on; port 0 takes a free one [listen; default: 127.0.0.1:8441]
    #[arg(long, env = "PLACET_ISSUER_LISTEN", value_name = "ADDRESS")]
    listen: Option<String>,
    /// Where wallets and verifiers reach the issuer, such as https://issuer.example: its name, so choose it once
    /// [public_url; default: where it listens]
    #[arg(long, env = "PLACET_ISSUER_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// Issue under the issuer's own key (did:key), not under the did:web of its public URL [by_key]
    #[arg(long, env = "PLACET_ISSUER_BY_KEY", value_parser = BoolishValueParser::new())]
    by_key: bool,
    /// The name that wallets show people [name; default: Placet]
    #[arg(long, env = "PLACET_ISSUER_NAME")]
    name: Option<String>,
    /// Where wallets find a logo to show beside it [logo]
    #[arg(long, env = "PLACET_ISSUER_LOGO", value_name = "URL")]
    logo: Option<Iri>,
    /// The log, where the trust file names several [origin]
    #[arg(long, env = "PLACET_ISSUER_ORIGIN")]
    origin: Option<Origin>,
    /// Trust file with the log's keys, pinned before [trust]
    #[arg(long, env = "PLACET_TRUST", value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Turn the VC-API on, for whoever shows the token in this file; or set PLACET_VC_API_TOKEN [vc_api_token_file]
    #[arg(long, env = "PLACET_VC_API_TOKEN_FILE", value_name = "FILE")]
    vc_api_token_file: Option<PathBuf>,
    /// Turn the VC-API on without a token, for test suites; only where nobody but this machine reaches it [vc_api_open]
    #[arg(long, env = "PLACET_VC_API_OPEN", value_parser = BoolishValueParser::new())]
    vc_api_open: bool,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    token: ServiceToken,
    /// What to log, such as info or info,placet_issuer=debug [log; default: info]
    #[arg(long = "log-filter", env = "PLACET_LOG", value_name = "FILTER")]
    log: Option<String>,
    /// How to log: text or json [log_format; default: text]
    #[arg(long, env = "PLACET_LOG_FORMAT", value_enum, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
}

/// The file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: Option<String>,
    public_url: Option<String>,
    by_key: Option<bool>,
    name: Option<String>,
    logo: Option<Iri>,
    origin: Option<Origin>,
    trust: Option<PathBuf>,
    vc_api_token_file: Option<PathBuf>,
    vc_api_open: Option<bool>,
    log: Option<String>,
    log_format: Option<LogFormat>,
}

/// The settings that hold.
pub(super) struct Config {
    pub(super) dir: PathBuf,
    pub(super) listen: String,
    pub(super) public_url: Option<String>,
    pub(super) by_key: bool,
    pub(super) display: Display,
    pub(super) origin: Option<Origin>,
    pub(super) trust: PathBuf,
    pub(super) ledger: Server,
    pub(super) token: Zeroizing<String>,
    pub(super) vc_api: Option<Access>,
    pub(super) log: String,
    pub(super) log_format: LogFormat,
}

impl Config {
    /// Puts flags, environment and file together.
    pub(super) fn resolve(args: Args) -> Result<Self> {
        let path = args.dir.join(CONFIG_FILE);
        let file: File = match args.config {
            Some(path) => files::read_toml(&path)?,
            None if path.exists() => files::read_toml(&path)?,
            None => File::default(),
        };
        let trust = args.trust.or(file.trust);
        let vc_api_open = args.vc_api_open || file.vc_api_open.unwrap_or_default();
        let vc_api_token = token::vc_api(args.vc_api_token_file.or(file.vc_api_token_file).as_deref())?;
        Ok(Self {
            dir: args.dir,
            listen: args.listen.or(file.listen).unwrap_or_else(|| DEFAULT_LISTEN.to_owned()),
            public_url: args.public_url.or(file.public_url),
            by_key: args.by_key || file.by_key.unwrap_or_default(),
            display: Display {
                name: args.name.or(file.name).unwrap_or_else(|| DEFAULT_NAME.to_owned()),
                logo: args.logo.or(file.logo).map(|logo| logo.to_string()),
            },
            origin: args.origin.or(file.origin),
            trust: trust.context("pin the log's keys: --trust FILE, as `placet trust` writes it")?,
            ledger: args.server.server()?,
            token: args.token.read()?,
            vc_api: match (vc_api_token, vc_api_open) {
                (Some(_), true) => bail!("the VC-API has a token or is open, not both: leave --vc-api-open out"),
                (Some(token), false) => Some(Access::Token(token)),
                (None, true) => Some(Access::Open),
                (None, false) => None,
            },
            log: args.log.or(file.log).unwrap_or_else(|| DEFAULT_LOG.to_owned()),
            log_format: args.log_format.or(file.log_format).unwrap_or_default(),
        })
    }
}
