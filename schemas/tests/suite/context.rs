//! The JSON-LD context against the records: every member means something, every term is used, and none of VCDM's is
//! taken away.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::common::records::all;

/// The terms that the context of VCDM 2.0 (https://www.w3.org/ns/credentials/v2) defines everywhere and protects.
const VCDM: &str = "id type description digestMultibase digestSRI mediaType name VerifiableCredential \
    EnvelopedVerifiableCredential VerifiablePresentation EnvelopedVerifiablePresentation JsonSchemaCredential JsonSchema \
    BitstringStatusListCredential BitstringStatusList BitstringStatusListEntry DataIntegrityProof ... _sd _sd_alg aud cnf \
    exp iat iss jku kid nbf sub x5u";

/// What it defines in a `VerifiableCredential`, and there alone.
const VCDM_CREDENTIAL: &str = "confidenceMethod credentialSchema credentialStatus credentialSubject description evidence \
    issuer name proof refreshService relatedResource renderMethod termsOfUse validFrom validUntil";

/// What it defines in a `DataIntegrityProof`, and there alone.
const VCDM_PROOF: &str = "challenge created cryptosuite domain expires nonce previousProof proofPurpose proofValue \
    verificationMethod";

/// What it defines in a `BitstringStatusListEntry`, and there alone.
const VCDM_STATUS: &str = "statusListCredential statusListIndex statusPurpose";

/// A receipt: no record, and by the same context.
const RECEIPT: &[u8] = include_bytes!("../../../docs/examples/receipt.json");

/// Terms of VCDM that a context of ours defines anew below one of our own members, as JSON-LD 1.1 section 4.1.11 allows
/// there and only there, with the member.
const ANEW: [(&str, &str, &str); 2] = [
    ("audience", "description", "a text per language; VCDM's is a single one"),
    (
        "document",
        "verificationMethod",
        "the same IRI as in a proof, and a set",
    ),
];

/// A receipt that a key of another wallet holds: the one with a `holderKey`.
fn receipt_for_another_key() -> Vec<u8> {
    let mut receipt: Value = serde_json::from_slice(RECEIPT).unwrap();
    receipt["credentialSubject"]["holderKey"] = receipt["credentialSubject"]["id"].clone();
    receipt.to_string().into_bytes()
}

fn context() -> Map<String, Value> {
    let text = include_str!("../../contexts/v1.jsonld");
    let document: Value = serde_json::from_str(text).unwrap();
    document["@context"].as_object().unwrap().clone()
}

fn terms(context: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    context.iter().filter(|(term, _)| !term.starts_with('@'))
}

/// Terms and their definitions, as they are in force somewhere in a document. VCDM's own have none here.
type Active = BTreeMap<String, Option<Value>>;

fn vcdm(list: &str) -> impl Iterator<Item = (String, Option<Value>)> {
    list.split_whitespace().map(|term| (term.to_owned(), None))
}

/// What the walk over a document found.
#[derive(Default)]
struct Found {
    undefined: BTreeSet<String>,
    /// Term and definition, since a term may have several.
    used: BTreeSet<(String, String)>,
    prefixes: BTreeSet<String>,
}

impl Found {
    fn term(&mut self, active: &Active, term: &str, at: &str) -> Option<Value> {
        match active.get(term) {
            None => drop(self.undefined.insert(format!("{at}/{term}"))),
            Some(None) => {}
            Some(Some(definition)) => {
                self.used.insert((term.to_owned(), definition.to_string()));
                return Some(definition.clone());
            }
        }
        None
    }

    fn node(&mut self, global: &Active, active: &Active, node: &Map<String, Value>, at: &str) {
        let mut here = active.clone();
        let types = node
            .get("type")
            .map(|t| t.as_array().cloned().unwrap_or_else(|| vec![t.clone()]));
        for name in types.unwrap_or_default() {
            let name = name.as_str().unwrap().to_owned();
            self.term(active, &name, at);
            match name.as_str() {
                "VerifiableCredential" => here.extend(vcdm(VCDM_CREDENTIAL)),
                "DataIntegrityProof" => here.extend(vcdm(VCDM_PROOF)),
                "BitstringStatusListEntry" => here.extend(vcdm(VCDM_STATUS)),
                _ => {}
            }
        }
        for (key, value) in node {
            if key == "@context" || key == "type" {
                continue;
            }
            let definition = self.term(&here, key, at).unwrap_or_default();
            let at = format!("{at}/{key}");
            // What a type defines ends with its node (JSON-LD 1.1 section 4.1.9); what a property defines goes on below.
            let of_its_own = ["/credentialSubject", "/credentialStatus", "/evidence", "/proof"];
            let mut below = if of_its_own.contains(&at.as_str()) {
                global.clone()
            } else {
                active.clone()
            };
            if let Some(scoped) = definition.get("@context").and_then(Value::as_object) {
                below.extend(terms(scoped).map(|(term, definition)| (term.clone(), Some(definition.clone()))));
            }
            self.value(global, &below, &definition, value, &at);
        }
    }

    fn value(&mut self, global: &Active, active: &Active, definition: &Value, value: &Value, at: &str) {
        if let Some(datatype) = definition.get("@type").and_then(Value::as_str) {
            self.prefix(datatype);
        }
        match value {
            // The keys of these are data: languages.
            Value::Object(_) if definition.get("@container") == Some(&json!("@language")) => {}
            Value::Object(_) if definition.get("@type") == Some(&json!("@json")) => {}
            Value::Object(node) => self.node(global, active, node, at),
            Value::Array(elements) => elements
                .iter()
                .for_each(|v| self.value(global, active, definition, v, at)),
            Value::String(text) if definition.get("@type") == Some(&json!("@id")) => self.prefix(text),
            _ => {}
        }
    }

