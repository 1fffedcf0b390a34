//! Access reports, from the service that acted to the person who reads them, and what destruction leaves of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use placet_kernel::access::verify_access;
use placet_kernel::authorization::VerifierAuthorization;
use placet_kernel::decision::{self, DisclosedHead};
use placet_kernel::jws;
use placet_kernel::merkle::Hash;
use placet_schemas::access::AccessLine;
use placet_schemas::api::{
    AccessPage, Challenge, DestructionPage, IssueToken, IssuedToken, Role, SESSION_TYP, SessionClaims,
};
use placet_schemas::id::{Did, Digest};
use placet_schemas::statement::FeedHead;
use placet_schemas::time::Timestamp;
use placet_tests::brand::Brand;
use placet_tests::caller::Caller;
use placet_tests::p;
use placet_tests::process::{built, now};
use placet_tests::shop::Shop;
use placet_tests::verifier::{VerifierProcess, started};
use serde_json::{Value, json};

use super::house::{Given, House, SOON, codes};

/// A journal's minute is closed, and looked at, this much later at most.
const ANCHORED: Duration = Duration::from_secs(80);

/// The key that a verifier in this folder will have, by the command that makes it.
fn key(folder: &Path) -> Did {
    let made = Command::new(built())
        .args(["keygen", "verifier", "--dir"])
        .arg(folder)
        .output()
        .unwrap();
    assert!(made.status.success());
    String::from_utf8(made.stdout).unwrap().trim().parse().unwrap()
}

/// A verifier that the brand has authorised, with a token that the ledger knows it by.
fn authorised(house: &mut House) -> VerifierProcess {
    let folder = house.dir.path().join("verifier");
    let did = key(&folder);
    let order = IssueToken {
        role: Role::Brand,
        controller: Some(house.shop.brand.did.clone()),
        audit: None,
        kinds: None,
        key: Some(did.clone()),
        label: p("verifier"),
        expires_in_seconds: None,
    };
    let IssuedToken { token, .. } = house.node.operator().post_json("/v1/tokens", &order);
    let shop = &house.shop;
    house.shop = Shop {
        origin: shop.origin.clone(),
        brand: shop.brand.clone(),
        token,
    };
    start_with_word(house, did, now().minus_seconds(60))
}

/// Starts the verifier with a word of the brand's that begins then.
fn start_with_word(house: &House, did: Did, from: Timestamp) -> VerifierProcess {
    let (origin, brand) = (house.shop.origin.clone(), &house.shop.brand);
    let until = from.plus_seconds(24 * 60 * 60);
    let word = VerifierAuthorization::new(origin, brand.did.clone(), did, from, until).unwrap();
    let file = house.dir.path().join("authorization.jwt");
    fs::write(&file, word.sign(&brand.method, &brand.key).unwrap()).unwrap();
    house.start(
        "verifier",
        &house.ledger(),
        &["--authorization", file.to_str().unwrap()],
    )
}

fn report(verifier: &VerifierProcess, accesses: &Value) -> Value {
    let body = serde_json::to_vec(&json!({ "accesses": accesses })).unwrap();
    let answer = verifier.caller().call("POST", "/access/v1/reports", &body).unwrap();
    serde_json::from_slice(&answer.expect(200, "report")).unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path);
        }
    }
    all
}

fn holds(folder: &Path, piece: &[u8]) -> bool {
    files(folder).iter().any(|file| {
        fs::read(file)
            .unwrap()
            .windows(piece.len())
            .any(|window| window == piece)
    })
}

/// The bundle that comes with a decision: `placet verify` says that the verifier was the brand's and the decision right.
fn judged_offline(house: &House, verifier: &VerifierProcess, question: &Value) {
    let mut question = question.clone();
    question["context"]["evidence"] = "bundle".into();
    let answer = verifier.ask(&question);
    let (said, whole) = judged(house, &answer["context"]["evidence"]["bundle"]);
    assert_eq!(said, ["Holds", "Holds", "CannotTell"], "{whole}");
}

/// What `placet brand evidence` fetches of a decision; the words of its refusal otherwise.
fn evidence(house: &House, verifier: &VerifierProcess, id: &Value, at: &Value) -> Result<Value, String> {
    let file = house.dir.path().join("evidence.json");
    let fetched = Command::new(built())
        .args(["brand", "evidence", id.as_str().unwrap(), at.as_str().unwrap(), "--out"])
        .arg(&file)
        .args(["--verifier", &format!("http://{}", verifier.address())])
        .output()
        .unwrap();
    if !fetched.status.success() {
        return Err(String::from_utf8(fetched.stderr).unwrap());
    }
    Ok(serde_json::from_slice(&fs::read(file).unwrap()).unwrap())
}

