//! Trust files, and the two times that cosignatures give.

use placet_kernel::trust::{
    Group, LogKeys, MAX_TRUSTED, QUORUM_NONE, Sizes, Times, Trust, TrustBuilder, TrustError, TrustFile,
    Witness as Named,
};
use placet_schemas::json::{self, FaultCode};
use placet_schemas::time::Timestamp;
use placet_tests::log::{TestLog, Witness, sized, trust_file};
use placet_tests::receipts::Issuer;
use placet_tests::scene::ORIGIN;
use proptest::prelude::*;

fn keys() -> LogKeys {
    TestLog::new(ORIGIN).keys()
}

fn witness(name: &str) -> Named {
    Witness::new(name).trusted()
}

fn group(name: &str, threshold: usize, members: &[&str]) -> Group {
    Group {
        name: name.to_owned(),
        threshold,
        members: members.iter().map(|member| (*member).to_owned()).collect(),
    }
}

/// Three witnesses and one log.
fn builder() -> TrustBuilder {
    let log = TrustBuilder::default().log(&keys()).unwrap();
    ["w1", "w2", "w3"]
        .iter()
        .fold(log, |builder, name| builder.witness(&witness(name)).unwrap())
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix(seconds).unwrap()
}

#[test]
fn a_trust_file_reads_back_what_was_pinned() {
    let witnesses = ["w1", "w2", "w3"].map(Witness::new);
    let file = trust_file(keys(), &witnesses, 2);
    let bytes = json::to_jcs(&file).unwrap();
    let trust = Trust::parse(&bytes).unwrap();
    assert_eq!((trust.quorum(), trust.asks_no_witness()), ("some", false));
    assert_eq!(
        trust.witnesses().map(|(name, _)| name).collect::<Vec<_>>(),
        ["w1", "w2", "w3"]
    );
    let log = trust.log(&keys().origin).unwrap();
    let vkeys = |found: Vec<String>| found;
    assert_eq!(
        vkeys(log.checkpoint_keys(7).map(ToString::to_string).collect()),
        [keys().checkpoint_keys[0].vkey.clone()]
    );
    assert_eq!(
        vkeys(log.cosigner_keys(7).map(ToString::to_string).collect()),
        [keys().cosigner_keys[0].vkey.clone()]
    );
    assert_eq!(log.operator_keys(7).count(), 1);
    assert!(trust.log(&"other.example/log".parse().unwrap()).is_none());
    let none = Trust::parse(&json::to_jcs(&trust_file(keys(), &[], 0)).unwrap()).unwrap();
    assert!(none.asks_no_witness());
}

#[test]
fn sizes_include_both_ends() {
    let mut file = trust_file(keys(), &[], 0);
    file.logs[0].checkpoint_keys[0].sizes = Sizes { from: 5, to: Some(9) };
    file.logs[0].operator_keys[0].sizes = Sizes { from: 5, to: None };
    let trust = placet_tests::log::trust(&file);
    let log = trust.log(&keys().origin).unwrap();
    let counts = |size| (log.checkpoint_keys(size).count(), log.operator_keys(size).count());
    assert_eq!(
        [4, 5, 9, 10, u64::MAX].map(counts),
        [(0, 0), (1, 1), (1, 1), (0, 1), (0, 1)]
    );
}

#[test]
fn parsing_is_strict() {
    let file = trust_file(keys(), &[Witness::new("w1")], 1);
    let text = String::from_utf8(json::to_jcs(&file).unwrap()).unwrap();
    let fault = |text: &str| match Trust::parse(text.as_bytes()) {
        Err(TrustError::Malformed(fault)) => fault.code,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        fault(&text.replace("\"version\":1", "\"version\":2")),
        FaultCode::UnsupportedVersion
    );
    assert_eq!(
        fault(&text.replace("\"version\":1", "\"version\":1,\"extra\":1")),
        FaultCode::UnknownMember
    );
    assert_eq!(
        fault(&text.replace("\"threshold\":1", "\"threshold\":1.0")),
        FaultCode::Float
    );
    assert_eq!(
        fault(&text.replace("\"threshold\":1", "\"threshold\":-1")),
        FaultCode::InvalidValue
    );
    assert_eq!(
        fault(&text.replace("\"quorum\":\"some\",", "")),
        FaultCode::MissingMember
    );
    assert_eq!(fault(&format!("{text}x")), FaultCode::Syntax);
    assert_eq!(fault(&" ".repeat(2 << 20)), FaultCode::Oversize);
    assert_eq!(
        fault(&text.replace("\"from\":0", "\"from\":0,\"til\":3")),
        FaultCode::UnknownMember
    );
}

