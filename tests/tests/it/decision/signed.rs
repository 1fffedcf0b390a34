//! Signed decisions: what was signed is what is read, and nothing else is read.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use placet_kernel::decision::{self, MAX_DECISION_BYTES};
use placet_kernel::jws;
use placet_kernel::sign::Algorithm;
use placet_schemas::authzen::{DECISION_TYP, DecisionStatement, MAX_CATEGORIES, Obligation, ReasonCode};
use placet_schemas::json;
use placet_schemas::vocab::{CategoryTerm, categories};
use placet_tests::brand::Brand;
use placet_tests::desk::{Desk, covered, disclosed, question};
use placet_tests::p;
use placet_tests::scene::{ORIGIN, Scene};
use placet_wallet::keys::Seed;

fn granted() -> Desk {
    let mut scene = Scene::new();
    scene.grant();
    Desk::open(&scene)
}

#[test]
fn what_was_signed_is_read_and_names_its_signer() {
    let desk = granted();
    let mut body = covered();
    body["context"]["nonce"] = "n-1".into();
    for said in [
        desk.answer(&body),
        desk.answer(&question("seats", &["pd:Disability"], "dpv:Use")),
    ] {
        let read = decision::read(&desk.sign(&said)).unwrap();
        assert_eq!(read.statement, said);
        assert_eq!(read.signer, desk.key.did());
    }
}

#[test]
fn no_flipped_bit_of_a_decision_is_read() {
    let desk = granted();
    let token = desk.sign(&desk.answer(&covered())).into_bytes();
    for at in 0..token.len() {
        for bit in 0..8 {
            let mut changed = token.clone();
            changed[at] ^= 1 << bit;
            if let Ok(text) = str::from_utf8(&changed) {
                assert!(decision::read(text).is_err(), "bit {bit} of byte {at}");
            }
        }
    }
}

#[test]
fn only_an_ed25519_did_key_signs_decisions() {
    let desk = granted();
    let payload = json::to_jcs(&desk.answer(&covered())).unwrap();
    let code = |token: &str| decision::read(&format!("{token}~")).unwrap_err().code();
    let brand = Brand::cinema();
    let by_brand = jws::sign(&payload, DECISION_TYP, &brand.method, &brand.key).unwrap();
    assert_eq!(code(&by_brand), "decision_signer");
    let p256 = Seed::from_bytes([7; 32]).pairwise(&p(ORIGIN), &brand.did, Algorithm::P256, 0);
    let other = jws::sign(&payload, DECISION_TYP, &p256.did().key_method().unwrap(), &p256).unwrap();
    assert_eq!(code(&other), "decision_signer");
    let method = desk.key.did().key_method().unwrap();
    let kind = jws::sign(&payload, "placet-register+jwt", &method, &desk.key).unwrap();
    assert_eq!(code(&kind), "jws_type");
    let spaced = [b" ", &payload[..]].concat();
    let spelt = jws::sign(&spaced, DECISION_TYP, &method, &desk.key).unwrap();
    assert_eq!(code(&spelt), "decision_malformed");
    assert_eq!(code(&"e".repeat(MAX_DECISION_BYTES + 1)), "jws_oversize");
}

/// The head goes with the decision, and no other does: nobody strips it, changes it, or adds to it.
#[test]
fn a_decision_is_read_with_its_own_head_beside_it_and_nothing_else() {
    let mut desk = granted();
    let said = desk.answer(&covered());
    let whole = desk.sign(&said);
    let parts: Vec<&str> = whole.split('~').collect();
    let [token, head, ""] = parts[..] else {
        panic!("{whole}")
    };
    let mut later = desk.head.clone().unwrap();
    later.statement.time = later.statement.time.plus_seconds(1);
    let other = disclosed(later.clone());
    desk.head = Some(later);
    let of_another = desk.sign(&said);
    let salted = {
        let text = String::from_utf8(Base64UrlUnpadded::decode_vec(head).unwrap()).unwrap();
        let (_, rest) = text.split_once(',').unwrap();
        Base64UrlUnpadded::encode_string(format!("[\"AAAAAAAAAAAAAAAAAAAAAA\",{rest}").as_bytes())
    };
    let mut headless = desk.answer(&question("seats", &["pd:Disability"], "dpv:Use"));
    headless.head = None;
    let bare = desk.sign(&headless);
    assert!(decision::read(&bare).is_ok_and(|read| read.head.is_none()));
    assert_ne!(*other.digest(), said.head.clone().unwrap()[0]);
    for (text, code) in [
        (token.to_owned(), "decision_form"),
        (format!("{token}~{head}"), "decision_form"),
        (format!("{token}~"), "decision_head_other"),
        (of_another, "decision_head_other"),
        (format!("{bare}{head}~"), "decision_head_other"),
        (format!("{token}~{head}~{head}~"), "decision_head_malformed"),
        // Where a key binding would stand.
        (format!("{token}~{head}~{token}"), "decision_form"),
        (format!("{token}~~"), "decision_head_malformed"),
        (format!("{token}~{salted}~"), "decision_head_malformed"),
        (format!("{token}~WyJhIiwiaGVhZCIse31d~"), "decision_head_malformed"),
    ] {
        let error = decision::read(&text).unwrap_err();
        assert_eq!(error.code(), code, "{text}: {error}");
    }
}

