//! The VC-API's routes, which are there only when it is turned on. Its own specification describes them.
//!
//! | call | for |
//! |---|---|
//! | `POST /credentials/issue` | `{credential, options}` -> 201 `{verifiableCredential}` |
//! | `POST /credentials/verify` | `{verifiableCredential, options}` -> 200 when it counts |
//! | `POST /presentations/verify` | `{verifiablePresentation, options}` -> 200 when it counts |
//! | `POST /credentials/status` | `{credentialId, credentialStatus, status}` -> 200 when its entry is set |
//! | `GET /vc-api/status/{number}` | a status list, for anyone |

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use placet_kernel::vcdm::{self, MAX_DOCUMENT_BYTES, Refusal, Suite, Verdict};
use placet_schemas::id::Digest;
use placet_schemas::json::{self, Node};
use placet_service::{ApiError, Raw, bearer};
use serde_json::json as value;
use tokio::sync::Semaphore;

use crate::vc_api::{Access, Asked, LISTS_PATH, Securing, VcApi};

/// Largest body: a document, and what goes with it.
const MAX_BODY: usize = MAX_DOCUMENT_BYTES + 16 * 1024;
/// Longest token that is compared.
const MAX_TOKEN_BYTES: usize = 1024;
/// Longest domain or challenge that is compared.
const MAX_ASKED_BYTES: usize = 1024;
/// Most documents that are worked on at once: each can cost a processor some seconds, and receipts go on meanwhile.
const MAX_WORKERS: usize = 2;
/// VCDM 2.0 section 6.2.1.
const VC: &str = "application/vc";
/// VC-JOSE-COSE section 6.1.
const VC_JWT: &str = "application/vc+jwt";
const JSON: &str = "application/json";
const ENTRY: &str = "BitstringStatusListEntry";

type Body = Raw<MAX_BODY>;

/// The routes with their state in them.
pub(super) fn routes<S: Clone + Send + Sync + 'static>(api: Arc<VcApi>) -> Router<S> {
    Router::new()
        .route("/credentials/issue", post(issue))
        .route("/credentials/verify", post(verify_credential))
        .route("/presentations/verify", post(verify_presentation))
        .route("/credentials/status", post(status))
        .route(&format!("{LISTS_PATH}/{{number}}"), get(list))
        .with_state(api)
}

async fn issue(State(api): State<Arc<VcApi>>, headers: HeaderMap, body: Body) -> Result<Response, ApiError> {
    allowed(&api, &headers)?;
    let (mut credential, securing, id, wants_status) = {
        let document = json::parse(&body.0, MAX_BODY)?;
        let root = document.root();
        members(root, "", &["credential", "options"])?;
        let credential = needed(root, "credential")?;
        let (securing, wants_status) = issue_options(root.get("options"))?;
        let id = credential.get("id").and_then(Node::as_str).map(str::to_owned);
        (credential.to_jcs(), securing, id, wants_status)
    };
    let below = |refusal: Refusal| refused(refusal.below("/credential"));
    if wants_status {
        // Judged before an entry is spent on it, and with the entry again.
        let (draft, judge) = (credential.clone(), Arc::clone(&api));
        work(move || judge.issue(&draft, securing)).await?.map_err(below)?;
        let entry = api.entry(id.as_deref()).await?;
        credential = vcdm::with_status(&credential, &entry).map_err(below)?;
    }
    let issued = work(move || api.issue(&credential, securing)).await?.map_err(below)?;
    let body = [b"{\"verifiableCredential\":".as_slice(), &issued, b"}"].concat();
    Ok((StatusCode::CREATED, [(CONTENT_TYPE, JSON)], body).into_response())
}

async fn verify_credential(
    State(api): State<Arc<VcApi>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    verify(api, &headers, &body, "verifiableCredential", VcApi::verify_credential).await
}

async fn verify_presentation(
    State(api): State<Arc<VcApi>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    verify(
        api,
        &headers,
        &body,
        "verifiablePresentation",
        VcApi::verify_presentation,
    )
    .await
}

