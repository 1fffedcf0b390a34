//! Misbehaviour files: the accusation as it stands. Whether it holds is for `placet verify` to say.

use placet_schemas::json::Node;

use super::{Sheet, log};

/// A misbehaviour file.
pub(super) fn sheet(root: &Node<'_>) -> Sheet {
    let mut sheet = Sheet::new("misbehaviour file");
    let text = |pointer| root.pointer(pointer).and_then(Node::as_str).unwrap_or("(missing)");
    sheet.add("log", text("/origin"));
    sheet.add("accusation", text("/kind"));
    sheet.add("ground", text("/ground/is"));
    for statement in root.get("statements").and_then(Node::as_array).unwrap_or_default() {
        if let Some(note) = statement.get("note").and_then(Node::as_str) {
            if log::add_checkpoint(&mut sheet, note).is_err() {
                sheet.add("checkpoint", "(cannot be read)");
            }
            continue;
        }
        let text = |pointer| statement.pointer(pointer).and_then(Node::as_str).unwrap_or("(missing)");
        let size = statement
            .pointer("/statement/size")
            .and_then(Node::as_integer)
            .unwrap_or(-1);
        let (kind, signer) = (text("/statement/type"), text("/signedBy"));
        sheet.add(
            "statement",
            format_args!("{kind} of the log of size {size}, says {signer}"),
        );
    }
    sheet
}
