//! Refusals as problem details (RFC 9457), and how inner errors become them.

use std::time::Duration;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use placet_schemas::api::problem::{MEDIA_TYPE, Problem, ProblemType};
use placet_schemas::json::{self, Fault, FaultCode};

use crate::error::{StoreError, SubmitError};
use placet_service::random::RandomError;

/// A refusal on its way out.
#[derive(Debug)]
pub(super) struct ApiError {
    problem: Box<Problem>,
    retry_after: Option<Duration>,
}

impl ApiError {
    /// A problem of the kind with this code.
    pub(super) fn new(code: &str, detail: impl Into<String>) -> Self {
        Self {
            problem: Box::new(ProblemType::of(code).problem(detail, None)),
            retry_after: None,
        }
    }

    /// A problem at one place of the body.
    pub(super) fn at(code: &str, detail: impl Into<String>, pointer: impl Into<String>) -> Self {
        let problem = ProblemType::of(code).problem(detail, Some(pointer.into()));
        Self {
            problem: Box::new(problem),
            retry_after: None,
        }
    }

    /// The one answer to every look-up that finds nothing, or nothing for this caller. It must not differ between the
    /// two: else anyone could ask whether a person's consent exists.
    pub(super) fn not_found() -> Self {
        Self::new("not_found", "nothing of that name is here for you")
    }

    /// No token, or none that is valid.
    pub(super) fn unauthorized() -> Self {
        Self::new("unauthorized", "this call needs a valid token")
    }

    /// A valid token of the wrong role.
    pub(super) fn forbidden(detail: &str) -> Self {
        Self::new("forbidden", detail)
    }

    /// Come back later.
    pub(super) fn retry(code: &str, detail: &str, after: Duration) -> Self {
        Self {
            retry_after: Some(after),
            ..Self::new(code, detail)
        }
    }

    /// The same problem, for a value that stands deeper in the body.
    pub(super) fn under(mut self, prefix: &str) -> Self {
        self.problem.pointer = self.problem.pointer.map(|pointer| format!("{prefix}{pointer}"));
        self
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // A problem is plain strings and one small number, which always have a canonical form.
        let body = json::to_jcs(&*self.problem).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(after) = self.retry_after {
            // Whole seconds, rounded up: RFC 9110 section 10.2.3.
            headers.insert(
                RETRY_AFTER,
                HeaderValue::from(after.as_secs() + u64::from(after.subsec_nanos() > 0)),
            );
        }
        response
    }
}

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        let code = match fault.code {
            FaultCode::Oversize => "oversize",
            FaultCode::UnsupportedVersion => "unsupported_version",
            _ => "malformed",
        };
        Self::at(code, format!("{} ({})", fault.message, fault.code), fault.pointer)
    }
}

impl From<SubmitError> for ApiError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Refused {
                code,
                detail,
                pointer: Some(pointer),
            } => Self::at(code, detail, pointer),
            SubmitError::Refused {
                code,
                detail,
                pointer: None,
            } => Self::new(code, detail),
            // The handlers of withdrawals answer it with 202; to whoever else may see it, it is "come back".
            SubmitError::Received(_) => Self::retry("unavailable", &error.to_string(), Duration::from_secs(1)),
            SubmitError::Unavailable { ref detail } => Self::retry("unavailable", detail, Duration::from_secs(1)),
        }
    }
}

impl From<StoreError> for ApiError {
    /// What went wrong inside is for the node's own log: it may name files and rows.
    fn from(error: StoreError) -> Self {
        tracing::error!(code = error.code(), "a look-up failed");
        Self::new("internal", format!("the store cannot answer ({})", error.code()))
    }
}

impl From<RandomError> for ApiError {
    fn from(error: RandomError) -> Self {
        tracing::error!(%error, "no randomness");
        Self::new("internal", "the node has no randomness")
    }
}
