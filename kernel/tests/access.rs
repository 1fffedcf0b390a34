//! Access batches: the tree is RFC 6962's, and an access that a node shows is believed only when line, batch, log and
//! authorization all hold; each way in which they do not has its own code.

#![cfg(test)]

use ed25519_dalek::{Signer as _, SigningKey};
use placet_kernel::access::{
    AccessError, BatchTree, LineError, VerifiedAccess, entry_hash, verify_access, verify_line,
};
use placet_kernel::authorization::VerifierAuthorization;
use placet_kernel::bundle::Verdict;
use placet_kernel::checkpoint::{Checkpoint, cosign, sign_checkpoint};
use placet_kernel::leaf::Salt;
use placet_kernel::merkle::{Frontier, Hash, leaf_hash, verify_inclusion};
use placet_kernel::note::{SignatureType, VerifierKey};
use placet_kernel::sign::{Algorithm, ProofChoices, SignError, Signer, did_key, secure};
use placet_kernel::tlog_proof::TlogProof;
use placet_kernel::trust::{LogKeys, QUORUM_NONE, SizedDid, SizedVkey, Sizes, Trust, TrustBuilder};
use placet_schemas::access::AccessLine;
use placet_schemas::api::{AccessView, ProvenRecord, SaltText};
use placet_schemas::id::{Did, DidUrl, Digest, Origin, RecordId};
use placet_schemas::record::access::AccessBatch;
use placet_schemas::record::keys::{ControllerKeys, DidDocument, KeySource, Multikey, VerificationMethod};
use placet_schemas::record::{Body, CanonicalRecord, Draft};
use placet_schemas::time::Timestamp;
use placet_schemas::version::Version;

struct Key(SigningKey);

impl Key {
    fn new(seed: u8) -> Self {
        Self(SigningKey::from_bytes(&[seed; 32]))
    }
}

impl Signer for Key {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Ed25519
    }

    fn public_key_bytes(&self) -> Vec<u8> {
        self.0.verifying_key().to_bytes().to_vec()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        Ok(self.0.sign(message).to_bytes())
    }
}

const BRAND: u8 = 1;
const VERIFIER: u8 = 2;
const OPERATOR: u8 = 3;
const LOG: u8 = 4;
const COSIGNER: u8 = 5;
const STRANGER: u8 = 6;
const DAY: &str = "2026-11-22T05:00:00Z";

fn day() -> Timestamp {
    DAY.parse().unwrap()
}

fn origin() -> Origin {
    "log.example/a".parse().unwrap()
}

fn cinema() -> Did {
    "did:web:cinema.example".parse().unwrap()
}

fn consent() -> Digest {
    Digest::of(b"a consent")
}

/// Everything that goes into an answer, before it is put together: each test spoils one part.
struct Scene {
    line: serde_json::Value,
    seq: u64,
    authorized: (Origin, Did),
    batch_by: u8,
    batch_domain: Origin,
    registered: Did,
    keys_by: u8,
    change_batch: fn(&mut AccessBatch),
}

impl Scene {
    fn new() -> Self {
        Self {
            line: serde_json::json!({
                "version": 1, "type": "AccessLine", "id": "urn:uuid:00000000-0000-4000-8000-000000000001",
                "controller": cinema().as_str(), "consent": consent().to_string(), "at": DAY, "service": "film tips",
                "purpose": "https://cinema.example/p", "categories": ["pd:Interest"], "processing": "dpv:Use",
                "delivery": "copy",
            }),
            seq: 1,
            authorized: (origin(), did(VERIFIER)),
            batch_by: VERIFIER,
            batch_domain: origin(),
            registered: cinema(),
            keys_by: OPERATOR,
            change_batch: |_| {},
        }
    }

    fn line(&self) -> Vec<u8> {
        placet_schemas::json::to_jcs(&self.line).unwrap()
    }

    fn tree(&self) -> BatchTree {
        let entries = [
            b"a.decision.jws".to_vec(),
            self.line(),
            b"another.decision.jws".to_vec(),
        ];
        BatchTree::new(entries.iter().map(|entry| entry_hash(entry)).collect()).unwrap()
    }

    fn proof(&self) -> Vec<Hash> {
        self.tree().proof(self.seq).unwrap()
    }

