//! Bearer tokens: from a file of mode 0600 or the environment, never from the command line, which every process can read.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use zeroize::Zeroizing;

use crate::{files, node};

/// Longest token file.
const MAX_TOKEN_BYTES: usize = 1024;
/// The operator's token itself.
const OPERATOR_VARIABLE: &str = "PLACET_OPERATOR_TOKEN";
/// The node's folder, where `placet serve` puts the operator's token.
const DIR_VARIABLE: &str = "PLACET_DIR";
/// An auditor's token itself.
const AUDITOR_VARIABLE: &str = "PLACET_AUDITOR_TOKEN";
/// A service's token itself.
const SERVICE_VARIABLE: &str = "PLACET_SERVICE_TOKEN";
/// A brand's token itself.
const BRAND_VARIABLE: &str = "PLACET_BRAND_TOKEN";

/// A verifier's token itself.
const ACCESS_VARIABLE: &str = "PLACET_VERIFIER_ACCESS_TOKEN";

/// The token of an issuer's VC-API itself.
const VC_API_VARIABLE: &str = "PLACET_VC_API_TOKEN";

/// The operator's token.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct OperatorToken {
    /// File with the operator's token; else PLACET_OPERATOR_TOKEN, else the one in PLACET_DIR or placet-data
    #[arg(long, env = "PLACET_OPERATOR_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// A brand's token.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct BrandToken {
    /// File with the brand's token, as `placet brand token --out` writes it; else PLACET_BRAND_TOKEN
    #[arg(long, env = "PLACET_BRAND_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// A service's token.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ServiceToken {
    /// File with the service's token, as `placet token service --out` writes it; else PLACET_SERVICE_TOKEN
    #[arg(long, env = "PLACET_SERVICE_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// An auditor's token.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct AuditorToken {
    /// File with the auditor's token, as `placet token auditor --out` writes it; else PLACET_AUDITOR_TOKEN
    #[arg(long, env = "PLACET_AUDITOR_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// The token that a verifier asks of the brand's services.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct VerifierToken {
    /// File with the token that the verifier asks for, if it does; else PLACET_VERIFIER_ACCESS_TOKEN
    #[arg(long, env = "PLACET_VERIFIER_ACCESS_TOKEN_FILE", value_name = "FILE")]
    access_token_file: Option<PathBuf>,
}

impl OperatorToken {
    /// Finds the token.
    pub(crate) fn read(&self) -> Result<Zeroizing<String>> {
        let dir = std::env::var_os(DIR_VARIABLE).unwrap_or_else(|| node::DEFAULT_DIR.into());
        let usual = Path::new(&dir).join(node::OPERATOR_TOKEN_FILE);
        let usual = usual.exists().then_some(usual);
        find(
            self.token_file.as_deref(),
            OPERATOR_VARIABLE,
            usual.as_deref(),
            "the operator's",
        )
    }
}

impl BrandToken {
    /// Finds the token.
    pub(crate) fn read(&self) -> Result<Zeroizing<String>> {
        find(self.token_file.as_deref(), BRAND_VARIABLE, None, "the brand's")
    }
}

impl ServiceToken {
    /// Finds the token.
    pub(crate) fn read(&self) -> Result<Zeroizing<String>> {
        find(self.token_file.as_deref(), SERVICE_VARIABLE, None, "the service's")
    }
}

impl AuditorToken {
    /// Finds the token.
    pub(crate) fn read(&self) -> Result<Zeroizing<String>> {
        find(self.token_file.as_deref(), AUDITOR_VARIABLE, None, "the auditor's")
    }
}

impl VerifierToken {
    /// Finds the token; a verifier that only this machine reaches may have none.
    pub(crate) fn read(&self) -> Result<Option<Zeroizing<String>>> {
        let named = self.access_token_file.as_deref();
        if named.is_none() && std::env::var_os(ACCESS_VARIABLE).is_none() {
            return Ok(None);
        }
        find(named, ACCESS_VARIABLE, None, "the verifier's").map(Some)
    }
}

/// The token of an issuer's VC-API; none turns it off.
pub(crate) fn vc_api(named: Option<&Path>) -> Result<Option<Zeroizing<String>>> {
    if named.is_none() && std::env::var_os(VC_API_VARIABLE).is_none() {
        return Ok(None);
    }
    find(named, VC_API_VARIABLE, None, "the VC-API's").map(Some)
}

fn find(named: Option<&Path>, variable: &str, usual: Option<&Path>, whose: &str) -> Result<Zeroizing<String>> {
    if let (None, Ok(token)) = (named, std::env::var(variable)) {
        return Ok(Zeroizing::new(token));
    }
    let Some(path) = named.or(usual) else {
        bail!("{whose} token is needed: give --token-file, or set {variable}");
    };
    let text = Zeroizing::new(files::read_secret(path, MAX_TOKEN_BYTES)?);
    let token = text.trim();
    if token.is_empty() {
        bail!("{} is empty", path.display());
    }
    Ok(Zeroizing::new(token.to_owned()))
}
