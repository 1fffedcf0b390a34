//! The trust file: whose keys count, pinned before any evidence arrives.
//!
//! A [`Trust`] exists only if it makes sense: see [`TrustBuilder`]. The quorum has the semantics of C2SP tlog-policy:
//! witnesses and groups in one namespace, a group holds when so many of its members do, and `none` asks for no witness.

mod format;
mod issuers;

use std::collections::{BTreeMap, BTreeSet};

use placet_schemas::id::{Did, DidUrl, Origin};
use placet_schemas::json::{self, Fault, FaultCode};
use placet_schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::keys::PublicKey;
use crate::note::{SignatureType, VerifierKey};
use issuers::Issuers;

pub use format::{LogKeys, SizedDid, SizedVkey, TrustFile, Witness};
pub use issuers::IssuerKey;

/// Largest trust file, in bytes.
pub const MAX_TRUST_BYTES: usize = 1024 * 1024;
/// Most logs, keys of a log, witnesses, groups or members of a group.
pub const MAX_TRUSTED: usize = 64;

/// The quorum that asks for no witness: times are then the operator's word.
pub const QUORUM_NONE: &str = "none";

/// A trust file that has been checked.
#[derive(Debug, Clone)]
pub struct Trust {
    logs: BTreeMap<Origin, Log>,
    issuers: Issuers,
    witnesses: BTreeMap<String, VerifierKey>,
    groups: Vec<Group>,
    quorum: String,
}

/// The keys of one log.
#[derive(Debug, Clone)]
pub struct Log {
    checkpoint_keys: Vec<Ranged<VerifierKey>>,
    cosigner_keys: Vec<Ranged<VerifierKey>>,
    operator_keys: Vec<Ranged<(Did, PublicKey)>>,
}

/// A key and the tree sizes it is valid for.
#[derive(Debug, Clone)]
struct Ranged<K> {
    key: K,
    sizes: Sizes,
}

/// The tree sizes for which a key is valid: from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    /// The first tree size.
    pub from: u64,
    /// The last tree size; absent while the key is in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
}

impl Sizes {
    /// Every size.
    pub const ALL: Self = Self { from: 0, to: None };

    const fn has(self, size: u64) -> bool {
        self.from <= size && (self.to.is_none() || matches!(self.to, Some(to) if size <= to))
    }
}

/// A group of witnesses and groups that are named before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// How many members must hold.
    pub threshold: usize,
    /// Names of witnesses or earlier groups.
    pub members: Vec<String>,
}

