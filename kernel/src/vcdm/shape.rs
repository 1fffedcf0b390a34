//! The members that many parts of a document have: ids, types, names, moments.

use placet_schemas::json::{Node, Value};

use super::json::each;
use super::refusal::Refusal;
use super::text::{Moment, is_language, is_url};
use super::{MAX_ITEMS, Surroundings};

/// A string.
pub(super) fn string<'n>(node: &'n Node<'_>, pointer: &str) -> Result<&'n str, Refusal> {
    node.as_str()
        .ok_or_else(|| Refusal::malformed(pointer, "this is a string"))
}

/// A URL in a string: one, never several.
pub(super) fn url<'n>(node: &'n Node<'_>, pointer: &str) -> Result<&'n str, Refusal> {
    let text = string(node, pointer)?;
    let wrong = || Refusal::malformed(pointer, "this is one URL, such as https://…, did:… or urn:uuid:…");
    is_url(text).then_some(text).ok_or_else(wrong)
}

/// `id`, if there is one (VCDM 2.0 section 4.4).
pub(super) fn id<'n>(node: &'n Node<'_>, pointer: &str) -> Result<Option<&'n str>, Refusal> {
    let at = format!("{pointer}/id");
    node.get("id").map(|id| url(id, &at)).transpose()
}

/// A URL, or an object whose `id` is one (sections 4.7 and 4.13).
pub(super) fn party<'n>(node: &'n Node<'_>, pointer: &str) -> Result<&'n str, Refusal> {
    match node.value {
        Value::Object(_) => id(node, pointer)?.ok_or_else(|| missing(pointer, "id", "names itself by a URL")),
        _ => url(node, pointer),
    }
}

/// `type`: one or more strings (section 4.5). Whether each means a URL is for [`Surroundings::meaning`].
pub(super) fn types<'n>(node: &'n Node<'_>, pointer: &str) -> Result<Vec<&'n str>, Refusal> {
    let value = node
        .get("type")
        .ok_or_else(|| missing(pointer, "type", "says what it is"))?;
    let at = format!("{pointer}/type");
    let all = each(value, &at);
    if all.is_empty() || all.len() > MAX_ITEMS {
        return Err(Refusal::malformed(at, "there are 1 to 64 types"));
    }
    let name = |(node, pointer): (&'n Node<'_>, String)| {
        let text = node.as_str().filter(|text| !text.is_empty());
        text.ok_or_else(|| Refusal::malformed(pointer, "a type is a term or a URL"))
    };
    all.into_iter().map(name).collect()
}

/// A type that has to be among them.
pub(super) fn typed(node: &Node<'_>, pointer: &str, name: &str) -> Result<(), Refusal> {
    if types(node, pointer)?.contains(&name) {
        return Ok(());
    }
    Err(Refusal::malformed(
        format!("{pointer}/type"),
        format!("one of the types is {name}"),
    ))
}

/// One object or an array of them, each with a `type`, and an `id` that is a URL if it has one.
pub(super) fn things<'n, 'a>(
    document: &'n Node<'a>,
    member: &str,
    needs_id: bool,
) -> Result<Vec<(&'n Node<'a>, String)>, Refusal> {
    let all = objects(document, member)?;
    for (node, pointer) in &all {
        types(node, pointer)?;
        if id(node, pointer)?.is_none() && needs_id {
            return Err(missing(pointer, "id", "names it by a URL"));
        }
    }
    Ok(all)
}

/// One object or a non-empty array of them; nothing where the member is absent.
pub(super) fn objects<'n, 'a>(document: &'n Node<'a>, member: &str) -> Result<Vec<(&'n Node<'a>, String)>, Refusal> {
    let at = format!("/{member}");
    let Some(value) = document.get(member) else {
        return Ok(Vec::new());
    };
    let all = each(value, &at);
    if all.is_empty() || all.len() > MAX_ITEMS {
        return Err(Refusal::malformed(at, "this is an object, or an array of 1 to 64"));
    }
    match all
        .iter()
        .find(|(node, _)| node.as_object().is_none_or(<[_]>::is_empty))
    {
        Some((_, pointer)) => Err(Refusal::malformed(
            pointer.as_str(),
            "this is an object, and not an empty one",
        )),
        None => Ok(all),
    }
}

