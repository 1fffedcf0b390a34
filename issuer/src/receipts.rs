//! Receipts: made from what is kept of a consent, and signed only while the issuer knows that the consent is in force.

use placet_kernel::credential;
use placet_kernel::keys::PublicKey;
use placet_linked_data::Contexts;
use placet_schemas::credential::receipt::{
    EvidenceType, LogEvidence, MAX_RECEIPT_BYTES, Receipt, ReceiptSubject, ReceiptType,
};
use placet_schemas::credential::status::{EntryType, ListIndex, StatusEntry, StatusPurpose};
use placet_schemas::credential::{Credential, CredentialProof, Suite, VerifiableCredential};
use placet_schemas::id::{Did, Digest};
use placet_schemas::json;
use placet_schemas::lifecycle::{self, Effective};
use placet_schemas::record::Context;
use placet_schemas::time::Timestamp;
use placet_schemas::version::Version;

use crate::consent::Held;
use crate::error::StoreError;
use crate::issuer::Inner;
use crate::keys::IssuerKeys;
use crate::reading::Reading;
use crate::slots::Format;

/// How old the operator's newest word may be when a receipt is signed, in seconds.
pub const MAX_STATE_SECONDS: u64 = 60;

/// Why there is no receipt. [`IssueError::code`] is stable.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// There is no such consent, it is over, or it is somebody else's: which of these is nobody's to know.
    #[error("there is no consent in force with this id that this key gave")]
    Unknown,
    /// The key is not one that may hold a receipt of this consent.
    #[error(
        "this key may hold no receipt of this consent: claim it with the key that gave the consent, or authorise this one first (placet receipt authorize)"
    )]
    NotAHolder,
    /// Its time is over.
    #[error("the consent has expired")]
    Expired,
    /// Its request was replaced materially.
    #[error(
        "the brand has since changed materially what it asked for: a receipt can be had again once the consent is renewed"
    )]
    Superseded,
    /// What is known is too old, or does not add up.
    #[error("the issuer does not know at the moment what is in force; ask again later")]
    Stale,
    /// It cannot be said in a receipt.
    #[error("the consent is too large for a receipt of {MAX_RECEIPT_BYTES} bytes")]
    Oversize,
    /// What is kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl IssueError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "consent_unknown",
            Self::NotAHolder => "wrong_signer",
            Self::Expired => "consent_expired",
            Self::Superseded => "notice_superseded",
            Self::Stale | Self::Store(_) => "unavailable",
            Self::Oversize => "oversize",
        }
    }
}

/// How a receipt is secured. Whatever the proofs of an `ldp_vc`, it is the same credential, and has the same slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Securing {
    /// `ldp_vc` with a proof over RFC 8785 bytes.
    EddsaJcs,
    /// `ldp_vc` with a proof over canonical RDF.
    EddsaRdfc,
    /// `ldp_vc` with both proofs.
    ProofSet,
    /// `dc+sd-jwt`.
    SdJwt,
}

impl Securing {
    /// The format of it.
    #[must_use]
    pub const fn format(self) -> Format {
        match self {
            Self::EddsaJcs | Self::EddsaRdfc | Self::ProofSet => Format::LdpVc,
            Self::SdJwt => Format::SdJwt,
        }
    }

    /// The suites of its Data Integrity proofs.
    #[must_use]
    pub const fn suites(self) -> &'static [Suite] {
        match self {
            Self::EddsaJcs => &[Suite::EddsaJcs2022],
            Self::EddsaRdfc => &[Suite::EddsaRdfc2022],
            Self::ProofSet => &[Suite::EddsaJcs2022, Suite::EddsaRdfc2022],
            Self::SdJwt => &[],
        }
    }
}

/// Signs a credential by each of these suites; gives its canonical bytes.
pub(crate) fn secure<T: Credential + Clone>(
    credential: T,
    suites: &[Suite],
    now: Timestamp,
    keys: &IssuerKeys,
) -> Result<Vec<u8>, StoreError> {
    let key = &keys.ed25519;
    let proof = |suite: &Suite| CredentialProof::new(*suite, now, key.method().clone());
    let mut proofs = suites.iter().map(proof);
    let secured = proofs.try_fold(credential, |credential, proof| {
        credential::secure(credential, proof, key, Contexts::bundled())
    })?;
    Ok(json::to_jcs(&secured)?)
}

/// A consent of which a receipt may be signed, as long as the reading is held.
pub(crate) struct InForce {
    pub(crate) held: Held,
    /// The size of the log that was read.
    pub(crate) log_size: u64,
    pub(crate) now: Timestamp,
}

