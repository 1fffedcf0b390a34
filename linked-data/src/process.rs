//! Context processing (JSON-LD API, section 4.1): from one active context to the next.
//!
//! What no credential's context needs is an error here rather than half an answer: `@import`, `@base`, `@direction`, and the
//! definitions that [`crate::define`] refuses.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::active::{ActiveContext, Name, absolute};
use crate::contexts::Contexts;
use crate::define::Definitions;
use crate::error::{ErrorCode, Fault};
use crate::iri;
use crate::json::{Json, Object};
use crate::{MAX_CONTEXT_DEPTH, MAX_CONTEXT_WORK};

/// Makes active contexts for one document.
pub(crate) struct Processor<'a> {
    contexts: &'a Contexts,
    work: usize,
}

/// How a context is taken in.
#[derive(Clone, Copy)]
pub(crate) struct Manner {
    /// It came with a term, which may say anew what is protected outside.
    pub(crate) overrides: bool,
    /// It holds in nodes below too.
    pub(crate) propagates: bool,
}

impl Manner {
    /// Of a document's own `@context`.
    pub(crate) const EMBEDDED: Self = Self {
        overrides: false,
        propagates: true,
    };
    /// Of a term that is a member.
    pub(crate) const OF_PROPERTY: Self = Self {
        overrides: true,
        propagates: true,
    };
    /// Of a term that is a type.
    pub(crate) const OF_TYPE: Self = Self {
        overrides: false,
        propagates: false,
    };
}

impl<'a> Processor<'a> {
    pub(crate) const fn new(contexts: &'a Contexts) -> Self {
        Self { contexts, work: 0 }
    }

    pub(crate) fn process(
        &mut self,
        active: &Arc<ActiveContext>,
        local: &Json,
        manner: Manner,
    ) -> Result<Arc<ActiveContext>, Fault> {
        self.process_at(active, local, manner, 0)
    }

    fn process_at(
        &mut self,
        active: &Arc<ActiveContext>,
        local: &Json,
        mut manner: Manner,
        depth: usize,
    ) -> Result<Arc<ActiveContext>, Fault> {
        if depth > MAX_CONTEXT_DEPTH {
            let message = format!("contexts name each other more than {MAX_CONTEXT_DEPTH} deep");
            return Err(Fault::new(ErrorCode::TooLarge, message));
        }
        // Step 2: an object says for itself whether it goes on below.
        if let Json::Object(members) = local
            && let Some(value) = members.get("@propagate")
        {
            let Json::Bool(propagates) = value else {
                return Err(invalid("@propagate is neither true nor false"));
            };
            manner.propagates = *propagates;
        }
        // Steps 1 and 3.
        let mut result = Arc::clone(active);
        if !manner.propagates && result.previous.is_none() {
            Arc::make_mut(&mut result).previous = Some(Arc::clone(active));
        }
        for context in local.as_slice() {
            result = match context {
                Json::Null => nothing(result, manner)?,
                Json::String(iri) => self.named(&result, iri, depth)?,
                // A context as a document has it, in place of a context: jsonld.js takes it for what it holds, and W3C's
                // vectors rely on that. Others refuse it, so it has no second meaning.
                Json::Object(members) if members.iter().map(|(key, _)| key).eq(["@context"]) => {
                    let inner = members.get("@context").unwrap_or(&Json::Null);
                    self.process_at(&result, inner, manner, depth + 1)?
                }
                Json::Object(members) => self.embedded(result, members, manner)?,
                _ => return Err(invalid("a context is an IRI, an object or null")),
            };
        }
        Ok(result)
    }

    /// Step 5.2.
    fn named(&mut self, active: &Arc<ActiveContext>, iri: &str, depth: usize) -> Result<Arc<ActiveContext>, Fault> {
        let contexts = self.contexts;
        let known = contexts.get(iri).ok_or_else(|| {
            let message = format!("the context {iri:?} is not known here, and none is fetched");
            Fault::new(ErrorCode::UnknownContext, message)
        })?;
        if !active.is_initial() {
            return self.process_at(active, &known.context, Manner::EMBEDDED, depth + 1);
        }
        if let Some(done) = known.alone.get() {
            return Ok(Arc::clone(done));
        }
        let done = self.process_at(active, &known.context, Manner::EMBEDDED, depth + 1)?;
        Ok(Arc::clone(known.alone.get_or_init(|| done)))
    }

