//! An issuer: opened, started, asked, stopped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hyper::Method;
use placet_client::{Call, Server, Source, Taker, exchange};
use placet_kernel::feed::LogTrust;
use placet_kernel::keys::PublicKey;
use placet_kernel::trust::Trust;
use placet_schemas::api::{ControllerPage, FeedCursor};
use placet_schemas::id::{Did, Digest, Iri, Origin, encode_hex};
use placet_schemas::json;
use placet_schemas::time::Timestamp;
use placet_service::jwe::{self, DecryptionKey};
use placet_service::{Clock, SystemClock, holds_proof, random};
use tokio::sync::{Mutex, Notify, watch};
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use crate::error::{OpenError, StoreError};
use crate::keys::IssuerKeys;
use crate::lists::{self, Lists, Published, Which};
use crate::offers::{Nonces, Offer, OfferError, ProofsError};
use crate::place::PublicUrl;
use crate::pulse::Pulse;
use crate::reading::Reading;
use crate::receipts::{IssueError, Securing};
use crate::slots::StatusKey;
use crate::store::{Grant, Redeemed, Store};
use crate::{errands, follow};

/// How often lists that say more are published.
pub const TICK: Duration = Duration::from_millis(500);
/// How often the ledger is asked for brands that are new.
const DISCOVER: Duration = Duration::from_secs(5);
/// Largest page of brands, in bytes.
const MAX_PAGE_BYTES: usize = 4 * 1024 * 1024;

/// What an issuer is told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder of its keys and its database.
    pub dir: PathBuf,
    /// The log.
    pub origin: Origin,
    /// The ledger.
    pub ledger: Server,
    /// A service's token there, for all record kinds.
    pub token: Zeroizing<String>,
    /// The keys that count.
    pub trust: Trust,
    /// Where the issuer is reached.
    pub public_url: PublicUrl,
    /// Who the issuer is, if not the did:web of its public URL: that of its own key.
    pub by_key: bool,
}

/// An issuer. Cheap to clone.
#[derive(Clone)]
pub struct Issuer {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) log: Arc<LogTrust>,
    pub(crate) keys: IssuerKeys,
    /// To which wallets encrypt their requests, where the program can: made anew by each process, so that what was sent to
    /// it once is not opened later.
    pub(crate) decryption_key: Option<DecryptionKey>,
    pub(crate) status_key: Arc<StatusKey>,
    pub(crate) store: Arc<Store>,
    pub(crate) brands: RwLock<BTreeMap<i64, Arc<Brand>>>,
    pub(crate) lists: Lists,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pulse: Pulse,
    pub(crate) errands: Notify,
    pub(crate) nonces: Nonces,
    stop: watch::Sender<bool>,
    tasks: std::sync::Mutex<Vec<JoinHandle<()>>>,
}

/// A brand whose feed is followed.
pub(crate) struct Brand {
    pub(crate) controller: Did,
    pub(crate) reading: Mutex<Reading>,
}

