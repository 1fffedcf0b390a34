//! What comes in: bodies of bounded size and time, strict JSON, parameters, names in paths.

use std::str::FromStr;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use placet_schemas::json;
use serde::de::DeserializeOwned;

use super::places::{Queue, Turn};
use super::problem::ApiError;

/// Largest body of a call that carries neither a record nor a notice.
pub(super) const MAX_BODY_BYTES: usize = 64 * 1024;
/// How long a body may take to arrive. Slow senders hold memory and a connection.
pub(super) const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// A JSON body as it came: at most `LIMIT` bytes. An empty one stands for `{}`. The call has its place among those for
/// everybody, taken when the body was there.
pub(super) struct Raw<const LIMIT: usize>(pub(super) Bytes);

impl<S: Send + Sync, const LIMIT: usize> FromRequest<S> for Raw<LIMIT> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let Unplaced(bytes, turn) = Unplaced::<LIMIT>::from_request(request, state).await?;
        turn.begin(Queue::Common)?;
        Ok(Self(bytes))
    }
}

/// The same of a call that has no place yet: its handler takes one, before it waits for anything.
pub(super) struct Unplaced<const LIMIT: usize>(pub(super) Bytes, pub(super) Turn);

impl<S: Send + Sync, const LIMIT: usize> FromRequest<S> for Unplaced<LIMIT> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let turn = Turn::from_request_parts(&mut parts, state).await?;
        let large = (LIMIT > MAX_BODY_BYTES).then(|| turn.large_body()).transpose()?;
        let bytes = collect(&parts.headers, body, LIMIT).await?;
        drop(large);
        match (bytes.is_empty(), is_json(&parts.headers)) {
            (true, _) => Ok(Self(Bytes::from_static(b"{}"), turn)),
            (false, true) => Ok(Self(bytes, turn)),
            (false, false) => Err(ApiError::new(
                "unsupported_media_type",
                "the Content-Type is none of JSON",
            )),
        }
    }
}

/// A body of a type: strict JSON, faults with their pointer.
pub(super) struct Json<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let Raw(bytes) = Raw::<MAX_BODY_BYTES>::from_request(request, state).await?;
        Ok(Self(decode(&bytes)?))
    }
}

/// The value of a body of a type.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    decode_up_to(bytes, MAX_BODY_BYTES)
}

/// The same of a body that may be larger.
pub(super) fn decode_up_to<T: DeserializeOwned>(bytes: &[u8], limit: usize) -> Result<T, ApiError> {
    let document = json::parse(bytes, limit)?;
    Ok(json::decode(document.root())?)
}

/// Query parameters of a type that refuses unknown ones.
pub(super) struct Params<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            // The library's own message may repeat the value.
            Err(_) => Err(ApiError::new(
                "parameter",
                "a query parameter is unknown, repeated or malformed",
            )),
        }
    }
}

/// A name in the path. One that is malformed names nothing, so the answer is the uniform 404.
pub(super) struct Named<T>(pub(super) T);

impl<S: Send + Sync, T: FromStr> FromRequestParts<S> for Named<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.ok()
            .and_then(|Path(text)| text.parse().ok())
            .map(Self)
            .ok_or_else(ApiError::not_found)
    }
}

async fn collect(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, ApiError> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(oversize(limit));
    }
    let collecting = Limited::new(body, limit).collect();
    let slow = |_| ApiError::new("slow_request", "the body took too long to arrive");
    let collected = tokio::time::timeout(BODY_TIMEOUT, collecting).await.map_err(slow)?;
    let bytes = collected.map(http_body_util::Collected::to_bytes);
    bytes.map_err(|error| match error.is::<LengthLimitError>() {
        true => oversize(limit),
        false => ApiError::new("malformed", "the body broke off"),
    })
}

fn oversize(limit: usize) -> ApiError {
    ApiError::new("oversize", format!("the body has at most {limit} bytes here"))
}

/// Whether the Content-Type is JSON or a JSON-based credential: parameters, such as a charset, do not matter, since the
/// parser insists on UTF-8.
fn is_json(headers: &HeaderMap) -> bool {
    let essence = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = essence
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    matches!(
        essence.as_str(),
        "application/json" | "application/vc" | "application/ld+json"
    )
}
