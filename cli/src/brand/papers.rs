//! The papers of a request as a person writes them: the template and one notice for each language; and the places in them that
//! nobody has filled in yet.

use std::path::PathBuf;
use std::str::FromStr;

use placet_schemas::id::Language;
use placet_schemas::json::{Node, Value};

/// What a text has in it that a person is to write instead. Nobody is shown such a text.
pub(super) const FILL_IN: &str = "FILL IN:";

/// A notice and the language that it is for.
#[derive(Debug, Clone)]
pub(super) struct NoticeFile {
    pub(super) language: Language,
    pub(super) path: PathBuf,
}

impl FromStr for NoticeFile {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (language, path) = text
            .split_once('=')
            .ok_or("a notice is LANGUAGE=FILE, such as en=notice.en.json")?;
        let language = language.parse().map_err(|error| format!("{language}: {error}"))?;
        Ok(Self {
            language,
            path: path.into(),
        })
    }
}

/// JSON pointers to the texts that nobody has filled in.
pub(super) fn unfilled(root: &Node<'_>) -> Vec<String> {
    let mut found = Vec::new();
    look(root, String::new(), &mut found);
    found
}

/// A pointer that goes one step further (RFC 6901, section 3).
pub(super) fn step(pointer: &str, token: &str) -> String {
    format!("{pointer}/{}", token.replace('~', "~0").replace('/', "~1"))
}

fn look(node: &Node<'_>, pointer: String, found: &mut Vec<String>) {
    match &node.value {
        Value::String(text) if text.contains(FILL_IN) => found.push(pointer),
        Value::Array(elements) => {
            for (at, element) in elements.iter().enumerate() {
                look(element, step(&pointer, &at.to_string()), found);
            }
        }
        Value::Object(members) => {
            for member in members {
                look(&member.value, step(&pointer, &member.key), found);
            }
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Integer(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use placet_schemas::json;

    use super::*;

    #[test]
    fn what_is_to_be_filled_in_is_found_wherever_it_is() {
        let text = r#"{"a":"FILL IN: x","b":[{"c/d":"so FILL IN: y"},"fill in"],"e":1}"#;
        let document = json::parse(text.as_bytes(), 1000).unwrap();
        assert_eq!(unfilled(document.root()), ["/a", "/b/0/c~1d"]);
    }
}
