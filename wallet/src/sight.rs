//! What a wallet has seen of a log: one signed checkpoint, the largest that it knows to be consistent.
//!
//! It goes into every record as the anchor, and every later checkpoint is held against it. So a log that shows two people
//! two histories must either keep them apart for ever or leave two signed notes that contradict each other.

use placet_kernel::checkpoint::{CheckpointError, SignedCheckpoint};
use placet_kernel::merkle::{self, Hash, MerkleError};
use placet_schemas::id::Digest;
use placet_schemas::record::consent::Anchor;

use crate::acknowledgement::LogTrust;

/// The largest checkpoint that is known to be consistent with all that were seen before it; at first, none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sight {
    seen: Option<SignedCheckpoint>,
}

/// How a tree head stands to the one seen last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Nothing was seen before, or only the empty tree: any head is consistent with that.
    First,
    /// The same tree.
    Same,
    /// A larger tree: whether it continues the one seen is for [`Sight::advance`] to check.
    Newer,
    /// A smaller tree. An honest log answers so when a record is posted again after newer heads were seen: the first
    /// answer is given once more. Whether it is a part of the tree seen is for [`Sight::includes`] to check.
    Older,
}

/// Two notes, signed by one log, for two trees of one size: proof of misbehaviour, to be kept and shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    /// The size of both.
    pub size: u64,
    /// The note that was seen before.
    pub seen: String,
    /// The note that contradicts it.
    pub offered: String,
}

/// Why a tree head is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SightError {
    /// The log has signed two trees of one size.
    #[error("the log has signed two different trees of size {}", .0.size)]
    Fork(Box<Fork>),
    /// The proof does not show that one tree continues the other. Nothing signs a proof: ask again, and if no proof ever
    /// holds, the two notes are the hint to keep.
    #[error("no proof that the tree of size {larger} continues the one of size {smaller}: {error}")]
    Unproved {
        /// Size of the smaller tree.
        smaller: u64,
        /// Size of the larger tree.
        larger: u64,
        /// What is wrong with the proof.
        error: MerkleError,
    },
}

impl SightError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Fork(_) => "log_fork",
            Self::Unproved { .. } => "log_inconsistent",
        }
    }
}

impl Sight {
    /// What was stored with [`Sight::note`], checked anew; no trust is put into the place where it was stored.
    ///
    /// # Errors
    /// When the note is not a checkpoint that the log signed.
    pub fn restore(note: &str, trust: &LogTrust) -> Result<Self, CheckpointError> {
        Ok(Self {
            seen: Some(SignedCheckpoint::open(note.as_bytes(), trust.checkpoint_keys())?),
        })
    }

    /// The note to store; `None` when nothing was seen yet.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        self.seen.as_ref().map(SignedCheckpoint::exact_note)
    }

    /// What a record says of it: size and root, `{0, SHA-256("")}` when nothing was seen yet.
    #[must_use]
    pub fn anchor(&self) -> Anchor {
        let (size, root) = self.tree();
        Anchor {
            size,
            root: Digest::from_bytes(root.into()),
        }
    }

    /// How a head stands to this one.
    ///
    /// # Errors
    /// [`Fork`] when both are of one size and different.
    pub fn compare(&self, head: &SignedCheckpoint) -> Result<Order, Fork> {
        let Some(seen) = &self.seen else {
            return Ok(Order::First);
        };
        let (size, root) = self.tree();
        let offered = head.checkpoint();
        match offered.size().cmp(&size) {
            core::cmp::Ordering::Less => Ok(Order::Older),
            core::cmp::Ordering::Equal if offered.root() == root => Ok(Order::Same),
            core::cmp::Ordering::Equal => Err(Fork {
                size,
                seen: seen.exact_note().to_owned(),
                offered: head.exact_note().to_owned(),
            }),
            core::cmp::Ordering::Greater if size == 0 => Ok(Order::First),
            core::cmp::Ordering::Greater => Ok(Order::Newer),
        }
    }

    /// Moves on to `head`, with the consistency proof (RFC 6962 section 2.1.2) from the tree that was seen; it is empty
    /// when nothing was seen or the tree is the same. An older head is checked and not moved to.
    ///
    /// # Errors
    /// [`SightError`]; then nothing has changed.
    pub fn advance(&mut self, head: SignedCheckpoint, consistency: &[Hash]) -> Result<Order, SightError> {
        let order = self.includes(&head, consistency)?;
        if order != Order::Older {
            self.seen = Some(head);
        }
        Ok(order)
    }

    /// Checks that `head` and what was seen are heads of one growing tree, by the consistency proof from the smaller to
    /// the larger.
    ///
    /// # Errors
    /// [`SightError`].
    pub fn includes(&self, head: &SignedCheckpoint, consistency: &[Hash]) -> Result<Order, SightError> {
        let order = self.compare(head).map_err(|fork| SightError::Fork(Box::new(fork)))?;
        let seen = self.tree();
        let offered = (head.checkpoint().size(), head.checkpoint().root());
        let ((smaller, old_root), (larger, new_root)) = if order == Order::Older {
            (offered, seen)
        } else {
            (seen, offered)
        };
        merkle::verify_append(smaller, &old_root, larger, &new_root, consistency)
            .map_err(|error| SightError::Unproved { smaller, larger, error })?;
        Ok(order)
    }

    fn tree(&self) -> (u64, Hash) {
        let seen = self.seen.as_ref().map(SignedCheckpoint::checkpoint);
        seen.map_or_else(|| (0, merkle::empty_root()), |tree| (tree.size(), tree.root()))
    }
}
