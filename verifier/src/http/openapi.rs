//! `/openapi.json`: the interface describes itself.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use placet_schemas::api::problem::{MEDIA_TYPE, Problem};
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, PathItem, Ref, RefOr, ResponseBuilder};
use utoipa::{OpenApi as _, PartialSchema as _, ToSchema as _};

use super::HttpState;

#[derive(utoipa::OpenApi)]
#[openapi(info(
    title = "Placet verifier",
    description = "A brand checks consent before it touches data: OpenID AuthZEN decisions, each signed.",
))]
struct Base;

/// The description before the routes are added to it.
pub(super) fn base() -> OpenApi {
    Base::openapi()
}

/// The route that serves the description.
pub(super) fn routes(mut description: OpenApi) -> Router<HttpState> {
    complete(&mut description);
    let json = description.to_json().unwrap_or_default();
    Router::new().route(
        "/openapi.json",
        get(move || std::future::ready(([(CONTENT_TYPE, "application/json")], json.clone()))),
    )
}

/// What all operations have in common: problem details, and the one way to show a token.
fn complete(description: &mut OpenApi) {
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
    [&mut item.get, &mut item.post].into_iter().flatten()
}
