//! `/v1/tokens`: who may call, by the operator's order.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use placet_schemas::api::{self, IssueToken, IssuedToken, TokenPage, TokenSummary};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Operator;
use super::body::{Json, Named, Params};
use super::page::clamp;
use super::problem::ApiError;
use super::{HttpState, answer};
use crate::{Role, TokenId, TokenOrder, TokenRow};

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(list, issue))
        .routes(routes!(revoke))
}

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct TokenParams {
    /// The `next` of the page before.
    after: Option<String>,
    /// How many at most: 1 to 256, as many when absent.
    limit: Option<usize>,
}

/// Makes a token. It is shown this once, and stored as a hash.
#[utoipa::path(post, path = "/v1/tokens", tag = "tokens", request_body = IssueToken,
    responses((status = 201, body = IssuedToken)), security(("token" = [])))]
async fn issue(
    State(state): State<HttpState>,
    Operator: Operator,
    Json(body): Json<IssueToken>,
) -> Result<Response, ApiError> {
    match (body.role, &body.controller) {
        (api::Role::Brand, Some(did)) => {
            let known = state.ledger.controller(did).await?;
            known.ok_or_else(|| ApiError::at("controller_unknown", "register the brand first", "/controller"))?;
        }
        (api::Role::Brand, None) => return Err(ApiError::at("malformed", "whose token is it?", "/controller")),
        (_, Some(_)) => {
            return Err(ApiError::at(
                "malformed",
                "only a brand's token names a brand",
                "/controller",
            ));
        }
        (_, None) => {}
    }
    let expires = body
        .expires_in_seconds
        .map(|seconds| state.ledger.now().plus_seconds(seconds));
    let order = TokenOrder {
        role: inner(body.role),
        controller: body.controller,
        label: body.label.into(),
        expires,
    };
    let (id, token) = state.ledger.issue_token(order).await?;
    let issued = IssuedToken {
        id: id.to_string(),
        token: token.expose().to_owned(),
    };
    answer::json(StatusCode::CREATED, &issued)
}

/// All tokens, without their secrets.
#[utoipa::path(get, path = "/v1/tokens", tag = "tokens", params(TokenParams),
    responses((status = 200, body = TokenPage)), security(("token" = [])))]
async fn list(
    State(state): State<HttpState>,
    Operator: Operator,
    Params(params): Params<TokenParams>,
) -> Result<Response, ApiError> {
    let unknown = |_| ApiError::new("parameter", "after is the id of a token");
    let after = params
        .after
        .map(|id| id.parse::<TokenId>())
        .transpose()
        .map_err(unknown)?;
    let limit = clamp(params.limit);
    let rows = state.ledger.tokens(after, limit).await?;
    let next = rows
        .last()
        .filter(|_| rows.len() == limit)
        .map(|row| row.id.to_string());
    let tokens = rows.into_iter().filter_map(summary).collect();
    answer::json(StatusCode::OK, &TokenPage { tokens, next })
}

/// Ends a token at once.
#[utoipa::path(delete, path = "/v1/tokens/{id}", tag = "tokens",
    params(("id" = String, Path, description = "the token's public name")),
    responses((status = 204, description = "it is revoked")), security(("token" = [])))]
async fn revoke(
    State(state): State<HttpState>,
    Operator: Operator,
    Named(id): Named<TokenId>,
) -> Result<Response, ApiError> {
    if state.ledger.revoke_token(&id).await? {
        Ok(StatusCode::NO_CONTENT.into_response())
    } else {
        Err(ApiError::not_found())
    }
}

const fn inner(role: api::Role) -> Role {
    match role {
        api::Role::Brand => Role::Brand,
        api::Role::Service => Role::Service,
        api::Role::Operator => Role::Operator,
    }
}

/// A row as the operator sees it; roles that this interface does not issue are not its to show.
fn summary(row: TokenRow) -> Option<TokenSummary> {
    let role = match row.role {
        Role::Brand => api::Role::Brand,
        Role::Service => api::Role::Service,
        Role::Operator => api::Role::Operator,
        Role::Auditor => return None,
    };
    Some(TokenSummary {
        id: row.id.to_string(),
        role,
        controller: row.controller,
        label: row.label,
        created: row.created,
        expires: row.expires,
        revoked: row.revoked,
    })
}
