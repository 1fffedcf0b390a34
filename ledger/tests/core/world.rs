//! A brand, a request, people, a clock and a watcher.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use placet_kernel::code::WithdrawalCode;
use placet_ledger::{
    Clock, Fate, Keys, Ledger, OpenError, Recorded, Registration, Settings, Step, SubmitError, Surroundings, Watcher,
    When,
};
use placet_schemas::api::RecordAnswer;
use placet_schemas::id::{Did, DidUrl, Digest, Origin};
use placet_schemas::json;
use placet_schemas::record::consent::{Anchor, Strength};
use placet_schemas::record::keys::{DidDocument, KeySource, Multikey, VerificationMethod};
use placet_schemas::record::request::Supersedes;
use placet_schemas::record::{CanonicalRecord, Invitation, Record};
use placet_schemas::scope::Clause;
use placet_schemas::time::Timestamp;
use placet_wallet::Pen;
use placet_wallet::acknowledgement::{Acknowledged, LogTrust, check_acknowledgement};
use placet_wallet::brand as brands;
use placet_wallet::keys::SoftwareKey;
use placet_wallet::records::{Built, GrantChoice, Showing, grant};
use placet_wallet::sight::Sight;

use crate::offers::offer;

/// Whose key may order a destruction, besides a brand's.
pub(crate) const AUTHORITY: &str = "authority";
pub(crate) const ORIGIN: &str = "ledger.example/log";
/// 2026-11-22T05:00:00Z
const START: u64 = 1_795_323_600;
/// Short, so that tests do not wait; what a tick means is the same.
pub(crate) const TICK: Duration = Duration::from_millis(5);

/// A ledger in a folder of its own.
pub(crate) struct World {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) watcher: Arc<Script>,
    pub(crate) ledger: Ledger,
    pub(crate) head_file: bool,
    names: AtomicU64,
}

/// A brand that can sign.
pub(crate) struct Brand {
    pub(crate) did: Did,
    pub(crate) method: DidUrl,
    pub(crate) key: SoftwareKey,
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub(crate) struct TestClock(AtomicU64);

/// Makes steps end otherwise than well, one after the other and each once; or holds the writer up.
#[derive(Debug, Default)]
pub(crate) struct Script {
    planned: Mutex<VecDeque<(Step, When, Fate)>>,
    held: Mutex<bool>,
    stands: AtomicBool,
    released: Condvar,
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

impl TestClock {
    pub(crate) fn pass(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }

    pub(crate) fn set_back(&self, seconds: u64) {
        self.0.fetch_sub(seconds, Ordering::Relaxed);
    }
}

impl Watcher for Script {
    fn reached(&self, step: Step, when: When) -> Fate {
        if step == Step::Keyring {
            // The writer has a thread of its own, which may stand still.
            let held = self.held.lock().unwrap();
            self.stands.store(*held, Ordering::SeqCst);
            drop(self.released.wait_while(held, |held| *held).unwrap());
        }
        let mut planned = self.planned.lock().unwrap();
        match planned.front().copied() {
            Some((at, side, fate)) if (at, side) == (step, when) => {
                planned.pop_front();
                fate
            }
            _ => Fate::Live,
        }
    }
}

impl Script {
    pub(crate) fn plan(&self, step: Step, when: When, fate: Fate) {
        *self.planned.lock().unwrap() = VecDeque::from([(step, when, fate)]);
    }

    /// This as well, once all that was planned before has happened.
    pub(crate) fn plan_next(&self, step: Step, when: When, fate: Fate) {
        self.planned.lock().unwrap().push_back((step, when, fate));
    }

    /// From here on no batch gets further than to its first step, until it is told otherwise.
    pub(crate) fn hold(&self, held: bool) {
        *self.held.lock().unwrap() = held;
        self.released.notify_all();
    }

    /// Whether a batch stands there.
    pub(crate) fn stands(&self) -> bool {
        self.stands.load(Ordering::SeqCst)
    }

    /// Whether the planned thing has not happened yet.
    pub(crate) fn is_due(&self) -> bool {
        !self.planned.lock().unwrap().is_empty()
    }
}

impl World {
    /// An empty ledger.
    pub(crate) async fn empty() -> Self {
        Self::made(false).await
    }

    /// An empty ledger with a head file beside its folder.
    pub(crate) async fn with_head_file() -> Self {
        Self::made(true).await
    }

    async fn made(head_file: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Keys::generate(&dir.path().join("keys")).unwrap();
        let clock = Arc::new(TestClock(AtomicU64::new(START)));
        let watcher = Arc::new(Script::default());
        let ledger = open(dir.path(), head_file, &clock, &watcher).await.unwrap();
        Self {
            dir,
            clock,
            watcher,
            ledger,
            head_file,
            names: AtomicU64::new(0),
        }
    }

