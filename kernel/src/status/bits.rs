//! The bits themselves.

use super::{MIN_LIST_ENTRIES, StatusError};

/// The entries of a list, one bit each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bits {
    /// The first entry is the leftmost bit of the first byte.
    bytes: Vec<u8>,
}

impl Bits {
    /// A list of [`MIN_LIST_ENTRIES`] entries, none of them set.
    #[must_use]
    pub fn none_set() -> Self {
        Self {
            bytes: vec![0; MIN_LIST_ENTRIES / 8],
        }
    }

    /// A list as it is kept: the first entry is the leftmost bit of the first byte.
    #[must_use]
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    /// The same, to be kept.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many entries there are.
    #[must_use]
    pub const fn entries(&self) -> usize {
        self.bytes.len() * 8
    }

    /// Whether an entry is set.
    ///
    /// # Errors
    /// [`StatusError::Range`].
    pub fn get(&self, index: u64) -> Result<bool, StatusError> {
        let byte = usize::try_from(index / 8).ok().and_then(|at| self.bytes.get(at));
        byte.map(|byte| byte & mask(index) != 0)
            .ok_or_else(|| self.beyond(index))
    }

    /// Sets an entry, which stays set; gives whether it was not.
    ///
    /// # Errors
    /// [`StatusError::Range`].
    pub fn set(&mut self, index: u64) -> Result<bool, StatusError> {
        let beyond = self.beyond(index);
        let byte = usize::try_from(index / 8).ok().and_then(|at| self.bytes.get_mut(at));
        let byte = byte.ok_or(beyond)?;
        let new = *byte & mask(index) == 0;
        *byte |= mask(index);
        Ok(new)
    }

    const fn beyond(&self, index: u64) -> StatusError {
        StatusError::Range {
            index,
            entries: self.entries(),
        }
    }
}

const fn mask(index: u64) -> u8 {
    0x80 >> (index % 8)
}
