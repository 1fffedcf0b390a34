//! The ledger of Placet: it appends what people and brands have signed, proves that it did, and publishes the proof.
//!
//! In scope: the order of records and the one point at which they become part of it ([`Ledger::submit`]); what may follow
//! what, by asking the kernel and `placet_schemas::lifecycle`; answers that are signed, provable and the same for ever;
//! the public log as C2SP tlog-tiles; what the two parties of a consent may read; the HTTP interface ([`http`]).
//! Out of scope: judging evidence (`placet-kernel`), building a person's records (`placet-wallet`), and everything that
//! follows the log (receipts, decisions, erasure jobs), which reads its feed.
//!
//! # How a record gets in
//!
//! ```text
//! caller's task    parse, check by itself, salt, seal            arrive.rs
//! writer           gather facts, judge in order, sign             facts.rs, judge.rs, plan.rs
//!                  keyring durable, MAIN TRANSACTION, head file   commit.rs
//!                  answer
//! publisher        tiles, then the checkpoint                     commit.rs, files.rs
//! ```
//!
//! # What a crash means
//!
//! | after | a crash leaves | the next start |
//! |---|---|---|
//! | arrival, judging, signing | nothing | nothing to do |
//! | [`Step::Keyring`] | keys of records that do not exist | sweeps them |
//! | [`Step::Main`] | records that nobody was told of | publishes them; the same bytes sent again get the stored answer |
//! | [`Step::HeadFile`] | the same, and a rollback can be seen | the same |
//! | [`Step::Answer`] | callers who know, and a public log that is late | publishes |
//! | [`Step::Tiles`] | tiles that no checkpoint needs yet | renders the same bytes again, publishes |
//! | [`Step::Publish`] | nothing undone | nothing to do |
//! | [`Step::DestroyKeys`] | sealed texts that nothing opens | goes on: `destroy.rs` |
//! | [`Step::DestroyTexts`] | old pages in the files | goes on |
//! | [`Step::ClearFiles`] | nothing undone, unless it was not written down | clears once more |
//! | [`Step::CopyMain`] to [`Step::NameMain`] | a file that is no copy, or one without its keyring | nothing to do: the node has no part in it |
//!
//! The line of the commit point is in `commit.rs`, in the function `commit`. A [`Watcher`] can make any step fail or the
//! process die at it; the tests do so at each.
//!
//! # What is where
//!
//! `main.db` holds records, answers and states, each sealed with a key of its own, and what is public. `keyring.db` holds
//! those keys, wrapped, and every personal look-up, blinded. Either is worthless without the other; `kek.key` opens the
//! keyring. `log/` holds what everybody may read. See `migrations/` for the tables.

mod accesses;
mod arrive;
mod audit;
mod backup;
mod clock;
mod commit;
mod crypto;
mod db;
mod declines;
mod destroy;
mod error;
mod evidence;
mod facts;
mod feeds;
mod files;
mod flight;
mod fsck;
pub mod http;
mod judge;
mod keyring;
mod keys;
mod known;
mod ledger;
mod life;
mod node;
mod order;
pub mod outgoing;
mod page;
mod plan;
mod pulse;
mod reads;
mod received;
mod recover;
mod requests;
mod sequencer;
mod speak;
mod step;
mod store;
mod tokens;
mod traces;
mod tree;
mod witnessed;
mod witnesses;

pub use audit::{Auditor, Openings};
pub use backup::{Copied, KEYRING_DATABASE, MAIN_DATABASE, Restored, backup, backup_watched, inspect_restored};
pub use clock::{Clock, SystemClock};
pub use crypto::SealError;
pub use declines::Decline;
pub use error::{OpenError, StoreError, SubmitError};
pub use evidence::EvidenceError;
pub use fsck::{FsckFinding, FsckReport, MAX_FINDINGS, Published, Weight, fsck};
pub use keys::{KeyEncryptionKey, KeyFileError, Keys, SoftwareSigner};
pub use ledger::{DEFAULT_TICK, Identity, Ledger, Recorded, Settings, Surroundings};
pub use order::DestructionRow;
pub use page::Page;
pub use placet_service::random::RandomError;
pub use pulse::{MAX_PUBLICATION_LAG_SECONDS, Pulse};
pub use reads::{ConsentSummary, ConsentView, EventView, FeedItem, FeedPage, ItemContent, Party};
pub use received::MAX_RECEIVED;
pub use requests::{ControllerRow, Invited, PublicOpening, Resolved, StoredRequest};
pub use speak::Registration;
pub use step::{Fate, Step, Unwatched, Watcher, When};
pub use tokens::{Access, Role, Token, TokenId, TokenOrder, TokenRow, TokenTextError};
pub use traces::{Traces, TracesFound};
pub use witnesses::{
    FRESH_WITHIN, MAX_WITNESSES, WITNESS_TIMEOUT, WitnessPulse, WitnessSettings, WitnessSettingsError, WitnessUrl,
};
