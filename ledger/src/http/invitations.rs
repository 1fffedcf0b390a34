//! `/v1/requests/{digest}/invitations` and `/v1/invitations/resolve`: who may answer a request, once.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use placet_schemas::api::{FreshInvitation, Invitations, Invite, ResolveInvitation, ResolvedInvitation};
use placet_schemas::id::{Digest, encode_hex};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::body::{Json, Named};
use super::problem::ApiError;
use super::{HttpState, answer};
use crate::{Invited, StoredRequest};

/// Life of an invitation when the brand does not say, in seconds: 30 days.
pub const DEFAULT_INVITATION_SECONDS: u64 = 30 * 24 * 60 * 60;
/// Life of an invitation that anyone may have, in seconds: it is used in the same sitting.
pub const OPEN_INVITATION_SECONDS: u64 = 60 * 60;
/// Bytes of the operator key's hash that a link carries.
const KEY_ID_BYTES: usize = 8;

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(create)).routes(routes!(resolve))
}

/// Makes invitations to a request: the brand as many as it wants, anyone else one where the request is open.
#[utoipa::path(post, path = "/v1/requests/{digest}/invitations", tag = "requests", request_body = Invite,
    params(("digest" = Digest, Path, description = "of the request")),
    responses((status = 201, body = Invitations)), security((), ("token" = [])))]
async fn create(
    State(state): State<HttpState>,
    caller: Caller,
    Named(digest): Named<Digest>,
    Json(body): Json<Invite>,
) -> Result<Response, ApiError> {
    let request = state.ledger.request(&digest).await?.ok_or_else(ApiError::not_found)?;
    let (count, seconds) = allowance(&state, &caller, &request, &body)?;
    let made = state
        .ledger
        .invite(&digest, Duration::from_secs(seconds), count)
        .await?;
    let invitations = made.into_iter().map(|invited| fresh(&state, invited)).collect();
    answer::json(StatusCode::CREATED, &Invitations { invitations })
}

/// What an invitation is for.
#[utoipa::path(post, path = "/v1/invitations/resolve", tag = "requests", request_body = ResolveInvitation,
    responses((status = 200, body = ResolvedInvitation)))]
async fn resolve(State(state): State<HttpState>, Json(body): Json<ResolveInvitation>) -> Result<Response, ApiError> {
    let resolved = state.ledger.resolve(&body.invitation).await?;
    let record = answer::embedded(&resolved.record)?;
    let answer = ResolvedInvitation {
        request: resolved.request,
        record,
        expires_at: resolved.expires,
    };
    answer::json(StatusCode::OK, &answer)
}

/// How many invitations the caller gets, and for how long.
fn allowance(
    state: &HttpState,
    caller: &Caller,
    request: &StoredRequest,
    wish: &Invite,
) -> Result<(usize, u64), ApiError> {
    if matches!(caller, Caller::Brand(did) if *did == request.controller) {
        let count = usize::try_from(wish.count.unwrap_or(1)).unwrap_or(usize::MAX);
        return Ok((count, wish.ttl_seconds.unwrap_or(DEFAULT_INVITATION_SECONDS)));
    }
    match caller {
        _ if request.open => {}
        Caller::Public => return Err(ApiError::unauthorized()),
        _ => {
            return Err(ApiError::forbidden(
                "the request is not open, and only its brand invites",
            ));
        }
    }
    if wish.count.is_some_and(|count| count != 1) || wish.ttl_seconds.is_some() {
        return Err(ApiError::forbidden("only the request's brand chooses number and life"));
    }
    state.limits.invitations.admit(request.digest)?;
    Ok((1, OPEN_INVITATION_SECONDS))
}

/// The secret stands in the link's fragment, which no browser sends: so it is in no log. The key id lets a wallet see
/// that it talks to the log which the link's maker meant.
fn fresh(state: &HttpState, invited: Invited) -> FreshInvitation {
    let operator = Digest::of(state.ledger.identity().operator.as_str().as_bytes());
    let key_id = encode_hex(&operator.as_bytes()[..KEY_ID_BYTES]);
    let link = format!("{}/i#{}.{key_id}", state.config.public_url, invited.invitation);
    FreshInvitation {
        invitation: invited.invitation,
        link,
        expires_at: invited.expires,
    }
}
