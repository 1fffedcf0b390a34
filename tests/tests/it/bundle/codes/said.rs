//! What a person or a brand says in these cases, to be spoilt.

use placet_schemas::id::Digest;
use placet_schemas::narrowing::{Pattern, Value};
use placet_schemas::record::consent::{
    Act, Anchor, Choice, EndedByController, ErasureRequest, Initial, Narrowing, Patterns, Renewal, Shown, Strength,
};
use placet_schemas::record::holders::{HolderKeyAuthorization, Holders};
use placet_schemas::record::{Body, CanonicalRecord};
use placet_schemas::scope::{Clause, Scope};
use placet_schemas::version::Version;
use placet_tests::p;
use placet_tests::scene::Scene;

pub(in crate::bundle) fn scope_of(clauses: &[Clause]) -> Scope {
    Scope::new(clauses.to_vec()).unwrap()
}

pub(in crate::bundle) fn choices(scope: &Scope) -> Vec<Choice> {
    let choice = |clause: &Clause| Choice {
        clause: clause.digest(),
        initial: Initial::Off,
        act: Act::Selected,
    };
    scope.clauses().iter().map(choice).collect()
}

pub(in crate::bundle) fn ended(scene: &Scene) -> Body {
    Body::EndedByController(EndedByController {
        version: Version,
        consent: scene.consent(),
        reason: p("The club was closed."),
    })
}

pub(in crate::bundle) fn erasure_body(scene: &Scene, anchor: Anchor) -> Body {
    Body::ErasureRequest(ErasureRequest {
        version: Version,
        consent: scene.consent(),
        ground: None,
        categories: None,
        anchor,
    })
}

pub(in crate::bundle) fn holding(scene: &Scene) -> Body {
    Body::HolderKeyAuthorization(HolderKeyAuthorization {
        version: Version,
        consent: scene.consent(),
        holders: Holders::default(),
    })
}

/// An erasure request whose anchor's size is moved.
pub(in crate::bundle) fn erasure(scene: &Scene, mut anchor: Anchor, by: u64) -> CanonicalRecord {
    anchor.size += by;
    scene.claim(erasure_body(scene, anchor)).sign(&scene.person)
}

pub(in crate::bundle) fn narrowing(scene: &Scene, spoil: impl FnOnce(&mut Narrowing)) -> Body {
    let state = scene.state();
    let value = Value::Category(p("pd:Interest"));
    let patterns = vec![Pattern::Value { purpose: None, value }];
    let mut narrowing = Narrowing {
        version: Version,
        consent: state.consent,
        previous: *state.chain.last().unwrap(),
        remaining: state
            .scope
            .without(&patterns)
            .map_or(Digest::of(b"nothing"), |scope| scope.digest()),
        removed: Patterns::try_from(patterns).unwrap(),
        anchor: scene.anchor(),
    };
    spoil(&mut narrowing);
    Body::Narrowing(Box::new(narrowing))
}

pub(in crate::bundle) fn renewal(scene: &Scene, spoil: impl FnOnce(&mut Renewal)) -> Body {
    let state = scene.state();
    let mut renewal = Renewal {
        version: Version,
        consent: state.consent,
        previous: *state.chain.last().unwrap(),
        request: state.request,
        shown: Shown {
            notice: scene.notices[0].digest(),
            language: p("en"),
            page: p("page 1"),
            choices: choices(&state.scope),
        },
        scope: state.scope.clone(),
        strength: Strength::SubjectKey,
        anchor: scene.anchor(),
    };
    spoil(&mut renewal);
    Body::Renewal(Box::new(renewal))
}
