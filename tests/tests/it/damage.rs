//! Damage to a file, as property tests make it up.

use proptest::prelude::*;
use proptest::sample::Index;

/// One change of some bytes.
#[derive(Debug, Clone)]
pub(crate) struct Edit {
    at: Index,
    byte: u8,
    kind: u8,
}

/// A few changes.
pub(crate) fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = (any::<Index>(), any::<u8>(), 0..4u8).prop_map(|(at, byte, kind)| Edit { at, byte, kind });
    proptest::collection::vec(edit, 1..4)
}

/// The bytes after these changes: some replaced, put in, taken out, or copied from before.
pub(crate) fn damaged(bytes: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    for Edit { at: index, byte, kind } in edits {
        let at = index.index(changed.len());
        match kind {
            0 => changed[at] = *byte,
            1 => changed.insert(at, *byte),
            2 => drop(changed.remove(at)),
            _ => {
                // Something that is copied within the file is the likeliest to be legal.
                let to = index.index(at + 1);
                let piece = changed[to..at].to_vec();
                changed.splice(at..at, piece);
            }
        }
    }
    changed
}
