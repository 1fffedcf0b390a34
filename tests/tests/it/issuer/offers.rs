//! What an offer names.

use placet_kernel::jws;
use placet_schemas::api::issuer::{AskOffer, OFFER_TYP, OfferClaims};
use placet_schemas::json as strict;
use placet_tests::caller::Answer;
use placet_tests::issuer::{IssuerProcess, LDP_VC, SD_JWT};
use placet_tests::p;
use placet_tests::process::now;
use serde_json::Value;

use super::house::{Given, House};

fn ask(issuer: &IssuerProcess, given: &Given, configurations: &[&str]) -> Answer {
    let key = &given.customer.key;
    let claims = OfferClaims {
        aud: p(&issuer.url()),
        iat: now().unix(),
        nonce: issuer.nonce(),
        consent: given.consent,
    };
    let method = key.did().key_method().unwrap();
    let body = AskOffer {
        jws: jws::sign(&strict::to_jcs(&claims).unwrap(), OFFER_TYP, &method, key).unwrap(),
        configurations: Some(configurations.iter().map(|id| (*id).to_owned()).collect()),
    };
    let body = serde_json::to_vec(&body).unwrap();
    issuer.caller().call("POST", "/v1/offers", &body).unwrap()
}

#[test]
fn an_offer_names_what_the_metadata_has_and_nothing_else() {
    let house = House::open();
    let issuer = house.issuer();
    let ada = house.yes("Ada");
    let _receipt = ada.receipt(&issuer);
    for wrong in [
        &[][..],
        &["x"],
        &[LDP_VC, "x"],
        &[""],
        &["consentreceiptcredential_ldp_vc"],
        &[LDP_VC; 5],
    ] {
        let answer = ask(&issuer, &ada, wrong);
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(
            (answer.status, &body["code"], &body["pointer"]),
            (400, &"malformed".into(), &"/configurations".into()),
            "{wrong:?}: {body}"
        );
    }
    let answer: Value = serde_json::from_slice(&ask(&issuer, &ada, &[SD_JWT]).expect(201, "offer")).unwrap();
    let link = answer["link"].as_str().unwrap();
    assert!(
        link.contains("ConsentReceiptCredential_dc%2Bsd-jwt") && !link.contains(LDP_VC),
        "{link}"
    );
}
