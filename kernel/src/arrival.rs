//! What can be judged of one record by itself, before its place among others: who may sign its kind, the signature, the
//! log it is meant for, the rules of a request, and the claimed time.
//!
//! The ledger runs this on arrival, and an auditor runs it on every opening: the same function, with and without a clock.

use std::collections::BTreeMap;

use placet_schemas::id::{Did, Digest, Origin};
use placet_schemas::json::{Fault, FaultCode};
use placet_schemas::lifecycle::TransitionError;
use placet_schemas::record::access::AccessBatch;
use placet_schemas::record::holders::HolderKeyAuthorization;
use placet_schemas::record::keys::ControllerKeys;
use placet_schemas::record::{Body, Kind, Record};
use placet_schemas::rules::{self, RuleError};
use placet_schemas::time::Timestamp;

use crate::authorization::{self, AuthorizationError};
use crate::keys::{self, KeyError, PublicKey, SignatureError};

/// How far a claimed time may be from the ledger's clock, in seconds, either way.
pub const TIME_TOLERANCE_SECONDS: u64 = 600;

/// What a record is judged against on arrival.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The log's origin.
    pub origin: &'a Origin,
    /// The operator keys that are valid at the record's index.
    pub operators: &'a [Did],
    /// The snapshot of the DID document of whoever [`answers_for`] the record, in force at its index, if that is a registered
    /// brand.
    pub keys: Option<&'a ControllerKeys>,
    /// The ledger's clock; an auditor, who has no say in when a record arrived, leaves it out.
    pub now: Option<Timestamp>,
}

/// Something that is wrong with a record but does not keep it out: recorded, and told to whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// The claimed time is far from the ledger's clock.
    TimeImplausible,
    /// The anchor is no checkpoint of this log.
    AnchorUnknown,
    /// The proof names another log.
    WrongDomain,
}

impl Finding {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TimeImplausible => "time_implausible",
            Self::AnchorUnknown => "anchor_unknown",
            Self::WrongDomain => "wrong_domain",
        }
    }
}

/// Why a record is refused. [`Refusal::code`] is stable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The bytes are no record.
    #[error("{0}")]
    Malformed(#[from] Fault),
    /// The signature is not by the signer's key.
    #[error("the signature does not hold: {0}")]
    BadSignature(String),
    /// The signer may not say this.
    #[error("{0}")]
    WrongSigner(&'static str),
    /// The proof's domain is another log.
    #[error("the proof's domain is {found}, this log is {expected}")]
    WrongDomain {
        /// The log that the record was signed for.
        found: Origin,
        /// This log.
        expected: Origin,
    },
    /// The claimed time is too far from the ledger's clock.
    #[error(
        "{pointer} is {claimed}, the ledger's clock says {now}: at most {TIME_TOLERANCE_SECONDS} s may lie between"
    )]
    TimeImplausible {
        /// Which time.
        pointer: &'static str,
        /// What it claims.
        claimed: Timestamp,
        /// The clock.
        now: Timestamp,
    },
    /// The signer is a brand that has not registered.
    #[error("{0} has not registered its keys here")]
    ControllerUnknown(Did),
    /// A request breaks a rule.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The event cannot follow.
    #[error(transparent)]
    Transition(#[from] TransitionError),
    /// The brand has not authorized the verifier that signed.
    #[error(transparent)]
    Authorization(AuthorizationError),
}

impl Refusal {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(Fault {
                code: FaultCode::Oversize,
                ..
            }) => "oversize",
            Self::Malformed(Fault {
                code: FaultCode::UnsupportedVersion,
                ..
            }) => "unsupported_version",
            Self::Malformed(_) => "malformed",
            Self::BadSignature(_) => "bad_signature",
            Self::WrongSigner(_) => "wrong_signer",
            Self::WrongDomain { .. } => "wrong_domain",
            Self::TimeImplausible { .. } => "time_implausible",
            Self::ControllerUnknown(_) => "controller_unknown",
            Self::Rule(error) => error.code(),
            Self::Transition(error) => error.code(),
            // Which of the many ways, its words say.
            Self::Authorization(_) => "bad_authorization",
        }
    }
}

