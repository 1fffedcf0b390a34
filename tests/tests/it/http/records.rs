//! What enters, with which answer, and what does not, with which code.

use placet_kernel::leaf::Salt;
use placet_schemas::api::RecordAnswer;
use placet_schemas::id::Digest;
use placet_schemas::record::consent::{Anchor, EndedByController};
use placet_schemas::record::{Body, CanonicalRecord, Invitation};
use placet_schemas::version::Version;
use placet_tests::brand::Brand;
use placet_tests::offer::{newsletter, offer, recommendations, seats};
use placet_tests::{bytes_of, p};
use placet_wallet::keys::SoftwareKey;
use placet_wallet::{brand as builders, records};

use super::house::{House, nothing_seen, with_other_signature};

#[tokio::test]
async fn a_record_is_answered_with_what_proves_it_and_a_replay_with_the_same_bytes() {
    let house = House::new().await;
    let (built, _) = house.unsent("anna").await;
    let first = house.send(&built.bytes).await.expect(201);
    let answer: RecordAnswer = serde_json::from_slice(&first.body).unwrap();
    let leaf = Salt::from_bytes(*answer.salt.as_bytes()).leaf(&built.record.digest());
    let leaf_hash = placet_kernel::merkle::leaf_hash(&leaf);
    assert_eq!(
        Digest::from_bytes(leaf_hash.into()),
        answer.acknowledgement.statement.leaf_hash
    );
    assert_eq!(answer.acknowledgement.statement.consent, Some(built.record.digest()));
    assert_eq!(answer.findings, Vec::<String>::new());
    assert!(answer.proof.starts_with("c2sp.org/tlog-proof@v1\n"), "{}", answer.proof);
    assert!(
        answer.checkpoint.starts_with(&format!("{}\n", house.origin)),
        "{}",
        answer.checkpoint
    );
    // Any spelling of the same record is the same record.
    let loose = serde_json::to_vec_pretty(&serde_json::from_slice::<serde_json::Value>(&built.bytes).unwrap()).unwrap();
    for bytes in [&built.bytes, &loose] {
        assert_eq!(house.send(bytes).await.expect(201).body, first.body);
    }
    assert_eq!(house.ledger.size(), 3);
}

#[tokio::test]
async fn every_kind_of_a_consents_records_enters() {
    let house = House::new().await;
    let mut anna = house.person("anna").await;
    let narrowed = house.narrowing(&anna);
    house.send(&narrowed.bytes).await.expect(201);
    anna.state = narrowed.state;
    house.pass(60);
    let (language, page) = (p("en"), p("page 1"));
    let showing = house.showing(&house.request, &language, &page, house.now().plus(p("P1Y")));
    let renewed = records::renew(&anna.state, None, &showing, &house.pen(&anna.key)).unwrap();
    house.send(&renewed.bytes).await.expect(201);
    house.send(&house.erasure(&anna).bytes).await.expect(201);
    house.send(&house.withdrawal(&anna).bytes).await.expect(201);
    let bert = house.person("bert").await;
    let relayed = builders::relay_withdrawal(
        bert.state.consent,
        p("phone"),
        house.now(),
        house.brand.signer(),
        &house.pen(&house.brand.key),
    );
    house.send(&relayed.unwrap().bytes).await.expect(201);
    let cora = house.person("cora").await;
    let pen = house.pen(&house.brand.key);
    let ended = builders::end(cora.state.consent, p("discontinued"), house.brand.signer(), &pen).unwrap();
    house.send(&ended.bytes).await.expect(201);
    let dora = house.person("dora").await;
    house.send(&house.erasure(&dora).bytes).await.expect(201);
}

