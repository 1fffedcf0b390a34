//! One page of a brand's feed, from the wire into the issuer's table of slots.
//!
//! [`Reading::take`] is the one way in. Read it from top to bottom: the kernel checks the page, each record is judged by itself
//! and by the lifecycle, the outcome is written in one transaction, and memory takes it over. A crash before the commit reads the
//! page once more; a crash after it finds the page read.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use placet_kernel::arrival::{self, Setting};
use placet_kernel::feed::{FeedError, Followed, Follower, LogTrust, Opened, Standing, Step};
use placet_kernel::merkle::Hash;
use placet_kernel::misbehaviour::Accusation;
use placet_kernel::status::{Bits, StatusError};
use placet_schemas::api::{FeedAnswer, FeedCursor};
use placet_schemas::id::{Did, Digest, Origin};
use placet_schemas::lifecycle;
use placet_schemas::record::consent::Shown;
use placet_schemas::record::keys::ControllerKeys;
use placet_schemas::record::request::ConsentRequest;
use placet_schemas::record::{Body, Kind};
use placet_schemas::version::Version;

use crate::consent::{Held, Place};
use crate::error::StoreError;
use crate::slots::StatusKey;
use crate::store::{Change, FeedRow, Kept, Store};

/// A reader of one brand's feed.
pub(crate) struct Reading {
    id: i64,
    log: Arc<LogTrust>,
    store: Arc<Store>,
    key: Arc<StatusKey>,
    follower: Follower,
    ordinals: u64,
    keys: Option<ControllerKeys>,
    requests: BTreeMap<Digest, ConsentRequest>,
    /// Those that were replaced materially: no receipt of an answer to them is good for anything.
    superseded: BTreeSet<Digest>,
    lists: BTreeMap<u64, Bits>,
    misbehaved: bool,
}

/// What a page did.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// How many items it had.
    pub(crate) items: usize,
    /// Records that should not be in the log.
    pub(crate) faults: usize,
    /// Lists that say more now.
    pub(crate) lists: Vec<u64>,
    /// Whether something was destroyed.
    pub(crate) destroyed: bool,
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
    /// The database cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A page's work in progress.
#[derive(Default)]
struct Fold {
    ordinals: u64,
    keys: Option<ControllerKeys>,
    requests: Vec<(Digest, ConsentRequest)>,
    /// Requests that this page replaces materially.
    superseded: BTreeSet<Digest>,
    items: Vec<(u64, u64)>,
    /// By the index of the grant; none for what is over.
    consents: BTreeMap<u64, Option<Held>>,
    ids: HashMap<Digest, u64>,
    /// Ordinals whose slots are all set.
    void: BTreeSet<u64>,
    /// Ordinals and holders who may hold nothing any more.
    taken: BTreeSet<(u64, u64)>,
    destructions: Vec<(u64, bool)>,
    faults: usize,
}

impl Reading {
    /// Goes on with a feed that was begun.
    pub(crate) async fn resume(
        row: FeedRow,
        log: &Arc<LogTrust>,
        store: &Arc<Store>,
        key: &Arc<StatusKey>,
    ) -> Result<Self, StoreError> {
        let followed: Followed = (&row.kept.follower).into();
        let follower = Follower::resume(followed);
        let requests: BTreeMap<_, _> = store.requests(row.id).await?.into_iter().collect();
        let find = |digest: &Digest| requests.get(digest);
        Ok(Self {
            follower: follower.map_err(|_| StoreError::Corrupt("how far a feed was read"))?,
            superseded: requests.values().flat_map(|by| replaced(by, find)).collect(),
            requests,
            lists: store.lists(row.id).await?.into_iter().collect(),
            id: row.id,
            log: Arc::clone(log),
            store: Arc::clone(store),
            key: Arc::clone(key),
            ordinals: row.ordinals,
            keys: row.kept.keys,
            misbehaved: row.kept.misbehaved,
        })
    }

