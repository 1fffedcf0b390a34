//! Every status of C2SP tlog-witness, "add-checkpoint", with each of its causes.

use super::harness::{BEGIN, Log, ORIGIN, Served, body, clock, settings, with_broken_signature};

async fn serve(log: &Log, dir: &tempfile::TempDir) -> Served {
    Served::start(settings(dir.path(), &[log])).await
}

#[tokio::test]
async fn what_continues_the_last_checkpoint_is_cosigned() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::new(ORIGIN, 1);
    let served = serve(&log, &dir).await;
    let mut old = 0;
    for size in [0, 1, 2, 3, 4, 7, 8, 9, 64, 64, 65, 127, 200] {
        let reply = served.add(log.body(old, size)).await;
        assert_eq!((reply.status, old), (200, old), "{size}: {reply:?}");
        assert!(reply.body.starts_with("\u{2014} witness.example/w1 "), "{reply:?}");
        assert_eq!(log.cosigned_at(size, &reply.body, &served.vkey()), BEGIN);
        old = size;
    }
    assert!(served.witness.forks().await.unwrap().is_empty());
    served.stop().await;
}

#[tokio::test]
async fn the_same_tree_again_is_cosigned_with_the_time_of_now() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::new(ORIGIN, 1);
    let clock = clock();
    let mut settings = settings(dir.path(), &[&log]);
    settings.clock = clock.clone();
    let served = Served::start(settings).await;
    let first = served.add(log.body(0, 5)).await;
    assert_eq!(served.add(log.body(5, 5)).await, first, "a replay within the second");
    clock.set(BEGIN + 60);
    let later = served.add(log.body(5, 5)).await;
    assert_eq!(log.cosigned_at(5, &later.body, &served.vkey()), BEGIN + 60);
    served.stop().await;
}

#[tokio::test]
async fn whoever_is_behind_or_ahead_is_told_the_true_size() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::new(ORIGIN, 1);
    let served = serve(&log, &dir).await;
    for (old, size, truth) in [(3, 5, "0\n"), (5, 5, "0\n")] {
        let reply = served.add(log.body(old, size)).await;
        assert_eq!((reply.status, reply.body.as_str()), (409, truth));
    }
    assert_eq!(served.add(log.body(0, 10)).await.status, 200);
    // Also a checkpoint from before, and also with a proof that is none.
    let wrong = body(3, &[], &log.note(12));
    for request in [
        log.body(0, 12),
        log.body(3, 12),
        log.body(11, 12),
        log.body(0, 4),
        log.body(4, 4),
        wrong,
    ] {
        let reply = served.add(request).await;
        assert_eq!(reply.status, 409);
        assert_eq!(reply.content_type, "text/x.tlog.size");
        assert_eq!(reply.body, "10\n");
    }
    assert_eq!(served.add(log.body(10, 12)).await.status, 200);
    served.stop().await;
}

#[tokio::test]
async fn a_log_that_is_not_known_is_not_found() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::new(ORIGIN, 1);
    let served = serve(&log, &dir).await;
    for origin in ["other.example", "ledger.example/placet2", "ledger.example"] {
        // The key is known; the origin decides.
        assert_eq!(served.add(Log::new(origin, 1).body(0, 1)).await.status, 404);
    }
    // An origin that could not be configured here is unknown too, whatever else its checkpoint says.
    let foreign = log.sign_text("a+b\n1\nAAAA\nextension\n");
    assert_eq!(served.add(body(0, &[], &foreign)).await.status, 404);
    served.stop().await;
}

#[tokio::test]
async fn without_a_signature_of_the_log_nothing_is_cosigned() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::new(ORIGIN, 1);
    let other = Log::new(ORIGIN, 2);
    let served = serve(&log, &dir).await;
    let good = log.note(3);
    let broken = with_broken_signature(&good);
    let broken_line = broken.lines().last().unwrap();
    let forged = good.replace("\n3\n", "\n4\n");
    for (note, why) in [
        (other.note(3), "only an unknown key"),
        (broken.clone(), "a known key's signature that fails"),
        (format!("{good}{broken_line}\n"), "one that holds and one that fails"),
        (forged, "the signature of another text"),
    ] {
        assert_eq!(served.add(body(0, &[], &note)).await.status, 403, "{why}");
    }
    // Signatures of unknown keys are skipped, also broken ones: keys rotate, and other witnesses sign too.
    let unknown = with_broken_signature(&other.note(3));
    let note = format!("{good}{}\n", unknown.lines().last().unwrap());
    let reply = served.add(body(0, &[], &note)).await;
    assert_eq!(reply.status, 200);
    assert_eq!(log.cosigned_at(3, &reply.body, &served.vkey()), BEGIN);
    served.stop().await;
}

