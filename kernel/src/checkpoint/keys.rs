//! Whose signatures count under a checkpoint.

use placet_schemas::id::Origin;

use crate::note::{KeyName, SignatureType, VerifierKey};

/// The keys of one log and of its cosigners, checked so that nobody counts twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointKeys {
    origin: Origin,
    keys: Vec<VerifierKey>,
}

/// Why keys cannot be trusted together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointKeysError {
    /// There is no key of the log.
    #[error("no key of the log")]
    NoLogKey,
    /// A key of the log has another name than the origin.
    #[error("the log key {0} has another name than the log")]
    LogKeyName(KeyName),
    /// A key of the log is not of type 0x01, or a cosigner's not of type 0x04.
    #[error("the key {0} has the wrong signature type")]
    SignatureType(KeyName),
    /// One public key appears twice.
    #[error("the key of {0} is used twice")]
    SharedKey(KeyName),
}

impl CheckpointKeysError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoLogKey => "checkpoint_keys_no_log_key",
            Self::LogKeyName(_) => "checkpoint_keys_log_key_name",
            Self::SignatureType(_) => "checkpoint_keys_signature_type",
            Self::SharedKey(_) => "checkpoint_keys_shared_key",
        }
    }
}

impl CheckpointKeys {
    /// The keys of type 0x01 of a log, at least one, and those of type 0x04 of its cosigners.
    ///
    /// # Errors
    /// [`CheckpointKeysError`].
    pub fn new(
        origin: Origin,
        log: Vec<VerifierKey>,
        cosigners: Vec<VerifierKey>,
    ) -> Result<Self, CheckpointKeysError> {
        if log.is_empty() {
            return Err(CheckpointKeysError::NoLogKey);
        }
        if let Some(other) = log.iter().find(|key| key.name().as_str() != origin.as_str()) {
            return Err(CheckpointKeysError::LogKeyName(other.name().clone()));
        }
        let typed = log.iter().map(|key| (key, SignatureType::Ed25519));
        let typed = typed.chain(cosigners.iter().map(|key| (key, SignatureType::CosignatureV1)));
        for (key, wanted) in typed {
            if key.signature_type() != wanted {
                return Err(CheckpointKeysError::SignatureType(key.name().clone()));
            }
        }
        let mut keys = log;
        keys.extend(cosigners);
        // The cosigned message does not name the cosigner, so one signature fits every name that its key has:
        // two names for one key would make one cosigner a quorum of two.
        for (position, key) in keys.iter().enumerate() {
            if keys[..position]
                .iter()
                .any(|earlier| earlier.key_bytes() == key.key_bytes())
            {
                return Err(CheckpointKeysError::SharedKey(key.name().clone()));
            }
        }
        Ok(Self { origin, keys })
    }

    /// The log.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The keys of the log.
    pub fn log_keys(&self) -> impl Iterator<Item = &VerifierKey> {
        self.of_type(SignatureType::Ed25519)
    }

    /// The keys of the cosigners.
    pub fn cosigners(&self) -> impl Iterator<Item = &VerifierKey> {
        self.of_type(SignatureType::CosignatureV1)
    }

    pub(super) fn all(&self) -> &[VerifierKey] {
        &self.keys
    }

    fn of_type(&self, wanted: SignatureType) -> impl Iterator<Item = &VerifierKey> {
        self.keys.iter().filter(move |key| key.signature_type() == wanted)
    }
}
