//! `placet verify`: judges an evidence bundle, a receipt, a misbehaviour file or a signed decision offline. The kernel judges;
//! this reads, prints and exits.

mod decided;
mod misconduct;
mod received;
mod report;

pub(crate) use decided::compact as compact_decision;
pub(crate) use received::{is_receipt, presented, tell as tell_receipt, tell_presented};

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use placet_kernel::bundle::{self, DecisionReport, MAX_BUNDLE_BYTES, Report, Verdict};
use placet_kernel::misbehaviour;
use placet_kernel::receipt::{self, Challenge, PresentedReport, ReceiptReport};
use placet_linked_data::Contexts;
use placet_schemas::credential::status::MAX_STATUS_LIST_BYTES;
use placet_schemas::time::Timestamp;

use crate::output::{self, Output};
use crate::{files, node, system};

/// Exit status when the file or the trust file cannot be read: nothing was judged.
pub(crate) const UNREADABLE: u8 = 3;

/// Judge an evidence bundle, a receipt, a misbehaviour file or a signed decision, offline
///
/// Of a bundle two questions are answered apart: were these events recorded in this log, by these signers, in this order; and
/// was the consent in force at a moment. Exit status: 0 Holds, 1 Fails, 2 CannotTell, 3 nothing could be read. It follows the
/// first answer; with --as-of, the worse of both; and the worst of what is said of the decisions in the bundle: by whom each was
/// signed, whether it was right, since when it is in the log. A decision that comes alone is read, and 2. Of a receipt it says who
/// issued it, whether its record is in the log, and whether the consent is in force now by the issuer's status list, which
/// --status brings; it follows the worst of the three. Of a misbehaviour file it says who signed what against whom: 0 says that
/// the misbehaviour is proved, 1 that the file proves nothing, 2 that no key counts.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The bundle, receipt, misbehaviour file or decision; - reads standard input
    file: PathBuf,
    /// Trust file with the keys that count; without it nothing can be told, and the keys in use are listed
    #[arg(long, env = "PLACET_TRUST", value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Moment for which to ask whether the consent was in force, such as 2026-11-22T05:00:00Z
    #[arg(long, value_name = "TIME")]
    as_of: Option<Timestamp>,
    /// The status list that a receipt names, as its issuer publishes it
    #[arg(long, value_name = "FILE")]
    status: Option<PathBuf>,
    /// For whom a receipt that is presented (SD-JWT) was to be made, with --nonce: then whoever shows it must hold its key
    #[arg(long, value_name = "AUDIENCE", requires = "nonce")]
    audience: Option<String>,
    /// The nonce that was asked for
    #[arg(long, requires = "audience", allow_hyphen_values = true)]
    nonce: Option<String>,
}

/// What a file turned out to be, and what the kernel says of it.
enum Judged {
    Bundle(Box<Report>),
    Misbehaviour(Box<misbehaviour::Report>),
    Decision(Box<DecisionReport>),
    Receipt(Box<ReceiptReport>),
    Presented(Box<PresentedReport>),
}

pub(crate) fn run(args: &Args, out: &Output) -> ExitCode {
    match judge(args) {
        Ok(judged) => {
            let (printed, code) = match judged {
                Judged::Bundle(report) => (
                    out.result(&*report, report::text),
                    status(&report, args.as_of.is_some()),
                ),
                Judged::Decision(report) => (out.result(&*report, decided::text), of(report.verdict())),
                Judged::Receipt(report) => {
                    let worst = [report.issued, report.recorded, report.in_force].map(of);
                    (out.result(&*report, received::text), worse(worst.to_vec()))
                }
                Judged::Presented(report) => {
                    let asked = args.nonce.is_some().then_some(report.bound);
                    let worst = [report.issued, report.recorded, report.in_force].map(of);
                    let worst = worse([worst, [asked.map_or(0, of); 3]].concat());
                    (out.result(&*report, received::presented_text), worst)
                }
                Judged::Misbehaviour(report) => (out.result(&*report, misconduct::text), of(report.proved)),
            };
            // The verdict is the exit status; that it could not be printed does not change it.
            if let Err(error) = printed {
                output::complain(&output::sentence(&error));
            }
            ExitCode::from(code)
        }
        Err(error) => {
            output::complain(&output::sentence(&error));
            ExitCode::from(UNREADABLE)
        }
    }
}

