//! `placet inspect`: what a file says, for a person. Nothing is verified, and each answer says so.

mod bundle;
mod decision;
mod log;
mod misbehaviour;
mod record;
mod sheet;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use placet_kernel::bundle::{BUNDLE_TYPE, MAX_BUNDLE_BYTES};
use placet_kernel::misbehaviour::MISBEHAVIOUR_TYPE;
use placet_kernel::receipt;
use placet_schemas::json::{self, Node};
use placet_schemas::notice::CanonicalNotice;
use placet_schemas::record::CanonicalRecord;

use crate::output::Output;
use crate::{files, verify};
use sheet::Sheet;

/// Show what a file says, without judging it
///
/// Takes an evidence bundle, a receipt, a misbehaviour file, a record, a notice, a checkpoint, a tlog-proof or a trust file; and a verifier's
/// decision, as its answer (JSON) or signed: it says why, and what to do.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file; - reads standard input
    file: PathBuf,
}

pub(crate) fn run(args: &Args, out: &Output) -> Result<()> {
    let bytes = files::read(&args.file, MAX_BUNDLE_BYTES)?;
    let sheet = describe(&bytes).with_context(|| format!("{} cannot be shown", args.file.display()))?;
    out.result(&sheet, Sheet::text)
}

fn describe(bytes: &[u8]) -> Result<Sheet> {
    if bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{') {
        return describe_json(bytes);
    }
    let text = str::from_utf8(bytes).context("it is neither JSON nor text")?;
    if let Some(shown) = verify::presented(bytes) {
        let receipt = receipt::read_presented(shown).context("it is no receipt")?;
        let mut sheet = Sheet::new("receipt for a consent, as it is presented");
        for (name, value) in verify::tell_presented(&receipt) {
            sheet.add(name, value);
        }
        return Ok(sheet);
    }
    if let Some(compact) = verify::compact_decision(bytes) {
        return decision::signed(compact);
    }
    if text.starts_with("c2sp.org/tlog-proof@") {
        return log::tlog_proof(text);
    }
    log::checkpoint(text)
}

fn describe_json(bytes: &[u8]) -> Result<Sheet> {
    let document = json::parse(bytes, MAX_BUNDLE_BYTES)?;
    let root = document.root();
    let has = |names: &[&str]| names.iter().all(|name| root.get(name).is_some());
    if has(&["secret"]) {
        bail!("it is a private key");
    }
    if root.get("type").and_then(Node::as_str) == Some(BUNDLE_TYPE) {
        return Ok(bundle::sheet(root));
    }
    if root.get("type").and_then(Node::as_str) == Some(MISBEHAVIOUR_TYPE) {
        return Ok(misbehaviour::sheet(root));
    }
    if has(&["decision", "context"]) {
        return decision::answer(root);
    }
    if has(&["evaluations"]) {
        return decision::answers(root);
    }
    if verify::is_receipt(bytes) {
        let receipt = receipt::parse(bytes).context("it is no receipt")?;
        let mut sheet = Sheet::new("receipt for a consent");
        for (name, value) in verify::tell_receipt(&receipt.credential) {
            sheet.add(name, value);
        }
        return Ok(sheet);
    }
    if has(&["credentialSubject", "type"]) {
        return Ok(record::sheet(
            &CanonicalRecord::parse(bytes).context("it is no record")?,
        ));
    }
    if has(&["logs", "quorum"]) {
        return log::trust(bytes);
    }
    if has(&["language", "title", "withdrawal"]) {
        return Ok(notice(&CanonicalNotice::parse(bytes).context("it is no notice")?));
    }
    bail!("it is JSON, but no bundle, receipt, misbehaviour file, record, notice, trust file or decision")
}

fn notice(notice: &CanonicalNotice) -> Sheet {
    let mut sheet = Sheet::new("notice");
    sheet.add("digest", notice.digest());
    let notice = &notice.notice;
    sheet.add("language", &notice.language);
    sheet.add("title", &notice.title);
    sheet.add("controllers", &notice.controllers.text);
    notice
        .controllers
        .controllers
        .iter()
        .for_each(|did| sheet.add("controller", did));
    sheet.add("data protection officer", &notice.data_protection_officer.text);
    sheet.add("purposes", &notice.purposes.text);
    notice
        .purposes
        .purposes
        .iter()
        .for_each(|purpose| sheet.add("purpose", purpose));
    sheet.add("recipients", &notice.recipients.text);
    notice
        .recipients
        .third_parties
        .iter()
        .for_each(|party| sheet.add("third party", party));
    sheet.add("transfers", &notice.transfers.text);
    notice
        .transfers
        .countries
        .iter()
        .for_each(|country| sheet.add("country", country));
    sheet.add("retention", &notice.retention.text);
    for (purpose, periods) in &notice.retention.periods {
        let periods: Vec<String> = periods.iter().map(ToString::to_string).collect();
        sheet.add("kept", format_args!("{purpose}: {}", periods.join(", ")));
    }
    sheet.add("rights", &notice.rights.text);
    sheet.add("withdrawal", &notice.withdrawal.text);
    sheet.add("complaint", &notice.complaint.text);
    sheet.add("requirement", &notice.requirement.text);
    sheet.add("automated decisions", &notice.automated_decisions.text);
    sheet.add(
        "proof retention",
        format_args!("{} ({})", notice.proof_retention.text, notice.proof_retention.period),
    );
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_or_secret_is_not_shown() {
        for (text, why) in [
            (r#"{"did":"a","method":"b","secret":"z3u"}"#, "private key"),
            (r#"{"a":1}"#, "no bundle"),
            (r#"{"a":1,"a":1}"#, ""),
            ("hello", "checkpoint"),
            ("\u{1}", "checkpoint"),
        ] {
            let error = format!("{:#}", describe(text.as_bytes()).unwrap_err());
            assert!(error.contains(why), "{text}: {error}");
        }
        assert!(describe(&[0xff]).is_err());
    }
}
