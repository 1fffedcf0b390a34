//! `/v1/challenges` and `/v1/sessions`: a person shows that she holds the key of her pairwise DID, and gets a token for
//! five minutes. Nothing of it is stored: a restart ends all sessions.

use std::sync::{Mutex, PoisonError};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use placet_kernel::arrival::TIME_TOLERANCE_SECONDS;
use placet_kernel::jws;
use placet_kernel::keys::PublicKey;
use placet_schemas::api::{Challenge, Nothing, OpenSession, SESSION_TYP, Session, SessionClaims};
use placet_schemas::id::{Did, DidUrl, Origin};
use placet_schemas::json;
use placet_schemas::time::Timestamp;
use serde::de::DeserializeOwned;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Json;
use super::problem::ApiError;
use super::{HttpState, answer};
use placet_service::Expiring;
use placet_service::random;

/// Life of a challenge, in seconds.
pub const CHALLENGE_SECONDS: u64 = 60;
/// Life of a session, in seconds.
pub const SESSION_SECONDS: u64 = 300;
/// Most challenges that wait to be signed. Whoever makes more than these shortens the life of all; but anyone is given one,
/// since a limit on challenges would be a way to keep people from reading their own consents.
const MAX_CHALLENGES: usize = 64 * 1024;
/// Most sessions at once.
const MAX_SESSIONS: usize = 64 * 1024;
/// Largest payload of a token, in bytes.
const MAX_CLAIMS_BYTES: usize = 2048;

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(challenge)).routes(routes!(open))
}

/// A nonce to sign, good for one use within 60 seconds.
#[utoipa::path(post, path = "/v1/challenges", tag = "sessions", request_body = Nothing,
    responses((status = 201, body = Challenge)))]
async fn challenge(State(state): State<HttpState>, _: Json<Nothing>) -> Result<Response, ApiError> {
    answer::json(StatusCode::CREATED, &state.sessions.challenge(state.ledger.now())?)
}

/// A session for the DID whose key signed the challenge.
#[utoipa::path(post, path = "/v1/sessions", tag = "sessions", request_body = OpenSession,
    responses((status = 201, body = Session)))]
async fn open(State(state): State<HttpState>, Json(body): Json<OpenSession>) -> Result<Response, ApiError> {
    let key = |method: &DidUrl| PublicKey::from_did(&method.did_str().parse().ok()?).ok();
    let (method, claims) = read_claims::<SessionClaims>(&body.jws, SESSION_TYP, key)?;
    state.check_claims(&claims.aud, claims.iat, &claims.nonce)?;
    let did: Did = method
        .did_str()
        .parse()
        .map_err(|_| bad_jws("the kid is no method of a DID"))?;
    answer::json(StatusCode::CREATED, &state.sessions.open(did, state.ledger.now())?)
}

/// The claims of a token that a known key signed.
pub(super) fn read_claims<C: DeserializeOwned>(
    compact: &str,
    typ: &str,
    keys: impl Fn(&DidUrl) -> Option<PublicKey>,
) -> Result<(DidUrl, C), ApiError> {
    let (method, payload) = jws::verify(compact, typ, keys).map_err(|error| bad_jws(&error.to_string()))?;
    let claims = json::parse(&payload, MAX_CLAIMS_BYTES).and_then(|document| json::decode(document.root()));
    Ok((
        method,
        claims.map_err(|fault| bad_jws(&format!("the payload: {fault}")))?,
    ))
}

pub(super) fn bad_jws(detail: &str) -> ApiError {
    ApiError::new("bad_jws", detail)
}

impl HttpState {
    /// Whether a signed challenge was made for this log, about now, and with a nonce of ours, which is used up by this.
    pub(super) fn check_claims(&self, aud: &Origin, iat: u64, nonce: &str) -> Result<(), ApiError> {
        // Signed for another log, it may come from that log's operator.
        if *aud != self.ledger.identity().origin {
            return Err(bad_jws("aud is another log"));
        }
        if iat.abs_diff(self.ledger.now().unix()) > TIME_TOLERANCE_SECONDS {
            return Err(bad_jws("iat is far from the ledger's clock"));
        }
        if !self.sessions.redeem(nonce, self.ledger.now()) {
            return Err(ApiError::new(
                "challenge_unknown",
                "the nonce is unknown, used or expired",
            ));
        }
        Ok(())
    }
}

/// Challenges and sessions, in memory.
#[derive(Debug)]
pub(super) struct Sessions {
    challenges: Mutex<Expiring<()>>,
    sessions: Mutex<Expiring<Did>>,
}

impl Sessions {
    pub(super) fn new() -> Self {
        Self {
            challenges: Mutex::new(Expiring::new(MAX_CHALLENGES)),
            sessions: Mutex::new(Expiring::new(MAX_SESSIONS)),
        }
    }

    /// Whose session it is.
    pub(super) fn find(&self, token: &str, now: Timestamp) -> Option<Did> {
        self.sessions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(token, now)
    }

    fn challenge(&self, now: Timestamp) -> Result<Challenge, ApiError> {
        let nonce = secret()?;
        let expires_at = now.plus_seconds(CHALLENGE_SECONDS);
        let mut challenges = self.challenges.lock().unwrap_or_else(PoisonError::into_inner);
        challenges.insert(&nonce, (), expires_at, now);
        Ok(Challenge { nonce, expires_at })
    }

    fn redeem(&self, nonce: &str, now: Timestamp) -> bool {
        self.challenges
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(nonce, now)
            .is_some()
    }

    fn open(&self, did: Did, now: Timestamp) -> Result<Session, ApiError> {
        let token = secret()?;
        let expires_at = now.plus_seconds(SESSION_SECONDS);
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.insert(&token, did.clone(), expires_at, now);
        Ok(Session { token, did, expires_at })
    }
}

/// 256 random bits in base64url.
fn secret() -> Result<String, ApiError> {
    Ok(Base64UrlUnpadded::encode_string(&random::bytes::<32>()?))
}
