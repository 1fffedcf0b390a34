//! Since when a decision is in the log.

use placet_schemas::record::access::AccessBatch;
use placet_schemas::record::{Body, Record};
use placet_schemas::time::Timestamp;

use super::Judge;
use crate::access::entry_hash;
use crate::arrival::{self, Setting, TIME_TOLERANCE_SECONDS};
use crate::bundle::format::{BatchPart, DecisionPart};
use crate::bundle::verdict::{Findings, Question};
use crate::decision::SignedDecision;
use crate::merkle::{self, Hash};

/// Checks the batch, if there is one; gives the time by which the decision existed.
pub(super) fn check(
    judge: &Judge<'_, '_>,
    read: &SignedDecision,
    part: &DecisionPart<'_>,
    place: &str,
    findings: &mut Findings,
) -> Option<Timestamp> {
    let Some(batch) = &part.batch else {
        findings.missing(
            Question::Anchored,
            "decision_unanchored",
            place,
            "no batch of the log holds it here: when it was made is known by its signer's clock only",
            "ask for the bundle again when the verifier has anchored the decision, which it does by the minute",
        );
        return None;
    };
    let place = format!("{place}/batch");
    let claims = match open(judge, read, batch) {
        Ok(claims) => claims,
        Err(why) => {
            findings.wrong(Question::Anchored, "batch_invalid", place, why);
            return None;
        }
    };
    let root = Hash::new(*claims.root.as_bytes());
    let entry = entry_hash(part.decision.as_bytes());
    if let Err(error) = merkle::verify_inclusion(&entry, batch.seq, claims.entries, &batch.entry_proof, &root) {
        findings.wrong(Question::Anchored, "decision_not_in_batch", place, error.to_string());
        return None;
    }
    let containing = judge.seen.iter().filter(|seen| seen.size > batch.opening.index);
    let Some(existed_by) = containing
        .filter_map(|seen| seen.times)
        .map(|times| times.existed_by)
        .min()
    else {
        findings.missing(
            Question::Anchored,
            "batch_untimed",
            place,
            "no quorum of the trusted witnesses cosigned a checkpoint that contains the batch",
            "ask for a newer bundle, with cosignatures by witnesses that you trust",
        );
        return None;
    };
    let evaluated_at = read.statement.evaluated_at;
    if evaluated_at.unix() > existed_by.unix().saturating_add(TIME_TOLERANCE_SECONDS) {
        let why = format!("it says that it was made at {evaluated_at}, and was in the log by {existed_by}");
        findings.wrong(Question::Anchored, "decision_time_contradicted", place, why);
    }
    Some(existed_by)
}

/// The batch: in the log, and by the verifier that signed the decision, in the name of the same brand.
fn open(judge: &Judge<'_, '_>, read: &SignedDecision, part: &BatchPart<'_>) -> Result<AccessBatch, String> {
    let opening = &part.opening;
    let record = Record::from_canonical(judge.bundle.document.bytes(), opening.record);
    let record = record.map_err(|fault| fault.to_string())?;
    let leaf = merkle::leaf_hash(&opening.salt.leaf(&record.digest()));
    merkle::verify_inclusion(&leaf, opening.index, judge.head.size, &opening.proof, &judge.head.root)
        .map_err(|error| error.to_string())?;
    let Body::AccessBatch(batch) = &record.body else {
        return Err(format!("it is a {}", record.kind()));
    };
    let setting = Setting {
        origin: &judge.bundle.origin,
        operators: &[],
        keys: judge.chain.keys_below(&batch.controller, opening.index),
        now: None,
    };
    arrival::check(&record, &setting).map_err(|refusal| refusal.to_string())?;
    if record.issuer != read.signer || batch.controller != read.statement.controller {
        return Err("it is another verifier's, or another brand's".to_owned());
    }
    Ok(AccessBatch::clone(batch))
}
