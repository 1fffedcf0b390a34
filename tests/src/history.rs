//! What an operator may sign over the life of a log: batches of leaves, and for each batch a checkpoint, acknowledgements,
//! attestations and feed heads. An honest history is made by [`History::batch`]; a dishonest one is two of them, or a statement
//! that a test spoils and signs.

use placet_kernel::checkpoint::{Checkpoint, sign_checkpoint};
use placet_kernel::leaf::Salt;
use placet_kernel::merkle::{Hash, leaf_hash};
use placet_kernel::misbehaviour::{LeafProof, Statement};
use placet_kernel::note::{SignatureType, VerifierKey};
use placet_kernel::sign::sign_statement;
use placet_kernel::trust::{LogKeys, SizedDid, SizedVkey, Sizes, Trust};
use placet_schemas::id::{Did, Digest, Origin};
use placet_schemas::statement::{
    Acknowledgement, AcknowledgementType, FeedHead, FeedHeadType, Signed, StateAttestation, StateAttestationType,
};
use placet_schemas::time::Timestamp;
use placet_schemas::version::Version;
use placet_wallet::keys::SoftwareKey;

use crate::log::{trust, trust_file};
use crate::tree::Tree;
use crate::{bytes_of, p};

/// A record, as far as an operator's statements speak of it.
#[derive(Debug, Clone)]
pub struct Item {
    /// Whose feed it is in.
    pub controller: Did,
    /// The consent that it belongs to.
    pub consent: Option<Digest>,
    /// Its digest.
    pub digest: Digest,
    /// Its leaf hash.
    pub leaf: Hash,
    /// Its salt.
    pub salt: Salt,
    /// Its place in the feed.
    pub seq: u64,
    /// Size of the log after the batch that it came with.
    pub size: u64,
}

/// A log whose keys a test has.
#[derive(Debug)]
pub struct History {
    /// Its name.
    pub origin: Origin,
    /// Signs checkpoints.
    pub checkpoint_key: SoftwareKey,
    /// Signs statements.
    pub operator: SoftwareKey,
    /// The hashes.
    pub tree: Tree,
    /// What each leaf is.
    pub items: Vec<Item>,
}

