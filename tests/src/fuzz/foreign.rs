//! What wallets and other people's issuers send: presentations, proofs of a key, credentials, JSON-LD.

use std::sync::LazyLock;

use placet_kernel::bundle::Verdict;
use placet_kernel::possession;
use placet_kernel::receipt::{Challenge, verify_presented};
use placet_kernel::trust::Trust;
use placet_kernel::vcdm::{self, Code, Draft, Policy, Refusal, Suite, Surroundings, verify_credential};
use placet_linked_data::Contexts;
use placet_schemas::json;
use placet_schemas::time::Timestamp;
use placet_wallet::keys::SoftwareKey;
use serde_json::json;

use super::assert_code;
use super::sample::example;
use crate::{bytes_of, p};

/// What the example was made for.
const ASKED: Challenge<'static> = Challenge {
    audience: "https://gym.example",
    nonce: "n-0S6_WzA2Mj",
};
const AUDIENCE: &str = "https://issuer.example";
static TRUST: LazyLock<Trust> = LazyLock::new(|| Trust::parse(&example("receipt-trust.json")).unwrap());
static SHOWN: LazyLock<String> = LazyLock::new(|| text(example("receipt-presented.sd-jwt")).trim_end().to_owned());
static PROOF: LazyLock<String> = LazyLock::new(sign_proof);
static CREDENTIALS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(sign_credentials);
static KEY: LazyLock<SoftwareKey> = LazyLock::new(|| SoftwareKey::ed25519_from_seed(&bytes_of("somebody else")));

fn then() -> Timestamp {
    p("2026-11-22T05:04:30Z")
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// A receipt as it is presented.
pub fn presented(data: &[u8]) -> bool {
    let Ok(shown) = str::from_utf8(data) else { return false };
    let report = match verify_presented(shown, None, Some(ASKED), Some(&TRUST), then()) {
        Ok(report) => report,
        Err(error) => {
            assert!(!error.to_string().contains(char::is_control));
            return false;
        }
    };
    report.findings.iter().for_each(|finding| assert_code(finding.code));
    assert!(
        report.bound != Verdict::Holds || shown == *SHOWN,
        "nobody presented this"
    );
    assert_ne!(report.in_force, Verdict::Holds, "there is no list");
    true
}

/// A proof that a wallet holds a key.
pub fn possession(data: &[u8]) -> bool {
    let Ok(proof) = str::from_utf8(data) else { return false };
    match possession::verify(proof, AUDIENCE, then()) {
        Ok(held) => {
            let ours = held.key.to_did() == KEY.did();
            assert!(!ours || proof == *PROOF, "nobody signed this");
            true
        }
        Err(error) => {
            assert_code(error.code());
            assert!(!error.to_string().contains(char::is_control));
            false
        }
    }
}

/// A credential of whoever issues one.
pub fn credential(data: &[u8]) -> bool {
    let policy = Policy {
        now: then(),
        domain: None,
        challenge: None,
        surroundings: &Alone,
    };
    match verify_credential(data, &policy) {
        Ok(verdict) => {
            let ours = verdict.by.as_deref() == Some(KEY.did().as_str());
            let said = json::parse(data, vcdm::MAX_DOCUMENT_BYTES).unwrap();
            let subject = said.root().get("credentialSubject").map(json::Node::to_jcs);
            let signed = CREDENTIALS.iter().any(|signed| {
                let signed = json::parse(signed, vcdm::MAX_DOCUMENT_BYTES).unwrap();
                signed.root().get("credentialSubject").map(json::Node::to_jcs) == subject
            });
            assert!(!ours || signed, "nobody said this of anybody");
            true
        }
        Err(refusal) => {
            assert!(!refusal.to_string().contains(char::is_control), "{refusal}");
            false
        }
    }
}

/// JSON-LD as canonical RDF.
pub fn linked_data(data: &[u8]) -> bool {
    match placet_linked_data::canonical(data, Contexts::bundled()) {
        Ok(text) => {
            assert!(text.lines().is_sorted(), "statements are in order");
            assert!(text.is_empty() || text.ends_with(" .\n"));
            true
        }
        Err(error) => {
            assert!(!error.to_string().contains(char::is_control), "{error}");
            false
        }
    }
}

/// Somebody who knows JSON-LD, and no DID or list.
struct Alone;

impl Surroundings for Alone {
    fn linked_input(&self, document: &[u8], options: &[u8]) -> Result<[u8; 64], Refusal> {
        placet_linked_data::signing_input(document, options, Contexts::bundled()).map_err(refused)
    }

    fn meaning(&self, document: &[u8]) -> Result<(), Refusal> {
        let canonical = placet_linked_data::canonical(document, Contexts::bundled());
        canonical.map(|_| ()).map_err(refused)
    }

    fn resource(&self, url: &str) -> Vec<&[u8]> {
        placet_linked_data::published(url).collect()
    }

    fn did_document(&self, _: &str) -> Option<Vec<u8>> {
        None
    }

    fn status_list(&self, _: &str) -> Option<Vec<u8>> {
        None
    }
}

fn refused(error: placet_linked_data::LinkedError) -> Refusal {
    Refusal::new(Code::Unknown, error.pointer, error.message)
}

fn sign_proof() -> String {
    let claims = json!({"aud": AUDIENCE, "iat": then().unix(), "nonce": "n"});
    let header = json!({"alg": "EdDSA", "typ": possession::PROOF_TYP, "kid": KEY.did().key_method()});
    crate::issuer::token(&header, &claims, &KEY)
}

fn sign_credentials() -> Vec<Vec<u8>> {
    let credential = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"],
        "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
        "type": ["VerifiableCredential", "AlumniCredential"],
        "issuer": KEY.did(),
        "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
    });
    let draft = Draft::parse(credential.to_string().as_bytes(), &Alone).unwrap();
    let method = KEY.did().key_method().unwrap();
    let sign = |suite| vcdm::secure(&draft, suite, then(), &method, &*KEY, &Alone).unwrap();
    vec![sign(Suite::EddsaJcs2022), sign(Suite::EddsaRdfc2022)]
}

pub(super) fn presentations() -> Vec<Vec<u8>> {
    vec![SHOWN.clone().into_bytes()]
}

pub(super) fn proofs() -> Vec<Vec<u8>> {
    vec![PROOF.clone().into_bytes()]
}

pub(super) fn credentials() -> Vec<Vec<u8>> {
    CREDENTIALS.clone()
}

pub(super) fn documents() -> Vec<Vec<u8>> {
    let mut all = CREDENTIALS.clone();
    all.push(example("receipt.json"));
    all
}
