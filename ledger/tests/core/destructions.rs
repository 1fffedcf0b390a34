//! A consent is destroyed: by whose order, when it is due, in which steps, and what is left.

use placet_kernel::code::WithdrawalCode;
use placet_kernel::jws;
use placet_kernel::sign::Signer;
use placet_ledger::{DestructionRow, Fate, ItemContent, Party, Role, Step, SubmitError, TokenOrder, When};
use placet_schemas::api::{DESTRUCTION_DONE_TYP, DESTRUCTION_ORDER_TYP, DoneClaims, DoneOutcome, OrderClaims};
use placet_schemas::id::{DidUrl, Digest};
use placet_schemas::json;
use placet_schemas::record::consent::ErasureGround;
use placet_schemas::record::{Body, CanonicalRecord, Kind, Record};
use placet_wallet::records::{Built, withdraw};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _};

use crate::naive;
use crate::offers::clause;
use crate::world::{AUTHORITY, Brand, ORIGIN, TICK, World, p, person, refusal};

const DAY: u64 = 86_400;

/// A brand that asks, Ada who has said yes and then no, and Bob who has said yes.
struct Stage {
    world: World,
    brand: Brand,
    request: Record,
    ada: Built,
    code: WithdrawalCode,
    bob: Built,
}

async fn stage() -> Stage {
    let world = World::with_head_file().await;
    let brand = Brand::named("cinema.example");
    let request = world.ask(&brand, vec![clause("films")]).await;
    let (code, invitation) = (WithdrawalCode::from_random(world.fresh()), world.invite(&request).await);
    let ada = world.yes_with(&person("ada"), &request, &invitation, &code);
    world.ledger.submit(&ada.bytes).await.unwrap();
    let bob = world.consent(&person("bob"), &request).await;
    world.published().await;
    Stage {
        world,
        brand,
        request,
        ada,
        code,
        bob,
    }
}

impl Stage {
    async fn withdraw(&self) {
        let ended = withdraw(&self.ada.state, None, &self.world.pen(&person("ada"), &p(ORIGIN))).unwrap();
        self.world.ledger.submit(&ended.bytes).await.unwrap();
        self.world.published().await;
    }

    fn claims(&self) -> OrderClaims {
        OrderClaims {
            origin: p(ORIGIN),
            consent: self.ada.state.consent,
            ground: ErasureGround::LegalObligation,
            date: self.world.now(),
        }
    }

    /// The brand's order to destroy Ada's consent.
    fn order(&self) -> String {
        sign(&self.claims(), &self.brand.method, &self.brand.key)
    }

    /// Waits until the node itself holds nothing any more.
    async fn cleared(&self, index: u64) -> DestructionRow {
        for _ in 0..2000 {
            let row = self.world.ledger.destruction(index).await.unwrap().unwrap();
            if !row.pending.iter().any(|name| name == "ledger") {
                return row;
            }
            tokio::time::sleep(TICK).await;
        }
        panic!("the node never finished");
    }

    /// How many rows and texts of these leaves the two databases have.
    async fn rows(&self, leaves: &[u64]) -> i64 {
        let list = leaves.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        let mut found = 0;
        for (file, counted) in [
            ("keyring.db", "record_keys WHERE idx"),
            ("keyring.db", "lookups WHERE idx"),
            ("keyring.db", "members WHERE idx"),
            ("main.db", "consents WHERE grant_idx"),
            ("main.db", "records WHERE (record IS NOT NULL OR answer <> x'') AND idx"),
        ] {
            let options = SqliteConnectOptions::new().filename(self.world.data().join(file));
            let mut db = SqliteConnection::connect_with(&options).await.unwrap();
            let query = format!("SELECT COUNT(*) FROM {counted} IN ({list})");
            let count: i64 = sqlx::query_scalar(AssertSqlSafe(query))
                .fetch_one(&mut db)
                .await
                .unwrap();
            found += count;
            db.close().await.unwrap();
        }
        found
    }

