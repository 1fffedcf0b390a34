//! Records: VCDM 2.0 credentials with exactly one Data Integrity proof, each about one consent event.
//!
//! A [`Record`] has been parsed, and by its types says only what may be said; whether its signature holds and whether it
//! fits what came before is for the kernel to judge. A [`Draft`] is a record before its proof.

pub mod consent;
pub mod keys;
pub mod request;

use core::convert::Infallible;
use core::fmt;
use core::str::FromStr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest as _, Sha256};

use crate::id::{Did, DidUrl, Digest, IdError, Origin, RecordId, is_base58, string_id};
use crate::json::{self, Fault, FaultCode, Node};
use crate::parsed::Parsed;
use crate::time::Timestamp;
use consent::{Anchor, ConsentGrant, EndedByController, ErasureRequest, Narrowing, Renewal, Shown, Withdrawal};
use keys::ControllerKeys;
use request::ConsentRequest;

/// Largest record, in bytes as it arrives.
pub const MAX_RECORD_BYTES: usize = 64 * 1024;
/// The first JSON-LD context of every record (VCDM 2.0 section 4.3).
pub const VC_CONTEXT: &str = "https://www.w3.org/ns/credentials/v2";
/// The second one: the terms of this project (`schemas/contexts/v1.jsonld`).
pub const PLACET_CONTEXT: &str = "https://w3id.org/placet/v1";

/// The kinds of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// A brand's template.
    ConsentRequest,
    /// A consumer's yes.
    ConsentGrant,
    /// A part taken back.
    Narrowing,
    /// The same or less, for longer.
    Renewal,
    /// The end, by the consumer, her code, or relayed.
    Withdrawal,
    /// The end, by the brand.
    EndedByController,
    /// Article 17.
    ErasureRequest,
    /// A brand's keys as the operator saw them.
    ControllerKeys,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::ConsentRequest,
        Self::ConsentGrant,
        Self::Narrowing,
        Self::Renewal,
        Self::Withdrawal,
        Self::EndedByController,
        Self::ErasureRequest,
        Self::ControllerKeys,
    ];

    /// The second member of the credential's `type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConsentRequest => "ConsentRequest",
            Self::ConsentGrant => "ConsentGrant",
            Self::Narrowing => "Narrowing",
            Self::Renewal => "Renewal",
            Self::Withdrawal => "Withdrawal",
            Self::EndedByController => "EndedByController",
            Self::ErasureRequest => "ErasureRequest",
            Self::ControllerKeys => "ControllerKeys",
        }
    }

    /// Whether the opening is public: such a record names no consumer.
    #[must_use]
    pub const fn is_public(self) -> bool {
        matches!(self, Self::ConsentRequest | Self::ControllerKeys)
    }

    /// Whether the record carries an expiry.
    const fn expires(self) -> bool {
        matches!(self, Self::ConsentGrant | Self::Renewal)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The claims of a record, by kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "each variant is the type of the same name")]
pub enum Body {
    ConsentRequest(Box<ConsentRequest>),
    ConsentGrant(Box<ConsentGrant>),
    Narrowing(Box<Narrowing>),
    Renewal(Box<Renewal>),
    Withdrawal(Withdrawal),
    EndedByController(EndedByController),
    ErasureRequest(ErasureRequest),
    ControllerKeys(Box<ControllerKeys>),
}

impl Body {
    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::ConsentRequest(_) => Kind::ConsentRequest,
            Self::ConsentGrant(_) => Kind::ConsentGrant,
            Self::Narrowing(_) => Kind::Narrowing,
            Self::Renewal(_) => Kind::Renewal,
            Self::Withdrawal(_) => Kind::Withdrawal,
            Self::EndedByController(_) => Kind::EndedByController,
            Self::ErasureRequest(_) => Kind::ErasureRequest,
            Self::ControllerKeys(_) => Kind::ControllerKeys,
        }
    }

    /// The consent that the record names; a grant starts one and so names none.
    #[must_use]
    pub const fn consent(&self) -> Option<Digest> {
        match self {
            Self::Narrowing(b) => Some(b.consent),
            Self::Renewal(b) => Some(b.consent),
            Self::Withdrawal(b) => Some(b.consent),
            Self::EndedByController(b) => Some(b.consent),
            Self::ErasureRequest(b) => Some(b.consent),
            Self::ConsentRequest(_) | Self::ConsentGrant(_) | Self::ControllerKeys(_) => None,
        }
    }

    /// The last checkpoint that the signer had seen, where the record says so.
    #[must_use]
    pub const fn anchor(&self) -> Option<Anchor> {
        match self {
            Self::ConsentGrant(b) => Some(b.anchor),
            Self::Narrowing(b) => Some(b.anchor),
            Self::Renewal(b) => Some(b.anchor),
            Self::Withdrawal(b) => b.anchor,
            Self::ErasureRequest(b) => Some(b.anchor),
            Self::ConsentRequest(_) | Self::EndedByController(_) | Self::ControllerKeys(_) => None,
        }
    }
}

