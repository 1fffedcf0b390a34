//! Parts of lists.

use placet_schemas::api::MAX_PAGE;

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to give as `after` for the next part; `None` when this was the last.
    pub next: Option<u64>,
}

impl<T> Page<T> {
    /// The first `limit` of items of which one more than that was asked for.
    pub(crate) fn cut(mut items: Vec<T>, limit: usize, cursor: impl Fn(&T) -> u64) -> Self {
        let limit = clamp(limit);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(cursor);
        Self { items, next }
    }
}

/// How many items a page has at most.
pub(crate) fn clamp(limit: usize) -> usize {
    limit.clamp(1, MAX_PAGE)
}

/// How many items to ask for, to know whether there are more than a page of them.
pub(crate) fn asked(limit: usize) -> usize {
    clamp(limit) + 1
}
