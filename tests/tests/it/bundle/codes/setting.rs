//! A bundle that holds, and the ways to spoil it.

use placet_kernel::bundle::{Evidence, Report};
use placet_schemas::record::request::ConsentRequest;
use placet_schemas::record::{Body, CanonicalRecord};
use placet_schemas::scope::Clause;
use placet_tests::offer::{newsletter, offer};
use placet_tests::scene::Scene;

use super::said::scope_of;

/// A consent that holds, and keys that nothing rests on at the end of the bundle: a place to put a fault.
pub(in crate::bundle) fn sound() -> Scene {
    let mut scene = Scene::new();
    scene.grant();
    scene.log.strangers(3);
    scene.publish();
    scene.register();
    scene.publish();
    scene
}

/// The report on a sound consent's bundle, spoilt.
pub(in crate::bundle) fn spoilt(spoil: impl FnOnce(&Scene, &mut Evidence)) -> Report {
    let scene = sound();
    let mut evidence = scene.evidence();
    spoil(&scene, &mut evidence);
    scene.judge(&evidence, None)
}

/// The report on a sound consent to whose log the last record is added.
pub(in crate::bundle) fn followed_by(body: impl FnOnce(&Scene) -> CanonicalRecord) -> Report {
    let mut scene = sound();
    let record = body(&scene);
    scene.record(record);
    scene.publish();
    scene.judge(&scene.evidence(), None)
}

/// The same, where the record's opening has to be added by hand: it is about something else.
pub(in crate::bundle) fn beside(body: impl FnOnce(&Scene) -> CanonicalRecord) -> Report {
    let mut scene = sound();
    let record = body(&scene);
    let index = scene.record(record);
    let size = scene.publish();
    let mut evidence = scene.evidence();
    evidence.openings.push(scene.log.opening(index, size));
    scene.judge(&evidence, None)
}

/// A further request of the brand's, which breaks a rule; nothing answers it.
pub(in crate::bundle) fn asked(spoil: impl FnOnce(&mut ConsentRequest)) -> Report {
    beside(|scene| {
        let mut request = offer(&[&scene.brand], vec![newsletter()], 0).request;
        spoil(&mut request);
        let body = Body::ConsentRequest(Box::new(request));
        scene.brand_claim(body).sign(&scene.brand.key)
    })
}

pub(in crate::bundle) fn asked_for(clause: Clause) -> Report {
    asked(|request| request.clauses = scope_of(&[clause]))
}

/// The verdict on the scene's evidence, from which the opening of the grant is left out.
pub(super) fn without_grant(scene: &Scene) -> Report {
    let mut evidence = scene.evidence();
    let mut entries = scene.log.entries.iter();
    let grant = entries.find(|entry| entry.record.digest() == scene.consent()).unwrap();
    let index = grant.index;
    evidence.openings.retain(|opening| opening.index != index);
    scene.judge(&evidence, None)
}