/// The Data Integrity cryptosuites in which records are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Cryptosuite {
    /// Ed25519 over JCS (W3C Data Integrity EdDSA Cryptosuites 1.0, section 3.3).
    #[serde(rename = "eddsa-jcs-2022")]
    EddsaJcs2022,
    /// ECDSA P-256 with SHA-256 over JCS (W3C Data Integrity ECDSA Cryptosuites 1.0, section 3.3).
    #[serde(rename = "ecdsa-jcs-2019")]
    EcdsaJcs2019,
}

/// The `proof` of a record. It covers every other member, itself less `proofValue` included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Proof {
    /// The document's own `@context`, repeated, as the JCS suites' "Create Proof" does; may be absent.
    #[serde(rename = "@context", skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
    /// `DataIntegrityProof`
    pub r#type: ProofType,
    /// The suite.
    pub cryptosuite: Cryptosuite,
    /// When it was made, by the signer's claim.
    pub created: Timestamp,
    /// The key.
    pub verification_method: DidUrl,
    /// `assertionMethod`
    pub proof_purpose: ProofPurpose,
    /// The log in which the record counts.
    pub domain: Origin,
    /// The invitation that a grant answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenge: Option<Invitation>,
    /// The signature; absent only while it is being made.
    pub proof_value: ProofValue,
}

/// The only type of proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProofType {
    /// `DataIntegrityProof`
    DataIntegrityProof,
}

/// The only purpose of proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ProofPurpose {
    /// `assertionMethod`
    AssertionMethod,
}

/// Exactly the two contexts of a record, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(into = "(String, String)")]
pub struct Context;

impl<'de> Deserialize<'de> for Context {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        type Pair = (Parsed<ContextName>, Parsed<ContextName>);
        match Pair::deserialize(deserializer)? {
            (Parsed(ContextName::Credentials), Parsed(ContextName::Placet)) => Ok(Self),
            _ => Err(serde::de::Error::custom(
                "the context is https://www.w3.org/ns/credentials/v2 and https://w3id.org/placet/v1",
            )),
        }
    }
}

/// Which context a text names.
enum ContextName {
    Credentials,
    Placet,
    Other,
}

impl FromStr for ContextName {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            VC_CONTEXT => Self::Credentials,
            PLACET_CONTEXT => Self::Placet,
            _ => Self::Other,
        })
    }
}

impl From<Context> for (String, String) {
    fn from(_: Context) -> Self {
        (VC_CONTEXT.to_owned(), PLACET_CONTEXT.to_owned())
    }
}

/// A signature of 64 bytes in multibase base58-btc: `z` and 64 to 88 characters, as each leading zero byte is one
/// character.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProofValue(String);
string_id!(ProofValue);

impl ProofValue {
    fn check(text: &str) -> Result<(), IdError> {
        let base58 = |b: &str| (64..=88).contains(&b.len()) && b.bytes().all(is_base58);
        let legal = text.strip_prefix('z').is_some_and(base58);
        if legal {
            Ok(())
        } else {
            Err(IdError::new("a proofValue is z and the base58-btc of 64 bytes"))
        }
    }
}

/// An invitation: 128 random bits in base64url without padding, 22 characters. Whoever knows it may answer once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Invitation(String);
string_id!(Invitation);

impl Invitation {
    /// The invitation of 16 random bytes.
    #[must_use]
    pub fn from_random(random: [u8; 16]) -> Self {
        use base64ct::Encoding as _;
        Self(base64ct::Base64UrlUnpadded::encode_string(&random))
    }

