//! How the types of records and ids describe themselves in OpenAPI. The bodies of this module derive it.

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use super::{Label, SaltText};
use crate::authzen::CustomerRef;
use crate::id::{Did, Digest, Language, Origin};
use crate::lifecycle::{Effective, State};
use crate::record::keys::KeySource;
use crate::record::{Invitation, Kind, ProofValue};
use crate::text::Text;
use crate::time::Timestamp;
use crate::version::Version;

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
