//! Access reports: whose batches are recorded, which lines are kept, who reads them, and when they go.

mod stage;

use std::collections::BTreeSet;
use std::fs;

use placet_kernel::jws;
use placet_ledger::{Fate, Party, Step, Traces, When, backup, inspect_restored};
use placet_schemas::api::{ACCESS_LINE_RETENTION, DESTRUCTION_ORDER_TYP, MAX_ACCESS_PAGE, OrderClaims};
use placet_schemas::id::Digest;
use placet_schemas::json;
use placet_schemas::record::consent::ErasureGround;
use placet_schemas::record::{CanonicalRecord, Kind};

use stage::Stage;

use crate::offers::clause;
use crate::reports::{Report, Verifier};
use crate::world::{Brand, ORIGIN, TICK, p, person, refusal};

const DAY: u64 = 86_400;

#[tokio::test]
async fn a_batch_is_an_item_of_its_brands_feed_and_of_no_consent() {
    let stage = Stage::set().await;
    let report = stage.report(1);
    let ledger = &stage.world.ledger;
    let recorded = ledger.submit(&report.record).await.unwrap();
    stage.world.check(&recorded);
    let again = ledger.submit(&report.record).await.unwrap();
    assert_eq!((again.replay, &again.answer), (true, &recorded.answer));
    let feed = ledger.feed(&stage.brand.did, 0, 256).await.unwrap().unwrap();
    let last = feed.items.last().unwrap();
    let record = CanonicalRecord::parse(last.opening().unwrap().1).unwrap().record;
    assert_eq!((last.index, record.kind()), (recorded.index, Kind::AccessBatch));
    let who = Party::Controller(stage.brand.did.clone());
    let consent = ledger.consent(&who, &stage.consent()).await.unwrap().unwrap();
    assert_eq!(consent.events.len(), 1);
    assert!(ledger.evidence(&who, &stage.consent(), None).await.unwrap().is_some());
    assert_eq!(stage.damaged().await, BTreeSet::new());
}

/// The public may send records, so nothing but the brand's word keeps strangers from filling its feed.
#[tokio::test]
async fn only_a_verifier_that_a_registered_brand_authorized_has_its_batches_recorded() {
    let stage = Stage::set().await;
    let world = &stage.world;
    let (entries, root) = (1, Digest::of(b"root"));
    let stranger = Verifier {
        key: person("stranger"),
        controller: stage.brand.did.clone(),
        authorization: stage.verifier.authorization.clone(),
    };
    assert_eq!(
        world.refusal(&stranger.batch(world, entries, root)).await,
        "wrong_signer"
    );
    let bogus = Brand::named("cinema.example").rotated("key-1");
    let bogus = Verifier::of(
        &Brand {
            key: person("stranger"),
            ..bogus
        },
        world,
    );
    assert_eq!(
        world.refusal(&bogus.batch(world, entries, root)).await,
        "bad_authorization"
    );
    let unregistered = Verifier::of(&Brand::named("museum.example"), world);
    let code = world.refusal(&unregistered.batch(world, entries, root)).await;
    assert_eq!(code, "controller_unknown");
    let other = Brand::named("museum.example");
    world.register(&other).await;
    let borrowed = Verifier {
        controller: other.did.clone(),
        ..Verifier::of(&stage.brand, world)
    };
    assert_eq!(
        world.refusal(&borrowed.batch(world, entries, root)).await,
        "bad_authorization"
    );
    world.clock.pass(366 * DAY);
    let late = stage.verifier.batch(world, entries, root);
    assert_eq!(
        world.refusal(&late).await,
        "bad_authorization",
        "the brand's word is over"
    );
}

/// The brand's keys count that are in force where the batch stands.
#[tokio::test]
async fn a_brand_with_new_keys_authorizes_its_verifiers_anew() {
    let stage = Stage::set().await;
    let world = &stage.world;
    let rotated = stage.brand.rotated("key-2");
    world.register(&rotated).await;
    let root = Digest::of(b"root");
    assert_eq!(
        world.refusal(&stage.verifier.batch(world, 1, root)).await,
        "bad_authorization"
    );
    let anew = Verifier::of(&rotated, world);
    world.ledger.submit(&anew.batch(world, 1, root)).await.unwrap();
    assert_eq!(stage.damaged().await, BTreeSet::new());
}

