//! `/v1/tokens`: who may call, by the operator's order.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use placet_kernel::keys::PublicKey;
use placet_schemas::api::{self, IssueToken, IssuedToken, MAX_AUDIT_SECONDS, TokenPage, TokenSummary};
use placet_schemas::time::Timestamp;
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
    let order = order(body, state.ledger.now())?;
    if let Some(did) = &order.controller {
        let known = state.ledger.controller(did).await?;
        known.ok_or_else(|| ApiError::at("controller_unknown", "register the brand first", "/controller"))?;
    }
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
    let tokens = rows.into_iter().map(summary).collect();
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

/// The token that is wanted: exactly what its role needs, and nothing that it has no use for.
fn order(body: IssueToken, now: Timestamp) -> Result<TokenOrder, ApiError> {
    let wrong = |what: &str, pointer: &str| Err(ApiError::at("malformed", what, pointer));
    let auditor = body.role == api::Role::Auditor;
    let of_brand = auditor || body.role == api::Role::Brand;
    let service = body.role == api::Role::Service;
    let follows = service || body.role == api::Role::Brand;
    if of_brand != body.controller.is_some() {
        return wrong(
            "the token of a brand or auditor names a brand, no other does",
            "/controller",
        );
    }
    if service != body.kinds.is_some() || body.kinds.as_ref().is_some_and(BTreeSet::is_empty) {
        return wrong(
            "a service's token says which kinds of record it opens, no other does",
            "/kinds",
        );
    }
    if body
        .key
        .as_ref()
        .is_some_and(|key| !follows || PublicKey::from_did(key).is_err())
    {
        return wrong(
            "the key of a service or of a brand's verifier is a did:key, and no other token has one",
            "/key",
        );
    }
    if auditor != body.audit.is_some() {
        return wrong(
            "an auditor's token says for which period and case it is, no other does",
            "/audit",
        );
    }
    if body.audit.as_ref().is_some_and(|audit| audit.from > audit.to) {
        return wrong("the period ends before it begins", "/audit/to");
    }
    if auditor
        && body
            .expires_in_seconds
            .is_none_or(|seconds| seconds > MAX_AUDIT_SECONDS)
    {
        return wrong("an auditor's token ends by itself, within 90 days", "/expiresInSeconds");
    }
    Ok(TokenOrder {
        role: inner(body.role),
        controller: body.controller,
        audit: body.audit,
        kinds: body.kinds,
        key: body.key,
        label: body.label.into(),
        expires: body.expires_in_seconds.map(|seconds| now.plus_seconds(seconds)),
    })
}

const fn inner(role: api::Role) -> Role {
    match role {
        api::Role::Brand => Role::Brand,
        api::Role::Service => Role::Service,
        api::Role::Auditor => Role::Auditor,
        api::Role::Operator => Role::Operator,
    }
}

/// A row as the operator sees it.
fn summary(row: TokenRow) -> TokenSummary {
    TokenSummary {
        id: row.id.to_string(),
        role: match row.role {
            Role::Brand => api::Role::Brand,
            Role::Service => api::Role::Service,
            Role::Auditor => api::Role::Auditor,
            Role::Operator => api::Role::Operator,
        },
        controller: row.controller,
        audit: row.audit,
        kinds: row.kinds,
        key: row.key,
        label: row.label,
        created: row.created,
        expires: row.expires,
        revoked: row.revoked,
    }
}