    fn prefix(&mut self, text: &str) {
        if let Some((prefix, _)) = text.split_once(':') {
            self.prefixes.insert(prefix.to_owned());
        }
    }
}

fn walk() -> Found {
    let context = context();
    let ours = terms(&context).map(|(term, definition)| (term.clone(), Some(definition.clone())));
    let global: Active = vcdm(VCDM).chain(ours).collect();
    let mut found = Found::default();
    for bytes in all()
        .into_iter()
        .map(|(_, bytes)| bytes)
        .chain([RECEIPT.to_vec(), receipt_for_another_key()])
    {
        let record: Value = serde_json::from_slice(&bytes).unwrap();
        found.node(&global, &global, record.as_object().unwrap(), "");
    }
    found
}

#[test]
fn every_member_of_every_record_is_defined() {
    let undefined = walk().undefined;
    assert!(undefined.is_empty(), "{undefined:#?}");
}

/// Every term with its definitions at any depth.
fn defined(context: &Map<String, Value>, out: &mut BTreeSet<(String, String)>) {
    for (term, definition) in terms(context) {
        out.insert((term.clone(), definition.to_string()));
        if let Some(scoped) = definition.get("@context").and_then(Value::as_object) {
            defined(scoped, out);
        }
    }
}

fn is_prefix(definition: &str) -> bool {
    definition.trim_matches('"').ends_with('#') && !definition.starts_with('{')
}

#[test]
fn every_term_is_used_by_a_record() {
    let mut all = BTreeSet::new();
    defined(&context(), &mut all);
    let found = walk();
    let unused: Vec<_> = all
        .iter()
        .filter(|(_, definition)| !is_prefix(definition))
        .filter(|t| !found.used.contains(*t))
        .collect();
    assert!(unused.is_empty(), "{unused:#?}");
}

/// A prefix is used by a term that a record has, or by the context itself; and what looks like a prefix is one.
#[test]
fn every_prefix_is_used_and_every_compact_iri_has_one() {
    let mut all = BTreeSet::new();
    defined(&context(), &mut all);
    let prefixes: BTreeSet<_> = all
        .iter()
        .filter(|(_, d)| is_prefix(d))
        .map(|(term, _)| term.clone())
        .collect();
    assert_eq!(
        prefixes.iter().map(String::as_str).collect::<Vec<_>>(),
        ["dpv", "eu-gdpr", "pd", "placet", "xsd"]
    );
    let mut used = walk().prefixes;
    for (term, definition) in &all {
        let definition: Value = serde_json::from_str(definition).unwrap();
        let iri = definition
            .get("@id")
            .unwrap_or(&definition)
            .as_str()
            .unwrap()
            .to_owned();
        let (prefix, name) = iri.split_once(':').unwrap();
        assert!(prefixes.contains(prefix) || iri.starts_with("http"), "{term} is {iri}");
        assert!(!name.is_empty());
        used.insert(prefix.to_owned());
    }
    let unused: Vec<_> = prefixes.difference(&used).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

/// Outside a member of ours, no term of VCDM is defined again: neither those in force everywhere nor those that a
/// credential or a proof brings, which a processor would refuse to see changed (JSON-LD 1.1 section 4.1.11).
#[test]
fn no_term_of_vcdm_is_taken_away() {
    let context = context();
    assert_eq!(context["@protected"], true);
    assert_eq!(context["@version"], json!(1.1));
    let taken: BTreeSet<&str> = [VCDM, VCDM_CREDENTIAL, VCDM_PROOF, VCDM_STATUS]
        .iter()
        .flat_map(|list| list.split_whitespace())
        .collect();
    let again: Vec<_> = terms(&context)
        .filter(|(term, _)| taken.contains(term.as_str()))
        .collect();
    assert!(again.is_empty(), "{again:?}");
    let mut below = Vec::new();
    for (member, definition) in terms(&context) {
        if let Some(scoped) = definition.get("@context").and_then(Value::as_object) {
            below.extend(
                terms(scoped)
                    .filter(|(term, _)| taken.contains(term.as_str()))
                    .map(|(term, _)| (member.as_str(), term.as_str())),
            );
        }
    }
    below.sort_unstable();
    assert_eq!(below, ANEW.map(|(member, term, _)| (member, term)));
    assert!(ANEW.iter().all(|(_, _, why)| !why.is_empty()));
}

/// Times and periods are typed, links are links.
#[test]
fn values_have_types() {
    let mut all = BTreeSet::new();
    defined(&context(), &mut all);
    let of_type = |datatype: &str| {
        let typed = |definition: &str| {
            serde_json::from_str::<Value>(definition)
                .unwrap()
                .get("@type")
                .is_some_and(|found| found == datatype)
        };
        let names: BTreeSet<_> = all
            .iter()
            .filter(|(_, d)| typed(d))
            .map(|(term, _)| term.as_str())
            .collect();
        names.into_iter().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(of_type("xsd:dateTime"), "from receivedAt until");
    assert_eq!(of_type("xsd:duration"), "proofRetention retention validity");
    assert_eq!(
        of_type("@id"),
        "assertionMethod basis categories category controller ground holderKey holders isA lawfulBasis processing purpose thirdParty \
         verificationMethod withdrawalKey"
    );
}
