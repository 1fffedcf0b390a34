//! Paths of tiles, written and read. The reader is fed with the paths of HTTP requests.

use std::fmt;
use std::str::FromStr;

use super::{Tile, TileError, TileKind};
use crate::text::decimal;

/// Digits in one path element of an index.
const GROUP_DIGITS: usize = 3;

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes { level } => write!(f, "tile/{level}/")?,
            TileKind::Entries => f.write_str("tile/entries/")?,
        }
        let digits = self.index.to_string();
        let padded = digits.len().next_multiple_of(GROUP_DIGITS);
        let digits = format!("{digits:0>padded$}");
        for start in (0..padded).step_by(GROUP_DIGITS) {
            let group = &digits[start..start + GROUP_DIGITS];
            if start + GROUP_DIGITS < padded {
                write!(f, "x{group}/")?;
            } else {
                f.write_str(group)?;
            }
        }
        if !self.is_full() {
            write!(f, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

impl FromStr for Tile {
    type Err = TileError;

    fn from_str(path: &str) -> Result<Self, TileError> {
        let rest = path.strip_prefix("tile/").ok_or(TileError::Path)?;
        let (kind, rest) = rest.split_once('/').ok_or(TileError::Path)?;
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, Some(parse_decimal(width)?)),
            None => (rest, None),
        };
        let index = parse_index(index)?;
        let full = match kind {
            "entries" => Self::entries(index, super::TILE_WIDTH)?,
            level => Self::hashes(parse_decimal(level)?, index, super::TILE_WIDTH)?,
        };
        match width {
            // A full tile has no width in its path.
            Some(width @ 1..=u8::MAX) => Ok(Self {
                width: u16::from(width),
                ..full
            }),
            Some(0) => Err(TileError::Width(0)),
            None => Ok(full),
        }
    }
}

fn parse_decimal(text: &str) -> Result<u8, TileError> {
    decimal(text)
        .and_then(|value| u8::try_from(value).ok())
        .ok_or(TileError::Path)
}

fn parse_index(text: &str) -> Result<u64, TileError> {
    let (leading, last) = match text.rsplit_once('/') {
        Some((leading, last)) => (Some(leading), last),
        None => (None, text),
    };
    let mut index = 0;
    for element in leading.iter().flat_map(|leading| leading.split('/')) {
        let group = element.strip_prefix('x').ok_or(TileError::Path)?;
        index = append_group(index, group)?;
        // A first group of zeroes would be a second path for the same tile.
        if index == 0 {
            return Err(TileError::Path);
        }
    }
    append_group(index, last)
}

fn append_group(index: u64, group: &str) -> Result<u64, TileError> {
    if group.len() != GROUP_DIGITS || !group.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(TileError::Path);
    }
    let group: u64 = group.parse().map_err(|_| TileError::Path)?;
    index
        .checked_mul(1000)
        .and_then(|index| index.checked_add(group))
        .ok_or(TileError::Path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tile::TILE_WIDTH;

    #[test]
    fn published_examples() {
        // The index 1234067 is the example of tlog-tiles.
        let cases = [
            ("tile/0/x001/x234/067", Tile::hashes(0, 1_234_067, TILE_WIDTH)),
            ("tile/63/000.p/1", Tile::hashes(63, 0, 1)),
            ("tile/2/999.p/255", Tile::hashes(2, 999, 255)),
            ("tile/entries/x001/000", Tile::entries(1000, TILE_WIDTH)),
            ("tile/entries/x123/456.p/10", Tile::entries(123_456, 10)),
            (
                "tile/1/x018/x446/x744/x073/x709/x551/615",
                Tile::hashes(1, u64::MAX, TILE_WIDTH),
            ),
        ];
        for (path, tile) in cases {
            let tile = tile.unwrap();
            assert_eq!(tile.to_string(), path);
            assert_eq!(path.parse(), Ok(tile));
        }
    }

    #[test]
    fn every_other_spelling_is_refused() {
        let refused = [
            "",
            "/tile/0/000",
            "tile",
            "tile/",
            "tile/0",
            "tile/0/",
            "tile/0/0",
            "tile/0/0000",
            "tile/00/000",
            "tile/+1/000",
            "tile/-1/000",
            "tile/ 1/000",
            "tile/256/000",
            "tile/8/0/000",
            "tile/entries",
            "tile/entries/",
            "tile/Entries/000",
            "tile/data/000",
            "tile/0/x000/000",
            "tile/0/x000",
            "tile/0/001/000",
            "tile/0/x001/x000",
            "tile/0/x001/000/",
            "tile/0//000",
            "tile//000",
            "tile/0/x001//000",
            "tile/0/../000",
            "tile/0/..",
            "tile/../tile/0/000",
            "tile/0/x../000",
            "tile/0/%2e%2e",
            "tile/0/000.p",
            "tile/0/000.p/",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/+1",
            "tile/0/000.p/1/",
            "tile/0/000.p/1.p/1",
            "tile/0/000\0",
            "tile/0/000 ",
            "tile/0/٠٠٠",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
            "tile/0/x001/x018/x446/x744/x073/x709/x551/615",
        ];
        for path in refused {
            assert_eq!(path.parse::<Tile>(), Err(TileError::Path), "{path:?}");
        }
        assert_eq!("tile/64/000".parse::<Tile>(), Err(TileError::Level(64)));
        assert_eq!("tile/0/000.p/0".parse::<Tile>(), Err(TileError::Width(0)));
    }
}
