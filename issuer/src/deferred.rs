//! Receipts that wait until the issuer knows again what is in force (OpenID4VCI section 9). The wallet's proofs were judged when
//! it asked; whether there is a receipt, and for whom, is judged when it is given.

use placet_kernel::keys::PublicKey;

use crate::error::StoreError;
use crate::issuer::Inner;
use crate::offers::{hash, secret};
use crate::store::Deferred;

/// After how many seconds a wallet asks again.
pub const DEFERRED_INTERVAL_SECONDS: u64 = 5;
/// Most that wait for one access token.
pub const MAX_DEFERRED: u64 = 8;

impl Inner {
    /// Keeps what is asked for; gives the transaction's id, or nothing when too much waits.
    pub(crate) async fn defer(
        &self,
        token: &str,
        configuration: &str,
        keys: &[PublicKey],
    ) -> Result<Option<String>, StoreError> {
        let id = secret()?;
        let deferred = Deferred {
            configuration: configuration.to_owned(),
            keys: keys.iter().map(PublicKey::to_did).collect(),
        };
        let kept = self
            .store
            .defer(&hash(&id), &hash(token), &deferred, MAX_DEFERRED)
            .await?;
        Ok(kept.then_some(id))
    }

    /// What the holder of this token waits for under this id.
    pub(crate) async fn deferred(&self, id: &str, token: &str) -> Result<Option<(String, Vec<PublicKey>)>, StoreError> {
        let Some(Deferred { configuration, keys }) = self.store.deferred(&hash(id), &hash(token)).await? else {
            return Ok(None);
        };
        let keys: Result<Vec<PublicKey>, _> = keys.iter().map(PublicKey::from_did).collect();
        let keys = keys.map_err(|_| StoreError::Corrupt("a holder's DID is no key"))?;
        Ok(Some((configuration, keys)))
    }

    /// Ends a transaction; whether it had not ended before.
    pub(crate) async fn end_deferred(&self, id: &str) -> Result<bool, StoreError> {
        self.store.end_deferred(&hash(id)).await
    }
}
