//! OpenID for Verifiable Presentations 1.0: what the brand's services ask for, and what wallets read and answer.
//!
//! Wallets need no token: the name in the address is a secret that only they and the brand have.

use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use placet_kernel::sd_jwt::MAX_SD_JWT_BYTES;
use placet_schemas::api::{AskPresentation, PresentationAnswer, PresentationAsked, ResponseMode};
use placet_schemas::json::{self, Node};
use placet_service::{ApiError, BODY_TIMEOUT, Raw};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{HttpState, Service};
use crate::presenting::{Asker, CREDENTIAL_ID, PresentationError};

/// Where wallets read requests and answer them.
pub(super) const WALLETS: &str = "/openid/presentations/{id}";
const FORM: &str = "application/x-www-form-urlencoded";
/// Largest question.
const MAX_ASKED_BYTES: usize = 16 * 1024;
/// Largest answer of a wallet: a presentation, in which each octet may be percent-encoded.
const MAX_ANSWER_BYTES: usize = 3 * MAX_SD_JWT_BYTES + 4096;
/// Longest address for a browser to go on.
const MAX_URI_BYTES: usize = 2048;
/// Longest name of a request.
const MAX_ID_BYTES: usize = 64;

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(ask))
        .routes(routes!(look))
        .routes(routes!(request, respond))
}

impl From<PresentationError> for ApiError {
    fn from(error: PresentationError) -> Self {
        match error {
            PresentationError::Store(error) => error.into(),
            error => Self::new(error.code(), error.to_string()),
        }
    }
}

/// Ask a person to show the receipt of her consent: gives a link for her wallet.
#[utoipa::path(post, path = "/v1/presentations", operation_id = "ask_presentation", tag = "presentations",
    request_body = AskPresentation, responses((status = 201, body = PresentationAsked)), security(("token" = [])))]
async fn ask(
    State(state): State<HttpState>,
    _: Service,
    Raw(body): Raw<MAX_ASKED_BYTES>,
) -> Result<Response, ApiError> {
    let asker = asker(&state)?;
    let asked: AskPresentation = json::decode(json::parse(&body, MAX_ASKED_BYTES)?.root())?;
    if let Some(uri) = &asked.redirect_uri
        && (!uri.as_str().starts_with("https://") || uri.as_str().contains('#') || uri.as_str().len() > MAX_URI_BYTES)
    {
        let why = format!("redirectUri is https, without a fragment, of at most {MAX_URI_BYTES} bytes");
        return Err(ApiError::new("malformed", why).at("/redirectUri"));
    }
    placet_service::json(StatusCode::CREATED, &state.verifier.ask_for_receipt(&asker, asked)?)
}

/// What became of it.
#[utoipa::path(get, path = "/v1/presentations/{id}", operation_id = "presentation", tag = "presentations",
    params(("id" = String, Path, description = "its name"),
        ("response_code" = Option<String>, Query, description = "what the browser of whoever answered brought, if it was asked with a redirectUri")),
    responses((status = 200, body = PresentationAnswer)), security(("token" = [])))]
async fn look(
    State(state): State<HttpState>,
    _: Service,
    Path(id): Path<String>,
    Query(came): Query<Came>,
) -> Result<Response, ApiError> {
    let answer = state.verifier.presented(name(&id)?, came.response_code.as_deref())?;
    placet_service::json(StatusCode::OK, &answer)
}

/// The request object of a presentation (OpenID4VP section 5.10), signed by the brand.
#[utoipa::path(get, path = WALLETS, operation_id = "presentation_request", tag = "presentations",
    params(("id" = String, Path, description = "its name")),
    responses((status = 200, body = String, content_type = "application/oauth-authz-req+jwt")))]
async fn request(State(state): State<HttpState>, Path(id): Path<String>) -> Result<Response, ApiError> {
    let token = state.verifier.request_object(&asker(&state)?, name(&id)?)?;
    Ok(([(CONTENT_TYPE, "application/oauth-authz-req+jwt")], token).into_response())
}

/// What a browser brought.
#[derive(Deserialize)]
struct Came {
    response_code: Option<String>,
}

/// What a wallet posts (section 8.2). Parameters that are not known are ignored.
#[derive(Deserialize, ToSchema)]
struct WalletAnswer {
    /// A JSON object: for each credential of the query, what is presented.
    vp_token: Option<String>,
    /// What the request said.
    state: Option<String>,
    /// All of that as a JWE, where the request asks for it (section 8.3).
    response: Option<String>,
    /// Why nothing is presented (section 8.5).
    error: Option<String>,
}

/// A wallet's answer.
#[utoipa::path(post, path = WALLETS, operation_id = "present", tag = "presentations",
    params(("id" = String, Path, description = "its name")),
    request_body(content = WalletAnswer, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Object)))]
