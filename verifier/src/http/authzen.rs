//! OpenID AuthZEN Authorization API 1.0.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use placet_kernel::decision::DisclosedHead;
use placet_schemas::authzen::{
    self, Evaluation, EvaluationAnswer, Evaluations, EvaluationsAnswer, MAX_EVALUATION_BYTES, Semantic, Wanted,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::verifier::Decision;

use super::{HttpState, Service};
use placet_service::ApiError;
use placet_service::Raw;

/// Where one question is asked, and several.
pub(super) const EVALUATION: &str = "/access/v1/evaluation";
const EVALUATIONS: &str = "/access/v1/evaluations";

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(evaluation))
        .routes(routes!(evaluations))
        .routes(routes!(metadata))
}

/// May this be done with this person's data, now? A deny is an answer, 200, not an error.
#[utoipa::path(post, path = EVALUATION, operation_id = "evaluate", tag = "access", request_body = authzen::EvaluationBody,
    responses((status = 200, body = EvaluationAnswer)), security(("token" = [])))]
async fn evaluation(
    State(state): State<HttpState>,
    _: Service,
    Raw(body): Raw<MAX_EVALUATION_BYTES>,
) -> Result<Response, ApiError> {
    let evaluation = authzen::evaluation(&body)?;
    placet_service::json(StatusCode::OK, &decide(&state, &evaluation).await?)
}

/// Several questions at once: all of them, up to the first deny, or up to the first permit.
#[utoipa::path(post, path = EVALUATIONS, operation_id = "evaluate_many", tag = "access", request_body = authzen::EvaluationsBody,
    responses((status = 200, body = EvaluationsAnswer)), security(("token" = [])))]
async fn evaluations(
    State(state): State<HttpState>,
    _: Service,
    Raw(body): Raw<MAX_EVALUATION_BYTES>,
) -> Result<Response, ApiError> {
    let (all, semantic) = match authzen::evaluations(&body)? {
        // Without `evaluations` the call is one to the other route (section 7.1).
        Evaluations::One(one) => return placet_service::json(StatusCode::OK, &decide(&state, &one).await?),
        Evaluations::Many(all, semantic) => (all, semantic),
    };
    let mut evaluations = Vec::with_capacity(all.len());
    for one in &all {
        let answer = decide(&state, one).await?;
        let last = match semantic {
            Semantic::ExecuteAll => false,
            Semantic::DenyOnFirstDeny => !answer.decision,
            Semantic::PermitOnFirstPermit => answer.decision,
        };
        evaluations.push(answer);
        if last {
            break;
        }
    }
    placet_service::json(StatusCode::OK, &EvaluationsAnswer { evaluations })
}

/// Policy Decision Point metadata (AuthZEN section 9).
#[derive(Serialize, ToSchema)]
struct Metadata {
    /// Who decides: this verifier's address.
    policy_decision_point: String,
    /// Where one question is asked.
    access_evaluation_endpoint: String,
    /// Where several are.
    access_evaluations_endpoint: String,
}

/// Where to ask.
#[utoipa::path(get, path = "/.well-known/authzen-configuration", operation_id = "authzen_configuration", tag = "access",
    responses((status = 200, body = Metadata)))]
async fn metadata(State(state): State<HttpState>) -> Result<Response, ApiError> {
    let url = &state.public_url;
    let metadata = Metadata {
        policy_decision_point: url.to_string(),
        access_evaluation_endpoint: format!("{url}{EVALUATION}"),
        access_evaluations_endpoint: format!("{url}{EVALUATIONS}"),
    };
    placet_service::json(StatusCode::OK, &metadata)
}

/// Decides, and writes down what was decided before it is told.
pub(super) async fn decide(state: &HttpState, evaluation: &Evaluation) -> Result<EvaluationAnswer, ApiError> {
    if let Ok(question) = &evaluation.question
        && state.verifier.is_person(&question.controller)
    {
        let detail = "the subject is who asks, the brand's service; the person goes into the resource";
        return Err(ApiError::new("malformed", detail).at("/subject/id"));
    }
    let decided = state.verifier.ask(evaluation)?;
    let Decision { statement, head } = decided.decision;
    let head = head.as_deref().map(DisclosedHead::head);
    let mut answer = EvaluationAnswer::new(statement, head, decided.signed);
    if evaluation.wanted == Wanted::Bundle
        && let Some(consent) = answer.context.evidence.consents.first()
    {
        answer.context.evidence.bundle = state.verifier.bundle(consent, &answer.context.signed).await;
    }
    Ok(answer)
}