/// Whose registered keys a record is judged by: its signer's; of a verifier's batch, the brand's that authorized it.
#[must_use]
pub const fn answers_for(record: &Record) -> &Did {
    match &record.body {
        Body::AccessBatch(batch) => &batch.controller,
        _ => &record.issuer,
    }
}

/// Signatures of many records that are judged together: each key is decoded once, since that costs a tenth of a
/// verification, and whatever can be checked is checked in one go.
#[derive(Debug, Default)]
pub(crate) struct Signatures {
    /// By multibase text.
    keys: BTreeMap<String, PublicKey>,
    /// Whether a record is signed by the key that is its signer's DID; by the digest of the record, proof and all.
    by_own_key: BTreeMap<Digest, Result<(), SignatureError>>,
}

impl Signatures {
    /// Checks those that need no DID document, one after the other: other work between them would drive their code and
    /// tables out of the processor's caches.
    pub(crate) fn check_ahead<'r>(&mut self, records: impl Iterator<Item = &'r Record>) {
        for record in records {
            let key = record.issuer.key_multibase().and_then(|text| self.key(text).ok());
            if let Some(checked) = key.map(|key| keys::verify_record(record, key)) {
                self.by_own_key.insert(record.digest(), checked);
            }
        }
    }

    fn check(&mut self, record: &Record, multibase: &str) -> Result<(), Refusal> {
        let ahead = match record.issuer.key_multibase() {
            Some(own) if own == multibase => self.by_own_key.get(&record.digest()),
            _ => None,
        };
        let checked = match ahead {
            Some(checked) => *checked,
            None => keys::verify_record(record, self.key(multibase).map_err(|error| bad_signature(&error))?),
        };
        checked.map_err(|error| bad_signature(&error))
    }

    fn key(&mut self, multibase: &str) -> Result<&PublicKey, KeyError> {
        if !self.keys.contains_key(multibase) {
            self.keys
                .insert(multibase.to_owned(), PublicKey::from_multibase(multibase)?);
        }
        self.keys.get(multibase).ok_or(KeyError::NotMultikey)
    }
}

/// Judges a record by itself. Gives the findings that do not keep it out.
///
/// # Errors
/// The first ground of refusal. A Withdrawal is refused for a bad signature or an unknown signer only: for it a wrong
/// domain or an implausible time is a finding, so that nothing stands between a person and her withdrawal.
pub fn check(record: &Record, setting: &Setting<'_>) -> Result<Vec<Finding>, Refusal> {
    check_with(record, setting, &mut Signatures::default())
}

/// The same for one of many records.
pub(crate) fn check_with(
    record: &Record,
    setting: &Setting<'_>,
    signatures: &mut Signatures,
) -> Result<Vec<Finding>, Refusal> {
    check_signer(record, setting)?;
    signatures.check(record, resolve(record, setting)?)?;
    let mut findings = Vec::new();
    let lenient = record.kind() == Kind::Withdrawal;
    if let Err(refusal) = check_domain(record, setting) {
        if !lenient {
            return Err(refusal);
        }
        findings.push(Finding::WrongDomain);
    }
    if let Err(refusal) = setting.now.map_or(Ok(()), |now| check_time(record, now)) {
        if !lenient {
            return Err(refusal);
        }
        findings.push(Finding::TimeImplausible);
    }
    match &record.body {
        Body::ConsentRequest(request) => rules::check_request(request)?,
        Body::AccessBatch(batch) => check_authorization(record, batch, setting)?,
        Body::HolderKeyAuthorization(body) => check_holders(body)?,
        _ => {}
    }
    Ok(findings)
}

