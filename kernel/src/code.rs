//! Withdrawal codes: what a person writes down, so that she can end a consent with nothing but paper.
//!
//! A code is 128 random bits. It is written in Crockford's base32 (digits and capitals without I, L, O, U): 26 characters
//! for the bits, the last of them with two zero bits at its end, and 4 for a checksum, in groups of five:
//! `XXXXX-XXXXX-XXXXX-XXXXX-XXXXX-XXXXX`. The checksum is the first 20 bits of
//! `SHA-256("placet withdrawal code v1" || bytes)`: it tells a slip of the pen from an unknown code, before anything is
//! sent. About one slip in a million passes it, and then meets no consent.
//!
//! The code is the secret itself. It seeds the key that a grant names as `withdrawalKey`: see [`WithdrawalCode::seed`].

use core::fmt;
use core::str::FromStr;

use hkdf::Hkdf;
use sha2::{Digest as _, Sha256};
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// Length of a code, in bytes.
pub const CODE_BYTES: usize = 16;
/// Characters of a written code, without the hyphens.
pub const CODE_CHARS: usize = DATA_CHARS + CHECKSUM_CHARS;
/// Longest text that is looked at, in bytes: a code with generous spacing.
pub const MAX_CODE_TEXT_BYTES: usize = 128;

const DATA_CHARS: usize = 26;
const CHECKSUM_CHARS: usize = 4;
const GROUP: usize = 5;
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHECKSUM_DOMAIN: &[u8] = b"placet withdrawal code v1";
const SEED_INFO: &[u8] = b"placet withdrawal v1";

/// A withdrawal code. `Display` writes the secret itself, for paper; `Debug` does not.
#[derive(Clone, PartialEq, Eq, ZeroizeOnDrop)]
pub struct WithdrawalCode([u8; CODE_BYTES]);

/// Why a text is no withdrawal code. No error repeats any part of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Not 30 characters, spaces and hyphens aside.
    #[error("a withdrawal code has 30 letters and digits in six groups of five")]
    Length,
    /// A character that no code has.
    #[error("character {position} is none that a withdrawal code can have")]
    Character {
        /// Its place, from 1, spaces and hyphens aside.
        position: usize,
    },
    /// A slip: some character is another one, or two changed places.
    #[error("the code has a typing error somewhere")]
    Checksum,
}

impl WithdrawalCode {
    /// The code of 16 random bytes.
    #[must_use]
    pub const fn from_random(random: [u8; CODE_BYTES]) -> Self {
        Self(random)
    }

    /// The seed of the withdrawal key, an Ed25519 private key (RFC 8032): 32 bytes of HKDF-SHA-256 (RFC 5869) of the
    /// code, without salt, with info `placet withdrawal v1`.
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        clippy::expect_used,
        reason = "HKDF-SHA-256 gives up to 8160 bytes (RFC 5869)"
    )]
    pub fn seed(&self) -> [u8; 32] {
        let mut seed = [0; 32];
        Hkdf::<Sha256>::new(None, &self.0)
            .expand(SEED_INFO, &mut seed)
            .expect("32 bytes are within HKDF's limit");
        seed
    }

    fn checksum(&self) -> [u8; CHECKSUM_CHARS] {
        let hash = Sha256::new()
            .chain_update(CHECKSUM_DOMAIN)
            .chain_update(self.0)
            .finalize();
        let bits = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]) >> 12;
        [15, 10, 5, 0].map(|shift| five_bits(bits >> shift))
    }

    fn data(&self) -> Zeroizing<[u8; DATA_CHARS]> {
        let bits = Zeroizing::new(u128::from_be_bytes(self.0));
        let mut data = Zeroizing::new([0; DATA_CHARS]);
        for (at, value) in data.iter_mut().enumerate() {
            // The last character holds the last three bits and two zeros.
            let shifted = if at + 1 == DATA_CHARS {
                *bits << 2
            } else {
                *bits >> (123 - 5 * at)
            };
            *value = five_bits((shifted & 31) as u32);
        }
        data
    }
}

impl FromStr for WithdrawalCode {
    type Err = CodeError;

    /// Reads a code in any case, with spaces, hyphens and dashes anywhere, O for 0, I and L for 1.
    fn from_str(text: &str) -> Result<Self, CodeError> {
        if text.len() > MAX_CODE_TEXT_BYTES {
            return Err(CodeError::Length);
        }
        let mut values = Zeroizing::new([0_u8; CODE_CHARS]);
        let mut count = 0;
        for c in text.chars().filter(|c| !is_filler(*c)) {
            let value = value_of(c).ok_or(CodeError::Character { position: count + 1 })?;
            *values.get_mut(count).ok_or(CodeError::Length)? = value;
            count += 1;
        }
        if count != CODE_CHARS {
            return Err(CodeError::Length);
        }
        let (data, checksum) = values.split_at(DATA_CHARS);
        let mut bits = Zeroizing::new(0_u128);
        for value in &data[..DATA_CHARS - 1] {
            *bits = *bits << 5 | u128::from(*value);
        }
        *bits = *bits << 3 | u128::from(data[DATA_CHARS - 1] >> 2);
        let code = Self(bits.to_be_bytes());
        // Two spare bits that are set would be a second spelling of the same code.
        if data[DATA_CHARS - 1] & 3 != 0 || code.checksum() != checksum {
            return Err(CodeError::Checksum);
        }
        Ok(code)
    }
}

