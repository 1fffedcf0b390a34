//! Comparing every row of a ledger with what a replay of its log makes.
//!
//! Nothing is written. A node may run meanwhile: what is looked at is what was committed when the check began. The judge of
//! each record is the kernel ([`placet_kernel::arrival::check`]), of each consent the lifecycle
//! ([`placet_schemas::lifecycle::apply`]): the same that decided when the records came in.
//!
//! Passes, each of which holds little in memory, however long the log: [`records`] in log order (leaf, opening, signature,
//! answer, look-ups, feeds, tree), [`consents`] one by one, [`destroyed`], [`accesses`], [`cosigned`], and [`tables`] for what is counted or
//! stands alone.
//!
//! Out of scope: the log's files, which anyone can check (`placet fsck` does, with [`placet_kernel::audit`]).

mod accesses;
mod consents;
mod cosigned;
mod destroyed;
mod records;
mod tables;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use placet_kernel::checkpoint::SignedCheckpoint;
use placet_kernel::merkle::{Frontier, Hash};
use placet_kernel::note::VerifierKey;
use placet_schemas::id::{Did, Digest, Origin};
use placet_schemas::record::keys::ControllerKeys;
use placet_schemas::record::request::ConsentRequest;

use crate::backup::{KEYRING_DATABASE, MAIN_DATABASE};
use crate::crypto::Vault;
use crate::error::{OpenError, StoreError};
use crate::keyring::Keyring;
use crate::keys::Keys;
use crate::node::Voice;
use crate::store::Store;
use crate::tree::Head;

/// Most findings of one code that are told one by one; the others are counted.
pub const MAX_FINDINGS: u64 = 20;
/// Rows that are read at once.
const PAGE: u64 = 256;
/// How often the check is begun anew because a node that runs has removed rows meanwhile.
const MAX_TRIES: usize = 4;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Worth knowing, and normal: a crash left it, or work is under way.
    Pending,
    /// What is stored is not what the log says.
    Damaged,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FsckFinding {
    /// The stable code.
    pub code: &'static str,
    /// How bad.
    pub weight: Weight,
    /// Where: a table and a row, by log index. Nothing that names anyone.
    pub place: String,
    /// What is wrong.
    pub what: String,
}

/// What was looked at and found.
#[derive(Debug, Clone, Default)]
pub struct FsckReport {
    /// Records of the log.
    pub records: u64,
    /// Consents.
    pub consents: u64,
    /// Records whose opening was destroyed.
    pub destroyed: u64,
    /// Cosignatures that were verified.
    pub cosignatures: u64,
    /// Cosignatures of witnesses whose keys were not given: only their form was looked at.
    pub unknown_cosignatures: u64,
    /// The findings, at most [`MAX_FINDINGS`] of a code.
    pub findings: Vec<FsckFinding>,
    /// How often each code was found.
    pub counts: BTreeMap<&'static str, u64>,
    /// Whether anything is damaged, also among what is only counted.
    damaged: bool,
}

/// What is known of the log besides its databases.
#[derive(Debug, Clone)]
pub struct Published {
    /// Size of the tree that its files show.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// Keys of its witnesses.
    pub witnesses: Vec<VerifierKey>,
}

