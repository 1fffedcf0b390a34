//! Requests that replace each other, and several controllers of one request.

use placet_schemas::authzen::{DecisionStatement, ReasonCode};
use placet_schemas::id::Digest;
use placet_schemas::record::CanonicalRecord;
use placet_schemas::record::request::Supersedes;
use placet_tests::brand::Brand;
use placet_tests::desk::{Desk, covered};
use placet_tests::log::TestLog;
use placet_tests::offer::{newsletter, offer, recommendations};
use placet_tests::scene::{ORIGIN, Scene};
use placet_wallet::{Pen, brand as builders};
use serde_json::json;

use super::only;

/// The brand asks the same anew; gives the new request.
fn replace(scene: &mut Scene, request: Digest, material: bool) -> CanonicalRecord {
    let mut asked = offer(&[&scene.brand], vec![newsletter(), recommendations()], 0);
    asked.request.supersedes = Some(Supersedes { request, material });
    let pen = Pen {
        random: placet_tests::bytes_of(&format!("instead of {request} {material}")),
        ..scene.brand_pen()
    };
    let record = builders::request(asked.request, &asked.notices, scene.brand.signer(), &pen).unwrap();
    scene.record(record.clone());
    record
}

pub(super) fn superseded() -> DecisionStatement {
    let mut scene = Scene::new();
    scene.grant();
    let first = scene.request.record.digest();
    replace(&mut scene, first, true);
    Desk::open(&scene).answer(&covered())
}

#[test]
fn a_change_that_is_not_material_takes_nothing_away() {
    let mut scene = Scene::new();
    scene.grant();
    let first = scene.request.record.digest();
    let second = replace(&mut scene, first, false).record.digest();
    assert_eq!(only(&Desk::open(&scene).answer(&covered())), ReasonCode::Permitted);
    // Whoever agreed to the first has not seen what the third changes either.
    replace(&mut scene, second, true);
    assert_eq!(
        only(&Desk::open(&scene).answer(&covered())),
        ReasonCode::NoticeSuperseded
    );
}

#[test]
fn a_material_change_stays_one_whatever_follows_it() {
    let mut scene = Scene::new();
    scene.grant();
    let first = scene.request.record.digest();
    let second = replace(&mut scene, first, true);
    replace(&mut scene, second.record.digest(), false);
    let said = Desk::open(&scene).answer(&covered());
    assert_eq!(only(&said), ReasonCode::NoticeSuperseded);
    // What to ask with is the newest.
    assert_ne!(said.reasons[0].ask, Some(second.record.digest()));
    assert!(said.reasons[0].ask.is_some());
}

#[test]
fn who_renews_under_the_new_request_has_agreed_to_it() {
    let mut scene = Scene::new();
    scene.grant();
    let first = scene.request.record.digest();
    scene.request = replace(&mut scene, first, true);
    scene.renew(scene.clock.plus_seconds(40_000_000));
    assert_eq!(only(&Desk::open(&scene).answer(&covered())), ReasonCode::Permitted);
}

#[test]
fn a_request_that_came_before_its_successor_was_known_is_in_use() {
    let mut scene = Scene::new();
    scene.grant();
    let size = scene.log.size();
    let first = scene.request.record.digest();
    replace(&mut scene, first, true);
    assert_eq!(only(&Desk::at(&scene, size).answer(&covered())), ReasonCode::Permitted);
}

#[test]
fn joint_controllers_may_all_ask_and_only_about_what_names_them() {
    let (cinema, festival) = (Brand::cinema(), Brand::festival());
    let asked = offer(&[&cinema, &festival], vec![newsletter()], 0);
    let mut scene = Scene::set(TestLog::new(ORIGIN), cinema, asked);
    let as_festival = |scene: &Scene| {
        let mut body = covered();
        body["subject"]["id"] = json!(festival.did);
        only(&Desk::open(scene).answer(&body))
    };
    assert_eq!(as_festival(&scene), ReasonCode::NoRecord);
    scene.grant_for(&[newsletter()], scene.clock.plus_seconds(3600));
    assert_eq!(as_festival(&scene), ReasonCode::Permitted);
    assert_eq!(only(&Desk::open(&scene).answer(&covered())), ReasonCode::Permitted);
    // She renews with the cinema alone: the festival has nothing any more.
    let joint = scene.request.record.digest();
    scene.request = replace(&mut scene, joint, false);
    scene.renew(scene.clock.plus_seconds(7200));
    assert_eq!(as_festival(&scene), ReasonCode::NoRecord);
    assert_eq!(only(&Desk::open(&scene).answer(&covered())), ReasonCode::Permitted);
    scene.withdraw();
    assert_eq!(only(&Desk::open(&scene).answer(&covered())), ReasonCode::Withdrawn);
}