impl fmt::Display for WithdrawalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Zeroizing::new([b'-'; CODE_CHARS + CODE_CHARS / GROUP - 1]);
        let (data, checksum) = (self.data(), self.checksum());
        for (at, value) in data.iter().chain(&checksum).enumerate() {
            text[at + at / GROUP] = ALPHABET[usize::from(*value)];
        }
        text.iter().try_for_each(|b| fmt::Write::write_char(f, char::from(*b)))
    }
}

impl fmt::Debug for WithdrawalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WithdrawalCode(…)")
    }
}

/// Spaces, and the hyphens and dashes that word processors put in the place of a hyphen (U+2010 to U+2015, U+2212).
fn is_filler(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

fn value_of(c: char) -> Option<u8> {
    let c = match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let value = ALPHABET.iter().position(|symbol| char::from(*symbol) == c)?;
    u8::try_from(value).ok()
}

const fn five_bits(bits: u32) -> u8 {
    (bits & 31) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes that differ in every bit now and then, the same in every run: an undetected slip is one in a million, so a
    /// test over random codes would fail now and then for no fault.
    fn codes() -> impl Iterator<Item = WithdrawalCode> {
        let hashed = (0..24_u8).map(|n| {
            let mut bytes = [0; CODE_BYTES];
            bytes.copy_from_slice(&Sha256::digest([n])[..CODE_BYTES]);
            bytes
        });
        [[0; CODE_BYTES], [0xff; CODE_BYTES]]
            .into_iter()
            .chain(hashed)
            .map(WithdrawalCode::from_random)
    }

    #[test]
    fn known_answers() {
        // Computed with Python: int.from_bytes, hashlib.sha256, and RFC 5869 written out with hmac.
        let code = WithdrawalCode::from_random(core::array::from_fn(|at| at as u8));
        assert_eq!(code.to_string(), "000G4-0R40M-30E20-9185G-R38E1-WRQGC");
        let seed = placet_schemas::id::encode_hex(&code.seed());
        assert_eq!(seed, "cb535acc5089e41a713807ed3be26cfcfa1af2c2239dfb719497a1f2401ef66b");
    }

    #[test]
    fn what_is_written_reads_back_in_any_hand() {
        for code in codes() {
            let text = code.to_string();
            assert_eq!(text.len(), 35);
            assert_eq!(text.parse(), Ok(code.clone()));
            let loose = text
                .to_lowercase()
                .replace('0', "o")
                .replace('1', "l")
                .replace('-', " \u{2013}\n");
            assert_eq!(loose.parse(), Ok(code.clone()));
            assert_eq!(
                text.replace('1', "i").replace('0', "O").replace('-', "").parse(),
                Ok(code)
            );
        }
    }

    #[test]
    fn every_wrong_character_is_noticed() {
        for code in codes() {
            let text = code.to_string();
            for (at, right) in text.char_indices().filter(|(_, c)| *c != '-') {
                for wrong in ALPHABET.iter().map(|b| char::from(*b)).filter(|wrong| *wrong != right) {
                    let mut slip = text.clone();
                    slip.replace_range(at..=at, wrong.encode_utf8(&mut [0; 4]));
                    assert_eq!(slip.parse::<WithdrawalCode>(), Err(CodeError::Checksum), "{slip}");
                }
            }
        }
    }

    #[test]
    fn every_swap_of_neighbours_is_noticed() {
        for code in codes() {
            let text = code.to_string().replace('-', "");
            for at in 1..text.len() {
                let mut slip = text.clone().into_bytes();
                slip.swap(at - 1, at);
                let slip = String::from_utf8(slip).unwrap();
                let expected = if slip == text {
                    Ok(code.clone())
                } else {
                    Err(CodeError::Checksum)
                };
                assert_eq!(slip.parse(), expected, "{slip}");
            }
        }
    }

    #[test]
    fn each_fault_has_its_error() {
        let text = WithdrawalCode::from_random([7; CODE_BYTES]).to_string();
        let read = |text: &str| text.parse::<WithdrawalCode>().unwrap_err();
        assert_eq!(read(""), CodeError::Length);
        assert_eq!(read(&text[1..]), CodeError::Length);
        assert_eq!(read(&format!("{text}0")), CodeError::Length);
        assert_eq!(
            read(&format!("{text}{}", " ".repeat(MAX_CODE_TEXT_BYTES))),
            CodeError::Length
        );
        assert_eq!(read(&text.replacen('-', "-U", 1)), CodeError::Character { position: 6 });
        assert_eq!(read("é"), CodeError::Character { position: 1 });
    }

    #[test]
    fn debug_hides_the_secret() {
        let code = WithdrawalCode::from_random([7; CODE_BYTES]);
        assert_eq!(format!("{code:?}"), "WithdrawalCode(…)");
    }
}