/// A verifier never signs these; whoever reads one must not take it for a permit.
#[test]
fn a_decision_that_contradicts_itself_is_none() {
    let desk = granted();
    let both = question("recommendations", &["pd:Interest", "pd:Purchase"], "dpv:Store");
    let permit = desk.answer(&both);
    let deny = desk.answer(&question("seats", &["pd:Disability"], "dpv:Use"));
    type Spoil = fn(&mut DecisionStatement);
    let spoilt: [(&DecisionStatement, Spoil); 15] = [
        (&permit, |said| said.valid_until = None),
        (&permit, |said| {
            said.valid_until = Some(said.evaluated_at.plus_seconds(2))
        }),
        (&permit, |said| {
            said.valid_until = Some(said.evaluated_at.minus_seconds(1))
        }),
        (&permit, |said| said.head = None),
        (&permit, |said| said.asked = None),
        (&permit, |said| said.reasons.truncate(1)),
        (&permit, |said| said.reasons.swap(0, 1)),
        (&permit, |said| said.reasons[1].code = ReasonCode::Withdrawn),
        (&permit, |said| said.reasons[1].consent = None),
        (&permit, |said| said.reasons[1].record = None),
        (&permit, |said| said.decision = false),
        (&deny, |said| said.decision = true),
        (&deny, |said| said.reasons.clear()),
        (&deny, |said| said.valid_until = Some(said.evaluated_at)),
        (&deny, |said| said.obligations.push(Obligation::ReportAccess)),
    ];
    for (at, (said, spoil)) in spoilt.into_iter().enumerate() {
        let mut said = said.clone();
        spoil(&mut said);
        let error = decision::read(&desk.sign(&said)).unwrap_err();
        assert_eq!(error.code(), "decision_contradictory", "case {at}: {error}");
    }
}

/// The longest question there can be is answered by a decision that can be read.
#[test]
fn the_longest_decision_is_read() {
    let desk = granted();
    let terms = categories().take(MAX_CATEGORIES).map(CategoryTerm::as_str);
    let terms: Vec<&str> = terms.collect();
    let mut body = question("newsletter", &terms, "dpv:Use");
    let long = format!("https://{}.example/{}", "a".repeat(60), "b".repeat(900));
    body["context"]["purpose"] = long.clone().into();
    body["action"]["properties"]["thirdParty"] = long.into();
    body["context"]["nonce"] = "n".repeat(128).into();
    let said = desk.answer(&body);
    assert_eq!(said.reasons.len(), MAX_CATEGORIES);
    let token = desk.sign(&said);
    assert!(token.len() < MAX_DECISION_BYTES, "{}", token.len());
    assert!(decision::read(&token).is_ok());
}

/// Whoever asks nonsense at length gets an answer that can be read all the same.
#[test]
fn a_long_fault_is_cut_and_the_decision_read() {
    let desk = granted();
    let long = "x".repeat(60_000);
    let mut stranger = covered();
    stranger["action"]["properties"][&long] = 1.into();
    let mut value = covered();
    value["action"]["properties"]["delivery"] = long.clone().into();
    let mut accents = covered();
    accents["action"]["properties"]["delivery"] = "ä".repeat(30_000).into();
    for (body, path) in [
        (&stranger, "/action/properties"),
        (&value, "/action/properties/delivery"),
        (&accents, "/action/properties/delivery"),
    ] {
        let said = desk.answer(body);
        assert_eq!(said.reasons[0].code, ReasonCode::RequestMalformed);
        assert_eq!(said.reasons[0].path, path);
        let token = desk.sign(&said);
        assert!(token.len() < 8 * 1024, "{}", token.len());
        assert!(decision::read(&token).is_ok());
    }
}
