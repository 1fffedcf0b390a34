//! Reading AuthZEN: the specification's own examples, what it lets through, and what this profile demands.

use placet_schemas::authzen::{
    Evaluation, Evaluations, MAX_CATEGORIES, MAX_EVALUATION_BYTES, MAX_EVALUATIONS, ReasonCode, Semantic, Wanted, Whom,
    evaluation, evaluations,
};
use placet_schemas::id::Digest;
use placet_schemas::json::{Fault, FaultCode, MAX_DEPTH, to_jcs};
use placet_tests::desk::{Desk, covered};
use placet_tests::scene::Scene;
use serde_json::{Value, json};

use super::only;

fn read(body: &Value) -> Result<Evaluation, Fault> {
    evaluation(body.to_string().as_bytes())
}

fn read_many(body: &Value) -> Result<Evaluations, Fault> {
    evaluations(body.to_string().as_bytes())
}

fn several(body: &Value) -> (Vec<Evaluation>, Semantic) {
    match read_many(body).unwrap() {
        Evaluations::Many(all, semantic) => (all, semantic),
        Evaluations::One(_) => panic!("one"),
    }
}

/// A covered question with one member otherwise, or without it.
fn with(pointer: &str, value: Value) -> Value {
    let mut body = covered();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap();
    if value.is_null() {
        parent.as_object_mut().unwrap().remove(name);
    } else {
        parent[name] = value;
    }
    body
}

fn refused(body: &Value) -> (String, FaultCode) {
    let fault = read(body).unwrap_err();
    (fault.pointer, fault.code)
}

/// What of a question cannot be understood; AuthZEN itself has nothing against the request.
fn unclear(body: &Value) -> (String, FaultCode) {
    let fault = read(body).unwrap().question.unwrap_err();
    let said = Desk::open(&Scene::new()).answer(body);
    assert_eq!(only(&said), ReasonCode::RequestMalformed);
    assert_eq!(said.reasons[0].path, fault.pointer);
    (fault.pointer, fault.code)
}

/// The shapes of the specification's sections 5 and 6, about somebody who reads accounts: no question about consent, so no.
#[test]
fn a_request_about_something_else_is_answered_with_a_deny() {
    let alice = json!({"type": "user", "id": "alice@example.com"});
    for subject in [
        alice.clone(),
        json!({"type": "user", "id": "alice@example.com", "properties": {"department": "Sales"}}),
        json!({"type": "user", "id": "a", "properties": {"ip_address": "192.0.2.1", "device_id": "8:65:ee:17:7e:0b"}}),
    ] {
        let body = json!({
            "subject": subject,
            "action": {"name": "can_read", "properties": {"method": "GET"}},
            "resource": {"type": "account", "id": "123", "properties": {"record": {"title": "x", "pages": 3}}},
            "context": {"time": "1985-10-26T01:22-07:00", "schema": "https://schema.example/request.json"},
        });
        assert_eq!(unclear(&body).0, "/subject/type");
    }
    let without_context = json!({
        "subject": alice,
        "action": {"name": "can_read"},
        "resource": {"type": "account", "id": "123"},
    });
    assert_eq!(unclear(&without_context).0, "/subject/type");
}

#[test]
fn members_that_authzen_does_not_define_are_passed_over() {
    let desk = {
        let mut scene = Scene::new();
        scene.grant();
        Desk::open(&scene)
    };
    for pointer in [
        "/more",
        "/options",
        "/subject/more",
        "/subject/properties",
        "/action/more",
        "/resource/more",
        "/context/more",
    ] {
        let body = with(pointer, json!({"a": [1, true, "x"]}));
        assert_eq!(only(&desk.answer(&body)), ReasonCode::Permitted, "{pointer}");
        // It is part of what was asked all the same.
        assert_ne!(
            read(&body).unwrap().digest,
            read(&covered()).unwrap().digest,
            "{pointer}"
        );
    }
}

