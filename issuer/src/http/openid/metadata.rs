//! What the issuer offers, and where: Credential Issuer Metadata (OpenID4VCI section 12.2) and OAuth 2.0 Authorization Server
//! Metadata (RFC 8414).

use axum::Router;
use axum::extract::State;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use placet_kernel::jws;
use placet_schemas::credential::Suite;
use placet_schemas::credential::sd_jwt::RECEIPT_VCT;
use placet_schemas::json as strict;
use placet_schemas::record::Context;
use serde_json::{Value, json};

use super::super::HttpState;
use super::{CREDENTIAL, DEFERRED, NONCE, NOTIFICATION, Refusal, TOKEN, encrypted};
use crate::error::StoreError;
use crate::receipts::Securing;
use crate::slots::{Format, MAX_HOLDERS};
use crate::{Issuer, PublicUrl};

/// The configurations of receipts. The first of them, one of each format, are what an offer names.
pub(super) const CONFIGURATIONS: [(&str, Securing); 4] = [
    ("ConsentReceiptCredential_ldp_vc", Securing::EddsaJcs),
    ("ConsentReceiptCredential_dc+sd-jwt", Securing::SdJwt),
    ("ConsentReceiptCredential_ldp_vc_eddsa-rdfc-2022", Securing::EddsaRdfc),
    ("ConsentReceiptCredential_ldp_vc_proof-set", Securing::ProofSet),
];
/// The `typ` of signed metadata (section 12.2.3).
const SIGNED_TYP: &str = "openidvci-issuer-metadata+jwt";
const JWT: &str = "application/jwt";
const JSON: &str = "application/json";
/// How long metadata may be kept: what it says changes with releases.
const A_MINUTE: &str = "public, max-age=60";
/// Algorithms by which wallets show that they hold a key: RFC 9864 has a name for what RFC 8037 calls EdDSA.
const PROOF_ALGS: [&str; 3] = ["ES256", "Ed25519", "EdDSA"];

/// How the issuer is shown to people.
#[derive(Debug, Clone)]
pub struct Display {
    /// Its name.
    pub name: String,
    /// Where its logo is, if it has one.
    pub logo: Option<String>,
}

pub(super) fn routes(place: &PublicUrl) -> Router<HttpState> {
    Router::new()
        .route(&place.well_known_path("openid-credential-issuer"), get(issuer))
        .route(&place.well_known_path("oauth-authorization-server"), get(server))
}

/// The metadata as JSON, or signed for whoever accepts that alone.
async fn issuer(State(state): State<HttpState>, headers: HeaderMap) -> Result<Response, Refusal> {
    let document = document(&state.issuer, &state.display);
    if !wants_jwt(headers.get(ACCEPT)) {
        return Ok(public(JSON, document.to_string()));
    }
    Ok(public(JWT, signed(&state.issuer, document)?))
}

async fn server(State(state): State<HttpState>) -> Response {
    let place = state.issuer.public_url();
    let document = json!({
        "issuer": place.as_str(),
        "token_endpoint": place.join(TOKEN),
        "token_endpoint_auth_methods_supported": ["none"],
        "grant_types_supported": ["urn:ietf:params:oauth:grant-type:pre-authorized_code"],
        "pre-authorized_grant_anonymous_access_supported": true,
        // RFC 8414 section 2 demands the member; there is no authorization endpoint.
        "response_types_supported": [],
    });
    public(JSON, document.to_string())
}

fn document(issuer: &Issuer, display: &Display) -> Value {
    let place = issuer.public_url();
    let mut shown = json!({ "name": display.name, "locale": "en" });
    if let Some(logo) = &display.logo {
        shown["logo"] = json!({ "uri": logo, "alt_text": display.name });
    }
    let mut document = json!({
        "credential_issuer": place.as_str(),
        "credential_endpoint": place.join(CREDENTIAL),
        "deferred_credential_endpoint": place.join(DEFERRED),
        "nonce_endpoint": place.join(NONCE),
        "notification_endpoint": place.join(NOTIFICATION),
        "batch_credential_issuance": { "batch_size": MAX_HOLDERS },
        "display": [shown.clone()],
        "credential_configurations_supported": Value::from_iter(CONFIGURATIONS.map(|(id, securing)| {
            let configuration = match securing.format() {
                Format::LdpVc => ldp_vc(&shown, securing.suites()),
                Format::SdJwt => sd_jwt(&shown),
            };
            (id, configuration)
        })),
    });
    encrypted::metadata(&mut document, issuer.decryption_key());
    document
}

