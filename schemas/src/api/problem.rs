//! Problem details (RFC 9457) and the list of every problem there is.
//!
//! A code is stable and belongs to one status. The text in `detail` may change; programs read `code` and `pointer`.

use serde::{Deserialize, Serialize};

/// What every `type` starts with; the code follows.
pub const TYPE_PREFIX: &str = "https://w3id.org/placet/problems/";
/// The media type of problem details.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Why a call was refused, `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// [`TYPE_PREFIX`] and the code.
    pub r#type: String,
    /// The kind of problem, for people.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong this time. It repeats no personal data.
    pub detail: String,
    /// The stable code.
    pub code: String,
    /// RFC 6901 pointer to the fault in the body, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// One kind of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProblemType {
    /// The stable code.
    pub code: &'static str,
    /// Its HTTP status.
    pub status: u16,
    /// The kind of problem, for people.
    pub title: &'static str,
    /// What to do about it; empty when there is nothing to say.
    pub help: &'static str,
}

impl ProblemType {
    /// The kind of problem with this code; `internal` for a code that is not in the list.
    #[must_use]
    pub fn of(code: &str) -> &'static Self {
        PROBLEMS.iter().find(|kind| kind.code == code).unwrap_or(&INTERNAL)
    }

    /// Problem details of this kind.
    #[must_use]
    pub fn problem(&self, detail: impl Into<String>, pointer: Option<String>) -> Problem {
        Problem {
            r#type: format!("{TYPE_PREFIX}{}", self.code),
            title: self.title.to_owned(),
            status: self.status,
            detail: detail.into(),
            code: self.code.to_owned(),
            pointer,
            help: Some(self.help).filter(|help| !help.is_empty()).map(str::to_owned),
        }
    }
}

const fn kind(code: &'static str, status: u16, title: &'static str, help: &'static str) -> ProblemType {
    ProblemType {
        code,
        status,
        title,
        help,
    }
}

const INTERNAL: ProblemType = kind(
    "internal",
    500,
    "The node failed",
    "Send the same bytes again later. If it stays, tell the operator the x-request-id of this answer.",
);

const SIGN_ANEW: &str = "Read the consent as it is now (GET /v1/consents/{id}), and sign a new record.";
const ASK_ANEW: &str = "Ask the controller for a new invitation.";
const FIX_REQUEST: &str = "Change the request and sign it anew. See GET /v1/log for vocabulary and limits.";
const COPY_REQUEST: &str = "Copy the clauses, the notice and the validity from the request as it is, and sign anew.";

