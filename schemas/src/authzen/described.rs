//! The shapes of requests, for descriptions: [`super::evaluation`] and [`super::evaluations`] read them. AuthZEN's own members
//! are open, as it demands; the properties of `action` and `resource` are this profile's, and closed.
#![expect(dead_code, reason = "they describe")]

use utoipa::ToSchema;

use super::{Nonce, Semantic, Wanted};
use crate::id::{Country, Iri};
use crate::scope::Delivery;
use crate::vocab::{CategoryTerm, ProcessingTerm};

/// An access evaluation request: may this be done with this person's data, now?
#[derive(ToSchema)]
pub struct EvaluationBody {
    /// Who asks: the brand.
    subject: AskingSubject,
    /// What is to be done.
    action: AskedAction,
    /// Whose data.
    resource: AskedResource,
    /// What for.
    context: Option<AskedContext>,
}

/// An access evaluations request: several questions. What all have in common is said once.
#[derive(ToSchema)]
pub struct EvaluationsBody {
    /// Default of each evaluation.
    subject: Option<AskingSubject>,
    /// Default of each evaluation.
    action: Option<AskedAction>,
    /// Default of each evaluation.
    resource: Option<AskedResource>,
    /// Default of each evaluation.
    context: Option<AskedContext>,
    /// Each with what differs from the defaults; a member of it stands for the whole default.
    #[schema(max_items = 128)]
    evaluations: Option<Vec<EvaluationPart>>,
    /// How they are worked off.
    options: Option<EvaluationsOptions>,
}

/// One of several questions: what differs from the defaults.
#[derive(ToSchema)]
pub struct EvaluationPart {
    /// Who asks: the brand.
    subject: Option<AskingSubject>,
    /// What is to be done.
    action: Option<AskedAction>,
    /// Whose data.
    resource: Option<AskedResource>,
    /// What for.
    context: Option<AskedContext>,
}

/// How several evaluations are worked off.
#[derive(ToSchema)]
pub struct EvaluationsOptions {
    /// All of them (the default), up to the first deny, or up to the first permit.
    #[schema(value_type = Option<EvaluationsSemantic>)]
    evaluations_semantic: Option<Semantic>,
}

/// All evaluations (the default), or those up to the first deny, or to the first permit.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum EvaluationsSemantic {
    /// All.
    ExecuteAll,
    /// Up to the first deny.
    DenyOnFirstDeny,
    /// Up to the first permit.
    PermitOnFirstPermit,
}

/// Who asks. A person's DID here is refused.
#[derive(ToSchema)]
pub struct AskingSubject {
    /// `controller`.
    #[schema(example = "controller")]
    r#type: String,
    /// The brand's registered DID.
    #[schema(example = "did:web:cinema.example")]
    id: String,
}

/// What is to be done.
#[derive(ToSchema)]
pub struct AskedAction {
    /// A processing operation of DPV.
    #[schema(value_type = String, example = "dpv:Use")]
    name: ProcessingTerm,
    /// How it is done.
    properties: Option<ActionProperties>,
}

/// How it is done.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ActionProperties {
    /// `copy` or `in-vault`. Without it the answer is a deny.
    #[schema(value_type = Option<String>, pattern = "^(copy|in-vault)$", example = "copy")]
    delivery: Option<Delivery>,
    /// To whom it is disclosed.
    #[schema(value_type = Option<String>)]
    third_party: Option<Iri>,
    /// The country to which it goes under Article 49(1)(a) GDPR.
    #[schema(value_type = Option<String>)]
    transfer: Option<Country>,
}

/// Whose data, and which.
#[derive(ToSchema)]
pub struct AskedResource {
    /// `customer` (the brand's own reference) or `personal_data` (the person's pairwise DID).
    #[schema(example = "customer")]
    r#type: String,
    /// The reference, or the DID.
    #[schema(example = "C-10042")]
    id: String,
    /// Which data.
    properties: Option<ResourceProperties>,
}

/// Which data.
#[derive(ToSchema)]
pub struct ResourceProperties {
    /// Categories of personal data of DPV-PD; all of them must be covered. Without them the answer is a deny.
    #[schema(value_type = Option<Vec<String>>, max_items = 32, example = json!(["pd:Interest"]))]
    categories: Option<Vec<CategoryTerm>>,
}

/// What for.
#[derive(ToSchema)]
pub struct AskedContext {
    /// The brand's own purpose, as its request names it. Without it the answer is a deny.
    #[schema(value_type = Option<String>, example = "https://cinema.example/purposes/film-tips")]
    purpose: Option<Iri>,
    /// To be found again in the signed answer: 1 to 128 visible ASCII characters.
    #[schema(value_type = Option<String>, max_length = 128)]
    nonce: Option<Nonce>,
    /// `reference` (the default) or `bundle`: how much evidence is wanted with the answer.
    #[schema(value_type = Option<String>, pattern = "^(reference|bundle)$")]
    evidence: Option<Wanted>,
}
