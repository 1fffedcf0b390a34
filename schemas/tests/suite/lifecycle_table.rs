//! Every state against every event by every plausible signer, in one table; then each refusal that needs more than a
//! state to come about.

use placet_schemas::lifecycle::{Phase, State, apply};
use placet_schemas::record::{Body, Record};

use crate::common::cinema::{self, joint_request, newsletter, request};
use crate::common::records::{
    batch, consent, destruction, ended, erasure, grant, grant_record, granted, holding, keys, narrowing, patterns,
    renewal, withdrawal,
};
use crate::common::{
    AFTER, CINEMA, CODE, DURING, EXPIRY, GIVEN, KEY_CONTROLLER, OPERATOR, STRANGER, SUBJECT, VERIFIER, p,
};
use crate::common::{record, scope};

/// Event, signer, and what comes of it where there is: no consent, a given one, an expired one, a withdrawn one, one
/// that its controller ended. A state in lower case, a refusal by its code; `=` is the state as it was.
const TABLE: &str = "
event      signer      none               given               expired             withdrawn           ended
grant      subject     given              illegal_transition  illegal_transition  illegal_transition  illegal_transition
grant      stranger    given              illegal_transition  illegal_transition  illegal_transition  illegal_transition
grant      controller  wrong_signer       illegal_transition  illegal_transition  illegal_transition  illegal_transition
grant      operator    wrong_signer       illegal_transition  illegal_transition  illegal_transition  illegal_transition
narrow     subject     consent_unknown    given               consent_expired     consent_ended       consent_ended
narrow     code        consent_unknown    wrong_signer        wrong_signer        wrong_signer        wrong_signer
narrow     controller  consent_unknown    wrong_signer        wrong_signer        wrong_signer        wrong_signer
narrow     stranger    consent_unknown    wrong_signer        wrong_signer        wrong_signer        wrong_signer
renew      subject     consent_unknown    given               consent_expired     consent_ended       consent_ended
renew      code        consent_unknown    wrong_signer        wrong_signer        wrong_signer        wrong_signer
renew      controller  consent_unknown    wrong_signer        wrong_signer        wrong_signer        wrong_signer
renew      stranger    consent_unknown    wrong_signer        wrong_signer        wrong_signer        wrong_signer
withdraw   subject     consent_unknown    withdrawn           withdrawn           consent_ended       consent_ended
withdraw   code        consent_unknown    withdrawn           withdrawn           consent_ended       consent_ended
withdraw   controller  consent_unknown    consent_unknown     consent_unknown     consent_unknown     consent_unknown
withdraw   operator    consent_unknown    consent_unknown     consent_unknown     consent_unknown     consent_unknown
withdraw   stranger    consent_unknown    consent_unknown     consent_unknown     consent_unknown     consent_unknown
relay      controller  consent_unknown    withdrawn           withdrawn           consent_ended       consent_ended
relay      operator    consent_unknown    consent_unknown     consent_unknown     consent_unknown     consent_unknown
relay      stranger    consent_unknown    consent_unknown     consent_unknown     consent_unknown     consent_unknown
end        controller  consent_unknown    ended               ended               consent_ended       consent_ended
end        subject     consent_unknown    wrong_signer        wrong_signer        wrong_signer        wrong_signer
end        code        consent_unknown    wrong_signer        wrong_signer        wrong_signer        wrong_signer
end        operator    consent_unknown    wrong_signer        wrong_signer        wrong_signer        wrong_signer
end        stranger    consent_unknown    wrong_signer        wrong_signer        wrong_signer        wrong_signer
hold       subject     consent_unknown    =                   =                   consent_ended       consent_ended
hold       code        consent_unknown    wrong_signer        wrong_signer        wrong_signer        wrong_signer
hold       controller  consent_unknown    wrong_signer        wrong_signer        wrong_signer        wrong_signer
hold       stranger    consent_unknown    wrong_signer        wrong_signer        wrong_signer        wrong_signer
erase      subject     consent_unknown    =                   =                   =                   =
erase      code        consent_unknown    wrong_signer        wrong_signer        wrong_signer        wrong_signer
erase      controller  consent_unknown    wrong_signer        wrong_signer        wrong_signer        wrong_signer
erase      stranger    consent_unknown    wrong_signer        wrong_signer        wrong_signer        wrong_signer
ask        controller  illegal_transition illegal_transition  illegal_transition  illegal_transition  illegal_transition
keys       operator    illegal_transition illegal_transition  illegal_transition  illegal_transition  illegal_transition
destroy    operator    illegal_transition illegal_transition  illegal_transition  illegal_transition  illegal_transition
batch      controller  illegal_transition illegal_transition  illegal_transition  illegal_transition  illegal_transition
batch      stranger    illegal_transition illegal_transition  illegal_transition  illegal_transition  illegal_transition
";

fn signer(name: &str) -> &'static str {
    match name {
        "subject" => SUBJECT,
        "code" => CODE,
        "controller" => CINEMA,
        "operator" => OPERATOR,
        "stranger" => STRANGER,
        other => panic!("no signer {other}"),
    }
}

pub(crate) fn given() -> State {
    apply(None, &grant_record(granted()), Some(&request())).unwrap()
}

fn state(name: &str) -> Option<State> {
    let phase = match name {
        "none" => return None,
        "given" | "expired" => Phase::Given,
        "withdrawn" => Phase::Withdrawn,
        "ended" => Phase::EndedByController,
        other => panic!("no state {other}"),
    };
    Some(State { phase, ..given() })
}

