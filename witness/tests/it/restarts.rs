//! What a witness knows after it was stopped, and when it refuses to start.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use placet_witness::{KEY_FILE, MAX_FORKS, OpenError, STATE_FILE, Witness};

use super::harness::{Log, ORIGIN, Served, settings};

#[tokio::test]
async fn a_restart_keeps_the_key_every_head_and_every_fork() {
    let dir = tempfile::tempdir().unwrap();
    let one = Log::new(ORIGIN, 1);
    let two = Log::new("two.example", 2);
    let served = Served::start(settings(dir.path(), &[&one, &two])).await;
    let vkey = served.vkey();
    assert_eq!(served.add(one.body(0, 5)).await.status, 200);
    assert_eq!(served.add(two.body(0, 9)).await.status, 200);
    assert_eq!(served.add(one.forked(1, 1).body(5, 5)).await.status, 422);
    let forks = served.witness.forks().await.unwrap();
    assert_eq!(forks.len(), 1);
    served.stop().await;

    let served = Served::start(settings(dir.path(), &[&one, &two])).await;
    assert_eq!(served.vkey(), vkey);
    assert_eq!(served.witness.forks().await.unwrap(), forks);
    assert_eq!(served.add(one.body(0, 6)).await.body, "5\n");
    assert_eq!(served.add(two.body(0, 9)).await.body, "9\n");
    assert_eq!(served.add(one.forked(1, 1).body(5, 5)).await.status, 422);
    let reply = served.add(one.body(5, 6)).await;
    one.cosigned_at(6, &reply.body, &vkey);
    served.stop().await;
}

#[tokio::test]
async fn several_logs_do_not_mix() {
    let dir = tempfile::tempdir().unwrap();
    let one = Log::new(ORIGIN, 1);
    let two = Log::new("two.example", 2);
    let served = Served::start(settings(dir.path(), &[&one, &two])).await;
    assert_eq!(served.add(one.body(0, 5)).await.status, 200);
    // The key of one says nothing about the other, and the head of one is not the head of the other.
    let mut crossed = two.clone();
    crossed.seed = one.seed;
    assert_eq!(served.add(crossed.body(0, 5)).await.status, 403);
    assert_eq!(served.add(two.body(5, 6)).await.body, "0\n");
    assert_eq!(served.add(two.body(0, 3)).await.status, 200);
    assert_eq!(served.add(one.body(3, 6)).await.body, "5\n");
    // The same size and other roots are no fork between two logs.
    assert_eq!(served.add(two.body(3, 5)).await.status, 200);
    assert!(served.witness.forks().await.unwrap().is_empty());
    served.stop().await;

    // A log that is not watched any more is unknown, and known with its head when it is watched again.
    let served = Served::start(settings(dir.path(), &[&two])).await;
    assert_eq!(served.add(one.body(5, 6)).await.status, 404);
    served.stop().await;
    let served = Served::start(settings(dir.path(), &[&one])).await;
    assert_eq!(served.add(one.forked(2, 1).body(5, 5)).await.status, 422);
    served.stop().await;
}

#[tokio::test]
async fn a_key_without_its_state_signs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::new(ORIGIN, 1);
    let open = || Witness::open(settings(dir.path(), &[&log]));
    let served = Served::start(settings(dir.path(), &[&log])).await;
    assert_eq!(served.add(log.body(0, 5)).await.status, 200);
    served.stop().await;
    let (key, state) = (dir.path().join(KEY_FILE), dir.path().join(STATE_FILE));
    let (key_away, state_away) = (dir.path().join("away.key"), dir.path().join("away.db"));

    fs::rename(&state, &state_away).unwrap();
    assert!(matches!(open().await, Err(OpenError::StateLost { .. })));
    assert!(!state.exists(), "a second start would take a fresh one for the old one");
    fs::write(&state, "").unwrap();
    for _ in 0..2 {
        assert!(
            matches!(open().await, Err(OpenError::StateLost { .. })),
            "an empty state"
        );
    }
    fs::rename(&state_away, &state).unwrap();

    fs::rename(&key, &key_away).unwrap();
    assert!(matches!(open().await, Err(OpenError::KeyLost(_))));
    fs::write(&key, "11".repeat(32)).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(matches!(open().await, Err(OpenError::OtherIdentity { .. })));
    fs::rename(&key_away, &key).unwrap();

    let mut renamed = settings(dir.path(), &[&log]);
    renamed.name = "witness.example/w2".parse().unwrap();
    let refused = Witness::open(renamed).await;
    assert!(matches!(refused, Err(OpenError::OtherIdentity { .. })));
    open().await.unwrap().close().await;
}

#[tokio::test]
async fn a_first_start_that_broke_off_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::new(ORIGIN, 1);
    // The crash came after the database file was made.
    fs::write(dir.path().join(STATE_FILE), "").unwrap();
    let witness = Witness::open(settings(dir.path(), &[&log])).await.unwrap();
    let first = witness.vkey().clone();
    witness.close().await;
    // It came before the key had a file, and nothing can have been signed.
    fs::remove_file(dir.path().join(KEY_FILE)).unwrap();
    fs::write(dir.path().join("witness.key.new"), "half of a k").unwrap();
    let served = Served::start(settings(dir.path(), &[&log])).await;
    assert_ne!(served.vkey(), first);
    let mode = fs::metadata(dir.path().join(KEY_FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let reply = served.add(log.body(0, 5)).await;
    log.cosigned_at(5, &reply.body, &served.vkey());
    served.stop().await;
}

#[tokio::test]
async fn a_log_that_forks_without_end_does_not_fill_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::new(ORIGIN, 1);
    let served = Served::start(settings(dir.path(), &[&log])).await;
    assert_eq!(served.add(log.body(0, 5)).await.status, 200);
    for way in 1..=u8::try_from(MAX_FORKS + 5).unwrap() {
        let body = log.forked(2, way).body(5, 5);
        assert!(served.witness.add_checkpoint(body.as_bytes()).await.is_err());
    }
    let forks = served.witness.forks().await.unwrap();
    assert_eq!(forks.len(), usize::try_from(MAX_FORKS).unwrap());
    served.stop().await;
}