    fn batch(&self) -> AccessBatch {
        let (origin, verifier) = self.authorized.clone();
        let until = day().plus_seconds(31_536_000);
        let word = VerifierAuthorization::new(origin, cinema(), verifier, day(), until).unwrap();
        let word = word.sign(&method(), &Key::new(BRAND)).unwrap();
        let mut batch = AccessBatch {
            version: Version,
            controller: cinema(),
            authorization: word.parse().unwrap(),
            from: day(),
            until: day().plus_seconds(60),
            entries: 3,
            root: self.tree().root(),
        };
        (self.change_batch)(&mut batch);
        batch
    }

    fn keys_record(&self) -> Vec<u8> {
        let method: DidUrl = format!("{}#key-1", self.registered).parse().unwrap();
        let method = VerificationMethod {
            id: method,
            r#type: Multikey::Multikey,
            controller: self.registered.clone(),
            public_key_multibase: did(BRAND).key_multibase().unwrap().to_owned(),
        };
        let keys = ControllerKeys {
            version: Version,
            legal_name: "Example Cinema plc".parse().unwrap(),
            source: KeySource::Supplied,
            document_digest: Digest::of(b"document"),
            document: DidDocument::new(self.registered.clone(), vec![method]).unwrap(),
        };
        record(self.keys_by, 1, Body::ControllerKeys(Box::new(keys)), origin())
    }

    fn batch_record(&self) -> Vec<u8> {
        let body = Body::AccessBatch(Box::new(self.batch()));
        record(self.batch_by, 2, body, self.batch_domain.clone())
    }

    /// The answer of an honest node.
    fn answer(&self) -> Answer {
        let log = Log::of(vec![b"earlier".to_vec(), self.keys_record(), self.batch_record()]);
        let proof = self
            .proof()
            .into_iter()
            .map(|hash| Digest::from_bytes(*hash.as_bytes()));
        Answer {
            view: AccessView {
                line: AccessLine::parse(&self.line()).unwrap(),
                seq: self.seq,
                proof: proof.collect(),
                batch: log.proven(2),
            },
            keys: vec![log.proven(1)],
        }
    }

    fn judged(&self) -> Result<VerifiedAccess, AccessError> {
        self.answer().judge()
    }
}

struct Answer {
    view: AccessView,
    keys: Vec<ProvenRecord>,
}

impl Answer {
    fn judge(&self) -> Result<VerifiedAccess, AccessError> {
        verify_access(&self.view, &self.keys, &consent(), &origin(), &trust("log.example/a"))
    }

    fn code(&self) -> &'static str {
        self.judge().unwrap_err().code()
    }
}

/// A log of these records, and its checkpoint.
struct Log {
    records: Vec<Vec<u8>>,
    tree: BatchTree,
    note: String,
}

impl Log {
    fn of(records: Vec<Vec<u8>>) -> Self {
        let leaf = |(index, record): (usize, &Vec<u8>)| leaf_hash(&salt(index as u64).leaf(&Digest::of(record)));
        // The same tree as a batch's: both are RFC 6962's.
        let tree = BatchTree::new(records.iter().enumerate().map(leaf).collect()).unwrap();
        let root = Hash::new(*tree.root().as_bytes());
        let checkpoint = Checkpoint::new(origin(), records.len() as u64, root).unwrap();
        let mut note = sign_checkpoint(&checkpoint, &Key::new(LOG)).unwrap();
        let name = "log.example/a/cosigner".parse().unwrap();
        note.push_str(&cosign(&checkpoint, &name, day().unix() + 70, &Key::new(COSIGNER)).unwrap());
        Self { records, tree, note }
    }

    fn proven(&self, index: u64) -> ProvenRecord {
        let record = &self.records[usize::try_from(index).unwrap()];
        ProvenRecord {
            index,
            salt: SaltText::from_bytes(*salt(index).as_bytes()),
            record: serde_json::from_slice(record).unwrap(),
            proof: TlogProof::new(index, self.tree.proof(index).unwrap(), self.note.clone()).to_string(),
        }
    }
}

fn salt(index: u64) -> Salt {
    Salt::from_bytes([u8::try_from(index).unwrap() + 1; 32])
}

fn did(seed: u8) -> Did {
    did_key(&Key::new(seed)).unwrap()
}

fn method() -> DidUrl {
    "did:web:cinema.example#key-1".parse().unwrap()
}

fn record(by: u8, name: u8, body: Body, domain: Origin) -> Vec<u8> {
    let draft = Draft {
        id: RecordId::from_random([name; 16]),
        issuer: did(by),
        valid_from: day().plus_seconds(60),
        valid_until: None,
        body,
    };
    let choices = ProofChoices {
        domain,
        created: day().plus_seconds(60),
        challenge: None,
        method: None,
    };
    secure(&draft, choices, &Key::new(by)).unwrap()
}

