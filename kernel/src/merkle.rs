//! The Merkle tree of RFC 6962 section 2.1 (RFC 9162 section 2.1): hashing, proofs and the right edge.
//!
//! In scope: checking and generating inclusion and consistency proofs, over any source of complete subtree
//! hashes; a [`Frontier`] that appends leaves. Out of scope: where the hashes are kept ([`crate::tile`]
//! says how a tiled log lays them out) and who signed a root ([`crate::checkpoint`]).
//!
//! Checking allocates nothing and refuses a proof of the wrong length before it hashes anything: for a
//! given index and size, or two sizes, exactly one length is right, so a longer proof is never "ignored
//! from here on".

mod frontier;
mod hash;
mod prove;
mod verify;

pub use frontier::Frontier;
pub use hash::{HASH_BYTES, Hash, ParseHashError, empty_root, leaf_hash, node_hash};
pub use prove::{
    NodeCoord, NodeRange, NodeSource, ProveError, consistency_nodes, consistency_proof, inclusion_nodes,
    inclusion_proof, root, root_nodes,
};
pub use verify::{
    MerkleError, old_root_from_consistency, root_from_inclusion, verify_append, verify_consistency, verify_inclusion,
};

/// The largest tree size that is accepted anywhere: 2^63 - 1.
///
/// It keeps every coordinate computation inside `u64`, and is what implementations that keep sizes in a
/// signed 64-bit integer can represent.
pub const MAX_TREE_SIZE: u64 = (1 << 63) - 1;

/// The most hashes an inclusion or consistency proof can have, for a tree of at most [`MAX_TREE_SIZE`].
pub const MAX_PROOF_HASHES: usize = 64;
