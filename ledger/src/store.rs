//! The main database: one concrete store, with a named function per transaction or look-up.
//!
//! It keeps what others have judged, sealed and signed, and knows neither keys nor HTTP.

mod audits;
mod batch;
mod consents;
mod cosignatures;
mod destructions;
mod fsck;
mod head;
mod invitations;
mod lookups;
mod notices;
mod received;
mod requests;
mod tiles;
mod tokens;

use std::path::Path;

pub(crate) use audits::UseWrite;
pub(crate) use batch::{Batch, ConsentWrite, ControllerWrite, PublicWrite, RecordWrite, RequestWrite, SpentWrite};
pub(crate) use consents::{ConsentRow, RecordRow};
pub(crate) use cosignatures::{CosignatureWrite, Cosigned, minute};
pub(crate) use destructions::{DestructionFound, DestructionWrite};
pub(crate) use fsck::{CosignedRow, FsckRow};
pub(crate) use head::Seen;
pub(crate) use invitations::InvitationRow;
pub(crate) use lookups::{ControllerFound, RequestFound};
pub(crate) use received::ReceivedRow;
pub(crate) use tokens::TokenFound;

use crate::db::Db;
use crate::error::OpenError;

const MIGRATIONS: [(i64, &str); 4] = [
    (1, include_str!("../migrations/main/0001_ledger.sql")),
    (2, include_str!("../migrations/main/0002_audits.sql")),
    (3, include_str!("../migrations/main/0003_witnesses.sql")),
    (4, include_str!("../migrations/main/0004_destructions.sql")),
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