fn trust(log: &str) -> Trust {
    let origin: Origin = log.parse().unwrap();
    let sizes = Sizes::ALL;
    let vkey = |name: String, kind, seed| {
        let vkey = VerifierKey::of_signer(name.parse().unwrap(), kind, &Key::new(seed)).unwrap();
        vec![SizedVkey {
            vkey: vkey.to_string(),
            sizes,
        }]
    };
    let keys = LogKeys {
        checkpoint_keys: vkey(log.to_owned(), SignatureType::Ed25519, LOG),
        cosigner_keys: vkey(format!("{log}/cosigner"), SignatureType::CosignatureV1, COSIGNER),
        operator_keys: vec![SizedDid {
            key: did(OPERATOR),
            sizes,
        }],
        origin,
    };
    TrustBuilder::default().log(&keys).unwrap().quorum(QUORUM_NONE).unwrap()
}

#[test]
fn the_tree_is_that_of_rfc_6962_and_proves_each_of_its_entries() {
    let mut frontier = Frontier::new();
    let mut entries = Vec::new();
    for size in 1..=70_u64 {
        let entry = entry_hash(&size.to_be_bytes());
        frontier.push(entry);
        entries.push(entry);
        let tree = BatchTree::new(entries.clone()).unwrap();
        assert_eq!(
            (tree.entries(), tree.root().as_bytes()),
            (size, frontier.root().as_bytes())
        );
        for (seq, entry) in (0..size).zip(&entries) {
            let proof = tree.proof(seq).unwrap();
            assert_eq!(verify_inclusion(entry, seq, size, &proof, &frontier.root()), Ok(()));
        }
        assert_eq!(tree.proof(size), None);
    }
    assert!(BatchTree::new(Vec::new()).is_none());
}

#[test]
fn an_access_that_holds_says_who_did_what() {
    let access = Scene::new().judged().unwrap();
    assert_eq!(access.line.service.as_str(), "film tips");
    assert_eq!(access.legal_name.as_str(), "Example Cinema plc");
    assert_eq!((access.verifier, access.batch_index), (did(VERIFIER), 2));
    assert_eq!(access.existed_by, Some(day().plus_seconds(70)));
}

#[test]
fn each_fault_of_a_line_has_its_own_code() {
    let code = |scene: &Scene, seq, proof: &[Hash]| {
        let error: LineError = verify_line(&scene.line(), seq, proof, &scene.batch()).unwrap_err();
        error.code()
    };
    let good = Scene::new();
    assert!(verify_line(&good.line(), 1, &good.proof(), &good.batch()).is_ok());
    assert_eq!(code(&good, 0, &good.proof()), "line_not_included");
    assert_eq!(code(&good, 3, &good.proof()), "line_not_included");
    assert_eq!(code(&good, 1, &[]), "line_not_included");
    let forged = Scene {
        line: Scene::new()
            .line
            .as_object()
            .cloned()
            .map(|mut line| {
                line["service"] = "another".into();
                line.into()
            })
            .unwrap(),
        ..Scene::new()
    };
    let judged = verify_line(&forged.line(), 1, &good.proof(), &good.batch());
    assert_eq!(judged.unwrap_err().code(), "line_not_included");
    for (member, value, expected) in [
        ("version", 2.into(), "unsupported_version"),
        ("extra", 2.into(), "line_malformed"),
        ("controller", "did:web:other.example".into(), "line_wrong_controller"),
        ("at", "2026-11-22T05:11:01Z".into(), "line_after_batch"),
    ] {
        let mut scene = Scene::new();
        scene.line[member] = value;
        assert_eq!(code(&scene, 1, &scene.proof()), expected);
    }
    let mut last_moment = Scene::new();
    last_moment.line["at"] = "2026-11-22T05:11:00Z".into();
    assert!(last_moment.judged().is_ok());
}

