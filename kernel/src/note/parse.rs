//! The form of a note.

use base64ct::{Base64, Encoding as _};

use super::{KeyId, KeyName, MAX_NOTE_BYTES, MAX_SIGNATURES, NoteError};

/// What every signature line begins with: em dash and space.
const LINE_START: &str = "\u{2014} ";

/// Bytes of the key id before each signature.
const ID_BYTES: usize = 4;

/// A note whose form is right. Nothing in it may be believed before it has been opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnverifiedNote<'a> {
    text: &'a str,
    lines: Vec<SignatureLine<'a>>,
}

/// One signature line. Nothing says that its name is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureLine<'a> {
    line: &'a str,
    name: KeyName,
    id: KeyId,
    signature: Vec<u8>,
}

impl<'a> UnverifiedNote<'a> {
    /// Reads the form of a note.
    ///
    /// # Errors
    /// [`NoteError::TooLong`], [`NoteError::NotUtf8`], [`NoteError::ControlCharacter`],
    /// [`NoteError::NoSignatures`], [`NoteError::TooManySignatures`] or [`NoteError::MalformedLine`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLong(bytes.len()));
        }
        let note = str::from_utf8(bytes).map_err(|_| NoteError::NotUtf8)?;
        if note.bytes().any(|byte| byte < b' ' && byte != b'\n') {
            return Err(NoteError::ControlCharacter);
        }
        // The last blank line separates, so a text may have blank lines of its own.
        let blank = note.rfind("\n\n").ok_or(NoteError::NoSignatures)?;
        let (text, signatures) = (&note[..=blank], &note[blank + 2..]);
        let signatures = signatures.strip_suffix('\n').ok_or(NoteError::NoSignatures)?;
        let mut lines = Vec::new();
        for (number, line) in signatures.split('\n').enumerate() {
            if number == MAX_SIGNATURES {
                return Err(NoteError::TooManySignatures);
            }
            lines.push(SignatureLine::parse(line).ok_or(NoteError::MalformedLine { line: number })?);
        }
        Ok(Self { text, lines })
    }

    /// The text with its last newline, unverified: good for finding out whose note it says it is, for nothing
    /// else.
    pub fn unverified_text(&self) -> &'a str {
        self.text
    }

    /// The signature lines, in their order.
    pub fn lines(&self) -> &[SignatureLine<'a>] {
        &self.lines
    }
}

impl<'a> SignatureLine<'a> {
    /// The line, without its newline.
    pub fn as_str(&self) -> &'a str {
        self.line
    }

    /// The name on the line.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// The key id on the line.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The bytes after the key id, at least one.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    fn parse(line: &'a str) -> Option<Self> {
        let (name, base64) = line.strip_prefix(LINE_START)?.split_once(' ')?;
        let name = name.parse().ok()?;
        // The decoder refuses missing padding and set trailing bits, so a line has one spelling.
        let mut signature = Base64::decode_vec(base64).ok()?;
        let id = KeyId::new(*signature.first_chunk::<ID_BYTES>()?);
        signature.drain(..ID_BYTES);
        (!signature.is_empty()).then_some(Self {
            line,
            name,
            id,
            signature,
        })
    }
}

/// A signature line, with its newline.
pub(crate) fn signature_line(name: &KeyName, id: KeyId, signature: &[u8]) -> String {
    let mut bytes = id.to_bytes().to_vec();
    bytes.extend_from_slice(signature);
    format!("{LINE_START}{name} {}\n", Base64::encode_string(&bytes))
}
