//! A receipt is claimed, judged, and refused once the consent is over.

use placet_kernel::bundle::Verdict;
use placet_schemas::narrowing::Value as Taken;
use placet_tests::bytes_of;
use placet_tests::issuer::{LDP_VC, LDP_VC_RDFC, LDP_VC_SET, SD_JWT, proof};
use placet_tests::p;
use placet_tests::verifier::started;
use placet_wallet::keys::SoftwareKey;
use serde_json::Value;
use std::time::Duration;

use super::house::{House, text, until};

#[test]
fn a_receipt_holds_until_the_withdrawal_and_is_refused_within_a_second() {
    let house = House::open();
    let issuer = house.issuer();
    let ada = house.yes("Ada");
    let receipt = ada.receipt(&issuer);
    let report = house.judge(&issuer, &receipt);
    assert_eq!(
        (report.issued, report.recorded, report.in_force),
        (Verdict::Holds, Verdict::Holds, Verdict::Holds),
        "{:?}",
        report.findings
    );
    let subject = &receipt["credentialSubject"];
    assert_eq!(subject["id"], ada.customer.key.did().as_str());
    assert_eq!(subject["consent"], ada.consent.to_string());
    assert_eq!(subject["controllers"][0]["id"], house.shop.brand.did.as_str());
    assert_eq!(receipt["issuer"], issuer.did.as_str());

    house.send(&house.withdrawal(&ada));
    let accepted = started();
    until("the list says that it is over", || {
        house.judge(&issuer, &receipt).in_force == Verdict::Fails
    });
    let took = accepted.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
    // Nothing more is issued for it, by an old token or a new one.
    assert_eq!(issuer.ask_offer(&ada.consent, &ada.customer.key).status, 404);
}

