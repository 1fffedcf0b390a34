//! What a brand's service asks a verifier, and what is signed about it: questions, decisions, registers.

use std::sync::LazyLock;

use placet_kernel::decision::{self, Basis, REGISTER_TYP, Register, RegisterEntry, RegisterStatement};
use placet_kernel::jws;
use placet_schemas::authzen::{self, Evaluation, Evaluations, MAX_CATEGORIES, MAX_EVALUATIONS};
use placet_schemas::json;
use placet_schemas::text::{Set, SomeOf};
use placet_schemas::version::Version;
use serde_json::{Value, json};

use super::{assert_code, assert_told};
use crate::brand::Brand;
use crate::desk::{Desk, covered, question};
use crate::p;
use crate::scene::{BEGINNING, Scene};

/// Questions about one person, what a verifier answered, and the brand's register.
struct Sample {
    questions: Vec<Value>,
    decisions: Vec<String>,
    brand: Brand,
    register: String,
}

static SAMPLE: LazyLock<Sample> = LazyLock::new(|| {
    let mut scene = Scene::new();
    scene.grant();
    let desk = Desk::open(&scene);
    let mut transfer = covered();
    transfer["action"]["properties"]["transfer"] = json!("US");
    let mut third_party = question("recommendations", &["pd:Interest", "pd:Purchase"], "dpv:Store");
    third_party["action"]["properties"]["thirdParty"] = json!("https://mailer.example/");
    third_party["context"]["nonce"] = json!("n-1");
    third_party["context"]["evidence"] = json!("bundle");
    let alice = json!({
        "subject": {"type": "user", "id": "alice@example.com"},
        "action": {"name": "can_read", "properties": {"method": "GET"}},
        "resource": {"type": "account", "id": "123"},
        "context": {"time": "1985-10-26T01:22-07:00"},
    });
    let questions = vec![covered(), transfer, third_party, alice];
    Sample {
        decisions: questions.iter().map(|body| desk.sign(&desk.answer(body))).collect(),
        questions,
        register: register_of(&scene.brand),
        brand: scene.brand,
    }
});

/// A question: whatever can be understood is within the limits, and its digest is that of the canonical bytes.
pub fn authzen_evaluation(data: &[u8]) -> bool {
    match authzen::evaluation(data) {
        Ok(evaluation) => {
            let value: Value = serde_json::from_slice(data).unwrap();
            assert_eq!(
                evaluation.digest,
                placet_schemas::id::Digest::of(&json::to_jcs(&value).unwrap())
            );
            assert_sound(&evaluation);
            true
        }
        Err(fault) => {
            assert_told(&fault);
            false
        }
    }
}

/// Several questions.
pub fn authzen_evaluations(data: &[u8]) -> bool {
    match authzen::evaluations(data) {
        Ok(Evaluations::One(one)) => {
            assert!(authzen_evaluation(data));
            assert_sound(&one);
            true
        }
        Ok(Evaluations::Many(all, _)) => {
            assert!((1..=MAX_EVALUATIONS).contains(&all.len()));
            all.iter().for_each(assert_sound);
            true
        }
        Err(fault) => {
            assert_told(&fault);
            false
        }
    }
}

/// A signed decision as anybody reads it: what the sample's verifier has not signed is none.
pub fn decision(data: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(data) else {
        return false;
    };
    match decision::read(text) {
        Ok(read) => {
            assert!(SAMPLE.decisions.iter().any(|token| token == text), "nobody signed this");
            let payload = json::to_jcs(&read.statement).unwrap();
            let document = json::parse_canonical(&payload, decision::MAX_DECISION_BYTES).unwrap();
            assert_eq!(
                json::decode::<authzen::DecisionStatement>(document.root()).unwrap(),
                read.statement
            );
            true
        }
        Err(error) => {
            assert_code(error.code());
            false
        }
    }
}

/// A signed register as a verifier reads it: what the sample's brand has not signed is none.
pub fn register(data: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(data) else {
        return false;
    };
    match Register::open(text, &SAMPLE.brand.did, &SAMPLE.brand.keys()) {
        Ok(_) => {
            assert!(SAMPLE.register == text, "nobody signed this");
            true
        }
        Err(error) => {
            assert_code(error.code());
            false
        }
    }
}

fn assert_sound(evaluation: &Evaluation) {
    match &evaluation.question {
        Ok(question) => assert!((1..=MAX_CATEGORIES).contains(&question.asked.categories.len())),
        Err(fault) => assert_told(fault),
    }
}

fn register_of(brand: &Brand) -> String {
    let entry = |purpose: &str, categories: &[&str], basis| RegisterEntry {
        purpose: p(purpose),
        categories: SomeOf::new(Set::from_members(categories.iter().map(|term| p(term)))),
        basis,
    };
    let statement = RegisterStatement {
        version: Version,
        controller: brand.did.clone(),
        issued_at: p(BEGINNING),
        entries: vec![
            entry("https://brand.example/purposes#newsletter", &[], Basis::Consent),
            entry(
                "https://brand.example/purposes#orders",
                &["pd:Purchase"],
                Basis::Contract,
            ),
        ],
    };
    jws::sign(
        &json::to_jcs(&statement).unwrap(),
        REGISTER_TYP,
        &brand.method,
        &brand.key,
    )
    .unwrap()
}

pub(super) fn questions() -> Vec<Vec<u8>> {
    SAMPLE
        .questions
        .iter()
        .map(|body| body.to_string().into_bytes())
        .collect()
}

pub(super) fn several_questions() -> Vec<Vec<u8>> {
    let mut defaults = covered();
    defaults["evaluations"] = json!([
        {},
        {"resource": {"type": "customer", "id": "C-1", "properties": {"categories": ["pd:Interest"]}}},
        {"action": {"name": "dpv:Store", "properties": {"delivery": "in-vault"}}},
    ]);
    defaults["options"] = json!({"evaluations_semantic": "deny_on_first_deny"});
    let full = json!({"evaluations": SAMPLE.questions, "options": {"evaluations_semantic": "permit_on_first_permit"}});
    [covered(), defaults, full]
        .iter()
        .map(|body| body.to_string().into_bytes())
        .collect()
}

pub(super) fn decisions() -> Vec<Vec<u8>> {
    SAMPLE
        .decisions
        .iter()
        .map(|token| token.clone().into_bytes())
        .collect()
}

pub(super) fn registers() -> Vec<Vec<u8>> {
    vec![SAMPLE.register.clone().into_bytes()]
}
