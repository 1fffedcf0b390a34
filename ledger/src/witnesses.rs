//! Witnesses (C2SP tlog-witness): asking them to cosign, and the guard against a second history.
//!
//! Each witness is asked by a task of its own, about what is published: once a second at most, and a few times a minute
//! while nothing happens ([`beat`]). No commit waits for any of them. What they signed is kept ([`Store::add_cosignature`])
//! and goes into proofs, bundles and the published checkpoint.
//!
//! # The guard
//!
//! A database that was restored from a copy does not know what was signed since. Going on with it would sign a second
//! history of the log, so [`Guard`] says whether anything may be signed:
//!
//! ```text
//!             a witness cosigns what is stored
//!   Waiting ------------------------------------> Open
//!      |                                            |
//!      |   a witness has signed more, or other, than is stored here
//!      +--------------------> Shut <----------------+
//! ```
//!
//! - Without witnesses, or when the operator says so for one start, it is open from the beginning; then the published
//!   checkpoint and the head file are the guard (see `recover`).
//! - While it waits, everything can be read, replays get their first answers, and withdrawals are kept and answered with a
//!   signed statement (see `received`).
//! - Shut, it stays shut until somebody has looked: a witness that lies can do this too, and is then removed from the
//!   settings. At the start, a shut guard is a ledger that does not open.

mod ask;
mod beat;

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use placet_kernel::note::{KeyId, KeyName, SignatureType, VerifierKey};
use placet_schemas::time::Timestamp;
use tokio::sync::watch;

use crate::error::OpenError;
use crate::node::Voice;
use crate::outgoing::{Outgoing, OutgoingConfig, WebUrl};
use crate::store::Store;

pub(crate) use beat::{confirm, run};

/// Most witnesses. A note has at most 16 signatures, of which two are the log's own.
pub const MAX_WITNESSES: usize = 8;
/// How long one call to a witness may take.
pub const WITNESS_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a reader of evidence waits for fresh cosignatures. A witness that failed last time is not waited for.
pub const FRESH_WITHIN: Duration = Duration::from_secs(3);

/// A witness, as the operator's settings name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessSettings {
    /// Its key, of type 0x04.
    pub vkey: VerifierKey,
    /// Where it is asked.
    pub url: WitnessUrl,
}

/// The prefix of a witness's interface: `https://host[:port][/path]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessUrl {
    url: WebUrl,
    config: OutgoingConfig,
}

/// Why a text names no witness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WitnessSettingsError {
    /// Not a vkey, a blank and an address.
    #[error("a witness is VKEY URL, such as 'w.example/1+0123abcd+BA… https://w.example'")]
    Form,
    /// The key is none of a cosigner.
    #[error("the vkey is none of a cosigner (type 0x04)")]
    Vkey,
    /// No address that can be asked.
    #[error("the address of a witness is https://host[:port][/path], without query and fragment")]
    Url,
}

/// How a witness is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessPulse {
    /// Its name.
    pub name: String,
    /// Size of the largest checkpoint that it cosigned.
    pub size: u64,
    /// How often it gave no cosignature, since the start.
    pub failures: u64,
}

/// Whether anything may be signed. See the module's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guard {
    /// No witness has confirmed yet that what is stored is the newest.
    Waiting,
    /// It is.
    Open,
    /// It is not.
    Shut,
}

/// All witnesses of a ledger.
pub(crate) struct Witnesses {
    list: Vec<Arc<Witness>>,
    outgoing: Outgoing,
    guard: watch::Sender<Guard>,
    /// Counts up whenever somebody wants fresh cosignatures.
    wanted: watch::Sender<u64>,
    /// Counts up whenever one was given.
    given: watch::Sender<u64>,
}

/// One witness, and what is known of it.
pub(crate) struct Witness {
    settings: WitnessSettings,
    /// Name and key id: what its rows in the store are called.
    id: String,
    state: Mutex<State>,
    failures: AtomicU64,
}

#[derive(Debug, Clone, Default)]
struct State {
    /// Size of what it cosigned last, as far as is known here.
    size: u64,
    last: Option<Cosignature>,
    /// Whether the last call gave a cosignature.
    well: bool,
}