async fn verify(
    api: Arc<VcApi>,
    headers: &HeaderMap,
    body: &Body,
    member: &'static str,
    judge: fn(&VcApi, &[u8], Asked<'_>) -> Result<Verdict, Refusal>,
) -> Result<Response, ApiError> {
    allowed(&api, headers)?;
    let (document, domain, challenge) = {
        let document = json::parse(&body.0, MAX_BODY)?;
        let root = document.root();
        members(root, "", &[member, "options"])?;
        let asked = |name| asked(root.get("options"), name);
        if let Some(options) = root.get("options") {
            members(options, "/options", &["checks", "cryptosuite", "domain", "challenge"])?;
        }
        (needed(root, member)?.to_jcs(), asked("domain")?, asked("challenge")?)
    };
    let verdict = work(move || {
        let asked = Asked {
            domain: domain.as_deref(),
            challenge: challenge.as_deref(),
        };
        judge(&api, &document, asked)
    });
    let verdict = verdict
        .await?
        .map_err(|refusal| refused(refusal.below(&format!("/{member}"))))?;
    let unchecked: Vec<String> = verdict.unchecked.iter().map(|at| format!("/{member}{at}")).collect();
    let answer = value!({ "verified": true, "by": verdict.by, "unchecked": unchecked });
    placet_service::json(StatusCode::OK, &answer)
}

async fn status(State(api): State<Arc<VcApi>>, headers: HeaderMap, body: Body) -> Result<Response, ApiError> {
    allowed(&api, &headers)?;
    let id = {
        let document = json::parse(&body.0, MAX_BODY)?;
        let root = document.root();
        members(root, "", &["credentialId", "credentialStatus", "status"])?;
        revocation(needed(root, "credentialStatus")?, "/credentialStatus")?;
        if root.get("status").is_some_and(|node| node.as_bool() != Some(true)) {
            let message = "status is true: what has been revoked stays so";
            return Err(ApiError::new("vc_malformed", message).at("/status"));
        }
        let id = needed(root, "credentialId")?.as_str().map(str::to_owned);
        id.ok_or_else(|| ApiError::new("vc_malformed", "this is the id of a credential").at("/credentialId"))?
    };
    if !api.revoke(&id).await? {
        return Err(ApiError::new("not_found", "no credential with this id has a status here").at("/credentialId"));
    }
    placet_service::json(StatusCode::OK, &value!({ "status": true }))
}

async fn list(
    State(api): State<Arc<VcApi>>,
    Path(number): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let number = number.parse().ok().filter(|n: &u64| n.to_string() == number);
    let list = work(move || number.and_then(|number| api.list(number))).await?;
    let list = list.ok_or_else(|| ApiError::new("not_found", "there is no such list"))?;
    let accept = headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .unwrap_or("*/*");
    let takes = |media_type: &str| {
        accept
            .split([',', ';'])
            .any(|one| one.trim().eq_ignore_ascii_case(media_type))
    };
    // A credential is JSON too, and there are clients that know no other name for it.
    let media_type = if takes("application/json") && !takes(VC) {
        JSON
    } else {
        VC
    };
    Ok(([(CONTENT_TYPE, media_type), (CACHE_CONTROL, "no-cache")], list).into_response())
}

fn allowed(api: &VcApi, headers: &HeaderMap) -> Result<(), ApiError> {
    let Access::Token(token) = api.access() else {
        return if is_of_this_machine(headers) {
            Ok(())
        } else {
            Err(ApiError::new(
                "forbidden",
                "an open VC-API answers to localhost, 127.0.0.1 and [::1] only",
            ))
        };
    };
    // Of digests: how long the comparison takes tells nothing of the token.
    let shown = bearer(headers, MAX_TOKEN_BYTES).map(|shown| Digest::of(shown.as_bytes()));
    if shown == Some(Digest::of(token.as_bytes())) {
        return Ok(());
    }
    Err(ApiError::new("unauthorized", "this call needs the token of the VC-API"))
}

/// A page of another site can have its own name lead to this machine, and is then of one origin with what answers here.
fn is_of_this_machine(headers: &HeaderMap) -> bool {
    let mut all = headers.get_all(HOST).iter();
    let (Some(host), None) = (all.next().and_then(|host| host.to_str().ok()), all.next()) else {
        return false;
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    ["localhost", "127.0.0.1", "[::1]"].contains(&name)
}

/// Signing, canonical RDF and verification are work for a thread that nobody waits on. A call that gave up leaves its thread
/// at work, so the place is the thread's.
async fn work<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    static PLACES: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(MAX_WORKERS)));
    let place = Arc::clone(&PLACES).acquire_owned().await;
    let place = place.map_err(|_| ApiError::new("overloaded", "too many calls at once"))?;
    let done = tokio::task::spawn_blocking(move || {
        let done = work();
        drop(place);
        done
    })
    .await;
    done.map_err(|_| ApiError::new("internal", "the service failed while it answered"))
}

