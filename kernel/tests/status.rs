//! Status lists: the examples of both specifications, what others write, and what is refused.

#![cfg(test)]

use base64ct::{Base64UrlUnpadded, Encoding as _};
use placet_kernel::status::{Bits, MAX_ENCODED_CHARACTERS, MAX_LIST_BYTES, MIN_LIST_ENTRIES, StatusError};
use proptest::prelude::*;

/// Bitstring Status List v1.0, example 6: a list of which no entry is set.
const EXAMPLE: &str = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA";

fn text(member: &[u8]) -> String {
    format!("u{}", Base64UrlUnpadded::encode_string(member))
}

/// A gzip member with these flags and optional parts.
fn member(flags: u8, parts: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut member = vec![0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 2, 3];
    member.extend(parts);
    member.extend(miniz_oxide::deflate::compress_to_vec(bytes, 9));
    member.extend(crc32fast::hash(bytes).to_le_bytes());
    member.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
    member
}

#[test]
fn the_bitstring_of_the_specification_is_read() {
    let bits = Bits::from_bitstring(EXAMPLE).unwrap();
    assert_eq!(bits.entries(), MIN_LIST_ENTRIES);
    assert_eq!(bits, Bits::none_set());
    assert_eq!(bits.get(94_567), Ok(false));
}

#[test]
fn the_token_list_of_the_specification_is_read_and_written() {
    // Token Status List, section 4.1: sixteen entries in the bytes 0xb9 and 0xa3.
    let bits = Bits::from_token("eNrbuRgAAhcBXQ").unwrap();
    let set: Vec<bool> = (0..16).map(|index| bits.get(index).unwrap()).collect();
    let expected = [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1].map(|bit| bit == 1);
    assert_eq!(set, expected);
    assert_eq!(Bits::from_token(&bits.to_token()), Ok(bits));
}

#[test]
fn the_test_vector_of_a_large_token_list_is_read() {
    // Token Status List, appendix of test vectors: 2^20 entries of one bit.
    let lst = "eNrt3AENwCAMAEGogklACtKQPg9LugC9k_ACvreiogEAAKkeCQAAAAAAAAAAAAAAAAAAAIBylgQAAAAAAAAAAAAAAAAAAAAAAAAA\
               AAAAAAAAAAAAAAAAAAAAAAAAAAAAXG9IAAAAAAAAAPwsJAAAAAAAAAAAAAAAvhsSAAAAAAAAAAAA7KpLAAAAAAAAAAAAAAAAAAAA\
               AJsLCQAAAAAAAAAAADjelAAAAAAAAAAAKjDMAQAAAACAZC8L2AEb";
    let bits = Bits::from_token(lst).unwrap();
    let set = [
        0, 1993, 25_460, 159_495, 495_669, 554_353, 645_645, 723_232, 854_545, 934_534, 1_000_345,
    ];
    assert_eq!(bits.entries(), 1 << 20);
    let found: Vec<u64> = (0..1 << 20).filter(|index| bits.get(*index).unwrap()).collect();
    assert_eq!(found, set);
}

#[test]
fn a_set_entry_stays_set_and_beyond_the_end_there_is_none() {
    let mut bits = Bits::none_set();
    assert_eq!(bits.set(0), Ok(true));
    assert_eq!(bits.set(0), Ok(false));
    assert_eq!(bits.as_bytes()[0], 0x80, "the first entry is the leftmost bit");
    let beyond = StatusError::Range {
        index: 131_072,
        entries: MIN_LIST_ENTRIES,
    };
    assert_eq!(bits.set(131_072), Err(beyond));
    assert_eq!(bits.get(131_072), Err(beyond));
    assert!(bits.get(u64::MAX).is_err());
}

