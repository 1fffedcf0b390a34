//! What a command says when the log has recorded something.

use anyhow::Result;
use placet_schemas::id::{Did, Digest};
use placet_schemas::lifecycle::{Effective, effective};
use placet_schemas::time::Timestamp;
use serde::Serialize;

use super::send::Sent;
use crate::output::Output;
use crate::system;

/// How many characters of a digest a person is shown. `Book::find` takes them.
pub(super) const SHORT: usize = 12;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    consent: Digest,
    legal_name: &'a str,
    controller: &'a Did,
    record: Digest,
    index: u64,
    size: u64,
    effective: Effective,
    valid_until: Timestamp,
    findings: &'a [String],
    sent_again: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    overtaken_by: Option<Digest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawal_code: Option<&'a str>,
}

/// Says that a record is in the log; `done` names the act, such as `Withdrawn`.
///
/// # Errors
/// What is wrong with the log, after the record has been reported.
pub(super) fn recorded(out: &Output, done: &str, sent: Sent) -> Result<()> {
    report(out, done, &sent, None)?;
    sent.alarm.map_or(Ok(()), Err)
}

/// The same for a new consent: it shows the withdrawal code, too.
///
/// # Errors
/// As [`recorded`].
pub(super) fn given(out: &Output, sent: Sent) -> Result<()> {
    let code = sent.consent.code.as_ref().map(|code| code.as_str());
    report(out, "Given", &sent, code)?;
    sent.alarm.map_or(Ok(()), Err)
}

fn report(out: &Output, done: &str, sent: &Sent, code: Option<&str>) -> Result<()> {
    let statement = &sent.answer.acknowledgement.statement;
    let report = Report {
        consent: sent.consent.state.consent,
        legal_name: sent.consent.legal_name.as_str(),
        controller: &sent.consent.state.controller,
        record: sent.digest,
        index: statement.index,
        size: statement.size,
        effective: effective(&sent.consent.state, system::now()?),
        valid_until: sent.consent.state.valid_until,
        findings: &sent.answer.findings,
        sent_again: sent.again,
        overtaken_by: sent.overtaken_by,
        withdrawal_code: code,
    };
    out.result(&report, |report| human(done, report))
}

/// A digest as a person is shown it.
pub(super) fn short(digest: &Digest) -> String {
    let mut text = digest.to_string();
    text.truncate(SHORT);
    text
}

/// The state in words.
pub(super) const fn state_words(effective: Effective) -> &'static str {
    match effective {
        Effective::Given => "in force",
        Effective::Expired => "expired",
        Effective::Withdrawn => "withdrawn",
        Effective::EndedByController => "ended by the brand",
    }
}

fn human(done: &str, report: &Report<'_>) -> String {
    let mut lines = vec![format!("{done}: {}, consent {}", report.legal_name, report.consent)];
    lines.push(format!(
        "Recorded at index {} of the log, whose tree has {} leaves. The log's signatures hold.",
        report.index, report.size
    ));
    if report.effective == Effective::Given {
        lines.push(format!("In force until {}.", report.valid_until));
    } else {
        lines.push(format!("The consent is now {}.", state_words(report.effective)));
    }
    if report.sent_again {
        lines.push("This record had been sent before without an answer; the same bytes were sent again.".to_owned());
    }
    for finding in report.findings {
        lines.push(format!("The log recorded it with a remark: {finding}."));
    }
    if let Some(digest) = report.overtaken_by {
        let short = short(&digest);
        lines.push(format!(
            "Somebody else has acted on this consent too ({short}): see `placet wallet show --refresh`."
        ));
    }
    if let Some(code) = report.withdrawal_code {
        lines.push(String::new());
        lines.push("Write this withdrawal code on paper. It ends the consent, even without this wallet:".to_owned());
        lines.push(String::new());
        lines.push(format!("    {code}"));
    }
    lines.join("\n")
}
