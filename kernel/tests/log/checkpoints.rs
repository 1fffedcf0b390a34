//! Checkpoints: form, signatures, cosignatures, and no bit that can change in evidence.

use base64ct::{Base64, Encoding as _};
use placet_kernel::checkpoint::{
    Checkpoint, CheckpointError, CheckpointKeys, CheckpointKeysError, SignedCheckpoint, cosign, sign_checkpoint,
};
use placet_kernel::merkle::{Hash, MAX_TREE_SIZE, empty_root, leaf_hash};
use placet_kernel::note::{NoteError, UnverifiedNote, VkeyError};
use placet_kernel::sign::{Algorithm, SignError, Signer};
use proptest::prelude::*;

use crate::signer::TestSigner;

const ORIGIN: &str = "placet.example/log";
const TIME: u64 = 1_700_000_000;

/// The example of tlog-cosignature. Neither key is published under these names.
const PUBLISHED: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
    — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
    — witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";

fn head() -> Checkpoint {
    Checkpoint::new(ORIGIN.parse().unwrap(), 7, leaf_hash(b"root")).unwrap()
}

fn keys(cosigners: &[(u8, &str)]) -> CheckpointKeys {
    let log = vec![TestSigner::new(1).log_key(ORIGIN)];
    let cosigners = cosigners
        .iter()
        .map(|(seed, name)| TestSigner::new(*seed).cosigner_key(name));
    CheckpointKeys::new(ORIGIN.parse().unwrap(), log, cosigners.collect()).unwrap()
}

fn cosigned(seed: u8, name: &str, time: u64) -> String {
    cosign(&head(), &name.parse().unwrap(), time, &TestSigner::new(seed)).unwrap()
}

fn signed() -> String {
    sign_checkpoint(&head(), &TestSigner::new(1)).unwrap()
}

#[test]
fn the_published_checkpoint_parses() {
    let note = UnverifiedNote::parse(PUBLISHED.as_bytes()).unwrap();
    let checkpoint: Checkpoint = note.unverified_text().parse().unwrap();
    assert_eq!(checkpoint.origin().as_str(), "example.com/behind-the-sofa");
    assert_eq!(checkpoint.size(), 20_852_163);
    assert_eq!(checkpoint.to_string(), note.unverified_text());
    // The cosignature is for the time in the example of a signed message.
    let time: [u8; 8] = note.lines()[1].signature()[..8].try_into().unwrap();
    assert_eq!(u64::from_be_bytes(time), 1_679_315_147);
    assert_eq!(note.lines()[1].signature().len(), 8 + 64);
}

#[test]
fn malformed_bodies_are_refused() {
    let root = leaf_hash(b"root").to_base64();
    let good = format!("{ORIGIN}\n7\n{root}\n");
    assert_eq!(good.parse(), Ok(head()));
    let zeroes = Hash::new([0; 32]).to_base64();
    let cases = [
        (String::new(), CheckpointError::Lines),
        ("\n".to_owned(), CheckpointError::Lines),
        (good.trim_end().to_owned(), CheckpointError::Lines),
        (format!("{good}extension\n"), CheckpointError::Lines),
        (format!("{good}\n"), CheckpointError::Lines),
        (format!("{ORIGIN}\n7\n"), CheckpointError::Lines),
        (good.replace(ORIGIN, ""), CheckpointError::Origin),
        (good.replace(ORIGIN, "a b"), CheckpointError::Origin),
        (good.replace(ORIGIN, "a+b"), CheckpointError::Origin),
        (good.replace("\n7\n", "\n07\n"), CheckpointError::Size),
        (good.replace("\n7\n", "\n+7\n"), CheckpointError::Size),
        (good.replace("\n7\n", "\n7 \n"), CheckpointError::Size),
        (good.replace("\n7\n", "\n\n"), CheckpointError::Size),
        (good.replace("\n7\n", "\n9223372036854775808\n"), CheckpointError::Size),
        (good.replace(&root, ""), CheckpointError::Root),
        (good.replace(&root, root.trim_end_matches('=')), CheckpointError::Root),
        (good.replace(&root, &zeroes.replace("A=", "B=")), CheckpointError::Root),
        (good.replace("\n7\n", "\n0\n"), CheckpointError::EmptyRoot),
    ];
    for (text, error) in cases {
        assert_eq!(text.parse::<Checkpoint>(), Err(error), "{text:?}");
    }
    let origin = || ORIGIN.parse().unwrap();
    assert!(Checkpoint::new(origin(), MAX_TREE_SIZE, leaf_hash(b"")).is_ok());
    let too_large = Checkpoint::new(origin(), MAX_TREE_SIZE + 1, leaf_hash(b""));
    assert_eq!(too_large, Err(CheckpointError::Size));
    let empty = Checkpoint::new(origin(), 0, empty_root()).unwrap();
    assert_eq!(empty.to_string().parse(), Ok(empty));
}

