//! Receipts as somebody judges them who has nothing but the receipt, the status list and a trust file.

use placet_kernel::bundle::Verdict::{self, CannotTell, Fails, Holds};
use placet_kernel::credential::{Forms, JcsAlone};
use placet_kernel::receipt::{self, MAX_AHEAD_SECONDS, ReceiptReport};
use placet_kernel::status::Bits;
use placet_kernel::trust::{Sizes, Trust};
use placet_linked_data::Contexts;
use placet_schemas::credential::Suite;
use placet_schemas::credential::receipt::{MAX_RECEIPT_BYTES, Receipt};
use placet_schemas::credential::status::ListIndex;
use placet_schemas::id::Digest;
use placet_schemas::json::{self, FaultCode};
use placet_schemas::time::Timestamp;
use placet_tests::log::trust;
use placet_tests::p;
use placet_tests::receipts::Issuer;
use placet_tests::scene::Scene;
use serde_json::Value;

const INDEX: u64 = 94_567;

/// A consent in a published log, its receipt, and the issuer's list of that moment.
struct Shown {
    scene: Scene,
    issuer: Issuer,
    receipt: Receipt,
    bits: Bits,
}

impl Shown {
    fn new() -> Self {
        let mut scene = Scene::new();
        scene.grant();
        scene.publish();
        let issuer = Issuer::named("issuer.example");
        let receipt = issuer.receipt(&scene, INDEX);
        Self {
            scene,
            issuer,
            receipt,
            bits: Bits::none_set(),
        }
    }

    fn now(&self) -> Timestamp {
        self.scene.clock
    }

    fn trust(&self) -> Trust {
        trust(&self.issuer.trusted(self.scene.trust_file()))
    }

    fn receipt_bytes(&self) -> Vec<u8> {
        self.issuer.sign(self.receipt.clone(), self.now())
    }

    fn list_bytes(&self) -> Vec<u8> {
        self.issuer.sign(self.issuer.list(&self.bits, self.now()), self.now())
    }

    fn judge(&self) -> ReceiptReport {
        self.judge_by(&self.trust(), self.now())
    }

    fn judge_by(&self, trust: &Trust, now: Timestamp) -> ReceiptReport {
        receipt::verify(
            &self.receipt_bytes(),
            Some(&self.list_bytes()),
            Some(trust),
            now,
            Contexts::bundled(),
        )
        .unwrap()
    }
}

/// Issued, recorded, in force; and the codes of what weighs.
fn answers(report: &ReceiptReport) -> ([Verdict; 3], Vec<&'static str>) {
    let weighs = report
        .findings
        .iter()
        .filter(|finding| finding.code != "receipt_recorded");
    (
        [report.issued, report.recorded, report.in_force],
        weighs.map(|finding| finding.code).collect(),
    )
}

#[test]
fn a_receipt_holds_until_its_bit_is_set() {
    let mut shown = Shown::new();
    let report = shown.judge();
    assert_eq!(answers(&report), ([Holds, Holds, Holds], vec![]));
    assert_eq!(report.receipt.credential_subject.consent, shown.scene.consent());
    shown.bits.set(INDEX - 1).unwrap();
    assert_eq!(answers(&shown.judge()).0, [Holds, Holds, Holds], "another's bit");
    shown.bits.set(INDEX).unwrap();
    assert_eq!(
        answers(&shown.judge()),
        ([Holds, Holds, Fails], vec!["receipt_revoked"])
    );
}

#[test]
fn a_receipt_is_for_the_consent_as_its_last_record_left_it() {
    let mut shown = Shown::new();
    shown.scene.narrow();
    shown.scene.publish();
    shown.receipt = shown.issuer.receipt(&shown.scene, INDEX + 1);
    let subject = &shown.receipt.credential_subject;
    assert_ne!(subject.record, subject.consent);
    assert_eq!(answers(&shown.judge()).0, [Holds, Holds, Holds]);
    // The digest of another record opens no leaf.
    shown.receipt.credential_subject.record = shown.scene.consent();
    assert_eq!(
        answers(&shown.judge()),
        ([Holds, Fails, CannotTell], vec!["receipt_not_recorded"])
    );
}

