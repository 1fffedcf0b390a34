//! Bodies of a verifier's own interface: the brand's book of customers, and withdrawals that are handed to the brand.

use serde::{Deserialize, Serialize};

use crate::authzen::{Asked, CustomerRef, Obligation, Reason};
use crate::id::{Did, Digest, Iri, Origin, RecordId};
use crate::lifecycle::Effective;
use crate::time::Timestamp;
use crate::version::Version;

/// The JWS `typ` of a verifier's word that a withdrawal was handed to it.
pub const DIRECT_WITHDRAWAL_TYP: &str = "placet-direct-withdrawal+jwt";
/// Most entries of one import.
pub const MAX_IMPORT: usize = 4096;

/// `POST /v1/customers/import`: whom the brand invited; the rows of `placet brand invite`'s file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImportCustomers {
    /// The rows.
    pub invitations: Vec<InvitedCustomer>,
}

/// One invitation and who got it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InvitedCustomer {
    /// SHA-256 of the invitation.
    pub invitation: Digest,
    /// The brand's own reference.
    pub customer: CustomerRef,
}

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Imported {
    /// Rows that were not there before.
    pub added: usize,
    /// Rows that were there already.
    pub known: usize,
}

/// `POST /access/v1/evidence`: which decision is to be shown to somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EvidenceOrder {
    /// The decision's name.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub evaluation_id: RecordId,
    /// When it was made, as its answer says; or the time of an access by it, at most ten minutes later.
    pub evaluated_at: Timestamp,
    /// By which consent, where it rests on several; the first when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<Digest>,
}

/// `POST /v1/customers/merge`: two references turned out to be one customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MergeCustomers {
    /// The reference that ends.
    pub from: CustomerRef,
    /// The one that gets all that was of it.
    pub into: CustomerRef,
}

/// `POST /v1/customers/split`: one reference turned out to be two customers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SplitCustomer {
    /// The reference.
    pub customer: CustomerRef,
    /// Which of its invitations go.
    pub invitations: Vec<Digest>,
    /// To whom.
    pub into: CustomerRef,
}

/// `POST /v1/customers/look`: what is known of a customer. The reference is in the body, so that no log has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LookCustomer {
    /// The reference.
    pub customer: CustomerRef,
}

/// What is known of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomerView {
    /// The reference.
    pub customer: CustomerRef,
    /// Her invitations, with the consents that answer them.
    pub invitations: Vec<CustomerInvitation>,
    /// What she has said no to, and is not to be asked again yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub declined: Vec<DeclinedRequest>,
}

/// A request that a customer has said no to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeclinedRequest {
    /// The request.
    pub request: Digest,
    /// When the cool-down ends.
    pub until: Timestamp,
}

/// An invitation of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomerInvitation {
    /// Its SHA-256.
    pub invitation: Digest,
    /// The consent that answers it, if one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<Digest>,
    /// What that one is now, by the verifier's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective: Option<Effective>,
}

/// `POST /v1/customers/invitations`: invites a customer to answer a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InviteCustomer {
    /// The request.
    pub request: Digest,
    /// The brand's own reference, which stays with the verifier.
    pub customer: CustomerRef,
    /// Seconds that the invitation lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<u64>,
    /// Whether the link's QR code is wanted too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qr: Option<bool>,
}

/// An invitation for a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomerLink {
    /// The link to give to the customer. Whoever has it can answer.
    pub link: String,
    /// SHA-256 of the invitation.
    pub invitation: Digest,
    /// When it is void.
    pub expires_at: Timestamp,
    /// The link's QR code, when it was asked for: a PNG as a `data:` URL (RFC 2397), ready for an `img` element. It is as secret
    /// as the link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qr: Option<String>,
}

/// What a verifier says when a withdrawal was handed to it: the payload of a JWS of typ [`DIRECT_WITHDRAWAL_TYP`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DirectWithdrawal {
    /// Format version.
    pub version: Version<1>,
    /// The log.
    pub origin: Origin,
    /// The brand.
    pub controller: Did,
    /// The consent that ended.
    pub consent: Digest,
    /// Digest of the Withdrawal; absent when a code was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawal: Option<Digest>,
    /// When it came, by the verifier's clock.
    pub received_at: Timestamp,
}

/// The answer to a withdrawal that is handed to the brand, 202: it counts here from now on, and is on its way to the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DirectWithdrawalAnswer {
    /// The consent that ended.
    pub consent: Digest,
    /// When it came.
    pub received_at: Timestamp,
    /// The verifier's signed word for it: a compact JWS over a [`DirectWithdrawal`].
    pub received: String,
}

/// `POST /v1/presentations`: what a person is asked to show her receipt for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AskPresentation {
    /// What is to be done with which data.
    pub asked: Asked,
    /// Whose data: the DID by which this brand knows her. Her wallet has to show it then, and nobody else's receipt will do.
    /// Without it a permit is for whoever answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Did>,
    /// Where her browser goes on when her wallet has answered: https, without a fragment. It gets a `response_code`, without
    /// which the decision is not told: so it is for the browser of whoever answered, and not of somebody who sent her the link
    /// (OpenID4VP 1.0 section 8.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = "uri"))]
    pub redirect_uri: Option<Iri>,
    /// How the wallet answers; `direct_post` where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_mode: Option<ResponseMode>,
}

/// How a wallet answers a request (OpenID4VP 1.0 sections 8.2 and 8.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ResponseMode {
    /// As a form.
    #[serde(rename = "direct_post")]
    DirectPost,
    /// As a form in which the answer is encrypted to a key of this request alone, so that no proxy reads it.
    #[serde(rename = "direct_post.jwt")]
    DirectPostJwt,
}

impl ResponseMode {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DirectPost => "direct_post",
            Self::DirectPostJwt => "direct_post.jwt",
        }
    }
}

/// How a person is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PresentationAsked {
    /// Its secret name: `GET /v1/presentations/{id}` says what became of it.
    pub id: String,
    /// A link for a wallet (OpenID4VP 1.0 section 5.4), also good as a QR code.
    pub link: String,
    /// Until when it can be answered.
    pub expires_at: Timestamp,
}

/// What became of a request for a presentation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PresentationAnswer {
    /// Whether there is an answer.
    pub state: PresentationState,
    /// What was decided by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided: Option<PresentationDecision>,
}

/// How far a request for a presentation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum PresentationState {
    /// No wallet has answered.
    Waiting,
    /// The person, or her wallet, said no.
    Declined,
    /// A receipt was presented.
    Presented,
}

/// May this be done with this person's data now, by the receipt that she showed?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PresentationDecision {
    /// Permit or deny.
    pub decision: bool,
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
    /// What a permit obliges to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub obligations: Vec<Obligation>,
    /// The consent of the receipt.
    pub consent: Digest,
    /// The decision of the verifier's own replica, signed, where it knows the consent and so decides by what it knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed: Option<String>,
    /// What `placet verify` judges again: keep it as long as the decision has to be answered for.
    pub evidence: PresentationEvidence,
}

/// On what such a decision rests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PresentationEvidence {
    /// The receipt as it was presented: an SD-JWT with key binding.
    pub presentation: String,
    /// The status list of that moment: a Token Status List. Absent when it could not be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_list: Option<String>,
    /// For whom it was presented (`--audience`).
    pub audience: String,
    /// Over which nonce (`--nonce`).
    pub nonce: String,
}
