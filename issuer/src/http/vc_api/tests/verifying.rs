//! What is sent to be verified: proofs and presentations of others, and what would have to be fetched.

use placet_kernel::jws;
use placet_kernel::keys::PublicKey;
use placet_kernel::sign::{Algorithm, Signer as _};
use placet_schemas::json as strict;
use placet_service::keys::SoftwareSigner;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{House, V2, with_token};

#[tokio::test]
async fn what_stands_in_the_network_is_not_fetched() {
    let house = House::open(with_token()).await;
    // This listens, and nobody may come.
    let bait = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/a", bait.local_addr().unwrap());
    let issued = house.issued(&house.credential(), &json!({})).await;
    for (member, value) in [
        ("@context", json!([V2, url])),
        ("relatedResource", json!({"id": url, "digestSRI": "sha256-AAAA"})),
        (
            "credentialStatus",
            json!({
                "type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "1", "statusListCredential": url,
            }),
        ),
    ] {
        let mut credential = issued.clone();
        credential[member] = value;
        assert_eq!(house.verdict(&credential).await, 400, "{member}");
    }
    let mut by_web = issued.clone();
    by_web["proof"]["verificationMethod"] = json!(format!(
        "did:web:{}#key",
        bait.local_addr().unwrap().to_string().replace(':', "%3A")
    ));
    assert_eq!(house.verdict(&by_web).await, 400);
    let came = tokio::time::timeout(std::time::Duration::from_millis(50), bait.accept()).await;
    assert!(came.is_err());
}

/// What the W3C's suites have: a chain of proofs, both ways to name the one before, in both data models.
#[tokio::test]
async fn the_w3cs_chain_of_proofs_holds() {
    let house = House::open(with_token()).await;
    let issuer = "did:key:z6MkhWqdDBPojHA7cprTGTt5yHv5yUi1B8cnXn8ReLumkw6E";
    let first = "did:key:z6MktgKTsu1QhX6QPbyqG6geXdw6FQCZBPq7uQpieWbiQiG7";
    let proof = |did: &str, created: &str, value: &str| {
        json!({
            "type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022", "created": created,
            "verificationMethod": format!("{did}#{}", did.trim_start_matches("did:key:")),
            "proofPurpose": "assertionMethod", "proofValue": value,
        })
    };
    let mut before = proof(
        first,
        "2023-02-26T22:06:38Z",
        "z4TVsgUyowZ26aXAijJaUZHRWpZKtny2YVb75dodRGtyqMn1pB6qUqYGjczdaajnnKjwNiMocFBFG7SWkY2nmkpJz",
    );
    before["id"] = json!("urn:uuid:26329423-bec9-4b2e-88cb-a7c7d9dc4544");
    let mut after = proof(
        issuer,
        "2023-02-26T22:16:38Z",
        "z2TSvKiHr1Fb1DnGbupX75Z1uPKxg46H1G6VxtEwFzfrGaxkCip86AR59pQ1JQ5YDsDa5hko1uMa35fwHEHoHfeCg",
    );
    after["previousProof"] = before["id"].clone();
    let mut credential = json!({
        "@context": [V2, {"@context": {
            "AlumniCredential": "https://www.example.org/AlumniCredential", "alumniOf": "https://www.example.org/alumniOf",
        }}],
        "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
        "type": ["VerifiableCredential", "AlumniCredential"],
        "name": "Alumni Credential",
        "description": "A minimum viable example of a VC 2.0 Alumni Credential.",
        "issuer": issuer,
        "validFrom": "2023-01-01T00:00:00Z",
        "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
        "proof": [before, after],
    });
    assert_eq!(house.verdict(&credential).await, 200);
    credential["proof"] = json!([after]);
    assert_eq!(house.verdict(&credential).await, 400);
    after["previousProof"] = json!("urn:uuid:another");
    credential["proof"] = json!([before, after]);
    assert_eq!(house.verdict(&credential).await, 400);
}

