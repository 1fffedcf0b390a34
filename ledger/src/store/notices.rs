//! Notices, stored by hash.

use std::collections::HashMap;

use placet_schemas::id::Digest;

use super::Store;
use crate::db::{bytes32, listed};
use crate::error::StoreError;

impl Store {
    /// Stores a notice. Storing it again changes nothing.
    pub(crate) async fn add_notice(&self, digest: &Digest, body: &[u8]) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO notices (digest, body) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(digest.as_bytes().as_slice())
            .bind(body)
            .execute(self.db.writer())
            .await?;
        Ok(())
    }

    /// Notices by digest.
    pub(crate) async fn notices_of(&self, digests: &[Digest]) -> Result<HashMap<Digest, Vec<u8>>, StoreError> {
        if digests.is_empty() {
            return Ok(HashMap::new());
        }
        let list = digests.iter().map(|digest| digest.as_bytes().as_slice());
        let mut query = listed("SELECT digest, body FROM notices WHERE digest IN (", list, ")");
        let rows: Vec<(Vec<u8>, Vec<u8>)> = query
            .build_query_as()
            .persistent(false)
            .fetch_all(self.db.reader())
            .await?;
        rows.into_iter()
            .map(|(digest, body)| Ok((Digest::from_bytes(bytes32(&digest, "digest")?), body)))
            .collect()
    }
}