impl Issuer {
    /// Opens what the folder has, or begins it. Needs no network.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(settings: Settings) -> Result<Self, OpenError> {
        Self::open_at(settings, Arc::new(SystemClock::default())).await
    }

    /// The same by another clock.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open_at(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        make_folder(&settings.dir)?;
        let store = Arc::new(Store::open(&settings.dir).await?);
        let did = settings.public_url.did_web().filter(|_| !settings.by_key);
        let keys = IssuerKeys::load_or_make(&settings.dir, did)?;
        let status_key = Arc::new(StatusKey::load_or_make(&settings.dir)?);
        let log = LogTrust::new(settings.trust.clone(), &settings.origin)?;
        let log = Arc::new(log.ok_or_else(|| OpenError::Untrusted(settings.origin.clone()))?);
        let inner = Inner {
            log,
            keys,
            decryption_key: decryption_key()?,
            status_key,
            store,
            brands: RwLock::default(),
            lists: Lists::default(),
            clock,
            pulse: Pulse::default(),
            errands: Notify::new(),
            nonces: Nonces::default(),
            stop: watch::Sender::new(false),
            tasks: std::sync::Mutex::default(),
            settings,
        };
        let caught = holds_proof(&inner.settings.dir).map_err(StoreError::from)?;
        for row in inner.store.feeds().await? {
            let mut reading = Reading::resume(row, &inner.log, &inner.store, &inner.status_key).await?;
            if caught && !reading.misbehaved() {
                // A crash between the proof and the note of it: the proof counts.
                reading.condemn().await?;
            }
            inner.welcome(reading);
        }
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Begins to follow the ledger, to publish, and to run errands.
    pub fn start(&self) {
        let known: Vec<Arc<Brand>> = self.inner.all_brands();
        for brand in known {
            self.inner.spawn(follow_brand(Arc::clone(&self.inner), brand));
        }
        self.inner.spawn(discover(Arc::clone(&self.inner)));
        self.inner.spawn(publish(Arc::clone(&self.inner)));
        self.inner.spawn(errands::run(Arc::clone(&self.inner)));
    }

    /// Stops, finishes what is being written, and closes the database.
    pub async fn close(&self) {
        self.inner.stop.send_replace(true);
        loop {
            let tasks = core::mem::take(&mut *self.inner.tasks.lock().unwrap_or_else(PoisonError::into_inner));
            if tasks.is_empty() {
                break;
            }
            for task in tasks {
                // A task that panicked has said so; the others are waited for all the same.
                let _ended = task.await;
            }
        }
        self.inner.store.close().await;
    }

    /// An offer of a receipt, for whoever signed this request for one.
    ///
    /// # Errors
    /// See [`OfferError`].
    pub async fn offer(&self, compact: &str) -> Result<Offer, OfferError> {
        self.inner.offer(compact).await
    }

    pub(crate) async fn redeem(
        &self,
        code: &str,
        tx_code: Option<&str>,
    ) -> Result<Result<String, Redeemed>, StoreError> {
        self.inner.redeem(code, tx_code).await
    }

    pub(crate) async fn access(&self, token: &str) -> Result<Option<Grant>, StoreError> {
        self.inner.access(token).await
    }

    pub(crate) fn nonce(&self) -> Result<String, StoreError> {
        self.inner.nonce()
    }

    pub(crate) fn decryption_key(&self) -> Option<&DecryptionKey> {
        self.inner.decryption_key.as_ref()
    }

    pub(crate) fn possessions(&self, proofs: &[String]) -> Result<Vec<PublicKey>, ProofsError> {
        self.inner.possessions(proofs)
    }

    /// A receipt of the consent that `subject` gave, for the holder of this key: the text of either format.
    ///
    /// # Errors
    /// See [`IssueError`].
    pub async fn receipt(
        &self,
        securing: Securing,
        consent: &Digest,
        subject: &Did,
        holder: &PublicKey,
    ) -> Result<String, IssueError> {
        self.inner.sign_receipt(securing, consent, subject, holder).await
    }

    /// Now, by the issuer's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// A status list by its name, as it is now; nothing where there is none.
    ///
    /// # Errors
    /// [`IssueError::Stale`] while it cannot be said what is in force.
    pub async fn list(&self, name: &str) -> Result<Option<Arc<Published>>, IssueError> {
        match self.inner.lists.find(name) {
            Some(which) => self.inner.fresh_list(which).await.map(Some),
            None => Ok(None),
        }
    }

    /// The issuer's keys and name.
    #[must_use]
    pub fn keys(&self) -> &IssuerKeys {
        &self.inner.keys
    }

    /// Where it is reached.
    #[must_use]
    pub fn public_url(&self) -> &PublicUrl {
        &self.inner.settings.public_url
    }

    /// What happened so far.
    #[must_use]
    pub fn pulse(&self) -> &Pulse {
        &self.inner.pulse
    }

    /// Whether receipts can be signed: every brand's feed has been read to its end, and not long ago; else why not.
    ///
    /// # Errors
    /// The code.
    pub async fn ready(&self) -> Result<(), &'static str> {
        let now = self.inner.clock.now().unix();
        for brand in self.inner.all_brands() {
            let reading = brand.reading.lock().await;
            let Some(standing) = reading.standing() else {
                return Err("state_stale");
            };
            if now.abs_diff(standing.head.statement.time.unix()) > crate::receipts::MAX_STATE_SECONDS {
                return Err("state_stale");
            }
        }
        if self.inner.pulse.discovered() {
            Ok(())
        } else {
            Err("ledger_unreachable")
        }
    }

    /// How many consents receipts can be about.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn consents(&self) -> Result<u64, StoreError> {
        self.inner.store.count().await
    }
}

