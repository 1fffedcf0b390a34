//! The records that a person signs. Each builder refuses, before it signs, what a log would refuse.
//!
//! A builder gives the record's bytes, to be posted, and the state of the consent that follows. Store both, post the
//! bytes, and post the same bytes again if no answer comes: a record built anew is another record.

use placet_kernel::arrival::Refusal;
use placet_kernel::code::WithdrawalCode;
use placet_kernel::sign;
use placet_schemas::id::{Digest, Language, Origin};
use placet_schemas::lifecycle::{self, State};
use placet_schemas::narrowing::Pattern;
use placet_schemas::record::consent::{
    Act, Anchor, Choice, ConsentGrant, ErasureGround, ErasureRequest, Initial, Narrowing, Patterns, Renewal, Shown,
    Strength, Withdrawal,
};
use placet_schemas::record::holders::{HolderKeyAuthorization, Holders};
use placet_schemas::record::request::ConsentRequest;
use placet_schemas::record::{Body, CanonicalRecord, Draft, Invitation, Record};
use placet_schemas::rules;
use placet_schemas::scope::Scope;
use placet_schemas::text::{SomeOf, Text};
use placet_schemas::time::Timestamp;
use placet_schemas::version::Version;
use placet_schemas::vocab::CategoryTerm;

use crate::build::{self, BuildError, Pen};
use crate::keys::SoftwareKey;

/// A signed record, and the consent after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// What to post: canonical, and never to be built anew for the same act.
    pub bytes: Vec<u8>,
    /// The same, parsed.
    pub record: Record,
    /// The consent once the log has recorded it.
    pub state: State,
}

/// What a person was shown when she answered a request, and how she answered.
#[derive(Debug, Clone, Copy)]
pub struct Showing<'a> {
    /// The request, its signature already checked: see [`crate::offer::open`].
    pub request: &'a Record,
    /// The language of the notice that was shown.
    pub language: &'a Language,
    /// Digests of the clauses about which she made an express statement, each alone.
    pub explicit: &'a [Digest],
    /// The expiry; `None` is the longest that the request allows.
    pub valid_until: Option<Timestamp>,
    /// How her act was authorised.
    pub strength: Strength,
    /// The last checkpoint that the wallet has seen: see [`crate::sight::Sight::anchor`].
    pub anchor: Anchor,
    /// Name and version of the program that showed it.
    pub page: &'a Text,
}

/// A yes to some clauses of a request.
#[derive(Debug, Clone, Copy)]
pub struct GrantChoice<'a> {
    /// What was shown.
    pub showing: Showing<'a>,
    /// The invitation that is answered.
    pub invitation: &'a Invitation,
    /// Digests of the clauses that she switched on.
    pub selected: &'a [Digest],
}

/// What is to be erased, and why.
#[derive(Debug, Clone, Default)]
pub struct Erasure {
    /// The ground of Article 17(1), if she names one.
    pub ground: Option<ErasureGround>,
    /// Only these categories; `None` is all.
    pub categories: Option<SomeOf<CategoryTerm>>,
}

/// Builds a grant. `code` is of 16 fresh random bytes, for this consent alone: the person keeps it on paper.
///
/// # Errors
/// See [`BuildError`].
pub fn grant(choice: &GrantChoice<'_>, code: &WithdrawalCode, pen: &Pen<'_>) -> Result<Built, BuildError> {
    let request = answered(&choice.showing, pen.origin)?;
    let mut clauses = Vec::with_capacity(choice.selected.len());
    for digest in choice.selected {
        let clause = request
            .clauses
            .clauses()
            .iter()
            .find(|clause| clause.digest() == *digest);
        clauses.push(clause.ok_or(BuildError::ClauseNotOffered(*digest))?.clone());
    }
    let scope = Scope::new(clauses)?;
    let body = ConsentGrant {
        version: Version,
        request: choice.showing.request.digest(),
        controller: request.controllers.registered().id.clone(),
        shown: shown(&choice.showing, request, &scope)?,
        scope,
        withdrawal_key: SoftwareKey::withdrawal(code).did(),
        strength: choice.showing.strength,
        anchor: choice.showing.anchor,
    };
    let until = expiry(&choice.showing, request, pen);
    let draft = build::draft(
        pen,
        sign::did_key(pen.key)?,
        Some(until),
        Body::ConsentGrant(Box::new(body)),
    );
    event(&draft, Some(choice.invitation.clone()), pen, None, Some(request))
}