fn event(kind: &str, by: &str, at: &str) -> Record {
    let consent = consent();
    let until = (kind == "grant" || kind == "renew").then_some("2028-11-22T05:00:00Z");
    let body = match kind {
        "grant" => Body::ConsentGrant(Box::new(grant(granted()))),
        "narrow" => {
            let patterns = vec![patterns().remove(1)];
            Body::Narrowing(Box::new(narrowing(&granted(), patterns, consent, consent)))
        }
        "renew" => Body::Renewal(Box::new(renewal(granted(), consent, consent))),
        "withdraw" => Body::Withdrawal(withdrawal(consent, false)),
        "relay" => Body::Withdrawal(withdrawal(consent, true)),
        "end" => Body::EndedByController(ended(consent)),
        "erase" => Body::ErasureRequest(erasure(consent, true)),
        "hold" => Body::HolderKeyAuthorization(holding(consent, &[VERIFIER])),
        "ask" => Body::ConsentRequest(Box::new(request())),
        "keys" => Body::ControllerKeys(Box::new(keys())),
        "destroy" => Body::Destruction(Box::new(destruction(true))),
        "batch" => Body::AccessBatch(Box::new(batch(at))),
        other => panic!("no event {other}"),
    };
    record(by, at, until, body)
}

fn outcome(before: Option<&State>, event: &Record) -> &'static str {
    match apply(before, event, Some(&request())) {
        Err(refusal) => refusal.code(),
        Ok(after) if Some(&after) == before => "=",
        Ok(State {
            phase: Phase::Given, ..
        }) => "given",
        Ok(State {
            phase: Phase::Withdrawn,
            ..
        }) => "withdrawn",
        Ok(State {
            phase: Phase::EndedByController,
            ..
        }) => "ended",
    }
}

#[test]
fn every_state_and_every_event() {
    let mut rows = TABLE
        .trim()
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let states = rows.next().unwrap().split_off(2);
    let mut wrong = Vec::new();
    for row in rows {
        for (name, expected) in states.iter().zip(&row[2..]) {
            let at = match *name {
                "none" => GIVEN,
                "given" => DURING,
                // The same state as given: only the time tells them apart. An end after expiry is an end, too.
                _ => AFTER,
            };
            let found = outcome(state(name).as_ref(), &event(row[0], signer(row[1]), at));
            if found != *expected {
                wrong.push(format!(
                    "{} by {} where {name}: {found}, not {expected}",
                    row[0], row[1]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_grant_starts_what_it_says() {
    let state = given();
    let record = grant_record(granted());
    assert_eq!(
        (state.consent, &state.chain[..]),
        (record.digest(), &[record.digest()][..])
    );
    assert_eq!((state.subject.as_str(), state.withdrawal_key.as_str()), (SUBJECT, CODE));
    assert_eq!((state.controller.as_str(), &state.scope), (CINEMA, &granted()));
    assert_eq!((state.given_at, state.valid_until), (p(GIVEN), p(EXPIRY)));
}

/// The second before expiry is still in force; the second of expiry no longer is.
#[test]
fn expiry_is_to_the_second() {
    let given = given();
    let last = p::<placet_schemas::time::Timestamp>(EXPIRY)
        .minus_seconds(1)
        .to_string();
    for kind in ["narrow", "renew"] {
        assert_eq!(outcome(Some(&given), &event(kind, SUBJECT, &last)), "given");
        assert_eq!(outcome(Some(&given), &event(kind, SUBJECT, EXPIRY)), "consent_expired");
    }
}

/// A brand whose DID is a key, or one of its joint controllers, may not say yes in a person's place.
#[test]
fn no_controller_of_the_request_signs_a_grant() {
    let all = [(CINEMA, "Example Cinema plc"), (KEY_CONTROLLER, "Key Ltd")];
    let joint = placet_schemas::record::request::ConsentRequest {
        controllers: cinema::controllers(&all),
        ..request()
    };
    let body = Body::ConsentGrant(Box::new(grant(granted())));
    let forged = record(KEY_CONTROLLER, GIVEN, Some(EXPIRY), body.clone());
    assert_eq!(apply(None, &forged, Some(&joint)).unwrap_err().code(), "wrong_signer");
    let own = record(SUBJECT, GIVEN, Some(EXPIRY), body);
    assert!(apply(None, &own, Some(&joint)).is_ok());
}

#[test]
fn an_event_of_another_consent_is_unknown_here() {
    let other = grant_record(scope([newsletter()])).digest();
    let given = given();
    for body in [
        Body::Withdrawal(withdrawal(other, false)),
        Body::ErasureRequest(erasure(other, false)),
        Body::Renewal(Box::new(renewal(granted(), other, consent()))),
    ] {
        let until = matches!(body, Body::Renewal(_)).then_some("2028-11-22T05:00:00Z");
        let event = record(SUBJECT, DURING, until, body);
        assert_eq!(outcome(Some(&given), &event), "consent_unknown");
    }
}

/// Only what starts or renews looks at the request; above all, no unknown request can hold up a withdrawal.
#[test]
fn without_the_request_only_grants_and_renewals_stop() {
    let given = given();
    for (kind, by, expected) in [
        ("renew", SUBJECT, "request_unknown"),
        ("narrow", SUBJECT, "ok"),
        ("withdraw", CODE, "ok"),
        ("relay", CINEMA, "ok"),
        ("end", CINEMA, "ok"),
        ("erase", SUBJECT, "ok"),
        ("hold", SUBJECT, "ok"),
    ] {
        for wrong in [None, Some(&joint_request())] {
            let found = apply(Some(&given), &event(kind, by, DURING), wrong).map_or_else(|e| e.code(), |_| "ok");
            let expected = match wrong {
                Some(_) if kind == "renew" => "grant_outside_request",
                _ => expected,
            };
            assert_eq!(found, expected, "{kind}");
        }
    }
    let unknown = apply(None, &event("grant", SUBJECT, GIVEN), None);
    assert_eq!(unknown.unwrap_err().code(), "request_unknown");
}
