//! Whose word counts when a ledger answers: the keys in a trust file, or else those that the ledger itself announces.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use placet_kernel::trust::{LogKeys, MAX_TRUST_BYTES, QUORUM_NONE, Sizes, Trust, TrustBuilder, TrustFile};
use placet_schemas::api::LogInfo;
use placet_schemas::id::Did;
use placet_schemas::json;
use placet_wallet::acknowledgement::LogTrust;

use crate::client::Client;
use crate::{files, node};

/// Where the keys of the ledger are pinned.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct TrustArgs {
    /// Trust file with the ledger's keys; without it the keys that the ledger announces are believed
    #[arg(long, env = "PLACET_TRUST", value_name = "FILE")]
    pub(crate) trust: Option<PathBuf>,
}

/// A ledger and the keys by which its answers are judged.
#[derive(Debug)]
pub(crate) struct Pinned {
    /// What the ledger says of itself.
    pub(crate) info: LogInfo,
    /// The keys that count.
    pub(crate) trust: LogTrust,
    /// The same keys as a trust file names them, retired ones too.
    pub(crate) keys: LogKeys,
    /// Whether they come from a trust file. If not, a lying ledger would not be noticed.
    pub(crate) from_file: bool,
}

impl Pinned {
    /// Asks the ledger who it is, and pins its keys.
    pub(crate) async fn of(client: &Client, args: &TrustArgs) -> Result<Self> {
        let info = client.log().await?;
        let keys = match &args.trust {
            Some(path) => keys_in_file(path, &info)?,
            None => announced(&info),
        };
        let vkeys: Vec<&str> = keys
            .checkpoint_keys
            .iter()
            .filter(|key| in_use(key.sizes))
            .map(|key| key.vkey.as_str())
            .collect();
        let operators: Vec<Did> = keys
            .operator_keys
            .iter()
            .filter(|key| in_use(key.sizes))
            .map(|key| key.key.clone())
            .collect();
        let trust = LogTrust::new(info.origin.clone(), &vkeys, &operators);
        let trust = trust.with_context(|| format!("the keys of {} cannot be used", info.origin))?;
        Ok(Self {
            info,
            trust,
            keys,
            from_file: args.trust.is_some(),
        })
    }

    /// The same keys, to judge a misbehaviour file with. It asks for no witness.
    pub(crate) fn to_judge(&self) -> Result<Trust> {
        Ok(TrustBuilder::default().log(&self.keys)?.quorum(QUORUM_NONE)?)
    }
}

fn keys_in_file(path: &Path, info: &LogInfo) -> Result<LogKeys> {
    // Read twice: once to see that it makes sense as a whole, once for the texts of its keys.
    node::read_trust(path)?;
    let bytes = files::read(path, MAX_TRUST_BYTES)?;
    let document = json::parse(&bytes, MAX_TRUST_BYTES)?;
    let file: TrustFile = json::decode(document.root())?;
    let Some(keys) = file.logs.into_iter().find(|keys| keys.origin == info.origin) else {
        bail!(
            "the ledger calls itself {}, which {} does not name",
            info.origin,
            path.display()
        );
    };
    Ok(keys)
}

fn announced(info: &LogInfo) -> LogKeys {
    let (origin, checkpoint) = (info.origin.clone(), info.checkpoint_key.clone());
    node::log_keys(origin, checkpoint, info.cosigner_key.clone(), info.operator_key.clone())
}

/// A key that was retired signs no answer of today.
const fn in_use(sizes: Sizes) -> bool {
    sizes.to.is_none()
}
