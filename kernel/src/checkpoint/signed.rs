//! Reading of signed checkpoints.

use super::{Checkpoint, CheckpointError, CheckpointKeys};
use crate::note::{KeyId, KeyName, Note, UnverifiedNote};

/// A checkpoint that its log has signed, with the cosignatures that hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    log_keys: Vec<KeyId>,
    cosignatures: Vec<Cosignature>,
    exact: String,
}

/// A cosigner's statement that at this time this was the largest consistent tree it had seen of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosignature {
    /// Name of the cosigner.
    pub name: KeyName,
    /// Id of its key.
    pub id: KeyId,
    /// The time, in seconds since 1970, at most 2^63 - 1.
    pub time: u64,
}

impl SignedCheckpoint {
    /// Checks a live checkpoint: signatures by unknown keys are skipped.
    ///
    /// # Errors
    /// [`CheckpointError`]; a known key's signature that fails refuses the whole checkpoint.
    pub fn open(note: &[u8], keys: &CheckpointKeys) -> Result<Self, CheckpointError> {
        let (note, checkpoint) = parse(note, keys)?;
        Self::from_note(checkpoint, &note.open(keys.all())?)
    }

    /// Checks a checkpoint in evidence: every signature must be by one of the keys, and none twice.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn open_exact(note: &[u8], keys: &CheckpointKeys) -> Result<Self, CheckpointError> {
        let (note, checkpoint) = parse(note, keys)?;
        Self::from_note(checkpoint, &note.open_exact(keys.all())?)
    }

    /// The tree head.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The ids of the log's keys that signed; at least one.
    pub fn log_keys(&self) -> &[KeyId] {
        &self.log_keys
    }

    /// The cosignatures, one for each cosigner's key, in the order of the note.
    pub fn cosignatures(&self) -> &[Cosignature] {
        &self.cosignatures
    }

    /// The note with the signatures that hold and no other; after [`SignedCheckpoint::open_exact`] the note as
    /// it was. It can be opened exactly with the same keys.
    pub fn exact_note(&self) -> &str {
        &self.exact
    }

    fn from_note(checkpoint: Checkpoint, note: &Note<'_>) -> Result<Self, CheckpointError> {
        let mut log_keys = Vec::new();
        let mut cosignatures = Vec::new();
        for signature in note.signatures() {
            let (name, id) = (signature.key().name(), signature.key().id());
            match signature.time() {
                Some(time) => cosignatures.push(Cosignature {
                    name: name.clone(),
                    id,
                    time,
                }),
                None => log_keys.push(id),
            }
        }
        if log_keys.is_empty() {
            return Err(CheckpointError::NoLogSignature);
        }
        Ok(Self {
            checkpoint,
            log_keys,
            cosignatures,
            exact: note.to_exact(),
        })
    }
}

/// The form is checked before any signature: it is cheaper, and a note that is no checkpoint of this log must not
/// be reported as one with bad signatures.
fn parse<'a>(note: &'a [u8], keys: &CheckpointKeys) -> Result<(UnverifiedNote<'a>, Checkpoint), CheckpointError> {
    let note = UnverifiedNote::parse(note)?;
    let checkpoint: Checkpoint = note.unverified_text().parse()?;
    if checkpoint.origin() != keys.origin() {
        return Err(CheckpointError::OtherOrigin);
    }
    Ok((note, checkpoint))
}
