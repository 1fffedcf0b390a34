//! One legal record of each kind and of each shape that a kind may take.

use std::sync::OnceLock;

use placet_schemas::access::{AccessLine, AccessLineType, ServiceName};
use placet_schemas::id::{DidUrl, Digest, RecordId};
use placet_schemas::json::to_jcs;
use placet_schemas::narrowing::{Pattern, Value};
use placet_schemas::record::Body;
use placet_schemas::record::access::{AccessBatch, MAX_BATCH_SECONDS};
use placet_schemas::record::consent::{
    ConsentGrant, EndedByController, ErasureGround, ErasureRequest, Narrowing, Patterns, Relayed, Renewal, Strength,
    Withdrawal,
};
use placet_schemas::record::destruction::{Destruction, DestructionGround};
use placet_schemas::record::holders::{HolderKeyAuthorization, Holders};
use placet_schemas::record::keys::{ControllerKeys, DidDocument, KeySource, Multikey, VerificationMethod};
use placet_schemas::scope::{Clause, Delivery, Scope};
use placet_schemas::statement::{
    Acknowledgement, AcknowledgementType, FeedHead, FeedHeadType, Signed, StateAttestation, StateAttestationType,
};
use placet_schemas::text::{SomeOf, Text};
use placet_schemas::time::Timestamp;
use placet_schemas::version::Version;
use serde::Serialize;

use super::cinema::{self, advertising, newsletter, offered, recommendations, seats, studio};
use super::{
    AFTER, AUTHORIZATION, CINEMA, CODE, DURING, EXPIRY, GIVEN, OPERATOR, OPERATOR_KEY, STRANGER, SUBJECT, SUBJECT_P256,
    VERIFIER, anchor, draft, iri, p, record, scope, secured, shown, signature, some,
};

/// The digest of the cinema's request, worked out once: many tests name it many times.
pub(crate) fn request_digest() -> Digest {
    static DIGEST: OnceLock<Digest> = OnceLock::new();
    let asked = || Body::ConsentRequest(Box::new(cinema::request()));
    *DIGEST.get_or_init(|| record(CINEMA, "2026-10-01T08:00:00Z", None, asked()).digest())
}

/// A yes to `scope` by the request of the cinema.
pub(crate) fn grant(scope: Scope) -> ConsentGrant {
    ConsentGrant {
        version: Version,
        request: request_digest(),
        controller: p(CINEMA),
        shown: shown(&scope),
        scope,
        withdrawal_key: p(CODE),
        strength: Strength::SubjectKey,
        anchor: anchor(),
    }
}

/// What is granted in most tests: four of the seven choices, one of which needs an express statement.
pub(crate) fn granted() -> Scope {
    scope([recommendations(), studio(), newsletter(), seats()])
}

/// The consent that [`granted`] starts.
pub(crate) fn consent() -> Digest {
    static DIGEST: OnceLock<Digest> = OnceLock::new();
    *DIGEST.get_or_init(|| grant_record(granted()).digest())
}

pub(crate) fn grant_record(scope: Scope) -> placet_schemas::record::Record {
    record(SUBJECT, GIVEN, Some(EXPIRY), Body::ConsentGrant(Box::new(grant(scope))))
}

/// What takes `patterns` from `scope`.
pub(crate) fn narrowing(scope: &Scope, patterns: Vec<Pattern>, consent: Digest, previous: Digest) -> Narrowing {
    Narrowing {
        version: Version,
        consent,
        previous,
        remaining: scope.without(&patterns).unwrap().digest(),
        removed: Patterns::try_from(patterns).unwrap(),
        anchor: anchor(),
    }
}

/// A pattern of each form.
pub(crate) fn patterns() -> Vec<Pattern> {
    let value = |purpose, value| Pattern::Value { purpose, value };
    vec![
        Pattern::Clause(Box::new(advertising())),
        value(None, Value::Category(p("pd:Purchase"))),
        value(Some(iri("recommendations")), Value::Processing(p("dpv:Store"))),
        value(Some(iri("recommendations")), Value::Delivery(Delivery::InVault)),
        value(None, Value::ThirdParty(p(cinema::STUDIO))),
        value(None, Value::Transfer(p("US"))),
    ]
}

pub(crate) fn renewal(scope: Scope, consent: Digest, previous: Digest) -> Renewal {
    Renewal {
        version: Version,
        consent,
        previous,
        request: request_digest(),
        shown: shown(&scope),
        scope,
        strength: Strength::PageKey,
        anchor: anchor(),
    }
}

pub(crate) fn withdrawal(consent: Digest, relayed: bool) -> Withdrawal {
    Withdrawal {
        version: Version,
        consent,
        anchor: (!relayed).then(anchor),
        relayed: relayed.then(|| Relayed {
            channel: p("phone"),
            received_at: p(DURING),
        }),
    }
}

