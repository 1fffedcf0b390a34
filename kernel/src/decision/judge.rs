//! One category of a question, held against the person's consents.

use placet_schemas::authzen::{Asked, Question, Reason, ReasonCode};
use placet_schemas::id::Digest;
use placet_schemas::lifecycle::Phase;
use placet_schemas::record::Kind;
use placet_schemas::rules::{Demand, demand};
use placet_schemas::scope::{Clause, Query, Scope};
use placet_schemas::time::Timestamp;
use placet_schemas::vocab::CategoryTerm;

use super::policy::Policy;
use super::reason;
use super::state::{Consent, Event, Granted, State};

pub(super) const CATEGORIES: &str = "/resource/properties/categories";
pub(super) const PURPOSE: &str = "/context/purpose";

/// A category that is permitted.
pub(super) struct Covered<'a> {
    pub(super) reason: Reason,
    pub(super) clause: &'a Clause,
    pub(super) valid_until: Timestamp,
}

/// A consent that has to do with (purpose, category).
struct Candidate<'a> {
    consent: &'a Consent,
    /// Log index of its last yes to the pair.
    yes: u64,
    /// The event that touched the pair last.
    last: &'a Event,
    /// Log index of its ending, if that ended the pair; beyond every index for one that the log does not have yet.
    ended: Option<u64>,
    /// The event that took away what is asked, if it was granted here once.
    taken: Option<&'a Event>,
}

/// Why not, and by which event of which consent, where one decided.
struct Denied<'a> {
    code: ReasonCode,
    path: &'static str,
    by: Option<(&'a Consent, Option<&'a Event>)>,
}

pub(super) fn category<'a>(
    question: &Question,
    category: CategoryTerm,
    consents: &[&'a Consent],
    state: &State<'a>,
    policy: &Policy,
    now: Timestamp,
) -> Result<Covered<'a>, Box<Reason>> {
    let first = standing(question, category, consents, state);
    let covered = first.and_then(|first| held(&first, &question.asked, category, state, policy, now));
    covered.map_err(|Denied { code, path, by }| {
        let mut why = reason(code, path);
        why.category = Some(category);
        why.record = by.and_then(|(_, event)| Some(event?.digest));
        why.consent = by.map(|(consent, _)| consent.id);
        why.ask = offer(question, category, state);
        Box::new(why)
    })
}

/// The consent of the latest yes to the pair, unless that was taken back since, there or elsewhere.
fn standing<'a>(
    question: &Question,
    category: CategoryTerm,
    consents: &[&'a Consent],
    state: &State<'a>,
) -> Result<Candidate<'a>, Denied<'a>> {
    let asked = &question.asked;
    let deny = |code, path, by| Err(Denied { code, path, by });
    let names = |consent: &&&Consent| names(consent, question, state);
    let own: Vec<&'a Consent> = consents.iter().filter(names).copied().collect();
    if own.is_empty() {
        return deny(ReasonCode::NoRecord, "/resource/id", None);
    }
    if let Some(faulty) = own.iter().find(|consent| consent.faulty) {
        return deny(ReasonCode::ProofInvalid, "/resource/id", Some((*faulty, None)));
    }
    let mut candidates: Vec<Candidate<'a>> = own
        .iter()
        .filter_map(|consent| candidate(consent, asked, category))
        .collect();
    candidates.sort_by_key(|one| one.yes);
    let Some(first) = candidates.pop() else {
        let named = own
            .iter()
            .any(|consent| consent.events.iter().any(|event| names_purpose(&event.granted, asked)));
        return match named {
            true => deny(ReasonCode::CategoryNotCovered, CATEGORIES, None),
            false => deny(ReasonCode::PurposeNotNamed, PURPOSE, None),
        };
    };
    // An ending beats every earlier yes, whichever consent it ended.
    let all = || candidates.iter().chain([&first]);
    let endings = all().filter_map(|one| one.ended.filter(|at| *at > first.yes).map(|at| (at, one)));
    if let Some((_, one)) = endings.max_by_key(|(at, _)| *at) {
        return deny(ended(one), PURPOSE, Some((one.consent, Some(one.last))));
    }
    // So does what was taken back, as far as it goes: to take back less elsewhere, or to say yes to more, is no new yes to it.
    let taken = all().filter_map(|one| {
        one.taken
            .filter(|event| event.index > first.yes)
            .map(|event| (one, event))
    });
    if let Some((one, event)) = taken.max_by_key(|(_, event)| event.index)
        && let Err((code, path)) = covering(&event.granted, asked, category)
    {
        return deny(code, path, Some((one.consent, Some(event))));
    }
    Ok(first)
}

