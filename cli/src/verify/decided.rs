//! What is said of a decision, as a person reads it.

use placet_kernel::bundle::{DecisionReport, Verdict};
use placet_kernel::decision::MAX_DECISION_BYTES;
use placet_schemas::authzen::{DecisionStatement, Reason};

use super::report::{answer, finding};
use crate::words;

/// What every JWS begins with: the base64url of `{"`.
const BEGINNING: &str = "ey";

/// A decision that came alone, if that is what the file holds.
pub(crate) fn compact(bytes: &[u8]) -> Option<&str> {
    let text = str::from_utf8(bytes).ok()?.trim_ascii_end();
    (text.len() <= MAX_DECISION_BYTES && text.starts_with(BEGINNING)).then_some(text)
}

/// The whole report on a decision that came alone.
pub(super) fn text(report: &DecisionReport) -> String {
    tell(report).join("\n")
}

/// The lines about one decision.
pub(super) fn tell(report: &DecisionReport) -> Vec<String> {
    let name = if report.place.is_empty() {
        "the decision"
    } else {
        &report.place
    };
    let mut lines = vec![format!("decision    {name}")];
    lines.push(match &report.signer {
        Some(signer) => format!(
            "  signed    {}: the signature holds, by {signer}",
            answer(report.signed)
        ),
        None => format!("  signed    {}", answer(report.signed)),
    });
    lines.push(format!("  right     {}", answer(report.right)));
    lines.push(match (report.anchored, report.existed_by) {
        (Verdict::Holds, Some(time)) => format!("  anchored  {} by {time}", answer(report.anchored)),
        (Verdict::CannotTell, _) => "  anchored  no: the signer's clock only".to_owned(),
        (verdict, _) => format!("  anchored  {}", answer(verdict)),
    });
    if let Some(statement) = &report.decision {
        lines.extend(says(statement));
    }
    lines.extend(report.findings.iter().map(finding));
    lines
}

fn says(statement: &DecisionStatement) -> Vec<String> {
    let what = if statement.decision { "permit" } else { "deny" };
    let until = statement
        .valid_until
        .map(|until| format!(", good until {until}"))
        .unwrap_or_default();
    let mut lines = vec![format!(
        "  says      {what} at {}{until}, for {} in {}",
        statement.evaluated_at, statement.controller, statement.origin
    )];
    if let Some(asked) = &statement.asked {
        let categories: Vec<&str> = asked.categories.iter().map(|term| term.as_str()).collect();
        lines.push(format!(
            "  asked     {} of {} for {}",
            asked.processing,
            categories.join(", "),
            asked.purpose
        ));
    }
    lines.extend(statement.reasons.iter().flat_map(reason));
    lines
}

fn reason(reason: &Reason) -> Vec<String> {
    let category = reason.category.map(|term| format!(" ({term})")).unwrap_or_default();
    let mut lines = vec![format!(
        "  reason    {}{category}: {}",
        reason.code.as_str(),
        reason.why
    )];
    lines.extend(words::next_step(reason).map(|step| format!("  to do     {step}")));
    lines
}
