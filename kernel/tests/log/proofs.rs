//! Proofs in the tlog-proof format, against real trees and every malformed line.

use placet_kernel::checkpoint::{Checkpoint, CheckpointError, CheckpointKeys, cosign, sign_checkpoint};
use placet_kernel::merkle::{Hash, MerkleError, inclusion_proof, leaf_hash};
use placet_kernel::note::NoteError;
use placet_kernel::tlog_proof::{MAX_TLOG_PROOF_BYTES, TlogProof, TlogProofError};
use proptest::prelude::*;

use crate::model::{Model, entry};
use crate::signer::TestSigner;

const ORIGIN: &str = "placet.example/log";

fn keys() -> CheckpointKeys {
    CheckpointKeys::new(
        ORIGIN.parse().unwrap(),
        vec![TestSigner::new(1).log_key(ORIGIN)],
        vec![TestSigner::new(2).cosigner_key("w.example")],
    )
    .unwrap()
}

fn proof(index: u64, size: u64) -> TlogProof {
    let model = Model::new(size);
    let head = Checkpoint::new(ORIGIN.parse().unwrap(), size, model.root(size)).unwrap();
    let mut note = sign_checkpoint(&head, &TestSigner::new(1)).unwrap();
    note += &cosign(&head, &"w.example".parse().unwrap(), 1_700_000_000, &TestSigner::new(2)).unwrap();
    TlogProof::new(index, inclusion_proof(index, size, &model).unwrap(), note)
}

#[test]
fn proofs_hold_for_their_leaf_alone() {
    for size in [1, 2, 3, 7, 8, 100] {
        for index in [0, size / 2, size - 1] {
            let proof = proof(index, size);
            let text = proof.to_string();
            assert!(text.starts_with(&format!("c2sp.org/tlog-proof@v1\nindex {index}\n")));
            assert_eq!(text.lines().count(), 2 + proof.hashes().len() + 1 + 3 + 1 + 2);
            let parsed: TlogProof = text.parse().unwrap();
            assert_eq!(parsed, proof);

            let leaf = leaf_hash(&entry(index));
            let head = parsed.verify_exact(&leaf, &keys()).unwrap();
            assert_eq!(head.checkpoint().size(), size);
            assert_eq!(head.cosignatures().len(), 1);
            assert_eq!(parsed.verify(&leaf, &keys()), Ok(head));
            let other = leaf_hash(b"another entry");
            let refused = parsed.verify(&other, &keys());
            assert_eq!(refused, Err(TlogProofError::Inclusion(MerkleError::RootMismatch)));
        }
    }
}

#[test]
fn extra_is_read_and_never_evidence() {
    let text = proof(3, 8).to_string();
    let with_extra = text.replacen("index", "extra AQID\nindex", 1);
    let parsed: TlogProof = with_extra.parse().unwrap();
    let leaf = leaf_hash(&entry(3));
    assert_eq!(parsed.extra(), Some(&[1, 2, 3][..]));
    assert!(parsed.verify(&leaf, &keys()).is_ok());
    assert_eq!(parsed.verify_exact(&leaf, &keys()), Err(TlogProofError::Extra));
    assert_eq!(parsed.to_string(), text, "extra is never written");
    for bad in [
        "extra\n",
        "extra \n",
        "extra AQI\n",
        "extra AQJ=\n",
        "extraAQID\n",
        "extra  AQID\n",
    ] {
        let text = text.replacen("index", &format!("{bad}index"), 1);
        assert_eq!(
            text.parse::<TlogProof>(),
            Err(TlogProofError::MalformedExtra),
            "{bad:?}"
        );
    }
    let twice = with_extra.replacen("index", "extra AQID\nindex", 1);
    assert_eq!(twice.parse::<TlogProof>(), Err(TlogProofError::Index));
    let long = text.replacen("index", &format!("extra {}\nindex", "AAAA".repeat(1 << 15)), 1);
    assert_eq!(long.parse::<TlogProof>(), Err(TlogProofError::MalformedExtra));
}

