//! Term definitions (JSON-LD API, section 4.2).
//!
//! Not supported, and said so: `@reverse`, `@nest`, `@index`, `@direction`, and the containers `@index`, `@id` and `@type`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::MAX_PREFIX_DEPTH;
use crate::active::{ActiveContext, Containers, Name, Term, TypeMapping, keyword, looks_like_keyword, split};
use crate::error::{ErrorCode, Fault};
use crate::json::{Json, Object};
use crate::process::{invalid, language};

/// What a term may end with to be a prefix without saying so: RFC 3986's general delimiters.
const DELIMITERS: [char; 7] = [':', '/', '?', '#', '[', ']', '@'];

/// One context's definitions on their way into the active context.
pub(crate) struct Definitions<'a> {
    pub(crate) active: &'a mut ActiveContext,
    pub(crate) local: &'a Object,
    pub(crate) overrides: bool,
    pub(crate) protected: bool,
    /// False while a term's definition is being made: whoever needs it then goes round in circles.
    pub(crate) defined: BTreeMap<&'a str, bool>,
}

impl<'a> Definitions<'a> {
    pub(crate) fn define(&mut self, term: &'a str, depth: usize) -> Result<(), Fault> {
        match self.defined.get(term) {
            Some(true) => return Ok(()),
            Some(false) => return Err(invalid(format!("the definition of {term:?} rests on itself"))),
            None => {}
        }
        if depth > MAX_PREFIX_DEPTH {
            let message = format!("the definition of {term:?} rests on more than {MAX_PREFIX_DEPTH} others");
            return Err(Fault::new(ErrorCode::TooLarge, message));
        }
        if term.is_empty() {
            return Err(invalid("a term is empty"));
        }
        let local = self.local;
        let value = local.get(term).unwrap_or(&Json::Null);
        if keyword(term).is_some() && !is_type_container(term, value) {
            return Err(invalid(format!("the keyword {term} is given another meaning")));
        }
        if keyword(term).is_none() && looks_like_keyword(term) {
            return Err(invalid(format!(
                "{term:?} has the form of a keyword; JSON-LD would ignore it"
            )));
        }
        self.defined.insert(term, false);
        let before = self.active.terms.remove(term);
        let mut new = self.definition(term, value, depth)?;
        // Step 27: a protected term stays what it is, and stays protected.
        if let Some(before) = before.filter(|before| before.protected && !self.overrides) {
            new.protected = true;
            if new != *before {
                let message = format!("the term {term:?} is protected, and a later context gives it another meaning");
                return Err(Fault::new(ErrorCode::ProtectedTerm, message));
            }
        }
        self.active.terms.insert(Arc::from(term), Arc::new(new));
        self.defined.insert(term, true);
        Ok(())
    }

    fn definition(&mut self, term: &str, value: &'a Json, depth: usize) -> Result<Term, Fault> {
        let mut new = Term {
            name: Name::Undefined,
            prefix: false,
            protected: self.protected,
            mapping: None,
            language: None,
            container: Containers::default(),
            context: None,
        };
        let members = match value {
            // A term that means nothing: an error once somebody uses it.
            Json::Null => return Ok(new),
            Json::String(text) => {
                self.named(term, text, true, depth, &mut new)?;
                return Ok(new);
            }
            Json::Object(members) => members,
            _ => return Err(invalid(format!("the definition of {term:?} is no IRI, object or null"))),
        };
        for (key, _) in members.iter() {
            if ["@reverse", "@nest", "@index", "@direction"].contains(&key) {
                let message = format!("the term {term:?} is defined with {key}, which is not supported here");
                return Err(Fault::new(ErrorCode::Unsupported, message));
            }
            if ![
                "@id",
                "@type",
                "@container",
                "@context",
                "@language",
                "@prefix",
                "@protected",
            ]
            .contains(&key)
            {
                return Err(invalid(format!(
                    "the definition of {term:?} has the unknown member {key:?}"
                )));
            }
        }
        match members.get("@protected") {
            None => {}
            Some(Json::Bool(protected)) => new.protected = *protected,
            Some(_) => return Err(invalid(format!("@protected of {term:?} is neither true nor false"))),
        }
        match members.get("@type") {
            None => {}
            Some(Json::String(text)) => new.mapping = Some(self.type_mapping(term, text, depth)?),
            Some(_) => return Err(invalid(format!("@type of {term:?} is no string"))),
        }
        match members.get("@id") {
            Some(Json::Null) => {}
            Some(Json::String(text)) if text != term => self.named(term, text, false, depth, &mut new)?,
            None | Some(Json::String(_)) => new.name = self.own_name(term, depth)?,
            Some(_) => return Err(invalid(format!("@id of {term:?} is no string"))),
        }
        if let Some(value) = members.get("@container") {
            new.container = containers(term, value, new.mapping.as_ref())?;
        }
        new.context = members.get("@context").cloned().map(Arc::new);
        match members.get("@language") {
            None => {}
            Some(Json::Null) => new.language = Some(None),
            Some(value) => new.language = Some(Some(language(value)?)),
        }
        match members.get("@prefix") {
            None => {}
            Some(Json::Bool(prefix)) if !term.contains([':', '/']) && !matches!(new.name, Name::Keyword(_)) => {
                new.prefix = *prefix
            }
            Some(_) => {
                return Err(invalid(format!(
                    "@prefix of {term:?} is no bool, or the term cannot be a prefix"
                )));
            }
        }
        Ok(new)
    }

