//! What witnesses have cosigned.

use std::collections::BTreeSet;

use placet_schemas::time::Timestamp;

use super::Store;
use super::tokens::time as time_of;
use crate::db::{int, listed, uint};
use crate::error::StoreError;

/// Cosignatures that are looked at in search of a size that as many witnesses as possible have cosigned. With one call a
/// second to each, sizes that all of them cosigned are never far apart.
const LOOKED_AT: i64 = 256;
const SECONDS_PER_MINUTE: u64 = 60;

/// A cosignature that was just given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CosignatureWrite<'a> {
    pub(crate) size: u64,
    pub(crate) witness: &'a str,
    pub(crate) time: Timestamp,
    /// With its line feed.
    pub(crate) line: &'a str,
}

/// Which cosignatures count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cosigned {
    /// Given at or before this moment; of a witness's, the first.
    By(Timestamp),
    /// Given at or after this moment; of a witness's, the first.
    Since(Timestamp),
    /// Of a witness's, the first.
    First,
    /// Of a witness's, the last.
    Last,
}

/// The first (`MIN`) or last (`MAX`) line of each witness under a size, within two times.
macro_rules! lines {
    ($end:literal) => {
        concat!(
            "SELECT c.witness, c.line FROM cosignatures c JOIN (SELECT witness, ",
            $end,
            "(time) AS at FROM cosignatures WHERE size = $1 AND time >= $2 AND time <= $3 GROUP BY witness) m \
             ON m.witness = c.witness AND m.at = c.time WHERE c.size = $1 ORDER BY c.witness, c.slot"
        )
    };
}

impl Store {
    /// Keeps a cosignature: the first of its size for good, of the later ones the last of each minute.
    pub(crate) async fn add_cosignature(&self, given: &CosignatureWrite<'_>) -> Result<(), StoreError> {
        let (size, time) = (int(given.size), int(given.time.unix()));
        let mut tx = self.db.writer().begin().await?;
        let first = sqlx::query(
            "INSERT INTO cosignatures (size, witness, slot, time, line) VALUES ($1, $2, 0, $3, $4) ON CONFLICT DO NOTHING",
        );
        let first = first.bind(size).bind(given.witness).bind(time).bind(given.line);
        if first.execute(&mut *tx).await?.rows_affected() == 0 {
            let later = sqlx::query(
                "INSERT INTO cosignatures (size, witness, slot, time, line) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (size, witness, slot) DO UPDATE SET time = excluded.time, line = excluded.line \
                 WHERE excluded.time >= cosignatures.time",
            );
            let minute = int(minute(given.time));
            let later = later
                .bind(size)
                .bind(given.witness)
                .bind(minute)
                .bind(time)
                .bind(given.line);
            later.execute(&mut *tx).await?;
        }
        Ok(tx.commit().await?)
    }

    /// When the last of the witnesses signed a tree of this size for the first time.
    pub(crate) async fn cosigned_at(&self, size: u64) -> Result<Option<Timestamp>, StoreError> {
        let time: Option<i64> = sqlx::query_scalar("SELECT MAX(time) FROM cosignatures WHERE slot = 0 AND size = $1")
            .bind(int(size))
            .fetch_one(self.db.reader())
            .await?;
        time.map(time_of).transpose()
    }

    /// The latest time, by `now`, at which one of these witnesses signed anything. A witness whose clock runs ahead says
    /// nothing until that time has come.
    pub(crate) async fn last_cosigned_by(
        &self,
        witnesses: &[&str],
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let before = "SELECT time FROM cosignatures WHERE witness IN (";
        let mut query = listed(before, witnesses.iter().copied(), ") AND time <= ");
        query.push_bind(int(now.unix())).push(" ORDER BY time DESC LIMIT 1");
        let time: Option<i64> = query
            .build_query_scalar()
            .persistent(false)
            .fetch_optional(self.db.reader())
            .await?;
        time.map(time_of).transpose()
    }