    /// Closes the ledger and opens it again.
    pub(crate) async fn reopen(&mut self) {
        self.ledger.close().await;
        self.ledger = self.try_open().await.unwrap();
    }

    /// Opens the ledger, which must be closed.
    pub(crate) async fn try_open(&self) -> Result<Ledger, OpenError> {
        open(self.dir.path(), self.head_file, &self.clock, &self.watcher).await
    }

    /// Waits until everything that is committed is published, so that a planned fate meets the next record and no other.
    pub(crate) async fn published(&self) -> String {
        for _ in 0..1000 {
            let note = self.ledger.checkpoint();
            if note.split('\n').nth(1) == Some(&self.ledger.size().to_string()) {
                return note;
            }
            tokio::time::sleep(TICK).await;
        }
        panic!("the log was never published");
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// 16 bytes that come only once, and, as random ones do, begin like no others.
    pub(crate) fn fresh(&self) -> [u8; 16] {
        let count = self.names.fetch_add(1, Ordering::Relaxed);
        *Digest::of(&count.to_be_bytes()).as_bytes().first_chunk().unwrap()
    }

    pub(crate) fn pen<'a>(&self, key: &'a SoftwareKey, origin: &'a Origin) -> Pen<'a> {
        Pen {
            origin,
            key,
            random: self.fresh(),
            now: self.now(),
        }
    }

    pub(crate) async fn register(&self, brand: &Brand) -> Recorded {
        self.ledger.register_controller(brand.registration()).await.unwrap()
    }

    /// Registers the brand, stores its notices, and records its request for these clauses.
    pub(crate) async fn ask(&self, brand: &Brand, clauses: Vec<Clause>) -> Record {
        self.register(brand).await;
        self.ask_again(brand, clauses, None).await
    }

    /// Stores notices and records a request of a brand that has registered.
    pub(crate) async fn ask_again(&self, brand: &Brand, clauses: Vec<Clause>, earlier: Option<Digest>) -> Record {
        let request = self.request(brand, clauses, earlier).await;
        self.ledger.submit(&request.bytes).await.unwrap();
        request.record
    }

    /// Stores the notices of a request and signs it.
    pub(crate) async fn request(
        &self,
        brand: &Brand,
        clauses: Vec<Clause>,
        earlier: Option<Digest>,
    ) -> CanonicalRecord {
        let (mut body, notices) = offer(brand, clauses);
        body.supersedes = earlier.map(|request| Supersedes {
            request,
            material: true,
        });
        for notice in &notices {
            assert_eq!(self.ledger.add_notice(&notice.bytes).await.unwrap(), notice.digest());
        }
        let origin = p(ORIGIN);
        brands::request(body, &notices, brand.signer(), &self.pen(&brand.key, &origin)).unwrap()
    }

    pub(crate) async fn invite(&self, request: &Record) -> Invitation {
        let mut invited = self
            .ledger
            .invite(&request.digest(), Duration::from_secs(3600), 1)
            .await
            .unwrap();
        invited.pop().unwrap().invitation
    }

    /// A yes of this person to all clauses of a request, by an invitation made for her.
    pub(crate) async fn yes(&self, person: &SoftwareKey, request: &Record) -> Built {
        let invitation = self.invite(request).await;
        self.yes_by(person, request, &invitation)
    }

    /// A yes by this invitation.
    pub(crate) fn yes_by(&self, person: &SoftwareKey, request: &Record, invitation: &Invitation) -> Built {
        self.yes_with(person, request, invitation, &WithdrawalCode::from_random(self.fresh()))
    }

    /// A yes with this withdrawal code.
    pub(crate) fn yes_with(
        &self,
        person: &SoftwareKey,
        request: &Record,
        invitation: &Invitation,
        code: &WithdrawalCode,
    ) -> Built {
        let selected: Vec<Digest> = clauses_of(request).iter().map(Clause::digest).collect();
        let (origin, language, page) = (p(ORIGIN), p("en"), p("test 1"));
        let showing = showing(request, &language, &page, self.anchor());
        let choice = GrantChoice {
            showing,
            invitation,
            selected: &selected,
        };
        grant(&choice, code, &self.pen(person, &origin)).unwrap()
    }

    /// Records a yes and gives the consent.
    pub(crate) async fn consent(&self, person: &SoftwareKey, request: &Record) -> Built {
        let built = self.yes(person, request).await;
        self.ledger.submit(&built.bytes).await.unwrap();
        built
    }

    /// What a wallet that has just looked would name as its anchor.
    pub(crate) fn anchor(&self) -> Anchor {
        let note = self.ledger.checkpoint();
        let mut sight = Sight::restore(&note, &self.trust()).unwrap();
        if self.ledger.size() == 0 {
            sight = Sight::default();
        }
        sight.anchor()
    }

    /// The ledger's keys, as a wallet pins them.
    pub(crate) fn trust(&self) -> LogTrust {
        let identity = self.ledger.identity();
        LogTrust::new(
            identity.origin.clone(),
            &[&identity.checkpoint_vkey],
            std::slice::from_ref(&identity.operator),
        )
        .unwrap()
    }

    /// Checks an answer as a wallet does: signature, salt, leaf, proof, checkpoint, consent.
    pub(crate) fn check(&self, recorded: &Recorded) -> Acknowledged {
        let answer = answer_of(recorded);
        check_acknowledgement(&recorded.record, &answer, &self.trust(), &Sight::default()).unwrap()
    }

    /// The code of the refusal of these bytes.
    pub(crate) async fn refusal(&self, bytes: &[u8]) -> &'static str {
        let size = self.ledger.size();
        let code = refusal(self.ledger.submit(bytes).await);
        assert_eq!(self.ledger.size(), size, "a refused record costs no index");
        code
    }
}

impl Brand {
    pub(crate) fn named(host: &str) -> Self {
        let did: Did = p(&format!("did:web:{host}"));
        let key = SoftwareKey::ed25519_from_seed(Digest::of(host.as_bytes()).as_bytes());
        Self {
            method: p(&format!("{did}#key-1")),
            did,
            key,
        }
    }

