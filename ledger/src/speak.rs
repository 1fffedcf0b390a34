//! The records that the node itself builds and signs: a brand's keys, and the withdrawal of who has only a code.

use placet_kernel::arrival::Refusal;
use placet_kernel::code::WithdrawalCode;
use placet_kernel::keys::PublicKey;
use placet_kernel::sign::{ProofChoices, Signer, did_key, secure};
use placet_schemas::id::{Did, Digest, RecordId};
use placet_schemas::lifecycle::TransitionError;
use placet_schemas::record::consent::{Anchor, Withdrawal};
use placet_schemas::record::keys::{ControllerKeys, DidDocument, KeySource};
use placet_schemas::record::{Body, Draft, Kind};
use placet_schemas::text::Text;
use placet_schemas::version::Version;
use zeroize::Zeroizing;

use crate::arrive::withdrawal_key;
use crate::error::{Ground, StoreError, SubmitError};
use crate::keys::SoftwareSigner;
use crate::ledger::{Ledger, Recorded};
use crate::life::open_state;
use crate::node::{Node, stored_record};
use crate::sequencer::Outcome;
use placet_service::random;

/// A brand as it registers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Its DID.
    pub did: Did,
    /// Its name in law.
    pub legal_name: Text,
    /// How the node came by the document.
    pub source: KeySource,
    /// The methods that may sign.
    pub document: DidDocument,
    /// SHA-256 of the canonical bytes of the whole document.
    pub document_digest: Digest,
}

impl Ledger {
    /// Ends the consent that a withdrawal code belongs to: builds and signs the Withdrawal that its owner cannot. A code that
    /// has ended its consent gets the first answer again: whoever has only paper has no other way to come by it.
    ///
    /// # Errors
    /// `consent_unknown` for every code that no consent has; otherwise as [`Ledger::submit`].
    pub async fn withdraw_by_code(&self, code: &WithdrawalCode) -> Result<Recorded, SubmitError> {
        let key = SoftwareSigner::from_seed(&Zeroizing::new(code.seed()));
        let did = did_key(&key).map_err(StoreError::from)?;
        let unknown = || SubmitError::from(Refusal::from(TransitionError::ConsentUnknown));
        let consent = self.consent_of_key(&did).await?.ok_or_else(unknown)?;
        if let Some(first) = self.first_withdrawal(&consent, &did).await? {
            return Ok(first);
        }
        let head = self.node().head();
        let anchor = Anchor {
            size: head.size,
            root: Digest::from_bytes(*head.root.as_bytes()),
        };
        let body = Withdrawal {
            version: Version,
            consent,
            anchor: Some(anchor),
            relayed: None,
        };
        let record = self.sign(did.clone(), Body::Withdrawal(body), &key)?;
        match self.submit(&record).await {
            // The same code, sent twice at once: the other one was faster.
            Err(SubmitError::Refused { code, detail, pointer }) if code == TransitionError::ConsentEnded.code() => {
                let ended = SubmitError::Refused { code, detail, pointer };
                self.first_withdrawal(&consent, &did).await?.ok_or(ended)
            }
            outcome => outcome,
        }
    }

    /// Logs a brand's keys: registers it, or replaces its keys from this record on.
    ///
    /// # Errors
    /// `malformed` when the document is another's or has a key that cannot be used; otherwise as [`Ledger::submit`].
    pub async fn register_controller(&self, registration: Registration) -> Result<Recorded, SubmitError> {
        let Registration {
            did,
            legal_name,
            source,
            document,
            document_digest,
        } = registration;
        if did != *document.id() {
            return Err(Ground::DocumentOfAnother.into());
        }
        for method in document.methods() {
            PublicKey::from_multibase(&method.public_key_multibase).map_err(Ground::DocumentKey)?;
        }
        let keys = ControllerKeys {
            version: Version,
            legal_name,
            source,
            document_digest,
            document,
        };
        let voice = &self.node().voice;
        let record = self.sign(
            voice.operator.clone(),
            Body::ControllerKeys(Box::new(keys)),
            &voice.operator_key,
        )?;
        self.submit(&record).await
    }

    /// The withdrawal by which this key ended the consent, if it did, with its answer.
    async fn first_withdrawal(&self, consent: &Digest, did: &Did) -> Result<Option<Recorded>, SubmitError> {
        let node = self.node();
        for (row, secret) in node.events(consent).await? {
            let bytes = Node::text(&row, Some(&secret))?;
            let record = stored_record(&bytes)?;
            if record.kind() == Kind::Withdrawal && record.issuer == *did {
                let digest = record.digest();
                let outcome = self.first_answer(&digest).await?;
                return Ok(outcome.map(|Outcome { index, answer, replay }| Recorded {
                    record: bytes,
                    answer,
                    index,
                    digest,
                    replay,
                }));
            }
        }
        Ok(None)
    }

    /// The consent whose grant names this withdrawal key.
    async fn consent_of_key(&self, did: &Did) -> Result<Option<Digest>, StoreError> {
        let node = self.node();
        let Some(grant) = node
            .keyring
            .find_one(&withdrawal_key(node.keyring.vault(), did))
            .await?
        else {
            return Ok(None);
        };
        let Some(row) = node.store.consents_of(&[grant]).await?.remove(&grant) else {
            return Ok(None);
        };
        let secret = node.keyring.secret(grant).await?;
        Ok(Some(open_state(&secret, row.last, &row.state)?.consent))
    }

    /// Signs a record that this node itself makes.
    pub(crate) fn sign(&self, issuer: Did, body: Body, key: &dyn Signer) -> Result<Vec<u8>, StoreError> {
        let now = self.now();
        let id = RecordId::from_random(random::bytes()?);
        let draft = Draft {
            id,
            issuer,
            valid_from: now,
            valid_until: None,
            body,
        };
        let domain = self.node().voice.origin.clone();
        let choices = ProofChoices {
            domain,
            created: now,
            challenge: None,
            method: None,
        };
        Ok(secure(&draft, choices, key)?)
    }
}
