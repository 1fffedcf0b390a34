//! The questions that are asked: every customer, purposes and categories that somebody may have agreed to, and some that nobody
//! did.

use placet_schemas::api::ReportedAccess;
use placet_schemas::authzen::{self, Evaluation};
use placet_schemas::id::{Did, RecordId};
use serde_json::json;

use super::model::Use;
use super::plan::CUSTOMERS;

const PURPOSES: &str = "https://brand.example/purposes#";

/// What is asked about each customer: purpose, categories, processing, delivery.
const ASKED: [(&str, &[&str], &str, &str); 7] = [
    ("newsletter", &["pd:EmailAddress"], "dpv:Use", "copy"),
    ("recommendations", &["pd:Interest"], "dpv:Analyse", "copy"),
    (
        "recommendations",
        &["pd:Interest", "pd:Purchase"],
        "dpv:Store",
        "in-vault",
    ),
    ("recommendations", &["pd:Purchase"], "dpv:Analyse", "copy"),
    // Nobody was ever asked for these.
    ("newsletter", &["pd:Interest"], "dpv:Use", "copy"),
    ("recommendations", &["pd:Interest"], "dpv:Use", "copy"),
    ("profiles", &["pd:Interest"], "dpv:Analyse", "copy"),
];

/// A question.
pub(super) struct Asked {
    pub(super) customer: String,
    pub(super) evaluation: Evaluation,
    kind: usize,
}

/// All of them.
pub(super) fn all(brand: &Did) -> Vec<Asked> {
    let pairs = (0..CUSTOMERS).flat_map(|customer| (0..ASKED.len()).map(move |kind| (customer, kind)));
    pairs
        .map(|(customer, kind)| {
            let (purpose, categories, processing, delivery) = ASKED[kind];
            let customer = format!("C-{customer}");
            let question = json!({
                "subject": {"type": "controller", "id": brand},
                "action": {"name": processing, "properties": {"delivery": delivery}},
                "resource": {"type": "customer", "id": customer, "properties": {"categories": categories}},
                "context": {"purpose": format!("{PURPOSES}{purpose}")},
            });
            let evaluation = authzen::evaluation(&serde_json::to_vec(&question).unwrap()).unwrap();
            assert!(evaluation.question.is_ok(), "{:?}", evaluation.question);
            Asked {
                customer,
                evaluation,
                kind,
            }
        })
        .collect()
}

impl Asked {
    /// The uses that it is about, one for each category.
    pub(super) fn uses(&self) -> Vec<Use> {
        let (purpose, categories, processing, delivery) = ASKED[self.kind];
        let one = |category: &&str| {
            (
                format!("{PURPOSES}{purpose}"),
                (*category).to_owned(),
                processing.to_owned(),
                delivery.to_owned(),
            )
        };
        categories.iter().map(one).collect()
    }

    /// The report that it was done, by a permit or without one.
    pub(super) fn access(&self, service: &str, evaluation: Option<RecordId>) -> ReportedAccess {
        let (purpose, categories, processing, delivery) = ASKED[self.kind];
        let mut access = json!({
            "service": service, "customer": self.customer, "purpose": format!("{PURPOSES}{purpose}"),
            "categories": categories, "processing": processing, "delivery": delivery,
        });
        if let Some(evaluation) = evaluation {
            access["evaluation"] = json!(evaluation);
        }
        serde_json::from_value(access).unwrap()
    }
}
