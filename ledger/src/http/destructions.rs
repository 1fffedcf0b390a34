//! `/v1/destructions`: orders to destroy a consent, how far each is, and what followers say that they did.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use placet_schemas::api::{
    AcknowledgeDestruction, DestructionPage, DestructionProgress, DestructionSummary, OrderDestruction,
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::{Follower, Operator};
use super::body::{Json, Named, Params};
use super::page::Paging;
use super::problem::ApiError;
use super::{HttpState, answer};
use crate::DestructionRow;

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(list, order))
        .routes(routes!(acknowledge))
}

/// The destructions, in log order, with who has not finished.
#[utoipa::path(get, path = "/v1/destructions", tag = "destructions", params(Paging),
    responses((status = 200, body = DestructionPage)), security(("token" = [])))]
async fn list(
    State(state): State<HttpState>,
    Operator: Operator,
    Params(paging): Params<Paging>,
) -> Result<Response, ApiError> {
    let page = state.ledger.destructions(paging.after, paging.limit()).await?;
    let destructions = page.items.into_iter().map(summary).collect();
    answer::json(
        StatusCode::OK,
        &DestructionPage {
            destructions,
            next: page.next,
        },
    )
}

/// Destroys a consent by the signed order of its controller or of a configured authority. The Destruction is committed when
/// this is answered; what it removes goes on meanwhile. The same order again gets the same destruction.
#[utoipa::path(post, path = "/v1/destructions", tag = "destructions", request_body = OrderDestruction,
    responses((status = 201, body = DestructionSummary)), security(("token" = [])))]
async fn order(
    State(state): State<HttpState>,
    Operator: Operator,
    Json(body): Json<OrderDestruction>,
) -> Result<Response, ApiError> {
    let done = state.ledger.order_destruction(&body.order).await?;
    answer::json(StatusCode::CREATED, &summary(done.ok_or_else(ApiError::not_found)?))
}

/// Takes a follower's signed word that it holds nothing any more of what was destroyed.
#[utoipa::path(post, path = "/v1/destructions/{index}/acknowledgements", tag = "destructions",
    params(("index" = u64, Path, description = "log index of the Destruction")), request_body = AcknowledgeDestruction,
    responses((status = 204, description = "it is kept")), security(("token" = [])))]
async fn acknowledge(
    State(state): State<HttpState>,
    Follower: Follower,
    Named(index): Named<u64>,
    Json(body): Json<AcknowledgeDestruction>,
) -> Result<Response, ApiError> {
    let found = state.ledger.acknowledge_destruction(index, &body.done).await?;
    // Who else follows, and has not finished, is the operator's business.
    found
        .map(|_| StatusCode::NO_CONTENT.into_response())
        .ok_or_else(ApiError::not_found)
}

fn summary(row: DestructionRow) -> DestructionSummary {
    DestructionSummary {
        state: if row.pending.is_empty() {
            DestructionProgress::Destroyed
        } else {
            DestructionProgress::Pending
        },
        index: row.index,
        controller: row.controller,
        leaves: row.leaves,
        ground: row.ground,
        order_hash: row.order,
        time: row.time,
        pending: row.pending,
    }
}