/// A moment, if there is one.
pub(super) fn moment(node: &Node<'_>, pointer: &str, member: &str) -> Result<Option<Moment>, Refusal> {
    let Some(value) = node.get(member) else {
        return Ok(None);
    };
    let at = format!("{pointer}/{member}");
    let moment = Moment::parse(string(value, &at)?);
    let wrong = || Refusal::malformed(at, "a time is like 2026-11-22T05:00:00Z, with a zone");
    moment.map(Some).ok_or_else(wrong)
}

/// `name` and `description`: texts, or objects that say of each its language and direction (sections 4.6 and 11.1).
pub(super) fn named(node: &Node<'_>, pointer: &str) -> Result<(), Refusal> {
    for member in ["name", "description"] {
        let Some(value) = node.get(member) else {
            continue;
        };
        let at = format!("{pointer}/{member}");
        for (text, pointer) in each(value, &at) {
            if value.as_array().is_some() && text.as_str().is_some() {
                return Err(Refusal::malformed(pointer, "each of several texts says its @language"));
            }
            language_value(text, &pointer)?;
        }
    }
    Ok(())
}

/// The contexts (section 4.3): an ordered set of URLs and objects, the first of which is the base.
pub(super) fn contexts<'n>(document: &'n Node<'_>) -> Result<Vec<&'n str>, Refusal> {
    let value = document
        .get("@context")
        .ok_or_else(|| missing("", "@context", "gives the terms their meaning"))?;
    let wrong = |pointer: &str| Refusal::malformed(pointer, "@context is an array of URLs and objects");
    let all = value.as_array().filter(|all| !all.is_empty() && all.len() <= MAX_ITEMS);
    let mut urls = Vec::new();
    for (at, context) in all.ok_or_else(|| wrong("/@context"))?.iter().enumerate() {
        let pointer = format!("/@context/{at}");
        match &context.value {
            Value::Object(_) if at > 0 => {}
            Value::String(_) => {
                let url = url(context, &pointer)?;
                if urls.contains(&url) {
                    return Err(Refusal::malformed(pointer, "a set has nothing twice; leave one out"));
                }
                urls.push(url);
            }
            _ => return Err(wrong(&pointer)),
        }
    }
    Ok(urls)
}

/// Whether JSON-LD gives all of the document a meaning, apart from its proofs, which the suites look at.
pub(super) fn meant(document: &Node<'_>, surroundings: &dyn Surroundings) -> Result<(), Refusal> {
    let bytes = super::json::changed(document, &["proof"], &[]);
    let unsecured = super::json::parse(&bytes)?;
    surroundings.meaning(&super::json::undirected(unsecured.root()))
}

pub(super) fn missing(pointer: &str, member: &str, why: &str) -> Refusal {
    Refusal::malformed(format!("{pointer}/{member}"), format!("{member} is missing; it {why}"))
}

fn language_value(node: &Node<'_>, pointer: &str) -> Result<(), Refusal> {
    let wrong = |message: &str| Err(Refusal::malformed(pointer, message));
    let Some(members) = node.as_object() else {
        return string(node, pointer).map(|_| ());
    };
    for member in members {
        let text = member.value.as_str();
        let legal = match &*member.key {
            "@value" => text.is_some(),
            "@language" => text.is_some_and(is_language),
            "@direction" => matches!(text, Some("ltr" | "rtl")),
            _ => return wrong("a text has no members but @value, @language and @direction"),
        };
        if !legal {
            return wrong("@value is a string, @language a tag such as en, @direction ltr or rtl");
        }
    }
    if node.get("@value").is_some() {
        Ok(())
    } else {
        wrong("a text has its @value")
    }
}
