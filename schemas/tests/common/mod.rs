//! Legal records to start from, of every kind. Signatures are of the right shape and nobody's: a parser does not judge
//! them.

pub(crate) mod cinema;
pub(crate) mod records;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::str::FromStr;

use placet_schemas::id::{Did, Digest, Iri, RecordId};
use placet_schemas::record::consent::{Act, Anchor, Choice, Initial, Shown};
use placet_schemas::record::{
    Body, CanonicalRecord, Cryptosuite, Draft, Invitation, Kind, ProofConfig, ProofValue, Record,
};
use placet_schemas::rules::{Demand, demand};
use placet_schemas::scope::{Clause, Delivery, Purpose, Query, Scope, ThirdParty};
use placet_schemas::text::{Set, SomeOf, Texts};
use placet_schemas::time::{Period, Timestamp};

/// The person's pairwise key at the cinema.
pub(crate) const SUBJECT: &str = "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2";
/// The key of her withdrawal code.
pub(crate) const CODE: &str = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";
/// Somebody else.
pub(crate) const STRANGER: &str = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp";
/// A person whose key is P-256.
pub(crate) const SUBJECT_P256: &str = "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169";
/// The brand.
pub(crate) const CINEMA: &str = "did:web:cinema.example";
/// A joint controller of another request.
pub(crate) const FESTIVAL: &str = "did:web:festival.example";
/// Who runs the node.
pub(crate) const OPERATOR: &str = "did:web:placet.example";
/// The key of the node's statements.
pub(crate) const OPERATOR_KEY: &str = "did:key:z6MkfrQeCyhQV1yqcoJ8AvL1LYxjZWpcHNR3cSE2SsPyNmqM";
/// A controller that is its own key.
pub(crate) const KEY_CONTROLLER: &str = "did:key:z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG";
/// The brand's verifier.
pub(crate) const VERIFIER: &str = "did:key:z6MkoTHsgNNrby8JzCNQ1iRLyW5QQ6R8Xuu6AA8igGrMVPUM";
/// The brand's word for it, by a signature that is nobody's.
pub(crate) const AUTHORIZATION: &str = concat!(
    "eyJhbGciOiJFZDI1NTE5Iiwia2lkIjoiZGlkOndlYjpjaW5lbWEuZXhhbXBsZSNrZXktMSIsInR5cCI6InBsYWNldC12ZXJpZmll",
    "citqd3QifQ.eyJjb250cm9sbGVyIjoiZGlkOndlYjpjaW5lbWEuZXhhbXBsZSIsImZyb20iOiIyMDI2LTExLTIyVDA1OjAwOjAwW",
    "iIsIm9yaWdpbiI6InBsYWNldC5leGFtcGxlL2xvZyIsInVudGlsIjoiMjAyOC0xMS0yMlQwNTowMDowMFoiLCJ2ZXJpZmllciI6I",
    "mRpZDprZXk6ejZNa29USHNnTk5yYnk4SnpDTlExaVJMeVc1UVE2UjhYdXU2QUE4aWdHck1WUFVNIiwidmVyc2lvbiI6MX0.ebYjV",
    "u-u-pvUNBBiE1WqDL4H0gkUbLMrZ1um68nnkJVqwBN0XmV--uqGTdjyDj1DTN4GclAqPB8Oqj2Zso8yvw"
);

/// When the grant of the fixtures is given, and when it expires.
pub(crate) const GIVEN: &str = "2026-11-22T05:00:00Z";
pub(crate) const EXPIRY: &str = "2027-11-22T05:00:00Z";
/// A moment in between, and one after the end.
pub(crate) const DURING: &str = "2027-03-01T12:00:00Z";
pub(crate) const AFTER: &str = "2028-01-01T00:00:00Z";

/// Parses what the test knows to be legal.
pub(crate) fn p<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse()
        .unwrap_or_else(|fault| panic!("{text:?} is no legal value: {fault:?}"))
}

/// The non-empty set of the given texts.
pub(crate) fn some<T: FromStr<Err: Debug> + Ord>(members: &[&str]) -> SomeOf<T> {
    SomeOf::new(Set::from_members(members.iter().map(|text| p(text)))).unwrap()
}

/// English and German words.
pub(crate) fn texts(en: &str, de: &str) -> Texts {
    Texts::try_from(BTreeMap::from([(p("en"), p(en)), (p("de"), p(de))])).unwrap()
}

/// The IRI of one of the cinema's purposes.
pub(crate) fn iri(name: &str) -> Iri {
    p(&format!("https://cinema.example/purposes#{name}"))
}

