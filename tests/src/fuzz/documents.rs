//! JSON: the strict reader itself, records, notices, trust files, DID documents, and what goes over HTTP.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::LazyLock;

use placet_kernel::access;
use placet_kernel::arrival::{self, Setting};
use placet_kernel::authorization;
use placet_kernel::bundle::Verdict;
use placet_kernel::merkle::Hash;
use placet_kernel::misbehaviour;
use placet_kernel::trust::{Trust, TrustError, TrustFile};
use placet_ledger::outgoing::document::{self, DocumentError};
use placet_schemas::access::AccessLine;
use placet_schemas::api::problem::Problem;
use placet_schemas::api::{
    AccessPage, FeedAnswer, Invite, IssueToken, Nothing, OpenSession, PostAccessLines, PublicOpening, RecordAnswer,
    RegisterController, ResolveInvitation, WithdrawByCode,
};
use placet_schemas::json::{self, Document, Fault, FaultCode};
use placet_schemas::notice::{CanonicalNotice, MAX_NOTICE_BYTES};
use placet_schemas::record::{CanonicalRecord, Draft, MAX_RECORD_BYTES, ProofConfig};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::sample::SAMPLE;
use super::{assert_code, assert_told};
use crate::p;

/// Largest body of a call; the node's own limit for what is neither a record nor a notice.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// The strict reader: what it accepts has one canonical form, and another reader finds the same in both.
pub fn json(data: &[u8]) -> bool {
    let document = match json::parse(data, MAX_NOTICE_BYTES) {
        Ok(document) => document,
        Err(fault) => {
            assert_told(&fault);
            return false;
        }
    };
    let canonical = document.root().to_jcs();
    assert_eq!(document.is_canonical(), canonical == data);
    let again = json::parse_canonical(&canonical, usize::MAX).unwrap();
    assert_eq!(again.root().to_jcs(), canonical);
    let [said, kept] = [data, &canonical].map(|bytes| serde_json::from_slice::<Value>(bytes).unwrap());
    assert_eq!(said, kept);
    true
}

/// A record: its parts, written again, are its bytes; and only what was signed arrives.
pub fn record(data: &[u8]) -> bool {
    let CanonicalRecord { record, bytes } = match CanonicalRecord::parse(data) {
        Ok(parsed) => parsed,
        Err(fault) => {
            assert_told(&fault);
            return false;
        }
    };
    assert!(json::parse_canonical(&bytes, MAX_RECORD_BYTES).is_ok());
    let again = CanonicalRecord::parse(&bytes).unwrap();
    assert_eq!((&again.record, &again.bytes), (&record, &bytes));
    // A proof may leave its context out; what is built here has it.
    if record.proof.context.is_some() {
        let config = ProofConfig {
            cryptosuite: record.proof.cryptosuite,
            created: record.proof.created,
            verification_method: record.proof.verification_method.clone(),
            domain: record.proof.domain.clone(),
            challenge: record.proof.challenge.clone(),
        };
        let draft = Draft {
            id: record.id.clone(),
            issuer: record.issuer.clone(),
            valid_from: record.valid_from,
            valid_until: record.valid_until,
            body: record.body.clone(),
        };
        assert_eq!(draft.secure(&config, &record.proof.proof_value).unwrap(), bytes);
        assert_eq!(draft.signing_input(&config).unwrap(), *record.signing_input());
    }
    let setting = Setting {
        origin: &SAMPLE.origin,
        operators: &SAMPLE.operators,
        keys: (*arrival::answers_for(&record) == SAMPLE.brand).then_some(&SAMPLE.brand_keys),
        now: None,
    };
    match arrival::check(&record, &setting) {
        Ok(_) => assert!(SAMPLE.signed.contains(&record.digest()), "nobody signed this"),
        Err(refusal) => assert_code(refusal.code()),
    }
    true
}

/// A notice: written again, it is its canonical bytes.
pub fn notice(data: &[u8]) -> bool {
    match CanonicalNotice::parse(data) {
        Ok(parsed) => {
            assert_eq!(json::to_jcs(&parsed.notice).unwrap(), parsed.bytes);
            assert_eq!(CanonicalNotice::parse(&parsed.bytes).unwrap(), parsed);
            true
        }
        Err(fault) => {
            assert_told(&fault);
            false
        }
    }
}

