//! The W3C's tests of RDF Dataset Canonicalization.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use placet_linked_data::{ErrorCode, HashAlgorithm, Quad, Term, canonical_quads};
use serde::Deserialize;

use crate::{nquads, vectors};

/// More than any dataset, with a canonical form or without one, may take; generous, since machines are busy.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Deserialize)]
struct Manifest {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    id: String,
    r#type: String,
    action: String,
    result: Option<String>,
    hash_algorithm: Option<String>,
}

#[test]
fn every_test_of_the_w3c() {
    let Some(folder) = vectors("rdf-canon") else { return };
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let manifest: Manifest = serde_json::from_str(&read("manifest.jsonld")).unwrap();
    let (mut forms, mut maps, mut poisons) = (0, 0, 0);
    for entry in &manifest.entries {
        let hash = match entry.hash_algorithm.as_deref() {
            None => HashAlgorithm::Sha256,
            Some("SHA384") => HashAlgorithm::Sha384,
            Some(other) => panic!("{}: {other}", entry.id),
        };
        let (quads, names) = nquads::parse(&read(&entry.action));
        let canonical = canonical_quads(&quads, hash);
        let result = entry.result.as_deref().map(read);
        match entry.r#type.as_str() {
            "rdfc:RDFC10EvalTest" => {
                assert_eq!(canonical.unwrap().n_quads, result.unwrap(), "{}", entry.id);
                forms += 1;
            }
            "rdfc:RDFC10MapTest" => {
                let expected: BTreeMap<String, String> = serde_json::from_str(&result.unwrap()).unwrap();
                let labels = canonical.unwrap().labels.into_iter();
                let labels: BTreeMap<String, String> =
                    labels.map(|(node, label)| (names[&node].clone(), label)).collect();
                assert_eq!(labels, expected, "{}", entry.id);
                maps += 1;
            }
            "rdfc:RDFC10NegativeEvalTest" => {
                assert_eq!(canonical.unwrap_err().code, ErrorCode::TooComplex, "{}", entry.id);
                poisons += 1;
            }
            other => panic!("{}: {other}", entry.id),
        }
    }
    assert_eq!((forms, maps, poisons), (64, 21, 1));
}

/// Blank nodes that all have `knows` to all others.
fn clique(nodes: u32) -> Vec<Quad> {
    let pairs = (0..nodes).flat_map(|a| (0..nodes).map(move |b| (a, b)));
    pairs.filter(|(a, b)| a != b).map(|(a, b)| knows(a, b)).collect()
}

fn knows(a: u32, b: u32) -> Quad {
    Quad {
        subject: Term::Blank(a),
        predicate: "https://a.example/knows".to_owned(),
        object: Term::Blank(b),
        graph: None,
    }
}

#[test]
fn a_poison_graph_costs_bounded_time() {
    for (what, quads) in [
        ("a clique", clique(10)),
        ("a large clique", clique(100)),
        ("a ring", (0..5_000).map(|at| knows(at, (at + 1) % 5_000)).collect()),
        (
            "a chain of pairs",
            (0..4_000)
                .flat_map(|at| [knows(at, at + 1), knows(at + 1, at)])
                .collect(),
        ),
        (
            "a star of stars",
            (1..5_000)
                .flat_map(|at| [knows(0, at), knows(at, 5_000 + at % 60)])
                .collect(),
        ),
        (
            "many rings of four",
            (0..4_000).map(|at| knows(at, at / 4 * 4 + (at + 1) % 4)).collect(),
        ),
    ] {
        let start = clock();
        let result = canonical_quads(&quads, HashAlgorithm::Sha256);
        let took = start.elapsed();
        assert!(took < PATIENCE, "{what}: {took:?}");
        let code = result.as_ref().map_err(|error| error.code).map(|_| ());
        println!("{what}: {code:?} in {took:?}");
        assert!(matches!(code, Ok(()) | Err(ErrorCode::TooComplex)), "{what}");
    }
    let refused = canonical_quads(&clique(10), HashAlgorithm::Sha256).unwrap_err();
    assert_eq!(refused.code, ErrorCode::TooComplex);
}

#[expect(clippy::disallowed_methods, reason = "measures how long something takes")]
fn clock() -> std::time::Instant {
    std::time::Instant::now()
}

#[test]
fn the_names_and_the_order_of_quads_do_not_matter() {
    let Some(folder) = vectors("rdf-canon") else { return };
    for name in ["rdfc10/test044-in.nq", "rdfc10/test060-in.nq", "rdfc10/test070-in.nq"] {
        let (quads, _) = nquads::parse(&fs::read_to_string(folder.join(name)).unwrap());
        let turned = |term: &Term| match term {
            Term::Blank(node) => Term::Blank(1_000 - node),
            other => other.clone(),
        };
        let others: Vec<Quad> = quads
            .iter()
            .rev()
            .map(|quad| Quad {
                subject: turned(&quad.subject),
                predicate: quad.predicate.clone(),
                object: turned(&quad.object),
                graph: quad.graph.as_ref().map(turned),
            })
            .collect();
        let form = |quads: &[Quad]| canonical_quads(quads, HashAlgorithm::Sha256).unwrap().n_quads;
        assert_eq!(form(&quads), form(&others), "{name}");
    }
}

#[test]
fn a_dataset_is_a_set() {
    // A second copy would change a hash, and with some of these predicates the names.
    for at in 0..16 {
        let about = |predicate: String| Quad {
            predicate,
            ..knows(1, 2)
        };
        let once = [about(format!("urn:{at}")), about("urn:x".to_owned()), knows(3, 4)];
        let twice = [&once[..], &once[..1]].concat();
        let form = |quads: &[Quad]| canonical_quads(quads, HashAlgorithm::Sha256).unwrap();
        assert_eq!(form(&twice), form(&once));
    }
}
