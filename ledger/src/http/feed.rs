//! `/v1/feed`: what followers of the ledger live on.

mod events;

use std::collections::BTreeSet;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use placet_kernel::merkle::Hash;
use placet_schemas::api::{self, FeedCursor};
use placet_schemas::id::{Did, Digest};
use placet_schemas::record::Kind;
use serde::Deserialize;
use tokio::time::Instant;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::body::Params;
use super::page::clamp;
use super::places::Turn;
use super::problem::ApiError;
use super::{HttpState, answer};
use crate::{FeedItem, FeedPage, ItemContent};

/// Longest wait for a new item, in seconds. A reader must see a signed head of the feed that often even if nothing happens,
/// or it could not tell a quiet feed from one that is kept from it.
pub const MAX_FEED_WAIT_SECONDS: u64 = 5;

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(read)).merge(events::routes())
}

/// Which part of which feed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct FeedParams {
    /// How many items of the feed the caller has already: the first `seq` that it wants; 0 when absent.
    from: Option<u64>,
    /// How many at most: 1 to 256, as many when absent.
    limit: Option<usize>,
    /// How many seconds to wait for an item when there is none; at most 5, 0 when absent.
    wait: Option<u64>,
    /// The size of the log that the caller has seen last; 0 when absent. The answer proves that the log only grew since.
    since: Option<u64>,
    /// Whose feed: a service must say it, a brand need not.
    #[param(value_type = Option<String>)]
    controller: Option<Did>,
}

/// A brand's feed: its requests, its consumers' records and its keys, in feed order, each with what opens it. A service gets
/// what opens public records and those of the kinds its token is for; of the others it gets the leaf, so that the feed still
/// adds up to its head.
#[utoipa::path(get, path = "/v1/feed", tag = "feed", params(FeedParams),
    responses((status = 200, body = api::FeedAnswer)), security(("token" = [])))]
async fn read(
    State(state): State<HttpState>,
    turn: Turn,
    caller: Caller,
    Params(params): Params<FeedParams>,
) -> Result<Response, ApiError> {
    let (controller, kinds) = caller.feed(params.controller)?;
    let wait = Duration::from_secs(params.wait.unwrap_or(0).min(MAX_FEED_WAIT_SECONDS));
    let cursor = FeedCursor {
        from: params.from.unwrap_or(0),
        since: params.since.unwrap_or(0),
    };
    let page = await_page(&state, &turn, (&controller, cursor, clamp(params.limit)), wait).await?;
    answer::json(StatusCode::OK, &shown(controller, page, kinds.as_ref())?)
}

/// A page as this caller may see it.
fn shown(controller: Did, page: FeedPage, kinds: Option<&BTreeSet<Kind>>) -> Result<api::FeedAnswer, ApiError> {
    let items = page.items.into_iter().map(|one| item(one, kinds));
    Ok(api::FeedAnswer {
        controller,
        items: items.collect::<Result<_, _>>()?,
        head: page.head,
        checkpoint: page.checkpoint,
        consistency: page.consistency.map(|proof| proof.into_iter().map(digest).collect()),
    })
}

/// The page as soon as it has an item, or when the time is over, or the node is about to stop; always with a head that is
/// signed when it is given.
async fn await_page(
    state: &HttpState,
    turn: &Turn,
    (controller, cursor, limit): (&Did, FeedCursor, usize),
    wait: Duration,
) -> Result<FeedPage, ApiError> {
    let until = Instant::now() + wait;
    // Subscribed before the first look: a record that comes in between is seen by one of the two.
    let mut changes = state.ledger.feed_changes(controller);
    let look = async || {
        let page = state.ledger.feed_at(controller, cursor, limit).await?;
        page.ok_or_else(ApiError::not_found)
    };
    let mut page = look().await?;
    let mut over = wait.is_zero();
    while page.items.is_empty() && !over && !state.is_draining() {
        // Whoever waits holds up nobody.
        turn.end();
        over = tokio::select! {
            changed = changes.changed() => changed.is_err(),
            () = tokio::time::sleep_until(until) => true,
            () = state.drained() => true,
        };
        let _few_at_once = state.places.look().await;
        page = look().await?;
    }
    Ok(page)
}

/// An item, opened if it is public or of one of these kinds; without kinds, of any.
pub(super) fn item(item: FeedItem, kinds: Option<&BTreeSet<Kind>>) -> Result<api::FeedItem, ApiError> {
    let (opening, destroyed) = match item.content {
        ItemContent::Opened { salt, record } => {
            let record = answer::embedded(&record)?;
            let kind = record.pointer("/type/1").and_then(|kind| Kind::deserialize(kind).ok());
            let opened = kinds.is_none_or(|kinds| kind.is_some_and(|kind| is_for(kinds, kind)));
            let salt = api::SaltText::from_bytes(*salt.as_bytes());
            (opened.then_some((salt, record)), None)
        }
        ItemContent::Destroyed { by } => (None, Some(by)),
        ItemContent::Lost => (None, None),
    };
    let (salt, record) = opening.unzip();
    Ok(api::FeedItem {
        seq: item.seq,
        index: item.index,
        leaf_hash: item.leaf_hash,
        salt,
        record,
        destroyed,
        proof: item.proof.into_iter().map(digest).collect(),
    })
}

fn digest(hash: Hash) -> Digest {
    Digest::from_bytes(hash.into())
}

/// Whether a service that is for these kinds may open this one. What is to be destroyed concerns each that may hold it.
fn is_for(kinds: &BTreeSet<Kind>, kind: Kind) -> bool {
    kind.is_public() || kind == Kind::Destruction || kinds.contains(&kind)
}