/// Every kind of problem.
#[rustfmt::skip] // one a line
pub const PROBLEMS: &[ProblemType] = &[
    // The call itself.
    kind("malformed", 400, "The body is malformed", "The pointer names the fault. See /openapi.json for the shape."),
    kind("unsupported_version", 400, "The version is not supported", "This node knows version 1 of every format."),
    kind("parameter", 400, "A parameter is malformed or unknown", "See /openapi.json for the parameters."),
    kind("unauthorized", 401, "A valid token is needed", "Send Authorization: Bearer with a session or token."),
    kind("challenge_unknown", 401, "The challenge is unknown, used or expired", "Take a new one: POST /v1/challenges."),
    kind("bad_jws", 401, "The signed challenge does not hold", "Sign {aud, iat, nonce} anew as /openapi.json says."),
    kind("forbidden", 403, "The token may not do this", ""),
    kind("not_found", 404, "There is nothing here, or nothing for you", ""),
    kind("method_not_allowed", 405, "The method is not allowed here", "See /openapi.json."),
    kind("slow_request", 408, "The request came too slowly", "Send the same bytes again."),
    kind("oversize", 413, "The body is too large", "A record has at most 65536 bytes, a notice 1048576."),
    kind("unsupported_media_type", 415, "The Content-Type is not JSON", "Send Content-Type: application/json."),
    kind("rate_limited", 429, "Too many calls", "Wait as Retry-After says, then send the same bytes again."),
    INTERNAL,
    kind("unavailable", 503, "The node cannot say now", "A record that was sent may be in the log all the same. Send the same bytes again: you get the first answer."),
    kind("overloaded", 503, "The node is busy", "Wait as Retry-After says, then send the same bytes again."),
    kind("timeout", 503, "The answer took too long", "It may have been recorded. Send the same bytes again: you get the first answer."),
    // Any record.
    kind("bad_signature", 422, "The signature does not hold", "Sign the canonical bytes with the key of the verification method."),
    kind("wrong_signer", 422, "This signer may not say this", "See docs/FORMATS for who signs what."),
    kind("wrong_domain", 422, "The record is meant for another log", "proof.domain is the origin that GET /v1/log gives."),
    kind("time_implausible", 422, "The claimed time is far from the ledger's clock", "Set the clock right and sign anew."),
    kind("anchor_unknown", 422, "The anchor is no checkpoint of this log", "If the checkpoint came from here, keep it and the answer: it shows a split view."),
    kind("id_conflict", 409, "This signer has used this id for another record", "Retry the first bytes, or make a new id and sign anew."),
    kind("wrong_endpoint", 422, "This kind of record does not enter here", "See /openapi.json for where it does."),
    // Requests and brands.
    kind("controller_unknown", 404, "The controller has not registered", "The operator registers it: POST /v1/controllers."),
    kind("request_unknown", 404, "No such request", ""),
    kind("notice_unknown", 404, "No such notice", "Store the notice first: POST /v1/notices."),
    kind("notice_disagrees", 422, "The notice says something else than the request", "The pointer names the item."),
    kind("scope_not_specific", 422, "A purpose is too general to be agreed to", FIX_REQUEST),
    kind("scope_not_separate", 422, "A clause mixes what needs a choice of its own", FIX_REQUEST),
    kind("scope_criminal_category", 422, "Consent is no ground for data about crimes", FIX_REQUEST),
    kind("guardian_unsupported", 422, "Requests to children are not supported", FIX_REQUEST),
    kind("vocabulary_unknown", 422, "The request names another vocabulary", FIX_REQUEST),
    // Invitations and grants.
    kind("invitation_unknown", 404, "No such invitation", ASK_ANEW),
    kind("invitation_spent", 410, "The invitation has been used", ASK_ANEW),
    kind("invitation_declined", 410, "The invitation has been declined", "No was the answer to it. Whoever has changed her mind asks the controller, which has to invite her again."),
    kind("invitation_expired", 410, "The invitation has expired", ASK_ANEW),
    kind("invitation_ttl", 422, "An invitation cannot live so long or so short", "At most 7776000 seconds (90 days), at least 1."),
    kind("invitation_count", 422, "Too many invitations at once", "At most 1000 a call, at least 1."),
    kind("did_reused", 409, "This DID is in use under another controller", "Derive a DID for this controller, and sign anew."),
    kind("grant_outside_request", 422, "The grant goes outside its request", COPY_REQUEST),
    kind("explicit_act_missing", 422, "A clause needs an express statement", "Ask the person for it; choices[].act is explicit-statement then."),
    // Presentations of receipts.
    kind("presentation_unknown", 404, "No such request for a presentation", "Ask for a new one: it lives for five minutes."),
    kind("presentation_answered", 410, "The request for a presentation was answered", "Ask for a new one."),
    kind("encryption_not_built", 422, "This program was built without encryption", "Leave responseMode out, or use a build with the feature jwe."),
    kind("presentation_session", 403, "This is not the session of whoever answered", "Give the response_code that the browser brought to the redirectUri."),
    kind("presentation_refused", 400, "This is no presentation for this request", "Present the receipt to the audience, and over the nonce, of the request object."),
    // The life of a consent.
    kind("consent_unknown", 404, "No such consent", ""),
    kind("consent_ended", 409, "The consent has ended", "A new yes is a new consent."),
    kind("consent_expired", 409, "The consent had expired", "A new yes is a new consent."),
    kind("notice_superseded", 409, "The brand has changed its request materially since", "Answer the new request first."),
    kind("illegal_transition", 409, "This record cannot follow", SIGN_ANEW),
    kind("previous_stale", 409, "The record follows one that is not the last", SIGN_ANEW),
    kind("previous_forked", 409, "The record follows one that is not of this consent", SIGN_ANEW),
    kind("chain_full", 409, "The consent has as many records as it may have", "A new yes is a new consent."),
    kind("renewal_widens", 422, "A renewal cannot widen", "For more, ask for a new consent."),
    kind("renewal_not_later", 422, "A renewal ends later than what it renews", SIGN_ANEW),
    kind("narrowing_nothing_remains", 422, "Nothing would remain", "Withdraw instead."),
    kind("narrowing_matches_nothing", 422, "A pattern removes nothing", SIGN_ANEW),
    kind("remaining_differs", 422, "The remaining scope is another one", SIGN_ANEW),
    kind("code_malformed", 422, "This is no withdrawal code", "Look for a mistyped character: letters and digits only, and no O, I or L."),
    // Access reports.
    kind("bad_authorization", 422, "The brand's authorization of the verifier does not hold", "The brand signs a new one: placet brand authorize-verifier."),
    kind("bad_decision", 422, "The decision does not belong here", "Hand it in as the verifier signed it, with its place in a batch of this log if it has one."),
    // A verifier's book of customers.
    kind("customer_unknown", 404, "No such customer", "The reference is the brand's own; import it, or invite the customer."),
    kind("invitation_taken", 409, "The invitation is another customer's", "Merge or split customers to say that two references are one, or one is two."),
    kind("cooling_down", 409, "The customer has said no to this request", "Do not ask her again before the time in the detail. If she has changed her mind of her own accord, invite her with `placet brand invite`, or with a request that has materially changed."),
    kind("ledger_refused", 502, "The ledger refused", "The detail says why. What was asked of the verifier itself was in order."),
    // Destruction.
    kind("destroyed", 410, "The opening was destroyed", "Nothing opens this leaf any more. The log itself is as it was."),
    kind("bad_order", 422, "The order does not hold", "A key of the consent's controller, or of a configured authority, signs {origin, consent, ground, date} anew."),
    kind("bad_acknowledgement", 422, "The acknowledgement does not hold", "Sign {origin, destruction, outcome, date} with the key that is registered with the token."),
    kind("destruction_overtaken", 409, "The consent got another event meanwhile", "Send the same order again."),
    // Credentials at the VC-API.
    kind("vc_malformed", 400, "The document breaks a rule of the data model", "The pointer names the fault. See Verifiable Credentials Data Model 2.0."),
    kind("vc_unknown", 400, "The document rests on something that is not known here", "Nothing is fetched: contexts, DID documents, status lists and resources that are not known refuse the document."),
    kind("vc_unproven", 400, "A proof does not count", "Every proof holds, one is by a key of the issuer or holder, and it is for the domain and challenge that were asked for."),
    kind("vc_not_in_force", 400, "The credential is not valid now", ""),
    // The DID document of a brand.
    kind("document_unreachable", 422, "The DID document cannot be fetched", "Serve it as did:web says, or hand it in as document."),
    kind("document_malformed", 422, "The DID document cannot be used", "It names the DID, and in assertionMethod an Ed25519 or P-256 key."),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_spelled_alike() {
        let codes: BTreeSet<_> = PROBLEMS.iter().map(|kind| kind.code).collect();
        assert_eq!(codes.len(), PROBLEMS.len());
        assert!(
            codes
                .iter()
                .all(|code| code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        );
    }

    /// Whoever is told this tells a person what became of her yes or her no.
    #[test]
    fn whoever_cannot_say_does_not_say_that_nothing_was_recorded() {
        for code in [
            "unavailable",
            "timeout",
            "overloaded",
            "internal",
            "rate_limited",
            "slow_request",
        ] {
            let kind = ProblemType::of(code);
            let text = format!("{} {}", kind.title, kind.help).to_lowercase();
            assert!(
                !text.contains("not recorded") && !text.contains("nothing"),
                "{code}: {text}"
            );
        }
        assert!(ProblemType::of("unavailable").help.contains("may be in the log"));
    }

    #[test]
    fn an_unknown_code_is_an_inner_failure() {
        assert_eq!(ProblemType::of("no_such_code"), &INTERNAL);
        let problem = ProblemType::of("not_found").problem("nothing", None);
        assert_eq!(problem.r#type, "https://w3id.org/placet/problems/not_found");
        assert_eq!((problem.status, problem.help), (404, None));
    }
}
