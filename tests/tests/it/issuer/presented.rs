//! A receipt as SD-JWT VC: some of it withheld, bound to whoever asked, and refused when anything of that is not so.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use placet_kernel::bundle::Verdict::{self, CannotTell, Fails, Holds};
use placet_kernel::receipt::{Challenge, PresentedReport, verify_presented};
use placet_kernel::sd_jwt;
use placet_tests::bytes_of;
use placet_tests::issuer::{IssuerProcess, SD_JWT};
use placet_tests::process::now;
use placet_wallet::keys::SoftwareKey;
use serde_json::json;

use super::house::{Given, House, until};

const ASKED: Challenge<'static> = Challenge {
    audience: "https://gym.example",
    nonce: "n-0S6_WzA2Mj",
};

struct Scene {
    house: House,
    issuer: IssuerProcess,
    ada: Given,
    receipt: String,
}

impl Scene {
    fn new() -> Self {
        let house = House::open();
        let issuer = house.issuer();
        let ada = house.yes("Ada");
        let _also = ada.receipt(&issuer);
        let receipt = issuer.claim(SD_JWT, &ada.consent, &ada.customer.key);
        Self {
            receipt: receipt.as_str().unwrap().to_owned(),
            house,
            issuer,
            ada,
        }
    }

    /// What she shows: the members of these names, and the clauses.
    fn present(&self, names: &[&str], clauses: bool) -> String {
        let choose = |name: Option<&str>, _: &serde_json::Value| name.map_or(clauses, |name| names.contains(&name));
        let asked = (ASKED.audience, ASKED.nonce);
        sd_jwt::present(&self.receipt, choose, asked, now(), &self.ada.customer.key).unwrap()
    }

    fn list(&self) -> String {
        let token = sd_jwt::SdJwt::parse(&self.receipt).unwrap();
        let payload = Base64UrlUnpadded::decode_vec(token.jwt.split('.').nth(1).unwrap()).unwrap();
        let payload: serde_json::Value = serde_json::from_slice(&payload).unwrap();
        let url = payload["status"]["status_list"]["uri"].as_str().unwrap();
        String::from_utf8(self.issuer.fetch(url)).unwrap()
    }

    fn judge(&self, shown: &str) -> PresentedReport {
        self.judge_for(shown, ASKED)
    }

    fn judge_for(&self, shown: &str, challenge: Challenge<'_>) -> PresentedReport {
        let list = self.list();
        verify_presented(shown, Some(&list), Some(challenge), Some(&self.house.trust), now()).unwrap()
    }
}

fn verdicts(report: &PresentedReport) -> [Verdict; 4] {
    [report.issued, report.recorded, report.in_force, report.bound]
}

fn code(report: &PresentedReport) -> &str {
    report
        .findings
        .iter()
        .map(|finding| finding.code)
        .find(|code| code.starts_with("binding"))
        .unwrap_or("none")
}

#[test]
fn a_receipt_is_presented_in_part_and_void_after_the_withdrawal() {
    let scene = Scene::new();
    let whole = scene.judge(&scene.present(&["sub", "salt"], true));
    assert_eq!(verdicts(&whole), [Holds; 4], "{:?}", whole.findings);
    assert_eq!(whole.receipt.sub.as_ref(), Some(&scene.ada.customer.key.did()));
    assert_eq!(whole.receipt.scope, scene.ada.state.scope.clauses());
    // Who she is, and what she agreed to, she may keep to herself.
    let part = scene.judge(&scene.present(&["salt"], false));
    assert_eq!(verdicts(&part), [Holds; 4], "{:?}", part.findings);
    assert_eq!((&part.receipt.sub, part.receipt.scope.len()), (&None, 0));
    // Without the salt nobody can tell whether the record is in the log.
    let blind = scene.judge(&scene.present(&["sub"], true));
    assert_eq!(verdicts(&blind), [Holds, CannotTell, CannotTell, Holds]);
    // As it was issued: nobody knows who shows it.
    let list = scene.list();
    let issued = verify_presented(&scene.receipt, Some(&list), None, Some(&scene.house.trust), now()).unwrap();
    assert_eq!(verdicts(&issued), [Holds, Holds, Holds, CannotTell]);
    // Without trust, without a list.
    let shown = scene.present(&["salt"], true);
    let unknown = verify_presented(&shown, Some(&list), Some(ASKED), None, now()).unwrap();
    assert_eq!(verdicts(&unknown), [CannotTell, CannotTell, CannotTell, Holds]);
    let alone = verify_presented(&shown, None, Some(ASKED), Some(&scene.house.trust), now()).unwrap();
    assert_eq!(verdicts(&alone), [Holds, Holds, CannotTell, Holds]);

    scene.house.send(&scene.house.withdrawal(&scene.ada));
    until("the list says that it is over", || {
        verdicts(&scene.judge(&shown)) == [Holds, Holds, Fails, Holds]
    });
}

