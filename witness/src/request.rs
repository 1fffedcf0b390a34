//! The body of `add-checkpoint`: its form, and nothing about what it says.

use placet_kernel::merkle::Hash;
use placet_kernel::note::MAX_NOTE_BYTES;

/// The most hashes that a body may have: C2SP tlog-witness, "add-checkpoint".
pub const MAX_PROOF_LINES: usize = 63;
/// Longest line before the blank one, with its newline: `old ` and the digits of 2^64 - 1 are shorter than a hash, which is
/// 44 characters.
const MAX_LINE_BYTES: usize = 45;
/// Largest body: the longest note, and all lines before it.
pub const MAX_BODY_BYTES: usize = MAX_NOTE_BYTES + (MAX_PROOF_LINES + 2) * MAX_LINE_BYTES;

const OLD: &str = "old ";

/// A body whose form is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint<'a> {
    /// Size of the tree that the proof begins at.
    pub old: u64,
    /// The consistency proof, in the order of RFC 6962 section 2.1.2.
    pub proof: Vec<Hash>,
    /// The checkpoint, unread.
    pub note: &'a [u8],
}

/// Why a body is refused for its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Larger than [`MAX_BODY_BYTES`].
    #[error("the body has more than {MAX_BODY_BYTES} bytes")]
    TooLong,
    /// The first line is not `old `, a decimal without leading zeroes, and a newline.
    #[error("the first line is not the old size")]
    Old,
    /// A line, counted from 0, is not the canonical base64 of 32 bytes.
    #[error("line {0} of the proof is not a hash")]
    Hash(usize),
    /// More than [`MAX_PROOF_LINES`] lines.
    #[error("the proof has more than {MAX_PROOF_LINES} hashes")]
    TooManyHashes,
    /// No blank line ends the proof.
    #[error("no blank line stands before the checkpoint")]
    BlankLine,
}

impl<'a> AddCheckpoint<'a> {
    /// Reads the form of a body.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn parse(body: &'a [u8]) -> Result<Self, RequestError> {
        if body.len() > MAX_BODY_BYTES {
            return Err(RequestError::TooLong);
        }
        let (old, mut rest) = line(body).ok_or(RequestError::Old)?;
        let old = old.strip_prefix(OLD).and_then(decimal).ok_or(RequestError::Old)?;
        let mut proof = Vec::new();
        loop {
            let (text, after) = match line(rest) {
                Some(found) => found,
                None if rest.len() < MAX_LINE_BYTES && !rest.contains(&b'\n') => return Err(RequestError::BlankLine),
                None => return Err(RequestError::Hash(proof.len())),
            };
            rest = after;
            if text.is_empty() {
                break;
            }
            let hash = Hash::from_base64(text).map_err(|_| RequestError::Hash(proof.len()))?;
            if proof.len() == MAX_PROOF_LINES {
                return Err(RequestError::TooManyHashes);
            }
            proof.push(hash);
        }
        Ok(Self { old, proof, note: rest })
    }
}

/// The next line without its newline, and what follows. A longer line than any legal one is none, so that nothing is
/// searched from end to end for a newline that does not come.
fn line(body: &[u8]) -> Option<(&str, &[u8])> {
    let window = body.get(..MAX_LINE_BYTES).unwrap_or(body);
    let end = window.iter().position(|byte| *byte == b'\n')?;
    Some((str::from_utf8(&body[..end]).ok()?, &body[end + 1..]))
}

/// The one spelling of a number: an ASCII decimal without sign and without leading zeroes.
fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n";

    #[test]
    fn a_body_is_a_size_hashes_a_blank_line_and_a_note() {
        let body = format!("old 20852014\n{HASH}{HASH}\nnote\n\nsignature\n");
        let read = AddCheckpoint::parse(body.as_bytes()).unwrap();
        assert_eq!((read.old, read.proof.len()), (20_852_014, 2));
        assert_eq!(read.note, b"note\n\nsignature\n");
        let bare = AddCheckpoint::parse(b"old 0\n\n").unwrap();
        assert_eq!((bare.old, bare.proof.len(), bare.note), (0, 0, &b""[..]));
        let most = format!("old {}\n{}\n", u64::MAX, HASH.repeat(MAX_PROOF_LINES));
        assert_eq!(
            AddCheckpoint::parse(most.as_bytes()).unwrap().proof.len(),
            MAX_PROOF_LINES
        );
    }

    #[test]
    fn every_other_form_is_refused_by_name() {
        let many = format!("old 1\n{}\n", HASH.repeat(MAX_PROOF_LINES + 1));
        let crlf = format!("old 1\n{}\r\n\nx", HASH.trim_end());
        let unpadded = format!("old 1\n{}\n\nx", HASH.trim_end().trim_end_matches('='));
        let loose = format!("old 1\n{}\n\nx", HASH.trim_end().replace("aw=", "ax="));
        let endless = "old 1\n".to_owned() + &"A".repeat(MAX_LINE_BYTES + 1);
        for (body, error) in [
            ("", RequestError::Old),
            ("old 1", RequestError::Old),
            ("old 01\n\n", RequestError::Old),
            ("old +1\n\n", RequestError::Old),
            ("old  1\n\n", RequestError::Old),
            ("old 1 \n\n", RequestError::Old),
            ("old 1\r\n\n", RequestError::Old),
            ("old \u{661}\n\n", RequestError::Old),
            ("old 18446744073709551616\n\n", RequestError::Old),
            ("size 1\n\n", RequestError::Old),
            ("\nold 1\n\n", RequestError::Old),
            ("old 1\n", RequestError::BlankLine),
            ("old 1\n\0\n\n", RequestError::Hash(0)),
            (&crlf, RequestError::Hash(0)),
            (&unpadded, RequestError::Hash(0)),
            (&loose, RequestError::Hash(0)),
            (&endless, RequestError::Hash(0)),
            (&many, RequestError::TooManyHashes),
        ] {
            assert_eq!(AddCheckpoint::parse(body.as_bytes()), Err(error), "{body:?}");
        }
        assert_eq!(AddCheckpoint::parse(b"old \xff\n\n"), Err(RequestError::Old));
        assert_eq!(
            AddCheckpoint::parse(&vec![b'\n'; MAX_BODY_BYTES + 1]),
            Err(RequestError::TooLong)
        );
    }
}
