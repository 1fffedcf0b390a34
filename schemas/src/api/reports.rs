//! `POST /access/v1/reports`: what a brand's services really did.

use serde::{Deserialize, Serialize};

use crate::access::ServiceName;
use crate::authzen::CustomerRef;
use crate::id::{Did, Iri, RecordId};
use crate::scope::Delivery;
use crate::text::SomeOf;
use crate::time::Timestamp;
use crate::vocab::{CategoryTerm, ProcessingTerm};

/// Most accesses of one report.
pub const MAX_REPORTED: usize = 256;

/// Accesses that took place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReportAccesses {
    /// The accesses.
    pub accesses: Vec<ReportedAccess>,
}

/// One access. Whose data it was is said by the decision that it acted on, or by `customer` or `person`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReportedAccess {
    /// Which of the brand's services.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub service: ServiceName,
    /// `evaluation_id` of the permit that it acted on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub evaluation: Option<RecordId>,
    /// The brand's own reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerRef>,
    /// The person's pairwise DID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<Did>,
    /// When; now, when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// What for.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub purpose: Iri,
    /// Which data.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub categories: SomeOf<CategoryTerm>,
    /// What was done.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub processing: ProcessingTerm,
    /// How it was delivered.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub delivery: Delivery,
    /// To whom it was disclosed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub third_party: Option<Iri>,
}

/// What a report became.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reported {
    /// Access lines that were written, on disk now: one for each consent of each access.
    pub lines: usize,
    /// Accesses that name no permit of the last minutes, or another one than theirs.
    pub without_permit: usize,
}
