//! `/v1/log` and the files under `/log/` (C2SP tlog-tiles): what the public can check.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use placet_kernel::arrival::TIME_TOLERANCE_SECONDS;
use placet_kernel::tile::Tile;
use placet_schemas::api::{Limits, LogInfo, MAX_INVITATION_SECONDS, MAX_PAGE, PublicOpening, SaltText, VocabularyInfo};
use placet_schemas::id::Digest;
use placet_schemas::json::MAX_DEPTH;
use placet_schemas::notice::MAX_NOTICE_BYTES;
use placet_schemas::record::MAX_RECORD_BYTES;
use placet_schemas::version::Version;
use placet_schemas::vocab::{VOCABULARY_VERSION, vocabulary_hash};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Named;
use super::problem::ApiError;
use super::{HttpState, answer};

/// A checkpoint is good for seconds; a tile for ever.
const CHECKPOINT_CACHING: &str = "public, max-age=2";
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const OCTETS: &str = "application/octet-stream";

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    let router = OpenApiRouter::new().routes(routes!(info)).routes(routes!(checkpoint));
    router.routes(routes!(tile)).routes(routes!(public))
}

/// What a client must know to trust this log.
#[utoipa::path(get, path = "/v1/log", tag = "log", responses((status = 200, body = LogInfo)))]
async fn info(State(state): State<HttpState>) -> Result<Response, ApiError> {
    let identity = state.ledger.identity();
    let info = LogInfo {
        version: Version,
        origin: identity.origin.clone(),
        checkpoint_key: identity.checkpoint_vkey.clone(),
        cosigner_key: identity.cosigner_vkey.clone(),
        operator_key: identity.operator.clone(),
        vocabulary: VocabularyInfo {
            version: VOCABULARY_VERSION.to_owned(),
            hash: Digest::from_bytes(vocabulary_hash()),
        },
        limits: Limits {
            record_bytes: MAX_RECORD_BYTES as u64,
            notice_bytes: MAX_NOTICE_BYTES as u64,
            depth: MAX_DEPTH as u64,
            time_tolerance_seconds: TIME_TOLERANCE_SECONDS,
            invitation_seconds: MAX_INVITATION_SECONDS,
            page: MAX_PAGE as u64,
        },
    };
    answer::json(StatusCode::OK, &info)
}

/// The latest published checkpoint, a signed note.
#[utoipa::path(get, path = "/log/checkpoint", tag = "log",
    responses((status = 200, body = String, content_type = "text/plain")))]
async fn checkpoint(State(state): State<HttpState>, headers: HeaderMap) -> Response {
    answer::public(&headers, answer::TEXT, CHECKPOINT_CACHING, state.ledger.checkpoint())
}

/// A tile of hashes (`<level>/<index>`) or entries (`entries/<index>`), the index in groups of three digits.
#[utoipa::path(get, path = "/log/tile/{*path}", tag = "log",
    params(("path" = String, Path, description = "as in tlog-tiles, without tile/")),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
async fn tile(
    State(state): State<HttpState>,
    headers: HeaderMap,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    // Only what the parser writes back is a path: whatever else was asked for cannot leave the folder.
    let tile = path
        .ok()
        .and_then(|Path(path)| format!("tile/{path}").parse::<Tile>().ok());
    let tile = tile.ok_or_else(ApiError::not_found)?;
    let bytes = state
        .ledger
        .log_file(&tile.to_string())
        .await?
        .ok_or_else(ApiError::not_found)?;
    Ok(answer::public(&headers, OCTETS, IMMUTABLE, bytes))
}

/// The opening of a public record: a ConsentRequest or ControllerKeys. Of a leaf whose opening was destroyed: 410.
#[utoipa::path(get, path = "/log/public/{index}", tag = "log",
    params(("index" = u64, Path, description = "its place in the log")),
    responses((status = 200, body = PublicOpening)))]
async fn public(
    State(state): State<HttpState>,
    headers: HeaderMap,
    Named(index): Named<u64>,
) -> Result<Response, ApiError> {
    let Some(opening) = state.ledger.public_opening(index).await? else {
        // That a leaf is an orphan is no secret: whoever samples leaves must be able to tell it from one that is kept from him.
        return Err(match state.ledger.is_destroyed(index).await? {
            true => ApiError::new("destroyed", "the opening of this leaf was destroyed"),
            false => ApiError::not_found(),
        });
    };
    let salt = SaltText::from_bytes(*opening.salt.as_bytes());
    let opening = PublicOpening {
        index: opening.index,
        record: answer::embedded(&opening.record)?,
        salt,
    };
    let bytes = placet_schemas::json::to_jcs(&opening).map_err(|_| ApiError::new("internal", "no canonical form"))?;
    Ok(answer::public(&headers, answer::JSON, IMMUTABLE, bytes))
}
