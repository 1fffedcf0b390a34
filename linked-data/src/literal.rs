//! Literals: the values at a document's leaves (JSON-LD API, sections 5.3 and 7.2).

use crate::active::{ActiveContext, Name, TypeMapping};
use crate::error::{ErrorCode, Fault};
use crate::json::{self, Json, Object};
use crate::process::language;
use crate::rdf::{RDF_JSON, RDF_LANG_STRING, Term, XSD_STRING};

const XSD_BOOLEAN: &str = "http://www.w3.org/2001/XMLSchema#boolean";
const XSD_INTEGER: &str = "http://www.w3.org/2001/XMLSchema#integer";
const XSD_DOUBLE: &str = "http://www.w3.org/2001/XMLSchema#double";
/// Below it ECMAScript writes numbers with an exponent.
const SMALLEST: f64 = 1e-6;

/// A JSON literal.
pub(crate) fn json(value: &Json) -> Term {
    let mut text = String::new();
    json::canonical(value, &mut text);
    typed(text, RDF_JSON)
}

/// A string in a language, of a language map.
pub(crate) fn in_language(value: &Json, tag: Option<&str>) -> Result<Term, Fault> {
    let text = value
        .as_str()
        .ok_or_else(|| invalid("a value of a language map is no string"))?;
    let tag = tag.map(|tag| language(&Json::String(tag.to_owned()))).transpose()?;
    Ok(string(text, tag))
}

/// A scalar that is no reference.
pub(crate) fn scalar(value: &Json, mapping: Option<&TypeMapping>, language: Option<String>) -> Result<Term, Fault> {
    match (mapping, value) {
        (Some(TypeMapping::Datatype(datatype)), _) => native(value, Some(datatype)),
        // A reference's mapping leaves other strings than references without a language; there are none.
        (None | Some(TypeMapping::None), Json::String(text)) => Ok(string(text, language)),
        _ => native(value, None),
    }
}

/// A value object.
pub(crate) fn object(active: &ActiveContext, untyped: &ActiveContext, members: &Object) -> Result<Term, Fault> {
    let (mut value, mut datatype, mut tag) = (None, None, None);
    for (key, member) in members.iter().filter(|(key, _)| *key != "@context") {
        let slot = match active.expand(key, true) {
            Name::Keyword("@value") => &mut value,
            Name::Keyword("@type") => &mut datatype,
            Name::Keyword("@language") => &mut tag,
            Name::Keyword(keyword @ ("@direction" | "@index")) => {
                let message = format!("{keyword} is not supported here: it would not be signed");
                return Err(Fault::new(ErrorCode::Unsupported, message));
            }
            Name::Undefined => {
                let message = format!("no context gives the member {key:?} a meaning, so it would not be signed");
                return Err(Fault::new(ErrorCode::UndefinedTerm, message));
            }
            _ => return Err(invalid(format!("the member {key:?} cannot stand beside @value"))),
        };
        if slot.replace(member).is_some() {
            return Err(invalid(format!("a value says {key:?} twice")));
        }
    }
    let value = value.unwrap_or(&Json::Null);
    let datatype = match datatype {
        None => None,
        Some(Json::String(text)) => match untyped.expand(text, true) {
            Name::Keyword("@json") if tag.is_none() => return Ok(json(value)),
            Name::Iri(iri) => Some(iri),
            Name::Undefined => {
                let message = format!("no context gives the datatype {text:?} a meaning, so it would not be signed");
                return Err(Fault::new(ErrorCode::UndefinedTerm, message));
            }
            _ => return Err(invalid(format!("{text:?} is no datatype"))),
        },
        Some(_) => return Err(invalid("a value's type is no string")),
    };
    match (value, tag, datatype) {
        (Json::Null, ..) => Err(Fault::new(
            ErrorCode::Dropped,
            "JSON-LD drops null, so it would not be signed",
        )),
        (Json::String(text), Some(tag), None) => Ok(string(text, Some(language(tag)?))),
        (_, Some(_), _) => Err(invalid("only a string without a type can have a language")),
        (value, None, datatype) => native(value, datatype.as_deref()),
    }
}

/// A literal of a JSON scalar, of the datatype or of the one that is its kind's own.
fn native(value: &Json, datatype: Option<&str>) -> Result<Term, Fault> {
    if datatype == Some(RDF_LANG_STRING) {
        return Err(invalid("rdf:langString needs a language"));
    }
    match value {
        Json::Bool(value) => Ok(typed(value.to_string(), datatype.unwrap_or(XSD_BOOLEAN))),
        Json::Number(value) if value.fract() != 0.0 || datatype == Some(XSD_DOUBLE) => {
            Ok(typed(double(*value)?, datatype.unwrap_or(XSD_DOUBLE)))
        }
        Json::Number(value) => Ok(typed(format!("{value:.0}"), datatype.unwrap_or(XSD_INTEGER))),
        Json::String(text) => Ok(typed(text.clone(), datatype.unwrap_or(XSD_STRING))),
        Json::Null | Json::Array(_) | Json::Object(_) => Err(invalid("a value is neither string, number nor bool")),
    }
}

/// The canonical form of `xsd:double` with the 16 digits that JSON-LD gives it. Some doubles need 17: rounded, two numbers would
/// have one signature, and processors round halves differently. What ECMAScript writes with an exponent and no point, such as
/// `1e-7`, the npm package `jsonld` signs as the integer 0.
fn double(value: f64) -> Result<String, Fault> {
    let digits = format!("{value:.15E}");
    if digits.parse() != Ok(value) || value != 0.0 && value.abs() < SMALLEST {
        let message = format!("processors of JSON-LD do not agree on the number {value}; write it as a string");
        return Err(invalid(message));
    }
    let (mantissa, exponent) = digits.split_once('E').unwrap_or((&digits, "0"));
    let short = mantissa.trim_end_matches('0');
    let zero = if short.ends_with('.') { "0" } else { "" };
    Ok(format!("{short}{zero}E{exponent}"))
}

fn string(text: &str, language: Option<String>) -> Term {
    let datatype = if language.is_some() {
        RDF_LANG_STRING
    } else {
        XSD_STRING
    };
    Term::Literal {
        value: text.to_owned(),
        datatype: datatype.to_owned(),
        language,
    }
}

fn typed(value: String, datatype: &str) -> Term {
    Term::Literal {
        value,
        datatype: datatype.to_owned(),
        language: None,
    }
}

fn invalid(message: impl Into<String>) -> Fault {
    Fault::new(ErrorCode::InvalidValue, message)
}
