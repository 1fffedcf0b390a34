//! What is said of a receipt, as a person reads it.

use placet_kernel::receipt::ReceiptReport;
use placet_schemas::credential::receipt::{MAX_RECEIPT_BYTES, Receipt, ReceiptType};
use placet_schemas::json::{self, Node};
use serde::Deserialize as _;

use super::report::{answer, grounds};

/// Whether these bytes say that they are a receipt.
pub(crate) fn is_receipt(bytes: &[u8]) -> bool {
    let Ok(document) = json::parse(bytes, MAX_RECEIPT_BYTES) else {
        return false;
    };
    let types = document.root().get("type").and_then(Node::as_array);
    types.is_some_and(|types| types.iter().filter_map(Node::as_str).any(names_a_receipt))
}

/// The whole report.
pub(super) fn text(report: &ReceiptReport) -> String {
    let mut lines = vec![
        format!("issued    {}", answer(report.issued)),
        format!("recorded  {}", answer(report.recorded)),
        format!("in force  {} at {}", answer(report.in_force), report.at),
        String::new(),
    ];
    lines.extend(
        tell(&report.receipt)
            .into_iter()
            .map(|(name, value)| format!("{name:<11} {value}")),
    );
    lines.push(String::new());
    lines.extend(grounds(&report.findings, &report.trust));
    lines.push(
        "note: What was consented to is the issuer's word. The log has the record's digest, not what it says."
            .to_owned(),
    );
    lines.join("\n")
}

/// What a receipt says.
pub(crate) fn tell(receipt: &Receipt) -> Vec<(&'static str, String)> {
    let subject = &receipt.credential_subject;
    let mut lines = vec![
        ("issuer", receipt.issuer.to_string()),
        ("issued at", receipt.valid_from.to_string()),
        ("valid until", receipt.valid_until.to_string()),
        ("person", subject.id.to_string()),
        ("consent", subject.consent.to_string()),
    ];
    for controller in subject.controllers.all() {
        lines.push(("controller", format!("{} ({})", controller.legal_name, controller.id)));
    }
    for clause in subject.scope.clauses() {
        let purpose = &clause.purpose;
        let categories: Vec<&str> = clause.categories.iter().map(|term| term.as_str()).collect();
        let text = purpose.text.in_language(subject.language.as_str());
        lines.push(("purpose", format!("{text} ({}): {}", purpose.id, categories.join(", "))));
    }
    let status = &receipt.credential_status;
    lines.push((
        "status",
        format!(
            "bit {} of {}",
            status.status_list_index.0, status.status_list_credential
        ),
    ));
    lines
}

fn names_a_receipt(name: &str) -> bool {
    let name = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(name);
    ReceiptType::deserialize(name).is_ok()
}
