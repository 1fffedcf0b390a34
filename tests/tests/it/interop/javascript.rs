//! Records signed, checked and read by JavaScript packages of Digital Bazaar: Data Integrity, the two JCS suites, Multikey,
//! did:key, JSON-LD. Their code makes the keys, the canonical bytes and the signatures; `tests/interop/js` says what is
//! asked of it. They check receipts and status lists too. Decisions are read by the SD-JWT library of the OpenWallet Foundation.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use placet_kernel::bundle::{self, Verdict};
use placet_kernel::decision;
use placet_kernel::sign::Algorithm;
use placet_kernel::status::Bits;
use placet_schemas::api::RecordAnswer;
use placet_schemas::id::{Did, Digest, Origin};
use placet_schemas::lifecycle::Phase;
use placet_schemas::record::{CanonicalRecord, Cryptosuite, Invitation, Kind};
use placet_tests::brand::Brand;
use placet_tests::desk::{Desk, covered};
use placet_tests::process::now;
use placet_tests::receipts::Issuer;
use placet_tests::scene::Scene;
use placet_wallet::acknowledgement::{LogTrust, check_acknowledgement};
use placet_wallet::sight::Sight;
use serde::Deserialize;
use serde_json::{Value, json};

use super::running::Running;
use super::tools::{self, Workshop, ready};

/// The JSON-LD context of this project.
const CONTEXT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/contexts/v1.jsonld");
/// The examples of kinds that no scene has.
const EXAMPLES: [&str; 2] = [
    concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/examples/destruction.json"),
    concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/examples/access-batch.json"),
];
/// What `sign-grant.mjs` does, in this order.
const STORY: [Kind; 5] = [
    Kind::ConsentGrant,
    Kind::Narrowing,
    Kind::Renewal,
    Kind::ErasureRequest,
    Kind::Withdrawal,
];
/// Distance between the characters that are changed: coprime to the width of everything that repeats in a record.
const STRIDE: usize = 41;

/// What `read-decision.mjs` prints.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ForeignReading {
    file: PathBuf,
    signer: Option<Did>,
    claims: Option<Value>,
    error: Option<String>,
}

/// What `sign-grant.mjs` prints.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Lived {
    origin: Origin,
    consent: Digest,
    subject: Did,
    withdrawal_key: Did,
    request_verified: ForeignVerdict,
    posted: Vec<Posted>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Posted {
    kind: Kind,
    digest: Digest,
    record: Value,
    status: u16,
    answer: Value,
}

/// What the foreign library says of a record.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ForeignVerdict {
    #[serde(default)]
    file: PathBuf,
    verified: bool,
    /// As the record calls it, which may have been changed.
    cryptosuite: Option<String>,
    error: Option<String>,
}

#[test]
fn a_consent_is_lived_through_by_foreign_code_with_ed25519() {
    live_through(Brand::cinema(), "ed25519", Cryptosuite::EddsaJcs2022);
}

#[test]
fn a_consent_is_lived_through_by_foreign_code_with_p256() {
    live_through(Brand::gym(), "p256", Cryptosuite::EcdsaJcs2019);
}

#[test]
fn foreign_code_verifies_what_the_wallet_signed_and_nothing_that_was_changed() {
    let Some(programs) = ready(install()) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (mut sound, mut spoilt) = (Vec::new(), Vec::new());
    let scenes = [Algorithm::Ed25519, Algorithm::P256].map(scene);
    for (number, entry) in scenes.iter().flat_map(|scene| &scene.log.entries).enumerate() {
        sound.push(write(folder.path(), &format!("{number}"), &entry.bytes));
        for (at, bytes) in changed(&entry.bytes) {
            spoilt.push(write(folder.path(), &format!("{number}-{at}"), &bytes));
        }
    }
    let [scene, _] = &scenes;
    let documents = json!({ (scene.brand.did.as_str()): document(&scene.brand) });
    let documents = write(folder.path(), "documents", documents.to_string().as_bytes());
    let judge = |files: &[PathBuf]| verify(&programs, &scene.log.origin, &documents, files);

    let verdicts = judge(&sound);
    let refused: Vec<_> = verdicts.iter().filter(|verdict| !verdict.verified).collect();
    assert!(refused.is_empty(), "{refused:?}");
    for suite in ["eddsa-jcs-2022", "ecdsa-jcs-2019"] {
        let signed_so = |verdict: &&ForeignVerdict| verdict.cryptosuite.as_deref() == Some(suite);
        assert!(verdicts.iter().filter(signed_so).count() >= STORY.len(), "{suite}");
    }
    assert!(spoilt.len() > 10 * sound.len());
    for verdict in judge(&spoilt) {
        assert!(!verdict.verified, "{}", verdict.file.display());
        assert!(verdict.error.is_some(), "{verdict:?}");
    }
}

