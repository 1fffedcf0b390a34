//! The Ed25519 edge cases of C2SP/CCTV: 914 signatures, all of which satisfy some published rule for checking.
//!
//! The rule here, for a key A and a signature (R, S):
//!
//! 1. the encoding of A is canonical and A is not of low order (of 8 points), else the key is refused;
//! 2. R is not of low order;
//! 3. S is below the group order;
//! 4. [S]B = R + [k]A exactly, without the cofactor, with k of the bytes as they came, and compared as bytes: so a
//!    non-canonical R fails as well.
//!
//! In the vectors' flags: `low_order_A`, `low_order_R`, `non_canonical_A`, `non_canonical_R` and `low_order_residue` (the
//! equation holds only when both sides are multiplied by 8) are refused each. What is left may have a low-order component
//! in A and R (`low_order_component_*`: the point has a part outside the prime-order group) that cancels out in the
//! equation: such a key is no other key's twin and its signatures fit nothing else, so these are accepted, as RFC 8032's
//! own equation and the usual libraries do. Rule 4 makes every checker of this rule agree on every input.

#![cfg(test)]

use placet_kernel::keys::PublicKey;
use placet_kernel::sign::Algorithm;
use serde::Deserialize;

const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../shared/vectors/ed25519/ed25519vectors.json"
);

#[derive(Deserialize)]
struct Vector {
    number: u32,
    key: String,
    sig: String,
    msg: String,
    flags: Option<Vec<Flag>>,
}

#[derive(Deserialize, PartialEq, Clone, Copy, Debug)]
#[serde(rename_all = "snake_case")]
enum Flag {
    #[serde(rename = "low_order_R")]
    LowOrderR,
    #[serde(rename = "low_order_A")]
    LowOrderA,
    #[serde(rename = "low_order_component_R")]
    LowOrderComponentR,
    #[serde(rename = "low_order_component_A")]
    LowOrderComponentA,
    LowOrderResidue,
    #[serde(rename = "non_canonical_A")]
    NonCanonicalA,
    #[serde(rename = "non_canonical_R")]
    NonCanonicalR,
    /// The signature holds only if k is of A and R encoded anew; it comes with a non-canonical one.
    #[serde(rename = "reencoded_k")]
    ReencodedK,
}

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    assert_eq!(hex.len(), 2 * N);
    core::array::from_fn(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
}

#[test]
fn every_flagged_signature_is_judged_by_the_strict_rule() {
    let Ok(text) = std::fs::read(FILE) else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no vectors in CI");
        println!("skipped: no vectors at {FILE}");
        return;
    };
    let vectors: Vec<Vector> = serde_json::from_slice(&text).unwrap();
    let (mut accepted, mut plain, mut weak_keys) = (0, 0, 0);
    for vector in &vectors {
        let flags = vector.flags.as_deref().unwrap_or_default();
        let has = |flag| flags.contains(&flag);
        let key = PublicKey::from_raw(Algorithm::Ed25519, &bytes::<32>(&vector.key));
        // A key that is refused is refused before any signature: it cannot enter a record, a DID or a trust file.
        let bad_key = has(Flag::LowOrderA) || has(Flag::NonCanonicalA);
        assert_eq!(key.is_err(), bad_key, "key of vector {}: {flags:?}", vector.number);
        let Ok(key) = key else {
            weak_keys += 1;
            continue;
        };
        let holds = key.verify(vector.msg.as_bytes(), &bytes::<64>(&vector.sig)).is_ok();
        let only_components = [Flag::LowOrderComponentA, Flag::LowOrderComponentR];
        assert_eq!(
            holds,
            flags.iter().all(|flag| only_components.contains(flag)),
            "vector {}: {flags:?}",
            vector.number
        );
        accepted += u32::from(holds);
        plain += u32::from(flags.is_empty() && holds);
        if has(Flag::ReencodedK) {
            assert!(has(Flag::NonCanonicalR), "vector {}", vector.number);
        }
    }
    // So that a file that is cut short, or a check that refuses everything, is no green run.
    assert_eq!((vectors.len(), accepted, plain, weak_keys), (914, 43, 1, 526));
}

#[test]
fn s_is_below_the_group_order() {
    // RFC 8032 section 7.1, TEST 1; then S + L, which a checker that does not look at S's range takes for S.
    let key: [u8; 32] = bytes("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    let key = PublicKey::from_raw(Algorithm::Ed25519, &key).unwrap();
    let mut signature: [u8; 64] = bytes(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    );
    assert_eq!(key.verify(b"", &signature), Ok(()));
    let order: [u8; 32] = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut carry = 0;
    for (s, l) in signature[32..].iter_mut().zip(order) {
        let sum = u16::from(*s) + u16::from(l) + carry;
        *s = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert!(key.verify(b"", &signature).is_err());
}

#[test]
fn a_key_has_one_encoding() {
    // y and y + p are the same coordinate, p = 2^255 - 19; in 255 bits only y below 19 has the second encoding. In the
    // vectors every such key is of low order; these are not.
    let mut twins = 0;
    for y in 2..19_u8 {
        let mut canonical = [0; 32];
        canonical[0] = y;
        let mut twin = [0xff; 32];
        (twin[0], twin[31]) = (0xed + y, 0x7f);
        if PublicKey::from_raw(Algorithm::Ed25519, &canonical).is_ok() {
            twins += 1;
            assert!(PublicKey::from_raw(Algorithm::Ed25519, &twin).is_err(), "y = {y}");
        }
    }
    assert!(twins >= 5, "{twins}");
}
