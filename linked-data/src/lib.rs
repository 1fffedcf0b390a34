//! JSON-LD credentials as canonical RDF, and `eddsa-rdfc-2022` proofs over it: what other people's wallets, issuers and
//! verifiers speak.
//!
//! ```text
//! document --json--> members --expand, by bundled contexts--> quads --rdfc--> N-Quads --proof--> 64 bytes to sign
//! ```
//!
//! In scope: the part of JSON-LD 1.1 that credentials use, RDFC-1.0 whole, and Data Integrity's `eddsa-rdfc-2022`. Out of
//! scope, and an error that says so: `@reverse`, `@nest`, `@included`, `@index`, `@import`, `@base`, `@direction`, the containers
//! `@index`, `@id` and `@type`, relative IRIs, chains of proofs (which `placet_kernel::vcdm` judges). Whatever another processor would drop in silence is an error
//! too: it would not be signed. So where this crate gives N-Quads at all, they are the specification's, of the whole document.
//!
//! Pure: bytes go in, bytes come out. No context is ever fetched, there is no clock and no randomness, and each thing that an
//! attacker could make large has a limit below.

mod active;
mod contexts;
mod define;
mod error;
mod expand;
mod iri;
mod json;
mod literal;
mod process;
mod proof;
mod rdf;
mod rdfc;

pub use contexts::{Contexts, published};
pub use error::{ErrorCode, LinkedError};
pub use proof::{CRYPTOSUITE, signing_input, verify};
pub use rdf::{Quad, Term};
pub use rdfc::{Canonical, HashAlgorithm, MAX_RECURSION, MAX_WORK};

use json::Json;

/// Longest JSON text, in bytes: a status list of some hundred thousand entries fits in.
pub const MAX_BYTES: usize = 1 << 20;
/// How deep arrays and objects may nest in a document. The walks recurse, so this bounds their stack.
pub const MAX_DEPTH: usize = 64;
/// Most statements of a document.
pub const MAX_QUADS: usize = 16_384;
/// Most proofs of a document that are looked at.
pub const MAX_PROOFS: usize = 16;
/// How deep contexts may name other contexts.
pub const MAX_CONTEXT_DEPTH: usize = 8;
/// How many definitions one definition may rest on, one after another.
pub const MAX_PREFIX_DEPTH: usize = 16;
/// How often terms may be defined in one document: a context that comes with a type is taken in anew at each node of it.
pub const MAX_CONTEXT_WORK: usize = 100_000;

/// A document's canonical form: its RDF dataset by RDFC-1.0 with SHA-256, in N-Quads.
///
/// # Errors
/// See [`ErrorCode`]: whatever would be dropped, an unknown context, and what is over a limit.
pub fn canonical(document: &[u8], contexts: &Contexts) -> Result<String, LinkedError> {
    canonical_of(&read(document)?, contexts)
}

/// The canonical form of quads that the caller has already.
///
/// # Errors
/// [`ErrorCode::TooLarge`], [`ErrorCode::TooComplex`].
pub fn canonical_quads(quads: &[Quad], hash: HashAlgorithm) -> Result<Canonical, LinkedError> {
    if quads.len() > MAX_QUADS {
        let message = format!("the dataset has over {MAX_QUADS} statements");
        return Err(LinkedError::new("", ErrorCode::TooLarge, message));
    }
    rdfc::canonicalize(quads, hash).map_err(|fault| fault.at(""))
}

fn canonical_of(document: &Json, contexts: &Contexts) -> Result<String, LinkedError> {
    let quads = expand::quads(document, contexts)?;
    Ok(canonical_quads(&quads, HashAlgorithm::Sha256)?.n_quads)
}

fn read(bytes: &[u8]) -> Result<Json, LinkedError> {
    if bytes.len() > MAX_BYTES {
        return Err(LinkedError::new(
            "",
            ErrorCode::TooLarge,
            format!("the JSON text is over {MAX_BYTES} bytes"),
        ));
    }
    json::parse(bytes).map_err(|fault| fault.at(""))
}
