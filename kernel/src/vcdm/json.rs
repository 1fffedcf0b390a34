//! Parts of documents, put together anew in canonical form.

use placet_schemas::json::{self, Node, Value};

use super::MAX_DOCUMENT_BYTES;
use super::refusal::{Code, Refusal};

/// The canonical bytes of an object of these members; of two with the same name the later one counts.
pub(super) fn object<'a>(members: impl IntoIterator<Item = (&'a str, Vec<u8>)>) -> Vec<u8> {
    let mut members: Vec<(&str, Vec<u8>)> = members.into_iter().collect();
    // RFC 8785 section 3.2.3: by UTF-16 code units.
    members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    let mut out = vec![b'{'];
    for (at, (key, value)) in members.iter().enumerate() {
        if members.get(at + 1).is_some_and(|(next, _)| next == key) {
            continue;
        }
        if out.len() > 1 {
            out.push(b',');
        }
        out.extend(string(key));
        out.push(b':');
        out.extend(value);
    }
    out.push(b'}');
    out
}

/// The canonical bytes of an object with other members beside or instead of its own, less those that are left out.
pub(super) fn changed(node: &Node<'_>, without: &[&str], with: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let own = node.as_object().unwrap_or_default().iter();
    let own = own.filter(|member| !without.contains(&&*member.key));
    let own = own.map(|member| (&*member.key, member.value.to_jcs()));
    object(own.chain(with.iter().map(|(key, value)| (*key, value.clone()))))
}

/// The canonical bytes of an array.
pub(super) fn array(elements: &[Vec<u8>]) -> Vec<u8> {
    let mut out = vec![b'['];
    out.extend(elements.join(&b','));
    out.push(b']');
    out
}

/// The canonical bytes of a string.
pub(super) fn string(text: &str) -> Vec<u8> {
    json::to_jcs(text).unwrap_or_default()
}

/// The canonical bytes of a document that came in any spelling.
pub(super) fn canonical(bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    Ok(json::parse(bytes, MAX_DOCUMENT_BYTES)?.root().to_jcs())
}

/// One value or each of an array, with its pointer.
pub(super) fn each<'n, 'a>(node: &'n Node<'a>, pointer: &str) -> Vec<(&'n Node<'a>, String)> {
    match node.as_array() {
        Some(all) => {
            let all = all.iter().enumerate();
            all.map(|(at, node)| (node, format!("{pointer}/{at}"))).collect()
        }
        None => vec![(node, pointer.to_owned())],
    }
}

/// The document without the directions of its texts, which JSON-LD gives a meaning that RDF has no word for.
pub(super) fn undirected(node: &Node<'_>) -> Vec<u8> {
    match &node.value {
        Value::Array(all) => array(&all.iter().map(undirected).collect::<Vec<_>>()),
        Value::Object(members) => {
            let is_text = node.get("@value").is_some();
            let kept = members.iter().filter(|member| !(is_text && member.key == "@direction"));
            object(kept.map(|member| (&*member.key, undirected(&member.value))))
        }
        _ => node.to_jcs(),
    }
}

/// Bytes that are not canonical where they have to be; nothing that is made here ever is that.
pub(super) fn parse(bytes: &[u8]) -> Result<json::Document<'_>, Refusal> {
    json::parse(bytes, 2 * MAX_DOCUMENT_BYTES)
        .map_err(|fault| Refusal::new(Code::TooLarge, fault.pointer, fault.message))
}