/// A trust file: written again, it names the same keys for the same sizes.
pub fn trust(data: &[u8]) -> bool {
    let trust = match Trust::parse(data) {
        Ok(trust) => trust,
        Err(error) => {
            if let TrustError::Malformed(fault) = &error {
                assert_told(fault);
            }
            assert!(!error.to_string().is_empty());
            return false;
        }
    };
    let document = json::parse(data, MAX_NOTICE_BYTES).unwrap();
    let file: TrustFile = json::decode(document.root()).unwrap();
    let written = json::to_jcs(&file).unwrap();
    assert_eq!(written, document.root().to_jcs());
    let again = Trust::parse(&written).unwrap();
    assert_eq!(format!("{again:?}"), format!("{trust:?}"));
    true
}

/// A misbehaviour file: whatever is proved rests on what the keys of the examples have signed.
pub fn misbehaviour(data: &[u8]) -> bool {
    let now = "2026-12-01T00:00:00Z".parse().unwrap();
    let report = match misbehaviour::verify(data, Some(&ACCUSED), now) {
        Ok(report) => report,
        Err(fault) => {
            assert_told(&fault);
            return false;
        }
    };
    if report.proved == Verdict::Holds {
        for said in &report.said {
            assert!(SAID.contains(&format!("{said:?}")), "nobody signed {said:?}");
        }
    }
    true
}

/// The keys of the examples.
static ACCUSED: LazyLock<Trust> =
    LazyLock::new(|| Trust::parse(include_bytes!("../../../docs/examples/trust.json")).unwrap());

/// All that they have signed.
static SAID: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let now = "2026-12-01T00:00:00Z".parse().unwrap();
    let files = super::sample::accusations().into_iter();
    let said = files.flat_map(|file| misbehaviour::verify(&file, Some(&ACCUSED), now).unwrap().said);
    said.map(|said| format!("{said:?}")).collect()
});

/// A DID document of the sample's brand: what is taken of it are its own methods, with keys that are keys.
pub fn did_document(data: &[u8]) -> bool {
    let read = match document::parse(data, &SAMPLE.brand) {
        Ok(read) => read,
        Err(error) => {
            if let DocumentError::Json(fault) = &error {
                assert_told(fault);
            }
            return false;
        }
    };
    assert_eq!(read.document.id(), &SAMPLE.brand);
    assert!(!read.document.methods().is_empty());
    for method in read.document.methods() {
        assert!(method.id.as_str().starts_with(&format!("{}#", SAMPLE.brand.as_str())));
        let key = read.document.key(&method.id).unwrap();
        assert_eq!(
            placet_kernel::keys::PublicKey::from_multibase(key)
                .unwrap()
                .to_multibase(),
            key
        );
    }
    // What is taken of a document is in it in any spelling.
    let canonical = json::parse(data, MAX_NOTICE_BYTES).unwrap().root().to_jcs();
    assert_eq!(document::parse(&canonical, &p(SAMPLE.brand.as_str())).unwrap(), read);
    true
}

/// `POST /v1/access-lines`: each line that is read is an entry, with the bytes of which its batch has the hash.
pub fn body_access_lines(data: &[u8]) -> bool {
    let accepted = exact::<PostAccessLines>(data);
    if accepted {
        let document = json::parse(data, MAX_BODY_BYTES).unwrap();
        let PostAccessLines { lines, .. } = json::decode(document.root()).unwrap();
        for posted in lines {
            let bytes = posted.line.to_bytes();
            match AccessLine::parse(&bytes) {
                Ok(line) => assert_eq!(line, posted.line),
                // The body may be larger than a line.
                Err(fault) => assert_eq!(fault.code, FaultCode::Oversize),
            }
            let proof: Vec<Hash> = posted.proof.iter().map(|hash| Hash::new(*hash.as_bytes())).collect();
            match access::verify_line(&bytes, posted.seq, &proof, &SAMPLE.batch) {
                Ok(line) => assert!(SAMPLE.lines.contains(&line), "nobody reported this"),
                Err(error) => assert_code(error.code()),
            }
        }
    }
    accepted
}

