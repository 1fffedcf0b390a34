//! Who is calling, and what that one may do.
//!
//! | caller | proves itself by | here |
//! |---|---|---|
//! | public | nothing | whatever takes no [`Caller`] |
//! | consumer | a session token of her pairwise DID | [`Caller::party`] |
//! | brand | a bearer token | [`Brand`], [`Caller::party`] |
//! | service | a bearer token, for some record kinds | [`Caller::feed`] |
//! | auditor | a bearer token for one brand, period and case, which ends by itself | [`Audit`] |
//! | operator | a bearer token | [`Operator`] |
//!
//! A token that is sent and does not hold is always 401, before anything is looked up. Handlers that need no caller never
//! look at the header: an expired token must not stand between a person and her withdrawal.

use std::collections::BTreeSet;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use placet_schemas::id::Did;
use placet_schemas::record::Kind;

use super::HttpState;
use super::problem::ApiError;
use crate::{Access, Auditor, Party, Role};

/// Longest token that is looked at, in bytes.
const MAX_TOKEN_BYTES: usize = 128;

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Caller {
    /// Anyone.
    Public,
    /// The person behind a pairwise DID.
    Consumer(Did),
    /// A brand.
    Brand(Did),
    /// A follower of the ledger, and the kinds of record that it opens.
    Service(BTreeSet<Kind>),
    /// An auditor of one brand.
    Auditor(Box<Auditor>),
    /// The operator.
    Operator,
}

impl Caller {
    /// Whose consents a list is of.
    pub(super) fn party(&self) -> Result<Party, ApiError> {
        match self {
            Self::Consumer(did) => Ok(Party::Subject(did.clone())),
            Self::Brand(did) => Ok(Party::Controller(did.clone())),
            Self::Public => Err(ApiError::unauthorized()),
            _ => Err(ApiError::forbidden("this call is for consumers and brands")),
        }
    }

    /// Who looks up a single thing. For everyone else the thing is not there: see [`ApiError::not_found`].
    pub(super) fn onlooker(&self) -> Result<Party, ApiError> {
        self.party().map_err(|_| ApiError::not_found())
    }

    /// Whose feed may be read, when `named` is the one that is asked for, and of which kinds records are opened: of any
    /// without.
    pub(super) fn feed(&self, named: Option<Did>) -> Result<(Did, Option<BTreeSet<Kind>>), ApiError> {
        match (self, named) {
            (Self::Brand(own), named) if named.as_ref().is_none_or(|named| named == own) => Ok((own.clone(), None)),
            // Another brand's feed looks just as one that does not exist.
            (Self::Brand(_), _) => Err(ApiError::not_found()),
            (Self::Service(kinds), Some(named)) => Ok((named, Some(kinds.clone()))),
            (Self::Service(_), None) => Err(ApiError::new(
                "parameter",
                "a service says whose feed: controller=<DID>",
            )),
            (Self::Public, _) => Err(ApiError::unauthorized()),
            _ => Err(ApiError::forbidden("this call is for brands and services")),
        }
    }

    /// Whoever these headers speak for, now.
    ///
    /// # Errors
    /// `unauthorized` for a token that does not hold, or no more.
    pub(super) async fn of(headers: &HeaderMap, state: &HttpState) -> Result<Self, ApiError> {
        if !headers.contains_key(AUTHORIZATION) {
            return Ok(Self::Public);
        }
        let token = placet_service::bearer(headers, MAX_TOKEN_BYTES);
        let legal = |token: &&str| !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
        let token = token.filter(legal).ok_or_else(ApiError::unauthorized)?;
        if let Some(did) = state.sessions.find(token, state.ledger.now()) {
            return Ok(Self::Consumer(did));
        }
        let access = state
            .ledger
            .authenticate(token)
            .await?
            .ok_or_else(ApiError::unauthorized)?;
        match access {
            Access {
                role: Role::Brand,
                controller: Some(did),
                ..
            } => Ok(Self::Brand(did)),
            Access {
                role: Role::Service,
                kinds: Some(kinds),
                ..
            } => Ok(Self::Service(kinds)),
            Access {
                role: Role::Auditor,
                id: token,
                controller: Some(controller),
                audit: Some(scope),
                ..
            } => Ok(Self::Auditor(Box::new(Auditor {
                token,
                controller,
                scope,
            }))),
            Access {
                role: Role::Operator, ..
            } => Ok(Self::Operator),
            // A token that lacks what its role needs gives nothing.
            _ => Err(ApiError::unauthorized()),
        }
    }
}

impl FromRequestParts<HttpState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &HttpState) -> Result<Self, ApiError> {
        Self::of(&parts.headers, state).await
    }
}

/// The brand that calls; everyone else is refused, before a body is read.
pub(super) struct Brand(pub(super) Did);

impl FromRequestParts<HttpState> for Brand {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &HttpState) -> Result<Self, ApiError> {
        match Caller::from_request_parts(parts, state).await? {
            Caller::Brand(did) => Ok(Self(did)),
            Caller::Public => Err(ApiError::unauthorized()),
            _ => Err(ApiError::forbidden("this call is for brands")),
        }
    }
}

/// The auditor who calls; everyone else is refused.
pub(super) struct Audit(pub(super) Auditor);

impl FromRequestParts<HttpState> for Audit {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &HttpState) -> Result<Self, ApiError> {
        match Caller::from_request_parts(parts, state).await? {
            Caller::Auditor(auditor) => Ok(Self(*auditor)),
            Caller::Public => Err(ApiError::unauthorized()),
            _ => Err(ApiError::forbidden("this call is for auditors")),
        }
    }
}

/// The operator, who calls; everyone else is refused, before a body is read.
pub(super) struct Operator;

impl FromRequestParts<HttpState> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &HttpState) -> Result<Self, ApiError> {
        match Caller::from_request_parts(parts, state).await? {
            Caller::Operator => Ok(Self),
            Caller::Public => Err(ApiError::unauthorized()),
            _ => Err(ApiError::forbidden("this call is for the operator")),
        }
    }
}

/// A follower that hands in its signed word, or the operator for it: the signature says whose it is.
pub(super) struct Follower;

impl FromRequestParts<HttpState> for Follower {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &HttpState) -> Result<Self, ApiError> {
        match Caller::from_request_parts(parts, state).await? {
            Caller::Service(_) | Caller::Brand(_) | Caller::Operator => Ok(Self),
            Caller::Public => Err(ApiError::unauthorized()),
            _ => Err(ApiError::forbidden("this call is for services and brands' verifiers")),
        }
    }
}
