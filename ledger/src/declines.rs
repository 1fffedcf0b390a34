//! The other answer to an invitation: no.
//!
//! It needs no key and makes no record. The invitation is used up by it, as by a grant; the brand reads which of its
//! invitations were declined, and forgets in its turn. Here it goes when the invitation does.

use placet_schemas::api::DeclineView;
use placet_schemas::id::{Did, Digest};
use placet_schemas::record::Invitation;
use placet_schemas::time::Timestamp;

use crate::error::{Ground, StoreError, SubmitError};
use crate::ledger::Ledger;
use crate::page::{Page, asked};

/// A no that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decline {
    /// The request's digest.
    pub request: Digest,
    /// When it was taken.
    pub at: Timestamp,
    /// Whether it was there before.
    pub replay: bool,
}

impl Ledger {
    /// The request that an invitation is for, whatever has become of it.
    ///
    /// # Errors
    /// `invitation_unknown`.
    pub async fn invited_to(&self, invitation: &Invitation) -> Result<Digest, SubmitError> {
        let hash = invitation.digest();
        let found = self.node().store.invitations_of(&[hash]).await?.remove(&hash);
        Ok(found.ok_or(Ground::InvitationUnknown)?.request)
    }

    /// Takes a no, durably. The same again gets the same answer.
    ///
    /// # Errors
    /// `invitation_unknown`, `invitation_spent`, `invitation_expired`.
    pub async fn decline(&self, invitation: &Invitation) -> Result<Decline, SubmitError> {
        let (node, hash) = (self.node(), invitation.digest());
        // One at a time, so that the writer never waits for more than one of them; and never while a batch is judged, which
        // may hold a yes on the same invitation.
        let turn = node.declining.lock().await;
        let answers = node.answers.lock().await;
        let found = node.store.invitations_of(&[hash]).await?.remove(&hash);
        let found = found.ok_or(Ground::InvitationUnknown)?;
        let taken = |time: u64, replay: bool| {
            Ok(Decline {
                request: found.request,
                at: Timestamp::from_unix(time).ok_or(StoreError::Corrupt("time"))?,
                replay,
            })
        };
        if let Some(time) = found.declined {
            return taken(time, true);
        }
        if found.spent.is_some() {
            return Err(Ground::InvitationSpent.into());
        }
        let now = self.now();
        if found.expires <= now.unix() {
            return Err(Ground::InvitationExpired.into());
        }
        // When this returns true, it is kept: a crash afterwards loses the answer at most, and the next one is the same.
        let kept = node.store.decline(&hash, now).await?;
        drop(answers);
        drop(turn);
        match kept {
            true => taken(now.unix(), false),
            // A batch whose outcome was not known yet had the yes.
            false => Err(Ground::InvitationSpent.into()),
        }
    }

    /// A brand's declined invitations, in order, after the one with the number `after`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn declines(
        &self,
        controller: &Did,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Page<DeclineView>, StoreError> {
        let from = after.map_or(0, |id| id.saturating_add(1));
        let found = self.node().store.declines(controller, from, asked(limit)).await?;
        Ok(Page::cut(found, limit, |decline| decline.id))
    }
}