#[tokio::test]
async fn an_old_size_beyond_the_new_one_is_malformed() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::new(ORIGIN, 1);
    let served = serve(&log, &dir).await;
    assert_eq!(served.add(log.body(0, 10)).await.status, 200);
    for old in [6, 10, 11, u64::MAX] {
        assert_eq!(served.add(body(old, &[], &log.note(5))).await.status, 400, "{old}");
    }
    served.stop().await;
}

#[tokio::test]
async fn a_proof_that_proves_nothing_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::new(ORIGIN, 1);
    let served = serve(&log, &dir).await;
    let hash = log.proof(5, 9)[0].clone();
    let first = body(0, std::slice::from_ref(&hash), &log.note(5));
    assert_eq!(served.add(first).await.status, 422, "a proof from nothing");
    assert_eq!(served.add(log.body(0, 5)).await.status, 200);

    let good = log.proof(5, 9);
    let mut swapped = good.clone();
    swapped.reverse();
    let longer = [good.as_slice(), std::slice::from_ref(&hash)].concat();
    for (proof, why) in [
        (Vec::new(), "none"),
        (good[1..].to_vec(), "too short"),
        (longer, "too long"),
        (swapped, "another order"),
        (log.forked(3, 1).proof(5, 9), "of another tree"),
        (vec![hash.clone(); good.len()], "made up"),
    ] {
        assert_eq!(served.add(body(5, &proof, &log.note(9))).await.status, 422, "{why}");
    }
    assert_eq!(
        served.add(body(5, &[hash], &log.note(5))).await.status,
        422,
        "same size"
    );
    // A true proof of a tree that forked below the last checkpoint.
    assert_eq!(served.add(log.forked(3, 1).body(5, 9)).await.status, 422);
    assert_eq!(
        served.add(log.body(5, 9)).await.status,
        200,
        "nothing of that moved the head"
    );
    served.stop().await;
}

#[tokio::test]
async fn a_tree_without_leaves_has_one_root() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::new(ORIGIN, 1);
    let served = serve(&log, &dir).await;
    let wrong = log
        .note(0)
        .split('\n')
        .take(3)
        .map(|line| format!("{line}\n"))
        .collect::<String>();
    let wrong = wrong.replace("47DEQpj8", "47DEQpj9");
    assert_ne!(wrong, log.note(0));
    let signed = log.sign_text(&wrong);
    assert_eq!(served.add(body(0, &[], &signed)).await.status, 422);
    let by_another = Log::new(ORIGIN, 2).sign_text(&wrong);
    assert_eq!(served.add(body(0, &[], &by_another)).await.status, 403);
    assert_eq!(served.add(log.body(0, 0)).await.status, 200);
    served.stop().await;
}

#[tokio::test]
async fn a_second_root_of_one_size_is_refused_and_both_notes_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::new(ORIGIN, 1);
    let fork = log.forked(2, 1);
    let served = serve(&log, &dir).await;
    assert_eq!(served.add(log.body(0, 5)).await.status, 200);
    let refused = served.add(fork.body(5, 5)).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("another root for size 5"), "{refused:?}");
    // The answer to one who is behind stays 409, and the fork is one all the same.
    assert_eq!(served.add(log.forked(2, 2).body(0, 5)).await.status, 409);
    assert_eq!(served.add(fork.body(5, 5)).await.status, 422, "again");
    // A proof that does not belong there does not hide it either.
    let with_proof = body(5, &log.proof(5, 9), &log.forked(2, 3).note(5));
    assert_eq!(served.add(with_proof).await.status, 422);

    let forks = served.witness.forks().await.unwrap();
    assert_eq!(forks.len(), 3);
    for kept in &forks {
        assert_eq!((kept.origin.as_str(), kept.size, kept.seen_at), (ORIGIN, 5, BEGIN));
        assert_eq!(kept.held_note, log.note(5));
    }
    assert!(forks.iter().any(|kept| kept.other_note == fork.note(5)));
    assert_eq!(served.add(log.body(5, 6)).await.status, 200, "the head is what it was");
    served.stop().await;
}
