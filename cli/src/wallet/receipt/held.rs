//! Judging a receipt that the wallet has, or is about to have: by the log's pinned keys and the issuer's, pinned at first use.

use anyhow::{Context as _, Result, bail};
use placet_kernel::receipt::{self, ReceiptReport};
use placet_kernel::trust::{IssuerKey, QUORUM_NONE, Sizes, Trust};
use placet_linked_data::Contexts;

use super::wire::IssuerClient;
use crate::system;
use crate::wallet::book::KeptReceipt;
use crate::wallet::store::Wallet;

/// What the judge says.
pub(super) struct Judged {
    pub(super) report: ReceiptReport,
}

/// Pins the keys of an issuer of whom there is no receipt yet.
///
/// # Errors
/// When the issuer is known by other keys: they are never changed on its own word.
pub(super) async fn pin(wallet: &mut Wallet, issuer: &IssuerClient, kept: &KeptReceipt) -> Result<()> {
    let known = wallet.book.find(&kept.consent.to_string())?;
    let log = known.origin.clone();
    let named = receipt::parse(kept.credential.as_bytes()).context("this is no receipt")?;
    for (method, public_key_multibase) in issuer.keys().await? {
        let is_its = method.did_str() == named.credential.issuer.as_str()
            || named.credential.issuer.is_key() && method.did_str().starts_with("did:key:");
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

/// Judges a receipt, with its status list where there is somebody to ask for it.
pub(super) async fn judge(wallet: &Wallet, kept: &KeptReceipt, issuer: Option<&IssuerClient>) -> Result<Judged> {
    let bytes = kept.credential.as_bytes();
    let parsed = receipt::parse(bytes).context("this is no receipt")?;
    let list = match issuer {
        Some(issuer) => Some(
            issuer
                .list(parsed.credential.credential_status.status_list_credential.as_str())
                .await?,
        ),
        None => None,
    };
    let trust = trust(wallet, kept)?;
    let report = receipt::verify(
        bytes,
        list.as_deref(),
        Some(&trust),
        system::now()?,
        Contexts::bundled(),
    );
    Ok(Judged {
        report: report.context("the issuer's answer is malformed")?,
    })
}

fn trust(wallet: &Wallet, kept: &KeptReceipt) -> Result<Trust> {
    let origin = &wallet.book.find(&kept.consent.to_string())?.origin;
    let mut trust = wallet.book.log(origin)?.trust_builder()?;
    for key in &wallet.book.issuers {
        trust = trust.issuer(key)?;
    }
    Ok(trust.quorum(QUORUM_NONE)?)
}
