//! How clauses and patterns read, in every command alike.

use placet_schemas::authzen::{Reason, ReasonCode};
use placet_schemas::narrowing::{Pattern, Value};
use placet_schemas::scope::{Clause, Delivery};
use placet_schemas::text::Set;

/// A clause: its purpose in words, then everything that is agreed to with it.
pub(crate) fn clause(clause: &Clause, language: &str) -> Vec<String> {
    let purpose = &clause.purpose;
    let mut lines = vec![
        purpose.text.in_language(language).to_owned(),
        format!("purpose {} (a kind of {})", purpose.id, purpose.is_a),
        format!(
            "data {}; processing {}",
            list(&clause.categories),
            list(&clause.processing)
        ),
        format!("delivery {}; kept {}", deliveries(clause), clause.retention),
    ];
    if !purpose.channels.is_empty() {
        let channels: Vec<String> = purpose
            .channels
            .iter()
            .map(|channel| kebab(&format!("{channel:?}")))
            .collect();
        lines.push(format!("contact by {}", channels.join(", ")));
    }
    if let Some(party) = &clause.third_party {
        lines.push(format!("disclosed to {} ({})", party.legal_name, party.id));
    }
    if let Some(transfer) = &clause.transfer {
        lines.push(format!(
            "transferred to {} without the safeguards of the Union",
            transfer.country
        ));
    }
    lines
}

/// What is taken back.
pub(crate) fn pattern(pattern: &Pattern) -> String {
    match pattern {
        Pattern::Clause(clause) => format!("the whole clause {}", clause.purpose.id),
        Pattern::Value { purpose, value } => {
            let purpose = purpose.as_ref().map_or("every purpose", |purpose| purpose.as_str());
            let value = match value {
                Value::Category(term) => format!("category {term}"),
                Value::Processing(term) => format!("processing {term}"),
                Value::Delivery(delivery) => format!("delivery {}", kebab(&format!("{delivery:?}"))),
                Value::ThirdParty(party) => format!("third party {party}"),
                Value::Transfer(country) => format!("transfer to {country}"),
            };
            format!("{value} in {purpose}")
        }
    }
}

/// The first 12 digits of a digest: enough to tell rows apart, not enough to name one.
pub(crate) fn short(digest: &placet_schemas::id::Digest) -> String {
    digest.to_string().chars().take(12).collect()
}

/// Yes or no, and what follows from it.
pub(crate) const fn decision(permit: bool) -> &'static str {
    match permit {
        true => "PERMITTED: the data may be used for this, now",
        false => "DENIED: the data must not be used for this",
    }
}

/// What to do about a reason, with the command, where there is something to do besides what the reason itself says.
pub(crate) fn next_step(reason: &Reason) -> Option<String> {
    use ReasonCode as Code;
    let invite = reason.ask.map(|request| {
        format!(
            "ask with the request {request}: `placet brand invite --request {request} --customer REFERENCE`, or POST \
             /v1/customers/invitations at the verifier"
        )
    });
    match reason.code {
        Code::Permitted | Code::BasisNotConsent | Code::ControllerUnknown | Code::RequestMalformed => None,
        Code::Withdrawn => invite.map(|invite| format!("only if she comes back by herself: {invite}")),
        Code::CustomerUnknown => Some(
            "if she was invited before, let the verifier know: `placet brand customers import`; if she was not, invite her".to_owned(),
        ),
        Code::StateStale => Some("GET /readyz at the verifier says how old its state is, and its log why".to_owned()),
        Code::ProofInvalid => Some(
            "the verifier's log says what did not hold; if its folder has a misbehaviour-*.json, `placet verify` says what the \
             ledger's operator did, else it ends with the next page that holds"
                .to_owned(),
        ),
        _ => invite.or_else(|| {
            Some(
                "none of your requests offers this: write one (`placet brand template`, `check`, `request`), then invite her"
                    .to_owned(),
            )
        }),
    }
}

fn deliveries(clause: &Clause) -> String {
    let name = |delivery: &Delivery| match delivery {
        Delivery::Copy => "copy",
        Delivery::InVault => "in-vault",
    };
    clause.delivery.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn list<T: core::fmt::Display + Ord>(set: &Set<T>) -> String {
    set.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// `InApp` as it is written in records: `in-app`.
fn kebab(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.extend(c.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_denial_says_what_to_do() {
        let request = placet_schemas::id::Digest::of(b"request");
        for code in ReasonCode::ALL {
            let reason = |ask| Reason {
                code,
                path: String::new(),
                category: None,
                record: None,
                consent: None,
                article: None,
                why: code.explanation().to_owned(),
                ask,
            };
            let (without, with) = (next_step(&reason(None)), next_step(&reason(Some(request))));
            let own_words = matches!(
                code,
                ReasonCode::Permitted
                    | ReasonCode::BasisNotConsent
                    | ReasonCode::ControllerUnknown
                    | ReasonCode::RequestMalformed
            );
            assert_eq!(with.is_none(), own_words, "{code:?}");
            // Nobody is pressed to ask again a person who has just said no.
            assert_eq!(
                without.is_none(),
                own_words || code == ReasonCode::Withdrawn,
                "{code:?}"
            );
        }
    }

    #[test]
    fn names_are_written_as_in_records() {
        assert_eq!(kebab("InVault"), "in-vault");
        assert_eq!(kebab("Sms"), "sms");
    }
}
