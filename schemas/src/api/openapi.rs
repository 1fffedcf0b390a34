//! How the types of records and ids describe themselves in OpenAPI. The bodies of this module derive it. And what all
//! operations of a service have in common: [`complete`].

use std::borrow::Cow;

use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, PathItem, Ref, RefOr, ResponseBuilder};
use utoipa::{PartialSchema, ToSchema};

use super::problem::{MEDIA_TYPE, Problem};
use super::{Label, SaltText};
use crate::authzen::CustomerRef;
use crate::id::{Did, Digest, Language, Origin};
use crate::lifecycle::{Effective, State};
use crate::record::keys::KeySource;
use crate::record::{Invitation, Kind, ProofValue};
use crate::text::Text;
use crate::time::Timestamp;
use crate::version::Version;

/// Adds to a service's description what all its operations have in common: problem details, and the one way to show a token,
/// the security scheme `token`.
pub fn complete(description: &mut OpenApi) {
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
        for response in operation.responses.responses.values_mut() {
            // OpenAPI demands one; generators refuse a document without.
            if let RefOr::T(response) = response
                && response.description.is_empty()
            {
                "the answer".clone_into(&mut response.description);
            }
        }
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
    let PathItem {
        get,
        put,
        post,
        delete,
        patch,
        ..
    } = item;
    [get, put, post, delete, patch].into_iter().flatten()
}

fn text(description: &str, pattern: Option<&str>) -> RefOr<Schema> {
    let object = ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .description(Some(description));
    object.pattern(pattern).into()
}

macro_rules! text_schema {
    ($type:ident, $description:expr, $pattern:expr) => {
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                text($description, $pattern)
            }
        }
        impl ToSchema for $type {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($type))
            }
        }
    };
}

text_schema!(Digest, "SHA-256 in lowercase hex", Some("^[0-9a-f]{64}$"));
text_schema!(Did, "did:key or did:web", Some("^did:(key|web):.+$"));
text_schema!(
    Language,
    "a language tag (RFC 5646)",
    Some("^[a-z]{2,3}(-[A-Za-z0-9]{1,8})*$")
);
text_schema!(
    Origin,
    "a log's name (C2SP tlog-checkpoint)",
    Some("^[A-Za-z0-9._/:~-]{1,255}$")
);
text_schema!(Text, "words for people", None);
text_schema!(
    CustomerRef,
    "the brand's own reference: 1 to 256 bytes without control characters",
    None
);
text_schema!(Label, "1 to 128 bytes without control characters", None);
text_schema!(SaltText, "32 bytes in base64", Some("^[A-Za-z0-9+/]{43}=$"));
text_schema!(
    Timestamp,
    "RFC 3339, UTC, whole seconds",
    Some("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")
);
text_schema!(Invitation, "16 bytes in base64url", Some("^[A-Za-z0-9_-]{22}$"));
text_schema!(
    ProofValue,
    "a signature, multibase base58-btc",
    Some("^z[1-9A-HJ-NP-Za-km-z]{64,88}$")
);
text_schema!(Kind, "the kind of a record", None);
text_schema!(
    KeySource,
    "fetched by the node, or supplied by the brand",
    Some("^(fetched|supplied)$")
);
text_schema!(
    Effective,
    "the state at this moment",
    Some("^(Given|Expired|Withdrawn|EndedByController)$")
);

impl PartialSchema for State {
    fn schema() -> RefOr<Schema> {
        let description = "everything that the next event of a consent is judged by";
        ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::Object))
            .description(Some(description))
            .into()
    }
}

impl ToSchema for State {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("State")
    }
}

impl<const N: u64> PartialSchema for Version<N> {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::Integer))
            .enum_values(Some([N]));
        number.description(Some("the version of the format")).into()
    }
}

impl<const N: u64> ToSchema for Version<N> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("Version{N}"))
    }
}
