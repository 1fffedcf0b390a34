//! A report on a misbehaviour file as a person reads it: who signed what, why it cannot all be true, whom it concerns.

use placet_kernel::bundle::{Verdict, Weight};
use placet_kernel::misbehaviour::{Finding, Kind, Report, Said};

use super::report::{answer, trust};

/// The whole report as text.
pub(super) fn text(report: &Report) -> String {
    let mut lines = vec![format!(
        "misbehaviour  {}{}",
        answer(report.proved),
        meaning(report.proved)
    )];
    let origin = report.trust.origin.as_ref();
    if let (Some(kind), Some(origin)) = (report.kind, origin) {
        lines.push(format!("accused       the operator of {origin}, of {}", name(kind)));
    }
    if let Some(controller) = &report.controller {
        lines.push(format!("concerns      the feed of {controller}"));
    }
    if let Some(consent) = &report.consent {
        lines.push(format!("concerns      the consent {consent}"));
    }
    lines.push(String::new());
    for said in &report.said {
        lines.extend(tell(said));
    }
    if let Some(contradiction) = &report.contradiction {
        lines.extend([String::new(), format!("It cannot all be true: {contradiction}.")]);
    }
    if !report.findings.is_empty() {
        lines.extend([String::new(), "findings".to_owned()]);
        lines.extend(report.findings.iter().map(finding));
    }
    lines.push(String::new());
    lines.extend(trust(&report.trust));
    lines.push(String::new());
    lines.extend(report.disclaimers.iter().map(|text| format!("note: {text}")));
    lines.join("\n")
}

const fn meaning(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => ": it is proved",
        Verdict::Fails => ": the file proves nothing",
        Verdict::CannotTell => "",
    }
}

const fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Fork => "a fork of the log",
        Kind::FeedFork => "a fork of a feed",
        Kind::AcknowledgementAgainstHead => "dropping an acknowledged item from a feed",
        Kind::AttestationAgainstEvent => "denying an event of a consent",
    }
}

fn tell(said: &Said) -> [String; 2] {
    [
        format!("signed        {} by {}", said.statement, said.signed_by.join(", ")),
        format!("  says        {}", said.says),
    ]
}

fn finding(finding: &Finding) -> String {
    let weight = match finding.weight {
        Weight::Note => "note",
        Weight::Missing => "missing",
        Weight::False => "false",
    };
    let help = if finding.help.is_empty() {
        String::new()
    } else {
        format!("\n      help: {}", finding.help)
    };
    format!(
        "  {weight} {} at {}: {}{help}",
        finding.code, finding.place, finding.why
    )
}
