//! The refusals of a transition that need more than a state to come about, each with its stable code.

use placet_schemas::id::Digest;
use placet_schemas::lifecycle::{MAX_CHAIN, State, TransitionError, apply};
use placet_schemas::narrowing::{NarrowingError, Pattern, Value};
use placet_schemas::record::consent::{Act, ConsentGrant, Narrowing, Renewal};
use placet_schemas::record::request::ConsentRequest;
use placet_schemas::record::{Body, Record};
use placet_schemas::scope::{Clause, Scope};

use crate::common::cinema::{self, joint_request, newsletter, recommendations, request, seats};
use crate::common::records::{consent, grant, granted, narrowing, patterns, renewal};
use crate::common::{CINEMA, DURING, EXPIRY, FESTIVAL, GIVEN, SUBJECT, later, p, record, scope, shown, some, texts};
use crate::lifecycle_table::given;

const LATER: &str = "2028-11-22T05:00:00Z";

fn granting(change: impl FnOnce(&mut ConsentGrant)) -> Record {
    let mut body = grant(granted());
    change(&mut body);
    record(SUBJECT, GIVEN, Some(EXPIRY), Body::ConsentGrant(Box::new(body)))
}

fn renewing(change: impl FnOnce(&mut Renewal)) -> Record {
    let mut body = renewal(granted(), consent(), consent());
    change(&mut body);
    record(SUBJECT, DURING, Some(LATER), Body::Renewal(Box::new(body)))
}

fn rescoped(scope: Scope) -> impl FnOnce(&mut Renewal) {
    move |body| {
        body.shown = shown(&scope);
        body.scope = scope;
    }
}

fn narrowing_by(previous: Digest, change: impl FnOnce(&mut Narrowing)) -> Record {
    let mut body = narrowing(&granted(), vec![patterns().remove(1)], consent(), previous);
    change(&mut body);
    record(SUBJECT, DURING, None, Body::Narrowing(Box::new(body)))
}

fn code(result: Result<State, TransitionError>) -> &'static str {
    result.map_or_else(|refusal| refusal.code(), |_| "ok")
}

#[test]
fn a_grant_stays_inside_its_request() {
    let asked = |event: &Record| code(apply(None, event, Some(&request())));
    let selected = |scope: Scope| {
        granting(|body| {
            body.shown = shown(&scope);
            body.scope = scope;
        })
    };
    assert_eq!(asked(&selected(scope([newsletter()]))), "ok");
    assert_eq!(asked(&selected(cinema::offered())), "ok");
    for (what, clause) in [
        (
            "a part of a clause",
            Clause {
                categories: some(&["pd:Interest"]),
                ..recommendations()
            },
        ),
        (
            "kept for longer",
            Clause {
                retention: p("P3Y"),
                ..newsletter()
            },
        ),
        (
            "kept for less",
            Clause {
                retention: p("P1Y"),
                ..newsletter()
            },
        ),
        ("in other words", {
            let mut clause = newsletter();
            clause.purpose.text = texts("Anything.", "Irgendetwas.");
            clause
        }),
    ] {
        assert_eq!(
            asked(&selected(scope([clause, seats()]))),
            "grant_outside_request",
            "{what}"
        );
    }
    let elsewhere = |body: &mut ConsentGrant| body.controller = p(FESTIVAL);
    assert_eq!(asked(&granting(elsewhere)), "grant_outside_request");
    // A joint controller is named, but the registered one owns the feed.
    let joint = joint_request();
    let festival = granting(|body| {
        body.scope = scope([newsletter()]);
        body.shown = shown(&body.scope);
        body.controller = p(FESTIVAL);
    });
    assert_eq!(code(apply(None, &festival, Some(&joint))), "grant_outside_request");
}

#[test]
fn the_notice_that_was_shown_is_the_requests() {
    let asked = |event: &Record| code(apply(None, event, Some(&request())));
    let german = granting(|body| {
        body.shown.language = p("de");
        body.shown.notice = cinema::notice_digest("de");
    });
    assert_eq!(asked(&german), "ok");
    let mixed = granting(|body| body.shown.language = p("de"));
    assert_eq!(
        asked(&mixed),
        "grant_outside_request",
        "the English notice as the German one"
    );
    let french = granting(|body| body.shown.language = p("fr"));
    assert_eq!(asked(&french), "grant_outside_request", "a language without a notice");
    let renewed = renewing(|body| body.shown.notice = Digest::of(b"another page"));
    assert_eq!(
        code(apply(Some(&given()), &renewed, Some(&request()))),
        "grant_outside_request"
    );
}

