//! Access batches: the tree over a verifier's decisions and access lines, and whether a line that a person is shown is in one.
//!
//! A line is only what a brand says of itself. That it is in a batch which is in the log says that the brand said it then,
//! cannot take it back, and cannot say something else to somebody else; not that it is true, nor that nothing was left out.
//!
//! Neither an entry nor a batch is believed before: [`BatchTree`] is for whoever makes a batch, [`verify_line`] for the node
//! that keeps lines, [`verify_access`] for the person who is shown one.

use std::convert::Infallible;

use placet_schemas::access::AccessLine;
use placet_schemas::api::{AccessView, ProvenRecord};
use placet_schemas::id::{Did, Digest, Origin};
use placet_schemas::json::{self, Fault, FaultCode};
use placet_schemas::record::access::{AccessBatch, MAX_BATCH_ENTRIES};
use placet_schemas::record::keys::ControllerKeys;
use placet_schemas::record::{Body, CanonicalRecord, Record};
use placet_schemas::text::Text;
use placet_schemas::time::Timestamp;

use crate::arrival::{self, Refusal, Setting, TIME_TOLERANCE_SECONDS};
use crate::bundle::Verdict;
use crate::leaf::Salt;
use crate::merkle::{self, Hash, MerkleError, NodeSource, node_hash};
use crate::pinned;
use crate::tlog_proof::{TlogProof, TlogProofError};
use crate::trust::{Log, Trust};

/// The hash of an entry: RFC 6962, over the text of a decision with the head beside it, or over the canonical bytes of a line.
#[must_use]
pub fn entry_hash(entry: &[u8]) -> Hash {
    merkle::leaf_hash(entry)
}

/// The tree of a batch: one to [`MAX_BATCH_ENTRIES`] entries.
#[derive(Debug, Clone)]
pub struct BatchTree {
    /// The hashes of the complete subtrees of each height, the entries' own first: a batch is as good as full when it is made,
    /// and a proof of each of a million lines must not cost a million hashes.
    levels: Vec<Vec<Hash>>,
    root: Hash,
}

impl BatchTree {
    /// The tree over these hashes of entries, in order; `None` when there are none or too many.
    #[must_use]
    pub fn new(entries: Vec<Hash>) -> Option<Self> {
        if entries.is_empty() || entries.len() as u64 > MAX_BATCH_ENTRIES {
            return None;
        }
        let mut levels = vec![entries];
        while let Some(below) = levels.last().filter(|below| below.len() > 1) {
            let pairs = below.as_chunks::<2>().0.iter();
            levels.push(pairs.map(|[left, right]| node_hash(left, right)).collect());
        }
        let mut tree = Self {
            levels,
            root: merkle::empty_root(),
        };
        tree.root = merkle::root(tree.entries(), &tree).ok()?;
        Some(tree)
    }

    /// How many entries there are.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.levels[0].len() as u64
    }

    /// The root, as a batch has it.
    #[must_use]
    pub const fn root(&self) -> Digest {
        Digest::from_bytes(*self.root.as_bytes())
    }

    /// The inclusion proof of the entry at `seq`, from its sibling upwards; `None` beyond the last.
    #[must_use]
    pub fn proof(&self, seq: u64) -> Option<Vec<Hash>> {
        merkle::inclusion_proof(seq, self.entries(), self).ok()
    }
}

impl NodeSource for BatchTree {
    type Error = Infallible;

    fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        let row = self.levels.get(usize::from(level));
        let hash = row.and_then(|row| row.get(usize::try_from(index).ok()?));
        // Only complete subtrees are asked for; a wrong hash would make a proof that does not hold.
        Ok(hash.copied().unwrap_or_else(merkle::empty_root))
    }
}

/// Why a line does not belong to a batch. [`LineError::code`] is stable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// The bytes are no line.
    #[error("the line is malformed: {0}")]
    Malformed(Fault),
    /// The line is another brand's.
    #[error("the line is of {found}, the batch of {expected}")]
    WrongController {
        /// The brand that the line names.
        found: Did,
        /// The brand of the batch.
        expected: Did,
    },
    /// The access is said to have been after the batch had ended.
    #[error("the line is of {at}, which is over {TIME_TOLERANCE_SECONDS} s after its batch ended at {until}")]
    AfterBatch {
        /// When the data was accessed.
        at: Timestamp,
        /// When the batch ended.
        until: Timestamp,
    },
    /// The line is not at this place of the batch.
    #[error("the line is not in its batch: {0}")]
    NotIncluded(MerkleError),
}

