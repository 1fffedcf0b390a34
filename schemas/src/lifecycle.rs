//! What may follow what in the life of a consent. One pure function, [`apply`], serves ledger, verifier, auditor, wallet
//! and page, so that all of them always agree.
//!
//! ```text
//!            grant
//!              |
//!              v      narrowing, renewal (before expiry)
//!            Given <-----.
//!              |  `-------'
//!     withdrawal, ended by controller (also after expiry)
//!              |
//!              v
//!        Withdrawn | EndedByController        nothing leads back: a later yes is a new consent
//! ```
//! An erasure request may come at any time after the grant and changes no state. Neither does a word about holders of receipts,
//! which may come until the end. Expiry is no event: see [`effective`].
//! A withdrawal names no earlier record, so no other event can make it stale; until the consent has ended, no sequence of
//! events makes it refusable.

use serde::{Deserialize, Serialize};

use crate::id::{Did, Digest};
use crate::narrowing::NarrowingError;
use crate::record::consent::{Act, ConsentGrant, Narrowing, Renewal, Shown};
use crate::record::request::ConsentRequest;
use crate::record::{Body, Kind, Record};
use crate::rules::{Demand, demand};
use crate::scope::Scope;
use crate::time::Timestamp;

/// Most narrowings and renewals of one consent, so that its state and its bundle stay small. Withdrawals do not count.
pub const MAX_CHAIN: usize = 256;

/// Everything that the next event of a consent is judged by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct State {
    /// The consent: its grant's digest.
    pub consent: Digest,
    /// The person's pairwise DID.
    pub subject: Did,
    /// The key that can end the consent when the grant's own key is lost.
    pub withdrawal_key: Did,
    /// The registered controller.
    pub controller: Did,
    /// The request that is answered now.
    pub request: Digest,
    /// What is granted now.
    pub scope: Scope,
    /// When it was given, by the grant's claim.
    pub given_at: Timestamp,
    /// When it expires.
    pub valid_until: Timestamp,
    /// Digests of the grant, narrowings and renewals, in order. The last is what the next one must name as `previous`.
    pub chain: Vec<Digest>,
    /// Whether it has ended, and how.
    pub phase: Phase,
}

/// The states that events lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// In force, unless expired.
    Given,
    /// Ended by the person.
    Withdrawn,
    /// Ended by the brand.
    EndedByController,
}

/// The state as it is at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effective {
    /// In force.
    Given,
    /// Its time is over; it may still be withdrawn.
    Expired,
    /// Ended by the person.
    Withdrawn,
    /// Ended by the brand.
    EndedByController,
}

/// The state as it is at `now`.
#[must_use]
pub fn effective(state: &State, now: Timestamp) -> Effective {
    match state.phase {
        Phase::Withdrawn => Effective::Withdrawn,
        Phase::EndedByController => Effective::EndedByController,
        Phase::Given if now >= state.valid_until => Effective::Expired,
        Phase::Given => Effective::Given,
    }
}

/// Why an event cannot follow. The codes are stable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransitionError {
    /// There is no such consent.
    #[error("no consent of that id is known here")]
    ConsentUnknown,
    /// The signer of a withdrawal can end no consent of that id. It has the code of an unknown consent, so that whoever
    /// tries keys learns nothing, and nothing but that and a bad signature stands between a person and her withdrawal.
    #[error("no consent of that id that this signer can withdraw is known here: {0}")]
    NotTheirs(&'static str),
    /// The consent has ended.
    #[error("the consent has ended; a new yes is a new consent")]
    ConsentEnded,
    /// The consent has expired, and this event needs it to be in force.
    #[error("the consent had expired by then; a new yes is a new consent")]
    ConsentExpired,
    /// The signer may not say this.
    #[error("{0}")]
    WrongSigner(&'static str),
    /// The record is no event of a consent, or starts one that is already there.
    #[error("a {0} cannot follow here")]
    Illegal(Kind),
    /// `previous` is an earlier record of the chain, not the last.
    #[error("previous names {named}, but the last record of the consent is {last}: look at it and sign anew")]
    PreviousStale {
        /// What the record names.
        named: Digest,
        /// What it should have named.
        last: Digest,
    },
    /// `previous` is no record of the chain.
    #[error("previous names {named}, which is no record of this consent")]
    PreviousForked {
        /// What the record names.
        named: Digest,
    },
    /// The chain is as long as it may be.
    #[error("a consent has at most {MAX_CHAIN} grants, narrowings and renewals")]
    ChainFull,
    /// The request that is answered is not known.
    #[error("no request of that digest is known here")]
    RequestUnknown,
    /// The grant goes outside its request.
    #[error("outside its request: {0}")]
    OutsideRequest(&'static str),
    /// A clause that needs an express statement has none (rule 3).
    #[error("clause {0} needs an express statement (act explicit-statement)")]
    ExplicitActMissing(usize),
    /// A renewal grants something that is not granted now.
    #[error("a renewal is the same or narrower; for more, ask for a new consent")]
    Widens,
    /// A renewal does not end later.
    #[error("a renewal ends later than what it renews")]
    NotLater,
    /// The patterns do not narrow the scope.
    #[error(transparent)]
    Narrowing(#[from] NarrowingError),
    /// `remaining` is not the digest of what remains.
    #[error("remaining is not the digest of what remains, which is {0}")]
    RemainingDiffers(Digest),
}

impl TransitionError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ConsentUnknown | Self::NotTheirs(_) => "consent_unknown",
            Self::ConsentEnded => "consent_ended",
            Self::ConsentExpired => "consent_expired",
            Self::WrongSigner(_) => "wrong_signer",
            Self::Illegal(_) => "illegal_transition",
            Self::PreviousStale { .. } => "previous_stale",
            Self::PreviousForked { .. } => "previous_forked",
            Self::ChainFull => "chain_full",
            Self::RequestUnknown => "request_unknown",
            Self::OutsideRequest(_) => "grant_outside_request",
            Self::ExplicitActMissing(_) => "explicit_act_missing",
            Self::Widens => "renewal_widens",
            Self::NotLater => "renewal_not_later",
            Self::Narrowing(NarrowingError::NothingRemains) => "narrowing_nothing_remains",
            Self::Narrowing(_) => "narrowing_matches_nothing",
            Self::RemainingDiffers(_) => "remaining_differs",
        }
    }
}

