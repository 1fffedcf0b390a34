//! Reads N-Quads, so far as the W3C's test files use them.

use std::collections::BTreeMap;

use placet_linked_data::{Quad, Term};

const XSD_STRING: &str = "http://www.w3.org/2001/XMLSchema#string";
const RDF_LANG_STRING: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString";

/// The quads, and what each blank node was called.
pub(crate) fn parse(text: &str) -> (Vec<Quad>, BTreeMap<u32, String>) {
    let mut labels: BTreeMap<String, u32> = BTreeMap::new();
    let mut quads: Vec<Quad> = Vec::new();
    for line in text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let mut rest = line;
        let mut terms = Vec::new();
        while !rest.starts_with('.') {
            terms.push(term(&mut rest, &mut labels));
            rest = rest.trim_start();
        }
        let mut terms = terms.into_iter();
        let mut next = || terms.next();
        let (subject, predicate, object, graph) = (next().unwrap(), next().unwrap(), next().unwrap(), next());
        let Term::Iri(predicate) = predicate else {
            panic!("{line}")
        };
        let quad = Quad {
            subject,
            predicate,
            object,
            graph,
        };
        // A dataset is a set.
        if !quads.contains(&quad) {
            quads.push(quad);
        }
    }
    (quads, labels.into_iter().map(|(label, node)| (node, label)).collect())
}

fn term(rest: &mut &str, labels: &mut BTreeMap<String, u32>) -> Term {
    if let Some(iri) = rest.strip_prefix('<') {
        let end = iri.find('>').unwrap();
        let out = unescape(&iri[..end]);
        *rest = &iri[end + 1..];
        return Term::Iri(out);
    }
    if let Some(label) = rest.strip_prefix("_:") {
        let end = label.find([' ', '\t', '<', '"']).unwrap_or(label.len());
        let end = label[..end].trim_end_matches('.').len();
        let next = u32::try_from(labels.len()).unwrap();
        let node = *labels.entry(label[..end].to_owned()).or_insert(next);
        *rest = &label[end..];
        return Term::Blank(node);
    }
    let body = rest.strip_prefix('"').unwrap_or_else(|| panic!("{rest}"));
    let mut escaped = false;
    let end = body
        .find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        })
        .unwrap();
    let value = unescape(&body[..end]);
    *rest = &body[end + 1..];
    if let Some(iri) = rest.strip_prefix("^^<") {
        let end = iri.find('>').unwrap();
        let datatype = unescape(&iri[..end]);
        *rest = &iri[end + 1..];
        return Term::Literal {
            value,
            datatype,
            language: None,
        };
    }
    if let Some(tag) = rest.strip_prefix('@') {
        let end = tag.find([' ', '\t', '.']).unwrap();
        let language = Some(tag[..end].to_owned());
        *rest = &tag[end..];
        return Term::Literal {
            value,
            datatype: RDF_LANG_STRING.to_owned(),
            language,
        };
    }
    Term::Literal {
        value,
        datatype: XSD_STRING.to_owned(),
        language: None,
    }
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let digits = match chars.next().unwrap() {
            'u' => 4,
            'U' => 8,
            letter => {
                out.push(match letter {
                    't' => '\t',
                    'b' => '\u{8}',
                    'n' => '\n',
                    'r' => '\r',
                    'f' => '\u{c}',
                    other => other,
                });
                continue;
            }
        };
        let code: String = chars.by_ref().take(digits).collect();
        out.push(char::from_u32(u32::from_str_radix(&code, 16).unwrap()).unwrap());
    }
    out
}
