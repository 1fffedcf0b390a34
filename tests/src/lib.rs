//! What the integration tests share: two brands, a person, witnesses, and a log in memory that says whatever a test wants
//! it to say, true or not.
//!
//! Everything is the same in every run: keys come from fixed seeds, salts and names from counters, and time is a number
//! that a test moves.

#![expect(
    clippy::unwrap_used,
    reason = "this library is for tests only: whatever fails in a fixture must fail the test"
)]

pub mod brand;
pub mod caller;
pub mod desk;
pub mod fuzz;
pub mod history;
pub mod issuer;
pub mod log;
pub mod offer;
pub mod process;
pub mod receipts;
pub mod report;
pub mod sample;
pub mod scene;
pub mod shop;
pub mod tree;
pub mod verifier;
pub mod watch;

use std::fmt::Debug;
use std::str::FromStr;

use placet_kernel::sign::{self, ProofChoices, Signer};
use placet_schemas::id::{Did, DidUrl, Digest, Origin, RecordId};
use placet_schemas::record::{Body, CanonicalRecord, Draft, Invitation};
use placet_schemas::time::Timestamp;

/// Parses what the test knows to be legal.
///
/// # Panics
/// When it is not.
#[must_use]
pub fn p<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse()
        .unwrap_or_else(|fault| panic!("{text:?} is no legal value: {fault:?}"))
}

/// 16 bytes that are the same in every run and differ for every label.
#[must_use]
pub fn bytes_of<const N: usize>(label: &str) -> [u8; N] {
    *Digest::of(label.as_bytes()).as_bytes().first_chunk().unwrap()
}

/// A record that no builder would sign: whatever is said, by whomever, at any time.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The signer's DID.
    pub issuer: Did,
    /// The method that the proof names; `None` is the did:key's own.
    pub method: Option<DidUrl>,
    /// The log that the proof names.
    pub domain: Origin,
    /// `validFrom`.
    pub from: Timestamp,
    /// `validUntil`.
    pub until: Option<Timestamp>,
    /// `proof.challenge`.
    pub challenge: Option<Invitation>,
    /// What is said.
    pub body: Body,
}

impl Claim {
    /// Signs the claim with any key at all.
    ///
    /// # Panics
    /// When the record could not even be parsed.
    #[must_use]
    pub fn sign(self, key: &dyn Signer) -> CanonicalRecord {
        let said = placet_schemas::json::to_jcs(&(&self.issuer, self.from, &self.body)).unwrap();
        let draft = Draft {
            id: RecordId::from_random(*Digest::of(&said).as_bytes().first_chunk().unwrap()),
            issuer: self.issuer.clone(),
            valid_from: self.from,
            valid_until: self.until,
            body: self.body,
        };
        let choices = ProofChoices {
            domain: self.domain,
            created: self.from,
            challenge: self.challenge,
            method: self.method.or_else(|| self.issuer.key_method()),
        };
        CanonicalRecord::parse(&sign::secure(&draft, choices, key).unwrap()).unwrap()
    }
}
