//! An issuer of receipts that says whatever a test wants it to say.

use placet_kernel::credential;
use placet_kernel::jwk;
use placet_kernel::jws::Protected;
use placet_kernel::receipt;
use placet_kernel::sd_jwt::assemble;
use placet_kernel::sign::Signer as _;
use placet_kernel::status::Bits;
use placet_kernel::tlog_proof::TlogProof;
use placet_kernel::trust::{IssuerKey, Sizes, TrustFile};
use placet_linked_data::Contexts;
use placet_schemas::api::SaltText;
use placet_schemas::credential::receipt::{EvidenceType, LogEvidence, Receipt, ReceiptSubject, ReceiptType};
use placet_schemas::credential::sd_jwt::{
    Confirmation, RECEIPT_VCT, SD_JWT_VC_TYP, SdEvidence, SdReceipt, TokenStatus, TokenStatusEntry,
};
use placet_schemas::credential::status::{
    EntryType, ListIndex, StatusEntry, StatusList, StatusListSubject, StatusListType, StatusPurpose, SubjectType,
};
use placet_schemas::credential::{Credential, CredentialProof, Suite, VerifiableCredential};
use placet_schemas::id::{Did, DidUrl, Digest, Iri, Origin, RecordId};
use placet_schemas::json::{self, JcsError};
use placet_schemas::record::{Body, Context};
use placet_schemas::time::Timestamp;
use placet_schemas::version::Version;
use placet_wallet::keys::SoftwareKey;

use serde_json::Value;

use crate::scene::Scene;
use crate::{bytes_of, p};

/// Where the list of [`Issuer::list`] is.
pub const LIST: &str = "https://issuer.example/status/1";
/// How long a list is good for, in seconds.
const LIST_SECONDS: u64 = 300;

/// The issuer.
#[derive(Debug)]
pub struct Issuer {
    /// Who it is.
    pub did: Did,
    /// Its method.
    pub method: DidUrl,
    /// Its key.
    pub key: SoftwareKey,
    /// The method of SD-JWT VCs.
    pub jwt_method: DidUrl,
    /// Its key.
    pub jwt_key: SoftwareKey,
}

