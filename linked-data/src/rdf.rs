//! RDF datasets, and their lines in canonical N-Quads (RDF Dataset Canonicalization section 5).

use core::fmt::Write as _;

/// `rdf:type`.
pub(crate) const RDF_TYPE: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";
/// `rdf:first`.
pub(crate) const RDF_FIRST: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#first";
/// `rdf:rest`.
pub(crate) const RDF_REST: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#rest";
/// `rdf:nil`.
pub(crate) const RDF_NIL: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#nil";
/// The datatype of a string with a language.
pub(crate) const RDF_LANG_STRING: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString";
/// The datatype of a JSON literal.
pub(crate) const RDF_JSON: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON";
/// The datatype that N-Quads leaves out.
pub(crate) const XSD_STRING: &str = "http://www.w3.org/2001/XMLSchema#string";

/// An RDF term.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Term {
    /// An absolute IRI, without characters that N-Quads would escape.
    Iri(String),
    /// A blank node, by a number that has no meaning outside of its dataset.
    Blank(u32),
    /// A literal.
    Literal {
        /// The lexical form.
        value: String,
        /// The datatype's IRI.
        datatype: String,
        /// The language, when the datatype is `rdf:langString`.
        language: Option<String>,
    },
}

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quad {
    /// An IRI or a blank node.
    pub subject: Term,
    /// An IRI.
    pub predicate: String,
    /// Any term.
    pub object: Term,
    /// The graph's name, an IRI or a blank node; `None` for the default graph.
    pub graph: Option<Term>,
}

impl Quad {
    /// The quad's blank nodes: of subject, object and graph, in this order.
    pub(crate) fn blanks(&self) -> [Option<u32>; 3] {
        [Some(&self.subject), Some(&self.object), self.graph.as_ref()].map(|term| match term {
            Some(Term::Blank(node)) => Some(*node),
            _ => None,
        })
    }

    /// The line, with its line feed; `label` says what stands for a blank node after `_:`.
    pub(crate) fn line(&self, label: impl Fn(u32, &mut String)) -> String {
        let mut line = String::new();
        write(&self.subject, &label, &mut line);
        let _ = write!(line, " <{}> ", self.predicate);
        write(&self.object, &label, &mut line);
        line.push(' ');
        if let Some(graph) = &self.graph {
            write(graph, &label, &mut line);
            line.push(' ');
        }
        line.push_str(".\n");
        line
    }
}

fn write(term: &Term, label: &impl Fn(u32, &mut String), line: &mut String) {
    match term {
        Term::Iri(iri) => {
            let _ = write!(line, "<{iri}>");
        }
        Term::Blank(node) => {
            line.push_str("_:");
            label(*node, line);
        }
        Term::Literal {
            value,
            datatype,
            language,
        } => {
            line.push('"');
            escape(value, line);
            line.push('"');
            let _ = match language {
                Some(language) => write!(line, "@{language}"),
                None if datatype == XSD_STRING => Ok(()),
                None => write!(line, "^^<{datatype}>"),
            };
        }
    }
}

fn escape(value: &str, line: &mut String) {
    for c in value.chars() {
        match c {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            '\u{8}' => line.push_str("\\b"),
            '\t' => line.push_str("\\t"),
            '\n' => line.push_str("\\n"),
            '\u{c}' => line.push_str("\\f"),
            '\r' => line.push_str("\\r"),
            c if c < ' ' || c == '\u{7f}' => {
                let _ = write!(line, "\\u{:04X}", u32::from(c));
            }
            c => line.push(c),
        }
    }
}