/// The state after `event`, or why it cannot follow.
///
/// `request` is the request that a grant or renewal names, when it is known; other events do not look at it. The event's
/// time is its claimed time (`validFrom`): all who replay the log must come to the same state, whenever they do.
///
/// # Errors
/// See [`TransitionError`]. An error leaves the state as it was.
pub fn apply(
    state: Option<&State>,
    event: &Record,
    request: Option<&ConsentRequest>,
) -> Result<State, TransitionError> {
    match (&event.body, state) {
        (Body::ConsentGrant(grant), None) => start(event, grant, request),
        (
            Body::ConsentGrant(_)
            | Body::ConsentRequest(_)
            | Body::ControllerKeys(_)
            | Body::Destruction(_)
            | Body::AccessBatch(_),
            _,
        ) => Err(TransitionError::Illegal(event.kind())),
        (_, None) => Err(TransitionError::ConsentUnknown),
        (_, Some(state)) if event.body.consent() != Some(state.consent) => Err(TransitionError::ConsentUnknown),
        (Body::Withdrawal(withdrawal), Some(state)) => {
            let by_person = event.issuer == state.subject || event.issuer == state.withdrawal_key;
            let relayed = event.issuer == state.controller && withdrawal.relayed.is_some();
            if !by_person && !relayed {
                return Err(TransitionError::NotTheirs(
                    "a withdrawal is signed by the person, her withdrawal key, or the controller that relays it",
                ));
            }
            end(state, Phase::Withdrawn)
        }
        (Body::EndedByController(_), Some(state)) => {
            if event.issuer != state.controller {
                return Err(TransitionError::WrongSigner(
                    "only the controller can end a consent as controller",
                ));
            }
            end(state, Phase::EndedByController)
        }
        (Body::ErasureRequest(_), Some(state)) => by_subject(state, event).map(|()| state.clone()),
        (Body::HolderKeyAuthorization(_), Some(state)) => hold(state, event),
        (Body::Narrowing(narrowing), Some(state)) => narrow(state, event, narrowing),
        (Body::Renewal(renewal), Some(state)) => renew(state, event, renewal, request),
    }
}

fn start(event: &Record, grant: &ConsentGrant, request: Option<&ConsentRequest>) -> Result<State, TransitionError> {
    if !event.issuer.is_key() {
        return Err(TransitionError::WrongSigner(
            "a grant is signed by the person's own did:key",
        ));
    }
    let request = request.ok_or(TransitionError::RequestUnknown)?;
    if grant.controller != request.controllers.registered().id {
        return Err(TransitionError::OutsideRequest("the controller is not the request's"));
    }
    // A controller may be a did:key as well, and would else say yes to itself (Article 4(11): "of the data subject").
    if request
        .controllers
        .all()
        .iter()
        .any(|controller| controller.id == event.issuer)
    {
        return Err(TransitionError::WrongSigner(
            "a grant is signed by the person, never by a controller",
        ));
    }
    if !grant.scope.is_selection_of(&request.clauses) {
        return Err(TransitionError::OutsideRequest(
            "a clause is not one of the request's, whole and unchanged",
        ));
    }
    let valid_until = within_request(event, &grant.shown, &grant.scope, request)?;
    Ok(State {
        consent: event.digest(),
        subject: event.issuer.clone(),
        withdrawal_key: grant.withdrawal_key.clone(),
        controller: grant.controller.clone(),
        request: grant.request,
        scope: grant.scope.clone(),
        given_at: event.valid_from,
        valid_until,
        chain: vec![event.digest()],
        phase: Phase::Given,
    })
}

