//! The dishonest operator: it holds the node's keys, and signs what is not true.
//!
//! This is the one part of the demo that knows this project's types: an operator has everything that the node has. What the
//! honest node signed before it has from those to whom it was signed.

use std::convert::Infallible;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use placet_kernel::checkpoint::{Checkpoint, cosign, sign_checkpoint};
use placet_kernel::leaf::Salt;
use placet_kernel::merkle::{self, Hash, NodeSource, leaf_hash, node_hash};
use placet_kernel::misbehaviour::{Accusation, Claim, Event, Gap, LeafProof, Opening, Statement, between, prefix};
use placet_kernel::note::KeyName;
use placet_kernel::sign::sign_statement;
use placet_ledger::Keys;
use placet_schemas::api::RecordAnswer;
use placet_schemas::id::Digest;
use placet_schemas::json::{self, Node};
use placet_schemas::statement::{Acknowledgement, FeedHead, Signed, StateAttestation, StateAttestationType};
use placet_schemas::time::Timestamp;
use placet_schemas::version::Version;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Longest file that is read.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// The operator, and what it signed while it was honest.
pub(super) struct Operator {
    keys: Keys,
    answer: RecordAnswer,
    head: Signed<FeedHead>,
    evidence: Vec<u8>,
}

/// An opening in the bundle.
struct Opened {
    index: u64,
    opening: Opening,
    digest: Digest,
}

impl Operator {
    /// From the node's folder, for its keys; the ledger's answer to a narrowing, renewal or withdrawal; a signed head of the
    /// brand's feed with that record; and the evidence bundle of the consent.
    pub(super) fn load(node: &Path, answer: &Path, head: &Path, evidence: &Path) -> Result<Self> {
        Ok(Self {
            keys: Keys::load(&node.join("keys"))?,
            answer: read(answer)?,
            head: read(head)?,
            evidence: fs::read(evidence).with_context(|| format!("cannot read {}", evidence.display()))?,
        })
    }

    /// When it began to lie.
    pub(super) fn now(&self) -> Timestamp {
        self.head.statement.time
    }

    /// Every deed that is proved, by its name, and the misbehaviour file that proves it.
    pub(super) fn deeds(&self) -> Result<Vec<(&'static str, Vec<u8>)>> {
        let deeds = self.accusations()?.into_iter();
        deeds
            .map(|(deed, accusation)| Ok((deed, accusation.to_bytes()?)))
            .collect()
    }

    /// The same bundle, under a checkpoint that the node's own cosigner dates back to `past`.
    pub(super) fn backdate(&self, past: Timestamp) -> Result<Vec<u8>> {
        let note = self.head_note()?;
        let tree: Checkpoint = text_of(&note)?.parse()?;
        let name: KeyName = format!("{}/cosigner", self.said().origin).parse()?;
        let line = cosign(&tree, &name, past.unix(), &self.keys.cosigner)?;
        let forged = format!("{}{line}", sign_checkpoint(&tree, &self.keys.checkpoint)?);
        let [old, new] = [&note, &forged].map(json::to_jcs);
        let text = String::from_utf8(self.evidence.clone())?;
        Ok(text
            .replace(&String::from_utf8(old?)?, &String::from_utf8(new?)?)
            .into_bytes())
    }

    /// A head with one item more than the feed has, and the acknowledgement of that item: what a brand would hold if the
    /// operator had said so before. Both as JSON.
    pub(super) fn forgeries(&self) -> Result<[Vec<u8>; 2]> {
        let seq = self.head.statement.feed_size;
        let head = FeedHead {
            feed_size: seq + 1,
            ..self.head.statement.clone()
        };
        let acknowledgement = Acknowledgement {
            seq,
            ..self.said().clone()
        };
        Ok([
            json::to_jcs(&self.sign(head)?)?,
            json::to_jcs(&self.sign(acknowledgement)?)?,
        ])
    }

