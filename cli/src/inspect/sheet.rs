//! What is shown of a file: names and values in order, and the reminder that nothing was verified.

use core::fmt::Display;

use serde::Serialize;

/// The reminder that every sheet starts with.
const NOT_VERIFIED: &str =
    "NOT VERIFIED: this is what the file says, not what is true. Use `placet verify` on a bundle.";

/// What a file says.
#[derive(Debug, Serialize)]
pub(super) struct Sheet {
    kind: String,
    /// Always false: whoever reads the JSON is to see it as well.
    verified: bool,
    fields: Vec<Field>,
}

#[derive(Debug, Serialize)]
struct Field {
    name: &'static str,
    value: String,
}

impl Sheet {
    /// An empty sheet.
    pub(super) fn new(kind: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            verified: false,
            fields: Vec::new(),
        }
    }

    /// One more line.
    pub(super) fn add(&mut self, name: &'static str, value: impl Display) {
        self.fields.push(Field {
            name,
            value: value.to_string(),
        });
    }

    /// For a person.
    pub(super) fn text(&self) -> String {
        let width = self
            .fields
            .iter()
            .map(|field| field.name.len())
            .max()
            .unwrap_or_default();
        let mut text = format!("{}\n{NOT_VERIFIED}\n\n", self.kind);
        for field in &self.fields {
            let value = field.value.replace('\n', &format!("\n{:width$}  ", ""));
            text.push_str(&format!("{:width$}  {value}\n", field.name));
        }
        text
    }
}
