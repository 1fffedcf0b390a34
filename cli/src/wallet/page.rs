//! What a person reads before she answers: who asks, the notice item by item, and each choice.

use std::fmt::Write as _;

use placet_schemas::id::Language;
use placet_schemas::notice::Notice;
use placet_schemas::record::keys::KeySource;
use placet_schemas::record::request::ConsentRequest;
use placet_schemas::rules::{Demand, demand};
use placet_schemas::scope::{Channel, Clause, Delivery};
use placet_schemas::time::Period;
use placet_wallet::offer::Offer;

/// Columns of a page.
const WIDTH: usize = 92;
/// Columns of the labels on the left.
const LABEL: usize = 15;

/// Writes the whole page: the asker, the notice, and the choices, numbered from 1, all of them off.
pub(super) fn offer(offer: &Offer, notice: &Notice, language: &Language) -> String {
    let mut out = String::new();
    asker(&mut out, offer);
    articles(&mut out, notice);
    terms(&mut out, offer.request(), language);
    out.push_str("\nYOUR CHOICES: each is off until you say yes to it\n");
    for (at, one) in offer.request().clauses.clauses().iter().enumerate() {
        let _ = writeln!(
            out,
            "\n[{}] {}",
            at + 1,
            wrapped(one.purpose.text.in_language(language.as_str()), 4)
        );
        clause(&mut out, one);
    }
    out
}

/// Writes the clauses of a scope, numbered from 1.
pub(super) fn clauses(all: &[Clause], language: &str) -> String {
    let mut out = String::new();
    for (at, one) in all.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        let _ = writeln!(
            out,
            "[{}] {}",
            at + 1,
            wrapped(one.purpose.text.in_language(language), 4)
        );
        clause(&mut out, one);
    }
    out
}

/// A period in words, such as `2 years 6 months`.
pub(super) fn period(period: Period) -> String {
    let text = period.to_string();
    let mut words = Vec::new();
    let mut digits = String::new();
    for c in text.chars().skip(1) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let unit = match c {
            'Y' => "year",
            'M' => "month",
            _ => "day",
        };
        let plural = if digits == "1" { "" } else { "s" };
        words.push(format!("{digits} {unit}{plural}"));
        digits.clear();
    }
    words.join(" ")
}

fn asker(out: &mut String, offer: &Offer) {
    let asker = offer.request().controllers.registered();
    let _ = writeln!(
        out,
        "{} ASKS FOR YOUR CONSENT",
        asker.legal_name.as_str().to_uppercase()
    );
    row(out, "Identity", asker.id.as_str());
    let keys = match offer.registration().source {
        KeySource::Fetched => "fetched by the log's operator from where the identity says",
        KeySource::Supplied => "handed to the log's operator by the brand itself",
    };
    row(out, "Its keys", keys);
    row(out, "Contact", asker.contact.as_str());
    if let Some(dpo) = &asker.dpo {
        row(out, "Data protection", dpo.as_str());
    }
    for other in offer.request().controllers.all().iter().skip(1) {
        row(out, "Jointly with", &format!("{} ({})", other.legal_name, other.id));
    }
}

fn articles(out: &mut String, notice: &Notice) {
    let _ = writeln!(out, "\n{}", notice.title);
    let items = [
        ("Responsible", &notice.controllers.text),
        ("Data protection", &notice.data_protection_officer.text),
        ("What for", &notice.purposes.text),
        ("Who gets it", &notice.recipients.text),
        ("Other countries", &notice.transfers.text),
        ("How long", &notice.retention.text),
        ("Your rights", &notice.rights.text),
        ("Withdrawing", &notice.withdrawal.text),
        ("Complaints", &notice.complaint.text),
        ("Must you?", &notice.requirement.text),
        ("By machine", &notice.automated_decisions.text),
        ("The proof", &notice.proof_retention.text),
    ];
    for (label, text) in items {
        row(out, label, text.as_str());
    }
}