pub(crate) fn ended(consent: Digest) -> EndedByController {
    EndedByController {
        version: Version,
        consent,
        reason: p("The club was closed."),
    }
}

pub(crate) fn erasure(consent: Digest, partial: bool) -> ErasureRequest {
    let categories: SomeOf<_> = some(&["pd:Interest", "pd:Purchase"]);
    ErasureRequest {
        version: Version,
        consent,
        ground: partial.then_some(ErasureGround::ConsentWithdrawn),
        categories: partial.then_some(categories),
        anchor: anchor(),
    }
}

pub(crate) fn holding(consent: Digest, holders: &[&str]) -> HolderKeyAuthorization {
    HolderKeyAuthorization {
        version: Version,
        consent,
        holders: Holders::from_members(holders.iter().map(|did| p(did))).unwrap(),
    }
}

pub(crate) fn keys() -> ControllerKeys {
    let method = |name: &str, key: &str| VerificationMethod {
        id: p::<DidUrl>(&format!("{CINEMA}#{name}")),
        r#type: Multikey::Multikey,
        controller: p(CINEMA),
        public_key_multibase: key.to_owned(),
    };
    let methods = vec![
        method("key-1", "z6MknGc3ocHs3zdPiJbnaaqDi58NGb4pk1Sp9WxWufuXSdxf"),
        method("key-2", "zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv"),
    ];
    ControllerKeys {
        version: Version,
        legal_name: p("Example Cinema plc"),
        source: KeySource::Fetched,
        document_digest: Digest::of(b"the whole document"),
        document: DidDocument::new(p(CINEMA), methods).unwrap(),
    }
}

pub(crate) fn destruction(ordered: bool) -> Destruction {
    Destruction {
        version: Version,
        controller: p(CINEMA),
        leaves: vec![17, 4711].try_into().unwrap(),
        ground: if ordered {
            DestructionGround::Ordered(ErasureGround::LegalObligation)
        } else {
            DestructionGround::RetentionElapsed
        },
        order_hash: ordered.then(|| Digest::of(b"the order")),
    }
}

/// An hour of a verifier, up to `until`, in which the first line and one other entry came.
pub(crate) fn batch(until: &str) -> AccessBatch {
    let until: Timestamp = p(until);
    AccessBatch {
        version: Version,
        controller: p(CINEMA),
        authorization: p(AUTHORIZATION),
        from: until.minus_seconds(MAX_BATCH_SECONDS),
        until,
        entries: 2,
        root: Digest::of(b"two entries"),
    }
}

/// An access with every member, and one with the least.
pub(crate) fn lines() -> Vec<(&'static str, Vec<u8>)> {
    let named = |name: &str| RecordId::from_random(*Digest::of(name.as_bytes()).as_bytes().first_chunk().unwrap());
    let whole = AccessLine {
        version: Version,
        r#type: AccessLineType::AccessLine,
        id: named("a line"),
        controller: p(CINEMA),
        consent: Some(consent()),
        at: p::<Timestamp>(DURING).minus_seconds(60),
        evaluation: Some(named("an evaluation")),
        service: ServiceName::try_from(p::<Text>("film tips")).unwrap(),
        purpose: iri("recommendations"),
        categories: some(&["pd:Interest", "pd:Purchase"]),
        processing: p("dpv:Use"),
        delivery: Delivery::Copy,
        third_party: Some(p(cinema::STUDIO)),
    };
    let least = AccessLine {
        consent: None,
        evaluation: None,
        delivery: Delivery::InVault,
        third_party: None,
        ..whole.clone()
    };
    vec![
        ("access-line", whole.to_bytes()),
        ("access-line-least", least.to_bytes()),
    ]
}