/// The signer that the kind demands, as far as the record shows it; which person or brand exactly is for the lifecycle.
fn check_signer(record: &Record, setting: &Setting<'_>) -> Result<(), Refusal> {
    let signer = &record.issuer;
    match &record.body {
        Body::ConsentRequest(request) if request.controllers.registered().id != *signer => {
            Err(Refusal::WrongSigner("a request is signed by its first controller"))
        }
        Body::ControllerKeys(_) if !setting.operators.contains(signer) => Err(Refusal::WrongSigner(
            "a ControllerKeys record is signed by the log's operator",
        )),
        Body::Destruction(_) if !setting.operators.contains(signer) => {
            Err(Refusal::WrongSigner("a Destruction is signed by the log's operator"))
        }
        Body::ConsentGrant(_)
        | Body::Narrowing(_)
        | Body::Renewal(_)
        | Body::ErasureRequest(_)
        | Body::HolderKeyAuthorization(_)
            if !signer.is_key() =>
        {
            Err(Refusal::WrongSigner("a consumer's record is signed by her own did:key"))
        }
        Body::AccessBatch(_) if !signer.is_key() => Err(Refusal::WrongSigner(
            "an AccessBatch is signed by the verifier's own did:key",
        )),
        Body::ConsentGrant(grant) if grant.controller == *signer => {
            Err(Refusal::WrongSigner("a controller cannot grant consent to itself"))
        }
        _ => Ok(()),
    }
}

/// That a receipt can be bound to each key: one that is no point of its curve would be found out when the person stands at the
/// issuer's door.
fn check_holders(body: &HolderKeyAuthorization) -> Result<(), Refusal> {
    for (at, did) in body.holders.as_slice().iter().enumerate() {
        PublicKey::from_did(did).map_err(|error| {
            let pointer = format!("/credentialSubject/holders/{at}");
            Fault::new(&pointer, FaultCode::InvalidValue, error.to_string())
        })?;
    }
    Ok(())
}

/// That the brand, which must be registered, has said of the signer that it is its verifier, for the time at which the batch
/// was signed.
fn check_authorization(record: &Record, batch: &AccessBatch, setting: &Setting<'_>) -> Result<(), Refusal> {
    let controller = &batch.controller;
    let keys = setting.keys.filter(|keys| keys.document.id() == controller);
    let keys = keys.ok_or_else(|| Refusal::ControllerUnknown(controller.clone()))?;
    let word = batch.authorization.as_str();
    let authorization = authorization::verify(word, setting.origin, controller, Some(keys), record.valid_from);
    if *authorization.map_err(Refusal::Authorization)?.verifier() != record.issuer {
        return Err(Refusal::WrongSigner("the brand has authorized another verifier"));
    }
    Ok(())
}

/// The key that the record must be signed with, as multibase.
fn resolve<'a>(record: &'a Record, setting: &Setting<'a>) -> Result<&'a str, Refusal> {
    let method = &record.proof.verification_method;
    if method.did_str() != record.issuer.as_str() {
        return Err(bad_signature(&"the verification method is not the issuer's"));
    }
    let brand = matches!(record.body, Body::ConsentRequest(_) | Body::EndedByController(_));
    let own = record.issuer.key_multibase();
    let registered = match own {
        Some(_) if !brand => None,
        _ => {
            let snapshot = setting.keys.filter(|keys| *keys.document.id() == record.issuer);
            Some(snapshot.ok_or_else(|| Refusal::ControllerUnknown(record.issuer.clone()))?)
        }
    };
    // A did:key says itself what its key is, whatever an operator recorded of it.
    let key = own.or_else(|| registered?.document.key(method));
    key.ok_or_else(|| bad_signature(&"the brand's registered keys do not have this method"))
}

fn bad_signature(what: &dyn core::fmt::Display) -> Refusal {
    Refusal::BadSignature(what.to_string())
}

fn check_domain(record: &Record, setting: &Setting<'_>) -> Result<(), Refusal> {
    if record.proof.domain == *setting.origin {
        return Ok(());
    }
    Err(Refusal::WrongDomain {
        found: record.proof.domain.clone(),
        expected: setting.origin.clone(),
    })
}

fn check_time(record: &Record, now: Timestamp) -> Result<(), Refusal> {
    let claims = [
        ("/validFrom", record.valid_from),
        ("/proof/created", record.proof.created),
    ];
    let far = claims
        .into_iter()
        .find(|(_, claimed)| claimed.unix().abs_diff(now.unix()) > TIME_TOLERANCE_SECONDS);
    far.map_or(Ok(()), |(pointer, claimed)| {
        Err(Refusal::TimeImplausible { pointer, claimed, now })
    })
}