#[tokio::test]
async fn signatures_signers_domains_times_and_anchors() {
    let house = House::new().await;
    let (grant, _) = house.unsent("anna").await;
    let (other, _) = house.unsent("bert").await;
    house
        .send(&with_other_signature(&grant.bytes, &other.bytes))
        .await
        .expect(422)
        .refused("bad_signature");

    let claim = |from: &CanonicalRecord| placet_tests::Claim {
        until: from.record.valid_until,
        challenge: from.record.proof.challenge.clone(),
        ..house.claim(&house.key("anna"), from.record.body.clone())
    };
    let said = CanonicalRecord::parse(&grant.bytes).unwrap();
    let by_brand = placet_tests::Claim {
        issuer: house.brand.did.clone(),
        method: Some(house.brand.method.clone()),
        ..claim(&said)
    };
    house
        .send(&by_brand.sign(&house.brand.key).bytes)
        .await
        .expect(422)
        .refused("wrong_signer");
    let elsewhere = placet_tests::Claim {
        domain: p("other.example/log"),
        ..claim(&said)
    };
    let refused = house.send(&elsewhere.sign(&house.key("anna")).bytes).await.expect(422);
    assert_eq!(refused.refused("wrong_domain").as_deref(), Some("/proof/domain"));
    for from in [house.now().minus_seconds(601), house.now().plus_seconds(601)] {
        let untimely = placet_tests::Claim { from, ..claim(&said) };
        let refused = house.send(&untimely.sign(&house.key("anna")).bytes).await.expect(422);
        assert_eq!(refused.refused("time_implausible").as_deref(), Some("/validFrom"));
    }
    let anchors = [
        Anchor {
            size: 1_000_000,
            root: Digest::of(b""),
        },
        Anchor {
            size: 1,
            root: Digest::of(b"x"),
        },
    ];
    for anchor in anchors {
        let mut body = said.record.body.clone();
        let Body::ConsentGrant(grant) = &mut body else {
            panic!("a grant")
        };
        grant.anchor = anchor;
        let unanchored = placet_tests::Claim { body, ..claim(&said) };
        let refused = house.send(&unanchored.sign(&house.key("anna")).bytes).await.expect(422);
        assert_eq!(
            refused.refused("anchor_unknown").as_deref(),
            Some("/credentialSubject/anchor")
        );
    }
    // Nothing of all this was recorded, and the invitation is still good.
    assert_eq!(house.ledger.size(), 2);
    house.send(&grant.bytes).await.expect(201);
}

#[tokio::test]
async fn invitations_are_known_unspent_unexpired_and_for_this_request() {
    let house = House::new().await;
    let clauses = [newsletter()];
    let unknown = Invitation::from_random(bytes_of("nobody's"));
    let (grant, _) = house.unsent_by(&house.key("anna"), &house.request, &unknown, &clauses);
    let refused = house.send(&grant.bytes).await.expect(404);
    assert_eq!(
        refused.refused("invitation_unknown").as_deref(),
        Some("/proof/challenge")
    );

    let invitation = house.invitation().await;
    let (grant, _) = house.unsent_by(&house.key("anna"), &house.request, &invitation, &clauses);
    house.send(&grant.bytes).await.expect(201);
    let (again, _) = house.unsent_by(&house.key("bert"), &house.request, &invitation, &clauses);
    house.send(&again.bytes).await.expect(410).refused("invitation_spent");

    let late = house.invitation().await;
    house.pass(31 * 86_400);
    let (grant, _) = house.unsent_by(&house.key("cora"), &house.request, &late, &clauses);
    house.send(&grant.bytes).await.expect(410).refused("invitation_expired");

    // An invitation to one request is none to another.
    let mut other = house.offer.request.clone();
    other.validity = p("P1Y");
    let other = house.signed_request(&other);
    house
        .post("/v1/requests")
        .token(&house.brand_token)
        .bytes(&other.bytes)
        .send()
        .await
        .expect(201);
    let invitation = house.invitation().await;
    let (grant, _) = house.unsent_by(&house.key("dora"), &other, &invitation, &clauses);
    house.send(&grant.bytes).await.expect(404).refused("invitation_unknown");
}

#[tokio::test]
async fn a_grant_stays_within_a_request_that_is_known() {
    let house = House::new().await;
    let spoilt = async |spoil: &dyn Fn(&mut placet_schemas::record::consent::ConsentGrant)| {
        let (grant, _) = house.unsent("anna").await;
        let said = CanonicalRecord::parse(&grant.bytes).unwrap();
        let Body::ConsentGrant(mut body) = said.record.body.clone() else {
            panic!("a grant")
        };
        spoil(&mut body);
        let claim = placet_tests::Claim {
            until: said.record.valid_until,
            challenge: said.record.proof.challenge.clone(),
            ..house.claim(&house.key("anna"), Body::ConsentGrant(body))
        };
        house.send(&claim.sign(&house.key("anna")).bytes).await
    };
    spoilt(&|grant| grant.request = Digest::of(b"none"))
        .await
        .expect(404)
        .refused("request_unknown");
    let wider = spoilt(&|grant| {
        let mut clauses = grant.scope.clauses().to_vec();
        clauses[0].retention = p("P9Y");
        let digest = clauses[0].digest();
        grant.scope = placet_schemas::scope::Scope::new(clauses).unwrap();
        grant.shown.choices[0].clause = digest;
        grant.shown.choices.sort_by_key(|choice| {
            grant
                .scope
                .clauses()
                .iter()
                .position(|clause| clause.digest() == choice.clause)
        });
    });
    wider.await.expect(422).refused("grant_outside_request");
    spoilt(&|grant| grant.shown.notice = Digest::of(b"other"))
        .await
        .expect(422)
        .refused("grant_outside_request");
    spoilt(&|grant| grant.controller = p("did:web:gym.example"))
        .await
        .expect(422)
        .refused("grant_outside_request");
    assert_eq!(house.ledger.size(), 2);
}

