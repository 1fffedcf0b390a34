//! What an accusation is made of: statements that somebody signed, and the ground on which they cannot all be true.

use placet_schemas::id::{Did, Digest, Origin};
use placet_schemas::statement::{Acknowledgement, FeedHead, Signed, StateAttestation};
use serde::Serialize;

use super::find;
use crate::leaf::Salt;
use crate::merkle::Hash;

/// Something that an operator signed and that names a tree of its log: size and root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// A checkpoint: the note. Only lines by keys that the reader trusts may be in it, or the reader refuses it.
    Checkpoint(String),
    /// The answer to a recorded event.
    Acknowledgement(Signed<Acknowledgement>),
    /// The operator's word for a consent's last event.
    StateAttestation(Signed<StateAttestation>),
    /// The operator's word for a whole feed.
    FeedHead(Signed<FeedHead>),
}

/// A file that accuses the operator of one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accusation {
    /// The log.
    pub origin: Origin,
    /// What its operator is accused of.
    pub claim: Claim,
}

/// The kinds of misbehaviour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Two trees of one log that are not of one growing tree.
    Fork {
        /// Who says so. For [`Difference::Prefix`] the smaller tree, or either of two of one size, first.
        views: Box<[Statement; 2]>,
        /// Where they differ.
        ground: Difference,
    },
    /// Two heads of one controller's feed that are not of one growing feed.
    FeedFork {
        /// The heads. For [`Difference::Prefix`] the smaller feed first; for [`FeedDifference::Shrunk`] the larger one.
        heads: Box<[Signed<FeedHead>; 2]>,
        /// Where they differ.
        ground: FeedDifference,
    },
    /// An item was acknowledged at a place of a feed, and a head over that place is without it.
    AcknowledgementAgainstHead {
        /// The acknowledgement.
        acknowledgement: Box<Signed<Acknowledgement>>,
        /// The head, of the same or a larger tree.
        head: Box<Signed<FeedHead>>,
        /// What the head has instead.
        ground: Gap,
    },
    /// The operator's word for a consent's last event, and an event that it denies.
    AttestationAgainstEvent {
        /// A [`Statement::StateAttestation`], or a [`Statement::Acknowledgement`] that names a consent.
        attestation: Box<Statement>,
        /// The event.
        event: Box<Event>,
    },
}

/// Where two trees differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The larger tree begins with another tree than the smaller one.
    Prefix {
        /// Root of the larger tree's first leaves, as many as the smaller one has.
        root: Hash,
        /// Consistency proof from that root to the larger tree; empty when both are of one size.
        consistency: Vec<Hash>,
    },
    /// They have two leaves at one place.
    Leaf {
        /// The place.
        index: u64,
        /// The leaf of each, in the order of the statements.
        leaves: [LeafProof; 2],
    },
}

/// Where two feeds differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedDifference {
    /// As any two trees.
    Tree(Difference),
    /// The second has fewer items although the log is as large or larger.
    Shrunk,
}

/// What a head has where an item was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gap {
    /// Nothing: the feed ends before.
    Missing,
    /// Another item.
    Swapped(LeafProof),
}

/// A leaf and its inclusion proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafProof {
    /// Its RFC 6962 hash.
    pub leaf_hash: Hash,
    /// From sibling to root.
    pub proof: Vec<Hash>,
}

/// The event that an attestation denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Another acknowledgement or attestation of the same consent names it.
    Stated(Statement),
    /// It is opened.
    Opened {
        /// The record, what opens its leaf, and where that is.
        opening: Opening,
        /// The tree that the proof leads to; without it, the attestation's own.
        view: Option<Statement>,
    },
}

/// A record in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Its place in the log.
    pub index: u64,
    /// Its salt.
    pub salt: Salt,
    /// Its canonical bytes.
    pub record: Vec<u8>,
    /// Inclusion proof, from sibling to root.
    pub proof: Vec<Hash>,
}