impl Inner {
    /// Completes when the issuer is about to stop.
    pub(crate) async fn stopped(&self) {
        // The sender is in `self`, so it cannot be gone.
        let _ = self.stop.subscribe().wait_for(|stop| *stop).await;
    }

    pub(crate) fn all_brands(&self) -> Vec<Arc<Brand>> {
        let brands = self.brands.read().unwrap_or_else(PoisonError::into_inner);
        brands.values().cloned().collect()
    }

    /// The brand in whose feed a consent is.
    pub(crate) async fn brand_of(&self, consent: &Digest) -> Result<Option<Arc<Brand>>, StoreError> {
        let Some((feed, ..)) = self.store.consent(consent).await? else {
            return Ok(None);
        };
        let brands = self.brands.read().unwrap_or_else(PoisonError::into_inner);
        Ok(brands.get(&feed).cloned())
    }

    pub(crate) fn bitstring_url(&self, id: &str) -> Iri {
        self.iri(&format!("/status/bitstring/{id}"))
    }

    pub(crate) fn token_url(&self, id: &str) -> Iri {
        self.iri(&format!("/status/token/{id}"))
    }

    fn iri(&self, path: &str) -> Iri {
        let url = self.settings.public_url.join(path);
        url.parse()
            .unwrap_or_else(|_| unreachable!("the public URL is an IRI, and so is what follows it"))
    }

    /// Names the lists that a page made, and says which say more.
    pub(crate) fn lists_of(&self, reading: &Reading, changed: &[u64]) {
        let slots = self.status_key.of(reading.controller());
        for list in self.pulse.lists_of(reading.id())..reading.lists() {
            self.lists.name(slots.list_id(list), (reading.id(), list));
        }
        self.pulse.has_lists(reading.id(), reading.lists());
        self.lists.changed(changed.iter().map(|list| (reading.id(), *list)));
    }

    async fn fresh_list(&self, which: Which) -> Result<Arc<Published>, IssueError> {
        match self.lists.fresh(which, self.clock.now()) {
            Some(published) => Ok(published),
            None => self.sign_list(which).await,
        }
    }

    /// Signs a list as it is now.
    async fn sign_list(&self, (feed, list): Which) -> Result<Arc<Published>, IssueError> {
        let brand = {
            let brands = self.brands.read().unwrap_or_else(PoisonError::into_inner);
            brands.get(&feed).cloned().ok_or(IssueError::Stale)?
        };
        let reading = brand.reading.lock().await;
        let since = reading.standing().ok_or(IssueError::Stale)?.head.statement.time;
        let now = self.clock.now();
        if now.unix().abs_diff(since.unix()) > crate::receipts::MAX_STATE_SECONDS {
            return Err(IssueError::Stale);
        }
        let as_of = (since, reading.cursor().from);
        if let Some(said) = self.lists.said((feed, list), as_of) {
            return Ok(said);
        }
        let bits = reading.bits(list);
        let id = self.status_key.of(&brand.controller).list_id(list);
        let urls = (&self.bitstring_url(&id), &self.token_url(&id));
        let signed = lists::sign(&self.keys, urls, &bits, as_of, now)?;
        self.pulse.published();
        // The reading is held until here: of two that sign the same list at once, neither publishes what was true before the other.
        let published = self.lists.publish((feed, list), signed);
        drop(reading);
        Ok(published)
    }

    fn welcome(&self, reading: Reading) -> Arc<Brand> {
        self.lists_of(&reading, &[]);
        let id = reading.id();
        let brand = Arc::new(Brand {
            controller: reading.controller().clone(),
            reading: Mutex::new(reading),
        });
        let mut brands = self.brands.write().unwrap_or_else(PoisonError::into_inner);
        brands.insert(id, Arc::clone(&brand));
        brand
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.push(tokio::spawn(task));
    }
}