/// What a person gets when she asks who used her data.
pub fn answer_accesses(data: &[u8]) -> bool {
    let accepted = exact::<AccessPage>(data);
    if accepted {
        let document = json::parse(data, MAX_BODY_BYTES).unwrap();
        let page: AccessPage = json::decode(document.root()).unwrap();
        for view in &page.accesses {
            let consent = view.line.consent.unwrap_or(SAMPLE.batch.root);
            match access::verify_access(view, &page.keys, &consent, &SAMPLE.origin, &SAMPLE.trust) {
                Ok(verified) => assert!(SAMPLE.lines.contains(&verified.line), "nobody reported this"),
                Err(error) => assert_code(error.code()),
            }
        }
    }
    accepted
}

/// A brand's word for its verifier: whoever is authorized is the sample's.
pub fn verifier_authorization(data: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(data) else { return false };
    let (sample, keys) = (&*SAMPLE, Some(&SAMPLE.brand_keys));
    match authorization::verify(text, &sample.origin, &sample.brand, keys, sample.moment) {
        Ok(authorization) => {
            assert_eq!(authorization.verifier(), &sample.verifier);
            true
        }
        Err(error) => {
            assert_code(error.code());
            false
        }
    }
}

/// `POST /v1/requests/{digest}/invitations`.
pub fn body_invite(data: &[u8]) -> bool {
    exact::<Invite>(data)
}

/// `POST /v1/tokens`. The kinds of record are a set: their order is not kept.
pub fn body_issue_token(data: &[u8]) -> bool {
    decoded::<IssueToken>(data, |_, _| ())
}

/// `POST /v1/challenges`, and every call that takes nothing.
pub fn body_nothing(data: &[u8]) -> bool {
    exact::<Nothing>(data)
}

/// `POST /v1/sessions`.
pub fn body_open_session(data: &[u8]) -> bool {
    exact::<OpenSession>(data)
}

/// `POST /v1/controllers`.
pub fn body_register_controller(data: &[u8]) -> bool {
    exact::<RegisterController>(data)
}

/// `POST /v1/invitations/resolve`.
pub fn body_resolve_invitation(data: &[u8]) -> bool {
    exact::<ResolveInvitation>(data)
}

/// `POST /v1/withdrawals`.
pub fn body_withdraw_by_code(data: &[u8]) -> bool {
    exact::<WithdrawByCode>(data)
}

/// What a wallet gets for a record: it comes from a node that nobody has to trust.
pub fn answer_record(data: &[u8]) -> bool {
    exact::<RecordAnswer>(data)
}

/// What a brand gets as its feed.
pub fn answer_feed(data: &[u8]) -> bool {
    exact::<FeedAnswer>(data)
}

/// A public record with what opens it.
pub fn answer_public_opening(data: &[u8]) -> bool {
    exact::<PublicOpening>(data)
}

/// A refusal as problem details.
pub fn answer_problem(data: &[u8]) -> bool {
    exact::<Problem>(data)
}

/// A body whose canonical form is what its type writes: nothing that was said is lost, nothing is added.
fn exact<T: DeserializeOwned + Serialize + PartialEq + Debug>(data: &[u8]) -> bool {
    decoded::<T>(data, |document, written| assert_eq!(written, document.root().to_jcs()))
}

/// A body as the handlers read it.
fn decoded<T: DeserializeOwned + Serialize + PartialEq + Debug>(
    data: &[u8],
    compare: impl Fn(&Document<'_>, &[u8]),
) -> bool {
    let read = |document: &Document<'_>| -> Result<T, Fault> { json::decode(document.root()) };
    let document = match json::parse(data, MAX_BODY_BYTES) {
        Ok(document) => document,
        Err(fault) => {
            assert_told(&fault);
            return false;
        }
    };
    match read(&document) {
        Ok(value) => {
            let written = json::to_jcs(&value).unwrap();
            compare(&document, &written);
            assert_eq!(
                read(&json::parse_canonical(&written, usize::MAX).unwrap()).unwrap(),
                value
            );
            true
        }
        Err(fault) => {
            assert_told(&fault);
            false
        }
    }
}
