//! Paging, the same for every list.

use placet_schemas::api::MAX_PAGE;
use serde::Deserialize;
use utoipa::IntoParams;

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// The `next` of the page before.
    pub(super) after: Option<u64>,
    /// How many at most: 1 to 256, as many when absent.
    limit: Option<usize>,
}

impl Paging {
    /// How many at most.
    pub(super) fn limit(&self) -> usize {
        clamp(self.limit)
    }
}

/// A page's size.
pub(super) fn clamp(limit: Option<usize>) -> usize {
    limit.unwrap_or(MAX_PAGE).clamp(1, MAX_PAGE)
}