#[test]
fn a_foreign_json_ld_processor_finds_a_meaning_for_every_member() {
    let Some(programs) = ready(install()) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut scenes = Vec::from([Algorithm::Ed25519, Algorithm::P256].map(scene));
    scenes.push(ended_by_brand());
    let entries: Vec<_> = scenes.iter().flat_map(|scene| &scene.log.entries).collect();
    let mut files = Vec::new();
    for (number, entry) in entries.iter().enumerate() {
        files.push(write(folder.path(), &format!("{number}"), &entry.bytes));
    }
    let mut kinds: BTreeSet<Kind> = entries.iter().map(|entry| entry.record.kind()).collect();
    // Their signatures are nobody's here.
    for example in EXAMPLES {
        files.push(PathBuf::from(example));
        kinds.insert(
            CanonicalRecord::parse(&fs::read(example).unwrap())
                .unwrap()
                .record
                .kind(),
        );
    }
    assert_eq!(kinds, BTreeSet::from(Kind::ALL));
    for answer in expand(&programs, &files) {
        assert!(answer["statements"].as_u64() > Some(10), "{answer}");
    }

    let mut unheard: Value = serde_json::from_slice(&entries[0].bytes).unwrap();
    unheard["credentialSubject"]["unheardOf"] = json!(1);
    let unheard = write(folder.path(), "unheard", unheard.to_string().as_bytes());
    let [answer] = expand(&programs, &[unheard]).try_into().unwrap();
    assert!(answer["error"].as_str().unwrap().contains("unheardOf"), "{answer}");
}

/// A receipt and its status list are credentials to a library of others: it verifies them, and nothing that was changed.
#[test]
fn a_foreign_library_verifies_a_receipt_and_its_status_list() {
    let Some(programs) = ready(install()) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut scene = Scene::new();
    scene.grant();
    scene.publish();
    let (issuer, now) = (Issuer::by_key(), scene.clock);
    let receipt = issuer.sign(issuer.receipt(&scene, 7), now);
    let mut bits = Bits::none_set();
    bits.set(7).unwrap();
    let list = issuer.sign(issuer.list(&bits, now), now);
    let text = |name: &str, bytes: &[u8]| write(folder.path(), name, bytes);
    let sound = [text("receipt", &receipt), text("list", &list)];
    let documents = text("documents", b"{}");
    // A receipt is for whoever it is shown to: its proof names no domain, and none is asked for.
    let judge = |files: &[PathBuf]| -> Vec<ForeignVerdict> {
        let mut command = node_js(&programs, "verify-record.mjs");
        command.arg("--documents").arg(&documents).args(files);
        serde_json::from_slice(&tools::run(&mut command).unwrap()).unwrap()
    };
    for verdict in judge(&sound) {
        assert!(verdict.verified, "{verdict:?}");
        assert_eq!(verdict.cryptosuite.as_deref(), Some("eddsa-jcs-2022"));
    }
    let spoilt: Vec<PathBuf> = changed(&receipt)
        .into_iter()
        .map(|(at, bytes)| text(&format!("spoilt-{at}"), &bytes))
        .collect();
    assert!(spoilt.len() > 10);
    for verdict in judge(&spoilt) {
        assert!(!verdict.verified, "{}", verdict.file.display());
    }
    for answer in expand(&programs, &sound) {
        assert!(answer["statements"].as_u64() > Some(5), "{answer}");
    }
}

