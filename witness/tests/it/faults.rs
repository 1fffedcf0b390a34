//! Every step of an answer that fails, lost or persisted but errored; then a new start.

use std::sync::atomic::{AtomicBool, Ordering};

use placet_witness::{AddError, Fate, OpenError, STATE_FILE, Step, Watcher, When, Witness};
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use super::harness::{BEGIN, Log, ORIGIN, Served, clock, settings, watched};

/// Lets one step fail, once it is armed.
#[derive(Debug)]
struct FailAt {
    step: Step,
    when: When,
    armed: &'static AtomicBool,
}

impl Watcher for FailAt {
    fn reached(&self, step: Step, when: When) -> Fate {
        let here = (step, when) == (self.step, self.when);
        if here && self.armed.load(Ordering::Relaxed) {
            Fate::Fail
        } else {
            Fate::Live
        }
    }
}

fn switch() -> &'static AtomicBool {
    Box::leak(Box::new(AtomicBool::new(false)))
}

#[tokio::test]
async fn a_crash_around_the_commit_never_leads_to_a_second_history() {
    for (when, cosigned) in [(When::Before, 0), (When::Before, 5), (When::After, 0), (When::After, 5)] {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::new(ORIGIN, 1);
        let other = log.forked(6, 1);
        let armed = switch();
        let step = Step::Head;
        let served = Served::start(watched(settings(dir.path(), &[&log]), FailAt { step, when, armed })).await;
        if cosigned > 0 {
            assert_eq!(served.add(log.body(0, cosigned)).await.status, 200);
        }
        armed.store(true, Ordering::Relaxed);
        let reply = served.add(log.body(cosigned, 9)).await;
        assert_eq!(reply.status, 500, "{when:?}");
        assert!(!reply.body.contains('\u{2014}'), "no signature leaves: {reply:?}");
        served.stop().await;

        let served = Served::start(settings(dir.path(), &[&log])).await;
        match when {
            // Lost: nobody has a signature for 9, so another tree of that size is as good as the first.
            When::Before => {
                assert_eq!(served.add(other.body(cosigned, 9)).await.status, 200);
                assert_eq!(served.add(log.body(9, 9)).await.status, 422);
            }
            // Persisted: another tree is a fork from now on, and the same one gets what it did not get before.
            When::After => {
                let reply = served.add(log.body(cosigned, 9)).await;
                assert_eq!((reply.status, reply.body.as_str()), (409, "9\n"));
                assert_eq!(served.add(other.body(9, 9)).await.status, 422);
                let reply = served.add(log.body(9, 9)).await;
                assert_eq!(reply.status, 200);
                log.cosigned_at(9, &reply.body, &served.vkey());
            }
        }
        assert_eq!(served.witness.forks().await.unwrap().len(), 1);
        served.stop().await;
    }
}

#[tokio::test]
async fn a_fork_is_kept_before_it_is_answered_or_not_answered() {
    for (when, kept) in [(When::Before, 0), (When::After, 1)] {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::new(ORIGIN, 1);
        let fork = log.forked(2, 1);
        let armed = switch();
        let step = Step::Evidence;
        let served = Served::start(watched(settings(dir.path(), &[&log]), FailAt { step, when, armed })).await;
        assert_eq!(served.add(log.body(0, 5)).await.status, 200);
        armed.store(true, Ordering::Relaxed);
        assert_eq!(served.add(fork.body(5, 5)).await.status, 500);
        served.stop().await;

        let served = Served::start(settings(dir.path(), &[&log])).await;
        assert_eq!(served.witness.forks().await.unwrap().len(), kept, "{when:?}");
        assert_eq!(served.add(fork.body(5, 5)).await.status, 422);
        assert_eq!(served.witness.forks().await.unwrap().len(), 1);
        served.stop().await;
    }
}

#[tokio::test]
async fn a_clock_that_went_back_signs_nothing_until_it_is_right() {
    const DAY: u64 = 24 * 60 * 60;
    let dir = tempfile::tempdir().unwrap();
    let log = Log::new(ORIGIN, 1);
    let clock = clock();
    let mut settings = settings(dir.path(), &[&log]);
    settings.clock = clock.clone();
    let served = Served::start(settings.clone()).await;
    assert_eq!(served.add(log.body(0, 5)).await.status, 200);
    clock.set(BEGIN - 3);
    let small = served.add(log.body(5, 6)).await;
    assert_eq!(
        log.cosigned_at(6, &small.body, &served.vkey()),
        BEGIN,
        "times never decrease"
    );
    clock.set(BEGIN - DAY);
    for request in [log.body(6, 6), log.body(6, 7)] {
        assert_eq!(served.add(request).await.status, 503);
    }
    clock.set(BEGIN + 1);
    assert_eq!(served.add(log.body(6, 7)).await.status, 200);

    // The clock ran ahead by a day, and was mended: the operator says so.
    clock.set(BEGIN + DAY);
    assert_eq!(served.add(log.body(7, 8)).await.status, 200);
    clock.set(BEGIN + 2);
    assert_eq!(served.add(log.body(8, 9)).await.status, 503);
    served.stop().await;
    settings.forget_times = true;
    let served = Served::start(settings).await;
    let reply = served.add(log.body(8, 9)).await;
    assert_eq!(log.cosigned_at(9, &reply.body, &served.vkey()), BEGIN + 2);
    served.stop().await;
}

