//! Placet's own receipts, status lists and records as RDF.

use std::fs;
use std::path::Path;

use placet_linked_data::{Contexts, canonical, signing_input, verify};
use serde_json::{Value, json};

/// Documents, and their canonical forms as the npm packages `jsonld` and `rdf-canonize` write them.
const FOREIGN: [(&[u8], &str); 2] = [
    (
        include_bytes!("../../../docs/examples/receipt.json"),
        include_str!("../vectors/receipt.nq"),
    ),
    (
        include_bytes!("../../../docs/examples/receipt-status.json"),
        include_str!("../vectors/receipt-status.nq"),
    ),
];

fn unsecured(document: &[u8]) -> (Value, Value) {
    let mut document: Value = serde_json::from_slice(document).unwrap();
    let proof = document.as_object_mut().unwrap().remove("proof").unwrap();
    (document, proof)
}

#[test]
fn receipts_and_status_lists_have_the_canonical_form_that_javascript_gives_them() {
    for (document, expected) in FOREIGN {
        let (document, _) = unsecured(document);
        let n_quads = canonical(document.to_string().as_bytes(), Contexts::bundled()).unwrap();
        assert_eq!(n_quads, expected, "{document}");
    }
}

#[test]
fn every_example_of_a_credential_has_a_canonical_form() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/examples");
    let mut forms = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read(&path).unwrap();
        if serde_json::from_slice::<Value>(&text)
            .unwrap()
            .get("@context")
            .is_some()
        {
            let form = canonical(&text, Contexts::bundled());
            assert!(form.is_ok(), "{}: {}", path.display(), form.unwrap_err());
            forms += 1;
        }
    }
    assert_eq!(forms, 11);
}

#[test]
fn a_receipt_is_signed_and_checked() {
    use ed25519_dalek::Signer as _;
    use placet_kernel::keys::PublicKey;
    use placet_kernel::sign::Algorithm;

    let secret = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let key = PublicKey::from_raw(Algorithm::Ed25519, secret.verifying_key().as_bytes()).unwrap();
    let (mut document, first) = unsecured(FOREIGN[0].0);
    let method = "did:web:issuer.example#key-1";
    let mut proof = json!({
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-rdfc-2022",
        "created": "2026-11-22T05:04:00Z",
        "verificationMethod": method,
        "proofPurpose": "assertionMethod",
    });
    let (unsigned, config) = (document.to_string(), proof.to_string());
    let input = signing_input(unsigned.as_bytes(), config.as_bytes(), Contexts::bundled()).unwrap();
    let signature = secret.sign(&input).to_bytes();
    proof["proofValue"] = json!(format!("z{}", bs58::encode(signature).into_string()));
    // Beside the proof of the other suite.
    document["proof"] = json!([first, proof]);
    let judge = |document: &Value, key| verify(document.to_string().as_bytes(), method, key, Contexts::bundled());
    assert_eq!(judge(&document, &key), Ok(()));

    let other = ed25519_dalek::SigningKey::from_bytes(&[8; 32]);
    let other = PublicKey::from_raw(Algorithm::Ed25519, other.verifying_key().as_bytes()).unwrap();
    assert!(judge(&document, &other).is_err());
    document["credentialSubject"]["scope"][0]["retention"] = json!("P9Y");
    assert!(judge(&document, &key).is_err());
}
