//! `/v1/controllers`: which brands are known, by which keys.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use placet_kernel::keys::PublicKey;
use placet_schemas::api::{
    ControllerPage, ControllerSummary, REGISTRATION_TYP, RecordAnswer, RegisterController, RegistrationClaims,
};
use placet_schemas::json;
use placet_schemas::record::keys::{DidDocument, KeySource};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Operator;
use super::body::{MAX_BODY_BYTES, Params, Raw};
use super::page::Paging;
use super::problem::ApiError;
use super::records::recorded;
use super::sessions::{bad_jws, read_claims};
use super::{HttpState, answer};
use crate::outgoing::document::{self, DocumentError, ReadDocument};
use crate::{ControllerRow, Registration};

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(list, register))
}

/// The registered brands.
#[utoipa::path(get, path = "/v1/controllers", tag = "controllers", params(Paging),
    responses((status = 200, body = ControllerPage)))]
async fn list(State(state): State<HttpState>, Params(paging): Params<Paging>) -> Result<Response, ApiError> {
    let page = state.ledger.controllers(paging.after, paging.limit()).await?;
    let controllers = page.items.into_iter().map(summary).collect();
    answer::json(
        StatusCode::OK,
        &ControllerPage {
            controllers,
            next: page.next,
        },
    )
}

/// Registers a brand, or its new keys: logs a ControllerKeys record with what of its DID document may sign.
#[utoipa::path(post, path = "/v1/controllers", tag = "controllers", request_body = RegisterController,
    responses((status = 201, body = RecordAnswer)), security(("token" = [])))]
async fn register(
    State(state): State<HttpState>,
    Operator: Operator,
    Raw(bytes): Raw<MAX_BODY_BYTES>,
) -> Result<Response, ApiError> {
    let body = json::parse(&bytes, MAX_BODY_BYTES)?;
    let order: RegisterController = json::decode(body.root())?;
    let (source, read) = match body.root().get("document") {
        Some(document) => (
            KeySource::Supplied,
            document::read(document, &order.did).map_err(supplied)?,
        ),
        None => (KeySource::Fetched, fetch(&state, &order).await?),
    };
    check_challenge(&state, &order, &read.document)?;
    let registration = Registration {
        did: order.did,
        legal_name: order.legal_name,
        source,
        document: read.document,
        document_digest: read.digest,
    };
    Ok(recorded(state.ledger.register_controller(registration).await?))
}

/// A did:key is its own document; that of a did:web is fetched from where the method says it is.
async fn fetch(state: &HttpState, order: &RegisterController) -> Result<ReadDocument, ApiError> {
    if order.did.is_key() {
        return document::of_did_key(&order.did).map_err(fetched);
    }
    let bytes = state.outgoing.did_web(&order.did).await;
    let bytes = bytes.map_err(|error| ApiError::new("document_unreachable", error.to_string()))?;
    document::parse(&bytes, &order.did).map_err(fetched)
}

/// Whoever registers a DID holds one of its keys: else anyone could have the log say what a brand's keys are.
fn check_challenge(state: &HttpState, order: &RegisterController, document: &DidDocument) -> Result<(), ApiError> {
    let keys = |method: &_| PublicKey::from_multibase(document.key(method)?).ok();
    let (_, claims) = read_claims::<RegistrationClaims>(&order.challenge, REGISTRATION_TYP, keys)?;
    if claims.sub != order.did {
        return Err(bad_jws("sub is another DID"));
    }
    state.check_claims(&claims.aud, claims.iat, &claims.nonce)
}

fn fetched(error: DocumentError) -> ApiError {
    ApiError::new("document_malformed", error.to_string())
}

fn supplied(error: DocumentError) -> ApiError {
    match error {
        DocumentError::Json(fault) => ApiError::from(fault).under("/document"),
        other => ApiError::at("document_malformed", other.to_string(), "/document"),
    }
}

fn summary(row: ControllerRow) -> ControllerSummary {
    ControllerSummary {
        did: row.did,
        legal_name: row.legal_name,
        keys_index: row.keys_index,
        source: row.keys.source,
    }
}
