//! One page of the feed, from the wire into the replica.
//!
//! [`Reading::take`] is the one way in. Read it from top to bottom: the kernel checks the page (head, checkpoint, consistency,
//! every inclusion proof, order), each record is judged by itself and by the lifecycle, the outcome is written in one
//! transaction, and memory takes it over once a verified head counts it. A crash before the commit reads the page once more; a
//! crash after it finds the page read.

mod told;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use placet_kernel::arrival::{self, Setting};
use placet_kernel::decision::{Consent, Direct, DisclosedHead, History};
use placet_kernel::feed::{FeedError, Follower, LogTrust, Opened, Step};
use placet_kernel::misbehaviour::Accusation;
use placet_schemas::api::{FeedAnswer, FeedCursor, WebhookType};
use placet_schemas::id::Digest;
use placet_schemas::record::keys::ControllerKeys;
use placet_schemas::record::request::ConsentRequest;
use placet_schemas::record::{Body, Record};

use crate::error::StoreError;
use crate::replica::{Delta, Replica};
use crate::store::{Entry, ItemRow, Kept, Named, Page, Store, Sums};

/// What the operator is told when what is on disk is not what was written.
pub(crate) const DAMAGED: &str =
    "the replica is damaged, and is read anew from the ledger; until then everything is denied";

/// The state of the reader.
pub(crate) struct Reading {
    log: Arc<LogTrust>,
    store: Arc<Store>,
    replica: Arc<RwLock<Replica>>,
    follower: Follower,
    sums: Sums,
    keys: Option<Named>,
    named: Vec<Named>,
    requests: BTreeMap<Digest, ConsentRequest>,
    misbehaved: bool,
    pending: Delta,
    /// Consents that are in `pending` alone, by id.
    pending_ids: HashMap<Digest, u64>,
}

/// What a page did.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// Whether the feed adds up now.
    pub(crate) complete: bool,
    /// How many items it had.
    pub(crate) items: usize,
    /// Records that should not be in the log.
    pub(crate) faults: usize,
    /// Whether something was destroyed.
    pub(crate) destroyed: bool,
    /// Consents that the log ended.
    pub(crate) ended: Vec<Digest>,
}

/// Why a page was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TakeError {
    /// It does not hold.
    #[error("{}: {error}", error.code())]
    Refused {
        /// What is wrong with it.
        error: FeedError,
        /// What it proves against the operator.
        accusation: Option<Box<Accusation>>,
    },
    /// The replica cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What the records of a page amount to.
#[derive(Default)]
struct Fold {
    histories: HashMap<Digest, (u64, History)>,
    gone: Vec<(u64, Vec<u64>)>,
    faulty: Vec<Digest>,
    requests: Vec<(Digest, ConsentRequest)>,
    keys: Option<ControllerKeys>,
    named: Vec<Named>,
    named_keys: Option<Named>,
    faults: usize,
    ended: Vec<Digest>,
    told: Vec<told::Told>,
}

impl Reading {
    /// A reader at the beginning of the feed.
    pub(crate) fn new(
        log: Arc<LogTrust>,
        store: Arc<Store>,
        replica: Arc<RwLock<Replica>>,
        follower: Follower,
    ) -> Self {
        Self {
            log,
            store,
            replica,
            follower,
            sums: Sums::default(),
            keys: None,
            named: Vec::new(),
            requests: BTreeMap::new(),
            misbehaved: false,
            pending: Delta::default(),
            pending_ids: HashMap::new(),
        }
    }

    /// Goes on where the replica on disk stopped: reads the requests and keys that it names. Gives what a feed that adds up
    /// brought of them, for memory.
    pub(crate) async fn resume(&mut self, kept: &Kept, sums: Sums) -> Result<Delta, StoreError> {
        let mut delta = Delta::default();
        for named in &kept.requests {
            let record = self.store.record_at(named.seq, &named.digest).await?.record;
            if let Body::ConsentRequest(request) = record.body {
                self.requests.insert(named.digest, (*request).clone());
                delta.requests.push((named.digest, *request));
            }
        }
        if let Some(named) = &kept.keys
            && let Body::ControllerKeys(keys) = self.store.record_at(named.seq, &named.digest).await?.record.body
        {
            delta.keys = Some(*keys);
        }
        self.keys = kept.keys;
        self.named.clone_from(&kept.requests);
        self.misbehaved = kept.misbehaved;
        self.sums = sums;
        Ok(delta)
    }

