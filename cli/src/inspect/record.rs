//! Records of every kind.

use placet_schemas::record::consent::{Anchor, Shown, Strength};
use placet_schemas::record::keys::{ControllerKeys, KeySource};
use placet_schemas::record::request::ConsentRequest;
use placet_schemas::record::{Body, CanonicalRecord};
use placet_schemas::scope::Scope;

use super::Sheet;
use crate::words;

/// A record.
pub(super) fn sheet(canonical: &CanonicalRecord) -> Sheet {
    let record = &canonical.record;
    let mut sheet = Sheet::new(format!("record: {}", record.kind()));
    sheet.add("digest", record.digest());
    sheet.add("id", &record.id);
    sheet.add("signer", &record.issuer);
    sheet.add("by key", &record.proof.verification_method);
    sheet.add("for log", &record.proof.domain);
    sheet.add("claimed time", record.valid_from);
    if let Some(until) = record.valid_until {
        sheet.add("valid until", until);
    }
    if let Some(consent) = record.body.consent() {
        sheet.add("consent", consent);
    }
    add_body(&mut sheet, &record.body);
    if let Some(Anchor { size, .. }) = record.body.anchor() {
        sheet.add("log seen", format_args!("size {size}"));
    }
    sheet
}

fn add_body(sheet: &mut Sheet, body: &Body) {
    match body {
        Body::ConsentRequest(request) => add_request(sheet, request),
        Body::ConsentGrant(grant) => {
            sheet.add("request", grant.request);
            sheet.add("controller", &grant.controller);
            add_scope(sheet, &grant.scope, grant.shown.language.as_str());
            add_shown(sheet, &grant.shown, grant.strength);
            sheet.add("withdrawal key", &grant.withdrawal_key);
        }
        Body::Renewal(renewal) => {
            sheet.add("request", renewal.request);
            sheet.add("follows", renewal.previous);
            add_scope(sheet, &renewal.scope, renewal.shown.language.as_str());
            add_shown(sheet, &renewal.shown, renewal.strength);
        }
        Body::Narrowing(narrowing) => {
            sheet.add("follows", narrowing.previous);
            narrowing
                .removed
                .as_slice()
                .iter()
                .for_each(|pattern| sheet.add("takes back", words::pattern(pattern)));
            sheet.add("remaining", narrowing.remaining);
        }
        Body::Withdrawal(withdrawal) => {
            if let Some(relayed) = &withdrawal.relayed {
                sheet.add(
                    "relayed",
                    format_args!("told by {} at {}", relayed.channel, relayed.received_at),
                );
            }
        }
        Body::EndedByController(ended) => sheet.add("reason", &ended.reason),
        Body::ErasureRequest(erasure) => {
            if let Some(ground) = erasure.ground {
                sheet.add("ground", format_args!("{ground:?}"));
            }
            match &erasure.categories {
                Some(categories) => categories.iter().for_each(|term| sheet.add("category", term)),
                None => sheet.add("category", "all"),
            }
        }
        Body::HolderKeyAuthorization(body) => {
            body.holders.as_slice().iter().for_each(|did| sheet.add("holder", did));
        }
        Body::ControllerKeys(keys) => add_keys(sheet, keys),
        Body::Destruction(destruction) => {
            sheet.add("controller", &destruction.controller);
            sheet.add("ground", destruction.ground.as_str());
            if let Some(order) = destruction.order_hash {
                sheet.add("order", order);
            }
            for leaf in destruction.leaves.as_slice() {
                sheet.add("leaf", leaf);
            }
        }
        Body::AccessBatch(batch) => {
            sheet.add("controller", &batch.controller);
            sheet.add("time", format_args!("{} to {}", batch.from, batch.until));
            sheet.add("entries", batch.entries);
            sheet.add("root", batch.root);
        }
    }
}

fn add_request(sheet: &mut Sheet, request: &ConsentRequest) {
    for controller in request.controllers.all() {
        sheet.add(
            "controller",
            format_args!("{} ({}), {}", controller.legal_name, controller.id, controller.contact),
        );
    }
    for (language, digest) in request.notices.iter() {
        sheet.add("notice", format_args!("{language} {digest}"));
    }
    add_scope(sheet, &request.clauses, "en");
    sheet.add("for", request.audience.description.in_language("en"));
    sheet.add("with consent", request.benefit.with_consent.in_language("en"));
    sheet.add("without consent", request.benefit.without_consent.in_language("en"));
    sheet.add("consent lasts", request.validity);
    sheet.add("proof kept", format_args!("{} after the end", request.proof_retention));
    sheet.add("open to anyone", if request.open { "yes" } else { "no" });
    for basis in &request.other_bases {
        let explanation = basis.explanation.in_language("en");
        sheet.add(
            "other basis",
            format_args!("{}: {:?}, {explanation}", basis.category, basis.basis),
        );
    }
    if let Some(earlier) = &request.supersedes {
        let how = if earlier.material {
            "materially"
        } else {
            "not materially"
        };
        sheet.add("supersedes", format_args!("{} ({how} different)", earlier.request));
    }
}

fn add_scope(sheet: &mut Sheet, scope: &Scope, language: &str) {
    for clause in scope.clauses() {
        sheet.add("clause", clause.digest());
        words::clause(clause, language)
            .into_iter()
            .for_each(|line| sheet.add("", line));
    }
}

fn add_shown(sheet: &mut Sheet, shown: &Shown, strength: Strength) {
    sheet.add(
        "shown",
        format_args!("notice {} in {} by {}", shown.notice, shown.language, shown.page),
    );
    for choice in &shown.choices {
        sheet.add(
            "act",
            format_args!("{:?} for clause {}", choice.act, words::short(&choice.clause)),
        );
    }
    sheet.add(
        "strength",
        match strength {
            Strength::PageKey => "page-key: a key held by a page that the operator serves",
            Strength::SubjectKey => "subject-key: a key held by the person's own wallet",
        },
    );
}

fn add_keys(sheet: &mut Sheet, keys: &ControllerKeys) {
    sheet.add("brand", format_args!("{} ({})", keys.legal_name, keys.document.id()));
    sheet.add(
        "document",
        match keys.source {
            KeySource::Fetched => "fetched by the node",
            KeySource::Supplied => "supplied by the brand",
        },
    );
    sheet.add("document digest", keys.document_digest);
    for method in keys.document.methods() {
        sheet.add("key", format_args!("{} {}", method.id, method.public_key_multibase));
    }
}
