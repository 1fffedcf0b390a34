//! Requests that come at the same time: the head is replaced once.

use super::harness::{Log, ORIGIN, Served, settings};

/// Rounds of each race. Which of two comes first is up to the machine.
const ROUNDS: u64 = 25;

/// Sends different trees of one size to the witnesses at once; gives how many were cosigned.
async fn race(bodies: Vec<(&Served, String)>) -> usize {
    let calls = bodies.into_iter().map(|(served, body)| {
        let witness = served.address;
        tokio::spawn(async move { super::harness::call(witness, "POST", "/add-checkpoint", body.as_bytes()).await })
    });
    let mut cosigned = 0;
    for call in calls.collect::<Vec<_>>() {
        let reply = call.await.unwrap();
        match reply.status {
            200 => cosigned += 1,
            status => assert!([409, 422].contains(&status), "{reply:?}"),
        }
    }
    cosigned
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_roots_for_one_size_at_once_exactly_one_is_cosigned() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..ROUNDS {
        // A log of its own each round, so that the first checkpoint of a log is raced for too.
        let log = Log::new(&format!("{ORIGIN}{round}"), 1);
        let mut settings = settings(dir.path(), &[&log]);
        settings.dir = dir.path().join(round.to_string());
        std::fs::create_dir(&settings.dir).unwrap();
        let served = Served::start(settings).await;
        let fork = log.forked(0, 7);
        let both = vec![(&served, log.body(0, 5)), (&served, fork.body(0, 5))];
        assert_eq!(race(both).await, 1);

        let known = served.witness.forks().await.unwrap();
        assert_eq!(known.len(), 1, "the other one is evidence");
        let winner = if known[0].held_note == log.note(5) { &log } else { &fork };
        let both = vec![
            (&served, winner.body(5, 9)),
            (&served, winner.forked(6, 1).body(5, 9)),
            (&served, winner.forked(6, 2).body(5, 9)),
        ];
        assert_eq!(race(both).await, 1);
        assert_eq!(served.witness.forks().await.unwrap().len(), 3);
        served.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_on_one_folder_cosign_one_history() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::new(ORIGIN, 1);
    let one = Served::start(settings(dir.path(), &[&log])).await;
    let two = Served::start(settings(dir.path(), &[&log])).await;
    assert_eq!(one.vkey(), two.vkey());
    let mut now = log.clone();
    let mut size = 0;
    for way in 1..=u8::try_from(ROUNDS).unwrap() {
        let next = size + 3;
        let fork = now.forked(usize::try_from(size).unwrap(), way);
        let both = vec![(&one, now.body(size, next)), (&two, fork.body(size, next))];
        assert_eq!(race(both).await, 1, "size {next}");
        let forks = one.witness.forks().await.unwrap();
        let held = &forks.iter().find(|fork| fork.size == next).unwrap().held_note;
        if *held == fork.note(next) {
            now = fork;
        }
        size = next;
    }
    one.stop().await;
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_smaller_tree_never_follows_a_larger_one() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::new(ORIGIN, 1);
    let served = Served::start(settings(dir.path(), &[&log])).await;
    let mut size = 0;
    for _ in 0..ROUNDS {
        // The race of the specification: size + 1 and size + 2 are both consistent with the head.
        let both = vec![(&served, log.body(size, size + 1)), (&served, log.body(size, size + 2))];
        assert_eq!(race(both).await, 1);
        let told: u64 = served.add(log.body(0, 199)).await.body.trim().parse().unwrap();
        assert!(told == size + 1 || told == size + 2);
        size = told;
    }
    served.stop().await;
}