    /// Step 14: the meaning that `@id`, or the string that is the whole definition, names.
    fn named(&mut self, term: &str, text: &str, simple: bool, depth: usize, new: &mut Term) -> Result<(), Fault> {
        if text == term {
            new.name = self.own_name(term, depth)?;
            return Ok(());
        }
        let wrong = |what: &str| invalid(format!("the term {term:?} stands for {text:?}, which {what}"));
        if keyword(text).is_none() && looks_like_keyword(text) {
            return Err(wrong("has the form of a keyword; JSON-LD would ignore it"));
        }
        new.name = match self.expand(term, text, depth)? {
            Name::Undefined => return Err(wrong("is no IRI, keyword or blank node")),
            Name::Keyword("@context") => return Err(wrong("can have no other name")),
            name => name,
        };
        let inner = term.get(1..).unwrap_or_default();
        let compact = inner.strip_suffix(':').unwrap_or(inner).contains(':') || term.contains('/');
        if compact && self.expand(term, term, depth)? != new.name {
            return Err(wrong("is not what the term would be as an IRI"));
        }
        new.prefix = simple
            && !term.contains([':', '/'])
            && match &new.name {
                Name::Iri(iri) => iri.ends_with(DELIMITERS),
                Name::Blank(_) => true,
                Name::Keyword(_) | Name::Undefined => false,
            };
        Ok(())
    }

    /// Steps 15 to 18: the meaning of a term whose definition names none.
    fn own_name(&mut self, term: &str, depth: usize) -> Result<Name, Fault> {
        if term == "@type" {
            return Ok(Name::Keyword("@type"));
        }
        match self.expand(term, term, depth)? {
            Name::Undefined => Err(invalid(format!("the term {term:?} has no meaning: no @id, no @vocab"))),
            name => Ok(name),
        }
    }

    fn type_mapping(&mut self, term: &str, text: &str, depth: usize) -> Result<TypeMapping, Fault> {
        match self.expand(term, text, depth)? {
            Name::Keyword("@id") => Ok(TypeMapping::Id),
            Name::Keyword("@vocab") => Ok(TypeMapping::Vocab),
            Name::Keyword("@json") => Ok(TypeMapping::Json),
            Name::Keyword("@none") => Ok(TypeMapping::None),
            Name::Iri(iri) => Ok(TypeMapping::Datatype(iri)),
            _ => Err(invalid(format!(
                "@type of {term:?} is {text:?}, which is no absolute IRI"
            ))),
        }
    }

    /// Expands a text of this context, whose definitions may stand in any order: the ones that `term` rests on come first.
    fn expand(&mut self, term: &str, text: &str, depth: usize) -> Result<Name, Fault> {
        let itself = Some(text).filter(|text| *text != term);
        let prefix = split(text).map(|(prefix, _)| prefix);
        for needed in [itself, prefix].into_iter().flatten() {
            if keyword(needed).is_none()
                && let Some((needed, _)) = self.local.entry(needed)
            {
                self.define(needed, depth + 1)?;
            }
        }
        Ok(self.active.expand(text, true))
    }
}

/// Step 4: `@type` may be said to be a set, and protected.
fn is_type_container(term: &str, value: &Json) -> bool {
    let Json::Object(members) = value else {
        return false;
    };
    let known = members.iter().all(|(key, value)| match key {
        "@container" => value.as_str() == Some("@set"),
        "@protected" => matches!(value, Json::Bool(_)),
        _ => false,
    });
    term == "@type" && members.len() > 0 && known
}

/// Step 19.
fn containers(term: &str, value: &Json, mapping: Option<&TypeMapping>) -> Result<Containers, Fault> {
    let mut containers = Containers::default();
    for container in value.as_slice() {
        let flag = match container.as_str() {
            Some("@list") => &mut containers.list,
            Some("@set") => &mut containers.set,
            Some("@language") => &mut containers.language,
            Some("@graph") => &mut containers.graph,
            Some(other @ ("@index" | "@id" | "@type")) => {
                let message = format!("the term {term:?} has the container {other}, which is not supported here");
                return Err(Fault::new(ErrorCode::Unsupported, message));
            }
            _ => return Err(invalid(format!("the container of {term:?} is unknown"))),
        };
        if std::mem::replace(flag, true) {
            return Err(invalid(format!("the container of {term:?} is said twice")));
        }
    }
    let Containers {
        list,
        set,
        language,
        graph,
    } = containers;
    let kinds = [list, language, graph].into_iter().filter(|kind| *kind).count();
    if kinds > 1 || list && set || language && mapping.is_some() {
        return Err(invalid(format!(
            "the container of {term:?} contradicts itself or its type"
        )));
    }
    Ok(containers)
}