/// What `placet verify` says of the decision in a bundle: signed, right, anchored, and the notes.
fn judged(house: &House, bundle: &Value) -> ([String; 3], String) {
    let file = house.dir.path().join("judged.json");
    fs::write(&file, placet_schemas::json::to_jcs(bundle).unwrap()).unwrap();
    let judged = Command::new(built())
        .args(["--json", "verify"])
        .arg(&file)
        .arg("--trust")
        .arg(house.node.folder().join("trust.json"))
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&judged.stdout).unwrap();
    let decision = &report["decisions"][0];
    let said = ["signed", "right", "anchored"].map(|question| decision[question].as_str().unwrap().to_owned());
    (said, decision.to_string())
}

/// The lines of her consent as a wallet reads them: in a session of hers, each proved to be this verifier's.
fn read_by_herself(house: &House, given: &Given, verifier: &Did) -> Vec<AccessLine> {
    let mut caller = Caller::new(house.node.address());
    let Challenge { nonce, .. } = caller.post_json("/v1/challenges", &json!({}));
    let claims = SessionClaims {
        aud: house.shop.origin.clone(),
        iat: now().unix(),
        nonce,
    };
    let (key, claims) = (&given.customer.key, serde_json::to_vec(&claims).unwrap());
    let jws = jws::sign(&claims, SESSION_TYP, &key.did().key_method().unwrap(), key).unwrap();
    let session: Value = caller.post_json("/v1/sessions", &json!({ "jws": jws }));
    let mut hers = Caller::with_token(house.node.address(), session["token"].as_str().unwrap());
    let page: AccessPage =
        serde_json::from_slice(&hers.get(&format!("/v1/consents/{}/accesses", given.consent))).unwrap();
    let trust = house.node.trust();
    let proved = |view| {
        let access = verify_access(view, &page.keys, &given.consent, &house.shop.origin, &trust).unwrap();
        assert_eq!(access.verifier, *verifier);
        access.line
    };
    page.accesses.iter().map(proved).collect()
}

/// What no batch holds, or not there, the ledger ties to nothing.
fn misplaced_is_refused(house: &House, bundle: &Value) {
    let part = &bundle["decisions"][0];
    let other = Shop::open(
        &house.node,
        &house.shop.origin,
        Brand::web("other.example", "Another Brand Ltd"),
    );
    let place = |change: &dyn Fn(&mut Value)| {
        let hashes = part["batch"]["entryProof"].as_array().unwrap();
        let hash = |text: &Value| Hash::from_base64(text.as_str().unwrap()).unwrap();
        let proof: Vec<String> = hashes
            .iter()
            .map(|text| Digest::from_bytes(*hash(text).as_bytes()).to_string())
            .collect();
        let record = Digest::of(&placet_schemas::json::to_jcs(&part["batch"]["record"]).unwrap());
        let mut posted = json!({"decisions": [{
            "authorization": part["authorization"],
            "decision": part["decision"],
            "batch": {"record": record, "seq": part["batch"]["seq"], "proof": proof},
        }]});
        change(&mut posted["decisions"][0]);
        let path = format!("/v1/consents/{}/evidence", bundle["consent"].as_str().unwrap());
        let body = serde_json::to_vec(&posted).unwrap();
        let call = |shop: &Shop| shop.caller(&house.node).call("POST", &path, &body).unwrap();
        (call(&house.shop), call(&other))
    };
    let (ours, theirs) = place(&|_| ());
    assert_eq!((ours.status, theirs.status), (200, 422));
    let signed = decision::read(part["decision"].as_str().unwrap()).unwrap();
    let forged = |change: &dyn Fn(&mut FeedHead)| {
        let (mut statement, key) = (signed.statement.clone(), &house.shop.brand.key);
        let mut head = signed.head.as_ref().unwrap().signed().clone();
        change(&mut head.statement);
        let head = DisclosedHead::new(head).unwrap();
        statement.head = Some([head.digest().clone()]);
        let header = decision::header(&key.did().key_method().unwrap()).unwrap();
        decision::sign(&statement, Some(&head), &header, key).unwrap()
    };
    let another_root = forged(&|head| head.root = Digest::of(b"another tree"));
    let too_large = forged(&|head| head.size += 1_000);
    let alone = |one: &mut Value, decision: &str| {
        one["decision"] = decision.into();
        one.as_object_mut().unwrap().remove("batch");
    };
    let wrong: [&dyn Fn(&mut Value); 6] = [
        &|one| alone(one, &another_root),
        &|one| alone(one, &too_large),
        &|one| one["batch"]["seq"] = json!(1_000),
        &|one| one["batch"]["record"] = bundle["consent"].clone(),
        &|one| one["batch"]["proof"].as_array_mut().unwrap().clear(),
        &|one| one["decision"] = "a.b.c".into(),
    ];
    for change in wrong {
        let (answer, _) = place(change);
        let problem: Value = serde_json::from_slice(&answer.expect(422, "evidence")).unwrap();
        assert_eq!(
            (&problem["code"], &problem["pointer"]),
            (&json!("bad_decision"), &json!("/decisions/0"))
        );
    }
}

