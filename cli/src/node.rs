//! The folder of a node: which file is where, and how it comes to be.
//!
//! ```text
//! DIR/placet.toml       origin and address, as `placet keygen` was told them; more settings may be added
//! DIR/keys/             the private keys (0600); without them nothing here can go on, so back them up
//! DIR/trust.json        the public keys, for whoever is to judge evidence of this log
//! DIR/operator.token    the operator's token (0600), made by `placet serve` when it is not there
//! DIR/…                 databases and log files of the ledger
//! ```

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use placet_kernel::note::{KeyName, SignatureType, VerifierKey};
use placet_kernel::sign::{self, Signer};
use placet_kernel::trust::{LogKeys, QUORUM_NONE, SizedDid, SizedVkey, Sizes, Trust, TrustFile};
use placet_ledger::Keys;
use placet_schemas::id::{Did, Origin};
use placet_schemas::version::Version;

use crate::files;

/// The folder that is used when none is named.
pub(crate) const DEFAULT_DIR: &str = "placet-data";
/// The origin of a log that is not given one.
pub(crate) const DEFAULT_ORIGIN: &str = "localhost/placet";
/// See the module's text.
pub(crate) const OPERATOR_TOKEN_FILE: &str = "operator.token";
/// See the module's text.
pub(crate) const CONFIG_FILE: &str = "placet.toml";

const KEYS_FOLDER: &str = "keys";
pub(crate) const TRUST_FILE: &str = "trust.json";
/// The ledger's main database. Where it is, the keys were once.
const MAIN_DATABASE: &str = "main.db";

/// What was made for a new node.
#[derive(Debug)]
pub(crate) struct Made {
    /// Where the keys are.
    pub(crate) keys: PathBuf,
    /// Where the trust file is.
    pub(crate) trust: PathBuf,
    /// What it says.
    pub(crate) file: TrustFile,
}

/// Whether the folder has keys.
pub(crate) fn has_keys(dir: &Path) -> bool {
    dir.join(KEYS_FOLDER).exists()
}

/// The keys of a folder.
pub(crate) fn load(dir: &Path) -> Result<Keys> {
    Keys::load(&dir.join(KEYS_FOLDER)).context("the node's keys cannot be used; restore them from a backup")
}

/// Makes the keys of a new node, its trust file and its configuration. Nothing is ever overwritten.
pub(crate) fn create(dir: &Path, origin: &Origin, public_url: Option<&str>) -> Result<Made> {
    let keys = dir.join(KEYS_FOLDER);
    if keys.exists() {
        bail!("{} is there already; keys are never overwritten", keys.display());
    }
    if dir.join(MAIN_DATABASE).exists() {
        // New keys could not open the records, and would sign another log under the old name.
        bail!(
            "{} has a log but no keys; restore {} from a backup",
            dir.display(),
            keys.display()
        );
    }
    files::make_folder(dir)?;
    let config = dir.join(CONFIG_FILE);
    if !config.exists() {
        files::write_new(&config, configuration(origin, public_url).as_bytes(), files::PUBLIC)?;
    }
    let made = Keys::generate(&keys).context("no keys were made")?;
    let file = trust_file(origin, &made)?;
    let trust = dir.join(TRUST_FILE);
    files::write(
        &trust,
        format!("{}\n", serde_json::to_string_pretty(&file)?).as_bytes(),
        files::PUBLIC,
    )?;
    Ok(Made { keys, trust, file })
}

/// The keys of one log, good for every size.
pub(crate) fn log_keys(origin: Origin, checkpoint: String, cosigner: String, operator: Did) -> LogKeys {
    let sized = |vkey| {
        vec![SizedVkey {
            vkey,
            sizes: Sizes::ALL,
        }]
    };
    LogKeys {
        origin,
        checkpoint_keys: sized(checkpoint),
        cosigner_keys: sized(cosigner),
        operator_keys: vec![SizedDid {
            key: operator,
            sizes: Sizes::ALL,
        }],
    }
}

/// Reads and checks a trust file.
pub(crate) fn read_trust(path: &Path) -> Result<Trust> {
    let bytes = files::read(path, placet_kernel::trust::MAX_TRUST_BYTES)?;
    Trust::parse(&bytes).with_context(|| format!("{} is no trust file", path.display()))
}

/// Checks the address of a node: links for people are made of it, so a browser must be able to open it.
pub(crate) fn public_url(url: &str) -> Result<String> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let legal = rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        && url
            .bytes()
            .all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\' | b'#' | b'?' | b'<' | b'>'));
    if !legal {
        bail!("public_url: {url} is no address such as https://ledger.example, without query and fragment");
    }
    Ok(url.trim_end_matches('/').to_owned())
}

fn trust_file(origin: &Origin, keys: &Keys) -> Result<TrustFile> {
    let vkey = |name: &str, kind, signer: &dyn Signer| -> Result<String> {
        let name: KeyName = name.parse().context("the origin is no name of a key")?;
        Ok(VerifierKey::of_signer(name, kind, signer)?.to_string())
    };
    // The names are those that the ledger signs with.
    let log = log_keys(
        origin.clone(),
        vkey(origin.as_str(), SignatureType::Ed25519, &keys.checkpoint)?,
        vkey(
            &format!("{origin}/cosigner"),
            SignatureType::CosignatureV1,
            &keys.cosigner,
        )?,
        sign::did_key(&keys.operator)?,
    );
    Ok(TrustFile {
        version: Version,
        logs: vec![log],
        issuers: Vec::new(),
        witnesses: Vec::new(),
        groups: Vec::new(),
        quorum: QUORUM_NONE.to_owned(),
    })
}

fn configuration(origin: &Origin, public_url: Option<&str>) -> String {
    // Both are free of quotes and backslashes: an origin by its type, an address because it has been read as one.
    let mut text = format!("# Settings of this node; `placet serve --help` names them all.\norigin = \"{origin}\"\n");
    if let Some(url) = public_url {
        text.push_str(&format!("public_url = \"{url}\"\n"));
    }
    text
}

/// The log of a trust file that names one.
pub(crate) fn only_log(trust: &Trust) -> Option<Origin> {
    let mut origins = trust.origins();
    let only = origins.next()?.clone();
    origins.next().is_none().then_some(only)
}
