//! A brand's verifier, and what it reports.

use placet_kernel::access::{BatchTree, entry_hash};
use placet_kernel::authorization::VerifierAuthorization;
use placet_schemas::access::AccessLine;
use placet_schemas::api::{PostAccessLines, PostedLine};
use placet_schemas::id::{Did, Digest, Origin, RecordId};
use placet_schemas::record::access::AccessBatch;
use placet_schemas::record::{Body, CanonicalRecord};
use placet_schemas::time::Timestamp;
use placet_schemas::version::Version;
use placet_wallet::keys::SoftwareKey;
use serde_json::json;

use crate::brand::Brand;
use crate::{Claim, bytes_of, p};

/// A verifier that its brand has authorized for a year.
#[derive(Debug, Clone)]
pub struct Verifier {
    /// Its key.
    pub key: SoftwareKey,
    /// The brand.
    pub controller: Did,
    /// The log.
    pub origin: Origin,
    /// The brand's word.
    pub authorization: String,
}

/// A batch on its way: the record, and its lines with their proofs.
#[derive(Debug, Clone)]
pub struct Report {
    /// The AccessBatch.
    pub record: CanonicalRecord,
    /// What a brand hands in with it.
    pub lines: PostAccessLines,
}

impl Verifier {
    /// A verifier that this brand authorizes from `from` on.
    ///
    /// # Panics
    /// When the kernel would not sign that.
    #[must_use]
    pub fn of(brand: &Brand, origin: &Origin, from: Timestamp) -> Self {
        let key = SoftwareKey::ed25519_from_seed(&bytes_of(&format!("verifier of {}", brand.did)));
        let until = from.plus_seconds(365 * 86_400);
        let word = VerifierAuthorization::new(origin.clone(), brand.did.clone(), key.did(), from, until).unwrap();
        Self {
            authorization: word.sign(&brand.method, &brand.key).unwrap(),
            controller: brand.did.clone(),
            origin: origin.clone(),
            key,
        }
    }

    /// An access on this consent, known by `name`.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn line(&self, name: &str, consent: Option<Digest>, at: Timestamp) -> AccessLine {
        let id = |of: &str| RecordId::from_random(bytes_of(&format!("{of} {name}"))).to_string();
        let line = json!({
            "version": 1, "type": "AccessLine", "id": id("line"), "controller": self.controller.as_str(),
            "at": at.to_string(), "evaluation": id("evaluation"), "service": "film tips",
            "purpose": "https://cinema.example/purposes#recommendations", "categories": ["pd:Interest"],
            "processing": "dpv:Use", "delivery": "copy",
        });
        let line: AccessLine = serde_json::from_value(line).unwrap();
        AccessLine { consent, ..line }
    }

    /// A batch of a decision and these lines, signed at `now`.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn report(&self, lines: Vec<AccessLine>, now: Timestamp) -> Report {
        let decision = entry_hash(b"a.decision.jws");
        let entries = lines.iter().map(|line| entry_hash(&line.to_bytes()));
        let tree = BatchTree::new([decision].into_iter().chain(entries).collect()).unwrap();
        let record = self.batch(tree.entries(), tree.root(), now).sign(&self.key);
        let posted = |(seq, line): (u64, AccessLine)| PostedLine {
            proof: tree
                .proof(seq)
                .unwrap()
                .iter()
                .map(|hash| Digest::from_bytes(*hash.as_bytes()))
                .collect(),
            seq,
            line,
        };
        let lines = PostAccessLines {
            batch: record.record.digest(),
            lines: (1..).zip(lines).map(posted).collect(),
        };
        Report { record, lines }
    }

    /// An AccessBatch of the last minute, to be spoilt before it is signed.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn batch(&self, entries: u64, root: Digest, now: Timestamp) -> Claim {
        let batch = AccessBatch {
            version: Version,
            controller: self.controller.clone(),
            authorization: p(&self.authorization),
            from: now.minus_seconds(60),
            until: now,
            entries,
            root,
        };
        Claim {
            issuer: self.key.did(),
            method: None,
            domain: self.origin.clone(),
            from: now,
            until: None,
            challenge: None,
            body: Body::AccessBatch(Box::new(batch)),
        }
    }
}
