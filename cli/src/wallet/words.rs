//! The seed as 24 words for paper: BIP-39, its English list. The words stand for the seed's 32 bytes themselves and a
//! checksum of 8 bits; the key stretching that BIP-39 adds for coins is not used.

use anyhow::{Result, anyhow, bail};
use bip0039::{English, Mnemonic};
use placet_wallet::keys::{SEED_BYTES, Seed};
use zeroize::Zeroizing;

/// How many words a seed is.
pub(super) const WORDS: usize = 24;

/// The words of a seed.
pub(super) fn of_seed(seed: &Seed) -> Result<Zeroizing<String>> {
    let mnemonic = Mnemonic::<English>::from_entropy(seed.as_bytes().to_vec())?;
    Ok(Zeroizing::new(mnemonic.into_phrase()))
}

/// The seed of words, in any case and spacing, numbered or not.
///
/// # Errors
/// When there are not 24, one is not in the list (the error gives its place, never the word), or the checksum is wrong.
pub(super) fn to_seed(text: &str) -> Result<Seed> {
    let words: Vec<Zeroizing<String>> = text
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty())
        .map(|word| Zeroizing::new(word.to_lowercase()))
        .collect();
    if words.len() != WORDS {
        bail!("a seed is {WORDS} words; these are {}", words.len());
    }
    let known = English::words();
    if let Some(at) = words.iter().position(|word| !known.contains(&word.as_str())) {
        bail!(
            "word {} is not in the list of BIP-39: look for a slip of the pen",
            at + 1
        );
    }
    let phrase = Zeroizing::new(words.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(" "));
    let mnemonic = Mnemonic::<English>::from_normalized_phrase(phrase.as_str())
        .map_err(|_| anyhow!("the words are all known, but not a seed: two may be swapped, or one is another"))?;
    let entropy = Zeroizing::new(mnemonic.into_entropy());
    let bytes: &[u8; SEED_BYTES] = entropy
        .as_slice()
        .try_into()
        .map_err(|_| anyhow!("these words stand for another length than a seed's"))?;
    Ok(Seed::from_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answer() {
        // The first vector of 256 bits in BIP-39's list of test vectors.
        let words = of_seed(&Seed::from_bytes([0; SEED_BYTES])).unwrap();
        assert_eq!(words.as_str(), format!("{}art", "abandon ".repeat(23)));
    }

    #[test]
    fn words_read_back_in_any_hand() {
        let seed = Seed::from_bytes(core::array::from_fn(|at| at as u8 * 7));
        let words = of_seed(&seed).unwrap();
        assert_eq!(to_seed(&words).unwrap().as_bytes(), seed.as_bytes());
        let numbered: String = words
            .split(' ')
            .enumerate()
            .map(|(at, word)| format!("{}. {}\n", at + 1, word.to_uppercase()))
            .collect();
        assert_eq!(to_seed(&numbered).unwrap().as_bytes(), seed.as_bytes());
    }

    #[test]
    fn slips_are_noticed_and_no_error_repeats_a_word() {
        let words = of_seed(&Seed::from_bytes([7; SEED_BYTES])).unwrap();
        let mut all: Vec<&str> = words.split(' ').collect();
        let say = |all: &[&str]| to_seed(&all.join(" ")).unwrap_err().to_string();
        assert_eq!(say(&all[1..]), "a seed is 24 words; these are 23");
        let right = all[4];
        all[4] = "placet";
        assert_eq!(
            say(&all),
            "word 5 is not in the list of BIP-39: look for a slip of the pen"
        );
        all[4] = if right == "zoo" { "zone" } else { "zoo" };
        assert!(say(&all).starts_with("the words are all known"));
    }
}
