//! Entry bundles: big-endian 16-bit length and bytes, one entry after the other.

use super::{Tile, TileError, TileKind};

/// The longest entry that a bundle can hold, in bytes.
pub const MAX_ENTRY_BYTES: usize = u16::MAX as usize;

/// Bytes of the length before each entry.
const LENGTH_BYTES: usize = 2;

/// Writes the entries of one bundle.
///
/// # Errors
/// [`TileError::Kind`] if the tile is no bundle, [`TileError::EntryCount`] if there are not as many entries as
/// the bundle is wide, [`TileError::EntryTooLong`].
pub fn encode_entries<'a>(bundle: &Tile, entries: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, TileError> {
    check_kind(bundle)?;
    let wrong_count = TileError::EntryCount { want: bundle.width() };
    let mut bytes = Vec::new();
    let mut left = bundle.width();
    for entry in entries {
        let length = u16::try_from(entry.len()).map_err(|_| TileError::EntryTooLong(entry.len()))?;
        left = left.checked_sub(1).ok_or(wrong_count)?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    if left == 0 { Ok(bytes) } else { Err(wrong_count) }
}

/// Reads the entries of one bundle: exactly as many as the bundle is wide.
///
/// # Errors
/// [`TileError::Kind`] if the tile is no bundle, [`TileError::EntryCount`] if the bytes end early or go on.
pub fn decode_entries<'a>(bundle: &Tile, bytes: &'a [u8]) -> Result<Vec<&'a [u8]>, TileError> {
    check_kind(bundle)?;
    let mut rest = bytes;
    let mut entries = Vec::with_capacity(usize::from(bundle.width()));
    for _ in 0..bundle.width() {
        let (entry, after) = split_entry(rest).ok_or(TileError::EntryCount { want: bundle.width() })?;
        entries.push(entry);
        rest = after;
    }
    if rest.is_empty() {
        Ok(entries)
    } else {
        Err(TileError::EntryCount { want: bundle.width() })
    }
}

fn check_kind(bundle: &Tile) -> Result<(), TileError> {
    match bundle.kind() {
        TileKind::Entries => Ok(()),
        TileKind::Hashes { .. } => Err(TileError::Kind),
    }
}

fn split_entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH_BYTES>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(width: u16) -> Tile {
        Tile::entries(7, width).unwrap()
    }

    #[test]
    fn bundles_round_trip_and_have_the_published_shape() {
        let bytes = encode_entries(&bundle(3), [&b"ab"[..], &b""[..], &[7; 300][..]]).unwrap();
        assert_eq!(bytes[..7], [0, 2, b'a', b'b', 0, 0, 1]);
        let entries = decode_entries(&bundle(3), &bytes).unwrap();
        assert_eq!(entries, [&b"ab"[..], &b""[..], &[7; 300][..]]);
    }

    #[test]
    fn another_number_of_entries_is_refused() {
        let two = [&b"ab"[..], &b"c"[..]];
        let bytes = encode_entries(&bundle(2), two).unwrap();
        for width in [1, 3] {
            let refused = TileError::EntryCount { want: width };
            assert_eq!(encode_entries(&bundle(width), two), Err(refused));
            assert_eq!(decode_entries(&bundle(width), &bytes), Err(refused));
        }
        for end in 0..bytes.len() {
            assert!(decode_entries(&bundle(2), &bytes[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn long_entries_and_hash_tiles_are_refused() {
        let longest = vec![1; MAX_ENTRY_BYTES];
        assert!(encode_entries(&bundle(1), [&longest[..]]).is_ok());
        let longer = vec![1; MAX_ENTRY_BYTES + 1];
        assert_eq!(
            encode_entries(&bundle(1), [&longer[..]]),
            Err(TileError::EntryTooLong(MAX_ENTRY_BYTES + 1))
        );
        let hashes = Tile::hashes(0, 0, 1).unwrap();
        assert_eq!(decode_entries(&hashes, &[0, 0]), Err(TileError::Kind));
        assert_eq!(encode_entries(&hashes, [&b""[..]]), Err(TileError::Kind));
    }
}
