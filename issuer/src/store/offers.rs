//! Offers and what they were redeemed for. Codes and tokens are kept by their hash alone.
//!
//! They are written without waiting for the disk: what dies with the machine in those moments is an offer that is asked for
//! again, or that a code was redeemed. Who redeems it once more still needs the transaction code, and a key that may hold the
//! receipt. A process that dies loses nothing.

use placet_schemas::id::{Did, Digest};
use placet_schemas::time::Timestamp;

use super::{Store, WRITE, digest_of, int, uint};
use crate::error::StoreError;

/// Whose receipt of which consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) consent: Digest,
    pub(crate) holder: Did,
}

/// What became of a code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Redeemed {
    /// It is redeemed, and cannot be again.
    Token,
    /// There is no such code, it was redeemed, it has expired, or was tried too often.
    Unknown,
    /// The transaction code is wrong, or missing.
    WrongTxCode,
}

impl Store {
    /// Keeps an offer; those that have expired go.
    pub(crate) async fn offer(
        &self,
        code: &Digest,
        grant: &Grant,
        tx_code: Option<&Digest>,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.brief.begin_with(WRITE).await?;
        for stale in [
            "DELETE FROM offers WHERE expires <= $1",
            "DELETE FROM access WHERE expires <= $1",
        ] {
            sqlx::query(stale).bind(int(now.unix())).execute(&mut *tx).await?;
        }
        sqlx::query(
            "INSERT INTO offers (code, consent, holder, tx_code, tries, expires) VALUES ($1, $2, $3, $4, 0, $5)",
        )
        .bind(code.as_bytes().as_slice())
        .bind(grant.consent.as_bytes().as_slice())
        .bind(grant.holder.as_str())
        .bind(tx_code.map(|code| code.as_bytes().to_vec()))
        .bind(int(expires.unix()))
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// Redeems a code for a token, once. A wrong transaction code is counted; with `max_tries` of them the offer is void.
    pub(crate) async fn redeem(
        &self,
        code: &Digest,
        tx_code: Option<&Digest>,
        max_tries: u32,
        (token, expires): (&Digest, Timestamp),
        now: Timestamp,
    ) -> Result<Redeemed, StoreError> {
        type Row = (Vec<u8>, String, Option<Vec<u8>>, i64, i64);
        let mut tx = self.brief.begin_with(WRITE).await?;
        let row: Option<Row> =
            sqlx::query_as("SELECT consent, holder, tx_code, tries, expires FROM offers WHERE code = $1")
                .bind(code.as_bytes().as_slice())
                .fetch_optional(&mut *tx)
                .await?;
        let Some((consent, holder, wanted, tries, until)) = row else {
            return Ok(Redeemed::Unknown);
        };
        if uint(until)? <= now.unix() {
            return Ok(Redeemed::Unknown);
        }
        // Hashes are compared: how long that takes tells nothing about the code.
        let given = tx_code.map(|code| code.as_bytes().to_vec());
        if wanted != given {
            let is_last = tries + 1 >= i64::from(max_tries);
            let count = match is_last {
                true => "DELETE FROM offers WHERE code = $1",
                false => "UPDATE offers SET tries = tries + 1 WHERE code = $1",
            };
            sqlx::query(count)
                .bind(code.as_bytes().as_slice())
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            return Ok(Redeemed::WrongTxCode);
        }
        sqlx::query("DELETE FROM offers WHERE code = $1")
            .bind(code.as_bytes().as_slice())
            .execute(&mut *tx)
            .await?;
        sqlx::query("INSERT INTO access (token, consent, holder, expires) VALUES ($1, $2, $3, $4)")
            .bind(token.as_bytes().as_slice())
            .bind(consent)
            .bind(holder)
            .bind(int(expires.unix()))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(Redeemed::Token)
    }

    /// What a token is for, while it lives.
    pub(crate) async fn access(&self, token: &Digest, now: Timestamp) -> Result<Option<Grant>, StoreError> {
        let row: Option<(Vec<u8>, String, i64)> =
            sqlx::query_as("SELECT consent, holder, expires FROM access WHERE token = $1")
                .bind(token.as_bytes().as_slice())
                .fetch_optional(&self.brief)
                .await?;
        let Some((consent, holder, expires)) = row else {
            return Ok(None);
        };
        if uint(expires)? <= now.unix() {
            return Ok(None);
        }
        Ok(Some(Grant {
            consent: digest_of(&consent)?,
            holder: holder.parse().map_err(|_| StoreError::Corrupt("a holder is no DID"))?,
        }))
    }
}