#[tokio::test]
async fn a_person_reads_her_own_with_all_that_proves_them() {
    let stage = Stage::set().await;
    let world = &stage.world;
    let both = vec![
        stage.verifier.line(world, Some(stage.consent())),
        stage.verifier.line(world, Some(stage.bob.state.consent)),
    ];
    let (first, kept) = stage.verifier.tell(world, both).await;
    assert_eq!((kept.kept, kept.refused), (2, vec![]));
    let (second, _) = stage
        .verifier
        .tell(world, stage.report(2).lines.into_iter().map(|l| l.line).collect())
        .await;
    world.published().await;

    let page = stage.page(None, MAX_ACCESS_PAGE).await;
    let accesses = stage.judge(&page);
    let places: Vec<_> = page.accesses.iter().map(|view| (view.batch.index, view.seq)).collect();
    assert_eq!(places, [(first.index, 1), (second.index, 1), (second.index, 2)]);
    assert!(
        accesses
            .iter()
            .all(|access| access.line.consent == Some(stage.consent()))
    );
    assert!(
        accesses
            .iter()
            .all(|access| access.legal_name.as_str() == "Example Cinema plc")
    );
    assert!(accesses.iter().all(|access| access.existed_by.is_some()));
    assert_eq!((page.keys.len(), page.next), (1, None));

    // The same, one by one.
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = stage.page(after, 1).await;
        stage.judge(&page);
        seen.extend(page.accesses.iter().map(|view| (view.batch.index, view.seq)));
        let Some(next) = page.next else { break };
        let (batch, seq) = next.split_once('.').unwrap();
        after = Some((batch.parse().unwrap(), seq.parse().unwrap()));
    }
    assert_eq!(seen, places);

    let ledger = &world.ledger;
    let asked = async |who: &Party, consent: &Digest| {
        let page = ledger.accesses(who, consent, None, 10).await.unwrap();
        page.map(|page| page.accesses.len())
    };
    let (ada, bob) = (Party::Subject(person("ada").did()), Party::Subject(person("bob").did()));
    assert_eq!(asked(&bob, &stage.bob.state.consent).await, Some(1));
    assert_eq!(asked(&bob, &stage.consent()).await, None);
    assert_eq!(asked(&ada, &stage.bob.state.consent).await, None);
    assert_eq!(asked(&ada, &Digest::of(b"none")).await, None);
    assert_eq!(
        asked(&Party::Controller(stage.brand.did.clone()), &stage.consent()).await,
        Some(3)
    );
    assert_eq!(
        asked(&Party::Controller(p("did:web:museum.example")), &stage.consent()).await,
        None
    );
    assert_eq!(stage.damaged().await, BTreeSet::new());
}

#[tokio::test]
async fn a_line_is_kept_once_however_often_it_comes() {
    let mut stage = Stage::set().await;
    let report = stage.report(3);
    stage.world.ledger.submit(&report.record).await.unwrap();
    for _ in 0..2 {
        assert_eq!(stage.keep(&report).await, (3, vec![]));
    }
    stage.world.reopen().await;
    assert_eq!(stage.keep(&report).await, (3, vec![]));
    assert_eq!(stage.rows().await, 3);
}

#[tokio::test]
async fn each_line_that_cannot_be_kept_is_refused_by_name_and_keeps_no_other() {
    let stage = Stage::set().await;
    let (world, ledger) = (&stage.world, &stage.world.ledger);
    let line = |consent| stage.verifier.line(world, consent);
    let mut old = line(Some(stage.consent()));
    old.at = old.at.minus_seconds(ACCESS_LINE_RETENTION + DAY);
    let lines = vec![
        line(None),
        line(Some(Digest::of(b"none"))),
        line(Some(stage.consent())),
        old,
        line(Some(stage.consent())),
    ];
    let mut report = stage.verifier.report(world, lines);
    ledger.submit(&report.record).await.unwrap();
    report.lines[4].seq = 1;
    let (kept, refused) = stage.keep(&report).await;
    let refused: Vec<_> = refused.iter().map(|line| (line.seq, line.code.as_str())).collect();
    let wanted = [
        (1, "line_not_included"),
        (1, "line_without_consent"),
        (2, "consent_unknown"),
        (4, "line_expired"),
    ];
    let sorted: BTreeSet<_> = refused.iter().copied().collect();
    assert_eq!((kept, sorted), (1, wanted.into()));
    assert_eq!(stage.rows().await, 1);

    // Another brand's consent is unknown to this one, and its batch is not there for it.
    let other = Brand::named("museum.example");
    world.ask(&other, vec![clause("paintings")]).await;
    let theirs = Verifier::of(&other, world);
    let report = theirs.report(world, vec![theirs.line(world, Some(stage.consent()))]);
    ledger.submit(&report.record).await.unwrap();
    let lines = || report.lines.clone();
    let kept = ledger
        .keep_lines(&other.did, &report.digest, lines())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((kept.kept, kept.refused[0].code.as_str()), (0, "consent_unknown"));
    assert_eq!(
        ledger
            .keep_lines(&stage.brand.did, &report.digest, lines())
            .await
            .unwrap(),
        None
    );
    let digest = Digest::of(&stage.ada.bytes);
    assert_eq!(
        ledger.keep_lines(&stage.brand.did, &digest, lines()).await.unwrap(),
        None,
        "no batch"
    );
    // Before it is recorded, a batch proves nothing.
    let early = stage.report(1);
    assert_eq!(
        ledger
            .keep_lines(&stage.brand.did, &early.digest, early.lines)
            .await
            .unwrap(),
        None
    );
    let forged = stage.report(1);
    ledger.submit(&forged.record).await.unwrap();
    let mut lines = forged.lines.clone();
    lines[0].line.service = "another"
        .parse::<placet_schemas::text::Text>()
        .unwrap()
        .try_into()
        .unwrap();
    assert_eq!(stage.refused(&Report { lines, ..forged }).await, "line_not_included");
}

