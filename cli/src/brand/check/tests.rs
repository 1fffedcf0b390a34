//! The checklist over papers that are right, begun, and wrong in many ways at once.

use serde_json::Value;
use tempfile::TempDir;

use super::*;

const TEMPLATE: &str = include_str!("../../../tests/data/request.json");
const ENGLISH: &str = include_str!("../../../tests/data/notice.en.json");
const GERMAN: &str = include_str!("../../../tests/data/notice.de.json");

/// What is said of these papers.
fn checked(template: &str, notices: &[(&str, &str)]) -> Report {
    let dir: TempDir = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let named: Vec<NoticeFile> = notices
        .iter()
        .map(|(tag, text)| {
            format!("{tag}={}", path(&format!("{tag}.json"), text).display())
                .parse()
                .unwrap()
        })
        .collect();
    judge(&path("request.json", template), &named).unwrap()
}

/// Article, status and places of every line that is not ok.
fn wrong(report: &Report) -> Vec<(&str, Status, Vec<&str>)> {
    let lines = report.parts.iter().flat_map(|part| &part.items);
    let wrong = lines.filter(|line| line.status != Status::Ok);
    wrong
        .map(|line| {
            let places = line.problems.iter().map(|problem| problem.pointer.as_str());
            (line.article, line.status, places.collect())
        })
        .collect()
}

fn changed(text: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut value: Value = serde_json::from_str(text).unwrap();
    change(&mut value);
    value.to_string()
}

#[test]
fn papers_that_a_ledger_takes_are_ok_in_every_item() {
    let report = checked(TEMPLATE, &[("en", ENGLISH), ("de", GERMAN)]);
    assert_eq!((wrong(&report), report.complete), (vec![], true));
    let items: usize = report.parts.iter().map(|part| part.items.len()).sum();
    assert_eq!(items, 11 + 2 * 14);
    let text = told(&report);
    assert!(
        text.contains("0 missing") && text.contains("Nobody has judged"),
        "{text}"
    );
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let template = changed(TEMPLATE, |value| {
        value["clauses"][0]["purpose"]["isA"] = "dpv:Marketing".into();
        value["clauses"][1]["categories"] = serde_json::json!(["pd:Religion", "pd:Interest"]);
        value["audience"]["mayIncludeChildren"] = true.into();
        value["benefit"]["withoutConsent"].as_object_mut().unwrap().remove("de");
        value["controllers"][0]["contact"] = "FILL IN: how to reach you".into();
    });
    let english = changed(ENGLISH, |value| {
        value.as_object_mut().unwrap().remove("complaint");
        value["retention"]["periods"] = serde_json::json!({});
        value["proofRetention"]["period"] = "P9Y".into();
        value["rights"]["text"] = "FILL IN: rights".into();
        value["transfers"]["countries"] = serde_json::json!(["us"]);
    });
    let report = checked(&template, &[("en", &english), ("de", GERMAN)]);
    assert!(!report.complete);
    let expected = [
        ("13(1)(a), 7(2)", Status::Missing, vec!["/controllers/0/contact"]),
        ("6(1)(a), 5(1)(b)", Status::Contradicts, vec!["/clauses"]),
        ("7(2), 9, 22, 49(1)(a)", Status::Contradicts, vec!["/clauses"]),
        ("8", Status::Contradicts, vec!["/audience/mayIncludeChildren"]),
        ("7(2)", Status::Missing, vec!["/benefit/withoutConsent"]),
        ("13(1)(f)", Status::Contradicts, vec!["/transfers/countries/0"]),
        ("13(2)(a)", Status::Contradicts, vec!["/retention/periods"]),
        ("13(2)(b)", Status::Missing, vec!["/rights/text"]),
        ("13(2)(d)", Status::Missing, vec!["/complaint"]),
        ("17(3)", Status::Contradicts, vec!["/proofRetention/period"]),
    ];
    assert_eq!(wrong(&report), expected);
    let text = told(&report);
    for words in [
        "scope_not_specific",
        "the clause is one of the purpose https://cinema.example/purposes/newsletter",
        "write that one may complain",
        "the request says \"P3Y\"",
        "4 missing, 6 contradicting",
    ] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
}

#[test]
fn a_notice_is_judged_although_its_request_cannot_be_read_and_the_other_way() {
    let template = changed(TEMPLATE, |value| value["validity"] = "soon".into());
    let english = changed(ENGLISH, |value| value["title"] = "FILL IN: a title".into());
    let report = checked(&template, &[("en", &english)]);
    let expected = [
        ("5(1)(e)", Status::Contradicts, vec!["/validity"]),
        ("7(2)", Status::Missing, vec!["/title"]),
    ];
    assert_eq!(wrong(&report), expected);
    for nonsense in ["", "[]", "{\"version\":1,\"version\":1}", "{\"a\":1.5}"] {
        let report = checked(TEMPLATE, &[("en", nonsense), ("de", GERMAN)]);
        assert!(!report.complete && !wrong(&report).is_empty(), "{nonsense}");
        assert!(!checked(nonsense, &[("en", ENGLISH)]).complete, "{nonsense}");
    }
    let more = changed(ENGLISH, |value| value["more"] = 1.into());
    assert_eq!(
        wrong(&checked(TEMPLATE, &[("en", &more)])),
        [("7(1)", Status::Contradicts, vec!["/more"])]
    );
    // A notice handed in for another language than its own.
    let report = checked(TEMPLATE, &[("de", ENGLISH)]);
    assert_eq!(wrong(&report), [("7(1)", Status::Contradicts, vec!["/language"])]);
}

#[test]
fn clauses_that_make_no_scope_are_named() {
    let template = changed(TEMPLATE, |value| {
        let clause = value["clauses"][0].clone();
        value["clauses"].as_array_mut().unwrap().push(clause);
        value["clauses"][2]["retention"] = "P1Y".into();
    });
    let report = checked(&template, &[("en", ENGLISH), ("de", GERMAN)]);
    assert_eq!(
        wrong(&report),
        [("6(1)(a), 5(1)(b)", Status::Contradicts, vec!["/clauses"])]
    );
}

#[test]
fn what_is_wrong_only_as_a_whole_is_found_by_building_the_record() {
    let long = "x".repeat(16_000);
    let template = changed(TEMPLATE, |value| {
        for member in ["withConsent", "withoutConsent"] {
            value["benefit"][member] = serde_json::json!({"en": long, "de": long, "fr": long});
        }
    });
    let report = checked(&template, &[("en", ENGLISH), ("de", GERMAN)]);
    assert_eq!(wrong(&report), [("7(1)", Status::Contradicts, vec![""])]);
}