#[test]
fn keys_are_of_the_kind_that_is_wanted() {
    let refused = |spoil: &dyn Fn(&mut TrustFile)| {
        let mut file = trust_file(keys(), &[Witness::new("w1")], 1);
        spoil(&mut file);
        match Trust::parse(&json::to_jcs(&file).unwrap()) {
            Err(TrustError::Key { place, why }) => assert!(!place.is_empty() && !why.is_empty()),
            other => panic!("{other:?}"),
        }
    };
    let cosigner = Witness::new("w9").vkey();
    let other_log = TestLog::new("other.example/log").keys().checkpoint_keys;
    refused(&|file| file.logs[0].checkpoint_keys = vec![sized(cosigner.clone())]);
    refused(&|file| file.logs[0].checkpoint_keys = other_log.clone());
    refused(&|file| file.logs[0].cosigner_keys = file.logs[0].checkpoint_keys.clone());
    refused(&|file| file.witnesses[0].vkey = file.logs[0].checkpoint_keys[0].vkey.clone());
    refused(&|file| file.witnesses[0].vkey.push('x'));
    refused(&|file| file.logs[0].operator_keys[0].key = "did:web:placet.example".parse().unwrap());
}

#[test]
fn names_and_keys_stand_once() {
    let duplicate = |result: Result<TrustBuilder, TrustError>| match result {
        Err(TrustError::Duplicate(_)) => {}
        other => panic!("{other:?}"),
    };
    duplicate(builder().log(&keys()));
    duplicate(builder().witness(&witness("w1")));
    let renamed = Named {
        name: "w9".to_owned(),
        ..witness("w1")
    };
    duplicate(builder().witness(&renamed));
    duplicate(builder().group(group("w1", 1, &["w2"])));
    duplicate(
        builder()
            .group(group("g", 1, &["w2"]))
            .unwrap()
            .group(group("g", 1, &["w2"])),
    );
    duplicate(builder().group(group("g", 1, &["w2", "w2"])));
    for reserved in ["none", ""] {
        duplicate(builder().group(group(reserved, 1, &["w2"])));
        duplicate(builder().witness(&Named {
            name: reserved.to_owned(),
            ..witness("w9")
        }));
    }
    let mut twice = TestLog::new("other.example/log").keys();
    twice.checkpoint_keys.push(twice.checkpoint_keys[0].clone());
    duplicate(builder().log(&twice));
}

/// An operator who is pinned as a witness too would witness himself; whichever stands first in the file.
#[test]
fn no_key_of_the_log_is_a_witness() {
    let own = TestLog::new(ORIGIN).cosigner.trusted();
    let log_first = TrustBuilder::default().log(&keys()).unwrap().witness(&own);
    let witness_first = TrustBuilder::default().witness(&own).unwrap().log(&keys());
    assert!(matches!(log_first, Err(TrustError::Duplicate(_))));
    assert!(matches!(witness_first, Err(TrustError::Duplicate(_))));

    let log = TestLog::new(ORIGIN);
    let disguised = Witness {
        name: "w".to_owned(),
        key: log.checkpoint_key.clone(),
    }
    .trusted();
    let log_first = TrustBuilder::default().log(&keys()).unwrap().witness(&disguised);
    let witness_first = TrustBuilder::default().witness(&disguised).unwrap().log(&keys());
    assert!(matches!(log_first, Err(TrustError::Duplicate(_))));
    assert!(matches!(witness_first, Err(TrustError::Duplicate(_))));
}