impl History {
    /// An empty log with the keys that every history of this name has.
    #[must_use]
    pub fn new(origin: &str) -> Self {
        let key = |what: &str| SoftwareKey::ed25519_from_seed(&bytes_of(&format!("{what} of {origin}")));
        Self {
            origin: p(origin),
            checkpoint_key: key("checkpoint"),
            operator: key("operator"),
            tree: Tree::new(0),
            items: Vec::new(),
        }
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Records some items at once: controller, consent, digest. Gives the size after them.
    pub fn batch(&mut self, items: &[(Did, Option<Digest>, Digest)]) -> u64 {
        let size = self.size() + items.len() as u64;
        for (controller, consent, digest) in items {
            let salt = Salt::from_bytes(*Digest::of(format!("salt {}", self.size()).as_bytes()).as_bytes());
            let leaf = leaf_hash(&salt.leaf(digest));
            let seq = self.feed(controller, self.size()).size();
            self.tree.push(leaf);
            self.items.push(Item {
                controller: controller.clone(),
                consent: *consent,
                digest: *digest,
                leaf,
                salt,
                seq,
                size,
            });
        }
        size
    }

    /// The feed of a controller when the log had this size.
    #[must_use]
    pub fn feed(&self, controller: &Did, size: u64) -> Tree {
        let mut tree = Tree::new(0);
        for item in self.below(size).filter(|item| item.controller == *controller) {
            tree.push(item.leaf);
        }
        tree
    }

    /// The checkpoint of this size.
    #[must_use]
    pub fn checkpoint(&self, size: u64) -> String {
        let head = Checkpoint::new(self.origin.clone(), size, self.tree.root(size)).unwrap();
        sign_checkpoint(&head, &self.checkpoint_key).unwrap()
    }

    /// What the operator answers to the record at this index.
    #[must_use]
    pub fn acknowledgement(&self, index: u64) -> Acknowledgement {
        let item = &self.items[usize::try_from(index).unwrap()];
        let last = item.consent.and_then(|consent| self.last_event(&consent, item.size));
        Acknowledgement {
            version: Version,
            r#type: AcknowledgementType::Acknowledgement,
            origin: self.origin.clone(),
            index,
            leaf_hash: digest(&item.leaf),
            controller: item.controller.clone(),
            seq: item.seq,
            size: item.size,
            root: digest(&self.tree.root(item.size)),
            consent: item.consent,
            last_index: last.map(|(index, _)| index),
            last_digest: last.map(|(_, digest)| digest),
        }
    }

    /// What the operator says of a consent at this size; `None` before its grant.
    #[must_use]
    pub fn attestation(&self, consent: &Digest, size: u64) -> Option<StateAttestation> {
        let (last_index, last_digest) = self.last_event(consent, size)?;
        let events = self.below(size).filter(|item| item.consent == Some(*consent));
        Some(StateAttestation {
            version: Version,
            r#type: StateAttestationType::StateAttestation,
            origin: self.origin.clone(),
            size,
            root: digest(&self.tree.root(size)),
            consent: *consent,
            events: events.count() as u64,
            last_index,
            last_digest,
        })
    }

    /// What the operator says of a feed at this size.
    #[must_use]
    pub fn head(&self, controller: &Did, size: u64, time: Timestamp) -> FeedHead {
        let feed = self.feed(controller, size);
        FeedHead {
            version: Version,
            r#type: FeedHeadType::FeedHead,
            origin: self.origin.clone(),
            controller: controller.clone(),
            feed_size: feed.size(),
            feed_root: digest(&feed.root(feed.size())),
            size,
            root: digest(&self.tree.root(size)),
            time,
        }
    }

    /// Signs any statement with the operator's key.
    #[must_use]
    pub fn sign<T: serde::Serialize>(&self, statement: T) -> Signed<T> {
        sign_statement(statement, &self.operator).unwrap()
    }

    /// The log's keys, valid for every size.
    #[must_use]
    pub fn keys(&self) -> LogKeys {
        let vkey = VerifierKey::of_signer((&self.origin).into(), SignatureType::Ed25519, &self.checkpoint_key);
        LogKeys {
            origin: self.origin.clone(),
            checkpoint_keys: vec![SizedVkey {
                vkey: vkey.unwrap().to_string(),
                sizes: Sizes::ALL,
            }],
            cosigner_keys: Vec::new(),
            operator_keys: vec![SizedDid {
                key: self.operator.did(),
                sizes: Sizes::ALL,
            }],
        }
    }

    /// A trust file with these keys and no witness.
    #[must_use]
    pub fn trust(&self) -> Trust {
        trust(&trust_file(self.keys(), &[], 0))
    }

    /// Everything that the operator has said when the log has this size: the checkpoint, and for each item below it the
    /// acknowledgement, each consent an attestation, each feed a head.
    #[must_use]
    pub fn everything(&self, size: u64, time: Timestamp) -> Vec<Statement> {
        let mut said = vec![Statement::Checkpoint(self.checkpoint(size))];
        let mut consents = Vec::new();
        let mut controllers = Vec::new();
        for (index, item) in (0u64..).zip(self.below(size)) {
            if item.size == size {
                said.push(Statement::Acknowledgement(self.sign(self.acknowledgement(index))));
            }
            consents.extend(item.consent);
            controllers.push(item.controller.clone());
        }
        consents.sort();
        consents.dedup();
        controllers.sort();
        controllers.dedup();
        let attestations = consents.iter().filter_map(|consent| self.attestation(consent, size));
        said.extend(attestations.map(|said| Statement::StateAttestation(self.sign(said))));
        let heads = controllers.iter().map(|controller| self.head(controller, size, time));
        said.extend(heads.map(|said| Statement::FeedHead(self.sign(said))));
        said
    }

    fn below(&self, size: u64) -> impl Iterator<Item = &Item> {
        self.items.iter().take(usize::try_from(size).unwrap())
    }

    fn last_event(&self, consent: &Digest, size: u64) -> Option<(u64, Digest)> {
        let events = (0u64..).zip(self.below(size));
        let last = events.filter(|(_, item)| item.consent == Some(*consent)).last();
        last.map(|(index, item)| (index, item.digest))
    }
}

/// A leaf and its proof.
#[must_use]
pub fn leaf_proof(tree: &Tree, leaf: Hash, index: u64, size: u64) -> LeafProof {
    LeafProof {
        leaf_hash: leaf,
        proof: tree.inclusion(index, size),
    }
}

/// A hash as statements write it.
#[must_use]
pub const fn digest(hash: &Hash) -> Digest {
    Digest::from_bytes(*hash.as_bytes())
}