/// Builds a narrowing: a part of the scope is taken back.
///
/// # Errors
/// See [`BuildError`]; `narrowing_nothing_remains` means: withdraw instead.
pub fn narrow(state: &State, removed: Vec<Pattern>, anchor: Anchor, pen: &Pen<'_>) -> Result<Built, BuildError> {
    let remaining = state
        .scope
        .without(&removed)
        .map_err(|error| refused(error.into()))?
        .digest();
    let removed = Patterns::try_from(removed).map_err(|error| {
        let code = placet_schemas::json::FaultCode::InvalidValue;
        let pointer = "/credentialSubject/removed";
        Refusal::Malformed(placet_schemas::json::Fault::new(pointer, code, error.to_string()))
    })?;
    let (consent, previous) = (state.consent, last(state));
    let body = Narrowing {
        version: Version,
        consent,
        previous,
        removed,
        remaining,
        anchor,
    };
    let draft = build::draft(pen, sign::did_key(pen.key)?, None, Body::Narrowing(Box::new(body)));
    event(&draft, None, pen, Some(state), None)
}

/// Builds a renewal of the consent, for `scope` or for all that is in force: the same or narrower, for longer.
///
/// # Errors
/// See [`BuildError`]; among them `renewal_widens`, `renewal_not_later` and `consent_expired`.
pub fn renew(state: &State, scope: Option<Scope>, showing: &Showing<'_>, pen: &Pen<'_>) -> Result<Built, BuildError> {
    let request = answered(showing, pen.origin)?;
    let scope = scope.unwrap_or_else(|| state.scope.clone());
    let body = Renewal {
        version: Version,
        consent: state.consent,
        previous: last(state),
        request: showing.request.digest(),
        shown: shown(showing, request, &scope)?,
        scope,
        strength: showing.strength,
        anchor: showing.anchor,
    };
    let until = expiry(showing, request, pen);
    let draft = build::draft(pen, sign::did_key(pen.key)?, Some(until), Body::Renewal(Box::new(body)));
    event(&draft, None, pen, Some(state), Some(request))
}

/// Builds a withdrawal, signed with the consent's own key.
///
/// # Errors
/// `consent_ended` or `wrong_signer`, or when the key cannot be used; nothing else stands in its way.
pub fn withdraw(state: &State, anchor: Option<Anchor>, pen: &Pen<'_>) -> Result<Built, BuildError> {
    event(&withdrawal(state.consent, anchor, pen)?, None, pen, Some(state), None)
}

/// Builds a withdrawal for someone who has only the consent's id and a key: the consent's own, restored from a seed, or
/// the withdrawal key. Whether the key is the right one is for the log to say.
///
/// # Errors
/// When the key cannot be used.
pub fn withdraw_unseen(consent: Digest, pen: &Pen<'_>) -> Result<CanonicalRecord, BuildError> {
    let (signed, ()) = build::consumer(&withdrawal(consent, None, pen)?, None, pen, |_| Ok(()))?;
    Ok(signed)
}

/// Builds a withdrawal with the code from the paper; `random` and `now` are as in [`Pen`].
///
/// # Errors
/// Only if the claims had no canonical form, which cannot be.
pub fn withdraw_with_code(
    consent: Digest,
    code: &WithdrawalCode,
    origin: &Origin,
    random: [u8; 16],
    now: Timestamp,
) -> Result<CanonicalRecord, BuildError> {
    withdraw_unseen(
        consent,
        &Pen {
            origin,
            key: &SoftwareKey::withdrawal(code),
            random,
            now,
        },
    )
}

