//! Where something is, by a key that stands in the thing itself.
//!
//! Only the place is kept: of a million consents a second copy of each key would take more memory than the consent. Several
//! may have one key.

use std::hash::{BuildHasher as _, Hash, RandomState};

use hashbrown::HashTable;

/// Places by key.
#[derive(Debug)]
pub(super) struct Index<T> {
    table: HashTable<T>,
    hasher: RandomState,
}

impl<T> Default for Index<T> {
    fn default() -> Self {
        Self {
            table: HashTable::new(),
            hasher: RandomState::new(),
        }
    }
}

impl<T: PartialEq> Index<T> {
    /// Adds a place; `hash` gives the hash of the key of one.
    pub(super) fn insert(&mut self, at: T, hash: impl Fn(&RandomState, &T) -> u64) {
        let Self { table, hasher } = self;
        table.insert_unique(hash(hasher, &at), at, |at| hash(hasher, at));
    }

    /// Takes a place away, if it is there under this key.
    pub(super) fn remove<K: Hash>(&mut self, key: K, at: &T) -> Option<T> {
        let hash = self.hasher.hash_one(key);
        let found = self.table.find_entry(hash, |other| other == at).ok()?;
        Some(found.remove().0)
    }

    /// The places that may have this key; others may be among them.
    pub(super) fn find<K: Hash>(&self, key: K) -> impl Iterator<Item = &T> {
        self.table.iter_hash(self.hasher.hash_one(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_found_by_its_key_until_it_is_taken_away() {
        let keys: Vec<u64> = (0..10_000).map(|at| at / 3).collect();
        let mut index = Index::default();
        for at in 0..keys.len() {
            index.insert(at, |hasher, at| hasher.hash_one(keys[*at]));
        }
        let found = |index: &Index<usize>, wanted: u64| {
            let mut found: Vec<usize> = index.find(wanted).copied().filter(|at| keys[*at] == wanted).collect();
            found.sort_unstable();
            found
        };
        assert_eq!(found(&index, 7), [21, 22, 23]);
        assert_eq!(index.remove(7_u64, &22), Some(22));
        assert_eq!(index.remove(7_u64, &22), None);
        assert_eq!(index.remove(8_u64, &21), None, "it is under another key");
        assert_eq!(found(&index, 7), [21, 23]);
        assert!((0..3_333).all(|wanted| wanted == 7 || found(&index, wanted).len() == 3));
    }
}
