//! What comes in: JSON bodies of bounded size and time.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use placet_schemas::json;
use serde::de::DeserializeOwned;

use crate::answer::ApiError;

/// How long a body may take to arrive.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(15);
/// Largest body of a call that is read whole.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// A JSON body as it came: at most `LIMIT` bytes. The type is asked for because no page of another site can send it unasked.
#[derive(Debug)]
pub struct Raw<const LIMIT: usize>(pub Bytes);

/// Whether a body is said to be of this media type.
#[must_use]
pub fn is_of_type(headers: &HeaderMap, wanted: &str) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case(wanted)
}

/// A body of any type: at most `limit` bytes, within [`BODY_TIMEOUT`].
///
/// # Errors
/// `slow_request`, `oversize`, or `malformed` when it breaks off.
pub async fn read_body(body: Body, limit: usize) -> Result<Bytes, ApiError> {
    let body = tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, limit).collect()).await;
    match body {
        Err(_) => Err(ApiError::new("slow_request", "the body did not arrive in time")),
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ApiError::new(
            "oversize",
            format!("the body has more than {limit} bytes"),
        )),
        Ok(Err(_)) => Err(ApiError::new("malformed", "the body broke off")),
    }
}

impl<S: Send + Sync, const LIMIT: usize> FromRequest<S> for Raw<LIMIT> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        if !is_of_type(request.headers(), "application/json") {
            return Err(ApiError::new(
                "unsupported_media_type",
                "the Content-Type is not application/json",
            ));
        }
        read_body(request.into_body(), LIMIT).await.map(Self)
    }
}

/// A body of a type: strict JSON, faults with their pointer.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let Raw(bytes) = Raw::<MAX_BODY_BYTES>::from_request(request, state).await?;
        let document = json::parse(&bytes, MAX_BODY_BYTES)?;
        Ok(Self(json::decode(document.root())?))
    }
}
