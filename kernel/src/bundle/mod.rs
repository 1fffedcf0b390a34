//! Evidence bundles: one file that proves what was recorded about one consent, and whether it was in force.
//!
//! [`verify`] is the function that a court, a regulator or a brand relies on: everything it uses is in its arguments. It
//! needs no network, no clock and no trust but the given [`Trust`]. Command line, page, verifier and tests call this one
//! function.
//!
//! Order of the checks, each on what the earlier ones have established: form ([`format`]), checkpoints, inclusion of each
//! opening, each record by itself and the lifecycle in log order, notices, anchors, attestations, time; then each decision,
//! which changes none of the answers about the consent.

mod chain;
mod checkpoints;
mod claims;
mod decisions;
mod format;
mod in_force;
mod strip;
mod verdict;
mod write;

use placet_schemas::json::{self, Fault, FaultCode};
use placet_schemas::time::Timestamp;

use crate::note::UnverifiedNote;
use crate::trust::Trust;
use chain::Chain;

pub use decisions::bare_decision;
pub(crate) use format::Unverified;
pub use format::{BUNDLE_TYPE, BUNDLE_VERSION, MAX_BUNDLE_BYTES, MAX_OPENINGS, MAX_PARTS, MAX_PROOF};
pub use strip::strip;
pub(crate) use verdict::Findings;
pub use verdict::{
    DISCLAIMERS, DecisionReport, Finding, Question, Report, Story, StoryEvent, TrustSource, Verdict, Weight,
};
pub use write::{AnchorEvidence, BatchEvidence, CheckpointEvidence, DecisionEvidence, Evidence, OpeningEvidence};

/// Media type of a bundle.
pub const MEDIA_TYPE: &str = "application/vnd.placet.evidence+json";

/// Judges an evidence bundle.
///
/// `trust` is what was pinned before; without it nothing can be told, and the report lists the fingerprints that the bundle
/// uses. `now` is the judge's clock. `as_of` is the moment for which `in_force` is asked; without it, the time at which the
/// bundle's newest checkpoint was fresh.
///
/// # Errors
/// When the bytes are no bundle at all, with the JSON pointer of the fault. A bundle of an unknown version is no error: about
/// it the report cannot tell.
pub fn verify(bytes: &[u8], trust: Option<&Trust>, now: Timestamp, as_of: Option<Timestamp>) -> Result<Report, Fault> {
    let document = json::parse_canonical(bytes, MAX_BUNDLE_BYTES)?;
    let bundle = match format::Unverified::read(&document) {
        Ok(bundle) => bundle,
        Err(fault) if fault.code == FaultCode::UnsupportedVersion => return Ok(of_unknown_version(fault)),
        Err(fault) => return Err(fault),
    };
    let mut findings = Findings::default();
    let source = TrustSource {
        origin: Some(bundle.origin.clone()),
        quorum: trust.map(|trust| trust.quorum().to_owned()),
        fingerprints: fingerprints(&bundle),
    };
    let Some((trust, log)) = trust.and_then(|trust| Some((trust, trust.log(&bundle.origin)?))) else {
        let (code, why) = match trust {
            None => ("no_trust", "no trust file was given, so no key counts"),
            Some(_) => ("log_untrusted", "the trust file does not name this log"),
        };
        for question in [Question::Recorded, Question::InForce] {
            findings.missing(
                question,
                code,
                "/origin",
                why,
                "get the log's keys from a source that you trust, compare the fingerprints, pin them",
            );
        }
        let decisions = decisions::unjudged(&bundle);
        return Ok(report(source, findings, decisions, None, None));
    };
    let seen = checkpoints::check(&bundle, trust, log, &mut findings);
    let Some(head) = seen.last() else {
        findings.wrong(
            Question::Recorded,
            "no_checkpoint",
            "/checkpoints",
            "there is no checkpoint that holds",
        );
        let decisions = decisions::unjudged(&bundle);
        return Ok(report(source, findings, decisions, None, None));
    };
    let chain = Chain::replay(&bundle, log, head, &mut findings);
    chain.check_notices(&bundle, &mut findings);
    chain.check_anchors(&bundle, &seen, head, &mut findings);
    chain.check_times(&seen, &mut findings);
    let attested = chain.check_attestations(&bundle, log, &seen, &mut findings);
    let at = in_force::judge(&chain, &seen, &attested, now, as_of, &mut findings);
    let judged = decisions::Judge {
        bundle: &bundle,
        log,
        chain: &chain,
        seen: &seen,
        head,
        attested: &attested,
        recorded: findings.verdict(Question::Recorded),
    };
    let decisions = judged.all();
    let story = chain.into_story(&seen, at);
    Ok(report(source, findings, decisions, at, story))
}

fn report(
    trust: TrustSource,
    findings: Findings,
    decisions: Vec<DecisionReport>,
    at: Option<Timestamp>,
    story: Option<Story>,
) -> Report {
    let recorded = findings.verdict(Question::Recorded);
    // What is not known to be recorded is not known to be in force.
    let in_force = findings.verdict(Question::InForce).max(recorded);
    Report {
        recorded,
        in_force,
        at,
        trust,
        decisions,
        story,
        findings: findings.0,
        disclaimers: DISCLAIMERS,
    }
}

fn of_unknown_version(fault: Fault) -> Report {
    let mut findings = Findings::default();
    for question in [Question::Recorded, Question::InForce] {
        findings.missing(
            question,
            "unsupported_version",
            fault.pointer.clone(),
            fault.message.clone(),
            "use a newer program",
        );
    }
    report(
        TrustSource {
            origin: None,
            quorum: None,
            fingerprints: Vec::new(),
        },
        findings,
        Vec::new(),
        None,
        None,
    )
}

fn fingerprints(bundle: &format::Unverified<'_>) -> Vec<String> {
    let mut found: Vec<String> = bundle
        .attestations
        .iter()
        .map(|signed| signed.signed_by.to_string())
        .collect();
    for part in &bundle.checkpoints {
        if let Ok(note) = UnverifiedNote::parse(part.note.as_bytes()) {
            found.extend(note.lines().iter().map(|line| format!("{}+{}", line.name(), line.id())));
        }
    }
    found.sort();
    found.dedup();
    found
}

fn place(list: &str, at: usize) -> String {
    format!("/{list}/{at}")
}
