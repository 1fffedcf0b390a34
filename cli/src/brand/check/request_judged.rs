//! The template, held against the readers and the rules of requests.

use std::collections::BTreeMap;

use anyhow::Result;
use placet_schemas::id::{DidUrl, Digest, Language, Origin};
use placet_schemas::json::{self, Node};
use placet_schemas::notice::CanonicalNotice;
use placet_schemas::record::request::ConsentRequest;
use placet_schemas::rules::{self, RuleError};
use placet_wallet::Pen;
use placet_wallet::brand::{self, Brand};
use placet_wallet::keys::{SEED_BYTES, SoftwareKey};

use super::super::items::RequestItem;
use super::super::papers::{self, FILL_IN};
use super::super::template::{MAX_TEMPLATE_BYTES, Template};
use super::{Line, Problem};
use crate::output;
use crate::system;

/// What is said of a template.
pub(super) struct Judged {
    pub(super) lines: Vec<Line>,
    /// The claims, where they can be read: notices are held against them.
    pub(super) claims: Option<ConsentRequest>,
}

/// Judges a template for notices in these languages.
pub(super) fn judge(bytes: &[u8], languages: &[&Language]) -> Judged {
    let mut found = Vec::new();
    let mut claims = None;
    match json::parse(bytes, MAX_TEMPLATE_BYTES) {
        Err(fault) => found.push((RequestItem::Form, Problem::of(&fault))),
        Ok(document) => {
            let root = document.root();
            found.extend(to_write(root));
            found.extend(untranslated(root, languages));
            let faults = Template::faults(root);
            let problem = |fault: &json::Fault| (RequestItem::of(&fault.pointer), Problem::of(fault));
            found.extend(faults.iter().map(problem));
            if faults.is_empty() {
                claims = read(bytes, languages, &mut found);
            }
        }
    }
    if let Some(claims) = &claims {
        found.extend(rules::broken_rules(claims).map(|rule| broken(&rule, claims)));
    }
    let line = |item: RequestItem| {
        let (name, article) = item.words();
        let of_it = found
            .iter()
            .filter(|(of, _)| *of == item)
            .map(|(_, problem)| problem.clone());
        Line::new(name, article, of_it.collect())
    };
    Judged {
        lines: RequestItem::ALL.into_iter().map(line).collect(),
        claims,
    }
}

impl Judged {
    /// Builds the record as `placet brand request` will, with a key that is thrown away: what speaks against it only as a whole,
    /// such as its size, comes out here.
    pub(super) fn last_word(&mut self, digests: BTreeMap<Language, Digest>, notices: &[CanonicalNotice]) -> Result<()> {
        let Some(claims) = self.claims.clone() else {
            return Ok(());
        };
        let claims = ConsentRequest {
            notices: digests.try_into()?,
            ..claims
        };
        let did = claims.controllers.registered().id.clone();
        let method: DidUrl = format!("{did}#check").parse()?;
        let origin: Origin = "check.invalid/placet".parse()?;
        let key = SoftwareKey::ed25519_from_seed(&system::random::<SEED_BYTES>()?);
        let pen = Pen {
            origin: &origin,
            key: &key,
            random: system::random()?,
            now: system::now()?,
        };
        let brand = Brand {
            did: &did,
            method: &method,
        };
        if let Err(error) = brand::request(claims, notices, brand, &pen) {
            let (name, article) = RequestItem::Form.words();
            let why = format!("{}: {error}", error.code());
            self.lines.retain(|line| line.item != name);
            self.lines
                .push(Line::new(name, article, vec![Problem::contradicts("", why)]));
        }
        Ok(())
    }
}

/// The claims, with some digest for each notice: rules do not look at them.
fn read(bytes: &[u8], languages: &[&Language], found: &mut Vec<(RequestItem, Problem)>) -> Option<ConsentRequest> {
    let digests = languages.iter().map(|tag| ((*tag).clone(), Digest::of(b""))).collect();
    let claims = Template::parse(bytes).and_then(|template| template.into_request(digests));
    let refused = |error: anyhow::Error| {
        let why = output::sentence(&error);
        let (pointer, why) = match why.split_once(": ") {
            Some((pointer, why)) if pointer.starts_with('/') => (pointer, why),
            _ => ("", why.as_str()),
        };
        found.push((RequestItem::of(pointer), Problem::contradicts(pointer, why)));
    };
    claims.map_err(refused).ok()
}

fn to_write(root: &Node<'_>) -> Vec<(RequestItem, Problem)> {
    let problem = |pointer: String| {
        let text = root.pointer(&pointer).and_then(Node::as_str).unwrap_or_default();
        let what = text.split_once(FILL_IN).map_or(text, |(_, what)| what).trim();
        (
            RequestItem::of(&pointer),
            Problem::missing(&pointer, format!("write {what}")),
        )
    };
    papers::unfilled(root).into_iter().map(problem).collect()
}

/// Texts that a reader of one of the notices would be shown in another language.
fn untranslated(root: &Node<'_>, languages: &[&Language]) -> Vec<(RequestItem, Problem)> {
    let mut texts = vec![
        "/audience/description".to_owned(),
        "/benefit/withConsent".to_owned(),
        "/benefit/withoutConsent".to_owned(),
    ];
    for (list, text) in [("clauses", "purpose/text"), ("otherBases", "explanation")] {
        let length = root.get(list).and_then(Node::as_array).map_or(0, <[Node<'_>]>::len);
        texts.extend((0..length).map(|at| format!("/{list}/{at}/{text}")));
    }
    let mut found = Vec::new();
    for pointer in texts {
        let Some(text) = root.pointer(&pointer).filter(|text| text.as_object().is_some()) else {
            continue;
        };
        for language in languages.iter().filter(|tag| text.get(tag.as_str()).is_none()) {
            let mend = format!("nothing in {language}, so its readers would be shown another language; write it");
            found.push((RequestItem::Languages, Problem::missing(pointer.clone(), mend)));
        }
    }
    found
}

fn broken(rule: &RuleError, claims: &ConsentRequest) -> (RequestItem, Problem) {
    let (item, pointer, clause) = match rule {
        RuleError::NotSpecific { clause, .. } => (RequestItem::Purposes, "/clauses", Some(*clause)),
        RuleError::NotSeparate { clause, .. } => (RequestItem::Apart, "/clauses", Some(*clause)),
        RuleError::CriminalCategory { clause, .. } => (RequestItem::Crimes, "/clauses", Some(*clause)),
        RuleError::GuardianUnsupported => (RequestItem::Audience, "/audience/mayIncludeChildren", None),
        RuleError::VocabularyUnknown { .. } => (RequestItem::Form, "", None),
    };
    // The rule counts clauses in the order of the record, which is not the order of the file.
    let clause = clause.and_then(|at| claims.clauses.clauses().get(at));
    let place = clause.map(|clause| format!(" (the clause is one of the purpose {})", clause.purpose.id));
    let mend = format!("{}: {rule}{}", rule.code(), place.unwrap_or_default());
    (item, Problem::contradicts(pointer, mend))
}
