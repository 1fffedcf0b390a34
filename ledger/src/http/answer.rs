//! What goes out: canonical JSON, stored bytes, and files that may be cached.

use axum::body::Bytes;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use placet_schemas::id::Digest;
use placet_schemas::json;
use serde::Serialize;

use super::problem::ApiError;

pub(super) const JSON: &str = "application/json";
pub(super) const TEXT: &str = "text/plain; charset=utf-8";

/// A value as RFC 8785 JSON, for this caller alone.
pub(super) fn json<T: Serialize>(status: StatusCode, value: &T) -> Result<Response, ApiError> {
    let bytes = json::to_jcs(value).map_err(|_| ApiError::new("internal", "the answer has no canonical form"))?;
    Ok(private(status, JSON, bytes))
}

/// Bytes for this caller alone: no cache keeps them.
pub(super) fn private(status: StatusCode, media_type: &'static str, bytes: impl Into<Bytes>) -> Response {
    let headers = [(CONTENT_TYPE, media_type), (CACHE_CONTROL, "no-store")];
    (status, headers, bytes.into()).into_response()
}

/// A public file, with an entity tag; 304 when the caller has it (RFC 9110 section 13.1.2).
pub(super) fn public(
    asked: &HeaderMap,
    media_type: &'static str,
    caching: &'static str,
    bytes: impl Into<Bytes>,
) -> Response {
    let bytes = bytes.into();
    let tag = format!("\"{}\"", Digest::of(&bytes));
    let known = asked
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| {
            value.trim() == "*"
                || value
                    .split(',')
                    .any(|known| known.trim().trim_start_matches("W/") == tag)
        });
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        bytes.into_response()
    };
    let headers = response.headers_mut();
    if !known {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(ETAG, tag);
    }
    response
}

/// Canonical record bytes as a value to embed in an answer.
pub(super) fn embedded(record: &[u8]) -> Result<serde_json::Value, ApiError> {
    serde_json::from_slice(record).map_err(|_| ApiError::new("internal", "a stored record is no JSON"))
}