    /// Ada's consent is nowhere, and Bob's is as it was.
    async fn check_gone(&mut self, leaves: &[u64]) {
        assert_eq!(self.rows(leaves).await, 0);
        let ledger = &self.world.ledger;
        let (her, brand) = (
            Party::Subject(person("ada").did()),
            Party::Controller(self.brand.did.clone()),
        );
        for who in [&her, &brand] {
            assert_eq!(ledger.consent(who, &self.ada.state.consent).await.unwrap(), None);
            assert_eq!(ledger.evidence(who, &self.ada.state.consent, None).await.unwrap(), None);
            let proof = ledger.proof(Some(who), &self.ada.record.digest()).await.unwrap();
            assert_eq!(proof, None);
        }
        assert!(ledger.consents(&her, None, 10).await.unwrap().items.is_empty());
        let kept = ledger.consents(&brand, None, 10).await.unwrap().items;
        assert_eq!(
            kept.iter().map(|consent| consent.consent).collect::<Vec<_>>(),
            [self.bob.state.consent]
        );
        assert!(
            ledger
                .evidence(&brand, &self.bob.state.consent, None)
                .await
                .unwrap()
                .is_some()
        );
        let feed = ledger.feed(&self.brand.did, 0, 256).await.unwrap().unwrap();
        for item in &feed.items {
            let destroyed = matches!(item.content, ItemContent::Destroyed { .. });
            assert_eq!(destroyed, leaves.contains(&item.index), "{item:?}");
        }
        naive::check(&mut self.world).await;
    }
}

fn sign(claims: &OrderClaims, method: &DidUrl, key: &dyn Signer) -> String {
    jws::sign(&json::to_jcs(claims).unwrap(), DESTRUCTION_ORDER_TYP, method, key).unwrap()
}

#[tokio::test]
async fn an_order_destroys_the_whole_consent_and_nothing_else() {
    let mut stage = stage().await;
    stage.withdraw().await;
    assert!(stage.rows(&[2, 4]).await > 6);
    let order = stage.order();
    let row = stage.world.ledger.order_destruction(&order).await.unwrap().unwrap();
    assert_eq!((row.index, &row.leaves[..]), (5, &[2, 4][..]));
    assert_eq!(row.order, Some(Digest::of(order.as_bytes())));
    assert_eq!(stage.cleared(5).await.pending, [""; 0]);
    stage.check_gone(&[2, 4]).await;

    // The record is the brand's to read, and names nothing but places.
    let feed = stage.world.ledger.feed(&stage.brand.did, 5, 1).await.unwrap().unwrap();
    let (_, record) = feed.items[0].opening().unwrap();
    let record = CanonicalRecord::parse(record).unwrap().record;
    assert_eq!((record.kind(), record.consent()), (Kind::Destruction, None));
    let Body::Destruction(body) = &record.body else {
        panic!("no destruction")
    };
    assert_eq!(body.leaves.as_slice(), [2, 4]);
    assert_eq!(record.issuer, stage.world.ledger.identity().operator);
    let text = String::from_utf8(feed.items[0].opening().unwrap().1.to_vec()).unwrap();
    assert!(!text.contains(&stage.ada.state.consent.to_string()));

    // The same order again: the same destruction. Another one finds nothing.
    let again = stage.world.ledger.order_destruction(&order).await.unwrap().unwrap();
    assert_eq!(again.index, 5);
    stage.world.clock.pass(1);
    assert_eq!(
        stage.world.ledger.order_destruction(&stage.order()).await.unwrap(),
        None
    );
    assert_eq!(stage.world.ledger.destructions(None, 10).await.unwrap().items, [again]);
    assert!(stage.world.ledger.is_destroyed(2).await.unwrap() && !stage.world.ledger.is_destroyed(3).await.unwrap());
}

