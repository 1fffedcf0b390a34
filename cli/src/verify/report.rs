//! A report as a person reads it.

use placet_kernel::bundle::{Finding, Question, Report, Story, TrustSource, Verdict, Weight};
use placet_kernel::trust::QUORUM_NONE;

use super::decided;

/// The whole report as text.
pub(super) fn text(report: &Report) -> String {
    let mut lines = vec![
        format!("recorded  {}", answer(report.recorded)),
        match report.at {
            Some(at) => format!("in force  {} at {at}", answer(report.in_force)),
            None => format!("in force  {}", answer(report.in_force)),
        },
        String::new(),
    ];
    if let Some(story) = &report.story {
        lines.extend(tell(story, report.recorded));
        lines.push(String::new());
    }
    for decision in &report.decisions {
        lines.extend(decided::tell(decision));
        lines.push(String::new());
    }
    lines.extend(grounds(&report.findings, &report.trust));
    lines.extend(report.disclaimers.iter().map(|text| format!("note: {text}")));
    lines.join("\n")
}

/// What the judge noticed, and whose keys counted.
pub(super) fn grounds(findings: &[Finding], source: &TrustSource) -> Vec<String> {
    let mut lines = Vec::new();
    if !findings.is_empty() {
        lines.push("findings".to_owned());
        lines.extend(findings.iter().map(finding));
        lines.push(String::new());
    }
    lines.extend(trust(source));
    lines.push(String::new());
    lines
}

pub(super) const fn answer(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "Holds",
        Verdict::Fails => "Fails",
        Verdict::CannotTell => "CannotTell",
    }
}

fn tell(story: &Story, recorded: Verdict) -> Vec<String> {
    let mut lines = Vec::new();
    if recorded != Verdict::Holds {
        lines.push("What the bundle says, which is not proven:".to_owned());
    }
    lines.push(format!("consent     {}", story.consent));
    lines.push(format!("controller  {} ({})", story.legal_name, story.controller));
    lines.push(format!("person      {}", story.subject));
    for event in &story.events {
        let existed = event
            .existed_by
            .map(|time| format!(", in the log by {time}"))
            .unwrap_or_default();
        lines.push(format!(
            "  #{:<8} {:<17} signed {} by {}{existed}",
            event.index,
            event.kind.as_str(),
            event.claimed,
            event.signer
        ));
    }
    lines.push(format!(
        "state       {:?}, valid until {}",
        story.effective, story.state.valid_until
    ));
    for clause in story.state.scope.clauses() {
        lines.push(format!(
            "  purpose   {} ({})",
            clause.purpose.text.in_language("en"),
            clause.purpose.id
        ));
    }
    let fresh = story
        .fresh_at
        .map(|time| format!(", the log's newest at {time}"))
        .unwrap_or_default();
    lines.push(format!("log size    {}{fresh}", story.size));
    lines
}

pub(super) fn finding(finding: &Finding) -> String {
    let weight = match finding.weight {
        Weight::Note => "note",
        Weight::Missing => "missing",
        Weight::False => "false",
    };
    let question = match finding.question {
        Question::Recorded => "recorded",
        Question::InForce => "in force",
        Question::Signed => "signed",
        Question::Right => "right",
        Question::Anchored => "anchored",
        Question::Issued => "issued",
        Question::Bound => "bound",
    };
    let place = if finding.place.is_empty() {
        String::new()
    } else {
        format!(" at {}", finding.place)
    };
    let help = if finding.help.is_empty() {
        String::new()
    } else {
        format!("\n      help: {}", finding.help)
    };
    format!("  {weight} ({question}) {}{place}: {}{help}", finding.code, finding.why)
}

/// Whose keys counted.
pub(super) fn trust(source: &TrustSource) -> Vec<String> {
    let origin = source
        .origin
        .as_ref()
        .map_or("a log of an unknown format", |origin| origin.as_str());
    let mut lines = vec![match source.quorum.as_deref() {
        None => format!("trust       none: the file speaks of {origin}, and no trust file was given"),
        Some(QUORUM_NONE) => {
            format!("trust       the trust file's keys of {origin}; no witness, so times are the operator's word")
        }
        Some(quorum) => format!("trust       the trust file's keys of {origin}; times by the quorum {quorum}"),
    }];
    lines.extend(source.fingerprints.iter().map(|key| format!("  key       {key}")));
    lines
}