#[test]
fn the_optional_parts_of_a_gzip_header_are_passed_over() {
    let bytes = vec![7; MIN_LIST_ENTRIES / 8];
    let parts = [&[3, 0, 9, 9, 9][..], b"name\0comment\0", &[1, 2]].concat();
    let read = Bits::from_bitstring(&text(&member(0b1_1110, &parts, &bytes))).unwrap();
    assert_eq!(read.as_bytes(), bytes);
    assert_eq!(
        Bits::from_bitstring(&text(&member(0b10_0000, &[], &bytes))),
        Err(StatusError::Compression),
        "a flag that nobody knows"
    );
}

#[test]
fn what_is_inflated_has_a_budget() {
    let bomb = vec![0; MAX_LIST_BYTES + 1];
    assert!(text(&member(0, &[], &bomb)).len() < 4096, "it looks small");
    assert_eq!(
        Bits::from_bitstring(&text(&member(0, &[], &bomb))),
        Err(StatusError::Oversize)
    );
    assert_eq!(
        Bits::from_token(&Bits::from_bytes(bomb.clone()).to_token()),
        Err(StatusError::Oversize)
    );
    let most = &bomb[1..];
    assert!(Bits::from_bitstring(&text(&member(0, &[], most))).is_ok());
    assert!(Bits::from_token(&Bits::from_bytes(most.to_vec()).to_token()).is_ok());
    let long = "A".repeat(MAX_ENCODED_CHARACTERS + 1);
    assert_eq!(Bits::from_token(&long), Err(StatusError::Oversize));
    assert_eq!(Bits::from_bitstring(&format!("u{long}")), Err(StatusError::Oversize));
}

#[test]
fn what_is_no_list_is_refused() {
    let bytes = vec![0; MIN_LIST_ENTRIES / 8];
    let whole = member(0, &[], &bytes);
    let mut other_sum = whole.clone();
    *other_sum.iter_mut().nth_back(5).unwrap() ^= 1;
    let mut other_length = whole.clone();
    *other_length.last_mut().unwrap() ^= 1;
    let twice = [whole.clone(), whole.clone()].concat();
    for member in [
        &other_sum[..],
        &other_length,
        &twice,
        &whole[..whole.len() - 1],
        &whole[..9],
        &[],
    ] {
        assert_eq!(Bits::from_bitstring(&text(member)), Err(StatusError::Compression));
    }
    assert_eq!(Bits::from_bitstring(&EXAMPLE[1..]), Err(StatusError::Encoding));
    assert_eq!(Bits::from_bitstring(&format!("{EXAMPLE}=")), Err(StatusError::Encoding));
    assert_eq!(
        Bits::from_bitstring(&text(&member(0, &[], &bytes[1..]))),
        Err(StatusError::Short(MIN_LIST_ENTRIES - 8))
    );
    let zlib = Base64UrlUnpadded::decode_vec(&Bits::from_bytes(bytes).to_token()).unwrap();
    for stream in [[&zlib[..], &[0]].concat(), zlib[..zlib.len() - 1].to_vec(), Vec::new()] {
        let lst = Base64UrlUnpadded::encode_string(&stream);
        assert_eq!(Bits::from_token(&lst), Err(StatusError::Compression));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn both_formats_say_the_same(indexes in proptest::collection::btree_set(0..131_072_u64, 0..400)) {
        let mut bits = Bits::none_set();
        for index in &indexes {
            bits.set(*index).unwrap();
        }
        let read = [Bits::from_bitstring(&bits.to_bitstring()).unwrap(), Bits::from_token(&bits.to_token()).unwrap()];
        for read in read {
            let set = (0..131_072).filter(|index| read.get(*index).unwrap()).collect::<std::collections::BTreeSet<_>>();
            prop_assert_eq!(&set, &indexes);
        }
    }

    #[test]
    fn nothing_that_is_read_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300), flags in 0_u8..64) {
        let mut gzip = vec![0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 0];
        gzip.extend(&bytes);
        let _refused = Bits::from_bitstring(&text(&gzip));
        let _refused = Bits::from_token(&Base64UrlUnpadded::encode_string(&bytes));
    }
}
