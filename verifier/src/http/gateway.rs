//! Decisions for gateways: nginx's `auth_request` and Envoy's `ext_authz` over HTTP.
//!
//! Neither can send a body of its own, so the question is in headers, which the gateway's configuration sets; what a client
//! sends under these names must be overwritten there. 200 lets the call through, 403 does not; the reasons are in headers,
//! and on a deny in the body too. Working configurations: `docs/examples/nginx.conf`, `docs/examples/envoy.yaml`.
//!
//! | header | is | default |
//! |---|---|---|
//! | `x-placet-customer` | the brand's own reference | one of the two |
//! | `x-placet-person` | the person's pairwise DID | |
//! | `x-placet-purpose` | the brand's purpose | none |
//! | `x-placet-categories` | DPV-PD terms, joined by commas | none |
//! | `x-placet-action` | a DPV processing operation | `dpv:Use` |
//! | `x-placet-delivery` | `copy` or `in-vault` | `copy` |
//! | `x-placet-third-party` | a recipient | none |
//!
//! The answer has `x-placet-decision`, `x-placet-reasons` (codes), `x-placet-why` (the first reason in words),
//! `x-placet-evaluation` and `x-placet-signed`.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use placet_schemas::authzen::{self, EvaluationAnswer};
use placet_schemas::json;
use serde_json::{Map, Value};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::authzen::decide;
use super::{HttpState, Service};
use placet_service::ApiError;

/// The brand's own reference of the customer.
pub const CUSTOMER_HEADER: HeaderName = HeaderName::from_static("x-placet-customer");
/// The person's pairwise DID.
const PERSON_HEADER: HeaderName = HeaderName::from_static("x-placet-person");
/// The brand's purpose.
pub const PURPOSE_HEADER: HeaderName = HeaderName::from_static("x-placet-purpose");
/// The categories of personal data, joined by commas.
pub const CATEGORIES_HEADER: HeaderName = HeaderName::from_static("x-placet-categories");
const ACTION_HEADER: HeaderName = HeaderName::from_static("x-placet-action");
const DELIVERY_HEADER: HeaderName = HeaderName::from_static("x-placet-delivery");
const THIRD_PARTY_HEADER: HeaderName = HeaderName::from_static("x-placet-third-party");
/// `permit` or `deny`.
pub const DECISION_HEADER: HeaderName = HeaderName::from_static("x-placet-decision");
/// The codes, joined by commas.
pub const REASONS_HEADER: HeaderName = HeaderName::from_static("x-placet-reasons");
/// What the first reason means and what to do: nginx keeps no body of an answer to show it.
const WHY_HEADER: HeaderName = HeaderName::from_static("x-placet-why");
const EVALUATION_HEADER: HeaderName = HeaderName::from_static("x-placet-evaluation");
const SIGNED_HEADER: HeaderName = HeaderName::from_static("x-placet-signed");

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    // Envoy appends the path of the call that it asks about, and keeps its method.
    let envoy = axum::routing::any(check);
    OpenApiRouter::new()
        .routes(routes!(auth_request))
        .route("/access/v1/ext_authz", envoy.clone())
        // A wildcard takes no empty rest, and the most usual path of all is `/`.
        .route("/access/v1/ext_authz/", envoy.clone())
        .route("/access/v1/ext_authz/{*rest}", envoy)
}

/// nginx `auth_request`: 200 or 403.
#[utoipa::path(get, path = "/access/v1/auth_request", operation_id = "evaluate_headers", tag = "access",
    params(
        ("x-placet-customer" = Option<String>, Header, description = "the brand's own reference"),
        ("x-placet-person" = Option<String>, Header, description = "the person's pairwise DID"),
        ("x-placet-purpose" = Option<String>, Header, description = "the brand's purpose"),
        ("x-placet-categories" = Option<String>, Header, description = "DPV-PD terms, joined by commas"),
        ("x-placet-action" = Option<String>, Header, description = "a DPV operation; dpv:Use when absent"),
        ("x-placet-delivery" = Option<String>, Header, description = "copy or in-vault; copy when absent"),
        ("x-placet-third-party" = Option<String>, Header, description = "a recipient"),
    ),
    responses((status = 200, description = "permit"), (status = 403, description = "deny", body = EvaluationAnswer)),
    security(("token" = [])))]
