//! A dishonest operator: with a copy of a node's keys it signs what is not true, and shows what becomes of it.
//!
//! ```text
//! cargo run --example dishonest_operator -- --node DIR --trust TRUST --answer ANSWER --head HEAD --evidence BUNDLE --out OUT
//! ```
//! `--node` is the node's folder, for its keys. What the honest node signed before comes from those to whom it was signed:
//! `--answer` is the ledger's answer to a person's narrowing or withdrawal (`placet wallet show CONSENT --json`, the member
//! `answer` of a record), `--head` the head of the brand's feed (the member `head` in the file of `placet brand consents
//! --state`), `--evidence` the bundle of her consent (`placet wallet show CONSENT --evidence`).
//!
//! Each deed but the last ends in a file that `placet verify` takes for proof. A time is the word of whoever cosigned: with
//! witnesses in the trust file the own cosigner's counts for nothing; without, the record's own time still stands, which only
//! its signer could have changed.
//!
//! | deed | what comes of it |
//! |---|---|
//! | sign another tree of the same size; another, larger history | fork |
//! | sign another feed of the same size; a feed that ends earlier | feed fork |
//! | leave an acknowledged event out of its feed, or put another in its place | acknowledgement against head |
//! | deny an event that was acknowledged; that the own tree contains | attestation against event |
//! | log an old grant again, so that its withdrawal seems undone | attestation against event |
//! | sign an old time on a checkpoint, with the own cosigner | a bundle in which the consent was not in force then |
//!
//! `forged-head.json` and `forged-acknowledgement.json` are what a brand would hold if the operator had said so before: the
//! tests put them into its memory.

use std::convert::Infallible;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Parser as _;
use placet_kernel::bundle::{self, Verdict};
use placet_kernel::checkpoint::{Checkpoint, cosign, sign_checkpoint};
use placet_kernel::leaf::Salt;
use placet_kernel::merkle::{self, Hash, NodeSource, leaf_hash, node_hash};
use placet_kernel::misbehaviour::{
    self, Accusation, Claim, Event, Gap, LeafProof, Opening, Statement, between, prefix,
};
use placet_kernel::sign::sign_statement;
use placet_kernel::trust::Trust;
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
/// How far back the operator would like the time to be, in seconds.
const BACK: u64 = 365 * 86_400;

/// What the operator has.
#[derive(Debug, clap::Parser)]
struct Args {
    /// The node's folder
    #[arg(long)]
    node: PathBuf,
    /// The trust file by which a judge will judge
    #[arg(long)]
    trust: PathBuf,
    /// The ledger's answer to a narrowing or withdrawal
    #[arg(long)]
    answer: PathBuf,
    /// The signed head of the brand's feed
    #[arg(long)]
    head: PathBuf,
    /// The evidence bundle of the consent
    #[arg(long)]
    evidence: PathBuf,
    /// Where the files go
    #[arg(long)]
    out: PathBuf,
}

/// The operator, and what it signed while it was honest.
struct Operator {
    keys: Keys,
    trust: Trust,
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

fn main() -> Result<()> {
    let args = Args::parse();
    let operator = Operator {
        keys: Keys::load(&args.node.join("keys"))?,
        trust: Trust::parse(&fs::read(&args.trust)?)?,
        answer: read(&args.answer)?,
        head: read(&args.head)?,
        evidence: fs::read(&args.evidence)?,
    };
    let now = operator.head.statement.time;
    fs::create_dir_all(&args.out)?;
    for (deed, accusation) in operator.deeds()? {
        let bytes = accusation.to_bytes()?;
        let report = misbehaviour::verify(&bytes, Some(&operator.trust), now)?;
        say(&args.out, deed, &bytes, &format!("{:?}", report.proved))?;
        ensure!(report.proved == Verdict::Holds, "{deed} is not proved: {report:?}");
    }
    let (bytes, verdict) = operator.backdate(now)?;
    say(&args.out, "backdated", &bytes, &format!("{verdict:?} for that time"))?;
    let (head, acknowledgement) = operator.forgeries()?;
    fs::write(args.out.join("forged-head.json"), json::to_jcs(&head)?)?;
    fs::write(
        args.out.join("forged-acknowledgement.json"),
        json::to_jcs(&acknowledgement)?,
    )?;
    Ok(())
}

fn say(out: &Path, deed: &str, bytes: &[u8], verdict: &str) -> Result<()> {
    let path = out.join(format!("{deed}.json"));
    fs::write(&path, bytes)?;
    writeln!(io::stdout(), "{deed:<22} {verdict:<26} {}", path.display())?;
    Ok(())
}

impl Operator {
    /// Every deed that is proved, with its proof.
    fn deeds(&self) -> Result<Vec<(&'static str, Accusation)>> {
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

    /// The same bundle, under a checkpoint that the node's own cosigner dates a year back.
    fn backdate(&self, now: Timestamp) -> Result<(Vec<u8>, Verdict)> {
        let note = self.head_note()?;
        let tree: Checkpoint = text_of(&note)?.parse()?;
        let cosigner = note.lines().last().and_then(|line| line.split(' ').nth(1));
        let name = cosigner.context("the head has no cosignature")?.parse()?;
        let past = now.minus_seconds(BACK);
        let line = cosign(&tree, &name, past.unix(), &self.keys.cosigner)?;
        let forged = format!("{}{line}", sign_checkpoint(&tree, &self.keys.checkpoint)?);
        let [old, new] = [&note, &forged].map(json::to_jcs);
        let text = String::from_utf8(self.evidence.clone())?;
        let bytes = text
            .replace(&String::from_utf8(old?)?, &String::from_utf8(new?)?)
            .into_bytes();
        let report = bundle::verify(&bytes, Some(&self.trust), now, Some(past))?;
        Ok((bytes, report.in_force))
    }

    /// A head with one item more than the feed has, and the acknowledgement of that item.
    fn forgeries(&self) -> Result<(Signed<FeedHead>, Signed<Acknowledgement>)> {
        let seq = self.head.statement.feed_size;
        let head = FeedHead {
            feed_size: seq + 1,
            ..self.head.statement.clone()
        };
        let acknowledgement = Acknowledgement {
            seq,
            ..self.said().clone()
        };
        Ok((self.sign(head)?, self.sign(acknowledgement)?))
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
