//! OpenID AuthZEN Authorization API 1.0: what a brand's service asks before it touches data, and what it is answered.
//!
//! In AuthZEN the `subject` is who asks, here the brand; the consumer is in `resource`. Reading is in two steps. A body that is
//! no AuthZEN request at all is refused (400). One that is, and asks something that cannot be understood as a question about
//! consent, has [`Evaluation::question`] as an error, and the decision about it is a deny: unknown is deny.
//!
//! As AuthZEN demands, members that it does not define are ignored. Not so the properties of `action` and `resource`, which
//! are this profile's own: a mistyped `thirdParty` that was passed over would turn a question into a narrower one.

mod answer;
#[cfg(feature = "openapi")]
mod described;
mod disclosed;
mod read;

pub use answer::*;
#[cfg(feature = "openapi")]
pub use described::*;
pub use disclosed::DisclosureDigest;
pub use read::{evaluation, evaluations};

use serde::{Deserialize, Serialize};

use crate::id::{Country, Did, Digest, IdError, Iri, string_id};
use crate::json::Fault;
use crate::scope::Delivery;
use crate::text::SomeOf;
use crate::vocab::{CategoryTerm, ProcessingTerm};

/// Largest request, in bytes: one evaluation or several.
pub const MAX_EVALUATION_BYTES: usize = 64 * 1024;
/// Most evaluations of one call.
pub const MAX_EVALUATIONS: usize = 128;
/// Most categories of one question.
pub const MAX_CATEGORIES: usize = 32;
/// Longest customer reference, in bytes.
pub const MAX_CUSTOMER_BYTES: usize = 256;
/// Longest nonce, in bytes.
pub const MAX_NONCE_BYTES: usize = 128;

/// The brand's own reference of a customer. It never leaves the brand: no record, log or metric holds it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CustomerRef(String);
string_id!(CustomerRef);

impl CustomerRef {
    fn check(text: &str) -> Result<(), IdError> {
        if text.is_empty() || text.len() > MAX_CUSTOMER_BYTES || text.chars().any(char::is_control) {
            return Err(IdError::new(
                "a customer reference has 1 to 256 bytes and no control character",
            ));
        }
        Ok(())
    }
}

impl core::fmt::Debug for CustomerRef {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("CustomerRef(…)")
    }
}

/// A value that the caller gives and finds again in the signed answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Nonce(String);
string_id!(Nonce);

impl Nonce {
    fn check(text: &str) -> Result<(), IdError> {
        if text.is_empty() || text.len() > MAX_NONCE_BYTES || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(IdError::new("a nonce has 1 to 128 visible ASCII characters"));
        }
        Ok(())
    }
}

/// Whose data it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// The brand's own reference, joined to consents by the brand's verifier.
    Customer(CustomerRef),
    /// The person's pairwise DID.
    Person(Did),
}

/// What is to be done with which data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Asked {
    /// The brand's own purpose.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub purpose: Iri,
    /// The categories of personal data; all of them must be covered.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub categories: SomeOf<CategoryTerm>,
    /// The processing operation.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub processing: ProcessingTerm,
    /// The delivery.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub delivery: Delivery,
    /// The third party to whom it is disclosed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub third_party: Option<Iri>,
    /// The country to which it goes under Article 49(1)(a).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub transfer: Option<Country>,
}

/// A question about consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Who asks.
    pub controller: Did,
    /// Whose data.
    pub whom: Whom,
    /// What for.
    pub asked: Asked,
}

/// How much evidence the caller wants with the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wanted {
    /// Where it is.
    #[default]
    Reference,
    /// The bundle itself.
    Bundle,
}

/// One access evaluation request.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// SHA-256 of the RFC 8785 bytes of the request; of several in one call, of the four members with the defaults filled in.
    pub digest: Digest,
    /// What is asked, or why it is no question about consent.
    pub question: Result<Question, Fault>,
    /// To be repeated in the answer.
    pub nonce: Option<Nonce>,
    /// How much evidence is wanted.
    pub wanted: Wanted,
}

/// How several evaluations are worked off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Semantic {
    /// All of them.
    #[default]
    ExecuteAll,
    /// Up to the first deny.
    DenyOnFirstDeny,
    /// Up to the first permit.
    PermitOnFirstPermit,
}

/// An access evaluations request.
#[derive(Debug)]
pub enum Evaluations {
    /// Without `evaluations`: answered as a single one (AuthZEN section 7.1).
    One(Box<Evaluation>),
    /// Several.
    Many(Vec<Evaluation>, Semantic),
}
