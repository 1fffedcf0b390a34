//! What witnesses have signed: every line that is kept is theirs, under a checkpoint that is kept too.

use placet_kernel::checkpoint::{CheckpointKeys, SignedCheckpoint};
use placet_kernel::note::{UnverifiedNote, VerifierKey};
use placet_schemas::time::Timestamp;

use super::{Check, PAGE};
use crate::error::StoreError;
use crate::store::{CosignedRow, minute};
use crate::witnesses::id_of;

impl Check {
    /// Compares all cosignatures.
    pub(super) async fn cosignatures(&mut self, witnesses: &[VerifierKey]) -> Result<(), StoreError> {
        let mut keys = Vec::with_capacity(witnesses.len());
        for witness in witnesses {
            let log_keys = self.voice.trusted.log_keys().cloned().collect();
            let known = CheckpointKeys::new(self.voice.origin.clone(), log_keys, vec![witness.clone()]);
            // A witness with the log's own key signs nothing that counts; its lines are looked at like those of a stranger.
            keys.extend(known.ok().map(|known| (id_of(witness.name(), witness.id()), known)));
        }
        let mut last = (0, String::new(), 0);
        loop {
            let after = (last.0, last.1.as_str(), last.2);
            let rows = self.store.cosignatures_after(after, self.head.size, PAGE).await?;
            let Some(row) = rows.last() else { return Ok(()) };
            last = (row.size, row.witness.clone(), row.slot);
            for row in &rows {
                self.cosignature(row, &keys);
            }
        }
    }

    fn cosignature(&mut self, row: &CosignedRow, keys: &[(String, CheckpointKeys)]) {
        let place = format!("cosignatures {} {} {}", row.size, row.witness, row.slot);
        let Some(log_note) = &row.note else {
            self.damaged("cosignature_differs", place, "no checkpoint of this size is kept");
            return;
        };
        let note = format!("{log_note}{}", row.line);
        let in_its_slot = row.slot == 0 || Timestamp::from_unix(row.time).is_some_and(|time| row.slot == minute(time));
        let right = match keys.iter().find(|(name, _)| *name == row.witness) {
            Some((_, keys)) => {
                self.report.cosignatures += 1;
                is_signed(&note, keys, row.time)
            }
            None => {
                self.report.unknown_cosignatures += 1;
                is_well_formed(&note, row)
            }
        };
        if !right || !in_its_slot {
            let what = "it is not what its witness signed, or not under the checkpoint of its size";
            self.damaged("cosignature_differs", place, what);
        }
    }
}

/// Whether this witness signed the note, at this time.
fn is_signed(note: &str, keys: &CheckpointKeys, time: u64) -> bool {
    let signed = SignedCheckpoint::open(note.as_bytes(), keys);
    signed.is_ok_and(|signed| signed.cosignatures().iter().any(|given| given.time == time))
}

/// Without the witness's key: whether the last line says that it is the witness's, and of this time (C2SP tlog-cosignature:
/// the signature begins with the time, 8 octets, big-endian).
fn is_well_formed(note: &str, row: &CosignedRow) -> bool {
    let Ok(note) = UnverifiedNote::parse(note.as_bytes()) else {
        return false;
    };
    note.lines().last().is_some_and(|line| {
        let time = line.signature().first_chunk().map(|time| u64::from_be_bytes(*time));
        time == Some(row.time) && id_of(line.name(), line.id()) == row.witness
    })
}
