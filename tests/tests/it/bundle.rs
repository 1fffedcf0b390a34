//! Evidence bundles: what holds, what does not, and why; and that nothing holds which is not there.

mod codes;
mod decided;
mod findings;
mod flips;
mod in_force;
mod lives;
mod parts;
mod source;
mod structure;
mod time_table;
mod trusting;

use std::collections::BTreeSet;

use placet_kernel::bundle::{Question, Report, Verdict, Weight};
use placet_tests::scene::Scene;
use serde_json::Value;

/// The codes of what bears on a question, each once.
fn against(report: &Report, question: Question) -> BTreeSet<&'static str> {
    let bearing = report.findings.iter();
    bearing
        .filter(|finding| finding.question == question && finding.weight != Weight::Note)
        .map(|finding| finding.code)
        .collect()
}

/// Both answers.
fn answers(report: &Report) -> (Verdict, Verdict) {
    (report.recorded, report.in_force)
}

/// A consent with every kind of part in its bundle: keys that change, two requests' worth of notices, a narrowing, a
/// renewal, an erasure request, three checkpoints, anchors, attestations.
fn eventful() -> Scene {
    let mut scene = Scene::new();
    scene.grant();
    scene.log.strangers(3);
    scene.publish();
    scene.narrow();
    scene.register();
    scene.publish();
    scene.renew(scene.clock.plus_seconds(40_000_000));
    scene.erase();
    scene.log.strangers(5);
    scene.publish();
    scene
}

/// Whether every part of `after` is a part of `before` too, and both speak of the same consent of the same log.
fn says_nothing_new(before: &Value, after: &Value) -> bool {
    ["anchors", "attestations", "checkpoints", "notices", "openings"]
        .iter()
        .all(|list| {
            let known = before[list].as_array().unwrap();
            let parts = after[list].as_array();
            parts.is_some_and(|parts| parts.iter().all(|part| known.contains(part)))
        })
        && before["consent"] == after["consent"]
        && before["origin"] == after["origin"]
}
