//! What may follow what: the refusals of the lifecycle, each by its code.

use placet_schemas::id::Digest;
use placet_schemas::record::consent::{Narrowing, Renewal};
use placet_schemas::record::{Body, CanonicalRecord};
use placet_tests::offer::{newsletter, recommendations};
use placet_tests::{Claim, p};
use placet_wallet::records::{self, Built};

use super::house::{House, Person};

/// The person's narrowing, spoilt before it is signed.
fn spoilt_narrowing(house: &House, person: &Person, spoil: impl FnOnce(&mut Narrowing)) -> CanonicalRecord {
    let Body::Narrowing(mut body) = house.narrowing(person).record.body else {
        panic!("a narrowing")
    };
    spoil(&mut body);
    house.claim(&person.key, Body::Narrowing(body)).sign(&person.key)
}

fn renewal(house: &House, person: &Person, until: placet_schemas::time::Timestamp) -> Built {
    let (language, page) = (p("en"), p("page 1"));
    let showing = house.showing(&house.request, &language, &page, until);
    records::renew(&person.state, None, &showing, &house.pen(&person.key)).unwrap()
}

fn spoilt_renewal(house: &House, person: &Person, spoil: impl FnOnce(&mut Renewal, &mut Claim)) -> CanonicalRecord {
    let good = renewal(house, person, person.state.valid_until.plus_seconds(3600));
    let Body::Renewal(mut body) = good.record.body else {
        panic!("a renewal")
    };
    let mut claim = Claim {
        until: good.record.valid_until,
        ..house.claim(&person.key, Body::Renewal(body.clone()))
    };
    spoil(&mut body, &mut claim);
    Claim {
        body: Body::Renewal(body),
        ..claim
    }
    .sign(&person.key)
}

#[tokio::test]
async fn previous_is_the_last_record_of_this_consent() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    let narrowed = house.narrowing(&anna);
    house.send(&narrowed.bytes).await.expect(201);
    let stale = spoilt_narrowing(&house, &anna, |narrowing| narrowing.previous = anna.state.consent);
    house.send(&stale.bytes).await.expect(409).refused("previous_stale");
    let forked = spoilt_narrowing(&house, &anna, |narrowing| narrowing.previous = Digest::of(b"elsewhere"));
    house.send(&forked.bytes).await.expect(409).refused("previous_forked");
}

#[tokio::test]
async fn a_narrowing_takes_something_and_leaves_something() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    let other = spoilt_narrowing(&house, &anna, |narrowing| narrowing.remaining = Digest::of(b"other"));
    house.send(&other.bytes).await.expect(422).refused("remaining_differs");
    let nothing = spoilt_narrowing(&house, &anna, |narrowing| {
        let pattern = placet_schemas::narrowing::Pattern::Value {
            purpose: None,
            value: placet_schemas::narrowing::Value::Category(p("pd:Disability")),
        };
        narrowing.removed = vec![pattern].try_into().unwrap();
    });
    house
        .send(&nothing.bytes)
        .await
        .expect(422)
        .refused("narrowing_matches_nothing");
    let all = spoilt_narrowing(&house, &anna, |narrowing| {
        let clauses = [newsletter(), recommendations()];
        let patterns = clauses.map(|clause| placet_schemas::narrowing::Pattern::Clause(Box::new(clause)));
        narrowing.removed = patterns.to_vec().try_into().unwrap();
    });
    house
        .send(&all.bytes)
        .await
        .expect(422)
        .refused("narrowing_nothing_remains");
    house.send(&house.narrowing(&anna).bytes).await.expect(201);
}

#[tokio::test]
async fn only_the_person_who_gave_it_changes_a_consent_that_is_there() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    let stranger = house.key("mallory");
    let good = house.narrowing(&anna);
    let by_stranger = house.claim(&stranger, good.record.body.clone()).sign(&stranger);
    house.send(&by_stranger.bytes).await.expect(422).refused("wrong_signer");
    let unknown = spoilt_narrowing(&house, &anna, |narrowing| narrowing.consent = Digest::of(b"none"));
    house.send(&unknown.bytes).await.expect(404).refused("consent_unknown");
    house.send(&good.bytes).await.expect(201);
}

#[tokio::test]
async fn a_renewal_is_no_wider_and_ends_later() {
    let house = House::new().await;
    let mut anna = house.person("anna").await;
    let whole = anna.state.scope.clone();
    let narrowed = house.narrowing(&anna);
    house.send(&narrowed.bytes).await.expect(201);
    anna.state = narrowed.state;
    let wider = spoilt_renewal(&house, &anna, |renewal, _| {
        for (choice, clause) in renewal.shown.choices.iter_mut().zip(whole.clauses()) {
            choice.clause = clause.digest();
        }
        renewal.scope = whole.clone();
    });
    house.send(&wider.bytes).await.expect(422).refused("renewal_widens");
    let sooner = spoilt_renewal(&house, &anna, |_, claim| claim.until = Some(anna.state.valid_until));
    house.send(&sooner.bytes).await.expect(422).refused("renewal_not_later");
    let longer = spoilt_renewal(&house, &anna, |_, claim| claim.until = Some(house.now().plus(p("P3Y"))));
    house
        .send(&longer.bytes)
        .await
        .expect(422)
        .refused("grant_outside_request");
    let unknown = spoilt_renewal(&house, &anna, |renewal, _| renewal.request = Digest::of(b"none"));
    house.send(&unknown.bytes).await.expect(404).refused("request_unknown");
    house
        .send(&renewal(&house, &anna, anna.state.valid_until.plus_seconds(60)).bytes)
        .await
        .expect(201);
}

#[tokio::test]
async fn after_expiry_only_an_ending_or_an_erasure_follows() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    house.pass(366 * 86_400);
    let narrowing = spoilt_narrowing_at_expiry(&house, &anna);
    house
        .send(&narrowing.bytes)
        .await
        .expect(409)
        .refused("consent_expired");
    house.send(&house.erasure(&anna).bytes).await.expect(201);
    house.send(&house.withdrawal(&anna).bytes).await.expect(201);
}

#[tokio::test]
async fn nothing_but_an_erasure_follows_an_ending() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    let narrowing = house.narrowing(&anna);
    house.send(&house.withdrawal(&anna).bytes).await.expect(201);
    house.send(&narrowing.bytes).await.expect(409).refused("consent_ended");
    house
        .send(&house.withdrawal(&anna).bytes)
        .await
        .expect(409)
        .refused("consent_ended");
    house.send(&house.erasure(&anna).bytes).await.expect(201);
}

/// The builder of the wallet would refuse to sign it.
fn spoilt_narrowing_at_expiry(house: &House, person: &Person) -> CanonicalRecord {
    let scope = person.state.scope.clauses();
    let remaining = placet_schemas::scope::Scope::new(vec![scope[0].clone()]).unwrap();
    let body = Narrowing {
        version: placet_schemas::version::Version,
        consent: person.state.consent,
        previous: person.state.consent,
        removed: vec![placet_schemas::narrowing::Pattern::Clause(Box::new(scope[1].clone()))]
            .try_into()
            .unwrap(),
        remaining: remaining.digest(),
        anchor: super::house::nothing_seen(),
    };
    house
        .claim(&person.key, Body::Narrowing(Box::new(body)))
        .sign(&person.key)
}
