//! What wallets send and get at the credential endpoint: JSON, or a JWE around it (OpenID4VCI section 10).
//!
//! A wallet says in its request to which key the answer is to be encrypted. Such a request is encrypted itself, to the key that
//! the metadata names: else whoever terminates TLS in between could put a key of his own there.

use axum::extract::{FromRequest as _, Request};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use placet_schemas::json;
use placet_service::jwe::{self, ALGORITHM, DecryptionKey, ENCRYPTIONS, JweError};
use placet_service::{ApiError, Raw, is_of_type, read_body};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Refusal;
use crate::Issuer;

/// Largest request: as many proofs as there can be holders.
const MAX_REQUEST_BYTES: usize = 80 * 1024;
/// Largest request that is encrypted: base64url makes four characters of three octets, and there is a header.
const MAX_SEALED_BYTES: usize = MAX_REQUEST_BYTES / 3 * 4 + 4096;
const JWT: &str = "application/jwt";
const JSON: &str = "application/json";

/// How the answer is to be encrypted (section 8.2).
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ResponseEncryption {
    /// The wallet's public key.
    #[serde(default)]
    #[schema(value_type = Object)]
    jwk: Value,
    /// How the content is encrypted.
    #[serde(default)]
    #[schema(value_type = String)]
    enc: Value,
    /// Compression, of which there is none.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    zip: Value,
}

/// In what an answer goes out. Refusals are never encrypted (section 8.3.1.2).
#[derive(Debug)]
pub(super) enum Envelope {
    /// In none.
    Open,
    /// For the holder of a key.
    Sealed {
        /// The public key.
        jwk: Value,
        /// How the content is encrypted.
        enc: String,
    },
}

impl Envelope {
    /// The one that a request asks for. `sealed` is whether the request was encrypted itself.
    pub(super) fn of(asked: Option<ResponseEncryption>, sealed: bool) -> Result<Self, Refusal> {
        let wrong = |what: &str| Refusal::new("invalid_encryption_parameters", what);
        let Some(ResponseEncryption { jwk, enc, zip }) = asked else {
            return Ok(Self::Open);
        };
        if !jwe::IS_BUILT_IN {
            return Err(wrong("this issuer does not encrypt its answers; see its metadata"));
        }
        if !sealed {
            return Err(wrong(
                "a request that names a key for the answer is encrypted itself, to the key in the issuer's metadata",
            ));
        }
        if !zip.is_null() {
            return Err(wrong("zip: nothing is compressed here"));
        }
        let enc = enc.as_str().unwrap_or_default().to_owned();
        if !ENCRYPTIONS.contains(&enc.as_str()) {
            return Err(wrong("enc is missing, or none that the issuer's metadata has"));
        }
        if jwk["alg"] != ALGORITHM {
            return Err(wrong("the jwk has no alg, or none that the issuer's metadata has"));
        }
        // Whether its point is one of the curve shows when it is used: now, before a nonce is used up and a receipt is made.
        jwe::encrypt(b"", &jwk, &enc).map_err(|error| wrong(&error.to_string()))?;
        Ok(Self::Sealed { jwk, enc })
    }

    /// An answer in it.
    pub(super) fn answer(&self, value: &impl Serialize) -> Result<Response, Refusal> {
        let body = serde_json::to_vec(value).map_err(|_| Refusal::later("an answer cannot be written"))?;
        Ok(match self {
            Self::Open => ([(CONTENT_TYPE, JSON), (CACHE_CONTROL, "no-store")], body).into_response(),
            Self::Sealed { jwk, enc } => {
                let sealed = jwe::encrypt(&body, jwk, enc);
                let sealed =
                    sealed.map_err(|error| Refusal::new("invalid_encryption_parameters", error.to_string()))?;
                ([(CONTENT_TYPE, JWT), (CACHE_CONTROL, "no-store")], sealed).into_response()
            }
        })
    }
}

/// What the metadata says of it: both ways, never demanded.
pub(super) fn metadata(document: &mut Value, key: Option<&DecryptionKey>) {
    let Some(key) = key else {
        return;
    };
    document["credential_request_encryption"] = json!({
        "jwks": { "keys": [key.public()] },
        "enc_values_supported": ENCRYPTIONS,
        "encryption_required": false,
    });
    document["credential_response_encryption"] = json!({
        "alg_values_supported": [ALGORITHM],
        "enc_values_supported": ENCRYPTIONS,
        "encryption_required": false,
    });
}

/// A request, and whether it was encrypted.
pub(super) async fn read<T: DeserializeOwned>(
    issuer: &Issuer,
    request: Request,
    error: &'static str,
) -> Result<(T, bool), Refusal> {
    if !is_of_type(request.headers(), JWT) {
        return Ok((read_open(request, error).await?, false));
    }
    let key = issuer.decryption_key();
    let key = key.ok_or_else(|| sealed_wrongly(&JweError::NotBuilt, error))?;
    let body = read_body(request.into_body(), MAX_SEALED_BYTES).await;
    let body = body.map_err(|refused| refused_body(&refused, error))?;
    let token = str::from_utf8(&body).map_err(|_| Refusal::new(error, "the body is no JWE"))?;
    let content = key.decrypt(token.trim_ascii());
    let content = content.map_err(|why| sealed_wrongly(&why, error))?;
    Ok((parse(&content, error)?, true))
}

/// A JSON body, as strict as everywhere: no member twice, no depth, no size beyond bounds.
pub(super) async fn read_open<T: DeserializeOwned>(request: Request, error: &'static str) -> Result<T, Refusal> {
    let body = Raw::<MAX_REQUEST_BYTES>::from_request(request, &()).await;
    let Raw(bytes) = body.map_err(|refused| refused_body(&refused, error))?;
    parse(&bytes, error)
}

fn parse<T: DeserializeOwned>(bytes: &[u8], error: &'static str) -> Result<T, Refusal> {
    let document = json::parse(bytes, MAX_REQUEST_BYTES).map_err(|fault| Refusal::new(error, fault.to_string()))?;
    json::decode(document.root()).map_err(|fault| Refusal::new(error, fault.to_string()))
}

fn refused_body(refused: &ApiError, error: &'static str) -> Refusal {
    Refusal::new(error, refused.detail().to_owned()).with(refused.status())
}

/// The key lives as long as the issuer runs: a wallet with older metadata takes it anew.
fn sealed_wrongly(why: &JweError, error: &'static str) -> Refusal {
    let hint = match why {
        JweError::Decryption => ": take the key anew from the issuer's metadata",
        _ => "",
    };
    Refusal::new(error, format!("{why}{hint}"))
}