#[test]
fn validity_is_limited_from_the_act() {
    let longest = later(GIVEN, "P2Y");
    let until = |end: placet_schemas::time::Timestamp| {
        let body = Body::ConsentGrant(Box::new(grant(granted())));
        code(apply(
            None,
            &record(SUBJECT, GIVEN, Some(&end.to_string()), body),
            Some(&request()),
        ))
    };
    assert_eq!(until(longest), "ok");
    assert_eq!(until(longest.plus_seconds(1)), "grant_outside_request");
    let renewed = |end: placet_schemas::time::Timestamp| {
        let body = Body::Renewal(Box::new(renewal(granted(), consent(), consent())));
        let event = record(SUBJECT, DURING, Some(&end.to_string()), body);
        code(apply(Some(&given()), &event, Some(&request())))
    };
    assert_eq!(renewed(later(DURING, "P2Y")), "ok");
    assert_eq!(renewed(later(DURING, "P2Y").plus_seconds(1)), "grant_outside_request");
    assert_eq!(renewed(p(EXPIRY)), "renewal_not_later");
    assert_eq!(
        renewed(p::<placet_schemas::time::Timestamp>(EXPIRY).minus_seconds(1)),
        "renewal_not_later"
    );
    assert_eq!(
        renewed(p::<placet_schemas::time::Timestamp>(EXPIRY).plus_seconds(1)),
        "ok"
    );
}

/// Rule 3: where the law asks for an express statement, a tick is not enough; elsewhere it is.
#[test]
fn an_express_statement_where_the_law_asks_for_it() {
    let all = cinema::offered();
    for (at, clause) in all.clauses().iter().enumerate() {
        let ticked = |body: &mut ConsentGrant| {
            body.scope = cinema::offered();
            body.shown = shown(&body.scope);
            body.shown.choices[at].act = Act::Selected;
        };
        let explicit = placet_schemas::rules::demand(clause) == placet_schemas::rules::Demand::Explicit;
        let result = apply(None, &granting(ticked), Some(&request()));
        if explicit {
            assert_eq!(result, Err(TransitionError::ExplicitActMissing(at)));
            assert_eq!(code(result), "explicit_act_missing");
        } else {
            assert_eq!(code(result), "ok");
        }
    }
    let place = granted()
        .clauses()
        .iter()
        .position(|clause| *clause == seats())
        .unwrap();
    let renewed = renewing(|body| body.shown.choices[place].act = Act::Selected);
    let result = apply(Some(&given()), &renewed, Some(&request()));
    assert_eq!(result, Err(TransitionError::ExplicitActMissing(place)));
}

#[test]
fn a_renewal_never_widens() {
    let renewed = |scope: Scope| code(apply(Some(&given()), &renewing(rescoped(scope)), Some(&request())));
    assert_eq!(renewed(granted()), "ok");
    assert_eq!(renewed(scope([newsletter()])), "ok");
    let less = Clause {
        categories: some(&["pd:Interest"]),
        ..recommendations()
    };
    assert_eq!(
        renewed(scope([less])),
        "ok",
        "narrower than the request offers, as after a narrowing"
    );
    let shorter = Clause {
        retention: p("P1Y"),
        ..newsletter()
    };
    assert_eq!(renewed(scope([shorter])), "ok");
    assert_eq!(
        renewed(cinema::offered()),
        "renewal_widens",
        "another choice of the same request"
    );
    let longer = Clause {
        retention: p("P3Y"),
        ..newsletter()
    };
    assert_eq!(renewed(scope([longer])), "renewal_widens");
    // 365 days may be more than a year: what is not surely shorter widens.
    let other = Clause {
        retention: p("P365D"),
        ..newsletter()
    };
    assert_eq!(renewed(scope([other])), "renewal_widens");
    let mut reworded = newsletter();
    reworded.purpose.text = texts("More of it.", "Mehr davon.");
    assert_eq!(
        renewed(scope([reworded])),
        "renewal_widens",
        "new words are a new meaning"
    );
}