#[test]
fn malformed_proofs_are_refused() {
    let text = proof(3, 8).to_string();
    let (head, _) = text.split_once("\n\n").unwrap();
    let first = text.lines().nth(2).unwrap();
    let many = format!("index 3\n{}", format!("{first}\n").repeat(62));
    let cases = [
        (String::new(), TlogProofError::NoCheckpoint),
        (head.to_owned(), TlogProofError::NoCheckpoint),
        (format!("{head}\n\n"), TlogProofError::NoCheckpoint),
        (text.replacen("@v1", "@v2", 1), TlogProofError::Version),
        (format!("\n{text}"), TlogProofError::Version),
        (text.replacen("index 3\n", "", 1), TlogProofError::Index),
        (text.replacen("index 3", "index 03", 1), TlogProofError::Index),
        (text.replacen("index 3", "index  3", 1), TlogProofError::Index),
        (text.replacen("index 3", "index -3", 1), TlogProofError::Index),
        (text.replacen("index 3", "Index 3", 1), TlogProofError::Index),
        (text.replacen("index 3\n", "index 3\r\n", 1), TlogProofError::Index),
        (text.replacen(first, &first[1..], 1), TlogProofError::Hash { line: 0 }),
        (
            text.replacen(first, &format!("{first} "), 1),
            TlogProofError::Hash { line: 0 },
        ),
        (
            text.replacen("\n\n", "\nindex 3\n\n", 1),
            TlogProofError::Hash { line: 3 },
        ),
        (text.replacen("index 3\n", &many, 1), TlogProofError::Hash { line: 64 }),
    ];
    for (text, error) in cases {
        assert_eq!(text.parse::<TlogProof>(), Err(error), "{text}");
    }
    let long = "x".repeat(MAX_TLOG_PROOF_BYTES + 1);
    assert_eq!(long.parse::<TlogProof>(), Err(TlogProofError::TooLong(long.len())));
}

#[test]
fn a_proof_is_as_good_as_its_checkpoint() {
    let good = proof(3, 8);
    let leaf = leaf_hash(&entry(3));
    let bare = TlogProof::new(3, good.hashes().to_vec(), "not a note".to_owned());
    let no_note = CheckpointError::Note(NoteError::NoSignatures);
    assert_eq!(bare.verify(&leaf, &keys()), Err(TlogProofError::Checkpoint(no_note)));
    let beyond = TlogProof::new(8, good.hashes().to_vec(), good.checkpoint_note().to_owned());
    let no_leaf = MerkleError::IndexBeyondSize { index: 8, size: 8 };
    assert_eq!(beyond.verify(&leaf, &keys()), Err(TlogProofError::Inclusion(no_leaf)));
    let short = TlogProof::new(3, good.hashes()[1..].to_vec(), good.checkpoint_note().to_owned());
    let too_short = MerkleError::ProofLength { got: 2, want: 3 };
    assert_eq!(short.verify(&leaf, &keys()), Err(TlogProofError::Inclusion(too_short)));
}

#[test]
fn every_flipped_bit_of_evidence_is_refused() {
    let text = proof(3, 7).to_string();
    let (leaf, keys) = (leaf_hash(&entry(3)), keys());
    for bit in 0..text.len() * 8 {
        let mut bytes = text.clone().into_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let holds = str::from_utf8(&bytes)
            .ok()
            .and_then(|text| text.parse::<TlogProof>().ok())
            .is_some_and(|proof| proof.verify_exact(&leaf, &keys).is_ok());
        assert!(!holds, "bit {bit}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn proofs_round_trip(
        index in any::<u64>(),
        hashes in prop::collection::vec(any::<[u8; 32]>(), 0..=64),
        note in "(\\PC|\n){1,50}",
    ) {
        let proof = TlogProof::new(index, hashes.into_iter().map(Hash::new).collect(), note);
        prop_assert_eq!(proof.to_string().parse(), Ok(proof));
    }

    #[test]
    fn parsing_never_panics_and_loses_nothing(
        text in "(c2sp\\.org/tlog-proof@v1\n)?(extra [A-D]{0,4}={0,2}\n)?(index [0-9]{0,3}\n)?([A-D]{43}=\n){0,2}\n?\\PC{0,20}",
    ) {
        if let Ok(proof) = text.parse::<TlogProof>()
            && proof.extra().is_none()
        {
            prop_assert_eq!(proof.to_string(), text);
        }
    }
}
