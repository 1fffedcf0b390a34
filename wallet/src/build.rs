//! From claims to signed bytes.

use placet_kernel::arrival::{self, Refusal, Setting};
use placet_kernel::keys::{self, PublicKey};
use placet_kernel::sign::{self, ProofChoices, SignError, Signer};
use placet_schemas::id::{Did, DidUrl, Digest, Language, Origin, RecordId};
use placet_schemas::notice::Disagreement;
use placet_schemas::record::{Body, CanonicalRecord, Draft, Invitation, ProofConfig, ProofValue, Record};
use placet_schemas::scope::ScopeError;
use placet_schemas::time::Timestamp;

/// What every record needs besides what it says.
#[derive(Clone, Copy)]
pub struct Pen<'a> {
    /// The log in which the record is to count.
    pub origin: &'a Origin,
    /// Who signs.
    pub key: &'a dyn Signer,
    /// 16 random bytes for the record's own name. Never twice with one key: the second record would be `id_conflict`.
    pub random: [u8; 16],
    /// The time that the record claims. A log accepts ten minutes either way.
    pub now: Timestamp,
}

/// Why nothing was built. Nothing was signed, unless the fault is the signer's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The signer failed, or the claims have no canonical form.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The log would refuse the record.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The record that is to be answered is no request.
    #[error("the record that is answered is no ConsentRequest")]
    NotARequest,
    /// A chosen clause is not on offer.
    #[error("the request offers no clause {0}")]
    ClauseNotOffered(Digest),
    /// An express statement is about a clause that is not chosen.
    #[error("the express statement is about the clause {0}, which is not chosen")]
    StatementWithoutChoice(Digest),
    /// The chosen clauses are no scope: there are none.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// There is no notice in this language.
    #[error("there is no notice in {0}")]
    NoNotice(Language),
    /// A notice at hand is not the one that the request names.
    #[error("the notice in {language} is {found}, the request names {named}")]
    OtherNotice {
        /// The language.
        language: Language,
        /// Digest of the notice at hand.
        found: Digest,
        /// Digest that the request names.
        named: Digest,
    },
    /// A notice does not say what the request says.
    #[error(transparent)]
    Disagreement(#[from] Disagreement),
    /// The brand's method is not of its DID.
    #[error("the method {method} does not belong to {did}")]
    Method {
        /// The brand.
        did: Did,
        /// The method.
        method: DidUrl,
    },
}

impl BuildError {
    /// The stable code: the one that a log would answer, where it would answer.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Sign(_) => "not_signed",
            Self::Refused(refusal) => refusal.code(),
            Self::NotARequest => "request_unknown",
            Self::ClauseNotOffered(_) => "grant_outside_request",
            Self::StatementWithoutChoice(_) => "statement_without_choice",
            Self::Scope(_) => "scope_empty",
            Self::NoNotice(_) => "notice_unknown",
            Self::OtherNotice { .. } => "notice_differs",
            Self::Disagreement(_) => "notice_disagrees",
            Self::Method { .. } => "wrong_signer",
        }
    }
}

/// Signs a consumer's record, after `judge` has found nothing against it.
///
/// `judge` sees the record before there is a signature (its digest is not yet the last), so that no key ever signs what a
/// log would refuse; then the signed record is judged once more, as a log will, and its answer is given.
pub(crate) fn consumer<T>(
    draft: &Draft,
    challenge: Option<Invitation>,
    pen: &Pen<'_>,
    judge: impl Fn(&Record) -> Result<T, Refusal>,
) -> Result<(CanonicalRecord, T), BuildError> {
    judge(&unsigned(draft, challenge.clone(), None, pen)?)?;
    let signed = secure(draft, challenge, None, pen)?;
    let setting = Setting {
        origin: pen.origin,
        operators: &[],
        keys: None,
        now: Some(pen.now),
    };
    arrival::check(&signed.record, &setting)?;
    let outcome = judge(&signed.record)?;
    Ok((signed, outcome))
}

/// Signs a brand's record. Its signer's registered keys are the log's to know; here only the signature itself is checked.
pub(crate) fn brand(draft: &Draft, method: &DidUrl, pen: &Pen<'_>) -> Result<CanonicalRecord, BuildError> {
    let signed = secure(draft, None, Some(method.clone()), pen)?;
    let key = PublicKey::from_raw(pen.key.algorithm(), &pen.key.public_key_bytes());
    let key = key.map_err(|_| SignError::PublicKey)?;
    keys::verify_record(&signed.record, &key).map_err(|error| Refusal::BadSignature(error.to_string()))?;
    Ok(signed)
}

/// The draft of a record that `issuer` signs now.
pub(crate) fn draft(pen: &Pen<'_>, issuer: Did, valid_until: Option<Timestamp>, body: Body) -> Draft {
    Draft {
        id: RecordId::from_random(pen.random),
        issuer,
        valid_from: pen.now,
        valid_until,
        body,
    }
}

/// The record with a signature of 64 zero bytes, which no key makes.
fn unsigned(
    draft: &Draft,
    challenge: Option<Invitation>,
    method: Option<DidUrl>,
    pen: &Pen<'_>,
) -> Result<Record, BuildError> {
    let method = match method {
        Some(method) => method,
        None => sign::did_key(pen.key)?.key_method().ok_or(SignError::PublicKey)?,
    };
    let config = ProofConfig {
        cryptosuite: pen.key.algorithm().cryptosuite(),
        created: pen.now,
        verification_method: method,
        domain: pen.origin.clone(),
        challenge,
    };
    let zeros: ProofValue = format!("z{}", "1".repeat(64))
        .try_into()
        .map_err(|_| SignError::PublicKey)?;
    let bytes = draft.secure(&config, &zeros).map_err(SignError::from)?;
    Ok(CanonicalRecord::parse(&bytes).map_err(Refusal::from)?.record)
}

fn secure(
    draft: &Draft,
    challenge: Option<Invitation>,
    method: Option<DidUrl>,
    pen: &Pen<'_>,
) -> Result<CanonicalRecord, BuildError> {
    let choices = ProofChoices {
        domain: pen.origin.clone(),
        created: pen.now,
        challenge,
        method,
    };
    let bytes = sign::secure(draft, choices, pen.key)?;
    Ok(CanonicalRecord::parse(&bytes).map_err(Refusal::from)?)
}
