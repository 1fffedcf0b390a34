//! A withdrawal is refused for a bad signature, an unknown or ended consent, and bytes that are no record. For nothing
//! else: whatever else is wrong with it is written down as a finding.

use placet_schemas::id::Digest;
use placet_schemas::record::consent::{Anchor, Withdrawal};
use placet_schemas::record::{Body, CanonicalRecord};
use placet_schemas::version::Version;
use placet_tests::{Claim, p};
use placet_wallet::records;
use serde_json::{Value, json};

use super::house::{House, Person, with_other_signature};

/// What is wrong with a person's withdrawal.
type Spoil<'a> = &'a dyn Fn(&Person) -> Claim;

fn claim(house: &House, person: &Person, anchor: Option<Anchor>) -> Claim {
    let body = Withdrawal {
        version: Version,
        consent: person.state.consent,
        anchor,
        relayed: None,
    };
    house.claim(&person.key, Body::Withdrawal(body))
}

#[tokio::test]
async fn what_keeps_other_records_out_is_a_finding_here() {
    let house = House::new().await;
    let unknown = Anchor {
        size: 999,
        root: Digest::of(b""),
    };
    let cases: [(&str, Spoil<'_>); 4] = [
        ("wrong_domain", &|anna| Claim {
            domain: p("other.example/log"),
            ..claim(&house, anna, None)
        }),
        ("time_implausible", &|anna| Claim {
            from: house.now().plus_seconds(86_400),
            ..claim(&house, anna, None)
        }),
        ("time_implausible", &|anna| Claim {
            from: house.now().minus_seconds(86_400),
            ..claim(&house, anna, None)
        }),
        ("anchor_unknown", &|anna| claim(&house, anna, Some(unknown))),
    ];
    for (n, (finding, spoil)) in cases.into_iter().enumerate() {
        let anna = house.person(&format!("anna {n}")).await;
        let answer = house.send(&spoil(&anna).sign(&anna.key).bytes).await.expect(201).json();
        assert_eq!(answer["findings"], json!([finding]));
        let token = house.session(&anna.key).await;
        let view = house
            .get(&format!("/v1/consents/{}", anna.state.consent))
            .token(&token)
            .send()
            .await
            .expect(200)
            .json();
        assert_eq!(view["effective"], "Withdrawn");
        assert_eq!(view["events"][1]["findings"], json!([finding]));
    }
}

#[tokio::test]
async fn an_id_that_was_used_before_does_not_keep_it_out() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    let pen = house.pen(&anna.key);
    let erasure = records::erase(
        &anna.state,
        records::Erasure::default(),
        super::house::nothing_seen(),
        &pen,
    )
    .unwrap();
    let withdrawal = records::withdraw(&anna.state, None, &pen).unwrap();
    assert_eq!(erasure.record.id, withdrawal.record.id);
    house.send(&erasure.bytes).await.expect(201);
    house.send(&withdrawal.bytes).await.expect(201);
}

#[tokio::test]
async fn the_four_grounds_of_refusal() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    let bert = house.person("bert").await;
    let (hers, his) = (house.withdrawal(&anna), house.withdrawal(&bert));
    house
        .send(&with_other_signature(&hers.bytes, &his.bytes))
        .await
        .expect(422)
        .refused("bad_signature");
    let unknown = Claim {
        body: Body::Withdrawal(Withdrawal {
            version: Version,
            consent: Digest::of(b"none"),
            anchor: None,
            relayed: None,
        }),
        ..claim(&house, &anna, None)
    };
    house
        .send(&unknown.sign(&anna.key).bytes)
        .await
        .expect(404)
        .refused("consent_unknown");
    let mut extra: Value = serde_json::from_slice(&hers.bytes).unwrap();
    extra["credentialSubject"]["why"] = json!("none of your business");
    let refused = house.send(extra.to_string().as_bytes()).await.expect(400);
    assert_eq!(refused.refused("malformed").as_deref(), Some("/credentialSubject/why"));
    // For whoever holds none of its keys the consent is not there.
    let by_bert = house.claim(&bert.key, hers.record.body.clone()).sign(&bert.key);
    house.send(&by_bert.bytes).await.expect(404).refused("consent_unknown");
    house.send(&hers.bytes).await.expect(201);
    house
        .send(&claim(&house, &anna, None).sign(&anna.key).bytes)
        .await
        .expect(409)
        .refused("consent_ended");
}

#[tokio::test]
async fn a_code_on_paper_is_enough() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    let sloppy = anna.code.to_string().to_lowercase().replace('-', " ");
    let answer = house
        .post("/v1/withdrawals")
        .json(&json!({ "code": sloppy }))
        .send()
        .await
        .expect(201)
        .json();
    let record = CanonicalRecord::parse(answer["record"].to_string().as_bytes())
        .unwrap()
        .record;
    assert_eq!(record.body.consent(), Some(anna.state.consent));
    assert_eq!(record.issuer, anna.state.withdrawal_key);
    assert_eq!(
        answer["acknowledgement"]["statement"]["consent"],
        json!(anna.state.consent)
    );
    // The answer that was lost on its way is had again, whole: paper is all she has.
    let again = house
        .post("/v1/withdrawals")
        .json(&json!({ "code": anna.code.to_string() }))
        .send()
        .await;
    assert_eq!(again.expect(201).json(), answer);
    let bert = house.person("bert").await;
    house.send(&house.withdrawal(&bert).bytes).await.expect(201);
    let late = house
        .post("/v1/withdrawals")
        .json(&json!({ "code": bert.code.to_string() }));
    late.send().await.expect(409).refused("consent_ended");
    let carla = house.person("carla").await;
    let both = || {
        let call = house
            .post("/v1/withdrawals")
            .json(&json!({ "code": carla.code.to_string() }));
        call.send()
    };
    let (one, other) = tokio::join!(both(), both());
    assert_eq!(one.expect(201).json(), other.expect(201).json());

    let nobodys = placet_kernel::code::WithdrawalCode::from_random(house.fresh());
    let unknown = house
        .post("/v1/withdrawals")
        .json(&json!({ "code": nobodys.to_string() }))
        .send()
        .await;
    unknown.expect(404).refused("consent_unknown");
    let mut typo = anna.code.to_string();
    let last = typo.pop().unwrap();
    typo.push(if last == '7' { '8' } else { '7' });
    let refused = house
        .post("/v1/withdrawals")
        .json(&json!({ "code": typo }))
        .send()
        .await
        .expect(422);
    assert_eq!(refused.refused("code_malformed").as_deref(), Some("/code"));
    assert!(!refused.text().contains(&typo[..10]), "a problem repeats no secret");
}

#[tokio::test]
async fn a_stale_token_does_not_stand_in_the_way() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    let bytes = house.withdrawal(&anna).bytes;
    house
        .post("/v1/records")
        .token("expired")
        .bytes(&bytes)
        .send()
        .await
        .expect(201);
}