    /// What was read, but is not counted by a verified head yet.
    pub(crate) fn hold_back(&mut self, consents: Vec<(u64, Box<Consent>)>, delta: Delta) {
        self.pending = delta;
        for (index, consent) in consents {
            self.pending_ids.insert(consent.id, index);
            self.pending.consents.insert(index, Some(*consent));
        }
    }

    pub(crate) fn cursor(&self) -> FeedCursor {
        self.follower.cursor()
    }

    /// Whether misbehaviour was proved before, where the state on disk does not say so any more.
    pub(crate) const fn set_misbehaved(&mut self, misbehaved: bool) {
        self.misbehaved = misbehaved;
    }

    pub(crate) const fn sums_mut(&mut self) -> &mut Sums {
        &mut self.sums
    }

    /// Whether memory is what disk is: the feed adds up, and nothing is held back.
    pub(crate) fn is_whole(&self) -> bool {
        let (seen, verified) = (self.follower.seen(), self.follower.verified());
        self.pending.consents.is_empty() && verified.is_some() && seen == verified
    }

    /// Whether misbehaviour was proved, now or before.
    pub(crate) const fn misbehaved(&self) -> bool {
        self.misbehaved
    }

    /// Takes a page. `steady` is when it came, by the clock that nobody sets.
    pub(crate) async fn take(&mut self, page: &FeedAnswer, steady: u64) -> Result<Taken, TakeError> {
        // 1. CHECK. The follower is put aside until the page is durable.
        let mut follower = self.follower.clone();
        let step = match follower.take(page, self.log.feed_keys()) {
            Ok(step) => step,
            Err(error) => {
                let leaves = self.store.leaves().await?;
                let accusation = self.follower.against(page, self.log.feed_keys(), &leaves).map(Box::new);
                return Err(TakeError::Refused { error, accusation });
            }
        };

        // 2. JUDGE each record, and fold it into its consent.
        let mut fold = Fold::default();
        for opened in &step.opened {
            self.judge(opened, &mut fold).await?;
        }

        let standing = follower.verified().filter(|_| step.complete);
        let head = standing
            .map(|standing| DisclosedHead::new(standing.head.clone()))
            .transpose()
            .map_err(StoreError::from)?;

        // 3. WRITE. When this returns, the page is read.
        let mut named = self.named.clone();
        named.extend_from_slice(&fold.named);
        let keys = fold.named_keys.or(self.keys);
        let kept = Kept::new(follower.followed(), keys, named.clone(), self.misbehaved);
        let taken = Taken {
            complete: step.complete,
            items: step.leaves.len(),
            faults: fold.faults,
            destroyed: !fold.gone.is_empty(),
            ended: core::mem::take(&mut fold.ended),
        };
        let page = self.page(step, &fold, kept);
        if page.items.is_empty() {
            self.store.stand(&page.kept, &self.sums.consents).await?;
        } else {
            self.store.apply(&page, &mut self.sums).await?;
        }

        // 4. TAKE OVER. Memory follows disk, as far as a verified head counts it.
        self.follower = follower;
        (self.named, self.keys) = (named, keys);
        self.collect(page, fold);
        let mut replica = self.replica.write().unwrap_or_else(PoisonError::into_inner);
        if taken.complete {
            self.pending_ids.clear();
            replica.take(core::mem::take(&mut self.pending));
            if let Some(head) = head {
                replica.stand(head, steady);
            }
            replica.broken = self.misbehaved;
        } else {
            // Whatever else the backlog holds, what is proved to have ended denies at once.
            for id in &taken.ended {
                replica.end_directly(id, Direct { record: None });
            }
        }
        drop(replica);
        Ok(taken)
    }

    /// Reads everything anew: what is on disk is not what was written. Until it is read, everything is denied.
    pub(crate) async fn begin_anew(&mut self) -> Result<(), StoreError> {
        self.store.begin_anew().await?;
        let (origin, controller) = (self.follower.origin().clone(), self.follower.controller().clone());
        let fresh = Self::new(
            Arc::clone(&self.log),
            Arc::clone(&self.store),
            Arc::clone(&self.replica),
            Follower::new(origin, controller),
        );
        let old = core::mem::replace(self, fresh);
        (self.misbehaved, self.sums.book) = (old.misbehaved, old.sums.book);
        self.replica
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .begin_anew(self.misbehaved);
        Ok(())
    }

