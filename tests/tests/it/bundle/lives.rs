//! Honest bundles of consents that live differently.

use placet_kernel::bundle::Verdict;
use placet_tests::scene::Scene;

#[test]
fn a_consent_that_was_given_and_witnessed_holds() {
    let mut scene = Scene::new();
    scene.grant();
    scene.publish();
    let report = scene.judge(&scene.evidence(), None);
    assert_eq!(report.findings, []);
    assert_eq!((report.recorded, report.in_force), (Verdict::Holds, Verdict::Holds));
}
