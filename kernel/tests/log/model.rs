//! A tree that is recomputed from its leaves by the definition of RFC 6962, and keeps nothing.

use std::convert::Infallible;

use placet_kernel::merkle::{Hash, NodeSource, empty_root, leaf_hash, node_hash};

pub(crate) struct Model {
    pub(crate) leaves: Vec<Hash>,
}

pub(crate) fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

impl Model {
    pub(crate) fn new(size: u64) -> Self {
        Self {
            leaves: (0..size).map(|index| leaf_hash(&entry(index))).collect(),
        }
    }

    pub(crate) fn root(&self, size: u64) -> Hash {
        mth(&self.leaves[..size as usize])
    }
}

impl NodeSource for Model {
    type Error = Infallible;

    fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        let width = 1usize << level;
        let begin = index as usize * width;
        Ok(mth(&self.leaves[begin..begin + width]))
    }
}

/// MTH of RFC 6962 section 2.1.
pub(crate) fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let mut split = 1;
            while split * 2 < leaves.len() {
                split *= 2;
            }
            node_hash(&mth(&leaves[..split]), &mth(&leaves[split..]))
        }
    }
}