    /// Begins a feed.
    pub(crate) async fn begin(
        origin: Origin,
        controller: Did,
        log: &Arc<LogTrust>,
        store: &Arc<Store>,
        key: &Arc<StatusKey>,
    ) -> Result<Self, StoreError> {
        let kept = kept(&Follower::new(origin, controller.clone()), None, false);
        let id = store.begin(&controller, &kept).await?;
        let row = FeedRow { id, kept, ordinals: 0 };
        Self::resume(row, log, store, key).await
    }

    /// The feed's number here.
    pub(crate) const fn id(&self) -> i64 {
        self.id
    }

    /// Whose feed.
    pub(crate) const fn controller(&self) -> &Did {
        self.follower.controller()
    }

    pub(crate) fn cursor(&self) -> FeedCursor {
        self.follower.cursor()
    }

    pub(crate) const fn misbehaved(&self) -> bool {
        self.misbehaved
    }

    /// The operator's newest word, when all items up to it have been read.
    pub(crate) fn standing(&self) -> Option<&Standing> {
        let standing = self.follower.verified()?;
        let read = self.follower.cursor().from;
        (standing.head.statement.feed_size == read && !self.misbehaved).then_some(standing)
    }

    /// A request that was answered.
    pub(crate) fn request(&self, digest: &Digest) -> Option<&ConsentRequest> {
        self.requests.get(digest)
    }

    /// The lists that there are, without their bits.
    pub(crate) fn lists(&self) -> u64 {
        self.ordinals.div_ceil(crate::slots::ITEMS_PER_LIST)
    }

    /// The bits of a list.
    pub(crate) fn bits(&self, list: u64) -> Bits {
        self.lists.get(&list).cloned().unwrap_or_else(Bits::none_set)
    }

    /// Whether a request was replaced by one that differs from it materially.
    pub(crate) fn was_superseded(&self, request: &Digest) -> bool {
        self.superseded.contains(request)
    }

    /// Takes one page.
    pub(crate) async fn take(&mut self, page: &FeedAnswer) -> Result<Taken, TakeError> {
        // 1. CHECK. The follower is put aside until the page is durable.
        let mut follower = self.follower.clone();
        let step = match follower.take(page, self.log.feed_keys()) {
            Ok(step) => step,
            Err(error) => {
                // An accusation is made from what was signed; leaves that are not kept here prove nothing more.
                let accusation = self.follower.against(page, self.log.feed_keys(), &[]).map(Box::new);
                return Err(TakeError::Refused { error, accusation });
            }
        };

        // 2. JUDGE each record, and fold it into its consent. An item that was destroyed has its place among them.
        let mut fold = Fold {
            ordinals: self.ordinals,
            ..Fold::default()
        };
        let paths = paths(page);
        let checkpoint = follower.seen().map(|seen| seen.checkpoint.clone()).unwrap_or_default();
        for item in in_order(&step) {
            match item {
                Item::Opened(opened) => {
                    let path = paths.get(&opened.index).cloned().unwrap_or_default();
                    self.judge(opened, path, &checkpoint, &mut fold).await?;
                }
                Item::Orphan(index) => {
                    let ordinal = fold.count(index);
                    fold.void.insert(ordinal);
                }
            }
        }

        self.void_superseded(&mut fold).await?;

        // 3. WRITE. When this returns, the page is read.
        let lists = self
            .set(&fold)
            .map_err(|_| StoreError::Corrupt("a list has no 131072 entries"))?;
        let taken = Taken {
            items: step.leaves.len(),
            faults: fold.faults,
            lists: lists.iter().map(|(list, _)| *list).collect(),
            destroyed: !fold.destructions.is_empty(),
        };
        let keys = fold.keys.take().or_else(|| self.keys.clone());
        let kept = kept(&follower, keys.clone(), self.misbehaved);
        let superseded = core::mem::take(&mut fold.superseded);
        let change = fold.change(lists);
        self.store.apply(self.id, &kept, &change).await?;

        // 4. TAKE OVER. Memory follows disk.
        self.follower = follower;
        self.keys = keys;
        self.ordinals = change.ordinals;
        self.requests.extend(change.requests);
        self.superseded.extend(superseded);
        self.lists.extend(change.lists);
        Ok(taken)
    }

