//! The settings of a verifier: flag before environment variable before file before default.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use placet_client::Server;
use placet_schemas::id::{Did, Origin};
use placet_verifier::{DEFAULT_COOL_DOWN, Presentations, Webhook};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::client::ServerArgs;
use crate::files;
use crate::keyfile::BrandKey;
use crate::serve::logging::{DEFAULT_LOG, LogFormat};
use crate::token::BrandToken;

/// The folder that is used when none is named.
pub(crate) const DEFAULT_DIR: &str = "placet-verifier";
/// Where a verifier listens when it is not told: on this machine only.
const DEFAULT_LISTEN: &str = "127.0.0.1:8439";
/// The configuration file in the folder.
const CONFIG_FILE: &str = "verifier.toml";
/// A day.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Longest file with an access token.
const MAX_TOKEN_BYTES: usize = 1024;

/// Run a verifier: answer, beside a brand's services, whether consent covers what they are about to do
///
/// It follows the brand's feed at the ledger, checks every proof, and decides from memory. Without the ledger it goes on with
/// what it knows, says how old that is, and denies when it is too old. Each setting may be a flag, an environment variable, or
/// a line of the configuration file, in this order of precedence.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Configuration file (TOML); DIR/verifier.toml when it is there
    #[arg(long, env = "PLACET_VERIFIER_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of the verifier's keys, replica and journal
    #[arg(long, env = "PLACET_VERIFIER_DIR", default_value = DEFAULT_DIR)]
    dir: PathBuf,
    /// Address and port to listen on; port 0 takes a free one [listen; default: 127.0.0.1:8439]
    #[arg(long, env = "PLACET_VERIFIER_LISTEN", value_name = "ADDRESS")]
    listen: Option<String>,
    /// Where the brand's services reach this verifier [public_url; default: where it listens]
    #[arg(long, env = "PLACET_VERIFIER_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// The brand [did]
    #[arg(long, env = "PLACET_VERIFIER_DID")]
    did: Option<Did>,
    /// The log, where the trust file names several [origin]
    #[arg(long, env = "PLACET_VERIFIER_ORIGIN")]
    origin: Option<Origin>,
    /// Trust file with the log's keys, pinned before [trust]
    #[arg(long, env = "PLACET_TRUST", value_name = "FILE")]
    trust: Option<PathBuf>,
    /// File with the brand's authorization of this verifier, as `placet brand authorize-verifier` writes it; without it nothing
    /// is anchored [authorization]
    #[arg(long, env = "PLACET_VERIFIER_AUTHORIZATION", value_name = "FILE")]
    authorization: Option<PathBuf>,
    /// The brand's policy (TOML), read again when it changes [policy]
    #[arg(long, env = "PLACET_VERIFIER_POLICY", value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The brand's signed register of processing, read again when it changes [register]
    #[arg(long, env = "PLACET_VERIFIER_REGISTER", value_name = "FILE")]
    register: Option<PathBuf>,
    /// File with the token that the brand's services show; needed unless the verifier listens on this machine alone
    /// [access_token_file]
    #[arg(long, env = "PLACET_VERIFIER_ACCESS_TOKEN_FILE", value_name = "FILE")]
    access_token_file: Option<PathBuf>,
    /// Days for which a customer who said no is not asked again for the same [cool_down_days; default: 180]
    #[arg(long, env = "PLACET_VERIFIER_COOL_DOWN_DAYS", value_name = "DAYS")]
    cool_down_days: Option<u32>,
    /// Where the brand's own service is told what customers answered: messages by Standard Webhooks [webhook]
    #[arg(long, env = "PLACET_VERIFIER_WEBHOOK", value_name = "URL")]
    webhook: Option<String>,
    /// File with the secret that signs them, as `placet keygen webhook` makes it; one a line, the newest first
    /// [webhook_secret; default: DIR/webhook.key, made when it is not there]
    #[arg(long, env = "PLACET_VERIFIER_WEBHOOK_SECRET", value_name = "FILE")]
    webhook_secret: Option<PathBuf>,
    /// Let the webhook be at a private address, and over http [webhook_private]
    #[arg(long, env = "PLACET_VERIFIER_WEBHOOK_PRIVATE")]
    webhook_private: bool,
    /// The brand's key file: with it people can be asked to present receipts (OpenID4VP), and the requests are signed by it
    /// [request_key]
    #[arg(long, env = "PLACET_VERIFIER_REQUEST_KEY", value_name = "FILE")]
    request_key: Option<PathBuf>,
    /// Let the status lists of receipts be at private addresses, and over http [status_private]
    #[arg(long, env = "PLACET_VERIFIER_STATUS_PRIVATE")]
    status_private: bool,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    token: BrandToken,
    /// What to log, such as info or info,placet_verifier=debug [log; default: info]
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
    did: Option<Did>,
    origin: Option<Origin>,
    trust: Option<PathBuf>,
    authorization: Option<PathBuf>,
    policy: Option<PathBuf>,
    register: Option<PathBuf>,
    access_token_file: Option<PathBuf>,
    cool_down_days: Option<u32>,
    webhook: Option<String>,
    webhook_secret: Option<PathBuf>,
    webhook_private: Option<bool>,
    request_key: Option<PathBuf>,
    status_private: Option<bool>,
    log: Option<String>,
    log_format: Option<LogFormat>,
}

