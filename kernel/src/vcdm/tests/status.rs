//! Entries of status lists, and the lists.

use serde_json::{Value, json};

use super::super::{Code, Entry, Suite, with_status};
use super::{Party, V2, World, bytes, credential, fault, judge_in, signed};
use crate::status::Bits;

const LIST: &str = "https://issuer.example/lists/0";

fn entry(change: &dyn Fn(&mut Value)) -> Option<(Code, String)> {
    let mut document = credential(&Party::new(1));
    document["credentialStatus"] = json!({
        "type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "7", "statusListCredential": LIST,
    });
    change(&mut document["credentialStatus"]);
    fault(&document)
}

fn list(issuer: &Party, purpose: &str, set: &[u64]) -> Value {
    let mut bits = Bits::none_set();
    for index in set {
        bits.set(*index).unwrap();
    }
    json!({
        "@context": [V2], "id": LIST, "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer.did, "validUntil": "2026-12-01T00:00:00Z",
        "credentialSubject": {"type": "BitstringStatusList", "statusPurpose": purpose, "encodedList": bits.to_bitstring()},
    })
}

#[test]
fn an_entry_has_the_form_that_the_recommendation_gives_it() {
    assert_eq!(entry(&|_| ()), None);
    for (member, bad) in [
        ("statusPurpose", json!(1)),
        ("statusListIndex", json!(true)),
        ("statusListIndex", json!("07")),
        ("statusListIndex", json!("-1")),
        ("statusListCredential", json!("a")),
        ("statusSize", json!(0)),
        ("statusSize", json!("1")),
        ("statusMessage", json!("a")),
        ("statusMessage", json!([{"status": "0x0"}])),
        ("statusReference", json!("a")),
        ("id", json!(LIST)),
    ] {
        let found = entry(&|entry| entry[member] = bad.clone());
        assert_eq!(
            found,
            Some((Code::Malformed, format!("/credentialStatus/{member}"))),
            "{bad}"
        );
    }
    for member in ["statusPurpose", "statusListIndex", "statusListCredential"] {
        let found = entry(&|entry| {
            entry.as_object_mut().unwrap().remove(member);
        });
        assert_eq!(found, Some((Code::Malformed, format!("/credentialStatus/{member}"))));
    }
    let message = |count: usize| json!(vec![json!({"status": "0x0", "message": "a"}); count]);
    let sized = |size: u64, count: usize| {
        entry(&|entry| {
            entry["statusSize"] = json!(size);
            entry["statusMessage"] = message(count);
        })
    };
    assert_eq!(sized(2, 4), None);
    assert!(sized(2, 2).is_some());
    assert!(entry(&|entry| entry["statusSize"] = json!(2)).is_some());
    assert_eq!(
        entry(&|entry| entry["statusReference"] = json!(["https://example.org/a"])),
        None
    );
}

#[test]
fn a_set_entry_a_foreign_list_and_an_unknown_one_refuse_the_credential() {
    let (issuer, other) = (Party::new(1), Party::new(2));
    let place = Entry {
        purpose: "revocation",
        index: 7,
        list: LIST.to_owned(),
    };
    let document: Value = serde_json::from_slice(&with_status(&bytes(&credential(&issuer)), &place).unwrap()).unwrap();
    let whole = signed(&document, &issuer, Suite::EddsaJcs2022);
    let with = |list: Option<Value>| {
        let lists = list.map(|list| (LIST.to_owned(), bytes(&list)));
        let world = World {
            lists: lists.into_iter().collect(),
            ..World::default()
        };
        judge_in(&world, &whole).map(|_| ()).map_err(|(code, _)| code)
    };
    let by = |issuer: &Party, list: Value| Some(signed(&list, issuer, Suite::EddsaRdfc2022));
    assert_eq!(with(by(&issuer, list(&issuer, "revocation", &[8]))), Ok(()));
    assert_eq!(
        with(by(&issuer, list(&issuer, "revocation", &[7]))),
        Err(Code::NotInForce)
    );
    assert_eq!(with(None), Err(Code::Unknown));
    assert_eq!(with(by(&other, list(&other, "revocation", &[]))), Err(Code::Unproven));
    assert_eq!(
        with(by(&issuer, list(&issuer, "suspension", &[]))),
        Err(Code::Malformed)
    );
    // An old list, one that nobody signed, one of another type, one with a status of its own.
    let mut old = list(&issuer, "revocation", &[]);
    old["validUntil"] = json!("2026-11-01T00:00:00Z");
    assert_eq!(with(by(&issuer, old)), Err(Code::NotInForce));
    assert_eq!(with(Some(list(&issuer, "revocation", &[]))), Err(Code::Malformed));
    let mut other_type = list(&issuer, "revocation", &[]);
    other_type["type"] = json!("VerifiableCredential");
    assert_eq!(with(by(&issuer, other_type)), Err(Code::Malformed));
    let mut circular = list(&issuer, "revocation", &[]);
    circular["credentialStatus"] = document["credentialStatus"].clone();
    assert_eq!(with(by(&issuer, circular)), Err(Code::Malformed));
}

#[test]
fn a_status_of_another_kind_cannot_be_looked_up() {
    let issuer = Party::new(1);
    let mut document = credential(&issuer);
    document["credentialStatus"] = json!({"type": "Thing"});
    let whole = signed(&document, &issuer, Suite::EddsaJcs2022);
    let verdict = judge_in(&World::default(), &whole);
    assert_eq!(verdict, Err((Code::Unknown, "/credentialStatus".to_owned())));
}

#[test]
fn an_entry_is_put_beside_those_that_there_are() {
    let place = Entry {
        purpose: "revocation",
        index: 7,
        list: LIST.to_owned(),
    };
    let mut document = credential(&Party::new(1));
    document["credentialStatus"] = json!({"type": "Thing"});
    let both: Value = serde_json::from_slice(&with_status(&bytes(&document), &place).unwrap()).unwrap();
    assert_eq!(both["credentialStatus"][0], json!({"type": "Thing"}));
    assert_eq!(both["credentialStatus"][1]["statusListIndex"], json!("7"));
    assert!(with_status(b"[]", &place).is_err());
}
