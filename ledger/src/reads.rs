//! What the two parties of a consent can read: consents, events, proofs, and the brand's feed.

use std::collections::HashMap;

use placet_kernel::leaf::Salt;
use placet_kernel::merkle::{Hash, leaf_hash};
use placet_kernel::tlog_proof::TlogProof;
use placet_schemas::api::{FeedCursor, RecordAnswer};
use placet_schemas::id::{Did, Digest};
use placet_schemas::json;
use placet_schemas::lifecycle::{Effective, State, effective};
use placet_schemas::record::Kind;
use placet_schemas::statement::{FeedHead, FeedHeadType, Signed};
use placet_schemas::time::Timestamp;
use placet_schemas::version::Version;

use crate::arrive::{event, subject};
use crate::crypto::{Blind, Purpose, RecordSecret};
use crate::error::StoreError;
use crate::ledger::Ledger;
use crate::life::{MAX_EVENTS, open_state};
use crate::node::{Node, stored_record};
use crate::page::{Page, asked, clamp};
use crate::store::{ConsentRow, RecordRow};

/// Longest answer that is read back: the checkpoint twice, a proof and an acknowledgement are far below.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// Who asks about a consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Party {
    /// The person, by her pairwise DID.
    Subject(Did),
    /// The brand, by its DID.
    Controller(Did),
}

/// A consent in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentSummary {
    /// Its id.
    pub consent: Digest,
    /// Index of its grant; the key of paging.
    pub index: u64,
    /// The person's pairwise DID.
    pub subject: Did,
    /// The brand.
    pub controller: Did,
    /// The request that is answered now.
    pub request: Digest,
    /// What it is now.
    pub effective: Effective,
    /// When it was given, by the grant's claim.
    pub given_at: Timestamp,
    /// When it expires.
    pub valid_until: Timestamp,
}

/// One consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentView {
    /// What the next event is judged by.
    pub state: State,
    /// What it is now.
    pub effective: Effective,
    /// Index of its grant.
    pub index: u64,
    /// Its events in log order.
    pub events: Vec<EventView>,
}

/// One event of a consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventView {
    /// Its place in the log.
    pub index: u64,
    /// Its kind.
    pub kind: Kind,
    /// Its digest.
    pub digest: Digest,
    /// Its claimed time.
    pub valid_from: Timestamp,
    /// Codes of what is wrong with it but did not keep it out.
    pub findings: Vec<String>,
}

/// A part of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedPage {
    /// The items.
    pub items: Vec<FeedItem>,
    /// The operator's word for the whole feed, at the checkpoint's size.
    pub head: Signed<FeedHead>,
    /// The checkpoint that the proofs lead to.
    pub checkpoint: String,
    /// The proof that the log of that size begins with the one that the reader has seen; none where that is empty, or not
    /// smaller.
    pub consistency: Option<Vec<Hash>>,
}

/// One item of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedItem {
    /// Its place in the feed.
    pub seq: u64,
    /// Its place in the log.
    pub index: u64,
    /// RFC 6962 hash of its leaf.
    pub leaf_hash: Digest,
    /// What opens the leaf, as long as anything does.
    pub content: ItemContent,
    /// Its inclusion under the page's checkpoint, from the leaf's sibling upwards.
    pub proof: Vec<Hash>,
}

/// What there is to show of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemContent {
    /// The opening.
    Opened {
        /// What opens the leaf.
        salt: Salt,
        /// The record's canonical bytes.
        record: Vec<u8>,
    },
    /// The opening was destroyed, for good.
    Destroyed {
        /// Log index of the Destruction.
        by: u64,
    },
    /// The key is not in the keyring, and nobody destroyed it: the misfortune of one record, which must not keep the others
    /// from being served.
    Lost,
}

impl FeedItem {
    /// Salt and canonical record, unless they were destroyed.
    #[must_use]
    pub fn opening(&self) -> Option<(&Salt, &[u8])> {
        match &self.content {
            ItemContent::Opened { salt, record } => Some((salt, record)),
            ItemContent::Destroyed { .. } | ItemContent::Lost => None,
        }
    }
}