#[test]
fn what_authzen_demands_is_an_error_where_it_is_missing_or_of_another_type() {
    for pointer in [
        "/subject",
        "/action",
        "/resource",
        "/subject/type",
        "/subject/id",
        "/action/name",
        "/resource/type",
        "/resource/id",
    ] {
        let missing = (pointer.to_owned(), FaultCode::MissingMember);
        assert_eq!(refused(&with(pointer, Value::Null)), missing);
        let wrong = (pointer.to_owned(), FaultCode::WrongType);
        assert_eq!(refused(&with(pointer, json!(7))), wrong);
    }
    for pointer in [
        "/subject/properties",
        "/action/properties",
        "/resource/properties",
        "/context",
    ] {
        let wrong = (pointer.to_owned(), FaultCode::WrongType);
        assert_eq!(refused(&with(pointer, json!([]))), wrong);
    }
    assert_eq!(refused(&json!([])), (String::new(), FaultCode::WrongType));
}

/// Most integrations get this wrong first: the subject is who asks.
#[test]
fn a_persons_did_as_the_subject_is_refused_with_a_hint() {
    let mut body = with("/subject/type", json!("user"));
    body["subject"]["id"] = json!(Scene::new().person.did());
    let fault = read(&body).unwrap_err();
    assert_eq!(fault.pointer, "/subject/id");
    for word in ["who asks", "resource", "personal_data", "customer", "controller"] {
        assert!(fault.message.contains(word), "{}", fault.message);
    }
    // As a controller it is a DID like any other, and not one that asks here.
    body["subject"]["type"] = json!("controller");
    assert_eq!(
        only(&Desk::open(&Scene::new()).answer(&body)),
        ReasonCode::ControllerUnknown
    );
}

#[test]
fn what_this_profile_demands_makes_the_question_unclear() {
    use FaultCode::{InvalidValue, MissingMember, Oversize, UnknownMember, WrongType};
    let category = || json!(["pd:Interest"]);
    let categories = Value::Array(vec![json!("pd:Interest"); MAX_CATEGORIES + 1]);
    for (pointer, value, place, code) in [
        ("/subject/id", json!("cinema"), "/subject/id", InvalidValue),
        ("/action/name", json!("use"), "/action/name", InvalidValue),
        (
            "/action/properties",
            Value::Null,
            "/action/properties/delivery",
            MissingMember,
        ),
        (
            "/action/properties/delivery",
            json!("Copy"),
            "/action/properties/delivery",
            InvalidValue,
        ),
        (
            "/action/properties/delivery",
            json!(1),
            "/action/properties/delivery",
            WrongType,
        ),
        (
            "/action/properties/thirdParty",
            json!("mailer"),
            "/action/properties/thirdParty",
            InvalidValue,
        ),
        (
            "/action/properties/transfer",
            json!("usa"),
            "/action/properties/transfer",
            InvalidValue,
        ),
        (
            "/action/properties/thirdparty",
            json!("https://a.example/"),
            "/action/properties/thirdparty",
            UnknownMember,
        ),
        (
            "/action/properties/a~b",
            json!(1),
            "/action/properties/a~0b",
            UnknownMember,
        ),
        ("/resource/type", json!("person"), "/resource/type", InvalidValue),
        ("/resource/id", json!(""), "/resource/id", InvalidValue),
        ("/resource/id", json!("x".repeat(257)), "/resource/id", InvalidValue),
        ("/resource/id", json!("C\n1"), "/resource/id", InvalidValue),
        (
            "/resource/properties",
            Value::Null,
            "/resource/properties/categories",
            MissingMember,
        ),
        (
            "/resource/properties/categories",
            json!([]),
            "/resource/properties/categories",
            MissingMember,
        ),
        (
            "/resource/properties/categories",
            json!("pd:Interest"),
            "/resource/properties/categories",
            WrongType,
        ),
        (
            "/resource/properties/categories",
            json!(["x"]),
            "/resource/properties/categories/0",
            InvalidValue,
        ),
        (
            "/resource/properties/categories",
            categories,
            "/resource/properties/categories",
            Oversize,
        ),
        (
            "/resource/properties/category",
            category(),
            "/resource/properties/category",
            UnknownMember,
        ),
        ("/context", Value::Null, "/context/purpose", MissingMember),
        ("/context/purpose", json!("film tips"), "/context/purpose", InvalidValue),
    ] {
        assert_eq!(unclear(&with(pointer, value)), (place.to_owned(), code));
    }
    let person = with("/resource/type", json!("personal_data"));
    assert_eq!(unclear(&person), ("/resource/id".to_owned(), InvalidValue));
}

