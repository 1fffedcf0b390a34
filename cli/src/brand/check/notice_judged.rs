//! A notice, held against its reader and its request.

use anyhow::Result;
use placet_schemas::id::Language;
use placet_schemas::json::{self, Fault, FaultCode, Node};
use placet_schemas::notice::{CanonicalNotice, Expected, MAX_NOTICE_BYTES, Notice};
use placet_schemas::record::request::ConsentRequest;
use placet_schemas::time::Period;
use serde::de::DeserializeOwned;

use super::super::items::{NOTICE_ITEMS, NoticeItem};
use super::super::papers;
use super::super::starter;
use super::{Line, Problem};

/// The line for what belongs to no item.
const FORM: (&str, &str) = ("the form of a notice", "7(1)");

/// What is said of a notice.
pub(super) struct Judged {
    pub(super) lines: Vec<Line>,
    /// The notice, where all of it can be read.
    pub(super) notice: Option<CanonicalNotice>,
}

/// Judges a notice in a language; without a request that could be read, only by itself.
pub(super) fn judge(
    bytes: &[u8],
    language: &Language,
    request: Option<&ConsentRequest>,
    expected: &Expected,
) -> Result<Judged> {
    let document = match json::parse(bytes, MAX_NOTICE_BYTES) {
        Ok(document) => document,
        // Nothing can be said of items when nobody can read where they end.
        Err(fault) => {
            return Ok(Judged {
                lines: vec![Line::new(FORM.0, FORM.1, vec![Problem::of(&fault)])],
                notice: None,
            });
        }
    };
    let root = document.root();
    let period = request.map_or(Period::new(0, 1), |request| Some(request.proof_retention));
    let mut faults: Vec<Fault> = Vec::new();
    let mended = match period {
        Some(period) => Some(mended(root, starter::notice(language, expected, period)?, &mut faults)),
        None => None,
    };
    if faults.is_empty() {
        // A member that there is not, or no object at all.
        faults.extend(json::decode::<Notice>(root).err());
    }
    let mut problems: Vec<Problem> = faults.iter().map(said).collect();
    problems.extend(papers::unfilled(root).iter().map(String::as_str).map(to_write));
    if let (Some(request), Some(notice)) = (request, &mended) {
        let differing = notice.disagreements(request, language);
        problems.extend(differing.iter().map(|at| Problem::contradicts(at.pointer, &at.what)));
    }
    Ok(Judged {
        lines: lines(&problems),
        notice: CanonicalNotice::parse(bytes).ok(),
    })
}

/// The notice with every member that cannot be read replaced by one that agrees, so that the others can be judged all the same.
fn mended(root: &Node<'_>, fallback: Notice, faults: &mut Vec<Fault>) -> Notice {
    Notice {
        version: member(root, "version", fallback.version, faults),
        language: member(root, "language", fallback.language, faults),
        title: member(root, "title", fallback.title, faults),
        controllers: member(root, "controllers", fallback.controllers, faults),
        data_protection_officer: member(root, "dataProtectionOfficer", fallback.data_protection_officer, faults),
        purposes: member(root, "purposes", fallback.purposes, faults),
        recipients: member(root, "recipients", fallback.recipients, faults),
        transfers: member(root, "transfers", fallback.transfers, faults),
        retention: member(root, "retention", fallback.retention, faults),
        rights: member(root, "rights", fallback.rights, faults),
        withdrawal: member(root, "withdrawal", fallback.withdrawal, faults),
        complaint: member(root, "complaint", fallback.complaint, faults),
        requirement: member(root, "requirement", fallback.requirement, faults),
        automated_decisions: member(root, "automatedDecisions", fallback.automated_decisions, faults),
        proof_retention: member(root, "proofRetention", fallback.proof_retention, faults),
    }
}

fn member<T: DeserializeOwned>(root: &Node<'_>, name: &str, fallback: T, faults: &mut Vec<Fault>) -> T {
    let read = match root.get(name) {
        Some(node) => json::decode(node).map_err(|fault| fault.under(name)),
        None => Err(Fault::new("", FaultCode::MissingMember, "it is not there").under(name)),
    };
    read.unwrap_or_else(|fault| {
        faults.push(fault);
        fallback
    })
}

/// One line for each item, and one for what belongs to none.
fn lines(problems: &[Problem]) -> Vec<Line> {
    let of = |members: &[&str]| -> Vec<Problem> {
        let inside = |problem: &&Problem| {
            problem
                .pointer
                .split('/')
                .nth(1)
                .is_some_and(|first| members.contains(&first))
        };
        problems.iter().filter(inside).cloned().collect()
    };
    let mut lines: Vec<Line> = NOTICE_ITEMS
        .iter()
        .map(|item| Line::new(item.name, item.article, of(&[item.member])))
        .collect();
    let known: Vec<&str> = NOTICE_ITEMS.iter().map(|item| item.member).collect();
    let outside = |problem: &&Problem| {
        let first = problem.pointer.split('/').nth(1);
        first.is_none_or(|first| !known.contains(&first))
    };
    lines.push(Line::new(
        FORM.0,
        FORM.1,
        problems.iter().filter(outside).cloned().collect(),
    ));
    lines
}

fn said(fault: &Fault) -> Problem {
    match (fault.code, item(&fault.pointer)) {
        (FaultCode::MissingMember, Some(item)) => {
            Problem::missing(&fault.pointer, format!("it is not there; write {}", item.write))
        }
        _ => Problem::of(fault),
    }
}

fn to_write(pointer: &str) -> Problem {
    let what = item(pointer).map_or("it", |item| item.write);
    Problem::missing(pointer, format!("write {what}"))
}

fn item(pointer: &str) -> Option<&'static NoticeItem> {
    let first = pointer.split('/').nth(1)?;
    NOTICE_ITEMS.iter().find(|item| item.member == first)
}
