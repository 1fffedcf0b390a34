//! A person asks for an offer; her wallet's link says the rest.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use placet_schemas::api::issuer::{AskOffer, OfferAnswer};
use placet_service::{ApiError, Json};
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::HttpState;
use super::metadata::{self, CONFIGURATIONS};
use crate::offers::{Offer, OfferError, TX_CODE_DIGITS};
use crate::receipts::IssueError;
use crate::slots::Format;

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(ask))
}

/// An offer of a receipt, for whoever signs with the key that gave the consent: a link for any wallet, and a code that goes
/// another way.
#[utoipa::path(post, path = "/v1/offers", tag = "receipts", request_body = AskOffer,
    responses((status = 201, body = OfferAnswer)))]
async fn ask(State(state): State<HttpState>, Json(body): Json<AskOffer>) -> Result<Response, ApiError> {
    let named = configurations(body.configurations)?;
    let offer = match state.issuer.offer(&body.jws).await {
        Ok(offer) => offer,
        Err(OfferError::Issue(IssueError::Store(error))) => return Err(error.into()),
        Err(error) => return Err(ApiError::new(error.code(), error.to_string())),
    };
    let answer = OfferAnswer {
        link: link(state.issuer.public_url().as_str(), &named, &offer),
        tx_code: offer.tx_code.to_string(),
        expires_at: offer.expires_at,
    };
    placet_service::json(StatusCode::CREATED, &answer)
}

/// What the offer names: a wallet may take all of it, so each format once, unless somebody asks for something else.
fn configurations(asked: Option<Vec<String>>) -> Result<Vec<String>, ApiError> {
    let Some(asked) = asked else {
        let offered = CONFIGURATIONS.iter().take(Format::ALL.len());
        return Ok(offered.map(|(id, _)| (*id).to_owned()).collect());
    };
    let known = |id: &String| metadata::securing(id).is_some();
    if asked.is_empty() || asked.len() > CONFIGURATIONS.len() || !asked.iter().all(known) {
        let why = "configurations are ids of the issuer's metadata, credential_configurations_supported";
        return Err(ApiError::new("malformed", why).at("/configurations"));
    }
    Ok(asked)
}

/// OpenID4VCI section 4.1.2, by value.
fn link(issuer: &str, configurations: &[String], offer: &Offer) -> String {
    let offer = json!({
        "credential_issuer": issuer,
        "credential_configuration_ids": configurations,
        "grants": {
            "urn:ietf:params:oauth:grant-type:pre-authorized_code": {
                "pre-authorized_code": offer.code.as_str(),
                "tx_code": {
                    "input_mode": "numeric",
                    "length": TX_CODE_DIGITS,
                    "description": "the code that is shown where you asked for the receipt",
                },
            },
        },
    });
    format!(
        "openid-credential-offer://?credential_offer={}",
        in_query(&offer.to_string())
    )
}

/// Percent-encoding of all but the unreserved characters (RFC 3986 section 2.3).
fn in_query(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