#[tokio::test]
async fn a_destroyed_grant_cannot_be_replayed_nor_its_code_be_used() {
    let stage = stage().await;
    let row = stage
        .world
        .ledger
        .order_destruction(&stage.order())
        .await
        .unwrap()
        .unwrap();
    stage.cleared(row.index).await;
    assert_eq!(stage.world.refusal(&stage.ada.bytes).await, "invitation_spent");
    let ended = withdraw(&stage.ada.state, None, &stage.world.pen(&person("ada"), &p(ORIGIN))).unwrap();
    assert_eq!(stage.world.refusal(&ended.bytes).await, "consent_unknown");
    assert_eq!(
        refusal(stage.world.ledger.withdraw_by_code(&stage.code).await),
        "consent_unknown"
    );
    // Later the grant is too old for any log, and the invitation is forgotten.
    stage.world.clock.pass(3 * DAY);
    assert_eq!(stage.world.refusal(&stage.ada.bytes).await, "time_implausible");
    // The person may say yes anew, with the same key.
    let anew = stage.world.consent(&person("ada"), &stage.request).await;
    assert_ne!(anew.state.consent, stage.ada.state.consent);
}

/// The intent is committed and the rows are all still there: nobody sees them, and nothing follows or repeats what is doomed.
#[tokio::test]
async fn from_the_intent_on_nothing_is_seen_of_what_is_still_there() {
    let stage = stage().await;
    stage.world.watcher.plan(Step::DestroyKeys, When::Before, Fate::Fail);
    let row = stage
        .world
        .ledger
        .order_destruction(&stage.order())
        .await
        .unwrap()
        .unwrap();
    while stage.world.watcher.is_due() {
        tokio::time::sleep(TICK).await;
    }
    assert!(stage.rows(&[2]).await > 4);
    let ledger = &stage.world.ledger;
    assert_eq!(
        ledger.destruction(row.index).await.unwrap().unwrap().pending,
        ["ledger"]
    );
    let who = Party::Subject(person("ada").did());
    assert_eq!(ledger.consent(&who, &stage.ada.state.consent).await.unwrap(), None);
    assert!(ledger.consents(&who, None, 10).await.unwrap().items.is_empty());
    let feed = ledger.feed(&stage.brand.did, 2, 1).await.unwrap().unwrap();
    assert_eq!(feed.items[0].content, ItemContent::Destroyed { by: row.index });
    assert_eq!(stage.world.refusal(&stage.ada.bytes).await, "id_conflict");
    let ended = withdraw(&stage.ada.state, None, &stage.world.pen(&person("ada"), &p(ORIGIN))).unwrap();
    assert_eq!(stage.world.refusal(&ended.bytes).await, "consent_unknown");
    assert_eq!(refusal(ledger.withdraw_by_code(&stage.code).await), "consent_unknown");
    assert!(stage.rows(&[2]).await > 4, "it was not removed meanwhile");
}

#[tokio::test]
async fn only_who_may_order_does() {
    let stage = stage().await;
    let ledger = &stage.world.ledger;
    let (claims, method, key) = (stage.claims(), &stage.brand.method, &stage.brand.key);
    let late = OrderClaims {
        date: stage.world.now().minus_seconds(32 * DAY),
        ..claims.clone()
    };
    let early = OrderClaims {
        date: stage.world.now().plus_seconds(601),
        ..claims.clone()
    };
    let elsewhere = OrderClaims {
        origin: p("other.example/log"),
        ..claims.clone()
    };
    let session = jws::sign(&json::to_jcs(&claims).unwrap(), "placet-session+jwt", method, key).unwrap();
    let stranger = person("stranger");
    let forged = sign(&claims, method, &stranger);
    let own = sign(&claims, &stranger.did().key_method().unwrap(), &stranger);
    for wrong in [
        sign(&late, method, key),
        sign(&early, method, key),
        sign(&elsewhere, method, key),
        session,
        forged,
        own,
        String::new(),
        "a.b.c".to_owned(),
    ] {
        assert_eq!(refusal(ledger.order_destruction(&wrong).await), "bad_order", "{wrong}");
    }
    // Another brand's order finds as little as an order about nothing.
    let rival = Brand::named("festival.example");
    stage.world.register(&rival).await;
    let theirs = sign(&claims, &rival.method, &rival.key);
    assert_eq!(ledger.order_destruction(&theirs).await.unwrap(), None);
    let nothing = OrderClaims {
        consent: Digest::of(b"none"),
        ..claims.clone()
    };
    assert_eq!(
        ledger.order_destruction(&sign(&nothing, method, key)).await.unwrap(),
        None
    );
    assert!(ledger.destructions(None, 10).await.unwrap().items.is_empty());
    // A key that the brand has replaced orders nothing; that of an authority does.
    let rotated = stage.brand.rotated("key-2");
    stage.world.register(&rotated).await;
    assert_eq!(
        refusal(ledger.order_destruction(&sign(&claims, method, key)).await),
        "bad_order"
    );
    let authority = person(AUTHORITY);
    let order = sign(&claims, &authority.did().key_method().unwrap(), &authority);
    assert!(ledger.order_destruction(&order).await.unwrap().is_some());
}