#[test]
fn a_presentation_is_for_who_asked_for_it_and_by_whoever_holds_the_key() {
    let scene = Scene::new();
    let shown = scene.present(&["sub", "salt"], true);
    let (tokens, binding) = shown.rsplit_once('~').unwrap();
    let bare = format!("{tokens}~");
    let bind = |key: &SoftwareKey, header: serde_json::Value, spoil: &dyn Fn(&mut serde_json::Value)| {
        let hash = placet_schemas::authzen::DisclosureDigest::of(&bare);
        let mut claims = json!({"aud": ASKED.audience, "nonce": ASKED.nonce, "iat": now().unix(), "sd_hash": hash});
        spoil(&mut claims);
        format!("{bare}{}", placet_tests::issuer::token(&header, &claims, key))
    };
    let right = json!({"alg": "EdDSA", "typ": "kb+jwt"});
    let key = &scene.ada.customer.key;
    let thief = SoftwareKey::ed25519_from_seed(&bytes_of("thief"));
    assert_eq!(verdicts(&scene.judge(&bind(key, right.clone(), &|_| {}))), [Holds; 4]);
    let fewer = scene.present(&["salt"], true);
    let fewer = fewer.rsplit_once('~').unwrap().0;
    for (what, shown, expected) in [
        ("no binding", bare.clone(), (CannotTell, "binding_missing")),
        (
            "a thief's",
            bind(&thief, right.clone(), &|_| {}),
            (Fails, "binding_bad_signature"),
        ),
        (
            "of another kind",
            bind(key, json!({"alg": "EdDSA", "typ": "JWT"}), &|_| {}),
            (Fails, "binding_malformed"),
        ),
        (
            "by no algorithm",
            bind(key, json!({"alg": "none", "typ": "kb+jwt"}), &|_| {}),
            (Fails, "binding_malformed"),
        ),
        (
            "by another algorithm",
            bind(key, json!({"alg": "ES256", "typ": "kb+jwt"}), &|_| {}),
            (Fails, "binding_bad_signature"),
        ),
        (
            "critical",
            bind(key, json!({"alg": "EdDSA", "typ": "kb+jwt", "crit": ["x"]}), &|_| {}),
            (Fails, "binding_malformed"),
        ),
        (
            "for another",
            bind(key, right.clone(), &|claims| {
                claims["aud"] = json!("https://evil.example")
            }),
            (Fails, "binding_audience"),
        ),
        (
            "to another question",
            bind(key, right.clone(), &|claims| claims["nonce"] = json!("x")),
            (Fails, "binding_nonce"),
        ),
        (
            "of last week",
            bind(key, right.clone(), &|claims| {
                claims["iat"] = json!(now().unix() - 7 * 86_400)
            }),
            (Fails, "binding_time"),
        ),
        (
            "of tomorrow",
            bind(key, right.clone(), &|claims| {
                claims["iat"] = json!(now().unix() + 86_400)
            }),
            (Fails, "binding_time"),
        ),
        (
            "without a time",
            bind(key, right.clone(), &|claims| claims["iat"] = json!("now")),
            (Fails, "binding_malformed"),
        ),
        (
            "over something else",
            bind(key, right.clone(), &|claims| claims["sd_hash"] = json!("x")),
            (Fails, "binding_hash"),
        ),
        (
            "that was for more",
            format!("{fewer}~{binding}"),
            (Fails, "binding_hash"),
        ),
        (
            "cut off",
            format!("{bare}{}", &binding[..binding.len() - 5]),
            (Fails, "binding_malformed"),
        ),
    ] {
        let report = scene.judge(&shown);
        assert_eq!((report.bound, code(&report)), expected, "{what}");
    }
    let other = scene.judge_for(
        &shown,
        Challenge {
            audience: "https://other.example",
            ..ASKED
        },
    );
    assert_eq!((other.bound, code(&other)), (Fails, "binding_audience"));
}

