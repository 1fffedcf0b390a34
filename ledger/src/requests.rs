//! What is public: notices, requests, brands, openings, log files. And the invitations to answer a request.

use std::time::Duration;

use placet_kernel::leaf::Salt;
use placet_kernel::tile::Tile;
use placet_schemas::api::{MAX_INVITATION_SECONDS, MAX_INVITATIONS};
use placet_schemas::id::{Did, Digest};
use placet_schemas::record::keys::ControllerKeys;
use placet_schemas::record::{CanonicalRecord, Invitation};
use placet_schemas::text::Text;
use placet_schemas::time::Timestamp;

use crate::error::{Ground, StoreError, SubmitError};
use crate::known::keys_of;
use crate::ledger::Ledger;
use crate::page::{Page, asked};
use crate::store::{ControllerFound, RequestFound};
use placet_service::random;

/// A request in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRequest {
    /// Its digest.
    pub digest: Digest,
    /// Its place in the log.
    pub index: u64,
    /// The brand that signed it.
    pub controller: Did,
    /// Whether anyone may have an invitation.
    pub open: bool,
    /// Its canonical bytes.
    pub record: Vec<u8>,
}

/// A new invitation. It is not stored, only its hash is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    /// The invitation.
    pub invitation: Invitation,
    /// When it can no longer be answered.
    pub expires: Timestamp,
}

/// What an invitation is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The request's digest.
    pub request: Digest,
    /// Its canonical bytes.
    pub record: Vec<u8>,
    /// When the invitation can no longer be answered.
    pub expires: Timestamp,
}

/// A registered brand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControllerRow {
    /// Index of its first ControllerKeys record; the key of paging.
    pub id: u64,
    /// Its DID.
    pub did: Did,
    /// Its name in law.
    pub legal_name: Text,
    /// Index of the ControllerKeys record in force.
    pub keys_index: u64,
    /// Its claims.
    pub keys: ControllerKeys,
    /// How many items its feed has.
    pub feed_size: u64,
}

/// The opening of a public record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicOpening {
    /// Its place in the log.
    pub index: u64,
    /// Its canonical bytes.
    pub record: Vec<u8>,
    /// What opens its leaf.
    pub salt: Salt,
}

