//! The brand's book: which of its customers got which invitation, and so whose consents are whose.
//!
//! References are the brand's own and never leave this database. Every change is on disk before it counts in memory.

use std::sync::PoisonError;

use hyper::Method;
use placet_client::{Call, exchange};
use placet_schemas::api::{CustomerInvitation, CustomerLink, Invitations, Invite};
use placet_schemas::authzen::CustomerRef;
use placet_schemas::id::Digest;
use placet_schemas::json;
use placet_schemas::lifecycle::{Effective, Phase};
use placet_schemas::time::Timestamp;
use serde::de::DeserializeOwned;

use crate::error::StoreError;
use crate::store::Entry;
use crate::verifier::Verifier;

/// Largest answer of the ledger to an order for an invitation.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Why the book was not changed. [`BookError::code`] is stable.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// There is no such customer.
    #[error("this reference is not in the book")]
    CustomerUnknown,
    /// The customer never got this invitation.
    #[error("this invitation is none of this customer's")]
    InvitationUnknown,
    /// The invitation is another customer's.
    #[error("this invitation was given to another customer; split or merge customers to change that")]
    InvitationTaken,
    /// The customer said no to this not long ago.
    #[error("this customer has said no to this request, and is not to be asked again before {0}")]
    CoolingDown(Timestamp),
    /// The request is not in the feed yet.
    #[error("no such request is known here yet")]
    RequestUnknown,
    /// The ledger made no invitation.
    #[error("the ledger made no invitation: {0}")]
    Ledger(String),
    /// The disk.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BookError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::CustomerUnknown => "customer_unknown",
            Self::InvitationUnknown => "invitation_unknown",
            Self::InvitationTaken => "invitation_taken",
            Self::CoolingDown(_) => "cooling_down",
            Self::RequestUnknown => "request_unknown",
            Self::Ledger(_) => "ledger_refused",
            Self::Store(_) => "unavailable",
        }
    }
}

impl Verifier {
    /// Adds rows to the book; gives how many were new and how many known.
    ///
    /// # Errors
    /// [`BookError::InvitationTaken`] when a row contradicts the book; then nothing is added.
    pub async fn import(&self, rows: &[(Digest, CustomerRef)]) -> Result<(usize, usize), BookError> {
        let done = self.enter(rows).await?;
        if done.0 > 0 {
            // One of them may have been declined before anyone here knew whose it was.
            self.inner.asking.look_again();
        }
        Ok(done)
    }

    async fn enter(&self, rows: &[(Digest, CustomerRef)]) -> Result<(usize, usize), BookError> {
        let mut reading = self.inner.reading.lock().await;
        let mut entries: Vec<Entry> = Vec::new();
        for (invitation, customer) in rows {
            let known = self.inner.read(|replica| replica.customer_of(invitation).cloned());
            let known = known.or_else(|| {
                let same = entries.iter().find(|entry| entry.invitation == *invitation);
                same.and_then(|entry| entry.after.clone())
            });
            match known {
                Some(known) if known != *customer => return Err(BookError::InvitationTaken),
                Some(_) => {}
                None => entries.push(Entry {
                    invitation: *invitation,
                    after: Some(customer.clone()),
                }),
            }
        }
        let added = entries.len();
        self.write(reading.sums_mut(), &entries).await?;
        Ok((added, rows.len() - added))
    }

    /// Gives all that is `from`'s to `into`, what it has declined too.
    ///
    /// # Errors
    /// See [`BookError`].
    pub async fn merge(&self, from: &CustomerRef, into: &CustomerRef) -> Result<usize, BookError> {
        let mut reading = self.inner.reading.lock().await;
        let theirs = self.invitations(from);
        let mut asked = self.inner.asking.sum.lock().await;
        // Whose only invitation was declined is not in the book any more.
        if theirs.is_none() && self.inner.store.declined_by(from).await?.is_empty() {
            return Err(BookError::CustomerUnknown);
        }
        let theirs = theirs.unwrap_or_default();
        let entries: Vec<Entry> = theirs.iter().map(|invitation| moved(*invitation, into)).collect();
        // A crash in between leaves a no twice, and never nowhere.
        if from != into {
            self.inner.store.copy_declined(from, into, &mut asked).await?;
        }
        self.write(reading.sums_mut(), &entries).await?;
        if from != into {
            self.inner.store.drop_declined(from, &mut asked).await?;
        }
        Ok(entries.len())
    }