    /// Steps 5.4 to 5.13.
    fn embedded(
        &mut self,
        mut result: Arc<ActiveContext>,
        members: &Object,
        manner: Manner,
    ) -> Result<Arc<ActiveContext>, Fault> {
        self.spend(1 + result.terms.len() / 8 + members.len())?;
        for unsupported in ["@import", "@base", "@direction"] {
            if members.get(unsupported).is_some() {
                let message = format!("a context with {unsupported} is not supported here");
                return Err(Fault::new(ErrorCode::Unsupported, message));
            }
        }
        if members
            .get("@version")
            .is_some_and(|version| *version != Json::Number(1.1))
        {
            return Err(invalid("@version is not 1.1"));
        }
        let protected = match members.get("@protected") {
            None => false,
            Some(Json::Bool(protected)) => *protected,
            Some(_) => return Err(invalid("@protected is neither true nor false")),
        };
        let active = Arc::make_mut(&mut result);
        match members.get("@vocab") {
            None => {}
            Some(Json::Null) => active.vocab = None,
            Some(Json::String(text)) => {
                // An empty @vocab would be relative to the document; a term's or compact IRI's meaning is allowed.
                let meaning = match active.expand(text, true) {
                    Name::Undefined => absolute(text.clone()),
                    name => name,
                };
                match meaning {
                    Name::Iri(iri) => active.vocab = Some(iri),
                    _ => return Err(invalid(format!("@vocab {text:?} is no absolute IRI"))),
                }
            }
            Some(_) => return Err(invalid("@vocab is neither an IRI nor null")),
        }
        match members.get("@language") {
            None => {}
            Some(Json::Null) => active.language = None,
            Some(value) => active.language = Some(language(value)?),
        }
        let keywords = ["@version", "@protected", "@vocab", "@language", "@propagate"];
        let mut definitions = Definitions {
            active,
            local: members,
            overrides: manner.overrides,
            protected,
            defined: BTreeMap::new(),
        };
        for (term, _) in members.iter().filter(|(term, _)| !keywords.contains(term)) {
            definitions.define(term, 0)?;
        }
        Ok(result)
    }

    fn spend(&mut self, work: usize) -> Result<(), Fault> {
        self.work += work;
        if self.work <= MAX_CONTEXT_WORK {
            return Ok(());
        }
        let message = format!("its contexts define terms more than {MAX_CONTEXT_WORK} times over");
        Err(Fault::new(ErrorCode::TooLarge, message))
    }
}

/// Step 5.1: `null` takes every meaning away, unless some are protected.
fn nothing(result: Arc<ActiveContext>, manner: Manner) -> Result<Arc<ActiveContext>, Fault> {
    if !manner.overrides && result.has_protected() {
        let message = "the context null would take the meaning of terms that are protected";
        return Err(Fault::new(ErrorCode::ProtectedTerm, message));
    }
    let previous = (!manner.propagates).then_some(result);
    Ok(Arc::new(ActiveContext {
        previous,
        ..ActiveContext::default()
    }))
}

/// A language tag, in lower case as JSON-LD allows and the usual processors do: `en-GB` and `en-gb` are one.
pub(crate) fn language(value: &Json) -> Result<String, Fault> {
    let tag = value.as_str().filter(|tag| iri::is_language(tag));
    tag.map(str::to_ascii_lowercase)
        .ok_or_else(|| Fault::new(ErrorCode::InvalidValue, "@language is no language tag of RFC 5646"))
}

pub(crate) fn invalid(message: impl Into<String>) -> Fault {
    Fault::new(ErrorCode::InvalidContext, message)
}
