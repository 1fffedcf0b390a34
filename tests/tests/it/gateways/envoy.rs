//! Envoy's HTTP `ext_authz`: the calls that its documentation says it makes, against the configuration that ours shows.
//!
//! Envoy itself is not run here. What is assumed of it: it keeps the method and the host, puts `path_prefix` before path and
//! query, sends no body, of the client's headers only the allowed ones, then those of `headers_to_add`, and tracing headers of
//! its own; 200 lets the call through with `allowed_upstream_headers`, any other status goes to the client.

use std::collections::BTreeSet;
use std::fs;

use placet_kernel::decision;
use placet_tests::verifier::VerifierProcess;

use super::wire::{Message, call};
use crate::verifier::house::{House, SOON};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/examples/envoy.yaml");

/// What the verifier is asked by, and what it answers by (`verifier/src/http/gateway.rs`).
const QUESTION: [&str; 7] = [
    "x-placet-customer",
    "x-placet-person",
    "x-placet-purpose",
    "x-placet-categories",
    "x-placet-action",
    "x-placet-delivery",
    "x-placet-third-party",
];
const ANSWER: [&str; 5] = [
    "x-placet-decision",
    "x-placet-reasons",
    "x-placet-why",
    "x-placet-evaluation",
    "x-placet-signed",
];

fn example() -> String {
    fs::read_to_string(EXAMPLE).unwrap()
}

/// The lines that are indented deeper than the one that holds `key`, which is there once.
fn under<'a>(yaml: &'a str, key: &str) -> Vec<&'a str> {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let lines: Vec<&str> = yaml
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect();
    let mut found = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.trim() == format!("{key}:"));
    let ((at, head), more) = (found.next().unwrap_or_else(|| panic!("{key}")), found.next());
    assert!(more.is_none(), "{key} is there twice");
    let inside =
        |line: &&&str| depth(line) > depth(head) || line.trim_start().starts_with("- ") && depth(line) == depth(head);
    lines[at + 1..].iter().take_while(inside).copied().collect()
}

/// The header names that a list of matchers names.
fn exact(yaml: &str, key: &str) -> BTreeSet<String> {
    let names = under(yaml, key)
        .into_iter()
        .filter_map(|line| line.trim().strip_prefix("- exact: "));
    names.map(str::to_owned).collect()
}

/// Key and value of each header that Envoy adds.
fn added(yaml: &str) -> Vec<(String, String)> {
    let lines = under(yaml, "headers_to_add").into_iter();
    let pairs = lines.map(|line| {
        let line = line
            .trim()
            .strip_prefix("- { key: ")
            .unwrap()
            .strip_suffix(" }")
            .unwrap();
        let (key, value) = line.split_once(", value: ").unwrap();
        (key.to_owned(), value.trim_matches('"').to_owned())
    });
    pairs.collect()
}

/// The metadata of the example's route, put where the configuration refers to it.
fn of_the_route(yaml: &str, value: &str) -> String {
    let Some(key) = value
        .strip_prefix("%METADATA(ROUTE:placet:")
        .and_then(|rest| rest.strip_suffix(")%"))
    else {
        return value.to_owned();
    };
    let line = under(yaml, "placet")
        .into_iter()
        .find_map(|line| line.trim().strip_prefix(key)?.strip_prefix(": "));
    line.unwrap().trim_matches('"').to_owned()
}

/// What Envoy makes of a client's call for `customer`, whom its first filter read from the path.
fn ask(verifier: &VerifierProcess, method: &str, path: &str, customer: &str) -> Message {
    let yaml = example();
    let prefix = yaml
        .lines()
        .find_map(|line| line.trim().strip_prefix("path_prefix: "))
        .unwrap();
    let mut headers = vec![
        ("host".to_owned(), "shop.example".to_owned()),
        ("x-placet-customer".to_owned(), customer.to_owned()),
        ("x-envoy-internal".to_owned(), "true".to_owned()),
        ("x-envoy-expected-rq-timeout-ms".to_owned(), "2000".to_owned()),
        ("x-forwarded-for".to_owned(), "10.0.0.7".to_owned()),
        (
            "x-request-id".to_owned(),
            "5c1b9bb6-3f39-4e1a-9d2f-3a3b1f0f8a11".to_owned(),
        ),
    ];
    if method != "GET" && method != "HEAD" {
        headers.push(("content-length".to_owned(), "0".to_owned()));
    }
    headers.extend(
        added(&yaml)
            .into_iter()
            .map(|(key, value)| (key, of_the_route(&yaml, &value))),
    );
    let headers: Vec<(&str, &str)> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    call(verifier.address(), method, &format!("{prefix}{path}"), &headers)
}

