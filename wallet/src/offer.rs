//! Judging a request before a person is shown it: who asks, whether they may, and whether the notice is theirs.

use placet_kernel::arrival::{self, Refusal, Setting};
use placet_schemas::id::{Did, Digest, Language};
use placet_schemas::json::Fault;
use placet_schemas::notice::{CanonicalNotice, Disagreement};
use placet_schemas::record::keys::ControllerKeys;
use placet_schemas::record::request::ConsentRequest;
use placet_schemas::record::{Body, CanonicalRecord, Record};

use crate::acknowledgement::LogTrust;

/// A request whose signature holds, by a key that the log's operator has registered for the brand, and which breaks no
/// rule. It is what may be shown and answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    record: Record,
    request: ConsentRequest,
    keys: ControllerKeys,
}

/// Why a request is not shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    /// The request is refused.
    #[error("the request: {0}")]
    Request(Refusal),
    /// The brand's registration is refused.
    #[error("the brand's registered keys: {0}")]
    Keys(Refusal),
    /// A record is of another kind than it should be.
    #[error("the record is no {0}")]
    Kind(&'static str),
    /// The request is another than the one asked for.
    #[error("the request is {found}, {wanted} was asked for")]
    OtherRequest {
        /// Digest of what came.
        found: Digest,
        /// Digest of what was asked for.
        wanted: Digest,
    },
    /// The request names no notice in this language.
    #[error("the request names no notice in {0}")]
    NoNotice(Language),
    /// The notice is malformed.
    #[error("the notice: {0}")]
    Notice(Fault),
    /// The notice is not the one that the request names.
    #[error("the notice is {found}, the request names {named}")]
    OtherNotice {
        /// Digest of what came.
        found: Digest,
        /// Digest that the request names.
        named: Digest,
    },
    /// The notice says something else than the request.
    #[error(transparent)]
    Disagreement(Disagreement),
}

impl OfferError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Request(refusal) | Self::Keys(refusal) => refusal.code(),
            Self::Kind(_) => "wrong_kind",
            Self::OtherRequest { .. } => "request_differs",
            Self::NoNotice(_) => "notice_unknown",
            Self::Notice(_) => "malformed",
            Self::OtherNotice { .. } => "notice_differs",
            Self::Disagreement(_) => "notice_disagrees",
        }
    }
}

/// Judges the request `wanted`, given its bytes and those of the ControllerKeys record of the brand that is in force.
///
/// Whether both are in the log, and the keys are the latest, is a matter of their proofs: the log's public openings.
///
/// # Errors
/// See [`OfferError`].
pub fn open(wanted: Digest, request: &[u8], keys: &[u8], trust: &LogTrust) -> Result<Offer, OfferError> {
    let operators: Vec<Did> = trust.operators().cloned().collect();
    let setting = setting(trust, &operators);
    let keys = keys_of(keys, trust)?;
    let record = parse(request, OfferError::Request)?;
    if record.digest() != wanted {
        return Err(OfferError::OtherRequest {
            found: record.digest(),
            wanted,
        });
    }
    let Body::ConsentRequest(request) = &record.body else {
        return Err(OfferError::Kind("ConsentRequest"));
    };
    arrival::check(
        &record,
        &Setting {
            keys: Some(&keys),
            ..setting
        },
    )
    .map_err(OfferError::Request)?;
    Ok(Offer {
        request: (**request).clone(),
        keys,
        record,
    })
}

/// Judges the bytes of a ControllerKeys record: what the operator registered of a brand.
///
/// # Errors
/// See [`OfferError`].
pub fn keys_of(bytes: &[u8], trust: &LogTrust) -> Result<ControllerKeys, OfferError> {
    let operators: Vec<Did> = trust.operators().cloned().collect();
    let registration = parse(bytes, OfferError::Keys)?;
    let Body::ControllerKeys(keys) = &registration.body else {
        return Err(OfferError::Kind("ControllerKeys"));
    };
    arrival::check(&registration, &setting(trust, &operators)).map_err(OfferError::Keys)?;
    Ok((**keys).clone())
}

fn setting<'a>(trust: &'a LogTrust, operators: &'a [Did]) -> Setting<'a> {
    Setting {
        origin: trust.origin(),
        operators,
        keys: None,
        now: None,
    }
}

impl Offer {
    /// The request as a record.
    #[must_use]
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// What is asked.
    #[must_use]
    pub const fn request(&self) -> &ConsentRequest {
        &self.request
    }

    /// What the operator registered of the brand: its name in law, which the request's may differ from, and whether the
    /// operator looked its keys up by itself.
    #[must_use]
    pub const fn registration(&self) -> &ControllerKeys {
        &self.keys
    }

    /// The notice to show in `language`, if these bytes are it.
    ///
    /// # Errors
    /// See [`OfferError`].
    pub fn notice(&self, language: &Language, bytes: &[u8]) -> Result<CanonicalNotice, OfferError> {
        let named = self
            .request
            .notices
            .get(language)
            .ok_or_else(|| OfferError::NoNotice(language.clone()))?;
        let notice = CanonicalNotice::parse(bytes).map_err(OfferError::Notice)?;
        let found = notice.digest();
        if found != named {
            return Err(OfferError::OtherNotice { found, named });
        }
        notice
            .notice
            .agrees_with(&self.request, language)
            .map_err(OfferError::Disagreement)?;
        Ok(notice)
    }
}

fn parse(bytes: &[u8], wrap: impl Fn(Refusal) -> OfferError) -> Result<Record, OfferError> {
    match CanonicalRecord::parse(bytes) {
        Ok(canonical) => Ok(canonical.record),
        Err(fault) => Err(wrap(fault.into())),
    }
}
