//! What the targets begin with, and what alone may hold: one log, one consent from its request to its end, all that was
//! signed on the way, and the examples of the documentation.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{LazyLock, Mutex, MutexGuard};

use placet_kernel::bundle::{BatchEvidence, DecisionEvidence};
use placet_kernel::checkpoint::{Checkpoint, CheckpointKeys};
use placet_kernel::jws;
use placet_kernel::merkle::{Hash, leaf_hash};
use placet_kernel::note::VerifierKey;
use placet_kernel::sign::Signer;
use placet_kernel::tile::{Tile, encode_entries};
use placet_kernel::tlog_proof::TlogProof;
use placet_kernel::trust::{Group, Trust, TrustFile};
use placet_schemas::access::AccessLine;
use placet_schemas::api::{
    AccessPage, AccessView, PostedLine, ProvenRecord, REGISTRATION_TYP, RegisterController, SESSION_TYP, SaltText,
    SessionClaims,
};
use placet_schemas::id::{Did, Digest, Origin};
use placet_schemas::json;
use placet_schemas::record::access::AccessBatch;
use placet_schemas::record::keys::ControllerKeys;
use placet_schemas::record::{Body, Kind};
use placet_schemas::time::Timestamp;
use placet_wallet::keys::SoftwareKey;
use serde_json::Value;

use crate::desk::{Desk, covered};
use crate::log::trust;
use crate::report::{Report, Verifier};
use crate::scene::Scene;
use crate::{bytes_of, p};

/// The consent and its log.
pub(super) static SAMPLE: LazyLock<Sample> = LazyLock::new(Sample::new);

/// All that was ever signed in the sample's log, and what judges it.
pub(super) struct Sample {
    /// The log.
    pub(super) origin: Origin,
    /// The brand.
    pub(super) brand: Did,
    /// Its keys.
    pub(super) brand_keys: ControllerKeys,
    /// The operator.
    pub(super) operators: Vec<Did>,
    /// The records.
    pub(super) signed: BTreeSet<Digest>,
    /// Whom a judge trusts: this log, and that of the documentation.
    pub(super) trust: Trust,
    /// The judge's clock.
    pub(super) now: Timestamp,
    /// A moment at which the consent was in force.
    pub(super) moment: Timestamp,
    /// The honest bundles.
    pub(super) bundles: Vec<Value>,
    /// The trees that the log signed.
    pub(super) heads: Vec<Checkpoint>,
    /// By these keys.
    pub(super) keys: CheckpointKeys,
    /// The grant's leaf.
    pub(super) leaf: Hash,
    /// Where it is.
    pub(super) leaf_index: u64,
    /// The batch of the brand's verifier, and what is in it.
    pub(super) batch: AccessBatch,
    pub(super) lines: Vec<AccessLine>,
    /// The verifier.
    pub(super) verifier: Did,
    /// Session tokens, one of each curve.
    pub(super) tokens: Vec<String>,
    // Its tree keeps what it has computed, for one thread at a time.
    scene: Mutex<Scene>,
    trust_file: TrustFile,
    bundle_bytes: Vec<Vec<u8>>,
    authorization: String,
    report: Report,
    /// What a node would answer about it.
    accesses: AccessPage,
}