    /// From now on nothing that this ledger says of the brand counts, also after a restart.
    pub(crate) async fn condemn(&mut self) -> Result<(), StoreError> {
        self.misbehaved = true;
        let change = Change {
            ordinals: self.ordinals,
            ..Change::default()
        };
        let kept = kept(&self.follower, self.keys.clone(), true);
        self.store.apply(self.id, &kept, &change).await
    }

    async fn judge(
        &self,
        opened: &Opened,
        path: Vec<Hash>,
        checkpoint: &str,
        fold: &mut Fold,
    ) -> Result<(), StoreError> {
        let record = &opened.record.record;
        let operators = self.log.operators_at(opened.index);
        let keys = fold.keys.clone().or_else(|| self.keys.clone());
        let setting = Setting {
            origin: self.follower.origin(),
            operators: &operators,
            keys: keys.as_ref(),
            now: None,
        };
        let judged = arrival::check(record, &setting).map_err(|refusal| refusal.code().to_owned());
        let ordinal = has_slots(&record.body).then(|| fold.count(opened.index));
        let why = match judged {
            Ok(_) => {
                let place = Place {
                    ordinal: ordinal.unwrap_or_default(),
                    index: opened.index,
                    salt: &opened.salt,
                    path,
                    checkpoint,
                };
                self.fold(opened, place, fold).await?
            }
            Err(code) => Some(code),
        };
        if let Some(code) = why {
            // The log has what no honest ledger records. Whatever the consent is then, no receipt says that it is in force.
            tracing::error!(index = opened.index, kind = %record.kind(), code, "a record of the feed breaks a rule");
            fold.faults += 1;
            fold.void.extend(ordinal);
            if let Some(consent) = record.body.consent() {
                self.end(&consent, fold).await?;
            }
        }
        Ok(())
    }

    /// Folds a record in; gives the code of the rule that it breaks, if it breaks one.
    async fn fold(&self, opened: &Opened, place: Place<'_>, fold: &mut Fold) -> Result<Option<String>, StoreError> {
        let record = &opened.record.record;
        let digest = record.digest();
        match &record.body {
            Body::ControllerKeys(keys) => fold.keys = Some((**keys).clone()),
            Body::ConsentRequest(request) => {
                let replaced = replaced(request, |digest| self.known_request(digest, fold));
                fold.superseded.extend(replaced);
                fold.requests.push((digest, (**request).clone()));
            }
            Body::Destruction(destruction) => self.destroy(opened.index, destruction.leaves.as_slice(), fold).await?,
            Body::ConsentGrant(grant) => {
                let request = self.known_request(&grant.request, fold);
                match lifecycle::apply(None, record, request) {
                    Ok(state) => {
                        let held = Held::given(state, &grant.shown, digest, place);
                        fold.ids.insert(digest, opened.index);
                        fold.consents.insert(opened.index, Some(held));
                    }
                    Err(error) => return Ok(Some(error.code().to_owned())),
                }
            }
            body => {
                if let Some(consent) = body.consent() {
                    return self.follow(&consent, opened, place, fold).await;
                }
            }
        }
        Ok(None)
    }

    async fn follow(
        &self,
        id: &Digest,
        opened: &Opened,
        place: Place<'_>,
        fold: &mut Fold,
    ) -> Result<Option<String>, StoreError> {
        let record = &opened.record.record;
        let Some((grant, mut held)) = self.held(id, fold).await? else {
            // It ended before, or was never given: either way nothing is issued for it, nor for this.
            fold.void.insert(place.ordinal);
            return Ok(None);
        };
        let request = match &record.body {
            Body::Renewal(renewal) => self.known_request(&renewal.request, fold),
            _ => None,
        };
        let state = match lifecycle::apply(Some(&held.state), record, request) {
            Ok(state) => state,
            Err(error) => return Ok(Some(error.code().to_owned())),
        };
        if let Some(shown) = changes(&record.body) {
            fold.void.extend(held.changed(state, shown, record.digest(), place));
        } else {
            // No receipt is ever issued for such a record.
            fold.void.insert(place.ordinal);
            held.state = state;
            if let Body::HolderKeyAuthorization(said) = &record.body {
                let taken = held.authorized(said.holders.as_slice());
                let live = held.live.iter();
                fold.taken
                    .extend(live.flat_map(|ordinal| taken.iter().map(|holder| (*ordinal, *holder))));
            }
        }
        if held.is_over() {
            fold.void.append(&mut held.live.into_iter().collect());
            fold.consents.insert(grant, None);
        } else {
            fold.consents.insert(grant, Some(held));
        }
        Ok(None)
    }

