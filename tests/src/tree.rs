//! The hash tree of a log of which only some leaves are known.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;

use placet_kernel::merkle::{self, Hash, NodeSource, leaf_hash, node_hash};

/// A tree of RFC 6962 whose other leaves are arbitrary: fixed hashes, one for each place.
///
/// To stand for a log of millions, whole chunks of `2^chunk` leaves that nobody asks about are one arbitrary hash each. All
/// proofs hold, since every root is computed from the same hashes; only no checkpoint may end inside such a chunk.
#[derive(Debug)]
pub struct Tree {
    size: u64,
    chunk: u8,
    known: BTreeMap<u64, Hash>,
    /// Complete subtrees never change, so their hashes can be kept.
    kept: RefCell<HashMap<(u8, u64), Hash>>,
}

impl Tree {
    /// The empty tree; unknown leaves are arbitrary hashes for every `2^chunk` of them.
    #[must_use]
    pub fn new(chunk: u8) -> Self {
        Self {
            size: 0,
            chunk,
            known: BTreeMap::new(),
            kept: RefCell::default(),
        }
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf, and gives its index.
    pub fn push(&mut self, leaf: Hash) -> u64 {
        let index = self.size;
        self.known.insert(index, leaf);
        self.size += 1;
        index
    }

    /// Appends arbitrary leaves until there are `size`.
    ///
    /// # Panics
    /// When there are more already.
    pub fn grow(&mut self, size: u64) {
        assert!(size >= self.size, "a log only grows");
        self.size = size;
    }

    /// The root of the first `size` leaves.
    #[must_use]
    pub fn root(&self, size: u64) -> Hash {
        let Ok(root) = merkle::root(size, self) else {
            panic!("no tree of size {size}")
        };
        root
    }

    /// The inclusion proof of a leaf in the first `size` leaves.
    #[must_use]
    pub fn inclusion(&self, index: u64, size: u64) -> Vec<Hash> {
        let Ok(proof) = merkle::inclusion_proof(index, size, self) else {
            panic!("leaf {index} is not in a tree of size {size}")
        };
        proof
    }

    /// The consistency proof between two sizes.
    #[must_use]
    pub fn consistency(&self, old: u64, new: u64) -> Vec<Hash> {
        let Ok(proof) = merkle::consistency_proof(old, new, self) else {
            panic!("{old} is larger than {new}")
        };
        proof
    }

    fn compute(&self, level: u8, index: u64) -> Hash {
        let leaves = index << level..(index + 1) << level;
        assert!(leaves.end <= self.size, "a subtree that is not complete");
        if level == 0 {
            return self
                .known
                .get(&index)
                .copied()
                .unwrap_or_else(|| arbitrary(level, index));
        }
        if level >= self.chunk {
            if level == self.chunk && self.known.range(leaves).next().is_none() {
                return arbitrary(level, index);
            }
        } else {
            let chunk = leaves.start >> self.chunk;
            let mut known = self.known.range(chunk << self.chunk..(chunk + 1) << self.chunk);
            assert!(
                known.next().is_some(),
                "a checkpoint ends inside a chunk of which nothing is known"
            );
        }
        node_hash(&self.hash(level - 1, 2 * index), &self.hash(level - 1, 2 * index + 1))
    }

    fn hash(&self, level: u8, index: u64) -> Hash {
        if let Some(hash) = self.kept.borrow().get(&(level, index)) {
            return *hash;
        }
        let hash = self.compute(level, index);
        self.kept.borrow_mut().insert((level, index), hash);
        hash
    }
}

impl NodeSource for Tree {
    type Error = Infallible;

    fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        Ok(self.hash(level, index))
    }
}

fn arbitrary(level: u8, index: u64) -> Hash {
    leaf_hash(format!("arbitrary {level} {index}").as_bytes())
}