    /// Gives some of a customer's invitations to another. What was declined counts for both: nobody knows which of the two said
    /// no.
    ///
    /// # Errors
    /// See [`BookError`]; then nothing is changed.
    pub async fn split(
        &self,
        customer: &CustomerRef,
        invitations: &[Digest],
        into: &CustomerRef,
    ) -> Result<usize, BookError> {
        let mut reading = self.inner.reading.lock().await;
        let theirs = self.invitations(customer).ok_or(BookError::CustomerUnknown)?;
        if invitations.iter().any(|invitation| !theirs.contains(invitation)) {
            return Err(BookError::InvitationUnknown);
        }
        let mut some: Vec<Digest> = invitations.to_vec();
        some.sort();
        some.dedup();
        let entries: Vec<Entry> = some.iter().map(|invitation| moved(*invitation, into)).collect();
        if customer != into {
            let mut asked = self.inner.asking.sum.lock().await;
            self.inner.store.copy_declined(customer, into, &mut asked).await?;
        }
        self.write(reading.sums_mut(), &entries).await?;
        Ok(entries.len())
    }

    /// What is known of a customer; `None` when the reference is not in the book.
    #[must_use]
    pub fn customer(&self, customer: &CustomerRef) -> Option<Vec<CustomerInvitation>> {
        let now = self.inner.clock.now();
        self.inner.read(|replica| {
            let invitations = replica.invitations_of(customer)?;
            let view = |invitation: &Digest| {
                let consent = replica.answering(invitation);
                CustomerInvitation {
                    invitation: *invitation,
                    consent: consent.map(|consent| consent.id),
                    effective: consent.map(|consent| match consent.phase {
                        Phase::Withdrawn => Effective::Withdrawn,
                        Phase::EndedByController => Effective::EndedByController,
                        Phase::Given if consent.direct.is_some() => Effective::Withdrawn,
                        Phase::Given if now >= consent.valid_until => Effective::Expired,
                        Phase::Given => Effective::Given,
                    }),
                }
            };
            Some(invitations.iter().map(view).collect())
        })
    }

    /// Has the ledger make an invitation for a customer. It is in the book before its link is given out: one in the world
    /// without its row could be answered by nobody knows whom.
    ///
    /// # Errors
    /// See [`BookError`].
    pub async fn invite(
        &self,
        request: &Digest,
        customer: &CustomerRef,
        ttl_seconds: Option<u64>,
    ) -> Result<CustomerLink, BookError> {
        if let Some(until) = self.cooling_down(customer, request).await? {
            return Err(BookError::CoolingDown(until));
        }
        let order = Invite {
            count: Some(1),
            ttl_seconds,
        };
        let path = format!("/v1/requests/{request}/invitations");
        let made: Invitations = self
            .order(&path, json::to_jcs(&order).map_err(StoreError::from)?)
            .await?;
        let [fresh] = made.invitations.as_slice() else {
            return Err(BookError::Ledger("it made another number than one".to_owned()));
        };
        let invitation = fresh.invitation.digest();
        self.enter(&[(invitation, customer.clone())]).await?;
        Ok(CustomerLink {
            link: fresh.link.clone(),
            invitation,
            expires_at: fresh.expires_at,
            qr: None,
        })
    }

    async fn order<T: DeserializeOwned>(&self, path: &str, body: Vec<u8>) -> Result<T, BookError> {
        let settings = &self.inner.settings;
        let call = Call {
            method: Method::POST,
            path,
            token: Some(&settings.token),
            body: Some(body),
        };
        let answer = exchange(&settings.ledger, call).await;
        let answer = answer.map_err(|silence| BookError::Ledger(silence.why))?;
        let broken = |fault: json::Fault| BookError::Ledger(fault.to_string());
        let document = json::parse(&answer.body, MAX_ANSWER_BYTES).map_err(broken)?;
        if !(200..300).contains(&answer.status) {
            let detail = document.root().get("detail").and_then(|detail| detail.as_str());
            return Err(BookError::Ledger(detail.unwrap_or("it refused").to_owned()));
        }
        json::decode(document.root()).map_err(broken)
    }

    fn invitations(&self, customer: &CustomerRef) -> Option<Vec<Digest>> {
        self.inner.read(|replica| replica.invitations_of(customer))
    }

    /// Disk first, memory afterwards.
    async fn write(&self, sums: &mut crate::store::Sums, entries: &[Entry]) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        self.inner.store.write_book(entries, &mut sums.book).await?;
        let mut replica = self.inner.replica.write().unwrap_or_else(PoisonError::into_inner);
        replica.write_book(entries);
        Ok(())
    }
}

fn moved(invitation: Digest, into: &CustomerRef) -> Entry {
    Entry {
        invitation,
        after: Some(into.clone()),
    }
}