#[tokio::test]
async fn a_proof_that_is_not_for_now_for_this_and_by_its_issuer_is_refused() {
    let house = House::open(with_token()).await;
    let issued = house.issued(&house.credential(), &json!({})).await;
    let refused = |change: Value, options: Value| {
        let mut credential = issued.clone();
        for (member, value) in change.as_object().unwrap() {
            credential["proof"][member] = value.clone();
        }
        let body = json!({"verifiableCredential": credential, "options": options});
        let house = &house;
        async move { house.refused("/credentials/verify", &body).await }
    };
    assert_eq!(refused(json!({}), json!({"checks": ["proof"]})).await.0, 200);
    let other =
        "did:key:z6MktgKTsu1QhX6QPbyqG6geXdw6FQCZBPq7uQpieWbiQiG7#z6MktgKTsu1QhX6QPbyqG6geXdw6FQCZBPq7uQpieWbiQiG7";
    for (change, options, member) in [
        (json!({"expires": "2020-01-01T00:00:00Z"}), json!({}), "expires"),
        (json!({"proofPurpose": "authentication"}), json!({}), "proofPurpose"),
        (json!({"domain": "b.example"}), json!({"domain": "a.example"}), "domain"),
        (json!({}), json!({"challenge": "a"}), "challenge"),
        (json!({"previousProof": "urn:x:1"}), json!({}), "previousProof"),
        (
            json!({"id": "urn:x:1", "previousProof": ["urn:x:1"]}),
            json!({}),
            "previousProof",
        ),
        (json!({"verificationMethod": other}), json!({}), "proofValue"),
    ] {
        let found = refused(change.clone(), options).await;
        let pointer = format!("/verifiableCredential/proof/{member}");
        assert_eq!(found, (400, "vc_unproven".to_owned(), pointer), "{change}");
    }
    // A key that no document has for this purpose: of a DID whose document nobody knows, or by another name.
    for method in ["did:web:issuer.example#key", "did:example:a#key", "no method"] {
        let found = refused(json!({"verificationMethod": method}), json!({})).await;
        assert_eq!((found.0, found.1.as_str()), (400, "vc_unknown"), "{method}");
    }
    assert_eq!(
        refused(json!({}), json!({"challenge": 1})).await.2,
        "/options/challenge"
    );
}

#[tokio::test]
async fn a_presentation_answers_what_was_asked() {
    let house = House::open(with_token()).await;
    let holder = SoftwareSigner::from_seed(&[7; 32]);
    let did = PublicKey::from_raw(Algorithm::Ed25519, &holder.public_key_bytes())
        .unwrap()
        .to_did();
    let credential = house
        .issued(&house.credential(), &json!({"cryptosuite": "eddsa-rdfc-2022"}))
        .await;
    let present = |credential: &Value| {
        let payload = strict::to_jcs(&json!({
            "@context": [V2], "type": "VerifiablePresentation", "holder": did, "verifiableCredential": [credential],
            "aud": "https://a.example", "nonce": "n",
        }));
        let token = jws::sign(&payload.unwrap(), "vp+jwt", &did.key_method().unwrap(), &holder).unwrap();
        json!({"@context": V2, "type": "EnvelopedVerifiablePresentation", "id": format!("data:application/vp+jwt,{token}")})
    };
    let whole = present(&credential);
    let verdict = |presentation: &Value, domain: &str, challenge: &str| {
        let body =
            json!({"verifiablePresentation": presentation, "options": {"domain": domain, "challenge": challenge}});
        let house = &house;
        async move { house.post("/presentations/verify", &body).await }
    };
    let (status, answer) = verdict(&whole, "https://a.example", "n").await;
    assert_eq!((status, answer["by"].as_str()), (200, Some(did.as_str())), "{answer}");
    assert_eq!(verdict(&whole, "https://b.example", "n").await.0, 400);
    assert_eq!(verdict(&whole, "https://a.example", "m").await.0, 400);
    let mut forged = credential.clone();
    forged["credentialSubject"]["id"] = json!("did:example:b");
    assert_eq!(verdict(&present(&forged), "https://a.example", "n").await.0, 400);
    // What nobody signed is nobody's presentation.
    let unsigned = json!({"@context": [V2], "type": "VerifiablePresentation", "verifiableCredential": [credential]});
    assert_eq!(verdict(&unsigned, "https://a.example", "n").await.0, 400);
}