#[test]
fn what_the_issuer_did_not_sign_is_not_said() {
    let scene = Scene::new();
    let shown = scene.present(&["sub", "salt"], true);
    let parts: Vec<&str> = shown.split('~').collect();
    let encode = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    let with = |more: &[String]| {
        let mut all: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
        let at = all.len() - 1;
        all.splice(at..at, more.iter().cloned());
        all.join("~")
    };
    let refused = |text: &str| {
        let report = verify_presented(text, None, Some(ASKED), Some(&scene.house.trust), now());
        report.map(|report| report.issued).unwrap_err().code()
    };
    assert_eq!(
        refused(&with(&[encode(r#"["salt","scope",[]]"#)])),
        "sd_jwt_unreferenced"
    );
    assert_eq!(
        refused(&with(&[encode(r#"["salt",{"purpose":"all"}]"#)])),
        "sd_jwt_unreferenced"
    );
    assert_eq!(refused(&with(&[parts[1].to_owned()])), "sd_jwt_digests");
    assert_eq!(refused(&with(&[encode(r#"["salt","_sd",[]]"#)])), "sd_jwt_digests");
    assert_eq!(refused(&with(&[encode("[]")])), "sd_jwt_disclosure");
    assert_eq!(refused(&with(&["!".to_owned()])), "sd_jwt_disclosure");
    assert_eq!(refused(&with(&[String::new()])), "sd_jwt_disclosure");
    assert_eq!(refused(&with(&vec!["x".to_owned(); 600])), "sd_jwt_oversize");
    for nothing in ["", "x", "~", "a.b.c~", "a.b.c~~"] {
        assert!(verify_presented(nothing, None, None, None, now()).is_err(), "{nothing}");
    }
    // Each character of what is signed counts.
    let mut flipped = 0;
    for at in (0..parts[0].len()).step_by(37) {
        let mut bytes = shown.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let text = String::from_utf8(bytes).unwrap();
        if text == shown {
            continue;
        }
        flipped += 1;
        if let Ok(report) = verify_presented(&text, None, Some(ASKED), Some(&scene.house.trust), now()) {
            assert_ne!(report.issued, Holds, "{at}");
        }
    }
    assert!(flipped > 20, "{flipped}");
}

#[test]
fn a_list_of_another_receipt_or_format_says_nothing() {
    let scene = Scene::new();
    let shown = scene.present(&["salt"], true);
    let list = scene.list();
    let judge = |list: &str| {
        let report = verify_presented(&shown, Some(list), Some(ASKED), Some(&scene.house.trust), now()).unwrap();
        report.in_force
    };
    assert_eq!(judge(&list), Holds);
    // The same list as the other format has it, another kind of token, one that is damaged.
    for other in [
        scene.issuer.fetch(&list_url(&scene).replace("/token/", "/bitstring/")),
        shown.clone().into_bytes(),
        list.replacen('.', ".A", 1).into_bytes(),
        Vec::new(),
    ] {
        assert_eq!(judge(&String::from_utf8(other).unwrap()), CannotTell);
    }
    // Tomorrow it is too old.
    let tomorrow = now().plus_seconds(86_400);
    let report = verify_presented(&shown, Some(&list), Some(ASKED), Some(&scene.house.trust), tomorrow).unwrap();
    assert_eq!(report.in_force, CannotTell);
}

fn list_url(scene: &Scene) -> String {
    let report = scene.judge(&scene.present(&["salt"], true));
    report.receipt.status.status_list.uri.to_string()
}
