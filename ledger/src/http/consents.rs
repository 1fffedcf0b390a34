//! `/v1/consents`: a person's own consents, or those that people gave to a brand.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use placet_schemas::api;
use placet_schemas::id::Digest;
use placet_schemas::time::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::body::{Named, Params};
use super::page::Paging;
use super::problem::ApiError;
use super::{HttpState, answer};
use crate::{ConsentSummary, EventView};

/// The media type of an evidence bundle.
const EVIDENCE: &str = "application/vnd.placet.evidence+json";

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(evidence))
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