/// The consent that decides, held against the question.
fn held<'a>(
    first: &Candidate<'a>,
    asked: &Asked,
    category: CategoryTerm,
    state: &State<'a>,
    policy: &Policy,
    now: Timestamp,
) -> Result<Covered<'a>, Denied<'a>> {
    let (consent, last) = (first.consent, first.last);
    let deny = |code, path| Denied {
        code,
        path,
        by: Some((consent, Some(last))),
    };
    if consent.has_ended() {
        return Err(deny(ended(first), PURPOSE));
    }
    if now >= consent.valid_until {
        return Err(deny(ReasonCode::Expired, PURPOSE));
    }
    if let Some(request) = state.requests.get(&consent.request)
        && request.superseded.is_some()
    {
        return Err(deny(ReasonCode::NoticeSuperseded, PURPOSE));
    }
    let (clause, explicit) = covering(&last.granted, asked, category).map_err(|(code, path)| deny(code, path))?;
    let rule = policy.of(&asked.purpose);
    let needs_statement = demand(clause) == Demand::Explicit || rule.explicit;
    if needs_statement && !explicit {
        return Err(deny(ReasonCode::ExplicitConsentMissing, PURPOSE));
    }
    if rule.min_strength.is_some_and(|least| last.strength < least) {
        return Err(deny(ReasonCode::StrengthTooLow, PURPOSE));
    }
    let mut permitted = reason(ReasonCode::Permitted, CATEGORIES);
    permitted.category = Some(category);
    permitted.record = Some(last.digest);
    permitted.consent = Some(consent.id);
    permitted.article = Some("6(1)(a)".to_owned());
    Ok(Covered {
        reason: permitted,
        clause,
        valid_until: consent.valid_until,
    })
}

fn ended(one: &Candidate<'_>) -> ReasonCode {
    match one.consent.phase {
        Phase::EndedByController => ReasonCode::EndedByController,
        Phase::Withdrawn | Phase::Given => ReasonCode::Withdrawn,
    }
}

/// Whether the request that the consent answers names the one who asks.
fn names(consent: &Consent, question: &Question, state: &State<'_>) -> bool {
    let request = state.requests.get(&consent.request);
    request.is_some_and(|request| request.controllers.contains(&question.controller))
}

fn candidate<'a>(consent: &'a Consent, asked: &Asked, category: CategoryTerm) -> Option<Candidate<'a>> {
    let mut found: Option<Candidate<'a>> = None;
    let mut before: Option<&Event> = None;
    for event in &consent.events {
        let is = has(&event.granted.scope, asked, category);
        let was = before.filter(|before| has(&before.granted.scope, asked, category));
        match (event.kind, &mut found) {
            // A grant or a renewal that has the pair is a yes to it, if only a renewed one.
            (Kind::ConsentGrant | Kind::Renewal, _) if is => {
                found = Some(Candidate {
                    consent,
                    yes: event.index,
                    last: event,
                    ended: None,
                    taken: found.and_then(|found| found.taken),
                });
            }
            (Kind::Narrowing | Kind::Renewal, Some(found))
                if was.is_some_and(|was| differs(&was.granted, &event.granted, asked, category)) =>
            {
                found.last = event;
            }
            (Kind::Narrowing | Kind::Renewal, _) => {}
            (_, Some(found)) if is => {
                found.last = event;
                found.ended = Some(event.index);
            }
            _ => {}
        }
        if let (Some(was), Some(found)) = (was, &mut found)
            && covering(&was.granted, asked, category).is_ok()
            && covering(&event.granted, asked, category).is_err()
        {
            found.taken = Some(event);
        }
        before = Some(event);
    }
    let mut found = found?;
    // It ends what is granted now, and is later than everything that the log has.
    if consent.direct.is_some() && before.is_some_and(|last| has(&last.granted.scope, asked, category)) {
        found.ended = Some(u64::MAX);
    }
    Some(found)
}

