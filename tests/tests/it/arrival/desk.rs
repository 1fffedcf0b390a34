//! Who judges single records, and a scene to take them from.

use placet_kernel::arrival::{self, Finding, Refusal, Setting};
use placet_kernel::sign::Signer;
use placet_schemas::id::{Did, DidUrl, Digest, RecordId};
use placet_schemas::record::consent::{Anchor, EndedByController, ErasureRequest, Relayed, Withdrawal};
use placet_schemas::record::holders::{HolderKeyAuthorization, Holders};
use placet_schemas::record::keys::ControllerKeys;
use placet_schemas::record::{Body, CanonicalRecord, Cryptosuite, Draft, ProofConfig, ProofValue, Record};
use placet_schemas::time::Timestamp;
use placet_schemas::version::Version;
use placet_tests::p;
use placet_tests::scene::Scene;
use placet_wallet::keys::SoftwareKey;

/// A scene in which a consent was given, and the judge of single records.
pub(super) struct Desk {
    pub(super) scene: Scene,
    pub(super) operators: Vec<Did>,
}

impl Desk {
    pub(super) fn new() -> Self {
        let mut scene = Scene::new();
        scene.grant();
        let operators = vec![scene.log.operator.did()];
        Self { scene, operators }
    }

    pub(super) fn check(&self, record: &Record, keys: Option<&ControllerKeys>) -> Result<Vec<Finding>, Refusal> {
        self.check_at(record, keys, Some(self.scene.clock))
    }

    pub(super) fn check_at(
        &self,
        record: &Record,
        keys: Option<&ControllerKeys>,
        now: Option<Timestamp>,
    ) -> Result<Vec<Finding>, Refusal> {
        let setting = Setting {
            origin: &self.scene.log.origin,
            operators: &self.operators,
            keys,
            now,
        };
        arrival::check(record, &setting)
    }

    pub(super) fn erasure(&self) -> Body {
        Body::ErasureRequest(ErasureRequest {
            version: Version,
            consent: self.scene.consent(),
            ground: None,
            categories: None,
            anchor: self.scene.anchor(),
        })
    }

    pub(super) fn holding(&self, holders: &[Did]) -> Body {
        Body::HolderKeyAuthorization(HolderKeyAuthorization {
            version: Version,
            consent: self.scene.consent(),
            holders: Holders::from_members(holders.iter().cloned()).unwrap(),
        })
    }

    pub(super) fn withdrawal(&self, relayed: bool) -> Body {
        Body::Withdrawal(Withdrawal {
            version: Version,
            consent: self.scene.consent(),
            anchor: Some(Anchor {
                size: 1 << 50,
                root: Digest::of(b"another log"),
            }),
            relayed: relayed.then(|| Relayed {
                channel: p("phone"),
                received_at: self.scene.clock,
            }),
        })
    }

    pub(super) fn ended(&self) -> Body {
        Body::EndedByController(EndedByController {
            version: Version,
            consent: self.scene.consent(),
            reason: p("The club was closed."),
        })
    }

    /// A record whose proof names `method` and `suite`, signed with any key.
    pub(super) fn forged(
        &self,
        issuer: Did,
        method: DidUrl,
        suite: Cryptosuite,
        body: Body,
        key: &SoftwareKey,
    ) -> Record {
        let (draft, config) = self.parts(issuer, method, suite, body);
        let signature = key.sign(&draft.signing_input(&config).unwrap()).unwrap();
        secured(&draft, &config, &signature)
    }

    pub(super) fn parts(&self, issuer: Did, method: DidUrl, suite: Cryptosuite, body: Body) -> (Draft, ProofConfig) {
        let draft = Draft {
            id: RecordId::from_random([7; 16]),
            issuer,
            valid_from: self.scene.clock,
            valid_until: None,
            body,
        };
        let config = ProofConfig {
            cryptosuite: suite,
            created: self.scene.clock,
            verification_method: method,
            domain: self.scene.log.origin.clone(),
            challenge: None,
        };
        (draft, config)
    }
}

pub(super) fn secured(draft: &Draft, config: &ProofConfig, signature: &[u8; 64]) -> Record {
    let value: ProofValue = p(&format!("z{}", base58(signature)));
    CanonicalRecord::parse(&draft.secure(config, &value).unwrap())
        .unwrap()
        .record
}

/// Base58-btc, digit by digit.
pub(super) fn base58(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut digits = vec![0u32];
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += *digit << 8;
            *digit = carry % 58;
            carry /= 58;
        }
        while carry > 0 {
            digits.push(carry % 58);
            carry /= 58;
        }
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).map(|_| '1');
    zeros
        .chain(digits.iter().rev().map(|digit| char::from(ALPHABET[*digit as usize])))
        .collect()
}
