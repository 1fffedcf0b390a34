//! What is checked and prepared as soon as a record arrives, in the caller's own task: the writer gets it ready to be put
//! in its place.

use std::sync::Arc;

use placet_kernel::arrival::{self, Finding, Refusal, Setting};
use placet_kernel::leaf::LEAF_BYTES;
use placet_kernel::merkle::{Hash, empty_root, leaf_hash};
use placet_schemas::id::{Did, Digest};
use placet_schemas::lifecycle::TransitionError;
use placet_schemas::record::consent::Anchor;
use placet_schemas::record::{Body, Kind, Record};

use crate::crypto::{Blind, Blinded, Purpose, RecordSecret, Vault};
use crate::error::{Ground, StoreError, SubmitError};
use crate::known::Brand;
use crate::node::Node;

/// A record that is right by itself. What comes before it has not been looked at.
pub(crate) struct Arrival {
    pub(crate) record: Record,
    pub(crate) findings: Vec<Finding>,
    /// Which snapshot of the brand's keys it was checked with, where it was.
    pub(crate) keys_index: Option<u64>,
    pub(crate) secret: Arc<RecordSecret>,
    pub(crate) leaf: [u8; LEAF_BYTES],
    pub(crate) leaf_hash: Hash,
    pub(crate) text: StoredText,
    pub(crate) blinds: Blinds,
}

/// The text as it will be stored.
pub(crate) enum StoredText {
    /// For anyone to read.
    Public(Vec<u8>),
    /// Sealed with the record's data key.
    Sealed(Vec<u8>),
}

/// Where the keyring keeps what is asked about this record.
pub(crate) struct Blinds {
    pub(crate) digest: Blinded,
    pub(crate) signer_id: Blinded,
    /// The grant of the consent that the record names, as a digest.
    pub(crate) grant: Option<Blinded>,
    /// The consent that the record is an event of.
    pub(crate) event: Option<Blinded>,
    /// Of a grant.
    pub(crate) withdrawal_key: Option<Blinded>,
    /// Of a grant: the person.
    pub(crate) subject: Option<Blinded>,
}

impl Node {
    /// Checks a record by itself and prepares it for the writer. `bytes` are its canonical bytes.
    pub(crate) async fn arrive(&self, record: Record, bytes: &[u8]) -> Result<Arrival, SubmitError> {
        let brand = self.signing_brand(&record).await?;
        let mut findings = self.check(&record, brand.as_deref())?;
        if let Some(anchor) = record.body.anchor()
            && !self.is_ours(anchor).await?
        {
            if record.kind() != Kind::Withdrawal {
                return Err(Ground::AnchorUnknown.into());
            }
            findings.push(Finding::AnchorUnknown);
        }
        let secret = RecordSecret::random().map_err(StoreError::from)?;
        let leaf = secret.salt().leaf(&record.digest());
        let text = if record.kind().is_public() {
            StoredText::Public(bytes.to_vec())
        } else {
            StoredText::Sealed(secret.seal(Purpose::Record, bytes).map_err(StoreError::from)?)
        };
        Ok(Arrival {
            findings,
            keys_index: brand.map(|brand| brand.keys_index),
            secret: Arc::new(secret),
            leaf,
            leaf_hash: leaf_hash(&leaf),
            text,
            blinds: Blinds::of(&record, self.keyring.vault()),
            record,
        })
    }

    /// What the kernel says of a record by itself, with this snapshot of the keys of the brand that answers for it.
    pub(crate) fn check(&self, record: &Record, brand: Option<&Brand>) -> Result<Vec<Finding>, SubmitError> {
        let setting = Setting {
            origin: &self.voice.origin,
            operators: core::slice::from_ref(&self.voice.operator),
            keys: brand.map(|brand| &brand.keys),
            now: Some(self.clock.now()),
        };
        match arrival::check(record, &setting) {
            // A brand that is not registered has no consent to withdraw here; a withdrawal is told no more than that.
            Err(Refusal::ControllerUnknown(_)) if record.kind() == Kind::Withdrawal => {
                Err(Refusal::from(TransitionError::NotTheirs("the signer is no registered brand")).into())
            }
            checked => Ok(checked?),
        }
    }

    /// The brand that signed the record, or authorized its signer, where a brand may have. A person's did:key is looked up
    /// nowhere.
    async fn signing_brand(&self, record: &Record) -> Result<Option<Arc<Brand>>, StoreError> {
        let (did, kind) = (arrival::answers_for(record), record.kind());
        let brand = matches!(kind, Kind::ConsentRequest | Kind::EndedByController | Kind::AccessBatch);
        if did.is_key() && !brand {
            return Ok(None);
        }
        self.known.brand(&self.store, did).await
    }

    /// Whether the anchor is a beginning of this log.
    async fn is_ours(&self, anchor: Anchor) -> Result<bool, StoreError> {
        let head = self.head();
        let root = if anchor.size > head.size {
            return Ok(false);
        } else if anchor.size == head.size {
            head.root
        } else if anchor.size == 0 {
            empty_root()
        } else {
            self.known.root(&self.store, anchor.size).await?
        };
        Ok(*root.as_bytes() == *anchor.root.as_bytes())
    }
}

impl Blinds {
    pub(crate) fn of(record: &Record, vault: &Vault) -> Self {
        let digest = |digest: Digest| vault.blind(Blind::Digest, digest.as_bytes());
        let grant = match &record.body {
            Body::ConsentGrant(grant) => Some(grant),
            _ => None,
        };
        Self {
            digest: digest(record.digest()),
            // Neither a DID nor a record id has a zero byte, so no two pairs are written alike.
            signer_id: vault.blind(Blind::SignerId, format!("{}\0{}", record.issuer, record.id).as_bytes()),
            grant: record.body.consent().map(digest),
            event: record.consent().map(|consent| event(vault, &consent)),
            withdrawal_key: grant.map(|grant| withdrawal_key(vault, &grant.withdrawal_key)),
            subject: grant.map(|_| subject(vault, &record.issuer)),
        }
    }
}

/// Where the events of a consent are.
pub(crate) fn event(vault: &Vault, consent: &Digest) -> Blinded {
    vault.blind(Blind::ConsentEvent, consent.as_bytes())
}

/// Where the grant with this withdrawal key is.
pub(crate) fn withdrawal_key(vault: &Vault, did: &Did) -> Blinded {
    vault.blind(Blind::WithdrawalKey, did.as_str().as_bytes())
}

/// Where the grants of this person are.
pub(crate) fn subject(vault: &Vault, did: &Did) -> Blinded {
    vault.blind(Blind::Subject, did.as_str().as_bytes())
}
