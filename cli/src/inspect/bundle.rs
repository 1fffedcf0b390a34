//! Evidence bundles, part by part. A part that cannot be read is said to be so: the rest may still help.

use placet_schemas::json::Node;
use placet_schemas::record::CanonicalRecord;

use super::{Sheet, log};

/// A bundle.
pub(super) fn sheet(root: &Node<'_>) -> Sheet {
    let mut sheet = Sheet::new("evidence bundle");
    for (name, member) in [("log", "origin"), ("consent", "consent")] {
        sheet.add(name, root.get(member).and_then(Node::as_str).unwrap_or("(missing)"));
    }
    for opening in list(root, "openings") {
        let index = opening.get("index").and_then(Node::as_integer).unwrap_or(-1);
        let record = opening
            .get("record")
            .map(|record| CanonicalRecord::parse(&record.to_jcs()));
        match record {
            Some(Ok(record)) => {
                let record = record.record;
                sheet.add(
                    "opening",
                    format_args!(
                        "#{index} {} of {} by {}",
                        record.kind(),
                        record.valid_from,
                        record.issuer
                    ),
                );
            }
            Some(Err(fault)) => sheet.add("opening", format_args!("#{index} that is no record: {fault}")),
            None => sheet.add("opening", format_args!("#{index} without a record")),
        }
    }
    for notice in list(root, "notices") {
        let text = |name| notice.get(name).and_then(Node::as_str).unwrap_or("(missing)");
        sheet.add("notice", format_args!("{}: {}", text("language"), text("title")));
    }
    for attestation in list(root, "attestations") {
        let number = |pointer| attestation.pointer(pointer).and_then(Node::as_integer).unwrap_or(-1);
        let signer = attestation
            .get("signedBy")
            .and_then(Node::as_str)
            .unwrap_or("(missing)");
        let [events, last, size] = ["/statement/events", "/statement/lastIndex", "/statement/size"].map(number);
        sheet.add(
            "attestation",
            format_args!("#{last} is the last of {events} events below size {size}, says {signer}"),
        );
    }
    for anchor in list(root, "anchors") {
        sheet.add(
            "anchor",
            format_args!("size {}", anchor.get("size").and_then(Node::as_integer).unwrap_or(-1)),
        );
    }
    for part in list(root, "checkpoints") {
        let note = part.get("note").and_then(Node::as_str).unwrap_or_default();
        if log::add_checkpoint(&mut sheet, note).is_err() {
            sheet.add("checkpoint", "(cannot be read)");
        }
    }
    sheet
}

fn list<'a>(root: &'a Node<'a>, name: &str) -> &'a [Node<'a>] {
    root.get(name).and_then(Node::as_array).unwrap_or_default()
}