#[test]
fn a_question_is_read_as_it_stands() {
    let mut body = with(
        "/resource/properties/categories",
        json!(["pd:Purchase", "pd:Interest", "pd:Purchase"]),
    );
    body["context"]["nonce"] = json!("n-1");
    body["context"]["evidence"] = json!("bundle");
    let read = read(&body).unwrap();
    assert_eq!(read.digest, Digest::of(&to_jcs(&body).unwrap()));
    assert_eq!(read.nonce.as_ref().map(|nonce| nonce.as_str()), Some("n-1"));
    assert_eq!(read.wanted, Wanted::Bundle);
    let question = read.question.unwrap();
    assert!(matches!(&question.whom, Whom::Customer(reference) if reference.as_str() == placet_tests::desk::CUSTOMER));
    let categories: Vec<&str> = question.asked.categories.iter().map(|term| term.as_str()).collect();
    assert_eq!(categories, ["pd:Interest", "pd:Purchase"]);
    // No log can come to hold a customer's reference by a debug line.
    assert!(!format!("{:?}", question.whom).contains(placet_tests::desk::CUSTOMER));
    // Its spelling does not matter to its digest.
    let spaced = serde_json::to_string_pretty(&body).unwrap();
    assert_eq!(evaluation(spaced.as_bytes()).unwrap().digest, read.digest);
}

#[test]
fn a_nonce_and_what_is_wanted_are_checked() {
    for (name, value) in [
        ("nonce", json!("")),
        ("nonce", json!("a b")),
        ("nonce", json!("x".repeat(129))),
        ("nonce", json!(1)),
        ("evidence", json!("all")),
    ] {
        let place = format!("/context/{name}");
        assert_eq!(refused(&with(&place, value)).0, place);
    }
}

