//! What of a page the brand is told.

use placet_schemas::api::WebhookType;
use placet_schemas::id::Digest;
use placet_schemas::record::Body;
use placet_schemas::time::Timestamp;

use super::{Fold, Reading};
use crate::webhook::Event;

/// What the brand may be told: the consent, what happened to it, when, and where in the log.
pub(super) type Told = (Digest, WebhookType, Timestamp, u64);

/// How a record ends a consent.
pub(super) const fn ending(body: &Body) -> WebhookType {
    match body {
        Body::EndedByController(_) => WebhookType::Ended,
        _ => WebhookType::Withdrawn,
    }
}

impl Reading {
    /// What the brand is told of its customers. What was handed to it directly, it knows.
    pub(super) fn events(&self, fold: &Fold) -> Vec<(u64, Event)> {
        let event = |(id, kind, at, index): &Told| {
            let (_, history) = fold.histories.get(id)?;
            let consent = &history.consent;
            let (customer, direct) = self.read(|replica| {
                let direct = replica.find(id).is_some_and(|(_, consent)| consent.direct.is_some());
                (replica.customer_of(&consent.invitation).cloned(), direct)
            });
            let until = Some(consent.valid_until).filter(|_| *kind == WebhookType::Given);
            let ids = (consent.request, consent.invitation, consent.id);
            let event = Event::of_consent(*kind, customer?, *at, ids, until);
            (!direct || *kind == WebhookType::Given).then_some((*index, event))
        };
        fold.told.iter().filter_map(event).collect()
    }

    /// Whether a consent that waits for a verified head answers this invitation.
    pub(crate) fn answers(&self, invitation: &Digest) -> bool {
        let mut waiting = self.pending.consents.values().flatten();
        waiting.any(|consent| consent.invitation == *invitation)
    }

    /// Whether the feed has brought this request.
    pub(crate) fn knows(&self, request: &Digest) -> bool {
        self.requests.contains_key(request)
    }

    /// Which request this one supersedes, and whether materially.
    pub(crate) fn supersedes(&self, request: &Digest) -> Option<(Digest, bool)> {
        let supersedes = self.requests.get(request)?.supersedes.as_ref()?;
        Some((supersedes.request, supersedes.material))
    }
}
