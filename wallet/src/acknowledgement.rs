//! Judging a log's answer to a record.
//!
//! An answer is believed only as a whole: the salt and the record make the leaf, the proof leads from the leaf to the root
//! that the log's key signed, and the operator's key signed the same index, size and root, with the record's consent. What
//! is believed is worth keeping: when the log later says otherwise, the two together are evidence.

use placet_kernel::checkpoint::{CheckpointError, CheckpointKeys, CheckpointKeysError, SignedCheckpoint};
use placet_kernel::feed::FeedKeys;
use placet_kernel::keys::{self, KeyError, PublicKey, SignatureError};
use placet_kernel::leaf::Salt;
use placet_kernel::merkle;
use placet_kernel::note::{VerifierKey, VkeyError};
use placet_kernel::tlog_proof::{TlogProof, TlogProofError};
use placet_schemas::api::RecordAnswer;
use placet_schemas::id::{Did, Digest, Origin};
use placet_schemas::json::Fault;
use placet_schemas::lifecycle::State;
use placet_schemas::record::{Body, CanonicalRecord, Record};
use placet_schemas::statement::Acknowledgement;

use crate::sight::{Fork, Order, Sight};

/// The keys of a log, pinned before any answer is judged.
#[derive(Debug, Clone)]
pub struct LogTrust {
    keys: CheckpointKeys,
    operators: Vec<(Did, PublicKey)>,
}

/// Why keys cannot be pinned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogTrustError {
    /// A vkey is malformed.
    #[error(transparent)]
    Vkey(#[from] VkeyError),
    /// The keys are not those of one log.
    #[error(transparent)]
    Keys(#[from] CheckpointKeysError),
    /// An operator is no did:key of a known algorithm.
    #[error("the operator {did}: {error}")]
    Operator {
        /// What was given.
        did: Did,
        /// What is wrong with it.
        error: KeyError,
    },
    /// There is no operator key.
    #[error("no operator key")]
    NoOperator,
}

impl LogTrust {
    /// Pins the checkpoint keys of a log (C2SP vkeys; the name is the origin) and its operator keys (did:key).
    ///
    /// # Errors
    /// See [`LogTrustError`].
    pub fn new(origin: Origin, vkeys: &[&str], operators: &[Did]) -> Result<Self, LogTrustError> {
        let log = vkeys
            .iter()
            .map(|vkey| vkey.parse::<VerifierKey>())
            .collect::<Result<Vec<_>, _>>()?;
        let keys = CheckpointKeys::new(origin, log, Vec::new())?;
        let pin = |did: &Did| match PublicKey::from_did(did) {
            Ok(key) => Ok((did.clone(), key)),
            Err(error) => Err(LogTrustError::Operator {
                did: did.clone(),
                error,
            }),
        };
        let operators = operators.iter().map(pin).collect::<Result<Vec<_>, _>>()?;
        if operators.is_empty() {
            return Err(LogTrustError::NoOperator);
        }
        Ok(Self { keys, operators })
    }

    /// The log.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        self.keys.origin()
    }

    /// The log's checkpoint keys.
    #[must_use]
    pub const fn checkpoint_keys(&self) -> &CheckpointKeys {
        &self.keys
    }

    /// What a feed of the log is judged by.
    #[must_use]
    pub fn feed_keys(&self) -> FeedKeys<'_> {
        FeedKeys {
            checkpoint: &self.keys,
            operators: &self.operators,
        }
    }

    /// The operator keys.
    pub fn operators(&self) -> impl Iterator<Item = &Did> {
        self.operators.iter().map(|(did, _)| did)
    }
}

/// A record that is in the log, as far as its operator's keys can be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// The record's digest.
    pub digest: Digest,
    /// What the operator signed.
    pub statement: Acknowledgement,
    /// The tree head, signed by the log.
    pub head: SignedCheckpoint,
    /// How the head stands to the one that the wallet saw last. Unless it is [`Order::Same`], ask the log for a
    /// consistency proof and give it to [`Sight::advance`] or [`Sight::includes`].
    pub order: Order,
    /// The consent's last event, when it is another than this record: somebody else acted on it too.
    pub overtaken_by: Option<Digest>,
}