    /// The largest tree that a witness cosigned; 0 if none.
    pub(crate) async fn cosigned_size(&self, witness: &str) -> Result<u64, StoreError> {
        let size: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(size), 0) FROM cosignatures WHERE witness = $1")
            .bind(witness)
            .fetch_one(self.db.reader())
            .await?;
        uint(size)
    }

    /// The smallest trees of at least `size` leaves that one, and that as many as possible, have cosigned.
    pub(crate) async fn cosigned_from(&self, size: u64) -> Result<Vec<u64>, StoreError> {
        let query = "SELECT size, witness FROM cosignatures WHERE slot = 0 AND size >= $1 ORDER BY size LIMIT $2";
        self.sizes(query, size).await
    }

    /// The largest trees of at least `size` leaves that one, and that as many as possible, have cosigned.
    pub(crate) async fn cosigned_last(&self, size: u64) -> Result<Vec<u64>, StoreError> {
        let query = "SELECT size, witness FROM cosignatures WHERE slot = 0 AND size >= $1 ORDER BY size DESC LIMIT $2";
        self.sizes(query, size).await
    }

    /// The largest trees that one, and that as many as possible, had cosigned by a moment.
    pub(crate) async fn cosigned_by(&self, moment: Timestamp) -> Result<Vec<u64>, StoreError> {
        let query = "SELECT size, witness FROM cosignatures WHERE time <= $1 ORDER BY time DESC, size DESC LIMIT $2";
        self.sizes(query, moment.unix()).await
    }

    /// The smallest trees that one, and that as many as possible, have cosigned since a moment.
    pub(crate) async fn cosigned_since(&self, moment: Timestamp) -> Result<Vec<u64>, StoreError> {
        let query = "SELECT size, witness FROM cosignatures WHERE time >= $1 ORDER BY time, size LIMIT $2";
        self.sizes(query, moment.unix()).await
    }

    /// The signature lines under the checkpoint of a size, one for each witness.
    pub(crate) async fn cosignature_lines(&self, size: u64, which: Cosigned) -> Result<String, StoreError> {
        let (query, from, to) = match which {
            Cosigned::First => (lines!("MIN"), 0, i64::MAX),
            Cosigned::Last => (lines!("MAX"), 0, i64::MAX),
            Cosigned::By(moment) => (lines!("MIN"), 0, int(moment.unix())),
            Cosigned::Since(moment) => (lines!("MIN"), int(moment.unix()), i64::MAX),
        };
        let mut rows: Vec<(String, String)> = sqlx::query_as(query)
            .bind(int(size))
            .bind(from)
            .bind(to)
            .fetch_all(self.db.reader())
            .await?;
        // Two rows of one second hold the same line.
        rows.dedup_by(|later, earlier| later.0 == earlier.0);
        Ok(rows.into_iter().map(|(_, line)| line).collect())
    }

    /// Of the sizes of some cosignatures, the first, and the first of those that most witnesses gave.
    async fn sizes(&self, query: &'static str, bound: u64) -> Result<Vec<u64>, StoreError> {
        let rows: Vec<(i64, String)> = sqlx::query_as(query)
            .bind(int(bound))
            .bind(LOOKED_AT)
            .fetch_all(self.db.reader())
            .await?;
        // In the order of the query. A witness counts once, however often it signed a size.
        let mut signed: Vec<(i64, BTreeSet<String>)> = Vec::new();
        for (size, witness) in rows {
            match signed.iter_mut().find(|(counted, _)| *counted == size) {
                Some((_, by)) => drop(by.insert(witness)),
                None => signed.push((size, BTreeSet::from([witness]))),
            }
        }
        let counts: Vec<(i64, usize)> = signed.into_iter().map(|(size, by)| (size, by.len())).collect();
        let most = counts.iter().map(|(_, count)| *count).max();
        let first = counts.first();
        let best = counts.iter().find(|(_, count)| Some(*count) == most);
        let mut sizes: Vec<i64> = first.into_iter().chain(best).map(|(size, _)| *size).collect();
        sizes.dedup();
        sizes.into_iter().map(uint).collect()
    }
}

/// The slot of a later cosignature of this time.
pub(crate) fn minute(time: Timestamp) -> u64 {
    // 0 is for the first.
    (time.unix() / SECONDS_PER_MINUTE).max(1)
}
