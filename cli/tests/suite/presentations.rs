//! `placet receipt present`: a receipt is shown to a verifier that knows nothing of the consent.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::harness::{Node, http, run};
use crate::receipts::{Stage, stage};

const NEWSLETTER: &str = "https://cinema.example/purposes/newsletter";
const RECOMMENDATIONS: &str = "https://cinema.example/purposes/recommendations";

/// A verifier of the brand that cannot reach the ledger, and so has no replica of anything.
fn verifier(stage: &Stage) -> Node {
    let home = stage.home.path();
    let mut trust: Value = serde_json::from_slice(&fs::read(home.join("node/trust.json")).unwrap()).unwrap();
    let log = trust["logs"][0]["origin"].clone();
    let methods = stage.keys["methods"].as_array().unwrap().iter();
    let issuers = methods.map(|method| {
        json!({"log": log, "method": method["method"], "publicKeyMultibase": method["publicKeyMultibase"],
            "sizes": {"from": 0}})
    });
    trust["issuers"] = issuers.collect();
    fs::write(home.join("pinned.json"), trust.to_string()).unwrap();
    let line = [
        "verifier",
        "--dir",
        "verifier",
        "--listen",
        "127.0.0.1:0",
        "--url",
        "http://127.0.0.1:9",
        "--did",
        "did:web:cinema.example",
        "--token-file",
        "cinema.token",
        "--trust",
        "pinned.json",
        "--request-key",
        "cinema.key.json",
        "--status-private",
    ];
    Node::service(home, &line)
}

fn asked(purpose: &str, category: &str) -> Value {
    json!({"asked": {"purpose": purpose, "categories": [category], "processing": "dpv:Use", "delivery": "copy"}})
}

/// Asks as the brand's service does; gives the request's name and link.
fn ask(verifier: &Node, asked: &Value) -> (String, String) {
    let body = asked.to_string();
    let (status, said) = http(
        verifier,
        ("POST", "/v1/presentations", "application/json"),
        None,
        body.as_bytes(),
    );
    assert_eq!(status, 201, "{said}");
    let said: Value = serde_json::from_str(&said).unwrap();
    let text = |name: &str| said[name].as_str().unwrap().to_owned();
    (text("id"), text("link"))
}

fn look(verifier: &Node, id: &str) -> Value {
    let path = format!("/v1/presentations/{id}");
    let (status, said) = http(verifier, ("GET", &path, "application/json"), None, b"");
    assert_eq!(status, 200, "{said}");
    serde_json::from_str(&said).unwrap()
}