#[test]
fn accesses_are_anchored_read_by_the_person_and_destroyed_with_the_consent() {
    let mut house = House::open();
    let verifier = authorised(&mut house);
    let invitation = house.invite(&verifier, "C-1");
    let given = house.yes("ada", &invitation);
    let question = house.question(&verifier, "C-1");
    let (permit, _) = verifier.await_decision(&question, true, SOON);
    let (evaluation, at) = (&permit["context"]["evaluation_id"], &permit["context"]["evaluated_at"]);
    let (said, whole) = judged(&house, &evidence(&house, &verifier, evaluation, at).unwrap());
    assert_eq!(said, ["Holds", "Holds", "CannotTell"], "{whole}");
    judged_offline(&house, &verifier, &question);
    let access = |more: Value| {
        let mut access = json!({
            "service": "mailer",
            "purpose": house.clause.purpose.id,
            "categories": ["pd:EmailAddress"],
            "processing": "dpv:Use",
            "delivery": "copy",
        });
        access
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        access
    };
    let reported = report(&verifier, &json!([access(json!({ "evaluation": evaluation }))]));
    assert_eq!(reported, json!({"lines": 1, "withoutPermit": 0}));
    let reported = report(&verifier, &json!([access(json!({"customer": "C-1"}))]));
    assert_eq!(reported, json!({"lines": 1, "withoutPermit": 1}));
    assert!((verifier.metric("accesses_without_permit_total") - 1.0).abs() < f64::EPSILON);

    // What was acknowledged survives a kill in the middle of the minute.
    let did = verifier.did.clone();
    drop(verifier);
    let verifier = start_with_word(&house, did.clone(), now().minus_seconds(60));
    let began = started();
    while verifier.metric("batches_anchored_total") < 1.0 {
        assert!(began.elapsed() < ANCHORED, "nothing is anchored");
        thread::sleep(Duration::from_millis(200));
    }
    let lines = read_by_herself(&house, &given, &did);
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().all(|line| line.service.as_str() == "mailer"));
    let of_it = |line: &AccessLine| line.evaluation.as_ref().map(|id| id.as_str()) == evaluation.as_str();
    assert!(lines.iter().any(of_it));

    // The decision is shown to whoever asks for it later, also when the consent has ended meanwhile.
    let bundle = evidence(&house, &verifier, evaluation, at).unwrap();
    let (said, whole) = judged(&house, &bundle);
    assert_eq!(said, ["Holds"; 3], "{whole}");
    misplaced_is_refused(&house, &bundle);
    // Also when the brand has given a new word since, which says nothing of that time.
    drop(verifier);
    let verifier = start_with_word(&house, did, now());
    let (said, whole) = judged(&house, &evidence(&house, &verifier, evaluation, at).unwrap());
    assert_eq!(said, ["Holds"; 3], "{whole}");
    let unknown = evidence(&house, &verifier, evaluation, &json!("2026-11-22T05:00:00Z")).unwrap_err();
    assert!(
        unknown.contains("not_found") && unknown.trim_end().lines().count() == 1,
        "{unknown}"
    );

    // Destroyed: the ledger waits for the verifier's word, and gets it; no file of the verifier's has a piece of it.
    let folder = verifier.folder().to_owned();
    let (subject, id) = (given.customer.key.did().to_string(), given.consent.to_string());
    // A decision names the consent in base64url alone: its signature stands for it.
    let signed = permit["context"]["signed"].as_str().unwrap();
    let decision = signed.split(['.', '~']).nth(2).unwrap().as_bytes();
    assert!(holds(&folder, subject.as_bytes()) && holds(&folder, id.as_bytes()) && holds(&folder, decision));
    let withdrawal = house.withdrawal(&given);
    house.shop.caller(&house.node).post("/v1/records", &withdrawal);
    let (said, whole) = judged(&house, &evidence(&house, &verifier, evaluation, at).unwrap());
    assert_eq!(said, ["Holds"; 3], "{whole}");
    assert!(!whole.contains("withdrawn_meanwhile"), "it came later: {whole}");
    let ordered = house.shop.destroy(&house.node, &given.consent);
    let began = started();
    loop {
        let page: DestructionPage = serde_json::from_slice(&house.node.operator().get("/v1/destructions")).unwrap();
        let found = page
            .destructions
            .into_iter()
            .find(|found| found.index == ordered.index)
            .unwrap();
        if found.pending.is_empty() {
            break;
        }
        assert!(began.elapsed() < SOON, "still pending: {:?}", found.pending);
        thread::sleep(Duration::from_millis(50));
    }
    for piece in [
        subject.as_bytes(),
        id.as_bytes(),
        given.consent.as_bytes(),
        b"C-1",
        decision,
    ] {
        assert!(!holds(&folder, piece), "{:?}", String::from_utf8_lossy(piece));
    }
    assert_eq!(codes(&verifier.ask(&question)), ["customer_unknown"]);
    assert!(evidence(&house, &verifier, evaluation, at).is_err());
    house.assert_private("verifier", &["C-1"], &[&given]);
}

