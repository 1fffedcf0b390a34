//! What the parties read: feeds, proofs, evidence, public openings; and what is none of their business.

use placet_kernel::bundle::{self, Verdict};
use placet_kernel::checkpoint::SignedCheckpoint;
use placet_kernel::keys::{PublicKey, verify_statement};
use placet_kernel::leaf::Salt;
use placet_kernel::merkle::{leaf_hash, verify_inclusion};
use placet_kernel::tlog_proof::TlogProof;
use placet_kernel::trust::{LogKeys, QUORUM_NONE, SizedDid, SizedVkey, Sizes, Trust, TrustFile};
use placet_ledger::Party;
use placet_schemas::id::Digest;
use placet_schemas::json;
use placet_schemas::record::Record;
use placet_schemas::version::Version;
use placet_wallet::brand as brands;
use placet_wallet::records::{Built, Erasure, erase, renew, withdraw};

use crate::offers::clause;
use crate::world::{Brand, ORIGIN, World, p, person, showing};

async fn stage() -> (World, Brand, Record, Built) {
    let world = World::empty().await;
    let brand = Brand::named("cinema.example");
    let request = world.ask(&brand, vec![clause("films"), clause("plays")]).await;
    let granted = world.consent(&person("ada"), &request).await;
    (world, brand, request, granted)
}

fn trust(world: &World) -> Trust {
    let identity = world.ledger.identity();
    let vkey = |vkey: &str| {
        vec![SizedVkey {
            vkey: vkey.to_owned(),
            sizes: Sizes::ALL,
        }]
    };
    let log = LogKeys {
        origin: identity.origin.clone(),
        checkpoint_keys: vkey(&identity.checkpoint_vkey),
        cosigner_keys: vkey(&identity.cosigner_vkey),
        operator_keys: vec![SizedDid {
            key: identity.operator.clone(),
            sizes: Sizes::ALL,
        }],
    };
    let file = TrustFile {
        version: Version,
        logs: vec![log],
        issuers: Vec::new(),
        witnesses: Vec::new(),
        groups: Vec::new(),
        quorum: QUORUM_NONE.to_owned(),
    };
    Trust::parse(&json::to_jcs(&file).unwrap()).unwrap()
}