#[tokio::test]
async fn a_destruction_comes_from_nobody_but_the_ledger_itself() {
    let stage = stage().await;
    let order = stage.order();
    let row = stage.world.ledger.order_destruction(&order).await.unwrap().unwrap();
    let feed = stage.world.ledger.feed(&stage.brand.did, 4, 1).await.unwrap().unwrap();
    let (_, destruction) = feed.items[0].opening().unwrap();
    let mut forged: serde_json::Value = serde_json::from_slice(destruction).unwrap();
    forged["issuer"] = stage.brand.did.as_str().into();
    forged["proof"]["verificationMethod"] = stage.brand.method.as_str().into();
    assert_eq!(stage.world.refusal(forged.to_string().as_bytes()).await, "wrong_signer");
    assert_eq!(row.index, 4);
}

/// The request says how long the proof is kept: the consent goes when that time is over, and not a day sooner.
#[tokio::test]
async fn a_consent_is_destroyed_when_its_retention_has_elapsed() {
    let mut stage = stage().await;
    let Body::ConsentRequest(request) = &stage.request.body else {
        panic!("no request")
    };
    let kept = request.proof_retention;
    stage.withdraw().await;
    let due = stage.world.now().plus(kept);
    assert_eq!(stage.world.ledger.destroy_due().await.unwrap(), 0);
    stage.world.clock.pass(due.unix() - stage.world.now().unix() - 1);
    assert_eq!(stage.world.ledger.destroy_due().await.unwrap(), 0);
    assert!(
        stage
            .world
            .ledger
            .destructions(None, 10)
            .await
            .unwrap()
            .items
            .is_empty()
    );
    stage.world.clock.pass(DAY);
    stage.world.reopen().await;
    assert!(stage.world.ledger.destroy_due().await.unwrap() <= 1);
    let row = stage.cleared(5).await;
    assert_eq!((row.ground.as_str(), row.order), ("placet:RetentionElapsed", None));
    stage.check_gone(&[2, 4]).await;
    // Bob's has no end yet but its expiry.
    let expired = stage.bob.state.valid_until.plus(kept);
    assert!(expired > stage.world.now());
    stage.world.clock.pass(expired.unix() + DAY - stage.world.now().unix());
    stage.world.reopen().await;
    assert!(stage.world.ledger.destroy_due().await.unwrap() <= 1);
    stage.cleared(6).await;
    assert_eq!(stage.rows(&[3]).await, 0);
    assert_eq!(naive::check(&mut stage.world).await.size, 7);
}

#[tokio::test]
async fn a_destruction_that_dies_at_any_step_is_finished_at_the_next_start() {
    for (step, when, fate) in steps() {
        let mut stage = stage().await;
        stage.withdraw().await;
        stage.world.watcher.plan(step, when, fate);
        let order = stage.order();
        let first = stage.world.ledger.order_destruction(&order).await;
        for _ in 0..2000 {
            if !stage.world.watcher.is_due() {
                break;
            }
            tokio::time::sleep(TICK).await;
        }
        assert!(
            !stage.world.watcher.is_due(),
            "{step:?} {when:?} {fate:?} was never reached"
        );
        // Whatever is still in the files, nobody sees it once the intent is committed.
        if first.is_ok() && fate == Fate::Fail {
            let who = Party::Subject(person("ada").did());
            let seen = stage
                .world
                .ledger
                .consent(&who, &stage.ada.state.consent)
                .await
                .unwrap();
            assert_eq!(seen, None, "{step:?} {when:?}");
        }
        stage.world.ledger.close().await;
        stage.world.ledger = stage.world.try_open().await.unwrap();
        // The order again: the same destruction if it was committed, else now.
        let row = stage.world.ledger.order_destruction(&order).await.unwrap().unwrap();
        assert_eq!(
            (row.index, &row.leaves[..]),
            (5, &[2, 4][..]),
            "{step:?} {when:?} {fate:?}: {first:?}"
        );
        stage.cleared(5).await;
        stage.check_gone(&[2, 4]).await;
        assert!(
            matches!(first, Ok(Some(_)) | Err(SubmitError::Unavailable { .. })),
            "{first:?}"
        );
    }
}

