//! Every size up to 130 against two independent implementations, and every changed bit refused.

use ct_merkle::RootHash;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use placet_kernel::merkle::{
    Frontier, Hash, MerkleError, consistency_proof, inclusion_proof, leaf_hash, root, root_from_inclusion,
    verify_append, verify_consistency, verify_inclusion,
};
use proptest::prelude::*;
use rs_merkle::{Hasher, MerkleProof, MerkleTree};
use sha2::{Digest as _, Sha256};

use crate::model::{Model, entry};

const MAX: u64 = 130;

/// rs_merkle promotes an odd node, which gives the trees of RFC 6962 once inner nodes carry the prefix 0x01.
#[derive(Clone)]
struct Rfc6962;

impl Hasher for Rfc6962 {
    type Hash = [u8; 32];

    fn hash(data: &[u8]) -> [u8; 32] {
        Sha256::new().chain_update([1]).chain_update(data).finalize().into()
    }
}

fn rs_tree(model: &Model, size: u64) -> MerkleTree<Rfc6962> {
    let leaves: Vec<[u8; 32]> = model.leaves[..size as usize]
        .iter()
        .map(|hash| (*hash).into())
        .collect();
    MerkleTree::from_leaves(&leaves)
}

fn ct_trees() -> Vec<MemoryBackedTree<Sha256, Vec<u8>>> {
    (0..=MAX)
        .map(|size| {
            let mut tree = MemoryBackedTree::new();
            (0..size).for_each(|index| tree.push(entry(index)));
            tree
        })
        .collect()
}