impl LineError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(Fault {
                code: FaultCode::UnsupportedVersion,
                ..
            }) => "unsupported_version",
            Self::Malformed(_) => "line_malformed",
            Self::WrongController { .. } => "line_wrong_controller",
            Self::AfterBatch { .. } => "line_after_batch",
            Self::NotIncluded(_) => "line_not_included",
        }
    }
}

/// Checks that these bytes are a line, and entry number `seq` of the batch.
///
/// # Errors
/// See [`LineError`].
pub fn verify_line(line: &[u8], seq: u64, proof: &[Hash], batch: &AccessBatch) -> Result<AccessLine, LineError> {
    let root = Hash::new(*batch.root.as_bytes());
    merkle::verify_inclusion(&entry_hash(line), seq, batch.entries, proof, &root).map_err(LineError::NotIncluded)?;
    let line = AccessLine::parse(line).map_err(LineError::Malformed)?;
    if line.controller != batch.controller {
        return Err(LineError::WrongController {
            found: line.controller,
            expected: batch.controller.clone(),
        });
    }
    let (at, until) = (line.at, batch.until);
    if at > until.plus_seconds(TIME_TOLERANCE_SECONDS) {
        return Err(LineError::AfterBatch { at, until });
    }
    Ok(line)
}

/// A line that its brand said, and cannot take back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedAccess {
    /// The line.
    pub line: AccessLine,
    /// The brand's name in law, as the log has it registered.
    pub legal_name: Text,
    /// The verifier that signed the batch.
    pub verifier: Did,
    /// Log index of the batch.
    pub batch_index: u64,
    /// The batch's place in the log was cosigned by then, by whom the trust file asks for; `None` if they have not.
    pub existed_by: Option<Timestamp>,
}

/// Why an access is not shown to have been said. [`AccessError::code`] is stable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// The trust file does not have the log.
    #[error("the log {0} is not in the trust file")]
    LogUnknown(Origin),
    /// A record is none, or the kind that stands elsewhere.
    #[error("the record at {index} is not the {wanted} that should be there: {why}")]
    Record {
        /// Its place in the log.
        index: u64,
        /// What should be there.
        wanted: &'static str,
        /// The fault.
        why: String,
    },
    /// A record or the line is of a version that this program does not know.
    #[error("{0}")]
    Unsupported(Fault),
    /// A record is not in the log.
    #[error("the record at {index} is not shown to be in the log: {error}")]
    Proof {
        /// Its place in the log.
        index: u64,
        /// What is wrong with the proof.
        error: TlogProofError,
    },
    /// The checkpoint cannot be judged with the pinned keys.
    #[error("the checkpoint of the record at {index} does not hold: {why}")]
    Checkpoint {
        /// The record's place in the log.
        index: u64,
        /// What is wrong.
        why: String,
    },
    /// The brand's keys at that index are missing.
    #[error("the keys of {0} at that index are missing")]
    KeysMissing(Did),
    /// The batch is not by a verifier of the brand.
    #[error("the batch does not count: {0}")]
    Batch(Refusal),
    /// The line is not one of the batch.
    #[error(transparent)]
    Line(LineError),
    /// The line is about another consent, or says of none that it rested on it.
    #[error("the line is not about the consent {0}")]
    OtherConsent(Digest),
}

impl AccessError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::LogUnknown(_) => "log_unknown",
            Self::Record { .. } => "record_malformed",
            Self::Unsupported(_) => "unsupported_version",
            Self::Proof { error, .. } => error.code(),
            Self::Checkpoint { .. } => "checkpoint_invalid",
            Self::KeysMissing(_) => "controller_keys_missing",
            Self::Batch(Refusal::Authorization(error)) => error.code(),
            Self::Batch(refusal) => refusal.code(),
            Self::Line(error) => error.code(),
            Self::OtherConsent(_) => "line_other_consent",
        }
    }

    /// Whether something is false, or only missing.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        match self {
            Self::LogUnknown(_) | Self::Unsupported(_) | Self::KeysMissing(_) => Verdict::CannotTell,
            _ => Verdict::Fails,
        }
    }
}