/// Runs a statement on the database of a witness that is not running.
async fn damage(dir: &tempfile::TempDir, sql: &'static str) {
    let options = SqliteConnectOptions::new().filename(dir.path().join(STATE_FILE));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let changed = sqlx::query(sql).execute(&mut connection).await.unwrap();
    assert_eq!(changed.rows_affected(), 1);
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_damaged_state_is_an_error_and_never_evidence() {
    for sql in [
        "UPDATE heads SET root = x'00'",
        "UPDATE heads SET size = size + 1",
        "UPDATE heads SET size = -1",
        "UPDATE heads SET note = 'x' || note",
        "UPDATE heads SET note = ''",
        "UPDATE heads SET cosigned_at = cosigned_at - 1",
        "UPDATE heads SET cosigned_at = cosigned_at + 1",
        "UPDATE heads SET cosignature = ''",
        "UPDATE heads SET origin = 'x' || origin",
    ] {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::new(ORIGIN, 1);
        let served = Served::start(settings(dir.path(), &[&log])).await;
        assert_eq!(served.add(log.body(0, 5)).await.status, 200);
        served.stop().await;
        damage(&dir, sql).await;
        match Witness::open(settings(dir.path(), &[&log])).await {
            Ok(opens) => opens.close().await,
            Err(error) => {
                assert!(matches!(error, OpenError::Damaged(_)), "{sql}: {error}");
                continue;
            }
        }
        let served = Served::start(settings(dir.path(), &[&log])).await;
        assert_eq!(served.add(log.body(5, 5)).await.status, 500, "{sql}");
        assert_eq!(served.add(log.body(5, 6)).await.status, 500, "{sql}");
        assert!(served.witness.forks().await.unwrap().is_empty(), "{sql}");
        served.stop().await;
    }
}

/// One bit after the other, all over the file: it does not start, or it answers with an error, or with what is true.
#[tokio::test]
async fn a_damaged_file_makes_a_witness_sign_nothing_false_and_accuse_nobody() {
    const FLIPS: usize = 64;
    let dir = tempfile::tempdir().unwrap();
    let log = Log::new(ORIGIN, 1);
    let served = Served::start(settings(dir.path(), &[&log])).await;
    assert_eq!(served.add(log.body(0, 5)).await.status, 200);
    let vkey = served.vkey();
    served.stop().await;
    let state = dir.path().join(STATE_FILE);
    let right = std::fs::read(&state).unwrap();
    let halves = [Vec::new(), right[..right.len() / 2].to_vec()];
    // A file that is mostly empty pages: the bits that are set are where something is.
    let set: Vec<usize> = (0..right.len()).filter(|at| right[*at] != 0).collect();
    let flipped = (0..FLIPS).map(|n| {
        let mut bytes = right.clone();
        bytes[set[(set.len() - 1) * n / (FLIPS - 1)]] ^= 1 << (n % 8);
        bytes
    });
    let (mut refused, mut errors) = (0, 0);
    for (n, bytes) in halves.into_iter().chain(flipped).enumerate() {
        for ending in ["-wal", "-shm"] {
            let _absent = std::fs::remove_file(dir.path().join(format!("{STATE_FILE}{ending}")));
        }
        std::fs::write(&state, bytes).unwrap();
        let Ok(witness) = Witness::open(settings(dir.path(), &[&log])).await else {
            refused += 1;
            continue;
        };
        match witness.add_checkpoint(log.body(5, 6).as_bytes()).await {
            Ok(line) => assert_eq!(log.cosigned_at(6, &line, &vkey), BEGIN, "{n}"),
            Err(AddError::Trouble(_)) => errors += 1,
            // Such as that it has forgotten the log, and would sign any beginning of it.
            Err(error) => panic!("{n}: {error}"),
        }
        // Forks that it cannot read are an error; none is made up.
        if let Ok(forks) = witness.forks().await {
            assert!(forks.is_empty(), "{n}: {forks:?}");
        }
        witness.close().await;
    }
    println!("{refused} did not start, {errors} answered with an error");
    assert!(refused >= 2 && errors > 0);
    // Mended.
    for ending in ["-wal", "-shm"] {
        let _absent = std::fs::remove_file(dir.path().join(format!("{STATE_FILE}{ending}")));
    }
    std::fs::write(&state, right).unwrap();
    let served = Served::start(settings(dir.path(), &[&log])).await;
    assert_eq!(served.add(log.body(5, 6)).await.status, 200);
    served.stop().await;
}