    /// What the ledger keeps of it: its SHA-256.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }

    fn check(text: &str) -> Result<(), IdError> {
        use base64ct::Encoding as _;
        let mut bytes = [0; 16];
        match base64ct::Base64UrlUnpadded::decode(text, &mut bytes) {
            Ok(decoded) if decoded.len() == 16 => Ok(()),
            _ => Err(IdError::new("an invitation is 22 characters of base64url (16 bytes)")),
        }
    }
}

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Invitation(…)")
    }
}

/// A record that has been parsed. Nothing about its signature or its place among others is known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its own name, made by the signer.
    pub id: RecordId,
    /// The signer.
    pub issuer: Did,
    /// The claimed time of the act.
    pub valid_from: Timestamp,
    /// The expiry, for grants and renewals.
    pub valid_until: Option<Timestamp>,
    /// What is said.
    pub body: Body,
    /// The proof.
    pub proof: Proof,
    digest: Digest,
    signing_input: [u8; 64],
}

/// A record and its canonical bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalRecord {
    /// The record.
    pub record: Record,
    /// Its RFC 8785 bytes.
    pub bytes: Vec<u8>,
}

impl CanonicalRecord {
    /// Parses a record in any JSON spelling, and keeps its canonical bytes.
    ///
    /// # Errors
    /// The first fault, with its JSON pointer.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let document = json::parse(bytes, MAX_RECORD_BYTES)?;
        let bytes = if document.is_canonical() {
            bytes.to_vec()
        } else {
            document.root().to_jcs()
        };
        let canonical = json::parse_canonical(&bytes, MAX_RECORD_BYTES)?;
        let record = Record::from_canonical(canonical.bytes(), canonical.root())?;
        Ok(Self { record, bytes })
    }
}

impl Record {
    /// Reads a record at a node of a canonical document, copying none of the bytes that are hashed.
    ///
    /// # Errors
    /// The first fault; its pointer starts at the node.
    pub fn from_canonical(document: &[u8], node: &Node<'_>) -> Result<Self, Fault> {
        let bytes = document.get(node.span()).unwrap_or_default();
        if bytes.len() > MAX_RECORD_BYTES {
            return Err(fault("", FaultCode::Oversize, "a record has at most 65536 bytes"));
        }
        check_version(node)?;
        let kind = kind_of(node)?;
        let mut record = match kind {
            Kind::ConsentRequest => read(node, |b| Body::ConsentRequest(Box::new(b))),
            Kind::ConsentGrant => read(node, |b| Body::ConsentGrant(Box::new(b))),
            Kind::Narrowing => read(node, |b| Body::Narrowing(Box::new(b))),
            Kind::Renewal => read(node, |b| Body::Renewal(Box::new(b))),
            Kind::Withdrawal => read(node, Body::Withdrawal),
            Kind::EndedByController => read(node, Body::EndedByController),
            Kind::ErasureRequest => read(node, Body::ErasureRequest),
            Kind::ControllerKeys => read(node, |b| Body::ControllerKeys(Box::new(b))),
        }?;
        record.check(document, node)?;
        record.digest = Digest::of(bytes);
        record.signing_input = signing_input(document, node).ok_or_else(|| {
            fault(
                "/proof",
                FaultCode::MissingMember,
                "the proof or its proofValue is missing",
            )
        })?;
        Ok(record)
    }

    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.body.kind()
    }

    /// SHA-256 of the canonical bytes of the whole record: its identity.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The consent that the record belongs to: the one it names, or the one it starts.
    #[must_use]
    pub fn consent(&self) -> Option<Digest> {
        match self.kind() {
            Kind::ConsentGrant => Some(self.digest),
            _ => self.body.consent(),
        }
    }

    /// What the signature is over: SHA-256 of the proof configuration, then SHA-256 of the unsecured document (Data
    /// Integrity EdDSA section 3.3.4, ECDSA section 3.3.4).
    #[must_use]
    pub const fn signing_input(&self) -> &[u8; 64] {
        &self.signing_input
    }

    fn check(&self, document: &[u8], node: &Node<'_>) -> Result<(), Fault> {
        let kind = self.kind();
        match (kind.expires(), self.valid_until) {
            (true, None) => {
                return Err(fault(
                    "/validUntil",
                    FaultCode::MissingMember,
                    "a grant or renewal has an expiry",
                ));
            }
            (false, Some(_)) => {
                return Err(fault(
                    "/validUntil",
                    FaultCode::UnknownMember,
                    "only grants and renewals have an expiry",
                ));
            }
            (true, Some(until)) if until <= self.valid_from => {
                return Err(fault(
                    "/validUntil",
                    FaultCode::InvalidValue,
                    "the expiry is after validFrom",
                ));
            }
            _ => {}
        }
        match (kind == Kind::ConsentGrant, &self.proof.challenge) {
            (true, None) => {
                return Err(fault(
                    "/proof/challenge",
                    FaultCode::MissingMember,
                    "a grant answers an invitation",
                ));
            }
            (false, Some(_)) => {
                return Err(fault(
                    "/proof/challenge",
                    FaultCode::UnknownMember,
                    "only a grant answers an invitation",
                ));
            }
            _ => {}
        }
        match &self.body {
            Body::ConsentGrant(grant) => {
                if !grant.withdrawal_key.is_key() {
                    return Err(fault(
                        "/credentialSubject/withdrawalKey",
                        FaultCode::InvalidValue,
                        "the withdrawal key is a did:key",
                    ));
                }
                check_shown(&grant.shown, document, node)
            }
            Body::Renewal(renewal) => check_shown(&renewal.shown, document, node),
            _ => Ok(()),
        }
    }
}