    /// Whoever answered a request that was since replaced materially has not seen what changed: her receipts say a yes that
    /// counts for nothing until she renews it. All consents are looked through, which is long work, and rare.
    async fn void_superseded(&self, fold: &mut Fold) -> Result<(), StoreError> {
        let changed = fold.consents.values().flatten();
        let stale = changed.filter(|held| self.is_superseded(&held.state.request, fold));
        let mut void: Vec<u64> = stale.flat_map(|held| held.live.iter().copied()).collect();
        if !fold.superseded.is_empty() {
            let mut from = 0;
            while let Some(rows) = self.store.live(self.id, from).await? {
                for row in &rows {
                    if fold.superseded.contains(&row.request) && !fold.consents.contains_key(&row.grant) {
                        void.extend(&row.live);
                    }
                    from = row.grant + 1;
                }
            }
        }
        fold.void.extend(void);
        Ok(())
    }

    fn is_superseded(&self, request: &Digest, fold: &Fold) -> bool {
        self.superseded.contains(request) || fold.superseded.contains(request)
    }

    /// Voids what is out for a consent.
    async fn end(&self, id: &Digest, fold: &mut Fold) -> Result<(), StoreError> {
        if let Some((grant, held)) = self.held(id, fold).await? {
            fold.void.extend(held.live);
            fold.consents.insert(grant, None);
        }
        Ok(())
    }

    /// A Destruction names leaves: their slots stay set for ever, and what is kept of their consents goes.
    async fn destroy(&self, index: u64, leaves: &[u64], fold: &mut Fold) -> Result<(), StoreError> {
        let mut held = false;
        for leaf in leaves {
            let here = fold
                .items
                .iter()
                .find(|(known, _)| known == leaf)
                .map(|(_, ordinal)| *ordinal);
            let ordinal = match here {
                Some(ordinal) => Some(ordinal),
                None => self.store.ordinal(self.id, *leaf).await?,
            };
            fold.void.extend(ordinal);
            let before = match fold.consents.get(leaf) {
                Some(known) => known.is_some(),
                None => self.store.consent_at(*leaf).await?.is_some(),
            };
            held |= before;
            fold.consents.insert(*leaf, None);
        }
        fold.destructions.push((index, held));
        Ok(())
    }

    /// A consent as it is after what was folded so far.
    async fn held(&self, id: &Digest, fold: &Fold) -> Result<Option<(u64, Held)>, StoreError> {
        if let Some(grant) = fold.ids.get(id) {
            return Ok(fold.consents.get(grant).cloned().flatten().map(|held| (*grant, held)));
        }
        let Some((feed, grant, held)) = self.store.consent(id).await? else {
            return Ok(None);
        };
        if feed != self.id {
            return Ok(None);
        }
        match fold.consents.get(&grant) {
            Some(newer) => Ok(newer.clone().map(|held| (grant, held))),
            None => Ok(Some((grant, held))),
        }
    }

    fn known_request<'a>(&'a self, digest: &Digest, fold: &'a Fold) -> Option<&'a ConsentRequest> {
        let fresh = fold.requests.iter().find(|(known, _)| known == digest);
        fresh.map(|(_, request)| request).or_else(|| self.requests.get(digest))
    }