/// What a witness gave last.
#[derive(Debug, Clone)]
struct Cosignature {
    size: u64,
    line: String,
    /// When it came, by the ledger's clock.
    came: Timestamp,
    /// When it was signed, by the witness's.
    signed: Timestamp,
}

/// How fresh cosignatures have to be.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fresh {
    /// They came at this time or later.
    pub(crate) came: Option<Timestamp>,
    /// They were signed at this time or later.
    pub(crate) signed: Option<Timestamp>,
}

impl Witnesses {
    /// The witnesses of these settings. `alone`: nothing waits for them, for this start.
    pub(crate) async fn new(
        settings: &[WitnessSettings],
        alone: bool,
        store: &Store,
        voice: &Voice,
    ) -> Result<Self, OpenError> {
        if settings.len() > MAX_WITNESSES {
            return Err(OpenError::Witness(format!(
                "there are more than {MAX_WITNESSES} witnesses"
            )));
        }
        let mut list: Vec<Arc<Witness>> = Vec::new();
        for one in settings {
            if is_known(&one.vkey, voice, &list) {
                // The operator would witness himself, or one witness count twice.
                let name = one.vkey.name().as_str();
                return Err(OpenError::Witness(format!("the key of {name} is there twice")));
            }
            let id = id_of(one.vkey.name(), one.vkey.id());
            let state = State {
                size: store.cosigned_size(&id).await?,
                ..State::default()
            };
            list.push(Arc::new(Witness {
                settings: one.clone(),
                id,
                state: Mutex::new(state),
                failures: AtomicU64::default(),
            }));
        }
        let guard = if list.is_empty() || alone {
            Guard::Open
        } else {
            Guard::Waiting
        };
        // The doors that are open depend on the address, which the operator chose: see `WitnessUrl`.
        let outgoing =
            Outgoing::new(OutgoingConfig::default()).map_err(|error| OpenError::Witness(error.to_string()))?;
        Ok(Self {
            list,
            outgoing,
            guard: watch::Sender::new(guard),
            wanted: watch::Sender::new(0),
            given: watch::Sender::new(0),
        })
    }

    /// Each of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Witness>> {
        self.list.iter()
    }

    /// Whether anything may be signed.
    pub(crate) fn guard(&self) -> Guard {
        *self.guard.borrow()
    }

    /// The same, for those who wait for it.
    pub(crate) fn guarding(&self) -> watch::Receiver<Guard> {
        self.guard.subscribe()
    }

    /// Changes whenever a cosignature comes.
    pub(crate) fn cosigning(&self) -> watch::Receiver<u64> {
        self.given.subscribe()
    }

    /// The lines that the witnesses gave last, if they are for a tree of this size.
    pub(crate) fn lines(&self, size: u64) -> String {
        let lines = self.list.iter().filter_map(|witness| witness.state().last);
        lines.filter(|last| last.size == size).map(|last| last.line).collect()
    }

    /// Waits, for a short time, until every witness that is well has cosigned a tree of `size` leaves or more, as freshly as
    /// is asked.
    pub(crate) async fn refresh(&self, size: u64, asked: Fresh) {
        let fresh = |witness: &Arc<Witness>| {
            let state = witness.state();
            let is_fresh = |last: &Cosignature| {
                last.size >= size
                    && asked.came.is_none_or(|since| last.came >= since)
                    && asked.signed.is_none_or(|since| last.signed >= since)
            };
            !state.well || state.last.as_ref().is_some_and(is_fresh)
        };
        if self.list.iter().all(fresh) {
            return;
        }
        let mut given = self.given.subscribe();
        self.wanted.send_modify(|count| *count += 1);
        // What is still missing after that time is not in the bundle, and the judge will say so.
        let _late = tokio::time::timeout(FRESH_WITHIN, given.wait_for(|_| self.list.iter().all(fresh))).await;
    }

    /// What they are called in the store.
    pub(crate) fn ids(&self) -> Vec<&str> {
        self.list.iter().map(|witness| witness.id()).collect()
    }

    /// How they are doing.
    pub(crate) fn pulse(&self) -> Vec<WitnessPulse> {
        let pulse = |witness: &Arc<Witness>| WitnessPulse {
            name: witness.settings.vkey.name().as_str().to_owned(),
            size: witness.state().last.map_or(0, |last| last.size),
            failures: witness.failures.load(Ordering::Relaxed),
        };
        self.list.iter().map(pulse).collect()
    }

    fn open(&self) {
        self.guard.send_if_modified(|guard| {
            let waits = *guard == Guard::Waiting;
            if waits {
                *guard = Guard::Open;
            }
            waits
        });
    }

    fn shut(&self) {
        self.guard.send_replace(Guard::Shut);
    }
}

