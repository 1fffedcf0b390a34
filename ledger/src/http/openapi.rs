//! `/openapi.json` and `/docs/`: the interface describes itself, without any file from elsewhere.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::{HttpState, answer};

/// Where the description is.
const PLACE: &str = "/openapi.json";

#[derive(utoipa::OpenApi)]
#[openapi(info(
    title = "Placet ledger",
    description = "Append, prove and publish consent records. Bodies are strict JSON: unknown members, duplicates, \
        floats and nulls are refused with a JSON pointer. Records are described in docs/FORMATS.",
))]
struct Base;

/// The description before the routes are added to it.
pub(super) fn base() -> OpenApi {
    Base::openapi()
}

/// The routes that serve the description and a viewer for it.
pub(super) fn routes(description: &OpenApi) -> Router<HttpState> {
    let json = description.to_json().unwrap_or_default();
    let viewer = SwaggerUi::new("/docs").config(Config::from(PLACE));
    let describe = move || std::future::ready(answer::private(StatusCode::OK, answer::JSON, json.clone()));
    Router::new().route(PLACE, get(describe)).merge(viewer)
}
