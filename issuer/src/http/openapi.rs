//! `/openapi.json`: the interface describes itself.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

use super::HttpState;

#[derive(utoipa::OpenApi)]
#[openapi(info(
    title = "Placet issuer",
    description = "Consent receipts for any wallet, and the lists that say when they are void.",
))]
struct Base;

/// The description before the routes are added to it.
pub(super) fn base() -> OpenApi {
    Base::openapi()
}

/// The route that serves the description.
pub(super) fn routes(description: &OpenApi) -> Router<HttpState> {
    let json = description.to_json().unwrap_or_default();
    Router::new().route(
        "/openapi.json",
        get(move || std::future::ready(([(CONTENT_TYPE, "application/json")], json.clone()))),
    )
}
