//! What is said of a receipt, as a person reads it.

use placet_kernel::jws;
use placet_kernel::receipt::{PresentedReport, ReceiptReport};
use placet_kernel::sd_jwt::SdJwt;
use placet_schemas::credential::receipt::{MAX_RECEIPT_BYTES, Receipt, ReceiptType};
use placet_schemas::credential::sd_jwt::{SD_JWT_VC_TYP, SdReceipt};
use placet_schemas::id::Language;
use placet_schemas::json::{self, Node};
use placet_schemas::record::request::Controllers;
use placet_schemas::scope::Clause;
use placet_schemas::time::Timestamp;
use serde::Deserialize as _;

use super::report::{answer, grounds};

/// What every report on a receipt says about itself.
const ISSUERS_WORD: &str =
    "note: What was consented to is the issuer's word. The log has the record's digest, not what it says.";

/// Whether these bytes say that they are a receipt.
pub(crate) fn is_receipt(bytes: &[u8]) -> bool {
    let Ok(document) = json::parse(bytes, MAX_RECEIPT_BYTES) else {
        return false;
    };
    let types = document.root().get("type").and_then(Node::as_array);
    types.is_some_and(|types| types.iter().filter_map(Node::as_str).any(names_a_receipt))
}

/// A receipt as SD-JWT VC, if that is what the file holds.
pub(crate) fn presented(bytes: &[u8]) -> Option<&str> {
    let text = str::from_utf8(bytes).ok()?.trim_ascii_end();
    let token = SdJwt::parse(text).ok()?;
    jws::claimed_typ(token.jwt)
        .is_some_and(|typ| typ == SD_JWT_VC_TYP)
        .then_some(text)
}

/// The whole report on a receipt that is presented.
pub(super) fn presented_text(report: &PresentedReport) -> String {
    let mut lines = vec![
        format!("issued    {}", answer(report.issued)),
        format!("recorded  {}", answer(report.recorded)),
        format!("in force  {} at {}", answer(report.in_force), report.at),
        format!("bound     {}", answer(report.bound)),
        String::new(),
    ];
    let told = tell_presented(&report.receipt).into_iter();
    lines.extend(told.map(|(name, value)| format!("{name:<11} {value}")));
    lines.push(String::new());
    lines.extend(grounds(&report.findings, &report.trust));
    lines.push(ISSUERS_WORD.to_owned());
    lines.join("\n")
}

/// What a receipt that is presented says, as far as it is shown.
pub(crate) fn tell_presented(receipt: &SdReceipt) -> Vec<(&'static str, String)> {
    let time = |seconds| Timestamp::from_unix(seconds).map_or_else(String::new, |time| time.to_string());
    let withheld = || "withheld".to_owned();
    let mut lines = vec![
        ("issuer", receipt.iss.to_string()),
        ("issued at", time(receipt.iat)),
        ("valid until", time(receipt.exp)),
        (
            "person",
            receipt.sub.as_ref().map_or_else(withheld, ToString::to_string),
        ),
        ("consent", receipt.consent.to_string()),
    ];
    lines.extend(agreed(&receipt.controllers, &receipt.scope, &receipt.language));
    if receipt.scope.is_empty() {
        lines.push(("purpose", withheld()));
    }
    let status = &receipt.status.status_list;
    lines.push(("status", format!("bit {} of {}", status.idx, status.uri)));
    lines
}

fn agreed(controllers: &Controllers, clauses: &[Clause], language: &Language) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    for controller in controllers.all() {
        lines.push(("controller", format!("{} ({})", controller.legal_name, controller.id)));
    }
    for clause in clauses {
        let purpose = &clause.purpose;
        let categories: Vec<&str> = clause.categories.iter().map(|term| term.as_str()).collect();
        let text = purpose.text.in_language(language.as_str());
        lines.push(("purpose", format!("{text} ({}): {}", purpose.id, categories.join(", "))));
    }
    lines
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
    lines.push(ISSUERS_WORD.to_owned());
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
    lines.extend(agreed(&subject.controllers, subject.scope.clauses(), &subject.language));
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