#[test]
fn a_cosigned_checkpoint_opens_and_says_when() {
    let note = signed() + &cosigned(2, "w.example/2", TIME) + &cosigned(3, "w.example/3", TIME + 5);
    let keys = keys(&[(2, "w.example/2"), (3, "w.example/3")]);
    let opened = SignedCheckpoint::open_exact(note.as_bytes(), &keys).unwrap();
    assert_eq!(opened.checkpoint(), &head());
    assert_eq!(opened.exact_note(), note);
    assert_eq!(opened.log_keys(), [TestSigner::new(1).log_key(ORIGIN).id()]);
    let times: Vec<_> = opened
        .cosignatures()
        .iter()
        .map(|c| (c.name.as_str(), c.time))
        .collect();
    assert_eq!(times, [("w.example/2", TIME), ("w.example/3", TIME + 5)]);
    assert_eq!(SignedCheckpoint::open(note.as_bytes(), &keys), Ok(opened));
}

#[test]
fn stripping_a_live_checkpoint_makes_it_exact() {
    let twice = cosigned(2, "w.example/2", TIME + 9);
    let note = signed() + &cosigned(2, "w.example/2", TIME) + &cosigned(3, "w.example/3", TIME) + &twice;
    let keys = keys(&[(2, "w.example/2")]);
    let live = SignedCheckpoint::open(note.as_bytes(), &keys).unwrap();
    assert_eq!(live.cosignatures().len(), 1, "nobody counts twice");
    assert_eq!(live.cosignatures()[0].time, TIME);
    assert_eq!(live.exact_note(), signed() + &cosigned(2, "w.example/2", TIME));
    assert_eq!(
        SignedCheckpoint::open_exact(live.exact_note().as_bytes(), &keys),
        Ok(live)
    );
    assert!(matches!(
        SignedCheckpoint::open_exact(note.as_bytes(), &keys),
        Err(CheckpointError::Note(NoteError::UnknownKey { .. }))
    ));
}

#[test]
fn only_the_log_makes_a_checkpoint() {
    let keys = keys(&[(2, "w.example/2")]);
    let cosigned_only = format!("{}\n{}", head(), cosigned(2, "w.example/2", TIME));
    assert_eq!(
        SignedCheckpoint::open(cosigned_only.as_bytes(), &keys),
        Err(CheckpointError::NoLogSignature)
    );
    let other = Checkpoint::new("other.example/log".parse().unwrap(), 7, leaf_hash(b"root")).unwrap();
    let other = sign_checkpoint(&other, &TestSigner::new(1)).unwrap();
    assert_eq!(
        SignedCheckpoint::open(other.as_bytes(), &keys),
        Err(CheckpointError::OtherOrigin)
    );
    let forged = sign_checkpoint(&head(), &TestSigner::new(9)).unwrap();
    let refused = SignedCheckpoint::open(forged.as_bytes(), &keys);
    assert_eq!(refused, Err(CheckpointError::Note(NoteError::NoKnownSignature)));
}

#[test]
fn a_bad_cosignature_refuses_the_checkpoint() {
    let keys = keys(&[(2, "w.example/2")]);
    let line = cosigned(2, "w.example/2", TIME);
    let (name, base64) = line.trim_end().rsplit_once(' ').unwrap();
    let bytes = Base64::decode_vec(base64).unwrap();
    let other_time = {
        let mut bytes = bytes.clone();
        bytes[11] ^= 1;
        bytes
    };
    let beyond = {
        let mut bytes = bytes.clone();
        bytes[4] |= 0x80;
        bytes
    };
    for bad in [
        other_time,
        beyond,
        bytes[..75].to_vec(),
        [&bytes[..], &[0]].concat(),
        bytes[..5].to_vec(),
    ] {
        let note = format!("{}{name} {}\n", signed(), Base64::encode_string(&bad));
        assert!(matches!(
            SignedCheckpoint::open(note.as_bytes(), &keys),
            Err(CheckpointError::Note(NoteError::InvalidSignature { .. }))
        ));
    }
    let later = cosign(&head(), &"w.example/2".parse().unwrap(), 1 << 63, &TestSigner::new(2));
    assert_eq!(later, Err(CheckpointError::Time(1 << 63)));
}

