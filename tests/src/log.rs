//! A log in memory: its keys, its records with their salts, and whatever it signs.

use placet_kernel::bundle::{AnchorEvidence, CheckpointEvidence, Evidence, OpeningEvidence};
use placet_kernel::checkpoint::{Checkpoint, cosign, sign_checkpoint};
use placet_kernel::leaf::Salt;
use placet_kernel::merkle::{Hash, leaf_hash};
use placet_kernel::note::{SignatureType, VerifierKey};
use placet_kernel::sign::sign_statement;
use placet_kernel::trust::{Group, LogKeys, SizedDid, SizedVkey, Sizes, Trust, TrustFile};
use placet_schemas::id::{Did, Digest, Origin};
use placet_schemas::json;
use placet_schemas::notice::CanonicalNotice;
use placet_schemas::record::consent::Anchor;
use placet_schemas::record::{Body, CanonicalRecord, Record};
use placet_schemas::statement::{Signed, StateAttestation, StateAttestationType};
use placet_schemas::time::Timestamp;
use placet_schemas::version::Version;
use placet_wallet::keys::SoftwareKey;

use crate::tree::Tree;
use crate::{bytes_of, p};

/// A party that cosigns checkpoints, and the name that trust files give it here.
#[derive(Debug, Clone)]
pub struct Witness {
    /// Its name in a trust file.
    pub name: String,
    /// Its key.
    pub key: SoftwareKey,
}

impl Witness {
    /// The witness `witness.example/<name>`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            key: SoftwareKey::ed25519_from_seed(&bytes_of(&format!("witness {name}"))),
        }
    }

    /// Its C2SP vkey.
    #[must_use]
    pub fn vkey(&self) -> String {
        let name = p(&format!("witness.example/{}", self.name));
        VerifierKey::of_signer(name, SignatureType::CosignatureV1, &self.key)
            .unwrap()
            .to_string()
    }

    /// Itself in a trust file.
    #[must_use]
    pub fn trusted(&self) -> placet_kernel::trust::Witness {
        placet_kernel::trust::Witness {
            name: self.name.clone(),
            vkey: self.vkey(),
        }
    }
}

/// A record in the log.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its index.
    pub index: u64,
    /// Its salt.
    pub salt: Salt,
    /// The record.
    pub record: Record,
    /// Its canonical bytes.
    pub bytes: Vec<u8>,
}

/// A checkpoint as it was cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Tree size.
    pub size: u64,
    /// The signed note.
    pub note: String,
}

/// A log that a test controls.
#[derive(Debug)]
pub struct TestLog {
    /// Its origin.
    pub origin: Origin,
    /// Signs checkpoints.
    pub checkpoint_key: SoftwareKey,
    /// Signs statements and `ControllerKeys`.
    pub operator: SoftwareKey,
    /// The node's own cosigner.
    pub cosigner: Witness,
    /// The hashes.
    pub tree: Tree,
    /// The records, ascending by index; the other leaves are strangers'.
    pub entries: Vec<Entry>,
}

impl TestLog {
    /// An empty log with keys of its own.
    #[must_use]
    pub fn new(origin: &str) -> Self {
        Self::with_tree(origin, Tree::new(0))
    }

