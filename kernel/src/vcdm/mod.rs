//! Other people's credentials: what the W3C's Recommendations demand of them, and whether what secures them counts.
//!
//! One place for all of it: the Verifiable Credentials Data Models 2.0 and 1.1 ([`Draft`]), proofs of Data Integrity with
//! their sets and chains, the two EdDSA suites, credentials in JOSE envelopes, Bitstring Status Lists ([`verify_credential`],
//! [`verify_presentation`]), and the making of credentials that pass all of that ([`secure`], [`envelop`]).
//!
//! Pure, as all of the kernel: what has to be known besides (what a JSON-LD document means, whose keys a DID's are, a status
//! list) the caller's [`Surroundings`] say, and whatever they do not know is a refusal. Numbers with a fraction are not read.

mod document;
mod envelope;
mod identity;
mod issue;
mod json;
mod presentation;
mod proofs;
mod refusal;
mod related;
mod shape;
mod status;
#[cfg(test)]
mod tests;
mod text;

use placet_schemas::time::Timestamp;

pub use document::{Draft, Version};
pub use identity::Purpose;
pub use issue::{Suite, envelop, secure, with_status};
pub use presentation::{verify_credential, verify_presentation};
pub use refusal::{Code, Refusal};
pub use status::Entry;

/// Largest credential or presentation, in bytes: its canonical form costs more than its size.
pub const MAX_DOCUMENT_BYTES: usize = 256 * 1024;
/// Most proofs of one document.
pub const MAX_PROOFS: usize = 8;
/// Most proofs of a presentation and its credentials together: each costs two canonical forms.
pub const MAX_PROOFS_IN_ALL: usize = 20;
/// Most credentials of one presentation.
pub const MAX_CREDENTIALS: usize = 16;
/// Most elements of an array that the data model gives a meaning to, such as schemas or evidence.
pub const MAX_ITEMS: usize = 64;
/// Longest URL, in bytes.
pub const MAX_URL_BYTES: usize = 2048;
/// How far clocks may be apart, in seconds, where an envelope says from when on it counts.
pub const MAX_SKEW_SECONDS: u64 = 60;

/// What a verifier asks for, and what it knows.
#[derive(Clone, Copy)]
pub struct Policy<'a> {
    /// When it is.
    pub now: Timestamp,
    /// For whom a presentation has to be made.
    pub domain: Option<&'a str>,
    /// What it has to answer.
    pub challenge: Option<&'a str>,
    /// What the caller knows.
    pub surroundings: &'a dyn Surroundings,
}

/// What the kernel cannot know by itself. Whoever answers reaches no network for it: an answer of "not known" refuses the
/// document, and that is the safe one.
pub trait Surroundings {
    /// What `eddsa-rdfc-2022` signs of a document, with the proofs that come before this one in it, and of a proof's options.
    ///
    /// # Errors
    /// When either has no canonical form.
    fn linked_input(&self, document: &[u8], options: &[u8]) -> Result<[u8; 64], Refusal>;

    /// Whether JSON-LD gives all of a document a meaning.
    ///
    /// # Errors
    /// When it does not: an unknown context, a term without a definition.
    fn meaning(&self, document: &[u8]) -> Result<(), Refusal>;

    /// What has been published under a URL; nothing where that is not known.
    fn resource(&self, url: &str) -> Vec<&[u8]>;

    /// The DID document of a DID that is not its own key.
    fn did_document(&self, did: &str) -> Option<Vec<u8>>;

    /// The status list credential at a URL.
    fn status_list(&self, url: &str) -> Option<Vec<u8>>;
}

/// What was found out about a document that counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// Who says it: a credential's issuer, or whoever presents.
    pub by: Option<String>,
    /// Pointers to what was neither checked nor needed for the verdict, such as a schema.
    pub unchecked: Vec<String>,
}