fn issue_options(options: Option<&Node<'_>>) -> Result<(Securing, bool), ApiError> {
    let Some(options) = options else {
        return Ok((Securing::Proof(Suite::EddsaJcs2022), false));
    };
    members(options, "/options", &["cryptosuite", "mediaType", "credentialStatus"])?;
    let wrong = |member: &str, message: &str| {
        let at = format!("/options/{member}");
        Err(ApiError::new("vc_malformed", message).at(&at))
    };
    let securing = match (options.get("cryptosuite"), options.get("mediaType")) {
        (Some(_), Some(_)) => return wrong("mediaType", "a credential has a proof or an envelope, not both"),
        (None, None) => Securing::Proof(Suite::EddsaJcs2022),
        (None, Some(media_type)) if media_type.as_str() == Some(VC_JWT) => Securing::Envelope,
        (None, Some(_)) => return wrong("mediaType", "an envelope is application/vc+jwt"),
        (Some(suite), None) => match suite.as_str().and_then(Suite::named) {
            Some(suite) => Securing::Proof(suite),
            None => return wrong("cryptosuite", "this is eddsa-jcs-2022 or eddsa-rdfc-2022"),
        },
    };
    let Some(status) = options.get("credentialStatus") else {
        return Ok((securing, false));
    };
    revocation(status, "/options/credentialStatus")?;
    Ok((securing, true))
}

fn revocation(node: &Node<'_>, pointer: &str) -> Result<(), ApiError> {
    members(node, pointer, &["type", "statusPurpose"])?;
    let says = |member: &str, text: &str| node.get(member).and_then(Node::as_str) == Some(text);
    if says("type", ENTRY) && says("statusPurpose", "revocation") {
        return Ok(());
    }
    let message = format!("a status here is a {ENTRY} with the statusPurpose revocation");
    Err(ApiError::new("vc_malformed", message).at(pointer))
}

fn asked(options: Option<&Node<'_>>, name: &str) -> Result<Option<String>, ApiError> {
    let Some(value) = options.and_then(|options| options.get(name)) else {
        return Ok(None);
    };
    let text = value.as_str().filter(|text| text.len() <= MAX_ASKED_BYTES);
    let wrong = || {
        let message = format!("this is a string of at most {MAX_ASKED_BYTES} bytes");
        ApiError::new("vc_malformed", message).at(&format!("/options/{name}"))
    };
    text.map(|text| Some(text.to_owned())).ok_or_else(wrong)
}

/// An option that is not known could be one that the caller relies on.
fn members(node: &Node<'_>, pointer: &str, known: &[&str]) -> Result<(), ApiError> {
    let Some(all) = node.as_object() else {
        return Err(ApiError::new("vc_malformed", "this is an object").at(pointer));
    };
    match all.iter().find(|member| !known.contains(&&*member.key)) {
        None => Ok(()),
        Some(_) => {
            let message = format!("the members here are {}", known.join(", "));
            Err(ApiError::new("vc_malformed", message).at(pointer))
        }
    }
}

fn needed<'n, 'a>(root: &'n Node<'a>, member: &str) -> Result<&'n Node<'a>, ApiError> {
    let missing = || ApiError::new("vc_malformed", format!("{member} is missing")).at(&format!("/{member}"));
    root.get(member).ok_or_else(missing)
}

fn refused(refusal: Refusal) -> ApiError {
    ApiError::new(refusal.code.as_str(), refusal.message).at(&refusal.pointer)
}

#[cfg(test)]
mod tests;
