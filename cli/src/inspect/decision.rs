//! What a verifier decided, for a person who has never seen this: yes or no, why, and what to do.

use anyhow::{Context as _, Result};
use placet_kernel::bundle;
use placet_schemas::authzen::{DecisionStatement, EvaluationAnswer, EvaluationsAnswer, Reason, ReasonCode};
use placet_schemas::json::{self, Node};

use super::sheet::Sheet;
use crate::words;

/// A decision that came as its signed form alone.
pub(super) fn signed(compact: &str) -> Result<Sheet> {
    let mut sheet = Sheet::new("decision of a verifier");
    add(&mut sheet, &*read(compact)?);
    Ok(sheet)
}

/// A verifier's answer to one question.
pub(super) fn answer(root: &Node<'_>) -> Result<Sheet> {
    let answer = json::decode(root).context("it is no answer of a verifier")?;
    let mut sheet = Sheet::new("answer of a verifier");
    tell(&mut sheet, &answer)?;
    Ok(sheet)
}

/// A verifier's answer to several.
pub(super) fn answers(root: &Node<'_>) -> Result<Sheet> {
    let all: EvaluationsAnswer = json::decode(root).context("it is no answer of a verifier")?;
    let mut sheet = Sheet::new(format!("answers of a verifier to {} questions", all.evaluations.len()));
    for (at, answer) in all.evaluations.iter().enumerate() {
        sheet.add("question", at + 1);
        tell(&mut sheet, answer)?;
    }
    Ok(sheet)
}

fn tell(sheet: &mut Sheet, answer: &EvaluationAnswer) -> Result<()> {
    let statement = read(&answer.context.signed)?;
    if statement.decision != answer.decision || statement.reasons != answer.context.reasons {
        sheet.add(
            "beware",
            "the answer says something else than its signed form, which is shown here; somebody changed it",
        );
    }
    add(sheet, &statement);
    Ok(())
}

/// The signed form says what was asked too, which an answer that denies does not.
fn read(compact: &str) -> Result<Box<DecisionStatement>> {
    let report = bundle::bare_decision(compact);
    report.decision.context("its signed form cannot be read")
}

fn add(sheet: &mut Sheet, statement: &DecisionStatement) {
    sheet.add("decision", words::decision(statement.decision));
    if let Some(asked) = &statement.asked {
        let categories: Vec<&str> = asked.categories.iter().map(|term| term.as_str()).collect();
        sheet.add("purpose", &asked.purpose);
        sheet.add("data", categories.join(", "));
        sheet.add("processing", asked.processing);
    }
    sheet.add("brand", &statement.controller);
    sheet.add("decided at", statement.evaluated_at);
    if let Some(until) = statement.valid_until {
        sheet.add("good until", until);
    }
    for reason in &statement.reasons {
        add_reason(sheet, reason);
    }
    sheet.add("evaluation", &statement.evaluation_id);
}

fn add_reason(sheet: &mut Sheet, reason: &Reason) {
    let mut about: Vec<String> = reason.category.iter().map(ToString::to_string).collect();
    about.extend(reason.article.iter().map(|article| format!("Article {article} GDPR")));
    let about = match about.is_empty() {
        true => String::new(),
        false => format!(" ({})", about.join(", ")),
    };
    sheet.add("reason", format_args!("{}{about}", reason.code.as_str()));
    sheet.add("what it means", &reason.why);
    if reason.code != ReasonCode::Permitted && !reason.path.is_empty() {
        sheet.add("in the question", &reason.path);
    }
    if let Some(consent) = &reason.consent {
        sheet.add("consent", consent);
    }
    if let Some(step) = words::next_step(reason) {
        sheet.add("what to do", step);
    }
}