fn clauses<'a>(
    scope: &'a Scope,
    asked: &'a Asked,
    category: CategoryTerm,
) -> impl Iterator<Item = (usize, &'a Clause)> {
    let all = scope.clauses().iter().enumerate();
    all.filter(move |(_, clause)| clause.purpose.id == asked.purpose && clause.categories.has(&category))
}

fn has(scope: &Scope, asked: &Asked, category: CategoryTerm) -> bool {
    clauses(scope, asked, category).next().is_some()
}

/// Whether two scopes grant different things for the pair. What a clause loses elsewhere can move it to another place.
fn differs(old: &Granted, new: &Granted, asked: &Asked, category: CategoryTerm) -> bool {
    let count = |granted: &Granted| clauses(&granted.scope, asked, category).count();
    let mut kept = clauses(&old.scope, asked, category);
    count(old) != count(new)
        || !kept.all(|(_, old)| clauses(&new.scope, asked, category).any(|(_, new)| same(old, new)))
}

/// Whether two clauses grant the same for one category, whatever other categories they have.
fn same(old: &Clause, new: &Clause) -> bool {
    old.processing == new.processing
        && old.delivery == new.delivery
        && old.third_party == new.third_party
        && old.transfer == new.transfer
        && old.retention == new.retention
        && old.purpose == new.purpose
}

fn names_purpose(granted: &Granted, asked: &Asked) -> bool {
    granted
        .scope
        .clauses()
        .iter()
        .any(|clause| clause.purpose.id == asked.purpose)
}

/// The clause that grants exactly what is asked, or the first dimension in which none does.
pub(super) fn covering<'a>(
    granted: &'a Granted,
    asked: &Asked,
    category: CategoryTerm,
) -> Result<(&'a Clause, bool), (ReasonCode, &'static str)> {
    let all = granted.scope.clauses().iter().enumerate();
    let mut left: Vec<(usize, &'a Clause)> = all.filter(|(_, clause)| clause.purpose.id == asked.purpose).collect();
    let mut keep = |code, path, test: &dyn Fn(&Clause) -> bool| {
        left.retain(|(_, clause)| test(clause));
        if left.is_empty() { Err((code, path)) } else { Ok(()) }
    };
    // A narrowing may have taken the purpose away altogether.
    keep(ReasonCode::PurposeNotNamed, PURPOSE, &|_| true)?;
    keep(ReasonCode::CategoryNotCovered, CATEGORIES, &|c| {
        c.categories.has(&category)
    })?;
    keep(ReasonCode::ProcessingNotCovered, "/action/name", &|c| {
        c.processing.has(&asked.processing)
    })?;
    keep(ReasonCode::DeliveryNotCovered, "/action/properties/delivery", &|c| {
        c.delivery.has(&asked.delivery)
    })?;
    // A clause with a recipient is a choice of its own, and so is one without.
    keep(ReasonCode::ThirdPartyNotNamed, "/action/properties/thirdParty", &|c| {
        c.third_party.as_ref().map(|party| &party.id) == asked.third_party.as_ref()
    })?;
    // Article 49(1)(a): a transfer needs an express statement for that very country.
    keep(
        ReasonCode::ExplicitConsentMissing,
        "/action/properties/transfer",
        &|c| c.transfer.as_ref().map(|transfer| &transfer.country) == asked.transfer.as_ref(),
    )?;
    // Clauses of a scope do not overlap, so one is left.
    let (at, clause) = left
        .first()
        .copied()
        .ok_or((ReasonCode::CategoryNotCovered, CATEGORIES))?;
    Ok((clause, granted.explicit.get(at).copied().unwrap_or(false)))
}

/// A request in use that offers what is asked, to the one who asks.
fn offer(question: &Question, category: CategoryTerm, state: &State<'_>) -> Option<Digest> {
    let asked = &question.asked;
    let query = Query {
        purpose: &asked.purpose,
        category,
        processing: asked.processing,
        delivery: asked.delivery,
        third_party: asked.third_party.as_ref(),
        transfer: asked.transfer.as_ref(),
    };
    let mut current = state.requests.iter().filter(|(_, request)| !request.replaced);
    current
        .find(|(_, request)| {
            request.controllers.contains(&question.controller) && request.clauses.granting(&query).is_some()
        })
        .map(|(digest, _)| *digest)
}
