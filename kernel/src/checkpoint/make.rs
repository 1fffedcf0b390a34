//! Signing of checkpoints, by the log and by cosigners.

use super::{Checkpoint, CheckpointError};
use crate::note::{KeyName, MAX_COSIGNATURE_TIME, SignatureType, VerifierKey, cosignature_message, signature_line};
use crate::sign::Signer;

/// The checkpoint as a note signed by its log: the text, a blank line and one signature line. Further lines, such
/// as those of [`cosign`], are appended as they are.
///
/// # Errors
/// [`CheckpointError::SignerKey`] if the signer has no usable Ed25519 key, [`CheckpointError::Sign`],
/// [`CheckpointError::SignerFault`].
pub fn sign_checkpoint(checkpoint: &Checkpoint, signer: &dyn Signer) -> Result<String, CheckpointError> {
    let text = checkpoint.to_string();
    let key = VerifierKey::of_signer(checkpoint.origin().into(), SignatureType::Ed25519, signer)?;
    let signature = sign(text.as_bytes(), &key, signer)?;
    let line = signature_line(key.name(), key.id(), &signature);
    Ok(format!("{text}\n{line}"))
}

/// The signature line, with its newline, of a cosigner that saw this checkpoint, and none larger, at `time`
/// (seconds since 1970). A public key must have one name only, since the signed message does not say it.
///
/// # Errors
/// [`CheckpointError::Time`] above [`MAX_COSIGNATURE_TIME`], and those of [`sign_checkpoint`].
pub fn cosign(
    checkpoint: &Checkpoint,
    name: &KeyName,
    time: u64,
    signer: &dyn Signer,
) -> Result<String, CheckpointError> {
    if time > MAX_COSIGNATURE_TIME {
        return Err(CheckpointError::Time(time));
    }
    let key = VerifierKey::of_signer(name.clone(), SignatureType::CosignatureV1, signer)?;
    let message = cosignature_message(time, &checkpoint.to_string());
    let mut signature = time.to_be_bytes().to_vec();
    signature.extend_from_slice(&sign(message.as_bytes(), &key, signer)?);
    Ok(signature_line(key.name(), key.id(), &signature))
}

/// Checks what the signer gave: a hardware fault during an Ed25519 signature reveals the key to whoever sees the
/// result, and a published checkpoint that fails cannot be taken back.
fn sign(message: &[u8], key: &VerifierKey, signer: &dyn Signer) -> Result<[u8; 64], CheckpointError> {
    let signature = signer.sign(message)?;
    key.verify_raw(message, &signature)
        .map_err(|_| CheckpointError::SignerFault {
            name: key.name().clone(),
            id: key.id(),
        })?;
    Ok(signature)
}