#[test]
fn each_suite_is_given_on_request_and_all_end_with_the_consent() {
    let house = House::open();
    let issuer = house.issuer();
    let ada = house.yes("Ada");
    let suites = |receipt: &Value| {
        let all = match &receipt["proof"] {
            Value::Array(proofs) => proofs.clone(),
            proof => vec![proof.clone()],
        };
        all.iter()
            .map(|proof| proof["cryptosuite"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let receipt = ada.receipt(&issuer);
    assert_eq!(suites(&receipt), ["eddsa-jcs-2022"]);
    let claim = |configuration: &str| issuer.claim(configuration, &ada.consent, &ada.customer.key);
    let (rdfc, set) = (claim(LDP_VC_RDFC), claim(LDP_VC_SET));
    assert_eq!(suites(&rdfc), ["eddsa-rdfc-2022"]);
    assert_eq!(suites(&set), ["eddsa-jcs-2022", "eddsa-rdfc-2022"]);
    for other in [&rdfc, &set] {
        assert_eq!(house.judge(&issuer, other).in_force, Verdict::Holds);
        assert_eq!(other["id"], receipt["id"], "the same credential, secured otherwise");
        assert_eq!(other["credentialStatus"], receipt["credentialStatus"]);
    }
    // Whoever knows one suite alone can read the list as well.
    let url = rdfc["credentialStatus"]["statusListCredential"].as_str().unwrap();
    let list: Value = serde_json::from_slice(&issuer.fetch(url)).unwrap();
    assert_eq!(suites(&list), ["eddsa-jcs-2022", "eddsa-rdfc-2022"]);

    house.send(&house.withdrawal(&ada));
    for receipt in [&receipt, &rdfc, &set] {
        until("the list says that it is over", || {
            house.judge(&issuer, receipt).in_force == Verdict::Fails
        });
    }
}

#[test]
fn a_token_from_before_the_withdrawal_is_for_nothing_afterwards() {
    let house = House::open();
    let issuer = house.issuer();
    let ada = house.yes("Ada");
    let _receipt = ada.receipt(&issuer);
    let token = issuer.token(&issuer.offer(&ada.consent, &ada.customer.key));
    house.send(&house.withdrawal(&ada));
    until("the token is for nothing", || {
        let proof = proof(&ada.customer.key, &issuer.url(), &issuer.nonce());
        let answer = issuer.ask(&token, LDP_VC, &[proof]);
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        match (answer.status, body["error"].as_str()) {
            (200, None) => false,
            (401, Some("invalid_token")) => true,
            // The moment between the two looks.
            (400, Some("credential_request_denied")) => false,
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn what_is_narrowed_voids_what_said_more_and_the_next_receipt_says_less() {
    let house = House::open();
    let issuer = house.issuer();
    let mut ada = house.yes("Ada");
    let wide = ada.receipt(&issuer);
    house.narrow(&mut ada, "narrowing", Taken::Category(p("pd:Purchase")));
    until("the wide receipt is void", || {
        house.judge(&issuer, &wide).in_force == Verdict::Fails
    });
    let narrow = ada.receipt(&issuer);
    assert_ne!(narrow["credentialSubject"]["scope"], wide["credentialSubject"]["scope"]);
    assert_ne!(narrow["credentialStatus"], wide["credentialStatus"]);
    assert_eq!(house.judge(&issuer, &narrow).in_force, Verdict::Holds);
    assert_eq!(
        serde_json::to_value(&ada.state.scope).unwrap(),
        narrow["credentialSubject"]["scope"]
    );
    assert_eq!(house.judge(&issuer, &wide).in_force, Verdict::Fails);
}

/// A stock wallet brings a key of its own: it may hold a receipt once the person has said so, and for as long as she does.
#[test]
fn a_key_that_she_authorises_holds_a_receipt_until_she_takes_it_back() {
    let house = House::open();
    let issuer = house.issuer();
    let ada = house.yes("Ada");
    let own = ada.receipt(&issuer);
    let phone = SoftwareKey::p256_from_scalar(&bytes_of("phone")).unwrap();
    let claim = |configuration: &str| {
        let token = issuer.token(&issuer.offer(&ada.consent, &ada.customer.key));
        let proof = proof(&phone, &issuer.url(), &issuer.nonce());
        issuer.ask(&token, configuration, &[proof])
    };
    assert_eq!(claim(LDP_VC).status, 400);
    house.authorize(&ada, "authorization", &[&phone]);
    until("the phone may hold one", || claim(LDP_VC).status == 200);
    let receipt = |configuration: &str| -> Value {
        let answer: Value = serde_json::from_slice(&claim(configuration).expect(200, "credential")).unwrap();
        answer["credentials"][0]["credential"].clone()
    };
    let (json, token) = (receipt(LDP_VC), receipt(SD_JWT));
    assert_eq!(json["credentialSubject"]["holderKey"], phone.did().as_str());
    assert_eq!(json["credentialSubject"]["id"], ada.customer.key.did().as_str());
    assert_ne!(json["credentialStatus"], own["credentialStatus"]);
    assert_eq!(house.judge(&issuer, &json).in_force, Verdict::Holds);
    let bound = placet_kernel::receipt::read_presented(token.as_str().unwrap()).unwrap();
    let members: serde_json::Map<String, Value> = placet_kernel::jwk::members(&phone.public_key())
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    assert_eq!(bound.cnf.jwk, Value::Object(members));

    house.authorize(&ada, "revocation", &[]);
    until("the phone's receipt is void", || {
        house.judge(&issuer, &json).in_force == Verdict::Fails
    });
    // Her own is as it was, and the phone gets no other.
    assert_eq!(house.judge(&issuer, &own).in_force, Verdict::Holds);
    assert_eq!(claim(SD_JWT).status, 400);
    // Authorised again, it gets another place: what was void stays void.
    house.authorize(&ada, "again", &[&phone]);
    until("the phone may hold one again", || claim(LDP_VC).status == 200);
    let again = receipt(LDP_VC);
    assert_ne!(again["credentialStatus"], json["credentialStatus"]);
    assert_eq!(house.judge(&issuer, &again).in_force, Verdict::Holds);
    assert_eq!(house.judge(&issuer, &json).in_force, Verdict::Fails);
}

/// Claimed again, it is the same receipt: the same name, and the same place in the list.
#[test]
fn a_receipt_that_is_claimed_again_is_the_same_also_after_a_restart() {
    let house = House::open();
    let issuer = house.issuer();
    let ada = house.yes("Ada");
    let first = ada.receipt(&issuer);
    issuer.kill();
    let issuer = house.issuer();
    let second = issuer.claim(LDP_VC, &ada.consent, &ada.customer.key);
    assert_eq!(
        (&first["id"], &first["credentialStatus"]),
        (&second["id"], &second["credentialStatus"])
    );
    let berta = house.yes("Berta").receipt(&issuer);
    assert_ne!(
        (&first["id"], &first["credentialStatus"]),
        (&berta["id"], &berta["credentialStatus"])
    );
}

#[test]
fn the_log_of_the_issuer_names_nobody() {
    let house = House::open();
    let issuer = house.issuer();
    let ada = house.yes("Ada");
    let receipt = ada.receipt(&issuer);
    let offered = issuer.offer(&ada.consent, &ada.customer.key);
    let token = issuer.token(&offered);
    house.send(&house.withdrawal(&ada));
    until("it is over", || {
        house.judge(&issuer, &receipt).in_force == Verdict::Fails
    });
    issuer.stop();
    let said = text(house.log());
    assert!(
        said.contains("DEBUG") && said.contains("/status/bitstring/{id}"),
        "it is to log all it can"
    );
    let list = receipt["credentialStatus"]["statusListCredential"].as_str().unwrap();
    for secret in [
        ada.customer.key.did().as_str(),
        &ada.consent.to_string(),
        receipt["id"].as_str().unwrap(),
        list.rsplit('/').next().unwrap(),
        &offered.tx_code,
        &token,
        &house.order.token,
    ] {
        assert!(!said.contains(secret), "the log has {secret}");
    }
}