impl Ledger {
    /// The consents of a person or a brand, in log order, after the one whose grant is at index `after`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn consents(
        &self,
        who: &Party,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Page<ConsentSummary>, StoreError> {
        let node = self.node();
        let from = after.map_or(0, |index| index.saturating_add(1));
        let rows = match who {
            Party::Controller(did) => node.store.consents_from(did, from, asked(limit)).await?,
            Party::Subject(did) => {
                let grants = node
                    .keyring
                    .members(&subject(node.keyring.vault(), did), from, asked(limit))
                    .await?;
                let mut found: Vec<ConsentRow> = node.store.consents_of(&grants).await?.into_values().collect();
                found.sort_by_key(|row| row.grant);
                found
            }
        };
        let Page { items: rows, next } = Page::cut(rows, limit, |row: &ConsentRow| row.grant);
        let secrets = node
            .keyring
            .secrets(&rows.iter().map(|row| row.grant).collect::<Vec<_>>())
            .await?;
        // One that is lost does not keep the others from being listed; `opened_items` says so of its records.
        let rows = rows.into_iter().filter(|row| secrets.contains_key(&row.grant));
        let now = self.now();
        let summary = |row: ConsentRow| {
            let state = state_of(&row, &secrets)?;
            Ok(ConsentSummary {
                consent: state.consent,
                index: row.grant,
                effective: effective(&state, now),
                subject: state.subject,
                controller: state.controller,
                request: state.request,
                given_at: state.given_at,
                valid_until: state.valid_until,
            })
        };
        let items = rows.map(summary).collect::<Result<_, StoreError>>()?;
        Ok(Page { items, next })
    }

    /// One consent; `None` if there is none of that id, or it is none of `who`'s business.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn consent(&self, who: &Party, id: &Digest) -> Result<Option<ConsentView>, StoreError> {
        let Some((row, state)) = self.find_consent(who, id).await? else {
            return Ok(None);
        };
        let mut events = Vec::new();
        let records = self.node().events(id).await?;
        let indexes: Vec<u64> = records.iter().map(|(record, _)| record.index).collect();
        let answers = self.node().store.answers(&indexes).await?;
        for (record, secret) in records {
            let parsed = stored_record(&Node::text(&record, Some(&secret))?)?;
            let sealed = answers.get(&record.index).ok_or(StoreError::Corrupt("answer"))?;
            let answer = secret.open(Purpose::Answer, sealed)?;
            let document = json::parse(&answer, MAX_ANSWER_BYTES).map_err(|_| StoreError::Corrupt("answer"))?;
            let answer: RecordAnswer = json::decode(document.root()).map_err(|_| StoreError::Corrupt("answer"))?;
            events.push(EventView {
                index: record.index,
                kind: parsed.kind(),
                digest: parsed.digest(),
                valid_from: parsed.valid_from,
                findings: answer.findings,
            });
        }
        Ok(Some(ConsentView {
            effective: effective(&state, self.now()),
            state,
            index: row.grant,
            events,
        }))
    }

    /// The proof that a record is in the log (C2SP tlog-proof), under the newest checkpoint that as many witnesses as
    /// possible have cosigned, where any has cosigned one with the record; `None` if there is no such record, or it is none of `who`'s business. Public records are everybody's, also for who is neither party.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn proof(&self, who: Option<&Party>, record: &Digest) -> Result<Option<String>, StoreError> {
        let node = self.node();
        let head = node.head();
        let Some(index) = node.index_of(record).await? else {
            return Ok(None);
        };
        let Some(row) = node.store.records_of(&[index]).await?.pop() else {
            return Ok(None);
        };
        let open = match who {
            _ if row.public.is_some() => true,
            Some(who) => self.is_party(who, &row).await?,
            None => false,
        };
        if !open {
            return Ok(None);
        }
        let (size, note) = node.witnessed(index, &head).await?;
        let proof = node.store.inclusion(&[index], size).await?.inclusion(index)?;
        Ok(Some(TlogProof::new(index, proof, note).to_string()))
    }

    /// A part of a brand's feed: the items from the place `from` on, that is, after the first `from` items, for a reader who
    /// has seen nothing of the log. `None` if the brand is not registered.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn feed(&self, controller: &Did, from: u64, limit: usize) -> Result<Option<FeedPage>, StoreError> {
        self.feed_at(controller, FeedCursor { from, since: 0 }, limit).await
    }

    /// The same for one who has seen the log, with the proof that it only grew. One who has seen a larger log than this one is
    /// given the head all the same: with the one that he has it proves that the log went back.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn feed_at(
        &self,
        controller: &Did,
        FeedCursor { from, since }: FeedCursor,
        limit: usize,
    ) -> Result<Option<FeedPage>, StoreError> {
        let node = self.node();
        let Some(feed) = node.store.feed(controller).await? else {
            return Ok(None);
        };
        let (size, root, checkpoint) = feed.log;
        node.announced(size).await?;
        let to = feed.size.min(from.saturating_add(clamp(limit) as u64));
        let rows = node.store.feed_items(feed.controller, from, to).await?;
        let items = node.opened_items(rows, size).await?;
        let consistency = if (1..size).contains(&since) {
            Some(node.store.consistency(&[since], size).await?.consistency(since)?)
        } else {
            None
        };
        // A time is a claim that nothing newer was signed. Who does not know that repeats what was said before.
        let time = if node.may_sign() { self.now() } else { node.head().time };
        let head = FeedHead {
            version: Version,
            r#type: FeedHeadType::default(),
            origin: node.voice.origin.clone(),
            controller: controller.clone(),
            feed_size: feed.size,
            feed_root: Digest::from_bytes(*feed.root.as_bytes()),
            size,
            root: Digest::from_bytes(*root.as_bytes()),
            time,
        };
        Ok(Some(FeedPage {
            items,
            head: node.voice.state(head)?,
            checkpoint,
            consistency,
        }))
    }

    /// A consent and its state, if it is `who`'s business.
    pub(crate) async fn find_consent(
        &self,
        who: &Party,
        id: &Digest,
    ) -> Result<Option<(ConsentRow, State)>, StoreError> {
        let node = self.node();
        let Some(row) = node.consent_row(id).await? else {
            return Ok(None);
        };
        let state = state_of(&row, &node.keyring.secrets(&[row.grant]).await?)?;
        let theirs = match who {
            Party::Subject(did) => state.subject == *did,
            Party::Controller(did) => state.controller == *did,
        };
        Ok(theirs.then_some((row, state)))
    }

    async fn is_party(&self, who: &Party, row: &RecordRow) -> Result<bool, StoreError> {
        let record = stored_record(&Node::text(row, Some(&self.node().keyring.secret(row.index).await?))?)?;
        match record.consent() {
            Some(consent) => Ok(self.find_consent(who, &consent).await?.is_some()),
            None => Ok(false),
        }
    }
}

