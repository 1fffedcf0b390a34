//! `/v1/consents`: a person's own consents, or those that people gave to a brand.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use placet_kernel::decision::MAX_DECISION_BYTES;
use placet_kernel::jws::MAX_JWS_BYTES;
use placet_schemas::api::{self, MAX_LINE_PROOF, MAX_POSTED_DECISIONS, PostEvidence};
use placet_schemas::id::Digest;
use placet_schemas::time::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::{Brand, Caller};
use super::body::{Named, Params, Raw, decode_up_to};
use super::page::Paging;
use super::problem::ApiError;
use super::{HttpState, answer};
use crate::{ConsentSummary, EventView, EvidenceError};

/// The media type of an evidence bundle.
const EVIDENCE: &str = "application/vnd.placet.evidence+json";

/// Largest body of a call that hands in decisions: each has its text, the brand's word for its signer, and a place.
const MAX_DECISIONS_BODY_BYTES: usize =
    MAX_POSTED_DECISIONS * (MAX_DECISION_BYTES + MAX_JWS_BYTES + MAX_LINE_PROOF * 68 + 256) + 256;

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(evidence, evidence_of_decisions))
}

/// As of when.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AsOf {
    /// Leave out what came later; now when absent.
    #[param(value_type = Option<String>)]
    as_of: Option<Timestamp>,
}

/// The caller's consents, ended ones too.
#[utoipa::path(get, path = "/v1/consents", tag = "consents", params(Paging),
    responses((status = 200, body = api::ConsentPage)), security(("token" = [])))]
async fn list(
    State(state): State<HttpState>,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Result<Response, ApiError> {
    let page = state
        .ledger
        .consents(&caller.party()?, paging.after, paging.limit())
        .await?;
    let consents = page.items.into_iter().map(summary).collect();
    answer::json(
        StatusCode::OK,
        &api::ConsentPage {
            consents,
            next: page.next,
        },
    )
}

/// One consent: its state and its events.
#[utoipa::path(get, path = "/v1/consents/{id}", tag = "consents",
    params(("id" = Digest, Path, description = "the grant's digest")),
    responses((status = 200, body = api::ConsentView)), security(("token" = [])))]
async fn get(State(state): State<HttpState>, caller: Caller, Named(id): Named<Digest>) -> Result<Response, ApiError> {
    let view = state
        .ledger
        .consent(&caller.onlooker()?, &id)
        .await?
        .ok_or_else(ApiError::not_found)?;
    let events = view.events.into_iter().map(event).collect();
    let view = api::ConsentView {
        state: view.state,
        effective: view.effective,
        index: view.index,
        events,
    };
    answer::json(StatusCode::OK, &view)
}

/// The evidence bundle: all that a third party needs to judge the consent without asking anyone.
#[utoipa::path(get, path = "/v1/consents/{id}/evidence", tag = "consents",
    params(("id" = Digest, Path, description = "the grant's digest"), AsOf),
    responses((status = 200, body = Object, content_type = "application/vnd.placet.evidence+json")),
    security(("token" = [])))]
async fn evidence(
    State(state): State<HttpState>,
    caller: Caller,
    Named(id): Named<Digest>,
    Params(AsOf { as_of }): Params<AsOf>,
) -> Result<Response, ApiError> {
    let found = state.ledger.evidence(&caller.onlooker()?, &id, as_of).await?;
    Ok(answer::private(
        StatusCode::OK,
        EVIDENCE,
        found.ok_or_else(ApiError::not_found)?,
    ))
}

/// The evidence bundle with decisions of the brand's verifiers, and what proves when each was made and by what.
#[utoipa::path(post, path = "/v1/consents/{id}/evidence", tag = "consents", request_body = PostEvidence,
    params(("id" = Digest, Path, description = "the grant's digest")),
    responses((status = 200, body = Object, content_type = "application/vnd.placet.evidence+json")),
    security(("token" = [])))]
async fn evidence_of_decisions(
    State(state): State<HttpState>,
    Brand(brand): Brand,
    Named(id): Named<Digest>,
    Raw(bytes): Raw<MAX_DECISIONS_BODY_BYTES>,
) -> Result<Response, ApiError> {
    let PostEvidence { decisions } = decode_up_to(&bytes, MAX_DECISIONS_BODY_BYTES)?;
    if !(1..=MAX_POSTED_DECISIONS).contains(&decisions.len()) {
        let detail = format!("one call is about 1 to {MAX_POSTED_DECISIONS} decisions");
        return Err(ApiError::at("malformed", detail, "/decisions"));
    }
    let found = state.ledger.evidence_of_decisions(&brand, &id, decisions).await?;
    Ok(answer::private(
        StatusCode::OK,
        EVIDENCE,
        found.ok_or_else(ApiError::not_found)?,
    ))
}

impl From<EvidenceError> for ApiError {
    fn from(error: EvidenceError) -> Self {
        match error {
            EvidenceError::Decision { at, why } => Self::at("bad_decision", why, format!("/decisions/{at}")),
            EvidenceError::Store(error) => error.into(),
        }
    }
}

fn summary(consent: ConsentSummary) -> api::ConsentSummary {
    api::ConsentSummary {
        consent: consent.consent,
        index: consent.index,
        request: consent.request,
        subject: consent.subject,
        controller: consent.controller,
        given_at: consent.given_at,
        valid_until: consent.valid_until,
        effective: consent.effective,
    }
}

fn event(event: EventView) -> api::EventView {
    let EventView {
        index,
        kind,
        digest,
        valid_from,
        findings,
    } = event;
    api::EventView {
        index,
        kind,
        digest,
        valid_from,
        findings,
    }
}