/// Compares the databases in `dir` with a replay of the log, and with what the log has published. `progress` is told how many
/// of how many records are done.
///
/// # Errors
/// When the databases cannot be read at all, or are not of this log and these keys.
pub async fn fsck(
    dir: &Path,
    origin: Origin,
    keys: Keys,
    published: &Published,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<FsckReport, OpenError> {
    let vault = Vault::new(&keys.kek);
    let voice = Voice::new(origin, keys)?;
    let store = Store::open_to_read(dir).await?;
    let keyring = Keyring::open_to_read(dir, vault).await?;
    let mut check = Check {
        voice,
        head: store.head().await?.ok_or(StoreError::Corrupt("head"))?,
        store,
        keyring,
        published: (published.size, published.root),
        report: FsckReport::default(),
        brands: HashMap::new(),
        ids: HashMap::new(),
        requests: HashMap::new(),
        expected: Expected::default(),
    };
    for tries in 1..=MAX_TRIES {
        let before = check.store.destruction_steps().await?;
        if let Err(error) = check.all(&published.witnesses, progress).await {
            check.torn(error)?;
            break;
        }
        // What was removed under our eyes looks like damage; what is damaged looks so again.
        if !check.report.is_damaged() || check.store.destruction_steps().await? == before {
            break;
        }
        if tries == MAX_TRIES {
            let what =
                "the node destroyed something each time while it was looked at: what is said to be damaged may be that";
            check.pending("destroyed_meanwhile", "destructions", what);
            break;
        }
        check.again().await?;
    }
    check.store.close().await;
    check.keyring.close().await;
    Ok(check.report)
}

/// What the passes share.
struct Check {
    voice: Voice,
    store: Store,
    keyring: Keyring,
    head: Head,
    published: (u64, Hash),
    report: FsckReport,
    /// By the id of their row.
    brands: HashMap<u64, Brand>,
    /// The same ids, by DID.
    ids: HashMap<Did, u64>,
    requests: HashMap<Digest, Arc<ConsentRequest>>,
    expected: Expected,
}

/// A brand as the replay knows it.
struct Brand {
    feed: Frontier,
    /// Its key records, with their indexes, ascending.
    keys: Vec<(u64, Arc<ControllerKeys>)>,
}

/// How many rows of each kind the records demand.
#[derive(Debug, Default)]
struct Expected {
    keys: u64,
    lookups: u64,
    members: u64,
    public: u64,
    requests: u64,
    controller_keys: u64,
    grants: u64,
    /// Leaves that Destruction records name, and which: what may be missing, and nothing else.
    leaves: BTreeMap<u64, u64>,
    /// What Destruction records say, by their index.
    destructions: BTreeMap<u64, destroyed::Named>,
    /// Records that are still being removed.
    unfinished: u64,
}

impl Check {
    async fn all(&mut self, witnesses: &[VerifierKey], progress: &(dyn Fn(u64, u64) + Sync)) -> Result<(), StoreError> {
        self.head();
        self.databases().await?;
        self.records(progress).await?;
        self.consents().await?;
        self.destructions().await?;
        self.accesses().await?;
        self.cosignatures(witnesses).await?;
        self.tables().await?;
        self.report.records = self.head.size;
        Ok(())
    }

    /// A file in which an index has lost its table's rows answers "there is none" to what is there.
    async fn databases(&mut self) -> Result<(), StoreError> {
        let main = self.store.integrity(MAX_FINDINGS).await?;
        let keyring = self.keyring.integrity(MAX_FINDINGS).await?;
        for (file, lines) in [(MAIN_DATABASE, main), (KEYRING_DATABASE, keyring)] {
            for line in lines {
                self.damaged("database_damaged", file, line);
            }
        }
        Ok(())
    }

    /// What cannot be read any further because the file is damaged is a finding like others; what came before it stands.
    fn torn(&mut self, error: StoreError) -> Result<(), StoreError> {
        if !error.is_damage() {
            return Err(error);
        }
        self.report.records = self.head.size;
        let what = format!("what comes after this was not looked at: {error}");
        self.damaged("database_damaged", "main.db or keyring.db", what);
        Ok(())
    }

    /// Forgets everything, to begin anew.
    async fn again(&mut self) -> Result<(), StoreError> {
        self.head = self.store.head().await?.ok_or(StoreError::Corrupt("head"))?;
        self.report = FsckReport::default();
        self.brands.clear();
        self.ids.clear();
        self.requests.clear();
        self.expected = Expected::default();
        Ok(())
    }

    /// The stored checkpoint is signed by the log and says what its row says.
    fn head(&mut self) {
        let signed = SignedCheckpoint::open(self.head.note.as_bytes(), &self.voice.trusted);
        let same = signed.is_ok_and(|signed| {
            let checkpoint = signed.checkpoint();
            (checkpoint.size(), checkpoint.root()) == (self.head.size, self.head.root)
        });
        let (size, _) = self.published;
        if size > self.head.size {
            let what = format!("{size} records are published, and {} are stored", self.head.size);
            self.damaged("rolled_back", "head", what);
        }
        if !same {
            self.damaged(
                "head_differs",
                "head",
                "its checkpoint is not signed by this log, or says something else",
            );
        }
    }

    fn damaged(&mut self, code: &'static str, place: impl Into<String>, what: impl Into<String>) {
        self.report.add(Weight::Damaged, code, place.into(), what.into());
    }

    fn pending(&mut self, code: &'static str, place: impl Into<String>, what: impl Into<String>) {
        self.report.add(Weight::Pending, code, place.into(), what.into());
    }

    /// The keys of a brand that were in force at an index.
    fn keys_at(&self, did: &Did, index: u64) -> Option<Arc<ControllerKeys>> {
        let brand = self.brands.get(self.ids.get(did)?)?;
        let found = brand.keys.iter().rev().find(|(from, _)| *from <= index);
        found.map(|(_, keys)| Arc::clone(keys))
    }
}

impl FsckReport {
    fn add(&mut self, weight: Weight, code: &'static str, place: String, what: String) {
        let count = self.counts.entry(code).or_default();
        *count += 1;
        self.damaged |= weight == Weight::Damaged;
        if *count <= MAX_FINDINGS {
            self.findings.push(FsckFinding {
                code,
                weight,
                place,
                what,
            });
        }
    }

    /// Whether anything is not as the log says.
    #[must_use]
    pub const fn is_damaged(&self) -> bool {
        self.damaged
    }
}

fn record_place(index: u64) -> String {
    format!("records {index}")
}