#[test]
fn a_batch_counts_only_by_a_verifier_that_the_brand_authorized() {
    let code = |scene: Scene| scene.judged().unwrap_err().code();
    let authorized = (origin(), did(STRANGER));
    assert_eq!(
        code(Scene {
            authorized,
            ..Scene::new()
        }),
        "wrong_signer"
    );
    let authorized = ("log.example/b".parse().unwrap(), did(VERIFIER));
    assert_eq!(
        code(Scene {
            authorized,
            ..Scene::new()
        }),
        "authorization_wrong_origin"
    );
    let batch_domain = "log.example/b".parse().unwrap();
    assert_eq!(
        code(Scene {
            batch_domain,
            ..Scene::new()
        }),
        "wrong_domain"
    );
    let forged: fn(&mut AccessBatch) = |batch| {
        let word = VerifierAuthorization::new(origin(), cinema(), did(VERIFIER), day(), day().plus_seconds(9)).unwrap();
        batch.authorization = word.sign(&method(), &Key::new(STRANGER)).unwrap().parse().unwrap();
    };
    assert_eq!(
        code(Scene {
            change_batch: forged,
            ..Scene::new()
        }),
        "jws_signature"
    );
    let late: fn(&mut AccessBatch) = |batch| {
        let word =
            VerifierAuthorization::new(origin(), cinema(), did(VERIFIER), day(), day().plus_seconds(59)).unwrap();
        batch.authorization = word.sign(&method(), &Key::new(BRAND)).unwrap().parse().unwrap();
    };
    assert_eq!(
        code(Scene {
            change_batch: late,
            ..Scene::new()
        }),
        "authorization_expired"
    );
}

#[test]
fn the_brands_keys_must_be_there_and_the_operators() {
    let mut answer = Scene::new().answer();
    answer.keys.clear();
    assert_eq!(
        (answer.code(), answer.judge().unwrap_err().verdict()),
        ("controller_keys_missing", Verdict::CannotTell)
    );
    let registered = "did:web:other.example".parse().unwrap();
    assert_eq!(
        Scene {
            registered,
            ..Scene::new()
        }
        .judged()
        .unwrap_err()
        .code(),
        "controller_keys_missing"
    );
    let forged = Scene {
        keys_by: STRANGER,
        ..Scene::new()
    };
    assert_eq!(
        (
            forged.judged().unwrap_err().code(),
            forged.judged().unwrap_err().verdict()
        ),
        ("wrong_signer", Verdict::Fails)
    );
    let mut swapped = Scene::new().answer();
    swapped.keys[0] = swapped.view.batch.clone();
    swapped.keys[0].index = 1;
    assert_ne!(
        swapped.code(),
        "controller_keys_missing",
        "another place is not believed"
    );
}

#[test]
fn what_is_not_in_the_log_does_not_count() {
    let spoil = |spoil: fn(&mut Answer)| {
        let mut answer = Scene::new().answer();
        spoil(&mut answer);
        answer.code()
    };
    assert_eq!(
        spoil(|a| a.view.batch.salt = SaltText::from_bytes([9; 32])),
        "merkle_root_mismatch"
    );
    assert_eq!(spoil(|a| a.view.batch.index = 3), "tlog_proof_index");
    assert_eq!(
        spoil(|a| a.view.batch.proof = "nothing".to_owned()),
        "tlog_proof_no_checkpoint"
    );
    assert_eq!(
        spoil(|a| a.view.batch.record["credentialSubject"]["entries"] = 0.into()),
        "record_malformed"
    );
    assert_eq!(
        spoil(|a| a.view.batch.record["credentialSubject"]["version"] = 2.into()),
        "unsupported_version"
    );
    assert_eq!(spoil(|a| a.view.batch = a.keys[0].clone()), "record_malformed");
    let other = spoil(|a| a.view.batch.proof = a.view.batch.proof.replacen("log.example/a", "log.example/b", 1));
    assert_eq!(other, "checkpoint_other_origin");
    assert_eq!(spoil(|a| a.view.proof.clear()), "line_not_included");
    assert_eq!(spoil(|a| a.view.line.consent = None), "line_not_included");
}

#[test]
fn a_line_of_another_consent_or_of_none_is_not_hers() {
    let answer = Scene::new().answer();
    let of = |consent: &Digest| verify_access(&answer.view, &answer.keys, consent, &origin(), &trust("log.example/a"));
    assert_eq!(of(&Digest::of(b"another")).unwrap_err().code(), "line_other_consent");
    let mut scene = Scene::new();
    scene.line.as_object_mut().unwrap().remove("consent");
    assert_eq!(scene.judged().unwrap_err().code(), "line_other_consent");
    let trust = trust("log.example/b");
    let judged = verify_access(&answer.view, &answer.keys, &consent(), &origin(), &trust);
    assert_eq!(judged.unwrap_err().code(), "log_unknown");
}

#[test]
fn the_fixture_is_a_record() {
    let record = CanonicalRecord::parse(&Scene::new().batch_record()).unwrap().record;
    assert_eq!((record.consent(), record.kind().is_public()), (None, false));
}
