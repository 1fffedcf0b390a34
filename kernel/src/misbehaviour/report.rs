//! What the judge of a misbehaviour file says, and why.

use placet_schemas::id::{Did, Digest};
use serde::Serialize;

use super::accusation::Kind;
use crate::bundle::{TrustSource, Verdict, Weight};

/// The whole answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Holds: the misbehaviour is proved. Fails: the file proves nothing. `CannotTell`: no key counts, or the format is newer.
    pub proved: Verdict,
    /// What the file accuses the log's operator of; absent for a format that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// Where the trust came from; its origin is the log whose operator is accused.
    pub trust: TrustSource,
    /// Who signed what, as far as the signatures hold.
    pub said: Vec<Said>,
    /// Why what was signed cannot all be true; present when the misbehaviour is proved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contradiction: Option<String>,
    /// The controller whose feed it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controller: Option<Did>,
    /// The consent that it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<Digest>,
    /// What the judge noticed.
    pub findings: Vec<Finding>,
    /// What the verdict is not about.
    pub disclaimers: [&'static str; 2],
}

/// A statement whose signature holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Said {
    /// Where: a JSON pointer into the file.
    pub place: String,
    /// `Checkpoint`, `Acknowledgement`, `StateAttestation` or `FeedHead`.
    pub statement: &'static str,
    /// Keys that signed it: `name+key id` for each line of a checkpoint, the log's own first; else a did:key.
    pub signed_by: Vec<String>,
    /// What it says, in one sentence.
    pub says: String,
}

/// One thing that the judge noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Stable code.
    pub code: &'static str,
    /// How it bears on the answer.
    pub weight: Weight,
    /// Where: a JSON pointer into the file.
    pub place: String,
    /// Why, in one sentence.
    pub why: String,
    /// What would help, where something would.
    pub help: &'static str,
}

/// What the verdict always says about itself.
pub const DISCLAIMERS: [&str; 2] = [
    "This proves what was signed with the keys of the log. It does not say who held them, nor why.",
    "Keys count because the trust file names them; whoever pinned it answers for that.",
];

/// Why a file proves nothing, or nothing yet. [`Objection::code`] is stable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Objection {
    /// There is no trust file.
    #[error("no trust file was given, so no key counts")]
    NoTrust,
    /// The trust file does not have the log.
    #[error("the trust file does not name this log")]
    LogUntrusted,
    /// The format, or a record's, is newer than this program.
    #[error("{0}")]
    UnsupportedVersion(String),
    /// The signer is no operator of the log at that size.
    #[error("{signer} is no operator of this log at size {size}, by the trust file")]
    SignerUntrusted {
        /// Who signed.
        signer: Did,
        /// Tree size that the statement speaks of.
        size: u64,
    },
    /// The signature does not hold.
    #[error("the operator's signature: {0}")]
    SignatureInvalid(String),
    /// The checkpoint does not hold under the trust file's keys.
    #[error("the checkpoint: {0}")]
    CheckpointInvalid(String),
    /// A statement is of another log.
    #[error("the statement is of another log than the file")]
    OtherLog,
    /// The statements are of two controllers' feeds.
    #[error("the statements are about the feeds of two controllers")]
    OtherController,
    /// The statements, or the record, are of two consents, or of none.
    #[error("what is said is not about one consent")]
    OtherConsent,
    /// The statements stand in the other order, or the head is of a smaller tree than the acknowledgement.
    #[error("{0}")]
    Order(&'static str),
    /// A Merkle proof does not hold.
    #[error("the proof does not hold: {0}")]
    ProofInvalid(String),
    /// The record in the opening is none.
    #[error("the record: {0}")]
    RecordMalformed(String),
    /// Everything holds and all of it can be true at once.
    #[error("{0}")]
    NoContradiction(&'static str),
}

impl Objection {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoTrust => "no_trust",
            Self::LogUntrusted => "log_untrusted",
            Self::UnsupportedVersion(_) => "unsupported_version",
            Self::SignerUntrusted { .. } => "signer_untrusted",
            Self::SignatureInvalid(_) => "signature_invalid",
            Self::CheckpointInvalid(_) => "checkpoint_invalid",
            Self::OtherLog => "other_log",
            Self::OtherController => "other_controller",
            Self::OtherConsent => "other_consent",
            Self::Order(_) => "statements_order",
            Self::ProofInvalid(_) => "proof_invalid",
            Self::RecordMalformed(_) => "record_malformed",
            Self::NoContradiction(_) => "no_contradiction",
        }
    }

    /// Whether something is missing, or false.
    #[must_use]
    pub const fn weight(&self) -> Weight {
        match self {
            Self::NoTrust | Self::LogUntrusted | Self::UnsupportedVersion(_) => Weight::Missing,
            _ => Weight::False,
        }
    }

    /// What would help.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::NoTrust | Self::LogUntrusted => {
                "get the log's keys from a source that you trust, compare the fingerprints, pin them"
            }
            Self::UnsupportedVersion(_) => "use a newer program",
            Self::SignerUntrusted { .. } | Self::CheckpointInvalid(_) => {
                "if the key was the log's at that size, the trust file is to name it with its sizes; else the file accuses nobody"
            }
            Self::Order(_) => "ask whoever made the file to name the statements in the order that the format demands",
            Self::NoContradiction(_) => "nothing: whoever made the file has shown no misbehaviour",
            Self::SignatureInvalid(_)
            | Self::OtherLog
            | Self::OtherController
            | Self::OtherConsent
            | Self::ProofInvalid(_)
            | Self::RecordMalformed(_) => "ask whoever made the file for what was signed, as it was signed",
        }
    }

    pub(super) fn at(&self, place: impl Into<String>) -> Finding {
        Finding {
            code: self.code(),
            weight: self.weight(),
            place: place.into(),
            why: self.to_string(),
            help: self.help(),
        }
    }
}
