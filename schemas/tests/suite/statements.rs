//! The operator's statements.

use placet_schemas::json::{FaultCode, decode, parse, to_jcs};
use placet_schemas::statement::{Acknowledgement, FeedHead, Signed, StateAttestation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::common::records::statements;

fn read<T: DeserializeOwned>(text: &str) -> Result<Signed<T>, (String, FaultCode)> {
    let document = parse(text.as_bytes(), 10_000).unwrap();
    decode(document.root()).map_err(|fault| (fault.pointer, fault.code))
}

fn fixture(name: &str) -> Value {
    let (_, bytes) = statements()
        .into_iter()
        .find(|(statement, _)| *statement == name)
        .unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn comes_back<T: Serialize + DeserializeOwned>(text: &str) -> bool {
    read::<T>(text).is_ok_and(|signed| to_jcs(&signed).unwrap() == text.as_bytes())
}

/// A signature over one kind of statement can never pass for another kind: `type` is signed, and each parser wants its
/// own.
#[test]
fn each_statement_reads_as_its_own_type_only() {
    for (name, bytes) in statements() {
        let text = String::from_utf8(bytes).unwrap();
        let reads = [
            comes_back::<Acknowledgement>(&text),
            comes_back::<StateAttestation>(&text),
            comes_back::<FeedHead>(&text),
        ];
        let own = ["acknowledgement", "state-attestation", "feed-head"].map(|kind| name.starts_with(kind));
        assert_eq!(reads, own, "{name}");
    }
}

/// "In the log" without "and nothing undid it" would be half a truth.
#[test]
fn consent_and_last_event_stand_together() {
    let statement = ("/statement".to_owned(), FaultCode::InvalidValue);
    for gone in 1..7_u8 {
        let mut changed = fixture("acknowledgement");
        for (bit, name) in ["consent", "lastIndex", "lastDigest"].iter().enumerate() {
            if gone & (1 << bit) != 0 {
                changed["statement"].as_object_mut().unwrap().remove(*name);
            }
        }
        assert_eq!(
            read::<Acknowledgement>(&changed.to_string()),
            Err(statement.clone()),
            "{gone:03b}"
        );
    }
}

#[test]
fn statements_are_closed() {
    let mut more = fixture("acknowledgement");
    more["statement"]["note"] = json!("x");
    let found = read::<Acknowledgement>(&more.to_string());
    assert_eq!(found, Err(("/statement/note".into(), FaultCode::UnknownMember)));
    let mut negative = fixture("feed-head");
    negative["statement"]["feedSize"] = json!(-1);
    assert_eq!(
        read::<FeedHead>(&negative.to_string()).unwrap_err().0,
        "/statement/feedSize"
    );
}
