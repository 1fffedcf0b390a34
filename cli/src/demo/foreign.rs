//! Somebody else's software: a wallet of a hundred lines, written from the documentation, with no code of this project.
//!
//! It signs with Ed25519 by the cryptosuite eddsa-jcs-2022 (W3C Data Integrity EdDSA Cryptosuites 1.0, section 3.3). Unlike
//! the wallet here it does not ask first whether a record would be accepted; so it serves to show that the node does.

use anyhow::{Context as _, Result};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::system;

/// Multicodec prefix of an Ed25519 public key (did:key method, section 3.1).
const ED25519_PREFIX: [u8; 2] = [0xed, 0x01];
const DAY: u64 = 24 * 60 * 60;

/// Somebody's key for one brand.
pub(super) struct Stranger {
    key: SigningKey,
    did: String,
    origin: String,
}

/// What is granted or renewed.
pub(super) struct Yes<'a> {
    /// The request that is answered.
    pub(super) request: &'a Value,
    /// Its digest.
    pub(super) digest: &'a str,
    /// Which of its clauses.
    pub(super) clauses: &'a [Value],
    /// For how many days.
    pub(super) days: u64,
}

impl Stranger {
    /// Somebody new, at a log.
    pub(super) fn new(origin: &str) -> Result<Self> {
        let key = SigningKey::from_bytes(&system::random()?);
        let did = did_of(&key);
        Ok(Self {
            key,
            did,
            origin: origin.to_owned(),
        })
    }

    /// A grant that answers an invitation.
    pub(super) fn grant(&self, yes: &Yes<'_>, invitation: &str) -> Result<Value> {
        let paper = SigningKey::from_bytes(&system::random()?);
        let claims = json!({
            "version": 1, "request": yes.digest, "controller": yes.request["controllers"][0]["id"],
            "scope": yes.clauses, "shown": shown(yes), "withdrawalKey": did_of(&paper), "strength": "subject-key",
            "anchor": anchor(),
        });
        self.sign("ConsentGrant", claims, yes.days, Some(invitation))
    }

    /// A renewal of that grant.
    pub(super) fn renewal(&self, yes: &Yes<'_>, grant: &Value) -> Result<Value> {
        let consent = digest(grant);
        let claims = json!({
            "version": 1, "consent": consent, "previous": consent, "request": yes.digest, "scope": yes.clauses,
            "shown": shown(yes), "strength": "subject-key", "anchor": anchor(),
        });
        self.sign("Renewal", claims, yes.days, None)
    }

    fn sign(&self, kind: &str, claims: Value, days: u64, challenge: Option<&str>) -> Result<Value> {
        let now = system::now()?;
        let context = json!(["https://www.w3.org/ns/credentials/v2", "https://w3id.org/placet/v1"]);
        let multibase = self.did.trim_start_matches("did:key:");
        let mut document = json!({
            "@context": context, "id": format!("urn:uuid:{}", uuid(system::random()?)),
            "type": ["VerifiableCredential", kind], "issuer": self.did, "validFrom": now.to_string(),
            "validUntil": now.plus_seconds(days * DAY).to_string(), "credentialSubject": claims,
        });
        let mut proof = json!({
            "@context": context, "type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022",
            "created": now.to_string(), "verificationMethod": format!("{}#{multibase}", self.did),
            "proofPurpose": "assertionMethod", "domain": self.origin,
        });
        if let Some(challenge) = challenge {
            proof["challenge"] = challenge.into();
        }
        // Section 3.3.4: the hash of the proof's configuration, then the hash of the document.
        let input = [canonical(&proof), canonical(&document)].map(Sha256::digest).concat();
        proof["proofValue"] = multibase_of(&self.key.sign(&input).to_bytes()).into();
        document["proof"] = proof;
        Ok(document)
    }
}

/// The digest of a record, or of a clause.
pub(super) fn digest(value: &Value) -> String {
    hex(&Sha256::digest(canonical(value)))
}

/// The clauses of a request.
pub(super) fn clauses(request: &Value) -> Result<&[Value]> {
    let clauses = request["clauses"].as_array().context("the request has no clauses")?;
    Ok(clauses)
}

/// What its screen showed: the notice in English, and each choice made with an express statement, as the most careful
/// screen would have it.
fn shown(yes: &Yes<'_>) -> Value {
    let choice = |clause| json!({"clause": digest(clause), "initial": "off", "act": "explicit-statement"});
    json!({
        "notice": yes.request["notices"]["en"], "language": "en", "page": "somebody else's wallet 1.0",
        "choices": yes.clauses.iter().map(choice).collect::<Vec<_>>(),
    })
}

/// It has seen no checkpoint yet: the empty tree of RFC 6962.
fn anchor() -> Value {
    json!({"size": 0, "root": hex(&Sha256::digest(b""))})
}

/// RFC 8785, for values whose members have ASCII names and whose numbers are small integers: `serde_json` sorts members and
/// escapes as RFC 8785 does.
fn canonical(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

fn did_of(key: &SigningKey) -> String {
    let bytes = [ED25519_PREFIX.as_slice(), key.verifying_key().as_bytes()].concat();
    format!("did:key:{}", multibase_of(&bytes))
}

fn multibase_of(bytes: &[u8]) -> String {
    format!("z{}", bs58::encode(bytes).into_string())
}

/// A version 4 UUID (RFC 9562 section 5.4).
fn uuid(mut random: [u8; 16]) -> String {
    random[6] = (random[6] & 0x0f) | 0x40;
    random[8] = (random[8] & 0x3f) | 0x80;
    let hex = hex(&random);
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
