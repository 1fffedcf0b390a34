//! Access lines: what a brand's service says that it really did with personal data, and by which decision.
//!
//! A line is no record. It is an entry of an [`AccessBatch`](crate::record::access::AccessBatch), which the verifier signs
//! and the log anchors; the line itself goes to the node that keeps the consent, for the person to read, and nowhere else.

use serde::{Deserialize, Serialize};

use crate::id::{Did, Digest, IdError, Iri, RecordId};
use crate::json::{self, Fault, FaultCode};
use crate::scope::Delivery;
use crate::text::{SomeOf, Text};
use crate::time::Timestamp;
use crate::version::Version;
use crate::vocab::{CategoryTerm, ProcessingTerm};

/// Largest line, in bytes of its canonical form.
pub const MAX_LINE_BYTES: usize = 4 * 1024;
/// Longest name of a service, in characters.
pub const MAX_SERVICE_CHARS: usize = 128;

/// One access to personal data. One line has one spelling: its RFC 8785 bytes, which are the entry of the batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccessLine {
    /// Format version.
    pub version: Version<1>,
    /// `AccessLine`
    pub r#type: AccessLineType,
    /// Its own name: random, so that its hash tells nothing to whoever guesses the rest.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub id: RecordId,
    /// The brand.
    pub controller: Did,
    /// The consent on which the access rested; absent where nobody knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<Digest>,
    /// When the data was accessed, by the service's clock.
    pub at: Timestamp,
    /// The decision that it acted on; absent where it acted on none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub evaluation: Option<RecordId>,
    /// Which of the brand's services it was.
    #[cfg_attr(feature = "openapi", schema(value_type = String, max_length = 128))]
    pub service: ServiceName,
    /// What for: the brand's own name for the purpose.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub purpose: Iri,
    /// Which personal data.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub categories: SomeOf<CategoryTerm>,
    /// What was done with it.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub processing: ProcessingTerm,
    /// How it was delivered.
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^(copy|in-vault)$"))]
    pub delivery: Delivery,
    /// To whom it was disclosed besides the brand.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub third_party: Option<Iri>,
}

/// The value of `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AccessLineType {
    /// The only value.
    #[default]
    AccessLine,
}

/// The name of a service: a [`Text`] of at most [`MAX_SERVICE_CHARS`] characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Text", into = "Text")]
pub struct ServiceName(Text);

impl ServiceName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl TryFrom<Text> for ServiceName {
    type Error = IdError;
    fn try_from(name: Text) -> Result<Self, IdError> {
        if name.as_str().chars().count() > MAX_SERVICE_CHARS {
            return Err(IdError::new("the name of a service has at most 128 characters"));
        }
        Ok(Self(name))
    }
}

impl From<ServiceName> for Text {
    fn from(name: ServiceName) -> Self {
        name.0
    }
}

impl AccessLine {
    /// Reads a line from its canonical bytes.
    ///
    /// # Errors
    /// The first fault, with its JSON pointer.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let document = json::parse_canonical(bytes, MAX_LINE_BYTES)?;
        // Told apart from a fault: the line may be right, only newer.
        let version = document.root().get("version").and_then(json::Node::as_integer);
        if version.is_some_and(|version| version != 1) {
            let code = FaultCode::UnsupportedVersion;
            return Err(Fault::new("/version", code, "the only known version is 1"));
        }
        json::decode(document.root())
    }

    /// Its canonical bytes: the entry of the batch.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // A line holds no float and no integer out of range, the only values that have no canonical form.
        json::to_jcs(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"at":"2026-11-22T05:00:00Z","categories":["pd:Interest","pd:Name"],"controller":"did:web:cinema.example","delivery":"copy","id":"urn:uuid:00000000-0000-4000-8000-000000000000","processing":"dpv:Use","purpose":"https://cinema.example/p","service":"shop","type":"AccessLine","version":1}"#;

    fn code(from: &str, to: &str) -> FaultCode {
        let changed = LINE.replacen(from, to, 1);
        assert_ne!(changed, LINE, "{from}");
        AccessLine::parse(changed.as_bytes()).unwrap_err().code
    }

    #[test]
    fn a_line_comes_back_as_it_was() {
        let line = AccessLine::parse(LINE.as_bytes()).unwrap();
        assert_eq!(line.to_bytes(), LINE.as_bytes());
        assert_eq!((line.consent, line.evaluation, line.third_party), (None, None, None));
    }

    #[test]
    fn a_line_has_one_spelling_and_a_size() {
        assert_eq!(
            code(r#""pd:Interest","pd:Name""#, r#""pd:Name","pd:Interest""#),
            FaultCode::InvalidValue
        );
        assert_eq!(code(r#""pd:Interest","pd:Name""#, ""), FaultCode::InvalidValue);
        assert_eq!(code("{", "{ "), FaultCode::NotCanonical);
        assert_eq!(code("AccessLine", "AccessBatch"), FaultCode::InvalidValue);
        assert_eq!(code(r#""version":1"#, r#""version":2"#), FaultCode::UnsupportedVersion);
        let name = |chars: usize| format!(r#""service":"{}""#, "é".repeat(chars));
        assert_eq!(code(r#""service":"shop""#, &name(129)), FaultCode::InvalidValue);
        let longest = LINE.replacen(r#""service":"shop""#, &name(128), 1);
        assert!(AccessLine::parse(longest.as_bytes()).is_ok());
        let purpose = format!("https://cinema.example/{}", "p".repeat(5000));
        assert_eq!(code("https://cinema.example/p", &purpose), FaultCode::Oversize);
    }
}
