//! Whether what is signed is signed by a pinned key that is valid at its tree size. Bundles and misbehaviour files ask here.

use placet_schemas::id::Origin;
use placet_schemas::statement::Signed;
use placet_schemas::time::Timestamp;
use serde::Serialize;

use crate::checkpoint::{Checkpoint, CheckpointError, CheckpointKeys, SignedCheckpoint};
use crate::keys::{self, SignatureError};
use crate::note::{UnverifiedNote, VerifierKey};
use crate::trust::{Log, Times, Trust};

/// Opens a checkpoint in evidence: every line is by a key that counts at the checkpoint's size, one of them the log's own.
pub(crate) fn open_note(note: &str, origin: &Origin, trust: &Trust, log: &Log) -> Result<SignedCheckpoint, String> {
    let keys = keys_for(note, origin, trust, log)?;
    SignedCheckpoint::open_exact(note.as_bytes(), &keys).map_err(|e| e.to_string())
}

/// What a checkpoint says of itself. Nothing is verified.
pub(crate) fn claimed(note: &str) -> Result<Checkpoint, String> {
    let unverified = UnverifiedNote::parse(note.as_bytes()).map_err(|e| e.to_string())?;
    let text = unverified.unverified_text();
    text.parse().map_err(|e: CheckpointError| e.to_string())
}

/// The keys that count for a checkpoint at the size that it claims. The claimed size chooses the keys; under those keys it must
/// then be signed.
pub(crate) fn keys_for(note: &str, origin: &Origin, trust: &Trust, log: &Log) -> Result<CheckpointKeys, String> {
    let claimed = claimed(note)?;
    let own = log.cosigner_keys(claimed.size());
    let cosigners = own.chain(trust.witnesses().map(|(_, key)| key)).cloned().collect();
    let log_keys = log.checkpoint_keys(claimed.size()).cloned().collect();
    CheckpointKeys::new(origin.clone(), log_keys, cosigners).map_err(|e| e.to_string())
}

/// The times that the cosignatures of a checkpoint give it; `None` without a quorum.
pub(crate) fn times(signed: &SignedCheckpoint, trust: &Trust) -> Option<Times> {
    let mut cosigned = Vec::new();
    let mut own_cosigner = None;
    for cosignature in signed.cosignatures() {
        let Some(time) = Timestamp::from_unix(cosignature.time) else {
            continue;
        };
        let is_by = |key: &VerifierKey| *key.name() == cosignature.name && key.id() == cosignature.id;
        match trust.witnesses().find(|(_, key)| is_by(key)) {
            Some((name, _)) => cosigned.push((name, time)),
            None => own_cosigner = Some(own_cosigner.map_or(time, |earlier: Timestamp| earlier.min(time))),
        }
    }
    trust.times(&cosigned, own_cosigner)
}

/// Checks an operator's statement that speaks of a tree of `size` leaves; `None` when its signer is no operator of the log at
/// that size.
pub(crate) fn check_statement<T: Serialize>(
    signed: &Signed<T>,
    size: u64,
    log: &Log,
) -> Option<Result<(), SignatureError>> {
    let (_, key) = log.operator_keys(size).find(|(did, _)| *did == signed.signed_by)?;
    Some(keys::verify_statement(signed, key))
}