/// The settings that hold.
pub(super) struct Config {
    pub(super) dir: PathBuf,
    pub(super) listen: String,
    pub(super) public_url: Option<String>,
    pub(super) did: Did,
    pub(super) origin: Option<Origin>,
    pub(super) trust: PathBuf,
    pub(super) authorization: Option<String>,
    pub(super) policy: Option<PathBuf>,
    pub(super) register: Option<PathBuf>,
    pub(super) access_token: Option<String>,
    pub(super) cool_down: Duration,
    pub(super) webhook: Option<Webhook>,
    pub(super) presentations: Option<Presentations>,
    pub(super) ledger: Server,
    pub(super) token: Zeroizing<String>,
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
        let did = args.did.or(file.did);
        let trust = args.trust.or(file.trust);
        let authorization = args.authorization.or(file.authorization);
        let access_token = args.access_token_file.or(file.access_token_file);
        let private = args.webhook_private || file.webhook_private.unwrap_or_default();
        let secret = args.webhook_secret.or(file.webhook_secret);
        let webhook = args.webhook.or(file.webhook);
        let webhook = webhook.map(|url| open_webhook(&url, secret.as_deref(), &args.dir, private));
        let request_key = args.request_key.or(file.request_key);
        let private = args.status_private || file.status_private.unwrap_or_default();
        let presentations = request_key.map(|path| open_request_key(&path, did.as_ref(), private));
        let cool_down = args.cool_down_days.or(file.cool_down_days);
        Ok(Self {
            cool_down: cool_down.map_or(DEFAULT_COOL_DOWN, |days| DAY * days),
            webhook: webhook.transpose()?,
            presentations: presentations.transpose()?,
            dir: args.dir,
            listen: args.listen.or(file.listen).unwrap_or_else(|| DEFAULT_LISTEN.to_owned()),
            public_url: args.public_url.or(file.public_url),
            did: did.context("say which brand: --did")?,
            origin: args.origin.or(file.origin),
            trust: trust.context("pin the log's keys: --trust FILE, as `placet trust` writes it")?,
            authorization: authorization.as_deref().map(read_authorization).transpose()?,
            policy: args.policy.or(file.policy),
            register: args.register.or(file.register),
            access_token: access_token.as_deref().map(read_token).transpose()?,
            ledger: args.server.server()?,
            token: args.token.read()?,
            log: args.log.or(file.log).unwrap_or_else(|| DEFAULT_LOG.to_owned()),
            log_format: args.log_format.or(file.log_format).unwrap_or_default(),
        })
    }
}

/// Longest file with an authorization.
const MAX_AUTHORIZATION_BYTES: usize = 16 * 1024;

fn read_authorization(path: &Path) -> Result<String> {
    let bytes = files::read(path, MAX_AUTHORIZATION_BYTES)?;
    let text = String::from_utf8(bytes).with_context(|| format!("{} is no text", path.display()))?;
    Ok(text.trim().to_owned())
}

/// The webhook, with the secret of the file that is named, or of the one in the verifier's folder.
fn open_webhook(url: &str, secret: Option<&Path>, dir: &Path, private: bool) -> Result<Webhook> {
    let secrets = match secret {
        Some(path) => super::webhook::read(path)?,
        None => {
            files::make_folder(dir)?;
            super::webhook::read_or_make(&Webhook::secret_file(dir))?
        }
    };
    Ok(Webhook::new(url, &secrets, private)?)
}

/// The key by which the brand asks for presentations.
fn open_request_key(path: &Path, did: Option<&Did>, private: bool) -> Result<Presentations> {
    let BrandKey {
        did: of, method, key, ..
    } = BrandKey::read(path)?;
    if did.is_some_and(|did| *did != of) {
        bail!(
            "{} is a key of {of}, and this verifier is another brand's",
            path.display()
        );
    }
    Ok(Presentations {
        signer: Arc::new(key),
        method,
        private,
    })
}

fn read_token(path: &Path) -> Result<String> {
    let text = Zeroizing::new(files::read_secret(path, MAX_TOKEN_BYTES)?);
    let token = text.trim();
    anyhow::ensure!(
        token.len() >= 16,
        "{} holds no token of 16 characters or more",
        path.display()
    );
    Ok(token.to_owned())
}