/// Which receipts a configuration is for.
pub(super) fn securing(configuration: &str) -> Option<Securing> {
    let mut all = CONFIGURATIONS.into_iter();
    all.find_map(|(id, securing)| (id == configuration).then_some(securing))
}

fn ldp_vc(shown: &Value, suites: &[Suite]) -> Value {
    json!({
        "format": "ldp_vc",
        "cryptographic_binding_methods_supported": ["did:key", "jwk"],
        "credential_signing_alg_values_supported": suites,
        "proof_types_supported": { "jwt": { "proof_signing_alg_values_supported": PROOF_ALGS } },
        "credential_definition": {
            "@context": Context,
            "type": ["VerifiableCredential", "ConsentReceiptCredential"],
        },
        "credential_metadata": {
            "display": receipt_display(shown),
            "claims": [
                claim(&["credentialSubject", "controllers"], "Who may use the data"),
                claim(&["credentialSubject", "scope"], "What was agreed to"),
                claim(&["validUntil"], "Until when"),
                claim(&["credentialSubject", "notice"], "The notice that was shown"),
                claim(&["credentialSubject", "consent"], "The consent in the log"),
            ],
        },
    })
}

fn sd_jwt(shown: &Value) -> Value {
    json!({
        "format": "dc+sd-jwt",
        "vct": RECEIPT_VCT,
        "cryptographic_binding_methods_supported": ["jwk", "did:key"],
        "credential_signing_alg_values_supported": ["ES256"],
        "proof_types_supported": { "jwt": { "proof_signing_alg_values_supported": PROOF_ALGS } },
        "credential_metadata": {
            "display": receipt_display(shown),
            "claims": [
                claim(&["controllers"], "Who may use the data"),
                claim(&["scope"], "What was agreed to"),
                claim(&["exp"], "Until when"),
                claim(&["notice"], "The notice that was shown"),
                claim(&["consent"], "The consent in the log"),
            ],
        },
    })
}

fn receipt_display(shown: &Value) -> Value {
    let mut display = json!({
        "name": "Consent receipt",
        "locale": "en",
        "description": "What you agreed to, with whom and until when, and the proof that it is recorded.",
        "background_color": "#1f3a5f",
        "text_color": "#ffffff",
    });
    if let Some(logo) = shown.get("logo") {
        display["logo"] = logo.clone();
    }
    json!([display])
}

fn claim(path: &[&str], name: &str) -> Value {
    json!({ "path": path, "display": [{ "name": name, "locale": "en" }] })
}

/// Section 12.2.3: the metadata as claims, signed by a key that the issuer's DID document or JWT VC Issuer Metadata names.
///
/// Without the optional `iss`: `sub` says whose they are, and wallets refuse a `kid` that is not of the DID in `iss`, which is
/// no DID here.
fn signed(issuer: &Issuer, mut document: Value) -> Result<String, StoreError> {
    let now = issuer.now();
    document["sub"] = json!(issuer.public_url().as_str());
    document["iat"] = json!(now.unix());
    let key = issuer.keys().p256();
    Ok(jws::sign(&strict::to_jcs(&document)?, SIGNED_TYP, key.method(), key)?)
}

/// Whether a caller names the signed form, and JSON not before it.
fn wants_jwt(accept: Option<&HeaderValue>) -> bool {
    let accept = accept.and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let kinds = accept
        .split(',')
        .map(|kind| kind.split(';').next().unwrap_or_default().trim());
    let first = kinds.into_iter().find(|kind| matches!(*kind, JWT | JSON | "*/*"));
    first == Some(JWT)
}

fn public(media_type: &'static str, document: String) -> Response {
    ([(CONTENT_TYPE, media_type), (CACHE_CONTROL, A_MINUTE)], document).into_response()
}