/// Judges one item of what a node answers to "who used my data?", offline: the line is in its batch, the batch is in the
/// log and signed by a verifier that the brand had authorized, by the newest of its `keys` below the batch.
///
/// # Errors
/// See [`AccessError`].
pub fn verify_access(
    view: &AccessView,
    keys: &[ProvenRecord],
    consent: &Digest,
    origin: &Origin,
    trust: &Trust,
) -> Result<VerifiedAccess, AccessError> {
    let log = trust
        .log(origin)
        .ok_or_else(|| AccessError::LogUnknown(origin.clone()))?;
    let reader = Reader { origin, trust, log };
    let (record, existed_by) = reader.open(&view.batch)?;
    let Body::AccessBatch(batch) = &record.body else {
        return Err(other_kind(view.batch.index, "AccessBatch", &record));
    };
    let keys = reader.keys_in_force(keys, &batch.controller, view.batch.index)?;
    let setting = Setting {
        origin,
        operators: &[],
        keys: Some(&keys),
        now: None,
    };
    arrival::check(&record, &setting).map_err(AccessError::Batch)?;
    let proof: Vec<Hash> = view.proof.iter().map(|hash| Hash::new(*hash.as_bytes())).collect();
    let line = verify_line(&view.line.to_bytes(), view.seq, &proof, batch).map_err(AccessError::Line)?;
    if line.consent != Some(*consent) {
        return Err(AccessError::OtherConsent(*consent));
    }
    Ok(VerifiedAccess {
        line,
        legal_name: keys.legal_name,
        verifier: record.issuer,
        batch_index: view.batch.index,
        existed_by,
    })
}

/// Who reads records that are said to be in a log.
struct Reader<'a> {
    origin: &'a Origin,
    trust: &'a Trust,
    log: &'a Log,
}

impl Reader<'_> {
    /// The record, which is in the log at its index, and by when that was cosigned.
    fn open(&self, proven: &ProvenRecord) -> Result<(Record, Option<Timestamp>), AccessError> {
        let index = proven.index;
        let malformed = |why: String| AccessError::Record {
            index,
            wanted: "record",
            why,
        };
        let bytes = json::to_jcs(&proven.record).map_err(|error| malformed(error.to_string()))?;
        let record = CanonicalRecord::parse(&bytes).map_err(|fault| match fault.code {
            FaultCode::UnsupportedVersion => AccessError::Unsupported(fault),
            _ => malformed(fault.to_string()),
        })?;
        let refused = |error| AccessError::Proof { index, error };
        let proof: TlogProof = proven.proof.parse().map_err(refused)?;
        let unkeyed = |why| AccessError::Checkpoint { index, why };
        let keys = pinned::keys_for(proof.checkpoint_note(), self.origin, self.trust, self.log).map_err(unkeyed)?;
        let leaf = Salt::from_bytes(*proven.salt.as_bytes()).leaf(&record.record.digest());
        let signed = proof.verify(&merkle::leaf_hash(&leaf), &keys).map_err(refused)?;
        if proof.index() != index {
            return Err(refused(TlogProofError::Index));
        }
        let times = pinned::times(&signed, self.trust);
        Ok((record.record, times.map(|times| times.existed_by)))
    }

    /// The newest keys of the brand below `index` that the operator recorded.
    fn keys_in_force(&self, keys: &[ProvenRecord], brand: &Did, index: u64) -> Result<ControllerKeys, AccessError> {
        let below = keys.iter().filter(|keys| keys.index < index);
        let mut newest: Option<(u64, ControllerKeys)> = None;
        for proven in below {
            let (record, _) = self.open(proven)?;
            let Body::ControllerKeys(found) = &record.body else {
                return Err(other_kind(proven.index, "ControllerKeys", &record));
            };
            let newer = newest.as_ref().is_none_or(|(known, _)| *known < proven.index);
            if found.document.id() != brand || !newer {
                continue;
            }
            let operators: Vec<Did> = self
                .log
                .operator_keys(proven.index.saturating_add(1))
                .map(|(did, _)| did.clone())
                .collect();
            let setting = Setting {
                origin: self.origin,
                operators: &operators,
                keys: None,
                now: None,
            };
            arrival::check(&record, &setting).map_err(AccessError::Batch)?;
            newest = Some((proven.index, ControllerKeys::clone(found)));
        }
        let (_, keys) = newest.ok_or_else(|| AccessError::KeysMissing(brand.clone()))?;
        Ok(keys)
    }
}

fn other_kind(index: u64, wanted: &'static str, record: &Record) -> AccessError {
    AccessError::Record {
        index,
        wanted,
        why: format!("it is a {}", record.kind()),
    }
}
