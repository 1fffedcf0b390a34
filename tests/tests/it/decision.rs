//! Decisions about consent: from signed records and real questions to a permit or a deny, and to the reason.

mod authzen;
mod codes;
mod presented;
mod properties;
mod register;
mod requests;
mod scopes;
mod several;
mod signed;
mod times;

use placet_schemas::authzen::{DecisionStatement, ReasonCode};

/// The one reason of a decision.
fn only(said: &DecisionStatement) -> ReasonCode {
    let [reason] = &said.reasons[..] else {
        panic!("{:#?}", said.reasons)
    };
    assert_eq!(said.decision, reason.code == ReasonCode::Permitted);
    reason.code
}
