//! Version numbers in formats.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The integer version `N` of a format. Any other number is refused: an unknown version is never guessed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Version<const N: u64>;

impl<const N: u64> Serialize for Version<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(N)
    }
}

impl<'de, const N: u64> Deserialize<'de> for Version<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = u64::deserialize(deserializer)?;
        if found == N {
            Ok(Self)
        } else {
            Err(serde::de::Error::custom(format_args!(
                "the version is {N}, not {found}"
            )))
        }
    }
}
