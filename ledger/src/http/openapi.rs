//! `/openapi.json` and `/docs/`: the interface describes itself, without any file from elsewhere.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use placet_schemas::api::problem::{MEDIA_TYPE, Problem};
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, PathItem, Ref, RefOr, ResponseBuilder};
use utoipa::{OpenApi as _, PartialSchema as _, ToSchema as _};
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
pub(super) fn routes(mut description: OpenApi) -> Router<HttpState> {
    complete(&mut description);
    let json = description.to_json().unwrap_or_default();
    let viewer = SwaggerUi::new("/docs").config(Config::from(PLACE));
    let describe = move || std::future::ready(answer::private(StatusCode::OK, answer::JSON, json.clone()));
    Router::new().route(PLACE, get(describe)).merge(viewer)
}

/// What all operations have in common: problem details, and the one way to show a token.
fn complete(description: &mut OpenApi) {
    // The router's name for "the rest of the path"; OpenAPI has none.
    let paths = std::mem::take(&mut description.paths.paths);
    description.paths.paths = paths
        .into_iter()
        .map(|(path, item)| (path.replace("{*", "{"), item))
        .collect();
    let components = description.components.get_or_insert_default();
    components
        .schemas
        .insert(Problem::name().into_owned(), Problem::schema());
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("token", SecurityScheme::Http(bearer));
    for operation in description.paths.paths.values_mut().flat_map(operations) {
        let problem = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name(Problem::name())))
            .build();
        let problem = ResponseBuilder::new()
            .description("a problem (RFC 9457)")
            .content(MEDIA_TYPE, problem);
        operation
            .responses
            .responses
            .insert("default".to_owned(), RefOr::T(problem.build()));
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.delete].into_iter().flatten()
}