    /// The same on a tree that may stand for a huge one.
    #[must_use]
    pub fn with_tree(origin: &str, tree: Tree) -> Self {
        let key = |name: &str| SoftwareKey::ed25519_from_seed(&bytes_of(&format!("{origin} {name}")));
        Self {
            origin: p(origin),
            checkpoint_key: key("checkpoint"),
            operator: key("operator"),
            cosigner: Witness {
                name: "own".to_owned(),
                key: key("cosigner"),
            },
            tree,
            entries: Vec::new(),
        }
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Records, without asking whether that is allowed; gives the index.
    pub fn append(&mut self, record: CanonicalRecord) -> u64 {
        let salt = Salt::from_bytes(bytes_of(&format!("{} salt {}", self.origin, self.size())));
        let index = self.tree.push(leaf_hash(&salt.leaf(&record.record.digest())));
        let CanonicalRecord { record, bytes } = record;
        self.entries.push(Entry {
            index,
            salt,
            record,
            bytes,
        });
        index
    }

    /// Records of other people, until there are `count` more.
    pub fn strangers(&mut self, count: u64) {
        self.tree.grow(self.size() + count);
    }

    /// What a wallet would anchor in: the tree of this size.
    #[must_use]
    pub fn anchor(&self, size: u64) -> Anchor {
        Anchor {
            size,
            root: digest(&self.tree.root(size)),
        }
    }

    /// The checkpoint of this size, unsigned.
    #[must_use]
    pub fn head(&self, size: u64) -> Checkpoint {
        Checkpoint::new(self.origin.clone(), size, self.tree.root(size)).unwrap()
    }

    /// The checkpoint of this size, signed by the log, and by these at these times.
    #[must_use]
    pub fn publish(&self, size: u64, cosigners: &[(&Witness, Timestamp)]) -> Published {
        self.publish_head(&self.head(size), cosigners)
    }

    /// Any checkpoint at all, signed likewise.
    #[must_use]
    pub fn publish_head(&self, head: &Checkpoint, cosigners: &[(&Witness, Timestamp)]) -> Published {
        let mut note = sign_checkpoint(head, &self.checkpoint_key).unwrap();
        for (witness, time) in cosigners {
            let name = witness.vkey().split('+').next().map(p).unwrap();
            note.push_str(&cosign(head, &name, time.unix(), &witness.key).unwrap());
        }
        Published {
            size: head.size(),
            note,
        }
    }

    /// The true attestation of a consent's last event below `size`; `None` before the grant.
    #[must_use]
    pub fn attest(&self, consent: Digest, size: u64) -> Option<Signed<StateAttestation>> {
        let events = self
            .entries
            .iter()
            .filter(|entry| entry.record.consent() == Some(consent));
        let last = events.take_while(|entry| entry.index < size).last()?;
        Some(self.sign(self.statement(consent, size, last.index, last.record.digest())))
    }

    /// What an attestation of these values says, if the consent has as many events as it really has up to the last one.
    #[must_use]
    pub fn statement(&self, consent: Digest, size: u64, last_index: u64, last_digest: Digest) -> StateAttestation {
        let events = self.entries.iter().filter(|entry| entry.index <= last_index);
        let events = events.filter(|entry| entry.record.consent() == Some(consent));
        StateAttestation {
            version: Version,
            r#type: StateAttestationType::StateAttestation,
            origin: self.origin.clone(),
            size,
            root: digest(&self.tree.root(size)),
            consent,
            events: events.count() as u64,
            last_index,
            last_digest,
        }
    }

    /// Signs any statement with the operator's key.
    #[must_use]
    pub fn sign(&self, statement: StateAttestation) -> Signed<StateAttestation> {
        sign_statement(statement, &self.operator).unwrap()
    }

    /// The opening of the record at `index`, with its proof in the tree of `size`.
    #[must_use]
    pub fn opening(&self, index: u64, size: u64) -> OpeningEvidence {
        let entry = self.entries.iter().find(|entry| entry.index == index).unwrap();
        OpeningEvidence {
            index,
            salt: entry.salt.clone(),
            record: entry.bytes.clone(),
            proof: self.tree.inclusion(index, size),
        }
    }

    /// All that a bundle of this consent holds, honestly, under these checkpoints; the last is the head.
    #[must_use]
    pub fn evidence(&self, consent: Digest, checkpoints: &[Published], notices: &[CanonicalNotice]) -> Evidence {
        let size = checkpoints.last().map_or(0, |head| head.size);
        let indexes = self.indexes_of(consent, size);
        let records = self.entries.iter().filter(|entry| indexes.contains(&entry.index));
        let mut anchors: Vec<Anchor> = records.filter_map(|entry| entry.record.body.anchor()).collect();
        anchors.retain(|anchor| (1..size).contains(&anchor.size) && *anchor == self.anchor(anchor.size));
        anchors.sort_by_key(|anchor| anchor.size);
        anchors.dedup();
        Evidence {
            origin: self.origin.clone(),
            consent,
            notices: notices.iter().map(|notice| notice.bytes.clone()).collect(),
            openings: indexes.iter().map(|index| self.opening(*index, size)).collect(),
            checkpoints: checkpoints
                .iter()
                .map(|published| CheckpointEvidence {
                    note: published.note.clone(),
                    consistency: self.tree.consistency(published.size, size),
                })
                .collect(),
            anchors: anchors
                .iter()
                .map(|anchor| self.anchor_evidence(anchor.size, size))
                .collect(),
            attestations: self.attestations(consent, checkpoints),
            decisions: Vec::new(),
        }
    }

    /// The proof that the tree of size `anchor` is a beginning of that of `size`.
    #[must_use]
    pub fn anchor_evidence(&self, anchor: u64, size: u64) -> AnchorEvidence {
        AnchorEvidence {
            size: anchor,
            root: self.tree.root(anchor),
            consistency: self.tree.consistency(anchor, size),
        }
    }

    /// The log's keys as a trust file names them, valid for every size.
    #[must_use]
    pub fn keys(&self) -> LogKeys {
        let vkey = |key: &SoftwareKey| VerifierKey::of_signer((&self.origin).into(), SignatureType::Ed25519, key);
        LogKeys {
            origin: self.origin.clone(),
            checkpoint_keys: vec![sized(vkey(&self.checkpoint_key).unwrap().to_string())],
            cosigner_keys: vec![sized(self.cosigner.vkey())],
            operator_keys: vec![SizedDid {
                key: self.operator.did(),
                sizes: Sizes::ALL,
            }],
        }
    }

    fn indexes_of(&self, consent: Digest, size: u64) -> Vec<u64> {
        let mut requests: Vec<Digest> = Vec::new();
        let mut controller: Option<&Did> = None;
        for entry in &self.entries {
            match &entry.record.body {
                Body::ConsentGrant(grant) if entry.record.digest() == consent => {
                    requests.push(grant.request);
                    controller = Some(&grant.controller);
                }
                Body::Renewal(renewal) if renewal.consent == consent => requests.push(renewal.request),
                _ => {}
            }
        }
        let belongs = |entry: &&Entry| match &entry.record.body {
            Body::ConsentRequest(_) => requests.contains(&entry.record.digest()),
            Body::ControllerKeys(keys) => Some(keys.document.id()) == controller,
            _ => entry.record.consent() == Some(consent),
        };
        let below = self.entries.iter().take_while(|entry| entry.index < size);
        below.filter(belongs).map(|entry| entry.index).collect()
    }

    fn attestations(&self, consent: Digest, checkpoints: &[Published]) -> Vec<Signed<StateAttestation>> {
        let mut sizes: Vec<u64> = checkpoints.iter().map(|published| published.size).collect();
        sizes.dedup();
        sizes.iter().filter_map(|size| self.attest(consent, *size)).collect()
    }
}

/// A vkey for every size.
#[must_use]
pub fn sized(vkey: String) -> SizedVkey {
    SizedVkey {
        vkey,
        sizes: Sizes::ALL,
    }
}

/// A trust file that names one log and these witnesses; `threshold` of them are the quorum, none if it is 0.
#[must_use]
pub fn trust_file(log: LogKeys, witnesses: &[Witness], threshold: usize) -> TrustFile {
    let group = Group {
        name: "some".to_owned(),
        threshold,
        members: witnesses.iter().map(|witness| witness.name.clone()).collect(),
    };
    TrustFile {
        version: Version,
        logs: vec![log],
        issuers: Vec::new(),
        witnesses: witnesses.iter().map(Witness::trusted).collect(),
        quorum: if threshold == 0 {
            "none".to_owned()
        } else {
            group.name.clone()
        },
        groups: if threshold == 0 { Vec::new() } else { vec![group] },
    }
}

/// Reads a trust file, as a judge would.
///
/// # Panics
/// When it makes no sense.
#[must_use]
pub fn trust(file: &TrustFile) -> Trust {
    Trust::parse(&json::to_jcs(file).unwrap()).unwrap_or_else(|error| panic!("{error}"))
}

fn digest(hash: &Hash) -> Digest {
    Digest::from_bytes(*hash.as_bytes())
}
