//! Checkpoints, proofs and trust files.

use anyhow::{Context as _, Result};
use placet_kernel::checkpoint::Checkpoint;
use placet_kernel::note::UnverifiedNote;
use placet_kernel::tlog_proof::TlogProof;
use placet_kernel::trust::{Sizes, Trust, TrustFile};
use placet_schemas::json;

use super::Sheet;

/// Length of a cosignature/v1: a time and an Ed25519 signature (C2SP tlog-cosignature).
const COSIGNATURE_BYTES: usize = 72;

/// A signed checkpoint.
pub(super) fn checkpoint(text: &str) -> Result<Sheet> {
    let mut sheet = Sheet::new("checkpoint");
    add_checkpoint(&mut sheet, text)?;
    Ok(sheet)
}

/// A tlog-proof.
pub(super) fn tlog_proof(text: &str) -> Result<Sheet> {
    let proof: TlogProof = text.parse().context("it is no tlog-proof")?;
    let mut sheet = Sheet::new("tlog-proof");
    sheet.add("index", proof.index());
    sheet.add("hashes", proof.hashes().len());
    if let Some(extra) = proof.extra() {
        sheet.add("extra", format_args!("{} bytes that nothing signs", extra.len()));
    }
    add_checkpoint(&mut sheet, proof.checkpoint_note())?;
    Ok(sheet)
}

/// A trust file. It is checked for sense, as every reader of it does.
pub(super) fn trust(bytes: &[u8]) -> Result<Sheet> {
    let trust = Trust::parse(bytes).context("it is no trust file")?;
    let document = json::parse(bytes, bytes.len())?;
    let file: TrustFile = json::decode(document.root())?;
    let mut sheet = Sheet::new("trust file");
    for log in &file.logs {
        sheet.add("log", &log.origin);
        for key in &log.checkpoint_keys {
            sheet.add("checkpoint key", format_args!("{}{}", key.vkey, sizes(key.sizes)));
        }
        for key in &log.cosigner_keys {
            sheet.add("own cosigner", format_args!("{}{}", key.vkey, sizes(key.sizes)));
        }
        for key in &log.operator_keys {
            sheet.add("operator key", format_args!("{}{}", key.key, sizes(key.sizes)));
        }
    }
    for witness in &file.witnesses {
        sheet.add("witness", format_args!("{} {}", witness.name, witness.vkey));
    }
    for group in &file.groups {
        sheet.add(
            "group",
            format_args!("{}: {} of {}", group.name, group.threshold, group.members.join(", ")),
        );
    }
    let meaning = if trust.asks_no_witness() {
        " (no witness: times are the operator's word)"
    } else {
        ""
    };
    sheet.add("quorum", format_args!("{}{meaning}", file.quorum));
    Ok(sheet)
}

/// The lines of a checkpoint and who signed it, by their own account.
pub(super) fn add_checkpoint(sheet: &mut Sheet, text: &str) -> Result<()> {
    let note = UnverifiedNote::parse(text.as_bytes()).context("it is no checkpoint")?;
    let checkpoint: Checkpoint = note.unverified_text().parse().context("it is no checkpoint")?;
    sheet.add("log", checkpoint.origin());
    sheet.add("size", checkpoint.size());
    sheet.add("root", checkpoint.root().to_base64());
    for line in note.lines() {
        let time = cosigned_at(line.signature())
            .map(|time| format!(" at {time}"))
            .unwrap_or_default();
        sheet.add("signed by", format_args!("{}+{}{time}", line.name(), line.id()));
    }
    Ok(())
}

/// The time that a cosignature states, by its length: the key that would tell is not at hand.
fn cosigned_at(signature: &[u8]) -> Option<String> {
    let (time, _) = signature
        .split_first_chunk::<8>()
        .filter(|_| signature.len() == COSIGNATURE_BYTES)?;
    Some(placet_schemas::time::Timestamp::from_unix(u64::from_be_bytes(*time))?.to_string())
}

fn sizes(sizes: Sizes) -> String {
    match sizes.to {
        Some(to) => format!(" (sizes {} to {to})", sizes.from),
        None if sizes.from == 0 => String::new(),
        None => format!(" (sizes from {})", sizes.from),
    }
}
