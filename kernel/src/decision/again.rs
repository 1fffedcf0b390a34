//! A decision judged again: one consent alone, as its records tell it, without what a brand's policy adds.

use placet_schemas::authzen::{Asked, Question, Reason, Whom};
use placet_schemas::id::{Did, Digest, Origin};
use placet_schemas::lifecycle::TransitionError;
use placet_schemas::record::{Body, Record};
use placet_schemas::time::Timestamp;
use placet_schemas::vocab::CategoryTerm;

use super::history::History;
use super::judge;
use super::policy::Policy;
use super::state::{Requests, State};

/// A consent and its requests as they were at a place in the log.
#[derive(Debug, Default)]
pub(crate) struct Past {
    requests: Requests,
    history: Option<History>,
}

/// What permits a category.
pub(crate) struct Permitted {
    pub(crate) record: Option<Digest>,
    pub(crate) valid_until: Timestamp,
}

impl Past {
    /// Replays records of one consent and of its requests, in log order.
    pub(crate) fn of<'r>(records: impl Iterator<Item = (u64, &'r Record)>) -> Result<Self, TransitionError> {
        let mut past = Self::default();
        let mut bodies = std::collections::BTreeMap::new();
        for (index, record) in records {
            if let Body::ConsentRequest(request) = &record.body {
                bodies.insert(record.digest(), &**request);
                past.requests.add(record.digest(), request);
                continue;
            }
            let named = match &record.body {
                Body::ConsentGrant(grant) => bodies.get(&grant.request).copied(),
                Body::Renewal(renewal) => bodies.get(&renewal.request).copied(),
                _ => None,
            };
            match &mut past.history {
                Some(history) => history.follow(index, record, named)?,
                empty => *empty = Some(History::start(index, record, named)?),
            }
        }
        Ok(past)
    }

    /// Whether the consent was given by then.
    pub(crate) const fn is_given(&self) -> bool {
        self.history.is_some()
    }

    /// Judges one category of what was asked at a time.
    pub(crate) fn judge(
        &self,
        origin: &Origin,
        controller: &Did,
        asked: &Asked,
        category: CategoryTerm,
        at: Timestamp,
    ) -> Result<Permitted, Box<Reason>> {
        let consents: Vec<_> = self.history.iter().map(|history| &history.consent).collect();
        let subject = consents.first().map_or(controller, |consent| &consent.subject);
        let question = Question {
            controller: controller.clone(),
            whom: Whom::Person(subject.clone()),
            asked: asked.clone(),
        };
        let state = State {
            origin,
            controller,
            registered: true,
            requests: &self.requests,
            freshness: None,
            broken: false,
            consents: Some(&consents),
            register: None,
            // What is judged anew gets no name for its rules: those of that time are not known here.
            rules: Digest::from_bytes([0; 32]),
        };
        let covered = judge::category(&question, category, &consents, &state, &Policy::default(), at)?;
        Ok(Permitted {
            record: covered.reason.record,
            valid_until: covered.valid_until,
        })
    }
}
