//! Decisions in a bundle: who signed them, whether they were right, and since when they are in the log.

mod cases;
mod denied;
mod whole;

use std::collections::BTreeSet;

use placet_kernel::bundle::{BatchEvidence, DecisionEvidence, DecisionReport, Evidence, Question, Verdict, Weight};
use placet_schemas::authzen::DecisionStatement;
use placet_schemas::json;
use placet_tests::desk::{Desk, covered};
use placet_tests::scene::Scene;

pub(super) use cases::codes;

/// A consent, a checkpoint, a decision by it, and all that proves it; a test spoils one thing before it is judged.
pub(in crate::bundle) struct Decided {
    pub(in crate::bundle) scene: Scene,
    pub(in crate::bundle) desk: Desk,
    pub(in crate::bundle) said: DecisionStatement,
}

impl Decided {
    /// A permit, by a head that all witnesses have cosigned.
    pub(in crate::bundle) fn permit() -> Self {
        Self::of(|scene| {
            scene.grant();
        })
    }

    /// The answer to the covered question, after these acts.
    fn of(acts: impl FnOnce(&mut Scene)) -> Self {
        let mut scene = Scene::new();
        acts(&mut scene);
        scene.publish();
        let desk = Desk::open(&scene);
        let said = desk.answer(&covered());
        Self { scene, desk, said }
    }

    /// The decision as it was signed, and its proofs, in a bundle whose newest checkpoint has the batch.
    pub(in crate::bundle) fn evidence(&mut self) -> Evidence {
        let decision = self.desk.sign(&self.said);
        self.evidence_of(decision)
    }

    fn evidence_of(&mut self, decision: String) -> Evidence {
        let others = [decision.clone(), "another".to_owned(), "a third".to_owned()];
        let (record, tree) = self.desk.batch(&others, self.scene.clock);
        let index = self.scene.record(record);
        let size = self.scene.publish();
        let mut evidence = self.scene.evidence();
        evidence.decisions.push(DecisionEvidence {
            authorization: self.desk.authorization(),
            decision,
            consistency: Vec::new(),
            batch: Some(BatchEvidence {
                opening: self.scene.log.opening(index, size),
                seq: 0,
                entry_proof: tree.proof(0).unwrap(),
            }),
        });
        evidence
    }

    fn judge(&self, evidence: &Evidence) -> DecisionReport {
        let report = self.scene.judge(evidence, None);
        assert_eq!(report.recorded, Verdict::Holds, "{:#?}", report.findings);
        report.decisions.into_iter().next().unwrap()
    }

    fn judged(&mut self) -> DecisionReport {
        let evidence = self.evidence();
        self.judge(&evidence)
    }
}

/// The codes of what bears on a question, each once.
fn against(report: &DecisionReport, question: Question) -> BTreeSet<&'static str> {
    let bearing = report.findings.iter().filter(|finding| finding.question == question);
    bearing
        .filter(|finding| finding.weight != Weight::Note)
        .map(|finding| finding.code)
        .collect()
}

fn notes(report: &DecisionReport) -> BTreeSet<&'static str> {
    let notes = report.findings.iter().filter(|finding| finding.weight == Weight::Note);
    notes.map(|finding| finding.code).collect()
}

fn answers(report: &DecisionReport) -> (Verdict, Verdict, Verdict) {
    (report.signed, report.right, report.anchored)
}

/// The bytes of the bundle with something else in one decision.
fn changed(evidence: &Evidence, change: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
    let mut bundle: serde_json::Value = serde_json::from_slice(&evidence.to_bytes().unwrap()).unwrap();
    change(&mut bundle["decisions"][0]);
    json::to_jcs(&bundle).unwrap()
}