/// Whether the key is the log's own, or that of a witness that is there already.
fn is_known(key: &VerifierKey, voice: &Voice, list: &[Arc<Witness>]) -> bool {
    let own = voice.trusted.cosigners().chain(voice.trusted.log_keys());
    let mut others = own.chain(list.iter().map(|witness| witness.vkey()));
    others.any(|other| other.key_bytes() == key.key_bytes())
}

/// What a witness is called in the store: `<name>+<key id>`, as a vkey begins (C2SP signed-note).
pub(crate) fn id_of(name: &KeyName, key: KeyId) -> String {
    format!("{}+{key}", name.as_str())
}

impl Witness {
    /// What it is called in the store.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Its key.
    pub(crate) fn vkey(&self) -> &VerifierKey {
        &self.settings.vkey
    }

    fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn update(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl FromStr for WitnessSettings {
    type Err = WitnessSettingsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (vkey, url) = text.trim().split_once(' ').ok_or(WitnessSettingsError::Form)?;
        Self::new(vkey, url.trim())
    }
}

impl WitnessSettings {
    /// The witness of these two texts.
    ///
    /// # Errors
    /// See [`WitnessSettingsError`].
    pub fn new(vkey: &str, url: &str) -> Result<Self, WitnessSettingsError> {
        let vkey: VerifierKey = vkey.parse().map_err(|_| WitnessSettingsError::Vkey)?;
        if vkey.signature_type() != SignatureType::CosignatureV1 {
            return Err(WitnessSettingsError::Vkey);
        }
        Ok(Self {
            vkey,
            url: url.parse()?,
        })
    }
}

impl FromStr for WitnessUrl {
    type Err = WitnessSettingsError;

    /// The operator writes this address into the settings, so it may say `http`, and an IP address is meant as it stands. A
    /// name that leads inwards is refused all the same: whoever answers for the name must not choose where the node goes.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = WitnessSettingsError::Url;
        let (scheme, rest) = text.split_once("://").ok_or(wrong)?;
        let allow_http = match scheme {
            "https" => false,
            "http" => true,
            _ => return Err(wrong),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().map_err(|_| wrong)?)),
            _ => (authority, None),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':');
        let legal_path = path.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'?' | b'#'));
        if host.is_empty() || !host.bytes().all(plain) || !legal_path {
            return Err(wrong);
        }
        let config = OutgoingConfig {
            allow_private_addresses: host.parse::<IpAddr>().is_ok() || host == "localhost",
            allow_http,
        };
        let path = format!("{}/add-checkpoint", path.trim_end_matches('/'));
        Ok(Self {
            url: WebUrl { host, port, path },
            config,
        })
    }
}

impl fmt::Debug for Witnesses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witnesses")
            .field("guard", &self.guard())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_witness_is_the_operators_own_choice() {
        let url = |text: &str| text.parse::<WitnessUrl>();
        let read = url("https://w.example/a/").unwrap();
        assert_eq!(
            (read.url.host.as_str(), read.url.path.as_str()),
            ("w.example", "/a/add-checkpoint")
        );
        assert_eq!(read.config, OutgoingConfig::default());
        let read = url("http://127.0.0.1:8438").unwrap();
        assert_eq!((read.url.port, read.url.path.as_str()), (Some(8438), "/add-checkpoint"));
        assert!(read.config.allow_http && read.config.allow_private_addresses);
        assert_eq!(url("http://[::1]:1/").unwrap().url.host, "::1");
        for wrong in [
            "",
            "w.example",
            "ftp://w.example",
            "https://",
            "https://w.example:x",
            "https://w.example/?a",
            "https://w#a",
            "https://u@w.example",
            "https://w example",
        ] {
            assert_eq!(url(wrong).err(), Some(WitnessSettingsError::Url), "{wrong}");
        }
    }
}
