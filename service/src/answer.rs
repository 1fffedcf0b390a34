//! What goes out: JSON, and problems (RFC 9457).

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use placet_schemas::api::problem::{MEDIA_TYPE, ProblemType};
use placet_schemas::json::{Fault, FaultCode, JcsError};
use serde::Serialize;

const JSON: &str = "application/json";

/// A refusal.
#[derive(Debug)]
pub struct ApiError {
    code: &'static str,
    detail: String,
    pointer: Option<String>,
}

impl ApiError {
    /// One of the problems in [`placet_schemas::api::problem::PROBLEMS`], by its code.
    #[must_use]
    pub fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            pointer: None,
        }
    }

    /// Its HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(ProblemType::of(self.code).status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What is wrong this time.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// With the place of the fault in the body.
    #[must_use]
    pub fn at(self, pointer: &str) -> Self {
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

impl From<JcsError> for ApiError {
    fn from(error: JcsError) -> Self {
        tracing::error!(%error, "an answer has no canonical form");
        Self::new("internal", "the service failed while it answered")
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
///
/// # Errors
/// When it has none.
pub fn json<T: Serialize>(status: StatusCode, value: &T) -> Result<Response, ApiError> {
    let body = placet_schemas::json::to_jcs(value)?;
    Ok((status, [(CONTENT_TYPE, JSON)], body).into_response())
}