    /// From now on nothing that this ledger says counts, also after a restart.
    pub(crate) async fn condemn(&mut self) -> Result<(), StoreError> {
        self.misbehaved = true;
        let kept = Kept::new(self.follower.followed(), self.keys, self.named.clone(), true);
        self.store.stand(&kept, &self.sums.consents).await
    }

    async fn judge(&self, opened: &Opened, fold: &mut Fold) -> Result<(), StoreError> {
        let record = &opened.record.record;
        let operators = self.log.operators_at(opened.index);
        let keys = fold.keys.as_ref().or(self.pending.keys.as_ref()).cloned();
        let keys = keys.or_else(|| self.read(|replica| replica.keys().cloned()));
        let setting = Setting {
            origin: self.follower.origin(),
            operators: &operators,
            keys: keys.as_ref(),
            now: None,
        };
        let judged = arrival::check(record, &setting).map_err(|refusal| refusal.code().to_owned());
        let why = match judged {
            Ok(_) => self.fold(opened, fold).await?,
            Err(why) => Some(why),
        };
        if let Some(code) = why {
            // The log has what no honest ledger records. What a consent is then cannot be told; the others can.
            tracing::error!(index = opened.index, kind = %record.kind(), code, "a record of the feed breaks a rule");
            fold.faults += 1;
            fold.faulty.extend(record.body.consent());
        }
        Ok(())
    }

    /// Folds a record in; gives the code of the rule that it breaks, if it breaks one.
    async fn fold(&self, opened: &Opened, fold: &mut Fold) -> Result<Option<String>, StoreError> {
        let (record, index) = (&opened.record.record, opened.index);
        let named = Named {
            seq: opened.seq,
            digest: record.digest(),
        };
        let outcome = match &record.body {
            Body::ControllerKeys(keys) => {
                fold.keys = Some((**keys).clone());
                fold.named_keys = Some(named);
                Ok(())
            }
            Body::ConsentRequest(request) => {
                fold.requests.push((named.digest, (**request).clone()));
                fold.named.push(named);
                Ok(())
            }
            Body::Destruction(destruction) => {
                let leaves = destruction.leaves.as_slice();
                fold.histories.retain(|_, (grant, _)| !leaves.contains(grant));
                fold.gone.push((index, leaves.to_vec()));
                Ok(())
            }
            Body::ConsentGrant(grant) => {
                let request = self.request(&grant.request, fold);
                History::start(index, record, request).map(|history| {
                    fold.histories.insert(named.digest, (index, history));
                    fold.told
                        .push((named.digest, WebhookType::Given, record.valid_from, index));
                })
            }
            body => match body.consent() {
                Some(consent) => return self.follow(&consent, record, index, fold).await,
                None => Ok(()),
            },
        };
        Ok(outcome.err().map(|error| error.code().to_owned()))
    }

    async fn follow(
        &self,
        id: &Digest,
        record: &Record,
        index: u64,
        fold: &mut Fold,
    ) -> Result<Option<String>, StoreError> {
        if !fold.histories.contains_key(id) {
            let Some(found) = self.history(id).await? else {
                return Ok(Some("consent_unknown".to_owned()));
            };
            fold.histories.insert(*id, found);
        }
        let request = match &record.body {
            Body::Renewal(renewal) => self.request(&renewal.request, fold).cloned(),
            _ => None,
        };
        let Some((_, history)) = fold.histories.get_mut(id) else {
            return Ok(None);
        };
        let before = history.consent.phase;
        match history.follow(index, record, request.as_ref()) {
            Ok(()) => {
                // An erasure request may follow an ending, and is none.
                if history.consent.phase != before {
                    fold.ended.push(*id);
                    fold.told
                        .push((*id, told::ending(&record.body), record.valid_from, index));
                }
                Ok(None)
            }
            Err(error) => Ok(Some(error.code().to_owned())),
        }
    }

