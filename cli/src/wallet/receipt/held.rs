//! Judging a receipt that the wallet has, or is about to have: by the log's pinned keys and the issuer's, pinned at first use.

use anyhow::{Context as _, Result, bail};
use placet_kernel::bundle::{Finding, Verdict};
use placet_kernel::jws::{self, JwsError};
use placet_kernel::receipt;
use placet_kernel::sd_jwt::{MAX_SD_JWT_BYTES, SdJwt};
use placet_kernel::trust::{IssuerKey, QUORUM_NONE, Sizes, Trust};
use placet_linked_data::Contexts;
use placet_schemas::credential::sd_jwt::SD_JWT_VC_TYP;
use placet_schemas::id::Digest;
use placet_schemas::time::Timestamp;

use super::wire::IssuerClient;
use crate::system;
use crate::wallet::book::KeptReceipt;
use crate::wallet::store::Wallet;

/// What the judge says, whatever the format.
pub(super) struct Judged {
    pub(super) consent: Digest,
    pub(super) issuer: String,
    pub(super) legal_name: String,
    pub(super) valid_until: Timestamp,
    pub(super) issued: Verdict,
    pub(super) recorded: Verdict,
    pub(super) in_force: Verdict,
    pub(super) findings: Vec<Finding>,
}

/// Whether a receipt is an SD-JWT: the other format is JSON.
pub(super) fn is_sd_jwt(credential: &str) -> bool {
    !credential.starts_with('{')
}

/// Pins the keys of an issuer of whom there is no receipt yet.
///
/// # Errors
/// When the issuer is known by other keys: they are never changed on its own word.
pub(super) async fn pin(wallet: &mut Wallet, issuer: &IssuerClient, kept: &KeptReceipt) -> Result<()> {
    let known = wallet.book.find(&kept.consent.to_string())?;
    let log = known.origin.clone();
    let named = signer(&kept.credential)?;
    for (method, public_key_multibase) in issuer.keys().await? {
        let is_its =
            method.did_str() == named || named.starts_with("did:key:") && method.did_str().starts_with("did:key:");
        let known = wallet
            .book
            .issuers
            .iter()
            .find(|key| key.log == log && key.method == method);
        match known {
            Some(known) if known.public_key_multibase != public_key_multibase => {
                bail!("the issuer shows another key under {method} than the one pinned at its first receipt")
            }
            None if is_its => wallet.book.issuers.push(IssuerKey {
                log: log.clone(),
                method,
                public_key_multibase,
                sizes: Sizes::ALL,
            }),
            _ => {}
        }
    }
    Ok(())
}

/// The DID of whoever says that he signed it.
fn signer(credential: &str) -> Result<String> {
    if !is_sd_jwt(credential) {
        let parsed = receipt::parse(credential.as_bytes()).context("this is no receipt")?;
        return Ok(parsed.credential.issuer.to_string());
    }
    let token = SdJwt::parse(credential).context("this is no receipt")?;
    match jws::verify_within(token.jwt, SD_JWT_VC_TYP, MAX_SD_JWT_BYTES, |_| None) {
        Err(JwsError::UnknownKey(method)) => Ok(method.did_str().to_owned()),
        Err(error) => Err(error).context("this is no receipt"),
        Ok((method, _)) => Ok(method.did_str().to_owned()),
    }
}

/// Judges a receipt, with its status list where there is somebody to ask for it.
pub(super) async fn judge(wallet: &Wallet, kept: &KeptReceipt, issuer: Option<&IssuerClient>) -> Result<Judged> {
    let trust = trust(wallet, kept)?;
    match is_sd_jwt(&kept.credential) {
        true => judge_sd_jwt(kept, issuer, &trust).await,
        false => judge_ldp_vc(kept, issuer, &trust).await,
    }
}

async fn judge_ldp_vc(kept: &KeptReceipt, issuer: Option<&IssuerClient>, trust: &Trust) -> Result<Judged> {
    let bytes = kept.credential.as_bytes();
    let parsed = receipt::parse(bytes).context("this is no receipt")?;
    let list = list(
        issuer,
        parsed.credential.credential_status.status_list_credential.as_str(),
    )
    .await?;
    let report = receipt::verify(bytes, list.as_deref(), Some(trust), system::now()?, Contexts::bundled());
    let report = report.context("the issuer's answer is malformed")?;
    let (receipt, subject) = (&report.receipt, &report.receipt.credential_subject);
    Ok(Judged {
        consent: subject.consent,
        issuer: receipt.issuer.to_string(),
        legal_name: subject.controllers.registered().legal_name.to_string(),
        valid_until: receipt.valid_until,
        issued: report.issued,
        recorded: report.recorded,
        in_force: report.in_force,
        findings: report.findings,
    })
}

async fn judge_sd_jwt(kept: &KeptReceipt, issuer: Option<&IssuerClient>, trust: &Trust) -> Result<Judged> {
    let receipt = receipt::read_presented(&kept.credential).context("this is no receipt")?;
    let list = list(issuer, receipt.status.status_list.uri.as_str()).await?;
    let list = list.map(String::from_utf8).transpose();
    let list = list.context("the issuer's status list is no text")?;
    let now = system::now()?;
    let report = receipt::verify_presented(&kept.credential, list.as_deref(), None, Some(trust), now);
    let report = report.context("the issuer's answer is malformed")?;
    Ok(Judged {
        consent: receipt.consent,
        issuer: signer(&kept.credential)?,
        legal_name: receipt.controllers.registered().legal_name.to_string(),
        valid_until: Timestamp::from_unix(receipt.exp).context("the receipt expires at no time")?,
        issued: report.issued,
        recorded: report.recorded,
        in_force: report.in_force,
        findings: report.findings,
    })
}

async fn list(issuer: Option<&IssuerClient>, url: &str) -> Result<Option<Vec<u8>>> {
    match issuer {
        Some(issuer) => Ok(Some(issuer.list(url).await?)),
        None => Ok(None),
    }
}

fn trust(wallet: &Wallet, kept: &KeptReceipt) -> Result<Trust> {
    let origin = &wallet.book.find(&kept.consent.to_string())?.origin;
    let mut trust = wallet.book.log(origin)?.trust_builder()?;
    for key in &wallet.book.issuers {
        trust = trust.issuer(key)?;
    }
    Ok(trust.quorum(QUORUM_NONE)?)
}