/// Why a trust file makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// Not the JSON that it should be.
    #[error("{0}")]
    Malformed(#[from] Fault),
    /// A key is no key of the kind that is wanted there.
    #[error("{place}: {why}")]
    Key {
        /// Where it stands.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// Two things have one name, or one key stands twice.
    #[error("{0} is there twice")]
    Duplicate(String),
    /// A group or the quorum names what is not there before it.
    #[error("{0} is neither a witness nor an earlier group")]
    UnknownMember(String),
    /// An issuer's key is for a log that is not there.
    #[error("an issuer's key is for the log {0}, which is not among the logs")]
    UnknownLog(Origin),
    /// A group's threshold is not between 1 and its number of members.
    #[error("the threshold of {0} is not between 1 and its number of members")]
    Threshold(String),
    /// A log has no checkpoint key or no operator key, or there are too many of something.
    #[error("{0}")]
    Count(&'static str),
}

/// Builds a [`Trust`] step by step; each step is checked.
#[derive(Debug, Clone, Default)]
pub struct TrustBuilder {
    logs: BTreeMap<Origin, Log>,
    issuers: Issuers,
    witnesses: BTreeMap<String, VerifierKey>,
    groups: Vec<Group>,
}

/// The two times that cosignatures give a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// The earliest moment by which a quorum had signed it: it existed by then.
    pub existed_by: Timestamp,
    /// The earliest time within that quorum: all of them saw it as the log's latest no earlier.
    pub fresh_at: Timestamp,
}

impl Trust {
    /// Reads and checks a trust file.
    ///
    /// # Errors
    /// See [`TrustError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, TrustError> {
        let document = json::parse(bytes, MAX_TRUST_BYTES)?;
        if matches!(document.root().get("version").and_then(json::Node::as_integer), Some(v) if v != 1) {
            return Err(Fault::new("/version", FaultCode::UnsupportedVersion, "the only known version is 1").into());
        }
        let file: TrustFile = json::decode(document.root())?;
        let mut builder = TrustBuilder::default();
        for log in &file.logs {
            builder = builder.log(log)?;
        }
        for key in &file.issuers {
            builder = builder.issuer(key)?;
        }
        for witness in &file.witnesses {
            builder = builder.witness(witness)?;
        }
        for group in file.groups {
            builder = builder.group(group)?;
        }
        builder.quorum(&file.quorum)
    }

    /// The logs that it names.
    pub fn origins(&self) -> impl Iterator<Item = &Origin> {
        self.logs.keys()
    }

    /// The key of an issuer's method that counts for receipts issued at this size of this log.
    #[must_use]
    pub fn issuer_key(&self, log: &Origin, method: &DidUrl, size: u64) -> Option<&PublicKey> {
        self.issuers.key(log, method, size)
    }

    /// The keys of a log, if it is trusted at all.
    #[must_use]
    pub fn log(&self, origin: &Origin) -> Option<&Log> {
        self.logs.get(origin)
    }

    /// The witnesses, by the names that this file gives them.
    pub fn witnesses(&self) -> impl Iterator<Item = (&str, &VerifierKey)> {
        self.witnesses.iter().map(|(name, key)| (name.as_str(), key))
    }

    /// Whether times are the operator's word, because the policy asks for no witness.
    #[must_use]
    pub fn asks_no_witness(&self) -> bool {
        self.quorum == QUORUM_NONE
    }

    /// The name of the quorum.
    #[must_use]
    pub fn quorum(&self) -> &str {
        &self.quorum
    }

    /// The times of a checkpoint that these witnesses cosigned; `None` without a quorum. With the quorum `none` no
    /// witness counts, and the time is the own cosigner's.
    #[must_use]
    pub fn times(&self, cosigned: &[(&str, Timestamp)], own_cosigner: Option<Timestamp>) -> Option<Times> {
        if self.asks_no_witness() {
            return own_cosigner.map(|time| Times {
                existed_by: time,
                fresh_at: time,
            });
        }
        // Only a witness signs: whoever calls himself as a group does would be a quorum alone.
        let known = cosigned.iter().filter(|(name, _)| self.witnesses.contains_key(*name));
        let mut order: Vec<(Timestamp, &str)> = known.map(|(name, time)| (*time, *name)).collect();
        order.sort();
        let hold = |from: Timestamp, to: Timestamp| {
            let within = order.iter().filter(|(time, _)| (from..=to).contains(time));
            self.holds(within.map(|(_, name)| *name))
        };
        let first = order.first()?.0;
        let (existed_by, _) = *order.iter().find(|(time, _)| hold(first, *time))?;
        // Of those who had signed by then, the early ones that the quorum does not need say nothing about how fresh it is.
        let signed = order.iter().rev().filter(|(time, _)| *time <= existed_by);
        let (fresh_at, _) = *signed.into_iter().find(|(time, _)| hold(*time, existed_by))?;
        Some(Times { existed_by, fresh_at })
    }

    fn holds<'a>(&self, witnesses: impl Iterator<Item = &'a str>) -> bool {
        let mut held: BTreeSet<&str> = witnesses.collect();
        for group in &self.groups {
            if group.members.iter().filter(|m| held.contains(m.as_str())).count() >= group.threshold {
                held.insert(&group.name);
            }
        }
        held.contains(self.quorum.as_str())
    }
}

impl Log {
    /// The checkpoint keys that are valid at a tree size.
    pub fn checkpoint_keys(&self, size: u64) -> impl Iterator<Item = &VerifierKey> {
        valid(&self.checkpoint_keys, size)
    }