#[tokio::test]
async fn destruction_reaches_the_lines_and_no_later_ones_are_kept() {
    let stage = Stage::set().await;
    let world = &stage.world;
    let both = vec![
        stage.verifier.line(world, Some(stage.consent())),
        stage.verifier.line(world, Some(stage.bob.state.consent)),
    ];
    let report = stage.verifier.report(world, both);
    world.ledger.submit(&report.record).await.unwrap();
    assert_eq!(stage.keep(&report).await.0, 2);
    // From the intent on, while every row is still there.
    world.watcher.plan(Step::DestroyKeys, When::Before, Fate::Fail);
    let destruction = stage.destroy(stage.consent()).await;
    let who = Party::Subject(person("ada").did());
    assert_eq!(
        world.ledger.accesses(&who, &stage.consent(), None, 10).await.unwrap(),
        None
    );
    let late = stage.report(1);
    world.ledger.submit(&late.record).await.unwrap();
    assert_eq!(stage.refused(&late).await, "consent_unknown");
    while world.watcher.is_due() {
        tokio::time::sleep(TICK).await;
    }
    stage.cleared(destruction).await;
    assert_eq!(stage.rows().await, 1, "the other person's");
    assert_eq!(stage.refused(&late).await, "consent_unknown");
    let again = stage.keep(&report).await;
    assert_eq!((again.0, again.1[0].code.as_str()), (1, "consent_unknown"));
    assert_eq!(stage.damaged().await, BTreeSet::new());
}

/// Pages that fill up, are divided and emptied again leave copies of neither this consent's lines nor of another's.
#[tokio::test]
async fn no_piece_of_a_line_is_in_any_file_after_its_consent_was_destroyed() {
    let stage = Stage::set().await;
    let world = &stage.world;
    let (ada, bob) = (stage.consent(), stage.bob.state.consent);
    for round in 0..8_u8 {
        let of = |n: u8| if (n + round).is_multiple_of(3) { bob } else { ada };
        let lines = (0..12).map(|n| stage.verifier.line(world, Some(of(n)))).collect();
        assert_eq!(stage.verifier.tell(world, lines).await.1.kept, 12);
    }
    world.published().await;
    let (data, keys) = (world.data(), stage.keys());
    let read = async |consent| Traces::read(&data, &keys, consent).await.unwrap().unwrap();
    let traces = [read(&ada).await, read(&bob).await];
    for traces in &traces {
        let before = traces.search(&data).unwrap();
        assert!(before.pieces > 32 * 12, "{before:?}");
    }
    // One after the other, while the other's lines are still there.
    let destructions = [stage.destroy(ada).await, stage.destroy(bob).await];
    for (destruction, traces) in destructions.into_iter().zip(&traces) {
        stage.cleared(destruction).await;
        assert_eq!(traces.search(&data).unwrap().places, [].into());
    }
    assert_eq!(stage.rows().await, 0);
    let slots = stage.sql("SELECT COUNT(*) FROM access_texts").await;
    assert_eq!((slots, stage.sql("SELECT COUNT(*) FROM access_free").await), (96, 96));
    assert_eq!(stage.damaged().await, BTreeSet::new());
}

/// What took the place of lines that are gone is as well kept, and goes as well.
#[tokio::test]
async fn the_places_of_lines_that_are_gone_are_used_again() {
    let stage = Stage::set().await;
    let world = &stage.world;
    let (ada, bob) = (stage.consent(), stage.bob.state.consent);
    let lines = |consent, count| (0..count).map(|_| stage.verifier.line(world, Some(consent))).collect();
    stage.verifier.tell(world, lines(ada, 20)).await;
    stage.verifier.tell(world, lines(bob, 20)).await;
    stage.cleared(stage.destroy(ada).await).await;
    stage.verifier.tell(world, lines(bob, 20)).await;
    stage.verifier.tell(world, lines(bob, 20)).await;
    assert_eq!(stage.sql("SELECT COUNT(*) FROM access_texts").await, 60);
    assert_eq!(stage.sql("SELECT COUNT(*) FROM access_free").await, 0);
    assert_eq!(stage.damaged().await, BTreeSet::new());
    world.published().await;
    let traces = Traces::read(&world.data(), &stage.keys(), &bob).await.unwrap().unwrap();
    stage.cleared(stage.destroy(bob).await).await;
    assert_eq!(traces.search(&world.data()).unwrap().places, [].into());
    assert_eq!(stage.damaged().await, BTreeSet::new());
}