/// A clause of plain dimensions: `copy`, one year, no third party, no transfer, no channel.
pub(crate) fn clause(name: &str, is_a: &str, categories: &[&str], processing: &[&str]) -> Clause {
    Clause {
        purpose: Purpose {
            id: iri(name),
            is_a: p(is_a),
            text: texts(&format!("For {name}."), &format!("Für {name}.")),
            channels: Set::from_members([]),
        },
        categories: some(categories),
        processing: some(processing),
        delivery: deliveries(&[Delivery::Copy]),
        third_party: None,
        transfer: None,
        retention: p("P1Y"),
    }
}

pub(crate) fn deliveries(members: &[Delivery]) -> SomeOf<Delivery> {
    SomeOf::new(Set::from_members(members.iter().copied())).unwrap()
}

pub(crate) fn third_party(id: &str, name: &str) -> Option<ThirdParty> {
    Some(ThirdParty {
        id: p(id),
        legal_name: p(name),
    })
}

pub(crate) fn scope(clauses: impl IntoIterator<Item = Clause>) -> Scope {
    Scope::new(clauses.into_iter().collect()).unwrap()
}

/// Every single question to which the scope says yes.
pub(crate) fn queries(scope: &Scope) -> Vec<Query<'_>> {
    let mut all = Vec::new();
    for clause in scope.clauses() {
        for category in clause.categories.iter() {
            for processing in clause.processing.iter() {
                for delivery in clause.delivery.iter() {
                    all.push(Query {
                        purpose: &clause.purpose.id,
                        category: *category,
                        processing: *processing,
                        delivery: *delivery,
                        third_party: clause.third_party.as_ref().map(|party| &party.id),
                        transfer: clause.transfer.as_ref().map(|transfer| &transfer.country),
                    });
                }
            }
        }
    }
    all
}

/// What a person who reads English did: an express statement where the law asks for one, else a tick.
pub(crate) fn shown(scope: &Scope) -> Shown {
    let choice = |clause: &Clause| Choice {
        clause: clause.digest(),
        initial: Initial::Off,
        act: match demand(clause) {
            Demand::Explicit => Act::ExplicitStatement,
            Demand::Ordinary | Demand::Separate => Act::Selected,
        },
    };
    Shown {
        notice: cinema::notice_digest("en"),
        language: p("en"),
        page: p("placet-page 0.1.0"),
        choices: scope.clauses().iter().map(choice).collect(),
    }
}

/// A checkpoint that a wallet may have seen.
pub(crate) fn anchor() -> Anchor {
    Anchor {
        size: 4711,
        root: Digest::of(b"a tree"),
    }
}

pub(crate) fn later(time: &str, period: &str) -> Timestamp {
    p::<Timestamp>(time).plus(p::<Period>(period))
}

/// The proof that fits a signer and a kind of record.
pub(crate) fn proof(issuer: &Did, kind: Kind, created: Timestamp) -> ProofConfig {
    let p256 = issuer.as_str().starts_with("did:key:zDn");
    ProofConfig {
        cryptosuite: if p256 {
            Cryptosuite::EcdsaJcs2019
        } else {
            Cryptosuite::EddsaJcs2022
        },
        created,
        verification_method: issuer.key_method().unwrap_or_else(|| p(&format!("{issuer}#key-1"))),
        domain: p("placet.example/log"),
        challenge: (kind == Kind::ConsentGrant).then(|| Invitation::from_random(*b"sixteen bytes !!")),
    }
}

/// The draft of a record; its name is made of what it says, so that fixtures are the same in every run.
pub(crate) fn draft(issuer: &str, at: Timestamp, until: Option<Timestamp>, body: Body) -> Draft {
    let said = placet_schemas::json::to_jcs(&(issuer, at, until.unwrap_or(at), &body)).unwrap();
    let name = *Digest::of(&said).as_bytes().first_chunk().unwrap();
    Draft {
        id: RecordId::from_random(name),
        issuer: p(issuer),
        valid_from: at,
        valid_until: until,
        body,
    }
}

/// A signature's shape: 64 bytes in base58-btc.
pub(crate) fn signature() -> ProofValue {
    p("z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX")
}

/// The bytes of a draft with its proof.
pub(crate) fn secured(draft: &Draft) -> Vec<u8> {
    let config = proof(&draft.issuer, draft.body.kind(), draft.valid_from);
    draft.secure(&config, &signature()).unwrap()
}

/// A record that anybody can parse, said at `at`.
pub(crate) fn record(issuer: &str, at: &str, until: Option<&str>, body: Body) -> Record {
    let bytes = secured(&draft(issuer, p(at), until.map(p), body));
    CanonicalRecord::parse(&bytes)
        .unwrap_or_else(|fault| panic!("{fault}"))
        .record
}