#[test]
fn members_thresholds_and_counts_make_sense() {
    let unknown = |result: Result<TrustBuilder, TrustError>| {
        assert!(matches!(result, Err(TrustError::UnknownMember(name)) if name == "w9"))
    };
    unknown(builder().group(group("g", 1, &["w1", "w9"])));
    unknown(builder().group(group("w9", 1, &["w9"])));
    assert!(matches!(builder().quorum("w9"), Err(TrustError::UnknownMember(_))));
    for threshold in [0, 3] {
        let refused = builder().group(group("g", threshold, &["w1", "w2"]));
        assert!(matches!(refused, Err(TrustError::Threshold(name)) if name == "g"));
    }
    let count = |spoil: &dyn Fn(&mut LogKeys)| {
        let mut keys = keys();
        spoil(&mut keys);
        assert!(matches!(TrustBuilder::default().log(&keys), Err(TrustError::Count(_))));
    };
    count(&|keys| keys.checkpoint_keys.clear());
    count(&|keys| keys.operator_keys.clear());
    count(&|keys| keys.operator_keys = vec![keys.operator_keys[0].clone(); MAX_TRUSTED + 1]);
    let full = (0..MAX_TRUSTED).fold(TrustBuilder::default(), |builder, n| {
        builder.witness(&witness(&format!("w{n}"))).unwrap()
    });
    assert!(matches!(full.witness(&witness("one-more")), Err(TrustError::Count(_))));
}

/// Who cosigned when, the quorum, and the times: existed-by is the earliest moment by which a quorum had signed, fresh-at the
/// earliest time within that quorum.
#[test]
fn times_are_those_of_the_earliest_quorum() {
    let trust = |quorum: &str| {
        let pair = builder().group(group("pair", 2, &["w1", "w2"])).unwrap();
        let groups = pair.group(group("two", 2, &["w1", "w2", "w3"])).unwrap();
        let either = groups.group(group("either", 1, &["pair", "w3"])).unwrap();
        either
            .group(group("both", 2, &["pair", "w3"]))
            .unwrap()
            .quorum(quorum)
            .unwrap()
    };
    type Row<'a> = (&'a str, &'a [(&'a str, u64)], Option<(u64, u64)>);
    let table: &[Row<'_>] = &[
        ("w1", &[], None),
        ("w1", &[("w2", 5)], None),
        ("w1", &[("w1", 5)], Some((5, 5))),
        ("w1", &[("w1", 5), ("w2", 1)], Some((5, 5))),
        ("two", &[("w1", 5)], None),
        ("two", &[("w1", 5), ("w2", 9)], Some((9, 5))),
        ("two", &[("w1", 5), ("w2", 9), ("w3", 20)], Some((9, 5))),
        ("two", &[("w3", 20), ("w2", 9), ("w1", 5)], Some((9, 5))),
        ("two", &[("w1", 7), ("w2", 7), ("w3", 1)], Some((7, 7))),
        ("pair", &[("w1", 5), ("w3", 6)], None),
        ("pair", &[("w1", 5), ("w3", 6), ("w2", 8)], Some((8, 5))),
        ("either", &[("w1", 5), ("w3", 6), ("w2", 8)], Some((6, 6))),
        ("either", &[("w1", 5), ("w2", 6), ("w3", 8)], Some((6, 5))),
        ("either", &[("w1", 5), ("w2", 6), ("w3", 6)], Some((6, 6))),
        ("both", &[("w1", 5), ("w2", 6)], None),
        ("both", &[("w1", 5), ("w2", 6), ("w3", 2)], Some((6, 2))),
        ("both", &[("w1", 5), ("w2", 6), ("w3", 9)], Some((9, 5))),
    ];
    for (quorum, cosigned, expected) in table {
        let times = |cosigned: &[(&str, u64)]| {
            let cosigned: Vec<_> = cosigned.iter().map(|(name, time)| (*name, at(*time))).collect();
            let own = Some(at(3));
            trust(quorum)
                .times(&cosigned, own)
                .map(|t| (t.existed_by.unix(), t.fresh_at.unix()))
        };
        assert_eq!(times(cosigned), *expected, "{quorum}: {cosigned:?}");
        let backwards: Vec<_> = cosigned.iter().rev().copied().collect();
        assert_eq!(times(&backwards), *expected, "{quorum}: {backwards:?}");
    }
}

