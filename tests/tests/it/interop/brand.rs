//! A brand on a running node, by Placet's own code: what foreign software answers.

use placet_kernel::jws;
use placet_schemas::api::{
    Challenge, Invitations, Invite, IssueToken, IssuedToken, Nothing, NoticeAnswer, REGISTRATION_TYP, RecordAnswer,
    RegisterController, RegistrationClaims, Role,
};
use placet_schemas::id::Digest;
use placet_schemas::json;
use placet_schemas::record::{CanonicalRecord, Invitation};
use placet_tests::brand::Brand;
use placet_tests::offer::{newsletter, offer, recommendations, seats};
use placet_tests::{bytes_of, p};
use placet_wallet::Pen;
use serde_json::json;

use super::node::{Node, now};

/// A brand that has registered and asks for three things.
pub(super) struct Registered<'a> {
    node: &'a Node,
    /// Its token.
    pub(super) token: String,
    /// Its request.
    pub(super) request: CanonicalRecord,
}

impl<'a> Registered<'a> {
    /// Registers the brand, gets it a token, and publishes its notices and its request.
    pub(super) fn on(node: &'a Node, brand: &Brand) -> Self {
        register(node, brand);
        let order = IssueToken {
            role: Role::Brand,
            controller: Some(brand.did.clone()),
            label: p("interoperability"),
            expires_in_seconds: None,
        };
        let IssuedToken { token, .. } = node.post("/v1/tokens", Some(&node.operator), &order, 201);
        let asked = offer(&[brand], vec![newsletter(), recommendations(), seats()], 0);
        for notice in &asked.notices {
            let answer = node
                .post_bytes("/v1/notices", Some(&token), &notice.bytes)
                .expect(201, "a notice");
            let answer: NoticeAnswer = serde_json::from_slice(&answer).unwrap();
            assert_eq!(answer.digest, notice.digest());
        }
        let pen = Pen {
            origin: &node.origin,
            key: &brand.key,
            random: bytes_of(&format!("request of {}", brand.did)),
            now: now(),
        };
        let request = placet_wallet::brand::request(asked.request, &asked.notices, brand.signer(), &pen).unwrap();
        node.post_bytes("/v1/requests", Some(&token), &request.bytes)
            .expect(201, "the request");
        Self { node, token, request }
    }

    /// Fresh invitations to its request.
    pub(super) fn invite(&self, count: u32) -> Vec<Invitation> {
        let path = format!("/v1/requests/{}/invitations", self.request.record.digest());
        let order = Invite {
            count: Some(count),
            ttl_seconds: None,
        };
        let Invitations { invitations } = self.node.post(&path, Some(&self.token), &order, 201);
        invitations.into_iter().map(|fresh| fresh.invitation).collect()
    }

    /// The evidence of one of its consents.
    pub(super) fn evidence(&self, consent: Digest) -> Vec<u8> {
        self.node
            .get(&format!("/v1/consents/{consent}/evidence"), Some(&self.token))
    }
}

/// Proves the key and hands the DID document in; a brand whose DID is its key needs none.
fn register(node: &Node, brand: &Brand) -> RecordAnswer {
    let Challenge { nonce, .. } = node.post("/v1/challenges", None, &Nothing {}, 201);
    let claims = RegistrationClaims {
        aud: node.origin.clone(),
        iat: now().unix(),
        nonce,
        sub: brand.did.clone(),
    };
    let challenge = jws::sign(
        &json::to_jcs(&claims).unwrap(),
        REGISTRATION_TYP,
        &brand.method,
        &brand.key,
    );
    let order = RegisterController {
        did: brand.did.clone(),
        legal_name: p(brand.legal_name),
        document: (!brand.did.is_key()).then(|| document(brand)),
        challenge: challenge.unwrap(),
    };
    node.post("/v1/controllers", Some(&node.operator), &order, 201)
}

/// The brand's DID document, as it would serve it.
pub(super) fn document(brand: &Brand) -> serde_json::Value {
    let mut document = serde_json::to_value(brand.keys().document).unwrap();
    document["@context"] = json!(["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"]);
    document
}
