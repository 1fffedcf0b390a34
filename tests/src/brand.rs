//! Brands and their keys.

use placet_kernel::sign::{Algorithm, Signer as _};
use placet_schemas::id::{Did, DidUrl, Digest, Origin};
use placet_schemas::json;
use placet_schemas::record::keys::{ControllerKeys, DidDocument, KeySource, Multikey, VerificationMethod};
use placet_schemas::record::{Body, CanonicalRecord};
use placet_schemas::time::Timestamp;
use placet_schemas::version::Version;
use placet_wallet::brand as builders;
use placet_wallet::keys::SoftwareKey;

use crate::{Claim, bytes_of, p};

/// A brand that can sign.
#[derive(Debug, Clone)]
pub struct Brand {
    /// Its DID.
    pub did: Did,
    /// Its name in law.
    pub legal_name: &'static str,
    /// The key in use.
    pub key: SoftwareKey,
    /// The method of that key.
    pub method: DidUrl,
}

impl Brand {
    /// A cinema with a `did:web`.
    #[must_use]
    pub fn cinema() -> Self {
        Self::web("cinema.example", "Example Cinema plc")
    }

    /// A film festival with a `did:web`.
    #[must_use]
    pub fn festival() -> Self {
        Self::web("festival.example", "Film Festival e. V.")
    }

    /// A gym whose DID is its key.
    #[must_use]
    pub fn gym() -> Self {
        let key = SoftwareKey::ed25519_from_seed(&bytes_of("gym"));
        let did = key.did();
        Self {
            method: did.key_method().unwrap(),
            did,
            legal_name: "Example Gym GmbH",
            key,
        }
    }

    /// Takes another key into use, under another name; what it signed before was signed by the old one.
    pub fn rotate(&mut self, key: SoftwareKey, fragment: &str) {
        self.key = key;
        self.method = p(&format!("{}#{fragment}", self.did));
    }

    /// The DID document as an operator would record it.
    #[must_use]
    pub fn keys(&self) -> ControllerKeys {
        let method = VerificationMethod {
            id: self.method.clone(),
            r#type: Multikey::Multikey,
            controller: self.did.clone(),
            public_key_multibase: self.key.public_key().to_multibase(),
        };
        let document = DidDocument::new(self.did.clone(), vec![method]).unwrap();
        ControllerKeys {
            version: Version,
            legal_name: p(self.legal_name),
            source: KeySource::Supplied,
            document_digest: Digest::of(&json::to_jcs(&document).unwrap()),
            document,
        }
    }

    /// The `ControllerKeys` record of this brand.
    #[must_use]
    pub fn keys_record(&self, origin: &Origin, operator: &SoftwareKey, at: Timestamp) -> CanonicalRecord {
        let claim = Claim {
            issuer: operator.did(),
            method: None,
            domain: origin.clone(),
            from: at,
            until: None,
            challenge: None,
            body: Body::ControllerKeys(Box::new(self.keys())),
        };
        claim.sign(operator)
    }

    /// Itself, as the builders of the wallet want it.
    #[must_use]
    pub fn signer(&self) -> builders::Brand<'_> {
        builders::Brand {
            did: &self.did,
            method: &self.method,
        }
    }

    /// Whether its key in use is Ed25519.
    #[must_use]
    pub fn signs_ed25519(&self) -> bool {
        self.key.algorithm() == Algorithm::Ed25519
    }

    /// A brand with a `did:web` at this host.
    #[must_use]
    pub fn web(host: &str, legal_name: &'static str) -> Self {
        let did: Did = p(&format!("did:web:{host}"));
        Self {
            method: p(&format!("{did}#key-1")),
            did,
            legal_name,
            key: SoftwareKey::ed25519_from_seed(&bytes_of(host)),
        }
    }
}
