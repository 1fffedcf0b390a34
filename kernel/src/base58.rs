//! Base58-btc (draft-msporny-base58) of signatures. Keys, which are decoded once, go through a general decoder; it needs
//! time that grows with the square of the length, for a signature as much as a tenth of what the signature itself costs.

/// Length of a signature in bytes.
const BYTES: usize = 64;
/// 64-bit limbs of a number of that length.
const LIMBS: usize = BYTES / 8;
/// Digits that are taken at once: 58^10 is below 2^64.
const CHUNK: usize = 10;
/// Stands in [`DIGITS`] for a character that is no digit.
const NO_DIGIT: u8 = 0xff;
/// The value of each digit.
const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let alphabet = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut value = 0;
    while value < alphabet.len() {
        digits[alphabet[value] as usize] = value as u8;
        value += 1;
    }
    digits
};

/// The 64 bytes of a base58-btc text; `None` for anything else. As many leading zero bytes as there are leading `1`s: each
/// value has one text.
pub(crate) fn decode_signature(text: &str) -> Option<[u8; BYTES]> {
    // The least significant limb first.
    let mut number = [0u64; LIMBS];
    let (head, chunks) = text.as_bytes().as_rchunks::<CHUNK>();
    if chunks.len() > BYTES / CHUNK + 3 {
        return None;
    }
    for digits in std::iter::once(head).chain(chunks.iter().map(|chunk| chunk.as_slice())) {
        let (mut value, mut scale) = (0u64, 1u64);
        for digit in digits {
            match DIGITS[usize::from(*digit)] {
                NO_DIGIT => return None,
                digit => value = value * 58 + u64::from(digit),
            }
            scale *= 58;
        }
        let mut carry = u128::from(value);
        for limb in &mut number {
            carry += u128::from(*limb) * u128::from(scale);
            // The low half; the high half goes on.
            *limb = carry as u64;
            carry >>= u64::BITS;
        }
        if carry != 0 {
            return None;
        }
    }
    let mut bytes = [0; BYTES];
    for (slot, limb) in bytes.as_chunks_mut().0.iter_mut().zip(number.iter().rev()) {
        *slot = limb.to_be_bytes();
    }
    let ones = text.bytes().take_while(|byte| *byte == b'1').count();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    (ones == zeros).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn general(text: &str) -> Option<[u8; BYTES]> {
        bs58::decode(text).into_vec().ok()?.try_into().ok()
    }

    #[test]
    fn the_extremes_are_read() {
        for bytes in [[0; BYTES], [0xff; BYTES]] {
            let text = bs58::encode(bytes).into_string();
            assert_eq!(decode_signature(&text), Some(bytes));
            for other in [
                format!("{text}1"),
                format!("1{text}"),
                text[1..].to_owned(),
                format!("z{text}"),
            ] {
                assert_eq!(decode_signature(&other), general(&other), "{other}");
            }
        }
        for text in [
            "",
            "1",
            "0",
            "z",
            "\u{e9}",
            &"z".repeat(88),
            &"1".repeat(63),
            &"z".repeat(10_000),
        ] {
            assert_eq!(decode_signature(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn it_reads_what_the_general_decoder_reads(
            head in 0..8usize,
            tail in prop::collection::vec(any::<u8>(), 56..66),
            edit in prop::option::of((0..88usize, "[0-9A-Za-z]")),
        ) {
            let mut text = bs58::encode([vec![0; head], tail].concat()).into_string();
            if let Some((at, digit)) = edit {
                text.replace_range(at.min(text.len() - 1)..=at.min(text.len() - 1), &digit);
            }
            prop_assert_eq!(decode_signature(&text), general(&text));
        }
    }
}
