//! What goes out: JSON, and problems (RFC 9457).

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use placet_schemas::api::problem::{MEDIA_TYPE, ProblemType};
use placet_schemas::json::{Fault, FaultCode};
use serde::Serialize;

use crate::error::StoreError;

const JSON: &str = "application/json";

/// A refusal.
#[derive(Debug)]
pub(super) struct ApiError {
    code: &'static str,
    detail: String,
    pointer: Option<String>,
}

impl ApiError {
    pub(super) fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            pointer: None,
        }
    }

    /// With the place of the fault in the body.
    pub(super) fn at(self, pointer: &str) -> Self {
        Self {
            pointer: Some(pointer.to_owned()),
            ..self
        }
    }
}

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        let code = match fault.code {
            FaultCode::Oversize => "oversize",
            FaultCode::UnsupportedVersion => "unsupported_version",
            _ => "malformed",
        };
        Self {
            code,
            detail: fault.message.clone(),
            pointer: Some(fault.pointer),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a call failed");
        Self::new("unavailable", "the verifier cannot read or write its state now")
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let kind = ProblemType::of(self.code);
        let problem = kind.problem(self.detail, self.pointer);
        let status = StatusCode::from_u16(kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = placet_schemas::json::to_jcs(&problem).unwrap_or_default();
        let mut response = (status, [(CONTENT_TYPE, MEDIA_TYPE)], body).into_response();
        if status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// A JSON answer, in its canonical form.
pub(super) fn json<T: Serialize>(status: StatusCode, value: &T) -> Result<Response, ApiError> {
    let body = placet_schemas::json::to_jcs(value).map_err(StoreError::from)?;
    Ok((status, [(CONTENT_TYPE, JSON)], body).into_response())
}
