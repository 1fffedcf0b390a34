//! Canonical RDF, byte for byte as the packages `jsonld` and `rdf-canonize` of npm write it.

use std::fs;
use std::path::{Path, PathBuf};

use placet_kernel::status::Bits;
use placet_linked_data::{Contexts, canonical};
use placet_tests::receipts::Issuer;
use placet_tests::scene::Scene;
use serde_json::{Value, json};

use super::javascript::{install, node_js};
use super::tools::{self, ready};

/// Contexts by their IRIs, and where they are in this repository.
const CONTEXTS: [(&str, &str); 2] = [
    (
        "https://www.w3.org/ns/credentials/v2",
        "linked-data/contexts/credentials-v2.jsonld",
    ),
    ("https://w3id.org/placet/v1", "schemas/contexts/v1.jsonld"),
];

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Signed and unsigned credentials, every example of a record, and what other documents may hold.
fn documents() -> Vec<Value> {
    let mut scene = Scene::new();
    scene.grant();
    scene.publish();
    let (issuer, now) = (Issuer::by_key(), scene.clock);
    let receipt = issuer.sign(issuer.receipt(&scene, 7), now);
    let list = issuer.sign(issuer.list(&Bits::none_set(), now), now);
    let mut documents: Vec<Value> = [receipt, list]
        .iter()
        .map(|bytes| serde_json::from_slice(bytes).unwrap())
        .collect();
    for entry in fs::read_dir(repository("schemas/examples")).unwrap() {
        let document = read(&entry.unwrap().path());
        if document.get("@context").is_some() {
            documents.push(document);
        }
    }
    for value in [
        json!(1),
        json!(-0.0),
        json!(1.5),
        json!(1e-6),
        json!(123_456_789.25),
        json!(true),
        json!("é\u{1}\n\"\\\u{7f}"),
        json!([]),
        json!({"@value": "x", "@language": "EN-gb"}),
        json!({"@value": 2, "@type": "http://www.w3.org/2001/XMLSchema#double"}),
        json!({"@value": {"b": [1.5, null, 1e30_f64.recip()], "a\u{e000}": 1, "a😀": "\u{7f}"}, "@type": "@json"}),
        json!({"@list": [1, [2], {}]}),
        json!([{"urn:q": 1}, {"urn:q": 1}, {"@id": "urn:b"}, {"@graph": [{"urn:q": {"@id": "_:x"}}]}]),
    ] {
        documents.push(json!({"@id": "urn:a", "urn:p": value, "urn:r": {"@id": "_:x"}}));
    }
    documents
}

#[test]
fn canonical_forms_are_those_of_a_foreign_library() {
    let Some(programs) = ready(install()) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, value: &Value| {
        let path = folder.path().join(name);
        fs::write(&path, value.to_string()).unwrap();
        path
    };
    let contexts = CONTEXTS
        .iter()
        .map(|(iri, path)| ((*iri).to_owned(), read(&repository(path))));
    let contexts = write("contexts", &Value::Object(contexts.collect()));
    let mut documents = documents();
    let sound = documents.len();
    // What the library refuses to sign, nobody signs here.
    for (member, value) in [
        ("unheardOf", json!(1)),
        ("id", json!("relative")),
        ("type", json!(["VerifiableCredential", "Unheard"])),
    ] {
        let mut document = documents[0].clone();
        document[member] = value;
        documents.push(document);
    }
    let files = documents
        .iter()
        .enumerate()
        .map(|(at, document)| write(&at.to_string(), document));
    let mut command = node_js(&programs, "canonize.mjs");
    command.arg("--contexts").arg(contexts).args(files);
    let answers: Vec<Value> = serde_json::from_slice(&tools::run(&mut command).unwrap()).unwrap();
    assert_eq!(answers.len(), documents.len());
    for (at, (document, answer)) in documents.iter().zip(answers).enumerate() {
        let ours = canonical(document.to_string().as_bytes(), Contexts::bundled());
        assert_eq!(
            answer["nQuads"].as_str(),
            ours.as_deref().ok(),
            "{document} {answer} {ours:?}"
        );
        assert_eq!(ours.is_ok(), at < sound, "{document}");
    }
}