/// Each fixture under a name of its own; the first of each kind is the example in the documentation. Together they have
/// every optional member, every choice between two forms, and every value of every small enumeration but the grounds and
/// bases of an article.
pub(crate) fn all() -> Vec<(&'static str, Vec<u8>)> {
    static ALL: OnceLock<Vec<(&'static str, Vec<u8>)>> = OnceLock::new();
    ALL.get_or_init(make_all).clone()
}

fn make_all() -> Vec<(&'static str, Vec<u8>)> {
    let consent = consent();
    let narrow = |patterns| Box::new(narrowing(&offered(), patterns, consent, consent));
    let one = |clause: Clause| scope([clause]);
    let p256 = Body::ConsentGrant(Box::new(ConsentGrant {
        strength: Strength::PageKey,
        ..grant(one(advertising()))
    }));
    let renewed = Body::Renewal(Box::new(renewal(granted(), consent, consent)));
    let supplied = ControllerKeys {
        source: KeySource::Supplied,
        ..keys()
    };
    let asked = |request| Body::ConsentRequest(Box::new(request));
    let say = |issuer, at: &str, until: Option<&str>, body| secured(&draft(issuer, p(at), until.map(p), body));
    vec![
        (
            "consent-request",
            say(CINEMA, "2026-10-01T08:00:00Z", None, asked(cinema::request())),
        ),
        (
            "consent-request-joint",
            say(CINEMA, "2026-10-02T08:00:00Z", None, asked(cinema::joint_request())),
        ),
        (
            "consent-grant",
            say(
                SUBJECT,
                GIVEN,
                Some(EXPIRY),
                Body::ConsentGrant(Box::new(grant(granted()))),
            ),
        ),
        ("consent-grant-p256", say(SUBJECT_P256, GIVEN, Some(EXPIRY), p256)),
        (
            "narrowing",
            say(SUBJECT, DURING, None, Body::Narrowing(narrow(patterns()))),
        ),
        ("renewal", say(SUBJECT, DURING, Some("2028-11-22T05:00:00Z"), renewed)),
        (
            "withdrawal",
            say(SUBJECT, DURING, None, Body::Withdrawal(withdrawal(consent, false))),
        ),
        (
            "withdrawal-by-code",
            say(CODE, DURING, None, Body::Withdrawal(withdrawal(consent, false))),
        ),
        (
            "withdrawal-relayed",
            say(CINEMA, DURING, None, Body::Withdrawal(withdrawal(consent, true))),
        ),
        (
            "ended-by-controller",
            say(CINEMA, DURING, None, Body::EndedByController(ended(consent))),
        ),
        (
            "erasure-request",
            say(SUBJECT, AFTER, None, Body::ErasureRequest(erasure(consent, true))),
        ),
        (
            "erasure-request-whole",
            say(SUBJECT, AFTER, None, Body::ErasureRequest(erasure(consent, false))),
        ),
        (
            "holder-key-authorization",
            say(
                SUBJECT,
                DURING,
                None,
                Body::HolderKeyAuthorization(holding(consent, &[STRANGER, SUBJECT_P256])),
            ),
        ),
        (
            "holder-key-authorization-none",
            say(
                SUBJECT,
                DURING,
                None,
                Body::HolderKeyAuthorization(holding(consent, &[])),
            ),
        ),
        (
            "controller-keys",
            say(OPERATOR, DURING, None, Body::ControllerKeys(Box::new(keys()))),
        ),
        (
            "controller-keys-supplied",
            say(OPERATOR, DURING, None, Body::ControllerKeys(Box::new(supplied))),
        ),
        (
            "destruction",
            say(OPERATOR, AFTER, None, Body::Destruction(Box::new(destruction(false)))),
        ),
        (
            "destruction-ordered",
            say(OPERATOR, AFTER, None, Body::Destruction(Box::new(destruction(true)))),
        ),
        (
            "access-batch",
            say(VERIFIER, DURING, None, Body::AccessBatch(Box::new(batch(DURING)))),
        ),
    ]
}

/// The statements of an operator, signed, each under a name of its own; the first of each type is the example.
pub(crate) fn statements() -> Vec<(&'static str, Vec<u8>)> {
    let acknowledgement = Acknowledgement {
        version: Version,
        r#type: AcknowledgementType::Acknowledgement,
        origin: p("placet.example/log"),
        index: 4711,
        leaf_hash: Digest::of(b"a leaf"),
        controller: p(CINEMA),
        seq: 12,
        size: 4712,
        root: Digest::of(b"a root"),
        consent: Some(consent()),
        last_index: Some(4711),
        last_digest: Some(consent()),
    };
    let public = Acknowledgement {
        consent: None,
        last_index: None,
        last_digest: None,
        ..acknowledgement.clone()
    };
    let attestation = StateAttestation {
        version: Version,
        r#type: StateAttestationType::StateAttestation,
        origin: p("placet.example/log"),
        size: 4712,
        root: Digest::of(b"a root"),
        consent: consent(),
        events: 1,
        last_index: 4711,
        last_digest: consent(),
    };
    let head = FeedHead {
        version: Version,
        r#type: FeedHeadType::FeedHead,
        origin: p("placet.example/log"),
        controller: p(CINEMA),
        feed_size: 13,
        feed_root: Digest::of(b"a feed"),
        size: 4712,
        root: Digest::of(b"a root"),
        time: p(DURING),
    };
    vec![
        ("acknowledgement", signed(acknowledgement)),
        ("acknowledgement-public", signed(public)),
        ("state-attestation", signed(attestation)),
        ("feed-head", signed(head)),
    ]
}

fn signed<T: Serialize>(statement: T) -> Vec<u8> {
    let signed = Signed {
        statement,
        signed_by: p(OPERATOR_KEY),
        signature: signature(),
    };
    to_jcs(&signed).unwrap()
}