fn terms(out: &mut String, request: &ConsentRequest, language: &Language) {
    let language = language.as_str();
    out.push('\n');
    row(
        out,
        "If you say yes",
        request.benefit.with_consent.in_language(language),
    );
    row(
        out,
        "If you do not",
        request.benefit.without_consent.in_language(language),
    );
    row(
        out,
        "It lasts",
        &format!("at most {}, unless you end it before", period(request.validity)),
    );
    row(out, "Meant for", request.audience.description.in_language(language));
    for other in &request.other_bases {
        let why = other.explanation.in_language(language);
        row(
            out,
            "Also used",
            &format!("{}, whatever you answer: {why}", other.category.label()),
        );
    }
}

fn clause(out: &mut String, clause: &Clause) {
    let mut line = |label: &str, text: &str| row(out, &format!("    {label}"), text);
    line(
        "Purpose",
        &format!("{} ({})", clause.purpose.is_a.label(), clause.purpose.id),
    );
    line(
        "Data",
        &list(
            clause
                .categories
                .iter()
                .map(|term| format!("{} ({term})", term.label())),
        ),
    );
    line(
        "Done with it",
        &list(
            clause
                .processing
                .iter()
                .map(|term| format!("{} ({term})", term.label())),
        ),
    );
    line(
        "Delivery",
        &list(
            clause
                .delivery
                .iter()
                .map(|delivery| delivery_words(*delivery).to_owned()),
        ),
    );
    if let Some(party) = &clause.third_party {
        line("Goes to", &format!("{} ({})", party.legal_name, party.id));
    }
    if let Some(transfer) = &clause.transfer {
        line(
            "Sent to",
            &format!("{}, without the Union's safeguards", transfer.country),
        );
    }
    if !clause.purpose.channels.is_empty() {
        line(
            "Contact by",
            &list(
                clause
                    .purpose
                    .channels
                    .iter()
                    .map(|channel| channel_words(*channel).to_owned()),
            ),
        );
    }
    line("Kept", &format!("at most {}", period(clause.retention)));
    if demand(clause) == Demand::Explicit {
        line("Needs", "an express statement of yours about this choice alone");
    }
}

const fn delivery_words(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Copy => "they hold a copy",
        Delivery::InVault => "it stays with you",
    }
}

const fn channel_words(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "e-mail",
        Channel::InApp => "message in their app",
        Channel::Phone => "telephone",
        Channel::Post => "letter",
        Channel::Push => "notification",
        Channel::Sms => "text message",
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

fn row(out: &mut String, label: &str, text: &str) {
    let indent = label.chars().take_while(|c| *c == ' ').count();
    let column = indent + LABEL + 1;
    let _ = writeln!(out, "{label:<width$} {}", wrapped(text, column), width = column - 1);
}

/// The text in lines of at most [`WIDTH`] columns, all but the first indented by `column` spaces. The stranger's own line
/// breaks are kept.
fn wrapped(text: &str, column: usize) -> String {
    let mut out = String::new();
    for (at, paragraph) in text.lines().enumerate() {
        if at > 0 {
            let _ = write!(out, "\n{:column$}", "");
        }
        let mut used = column;
        for word in paragraph.split_whitespace() {
            let length = word.chars().count();
            if used > column && used + 1 + length > WIDTH {
                let _ = write!(out, "\n{:column$}", "");
                used = column;
            } else if used > column {
                out.push(' ');
                used += 1;
            }
            out.push_str(word);
            used += length;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_read_aloud() {
        for (wire, words) in [
            ("P1Y", "1 year"),
            ("P1Y6M", "1 year 6 months"),
            ("P90D", "90 days"),
            ("P2M1D", "2 months 1 day"),
        ] {
            assert_eq!(period(wire.parse().unwrap()), words);
        }
    }

    #[test]
    fn long_texts_are_wrapped_under_themselves() {
        let text = "word ".repeat(40);
        let mut out = String::new();
        row(&mut out, "Label", &text);
        assert!(out.lines().count() > 2);
        assert!(out.lines().all(|line| line.chars().count() <= WIDTH));
        assert!(out.lines().skip(1).all(|line| line.starts_with(&" ".repeat(LABEL + 1))));
        assert_eq!(out.split_whitespace().count(), 41);
    }
}
