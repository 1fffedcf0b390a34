//! A log that keeps its leaves in a vector, a cinema that asks, and a person who answers.

use std::cell::Cell;
use std::convert::Infallible;
use std::fmt::Debug;
use std::str::FromStr;

use placet_kernel::arrival::{self, Setting};
use placet_kernel::checkpoint::{Checkpoint, SignedCheckpoint, sign_checkpoint};
use placet_kernel::code::WithdrawalCode;
use placet_kernel::leaf::Salt;
use placet_kernel::merkle::{self, Hash, NodeSource, empty_root, node_hash};
use placet_kernel::note::{SignatureType, VerifierKey};
use placet_kernel::sign::{self, Algorithm, ProofChoices, SignError, Signer, sign_statement};
use placet_kernel::tlog_proof::TlogProof;
use placet_schemas::api::{RecordAnswer, SaltText};
use placet_schemas::id::{Did, DidUrl, Digest, Language, Origin, RecordId};
use placet_schemas::json;
use placet_schemas::notice::{CanonicalNotice, periods};
use placet_schemas::record::consent::{Anchor, Strength};
use placet_schemas::record::keys::{ControllerKeys, DidDocument, KeySource, Multikey, VerificationMethod};
use placet_schemas::record::request::{ConsentRequest, Notices};
use placet_schemas::record::{Body, CanonicalRecord, Draft, Invitation, Record};
use placet_schemas::scope::{Clause, Scope};
use placet_schemas::statement::{Acknowledgement, AcknowledgementType};
use placet_schemas::text::Text;
use placet_schemas::time::Timestamp;
use placet_schemas::version::Version;
use placet_schemas::vocab::VOCABULARY_HASH_HEX;
use placet_wallet::Pen;
use placet_wallet::acknowledgement::LogTrust;
use placet_wallet::brand::{self, Brand};
use placet_wallet::keys::{Seed, SoftwareKey};
use placet_wallet::records::{Built, GrantChoice, Showing, grant};

pub(crate) const CINEMA: &str = "did:web:cinema.example";
pub(crate) const NOW: &str = "2026-11-22T05:00:00Z";

/// Parses what the test knows to be legal.
pub(crate) fn p<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().unwrap_or_else(|fault| panic!("{text:?}: {fault:?}"))
}

pub(crate) fn decode<T: serde::de::DeserializeOwned>(text: &str) -> T {
    let document = json::parse(text.as_bytes(), 1 << 20).unwrap_or_else(|fault| panic!("{fault} in {text}"));
    json::decode(document.root()).unwrap_or_else(|fault| panic!("{fault} in {text}"))
}

pub(crate) fn clause(name: &str, is_a: &str, categories: &str, processing: &str) -> Clause {
    decode(&format!(
        r#"{{"purpose":{{"id":"https://cinema.example/purposes#{name}","isA":"{is_a}","text":{{"en":"For {name}."}},"channels":[]}},
            "categories":[{categories}],"processing":[{processing}],"delivery":["copy"],"retention":"P1Y"}}"#
    ))
}

pub(crate) fn films() -> Clause {
    clause(
        "films",
        "dpv:ProvideEventRecommendations",
        r#""pd:Interest","pd:Purchase""#,
        r#""dpv:Analyse","dpv:Store""#,
    )
}

pub(crate) fn letters() -> Clause {
    clause("letters", "dpv:DirectMarketing", r#""pd:EmailAddress""#, r#""dpv:Use""#)
}

/// Health data: needs an express statement.
pub(crate) fn seats() -> Clause {
    clause(
        "seats",
        "dpv:RequestedServiceProvision",
        r#""pd:Disability""#,
        r#""dpv:Use""#,
    )
}

pub(crate) fn scope(clauses: &[Clause]) -> Scope {
    Scope::new(clauses.to_vec()).unwrap()
}

/// A request for `clauses` and its English notice.
pub(crate) fn asking(clauses: &[Clause]) -> (ConsentRequest, CanonicalNotice) {
    let offered = String::from_utf8(json::to_jcs(&scope(clauses)).unwrap()).unwrap();
    let unnamed = Digest::of(b"");
    let mut request: ConsentRequest = decode(&format!(
        r#"{{"version":1,"controllers":[{{"id":"{CINEMA}","legalName":"Example Cinema plc","contact":"privacy@cinema.example","role":"sole"}}],
            "notices":{{"en":"{unnamed}"}},"clauses":{offered},
            "audience":{{"mayIncludeChildren":false,"description":{{"en":"Adult members."}}}},
            "jurisdictions":["IE"],"lawfulBasis":"eu-gdpr:A6-1-a","vocabulary":"{VOCABULARY_HASH_HEX}",
            "validity":"P2Y","proofRetention":"P3Y","open":true,
            "benefit":{{"withConsent":{{"en":"Films that suit you."}},"withoutConsent":{{"en":"The same for everyone."}}}}}}"#
    ));
    let notice = notice(&request);
    request.notices = Notices::try_from(
        [(p::<Language>("en"), notice.digest())]
            .into_iter()
            .collect::<std::collections::BTreeMap<_, _>>(),
    )
    .unwrap();
    (request, notice)
}

