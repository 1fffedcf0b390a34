//! The test vectors of Data Integrity EdDSA Cryptosuites v1.0, appendix B.

use std::fs;

use placet_kernel::keys::PublicKey;
use placet_linked_data::{Contexts, ErrorCode, canonical, signing_input, verify};
use serde_json::{Value, json};

use crate::vectors;

/// The vectors of one document.
struct Vector {
    unsigned: &'static str,
    folder: &'static str,
    suffix: &'static str,
}

const ALUMNI: Vector = Vector {
    unsigned: "unsigned.json",
    folder: "eddsa-rdfc-2022",
    suffix: "DataInt",
};
const EMPLOYMENT: Vector = Vector {
    unsigned: "employmentAuth.json",
    folder: "eddsa-rdfc-2022/employ",
    suffix: "DataInt",
};
/// The context that the second document names, and that is not bundled.
const CITIZENSHIP: (&str, &[u8]) = (
    "https://w3id.org/citizenship/v4rc1",
    include_bytes!("../vectors/citizenship-v4rc1.jsonld"),
);

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn with_method(signed: &[u8]) -> (String, PublicKey) {
    let signed: Value = serde_json::from_slice(signed).unwrap();
    let method = signed["proof"]["verificationMethod"].as_str().unwrap();
    let key = PublicKey::from_multibase(method.split_once('#').unwrap().1).unwrap();
    (method.to_owned(), key)
}

#[test]
fn canonical_forms_hashes_and_signatures_are_the_w3cs() {
    let Some(folder) = vectors("vc-di-eddsa") else { return };
    let contexts = Contexts::bundled().clone().with(CITIZENSHIP.0, CITIZENSHIP.1).unwrap();
    for Vector {
        unsigned,
        folder: name,
        suffix,
    } in [ALUMNI, EMPLOYMENT]
    {
        let unsigned = fs::read(folder.join(unsigned)).unwrap();
        let bytes =
            |file: &str, kind: &str| fs::read(folder.join(name).join(format!("{file}{suffix}.{kind}"))).unwrap();
        let text = |file: &str| String::from_utf8(bytes(file, "txt")).unwrap();
        let config = bytes("proofConfig", "json");

        assert_eq!(canonical(&unsigned, &contexts).unwrap(), text("canonDoc"), "{name}");
        assert_eq!(canonical(&config, &contexts).unwrap(), text("proofCanon"), "{name}");
        let input = signing_input(&unsigned, &config, &contexts).unwrap();
        assert_eq!(hex(&input[..32]), text("proofHash").trim(), "{name}");
        assert_eq!(hex(&input[32..]), text("docHash").trim(), "{name}");
        assert_eq!(hex(&input), text("combinedHash").trim(), "{name}");

        let signed = bytes("signed", "json");
        let (method, key) = with_method(&signed);
        verify(&signed, &method, &key, &contexts).unwrap();
    }
}

#[test]
fn the_key_of_the_vectors_makes_the_signature_of_the_vectors() {
    use ed25519_dalek::Signer as _;
    let Some(folder) = vectors("vc-di-eddsa") else { return };
    let text = |name: &str| fs::read(folder.join(name)).unwrap();
    let pair: Value = serde_json::from_slice(&text("keyPair.json")).unwrap();
    let secret = pair["privateKeyMultibase"].as_str().unwrap().strip_prefix('z').unwrap();
    let secret = bs58::decode(secret).into_vec().unwrap();
    let key = ed25519_dalek::SigningKey::from_bytes(secret[2..].try_into().unwrap());
    let input = signing_input(
        &text("unsigned.json"),
        &text("eddsa-rdfc-2022/proofConfigDataInt.json"),
        Contexts::bundled(),
    )
    .unwrap();
    let expected = String::from_utf8(text("eddsa-rdfc-2022/sigHexDataInt.txt")).unwrap();
    assert_eq!(hex(&key.sign(&input).to_bytes()), expected.trim());
}