impl Node {
    /// Where the record with this digest is, if it is committed.
    pub(crate) async fn index_of(&self, digest: &Digest) -> Result<Option<u64>, StoreError> {
        let size = self.head().size;
        let index = self
            .keyring
            .find_one(&self.keyring.vault().blind(Blind::Digest, digest.as_bytes()))
            .await?;
        let Some(index) = index.filter(|index| *index < size) else {
            return Ok(None);
        };
        // Its row may still be there: from the commit of the Destruction on nothing leads to the record.
        Ok(self.store.destroyed_of(&[index]).await?.is_empty().then_some(index))
    }

    /// The consent of this id.
    pub(crate) async fn consent_row(&self, id: &Digest) -> Result<Option<ConsentRow>, StoreError> {
        match self.index_of(id).await? {
            Some(grant) => Ok(self.store.consents_of(&[grant]).await?.remove(&grant)),
            None => Ok(None),
        }
    }

    /// Records as feeds show them, with proofs that lead to the tree of `size` leaves.
    pub(crate) async fn opened_items(&self, rows: Vec<RecordRow>, size: u64) -> Result<Vec<FeedItem>, StoreError> {
        let indexes: Vec<u64> = rows.iter().map(|row| row.index).collect();
        let (tree, secrets) = (
            self.store.inclusion(&indexes, size).await?,
            self.keyring.secrets(&indexes).await?,
        );
        // A key that is not there was destroyed, also after the rows were read; or else it was lost.
        let missing = indexes.iter().copied().filter(|index| !secrets.contains_key(index));
        let destroyed = self.store.destroyed_of(&missing.collect::<Vec<_>>()).await?;
        let item = |row: RecordRow| {
            let secret = secrets.get(&row.index);
            let content = match (row.destroyed.or_else(|| destroyed.get(&row.index).copied()), secret) {
                (Some(by), _) => ItemContent::Destroyed { by },
                (None, Some(secret)) => ItemContent::Opened {
                    salt: secret.salt(),
                    record: Self::text(&row, Some(secret))?,
                },
                (None, None) => {
                    tracing::error!(index = row.index, "the key of a record is lost");
                    ItemContent::Lost
                }
            };
            Ok(FeedItem {
                seq: row.seq,
                index: row.index,
                leaf_hash: Digest::from_bytes(*leaf_hash(&row.leaf).as_bytes()),
                content,
                proof: tree.inclusion(row.index)?,
            })
        };
        rows.into_iter().map(item).collect()
    }

    /// The events of a consent in log order, with what opens them.
    pub(crate) async fn events(&self, consent: &Digest) -> Result<Vec<(RecordRow, RecordSecret)>, StoreError> {
        let indexes = self
            .keyring
            .members(&event(self.keyring.vault(), consent), 0, MAX_EVENTS + 1)
            .await?;
        let rows = self.store.records_of(&indexes).await?;
        let mut secrets = self.keyring.secrets(&indexes).await?;
        let with_secret = |row: RecordRow| {
            let secret = secrets.remove(&row.index).ok_or(StoreError::KeyLost(row.index))?;
            Ok((row, secret))
        };
        rows.into_iter().map(with_secret).collect()
    }
}

fn state_of(row: &ConsentRow, secrets: &HashMap<u64, RecordSecret>) -> Result<State, StoreError> {
    open_state(
        secrets.get(&row.grant).ok_or(StoreError::KeyLost(row.grant))?,
        row.last,
        &row.state,
    )
}
