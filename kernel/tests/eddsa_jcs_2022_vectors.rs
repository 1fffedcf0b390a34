//! The published example of `eddsa-jcs-2022` (W3C Data Integrity EdDSA Cryptosuites 1.0, appendix B.3), step by step.
//!
//! The proof sets and chains beside it are all of `eddsa-rdfc-2022`; records have neither.

#![cfg(test)]

use std::path::{Path, PathBuf};

use placet_kernel::keys::{PublicKey, SignatureError, verify_proof};
use placet_schemas::id::{DidUrl, Digest, encode_hex};
use placet_schemas::json::{self, Node};
use placet_schemas::record::{Cryptosuite, ProofValue, signing_input};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/vectors/vc-di-eddsa");
const LARGEST: usize = 64 * 1024;

fn vectors() -> Option<PathBuf> {
    let folder = Path::new(FOLDER);
    if folder.is_dir() {
        return Some(folder.to_owned());
    }
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no vectors in CI");
    println!("skipped: no vectors in {FOLDER}");
    None
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join("eddsa-jcs-2022").join(name))
        .unwrap()
        .trim_end()
        .to_owned()
}

fn canonical(text: &str) -> Vec<u8> {
    json::parse(text.as_bytes(), LARGEST).unwrap().root().to_jcs()
}

fn text<'a>(root: &'a Node<'_>, pointer: &str) -> &'a str {
    root.pointer(pointer).and_then(Node::as_str).unwrap()
}

/// What the vector's key, as its proof names it, says of the document.
fn judge(document: &[u8]) -> Result<(), SignatureError> {
    let document = json::parse_canonical(document, LARGEST).unwrap();
    let root = document.root();
    let input = signing_input(document.bytes(), root).unwrap();
    let method: DidUrl = text(root, "/proof/verificationMethod").parse().unwrap();
    let key = PublicKey::from_multibase(method.fragment()).unwrap();
    let value: ProofValue = text(root, "/proof/proofValue").parse().unwrap();
    verify_proof(Cryptosuite::EddsaJcs2022, &input, &value, &key)
}

#[test]
fn each_step_gives_the_published_value() {
    let Some(folder) = vectors() else { return };
    let signed = canonical(&read(&folder, "signedJCS.json"));
    let document = json::parse_canonical(&signed, LARGEST).unwrap();
    let root = document.root();
    let join = |parts: [&[u8]; 2]| String::from_utf8(parts.concat()).unwrap();
    let unsecured = join(json::without(&signed, root, "proof").unwrap());
    let config = join(json::without(&signed, root.get("proof").unwrap(), "proofValue").unwrap());
    assert_eq!(unsecured, read(&folder, "canonDocJCS.txt"));
    assert_eq!(config, read(&folder, "proofCanonJCS.txt"));
    assert_eq!(config.as_bytes(), canonical(&read(&folder, "proofConfigJCS.json")));
    assert_eq!(
        Digest::of(unsecured.as_bytes()).to_string(),
        read(&folder, "docHashJCS.txt")
    );
    assert_eq!(
        Digest::of(config.as_bytes()).to_string(),
        read(&folder, "proofHashJCS.txt")
    );
    assert_eq!(
        encode_hex(&signing_input(&signed, root).unwrap()),
        read(&folder, "combinedHashJCS.txt")
    );
    assert_eq!(text(root, "/proof/proofValue"), read(&folder, "sigBTC58JCS.txt"));
}

#[test]
fn the_published_signature_holds_and_no_changed_document_does() {
    let Some(folder) = vectors() else { return };
    let signed = canonical(&read(&folder, "signedJCS.json"));
    assert_eq!(judge(&signed), Ok(()));
    let signed = String::from_utf8(signed).unwrap();
    for (what, instead) in [
        ("The School of Examples", "The School of Example"),
        ("2023-01-01T00:00:00Z", "2023-01-01T00:00:01Z"),
        ("2023-02-24T23:36:38Z", "2023-02-24T23:36:39Z"),
        ("assertionMethod", "authentication"),
        ("z2HnFSSPPBzR36", "z2HnFSSPPBzR37"),
    ] {
        assert_eq!(signed.matches(what).count(), 1, "{what}");
        assert_eq!(
            judge(signed.replace(what, instead).as_bytes()),
            Err(SignatureError::Invalid),
            "{what}"
        );
    }
}

#[test]
fn another_suite_does_not_judge_the_signature() {
    let Some(folder) = vectors() else { return };
    let signed = canonical(&read(&folder, "signedJCS.json"));
    let document = json::parse_canonical(&signed, LARGEST).unwrap();
    let keys = std::fs::read(folder.join("keyPair.json")).unwrap();
    let keys = json::parse(&keys, LARGEST).unwrap();
    let key = PublicKey::from_multibase(text(keys.root(), "/publicKeyMultibase")).unwrap();
    let input = signing_input(&signed, document.root()).unwrap();
    let value: ProofValue = text(document.root(), "/proof/proofValue").parse().unwrap();
    assert_eq!(verify_proof(Cryptosuite::EddsaJcs2022, &input, &value, &key), Ok(()));
    assert_eq!(
        verify_proof(Cryptosuite::EcdsaJcs2019, &input, &value, &key),
        Err(SignatureError::Algorithm)
    );
}