/// Builds an erasure request (Article 17). It may follow an ending too, and changes no state.
///
/// # Errors
/// See [`BuildError`].
pub fn erase(state: &State, erasure: Erasure, anchor: Anchor, pen: &Pen<'_>) -> Result<Built, BuildError> {
    let Erasure { ground, categories } = erasure;
    let body = ErasureRequest {
        version: Version,
        consent: state.consent,
        ground,
        categories,
        anchor,
    };
    let draft = build::draft(pen, sign::did_key(pen.key)?, None, Body::ErasureRequest(body));
    event(&draft, None, pen, Some(state), None)
}

/// Builds the word about which keys besides the consent's own may hold its receipts. It says all of them anew: none takes every
/// one away. It changes no state, and is refused once the consent has ended.
///
/// # Errors
/// See [`BuildError`].
pub fn authorize_holders(state: &State, holders: Holders, pen: &Pen<'_>) -> Result<Built, BuildError> {
    let body = HolderKeyAuthorization {
        version: Version,
        consent: state.consent,
        holders,
    };
    let draft = build::draft(pen, sign::did_key(pen.key)?, None, Body::HolderKeyAuthorization(body));
    event(&draft, None, pen, Some(state), None)
}

fn event(
    draft: &Draft,
    challenge: Option<Invitation>,
    pen: &Pen<'_>,
    before: Option<&State>,
    request: Option<&ConsentRequest>,
) -> Result<Built, BuildError> {
    let judge = |record: &Record| Ok(lifecycle::apply(before, record, request)?);
    let (CanonicalRecord { record, bytes }, state) = build::consumer(draft, challenge, pen, judge)?;
    Ok(Built { bytes, record, state })
}

fn withdrawal(consent: Digest, anchor: Option<Anchor>, pen: &Pen<'_>) -> Result<Draft, BuildError> {
    let body = Withdrawal {
        version: Version,
        consent,
        anchor,
        relayed: None,
    };
    Ok(build::draft(pen, sign::did_key(pen.key)?, None, Body::Withdrawal(body)))
}

/// The request that is answered: lawful to ask, and for the log that the answer is for.
fn answered<'a>(showing: &Showing<'a>, origin: &Origin) -> Result<&'a ConsentRequest, BuildError> {
    let record = showing.request;
    let Body::ConsentRequest(request) = &record.body else {
        return Err(BuildError::NotARequest);
    };
    if record.proof.domain != *origin {
        let (found, expected) = (record.proof.domain.clone(), origin.clone());
        return Err(Refusal::WrongDomain { found, expected }.into());
    }
    rules::check_request(request).map_err(Refusal::from)?;
    Ok(request)
}

fn shown(showing: &Showing<'_>, request: &ConsentRequest, scope: &Scope) -> Result<Shown, BuildError> {
    let language = showing.language.clone();
    let notice = request
        .notices
        .get(&language)
        .ok_or_else(|| BuildError::NoNotice(language.clone()))?;
    let clauses: Vec<Digest> = scope
        .clauses()
        .iter()
        .map(placet_schemas::scope::Clause::digest)
        .collect();
    if let Some(stray) = showing.explicit.iter().find(|digest| !clauses.contains(digest)) {
        return Err(BuildError::StatementWithoutChoice(*stray));
    }
    let choice = |clause: Digest| {
        let act = if showing.explicit.contains(&clause) {
            Act::ExplicitStatement
        } else {
            Act::Selected
        };
        Choice {
            clause,
            initial: Initial::Off,
            act,
        }
    };
    let choices = clauses.into_iter().map(choice).collect();
    Ok(Shown {
        notice,
        language,
        page: showing.page.clone(),
        choices,
    })
}

fn expiry(showing: &Showing<'_>, request: &ConsentRequest, pen: &Pen<'_>) -> Timestamp {
    showing.valid_until.unwrap_or_else(|| pen.now.plus(request.validity))
}

fn last(state: &State) -> Digest {
    state.chain.last().copied().unwrap_or(state.consent)
}

fn refused(error: lifecycle::TransitionError) -> BuildError {
    Refusal::from(error).into()
}
