//! From a document to its statements: JSON-LD's expansion, node map and RDF algorithms in one walk (JSON-LD API, sections 5.1,
//! 6.2 and 7.1), in which nothing is dropped.
//!
//! What the algorithms would leave out in silence would not be signed, and anybody could add it to a signed document: a
//! member or type without a meaning, a relative IRI, null, a value that floats free. Each is an error here, which is what
//! Data Integrity section 4.2 asks of whoever makes or checks a proof. The one exception is an empty array: RDF has nothing
//! that it could be, and every processor agrees on that, so it is as if it were absent.

use std::collections::HashMap;
use std::sync::Arc;

use crate::MAX_QUADS;
use crate::active::{ActiveContext, Name, Term as Definition, TypeMapping};
use crate::contexts::Contexts;
use crate::error::{ErrorCode, Fault, LinkedError};
use crate::json::{Json, Object};
use crate::literal;
use crate::process::{Manner, Processor};
use crate::rdf::{Quad, RDF_FIRST, RDF_NIL, RDF_REST, RDF_TYPE, Term};

type Result<T, E = LinkedError> = core::result::Result<T, E>;
/// The name of the graph that statements go into.
type Graph = Option<Term>;

/// The statements of a document.
pub(crate) fn quads(document: &Json, contexts: &Contexts) -> Result<Vec<Quad>> {
    let mut expander = Expander {
        processor: Processor::new(contexts),
        quads: Vec::new(),
        blanks: 0,
        labels: HashMap::new(),
        path: Vec::new(),
    };
    let active = Arc::new(ActiveContext::default());
    match document {
        Json::Object(members) => expander.top(&active, members)?,
        _ => return Err(expander.error(ErrorCode::InvalidValue, "the document is no object")),
    }
    Ok(expander.quads)
}

struct Expander<'a> {
    processor: Processor<'a>,
    quads: Vec<Quad>,
    blanks: u32,
    /// The document's own blank nodes.
    labels: HashMap<String, u32>,
    /// Where the walk is, as tokens of a JSON pointer.
    path: Vec<String>,
}

/// The contexts within an object.
struct Inside {
    active: Arc<ActiveContext>,
    /// Without what its types brought: the types themselves are read by it.
    untyped: Arc<ActiveContext>,
}