async fn auth_request(state: State<HttpState>, service: Service, headers: HeaderMap) -> Result<Response, ApiError> {
    check(state, service, headers).await
}

async fn check(State(state): State<HttpState>, _: Service, headers: HeaderMap) -> Result<Response, ApiError> {
    let body = question(&headers, state.verifier.controller().as_str())?;
    let evaluation = authzen::evaluation(&body)?;
    let answer = decide(&state, &evaluation).await?;
    let codes: Vec<&str> = answer
        .context
        .reasons
        .iter()
        .map(|reason| reason.code.as_str())
        .collect();
    let why = answer
        .context
        .reasons
        .first()
        .map_or_else(String::new, |reason| reason.why.clone());
    let (status, decision) = match answer.decision {
        true => (StatusCode::OK, "permit"),
        false => (StatusCode::FORBIDDEN, "deny"),
    };
    let texts = [
        (DECISION_HEADER, decision.to_owned()),
        (REASONS_HEADER, codes.join(",")),
        (WHY_HEADER, why),
        (EVALUATION_HEADER, answer.context.evaluation_id.to_string()),
        (SIGNED_HEADER, answer.context.signed.clone()),
    ];
    let mut response = match answer.decision {
        true => (status, Body::empty()).into_response(),
        false => {
            let body = json::to_jcs(&answer).map_err(crate::error::StoreError::from)?;
            (status, [(CONTENT_TYPE, "application/json")], body).into_response()
        }
    };
    for (name, text) in texts {
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

/// The question that the headers ask, as an AuthZEN request: the same reader reads it.
fn question(headers: &HeaderMap, controller: &str) -> Result<Vec<u8>, ApiError> {
    let one = |name: &HeaderName| {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            // Which of two counts would be a matter of taste, also of every proxy on the way.
            (Some(_), Some(_)) => Err(ApiError::new("parameter", format!("the header {name} is there twice"))),
            (Some(value), None) => match value.to_str() {
                Ok("") => Ok(None),
                Ok(text) => Ok(Some(text.to_owned())),
                Err(_) => Err(ApiError::new(
                    "parameter",
                    format!("the header {name} is no visible ASCII"),
                )),
            },
        }
    };
    let mut action = Map::new();
    action.insert(
        "delivery".into(),
        one(&DELIVERY_HEADER)?.unwrap_or_else(|| "copy".into()).into(),
    );
    if let Some(party) = one(&THIRD_PARTY_HEADER)? {
        action.insert("thirdParty".into(), party.into());
    }
    let (kind, id) = match (one(&CUSTOMER_HEADER)?, one(&PERSON_HEADER)?) {
        (Some(customer), None) => ("customer", customer),
        (None, Some(person)) => ("personal_data", person),
        _ => {
            let detail = "say whose data: x-placet-customer or x-placet-person, one of them";
            return Err(ApiError::new("parameter", detail));
        }
    };
    let categories: Vec<Value> = one(&CATEGORIES_HEADER)?
        .iter()
        .flat_map(|list| list.split(','))
        .map(|term| term.trim().into())
        .collect();
    let mut context = Map::new();
    if let Some(purpose) = one(&PURPOSE_HEADER)? {
        context.insert("purpose".into(), purpose.into());
    }
    let body = serde_json::json!({
        "subject": {"type": "controller", "id": controller},
        "action": {"name": one(&ACTION_HEADER)?.unwrap_or_else(|| "dpv:Use".into()), "properties": action},
        "resource": {"type": kind, "id": id, "properties": {"categories": categories}},
        "context": context,
    });
    Ok(json::to_jcs(&body).map_err(crate::error::StoreError::from)?)
}