async fn respond(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let (_asker, id) = (asker(&state)?, name(&id)?.to_owned());
    // Nothing is read for a request that nobody made.
    let mode = state.verifier.awaits(&id)?;
    let answer = read(request).await?;
    let answer = opened(&state, &id, mode, answer)?;
    let refused = |what: &str| ApiError::new("presentation_refused", what);
    if answer.state.as_deref() != Some(id.as_str()) {
        return Err(refused("state is not what the request said"));
    }
    let onward = match (answer.vp_token, answer.error) {
        (Some(token), None) => {
            let shown = only(&token).ok_or_else(|| {
                refused(
                    "vp_token is an object with an array of one SD-JWT with key binding under the query's id, receipt",
                )
            })?;
            // Whoever goes away does not stop in the middle what has begun.
            let judged = tokio::spawn(async move {
                let asker = asker(&state)?;
                Ok::<_, ApiError>(state.verifier.present(&asker, &id, &shown).await?)
            });
            judged
                .await
                .map_err(|_| ApiError::new("internal", "the verifier failed while it answered"))??
        }
        (None, Some(_)) => {
            state.verifier.decline_presentation(&id)?;
            None
        }
        _ => return Err(refused("say either vp_token or error")),
    };
    let said = onward.map_or_else(
        || serde_json::json!({}),
        |uri| serde_json::json!({ "redirect_uri": uri }),
    );
    placet_service::json(StatusCode::OK, &said)
}

/// The answer as it would be in a plain form. One that is to be encrypted is not taken otherwise; a refusal says nothing that
/// would have to be.
fn opened(state: &HttpState, id: &str, mode: ResponseMode, answer: WalletAnswer) -> Result<WalletAnswer, ApiError> {
    let refused = |what: &str| Err(ApiError::new("presentation_refused", what));
    match (mode, &answer) {
        (
            _,
            WalletAnswer {
                response: None,
                vp_token: None,
                ..
            },
        ) => Ok(answer),
        (ResponseMode::DirectPost, WalletAnswer { response: None, .. }) => Ok(answer),
        (ResponseMode::DirectPost, _) => refused("this request asks for a plain answer: vp_token and state"),
        (
            ResponseMode::DirectPostJwt,
            WalletAnswer {
                response: Some(token),
                vp_token: None,
                error: None,
                ..
            },
        ) => {
            let content = state.verifier.open_answer(id, token)?;
            let document = json::parse(&content, MAX_ANSWER_BYTES)?;
            let root = document.root();
            let text = |member: &str| root.get(member).and_then(Node::as_str).map(str::to_owned);
            let token = root
                .get("vp_token")
                .map(|token| String::from_utf8_lossy(&token.to_jcs()).into_owned());
            Ok(WalletAnswer {
                vp_token: token,
                state: text("state"),
                error: text("error"),
                response: None,
            })
        }
        (ResponseMode::DirectPostJwt, _) => {
            refused("this request asks for an encrypted answer: response, and nothing besides")
        }
    }
}

fn asker(state: &HttpState) -> Result<Asker<'_>, ApiError> {
    let how = state.presentations.as_ref();
    let how = how.ok_or_else(|| {
        ApiError::new(
            "not_found",
            "this verifier asks for no presentations: it was started without --request-key",
        )
    })?;
    Ok(Asker {
        how,
        place: &state.public_url,
    })
}

/// What is longer than any name is none.
fn name(id: &str) -> Result<&str, PresentationError> {
    (id.len() <= MAX_ID_BYTES)
        .then_some(id)
        .ok_or(PresentationError::Unknown)
}

/// The one presentation of a `vp_token`.
fn only(token: &str) -> Option<String> {
    let document = json::parse(token.as_bytes(), MAX_ANSWER_BYTES).ok()?;
    let all: Value = json::decode(document.root()).ok()?;
    let all = all.as_object().filter(|all| all.len() == 1)?;
    match all.get(CREDENTIAL_ID)?.as_array()?.as_slice() {
        [Value::String(only)] => Some(only.clone()),
        _ => None,
    }
}

async fn read(request: Request) -> Result<WalletAnswer, ApiError> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case(FORM) {
        let why = format!("the Content-Type is not {FORM}");
        return Err(ApiError::new("presentation_refused", why));
    }
    let body = axum::body::to_bytes(request.into_body(), MAX_ANSWER_BYTES);
    let body = tokio::time::timeout(BODY_TIMEOUT, body).await;
    let body = body.map_err(|_| ApiError::new("slow_request", "the body did not arrive in time"))?;
    let body = body.map_err(|_| {
        let why = format!("the body has more than {MAX_ANSWER_BYTES} bytes, or broke off");
        ApiError::new("oversize", why)
    })?;
    serde_urlencoded::from_bytes(&body)
        .map_err(|_| ApiError::new("presentation_refused", "the body is no form, or has a parameter twice"))
}
