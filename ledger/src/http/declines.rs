//! `/v1/declines`: somebody says no, and the brand hears of it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use placet_schemas::api::{DeclineInvitation, DeclinePage, Declined};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Brand;
use super::body::{Json, Params};
use super::page::Paging;
use super::problem::ApiError;
use super::{HttpState, answer};

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(decline)).routes(routes!(list))
}

/// Says no to a request. It needs no key and makes no record; the invitation is used up, and the brand may not ask again
/// for a while. The same again gets the same answer.
#[utoipa::path(post, path = "/v1/declines", tag = "requests", request_body = DeclineInvitation,
    responses((status = 200, body = Declined)))]
async fn decline(State(state): State<HttpState>, Json(body): Json<DeclineInvitation>) -> Result<Response, ApiError> {
    let request = state.ledger.invited_to(&body.invitation).await?;
    state.limits.declines.check(&request)?;
    let ledger = state.ledger.clone();
    // Whoever hangs up does not stop in the middle what has begun: the row could come after a yes had been judged.
    let declined = tokio::spawn(async move { ledger.decline(&body.invitation).await }).await;
    let declined = declined.map_err(|_| ApiError::new("internal", "the node failed while it answered"))??;
    if !declined.replay {
        state.limits.declines.count(request);
    }
    let answer = Declined {
        request,
        declined_at: declined.at,
    };
    answer::json(StatusCode::OK, &answer)
}

/// Which of the caller's invitations were declined. They stay as long as the invitation would have lived, and a day.
#[utoipa::path(get, path = "/v1/declines", tag = "requests", params(Paging),
    responses((status = 200, body = DeclinePage)), security(("token" = [])))]
async fn list(
    State(state): State<HttpState>,
    Brand(did): Brand,
    Params(paging): Params<Paging>,
) -> Result<Response, ApiError> {
    let page = state.ledger.declines(&did, paging.after, paging.limit()).await?;
    let answer = DeclinePage {
        declines: page.items,
        next: page.next,
    };
    answer::json(StatusCode::OK, &answer)
}
