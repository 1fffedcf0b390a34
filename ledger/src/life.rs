//! A consent between two events: its state, which is sealed at rest.

use std::sync::Arc;

use placet_schemas::id::Digest;
use placet_schemas::json;
use placet_schemas::lifecycle::State;

use crate::crypto::{Purpose, RecordSecret};
use crate::error::StoreError;
use crate::store::{ConsentRow, ConsentWrite};

/// Most events of one consent before the one that ends it. The lifecycle bounds narrowings and renewals; this bounds erasure
/// requests too, so that a consent's view and its evidence are always whole.
pub(crate) const MAX_EVENTS: usize = 1024;
/// Largest stored state of a consent: a scope is part of a record of 64 KiB, and a chain has at most 256 digests.
const MAX_STATE_BYTES: usize = 256 * 1024;

/// A consent as the batch leaves it.
pub(crate) struct Life {
    pub(crate) grant: u64,
    pub(crate) controller: u64,
    pub(crate) state: State,
    /// Its last event. Everything that is loaded is about to get one in this batch.
    pub(crate) last: (u64, Digest),
    /// How many events it has.
    pub(crate) events: u64,
    /// The day on which to look whether it is to be destroyed.
    pub(crate) due: u64,
    pub(crate) secret: Arc<RecordSecret>,
    pub(crate) touched: bool,
}

impl Life {
    /// The consent as it is stored.
    pub(crate) fn open(row: &ConsentRow, secret: &Arc<RecordSecret>) -> Result<Self, StoreError> {
        let state = open_state(secret, row.last, &row.state)?;
        Ok(Self {
            grant: row.grant,
            controller: row.controller,
            last: (row.last, state.consent),
            events: row.events,
            due: row.due,
            state,
            secret: Arc::clone(secret),
            touched: false,
        })
    }

    /// The row to be stored.
    pub(crate) fn seal(self) -> Result<ConsentWrite, StoreError> {
        let (last, _) = self.last;
        let state = self.secret.seal(Purpose::State { last }, &json::to_jcs(&self.state)?)?;
        Ok(ConsentWrite {
            grant: self.grant,
            controller: self.controller,
            last,
            events: self.events,
            due: self.due,
            state,
        })
    }
}

/// Opens the stored state of a consent.
pub(crate) fn open_state(secret: &RecordSecret, last: u64, sealed: &[u8]) -> Result<State, StoreError> {
    let bytes = secret.open(Purpose::State { last }, sealed)?;
    let document = json::parse(&bytes, MAX_STATE_BYTES).map_err(|_| StoreError::Corrupt("consent"))?;
    json::decode(document.root()).map_err(|_| StoreError::Corrupt("consent"))
}