#[test]
fn a_receipt_is_shown_to_a_verifier_without_a_replica_and_refused_after_the_withdrawal() {
    let stage = stage();
    let (node, consent, issuer) = (&stage.node, stage.consent.as_str(), stage.issuer.url.as_str());
    let verifier = verifier(&stage);
    let (_, early) = ask(&verifier, &asked(NEWSLETTER, "pd:EmailAddress"));
    let refused = node.run(&["receipt", "present", &early, "--yes"]).refusal(1);
    assert!(refused.contains("--format dc+sd-jwt"), "{refused}");
    // The request was read all the same: whoever sends links does not learn by it who has a receipt to show.
    let (_, metrics) = http(&verifier, ("GET", "/metrics", "text/plain"), None, b"");
    assert!(
        metrics.contains("route=\"/openid/presentations/{id}\",status=\"200\"} 1"),
        "{metrics}"
    );
    stage.soon(&["receipt", "claim", consent, "--issuer", issuer, "--format", "dc+sd-jwt"]);
    let listed = node.run(&["--json", "receipt", "list"]).json();
    assert_eq!(
        (&listed[0]["issued"], &listed[0]["recorded"], &listed[0]["inForce"]),
        (&"Holds".into(), &"Holds".into(), &"Holds".into())
    );

    let (id, link) = ask(&verifier, &asked(NEWSLETTER, "pd:EmailAddress"));
    assert_eq!(look(&verifier, &id), json!({"state": "waiting"}));
    let said = node.run(&["receipt", "present", &link, "--yes"]).ok();
    assert!(
        said.contains("asks to see that you agreed to:") && said.contains("Shown to Example Cinema plc"),
        "{said}"
    );
    // All of what is shown is said before it is.
    for words in [
        "data pd:EmailAddress",
        "delivery copy",
        "the number of your consent",
        consent,
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let answer = look(&verifier, &id);
    assert_eq!(answer["state"], "presented");
    let decided = &answer["decided"];
    assert_eq!(decided["decision"], true, "{decided}");
    assert_eq!(decided["reasons"][0]["code"], "permitted");
    assert_eq!(decided["consent"], consent);
    judged_again(&stage, decided, 0);
    // Once is enough.
    let refused = node.run(&["receipt", "present", &link, "--yes"]).refusal(1);
    assert!(refused.contains("ask for a new link"), "{refused}");

    // What she did not agree to is not there to be shown; what the clause does not have is denied.
    let (_, other) = ask(&verifier, &asked(RECOMMENDATIONS, "pd:Interest"));
    let refused = node.run(&["receipt", "present", &other, "--yes"]).refusal(1);
    assert!(refused.contains("did not consent"), "{refused}");
    let (id, link) = ask(&verifier, &asked(NEWSLETTER, "pd:Interest"));
    node.run(&["receipt", "present", &link, "--yes"]).ok();
    let answer = look(&verifier, &id);
    assert_eq!(answer["decided"]["decision"], false);
    assert_eq!(answer["decided"]["reasons"][0]["code"], "category_not_covered");

    // She says no.
    let (id, link) = ask(&verifier, &asked(NEWSLETTER, "pd:EmailAddress"));
    node.run(&["receipt", "present", &link]).refusal(1);
    let said = node.run(&["receipt", "present", &link, "--no"]).ok();
    assert!(said.contains("show nothing"), "{said}");
    assert_eq!(look(&verifier, &id), json!({"state": "declined"}));

    node.run(&["wallet", "withdraw", consent]).ok();
    let line = ["--json", "receipt", "list"];
    stage.until(&line, |said| {
        let listed: Value = serde_json::from_str(&said.out).unwrap();
        listed[0]["inForce"] == "Fails"
    });
    let (id, link) = ask(&verifier, &asked(NEWSLETTER, "pd:EmailAddress"));
    node.run(&["receipt", "present", &link, "--yes"]).ok();
    let answer = look(&verifier, &id);
    assert_eq!(answer["decided"]["decision"], false);
    assert_eq!(answer["decided"]["reasons"][0]["code"], "withdrawn");
    judged_again(&stage, &answer["decided"], 1);
}

/// What the decision rests on, judged by whoever has it.
fn judged_again(stage: &Stage, decided: &Value, code: i32) {
    let evidence = &decided["evidence"];
    let keep = |name: &str, member: &str| -> PathBuf {
        let path = stage.home.path().join(name);
        fs::write(&path, evidence[member].as_str().unwrap()).unwrap();
        path
    };
    let (shown, list) = (keep("shown", "presentation"), keep("list", "statusList"));
    let said = run(
        stage.home.path(),
        &[
            "verify",
            shown.to_str().unwrap(),
            "--status",
            list.to_str().unwrap(),
            "--trust",
            "pinned.json",
            "--audience",
            evidence["audience"].as_str().unwrap(),
            "--nonce",
            evidence["nonce"].as_str().unwrap(),
        ],
    );
    assert_eq!(said.code, code, "{said:?}");
}

/// A build without encryption promises none.
#[cfg(not(feature = "jwe"))]
#[test]
fn an_encrypted_answer_is_not_asked_for_by_who_could_not_read_it() {
    let stage = stage();
    let verifier = verifier(&stage);
    let mut asked = asked(NEWSLETTER, "pd:EmailAddress");
    asked["responseMode"] = json!("direct_post.jwt");
    let to = ("POST", "/v1/presentations", "application/json");
    let (status, said) = http(&verifier, to, None, asked.to_string().as_bytes());
    assert_eq!(status, 422);
    assert!(said.contains("encryption_not_built"), "{said}");
}

#[cfg(feature = "jwe")]
#[test]
fn an_answer_is_encrypted_where_the_request_asks_for_it_and_taken_in_no_other_form() {
    let stage = stage();
    let (node, consent, issuer) = (&stage.node, stage.consent.as_str(), stage.issuer.url.as_str());
    let verifier = verifier(&stage);
    stage.soon(&["receipt", "claim", consent, "--issuer", issuer, "--format", "dc+sd-jwt"]);
    let mut asked = asked(NEWSLETTER, "pd:EmailAddress");
    asked["responseMode"] = json!("direct_post.jwt");
    let (id, link) = ask(&verifier, &asked);
    let path = format!("/openid/presentations/{id}");
    let post = |form: &str| {
        let to = ("POST", path.as_str(), "application/x-www-form-urlencoded");
        http(&verifier, to, None, form.as_bytes()).0
    };
    // Plain, both, and no JWE: none is an answer, and the request stays open.
    for form in [
        format!("state={id}&vp_token=%7B%7D"),
        format!("state={id}&vp_token=%7B%7D&response=a.b.c.d.e"),
        "response=a.b.c.d.e".to_owned(),
        "response=".to_owned(),
    ] {
        assert_eq!(post(&form), 400, "{form}");
    }
    node.run(&["receipt", "present", &link, "--yes"]).ok();
    assert_eq!(look(&verifier, &id)["decided"]["decision"], true);
    let (id, link) = ask(&verifier, &asked);
    node.run(&["receipt", "present", &link, "--no"]).ok();
    assert_eq!(look(&verifier, &id), json!({"state": "declined"}));
}

#[test]
fn a_wallet_answers_no_request_that_the_brand_has_not_signed() {
    let stage = stage();
    let (node, consent, issuer) = (&stage.node, stage.consent.as_str(), stage.issuer.url.as_str());
    stage.soon(&["receipt", "claim", consent, "--issuer", issuer, "--format", "dc+sd-jwt"]);
    let present = |link: &str| node.run(&["receipt", "present", link, "--yes"]).refusal(1);
    for (link, words) in [
        ("openid4vp://?x=y", "no link of a verifier"),
        (
            "openid4vp://?client_id=https%3A%2F%2Fx&request_uri=y",
            "named by its DID",
        ),
        (
            "openid4vp://?client_id=decentralized_identifier%3Adid%3Aweb%3Acinema.example&request_uri=http%3A%2F%2Fcinema.example%2Fy",
            "http",
        ),
    ] {
        let refused = present(link);
        assert!(refused.contains(words), "{link}: {refused}");
    }
    // A stranger who runs a verifier, and says that it is the cinema's.
    let home = stage.home.path();
    let key = [
        "keygen",
        "brand",
        "--did",
        "did:web:cinema.example",
        "--out",
        "stranger.key.json",
    ];
    run(home, &key).ok();
    let cinema = fs::read(home.join("cinema.key.json")).unwrap();
    fs::copy(home.join("stranger.key.json"), home.join("cinema.key.json")).unwrap();
    let stranger = verifier(&stage);
    fs::write(home.join("cinema.key.json"), cinema).unwrap();
    let (id, link) = ask(&stranger, &asked(NEWSLETTER, "pd:EmailAddress"));
    let refused = present(&link);
    assert!(refused.contains("not signed by did:web:cinema.example"), "{refused}");
    assert_eq!(look(&stranger, &id)["state"], "waiting");
    // The link of one verifier that leads to another's request.
    let other = link.replace("cinema.example", "gym.example");
    assert!(present(&other).contains("no receipt that did:web:gym.example may be shown"));
}

#[test]
fn a_verifier_asks_with_its_own_brands_key_alone() {
    let stage = stage();
    let home = stage.home.path();
    let key = [
        "keygen",
        "brand",
        "--did",
        "did:web:gym.example",
        "--out",
        "gym.key.json",
    ];
    run(home, &key).ok();
    let line = [
        "verifier",
        "--did",
        "did:web:cinema.example",
        "--trust",
        "node/trust.json",
        "--token-file",
        "cinema.token",
        "--request-key",
        "gym.key.json",
    ];
    let refused = run(home, &line).refusal(1);
    assert!(refused.contains("another brand's"), "{refused}");
}
