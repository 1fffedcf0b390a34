//! The issuer: whoever gave a consent holds a receipt of it, in the wallet of her choice, and anyone who is shown it can check
//! it without asking who looks.
//!
//! It follows the feeds of all brands, checks every proof with the kernel, and keeps of each consent what a receipt says
//! ([`Issuer`]). A receipt is signed only while the issuer knows that the consent is in force, and has a slot in a status list
//! ([`slots`]) that is set, for ever, once the consent is over.
//!
//! In scope: receipts, status lists in both formats, who the issuer is, and all of that over HTTP ([`http`]); and, where it is
//! turned on, the W3C's VC-API for other people's credentials ([`vc_api`]). Out of scope: TLS
//! towards callers (a reverse proxy's work), the wallets.

mod consent;
mod deferred;
mod errands;
mod error;
mod follow;
pub mod http;
mod issuer;
mod keys;
mod lists;
mod offers;
mod place;
mod pulse;
mod reading;
mod receipts;
mod sd_jwt;
pub mod slots;
mod store;
pub mod vc_api;

pub use deferred::{DEFERRED_INTERVAL_SECONDS, MAX_DEFERRED};
pub use error::{KeyError, OpenError, StoreError};
pub use issuer::{Issuer, Settings, TICK};
pub use keys::{ED25519_KEY_FILE, IssuerKey, IssuerKeys, P256_KEY_FILE};
pub use lists::{Entity, LIST_SECONDS, Published, RENEW_SECONDS};
pub use offers::{MAX_TX_CODE_TRIES, NONCE_SECONDS, OFFER_SECONDS, Offer, OfferError, TOKEN_SECONDS, TX_CODE_DIGITS};
pub use place::PublicUrl;
pub use pulse::Pulse;
pub use reading::kinds;
pub use receipts::{IssueError, MAX_STATE_SECONDS, Securing};
pub use store::DATABASE_FILE;