#[test]
fn the_own_cosigner_gives_the_time_only_with_quorum_none() {
    let none = builder().quorum("none").unwrap();
    let all = [("w1", at(5)), ("w2", at(5)), ("w3", at(5))];
    let same = |seconds| {
        Some(Times {
            existed_by: at(seconds),
            fresh_at: at(seconds),
        })
    };
    assert_eq!(none.times(&all, Some(at(9))), same(9));
    assert_eq!(none.times(&[], Some(at(9))), same(9));
    assert_eq!(none.times(&all, None), None);
    assert_eq!(builder().quorum("w1").unwrap().times(&[], Some(at(9))), None);
}

proptest! {
    /// The definition itself, over all sets of witnesses: whatever their names and the order of the lines.
    #[test]
    fn times_follow_the_definition(
        times in prop::collection::vec(prop::option::of(0u64..6), 3),
        inner in 1usize..=2,
        outer in 1usize..=2,
        names in Just(["a", "m", "z"]).prop_shuffle(),
    ) {
        let named = |n: usize| Named { name: names[n].to_owned(), ..witness(&format!("w{n}")) };
        let trust = (0..3).fold(TrustBuilder::default(), |builder, n| builder.witness(&named(n)).unwrap());
        let trust = trust.group(group("inner", inner, &[names[0], names[1]])).unwrap();
        let trust = trust.group(group("outer", outer, &["inner", names[2]])).unwrap().quorum("outer").unwrap();
        let holds = |set: u32| {
            let has = |n: u32| usize::from(set >> n & 1 == 1);
            usize::from(has(0) + has(1) >= inner) + has(2) >= outer
        };
        let signed = |set: u32| -> Option<Vec<u64>> {
            (0..3).filter(|n| set >> n & 1 == 1).map(|n| times[n as usize]).collect()
        };
        let quorums: Vec<Vec<u64>> = (1..8u32).filter(|set| holds(*set)).filter_map(signed).collect();
        let by = quorums.iter().filter_map(|quorum| quorum.iter().max()).min();
        let expected = by.map(|by| {
            let earliest = quorums.iter().filter(|quorum| quorum.iter().max() == Some(by));
            (*by, *earliest.filter_map(|quorum| quorum.iter().min()).max().unwrap())
        });
        let cosigned: Vec<(&str, Timestamp)> =
            (0..3).filter_map(|n| Some((names[n], at(times[n]?)))).collect();
        let found = trust.times(&cosigned, Some(at(0))).map(|t| (t.existed_by.unix(), t.fresh_at.unix()));
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn an_issuers_key_is_for_a_log_that_is_there_and_stands_once() {
    let issuer = Issuer::named("issuer.example");
    let origin = keys().origin;
    let key = issuer.sized(&origin, Sizes { from: 5, to: Some(9) });
    let trust = builder().issuer(&key).unwrap().quorum(QUORUM_NONE).unwrap();
    let found = |size| trust.issuer_key(&origin, &issuer.method, size).is_some();
    assert_eq!([4, 5, 9, 10].map(found), [false, true, true, false]);
    assert!(
        trust
            .issuer_key(&"other.example/log".parse().unwrap(), &issuer.method, 5)
            .is_none()
    );
    assert!(trust.issuer_key(&origin, &Issuer::by_key().method, 5).is_none());

    let twice = builder().issuer(&key).unwrap().issuer(&key);
    assert!(matches!(twice, Err(TrustError::Duplicate(_))), "{twice:?}");
    let elsewhere = issuer.sized(&"other.example/log".parse().unwrap(), Sizes::ALL);
    assert!(matches!(builder().issuer(&elsewhere), Err(TrustError::UnknownLog(_))));
    let mut no_key = key.clone();
    "z6Mk".clone_into(&mut no_key.public_key_multibase);
    assert!(matches!(builder().issuer(&no_key), Err(TrustError::Key { .. })));
    // A did:key with somebody else's key.
    let mut borrowed = Issuer::by_key().sized(&origin, Sizes::ALL);
    borrowed.public_key_multibase = key.public_key_multibase;
    assert!(matches!(builder().issuer(&borrowed), Err(TrustError::Key { .. })));
}
