//! Notices: each item of the checklist is there, and each machine value says what the request says.

use placet_schemas::id::{Digest, Language};
use placet_schemas::json::FaultCode;
use placet_schemas::notice::{CanonicalNotice, MAX_NOTICE_BYTES, Notice, periods};
use placet_schemas::text::Set;
use serde_json::{Value, json};

use crate::common::cinema::{joint_request, notice, notice_digest, request};
use crate::common::{iri, p};

fn wire(language: &str) -> Value {
    serde_json::from_slice(&placet_schemas::json::to_jcs(&notice(language)).unwrap()).unwrap()
}

fn parse(value: &Value) -> Result<CanonicalNotice, (String, FaultCode)> {
    CanonicalNotice::parse(value.to_string().as_bytes()).map_err(|fault| (fault.pointer, fault.code))
}

fn language(tag: &str) -> Language {
    p(tag)
}

#[test]
fn notices_come_back_as_they_were() {
    for tag in ["de", "en"] {
        let pretty = serde_json::to_vec_pretty(&wire(tag)).unwrap();
        let read = CanonicalNotice::parse(&pretty).unwrap();
        assert_eq!((&read.notice, read.digest()), (&notice(tag), notice_digest(tag)));
        assert_eq!(CanonicalNotice::parse(&read.bytes).unwrap(), read);
        assert_eq!(request().notices.get(&language(tag)), Some(read.digest()));
    }
}

#[test]
fn each_item_must_be_there_and_no_other() {
    let whole = wire("en");
    let names: Vec<_> = whole.as_object().unwrap().keys().cloned().collect();
    // Articles 13(1)(a) to (f) but (d), 13(2)(a) to (f) with 7(3), 17(3); version, language and title.
    assert_eq!(names.len(), 15);
    for name in names {
        let mut without = whole.clone();
        without.as_object_mut().unwrap().remove(&name);
        assert_eq!(parse(&without), Err((format!("/{name}"), FaultCode::MissingMember)));
        let members = whole[&name]
            .as_object()
            .map(|item| item.keys().cloned().collect::<Vec<_>>());
        for member in members.unwrap_or_default() {
            let mut without = whole.clone();
            without[&name].as_object_mut().unwrap().remove(&member);
            assert_eq!(
                parse(&without),
                Err((format!("/{name}/{member}"), FaultCode::MissingMember))
            );
        }
        if whole[&name].is_object() {
            let mut more = whole.clone();
            more[&name]["note"] = json!("x");
            assert_eq!(parse(&more), Err((format!("/{name}/note"), FaultCode::UnknownMember)));
        }
    }
    let mut more = whole;
    more["legitimateInterests"] = json!({"text": "x"});
    assert_eq!(
        parse(&more),
        Err(("/legitimateInterests".into(), FaultCode::UnknownMember))
    );
}

/// A direction override makes a text read otherwise than it is stored and hashed.
#[test]
fn text_that_could_deceive_is_refused() {
    for bad in ["never\u{202e}syawla", "a\u{2067}b", "\u{202a}", "a\u{0}", ""] {
        for pointer in ["/title", "/withdrawal/text", "/purposes/text", "/proofRetention/text"] {
            let mut changed = wire("en");
            *changed.pointer_mut(pointer).unwrap() = json!(bad);
            assert_eq!(
                parse(&changed),
                Err((pointer.to_owned(), FaultCode::InvalidValue)),
                "{bad:?}"
            );
        }
    }
    // Scripts that run from right to left need no override.
    let mut hebrew = wire("en");
    hebrew["title"] = json!("הסכמה \u{200f}(Placet)");
    assert!(parse(&hebrew).is_ok());
}

#[test]
fn a_notice_agrees_with_its_request_in_each_item() {
    let request = request();
    for tag in ["de", "en"] {
        assert_eq!(notice(tag).agrees_with(&request, &language(tag)), Ok(()));
    }
    type Change = fn(&mut Notice);
    let changes: [(&str, Change); 10] = [
        ("/language", |n| n.language = p("de")),
        ("/controllers/controllers", |n| {
            n.controllers.controllers = Set::from_members([])
        }),
        ("/purposes/purposes", |n| {
            n.purposes.purposes = Set::from_members(n.purposes.purposes.iter().skip(1).cloned())
        }),
        ("/recipients/thirdParties", |n| {
            n.recipients.third_parties = Set::from_members([])
        }),
        ("/transfers/countries", |n| {
            n.transfers.countries = Set::from_members([])
        }),
        ("/transfers/countries", |n| {
            n.transfers.countries = Set::from_members([p("US"), p("IN")])
        }),
        ("/retention/periods", |n| {
            drop(n.retention.periods.remove(&iri("newsletter")))
        }),
        ("/retention/periods", |n| {
            drop(n.retention.periods.insert(iri("newsletter"), vec![p("P1Y")]))
        }),
        ("/automatedDecisions/exist", |n| n.automated_decisions.exist = false),
        ("/proofRetention/period", |n| n.proof_retention.period = p("P2Y")),
    ];
    for (pointer, change) in changes {
        let mut changed = notice("en");
        change(&mut changed);
        let differs = changed.agrees_with(&request, &language("en")).unwrap_err();
        assert_eq!(differs.pointer, pointer);
        assert!(differs.what.starts_with("the request says "), "{differs}");
    }
    let other = notice("en").agrees_with(&joint_request(), &language("en")).unwrap_err();
    assert_eq!(other.pointer, "/controllers/controllers");
    assert!(other.to_string().contains("did:web:festival.example"), "{other}");
}

/// One purpose may have clauses of several periods: the notice lists each once.
#[test]
fn periods_are_listed_by_purpose() {
    let listed = periods(&request());
    assert_eq!(listed[&iri("recommendations")], [p("P1Y"), p("P90D")]);
    assert_eq!(listed[&iri("newsletter")], [p("P2Y")]);
    assert_eq!(listed.len(), 6);
    let mut reversed = notice("en");
    reversed
        .retention
        .periods
        .get_mut(&iri("recommendations"))
        .unwrap()
        .reverse();
    let differs = reversed.agrees_with(&request(), &language("en")).unwrap_err();
    assert_eq!(differs.pointer, "/retention/periods");
}

#[test]
fn a_notice_has_at_most_a_mebibyte() {
    let mut bytes = placet_schemas::json::to_jcs(&notice("en")).unwrap();
    bytes.resize(MAX_NOTICE_BYTES, b' ');
    assert_eq!(
        CanonicalNotice::parse(&bytes).unwrap().digest(),
        Digest::of(&CanonicalNotice::parse(&bytes).unwrap().bytes)
    );
    bytes.push(b' ');
    assert_eq!(CanonicalNotice::parse(&bytes).unwrap_err().code, FaultCode::Oversize);
}