impl Sample {
    fn new() -> Self {
        let mut scene = Scene::new();
        let leaf_index = scene.grant();
        scene.log.strangers(3);
        scene.publish();
        let moment = scene.clock;
        let desk = Desk::open(&scene);
        let decision = desk.sign(&desk.answer(&covered()));
        let mut bundle_bytes = vec![example("evidence.json"), scene.evidence().to_bytes().unwrap()];
        scene.narrow();
        scene.register();
        scene.publish();
        bundle_bytes.push(scene.evidence().to_bytes().unwrap());
        scene.renew(scene.clock.plus_seconds(40_000_000));
        scene.erase();
        scene.log.strangers(5);
        scene.publish();
        scene.withdraw();
        scene.publish();
        bundle_bytes.push(scene.evidence().to_bytes().unwrap());
        let (batch, entries) = desk.batch(std::slice::from_ref(&decision), scene.clock);
        let index = scene.record(batch);
        let size = scene.publish();
        let mut evidence = scene.evidence();
        evidence.decisions.push(DecisionEvidence {
            authorization: desk.authorization(),
            decision,
            consistency: Vec::new(),
            batch: Some(BatchEvidence {
                opening: scene.log.opening(index, size),
                seq: 0,
                entry_proof: entries.proof(0).unwrap(),
            }),
        });
        bundle_bytes.push(evidence.to_bytes().unwrap());
        let verifier = Verifier::of(&scene.brand, &scene.log.origin, moment);
        let accesses = ["one", "two"].map(|name| verifier.line(name, Some(scene.consent()), scene.clock));
        let report = verifier.report(accesses.into(), scene.clock);
        let Body::AccessBatch(batch) = report.record.record.body.clone() else {
            panic!("a batch")
        };
        let batch_index = scene.record(report.record.clone());
        scene.publish();
        let trust_file = both_logs(&scene);
        let grant = scene
            .log
            .entries
            .iter()
            .find(|entry| entry.index == leaf_index)
            .unwrap();
        Self {
            origin: scene.log.origin.clone(),
            brand: scene.brand.did.clone(),
            brand_keys: scene.brand.keys(),
            operators: vec![scene.log.operator.did()],
            signed: scene.log.entries.iter().map(|entry| entry.record.digest()).collect(),
            trust: trust(&trust_file),
            // After the example of the documentation, too.
            now: p("2026-12-01T00:00:00Z"),
            moment,
            bundles: bundle_bytes
                .iter()
                .map(|bytes| serde_json::from_slice(bytes).unwrap())
                .collect(),
            heads: scene
                .checkpoints
                .iter()
                .map(|published| scene.log.head(published.size))
                .collect(),
            keys: checkpoint_keys(&scene),
            leaf: leaf_hash(&grant.salt.leaf(&grant.record.digest())),
            leaf_index,
            batch: *batch,
            lines: report.lines.lines.iter().map(|posted| posted.line.clone()).collect(),
            verifier: verifier.key.did(),
            authorization: verifier.authorization,
            accesses: access_page(&scene, &report, batch_index),
            report,
            tokens: tokens(&scene),
            trust_file,
            bundle_bytes,
            scene: Mutex::new(scene),
        }
    }
}

/// The lines of a report as a node gives them, under the newest checkpoint.
fn access_page(scene: &Scene, report: &Report, batch: u64) -> AccessPage {
    let head = scene.checkpoints.last().unwrap();
    let proven = |index: u64| {
        let opening = scene.log.opening(index, head.size);
        ProvenRecord {
            index,
            salt: SaltText::from_bytes(*opening.salt.as_bytes()),
            record: serde_json::from_slice(&opening.record).unwrap(),
            proof: TlogProof::new(index, opening.proof, head.note.clone()).to_string(),
        }
    };
    let keys = scene
        .log
        .entries
        .iter()
        .rfind(|entry| entry.record.kind() == Kind::ControllerKeys);
    let view = |posted: &PostedLine| AccessView {
        line: posted.line.clone(),
        seq: posted.seq,
        proof: posted.proof.clone(),
        batch: proven(batch),
    };
    AccessPage {
        accesses: report.lines.lines.iter().map(view).collect(),
        keys: vec![proven(keys.unwrap().index)],
        next: Some(format!("{batch}.2")),
    }
}

fn scene() -> MutexGuard<'static, Scene> {
    SAMPLE.scene.lock().unwrap()
}