#[test]
fn without_a_list_of_now_nothing_is_in_force() {
    let shown = Shown::new();
    let (receipt, trust, now) = (shown.receipt_bytes(), shown.trust(), shown.now());
    let by = |list: Option<&[u8]>, now| {
        answers(&receipt::verify(&receipt, list, Some(&trust), now, Contexts::bundled()).unwrap())
    };
    let cannot = |code: &'static str| ([Holds, Holds, CannotTell], vec![code]);
    assert_eq!(by(None, now), cannot("status_missing"));

    let fresh = shown.list_bytes();
    assert_eq!(by(Some(&fresh), now.plus_seconds(299)).0, [Holds; 3]);
    assert_eq!(by(Some(&fresh), now.plus_seconds(300)), cannot("status_stale"));

    let early = now.plus_seconds(MAX_AHEAD_SECONDS + 1);
    let early = shown.issuer.sign(shown.issuer.list(&shown.bits, early), early);
    assert_eq!(by(Some(&early), now), cannot("status_not_yet"));

    let mut other = shown.issuer.list(&shown.bits, now);
    other.id = p("https://issuer.example/status/2");
    assert_eq!(
        by(Some(&shown.issuer.sign(other, now)), now),
        cannot("status_other_list")
    );

    let stranger = Issuer::named("stranger.example");
    let strange = stranger.sign(stranger.list(&shown.bits, now), now);
    assert_eq!(by(Some(&strange), now), cannot("status_other_issuer"));
    let forged = stranger.sign(shown.issuer.list(&shown.bits, now), now);
    assert_eq!(by(Some(&forged), now), cannot("status_bad_signature"));

    let mut short = shown.issuer.list(&shown.bits, now);
    short.credential_subject.encoded_list = "uAAAA".to_owned();
    assert_eq!(
        by(Some(&shown.issuer.sign(short, now)), now),
        cannot("status_compression")
    );
}

#[test]
fn an_index_beyond_the_list_is_no_answer() {
    let mut shown = Shown::new();
    shown.receipt.credential_status.status_list_index = ListIndex(131_072);
    assert_eq!(
        answers(&shown.judge()),
        ([Holds, Holds, CannotTell], vec!["status_range"])
    );
}

#[test]
fn a_receipt_has_its_time() {
    let shown = Shown::new();
    let trust = shown.trust();
    let until = shown.receipt.valid_until;
    let late = shown.issuer.sign(shown.issuer.list(&shown.bits, until), until);
    let report = receipt::verify(
        &shown.receipt_bytes(),
        Some(&late),
        Some(&trust),
        until,
        Contexts::bundled(),
    )
    .unwrap();
    assert_eq!(answers(&report), ([Holds, Holds, Fails], vec!["receipt_expired"]));

    let mut early = Shown::new();
    early.receipt.valid_from = early.now().plus_seconds(MAX_AHEAD_SECONDS);
    assert_eq!(answers(&early.judge()).0, [Holds; 3], "clocks differ a little");
    early.receipt.valid_from = early.now().plus_seconds(MAX_AHEAD_SECONDS + 1);
    assert_eq!(
        answers(&early.judge()),
        ([Holds, Holds, CannotTell], vec!["receipt_not_yet"])
    );
}

#[test]
fn who_is_not_pinned_is_not_believed() {
    let shown = Shown::new();
    let only_log = trust(&shown.scene.trust_file());
    let report = shown.judge_by(&only_log, shown.now());
    assert_eq!(
        answers(&report),
        (
            [CannotTell, Holds, CannotTell],
            vec!["issuer_unknown", "status_unknown_key"]
        )
    );
    let nobody = receipt::verify(
        &shown.receipt_bytes(),
        Some(&shown.list_bytes()),
        None,
        shown.now(),
        Contexts::bundled(),
    )
    .unwrap();
    assert_eq!(nobody.issued, CannotTell);
    assert_eq!(nobody.recorded, CannotTell);
    assert_eq!(nobody.in_force, CannotTell);
    assert_eq!(nobody.trust.fingerprints, ["did:web:issuer.example#key-1"]);
}