impl Ledger {
    /// The canonical bytes of a notice.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn notice(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.node().store.notices_of(&[*digest]).await?.remove(digest))
    }

    /// A request by its digest.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn request(&self, digest: &Digest) -> Result<Option<StoredRequest>, StoreError> {
        let node = self.node();
        let request = node.known.requests(&node.store, &[*digest]).await?.remove(digest);
        Ok(request.map(|request| request.found.clone().into()))
    }

    /// The requests of a brand, in log order, after the one at index `after`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn requests(
        &self,
        controller: &Did,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Page<StoredRequest>, StoreError> {
        let found = self
            .node()
            .store
            .requests_after(controller, after, asked(limit))
            .await?;
        Ok(Page::cut(
            found.into_iter().map(StoredRequest::from).collect(),
            limit,
            |request| request.index,
        ))
    }

    /// Makes invitations to answer a request. Who may have them is for the caller to decide.
    ///
    /// # Errors
    /// `request_unknown`; `invitation_ttl` unless `ttl` is 1 second to [`MAX_INVITATION_SECONDS`]; `invitation_count` unless `count` is 1 to
    /// [`MAX_INVITATIONS`].
    pub async fn invite(&self, request: &Digest, ttl: Duration, count: usize) -> Result<Vec<Invited>, SubmitError> {
        if !(1..=MAX_INVITATION_SECONDS).contains(&ttl.as_secs()) {
            return Err(Ground::InvitationTtl.into());
        }
        if count == 0 || count > MAX_INVITATIONS as usize {
            return Err(Ground::InvitationCount.into());
        }
        if self.request(request).await?.is_none() {
            return Err(Ground::RequestUnknown(*request).into());
        }
        let expires = self.now().plus_seconds(ttl.as_secs());
        let made = (0..count).map(|_| {
            Ok(Invited {
                invitation: Invitation::from_random(random::bytes()?),
                expires,
            })
        });
        let made = made.collect::<Result<Vec<_>, StoreError>>()?;
        let hashes: Vec<Digest> = made.iter().map(|invited| invited.invitation.digest()).collect();
        self.node()
            .store
            .add_invitations(&hashes, request, expires.unix())
            .await?;
        Ok(made)
    }

    /// What an invitation is for, while it can be answered.
    ///
    /// # Errors
    /// `invitation_unknown`, `invitation_spent`, `invitation_declined`, `invitation_expired`.
    pub async fn resolve(&self, invitation: &Invitation) -> Result<Resolved, SubmitError> {
        let hash = invitation.digest();
        let found = self
            .node()
            .store
            .invitations_of(&[hash])
            .await?
            .remove(&hash)
            .ok_or(Ground::InvitationUnknown)?;
        if found.spent.is_some() {
            return Err(Ground::InvitationSpent.into());
        }
        if found.declined.is_some() {
            return Err(Ground::InvitationDeclined.into());
        }
        let expires = Timestamp::from_unix(found.expires).ok_or(StoreError::Corrupt("time"))?;
        if expires <= self.now() {
            return Err(Ground::InvitationExpired.into());
        }
        let request = self
            .request(&found.request)
            .await?
            .ok_or(StoreError::Corrupt("invitation"))?;
        Ok(Resolved {
            request: request.digest,
            record: request.record,
            expires,
        })
    }

    /// A registered brand.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn controller(&self, did: &Did) -> Result<Option<ControllerRow>, StoreError> {
        let found = self.node().store.controllers_of(&[], &[did]).await?;
        Ok(self.controller_rows(found).await?.pop())
    }

    /// The registered brands, in the order of their registration, after the one with the id `after`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn controllers(&self, after: Option<u64>, limit: usize) -> Result<Page<ControllerRow>, StoreError> {
        let found = self.node().store.controllers_after(after, asked(limit)).await?;
        Ok(Page::cut(self.controller_rows(found).await?, limit, |row| row.id))
    }

    /// The opening of the record at an index, if it is public.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn public_opening(&self, index: u64) -> Result<Option<PublicOpening>, StoreError> {
        let found = self.node().store.public_record(index).await?;
        let Some((record, salt)) = found else {
            return Ok(None);
        };
        // A row in which a bit has flipped is no opening of the leaf, and whoever was given it would accuse the log.
        let leaf = self.node().store.leaves(index, index + 1).await?;
        let own = CanonicalRecord::parse(&record).map_err(|_| StoreError::Corrupt("record"))?;
        if own.bytes != record || leaf.first().map(Vec::as_slice) != Some(&salt.leaf(&own.record.digest())[..]) {
            return Err(StoreError::Corrupt("record"));
        }
        Ok(Some(PublicOpening { index, record, salt }))
    }

    /// A tile or an entry bundle by its path below `/log/`, such as `tile/0/000` or `tile/entries/x001/234.p/5`. Any other
    /// path is absent.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn log_file(&self, path: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match path.parse::<Tile>() {
            Ok(tile) => self.node().files.served(tile).await,
            Err(_) => Ok(None),
        }
    }

    async fn controller_rows(&self, found: Vec<ControllerFound>) -> Result<Vec<ControllerRow>, StoreError> {
        let indexes: Vec<u64> = found.iter().map(|found| found.keys_index).collect();
        let records = self.node().store.records_of(&indexes).await?;
        let row = |found: ControllerFound| {
            let record = records.iter().find(|record| record.index == found.keys_index);
            let public = record.and_then(|record| record.public.as_deref());
            Ok(ControllerRow {
                id: found.id,
                keys: keys_of(public.ok_or(StoreError::Corrupt("ControllerKeys"))?)?,
                did: found.did,
                legal_name: found.legal_name,
                keys_index: found.keys_index,
                feed_size: found.feed.size(),
            })
        };
        found.into_iter().map(row).collect()
    }
}

impl From<RequestFound> for StoredRequest {
    fn from(found: RequestFound) -> Self {
        let RequestFound {
            digest,
            index,
            controller,
            open,
            record,
            ..
        } = found;
        Self {
            digest,
            index,
            controller,
            open,
            record,
        }
    }
}