#[test]
fn the_example_names_headers_that_exist_and_lets_none_of_a_clients_through() {
    let yaml = example();
    assert_eq!(
        exact(&yaml, "allowed_headers"),
        BTreeSet::from(["x-placet-customer".to_owned()])
    );
    for (key, _) in added(&yaml) {
        assert!(key == "authorization" || QUESTION.contains(&key.as_str()), "{key}");
    }
    for list in ["allowed_upstream_headers", "allowed_client_headers"] {
        let names = exact(&yaml, list);
        assert!(
            !names.is_empty() && names.iter().all(|name| ANSWER.contains(&name.as_str())),
            "{list}: {names:?}"
        );
    }
    // The filter that takes a client's headers away knows all of them, and comes before the question.
    let lua = under(&yaml, "http_filters").join("\n");
    for name in QUESTION.iter().chain(&ANSWER) {
        assert!(lua.contains(&format!("\"{name}\"")), "{name} of a client gets through");
    }
    assert!(lua.find("filters.http.lua").unwrap() < lua.find("filters.http.ext_authz").unwrap());
    assert!(yaml.contains("failure_mode_allow: false") && yaml.contains("normalize_path: true"));
}

#[test]
fn the_calls_that_envoy_makes_are_answered_as_it_expects() {
    let house = House::open();
    let verifier = house.verifier();
    verifier.await_ready(true, SOON);
    let invitation = house.invite(&verifier, "C-10042");
    let path = "/customers/C-10042/newsletter?page=2&x=%2F";
    let denied = ask(&verifier, "GET", path, "C-10042");
    assert_eq!(denied.status(), 403, "{denied:?}");
    assert_eq!(denied.header("x-placet-reasons"), Some("no_record"));
    for name in exact(&example(), "allowed_client_headers") {
        assert!(denied.header(&name).is_some(), "{name}");
    }
    assert!(
        denied.body.contains("invite her to answer a request"),
        "{}",
        denied.body
    );

    let given = house.yes("ada", &invitation);
    let question = house.question(&verifier, "C-10042");
    let _ = verifier.await_decision(&question, true, SOON);
    // Every method of the client's call, its path the shortest and the strangest, comes to the same question.
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        for path in [
            "",
            "/",
            "/customers/C-10042/newsletter",
            path,
            "/a/b/c.html?../..",
            "/%ff%00",
            "//x//",
        ] {
            let answer = ask(&verifier, method, path, "C-10042");
            assert_eq!(answer.status(), 200, "{method} {path}: {answer:?}");
            for name in exact(&example(), "allowed_upstream_headers") {
                assert!(answer.header(&name).is_some(), "{name}");
            }
            let signed = decision::read(answer.header("x-placet-signed").unwrap()).unwrap();
            assert!(signed.statement.decision && signed.signer == verifier.did);
            assert_eq!(ask(&verifier, method, path, "C-666").status(), 403, "{method} {path}");
        }
    }
    let withdrawal = house.withdrawal(&given);
    house.shop.caller(&house.node).post("/v1/records", &withdrawal);
    let _ = verifier.await_decision(&question, false, SOON);
    let denied = ask(&verifier, "POST", path, "C-10042");
    assert_eq!(
        (denied.status(), denied.header("x-placet-reasons")),
        (403, Some("withdrawn"))
    );
    assert!(
        !decision::read(denied.header("x-placet-signed").unwrap())
            .unwrap()
            .statement
            .decision
    );
}

#[test]
fn a_question_that_is_half_there_or_there_twice_is_no_permit() {
    let house = House::open();
    let verifier = house.verifier();
    verifier.await_ready(true, SOON);
    let invitation = house.invite(&verifier, "C-10042");
    let _ = house.yes("ada", &invitation);
    let _ = verifier.await_decision(&house.question(&verifier, "C-10042"), true, SOON);
    let whole = [
        ("x-placet-customer", "C-10042"),
        ("x-placet-purpose", house.clause.purpose.id.as_str()),
        ("x-placet-categories", "pd:EmailAddress"),
    ];
    for route in ["/access/v1/ext_authz/any", "/access/v1/auth_request"] {
        let ask = |headers: &[(&str, &str)]| call(verifier.address(), "GET", route, headers).status();
        assert_eq!(ask(&whole), 200, "{route}");
        for gone in 0..whole.len() {
            let mut rest = whole.to_vec();
            let (name, value) = rest.remove(gone);
            assert!(matches!(ask(&rest), 400 | 403), "{route} without {name}");
            let empty = [rest.as_slice(), &[(name, "")]].concat();
            assert!(matches!(ask(&empty), 400 | 403), "{route} with an empty {name}");
            let twice = [whole.as_slice(), &[(name, value)]].concat();
            assert_eq!(ask(&twice), 400, "{route} with {name} twice");
        }
        let both = [
            whole.as_slice(),
            &[(
                "x-placet-person",
                "did:key:z6MkoTHsgNNrby8JzCNQ1iRLyW5QQ6R8Xuu6AA8igGrMVPUM",
            )],
        ]
        .concat();
        assert_eq!(ask(&both), 400, "{route}");
        let (odd, long) = (["C-10042", "\u{e9}"].concat(), "C".repeat(4096));
        for name in [odd.as_str(), "C-10042,C-10042", long.as_str()] {
            let other = [("x-placet-customer", name), whole[1], whole[2]];
            assert!(matches!(ask(&other), 400 | 403), "{route} {name}");
        }
    }
}