#[tokio::test]
async fn lines_are_forgotten_after_a_year_and_the_consents_stay() {
    let stage = Stage::set().await;
    let world = &stage.world;
    stage
        .verifier
        .tell(world, stage.report(2).lines.into_iter().map(|l| l.line).collect())
        .await;
    world.clock.pass(ACCESS_LINE_RETENTION - 1);
    assert_eq!(world.ledger.forget_lines().await.unwrap(), 0);
    assert_eq!(stage.rows().await, 2);
    world.clock.pass(1 + DAY);
    assert_eq!(world.ledger.forget_lines().await.unwrap(), 2);
    assert_eq!(stage.rows().await, 0);
    let who = Party::Controller(stage.brand.did.clone());
    assert!(world.ledger.consent(&who, &stage.consent()).await.unwrap().is_some());
    assert!(stage.page(None, 10).await.accesses.is_empty());
}

#[tokio::test]
async fn a_backup_has_the_lines() {
    let mut stage = Stage::set().await;
    stage
        .verifier
        .tell(
            &stage.world,
            stage.report(2).lines.into_iter().map(|l| l.line).collect(),
        )
        .await;
    stage.world.published().await;
    let copy = stage.world.dir.path().join("copy");
    fs::create_dir(&copy).unwrap();
    let data = stage.world.data();
    backup(&data, &copy.join("main.db"), &copy.join("keyring.db"))
        .await
        .unwrap();
    stage.world.ledger.close().await;
    for file in ["main.db", "keyring.db"] {
        for journal in ["-wal", "-shm"] {
            drop(fs::remove_file(data.join(format!("{file}{journal}"))));
        }
        fs::copy(copy.join(file), data.join(file)).unwrap();
    }
    assert_eq!(inspect_restored(&data, &stage.keys()).await.unwrap().unreadable, []);
    stage.world.ledger = stage.world.try_open().await.unwrap();
    assert_eq!(stage.judge(&stage.page(None, 10).await).len(), 2);
}

#[tokio::test]
async fn fsck_finds_a_line_that_is_not_what_its_batch_anchors() {
    let stage = Stage::set().await;
    let both = vec![
        stage.verifier.line(&stage.world, Some(stage.consent())),
        stage.verifier.line(&stage.world, Some(stage.bob.state.consent)),
    ];
    stage.verifier.tell(&stage.world, both).await;
    assert_eq!(stage.damaged().await, BTreeSet::new());
    for (spoil, mend, code) in [
        (
            "UPDATE access_lines SET seq = seq + 7",
            "UPDATE access_lines SET seq = seq - 7",
            "line_unreadable",
        ),
        (
            "UPDATE access_lines SET expires_day = expires_day + 100",
            "UPDATE access_lines SET expires_day = expires_day - 100",
            "line_differs",
        ),
        (
            "UPDATE access_lines SET grant_idx = 5 - grant_idx",
            "UPDATE access_lines SET grant_idx = 5 - grant_idx",
            "line_unreadable",
        ),
        (
            "UPDATE access_lines SET grant_idx = grant_idx - 2",
            "UPDATE access_lines SET grant_idx = grant_idx + 2",
            "line_differs",
        ),
    ] {
        stage.sql(spoil).await;
        assert_eq!(stage.damaged().await, [code].into(), "{spoil}");
        stage.sql(mend).await;
    }
    assert_eq!(stage.damaged().await, BTreeSet::new());
}

/// A grant is no batch, and a batch no event.
#[tokio::test]
async fn a_batch_cannot_be_destroyed_nor_ended() {
    let stage = Stage::set().await;
    let report = stage.report(1);
    stage.world.ledger.submit(&report.record).await.unwrap();
    let claims = OrderClaims {
        origin: p(ORIGIN),
        consent: report.digest,
        ground: ErasureGround::LegalObligation,
        date: stage.world.now(),
    };
    let claims = json::to_jcs(&claims).unwrap();
    let order = jws::sign(&claims, DESTRUCTION_ORDER_TYP, &stage.brand.method, &stage.brand.key).unwrap();
    assert_eq!(stage.world.ledger.order_destruction(&order).await.unwrap(), None);
    assert_eq!(refusal(stage.world.ledger.submit(b"{}").await), "malformed");
}
