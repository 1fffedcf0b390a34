//! Misbehaviour files: one file that proves that the operator of a log has signed what cannot all be true.
//!
//! | kind | what was signed | why it cannot be true |
//! |---|---|---|
//! | fork | two trees of one log | a log only grows: the smaller tree is a beginning of the larger one |
//! | feed fork | two heads of one feed | so does a feed, and it never shrinks while the log grows |
//! | acknowledgement against head | an item's place in a feed; a later head | an item keeps its place for ever |
//! | attestation against event | the last event of a consent; a later event of it | there is one last event below a size |
//!
//! Whoever is accused must have signed every word of it with keys that were pinned before, so nobody can be framed: what an
//! honest log signs, at whatever time and however often, never makes a file that [`verify`] accepts. Of each tree hash the
//! file shows only what leads to a signed root, so a hash cannot be made up either.
//!
//! Any of a checkpoint, an acknowledgement, an attestation and a feed head names a tree of the log: in a fork each side is
//! one of these. A fork of two trees of different sizes is shown by a consistency proof that leads to the larger tree, but
//! from another root than the smaller one has; or by two inclusion proofs of two leaves at one place. One that shows no tiles
//! of either tree, so that no proof can be made, is not proved by this file; that it shows none is seen by everyone.

mod accusation;
mod contradictions;
mod find;
mod format;
mod judge;
mod report;
mod write;

use placet_schemas::json::{self, Fault, FaultCode};
use placet_schemas::time::Timestamp;

use crate::bundle::{TrustSource, Verdict, Weight};
use crate::note::UnverifiedNote;
use crate::trust::Trust;
use judge::Judged;

pub use accusation::{Accusation, Claim, Difference, Event, FeedDifference, Gap, Kind, LeafProof, Opening, Statement};
pub use find::{between, by_consistency, in_bundle, prefix};
pub use format::{MAX_MISBEHAVIOUR_BYTES, MISBEHAVIOUR_TYPE, MISBEHAVIOUR_VERSION, is_misbehaviour};
pub use report::{DISCLAIMERS, Finding, Objection, Report, Said};

/// Media type of a misbehaviour file.
pub const MEDIA_TYPE: &str = "application/vnd.placet.misbehaviour+json";

/// Judges a misbehaviour file: `Holds` says that the misbehaviour is proved.
///
/// `trust` is what was pinned before; without it nothing can be told, and the report lists the fingerprints that the file
/// uses. `now` is the judge's clock; it decides nothing, since what is proved stays proved.
///
/// # Errors
/// When the bytes are no misbehaviour file at all, with the JSON pointer of the fault. A file of an unknown version is no
/// error: about it the report cannot tell.
pub fn verify(bytes: &[u8], trust: Option<&Trust>, now: Timestamp) -> Result<Report, Fault> {
    let document = json::parse_canonical(bytes, MAX_MISBEHAVIOUR_BYTES)?;
    let accusation = match format::read(&document) {
        Ok(accusation) => accusation,
        Err(fault) if fault.code == FaultCode::UnsupportedVersion => return Ok(of_unknown_version(fault)),
        Err(fault) => return Err(fault),
    };
    let source = TrustSource {
        origin: Some(accusation.origin.clone()),
        quorum: trust.map(|trust| trust.quorum().to_owned()),
        fingerprints: fingerprints(&accusation.claim),
    };
    let kind = Some(accusation.claim.kind());
    let log = trust.and_then(|trust| Some((trust, trust.log(&accusation.origin)?)));
    let Some((trust, log)) = log else {
        let objection = match trust {
            None => Objection::NoTrust,
            Some(_) => Objection::LogUntrusted,
        };
        return Ok(report(source, kind, Judged::refused(objection.at("/origin"))));
    };
    Ok(report(source, kind, judge::judge(&accusation, trust, log, now)))
}

fn report(trust: TrustSource, kind: Option<Kind>, judged: Judged) -> Report {
    let weights = judged.findings.iter().map(|finding| finding.weight);
    let proved = match weights.max() {
        Some(Weight::False) => Verdict::Fails,
        Some(Weight::Missing) => Verdict::CannotTell,
        Some(Weight::Note) | None => Verdict::Holds,
    };
    Report {
        proved,
        kind,
        trust,
        said: judged.said,
        contradiction: judged.contradiction,
        controller: judged.controller,
        consent: judged.consent,
        findings: judged.findings,
        disclaimers: DISCLAIMERS,
    }
}

fn of_unknown_version(fault: Fault) -> Report {
    let source = TrustSource {
        origin: None,
        quorum: None,
        fingerprints: Vec::new(),
    };
    let finding = Objection::UnsupportedVersion(fault.message).at(fault.pointer);
    report(source, None, Judged::refused(finding))
}

fn fingerprints(claim: &Claim) -> Vec<String> {
    let mut found = Vec::new();
    for statement in claim.statements() {
        match statement {
            Statement::Checkpoint(note) => {
                if let Ok(note) = UnverifiedNote::parse(note.as_bytes()) {
                    found.extend(note.lines().iter().map(|line| format!("{}+{}", line.name(), line.id())));
                }
            }
            Statement::Acknowledgement(signed) => found.push(signed.signed_by.to_string()),
            Statement::StateAttestation(signed) => found.push(signed.signed_by.to_string()),
            Statement::FeedHead(signed) => found.push(signed.signed_by.to_string()),
        }
    }
    found.sort();
    found.dedup();
    found
}