/// A decision is an SD-JWT to a library of others too: it finds the signer, what is said, and the head that is disclosed.
#[test]
fn a_foreign_library_reads_a_decision_with_its_head() {
    let Some(programs) = ready(install()) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut scene = Scene::new();
    scene.grant();
    let mut desk = Desk::open(&scene);
    let permit = desk.sign(&desk.answer(&covered()));
    let said = decision::read(&permit).unwrap();
    let mut claims = serde_json::to_value(&said.statement).unwrap();
    claims.as_object_mut().unwrap().remove("_sd");
    claims["head"] = serde_json::to_value(said.head.unwrap().signed()).unwrap();
    desk.head = None;
    let denied = desk.sign(&desk.answer(&covered()));
    let text = |name: &str, text: &str| write(folder.path(), name, text.as_bytes());
    let read = read_decisions(&programs, &[text("permit", &permit), text("denied", &denied)]);
    let [permit_read, denied_read] = &read[..] else {
        panic!("{read:?}")
    };
    assert_eq!(permit_read.claims.as_ref(), Some(&claims), "{permit_read:?}");
    assert_eq!(permit_read.signer, Some(desk.key.did()));
    let denied_claims = denied_read.claims.as_ref().unwrap();
    assert_eq!(
        (&denied_claims["decision"], denied_claims.get("head")),
        (&false.into(), None)
    );

    let spoilt: Vec<PathBuf> = changed_text(&permit)
        .map(|(at, changed)| text(&format!("changed-{at}"), &changed))
        .collect();
    assert!(spoilt.len() > 40);
    for read in read_decisions(&programs, &spoilt) {
        // A disclosure that nothing names is passed over by a library that does not know what it is for.
        let bare = read.claims.as_ref().is_some_and(|claims| claims.get("head").is_none());
        assert!(read.error.is_some() || bare, "{}", read.file.display());
    }
}

/// Foreign code answers the brand's invitation and goes through all that a person can do; then Placet's own code judges
/// what the node said and what a court would see.
fn live_through(brand: Brand, curve: &str, suite: Cryptosuite) {
    let Some(programs) = ready(install()) else {
        return;
    };
    let running = Running::start(&format!("{curve}.example/interop"), brand);
    let [invitation] = running
        .shop
        .invite(&running.node, &running.request, 1)
        .try_into()
        .unwrap();
    let lived = sign_grant(&programs, &running.url(), &invitation, curve);

    assert_eq!(lived.origin, running.origin);
    assert!(lived.request_verified.verified, "{:?}", lived.request_verified);
    let kinds: Vec<Kind> = lived.posted.iter().map(|posted| posted.kind).collect();
    assert_eq!(kinds, STORY);
    let trust = running.log_trust();
    for posted in &lived.posted {
        let record = acknowledged(&trust, posted).record;
        let paper = posted.kind == Kind::Withdrawal;
        assert_eq!(
            record.issuer,
            *if paper { &lived.withdrawal_key } else { &lived.subject }
        );
        assert_eq!(record.proof.cryptosuite == suite, !paper);
        assert_eq!(record.consent(), Some(lived.consent));
    }
    let again: Value = running.caller().post_json("/v1/records", &lived.posted[0].record);
    assert_eq!(again, lived.posted[0].answer);
    check_evidence(&running, &lived);
}

/// The record as the node took it: acknowledged, with nothing against it.
fn acknowledged(trust: &LogTrust, posted: &Posted) -> CanonicalRecord {
    assert_eq!(posted.status, 201, "{}: {}", posted.kind, posted.answer);
    let record = CanonicalRecord::parse(posted.record.to_string().as_bytes()).unwrap();
    assert_eq!(record.record.digest(), posted.digest, "two ideas of canonical bytes");
    let answer: RecordAnswer = serde_json::from_value(posted.answer.clone()).unwrap();
    assert!(answer.findings.is_empty(), "{:?}", answer.findings);
    let believed = check_acknowledgement(&record.bytes, &answer, trust, &Sight::default()).unwrap();
    assert_eq!(believed.digest, posted.digest);
    assert_eq!(believed.overtaken_by, None);
    record
}

fn check_evidence(running: &Running, lived: &Lived) {
    let path = format!("/v1/consents/{}/evidence", lived.consent);
    let evidence = running.shop.caller(&running.node).get(&path);
    let report = bundle::verify(&evidence, Some(&running.node.trust()), now(), None).unwrap();
    assert_eq!(report.recorded, Verdict::Holds, "{:?}", report.findings);
    let story = report.story.unwrap();
    assert_eq!((story.consent, &story.subject), (lived.consent, &lived.subject));
    assert_eq!(story.state.phase, Phase::Withdrawn);
    let events: Vec<(Kind, Digest)> = story.events.iter().map(|event| (event.kind, event.digest)).collect();
    let posted: Vec<(Kind, Digest)> = lived.posted.iter().map(|posted| (posted.kind, posted.digest)).collect();
    assert_eq!(events, posted);
}

/// A whole consent that Placet's wallet signed with a key of this kind.
fn scene(curve: Algorithm) -> Scene {
    let mut scene = Scene::new();
    scene.use_curve(curve);
    scene.grant();
    scene.narrow();
    scene.renew(scene.clock.plus(placet_tests::p("P2Y")));
    scene.erase();
    scene.authorize_holders(&[Scene::new().brand.key.did()]);
    scene.withdraw();
    scene
}