    /// The own cosigner's keys that are valid at a tree size.
    pub fn cosigner_keys(&self, size: u64) -> impl Iterator<Item = &VerifierKey> {
        valid(&self.cosigner_keys, size)
    }

    /// The operator's keys that are valid at a tree size.
    pub fn operator_keys(&self, size: u64) -> impl Iterator<Item = &(Did, PublicKey)> {
        valid(&self.operator_keys, size)
    }

    /// All keys that sign its checkpoints, of any size.
    fn note_keys(&self) -> impl Iterator<Item = &VerifierKey> {
        let keys = self.checkpoint_keys.iter().chain(&self.cosigner_keys);
        keys.map(|ranged| &ranged.key)
    }
}

impl TrustBuilder {
    /// Adds a log.
    ///
    /// # Errors
    /// When it is there already, has no checkpoint or operator key, or a key is not what it should be. No key may stand twice
    /// in a log, nor be a witness's as well: the operator would then witness himself.
    pub fn log(mut self, keys: &LogKeys) -> Result<Self, TrustError> {
        let lists = [
            keys.checkpoint_keys.len(),
            keys.cosigner_keys.len(),
            keys.operator_keys.len(),
        ];
        if self.logs.len() >= MAX_TRUSTED || lists.iter().any(|n| *n > MAX_TRUSTED) {
            return Err(TrustError::Count("there are more than 64 logs, or keys of one log"));
        }
        if keys.checkpoint_keys.is_empty() || keys.operator_keys.is_empty() {
            return Err(TrustError::Count(
                "a log has at least one checkpoint key and one operator key",
            ));
        }
        let log = Log {
            checkpoint_keys: ranged(&keys.checkpoint_keys, |vkey| checkpoint_key(vkey, &keys.origin))?,
            cosigner_keys: ranged(&keys.cosigner_keys, cosigner_key)?,
            operator_keys: keys.operator_keys.iter().map(operator_key).collect::<Result<_, _>>()?,
        };
        let own: Vec<&VerifierKey> = log.note_keys().collect();
        for (at, key) in own.iter().enumerate() {
            let mut others = own[..at].iter().copied().chain(self.witnesses.values());
            if others.any(|other| other.key_bytes() == key.key_bytes()) {
                return Err(TrustError::Duplicate(format!("the key of {}", key.name())));
            }
        }
        if self.logs.insert(keys.origin.clone(), log).is_some() {
            return Err(TrustError::Duplicate(keys.origin.to_string()));
        }
        Ok(self)
    }

    /// Adds a key of an issuer.
    ///
    /// # Errors
    /// When its log is not there yet, the key is none, or is there for that log and method already.
    pub fn issuer(mut self, key: &IssuerKey) -> Result<Self, TrustError> {
        if !self.logs.contains_key(&key.log) {
            return Err(TrustError::UnknownLog(key.log.clone()));
        }
        self.issuers.add(key)?;
        Ok(self)
    }

    /// Adds a witness.
    ///
    /// # Errors
    /// When the name or the key is there already, or the key is no cosigner's. One key under two names could make a
    /// quorum of one.
    pub fn witness(mut self, witness: &Witness) -> Result<Self, TrustError> {
        let key = cosigner_key(&witness.vkey)?;
        self.claim_name(&witness.name)?;
        let note_keys = self.logs.values().flat_map(Log::note_keys);
        if note_keys
            .chain(self.witnesses.values())
            .any(|other| other.key_bytes() == key.key_bytes())
        {
            return Err(TrustError::Duplicate(format!("the key of {}", witness.name)));
        }
        self.witnesses.insert(witness.name.clone(), key);
        Ok(self)
    }

