//! Records: VCDM 2.0 credentials with exactly one Data Integrity proof, each about one consent event.
//!
//! A [`Record`] has been parsed, and by its types says only what may be said; whether its signature holds and whether it
//! fits what came before is for the kernel to judge. A [`Draft`] is a record before its proof.

pub mod access;
pub mod consent;
pub mod destruction;
mod draft;
pub mod holders;
pub mod keys;
mod proof;
pub mod request;

use core::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use draft::{Draft, ProofConfig};
pub use proof::{Context, Cryptosuite, Invitation, Proof, ProofPurpose, ProofType, ProofValue};

use crate::credential::VerifiableCredential;
use crate::id::{Did, Digest, RecordId};
use crate::json::{self, Fault, FaultCode, Node};
use crate::time::Timestamp;
use access::AccessBatch;
use consent::{Anchor, ConsentGrant, EndedByController, ErasureRequest, Narrowing, Renewal, Shown, Withdrawal};
use destruction::{Destruction, DestructionGround};
use holders::HolderKeyAuthorization;
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
    /// Which other keys may hold receipts.
    HolderKeyAuthorization,
    /// A brand's keys as the operator saw them.
    ControllerKeys,
    /// Openings that are gone for good.
    Destruction,
    /// A verifier's decisions and access lines of a short time.
    AccessBatch,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 11] = [
        Self::ConsentRequest,
        Self::ConsentGrant,
        Self::Narrowing,
        Self::Renewal,
        Self::Withdrawal,
        Self::EndedByController,
        Self::ErasureRequest,
        Self::HolderKeyAuthorization,
        Self::ControllerKeys,
        Self::Destruction,
        Self::AccessBatch,
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
            Self::HolderKeyAuthorization => "HolderKeyAuthorization",
            Self::ControllerKeys => "ControllerKeys",
            Self::Destruction => "Destruction",
            Self::AccessBatch => "AccessBatch",
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
    HolderKeyAuthorization(HolderKeyAuthorization),
    ControllerKeys(Box<ControllerKeys>),
    Destruction(Box<Destruction>),
    AccessBatch(Box<AccessBatch>),
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
            Self::HolderKeyAuthorization(_) => Kind::HolderKeyAuthorization,
            Self::ControllerKeys(_) => Kind::ControllerKeys,
            Self::Destruction(_) => Kind::Destruction,
            Self::AccessBatch(_) => Kind::AccessBatch,
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
            Self::HolderKeyAuthorization(b) => Some(b.consent),
            Self::ConsentRequest(_)
            | Self::ConsentGrant(_)
            | Self::ControllerKeys(_)
            | Self::Destruction(_)
            | Self::AccessBatch(_) => None,
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
            Self::ConsentRequest(_)
            | Self::EndedByController(_)
            | Self::HolderKeyAuthorization(_)
            | Self::ControllerKeys(_)
            | Self::Destruction(_)
            | Self::AccessBatch(_) => None,
        }
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
        if document.is_canonical() {
            let record = Record::from_canonical(bytes, document.root())?;
            let bytes = bytes.to_vec();
            return Ok(Self { record, bytes });
        }
        let bytes = document.root().to_jcs();
        let canonical = json::parse_canonical(&bytes, MAX_RECORD_BYTES)?;
        let record = Record::from_canonical(&bytes, canonical.root())?;
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
            Kind::HolderKeyAuthorization => read(node, Body::HolderKeyAuthorization),
            Kind::ControllerKeys => read(node, |b| Body::ControllerKeys(Box::new(b))),
            Kind::Destruction => read(node, |b| Body::Destruction(Box::new(b))),
            Kind::AccessBatch => read(node, |b| Body::AccessBatch(Box::new(b))),
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
            Body::Destruction(destruction) => check_order(destruction),
            // Only the person of the grant may sign one, so that the signer is the grant's own key.
            Body::HolderKeyAuthorization(body) if body.holders.as_slice().contains(&self.issuer) => Err(fault(
                "/credentialSubject/holders",
                FaultCode::InvalidValue,
                "the grant's own key may hold receipts anyway: leave it out",
            )),
            // Nobody can say yet what will be asked; and what a line may claim as its time hangs on this.
            Body::AccessBatch(batch) if batch.until > self.valid_from => Err(fault(
                "/credentialSubject/until",
                FaultCode::InvalidValue,
                "a batch is signed after it ended",
            )),
            _ => Ok(()),
        }
    }
}

/// Whoever reads the record must be able to ask for the order, where there was one.
fn check_order(destruction: &Destruction) -> Result<(), Fault> {
    let (code, message) = match (destruction.ground, destruction.order_hash) {
        (DestructionGround::Ordered(_), None) => (FaultCode::MissingMember, "an ordered destruction has its order"),
        (DestructionGround::RetentionElapsed, Some(_)) => (
            FaultCode::UnknownMember,
            "nobody orders a destruction when the retention has elapsed",
        ),
        _ => return Ok(()),
    };
    Err(fault("/credentialSubject/orderHash", code, message))
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