/// A record before its proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its own name, random.
    pub id: RecordId,
    /// The signer.
    pub issuer: Did,
    /// The time of the act.
    pub valid_from: Timestamp,
    /// The expiry, for grants and renewals.
    pub valid_until: Option<Timestamp>,
    /// What is said.
    pub body: Body,
}

/// All of a proof but the signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofConfig {
    /// The suite.
    pub cryptosuite: Cryptosuite,
    /// When the proof is made.
    pub created: Timestamp,
    /// The key.
    pub verification_method: DidUrl,
    /// The log.
    pub domain: Origin,
    /// The invitation, for a grant.
    pub challenge: Option<Invitation>,
}

impl Draft {
    /// What has to be signed: see [`Record::signing_input`].
    ///
    /// # Errors
    /// When the record has no canonical form (an integer out of range).
    pub fn signing_input(&self, config: &ProofConfig) -> Result<[u8; 64], json::JcsError> {
        let document = Sha256::digest(json::to_jcs(&self.wire(None::<&ProofOut<'_>>))?);
        let proof = Sha256::digest(json::to_jcs(&config.wire(None))?);
        let mut input = [0; 64];
        input[..32].copy_from_slice(&proof);
        input[32..].copy_from_slice(&document);
        Ok(input)
    }

    /// The canonical bytes of the record with its signature.
    ///
    /// # Errors
    /// When the record has no canonical form.
    pub fn secure(&self, config: &ProofConfig, signature: &ProofValue) -> Result<Vec<u8>, json::JcsError> {
        json::to_jcs(&self.wire(Some(&config.wire(Some(signature)))))
    }

    fn wire<'a>(&'a self, proof: Option<&'a ProofOut<'a>>) -> CredentialOut<'a> {
        CredentialOut {
            context: Context,
            id: &self.id,
            r#type: ["VerifiableCredential", self.body.kind().as_str()],
            issuer: &self.issuer,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
            credential_subject: &self.body,
            proof,
        }
    }
}

impl ProofConfig {
    fn wire<'a>(&'a self, proof_value: Option<&'a ProofValue>) -> ProofOut<'a> {
        ProofOut {
            context: Context,
            r#type: ProofType::DataIntegrityProof,
            cryptosuite: self.cryptosuite,
            created: self.created,
            verification_method: &self.verification_method,
            proof_purpose: ProofPurpose::AssertionMethod,
            domain: &self.domain,
            challenge: self.challenge.as_ref(),
            proof_value,
        }
    }
}

/// SHA-256(proof configuration) || SHA-256(unsecured document) of a secured document at a node of a canonical document;
/// `None` when it has no `proof` object with a `proofValue`.
#[must_use]
pub fn signing_input(document: &[u8], node: &Node<'_>) -> Option<[u8; 64]> {
    let unsecured = json::without(document, node, "proof")?;
    let config = json::without(document, node.get("proof")?, "proofValue")?;
    let hash = |parts: [&[u8]; 2]| Sha256::new().chain_update(parts[0]).chain_update(parts[1]).finalize();
    let mut input = [0; 64];
    input[..32].copy_from_slice(&hash(config));
    input[32..].copy_from_slice(&hash(unsecured));
    Some(input)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CredentialOut<'a> {
    #[serde(rename = "@context")]
    context: Context,
    id: &'a RecordId,
    r#type: [&'static str; 2],
    issuer: &'a Did,
    valid_from: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<Timestamp>,
    credential_subject: &'a Body,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<&'a ProofOut<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProofOut<'a> {
    #[serde(rename = "@context")]
    context: Context,
    r#type: ProofType,
    cryptosuite: Cryptosuite,
    created: Timestamp,
    verification_method: &'a DidUrl,
    proof_purpose: ProofPurpose,
    domain: &'a Origin,
    #[serde(skip_serializing_if = "Option::is_none")]
    challenge: Option<&'a Invitation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof_value: Option<&'a ProofValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CredentialIn<S> {
    #[serde(rename = "@context")]
    _context: Context,
    id: RecordId,
    #[serde(rename = "type")]
    _type: (VerifiableCredential, Kind),
    issuer: Did,
    valid_from: Timestamp,
    valid_until: Option<Timestamp>,
    credential_subject: S,
    proof: Proof,
}

#[derive(Deserialize)]
enum VerifiableCredential {
    VerifiableCredential,
}

fn read<S: DeserializeOwned>(node: &Node<'_>, body: impl FnOnce(S) -> Body) -> Result<Record, Fault> {
    let wire: CredentialIn<S> = json::decode(node)?;
    Ok(Record {
        id: wire.id,
        issuer: wire.issuer,
        valid_from: wire.valid_from,
        valid_until: wire.valid_until,
        body: body(wire.credential_subject),
        proof: wire.proof,
        digest: Digest::from_bytes([0; 32]),
        signing_input: [0; 64],
    })
}

fn kind_of(node: &Node<'_>) -> Result<Kind, Fault> {
    if node.get("proof").is_some_and(|proof| proof.as_array().is_some()) {
        // A set of proofs would give one statement several identities.
        return Err(fault(
            "/proof",
            FaultCode::WrongType,
            "a record has exactly one proof, not an array",
        ));
    }
    let types = node.get("type").and_then(Node::as_array);
    let name = types.and_then(|types| types.get(1)?.as_str());
    let kind = name.and_then(|name| Kind::ALL.into_iter().find(|kind| kind.as_str() == name));
    kind.ok_or_else(|| {
        fault(
            "/type",
            FaultCode::InvalidValue,
            "type is VerifiableCredential and one kind of record",
        )
    })
}

/// A version that this program does not know is told apart from a fault: the record may be right, only newer.
fn check_version(node: &Node<'_>) -> Result<(), Fault> {
    let subject = node.get("credentialSubject");
    match subject.and_then(|subject| subject.get("version")?.as_integer()) {
        Some(1) | None => Ok(()),
        Some(_) => Err(fault(
            "/credentialSubject/version",
            FaultCode::UnsupportedVersion,
            "the only known version is 1",
        )),
    }
}

/// The clauses are hashed as they stand in the document, which is canonical: to write them anew would cost as
/// much as to read them.
fn check_shown(shown: &Shown, document: &[u8], node: &Node<'_>) -> Result<(), Fault> {
    let scope = node.get("credentialSubject").and_then(|subject| subject.get("scope"));
    let clauses = scope.and_then(Node::as_array).unwrap_or_default();
    let digest = |clause: &Node<'_>| document.get(clause.span()).map(Digest::of);
    let chosen = shown.choices.iter().map(|choice| Some(choice.clause));
    if chosen.eq(clauses.iter().map(digest)) {
        return Ok(());
    }
    Err(fault(
        "/credentialSubject/shown/choices",
        FaultCode::InvalidValue,
        "choices has one entry per clause of the scope, in the same order, by the clause's digest",
    ))
}

fn fault(pointer: &str, code: FaultCode, message: &str) -> Fault {
    Fault {
        pointer: pointer.to_owned(),
        code,
        message: message.to_owned(),
    }
}
