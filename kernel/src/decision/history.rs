//! From records to what a decision needs of them.

use std::collections::HashMap;
use std::sync::Arc;

use placet_schemas::id::Digest;
use placet_schemas::json;
use placet_schemas::lifecycle::{self, State, TransitionError};
use placet_schemas::record::consent::{Act, Choice};
use placet_schemas::record::request::ConsentRequest;
use placet_schemas::record::{Body, Kind, Record};
use placet_schemas::scope::{Clause, Scope};

use super::state::{Consent, Event, Granted};

/// A consent as its records tell it.
#[derive(Debug, Clone)]
pub struct History {
    /// What the next record is judged by.
    pub state: State,
    /// What decisions look at.
    pub consent: Consent,
}

/// What is granted, once for all consents that grant the same.
#[derive(Debug, Default)]
pub struct Pool(HashMap<Digest, Arc<Granted>>);

impl History {
    /// Begins with a grant.
    ///
    /// # Errors
    /// As [`lifecycle::apply`].
    pub fn start(index: u64, grant: &Record, request: Option<&ConsentRequest>) -> Result<Self, TransitionError> {
        let state = lifecycle::apply(None, grant, request)?;
        let Body::ConsentGrant(body) = &grant.body else {
            return Err(TransitionError::Illegal(grant.kind()));
        };
        let granted = Granted {
            explicit: explicit_of(&body.shown.choices),
            scope: body.scope.clone(),
        };
        // The parser admits no grant without one.
        let invitation = grant.proof.challenge.as_ref().map(|invitation| invitation.digest());
        let consent = Consent {
            id: state.consent,
            invitation: invitation.ok_or(TransitionError::Illegal(Kind::ConsentGrant))?,
            subject: state.subject.clone(),
            withdrawal_key: state.withdrawal_key.clone(),
            request: state.request,
            valid_until: state.valid_until,
            phase: state.phase,
            events: vec![Event {
                index,
                digest: grant.digest(),
                kind: Kind::ConsentGrant,
                strength: body.strength,
                granted: Arc::new(granted),
            }],
            direct: None,
            faulty: false,
        };
        Ok(Self { state, consent })
    }

    /// Goes on with a later record of the same consent.
    ///
    /// # Errors
    /// As [`lifecycle::apply`]; nothing changes then.
    pub fn follow(
        &mut self,
        index: u64,
        record: &Record,
        request: Option<&ConsentRequest>,
    ) -> Result<(), TransitionError> {
        let state = lifecycle::apply(Some(&self.state), record, request)?;
        let event = self.event(index, record, &state);
        let consent = &mut self.consent;
        consent.request = state.request;
        consent.valid_until = state.valid_until;
        consent.phase = state.phase;
        if consent.has_ended() && state.phase != lifecycle::Phase::Given {
            // The log has it now.
            consent.direct = None;
        }
        consent.events.extend(event);
        self.state = state;
        Ok(())
    }

    fn event(&self, index: u64, record: &Record, state: &State) -> Option<Event> {
        let last = self.consent.events.last()?;
        let (strength, granted) = match &record.body {
            Body::Renewal(renewal) => {
                let explicit = explicit_of(&renewal.shown.choices);
                (
                    renewal.strength,
                    Arc::new(Granted {
                        scope: renewal.scope.clone(),
                        explicit,
                    }),
                )
            }
            Body::Narrowing(_) => (last.strength, Arc::new(narrowed(&last.granted, &state.scope))),
            Body::ErasureRequest(_) | Body::HolderKeyAuthorization(_) => return None,
            _ => (last.strength, Arc::clone(&last.granted)),
        };
        Some(Event {
            index,
            digest: record.digest(),
            kind: record.kind(),
            strength,
            granted,
        })
    }
}

impl Pool {
    /// Puts what is shared in place of what the consent brought.
    pub fn share(&mut self, consent: &mut Consent) {
        for event in &mut consent.events {
            let bytes = json::to_jcs(&*event.granted).unwrap_or_default();
            let shared = self
                .0
                .entry(Digest::of(&bytes))
                .or_insert_with(|| Arc::clone(&event.granted));
            event.granted = Arc::clone(shared);
        }
        consent.events.shrink_to_fit();
    }

    /// The one with this digest.
    #[must_use]
    pub fn get(&self, digest: &Digest) -> Option<&Arc<Granted>> {
        self.0.get(digest)
    }

    /// Adds one; gives its digest.
    pub fn add(&mut self, granted: &Arc<Granted>) -> Digest {
        let digest = Digest::of(&json::to_jcs(&**granted).unwrap_or_default());
        self.0.entry(digest).or_insert_with(|| Arc::clone(granted));
        digest
    }

    /// The digests of all of them.
    #[must_use]
    pub fn digests(&self) -> Vec<Digest> {
        self.0.keys().copied().collect()
    }

    /// Forgets what no consent grants any more.
    pub fn tidy(&mut self) {
        self.0.retain(|_, granted| Arc::strong_count(granted) > 1);
    }
}

/// Which choices were express statements.
fn explicit_of(choices: &[Choice]) -> Vec<bool> {
    choices
        .iter()
        .map(|choice| choice.act == Act::ExplicitStatement)
        .collect()
}

/// What remains of what was granted: a clause that lost something is still the one that she agreed to.
fn narrowed(before: &Granted, scope: &Scope) -> Granted {
    let was_explicit = |clause: &Clause| {
        let mut wider = before.scope.clauses().iter().zip(&before.explicit);
        wider.any(|(wider, explicit)| *explicit && clause.is_within(wider))
    };
    Granted {
        explicit: scope.clauses().iter().map(was_explicit).collect(),
        scope: scope.clone(),
    }
}
