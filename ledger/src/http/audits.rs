//! `/v1/audit/openings`, for an auditor, and `/v1/audits`, for the brand that was audited.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use placet_schemas::api::{AuditPage, OpeningsAnswer};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::{Audit, Brand};
use super::body::Params;
use super::page::Paging;
use super::problem::ApiError;
use super::{HttpState, answer, feed};

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(openings)).routes(routes!(uses))
}

/// The audited brand's records of the token's period, in log order, each with what opens it. The use is written down first,
/// and the brand sees it.
#[utoipa::path(get, path = "/v1/audit/openings", tag = "audits", params(Paging),
    responses((status = 200, body = OpeningsAnswer)), security(("token" = [])))]
async fn openings(
    State(state): State<HttpState>,
    Audit(auditor): Audit,
    Params(paging): Params<Paging>,
) -> Result<Response, ApiError> {
    let found = state.ledger.openings(&auditor, paging.after, paging.limit()).await?;
    let items = found.page.items.into_iter().map(|item| feed::item(item, None));
    let answer = OpeningsAnswer {
        controller: auditor.controller,
        audit: auditor.scope,
        items: items.collect::<Result<_, _>>()?,
        checkpoint: found.checkpoint,
        next: found.page.next,
    };
    answer::json(StatusCode::OK, &answer)
}

/// What auditors have looked at, for the brand whose records they were.
#[utoipa::path(get, path = "/v1/audits", tag = "audits", params(Paging),
    responses((status = 200, body = AuditPage)), security(("token" = [])))]
async fn uses(
    State(state): State<HttpState>,
    Brand(did): Brand,
    Params(paging): Params<Paging>,
) -> Result<Response, ApiError> {
    let page = state.ledger.audit_uses(&did, paging.after, paging.limit()).await?;
    answer::json(
        StatusCode::OK,
        &AuditPage {
            uses: page.items,
            next: page.next,
        },
    )
}
