//! What anyone may read: who the witness is, and what it has cosigned last.

use std::fmt::Write as _;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::{HttpState, TEXT, answer};

/// The vkey, and `log ` and an origin for each log.
pub(super) async fn about(State(state): State<HttpState>) -> Response {
    let mut text = format!("{}\n", state.witness.vkey());
    for origin in state.witness.logs().origins() {
        // Writing to a string cannot fail.
        let _infallible = writeln!(text, "log {origin}");
    }
    answer(StatusCode::OK, TEXT, text)
}

/// C2SP tlog-witness, "Monitor Retrieval Mechanism".
pub(super) async fn checkpoint(State(state): State<HttpState>, Path(origin_hash): Path<String>) -> Response {
    match state.witness.latest(&origin_hash).await {
        Ok(Some(note)) => answer(StatusCode::OK, TEXT, note),
        Ok(None) => answer(
            StatusCode::NOT_FOUND,
            TEXT,
            "nothing was cosigned under this hash\n".to_owned(),
        ),
        Err(error) => {
            tracing::error!(%error, "the state cannot be read");
            answer(
                StatusCode::INTERNAL_SERVER_ERROR,
                TEXT,
                "the state cannot be read\n".to_owned(),
            )
        }
    }
}

pub(super) async fn alive() -> Response {
    answer(StatusCode::OK, TEXT, "ok\n".to_owned())
}
