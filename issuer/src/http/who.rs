//! Who the issuer is: its DID document, and the keys of its SD-JWT VCs.

use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use placet_kernel::jwk;
use placet_kernel::keys::PublicKey;
use placet_kernel::sign::Algorithm;
use placet_service::ApiError;
use serde_json::{Map, Value, json};

use super::HttpState;
use crate::PublicUrl;

/// Keys change seldom, and are announced before they sign.
const AN_HOUR: &str = "public, max-age=3600";

/// These are where the public URL says, so they are in no description of the interface.
pub(super) fn routes(place: &PublicUrl) -> Router<HttpState> {
    Router::new()
        .route(&place.did_document_path(), get(document))
        .route(&place.well_known_path("jwt-vc-issuer"), get(jwt_vc_issuer))
}

/// The did:web document. An issuer that is its own key has none: its DID says all.
async fn document(State(state): State<HttpState>) -> Result<Response, ApiError> {
    let keys = state.issuer.keys();
    let did = keys.did();
    if did.is_key() {
        return Err(ApiError::new(
            "not_found",
            "this issuer is its own key, and has no DID document",
        ));
    }
    let mut methods = Vec::new();
    let mut names = Vec::new();
    for (method, key) in keys.methods() {
        methods.push(json!({
            "id": method, "type": "Multikey", "controller": did, "publicKeyMultibase": key.to_multibase(),
        }));
        // The same key for those who read JWKs only; a name of its own, since a method has one type.
        let jwk_id = format!("{method}-jwk");
        methods.push(json!({
            "id": jwk_id, "type": "JsonWebKey2020", "controller": did, "publicKeyJwk": as_jwk(key, None),
        }));
        names.extend([json!(method), json!(jwk_id)]);
    }
    let document = json!({
        "@context": [
            "https://www.w3.org/ns/did/v1",
            "https://w3id.org/security/multikey/v1",
            "https://w3id.org/security/suites/jws-2020/v1",
        ],
        "id": did,
        "verificationMethod": methods,
        "assertionMethod": names,
    });
    Ok(public("application/did+ld+json", &document))
}

/// SD-JWT VC section 4: JWT VC Issuer Metadata.
async fn jwt_vc_issuer(State(state): State<HttpState>) -> Response {
    let keys = state
        .issuer
        .keys()
        .methods()
        .map(|(method, key)| as_jwk(key, Some(method.as_str())));
    let metadata = json!({
        "issuer": state.issuer.public_url().as_str(),
        "jwks": { "keys": keys.collect::<Vec<Value>>() },
    });
    public("application/json", &metadata)
}

fn public(media_type: &'static str, document: &Value) -> Response {
    let headers = [(CONTENT_TYPE, media_type), (CACHE_CONTROL, AN_HOUR)];
    (headers, document.to_string()).into_response()
}

/// A key as a JWK (RFC 7517; RFC 8037 for Ed25519).
fn as_jwk(key: &PublicKey, kid: Option<&str>) -> Value {
    let members = jwk::members(key).into_iter();
    let mut all: Map<String, Value> = members.map(|(name, value)| (name.to_owned(), value.into())).collect();
    let alg = match key.algorithm() {
        Algorithm::Ed25519 => "EdDSA",
        Algorithm::P256 => "ES256",
    };
    if let Some(kid) = kid {
        all.insert("kid".to_owned(), json!(kid));
        all.insert("alg".to_owned(), json!(alg));
        all.insert("use".to_owned(), json!("sig"));
    }
    Value::Object(all)
}
