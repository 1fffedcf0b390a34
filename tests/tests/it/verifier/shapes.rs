//! The shapes of OpenID AuthZEN Authorization API 1.0, over HTTP.

use serde_json::{Value, json};

use super::house::{House, SOON, call, codes};

#[test]
fn the_metadata_names_addresses_that_answer() {
    let house = House::open();
    let verifier = house.start_guarded("a-token-of-the-brands-services");
    let metadata: Value = serde_json::from_slice(&verifier.caller().get("/.well-known/authzen-configuration")).unwrap();
    let point = metadata["policy_decision_point"].as_str().unwrap();
    let mut service = placet_tests::caller::Caller::with_token(verifier.address(), "a-token-of-the-brands-services");
    let question = house.question(&verifier, "C-1");
    for (member, body) in [
        ("access_evaluation_endpoint", question.clone()),
        ("access_evaluations_endpoint", json!({ "evaluations": [question] })),
    ] {
        let address = metadata[member].as_str().unwrap();
        let path = address.strip_prefix(point).unwrap();
        let body = serde_json::to_vec(&body).unwrap();
        assert_eq!(
            verifier.caller().call("POST", path, &body).unwrap().status,
            401,
            "{member}"
        );
        assert_eq!(service.call("POST", path, &body).unwrap().status, 200, "{member}");
    }
}

/// What the specification's sections 6 and 7 show is about somebody else's records: it is answered in its shapes, by a deny.
#[test]
fn the_specifications_bodies_are_answered_in_its_shapes() {
    let house = House::open();
    let verifier = house.verifier();
    let (subject, action) = (
        json!({"type": "user", "id": "alice@example.com"}),
        json!({"name": "can_read"}),
    );
    let account = |id: &str| json!({"type": "account", "id": id});
    let one = json!({"subject": subject, "action": action, "resource": account("123"),
        "context": {"time": "1985-10-26T01:22-07:00"}});
    let (status, said) = call(&verifier, "/access/v1/evaluation", &one);
    assert_eq!((status, &said["decision"]), (200, &json!(false)), "{said}");
    assert!(said["context"].is_object());

    // Boxcarred, with defaults; one decision each, in their order.
    let several = json!({"subject": subject, "action": action, "context": {"time": "2024-05-31T15:22-07:00"},
        "evaluations": [{"resource": account("1")}, {"resource": account("2")}, {"resource": account("3")}]});
    let (status, said) = call(&verifier, "/access/v1/evaluations", &several);
    let decisions = said["evaluations"].as_array().unwrap();
    assert_eq!((status, decisions.len()), (200, 3), "{said}");
    assert!(decisions.iter().all(|one| one["decision"] == json!(false)));
    // Without `evaluations` it is one evaluation, and is answered as one.
    let (status, said) = call(&verifier, "/access/v1/evaluations", &one);
    assert_eq!((status, &said["decision"]), (200, &json!(false)), "{said}");
    assert!(said.get("evaluations").is_none());
    let denied = json!({"subject": subject, "action": action, "options": {"evaluations_semantic": "deny_on_first_deny"},
        "evaluations": [{"resource": account("1")}, {"resource": account("2")}]});
    let (_, said) = call(&verifier, "/access/v1/evaluations", &denied);
    assert_eq!(said["evaluations"].as_array().unwrap().len(), 1, "{said}");
}

#[test]
fn a_persons_did_as_the_one_who_asks_is_refused_with_a_hint() {
    let house = House::open();
    let verifier = house.verifier();
    let given = house.wins(&verifier, "C-1");
    let mut question = house.question(&verifier, "C-1");
    let (answer, _) = verifier.await_decision(&question, true, SOON);
    assert_eq!(codes(&answer), ["permitted"]);
    question["subject"]["id"] = given.customer.key.did().to_string().into();
    let (status, problem) = call(&verifier, "/access/v1/evaluation", &question);
    assert_eq!((status, &problem["pointer"]), (400, &json!("/subject/id")), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("resource"), "{problem}");
}