/// The kinds of misbehaviour, as files and reports name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// See [`Claim::Fork`].
    Fork,
    /// See [`Claim::FeedFork`].
    FeedFork,
    /// See [`Claim::AcknowledgementAgainstHead`].
    AcknowledgementAgainstHead,
    /// See [`Claim::AttestationAgainstEvent`].
    AttestationAgainstEvent,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Fork,
        Self::FeedFork,
        Self::AcknowledgementAgainstHead,
        Self::AttestationAgainstEvent,
    ];

    /// The value of the member `kind`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fork => "fork",
            Self::FeedFork => "feedFork",
            Self::AcknowledgementAgainstHead => "acknowledgementAgainstHead",
            Self::AttestationAgainstEvent => "attestationAgainstEvent",
        }
    }
}

impl Claim {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Fork { .. } => Kind::Fork,
            Self::FeedFork { .. } => Kind::FeedFork,
            Self::AcknowledgementAgainstHead { .. } => Kind::AcknowledgementAgainstHead,
            Self::AttestationAgainstEvent { .. } => Kind::AttestationAgainstEvent,
        }
    }

    /// What was signed, in the order of the file.
    #[must_use]
    pub fn statements(&self) -> Vec<Statement> {
        match self {
            Self::Fork { views, .. } => views.to_vec(),
            Self::FeedFork { heads, .. } => heads.iter().cloned().map(Statement::FeedHead).collect(),
            Self::AcknowledgementAgainstHead {
                acknowledgement, head, ..
            } => vec![
                Statement::Acknowledgement(acknowledgement.as_ref().clone()),
                Statement::FeedHead(head.as_ref().clone()),
            ],
            Self::AttestationAgainstEvent { attestation, event } => {
                let second = match event.as_ref() {
                    Event::Stated(statement) => Some(statement),
                    Event::Opened { view, .. } => view.as_ref(),
                };
                core::iter::once(attestation.as_ref()).chain(second).cloned().collect()
            }
        }
    }
}

/// What an acknowledgement or an attestation says of a consent: its last event below a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LastEvent {
    pub(super) consent: Digest,
    pub(super) index: u64,
    pub(super) digest: Digest,
    pub(super) size: u64,
    /// The fewest events that the consent can have below `size`: its grant is one, and another last event a second.
    pub(super) at_least: u64,
    /// How many it is said to have.
    pub(super) at_most: Option<u64>,
}

impl Statement {
    /// The log that it names; `None` for a note that is no checkpoint.
    #[must_use]
    pub fn origin(&self) -> Option<Origin> {
        match self {
            Self::Checkpoint(note) => note.lines().next()?.parse().ok(),
            Self::Acknowledgement(signed) => Some(signed.statement.origin.clone()),
            Self::StateAttestation(signed) => Some(signed.statement.origin.clone()),
            Self::FeedHead(signed) => Some(signed.statement.origin.clone()),
        }
    }

    /// The size of the tree that it names, whoever signed it; `None` for a note that is no checkpoint.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        Some(find::tree(self)?.size)
    }

    /// Its name for people.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Checkpoint(_) => "Checkpoint",
            Self::Acknowledgement(_) => "Acknowledgement",
            Self::StateAttestation(_) => "StateAttestation",
            Self::FeedHead(_) => "FeedHead",
        }
    }

    /// The controller whose feed it concerns.
    pub(super) const fn controller(&self) -> Option<&Did> {
        match self {
            Self::Acknowledgement(signed) => Some(&signed.statement.controller),
            Self::FeedHead(signed) => Some(&signed.statement.controller),
            Self::Checkpoint(_) | Self::StateAttestation(_) => None,
        }
    }

    /// What it says of a consent.
    pub(super) fn last_event(&self) -> Option<LastEvent> {
        match self {
            Self::Acknowledgement(signed) => {
                let said = &signed.statement;
                let (consent, digest) = (said.consent?, said.last_digest?);
                Some(LastEvent {
                    consent,
                    index: said.last_index?,
                    digest,
                    size: said.size,
                    at_least: if digest == consent { 1 } else { 2 },
                    at_most: None,
                })
            }
            Self::StateAttestation(signed) => {
                let said = &signed.statement;
                Some(LastEvent {
                    consent: said.consent,
                    index: said.last_index,
                    digest: said.last_digest,
                    size: said.size,
                    at_least: said.events,
                    at_most: Some(said.events),
                })
            }
            Self::Checkpoint(_) | Self::FeedHead(_) => None,
        }
    }
}
