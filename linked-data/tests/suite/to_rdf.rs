//! The W3C's tests of JSON-LD to RDF (`../vectors/README.md` says where they are from).
//!
//! What is supported must be right, and what is not must be an error: of no document are other statements made than the
//! W3C's, and no document that JSON-LD forbids is accepted.

use std::collections::BTreeMap;

use placet_linked_data::{Contexts, ErrorCode, HashAlgorithm, canonical, canonical_quads};
use serde::Deserialize;

use crate::nquads;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    name: String,
    kind: Kind,
    input: String,
    /// N-Quads, or the code of the error.
    expect: Option<String>,
}

#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Positive,
    Negative,
    /// Any answer without an error.
    Syntax,
}

#[test]
fn no_document_means_anything_else_than_to_the_w3c() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../vectors/to-rdf.json")).unwrap();
    let (mut same, mut refused) = (0, BTreeMap::new());
    for case in &cases {
        let place = format!("{} {}: {}", case.id, case.name, case.input);
        match (canonical(case.input.as_bytes(), Contexts::bundled()), case.kind) {
            (Ok(n_quads), Kind::Positive) => {
                let (quads, _) = nquads::parse(case.expect.as_deref().unwrap());
                let expected = canonical_quads(&quads, HashAlgorithm::Sha256).unwrap().n_quads;
                assert_eq!(n_quads, expected, "{place}");
                same += 1;
            }
            (Ok(n_quads), Kind::Negative) => panic!("{place} gave {n_quads}"),
            (Ok(_), Kind::Syntax) => {}
            (Err(_), Kind::Negative) => {}
            (Err(error), Kind::Positive | Kind::Syntax) => *refused.entry(error.code.as_str()).or_insert(0) += 1,
        }
    }
    assert_eq!((cases.len(), same), (442, 163));
    // What credentials do not use, and what would not be signed. A number that falls is a gain, and to be written here.
    let expected = [
        (ErrorCode::Unsupported, 119),
        (ErrorCode::InvalidIri, 16),
        (ErrorCode::InvalidValue, 22),
        (ErrorCode::Dropped, 8),
        (ErrorCode::UndefinedTerm, 8),
        (ErrorCode::InvalidContext, 8),
        (ErrorCode::UnknownContext, 4),
        (ErrorCode::Json, 2),
    ];
    assert_eq!(refused, expected.map(|(code, count)| (code.as_str(), count)).into());
}
