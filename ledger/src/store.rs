//! The main database: one concrete store, with a named function per transaction or look-up.
//!
//! It keeps what others have judged, sealed and signed, and knows neither keys nor HTTP.

mod accesses;
mod audits;
mod batch;
mod consents;
mod cosignatures;
mod declines;
mod destructions;
mod fsck;
mod head;
mod invitations;
mod lookups;
mod notices;
mod requests;
mod tiles;
mod tokens;

use std::path::Path;

pub(crate) use accesses::{LineRow, LineWrite};
pub(crate) use audits::UseWrite;
pub(crate) use batch::{Batch, ConsentWrite, ControllerWrite, PublicWrite, RecordWrite, RequestWrite, SpentWrite};
pub(crate) use consents::{ConsentRow, RecordRow};
pub(crate) use cosignatures::{CosignatureWrite, Cosigned, minute};
pub(crate) use destructions::{DestructionFound, DestructionWrite};
pub(crate) use fsck::{CosignedRow, FsckRow};
pub(crate) use head::Seen;
pub(crate) use invitations::InvitationRow;
pub(crate) use lookups::{ControllerFound, RequestFound};
pub(crate) use tokens::TokenFound;

use crate::db::Db;
use crate::error::OpenError;

const MIGRATIONS: [(i64, &str); 7] = [
    (1, include_str!("../migrations/main/0001_ledger.sql")),
    (2, include_str!("../migrations/main/0002_audits.sql")),
    (3, include_str!("../migrations/main/0003_witnesses.sql")),
    (4, include_str!("../migrations/main/0004_destructions.sql")),
    (5, include_str!("../migrations/main/0005_received.sql")),
    (6, include_str!("../migrations/main/0006_access.sql")),
    (7, include_str!("../migrations/main/0007_declines.sql")),
];

/// The main database.
pub(crate) struct Store {
    db: Db,
    tiles: tiles::Cache,
}

impl Store {
    /// Opens the database in `dir`.
    pub(crate) async fn open(dir: &Path) -> Result<Self, OpenError> {
        Ok(Self {
            db: Db::open(&dir.join("main.db"), &MIGRATIONS).await?,
            tiles: tiles::Cache::default(),
        })
    }

    /// Opens the database in `dir` for reading alone. Its schema must be up to date.
    pub(crate) async fn open_to_read(dir: &Path) -> Result<Self, OpenError> {
        Ok(Self {
            db: Db::open_to_read(&dir.join("main.db"), MIGRATIONS.len()).await?,
            tiles: tiles::Cache::default(),
        })
    }

    /// Closes the database.
    pub(crate) async fn close(&self) {
        self.db.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn withdrawals_that_wait_are_not_lost_by_a_newer_release() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("main.db");
        let before = Db::open(&path, &MIGRATIONS[..4]).await.unwrap();
        let row = "INSERT INTO received (blind, time, record) VALUES (X'00', 1, X'00')";
        sqlx::query(row).execute(before.writer()).await.unwrap();
        before.close().await;
        assert!(Store::open(dir.path()).await.is_err());
        let before = Db::open(&path, &MIGRATIONS[..4]).await.unwrap();
        let gone = sqlx::query("DELETE FROM received")
            .execute(before.writer())
            .await
            .unwrap();
        assert_eq!(gone.rows_affected(), 1);
        before.close().await;
        Store::open(dir.path()).await.unwrap().close().await;
    }
}