#[test]
fn a_key_counts_for_its_sizes_of_the_log() {
    let shown = Shown::new();
    let size = shown.receipt.evidence.log_size;
    let by = |sizes| {
        let mut file = shown.scene.trust_file();
        file.issuers.push(shown.issuer.sized(&shown.scene.log.origin, sizes));
        answers(&shown.judge_by(&trust(&file), shown.now()))
    };
    let retired = by(Sizes {
        from: 0,
        to: Some(size),
    });
    assert_eq!(
        retired,
        ([Holds, Holds, CannotTell], vec!["status_unknown_key"]),
        "a retired key's receipts are its word still; lists of today are by the new one"
    );
    let earlier = by(Sizes {
        from: 0,
        to: Some(size - 1),
    });
    assert_eq!(earlier.0, [CannotTell, Holds, CannotTell]);
    let later = by(Sizes {
        from: size + 1,
        to: None,
    });
    assert_eq!(later.0, [CannotTell, Holds, CannotTell]);
}

#[test]
fn nobody_speaks_for_another_issuer() {
    let shown = Shown::new();
    let stranger = Issuer::named("stranger.example");
    let trust = trust(&stranger.trusted(shown.issuer.trusted(shown.scene.trust_file())));
    let forged = stranger.sign(shown.receipt.clone(), shown.now());
    let report = receipt::verify(
        &forged,
        Some(&shown.list_bytes()),
        Some(&trust),
        shown.now(),
        Contexts::bundled(),
    )
    .unwrap();
    assert_eq!(
        answers(&report),
        ([Fails, Holds, CannotTell], vec!["credential_not_the_issuers"])
    );
    // One proof that holds does not carry one that does not: who adds to a set changes what is issued.
    let twice = stranger.sign(json_of(&shown.receipt_bytes()), shown.now());
    let report = receipt::verify(
        &twice,
        Some(&shown.list_bytes()),
        Some(&trust),
        shown.now(),
        Contexts::bundled(),
    )
    .unwrap();
    assert_eq!(report.issued, Fails);
}

#[test]
fn a_suite_is_judged_by_whoever_knows_it() {
    const JCS: Suite = Suite::EddsaJcs2022;
    const RDFC: Suite = Suite::EddsaRdfc2022;
    let shown = Shown::new();
    let (list, trust, now) = (shown.list_bytes(), shown.trust(), shown.now());
    let judged = |bytes: &[u8], forms: &dyn Forms| {
        let report = receipt::verify(bytes, Some(&list), Some(&trust), now, forms).unwrap();
        let told = report.findings.iter().map(|found| found.code.to_string());
        let codes: Vec<_> = told.filter(|code| code.starts_with("credential_")).collect();
        (report.issued, codes)
    };
    let (all, none) = (Contexts::bundled(), &JcsAlone);
    let by = |suites: &[Suite]| shown.issuer.sign_by(suites, shown.receipt.clone(), now);
    assert_eq!(judged(&by(&[RDFC]), all).0, Holds);
    let unknown = vec!["credential_no_proof".to_owned()];
    assert_eq!(judged(&by(&[RDFC]), none), (CannotTell, unknown), "missing, not wrong");
    for suites in [[JCS, RDFC], [RDFC, JCS]] {
        assert_eq!(judged(&by(&suites), all).0, Holds);
        assert_eq!(judged(&by(&suites), none).0, Holds);
    }

    // A receipt that says something else, under a set in which only the proof over RDF is of what it said before.
    let said = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
    let (mut changed, was) = (said(&by(&[JCS])), said(&by(&[RDFC])));
    changed["proof"] = serde_json::json!([changed["proof"], was["proof"]]);
    let mut receipt = shown.receipt.clone();
    receipt.credential_subject.record = Digest::of(b"another record");
    let other = said(&shown.issuer.sign_by(&[JCS], receipt, now));
    let mut mixed = other.clone();
    mixed["proof"] = serde_json::json!([other["proof"], was["proof"]]);
    assert_eq!(judged(changed.to_string().as_bytes(), all).0, Holds);
    let wrong = ["credential_bad_signature".to_owned()];
    let report = judged(mixed.to_string().as_bytes(), all);
    assert_eq!((report.0, &report.1[..1]), (Fails, &wrong[..]));
    // One suite's proof does not pass for the other's.
    for (named, suite) in [("eddsa-jcs-2022", RDFC), ("eddsa-rdfc-2022", JCS)] {
        let mut renamed = said(&by(&[suite]));
        renamed["proof"]["cryptosuite"] = named.into();
        assert_eq!(judged(renamed.to_string().as_bytes(), all).0, Fails, "{named}");
    }
}

/// A secured receipt as it is read.
fn json_of(bytes: &[u8]) -> Receipt {
    receipt::parse(bytes).unwrap().credential
}

