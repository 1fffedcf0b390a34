//! A withdrawal that a person hands to the brand itself: it counts here at once, whatever the ledger does.
//!
//! She sends the signed record, or the code on her paper. The kernel checks that the signer can end the consent; then it is on
//! disk, then it counts, then she has the verifier's signed word. Errands bring it to the ledger.

use placet_kernel::arrival::{self, Setting};
use placet_kernel::code::WithdrawalCode;
use placet_kernel::decision::Direct;
use placet_kernel::{jws, sign};
use placet_schemas::api::{DIRECT_WITHDRAWAL_TYP, DirectWithdrawal, DirectWithdrawalAnswer, WithdrawByCode};
use placet_schemas::id::{Did, Digest};
use placet_schemas::json::{self, Fault, FaultCode};
use placet_schemas::record::{Body, CanonicalRecord, MAX_RECORD_BYTES};
use placet_schemas::version::Version;
use placet_service::keys::SoftwareSigner;
use zeroize::Zeroizing;

use crate::error::StoreError;
use crate::verifier::Verifier;

/// Why a withdrawal does not count. [`DirectError::code`] is stable.
#[derive(Debug, thiserror::Error)]
pub enum DirectError {
    /// It is neither a Withdrawal nor a code.
    #[error("{0}")]
    Malformed(#[from] Fault),
    /// No consent here that this signer or code can end.
    #[error("no consent of that id, signer or code is known here")]
    ConsentUnknown,
    /// Nothing is known here at the moment: the replica is read anew, or was never read.
    #[error("the verifier is reading its consents; try again in a moment, or withdraw at the ledger")]
    NotReady,
    /// The record does not hold.
    #[error("the withdrawal does not hold: {0}")]
    Refused(&'static str),
    /// The disk.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DirectError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::ConsentUnknown => "consent_unknown",
            Self::Refused(code) => code,
            Self::NotReady | Self::Store(_) => "unavailable",
        }
    }
}

impl Verifier {
    /// Takes a withdrawal: a Withdrawal record, or `{"code": …}`. When this returns, every decision about the consent is a
    /// deny, also after a restart. The same again gets an answer again.
    ///
    /// # Errors
    /// See [`DirectError`].
    pub async fn withdraw(&self, body: &[u8]) -> Result<DirectWithdrawalAnswer, DirectError> {
        let document = json::parse(body, MAX_RECORD_BYTES)?;
        let record = match document.root().get("code") {
            Some(_) => None,
            None => Some(CanonicalRecord::parse(body)?),
        };
        let found = match &record {
            Some(record) => self.by_record(record),
            None => self.by_code(&document),
        };
        let consent = match found {
            Err(DirectError::ConsentUnknown) => {
                let whole = self.inner.reading.lock().await.is_whole();
                return Err(unknown(whole));
            }
            found => found?,
        };
        let digest = record.as_ref().map(|record| record.record.digest());
        let now = self.inner.clock.now();
        // The reader may be taking the very record over: one of the two comes first.
        let reading = self.inner.reading.lock().await;
        let ended = self
            .inner
            .read(|replica| replica.find(&consent).map(|(_, known)| known.has_ended()));
        // It was known a moment ago: meanwhile it was destroyed, or everything is read anew. Nothing is promised that is not kept.
        let Some(ended) = ended else {
            return Err(unknown(reading.is_whole()));
        };
        if !ended {
            let bytes = match record {
                Some(record) => record.bytes,
                None => document.root().to_jcs(),
            };
            // 1. DISK. A crash after it goes on with 2 and with the errand at the next start.
            let event = self.inner.read(|replica| replica.withdrawn(&consent, now));
            let store = &self.inner.store;
            store.keep_direct(Some(consent), &bytes, now, event.as_ref()).await?;
            // 2. MEMORY. From here on nothing is permitted by this consent.
            self.inner
                .write(|replica| replica.end_directly(&consent, Direct { record: digest }));
            // 3. ERRAND.
            self.inner.errands.notify_one();
            self.inner.outbox.news.notify_one();
        }
        drop(reading);
        let statement = DirectWithdrawal {
            version: Version,
            origin: self.inner.settings.origin.clone(),
            controller: self.inner.settings.controller.clone(),
            consent,
            withdrawal: digest,
            received_at: now,
        };
        let payload = json::to_jcs(&statement).map_err(StoreError::from)?;
        let key = &self.inner.key;
        let received = jws::sign(&payload, DIRECT_WITHDRAWAL_TYP, key.method(), key).map_err(StoreError::from)?;
        Ok(DirectWithdrawalAnswer {
            consent,
            received_at: now,
            received,
        })
    }

    fn by_code(&self, document: &json::Document<'_>) -> Result<Digest, DirectError> {
        let body: WithdrawByCode = json::decode(document.root())?;
        let code: WithdrawalCode = body.code.parse().map_err(|_| {
            let why = "this is no withdrawal code; compare it with the paper, letter by letter";
            Fault::new("/code", FaultCode::InvalidValue, why)
        })?;
        let did = sign::did_key(&SoftwareSigner::from_seed(&Zeroizing::new(code.seed()))).map_err(StoreError::from)?;
        self.inner
            .read(|replica| replica.by_withdrawal_key(&did))
            .ok_or(DirectError::ConsentUnknown)
    }

    fn by_record(&self, record: &CanonicalRecord) -> Result<Digest, DirectError> {
        let record = &record.record;
        let Body::Withdrawal(withdrawal) = &record.body else {
            return Err(Fault::new("/type", FaultCode::InvalidValue, "only a Withdrawal is taken here").into());
        };
        let theirs = |signer: &Did| {
            self.inner.read(|replica| {
                let known = replica.find(&withdrawal.consent).map(|(_, consent)| consent);
                known.is_some_and(|consent| *signer == consent.subject || *signer == consent.withdrawal_key)
            })
        };
        // A stranger learns nothing of which consents there are.
        if withdrawal.relayed.is_some() || !theirs(&record.issuer) {
            return Err(DirectError::ConsentUnknown);
        }
        let setting = Setting {
            origin: &self.inner.settings.origin,
            operators: &[],
            keys: None,
            now: None,
        };
        arrival::check(record, &setting).map_err(|refusal| match refusal.code() {
            "bad_signature" => DirectError::Refused("bad_signature"),
            _ => DirectError::Refused("wrong_signer"),
        })?;
        Ok(withdrawal.consent)
    }
}

/// Whoever is not known now may be known in a moment, while not all of the feed counts here: at the first start, after a long
/// outage, or when it is read anew.
const fn unknown(whole: bool) -> DirectError {
    if whole {
        DirectError::ConsentUnknown
    } else {
        DirectError::NotReady
    }
}