fn flat(proof: &[Hash]) -> Vec<u8> {
    proof.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

fn flip(proof: &[Hash], bit: usize) -> Vec<Hash> {
    let mut proof = proof.to_vec();
    let mut bytes: [u8; 32] = proof[bit / 256].into();
    bytes[bit % 256 / 8] ^= 1 << (bit % 8);
    proof[bit / 256] = bytes.into();
    proof
}

#[test]
fn roots_agree_with_both_oracles() {
    let model = Model::new(MAX);
    let mut frontier = Frontier::new();
    for (size, ct) in (0..=MAX).zip(ct_trees()) {
        let ours = root(size, &model).unwrap();
        assert_eq!(ours, model.root(size));
        assert_eq!(ours.as_bytes()[..], ct.root().as_bytes()[..]);
        if size > 0 {
            assert_eq!(rs_tree(&model, size).root(), Some(ours.into()));
        }
        assert_eq!(frontier.root(), ours);
        assert_eq!(Frontier::load(size, &model).unwrap(), frontier);
        frontier.push(leaf_hash(&entry(size)));
    }
}

#[test]
fn inclusion_proofs_agree_with_both_oracles() {
    let model = Model::new(MAX);
    for (size, ct) in (1..=MAX).zip(ct_trees().into_iter().skip(1)) {
        let rs = rs_tree(&model, size);
        let root = model.root(size);
        for index in 0..size {
            let leaf = model.leaves[index as usize];
            let proof = inclusion_proof(index, size, &model).unwrap();
            let bytes = flat(&proof);
            assert_eq!(bytes, ct.prove_inclusion(index as usize).as_bytes());
            assert_eq!(bytes, rs.proof(&[index as usize]).to_bytes());
            assert_eq!(verify_inclusion(&leaf, index, size, &proof, &root), Ok(()));
            let foreign = MerkleProof::<Rfc6962>::from_bytes(&bytes).unwrap();
            assert!(foreign.verify(root.into(), &[index as usize], &[leaf.into()], size as usize));
        }
    }
}

#[test]
fn consistency_proofs_agree_with_the_oracle() {
    let model = Model::new(MAX);
    let ct = ct_trees();
    for new in 1..=MAX {
        let new_root = model.root(new);
        let ct_new: RootHash<Sha256> = ct[new as usize].root();
        for old in 1..=new {
            let old_root = model.root(old);
            let proof = consistency_proof(old, new, &model).unwrap();
            let theirs = ct[new as usize].prove_consistency((new - old) as usize);
            assert_eq!(flat(&proof), theirs.as_bytes(), "{old} to {new}");
            ct_new.verify_consistency(&ct[old as usize].root(), &theirs).unwrap();
            assert_eq!(verify_consistency(old, &old_root, new, &new_root, &proof), Ok(()));
            assert_eq!(verify_append(old, &old_root, new, &new_root, &proof), Ok(()));
        }
        assert_eq!(consistency_proof(0, new, &model), Ok(Vec::new()));
    }
}

#[test]
fn inclusion_proofs_of_the_wrong_length_or_place_are_refused() {
    let model = Model::new(MAX);
    for size in 1..=MAX {
        let root = model.root(size);
        for index in 0..size {
            let leaf = model.leaves[index as usize];
            let proof = inclusion_proof(index, size, &model).unwrap();
            let mut longer = proof.clone();
            longer.push(root);
            let wrong_length = |got: usize| Err(MerkleError::ProofLength { got, want: proof.len() });
            assert_eq!(
                verify_inclusion(&leaf, index, size, &longer, &root),
                wrong_length(proof.len() + 1)
            );
            if let Some((_, shorter)) = proof.split_first() {
                let refused = verify_inclusion(&leaf, index, size, shorter, &root);
                assert_eq!(refused, wrong_length(proof.len() - 1));
            }
            let near = index.saturating_sub(2)..=(index + 2).min(size);
            for other in near.filter(|other| *other != index) {
                assert!(verify_inclusion(&leaf, other, size, &proof, &root).is_err());
            }
        }
    }
    assert_eq!(
        root_from_inclusion(&model.leaves[0], 5, 5, &[]),
        Err(MerkleError::IndexBeyondSize { index: 5, size: 5 })
    );
}

#[test]
fn consistency_proofs_of_the_wrong_length_or_order_are_refused() {
    let model = Model::new(MAX);
    for new in 1..=MAX {
        let new_root = model.root(new);
        for old in 1..=new {
            let old_root = model.root(old);
            let proof = consistency_proof(old, new, &model).unwrap();
            let check = |proof: &[Hash]| verify_consistency(old, &old_root, new, &new_root, proof);
            let mut longer = proof.clone();
            longer.push(new_root);
            let want = proof.len();
            assert_eq!(check(&longer), Err(MerkleError::ProofLength { got: want + 1, want }));
            if old == new {
                continue;
            }
            assert_eq!(
                check(&proof[1..]),
                Err(MerkleError::ProofLength { got: want - 1, want })
            );
            // The proof starts from the old root itself where that is a complete subtree of the new tree.
            let swapped = if old.is_power_of_two() {
                MerkleError::RootMismatch
            } else {
                MerkleError::OldRootMismatch
            };
            assert_eq!(verify_consistency(old, &new_root, new, &old_root, &proof), Err(swapped));
            assert_eq!(
                verify_consistency(new, &new_root, old, &old_root, &proof),
                Err(MerkleError::OldLargerThanNew { old: new, new: old })
            );
            // The verifier must notice a changed new root even where the old root still fits.
            let refused = verify_consistency(old, &old_root, new, &old_root, &proof);
            assert_eq!(refused, Err(MerkleError::RootMismatch));
        }
    }
}

#[test]
fn every_flipped_bit_of_small_proofs_is_refused() {
    const SMALL: u64 = 20;
    let model = Model::new(SMALL);
    for size in 1..=SMALL {
        let root = model.root(size);
        for index in 0..size {
            let leaf = model.leaves[index as usize];
            let proof = inclusion_proof(index, size, &model).unwrap();
            for bit in 0..proof.len() * 256 {
                let refused = verify_inclusion(&leaf, index, size, &flip(&proof, bit), &root);
                assert_eq!(refused, Err(MerkleError::RootMismatch));
            }
        }
        for old in 1..size {
            let old_root = model.root(old);
            let proof = consistency_proof(old, size, &model).unwrap();
            for bit in 0..proof.len() * 256 {
                let flipped = flip(&proof, bit);
                let refused = verify_consistency(old, &old_root, size, &root, &flipped);
                assert!(refused.is_err(), "{old} to {size}, bit {bit}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn flipped_bits_of_larger_proofs_are_refused(size in 2..=MAX, at in any::<u64>(), bit in any::<usize>()) {
        let model = Model::new(size);
        let root = model.root(size);
        let index = at % size;
        let proof = inclusion_proof(index, size, &model).unwrap();
        let flipped = flip(&proof, bit % (proof.len() * 256));
        let leaf = model.leaves[index as usize];
        prop_assert!(verify_inclusion(&leaf, index, size, &flipped, &root).is_err());

        let old = at % (size - 1) + 1;
        let proof = consistency_proof(old, size, &model).unwrap();
        let flipped = flip(&proof, bit % (proof.len() * 256));
        prop_assert!(verify_consistency(old, &model.root(old), size, &root, &flipped).is_err());
    }

    #[test]
    fn verification_of_anything_never_panics(
        sizes in any::<(u64, u64)>(),
        shift in 0u32..64,
        bytes in prop::collection::vec(any::<[u8; 32]>(), 0..70),
    ) {
        let proof: Vec<Hash> = bytes.into_iter().map(Hash::new).collect();
        let root = leaf_hash(b"");
        let (small, large) = (sizes.0 >> shift, sizes.1 >> shift);
        prop_assert!(small == 0 && large == 1 || verify_inclusion(&root, small, large, &proof, &root).is_err());
        prop_assert!(small == large || verify_consistency(small, &root, large, &root, &proof).is_err());
    }
}