    fn accusations(&self) -> Result<Vec<(&'static str, Accusation)>> {
        let claim = |claim| Accusation {
            origin: self.said().origin.clone(),
            claim,
        };
        let acknowledged = Statement::Acknowledgement(self.answer.acknowledgement.clone());
        let (other, short, swapped) = (self.other_feed()?, self.short_feed()?, self.swapped_feed()?);
        let grant = self
            .opened()?
            .into_iter()
            .find(|opened| Some(opened.digest) == self.said().consent);
        let grant = grant.context("the bundle has no grant")?;
        let denied = self.attest(self.said().size, self.said().root, grant.index, grant.digest)?;
        let again = self.said().size;
        let again = self.attest(again + 1, made_up("a tree with the grant again"), again, grant.digest)?;
        let found = "two statements do not contradict each other";
        Ok(vec![
            ("fork", between(&self.checkpoint(), &self.other_tree()?).context(found)?),
            ("fork-later", self.other_history()?),
            (
                "feed-fork",
                between(&self.honest_head(), &Statement::FeedHead(other)).context(found)?,
            ),
            (
                "feed-shrunk",
                between(&self.honest_head(), &Statement::FeedHead(short.clone())).context(found)?,
            ),
            (
                "dropped",
                between(&acknowledged, &Statement::FeedHead(short)).context(found)?,
            ),
            ("swapped", claim(swapped)),
            ("denied", between(&denied, &acknowledged).context(found)?),
            ("denied-opened", claim(self.denied_although_opened(&grant)?)),
            ("logged-again", between(&again, &acknowledged).context(found)?),
        ])
    }

    /// What the operator acknowledged.
    fn said(&self) -> &Acknowledgement {
        &self.answer.acknowledgement.statement
    }

    fn checkpoint(&self) -> Statement {
        Statement::Checkpoint(self.answer.checkpoint.clone())
    }

    fn honest_head(&self) -> Statement {
        Statement::FeedHead(self.head.clone())
    }

    fn sign_tree(&self, size: u64, root: Hash) -> Result<Statement> {
        let head = Checkpoint::new(self.said().origin.clone(), size, root)?;
        Ok(Statement::Checkpoint(sign_checkpoint(&head, &self.keys.checkpoint)?))
    }

    fn sign<T: Serialize>(&self, statement: T) -> Result<Signed<T>> {
        Ok(sign_statement(statement, &self.keys.operator)?)
    }

    /// Another tree of the size that was acknowledged.
    fn other_tree(&self) -> Result<Statement> {
        self.sign_tree(self.said().size, hash(&made_up("another tree")))
    }

    /// A larger log that never had the acknowledged event.
    fn other_history(&self) -> Result<Accusation> {
        let size = self.said().size + 1;
        let larger = self.sign_tree(size, merkle::root(size, &Invented)?)?;
        let proof = prefix(&self.said().origin, &self.checkpoint(), &larger, &Invented);
        proof.context("an invented history begins like the true one")
    }

    fn other_feed(&self) -> Result<Signed<FeedHead>> {
        self.sign(FeedHead {
            feed_root: made_up("another feed"),
            ..self.head.statement.clone()
        })
    }

    /// The feed ends before the acknowledged item.
    fn short_feed(&self) -> Result<Signed<FeedHead>> {
        let seq = self.said().seq;
        self.sign(FeedHead {
            feed_size: seq,
            feed_root: digest(&merkle::root(seq, &Invented)?),
            ..self.head.statement.clone()
        })
    }

    /// The feed has another item in the place of the acknowledged one.
    fn swapped_feed(&self) -> Result<Claim> {
        let (seq, feed_size) = (self.said().seq, self.head.statement.feed_size);
        let head = self.sign(FeedHead {
            feed_root: digest(&merkle::root(feed_size, &Invented)?),
            ..self.head.statement.clone()
        })?;
        Ok(Claim::AcknowledgementAgainstHead {
            acknowledgement: Box::new(self.answer.acknowledgement.clone()),
            head: Box::new(head),
            ground: Gap::Swapped(LeafProof {
                leaf_hash: Invented.node(0, seq)?,
                proof: merkle::inclusion_proof(seq, feed_size, &Invented)?,
            }),
        })
    }

