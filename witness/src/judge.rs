//! What the specification has a witness decide, as pure functions over the kernel's checks.
//!
//! In scope: which refusal it is. Out of scope: signatures and proofs, which the kernel checks.

use placet_kernel::checkpoint::{Checkpoint, CheckpointError, CheckpointKeys, SignedCheckpoint};
use placet_kernel::merkle::{Hash, empty_root, verify_append};
use placet_kernel::note::{NoteError, UnverifiedNote};

use crate::error::Refusal;

/// The first line of a note that nobody has verified: good for finding the keys to verify it with, for nothing else.
pub(crate) fn claimed_origin(note: &[u8]) -> Result<String, Refusal> {
    let note = UnverifiedNote::parse(note).map_err(|error| Refusal::Checkpoint(error.into()))?;
    let first = note.unverified_text().split('\n').next();
    Ok(first.unwrap_or_default().to_owned())
}

/// Checks form and signatures of a checkpoint of a known log.
pub(crate) fn open(note: &[u8], keys: &CheckpointKeys) -> Result<SignedCheckpoint, Refusal> {
    SignedCheckpoint::open(note, keys).map_err(|error| match error {
        CheckpointError::EmptyRoot => signed_empty_root(note, keys),
        CheckpointError::NoLogSignature
        | CheckpointError::Note(
            NoteError::NoKnownSignature | NoteError::InvalidSignature { .. } | NoteError::AmbiguousKey { .. },
        ) => Refusal::Signature(error),
        other => Refusal::Checkpoint(other),
    })
}

/// Checks a signed checkpoint against the latest that was cosigned, which is the empty tree if none was.
///
/// The order is the specification's: whoever is behind learns the true size, whatever the proof is worth.
pub(crate) fn judge(held: Option<&Checkpoint>, old: u64, proof: &[Hash], new: &Checkpoint) -> Result<(), Refusal> {
    if old > new.size() {
        return Err(Refusal::OldBeyondNew { old, new: new.size() });
    }
    let (size, root) = held.map_or_else(|| (0, empty_root()), |held| (held.size(), held.root()));
    if old != size {
        return Err(Refusal::Conflict { size });
    }
    if held.is_some_and(|held| is_fork(held, new)) {
        return Err(Refusal::Fork { size });
    }
    Ok(verify_append(size, &root, new.size(), &new.root(), proof)?)
}

/// Two trees of one size: if a log has signed both, nothing else is needed to show that it forked.
pub(crate) fn is_fork(held: &Checkpoint, new: &Checkpoint) -> bool {
    held.size() == new.size() && held.root() != new.root()
}

/// A checkpoint of size 0 with a false root is 422 if its log signed it, and 403 if not.
fn signed_empty_root(note: &[u8], keys: &CheckpointKeys) -> Refusal {
    let keys: Vec<_> = keys.log_keys().cloned().collect();
    let opened = UnverifiedNote::parse(note).and_then(|note| note.open(&keys).map(|_| ()));
    match opened {
        Ok(()) => Refusal::EmptyRoot,
        Err(error) => Refusal::Signature(error.into()),
    }
}
