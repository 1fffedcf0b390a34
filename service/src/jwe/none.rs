//! A build without josekit.

use core::convert::Infallible;

use serde_json::Value;

use super::JweError;

/// There is none in this build.
#[derive(Debug)]
pub struct DecryptionKey(Infallible);

impl DecryptionKey {
    /// # Errors
    /// Always [`JweError::NotBuilt`].
    pub const fn generate(_name: &str) -> Result<Self, JweError> {
        Err(JweError::NotBuilt)
    }

    /// The public key, as others encrypt to it.
    #[must_use]
    pub const fn public(&self) -> Value {
        match self.0 {}
    }

    /// # Errors
    /// Never, since there is no key.
    pub const fn decrypt(&self, _token: &str) -> Result<Vec<u8>, JweError> {
        match self.0 {}
    }
}

/// # Errors
/// Always [`JweError::NotBuilt`].
pub const fn encrypt(_content: &[u8], _key: &Value, _encryption: &str) -> Result<String, JweError> {
    Err(JweError::NotBuilt)
}