fn notice(request: &ConsentRequest) -> CanonicalNotice {
    let mut purposes: Vec<String> = request
        .clauses
        .clauses()
        .iter()
        .map(|clause| format!(r#""{}""#, clause.purpose.id))
        .collect();
    purposes.sort();
    purposes.dedup();
    let purposes = purposes.join(",");
    let periods = String::from_utf8(json::to_jcs(&periods(request)).unwrap()).unwrap();
    let item = r#"{"text":"Words."}"#;
    let text = format!(
        r#"{{"version":1,"language":"en","title":"Your data","controllers":{{"text":"Us.","controllers":["{CINEMA}"]}},
            "dataProtectionOfficer":{item},"purposes":{{"text":"Words.","purposes":[{purposes}],"lawfulBasis":"eu-gdpr:A6-1-a"}},
            "recipients":{{"text":"None.","thirdParties":[]}},"transfers":{{"text":"None.","countries":[]}},
            "retention":{{"text":"A year.","periods":{periods}}},"rights":{item},"withdrawal":{item},"complaint":{item},
            "requirement":{item},"automatedDecisions":{{"text":"None.","exist":false}},
            "proofRetention":{{"text":"Three years.","period":"P3Y"}}}}"#
    );
    CanonicalNotice::parse(text.as_bytes()).unwrap()
}

/// A signer that counts.
pub(crate) struct Counting {
    pub(crate) key: SoftwareKey,
    pub(crate) signed: Cell<u32>,
}

impl Signer for Counting {
    fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }
    fn public_key_bytes(&self) -> Vec<u8> {
        self.key.public_key_bytes()
    }
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        self.signed.set(self.signed.get() + 1);
        self.key.sign(message)
    }
}