#[test]
fn every_flipped_bit_of_evidence_is_refused() {
    let note = signed() + &cosigned(2, "w.example/2", TIME);
    let keys = keys(&[(2, "w.example/2")]);
    for bit in 0..note.len() * 8 {
        let mut bytes = note.clone().into_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(SignedCheckpoint::open_exact(&bytes, &keys).is_err(), "bit {bit}");
    }
}

#[test]
fn keys_that_would_count_twice_are_refused() {
    let origin = || ORIGIN.parse().unwrap();
    let log = TestSigner::new(1).log_key(ORIGIN);
    let witness = TestSigner::new(2).cosigner_key("w.example/2");
    let renamed = TestSigner::new(2).cosigner_key("w.example/other");
    let own = TestSigner::new(1).cosigner_key("w.example/1");
    let name = |key: &placet_kernel::note::VerifierKey| key.name().clone();
    let cases = [
        (vec![], vec![], CheckpointKeysError::NoLogKey),
        (
            vec![log.clone()],
            vec![witness.clone(), renamed.clone()],
            CheckpointKeysError::SharedKey(name(&renamed)),
        ),
        (
            vec![log.clone(), log.clone()],
            vec![],
            CheckpointKeysError::SharedKey(name(&log)),
        ),
        (
            vec![log.clone()],
            vec![own.clone()],
            CheckpointKeysError::SharedKey(name(&own)),
        ),
        (
            vec![TestSigner::new(1).log_key("other.example")],
            vec![],
            CheckpointKeysError::LogKeyName("other.example".parse().unwrap()),
        ),
        (
            vec![TestSigner::new(1).cosigner_key(ORIGIN)],
            vec![],
            CheckpointKeysError::SignatureType(name(&log)),
        ),
        (
            vec![log.clone()],
            vec![TestSigner::new(2).log_key("w.example/2")],
            CheckpointKeysError::SignatureType(name(&witness)),
        ),
    ];
    for (log, cosigners, error) in cases {
        assert_eq!(CheckpointKeys::new(origin(), log, cosigners), Err(error));
    }
    let keys = CheckpointKeys::new(origin(), vec![log.clone()], vec![witness.clone()]).unwrap();
    assert_eq!(keys.log_keys().collect::<Vec<_>>(), [&log]);
    assert_eq!(keys.cosigners().collect::<Vec<_>>(), [&witness]);
}

/// A signer that is broken in the way it is told.
struct Broken {
    algorithm: Algorithm,
    signature: Result<[u8; 64], SignError>,
}

impl Signer for Broken {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn public_key_bytes(&self) -> Vec<u8> {
        TestSigner::new(1).public_key_bytes()
    }

    fn sign(&self, _: &[u8]) -> Result<[u8; 64], SignError> {
        self.signature.clone()
    }
}

#[test]
fn nothing_is_published_from_a_broken_signer() {
    let unavailable = SignError::Unavailable("no answer".to_owned());
    let key = TestSigner::new(1).log_key(ORIGIN);
    let fault = CheckpointError::SignerFault {
        name: key.name().clone(),
        id: key.id(),
    };
    let cases = [
        (Algorithm::P256, Ok([0; 64]), CheckpointError::SignerKey(VkeyError::Key)),
        (
            Algorithm::Ed25519,
            Err(unavailable.clone()),
            CheckpointError::Sign(unavailable),
        ),
        (Algorithm::Ed25519, Ok([0; 64]), fault),
    ];
    for (algorithm, signature, error) in cases {
        let signer = Broken { algorithm, signature };
        assert_eq!(sign_checkpoint(&head(), &signer), Err(error));
        assert!(cosign(&head(), &"w.example".parse().unwrap(), TIME, &signer).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bodies_round_trip(origin in "[a-z0-9./:~_-]{1,40}", size in 1..=MAX_TREE_SIZE, root in any::<[u8; 32]>()) {
        let head = Checkpoint::new(origin.parse().unwrap(), size, Hash::new(root)).unwrap();
        prop_assert_eq!(head.to_string().parse(), Ok(head));
    }

    #[test]
    fn whatever_parses_is_the_one_spelling(
        text in "[a-z +.]{0,5}\n[0-9]{0,4}\n(47DEQpj8HBSa\\+/TImW\\+5JCeuQeRkm5NMpJWZG3hSuF[A-Z]=)?\n(x?\n)?",
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        if let Ok(checkpoint) = text.parse::<Checkpoint>() {
            prop_assert_eq!(checkpoint.to_string(), text);
        }
        prop_assert!(SignedCheckpoint::open(&bytes, &keys(&[])).is_err());
    }
}
