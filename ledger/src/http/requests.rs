//! `/v1/requests`: what brands ask.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use placet_schemas::api::{RecordAnswer, RequestPage, RequestSummary};
use placet_schemas::id::Digest;
use placet_schemas::record::{CanonicalRecord, Kind, MAX_RECORD_BYTES};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Brand;
use super::body::{Named, Params, Raw};
use super::page::Paging;
use super::problem::ApiError;
use super::records::recorded;
use super::{HttpState, answer};
use crate::{StoredRequest, SubmitError};

/// A request never changes, but its serving may end when nothing names it any more.
pub(super) const CACHING: &str = "public, max-age=3600";

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get))
}

/// Records a ConsentRequest of the calling brand.
#[utoipa::path(post, path = "/v1/requests", tag = "requests", request_body(content = Object),
    responses((status = 201, body = RecordAnswer)), security(("token" = [])))]
async fn create(
    State(state): State<HttpState>,
    Brand(brand): Brand,
    Raw(bytes): Raw<MAX_RECORD_BYTES>,
) -> Result<Response, ApiError> {
    let record = CanonicalRecord::parse(&bytes).map_err(SubmitError::from)?;
    if record.record.kind() != Kind::ConsentRequest {
        return Err(ApiError::at("wrong_endpoint", "ConsentRequests enter here", "/type/1"));
    }
    if record.record.issuer != brand {
        return Err(ApiError::forbidden("the token is not of the brand that signed"));
    }
    Ok(recorded(state.ledger.record(record).await?))
}

/// The calling brand's requests.
#[utoipa::path(get, path = "/v1/requests", tag = "requests", params(Paging),
    responses((status = 200, body = RequestPage)), security(("token" = [])))]
async fn list(
    State(state): State<HttpState>,
    Brand(brand): Brand,
    Params(paging): Params<Paging>,
) -> Result<Response, ApiError> {
    let page = state.ledger.requests(&brand, paging.after, paging.limit()).await?;
    let requests = page.items.into_iter().map(summary).collect::<Result<_, _>>()?;
    answer::json(
        StatusCode::OK,
        &RequestPage {
            requests,
            next: page.next,
        },
    )
}

/// A request, public.
#[utoipa::path(get, path = "/v1/requests/{digest}", tag = "requests",
    params(("digest" = Digest, Path, description = "of the request")),
    responses((status = 200, body = Object)))]
async fn get(
    State(state): State<HttpState>,
    headers: HeaderMap,
    Named(digest): Named<Digest>,
) -> Result<Response, ApiError> {
    let request = state.ledger.request(&digest).await?.ok_or_else(ApiError::not_found)?;
    Ok(answer::public(&headers, answer::JSON, CACHING, request.record))
}

fn summary(request: StoredRequest) -> Result<RequestSummary, ApiError> {
    let record = answer::embedded(&request.record)?;
    Ok(RequestSummary {
        digest: request.digest,
        index: request.index,
        open: request.open,
        record,
    })
}
