//! What a ledger with a witness does when a step of it fails, or the process dies at it: keeping a cosignature, keeping a
//! withdrawal while nothing can be signed. (What witnesses are for is tested with real ones, in the integration tests.)

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use placet_kernel::checkpoint::{Checkpoint, cosign};
use placet_kernel::note::{SignatureType, UnverifiedNote, VerifierKey};
use placet_ledger::{
    Clock, Fate, Keys, Ledger, OpenError, Settings, Step, SubmitError, Surroundings, Watcher, When, WitnessSettings,
};
use placet_schemas::lifecycle::Phase;
use placet_wallet::keys::SoftwareKey;
use placet_wallet::records::withdraw;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::offers::clause;
use crate::world::{Brand, ORIGIN, TICK, World, p, person};

pub(crate) const NAME: &str = "w.example";

/// A witness that signs whatever it gets, and can be silent.
pub(crate) struct Yes {
    pub(crate) settings: WitnessSettings,
    silent: Arc<AtomicBool>,
    /// By how many seconds its clock is behind the node's.
    behind: Arc<AtomicU64>,
}

impl Yes {
    pub(crate) async fn start(world: &World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let key = SoftwareKey::ed25519_from_seed(&[9; 32]);
        let vkey = VerifierKey::of_signer(p(NAME), SignatureType::CosignatureV1, &key).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let silent = Arc::new(AtomicBool::new(false));
        let behind = Arc::new(AtomicU64::new(0));
        let (quiet, clock, late) = (Arc::clone(&silent), Arc::clone(&world.clock), Arc::clone(&behind));
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                if !quiet.load(Ordering::Relaxed)
                    && let Some(note) = read_note(&mut stream).await
                {
                    let checkpoint: Checkpoint = UnverifiedNote::parse(note.as_bytes())
                        .unwrap()
                        .unverified_text()
                        .parse()
                        .unwrap();
                    let time = clock.now().minus_seconds(late.load(Ordering::Relaxed)).unix();
                    let line = cosign(&checkpoint, &p(NAME), time, &key).unwrap();
                    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{line}", line.len());
                    // Whoever asked may be gone.
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            }
        });
        Self {
            settings: WitnessSettings::new(&vkey.to_string(), &url).unwrap(),
            silent,
            behind,
        }
    }

    pub(crate) fn is_behind(&self, seconds: u64) {
        self.behind.store(seconds, Ordering::Relaxed);
    }

    pub(crate) fn hush(&self, silent: bool) {
        self.silent.store(silent, Ordering::Relaxed);
    }
}

/// The note of an add-checkpoint request.
async fn read_note(stream: &mut TcpStream) -> Option<String> {
    let mut text = String::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        let read = stream.read(&mut buffer).await.unwrap();
        text.push_str(str::from_utf8(&buffer[..read]).unwrap());
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .unwrap();
            if body.len() == length.parse::<usize>().unwrap() {
                return Some(body.split_once("\n\n").unwrap().1.to_owned());
            }
        }
        if read == 0 {
            // Whoever asked has died meanwhile.
            return None;
        }
    }
}

/// Opens the world's ledger with this witness.
pub(crate) async fn open(world: &mut World, witness: &Yes) {
    world.ledger = try_open(world, witness).await.unwrap();
}

async fn try_open(world: &mut World, witness: &Yes) -> Result<Ledger, OpenError> {
    world.ledger.close().await;
    let settings = Settings {
        tick: TICK,
        witnesses: vec![witness.settings.clone()],
        ..Settings::new(p(ORIGIN), world.data())
    };
    let surroundings = Surroundings {
        clock: Arc::clone(&world.clock) as Arc<dyn Clock>,
        watcher: Arc::clone(&world.watcher) as Arc<dyn Watcher>,
    };
    let keys = Keys::load(&world.dir.path().join("keys")).unwrap();
    Ledger::open_in(settings, keys, surroundings).await
}

pub(crate) async fn soon(what: &str, so: impl AsyncFn() -> bool) {
    for _ in 0..2000 {
        if so().await {
            return;
        }
        tokio::time::sleep(TICK).await;
    }
    panic!("never: {what}");
}

#[tokio::test]
async fn a_cosignature_that_was_not_kept_is_asked_for_again() {
    for (when, fate) in [When::Before, When::After]
        .into_iter()
        .flat_map(|when| [(when, Fate::Fail), (when, Fate::Die)])
    {
        let mut world = World::empty().await;
        let witness = Yes::start(&world).await;
        world.ask(&Brand::named("cinema.example"), vec![clause("films")]).await;
        world.watcher.plan(Step::Cosigned, when, fate);
        // The first thing that it does is to ask; so it dies before it is open.
        let first = try_open(&mut world, &witness).await;
        assert_eq!(first.is_err(), fate == Fate::Die, "{when:?} {fate:?}");
        world.ledger = match first {
            Ok(ledger) => ledger,
            Err(_) => try_open(&mut world, &witness).await.unwrap(),
        };
        assert!(!world.watcher.is_due(), "{when:?} {fate:?} was never reached");
        soon("a witness confirms", async || world.ledger.is_ready()).await;
        let cosigned = async || {
            world
                .ledger
                .checkpoint()
                .lines()
                .filter(|line| line.contains(NAME))
                .count()
                == 1
        };
        soon("the checkpoint is cosigned", cosigned).await;
    }
}

#[tokio::test]
async fn a_withdrawal_that_was_answered_is_kept_whatever_happens_then() {
    for (when, fate) in [When::Before, When::After]
        .into_iter()
        .flat_map(|when| [(when, Fate::Fail), (when, Fate::Die)])
    {
        let mut world = World::empty().await;
        let witness = Yes::start(&world).await;
        let request = world.ask(&Brand::named("cinema.example"), vec![clause("films")]).await;
        let ada = person("ada");
        let granted = world.consent(&ada, &request).await;
        witness.hush(true);
        open(&mut world, &witness).await;
        let origin = p(ORIGIN);
        let ended = withdraw(&granted.state, None, &world.pen(&ada, &origin)).unwrap();
        world.watcher.plan(Step::Receive, when, fate);
        let first = world.ledger.submit(&ended.bytes).await.unwrap_err();
        assert!(
            matches!(first, SubmitError::Unavailable { .. }),
            "nobody was told that it is kept: {first:?}"
        );
        assert!(!world.watcher.is_due(), "{when:?} {fate:?} was never reached");
        open(&mut world, &witness).await;
        let kept = world.ledger.received_withdrawals().await.unwrap();
        assert_eq!(kept, u64::from(when == When::After), "{when:?} {fate:?}");
        // The same bytes again: kept once, with one word for it.
        let second = world.ledger.submit(&ended.bytes).await.unwrap_err();
        let third = world.ledger.submit(&ended.bytes).await.unwrap_err();
        assert!(
            matches!(&second, SubmitError::Received(_)) && second == third,
            "{second:?} {third:?}"
        );
        assert_eq!(world.ledger.received_withdrawals().await.unwrap(), 1);

        witness.hush(false);
        soon("the withdrawal is recorded", async || {
            world.ledger.received_withdrawals().await.unwrap() == 0
        })
        .await;
        let subject = placet_ledger::Party::Subject(ada.did());
        let view = world
            .ledger
            .consent(&subject, &granted.state.consent)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (view.state.phase, view.events.len()),
            (Phase::Withdrawn, 2),
            "{when:?} {fate:?}"
        );
    }
}