/// A consent that the brand ended.
fn ended_by_brand() -> Scene {
    let mut scene = Scene::new();
    scene.grant();
    scene.end();
    scene
}

/// The record with one character changed, again and again: a letter or digit for another one, anywhere, so that it is still
/// JSON.
pub(super) fn changed(bytes: &[u8]) -> Vec<(usize, Vec<u8>)> {
    let places = (0..bytes.len())
        .step_by(STRIDE)
        .filter(|at| bytes[*at].is_ascii_alphanumeric());
    let change = |at: usize| {
        let mut spoilt = bytes.to_vec();
        spoilt[at] = match spoilt[at] {
            b'1' => b'2',
            digit if digit.is_ascii_digit() => b'1',
            b'a' => b'b',
            _ => b'a',
        };
        (at, spoilt)
    };
    places.map(change).collect()
}

/// The text with another character at every stride.
pub(super) fn changed_text(text: &str) -> impl Iterator<Item = (usize, String)> {
    (0..text.len()).step_by(STRIDE).map(|at| {
        let other = if &text[at..=at] == "A" { "B" } else { "A" };
        (at, format!("{}{other}{}", &text[..at], &text[at + 1..]))
    })
}

/// The brand's DID document, as it would serve it.
fn document(brand: &Brand) -> Value {
    let mut document = serde_json::to_value(brand.keys().document).unwrap();
    document["@context"] = json!(["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"]);
    document
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(format!("{name}.json"));
    fs::write(&path, bytes).unwrap();
    path
}

fn sign_grant(programs: &Path, node: &str, invitation: &Invitation, curve: &str) -> Lived {
    let mut command = node_js(programs, "sign-grant.mjs");
    command.args(["--node", node, "--curve", curve]);
    // An invitation may begin with a hyphen, and would then be taken for an option.
    command.arg(format!("--invitation={}", invitation.as_str()));
    let printed = tools::run(&mut command).unwrap();
    serde_json::from_slice(&printed).unwrap_or_else(|fault| panic!("{fault}: {}", String::from_utf8_lossy(&printed)))
}

fn verify(programs: &Path, origin: &Origin, documents: &Path, files: &[PathBuf]) -> Vec<ForeignVerdict> {
    let mut command = node_js(programs, "verify-record.mjs");
    command.args(["--domain", origin.as_str(), "--documents"]);
    let printed = tools::run(command.arg(documents).args(files)).unwrap();
    let verdicts: Vec<ForeignVerdict> = serde_json::from_slice(&printed).unwrap();
    let judged: Vec<&PathBuf> = verdicts.iter().map(|verdict| &verdict.file).collect();
    assert_eq!(judged, files.iter().collect::<Vec<_>>());
    verdicts
}

fn read_decisions(programs: &Path, files: &[PathBuf]) -> Vec<ForeignReading> {
    let mut command = node_js(programs, "read-decision.mjs");
    let output = tools::run(command.args(files)).unwrap_or_else(|why| panic!("{why}"));
    serde_json::from_slice(&output).unwrap()
}

fn expand(programs: &Path, files: &[PathBuf]) -> Vec<Value> {
    let mut command = node_js(programs, "expand-record.mjs");
    command.arg("--context").arg(CONTEXT);
    serde_json::from_slice(&tools::run(command.args(files)).unwrap()).unwrap()
}

pub(super) fn node_js(programs: &Path, program: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(programs.join(program));
    command
}

/// The folder with the programs and the packages of their lock file. Packages run no scripts of their own when they are
/// installed, and the next test finds them there.
pub(super) fn install() -> Result<PathBuf, String> {
    tools::run(Command::new("node").arg("--version"))?;
    let workshop = Workshop::hold("interop-js");
    let folder = workshop.folder.clone();
    let mut files = BTreeMap::new();
    collect(&tools::sources("js"), Path::new(""), &mut files);
    let stamp = folder.join(".installed");
    let lock = &files[Path::new("package-lock.json")];
    let installed = fs::read(&stamp).is_ok_and(|installed| installed == *lock);
    for (path, bytes) in &files {
        let to = folder.join(path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, bytes).unwrap();
    }
    if !installed {
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&folder);
        tools::run(&mut npm)?;
        fs::write(stamp, lock).unwrap();
    }
    Ok(folder)
}

/// All files of the programs, by their path; not the packages that somebody may have installed beside them.
fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(root.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = folder.join(entry.file_name());
        if !entry.file_type().unwrap().is_dir() {
            files.insert(path, fs::read(entry.path()).unwrap());
        } else if entry.file_name() != "node_modules" {
            collect(root, &path, files);
        }
    }
}
