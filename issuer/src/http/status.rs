//! Status lists: what verifiers fetch, again and again.

use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use placet_service::ApiError;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::HttpState;
use crate::{Entity, IssueError, Published};

/// VCDM 2.0 section 6.2.1.
const VC: &str = "application/vc";
/// Token Status List section 5.1.
const TOKEN: &str = "application/statuslist+jwt";
/// Whoever keeps a list asks each time whether it is still the one: a withdrawal must not wait for a cache.
const REVALIDATE: &str = "public, no-cache";

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(bitstring)).routes(routes!(token))
}

/// A `BitstringStatusListCredential`, as receipts of the format `ldp_vc` name it.
#[utoipa::path(get, path = "/status/bitstring/{id}", tag = "status",
    params(("id" = String, Path, description = "the list's name: 32 hex digits")),
    responses((status = 200, body = Object, content_type = "application/vc"),
              (status = 304, description = "it is the one with the tag of If-None-Match")))]
async fn bitstring(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    answer(&state, &id, &headers, VC, |list| &list.bitstring).await
}

/// A Token Status List, as receipts of the format `dc+sd-jwt` name it.
#[utoipa::path(get, path = "/status/token/{id}", tag = "status",
    params(("id" = String, Path, description = "the list's name: 32 hex digits")),
    responses((status = 200, body = String, content_type = "application/statuslist+jwt"),
              (status = 304, description = "it is the one with the tag of If-None-Match")))]
async fn token(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    answer(&state, &id, &headers, TOKEN, |list| &list.token).await
}

async fn answer(
    state: &HttpState,
    id: &str,
    headers: &HeaderMap,
    media_type: &'static str,
    part: impl Fn(&Published) -> &Entity,
) -> Result<Response, ApiError> {
    let list = match state.issuer.list(id).await {
        Ok(list) => list.ok_or_else(|| ApiError::new("not_found", "there is no such list"))?,
        Err(IssueError::Store(error)) => return Err(error.into()),
        Err(error) => return Err(ApiError::new("unavailable", error.to_string())),
    };
    let entity = part(&list);
    let own = [(ETAG, entity.tag.clone()), (CACHE_CONTROL, REVALIDATE.to_owned())];
    if matches(headers, &entity.tag) {
        return Ok((StatusCode::NOT_MODIFIED, own).into_response());
    }
    Ok((own, [(CONTENT_TYPE, media_type)], entity.bytes.clone()).into_response())
}

/// RFC 9110 section 13.1.2: any of the tags, compared weakly.
fn matches(headers: &HeaderMap, tag: &str) -> bool {
    let tags = headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|header| header.to_str().ok());
    let mut tags = tags.flat_map(|header| header.split(',')).map(str::trim);
    tags.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}