impl Inner {
    /// Whether whoever gave this consent could have a receipt of it now.
    pub(crate) async fn may_have(&self, consent: &Digest, subject: &Did) -> Result<(), IssueError> {
        let Some(brand) = self.brand_of(consent).await? else {
            return Err(IssueError::Unknown);
        };
        let reading = brand.reading.lock().await;
        self.in_force(&reading, consent, subject).await.map(|_| ())
    }

    /// A receipt in a format, for a holder: the bytes of an `ldp_vc`, or the text of a `dc+sd-jwt`.
    pub(crate) async fn sign_receipt(
        &self,
        securing: Securing,
        consent: &Digest,
        subject: &Did,
        holder: &PublicKey,
    ) -> Result<String, IssueError> {
        let Some(brand) = self.brand_of(consent).await? else {
            return Err(IssueError::Unknown);
        };
        // Held until it is signed: what ends the consent is read before, and then nothing is signed, or after.
        let reading = brand.reading.lock().await;
        let in_force = self.in_force(&reading, consent, subject).await?;
        let holder_did = holder.to_did();
        let number = in_force.held.holder(&holder_did).ok_or(IssueError::NotAHolder)?;
        let text = match securing.format() {
            Format::LdpVc => {
                let receipt = self.receipt(&reading, &in_force, number, &holder_did)?;
                let bytes = secure(receipt, securing.suites(), in_force.now, &self.keys)?;
                String::from_utf8(bytes).map_err(|_| StoreError::Corrupt("a receipt is no text"))?
            }
            Format::SdJwt => self.sign_sd_jwt(&reading, &in_force, number, holder)?,
        };
        drop(reading);
        if text.len() > MAX_RECEIPT_BYTES {
            return Err(IssueError::Oversize);
        }
        self.pulse.issued();
        Ok(text)
    }

    /// The consent, if this person gave it and it is in force now.
    pub(crate) async fn in_force(
        &self,
        reading: &Reading,
        consent: &Digest,
        subject: &Did,
    ) -> Result<InForce, IssueError> {
        let Some((_, _, held)) = self.store.consent(consent).await? else {
            return Err(IssueError::Unknown);
        };
        if held.state.subject != *subject {
            return Err(IssueError::Unknown);
        }
        let standing = reading.standing().ok_or(IssueError::Stale)?;
        let (head, now) = (&standing.head.statement, self.clock.now());
        if now.unix().abs_diff(head.time.unix()) > MAX_STATE_SECONDS {
            return Err(IssueError::Stale);
        }
        match lifecycle::effective(&held.state, now) {
            Effective::Given => {}
            Effective::Expired => return Err(IssueError::Expired),
            Effective::Withdrawn | Effective::EndedByController => return Err(IssueError::Unknown),
        }
        if reading.was_superseded(&held.state.request) {
            return Err(IssueError::Superseded);
        }
        Ok(InForce {
            log_size: head.size,
            held,
            now,
        })
    }

    fn receipt(&self, reading: &Reading, in_force: &InForce, number: u64, holder: &Did) -> Result<Receipt, StoreError> {
        let Held { state, told, .. } = &in_force.held;
        let request = reading.request(&state.request);
        let request = request.ok_or(StoreError::Corrupt("a consent answers a request that is not kept"))?;
        let slots = self.status_key.of(reading.controller());
        let slot = slots.slot(told.ordinal, Format::LdpVc, number);
        Ok(Receipt {
            context: Context,
            id: slots.credential_id(slot),
            r#type: (VerifiableCredential::default(), ReceiptType::default()),
            issuer: self.keys.did().clone(),
            valid_from: in_force.now,
            valid_until: state.valid_until,
            credential_subject: ReceiptSubject {
                version: Version,
                id: state.subject.clone(),
                holder_key: (state.subject != *holder).then(|| holder.clone()),
                consent: state.consent,
                record: told.record,
                request: state.request,
                controllers: request.controllers.clone(),
                notice: told.notice,
                language: told.language.clone(),
                scope: state.scope.clone(),
            },
            credential_status: StatusEntry {
                r#type: EntryType::default(),
                status_purpose: StatusPurpose::default(),
                status_list_index: ListIndex(slot.index),
                status_list_credential: self.bitstring_url(&slots.list_id(slot.list)),
            },
            evidence: LogEvidence {
                r#type: EvidenceType::default(),
                salt: told.salt,
                tlog_proof: told.proof.clone(),
                log_size: in_force.log_size,
            },
            proof: None,
        })
    }
}
