//! The main database: one concrete store, with a named function per transaction or look-up.
//!
//! It keeps what others have judged, sealed and signed, and knows neither keys nor HTTP.

mod audits;
mod batch;
mod consents;
mod destructions;
mod head;
mod invitations;
mod lookups;
mod notices;
mod requests;
mod tiles;
mod tokens;

use std::path::Path;

pub(crate) use audits::UseWrite;
pub(crate) use batch::{Batch, ConsentWrite, ControllerWrite, PublicWrite, RecordWrite, RequestWrite, SpentWrite};
pub(crate) use consents::{ConsentRow, RecordRow};
pub(crate) use destructions::{DestructionFound, DestructionWrite};
pub(crate) use head::Seen;
pub(crate) use invitations::InvitationRow;
pub(crate) use lookups::{ControllerFound, RequestFound};
pub(crate) use tokens::TokenFound;

use crate::db::Db;
use crate::error::OpenError;

const MIGRATIONS: [(i64, &str); 3] = [
    (1, include_str!("../migrations/main/0001_ledger.sql")),
    (2, include_str!("../migrations/main/0002_audits.sql")),
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

    /// Closes the database.
    pub(crate) async fn close(&self) {
        self.db.close().await;
    }
}
