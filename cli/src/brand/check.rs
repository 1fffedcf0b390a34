//! `placet brand check`: what is still missing from a request and its notices, item by item.
//!
//! The judgement is the one that stands between a brand and the ledger: the readers of requests and notices, the rules of what may
//! be asked, the agreement of a notice with its request, and at the end the very function that builds the record. What is added is
//! only that texts have to be written, in every language in which people are asked.

mod notice_judged;
mod request_judged;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use placet_schemas::id::{Digest, Language};
use placet_schemas::json::{Fault, FaultCode};
use placet_schemas::notice::{CanonicalNotice, Expected, MAX_NOTICE_BYTES};
use placet_schemas::text::Set;
use serde::Serialize;

use super::papers::NoticeFile;
use super::template::MAX_TEMPLATE_BYTES;
use crate::files;
use crate::output::Output;

/// What is printed under every checklist.
const PROSE: &str = "It is checked that every item is there, that no text is left to be written, and that machine values agree with the \
                     request. Nobody has judged whether the words are clear, true and lawful.";
/// Exit status when something is missing or contradicts.
const INCOMPLETE: u8 = 1;

/// Say what is missing from a request and its notices, item by item; no network is needed
///
/// Each line of the checklist names the article of the GDPR that asks for it. `missing`: nobody has written it. `contradicts`: it is
/// there, and cannot stand. Exit status 1 when anything is missing or contradicts. The words themselves are not judged.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What is asked, as `placet brand request` takes it
    #[arg(long, value_name = "FILE")]
    template: PathBuf,
    /// The notice in one language, such as en=notice.en.json; once for each language
    #[arg(long = "notice", value_name = "LANGUAGE=FILE", required = true)]
    notices: Vec<NoticeFile>,
}

/// How an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    Missing,
    Contradicts,
}

/// What is wrong with an item, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Problem {
    status: Status,
    /// Where in the file.
    pointer: String,
    mend: String,
}

/// One line of the checklist.
#[derive(Debug, Serialize)]
struct Line {
    item: &'static str,
    article: &'static str,
    status: Status,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<Problem>,
}

/// The lines about one file.
#[derive(Debug, Serialize)]
struct Part {
    file: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<Language>,
    items: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Report {
    complete: bool,
    parts: Vec<Part>,
    /// What was not judged.
    note: &'static str,
}

impl Problem {
    fn missing(pointer: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            status: Status::Missing,
            pointer: pointer.into(),
            mend: mend.into(),
        }
    }

    fn contradicts(pointer: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            status: Status::Contradicts,
            ..Self::missing(pointer, mend)
        }
    }

    /// What a strict reader says.
    fn of(fault: &Fault) -> Self {
        match fault.code {
            FaultCode::MissingMember => Self::missing(&fault.pointer, "it is not there; add it"),
            _ => Self::contradicts(&fault.pointer, &fault.message),
        }
    }
}

impl Line {
    fn new(item: &'static str, article: &'static str, problems: Vec<Problem>) -> Self {
        let worst = problems.iter().map(|problem| problem.status).max();
        Self {
            item,
            article,
            status: worst.unwrap_or(Status::Ok),
            problems,
        }
    }
}

pub(crate) fn run(args: &Args, out: &Output) -> Result<ExitCode> {
    let report = judge(&args.template, &args.notices)?;
    out.result(&report, told)?;
    Ok(if report.complete {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(INCOMPLETE)
    })
}

fn judge(template: &Path, named: &[NoticeFile]) -> Result<Report> {
    let mut files: BTreeMap<&Language, (&Path, Vec<u8>)> = BTreeMap::new();
    for NoticeFile { language, path } in named {
        let bytes = files::read(path, MAX_NOTICE_BYTES)?;
        if files.insert(language, (path, bytes)).is_some() {
            bail!("there are two notices in {language}");
        }
    }
    let asked = files::read(template, MAX_TEMPLATE_BYTES)?;
    let languages: Vec<&Language> = files.keys().copied().collect();
    let mut request = request_judged::judge(&asked, &languages);

    let blank = nothing_expected();
    let expected = request.claims.as_ref().map(Expected::of);
    let mut parts = Vec::new();
    let mut notices: Vec<CanonicalNotice> = Vec::new();
    for (language, (path, bytes)) in &files {
        let judged = notice_judged::judge(
            bytes,
            language,
            request.claims.as_ref(),
            expected.as_ref().unwrap_or(&blank),
        )?;
        notices.extend(judged.notice);
        parts.push(Part {
            file: path.to_path_buf(),
            language: Some((*language).clone()),
            items: judged.lines,
        });
    }
    let fine = |lines: &[Line]| lines.iter().all(|line| line.status == Status::Ok);
    if fine(&request.lines) && parts.iter().all(|part| fine(&part.items)) {
        let digests: BTreeMap<Language, Digest> = files
            .keys()
            .copied()
            .cloned()
            .zip(notices.iter().map(CanonicalNotice::digest))
            .collect();
        request.last_word(digests, &notices)?;
    }
    parts.insert(
        0,
        Part {
            file: template.to_owned(),
            language: None,
            items: request.lines,
        },
    );
    Ok(Report {
        complete: parts.iter().all(|part| fine(&part.items)),
        parts,
        note: PROSE,
    })
}

/// What is expected of a notice whose request cannot be read.
fn nothing_expected() -> Expected {
    Expected {
        controllers: Set::from_members([]),
        purposes: Set::from_members([]),
        third_parties: Set::from_members([]),
        countries: Set::from_members([]),
        periods: BTreeMap::new(),
        automated: false,
    }
}

fn told(report: &Report) -> String {
    let mut text = String::new();
    for part in &report.parts {
        let name = match &part.language {
            Some(language) => format!("notice in {language}, {}", part.file.display()),
            None => format!("request, {}", part.file.display()),
        };
        text.push_str(&format!("{name}\n"));
        for line in &part.items {
            let status = match line.status {
                Status::Ok => "ok",
                Status::Missing => "missing",
                Status::Contradicts => "contradicts",
            };
            text.push_str(&format!("  {status:<11}  {} (Article {})\n", line.item, line.article));
            for Problem { pointer, mend, .. } in &line.problems {
                let place = if pointer.is_empty() { "the whole" } else { pointer };
                text.push_str(&format!("               {place}: {mend}\n"));
            }
        }
        text.push('\n');
    }
    let count = |status| {
        let lines = report.parts.iter().flat_map(|part| &part.items);
        lines.filter(|line| line.status == status).count()
    };
    text.push_str(&format!(
        "{} ok, {} missing, {} contradicting. {}\n",
        count(Status::Ok),
        count(Status::Missing),
        count(Status::Contradicts),
        if report.complete {
            "`placet brand request` will record it."
        } else {
            "Mend what is not ok, and check again."
        }
    ));
    text.push_str(report.note);
    text
}

#[cfg(test)]
mod tests;