    /// "This is the last event of the consent below this size."
    fn attest(&self, size: u64, root: Digest, last_index: u64, last_digest: Digest) -> Result<Statement> {
        let consent = self.said().consent.context("the answer is not about a consent")?;
        let statement = StateAttestation {
            version: Version,
            r#type: StateAttestationType::default(),
            origin: self.said().origin.clone(),
            size,
            root,
            consent,
            // The grant and nothing after it.
            events: 1,
            last_index,
            last_digest,
        };
        Ok(Statement::StateAttestation(self.sign(statement)?))
    }

    /// The last event of the bundle is denied for the very tree under which the bundle opens it.
    fn denied_although_opened(&self, grant: &Opened) -> Result<Claim> {
        let last = self.opened()?.pop().context("the bundle opens nothing")?;
        ensure!(last.index > grant.index, "the bundle has no event after the grant");
        let note = self.head_note()?;
        let tree: Checkpoint = text_of(&note)?.parse()?;
        let denied = self.attest(tree.size(), digest(&tree.root()), grant.index, grant.digest)?;
        Ok(Claim::AttestationAgainstEvent {
            attestation: Box::new(denied),
            event: Box::new(Event::Opened {
                opening: last.opening,
                view: None,
            }),
        })
    }

    /// The note of the bundle's newest checkpoint.
    fn head_note(&self) -> Result<String> {
        let document = json::parse_canonical(&self.evidence, MAX_BYTES)?;
        let last = document
            .root()
            .get("checkpoints")
            .and_then(Node::as_array)
            .and_then(<[_]>::last);
        let note = last.and_then(|part| part.get("note")).and_then(Node::as_str);
        Ok(note.context("the bundle has no checkpoint")?.to_owned())
    }

    fn opened(&self) -> Result<Vec<Opened>> {
        let document = json::parse_canonical(&self.evidence, MAX_BYTES)?;
        let openings = document
            .root()
            .get("openings")
            .and_then(Node::as_array)
            .unwrap_or_default();
        openings.iter().map(|opening| open(&self.evidence, opening)).collect()
    }
}

fn open(bundle: &[u8], opening: &Node<'_>) -> Result<Opened> {
    let part = |name| opening.get(name).context("a bundle without one of its parts");
    let index = json::decode(part("index")?)?;
    let salt: placet_schemas::api::SaltText = json::decode(part("salt")?)?;
    let hashes = part("proof")?.as_array().unwrap_or_default().iter();
    let proof = hashes.map(|hash| Hash::from_base64(hash.as_str().unwrap_or_default()));
    let record = bundle.get(part("record")?.span()).unwrap_or_default().to_vec();
    Ok(Opened {
        index,
        digest: Digest::of(&record),
        opening: Opening {
            index,
            salt: Salt::from_bytes(*salt.as_bytes()),
            record,
            proof: proof.collect::<Result<_, _>>()?,
        },
    })
}

/// A history that nobody recorded: a leaf hash for each place.
struct Invented;

impl NodeSource for Invented {
    type Error = Infallible;

    fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        if level == 0 {
            return Ok(leaf_hash(format!("invented {index}").as_bytes()));
        }
        let left = self.node(level - 1, 2 * index)?;
        Ok(node_hash(&left, &self.node(level - 1, 2 * index + 1)?))
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let document = json::parse(&bytes, MAX_BYTES)?;
    json::decode(document.root()).with_context(|| format!("{} is not what it should be", path.display()))
}

/// The signed text of a note.
fn text_of(note: &str) -> Result<&str> {
    let end = note.find("\n\n").context("a note without signatures")?;
    note.get(..=end).context("a note without signatures")
}

fn made_up(what: &str) -> Digest {
    Digest::of(what.as_bytes())
}

fn hash(digest: &Digest) -> Hash {
    Hash::new(*digest.as_bytes())
}

fn digest(hash: &Hash) -> Digest {
    Digest::from_bytes(*hash.as_bytes())
}