#[test]
fn what_readers_disagree_on_is_refused() {
    let text = covered().to_string();
    let put = |more: &str| format!("{}{more}}}", text.strip_suffix('}').unwrap());
    for (body, code) in [
        (put(r#","x":0.5"#), FaultCode::Float),
        (put(r#","x":9007199254740993"#), FaultCode::IntegerRange),
        (put(r#","subject":{}"#), FaultCode::DuplicateMember),
        (
            put(&format!(r#","x":{}1{}"#, "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH))),
            FaultCode::TooDeep,
        ),
        (
            put(&format!(r#","x":"{}""#, "x".repeat(MAX_EVALUATION_BYTES))),
            FaultCode::Oversize,
        ),
        (format!("{text}x"), FaultCode::Syntax),
    ] {
        for read in [|b: &[u8]| evaluation(b).err(), |b: &[u8]| evaluations(b).err()] {
            assert_eq!(
                read(body.as_bytes()).map(|fault| fault.code),
                Some(code),
                "{}",
                &body[..body.len().min(400)]
            );
        }
    }
}

/// Nothing is not the same as absence: whoever writes null means something that this cannot know.
#[test]
fn null_is_no_value_of_what_is_known_here() {
    for pointer in [
        "/subject",
        "/subject/id",
        "/subject/properties",
        "/action/properties",
        "/action/properties/delivery",
        "/action/properties/thirdParty",
        "/action/properties/transfer",
        "/resource/properties/categories",
        "/context",
        "/context/purpose",
        "/context/nonce",
        "/context/evidence",
        "/evaluations",
        "/options",
    ] {
        let mut body = covered();
        body["evaluations"] = json!([{}]);
        body["options"] = json!({});
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[name] = Value::Null;
        let fault = match read_many(&body) {
            Err(fault) => fault,
            Ok(Evaluations::Many(mut all, _)) => all.remove(0).question.unwrap_err(),
            Ok(Evaluations::One(one)) => one.question.unwrap_err(),
        };
        assert_eq!((fault.pointer.as_str(), fault.code), (pointer, FaultCode::WrongType));
    }
}

/// Section 7.1: three requests in full, with a subject and a context for all, with an action that the third overrides.
#[test]
fn defaults_stand_for_what_an_evaluation_leaves_out() {
    let documents = ["boxcarring.md", "subject-search.md", "resource-search.md"];
    let alice = json!({"type": "user", "id": "alice@example.com"});
    let (read, edit, context) = (
        json!({"name": "can_read"}),
        json!({"name": "can_edit"}),
        json!({"time": "2024"}),
    );
    let resource = |id: &str| json!({"type": "document", "id": id});
    let whole = |id: &str, action: &Value| json!({"subject": alice, "action": action, "resource": resource(id), "context": context});
    let full: Vec<Value> = documents.iter().map(|id| whole(id, &read)).collect();
    let (plain, _) = several(&json!({"evaluations": full}));
    let shared: Vec<Value> = documents
        .iter()
        .map(|id| json!({"action": read, "resource": resource(id)}))
        .collect();
    let (with_defaults, _) = several(&json!({"subject": alice, "context": context, "evaluations": shared}));
    let digests = |all: &[Evaluation]| -> Vec<Digest> { all.iter().map(|one| one.digest).collect() };
    assert_eq!(digests(&plain), digests(&with_defaults));
    let expected: Vec<Digest> = full.iter().map(|one| Digest::of(&to_jcs(one).unwrap())).collect();
    assert_eq!(
        digests(&plain),
        expected,
        "a decision names what was asked as if it had been asked alone"
    );
    let overridden = json!({
        "subject": alice,
        "context": context,
        "action": read,
        "evaluations": [
            {"resource": resource(documents[0])},
            {"resource": resource(documents[1])},
            {"resource": resource(documents[2]), "action": edit},
        ],
    });
    let (all, _) = several(&overridden);
    assert_eq!(digests(&all)[..2], expected[..2]);
    assert_eq!(all[2].digest, Digest::of(&to_jcs(&whole(documents[2], &edit)).unwrap()));
}

/// An entity of an evaluation stands for the whole default: a purpose of the default is not kept beside another context.
#[test]
fn an_entity_replaces_the_default_whole() {
    let mut body = covered();
    body["evaluations"] = json!([{}, {"context": {"nonce": "n-2"}}]);
    let (all, semantic) = several(&body);
    assert_eq!(semantic, Semantic::ExecuteAll);
    assert!(all[0].question.is_ok());
    let fault = all[1].question.as_ref().unwrap_err();
    assert_eq!(fault.pointer, "/evaluations/1/context/purpose");
}

#[test]
fn what_is_missing_is_named_where_it_would_stand() {
    for (body, pointer) in [
        (json!({"evaluations": [{}]}), "/subject"),
        (json!({"evaluations": [7]}), "/evaluations/0"),
        (json!({"evaluations": {}}), "/evaluations"),
        (
            json!({"evaluations": vec![json!({}); MAX_EVALUATIONS + 1]}),
            "/evaluations",
        ),
        (
            json!({"evaluations": [{"subject": {"type": "user"}}]}),
            "/evaluations/0/subject/id",
        ),
        (json!({"evaluations": [{}], "options": 7}), "/options"),
        (
            json!({"evaluations": [{}], "options": {"evaluations_semantic": "some"}}),
            "/options/evaluations_semantic",
        ),
        (json!({}), "/subject"),
    ] {
        assert_eq!(read_many(&body).unwrap_err().pointer, pointer, "{body}");
    }
    let mut body = covered();
    body["evaluations"] = Value::Array(vec![json!({}); MAX_EVALUATIONS]);
    assert_eq!(several(&body).0.len(), MAX_EVALUATIONS);
}

#[test]
fn without_evaluations_it_is_a_single_one() {
    for body in [covered(), with("/evaluations", json!([]))] {
        let Evaluations::One(one) = read_many(&body).unwrap() else {
            panic!("several")
        };
        assert_eq!(one.digest, Digest::of(&to_jcs(&body).unwrap()));
        assert!(one.question.is_ok());
    }
}

#[test]
fn the_three_semantics_are_known() {
    let mut body = covered();
    body["evaluations"] = json!([{}]);
    assert_eq!(several(&body).1, Semantic::ExecuteAll);
    body["options"] = json!({"another_option": "value"});
    assert_eq!(several(&body).1, Semantic::ExecuteAll);
    for (name, semantic) in [
        ("execute_all", Semantic::ExecuteAll),
        ("deny_on_first_deny", Semantic::DenyOnFirstDeny),
        ("permit_on_first_permit", Semantic::PermitOnFirstPermit),
    ] {
        body["options"] = json!({"evaluations_semantic": name});
        assert_eq!(several(&body).1, semantic);
    }
}
