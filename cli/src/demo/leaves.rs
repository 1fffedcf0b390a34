//! The log as anybody may compute it, from the served files and RFC 6962 alone.

use anyhow::{Context as _, Result, bail};
use base64ct::{Base64, Encoding as _};
use sha2::{Digest as _, Sha256};

type Hash = [u8; 32];

/// The entries of a bundle (C2SP tlog-tiles: each a big-endian 16-bit length and so many bytes).
pub(super) fn entries(mut bundle: &[u8]) -> Result<Vec<&[u8]>> {
    let mut entries = Vec::new();
    while !bundle.is_empty() {
        let (length, rest) = bundle.split_first_chunk().context("an entry has no length")?;
        let length = usize::from(u16::from_be_bytes(*length));
        let Some((entry, rest)) = rest.split_at_checked(length) else {
            bail!("an entry is cut off")
        };
        entries.push(entry);
        bundle = rest;
    }
    Ok(entries)
}

/// The root over entries, in base64 as a checkpoint has it.
pub(super) fn root(entries: &[&[u8]]) -> String {
    let leaves: Vec<Hash> = entries.iter().map(|entry| hash(0, &[entry])).collect();
    Base64::encode_string(&tree(&leaves))
}

/// RFC 6962 section 2.1: the left part is the largest power of two that is smaller than the whole.
fn tree(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest(b"").into(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            hash(1, &[&tree(left), &tree(right)])
        }
    }
}

fn hash(kind: u8, parts: &[&[u8]]) -> Hash {
    let mut hash = Sha256::new().chain_update([kind]);
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_of_known_trees() {
        // The test vectors of certificate-transparency's Go and C++ implementations: entries of 0 to 3 bytes.
        let entries: [&[u8]; 3] = [b"", &[0], &[0x10]];
        let hex = |count: usize| -> String {
            let root = Base64::decode_vec(&root(&entries[..count])).unwrap();
            root.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        assert_eq!(
            hex(0),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(
            hex(1),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
        assert_eq!(
            hex(2),
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
        );
        assert_eq!(
            hex(3),
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"
        );
    }

    #[test]
    fn entries_are_cut_apart_exactly() {
        assert_eq!(entries(&[0, 1, 7, 0, 0, 0, 2, 8, 9]).unwrap(), [&[7][..], &[], &[8, 9]]);
        assert!(entries(&[0, 2, 7]).is_err() && entries(&[0]).is_err());
    }
}
