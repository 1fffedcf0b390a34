//! A brand's verifier, and what it reports.

use placet_kernel::access::{BatchTree, entry_hash};
use placet_kernel::authorization::VerifierAuthorization;
use placet_kernel::sign::{ProofChoices, secure};
use placet_ledger::Recorded;
use placet_schemas::access::AccessLine;
use placet_schemas::api::{AccessLinesAnswer, PostedLine};
use placet_schemas::id::{Did, Digest, RecordId};
use placet_schemas::record::access::AccessBatch;
use placet_schemas::record::{Body, Draft};
use placet_schemas::version::Version;
use placet_wallet::keys::SoftwareKey;

use crate::world::{Brand, ORIGIN, World, p, person};

/// A verifier that its brand has authorized.
pub(crate) struct Verifier {
    pub(crate) key: SoftwareKey,
    pub(crate) controller: Did,
    pub(crate) authorization: String,
}

/// A batch on its way: the record, and its lines with their proofs.
pub(crate) struct Report {
    pub(crate) record: Vec<u8>,
    pub(crate) digest: Digest,
    pub(crate) lines: Vec<PostedLine>,
}

impl Verifier {
    /// A verifier that this brand authorizes for a year from now on.
    pub(crate) fn of(brand: &Brand, world: &World) -> Self {
        let key = person(&format!("verifier of {}", brand.did));
        let (from, until) = (world.now(), world.now().plus_seconds(365 * 86_400));
        let word = VerifierAuthorization::new(p(ORIGIN), brand.did.clone(), key.did(), from, until).unwrap();
        Self {
            authorization: word.sign(&brand.method, &brand.key).unwrap(),
            controller: brand.did.clone(),
            key,
        }
    }

    /// An access on this consent, just now.
    pub(crate) fn line(&self, world: &World, consent: Option<Digest>) -> AccessLine {
        let line = serde_json::json!({
            "version": 1, "type": "AccessLine", "id": RecordId::from_random(world.fresh()).as_str(),
            "controller": self.controller.as_str(), "at": world.now().to_string(),
            "evaluation": RecordId::from_random(world.fresh()).as_str(), "service": "film tips",
            "purpose": "https://cinema.example/purposes#films", "categories": ["pd:Interest"],
            "processing": "dpv:Use", "delivery": "copy",
        });
        let line: AccessLine = serde_json::from_value(line).unwrap();
        AccessLine { consent, ..line }
    }

    /// A batch of a decision and these lines.
    pub(crate) fn report(&self, world: &World, lines: Vec<AccessLine>) -> Report {
        let decision = entry_hash(b"a.decision.jws");
        let entries = lines.iter().map(|line| entry_hash(&line.to_bytes()));
        let tree = BatchTree::new([decision].into_iter().chain(entries).collect()).unwrap();
        let lines = (1..).zip(lines).map(|(seq, line)| PostedLine {
            proof: tree
                .proof(seq)
                .unwrap()
                .iter()
                .map(|hash| Digest::from_bytes(*hash.as_bytes()))
                .collect(),
            seq,
            line,
        });
        let lines = lines.collect();
        let record = self.batch(world, tree.entries(), tree.root());
        Report {
            digest: Digest::of(&record),
            record,
            lines,
        }
    }

    /// A batch record of the last minute.
    pub(crate) fn batch(&self, world: &World, entries: u64, root: Digest) -> Vec<u8> {
        let now = world.now();
        let batch = AccessBatch {
            version: Version,
            controller: self.controller.clone(),
            authorization: p(&self.authorization),
            from: now.minus_seconds(60),
            until: now,
            entries,
            root,
        };
        let draft = Draft {
            id: RecordId::from_random(world.fresh()),
            issuer: self.key.did(),
            valid_from: now,
            valid_until: None,
            body: Body::AccessBatch(Box::new(batch)),
        };
        let choices = ProofChoices {
            domain: p(ORIGIN),
            created: now,
            challenge: None,
            method: None,
        };
        secure(&draft, choices, &self.key).unwrap()
    }

    /// Records a batch of these lines and hands the lines in.
    pub(crate) async fn tell(&self, world: &World, lines: Vec<AccessLine>) -> (Recorded, AccessLinesAnswer) {
        let report = self.report(world, lines);
        let recorded = world.ledger.submit(&report.record).await.unwrap();
        let kept = world
            .ledger
            .keep_lines(&self.controller, &report.digest, report.lines)
            .await;
        (recorded, kept.unwrap().unwrap())
    }
}
