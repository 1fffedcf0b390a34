//! What the log, its witnesses and its judge read: notes, checkpoints, proofs, tiles, bundles.

use placet_kernel::bundle::{self, Verdict};
use placet_kernel::checkpoint::{Checkpoint, SignedCheckpoint};
use placet_kernel::merkle::{HASH_BYTES, verify_inclusion};
use placet_kernel::note::{UnverifiedNote, VerifierKey};
use placet_kernel::tile::{HashTile, Tile, decode_entries, encode_entries};
use placet_kernel::tlog_proof::TlogProof;
use placet_witness::AddCheckpoint;
use serde_json::Value;

use super::sample::SAMPLE;
use super::{assert_code, assert_told};

/// A bundle: what holds says nothing that the sample's honest bundles do not say; nothing holds without trust.
pub fn bundle(data: &[u8]) -> bool {
    let judged = bundle::verify(data, Some(&SAMPLE.trust), SAMPLE.now, Some(SAMPLE.moment));
    let report = match judged {
        Ok(report) => report,
        Err(fault) => {
            assert_told(&fault);
            assert!(bundle::verify(data, None, SAMPLE.now, None).is_err());
            return false;
        }
    };
    for finding in &report.findings {
        assert_code(finding.code);
    }
    assert!(serde_json::to_string(&report).is_ok());
    for one in &report.decisions {
        one.findings.iter().for_each(|finding| assert_code(finding.code));
        if one.verdict() == Verdict::Holds {
            let bundle: Value = serde_json::from_slice(data).unwrap();
            let parts = |bundle: &Value| bundle["decisions"].as_array().cloned().unwrap_or_default();
            let at: usize = one.place.trim_start_matches("/decisions/").parse().unwrap();
            let said = parts(&bundle)[at]["decision"].clone();
            let known = SAMPLE
                .bundles
                .iter()
                .flat_map(parts)
                .any(|honest| honest["decision"] == said);
            assert!(known, "nobody decided this");
        }
    }
    if report.recorded == Verdict::Holds {
        assert_says_nothing_new(&serde_json::from_slice(data).unwrap());
    } else {
        assert_ne!(report.in_force, Verdict::Holds);
    }
    let without = bundle::verify(data, None, SAMPLE.now, None).unwrap();
    assert_ne!(without.recorded, Verdict::Holds);
    report.recorded == Verdict::Holds
}

/// Every part of it is a part of an honest bundle of the same log.
fn assert_says_nothing_new(bundle: &Value) {
    for list in ["anchors", "attestations", "checkpoints", "notices", "openings"] {
        for part in bundle[list].as_array().unwrap() {
            let known = SAMPLE.bundles.iter().any(|honest| {
                let same = honest["origin"] == bundle["origin"] && honest["consent"] == bundle["consent"];
                same && honest[list].as_array().is_some_and(|parts| parts.contains(part))
            });
            assert!(known, "{list} has what nobody said: {part}");
        }
    }
}

/// A signed note: its parts are all of it; as a checkpoint it opens only where the log signed that very tree.
pub fn note(data: &[u8]) -> bool {
    let signed = SignedCheckpoint::open(data, &SAMPLE.keys);
    if let Ok(signed) = &signed {
        assert!(SAMPLE.heads.contains(signed.checkpoint()), "nobody signed this");
        let exact = signed.exact_note();
        let again = SignedCheckpoint::open_exact(exact.as_bytes(), &SAMPLE.keys).unwrap();
        assert_eq!((again.checkpoint(), again.exact_note()), (signed.checkpoint(), exact));
    }
    let note = match UnverifiedNote::parse(data) {
        Ok(note) => note,
        Err(error) => {
            assert_code(error.code());
            assert!(signed.is_err());
            return false;
        }
    };
    let lines: String = note.lines().iter().map(|line| format!("{}\n", line.as_str())).collect();
    assert_eq!(format!("{}\n{lines}", note.unverified_text()).as_bytes(), data);
    true
}