#[test]
fn a_verifier_does_not_start_with_a_word_that_is_not_for_it() {
    let house = House::open();
    let folder = house.dir.path().join("verifier");
    let (here, other) = (key(&folder), key(&house.dir.path().join("another")));
    let (from, until) = (now().minus_seconds(60), now().plus_seconds(3600));
    let (origin, brand) = (&house.shop.origin, &house.shop.brand);
    let word = |origin: &str, controller: &Did, verifier: &Did| {
        let word = VerifierAuthorization::new(p(origin), controller.clone(), verifier.clone(), from, until).unwrap();
        word.sign(&brand.method, &brand.key).unwrap()
    };
    let stranger = p("did:web:stranger.example");
    for (word, says) in [
        (word(origin.as_ref(), &brand.did, &other), other.to_string()),
        (
            word("other.example/log", &brand.did, &here),
            "other.example/log".to_owned(),
        ),
        (word(origin.as_ref(), &stranger, &here), stranger.to_string()),
        ("no word".to_owned(), "three parts".to_owned()),
    ] {
        let file = house.dir.path().join("word.jws");
        fs::write(&file, word).unwrap();
        let more = ["--authorization", file.to_str().unwrap()];
        let refused = house.try_start("verifier", &house.ledger(), &more).unwrap_err();
        assert!(refused.contains(&says), "{refused}");
    }
}

#[test]
fn a_report_that_says_nothing_of_whose_data_it_was_is_refused() {
    let house = House::open();
    let verifier = house.verifier();
    let line = json!({
        "service": "mailer",
        "purpose": house.clause.purpose.id,
        "categories": ["pd:EmailAddress"],
        "processing": "dpv:Use",
        "delivery": "copy",
    });
    let with = |name: &str, value: &str| {
        let mut line = line.clone();
        line[name] = value.into();
        line
    };
    let late: Timestamp = now().plus_seconds(3600);
    for (access, pointer) in [
        (line.clone(), "/accesses/0"),
        (
            {
                let mut both = with("customer", "C-1");
                both["person"] = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK".into();
                both
            },
            "/accesses/0",
        ),
        (
            {
                let mut future = with("customer", "C-1");
                future["at"] = late.to_string().into();
                future
            },
            "/accesses/0/at",
        ),
        (with("service", ""), "/accesses/0/service"),
        (with("colour", "red"), "/accesses/0/colour"),
    ] {
        let body = serde_json::to_vec(&json!({ "accesses": [access] })).unwrap();
        let answer = verifier.caller().call("POST", "/access/v1/reports", &body).unwrap();
        let problem: Value = serde_json::from_slice(&answer.expect(400, "report")).unwrap();
        assert_eq!(problem["pointer"], pointer, "{problem}");
    }
    let many = vec![with("customer", "C-1"); placet_schemas::api::MAX_REPORTED + 1];
    let body = serde_json::to_vec(&json!({ "accesses": many })).unwrap();
    let answer = verifier.caller().call("POST", "/access/v1/reports", &body).unwrap();
    assert_eq!(answer.status, 413);
}
