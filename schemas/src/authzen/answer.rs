//! What is answered, and the signed form of it.

use serde::{Deserialize, Serialize};

use super::{Asked, DisclosureDigest, Nonce};
use crate::id::{Did, Digest, Origin, RecordId};
use crate::statement::FeedHead;
use crate::time::{Period, Timestamp};
use crate::version::Version;
use crate::vocab::CategoryTerm;

/// `typ` of a signed decision (an SD-JWT).
pub const DECISION_TYP: &str = "placet-decision+sd-jwt";

/// Why a decision is as it is. The codes are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
    /// A grant that is in force covers what is asked.
    Permitted,
    /// The person is known, and gave no consent to this controller.
    NoRecord,
    /// She withdrew.
    Withdrawn,
    /// The consent's time is over.
    Expired,
    /// The brand ended the consent.
    EndedByController,
    /// No grant names this purpose.
    PurposeNotNamed,
    /// The grant names the purpose, not this category.
    CategoryNotCovered,
    /// Not this processing operation.
    ProcessingNotCovered,
    /// Not this delivery.
    DeliveryNotCovered,
    /// Not this third party.
    ThirdPartyNotNamed,
    /// An express statement is needed (Articles 9, 22, 49, or the brand's policy), and there is none.
    ExplicitConsentMissing,
    /// The brand changed its request materially after the grant.
    NoticeSuperseded,
    /// The one who asks is no controller of these consents.
    ControllerUnknown,
    /// The reference leads to nobody.
    CustomerUnknown,
    /// The brand's register names another lawful basis: not ours to decide.
    BasisNotConsent,
    /// The policy asks for a stronger act than the person's.
    StrengthTooLow,
    /// What is known here is too old to rely on.
    StateStale,
    /// The evidence that is known here does not hold.
    ProofInvalid,
    /// The question cannot be understood.
    RequestMalformed,
}

impl ReasonCode {
    /// All codes.
    pub const ALL: [Self; 19] = [
        Self::Permitted,
        Self::NoRecord,
        Self::Withdrawn,
        Self::Expired,
        Self::EndedByController,
        Self::PurposeNotNamed,
        Self::CategoryNotCovered,
        Self::ProcessingNotCovered,
        Self::DeliveryNotCovered,
        Self::ThirdPartyNotNamed,
        Self::ExplicitConsentMissing,
        Self::NoticeSuperseded,
        Self::ControllerUnknown,
        Self::CustomerUnknown,
        Self::BasisNotConsent,
        Self::StrengthTooLow,
        Self::StateStale,
        Self::ProofInvalid,
        Self::RequestMalformed,
    ];

    /// The code as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Permitted => "permitted",
            Self::NoRecord => "no_record",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::EndedByController => "ended_by_controller",
            Self::PurposeNotNamed => "purpose_not_named",
            Self::CategoryNotCovered => "category_not_covered",
            Self::ProcessingNotCovered => "processing_not_covered",
            Self::DeliveryNotCovered => "delivery_not_covered",
            Self::ThirdPartyNotNamed => "third_party_not_named",
            Self::ExplicitConsentMissing => "explicit_consent_missing",
            Self::NoticeSuperseded => "notice_superseded",
            Self::ControllerUnknown => "controller_unknown",
            Self::CustomerUnknown => "customer_unknown",
            Self::BasisNotConsent => "basis_not_consent",
            Self::StrengthTooLow => "strength_too_low",
            Self::StateStale => "state_stale",
            Self::ProofInvalid => "proof_invalid",
            Self::RequestMalformed => "request_malformed",
        }
    }

    /// The article of the GDPR that stands behind it, where one does.
    #[must_use]
    pub const fn article(self) -> Option<&'static str> {
        Some(match self {
            Self::Permitted | Self::BasisNotConsent => "6(1)",
            Self::NoRecord | Self::ProofInvalid | Self::StateStale | Self::StrengthTooLow => "7(1)",
            Self::Withdrawn => "7(3)",
            Self::Expired => "5(1)(e)",
            Self::PurposeNotNamed
            | Self::CategoryNotCovered
            | Self::ProcessingNotCovered
            | Self::DeliveryNotCovered => "5(1)(b)",
            Self::ThirdPartyNotNamed | Self::NoticeSuperseded => "13(1)",
            Self::ExplicitConsentMissing => "9(2)(a)",
            Self::EndedByController | Self::ControllerUnknown | Self::CustomerUnknown | Self::RequestMalformed => {
                return None;
            }
        })
    }

    /// What it means and what to do about it, for a person who has never seen this before.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::Permitted => "a consent in force covers this",
            Self::NoRecord => "this person has given you no consent; invite her to answer a request",
            Self::Withdrawn => "she has withdrawn; stop using the data for this, and ask anew only if she comes back",
            Self::Expired => "the consent's time is over; ask for a new one",
            Self::EndedByController => "you ended this consent yourselves; ask for a new one if you need it again",
            Self::PurposeNotNamed => "no consent of hers names this purpose; ask with a request that offers it",
            Self::CategoryNotCovered => "her consent does not cover this category of data; use less, or ask for it",
            Self::ProcessingNotCovered => "her consent does not cover this operation; ask for it",
            Self::DeliveryNotCovered => "her consent does not cover this way of delivery; use the other, or ask for it",
            Self::ThirdPartyNotNamed => "her consent does not name this recipient; do not disclose, or ask for it",
            Self::ExplicitConsentMissing => "this needs an express statement of hers, and there is none; ask for one",
            Self::NoticeSuperseded => "you have changed the request materially since she agreed; ask with the new one",
            Self::ControllerUnknown => "whoever asks is no controller of these consents; name your registered DID",
            Self::CustomerUnknown => "this reference was never invited here; check it, or invite the customer",
            Self::BasisNotConsent => "your register names another lawful basis for this; consent does not decide it",
            Self::StrengthTooLow => "her act was weaker than your policy asks for; ask for a stronger one",
            Self::StateStale => {
                "what is known here is too old; see that the verifier reaches the ledger, and that clocks agree"
            }
            Self::ProofInvalid => "the ledger's evidence does not hold; see the verifier's log and misbehaviour files",
            Self::RequestMalformed => "the question cannot be understood; the path names the fault",
        }
    }
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reason {
    /// The code.
    pub code: ReasonCode,
    /// RFC 6901 pointer into the request: what of it is meant.
    pub path: String,
    /// The category that it is about, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub category: Option<CategoryTerm>,
    /// Digest of the record that decided, where one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<Digest>,
    /// The consent that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<Digest>,
    /// Article of the GDPR.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub article: Option<String>,
    /// What it means, and what to do.
    pub why: String,
    /// A request of this brand that offers what is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask: Option<Digest>,
}