impl Acknowledged {
    /// Checks that the record was put into the feed of the consent's controller. Only a grant names the controller itself:
    /// for what follows it the wallet must say, from its own state, whom a narrowing or a withdrawal has to reach.
    ///
    /// # Errors
    /// [`AckError::Consent`] or [`AckError::Controller`].
    pub fn concerns(&self, state: &State) -> Result<(), AckError> {
        if self.statement.consent != Some(state.consent) {
            return Err(AckError::Consent("the record belongs to another one"));
        }
        if self.statement.controller != state.controller {
            return Err(AckError::Controller(self.statement.controller.clone()));
        }
        Ok(())
    }
}

/// Why an answer is not believed. Each check has its own error; [`AckError::code`] is stable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AckError {
    /// The record that was posted is none.
    #[error("{0}")]
    Record(Fault),
    /// The signer is no pinned operator.
    #[error("the acknowledgement is signed by {0}, which is not pinned as an operator of this log")]
    UnknownOperator(Did),
    /// The operator's signature does not hold.
    #[error("the operator's signature: {0}")]
    Signature(SignatureError),
    /// The acknowledgement is of another log.
    #[error("the acknowledgement is of the log {0}")]
    OtherLog(Origin),
    /// The salt and the record make another leaf.
    #[error("the salt and the record do not make the acknowledged leaf")]
    Leaf,
    /// The inclusion proof does not hold.
    #[error("the inclusion proof: {0}")]
    Proof(TlogProofError),
    /// The proof is for another place in the log.
    #[error("the proof is for index {proved}, the acknowledgement for {acknowledged}")]
    Index {
        /// Index in the proof.
        proved: u64,
        /// Index in the acknowledgement.
        acknowledged: u64,
    },
    /// The checkpoint beside the proof does not hold.
    #[error("the checkpoint: {0}")]
    Checkpoint(CheckpointError),
    /// Acknowledgement, proof and checkpoint are not of one tree head.
    #[error("the acknowledgement, the proof and the checkpoint are of different tree heads")]
    Head,
    /// The acknowledgement names another controller than the record.
    #[error("the acknowledgement puts the record into the feed of {0}")]
    Controller(Did),
    /// What the acknowledgement says of the consent cannot be.
    #[error("the acknowledgement says of the consent what cannot be: {0}")]
    Consent(&'static str),
    /// The log has signed two trees of one size: keep both notes, they are proof of misbehaviour.
    #[error("the log has signed two different trees of size {}", .0.size)]
    Fork(Box<Fork>),
}

impl AckError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Record(_) => "malformed",
            Self::UnknownOperator(_) => "ack_unknown_operator",
            Self::Signature(_) => "ack_bad_signature",
            Self::OtherLog(_) => "ack_other_log",
            Self::Leaf => "ack_leaf",
            Self::Proof(error) => error.code(),
            Self::Index { .. } => "ack_index",
            Self::Checkpoint(error) => error.code(),
            Self::Head => "ack_head",
            Self::Controller(_) => "ack_controller",
            Self::Consent(_) => "ack_consent",
            Self::Fork(_) => "log_fork",
        }
    }
}

/// Judges the answer to the record of these bytes. `sight` is what the wallet last saw of the log.
///
/// # Errors
/// See [`AckError`]. After any of them the record may or may not be in the log: post the same bytes again.
pub fn check_acknowledgement(
    record: &[u8],
    answer: &RecordAnswer,
    trust: &LogTrust,
    sight: &Sight,
) -> Result<Acknowledged, AckError> {
    let record = CanonicalRecord::parse(record).map_err(AckError::Record)?.record;
    let statement = &answer.acknowledgement.statement;
    check_operator(answer, trust)?;
    let head = check_inclusion(&record, answer, trust)?;
    check_controller(&record, statement)?;
    let overtaken_by = check_consent(&record, statement)?;
    let order = sight.compare(&head).map_err(|fork| AckError::Fork(Box::new(fork)))?;
    Ok(Acknowledged {
        digest: record.digest(),
        statement: statement.clone(),
        head,
        order,
        overtaken_by,
    })
}