/// The text of a checkpoint: one spelling.
pub fn checkpoint(data: &[u8]) -> bool {
    let Some(Ok(checkpoint)) = str::from_utf8(data).ok().map(str::parse::<Checkpoint>) else {
        return false;
    };
    assert_eq!(checkpoint.to_string().as_bytes(), data);
    true
}

/// A verifier key: one spelling.
pub fn vkey(data: &[u8]) -> bool {
    let Some(Ok(key)) = str::from_utf8(data).ok().map(str::parse::<VerifierKey>) else {
        return false;
    };
    assert_eq!(key.to_string().as_bytes(), data);
    true
}

/// A tlog-proof: its parts are all of it; it holds for the sample's leaf only under the sample's trees.
pub fn tlog_proof(data: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(data) else {
        return false;
    };
    let proof: TlogProof = match text.parse() {
        Ok(proof) => proof,
        Err(error) => {
            assert_code(error.code());
            return false;
        }
    };
    let written = proof.to_string();
    if proof.extra().is_none() {
        assert_eq!(written, text);
    }
    let again: TlogProof = written.parse().unwrap();
    assert_eq!((again.index(), again.hashes()), (proof.index(), proof.hashes()));
    assert_eq!(again.checkpoint_note(), proof.checkpoint_note());
    match proof.verify_exact(&SAMPLE.leaf, &SAMPLE.keys) {
        Ok(signed) => {
            let head = signed.checkpoint();
            assert!(SAMPLE.heads.contains(head) && proof.index() == SAMPLE.leaf_index);
            assert!(verify_inclusion(&SAMPLE.leaf, proof.index(), head.size(), proof.hashes(), &head.root()).is_ok());
        }
        Err(error) => assert_code(error.code()),
    }
    true
}

/// The path of a tile: one spelling.
pub fn tile_path(data: &[u8]) -> bool {
    let Some(Ok(tile)) = str::from_utf8(data).ok().map(str::parse::<Tile>) else {
        return false;
    };
    assert_eq!(tile.to_string().as_bytes(), data);
    assert!((1..=256).contains(&tile.width()));
    true
}

/// A tile's hashes, after a byte that says how wide it is: exactly as many as that.
pub fn tile_data(data: &[u8]) -> bool {
    let Some((width, data)) = data.split_first() else {
        return false;
    };
    let tile = Tile::hashes(0, 0, u16::from(*width) + 1).unwrap();
    match HashTile::parse(tile, data) {
        Ok(parsed) => {
            assert_eq!((parsed.to_bytes(), parsed.tile()), (data.to_vec(), tile));
            assert_eq!(parsed.full_root().is_some(), tile.is_full());
            true
        }
        Err(error) => {
            assert_code(error.code());
            assert_ne!(data.len(), usize::from(tile.width()) * HASH_BYTES);
            false
        }
    }
}

/// An entry bundle, after a byte that says how many entries it has: exactly as many, and not a byte more.
pub fn entry_bundle(data: &[u8]) -> bool {
    let Some((width, data)) = data.split_first() else {
        return false;
    };
    let tile = Tile::entries(0, u16::from(*width) + 1).unwrap();
    match decode_entries(&tile, data) {
        Ok(entries) => {
            assert_eq!(entries.len(), usize::from(tile.width()));
            assert_eq!(encode_entries(&tile, entries).unwrap(), data);
            true
        }
        Err(error) => {
            assert_code(error.code());
            false
        }
    }
}

/// What a log sends to a witness: its parts are all of it.
pub fn add_checkpoint(data: &[u8]) -> bool {
    let Ok(body) = AddCheckpoint::parse(data) else {
        return false;
    };
    let hashes: String = body
        .proof
        .iter()
        .map(|hash| format!("{}\n", hash.to_base64()))
        .collect();
    let mut written = format!("old {}\n{hashes}\n", body.old).into_bytes();
    written.extend_from_slice(body.note);
    assert_eq!(written, data);
    true
}
