//! `POST <prefix>/add-checkpoint`.

use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::{HttpState, TEXT, answer, unavailable};
use crate::error::{AddError, Refusal, Trouble};
use crate::request::{MAX_BODY_BYTES, RequestError};

/// How long a body may take to arrive. Slow senders hold memory and a place.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// The content type of a 409: C2SP tlog-witness, "add-checkpoint".
const SIZE: &str = "text/x.tlog.size";

pub(super) async fn add_checkpoint(State(state): State<HttpState>, body: Body) -> Response {
    // What is announced as too large is not waited for.
    if body.size_hint().lower() > MAX_BODY_BYTES as u64 {
        return refused(&RequestError::TooLong.into());
    }
    let collecting = Limited::new(body, MAX_BODY_BYTES).collect();
    let body = match tokio::time::timeout(BODY_TIMEOUT, collecting).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return refused(&RequestError::TooLong.into()),
        Ok(Err(_)) => return answer(StatusCode::BAD_REQUEST, TEXT, "the body broke off\n".to_owned()),
        Err(_) => {
            return answer(
                StatusCode::REQUEST_TIMEOUT,
                TEXT,
                "the body took too long to arrive\n".to_owned(),
            );
        }
    };
    // A task of its own: whoever sends a fork and hangs up does not stop it from being kept.
    let witness = state.witness.clone();
    let added = tokio::spawn(async move { witness.add_checkpoint(&body).await }).await;
    match added {
        Ok(Ok(line)) => answer(StatusCode::OK, TEXT, line),
        Ok(Err(AddError::Refused(refusal))) => refused(&refusal),
        Ok(Err(AddError::Trouble(trouble))) => troubled(&trouble),
        Err(_) => {
            tracing::error!("a call ended before its answer");
            answer(StatusCode::INTERNAL_SERVER_ERROR, TEXT, "an inner failure\n".to_owned())
        }
    }
}

fn refused(refusal: &Refusal) -> Response {
    let status = match refusal {
        Refusal::Conflict { size } => return answer(StatusCode::CONFLICT, SIZE, format!("{size}\n")),
        Refusal::Request(RequestError::TooLong) => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::Request(_) | Refusal::Checkpoint(_) | Refusal::OldBeyondNew { .. } => StatusCode::BAD_REQUEST,
        Refusal::UnknownOrigin => StatusCode::NOT_FOUND,
        Refusal::Signature(_) => StatusCode::FORBIDDEN,
        Refusal::EmptyRoot | Refusal::Proof(_) | Refusal::Fork { .. } => StatusCode::UNPROCESSABLE_ENTITY,
    };
    answer(status, TEXT, format!("{refusal}\n"))
}

fn troubled(trouble: &Trouble) -> Response {
    tracing::error!(error = %trouble, "no cosignature");
    match trouble {
        Trouble::Clock { .. } => unavailable("the clock of this witness is wrong"),
        Trouble::Busy => unavailable("other requests for this log came first"),
        // What the database says is the operator's affair.
        Trouble::Store(_) | Trouble::Key(_) | Trouble::Injected(_) => answer(
            StatusCode::INTERNAL_SERVER_ERROR,
            TEXT,
            "the checkpoint could not be cosigned; ask again\n".to_owned(),
        ),
    }
}