/// A file of `docs/examples`.
pub(super) fn example(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs/examples")
        .join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(super) fn access_pages() -> Vec<Vec<u8>> {
    vec![json::to_jcs(&SAMPLE.accesses).unwrap()]
}

pub(super) fn access_lines() -> Vec<Vec<u8>> {
    vec![json::to_jcs(&SAMPLE.report.lines).unwrap()]
}

pub(super) fn verifier_authorizations() -> Vec<Vec<u8>> {
    vec![SAMPLE.authorization.clone().into_bytes()]
}

pub(super) fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

pub(super) fn json_texts() -> Vec<Vec<u8>> {
    let texts = texts(&[
        "null",
        "[true,false,-1,9007199254740991]",
        r#" {"\u20ac": "\ud83d\ude00", "b": [{}, [], ""], "a": "\"\\\/\b\f\n\r\t"} "#,
    ]);
    [texts, vec![example("problem.json"), example("feed.json")]].concat()
}

pub(super) fn records() -> Vec<Vec<u8>> {
    scene().log.entries.iter().map(|entry| entry.bytes.clone()).collect()
}

pub(super) fn notices() -> Vec<Vec<u8>> {
    scene().notices.iter().map(|notice| notice.bytes.clone()).collect()
}

pub(super) fn trust_files() -> Vec<Vec<u8>> {
    vec![example("trust.json"), json::to_jcs(&SAMPLE.trust_file).unwrap()]
}

/// One file of each kind, from docs/FORMATS.md.
pub(super) fn accusations() -> Vec<Vec<u8>> {
    let formats = include_str!("../../../docs/FORMATS.md");
    let blocks = formats.split("```json misbehaviour\n").skip(1);
    blocks
        .map(|block| block.split("\n```").next().unwrap_or_default().as_bytes().to_vec())
        .collect()
}

pub(super) fn bundles() -> Vec<Vec<u8>> {
    SAMPLE.bundle_bytes.clone()
}

pub(super) fn notes() -> Vec<Vec<u8>> {
    let scene = scene();
    let published = scene.checkpoints.iter();
    let notes = published.map(|published| published.note.clone().into_bytes());
    notes.chain([example("checkpoint.txt")]).collect()
}

pub(super) fn checkpoint_texts() -> Vec<Vec<u8>> {
    SAMPLE.heads.iter().map(|head| head.to_string().into_bytes()).collect()
}

pub(super) fn vkeys() -> Vec<Vec<u8>> {
    let log = &SAMPLE.trust_file.logs[0];
    let own = log.checkpoint_keys.iter().chain(&log.cosigner_keys);
    own.map(|key| key.vkey.clone().into_bytes()).collect()
}

pub(super) fn tlog_proofs() -> Vec<Vec<u8>> {
    let scene = scene();
    // The first checkpoint is from before the grant.
    let after = scene
        .checkpoints
        .iter()
        .filter(|published| published.size > SAMPLE.leaf_index);
    let proofs = after.map(|published| {
        let hashes = scene.log.tree.inclusion(SAMPLE.leaf_index, published.size);
        TlogProof::new(SAMPLE.leaf_index, hashes, published.note.clone())
            .to_string()
            .into_bytes()
    });
    proofs.chain([example("proof.txt")]).collect()
}

/// A byte that says how wide it is, less one, and the hashes.
pub(super) fn tile_data() -> Vec<Vec<u8>> {
    [1, 3, 256]
        .map(|width: u16| [&[(width - 1).to_be_bytes()[1]][..], &vec![7; usize::from(width) * 32]].concat())
        .to_vec()
}

/// The same with entries.
pub(super) fn entry_bundles() -> Vec<Vec<u8>> {
    let entries = [&[1; 33][..], b"", b"entry"];
    let bundle = encode_entries(&Tile::entries(0, 3).unwrap(), entries).unwrap();
    let alone = encode_entries(&Tile::entries(0, 1).unwrap(), [&entries[0]; 1].map(|entry| *entry)).unwrap();
    vec![[&[2][..], &bundle].concat(), [&[0][..], &alone].concat()]
}

pub(super) fn add_checkpoints() -> Vec<Vec<u8>> {
    let scene = scene();
    let published = &scene.checkpoints;
    let body = |old: u64, new: usize| {
        let hashes = match old {
            0 => Vec::new(),
            _ => scene.log.tree.consistency(old, published[new].size),
        };
        let lines: String = hashes.iter().map(|hash| format!("{}\n", hash.to_base64())).collect();
        format!("old {old}\n{lines}\n{}", published[new].note).into_bytes()
    };
    vec![body(0, 0), body(published[0].size, 1), body(published[1].size, 3)]
}

pub(super) fn session_tokens() -> Vec<Vec<u8>> {
    SAMPLE.tokens.iter().map(|token| token.clone().into_bytes()).collect()
}

pub(super) fn open_sessions() -> Vec<Vec<u8>> {
    let bodies = SAMPLE.tokens.iter().map(|token| format!(r#"{{"jws":"{token}"}}"#));
    bodies.map(String::into_bytes).collect()
}

pub(super) fn issue_tokens() -> Vec<Vec<u8>> {
    let brand = &SAMPLE.brand;
    let audit = r#""audit":{"case":"IV-2026/17","from":"2026-01-01T00:00:00Z","to":"2026-06-30T23:59:59Z"}"#;
    texts(&[
        r#"{"label":"operator","role":"operator"}"#,
        r#"{"kinds":["ConsentGrant","Withdrawal"],"label":"issuer","role":"service"}"#,
        &format!(r#"{{{audit},"controller":"{brand}","expiresInSeconds":86400,"label":"audit","role":"auditor"}}"#),
    ])
}

pub(super) fn registrations() -> Vec<Vec<u8>> {
    let scene = scene();
    let brand = &scene.brand;
    let order = |document| RegisterController {
        did: brand.did.clone(),
        legal_name: p(brand.legal_name),
        document,
        challenge: jws::sign(b"{}", REGISTRATION_TYP, &brand.method, &brand.key).unwrap(),
    };
    let whole = serde_json::to_value(brand.keys().document).unwrap();
    [None, Some(whole)]
        .map(|document| json::to_jcs(&order(document)).unwrap())
        .to_vec()
}

pub(super) fn withdrawal_codes() -> Vec<Vec<u8>> {
    let code = scene().code.to_string();
    texts(&[&code, &code.to_lowercase().replace('-', " ")])
}

pub(super) fn withdrawals_by_code() -> Vec<Vec<u8>> {
    vec![format!(r#"{{"code":"{}"}}"#, scene().code).into_bytes()]
}

/// With an embedded Multikey, with a reference, and with keys as JWK.
pub(super) fn did_documents() -> Vec<Vec<u8>> {
    let did = &SAMPLE.brand;
    let embedded = json::to_jcs(&SAMPLE.brand_keys.document).unwrap();
    let ed25519 = r#"{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let p256 = r#"{"crv":"P-256","kty":"EC","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    let method = |id: &str, jwk: &str| {
        format!(r##"{{"controller":"{did}","id":"{id}","publicKeyJwk":{jwk},"type":"JsonWebKey"}}"##)
    };
    let referred = format!(
        r##"{{"assertionMethod":["#a","{did}#b"],"id":"{did}","service":[],"verificationMethod":[{},{}]}}"##,
        method("#a", ed25519),
        method(&format!("{did}#b"), p256),
    );
    vec![embedded, referred.into_bytes()]
}

/// Each log has its own witnesses; a quorum of either will do, since neither signs for the other's log.
fn both_logs(scene: &Scene) -> TrustFile {
    let mut file = scene.trust_file();
    let examples = example("trust.json");
    let document = json::parse(&examples, examples.len()).unwrap();
    let documented: TrustFile = json::decode(document.root()).unwrap();
    file.logs.extend(documented.logs);
    file.witnesses.extend(documented.witnesses);
    let documented_group = "documented".to_owned();
    file.groups.extend(documented.groups.into_iter().map(|group| Group {
        name: documented_group.clone(),
        ..group
    }));
    file.groups.push(Group {
        name: "either".to_owned(),
        threshold: 1,
        members: vec![file.quorum, documented_group],
    });
    file.quorum = "either".to_owned();
    file
}

fn checkpoint_keys(scene: &Scene) -> CheckpointKeys {
    let log = scene.log.keys();
    let vkeys = |keys: &[String]| keys.iter().map(|key| p::<VerifierKey>(key)).collect();
    let own: Vec<String> = log.checkpoint_keys.iter().map(|key| key.vkey.clone()).collect();
    let cosigners: Vec<String> = scene.witnesses.iter().map(crate::log::Witness::vkey).collect();
    CheckpointKeys::new(log.origin, vkeys(&own), vkeys(&cosigners)).unwrap()
}

fn tokens(scene: &Scene) -> Vec<String> {
    let claims = SessionClaims {
        aud: scene.log.origin.clone(),
        iat: scene.clock.unix(),
        nonce: "AAECAwQFBgcICQoLDA0ODw".to_owned(),
    };
    let claims = json::to_jcs(&claims).unwrap();
    let phone = SoftwareKey::p256_from_scalar(&bytes_of("phone")).unwrap();
    let sign = |did: Did, key: &dyn Signer| {
        let method = did.key_method().unwrap();
        jws::sign(&claims, SESSION_TYP, &method, key).unwrap()
    };
    vec![sign(scene.person.did(), &scene.person), sign(phone.did(), &phone)]
}
