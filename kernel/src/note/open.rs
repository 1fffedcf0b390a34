//! The signatures of a note.

use super::{MAX_COSIGNATURE_TIME, NoteError, SignatureLine, SignatureType, UnverifiedNote, VerifierKey};

/// Bytes of the time before a cosignature.
const TIME_BYTES: usize = 8;

/// A note that at least one known key has signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note<'a> {
    text: &'a str,
    signatures: Vec<VerifiedSignature<'a>>,
}

/// A signature that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedSignature<'a> {
    key: &'a VerifierKey,
    time: Option<u64>,
    line: &'a str,
}

impl<'a> UnverifiedNote<'a> {
    /// Checks every line that is by a known key, and skips the others.
    ///
    /// Of several lines by one key all are checked and the first counts, so that nobody counts twice.
    ///
    /// # Errors
    /// [`NoteError::InvalidSignature`] if a line by a known key fails, whatever else the note has;
    /// [`NoteError::NoKnownSignature`]; [`NoteError::AmbiguousKey`].
    pub fn open(&self, keys: &'a [VerifierKey]) -> Result<Note<'a>, NoteError> {
        let mut signatures: Vec<VerifiedSignature<'a>> = Vec::new();
        for line in self.lines() {
            let Some(key) = find_key(line, keys)? else { continue };
            let verified = verify_line(self.unverified_text(), line, key)?;
            if !signatures.iter().any(|earlier| earlier.is_by(key)) {
                signatures.push(verified);
            }
        }
        if signatures.is_empty() {
            return Err(NoteError::NoKnownSignature);
        }
        Ok(Note {
            text: self.unverified_text(),
            signatures,
        })
    }

    /// Checks every line; each must be by a known key, and no key may have two.
    ///
    /// # Errors
    /// Those of [`UnverifiedNote::open`]; [`NoteError::UnknownKey`] and [`NoteError::DuplicateSignature`].
    pub fn open_exact(&self, keys: &'a [VerifierKey]) -> Result<Note<'a>, NoteError> {
        let mut signatures: Vec<VerifiedSignature<'a>> = Vec::with_capacity(self.lines().len());
        for line in self.lines() {
            let Some(key) = find_key(line, keys)? else {
                return Err(NoteError::UnknownKey {
                    name: line.name().clone(),
                    id: line.id(),
                });
            };
            if signatures.iter().any(|earlier| earlier.is_by(key)) {
                return Err(NoteError::DuplicateSignature {
                    name: line.name().clone(),
                    id: line.id(),
                });
            }
            signatures.push(verify_line(self.unverified_text(), line, key)?);
        }
        Ok(Note {
            text: self.unverified_text(),
            signatures,
        })
    }
}

impl<'a> Note<'a> {
    /// The text that was signed, with its last newline.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The signatures by known keys, in the order of the note, one for each key; at least one.
    pub fn signatures(&self) -> &[VerifiedSignature<'a>] {
        &self.signatures
    }

    /// The note with these signatures and no other: what can be opened exactly with the same keys.
    pub fn to_exact(&self) -> String {
        let mut note = format!("{}\n", self.text);
        for signature in &self.signatures {
            note.push_str(signature.line);
            note.push('\n');
        }
        note
    }
}

impl<'a> VerifiedSignature<'a> {
    /// The key that signed.
    pub fn key(&self) -> &'a VerifierKey {
        self.key
    }

    /// The time that a cosignature states, in seconds since 1970, at most [`MAX_COSIGNATURE_TIME`]; `None` for
    /// a signature that states none.
    pub fn time(&self) -> Option<u64> {
        self.time
    }

    /// The line, without its newline.
    pub fn line(&self) -> &'a str {
        self.line
    }

    fn is_by(&self, key: &VerifierKey) -> bool {
        self.key.id() == key.id() && self.key.name() == key.name()
    }
}

/// What a cosigner signs: C2SP tlog-cosignature, "Ed25519 signed message". The text ends in a newline.
pub(crate) fn cosignature_message(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

fn find_key<'k>(line: &SignatureLine<'_>, keys: &'k [VerifierKey]) -> Result<Option<&'k VerifierKey>, NoteError> {
    let mut matching = keys
        .iter()
        .filter(|key| key.id() == line.id() && key.name() == line.name());
    let Some(first) = matching.next() else { return Ok(None) };
    // Ids are short, so a collision can be made. Trying both keys would let either speak for the other.
    if matching.any(|other| other != first) {
        return Err(NoteError::AmbiguousKey {
            name: first.name().clone(),
            id: first.id(),
        });
    }
    Ok(Some(first))
}

fn verify_line<'a>(
    text: &str,
    line: &SignatureLine<'a>,
    key: &'a VerifierKey,
) -> Result<VerifiedSignature<'a>, NoteError> {
    let time = match key.signature_type() {
        SignatureType::Ed25519 => verify_plain(text, line.signature(), key).map(|()| None),
        SignatureType::CosignatureV1 => verify_cosignature(text, line.signature(), key).map(Some),
    };
    match time {
        Some(time) => Ok(VerifiedSignature {
            key,
            time,
            line: line.as_str(),
        }),
        None => Err(NoteError::InvalidSignature {
            name: key.name().clone(),
            id: key.id(),
        }),
    }
}

fn verify_plain(text: &str, signature: &[u8], key: &VerifierKey) -> Option<()> {
    key.verify_raw(text.as_bytes(), signature.try_into().ok()?).ok()
}

fn verify_cosignature(text: &str, signature: &[u8], key: &VerifierKey) -> Option<u64> {
    let (time, signature) = signature.split_first_chunk::<TIME_BYTES>()?;
    let time = u64::from_be_bytes(*time);
    if time > MAX_COSIGNATURE_TIME {
        return None;
    }
    let message = cosignature_message(time, text);
    key.verify_raw(message.as_bytes(), signature.try_into().ok()?).ok()?;
    Some(time)
}