#[test]
fn a_renewal_is_within_the_request_that_it_names() {
    let less = ConsentRequest {
        clauses: scope([newsletter()]),
        ..request()
    };
    let renewed = |scope: Scope| code(apply(Some(&given()), &renewing(rescoped(scope)), Some(&less)));
    assert_eq!(renewed(scope([newsletter()])), "ok");
    assert_eq!(renewed(granted()), "grant_outside_request");
    let strangers = ConsentRequest {
        controllers: cinema::controllers(&[(FESTIVAL, "Film Festival e. V.")]),
        ..request()
    };
    let elsewhere = apply(Some(&given()), &renewing(|_| {}), Some(&strangers));
    assert_eq!(code(elsewhere), "grant_outside_request");
}

#[test]
fn previous_is_the_last_record() {
    let first = given();
    let narrowed = apply(Some(&first), &narrowing_by(consent(), |_| {}), None).unwrap();
    let last = *narrowed.chain.last().unwrap();
    let stale = apply(Some(&narrowed), &narrowing_by(consent(), |_| {}), None);
    assert_eq!(stale, Err(TransitionError::PreviousStale { named: consent(), last }));
    assert_eq!(code(stale), "previous_stale");
    let elsewhere = Digest::of(b"elsewhere");
    let forked = apply(Some(&narrowed), &narrowing_by(elsewhere, |_| {}), None);
    assert_eq!(forked, Err(TransitionError::PreviousForked { named: elsewhere }));
    assert_eq!(code(forked), "previous_forked");
    let renewed = renewing(|body| {
        body.previous = last;
        rescoped(narrowed.scope.clone())(body);
    });
    let renewed = apply(Some(&narrowed), &renewed, Some(&request())).unwrap();
    assert_eq!((renewed.chain.len(), renewed.chain[1]), (3, last));
    assert_eq!((renewed.valid_until, renewed.given_at), (p(LATER), p(GIVEN)));
}

/// Neither a long chain nor a stale view of it can be in the way of a withdrawal.
#[test]
fn a_full_chain_can_still_end() {
    let mut state = given();
    let last = *state.chain.last().unwrap();
    while state.chain.len() < MAX_CHAIN {
        state.chain.insert(0, Digest::of(&state.chain.len().to_be_bytes()));
    }
    let full = apply(Some(&state), &narrowing_by(last, |_| {}), None);
    assert_eq!(
        (full.as_ref().err(), code(full.clone())),
        (Some(&TransitionError::ChainFull), "chain_full")
    );
    for (by, relayed) in [(SUBJECT, false), (CINEMA, true)] {
        let body = Body::Withdrawal(crate::common::records::withdrawal(consent(), relayed));
        assert_eq!(code(apply(Some(&state), &record(by, DURING, None, body), None)), "ok");
    }
    state.chain.remove(0);
    let room = apply(Some(&state), &narrowing_by(last, |_| {}), None).unwrap();
    assert_eq!(room.chain.len(), MAX_CHAIN);
}

#[test]
fn a_narrowing_says_what_remains() {
    let given = given();
    let wrong = narrowing_by(consent(), |body| body.remaining = granted().digest());
    let left = granted().without(&[patterns().remove(1)]).unwrap();
    assert_eq!(
        apply(Some(&given), &wrong, None),
        Err(TransitionError::RemainingDiffers(left.digest()))
    );
    assert_eq!(code(apply(Some(&given), &wrong, None)), "remaining_differs");
    assert_eq!(
        apply(Some(&given), &narrowing_by(consent(), |_| {}), None)
            .unwrap()
            .scope,
        left
    );
    let taking = |patterns: Vec<Pattern>| {
        let event = narrowing_by(consent(), |body| body.removed = patterns.try_into().unwrap());
        apply(Some(&given), &event, None)
    };
    let each = |clause: &Clause| Pattern::Clause(Box::new(clause.clone()));
    let nothing = taking(granted().clauses().iter().map(each).collect());
    assert_eq!(nothing, Err(TransitionError::Narrowing(NarrowingError::NothingRemains)));
    assert_eq!(code(nothing), "narrowing_nothing_remains");
    let idle = taking(vec![Pattern::Value {
        purpose: None,
        value: Value::Transfer(p("US")),
    }]);
    assert_eq!(idle, Err(TransitionError::Narrowing(NarrowingError::MatchesNothing(0))));
    assert_eq!(code(idle), "narrowing_matches_nothing");
}