#[tokio::test]
async fn a_feed_holds_what_concerns_the_brand_under_a_signed_head() {
    let (world, brand, _, granted) = stage().await;
    let other = Brand::named("festival.example");
    let theirs = world.ask(&other, vec![clause("films")]).await;
    world.consent(&person("bob"), &theirs).await;
    let page = world.ledger.feed(&brand.did, 0, 256).await.unwrap().unwrap();
    let operator = PublicKey::from_did(&world.ledger.identity().operator).unwrap();
    verify_statement(&page.head, &operator).unwrap();
    let trusted = world.trust();
    let checkpoint = SignedCheckpoint::open(page.checkpoint.as_bytes(), trusted.checkpoint_keys()).unwrap();
    let tree = checkpoint.checkpoint();
    assert_eq!(
        (page.head.statement.size, page.head.statement.feed_size),
        (tree.size(), 3)
    );
    let digests: Vec<Digest> = page
        .items
        .iter()
        .map(|item| Digest::of(item.opening().unwrap().1))
        .collect();
    assert_eq!(digests[2], granted.record.digest());
    for item in &page.items {
        let hash = leaf_hash(&item.opening().unwrap().0.leaf(&Digest::of(item.opening().unwrap().1)));
        verify_inclusion(&hash, item.index, tree.size(), &item.proof, &tree.root()).unwrap();
    }
    let rest = world.ledger.feed(&brand.did, 2, 1).await.unwrap().unwrap();
    assert_eq!((rest.items.len(), rest.items[0].seq), (1, 2));
    assert!(
        world
            .ledger
            .feed(&brand.did, 3, 1)
            .await
            .unwrap()
            .unwrap()
            .items
            .is_empty()
    );
    assert_eq!(
        world.ledger.feed(&p("did:web:stranger.example"), 0, 1).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn a_consent_is_its_two_parties_business_only() {
    let (world, brand, request, granted) = stage().await;
    let id = granted.state.consent;
    let parties = [
        Party::Subject(person("ada").did()),
        Party::Controller(brand.did.clone()),
    ];
    let strangers = [
        Party::Subject(person("bob").did()),
        Party::Controller(p("did:web:festival.example")),
        Party::Subject(brand.did.clone()),
        Party::Controller(person("ada").did()),
    ];
    for party in &parties {
        assert!(world.ledger.consent(party, &id).await.unwrap().is_some());
        assert!(world.ledger.evidence(party, &id, None).await.unwrap().is_some());
        assert_eq!(world.ledger.consents(party, None, 10).await.unwrap().items.len(), 1);
        assert!(
            world
                .ledger
                .proof(Some(party), &granted.record.digest())
                .await
                .unwrap()
                .is_some()
        );
    }
    for stranger in &strangers {
        assert_eq!(world.ledger.consent(stranger, &id).await.unwrap(), None);
        assert_eq!(world.ledger.evidence(stranger, &id, None).await.unwrap(), None);
        assert!(
            world
                .ledger
                .consents(stranger, None, 10)
                .await
                .unwrap()
                .items
                .is_empty()
        );
        assert_eq!(
            world
                .ledger
                .proof(Some(stranger), &granted.record.digest())
                .await
                .unwrap(),
            None
        );
        // A request is everybody's.
        assert!(
            world
                .ledger
                .proof(Some(stranger), &request.digest())
                .await
                .unwrap()
                .is_some()
        );
    }
    assert_eq!(
        world.ledger.consent(&parties[0], &request.digest()).await.unwrap(),
        None,
        "a request is no consent"
    );
}

#[tokio::test]
async fn a_proof_leads_to_the_newest_checkpoint() {
    let (world, _, request, granted) = stage().await;
    for at in 0..20 {
        world.consent(&person(&at.to_string()), &request).await;
    }
    let who = Party::Subject(person("ada").did());
    let text = world
        .ledger
        .proof(Some(&who), &granted.record.digest())
        .await
        .unwrap()
        .unwrap();
    let proof: TlogProof = text.parse().unwrap();
    let page = world
        .ledger
        .feed(&p("did:web:cinema.example"), 2, 1)
        .await
        .unwrap()
        .unwrap();
    let hash = leaf_hash(&page.items[0].opening().unwrap().0.leaf(&granted.record.digest()));
    let trusted = world.trust();
    let signed = proof.verify(&hash, trusted.checkpoint_keys()).unwrap();
    assert_eq!((proof.index(), signed.checkpoint().size()), (2, 23));
    assert_eq!(
        world.ledger.proof(Some(&who), &Digest::of(b"none")).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn public_records_are_open_to_all_and_no_others_are() {
    let (world, brand, request, _) = stage().await;
    let opening = world.ledger.public_opening(1).await.unwrap().unwrap();
    assert_eq!(Digest::of(&opening.record), request.digest());
    let page = world.ledger.feed(&brand.did, 1, 1).await.unwrap().unwrap();
    let leaf = Salt::from_bytes(*opening.salt.as_bytes()).leaf(&request.digest());
    assert_eq!(page.items[0].leaf_hash.as_bytes(), leaf_hash(&leaf).as_bytes());
    assert!(
        world.ledger.public_opening(0).await.unwrap().is_some(),
        "the brand's keys"
    );
    assert_eq!(world.ledger.public_opening(2).await.unwrap(), None, "a grant");
    assert_eq!(world.ledger.public_opening(99).await.unwrap(), None);
}

#[tokio::test]
async fn requests_and_brands_are_listed_in_pages() {
    let (world, brand, request, _) = stage().await;
    let second = world
        .ask_again(&brand, vec![clause("operas")], Some(request.digest()))
        .await;
    let page = world.ledger.requests(&brand.did, None, 1).await.unwrap();
    assert_eq!(
        (page.items[0].digest, page.items[0].open, page.next),
        (request.digest(), true, Some(1))
    );
    let page = world.ledger.requests(&brand.did, page.next, 1).await.unwrap();
    assert_eq!((page.items[0].digest, page.next), (second.digest(), None));
    world.register(&Brand::named("festival.example")).await;
    let page = world.ledger.controllers(None, 1).await.unwrap();
    assert_eq!(
        (&page.items[0].did, page.items[0].feed_size, page.next),
        (&brand.did, 4, Some(0))
    );
    let page = world.ledger.controllers(page.next, 9).await.unwrap();
    assert_eq!((page.items.len(), page.items[0].id, page.next), (1, 4, None));
}

#[tokio::test]
async fn evidence_convinces_who_has_only_the_keys() {
    let (mut world, brand, request, granted) = stage().await;
    let (ada, origin, language, page) = (person("ada"), p(ORIGIN), p("en"), p("test 1"));
    let who = Party::Subject(ada.did());
    let id = granted.state.consent;
    let judge = async |world: &World, as_of| {
        let bytes = world.ledger.evidence(&who, &id, as_of).await.unwrap().unwrap();
        bundle::verify(&bytes, Some(&trust(world)), world.now(), as_of).unwrap()
    };
    let given = world.now();
    let report = judge(&world, None).await;
    assert_eq!(
        (report.recorded, report.in_force),
        (Verdict::Holds, Verdict::Holds),
        "{:?}",
        report.findings
    );

    // New keys, a new request by them, a renewal of it, an erasure request, other people's records in between.
    world.clock.pass(100);
    let rotated = brand.rotated("key-2");
    world.register(&rotated).await;
    let again = world
        .ask_again(&rotated, vec![clause("films"), clause("plays")], Some(request.digest()))
        .await;
    world.consent(&person("bob"), &again).await;
    let showing = showing(&again, &language, &page, world.anchor());
    let renewed = renew(&granted.state, None, &showing, &world.pen(&ada, &origin)).unwrap();
    world.ledger.submit(&renewed.bytes).await.unwrap();
    world.consent(&person("eve"), &again).await;
    let erased = erase(
        &renewed.state,
        Erasure::default(),
        world.anchor(),
        &world.pen(&ada, &origin),
    )
    .unwrap();
    world.ledger.submit(&erased.bytes).await.unwrap();
    let report = judge(&world, None).await;
    assert_eq!(
        (report.recorded, report.in_force),
        (Verdict::Holds, Verdict::Holds),
        "{:?}",
        report.findings
    );

    world.clock.pass(100);
    let before_end = world.now();
    world.clock.pass(100);
    let pen = world.pen(&rotated.key, &origin);
    let ended = brands::end(id, p("over"), rotated.signer(), &pen).unwrap();
    world.ledger.submit(&ended.bytes).await.unwrap();
    world.clock.pass(100);
    world.reopen().await;
    let report = judge(&world, None).await;
    assert_eq!(
        (report.recorded, report.in_force),
        (Verdict::Holds, Verdict::Fails),
        "{:?}",
        report.findings
    );
    let report = judge(&world, Some(given)).await;
    assert_eq!(
        (report.recorded, report.in_force),
        (Verdict::Holds, Verdict::Holds),
        "{:?}",
        report.findings
    );
    let report = judge(&world, Some(before_end)).await;
    assert_eq!(report.recorded, Verdict::Holds, "{:?}", report.findings);
    assert_ne!(report.in_force, Verdict::Fails, "{:?}", report.findings);
}

#[tokio::test]
async fn evidence_with_a_withdrawal_by_someone_who_saw_another_log_still_holds() {
    let (world, _, _, granted) = stage().await;
    let (ada, origin) = (person("ada"), p(ORIGIN));
    let anchor = placet_schemas::record::consent::Anchor {
        size: 2,
        root: Digest::of(b"another"),
    };
    let ended = withdraw(&granted.state, Some(anchor), &world.pen(&ada, &origin)).unwrap();
    world.ledger.submit(&ended.bytes).await.unwrap();
    let bytes = world
        .ledger
        .evidence(&Party::Subject(ada.did()), &granted.state.consent, None)
        .await
        .unwrap()
        .unwrap();
    let report = bundle::verify(&bytes, Some(&trust(&world)), world.now(), None).unwrap();
    assert_eq!(
        (report.recorded, report.in_force),
        (Verdict::Holds, Verdict::Fails),
        "{:?}",
        report.findings
    );
}
