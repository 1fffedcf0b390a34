//! The brand's feed, read whole from the ledger, and held against what the brand remembers. The kernel judges each page.

use anyhow::{Result, anyhow};
pub(super) use placet_kernel::feed::Feed;
use placet_kernel::feed::Reader;
use placet_kernel::misbehaviour::{Statement, between};
use placet_schemas::api::FeedAnswer;

use super::memory::Memory;
use crate::client::{Client, FeedQuery};
use crate::misconduct;
use crate::pinned::Pinned;

/// Reads the whole feed of the token's brand.
///
/// # Errors
/// When it does not add up, or contradicts what is remembered. Where that is proof of misbehaviour, it is written beside the
/// memory.
pub(super) async fn read(client: &Client, pinned: &Pinned, memory: &mut Memory) -> Result<Feed> {
    let mut reader = Reader::default();
    loop {
        let query = FeedQuery {
            from: reader.next_item(),
            ..FeedQuery::default()
        };
        let page = client.feed(query).await?;
        match reader.take(&page, pinned.trust.feed_keys()) {
            Ok(None) => {}
            Ok(Some(feed)) => {
                if let Some(accusation) = memory.against(&feed, pinned)? {
                    return Err(misconduct::proved(&accusation, &pinned.to_judge()?, memory.path()));
                }
                memory.saw(&feed)?;
                return Ok(feed);
            }
            Err(error) => {
                let told = contradicted(&reader, &page, pinned, memory)?;
                return Err(told.unwrap_or_else(|| anyhow!("{}: {error}", error.code())));
            }
        }
    }
}

/// A page that is refused may carry a head that contradicts the one before it, or the one that is remembered.
fn contradicted(reader: &Reader, page: &FeedAnswer, pinned: &Pinned, memory: &Memory) -> Result<Option<anyhow::Error>> {
    let new = Statement::FeedHead(page.head.clone());
    let remembered = memory.head(&page.head.statement.origin, &page.head.statement.controller);
    let earlier = reader.last_head().into_iter().chain(remembered);
    let found = earlier
        .filter_map(|head| between(&Statement::FeedHead(head.clone()), &new))
        .next();
    let Some(accusation) = found else { return Ok(None) };
    Ok(Some(misconduct::proved(
        &accusation,
        &pinned.to_judge()?,
        memory.path(),
    )))
}