/// What the one who is permitted has to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Obligation {
    /// Report the access: `POST /access/v1/reports`.
    ReportAccess,
    /// Delete the data at the latest this long after its collection, and at once when the consent ends.
    DeleteAfter {
        /// How long.
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        period: Period,
    },
    /// Disclose it to nobody else.
    NoOnwardDisclosure,
}

/// What is decided, before it is signed: the payload of the SD-JWT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionStatement {
    /// Format version.
    pub version: Version<1>,
    /// Random, so that neither the decision nor its hash can be guessed.
    pub evaluation_id: RecordId,
    /// By the verifier's clock.
    pub evaluated_at: Timestamp,
    /// Until when a permit may be used; absent on a deny.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// The log.
    pub origin: Origin,
    /// The brand whose replica answered.
    pub controller: Did,
    /// SHA-256 of the RFC 8785 bytes of the request.
    pub request: Digest,
    /// What the caller gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Nonce>,
    /// What was asked, where it could be understood. On a permit, what is permitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// Permit or deny.
    pub decision: bool,
    /// Why.
    pub reasons: Vec<Reason>,
    /// What a permit obliges to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub obligations: Vec<Obligation>,
    /// The operator's head of the feed that the decision rests on, by the digest of its disclosure, which stands beside the
    /// signature; absent when there was none yet.
    #[serde(rename = "_sd", skip_serializing_if = "Option::is_none")]
    pub head: Option<[DisclosureDigest; 1]>,
    /// SHA-256 of the policy and register in force.
    pub policy: Digest,
}

/// The answer to one access evaluation request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EvaluationAnswer {
    /// Permit or deny.
    pub decision: bool,
    /// Why, for how long, and on what it rests.
    pub context: DecisionContext,
}

/// What an answer says besides yes or no.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DecisionContext {
    /// Its random name: access reports name it.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub evaluation_id: RecordId,
    /// By the verifier's clock.
    pub evaluated_at: Timestamp,
    /// Until when a permit may be used; absent on a deny.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// Why; on a permit one for each category.
    pub reasons: Vec<Reason>,
    /// What is permitted; absent on a deny.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Asked>,
    /// What a permit obliges to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub obligations: Vec<Obligation>,
    /// On what the decision rests.
    pub evidence: DecisionEvidence,
    /// All of this, with the SHA-256 of the request, signed by the verifier: an SD-JWT (RFC 9901), which discloses the
    /// operator's head that it rests on.
    pub signed: String,
}

/// On what a decision rests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DecisionEvidence {
    /// The consents that decided. The ledger gives the bundle of each: `GET /v1/consents/{id}/evidence`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consents: Vec<Digest>,
    /// The size of the log at the feed head that it rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The root of the log there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<Digest>,
    /// When the operator signed that head.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_time: Option<Timestamp>,
    /// The evidence bundle of the first consent, when it was asked for and the ledger could be reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub bundle: Option<serde_json::Value>,
}

/// The answer to an access evaluations request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EvaluationsAnswer {
    /// One for each request that was worked off, in their order.
    pub evaluations: Vec<EvaluationAnswer>,
}

impl EvaluationAnswer {
    /// The answer that says what was decided, by which head, with its signed form.
    #[must_use]
    pub fn new(statement: DecisionStatement, head: Option<&FeedHead>, signed: String) -> Self {
        let mut consents: Vec<Digest> = statement.reasons.iter().filter_map(|reason| reason.consent).collect();
        consents.sort();
        consents.dedup();
        let evidence = DecisionEvidence {
            consents,
            size: head.map(|head| head.size),
            root: head.map(|head| head.root),
            head_time: head.map(|head| head.time),
            bundle: None,
        };
        let context = DecisionContext {
            evaluation_id: statement.evaluation_id,
            evaluated_at: statement.evaluated_at,
            valid_until: statement.valid_until,
            scope: statement.asked.filter(|_| statement.decision),
            reasons: statement.reasons,
            obligations: statement.obligations,
            evidence,
            signed,
        };
        Self {
            decision: statement.decision,
            context,
        }
    }
}