/// Each step of the commit and of the removal, on both sides.
fn steps() -> Vec<(Step, When, Fate)> {
    let steps = [
        Step::Keyring,
        Step::Main,
        Step::HeadFile,
        Step::Answer,
        Step::DestroyKeys,
        Step::DestroyTexts,
        Step::ClearFiles,
    ];
    let sides = steps
        .into_iter()
        .flat_map(|step| [(step, When::Before), (step, When::After)]);
    let each = sides.flat_map(|(step, when)| [(step, when, Fate::Die), (step, when, Fate::Fail)]);
    each.collect()
}

#[tokio::test]
async fn it_is_destroyed_when_every_follower_has_signed_so() {
    let stage = stage().await;
    let issuer = person("issuer");
    let kinds = Some([Kind::ConsentGrant].into());
    let order = |label: &str, key| TokenOrder {
        role: Role::Service,
        controller: None,
        audit: None,
        kinds: kinds.clone(),
        key,
        label: label.to_owned(),
        expires: None,
    };
    let ledger = &stage.world.ledger;
    let (ended, _) = ledger.issue_token(order("gone", None)).await.unwrap();
    ledger.revoke_token(&ended).await.unwrap();
    ledger.issue_token(order("issuer", Some(issuer.did()))).await.unwrap();
    // The same follower's second token, and one that cannot sign.
    ledger.issue_token(order("issuer 2", Some(issuer.did()))).await.unwrap();
    ledger.issue_token(order("keyless", None)).await.unwrap();
    let row = ledger.order_destruction(&stage.order()).await.unwrap().unwrap();
    let cleared = stage.cleared(row.index).await;
    assert_eq!(cleared.pending, ["issuer", "issuer 2", "keyless"]);

    let claims = DoneClaims {
        origin: p(ORIGIN),
        destruction: row.index,
        outcome: DoneOutcome::Destroyed,
        date: stage.world.now(),
    };
    let say = |claims: &DoneClaims, typ: &str, key: &placet_wallet::keys::SoftwareKey| {
        let method = key.did().key_method().unwrap();
        jws::sign(&json::to_jcs(claims).unwrap(), typ, &method, key).unwrap()
    };
    let other = DoneClaims {
        destruction: row.index + 1,
        ..claims.clone()
    };
    let future = DoneClaims {
        date: stage.world.now().plus_seconds(601),
        ..claims.clone()
    };
    for wrong in [
        say(&claims, DESTRUCTION_DONE_TYP, &person("stranger")),
        say(&claims, DESTRUCTION_ORDER_TYP, &issuer),
        say(&other, DESTRUCTION_DONE_TYP, &issuer),
        say(&future, DESTRUCTION_DONE_TYP, &issuer),
    ] {
        let refused = ledger.acknowledge_destruction(row.index, &wrong).await;
        assert_eq!(refusal(refused), "bad_acknowledgement");
    }
    let done = say(&claims, DESTRUCTION_DONE_TYP, &issuer);
    assert_eq!(
        ledger.acknowledge_destruction(row.index + 1, &done).await.unwrap(),
        None
    );
    for _ in 0..2 {
        let after = ledger.acknowledge_destruction(row.index, &done).await.unwrap().unwrap();
        assert_eq!(after.pending, ["keyless"]);
    }
}