fn judge(args: &Args) -> Result<Judged> {
    let trust = args.trust.as_deref().map(node::read_trust).transpose()?;
    let bytes = files::read(&args.file, MAX_BUNDLE_BYTES)?;
    let (trust, now) = (trust.as_ref(), system::now()?);
    if received::is_receipt(&bytes) {
        only_for_bundles(args, "a receipt is judged for now")?;
        let list = args.status.as_deref();
        let list = list.map(|path| files::read(path, MAX_STATUS_LIST_BYTES)).transpose()?;
        let report = receipt::verify(&bytes, list.as_deref(), trust, now, Contexts::bundled());
        let report = report.with_context(|| format!("{}, or its status list, is malformed", args.file.display()))?;
        return Ok(Judged::Receipt(Box::new(report)));
    }
    if let Some(text) = received::presented(&bytes) {
        only_for_bundles(args, "a receipt is judged for now")?;
        let list = args.status.as_deref();
        let list = list.map(|path| files::read(path, MAX_STATUS_LIST_BYTES)).transpose()?;
        let list = list
            .map(String::from_utf8)
            .transpose()
            .context("the status list is no text")?;
        let challenge = args.audience.as_deref().zip(args.nonce.as_deref());
        let challenge = challenge.map(|(audience, nonce)| Challenge { audience, nonce });
        let report = receipt::verify_presented(text, list.as_deref(), challenge, trust, now);
        let report = report.with_context(|| format!("{} is no receipt", args.file.display()))?;
        return Ok(Judged::Presented(Box::new(report)));
    }
    if args.status.is_some() {
        bail!("--status is for a receipt, and {} is none", args.file.display());
    }
    if let Some(compact) = decided::compact(&bytes) {
        only_for_bundles(args, "a decision is about one moment")?;
        return Ok(Judged::Decision(Box::new(bundle::bare_decision(compact))));
    }
    if misbehaviour::is_misbehaviour(&bytes) {
        only_for_bundles(args, "a misbehaviour file is about an operator")?;
        let report = misbehaviour::verify(&bytes, trust, now);
        let report = report.with_context(|| format!("{} is no misbehaviour file", args.file.display()))?;
        return Ok(Judged::Misbehaviour(Box::new(report)));
    }
    let report = bundle::verify(&bytes, trust, now, args.as_of);
    let report = report.with_context(|| format!("{} is no evidence bundle", args.file.display()))?;
    Ok(Judged::Bundle(Box::new(report)))
}

fn only_for_bundles(args: &Args, but: &str) -> Result<()> {
    if args.as_of.is_some() {
        bail!("--as-of asks about a consent, and {but}");
    }
    Ok(())
}

fn status(report: &Report, asked_for_a_moment: bool) -> u8 {
    let recorded = of(report.recorded.max(report.decisions_verdict()));
    let in_force = of(report.in_force);
    // Of the two numbers, a failure is the worse one although it is the smaller.
    match (recorded, in_force, asked_for_a_moment) {
        (1, _, _) | (_, 1, true) => 1,
        (2, _, _) | (_, 2, true) => 2,
        _ => 0,
    }
}

/// The status for all of these: of 1 and 2, a failure is the worse one although it is the smaller.
fn worse(all: Vec<u8>) -> u8 {
    let mut all = all.into_iter();
    if all.clone().any(|one| one == 1) {
        1
    } else {
        all.find(|one| *one != 0).unwrap_or(0)
    }
}

const fn of(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Holds => 0,
        Verdict::Fails => 1,
        Verdict::CannotTell => 2,
    }
}

#[cfg(test)]
mod tests {
    use placet_kernel::bundle::{DISCLAIMERS, TrustSource};

    use super::*;

    fn report(recorded: Verdict, in_force: Verdict) -> Report {
        Report {
            recorded,
            in_force,
            at: None,
            trust: TrustSource {
                origin: None,
                quorum: None,
                fingerprints: Vec::new(),
            },
            decisions: Vec::new(),
            story: None,
            findings: Vec::new(),
            disclaimers: DISCLAIMERS,
        }
    }

    fn decided(signed: Verdict, right: Verdict, anchored: Verdict) -> DecisionReport {
        DecisionReport {
            place: "/decisions/0".to_owned(),
            signed,
            right,
            anchored,
            existed_by: None,
            signer: None,
            decision: None,
            head: None,
            findings: Vec::new(),
        }
    }

    #[test]
    fn the_status_is_the_worst_of_the_consent_and_its_decisions() {
        use Verdict::{CannotTell, Fails, Holds};
        for (recorded, decision, expected) in [
            (Holds, (Holds, Holds, Holds), 0),
            // When it was made is its signer's word: good to know, and no fault.
            (Holds, (Holds, Holds, CannotTell), 0),
            (Holds, (Holds, Holds, Fails), 1),
            (Holds, (CannotTell, Holds, Holds), 2),
            (Holds, (Holds, CannotTell, Holds), 2),
            (Holds, (Fails, CannotTell, Holds), 1),
            (CannotTell, (Holds, Fails, Holds), 1),
            (CannotTell, (Holds, Holds, Holds), 2),
            (Fails, (Holds, CannotTell, Holds), 1),
        ] {
            let mut report = report(recorded, Holds);
            let (signed, right, anchored) = decision;
            report.decisions = vec![decided(Holds, Holds, Holds), decided(signed, right, anchored)];
            assert_eq!(status(&report, false), expected, "{recorded:?} {decision:?}");
        }
    }

    #[test]
    fn the_status_of_a_receipt_is_the_worst_of_its_answers() {
        for (answers, expected) in [
            ([0, 0, 0], 0),
            ([0, 0, 2], 2),
            ([2, 0, 1], 1),
            ([1, 2, 2], 1),
            ([2, 0, 0], 2),
        ] {
            assert_eq!(worse(answers.to_vec()), expected, "{answers:?}");
        }
    }

    #[test]
    fn the_status_follows_recorded_and_with_a_moment_the_worse_of_both() {
        use Verdict::{CannotTell, Fails, Holds};
        for (recorded, in_force, alone, asked) in [
            (Holds, Holds, 0, 0),
            (Holds, CannotTell, 0, 2),
            (Holds, Fails, 0, 1),
            (CannotTell, CannotTell, 2, 2),
            (CannotTell, Fails, 2, 1),
            (Fails, Fails, 1, 1),
        ] {
            let report = report(recorded, in_force);
            assert_eq!(
                (status(&report, false), status(&report, true)),
                (alone, asked),
                "{recorded:?} {in_force:?}"
            );
        }
    }
}