#[test]
fn a_proof_of_a_log_that_the_issuer_had_not_read_is_none() {
    let mut shown = Shown::new();
    shown.receipt.evidence.log_size -= 1;
    assert_eq!(
        answers(&shown.judge()),
        ([Holds, Fails, CannotTell], vec!["receipt_log_size"])
    );
    shown.receipt.evidence.log_size += 1;
    shown.receipt.evidence.tlog_proof.push('x');
    // Of which log it is cannot be read, so nobody is known who may issue for it.
    assert_eq!(answers(&shown.judge()).0, [CannotTell, Fails, CannotTell]);
    "nothing".clone_into(&mut shown.receipt.evidence.tlog_proof);
    let report = shown.judge();
    assert_eq!(report.recorded, Fails);
    assert_ne!(report.in_force, Holds);
}

#[test]
fn no_changed_character_leaves_a_receipt_that_holds() {
    let shown = Shown::new();
    let (bytes, list, trust) = (shown.receipt_bytes(), shown.list_bytes(), shown.trust());
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let Ok(report) = receipt::verify(&changed, Some(&list), Some(&trust), shown.now(), Contexts::bundled()) else {
            continue;
        };
        assert!(report.issued != Holds || report.recorded != Holds, "{at}");
        assert_ne!(report.in_force, Holds, "{at}");
    }
    for at in (0..list.len()).step_by(3) {
        let mut changed = list.clone();
        changed[at] ^= 1;
        if let Ok(report) = receipt::verify(&bytes, Some(&changed), Some(&trust), shown.now(), Contexts::bundled()) {
            assert_ne!(report.in_force, Holds, "{at} of the list");
        }
    }
}

#[test]
fn what_is_no_receipt_is_refused_with_its_place() {
    let shown = Shown::new();
    let whole: Value = serde_json::from_slice(&shown.receipt_bytes()).unwrap();
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut changed = whole.clone();
        change(&mut changed);
        let fault = receipt::parse(&serde_json::to_vec(&changed).unwrap()).unwrap_err();
        (fault.pointer, fault.code)
    };
    let proof = whole["proof"].clone();
    assert_eq!(
        refused(&|v| drop(v.as_object_mut().unwrap().remove("proof"))),
        ("/proof".to_owned(), FaultCode::MissingMember)
    );
    assert_eq!(refused(&|v| v["proof"] = Value::Array(vec![proof.clone()])).0, "/proof");
    assert_eq!(
        refused(&|v| v["proof"] = Value::Array(vec![proof.clone(); 5])).0,
        "/proof"
    );
    assert_eq!(refused(&|v| v["proof"] = Value::Array(Vec::new())).0, "/proof");
    assert_eq!(
        refused(&|v| drop(v["proof"].as_object_mut().unwrap().remove("proofValue"))).0,
        "/proof"
    );
    assert_eq!(
        refused(&|v| v["credentialStatus"]["statusListIndex"] = "007".into()).0,
        "/credentialStatus/statusListIndex"
    );
    assert_eq!(refused(&|v| v["type"][1] = "ConsentGrant".into()).0, "/type/1");
    assert_eq!(
        refused(&|v| v["credentialSubject"]["name"] = "somebody".into()),
        ("/credentialSubject/name".to_owned(), FaultCode::UnknownMember)
    );
    let long = "x".repeat(MAX_RECEIPT_BYTES);
    assert_eq!(
        refused(&|v| v["evidence"]["tlogProof"] = long.clone().into()).1,
        FaultCode::Oversize
    );
    // Proofs of a proof's values in its order are no proof.
    let values = Value::Array(proof.as_object().unwrap().values().cloned().collect());
    assert_eq!(refused(&|v| v["proof"] = values.clone()).0, "/proof/0");
}

#[test]
fn a_receipt_is_the_same_in_every_spelling() {
    let shown = Shown::new();
    let bytes = shown.receipt_bytes();
    let pretty = serde_json::to_vec_pretty(&serde_json::from_slice::<Value>(&bytes).unwrap()).unwrap();
    let read = receipt::parse(&pretty).unwrap();
    assert_eq!(read.bytes, bytes);
    assert_eq!(
        json::to_jcs(&read.credential).unwrap(),
        bytes,
        "what is read says the same"
    );
}
