//! `/v1/notices`: what people are shown, stored by hash.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use placet_schemas::api::NoticeAnswer;
use placet_schemas::id::Digest;
use placet_schemas::notice::MAX_NOTICE_BYTES;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Brand;
use super::body::{Named, Raw};
use super::problem::ApiError;
use super::requests::CACHING;
use super::{HttpState, answer};

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(create)).routes(routes!(get))
}

/// Stores a notice, before the request that names it.
#[utoipa::path(post, path = "/v1/notices", tag = "requests", request_body(content = Object),
    responses((status = 201, body = NoticeAnswer)), security(("token" = [])))]
async fn create(
    State(state): State<HttpState>,
    _: Brand,
    Raw(bytes): Raw<MAX_NOTICE_BYTES>,
) -> Result<Response, ApiError> {
    let digest = state.ledger.add_notice(&bytes).await?;
    answer::json(StatusCode::CREATED, &NoticeAnswer { digest })
}

/// A notice, public.
#[utoipa::path(get, path = "/v1/notices/{digest}", tag = "requests",
    params(("digest" = Digest, Path, description = "of the notice")),
    responses((status = 200, body = Object)))]
async fn get(
    State(state): State<HttpState>,
    headers: HeaderMap,
    Named(digest): Named<Digest>,
) -> Result<Response, ApiError> {
    let notice = state.ledger.notice(&digest).await?.ok_or_else(ApiError::not_found)?;
    Ok(answer::public(&headers, answer::JSON, CACHING, notice))
}
