//! Derivation, and the two algorithms.

use std::collections::BTreeSet;

use placet_kernel::keys::PublicKey;
use placet_kernel::sign::{Algorithm, Signer};
use placet_schemas::id::{Did, Origin, encode_hex};
use placet_wallet::keys::{NotAScalar, Seed, SoftwareKey};

use crate::world::{code, p};

const BOTH: [Algorithm; 2] = [Algorithm::Ed25519, Algorithm::P256];

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    assert_eq!(hex.len(), 2 * N);
    core::array::from_fn(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
}

fn counting_seed() -> Seed {
    Seed::from_bytes(core::array::from_fn(|at| at as u8))
}

#[test]
fn pairwise_keys_are_known_answers() {
    // HKDF written out with Python's hmac (RFC 5869 section 2), the parts joined with int.to_bytes(2, "big").
    let (origin, cinema) = (p("log.example/placet"), p("did:web:cinema.example"));
    let derived = counting_seed().pairwise(&origin, &cinema, Algorithm::Ed25519, 0);
    let expected = bytes("31cea8d22e54cfa41a162cdf1491cf15847e01892131773d9f719a5f800db309");
    assert_eq!(derived.did(), SoftwareKey::ed25519_from_seed(&expected).did());

    let derived = counting_seed().pairwise(&origin, &cinema, Algorithm::P256, 7);
    let uniform = bytes(concat!(
        "7a0966d9d0da55ad344a136e6c85ede4d650c50ad609bc3f",
        "2103d784315b1cd41d56bd947040255f79f49778c3de6815"
    ));
    let scalar = bytes("17ef59c84c954415c8161726d94fbade0872ad1d90fcf12da6e1c9d318afa546");
    assert_eq!(derived.did(), SoftwareKey::p256_from_uniform(&uniform).did());
    assert_eq!(derived.did(), SoftwareKey::p256_from_scalar(&scalar).unwrap().did());
}

#[test]
fn uniform_bytes_are_reduced_as_fips_186_5_says() {
    // Python: c % (n - 1) + 1, for c = 0, 1, n-2, n-1, n, 2(n-1)-1, 2^384-1, 2^256-1.
    for (uniform, scalar) in [
        ("", "01"),
        ("01", "02"),
        (
            "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254f",
            "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550",
        ),
        ("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550", "01"),
        ("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "02"),
        (
            "01fffffffe00000001ffffffffffffffff79cdf55b4e2f3d09e7739585f8c64a9f",
            "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550",
        ),
        (
            &"ff".repeat(48),
            "431905529c0166ce652e96b7ccca0a9a679b73e29ad16947f01cf012fc632550",
        ),
        (
            &"ff".repeat(32),
            "ffffffff00000000000000004319055258e8617b0c46353d039cdab0",
        ),
    ] {
        let key = SoftwareKey::p256_from_uniform(&bytes(&format!("{uniform:0>96}")));
        let expected = SoftwareKey::p256_from_scalar(&bytes(&format!("{scalar:0>64}"))).unwrap();
        assert_eq!(key.did(), expected.did(), "{uniform}");
    }
}

#[test]
fn scalars_are_in_range() {
    let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    for bad in [[0; 32], bytes(order), [0xff; 32]] {
        assert_eq!(
            SoftwareKey::p256_from_scalar(&bad).map(|key| key.did()),
            Err(NotAScalar)
        );
    }
}

#[test]
fn nothing_is_equal_across_brands_logs_curves_and_generations() {
    let mut seen = BTreeSet::new();
    let mut count = 0;
    // The parts of one would be the parts of another if they were joined without their lengths.
    let origins = ["log.example", "log.example/d", "log.exampl"];
    let controllers = ["did:web:a.example", "did:web:a.example1", "did:web:a.exampl"];
    for seed in [[1; 32], [2; 32]] {
        for origin in origins {
            for controller in controllers {
                for curve in BOTH {
                    for generation in [0, 1, 10, 11, 110, u32::MAX] {
                        let (origin, controller): (Origin, Did) = (p(origin), p(controller));
                        let key = Seed::from_bytes(seed).pairwise(&origin, &controller, curve, generation);
                        assert_eq!(key.algorithm(), curve);
                        seen.insert(encode_hex(&key.public_key_bytes()));
                        count += 1;
                    }
                }
            }
        }
    }
    assert_eq!(seen.len(), count);
}

#[test]
fn signatures_are_those_of_the_rfcs() {
    // RFC 8032 section 7.1, TEST 2.
    let seed = bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    let signature = SoftwareKey::ed25519_from_seed(&seed).sign(&[0x72]).unwrap();
    let expected = concat!(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da",
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    );
    assert_eq!(encode_hex(&signature), expected);
    // RFC 6979 section A.2.5, SHA-256, message "sample".
    let scalar = bytes("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
    let signature = SoftwareKey::p256_from_scalar(&scalar).unwrap().sign(b"sample").unwrap();
    let r = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
    let s = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
    assert_eq!(encode_hex(&signature), format!("{r}{s}"));
}

#[test]
fn what_a_key_signs_its_did_verifies() {
    for curve in BOTH {
        let key = counting_seed().pairwise(&p("log.example"), &p("did:web:a.example"), curve, 0);
        let public = PublicKey::from_did(&key.did()).unwrap();
        assert_eq!(public, key.public_key());
        let signature = key.sign(b"words").unwrap();
        assert_eq!(public.verify(b"words", &signature), Ok(()));
        assert!(public.verify(b"other words", &signature).is_err());
    }
}

#[test]
fn a_code_stands_for_one_key() {
    assert_eq!(
        SoftwareKey::withdrawal(&code()).did(),
        SoftwareKey::ed25519_from_seed(&code().seed()).did()
    );
}

#[test]
fn debug_shows_no_secret() {
    assert_eq!(format!("{:?}", counting_seed()), "Seed(…)");
    for curve in BOTH {
        let key = counting_seed().pairwise(&p("log.example"), &p("did:web:a.example"), curve, 0);
        assert_eq!(
            format!("{key:?}"),
            format!("SoftwareKey({})", key.public_key().to_multibase())
        );
    }
}