    /// The lists that say more once all slots of these items are set, as they are then.
    fn set(&self, fold: &Fold) -> Result<Vec<(u64, Bits)>, StatusError> {
        let slots = self.key.of(self.follower.controller());
        let mut lists: BTreeMap<u64, (Bits, bool)> = BTreeMap::new();
        let void = fold.void.iter().flat_map(|ordinal| slots.all(*ordinal));
        let taken = fold
            .taken
            .iter()
            .flat_map(|(ordinal, holder)| slots.of_holder(*ordinal, *holder));
        for slot in void.chain(taken) {
            let (bits, more) = lists.entry(slot.list).or_insert_with(|| (self.bits(slot.list), false));
            *more |= bits.set(slot.index)?;
        }
        let more = lists.into_iter().filter(|(_, (_, more))| *more);
        Ok(more.map(|(list, (bits, _))| (list, bits)).collect())
    }
}

impl Fold {
    fn count(&mut self, index: u64) -> u64 {
        let ordinal = self.ordinals;
        self.ordinals += 1;
        self.items.push((index, ordinal));
        ordinal
    }

    fn change(self, lists: Vec<(u64, Bits)>) -> Change {
        let mut change = Change {
            ordinals: self.ordinals,
            requests: self.requests,
            items: self.items,
            lists,
            destructions: self.destructions,
            ..Change::default()
        };
        for (grant, held) in self.consents {
            match held {
                Some(held) => change.consents.push((grant, held)),
                None => change.over.push(grant),
            }
        }
        change
    }
}

/// What a request replaces materially: the one that it names, and those that came before that one.
fn replaced<'a>(by: &ConsentRequest, find: impl Fn(&Digest) -> Option<&'a ConsentRequest>) -> Vec<Digest> {
    let mut chain = Vec::new();
    let mut earlier = by.supersedes.as_ref().filter(|supersedes| supersedes.material);
    while let Some(supersedes) = earlier {
        chain.push(supersedes.request);
        // A request names one that was there before it by its digest, so there is no circle.
        earlier = find(&supersedes.request).and_then(|request| request.supersedes.as_ref());
    }
    chain
}

enum Item<'a> {
    Opened(&'a Opened),
    Orphan(u64),
}

/// All items of a step as they are in the feed.
fn in_order(step: &Step) -> impl Iterator<Item = Item<'_>> {
    let opened = step.opened.iter().map(|opened| (opened.seq, Item::Opened(opened)));
    let orphans = step
        .orphans
        .iter()
        .map(|orphan| (orphan.seq, Item::Orphan(orphan.index)));
    let all: BTreeMap<u64, Item<'_>> = opened.chain(orphans).collect();
    all.into_values()
}

/// Whether an item with this record has slots. It must not hang on what only the opened record tells once there is a way to
/// destroy it: whatever is about a consent can be destroyed, and what was destroyed has slots.
fn has_slots(body: &Body) -> bool {
    matches!(body, Body::ConsentGrant(_)) || body.consent().is_some()
}

/// Whether a record makes the consent another; with what it showed, if it showed anything.
const fn changes(body: &Body) -> Option<Option<&Shown>> {
    match body {
        Body::Renewal(renewal) => Some(Some(&renewal.shown)),
        Body::Narrowing(_) => Some(None),
        _ => None,
    }
}

fn paths(page: &FeedAnswer) -> HashMap<u64, Vec<Hash>> {
    let path = |proof: &[Digest]| proof.iter().map(|digest| Hash::new(*digest.as_bytes())).collect();
    page.items.iter().map(|item| (item.index, path(&item.proof))).collect()
}

fn kept(follower: &Follower, keys: Option<ControllerKeys>, misbehaved: bool) -> Kept {
    Kept {
        version: Version,
        follower: follower.followed().into(),
        keys,
        misbehaved,
    }
}

/// Kinds that a service must be allowed to open, to follow a feed: an item that it may not open might be a withdrawal.
#[must_use]
pub fn kinds() -> Vec<Kind> {
    Kind::ALL.iter().copied().filter(|kind| !kind.is_public()).collect()
}