fn narrow(state: &State, event: &Record, narrowing: &Narrowing) -> Result<State, TransitionError> {
    in_force(state, event, narrowing.previous)?;
    let scope = state.scope.without(narrowing.removed.as_slice())?;
    if scope.digest() != narrowing.remaining {
        return Err(TransitionError::RemainingDiffers(scope.digest()));
    }
    Ok(followed(state, event, scope))
}

fn renew(
    state: &State,
    event: &Record,
    renewal: &Renewal,
    request: Option<&ConsentRequest>,
) -> Result<State, TransitionError> {
    in_force(state, event, renewal.previous)?;
    let request = request.ok_or(TransitionError::RequestUnknown)?;
    if request.controllers.registered().id != state.controller {
        return Err(TransitionError::OutsideRequest(
            "a renewal answers a request of the same controller",
        ));
    }
    if !renewal.scope.is_within(&state.scope) {
        return Err(TransitionError::Widens);
    }
    if !renewal.scope.is_within(&request.clauses) {
        return Err(TransitionError::OutsideRequest(
            "a clause is not within any of the request's",
        ));
    }
    let valid_until = within_request(event, &renewal.shown, &renewal.scope, request)?;
    if valid_until <= state.valid_until {
        return Err(TransitionError::NotLater);
    }
    Ok(State {
        request: renewal.request,
        valid_until,
        ..followed(state, event, renewal.scope.clone())
    })
}

/// What grants and renewals have in common: the notice, the time limit and the express statements. Gives the expiry.
fn within_request(
    event: &Record,
    shown: &Shown,
    scope: &Scope,
    request: &ConsentRequest,
) -> Result<Timestamp, TransitionError> {
    if request.notices.get(&shown.language) != Some(shown.notice) {
        return Err(TransitionError::OutsideRequest(
            "the notice shown is not the request's in that language",
        ));
    }
    // The parser admits no grant and no renewal without an expiry.
    let valid_until = event
        .valid_until
        .ok_or(TransitionError::OutsideRequest("there is no expiry"))?;
    if valid_until > event.valid_from.plus(request.validity) {
        return Err(TransitionError::OutsideRequest(
            "it would last longer than the request's validity",
        ));
    }
    let explicit = |at: usize| {
        shown
            .choices
            .get(at)
            .is_some_and(|choice| choice.act == Act::ExplicitStatement)
    };
    let missing = scope
        .clauses()
        .iter()
        .enumerate()
        .find(|(at, c)| demand(c) == Demand::Explicit && !explicit(*at));
    missing.map_or(Ok(valid_until), |(at, _)| Err(TransitionError::ExplicitActMissing(at)))
}

/// Until the end, also after expiry: a holder's key that was lost can be taken away as long as there is a receipt that says
/// anything. Of an ended consent there is none.
fn hold(state: &State, event: &Record) -> Result<State, TransitionError> {
    by_subject(state, event)?;
    match state.phase {
        Phase::Given => Ok(state.clone()),
        Phase::Withdrawn | Phase::EndedByController => Err(TransitionError::ConsentEnded),
    }
}

fn in_force(state: &State, event: &Record, previous: Digest) -> Result<(), TransitionError> {
    by_subject(state, event)?;
    match effective(state, event.valid_from) {
        Effective::Given => {}
        Effective::Expired => return Err(TransitionError::ConsentExpired),
        Effective::Withdrawn | Effective::EndedByController => return Err(TransitionError::ConsentEnded),
    }
    let last = state.chain.last().copied().unwrap_or(state.consent);
    if previous != last {
        return Err(if state.chain.contains(&previous) {
            TransitionError::PreviousStale { named: previous, last }
        } else {
            TransitionError::PreviousForked { named: previous }
        });
    }
    if state.chain.len() >= MAX_CHAIN {
        return Err(TransitionError::ChainFull);
    }
    Ok(())
}

fn by_subject(state: &State, event: &Record) -> Result<(), TransitionError> {
    if event.issuer == state.subject {
        return Ok(());
    }
    Err(TransitionError::WrongSigner(
        "only the person who gave the consent, by the key that gave it, can sign this",
    ))
}

fn followed(state: &State, event: &Record, scope: Scope) -> State {
    let mut chain = Vec::with_capacity(state.chain.len() + 1);
    chain.extend_from_slice(&state.chain);
    chain.push(event.digest());
    State {
        consent: state.consent,
        subject: state.subject.clone(),
        withdrawal_key: state.withdrawal_key.clone(),
        controller: state.controller.clone(),
        request: state.request,
        scope,
        given_at: state.given_at,
        valid_until: state.valid_until,
        chain,
        phase: state.phase,
    }
}

fn end(state: &State, phase: Phase) -> Result<State, TransitionError> {
    match state.phase {
        Phase::Given => Ok(State { phase, ..state.clone() }),
        Phase::Withdrawn | Phase::EndedByController => Err(TransitionError::ConsentEnded),
    }
}