    /// The same brand with another key.
    pub(crate) fn rotated(&self, label: &str) -> Self {
        let key = SoftwareKey::ed25519_from_seed(Digest::of(label.as_bytes()).as_bytes());
        Self {
            method: p(&format!("{}#{label}", self.did)),
            did: self.did.clone(),
            key,
        }
    }

    pub(crate) fn signer(&self) -> brands::Brand<'_> {
        brands::Brand {
            did: &self.did,
            method: &self.method,
        }
    }

    pub(crate) fn registration(&self) -> Registration {
        let method = VerificationMethod {
            id: self.method.clone(),
            r#type: Multikey::Multikey,
            controller: self.did.clone(),
            public_key_multibase: self.key.public_key().to_multibase(),
        };
        let document = DidDocument::new(self.did.clone(), vec![method]).unwrap();
        Registration {
            did: self.did.clone(),
            legal_name: p("Example Cinema plc"),
            source: KeySource::Supplied,
            document_digest: Digest::of(&json::to_jcs(&document).unwrap()),
            document,
        }
    }
}

pub(crate) fn p<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

pub(crate) fn person(label: &str) -> SoftwareKey {
    SoftwareKey::ed25519_from_seed(Digest::of(format!("person {label}").as_bytes()).as_bytes())
}

pub(crate) fn answer_of(recorded: &Recorded) -> RecordAnswer {
    let document = json::parse_canonical(&recorded.answer, 1 << 20).unwrap();
    json::decode(document.root()).unwrap()
}

pub(crate) fn refusal<T: Debug>(result: Result<T, SubmitError>) -> &'static str {
    match result {
        Err(SubmitError::Refused { code, .. }) => code,
        other => panic!("not refused: {other:?}"),
    }
}

pub(crate) fn clauses_of(request: &Record) -> &[Clause] {
    match &request.body {
        placet_schemas::record::Body::ConsentRequest(body) => body.clauses.clauses(),
        other => panic!("no request: {other:?}"),
    }
}

pub(crate) fn showing<'a>(
    request: &'a Record,
    language: &'a placet_schemas::id::Language,
    page: &'a placet_schemas::text::Text,
    anchor: Anchor,
) -> Showing<'a> {
    Showing {
        request,
        language,
        explicit: &[],
        valid_until: None,
        strength: Strength::SubjectKey,
        anchor,
        page,
    }
}

async fn open(dir: &Path, head_file: bool, clock: &Arc<TestClock>, watcher: &Arc<Script>) -> Result<Ledger, OpenError> {
    let mut settings = Settings::new(p(ORIGIN), dir.join("data"));
    settings.tick = TICK;
    settings.head_file = head_file.then(|| dir.join("head"));
    settings.authorities = vec![person(AUTHORITY).did()];
    let surroundings = Surroundings {
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        watcher: Arc::clone(watcher) as Arc<dyn Watcher>,
    };
    Ledger::open_in(settings, Keys::load(&dir.join("keys")).unwrap(), surroundings).await
}