pub(crate) struct World {
    pub(crate) origin: Origin,
    pub(crate) checkpoint_key: SoftwareKey,
    pub(crate) operator: SoftwareKey,
    pub(crate) brand_key: SoftwareKey,
    pub(crate) cinema: Did,
    pub(crate) method: DidUrl,
    pub(crate) english: Language,
    pub(crate) page: Text,
    pub(crate) leaves: Vec<Hash>,
    named: Cell<u64>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            origin: p("log.example/placet"),
            checkpoint_key: SoftwareKey::ed25519_from_seed(&[1; 32]),
            operator: SoftwareKey::ed25519_from_seed(&[2; 32]),
            brand_key: SoftwareKey::p256_from_scalar(&[3; 32]).unwrap(),
            cinema: p(CINEMA),
            method: p(&format!("{CINEMA}#key-1")),
            english: p("en"),
            page: p("placet 0.1.0"),
            leaves: Vec::new(),
            named: Cell::new(0),
        }
    }

    pub(crate) fn brand(&self) -> Brand<'_> {
        Brand {
            did: &self.cinema,
            method: &self.method,
        }
    }

    pub(crate) fn pen<'a>(&'a self, key: &'a dyn Signer, now: &str) -> Pen<'a> {
        Pen {
            origin: &self.origin,
            key,
            random: self.random(),
            now: p(now),
        }
    }

    /// 16 bytes, other ones each time.
    pub(crate) fn random(&self) -> [u8; 16] {
        self.named.set(self.named.get() + 1);
        *Digest::of(&self.named.get().to_be_bytes())
            .as_bytes()
            .first_chunk()
            .unwrap()
    }

    pub(crate) fn trust(&self) -> LogTrust {
        let vkey = VerifierKey::of_signer((&self.origin).into(), SignatureType::Ed25519, &self.checkpoint_key).unwrap();
        LogTrust::new(self.origin.clone(), &[&vkey.to_string()], &[self.operator.did()]).unwrap()
    }

    /// The operator's snapshot of the cinema's keys.
    pub(crate) fn keys(&self) -> ControllerKeys {
        let method = VerificationMethod {
            id: self.method.clone(),
            r#type: Multikey::Multikey,
            controller: self.cinema.clone(),
            public_key_multibase: self.brand_key.public_key().to_multibase(),
        };
        ControllerKeys {
            version: Version,
            legal_name: p("Example Cinema plc"),
            source: KeySource::Supplied,
            document_digest: Digest::of(b"document"),
            document: DidDocument::new(self.cinema.clone(), vec![method]).unwrap(),
        }
    }

    /// Signs anything at all, whether a wallet would or not.
    pub(crate) fn force(&self, body: Body, issuer: &Did, method: Option<DidUrl>, key: &dyn Signer) -> Vec<u8> {
        let draft = Draft {
            id: RecordId::from_random(self.random()),
            issuer: issuer.clone(),
            valid_from: p(NOW),
            valid_until: None,
            body,
        };
        let choices = ProofChoices {
            domain: self.origin.clone(),
            created: p(NOW),
            challenge: None,
            method,
        };
        sign::secure(&draft, choices, key).unwrap()
    }

    /// The cinema's keys, registered by `operator`.
    pub(crate) fn registration(&self, operator: &SoftwareKey) -> Vec<u8> {
        self.force(
            Body::ControllerKeys(Box::new(self.keys())),
            &operator.did(),
            None,
            operator,
        )
    }

    /// The request for `clauses`, signed by the cinema.
    pub(crate) fn request(&self, clauses: &[Clause]) -> Record {
        let (request, notice) = asking(clauses);
        let pen = self.pen(&self.brand_key, NOW);
        brand::request(request, &[notice], self.brand(), &pen).unwrap().record
    }

    pub(crate) fn showing<'a>(&'a self, request: &'a Record, explicit: &'a [Digest]) -> Showing<'a> {
        Showing {
            request,
            language: &self.english,
            explicit,
            valid_until: None,
            strength: Strength::SubjectKey,
            anchor: self.anchor(),
            page: &self.page,
        }
    }

    /// A yes to all of films and letters, by the key, for a year.
    pub(crate) fn consent(&self, request: &Record, key: &dyn Signer) -> Built {
        let mut showing = self.showing(request, &[]);
        showing.valid_until = Some(p("2027-11-22T05:00:00Z"));
        let selected = [films().digest(), letters().digest()];
        let choice = GrantChoice {
            showing,
            invitation: &invitation(),
            selected: &selected,
        };
        grant(&choice, &code(), &self.pen(key, NOW)).unwrap()
    }

    pub(crate) fn anchor(&self) -> Anchor {
        let root = mth(&self.leaves);
        Anchor {
            size: self.leaves.len() as u64,
            root: Digest::from_bytes(root.into()),
        }
    }

    /// Accepts the record as a ledger does on arrival.
    pub(crate) fn arrive(&self, bytes: &[u8], now: Timestamp) -> Record {
        let canonical = CanonicalRecord::parse(bytes).unwrap();
        assert_eq!(canonical.bytes, bytes, "a wallet posts canonical bytes");
        let keys = self.keys();
        let operators = [self.operator.did()];
        let setting = Setting {
            origin: &self.origin,
            operators: &operators,
            keys: Some(&keys),
            now: Some(now),
        };
        assert_eq!(arrival::check(&canonical.record, &setting), Ok(Vec::new()));
        canonical.record
    }

    /// Appends the record's leaf and answers, with `others` leaves that came in the same tick.
    pub(crate) fn answer(&mut self, record: &Record, others: u8) -> RecordAnswer {
        let salt = *Digest::of(&self.random()).as_bytes();
        let leaf_hash = merkle::leaf_hash(&Salt::from_bytes(salt).leaf(&record.digest()));
        let index = self.leaves.len() as u64;
        self.leaves.push(leaf_hash);
        for other in 0..others {
            self.leaves.push(merkle::leaf_hash(&[other]));
        }
        let (note, head) = self.head();
        let proof = merkle::inclusion_proof(index, head.size(), &*self).unwrap();
        let consent = record.consent();
        let statement = Acknowledgement {
            version: Version,
            r#type: AcknowledgementType::Acknowledgement,
            origin: self.origin.clone(),
            index,
            leaf_hash: Digest::from_bytes(leaf_hash.into()),
            controller: self.cinema.clone(),
            seq: index,
            size: head.size(),
            root: Digest::from_bytes(head.root().into()),
            consent,
            last_index: consent.map(|_| index),
            last_digest: consent.map(|_| record.digest()),
        };
        RecordAnswer {
            acknowledgement: sign_statement(statement, &self.operator).unwrap(),
            checkpoint: note.clone(),
            findings: Vec::new(),
            proof: TlogProof::new(index, proof, note).to_string(),
            salt: SaltText::from_bytes(salt),
        }
    }

    pub(crate) fn head(&self) -> (String, Checkpoint) {
        let head = Checkpoint::new(self.origin.clone(), self.leaves.len() as u64, mth(&self.leaves)).unwrap();
        (sign_checkpoint(&head, &self.checkpoint_key).unwrap(), head)
    }

    pub(crate) fn signed_head(&self) -> SignedCheckpoint {
        SignedCheckpoint::open(self.head().0.as_bytes(), self.trust().checkpoint_keys()).unwrap()
    }
}

impl NodeSource for World {
    type Error = Infallible;
    fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        let (width, index) = (1 << level, index as usize);
        Ok(mth(&self.leaves[index * width..(index + 1) * width]))
    }
}

/// MTH of RFC 6962 section 2.1, as it is defined there.
fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&mth(left), &mth(right))
        }
    }
}

pub(crate) fn invitation() -> Invitation {
    Invitation::from_random([5; 16])
}

pub(crate) fn code() -> WithdrawalCode {
    WithdrawalCode::from_random([6; 16])
}

/// The person's key at the cinema, on either curve.
pub(crate) fn person(curve: Algorithm) -> SoftwareKey {
    Seed::from_bytes([9; 32]).pairwise(&p("log.example/placet"), &p(CINEMA), curve, 0)
}
