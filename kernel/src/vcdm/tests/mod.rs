//! One good and one bad of each rule.

mod envelopes;
mod model;
mod proofs;
mod status;

use std::collections::BTreeMap;

use ed25519_dalek::{Signer as _, SigningKey};
use placet_schemas::id::{Did, DidUrl};
use placet_schemas::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Code, Draft, Policy, Refusal, Suite, Surroundings, Verdict, secure};
use crate::keys::PublicKey;
use crate::sign::{Algorithm, SignError, Signer};

const V2: &str = "https://www.w3.org/ns/credentials/v2";
const V1: &str = "https://www.w3.org/2018/credentials/v1";
/// The one resource that the surroundings know.
const RESOURCE: &str = "https://example.org/resource";
const PUBLISHED: &[u8] = b"what is published there";

/// Somebody with a key.
pub(super) struct Party {
    key: SigningKey,
    pub(super) did: Did,
    pub(super) method: DidUrl,
}

impl Party {
    pub(super) fn new(seed: u8) -> Self {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let public = PublicKey::from_raw(Algorithm::Ed25519, key.verifying_key().as_bytes()).unwrap();
        let did = public.to_did();
        let method = did.key_method().unwrap();
        Self { key, did, method }
    }

    /// Somebody whose DID is a did:web.
    pub(super) fn web(seed: u8) -> Self {
        let method: DidUrl = "did:web:issuer.example#key".parse().unwrap();
        let did = method.did_str().parse().unwrap();
        Self {
            did,
            method,
            ..Self::new(seed)
        }
    }

    pub(super) fn multibase(&self) -> String {
        let public = PublicKey::from_raw(Algorithm::Ed25519, self.key.verifying_key().as_bytes());
        public.unwrap().to_multibase()
    }
}

impl Signer for Party {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Ed25519
    }

    fn public_key_bytes(&self) -> Vec<u8> {
        self.key.verifying_key().as_bytes().to_vec()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        Ok(self.key.sign(message).to_bytes())
    }
}

/// Surroundings in which all but the member `meaningless` has a meaning. The linked data's suite is stood in for by hashes
/// that no other suite has; what it is in truth, `placet-linked-data` tests.
#[derive(Default)]
pub(super) struct World {
    pub(super) documents: BTreeMap<String, Value>,
    pub(super) lists: BTreeMap<String, Vec<u8>>,
}

impl Surroundings for World {
    fn linked_input(&self, document: &[u8], options: &[u8]) -> Result<[u8; 64], Refusal> {
        let mut input = [0; 64];
        input[..32].copy_from_slice(&Sha256::digest([b"options".as_slice(), options].concat()));
        input[32..].copy_from_slice(&Sha256::digest([b"document".as_slice(), document].concat()));
        Ok(input)
    }

    fn meaning(&self, document: &[u8]) -> Result<(), Refusal> {
        match String::from_utf8_lossy(document) {
            text if ["meaningless", "\"nonce\"", "\"exp\""]
                .iter()
                .any(|member| text.contains(member)) =>
            {
                Err(Refusal::new(Code::Malformed, "/meaningless", "no meaning"))
            }
            text if text.contains("@direction") => Err(Refusal::new(Code::Malformed, "", "no word for a direction")),
            _ => Ok(()),
        }
    }

    fn resource(&self, url: &str) -> Vec<&[u8]> {
        if url == RESOURCE { vec![PUBLISHED] } else { vec![] }
    }

    fn did_document(&self, did: &str) -> Option<Vec<u8>> {
        self.documents
            .get(did)
            .map(|document| document.to_string().into_bytes())
    }

    fn status_list(&self, url: &str) -> Option<Vec<u8>> {
        self.lists.get(url).cloned()
    }
}

pub(super) fn now() -> Timestamp {
    "2026-11-22T05:00:00Z".parse().unwrap()
}

pub(super) fn policy(world: &World) -> Policy<'_> {
    Policy {
        now: now(),
        domain: None,
        challenge: None,
        surroundings: world,
    }
}

/// A credential that keeps all rules, of which only some are needed.
pub(super) fn credential(issuer: &Party) -> Value {
    json!({
        "@context": [V2, {"@vocab": "https://example.org/"}],
        "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
        "type": ["VerifiableCredential", "Alumni"],
        "name": "A credential",
        "issuer": issuer.did,
        "validFrom": "2026-01-01T00:00:00Z",
        "validUntil": "2027-01-01T00:00:00Z",
        "credentialSubject": {"id": "did:example:a", "alumniOf": "a school"},
    })
}

/// The same by the older data model.
pub(super) fn old_credential(issuer: &Party) -> Value {
    json!({
        "@context": [V1],
        "type": "VerifiableCredential",
        "issuer": {"id": issuer.did},
        "issuanceDate": "2026-01-01T00:00:00.5+01:00",
        "expirationDate": "2027-01-01T00:00:00Z",
        "credentialSubject": [{"alumniOf": "a school"}],
    })
}

pub(super) fn bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

/// Signs it, whatever it says.
pub(super) fn signed(credential: &Value, issuer: &Party, suite: Suite) -> Value {
    let world = World::default();
    let draft = Draft::parse(&bytes(credential), &world).unwrap();
    let bytes = secure(&draft, suite, now(), &issuer.method, issuer, &world).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

pub(super) fn judge(document: &Value) -> Result<Verdict, (Code, String)> {
    judge_in(&World::default(), document)
}

pub(super) fn judge_in(world: &World, document: &Value) -> Result<Verdict, (Code, String)> {
    let verdict = super::verify_credential(&bytes(document), &policy(world));
    verdict.map_err(|refusal| (refusal.code, refusal.pointer))
}

/// The fault of a draft.
pub(super) fn fault(document: &Value) -> Option<(Code, String)> {
    let draft = Draft::parse(&bytes(document), &World::default());
    draft.err().map(|refusal| (refusal.code, refusal.pointer))
}

/// JSON of any shape, of the members that the rules look at.
fn anything() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "@context",
        "type",
        "id",
        "issuer",
        "credentialSubject",
        "proof",
        "previousProof",
        "verifiableCredential",
        "name",
        "@value",
        "credentialStatus",
        "statusListIndex",
        "relatedResource",
        "digestSRI",
        "validFrom",
        "holder",
        "cryptosuite",
    ]);
    let texts = prop::sample::select(vec![
        V1,
        V2,
        "VerifiableCredential",
        "VerifiablePresentation",
        "EnvelopedVerifiableCredential",
        "DataIntegrityProof",
        "eddsa-jcs-2022",
        "BitstringStatusListEntry",
        "urn:a:b",
        "2026-01-01T00:00:00Z",
        "data:application/vc+jwt,a.b.c",
        "é",
        "",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        texts.prop_map(Value::from)
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        let members = prop::collection::btree_map(names.clone().prop_map(str::to_owned), inner.clone(), 0..8);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            members.prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_comes_is_refused_and_breaks_nothing(parts in prop::collection::btree_map("[a-zA-Z@]{1,12}", anything(), 0..4), document in anything()) {
        let world = World::default();
        let mut whole = credential(&Party::new(1));
        for (member, value) in document.as_object().into_iter().flatten() {
            whole[member.as_str()] = value.clone();
        }
        for (member, value) in &parts {
            whole[member.as_str()] = value.clone();
        }
        for document in [bytes(&document), bytes(&whole)] {
            prop_assert!(super::verify_credential(&document, &policy(&world)).is_err());
            prop_assert!(super::verify_presentation(&document, &policy(&world)).is_err());
            let _draft = Draft::parse(&document, &world);
        }
    }
}