async fn follow_brand(inner: Arc<Inner>, brand: Arc<Brand>) {
    let source = Source {
        ledger: &inner.settings.ledger,
        token: &inner.settings.token,
        controller: Some(&brand.controller),
    };
    let follower = Following {
        inner: &inner,
        brand: &brand,
    };
    tokio::select! {
        () = inner.stopped() => {}
        () = placet_client::follow(source, &follower) => {}
    }
}

struct Following<'a> {
    inner: &'a Inner,
    brand: &'a Brand,
}

impl Taker for Following<'_> {
    async fn cursor(&self) -> FeedCursor {
        self.brand.reading.lock().await.cursor()
    }

    async fn take(&self, page: &[u8]) -> Option<usize> {
        follow::take(self.inner, self.brand, page).await
    }
}

/// Looks for brands that are new.
async fn discover(inner: Arc<Inner>) {
    loop {
        match brands(&inner).await {
            Ok(named) => {
                let known: Vec<Did> = inner
                    .all_brands()
                    .iter()
                    .map(|brand| brand.controller.clone())
                    .collect();
                for controller in named.into_iter().filter(|did| !known.contains(did)) {
                    if let Err(error) = begin(&inner, controller).await {
                        tracing::error!(%error, "the feed of a new brand cannot be begun");
                    }
                }
                // Only now: who is ready knows of each brand whether its feed was read.
                inner.pulse.has_discovered();
            }
            Err(why) => tracing::warn!(why, "the ledger does not say which brands there are"),
        }
        tokio::select! {
            () = inner.stopped() => return,
            () = tokio::time::sleep(DISCOVER) => {}
        }
    }
}

async fn begin(inner: &Arc<Inner>, controller: Did) -> Result<(), StoreError> {
    let origin = inner.settings.origin.clone();
    let reading = Reading::begin(origin, controller, &inner.log, &inner.store, &inner.status_key).await?;
    let brand = inner.welcome(reading);
    inner.spawn(follow_brand(Arc::clone(inner), brand));
    Ok(())
}

async fn brands(inner: &Inner) -> Result<Vec<Did>, String> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let path = match after {
            Some(after) => format!("/v1/controllers?after={after}"),
            None => "/v1/controllers".to_owned(),
        };
        let call = Call {
            method: Method::GET,
            path: &path,
            token: None,
            body: None,
        };
        let answer = exchange(&inner.settings.ledger, call)
            .await
            .map_err(|silence| silence.why)?;
        if answer.status != 200 {
            return Err(format!("status {}", answer.status));
        }
        let page = json::parse(&answer.body, MAX_PAGE_BYTES).and_then(|page| json::decode(page.root()));
        let page: ControllerPage = page.map_err(|fault| fault.to_string())?;
        all.extend(page.controllers.into_iter().map(|controller| controller.did));
        match page.next {
            // A ledger that goes round in circles is not followed there.
            Some(next) if after.is_none_or(|after| after < next) => after = Some(next),
            _ => return Ok(all),
        }
    }
}

/// Publishes what says more, on a fixed tick: how soon after a record a list changes tells nothing about the record.
async fn publish(inner: Arc<Inner>) {
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = inner.stopped() => return,
            _ = tick.tick() => {}
        }
        for which in inner.lists.take_dirty() {
            if let Err(error) = inner.sign_list(which).await {
                tracing::debug!(%error, "a list cannot be published now");
                inner.lists.changed([which]);
            }
        }
    }
}

/// By a name that no other has: a wallet with the metadata of an earlier process is told so.
fn decryption_key() -> Result<Option<DecryptionKey>, OpenError> {
    if !jwe::IS_BUILT_IN {
        return Ok(None);
    }
    let name = encode_hex(&random::bytes::<8>().map_err(StoreError::from)?);
    let key = DecryptionKey::generate(&name).map_err(OpenError::Encryption)?;
    Ok(Some(key))
}

fn make_folder(dir: &Path) -> Result<(), OpenError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let mut builder = std::fs::DirBuilder::new();
    builder
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|error| OpenError::Folder {
            path: dir.to_owned(),
            error,
        })
}