    /// Adds a group of what is there already.
    ///
    /// # Errors
    /// When the name is taken, a member is unknown or repeated, or the threshold cannot be.
    pub fn group(mut self, group: Group) -> Result<Self, TrustError> {
        self.claim_name(&group.name)?;
        if let Some(unknown) = group.members.iter().find(|member| !self.knows(member)) {
            return Err(TrustError::UnknownMember(unknown.clone()));
        }
        let distinct: BTreeSet<&String> = group.members.iter().collect();
        if distinct.len() != group.members.len() {
            return Err(TrustError::Duplicate(format!("a member of {}", group.name)));
        }
        if group.threshold == 0 || group.threshold > group.members.len() {
            return Err(TrustError::Threshold(group.name));
        }
        self.groups.push(group);
        Ok(self)
    }

    /// Names the quorum and finishes.
    ///
    /// # Errors
    /// When it is neither a witness, a group, nor `none`.
    pub fn quorum(self, name: &str) -> Result<Trust, TrustError> {
        if name != QUORUM_NONE && !self.knows(name) {
            return Err(TrustError::UnknownMember(name.to_owned()));
        }
        Ok(Trust {
            logs: self.logs,
            issuers: self.issuers,
            witnesses: self.witnesses,
            groups: self.groups,
            quorum: name.to_owned(),
        })
    }

    fn knows(&self, name: &str) -> bool {
        self.witnesses.contains_key(name) || self.groups.iter().any(|group| group.name == name)
    }

    fn claim_name(&self, name: &str) -> Result<(), TrustError> {
        if self.witnesses.len() >= MAX_TRUSTED || self.groups.len() >= MAX_TRUSTED {
            return Err(TrustError::Count("there are more than 64 witnesses or groups"));
        }
        if name == QUORUM_NONE || name.is_empty() || self.knows(name) {
            return Err(TrustError::Duplicate(format!("the name {name:?}")));
        }
        Ok(())
    }
}

fn valid<K>(keys: &[Ranged<K>], size: u64) -> impl Iterator<Item = &K> {
    keys.iter()
        .filter(move |ranged| ranged.sizes.has(size))
        .map(|ranged| &ranged.key)
}

fn ranged(
    keys: &[SizedVkey],
    read: impl Fn(&str) -> Result<VerifierKey, TrustError>,
) -> Result<Vec<Ranged<VerifierKey>>, TrustError> {
    keys.iter()
        .map(|sized| {
            Ok(Ranged {
                key: read(&sized.vkey)?,
                sizes: sized.sizes,
            })
        })
        .collect()
}

fn operator_key(sized: &SizedDid) -> Result<Ranged<(Did, PublicKey)>, TrustError> {
    let key = PublicKey::from_did(&sized.key);
    let key = key.map_err(|e| TrustError::Key {
        place: sized.key.to_string(),
        why: e.to_string(),
    })?;
    Ok(Ranged {
        key: (sized.key.clone(), key),
        sizes: sized.sizes,
    })
}

fn parse_vkey(vkey: &str) -> Result<VerifierKey, TrustError> {
    vkey.parse().map_err(|e: crate::note::VkeyError| TrustError::Key {
        place: vkey.to_owned(),
        why: e.to_string(),
    })
}

fn checkpoint_key(vkey: &str, origin: &Origin) -> Result<VerifierKey, TrustError> {
    let key = parse_vkey(vkey)?;
    let wrong = |why: &str| TrustError::Key {
        place: vkey.to_owned(),
        why: why.to_owned(),
    };
    if key.signature_type() != SignatureType::Ed25519 {
        return Err(wrong("a checkpoint key is of type 0x01 (Ed25519)"));
    }
    if key.name().as_str() != origin.as_str() {
        return Err(wrong("the name of a checkpoint key is its log's origin"));
    }
    Ok(key)
}

fn cosigner_key(vkey: &str) -> Result<VerifierKey, TrustError> {
    let key = parse_vkey(vkey)?;
    if key.signature_type() == SignatureType::CosignatureV1 {
        return Ok(key);
    }
    Err(TrustError::Key {
        place: vkey.to_owned(),
        why: "a cosigner's key is of type 0x04 (cosignature/v1)".to_owned(),
    })
}