#[tokio::test]
async fn health_data_needs_an_express_statement() {
    let house = House::new().await;
    let (language, page) = (p("en"), p("page 1"));
    let selected = [seats().digest()];
    let invitation = house.invitation().await;
    let mut showing = house.showing(&house.request, &language, &page, house.now().plus(p("P1Y")));
    showing.explicit = &selected;
    let key = house.key("anna");
    let choice = records::GrantChoice {
        showing,
        invitation: &invitation,
        selected: &selected,
    };
    let code = placet_kernel::code::WithdrawalCode::from_random(house.fresh());
    let good = records::grant(&choice, &code, &house.pen(&key)).unwrap();
    let said = CanonicalRecord::parse(&good.bytes).unwrap();
    let Body::ConsentGrant(mut body) = said.record.body.clone() else {
        panic!("a grant")
    };
    body.shown.choices[0].act = placet_schemas::record::consent::Act::Selected;
    let claim = placet_tests::Claim {
        until: said.record.valid_until,
        challenge: said.record.proof.challenge.clone(),
        ..house.claim(&key, Body::ConsentGrant(body))
    };
    house
        .send(&claim.sign(&key).bytes)
        .await
        .expect(422)
        .refused("explicit_act_missing");
    house.send(&good.bytes).await.expect(201);
}

#[tokio::test]
async fn one_id_names_one_record_and_one_did_one_brand() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    let pen = house.pen(&anna.key);
    let erasure = || records::Erasure::default();
    let first = records::erase(&anna.state, erasure(), nothing_seen(), &pen).unwrap();
    let later = placet_wallet::Pen {
        now: house.now().plus_seconds(1),
        ..pen
    };
    let second = records::erase(&anna.state, erasure(), nothing_seen(), &later).unwrap();
    house.send(&first.bytes).await.expect(201);
    let refused = house.send(&second.bytes).await.expect(409);
    assert_eq!(refused.refused("id_conflict").as_deref(), Some("/id"));

    let gym = Brand::gym();
    let token = house.register(&gym).await;
    let asked = offer(&[&gym], vec![newsletter(), recommendations()], 0);
    for notice in &asked.notices {
        house
            .post("/v1/notices")
            .token(&token)
            .bytes(&notice.bytes)
            .send()
            .await
            .expect(201);
    }
    let pen = placet_wallet::Pen {
        key: &gym.key,
        ..house.pen(&gym.key)
    };
    let request = builders::request(asked.request, &asked.notices, gym.signer(), &pen).unwrap();
    house
        .post("/v1/requests")
        .token(&token)
        .bytes(&request.bytes)
        .send()
        .await
        .expect(201);
    let path = format!("/v1/requests/{}/invitations", request.record.digest());
    let made = house
        .post(&path)
        .token(&token)
        .json(&serde_json::json!({}))
        .send()
        .await
        .expect(201);
    let invitation = p(made.json()["invitations"][0]["invitation"].as_str().unwrap());
    let (grant, _) = house.unsent_by(&anna.key, &request, &invitation, &[newsletter()]);
    house.send(&grant.bytes).await.expect(409).refused("did_reused");
    let own = house.key_at("anna", &gym.did);
    let (grant, _) = house.unsent_by(&own, &request, &invitation, &[newsletter()]);
    house.send(&grant.bytes).await.expect(201);
}

#[tokio::test]
async fn a_brand_that_has_not_registered_ends_nothing() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    let stranger = Brand::festival();
    let body = EndedByController {
        version: Version,
        consent: anna.state.consent,
        reason: p("no reason"),
    };
    let claim = placet_tests::Claim {
        issuer: stranger.did.clone(),
        method: Some(stranger.method.clone()),
        ..house.claim(&stranger.key, Body::EndedByController(body.clone()))
    };
    house
        .send(&claim.sign(&stranger.key).bytes)
        .await
        .expect(404)
        .refused("controller_unknown");
    house.register(&stranger).await;
    let claim = placet_tests::Claim {
        issuer: stranger.did.clone(),
        method: Some(stranger.method.clone()),
        ..house.claim(&stranger.key, Body::EndedByController(body))
    };
    house
        .send(&claim.sign(&stranger.key).bytes)
        .await
        .expect(422)
        .refused("wrong_signer");
}

#[tokio::test]
async fn requests_and_keys_do_not_enter_with_the_records_of_consents() {
    let house = House::new().await;
    let refused = house.send(&house.request.bytes).await.expect(422);
    assert_eq!(refused.refused("wrong_endpoint").as_deref(), Some("/type/1"));
    let operator = SoftwareKey::ed25519_from_seed(&bytes_of("not the operator"));
    let keys = house.brand.keys_record(&house.origin, &operator, house.now());
    house.send(&keys.bytes).await.expect(422).refused("wrong_endpoint");
}