fn check_operator(answer: &RecordAnswer, trust: &LogTrust) -> Result<(), AckError> {
    let signed = &answer.acknowledgement;
    let pinned = trust.operators.iter().find(|(did, _)| *did == signed.signed_by);
    let (_, key) = pinned.ok_or_else(|| AckError::UnknownOperator(signed.signed_by.clone()))?;
    keys::verify_statement(signed, key).map_err(AckError::Signature)?;
    if signed.statement.origin != *trust.origin() {
        return Err(AckError::OtherLog(signed.statement.origin.clone()));
    }
    Ok(())
}

fn check_inclusion(record: &Record, answer: &RecordAnswer, trust: &LogTrust) -> Result<SignedCheckpoint, AckError> {
    let statement = &answer.acknowledgement.statement;
    let leaf = Salt::from_bytes(*answer.salt.as_bytes()).leaf(&record.digest());
    let leaf_hash = merkle::leaf_hash(&leaf);
    if leaf_hash.as_bytes() != statement.leaf_hash.as_bytes() {
        return Err(AckError::Leaf);
    }
    let proof: TlogProof = answer.proof.parse().map_err(AckError::Proof)?;
    let head = proof.verify(&leaf_hash, &trust.keys).map_err(AckError::Proof)?;
    if proof.index() != statement.index {
        return Err(AckError::Index {
            proved: proof.index(),
            acknowledged: statement.index,
        });
    }
    let beside = SignedCheckpoint::open(answer.checkpoint.as_bytes(), &trust.keys).map_err(AckError::Checkpoint)?;
    let tree = head.checkpoint();
    let acknowledged = tree.size() == statement.size && tree.root().as_bytes() == statement.root.as_bytes();
    if beside.checkpoint() != tree || !acknowledged {
        return Err(AckError::Head);
    }
    Ok(head)
}

/// A record in another brand's feed would never reach the one whom it concerns.
fn check_controller(record: &Record, statement: &Acknowledgement) -> Result<(), AckError> {
    let named = match &record.body {
        Body::ConsentRequest(request) => &request.controllers.registered().id,
        Body::ConsentGrant(grant) => &grant.controller,
        Body::EndedByController(_) => &record.issuer,
        Body::ControllerKeys(keys) => keys.document.id(),
        Body::Destruction(destruction) => &destruction.controller,
        Body::AccessBatch(batch) => &batch.controller,
        // The others name the consent, whose controller the wallet knows: see `Acknowledged::concerns`.
        _ => return Ok(()),
    };
    if statement.controller == *named {
        Ok(())
    } else {
        Err(AckError::Controller(statement.controller.clone()))
    }
}

/// The statement is also the operator's word on the last event of the consent: this record, or a later one.
fn check_consent(record: &Record, statement: &Acknowledgement) -> Result<Option<Digest>, AckError> {
    let said = (statement.consent, statement.last_index, statement.last_digest);
    let Some(consent) = record.consent() else {
        return match said {
            (None, None, None) => Ok(None),
            _ => Err(AckError::Consent("the record belongs to none")),
        };
    };
    let (Some(named), Some(last_index), Some(last_digest)) = said else {
        return Err(AckError::Consent(
            "the consent, its last index or its last digest is missing",
        ));
    };
    if named != consent {
        return Err(AckError::Consent("the record belongs to another one"));
    }
    if last_index < statement.index || last_index >= statement.size {
        return Err(AckError::Consent(
            "its last event is before this record, or beyond the tree",
        ));
    }
    match (last_index == statement.index, last_digest == record.digest()) {
        (true, true) => Ok(None),
        (false, false) => Ok(Some(last_digest)),
        _ => Err(AckError::Consent(
            "its last index and its last digest are of different events",
        )),
    }
}