impl Expander<'_> {
    fn error(&self, code: ErrorCode, message: impl Into<String>) -> LinkedError {
        Fault::new(code, message).at(self.pointer())
    }

    fn pointer(&self) -> String {
        let tokens = self
            .path
            .iter()
            .map(|token| token.replace('~', "~0").replace('/', "~1"));
        tokens.flat_map(|token| ["/".to_owned(), token]).collect()
    }

    fn within<T>(&mut self, token: impl Into<String>, walk: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.path.push(token.into());
        let result = walk(self)?;
        self.path.pop();
        Ok(result)
    }

    fn process(&mut self, active: &Arc<ActiveContext>, local: &Json, manner: Manner) -> Result<Arc<ActiveContext>> {
        let done = self.processor.process(active, local, manner);
        done.map_err(|fault| fault.at(self.pointer()))
    }

    fn blank(&mut self) -> Term {
        self.blanks += 1;
        Term::Blank(self.blanks)
    }

    fn emit(&mut self, subject: &Term, predicate: &str, object: Term, graph: &Graph) -> Result<()> {
        if self.quads.len() == MAX_QUADS {
            return Err(self.error(
                ErrorCode::TooLarge,
                format!("the document makes over {MAX_QUADS} statements"),
            ));
        }
        self.quads.push(Quad {
            subject: subject.clone(),
            predicate: predicate.to_owned(),
            object,
            graph: graph.clone(),
        });
        Ok(())
    }

    /// The document itself. If it has no other member than `@graph`, its statements are those of the default graph.
    fn top(&mut self, initial: &Arc<ActiveContext>, members: &Object) -> Result<()> {
        let inside = self.enter(initial, None, members)?;
        let mut others = members.iter().filter(|(key, _)| *key != "@context");
        if let (Some((key, value)), None) = (others.next(), others.next())
            && inside.active.expand(key, true) == Name::Keyword("@graph")
        {
            return self.within(key, |this| this.graph(&inside.active, value, &None));
        }
        self.floating(&inside, members, &None)
    }

    /// The nodes of a `@graph`.
    fn graph(&mut self, active: &Arc<ActiveContext>, value: &Json, graph: &Graph) -> Result<()> {
        match value {
            Json::Array(elements) => {
                for (at, element) in elements.iter().enumerate() {
                    self.within(at.to_string(), |this| this.graph(active, element, graph))?;
                }
                Ok(())
            }
            Json::Object(members) => {
                let inside = self.enter(active, None, members)?;
                self.floating(&inside, members, graph)
            }
            _ => Err(self.error(
                ErrorCode::Dropped,
                "a value by itself, in no member, says nothing and would not be signed",
            )),
        }
    }

    /// A node that no statement leads to must make one itself.
    fn floating(&mut self, inside: &Inside, members: &Object, graph: &Graph) -> Result<()> {
        let before = self.quads.len();
        self.node(inside, members, graph)?;
        if self.quads.len() == before {
            return Err(self.error(
                ErrorCode::Dropped,
                "a node says nothing of itself and would not be signed",
            ));
        }
        Ok(())
    }

    /// The contexts within an object (section 5.1.2, steps 7 to 11).
    fn enter(
        &mut self,
        outside: &Arc<ActiveContext>,
        definition: Option<&Definition>,
        members: &Object,
    ) -> Result<Inside> {
        let mut active = Arc::clone(outside);
        if let Some(previous) = &outside.previous {
            let keyword = |key: &str, keyword| outside.expand(key, true) == Name::Keyword(keyword);
            let is_value = members.iter().any(|(key, _)| keyword(key, "@value"));
            let is_reference = members.len() == 1 && members.iter().any(|(key, _)| keyword(key, "@id"));
            if !is_value && !is_reference {
                active = Arc::clone(previous);
            }
        }
        if let Some(context) = definition.and_then(|definition| definition.context.as_deref()) {
            active = self.process(&active, context, Manner::OF_PROPERTY)?;
        }
        if let Some(context) = members.get("@context") {
            active = self.within("@context", |this| this.process(&active, context, Manner::EMBEDDED))?;
        }
        let untyped = Arc::clone(&active);
        for (_, types) in members
            .iter()
            .filter(|(key, _)| untyped.expand(key, true) == Name::Keyword("@type"))
        {
            let mut types: Vec<&str> = types.as_slice().iter().filter_map(Json::as_str).collect();
            types.sort_unstable();
            for name in types {
                if let Some(context) = untyped.terms.get(name).and_then(|term| term.context.as_deref()) {
                    active = self.process(&active, context, Manner::OF_TYPE)?;
                }
            }
        }
        Ok(Inside { active, untyped })
    }

    /// A node object; gives what stands for it.
    fn node(&mut self, inside: &Inside, members: &Object, graph: &Graph) -> Result<Term> {
        let Inside { active, untyped } = inside;
        let mut subject = None;
        for (key, value) in members.iter() {
            if active.expand(key, true) == Name::Keyword("@id") {
                if subject.is_some() {
                    return Err(self.error(ErrorCode::InvalidValue, "a node has two ids"));
                }
                subject = Some(self.within(key, |this| this.id(active, value))?);
            }
        }
        let subject = subject.unwrap_or_else(|| self.blank());
        for (key, value) in members.iter().filter(|(key, _)| *key != "@context") {
            self.path.push(key.to_owned());
            match active.expand(key, true) {
                Name::Keyword("@id") => {}
                Name::Keyword("@type") => self.types(untyped, value, &subject, graph)?,
                Name::Keyword("@graph") => self.graph(active, value, &Some(subject.clone()))?,
                Name::Keyword(keyword @ ("@included" | "@nest" | "@reverse" | "@index" | "@direction")) => {
                    return Err(self.error(ErrorCode::Unsupported, format!("{keyword} is not supported here")));
                }
                Name::Keyword(keyword) => {
                    return Err(self.error(ErrorCode::InvalidValue, format!("{keyword} cannot stand in a node")));
                }
                Name::Blank(_) => {
                    return Err(self.error(
                        ErrorCode::Dropped,
                        format!("the member {key:?} is a blank node, which no statement can have"),
                    ));
                }
                Name::Undefined => {
                    let message = format!("no context gives the member {key:?} a meaning, so it would not be signed");
                    return Err(self.error(ErrorCode::UndefinedTerm, message));
                }
                Name::Iri(predicate) => {
                    let definition = active.terms.get(key).cloned();
                    for object in self.values(active, definition.as_deref(), value, graph)? {
                        self.emit(&subject, &predicate, object, graph)?;
                    }
                }
            }
            self.path.pop();
        }
        Ok(subject)
    }

    fn id(&mut self, active: &ActiveContext, value: &Json) -> Result<Term> {
        match value.as_str().map(|text| (text, active.expand(text, false))) {
            Some((text, name)) => self.resource(text, name, "id"),
            None => Err(self.error(ErrorCode::InvalidValue, "an id is no string")),
        }
    }

    /// The term that an expanded text is.
    fn resource(&mut self, text: &str, name: Name, what: &str) -> Result<Term> {
        match name {
            Name::Iri(iri) => Ok(Term::Iri(iri)),
            Name::Blank(label) => {
                let next = self.blanks + 1;
                let number = *self.labels.entry(label).or_insert(next);
                self.blanks = self.blanks.max(number);
                Ok(Term::Blank(number))
            }
            Name::Keyword(_) | Name::Undefined => {
                let message = format!("the {what} {text:?} is no absolute IRI, so it would not be signed");
                Err(self.error(ErrorCode::InvalidIri, message))
            }
        }
    }

    fn types(&mut self, untyped: &ActiveContext, value: &Json, subject: &Term, graph: &Graph) -> Result<()> {
        for name in value.as_slice() {
            let Some(text) = name.as_str() else {
                return Err(self.error(ErrorCode::InvalidValue, "a type is no string"));
            };
            match untyped.expand(text, true) {
                Name::Undefined => {
                    let message = format!("no context gives the type {text:?} a meaning, so it would not be signed");
                    return Err(self.error(ErrorCode::UndefinedTerm, message));
                }
                name => {
                    let object = self.resource(text, name, "type")?;
                    self.emit(subject, RDF_TYPE, object, graph)?;
                }
            }
        }
        Ok(())
    }

    /// A member's value: the objects of its statements.
    fn values(
        &mut self,
        active: &Arc<ActiveContext>,
        definition: Option<&Definition>,
        value: &Json,
        graph: &Graph,
    ) -> Result<Vec<Term>> {
        let container = definition.map(|definition| definition.container).unwrap_or_default();
        if definition.is_some_and(|definition| definition.mapping == Some(TypeMapping::Json)) {
            return Ok(vec![literal::json(value)]);
        }
        match value {
            Json::Object(members) if container.language => self.language_map(active, members),
            _ if container.graph => self.graphs(active, definition, value),
            _ if container.list && !self.is_list(active, value) => {
                Ok(vec![self.list(active, definition, value, graph)?])
            }
            _ => self.value(active, definition, value, graph),
        }
    }

    fn value(
        &mut self,
        active: &Arc<ActiveContext>,
        definition: Option<&Definition>,
        value: &Json,
        graph: &Graph,
    ) -> Result<Vec<Term>> {
        match value {
            Json::Null => Err(self.error(
                ErrorCode::Dropped,
                "JSON-LD drops null, so it would not be signed; leave the member out",
            )),
            Json::Array(elements) => {
                let mut terms = Vec::new();
                for (at, element) in elements.iter().enumerate() {
                    terms.extend(self.within(at.to_string(), |this| this.value(active, definition, element, graph))?);
                }
                Ok(terms)
            }
            Json::Object(members) => self.object(active, definition, members, graph),
            scalar => Ok(vec![self.scalar(active, definition, scalar)?]),
        }
    }

    fn object(
        &mut self,
        active: &Arc<ActiveContext>,
        definition: Option<&Definition>,
        members: &Object,
        graph: &Graph,
    ) -> Result<Vec<Term>> {
        let inside = self.enter(active, definition, members)?;
        let mut others = members.iter().filter(|(key, _)| *key != "@context");
        let first = others
            .next()
            .map(|(key, value)| (key, value, inside.active.expand(key, true)));
        if let Some((key, value, Name::Keyword(keyword @ ("@list" | "@set")))) = first {
            if others.next().is_some() {
                return Err(self.error(
                    ErrorCode::InvalidValue,
                    format!("{keyword} stands beside other members"),
                ));
            }
            let within = &inside.active;
            return self.within(key, |this| match keyword {
                "@list" => Ok(vec![this.list(within, definition, value, graph)?]),
                _ => this.value(within, definition, value, graph),
            });
        }
        let is_value = members
            .iter()
            .any(|(key, _)| inside.active.expand(key, true) == Name::Keyword("@value"));
        if is_value {
            let term = literal::object(&inside.active, &inside.untyped, members);
            return Ok(vec![term.map_err(|fault| fault.at(self.pointer()))?]);
        }
        Ok(vec![self.node(&inside, members, graph)?])
    }

    fn scalar(&mut self, active: &Arc<ActiveContext>, definition: Option<&Definition>, value: &Json) -> Result<Term> {
        let scoped;
        let mut active = active;
        if let Some(context) = definition.and_then(|definition| definition.context.as_deref()) {
            scoped = self.process(active, context, Manner::OF_PROPERTY)?;
            active = &scoped;
        }
        let mapping = definition.and_then(|definition| definition.mapping.as_ref());
        match (mapping, value) {
            (Some(TypeMapping::Id), Json::String(text)) => self.resource(text, active.expand(text, false), "value"),
            (Some(TypeMapping::Vocab), Json::String(text)) => self.resource(text, active.expand(text, true), "value"),
            _ => {
                let language = definition.and_then(|definition| definition.language.clone());
                let language = language.unwrap_or_else(|| active.language.clone());
                let term = literal::scalar(value, mapping, language);
                term.map_err(|fault| fault.at(self.pointer()))
            }
        }
    }

    /// Strings by their languages.
    fn language_map(&mut self, active: &ActiveContext, members: &Object) -> Result<Vec<Term>> {
        let mut terms = Vec::new();
        for (key, values) in members.iter() {
            for value in values.as_slice() {
                let none = active.expand(key, true) == Name::Keyword("@none");
                let term = literal::in_language(value, if none { None } else { Some(key) });
                terms.push(self.within(key, |this| term.map_err(|fault| fault.at(this.pointer())))?);
            }
        }
        Ok(terms)
    }

    /// Each value in a graph of its own, whose name is a blank node.
    fn graphs(
        &mut self,
        active: &Arc<ActiveContext>,
        definition: Option<&Definition>,
        value: &Json,
    ) -> Result<Vec<Term>> {
        match value {
            Json::Array(elements) => {
                let mut terms = Vec::new();
                for (at, element) in elements.iter().enumerate() {
                    terms.extend(self.within(at.to_string(), |this| this.graphs(active, definition, element))?);
                }
                Ok(terms)
            }
            Json::Object(members) => {
                let name = self.blank();
                let inside = self.enter(active, definition, members)?;
                self.floating(&inside, members, &Some(name.clone()))?;
                Ok(vec![name])
            }
            _ => Err(self.error(
                ErrorCode::Dropped,
                "the member's values are graphs; what is no object would not be signed",
            )),
        }
    }

    fn is_list(&self, active: &ActiveContext, value: &Json) -> bool {
        match value {
            Json::Object(members) => members
                .iter()
                .any(|(key, _)| active.expand(key, true) == Name::Keyword("@list")),
            _ => false,
        }
    }

    /// A list's head: `rdf:first` and `rdf:rest` to `rdf:nil`.
    fn list(
        &mut self,
        active: &Arc<ActiveContext>,
        definition: Option<&Definition>,
        value: &Json,
        graph: &Graph,
    ) -> Result<Term> {
        let mut items = Vec::new();
        for (at, element) in value.as_slice().iter().enumerate() {
            let token = if matches!(value, Json::Array(_)) {
                Some(at.to_string())
            } else {
                None
            };
            self.path.extend(token.clone());
            match element {
                Json::Array(_) => items.push(self.list(active, definition, element, graph)?),
                _ => items.extend(self.value(active, definition, element, graph)?),
            }
            self.path.truncate(self.path.len() - token.iter().len());
        }
        let mut rest = Term::Iri(RDF_NIL.to_owned());
        for item in items.into_iter().rev() {
            let cell = self.blank();
            self.emit(&cell, RDF_FIRST, item, graph)?;
            self.emit(&cell, RDF_REST, rest, graph)?;
            rest = cell;
        }
        Ok(rest)
    }
}