impl Issuer {
    /// The issuer `did:web:<name>`.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            did: p(&format!("did:web:{name}")),
            method: p(&format!("did:web:{name}#key-1")),
            key: SoftwareKey::ed25519_from_seed(&bytes_of(name)),
            jwt_method: p(&format!("did:web:{name}#key-2")),
            jwt_key: p256(&format!("{name} p256")),
        }
    }

    /// An issuer that is its own key.
    ///
    /// # Panics
    /// Never: a did:key has a method.
    #[must_use]
    pub fn by_key() -> Self {
        let key = SoftwareKey::ed25519_from_seed(&bytes_of("issuer"));
        Self {
            did: key.did(),
            method: key.did().key_method().unwrap(),
            key,
            jwt_method: p256("issuer p256").did().key_method().unwrap(),
            jwt_key: p256("issuer p256"),
        }
    }

    /// Its key as a trust file names it for a log.
    #[must_use]
    pub fn sized(&self, log: &Origin, sizes: Sizes) -> IssuerKey {
        IssuerKey {
            log: log.clone(),
            method: self.method.clone(),
            public_key_multibase: self.key.public_key().to_multibase(),
            sizes,
        }
    }

    /// A trust file that names this issuer as well.
    #[must_use]
    pub fn trusted(&self, mut file: TrustFile) -> TrustFile {
        let log = file.logs[0].origin.clone();
        file.issuers.push(self.sized(&log, Sizes::ALL));
        file.issuers.push(IssuerKey {
            log,
            method: self.jwt_method.clone(),
            public_key_multibase: self.jwt_key.public_key().to_multibase(),
            sizes: Sizes::ALL,
        });
        file
    }

    /// The same receipt as SD-JWT VC, for the holder of this key.
    ///
    /// # Panics
    /// As [`Issuer::receipt`].
    #[must_use]
    pub fn sd_receipt(&self, scene: &Scene, index: u64, holder: &SoftwareKey) -> String {
        let receipt = self.receipt(scene, index);
        let subject = receipt.credential_subject;
        let members = jwk::members(&holder.public_key()).into_iter();
        let claims = SdReceipt {
            iss: p("https://issuer.example"),
            iat: receipt.valid_from.unix(),
            exp: receipt.valid_until.unix(),
            vct: RECEIPT_VCT.to_owned(),
            sub: Some(subject.id),
            cnf: Confirmation {
                jwk: members
                    .map(|(name, value)| (name.to_owned(), Value::from(value)))
                    .collect(),
            },
            status: TokenStatus {
                status_list: TokenStatusEntry {
                    idx: index,
                    uri: p("https://issuer.example/status/token/1"),
                },
            },
            version: Version,
            consent: subject.consent,
            record: subject.record,
            request: subject.request,
            controllers: subject.controllers,
            notice: subject.notice,
            language: subject.language,
            scope: subject.scope.clauses().to_vec(),
            evidence: SdEvidence {
                r#type: EvidenceType::default(),
                salt: Some(receipt.evidence.salt),
                tlog_proof: receipt.evidence.tlog_proof,
                log_size: receipt.evidence.log_size,
            },
        };
        let mut count = 0;
        let random = || -> Result<[u8; 32], JcsError> {
            count += 1;
            Ok(bytes_of(&format!("salt {count}")))
        };
        let (payload, disclosures) = receipt::withheld(&claims, random).unwrap();
        let header = Protected::new(SD_JWT_VC_TYP, &self.jwt_method, self.jwt_key.algorithm()).unwrap();
        let jwt = header.sign(&json::to_jcs(&payload).unwrap(), &self.jwt_key).unwrap();
        assemble(&jwt, &disclosures)
    }

    /// Signs any credential.
    ///
    /// # Panics
    /// When it cannot be signed.
    #[must_use]
    pub fn sign<T: Credential + Clone>(&self, credential: T, now: Timestamp) -> Vec<u8> {
        self.sign_by(&[Suite::EddsaJcs2022], credential, now)
    }

    /// Signs any credential by each of these suites.
    ///
    /// # Panics
    /// When it cannot be signed.
    #[must_use]
    pub fn sign_by<T: Credential + Clone>(&self, suites: &[Suite], credential: T, now: Timestamp) -> Vec<u8> {
        let secured = suites.iter().fold(credential, |credential, suite| {
            let proof = CredentialProof::new(*suite, now, self.method.clone());
            credential::secure(credential, proof, &self.key, Contexts::bundled()).unwrap()
        });
        json::to_jcs(&secured).unwrap()
    }

    /// The receipt for the consent of a scene as it is now, by the last checkpoint, with this index in the list; not signed.
    ///
    /// # Panics
    /// When the scene has no consent, or no checkpoint that has its last record.
    #[must_use]
    pub fn receipt(&self, scene: &Scene, index: u64) -> Receipt {
        let state = scene.state();
        let entry = |digest: Digest| {
            let mut entries = scene.log.entries.iter();
            entries.find(|entry| entry.record.digest() == digest).unwrap()
        };
        let record = entry(*state.chain.last().unwrap());
        let shown = state
            .chain
            .iter()
            .rev()
            .find_map(|digest| match &entry(*digest).record.body {
                Body::ConsentGrant(grant) => Some(&grant.shown),
                Body::Renewal(renewal) => Some(&renewal.shown),
                _ => None,
            });
        let Body::ConsentRequest(request) = &scene.request.record.body else {
            panic!("a scene asks by a request");
        };
        let head = scene.checkpoints.last().unwrap();
        let opening = scene.log.opening(record.index, head.size);
        let shown = shown.unwrap();
        Receipt {
            context: Context,
            id: RecordId::from_random(bytes_of(&format!("receipt {index}"))),
            r#type: (VerifiableCredential::default(), ReceiptType::default()),
            issuer: self.did.clone(),
            valid_from: scene.clock,
            valid_until: state.valid_until,
            credential_subject: ReceiptSubject {
                version: Version,
                id: state.subject.clone(),
                holder_key: None,
                consent: state.consent,
                record: record.record.digest(),
                request: state.request,
                controllers: request.controllers.clone(),
                notice: shown.notice,
                language: shown.language.clone(),
                scope: state.scope.clone(),
            },
            credential_status: StatusEntry {
                r#type: EntryType::default(),
                status_purpose: StatusPurpose::default(),
                status_list_index: ListIndex(index),
                status_list_credential: p::<Iri>(LIST),
            },
            evidence: LogEvidence {
                r#type: EvidenceType::default(),
                salt: SaltText::from_bytes(*opening.salt.as_bytes()),
                tlog_proof: TlogProof::new(opening.index, opening.proof, head.note.clone()).to_string(),
                log_size: head.size,
            },
            proof: None,
        }
    }

    /// The status list of that moment, not signed.
    #[must_use]
    pub fn list(&self, bits: &Bits, now: Timestamp) -> StatusList {
        StatusList {
            context: Context,
            id: p(LIST),
            r#type: (VerifiableCredential::default(), StatusListType::default()),
            issuer: self.did.clone(),
            valid_from: now,
            valid_until: now.plus_seconds(LIST_SECONDS),
            credential_subject: StatusListSubject {
                r#type: SubjectType::default(),
                status_purpose: StatusPurpose::default(),
                encoded_list: bits.to_bitstring(),
            },
            proof: None,
        }
    }
}

fn p256(name: &str) -> SoftwareKey {
    SoftwareKey::p256_from_scalar(&bytes_of(name)).unwrap()
}