    /// A consent as its records on disk tell it; each is known by its digest, which is in the authenticated row.
    async fn history(&self, id: &Digest) -> Result<Option<(u64, History)>, StoreError> {
        let Some((grant, consent)) = self.newest(id) else {
            return Ok(None);
        };
        let mut history: Option<History> = None;
        for event in &consent.events {
            let record = self.store.record(event.index, &event.digest).await?.record;
            let request = match &record.body {
                Body::ConsentGrant(body) => self.requests.get(&body.request),
                Body::Renewal(body) => self.requests.get(&body.request),
                _ => None,
            };
            let broken = |_| StoreError::Corrupt("the events of a consent do not follow each other");
            match &mut history {
                None => history = Some(History::start(event.index, &record, request).map_err(broken)?),
                Some(history) => history.follow(event.index, &record, request).map_err(broken)?,
            }
        }
        Ok(history.map(|mut history| {
            history.consent.faulty = consent.faulty;
            history.consent.direct = consent.direct.filter(|_| !history.consent.has_ended());
            (grant, history)
        }))
    }

    fn request<'a>(&'a self, digest: &Digest, fold: &'a Fold) -> Option<&'a ConsentRequest> {
        let fresh = fold
            .requests
            .iter()
            .find(|(known, _)| known == digest)
            .map(|(_, request)| request);
        fresh.or_else(|| self.requests.get(digest))
    }

    fn page(&self, step: Step, fold: &Fold, kept: Kept) -> Page {
        let opened = step.opened.into_iter().map(|opened| ItemRow {
            seq: opened.seq,
            index: opened.index,
            leaf: opened.leaf,
            opening: Some((*opened.salt.as_bytes(), opened.record.bytes)),
        });
        let orphans = step.orphans.iter().map(|orphan| ItemRow {
            seq: orphan.seq,
            index: orphan.index,
            leaf: orphan.leaf,
            opening: None,
        });
        let mut consents: BTreeMap<u64, Consent> = fold
            .histories
            .values()
            .map(|(index, history)| (*index, history.consent.clone()))
            .collect();
        for id in &fold.faulty {
            let of_page = consents.iter().find(|(_, consent)| consent.id == *id);
            let of_page = of_page.map(|(index, consent)| (*index, consent.clone()));
            if let Some((index, consent)) = of_page.or_else(|| self.newest(id)) {
                consents.insert(
                    index,
                    Consent {
                        faulty: true,
                        ..consent
                    },
                );
            }
        }
        let leaves = fold.gone.iter().flat_map(|(_, leaves)| leaves);
        let book = leaves.filter_map(|leaf| self.entry_of(*leaf)).collect();
        Page {
            items: opened.chain(orphans).collect(),
            consents: consents.into_iter().collect(),
            destroyed: fold.gone.clone(),
            book,
            events: self.events(fold),
            kept,
        }
    }

    /// The newest that is known of a consent before this page: what waits is newer than what memory has of it, and may be that
    /// it was destroyed.
    fn newest(&self, id: &Digest) -> Option<(u64, Consent)> {
        let waiting = self.pending_ids.get(id).copied();
        let index = waiting.or_else(|| self.read(|replica| replica.find(id).map(|(index, _)| index)))?;
        let consent = match self.pending.consents.get(&index) {
            Some(newer) => newer.clone(),
            None => self.read(|replica| replica.at(index).cloned()),
        };
        consent.map(|consent| (index, consent))
    }

    /// The row of the brand's book that goes with the grant at this index.
    fn entry_of(&self, grant: u64) -> Option<Entry> {
        let pending = self
            .pending
            .consents
            .get(&grant)
            .and_then(Option::as_ref)
            .map(|consent| consent.invitation);
        self.read(|replica| {
            let invitation = pending.or_else(|| replica.at(grant).map(|consent| consent.invitation))?;
            replica.customer_of(&invitation)?;
            Some(Entry {
                invitation,
                after: None,
            })
        })
    }

    /// Adds to what waits for a verified head.
    fn collect(&mut self, page: Page, fold: Fold) {
        for (index, consent) in page.consents {
            self.pending_ids.insert(consent.id, index);
            self.pending.consents.insert(index, Some(consent));
        }
        for leaf in fold.gone.iter().flat_map(|(_, leaves)| leaves) {
            self.pending.consents.insert(*leaf, None);
        }
        for (digest, request) in fold.requests {
            self.requests.insert(digest, request.clone());
            self.pending.requests.push((digest, request));
        }
        self.pending.keys = fold.keys.or(self.pending.keys.take());
        self.pending.book.extend(page.book);
    }

    fn read<T>(&self, look: impl FnOnce(&Replica) -> T) -> T {
        look(&self.replica.read().unwrap_or_else(PoisonError::into_inner))
    }
}