/// Everything that a signed credential says is signed; what is said besides is an error.
#[test]
fn nothing_of_a_signed_credential_can_be_changed() {
    let Some(folder) = vectors("vc-di-eddsa") else { return };
    let signed = fs::read(folder.join("eddsa-rdfc-2022/signedDataInt.json")).unwrap();
    let (method, key) = with_method(&signed);
    let whole: Value = serde_json::from_slice(&signed).unwrap();
    let judge = |changed: &Value| {
        verify(changed.to_string().as_bytes(), &method, &key, Contexts::bundled()).map_err(|error| error.code)
    };
    assert_eq!(judge(&whole), Ok(()));

    let mut changed = 0;
    for pointer in pointers(&whole) {
        let mut other = whole.clone();
        let place = other.pointer_mut(&pointer).unwrap();
        let Value::String(text) = place else { continue };
        text.push('a');
        assert!(judge(&other).is_err(), "{pointer} changed");
        changed += 1;
    }
    assert_eq!(changed, 17);

    for (pointer, member) in [
        ("", "note"),
        ("/credentialSubject", "note"),
        ("/proof", "expires"),
        ("/proof", "domain"),
    ] {
        let mut other = whole.clone();
        other.pointer_mut(pointer).unwrap()[member] = json!("2030-01-01T00:00:00Z");
        assert_eq!(judge(&other), Err(ErrorCode::BadSignature), "{pointer} {member}");
    }
    let mut other = whole.clone();
    other.as_object_mut().unwrap().remove("name");
    assert_eq!(judge(&other), Err(ErrorCode::BadSignature));
    other = whole.clone();
    other["name"] = Value::Null;
    assert_eq!(judge(&other), Err(ErrorCode::Dropped));
}

#[test]
fn a_proof_is_of_this_suite_by_this_method_and_whole() {
    let Some(folder) = vectors("vc-di-eddsa") else { return };
    let signed = fs::read(folder.join("eddsa-rdfc-2022/signedDataInt.json")).unwrap();
    let (method, key) = with_method(&signed);
    let whole: Value = serde_json::from_slice(&signed).unwrap();
    let judge = |changed: &Value, method: &str| {
        verify(changed.to_string().as_bytes(), method, &key, Contexts::bundled()).map_err(|error| error.code)
    };
    let with = |change: &dyn Fn(&mut Value)| {
        let mut other = whole.clone();
        change(&mut other);
        judge(&other, &method)
    };
    assert_eq!(judge(&whole, "did:example:other#key"), Err(ErrorCode::NoProof));
    assert_eq!(
        with(&|v| v["proof"]["cryptosuite"] = json!("eddsa-jcs-2022")),
        Err(ErrorCode::NoProof)
    );
    assert_eq!(
        with(&|v| v["proof"]["type"] = json!("Ed25519Signature2020")),
        Err(ErrorCode::InvalidProof)
    );
    assert_eq!(with(&|v| v["proof"] = json!([])), Err(ErrorCode::NoProof));
    assert_eq!(with(&|v| v["proof"] = json!("z")), Err(ErrorCode::InvalidProof));
    assert_eq!(
        with(&|v| v["proof"]["previousProof"] = json!("urn:x:1")),
        Err(ErrorCode::InvalidProof)
    );
    assert_eq!(
        with(&|v| v["proof"]["created"] = json!("yesterday")),
        Err(ErrorCode::InvalidProof)
    );
    assert_eq!(
        with(&|v| v["proof"]["proofValue"] = json!("z1")),
        Err(ErrorCode::InvalidProof)
    );
    assert_eq!(
        with(&|v| v["proof"]["@context"] = json!(["https://www.w3.org/ns/credentials/v2"])),
        Err(ErrorCode::InvalidProof)
    );
    assert_eq!(
        with(&|v| v["proof"] = json!(vec![v["proof"].clone(); 17])),
        Err(ErrorCode::TooLarge)
    );
    // In a set each proof is judged by itself, over the document without any.
    let foreign = json!({"type": "DataIntegrityProof", "cryptosuite": "ecdsa-rdfc-2019", "proofValue": "z1"});
    assert_eq!(with(&|v| v["proof"] = json!([foreign, v["proof"]])), Ok(()));
    let mut bad = whole["proof"].clone();
    bad["created"] = json!("2023-02-24T23:36:39Z");
    assert_eq!(
        with(&|v| v["proof"] = json!([v["proof"], bad])),
        Err(ErrorCode::BadSignature)
    );
}

/// Pointers of all that is in a value.
fn pointers(value: &Value) -> Vec<String> {
    let below = |(token, value): (String, &Value)| -> Vec<String> {
        pointers(value)
            .into_iter()
            .map(|rest| format!("/{token}{rest}"))
            .collect()
    };
    let mut all = vec![String::new()];
    match value {
        Value::Array(elements) => all.extend(
            elements
                .iter()
                .enumerate()
                .flat_map(|(at, value)| below((at.to_string(), value))),
        ),
        Value::Object(members) => all.extend(members.iter().flat_map(|(key, value)| below((key.clone(), value)))),
        _ => {}
    }
    all
}
