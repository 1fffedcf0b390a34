//! `/v1/access-lines`, where a brand hands in what it did, and `/v1/consents/{id}/accesses`, where the person reads it.

use std::str::FromStr;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use placet_schemas::access::MAX_LINE_BYTES;
use placet_schemas::api::{AccessLinesAnswer, AccessPage, MAX_LINE_PROOF, MAX_LINES, PostAccessLines};
use placet_schemas::id::Digest;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::{Brand, Caller};
use super::body::{Named, Params, Raw, decode_up_to};
use super::page::clamp;
use super::problem::ApiError;
use super::{HttpState, answer};

/// Largest body of a call that hands in lines: each has its text, a proof and a place.
const MAX_LINES_BODY_BYTES: usize = MAX_LINES * (MAX_LINE_BYTES + MAX_LINE_PROOF * 68 + 128) + 256;

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(keep)).routes(routes!(list))
}

/// Keeps access lines of a batch that is in the log, for the people whom they are about. Lines that are kept already are
/// kept; one that is refused does not keep the others.
#[utoipa::path(post, path = "/v1/access-lines", tag = "accesses", request_body = PostAccessLines,
    responses((status = 200, body = AccessLinesAnswer)), security(("token" = [])))]
async fn keep(
    State(state): State<HttpState>,
    Brand(brand): Brand,
    Raw(bytes): Raw<MAX_LINES_BODY_BYTES>,
) -> Result<Response, ApiError> {
    let PostAccessLines { batch, lines } = decode_up_to(&bytes, MAX_LINES_BODY_BYTES)?;
    if lines.len() > MAX_LINES {
        let detail = format!("one call hands in at most {MAX_LINES} lines");
        return Err(ApiError::at("oversize", detail, "/lines"));
    }
    if let Some(at) = lines.iter().position(|line| line.proof.len() > MAX_LINE_PROOF) {
        let detail = format!("a proof has at most {MAX_LINE_PROOF} hashes");
        return Err(ApiError::at("oversize", detail, format!("/lines/{at}/proof")));
    }
    let kept = state.ledger.keep_lines(&brand, &batch, lines).await?;
    answer::json(StatusCode::OK, &kept.ok_or_else(ApiError::not_found)?)
}

/// Which part of the lines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Paging {
    /// The `next` of the page before.
    #[param(value_type = Option<String>, pattern = "^[0-9]{1,16}\\.[0-9]{1,16}$")]
    after: Option<Place>,
    /// How many at most: 1 to 64, as many when absent.
    limit: Option<usize>,
}

/// A place among the lines of a consent: index of the batch, and the line's place in it.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct Place(u64, u64);

impl FromStr for Place {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |digits: &str| {
            let plain = (1..=16).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
            digits.parse().ok().filter(|_| plain)
        };
        let parts = text.split_once('.');
        let place = parts.and_then(|(batch, seq)| Some(Self(number(batch)?, number(seq)?)));
        place.ok_or("a place is the index of a batch, a dot, and a place in it")
    }
}

impl TryFrom<String> for Place {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// What the brand says that it did with the data of one consent, with what proves each line offline.
#[utoipa::path(get, path = "/v1/consents/{id}/accesses", tag = "accesses",
    params(("id" = Digest, Path, description = "the grant's digest"), Paging),
    responses((status = 200, body = AccessPage)), security(("token" = [])))]
async fn list(
    State(state): State<HttpState>,
    caller: Caller,
    Named(id): Named<Digest>,
    Params(Paging { after, limit }): Params<Paging>,
) -> Result<Response, ApiError> {
    let after = after.map(|Place(batch, seq)| (batch, seq));
    let page = state
        .ledger
        .accesses(&caller.onlooker()?, &id, after, clamp(limit))
        .await?;
    answer::json(StatusCode::OK, &page.ok_or_else(ApiError::not_found)?)
}
