//! Status lists: the same bits whoever makes them of the same feed, and what callers may keep of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use placet_issuer::DATABASE_FILE;
use placet_kernel::bundle::Verdict;
use placet_kernel::status::Bits;
use placet_schemas::narrowing::Value as Taken;
use placet_schemas::record::CanonicalRecord;
use placet_schemas::record::request::Supersedes;
use placet_tests::caller::Answer;
use placet_tests::issuer::{IssuerOrder, IssuerProcess};
use placet_tests::p;
use placet_tests::process::built;
use serde_json::Value;

use super::house::{Given, House, until};

pub(super) fn bits(issuer: &IssuerProcess, receipt: &Value) -> (Bits, Bits) {
    let url = receipt["credentialStatus"]["statusListCredential"].as_str().unwrap();
    let list: Value = serde_json::from_slice(&issuer.fetch(url)).unwrap();
    let bitstring = Bits::from_bitstring(list["credentialSubject"]["encodedList"].as_str().unwrap()).unwrap();
    let token = String::from_utf8(issuer.fetch(&url.replace("/bitstring/", "/token/"))).unwrap();
    let payload = placet_kernel::jws::claimed_payload(&token, "statuslist+jwt").unwrap();
    let payload: Value = serde_json::from_slice(&payload).unwrap();
    (
        bitstring,
        Bits::from_token(payload["status_list"]["lst"].as_str().unwrap()).unwrap(),
    )
}

fn set(bits: &Bits) -> usize {
    (0..bits.entries() as u64)
        .filter(|index| bits.get(*index).unwrap())
        .count()
}

/// Forgets all but the keys.
pub(super) fn forget(issuer: IssuerProcess) {
    let folder = issuer.folder().to_owned();
    issuer.kill();
    for name in [
        DATABASE_FILE.to_owned(),
        format!("{DATABASE_FILE}-wal"),
        format!("{DATABASE_FILE}-shm"),
    ] {
        let _absent = fs::remove_file(folder.join(name));
    }
}

#[test]
fn a_list_made_anew_from_the_feed_has_the_same_bits_before_and_after_a_destruction() {
    let house = House::open();
    let mut issuer = house.issuer();
    let people: Vec<Given> = ["Ada", "Berta", "Cleo", "Dora"]
        .iter()
        .map(|name| house.yes(name))
        .collect();
    let receipts: Vec<Value> = people.iter().map(|given| given.receipt(&issuer)).collect();
    house.send(&house.withdrawal(&people[0]));
    house.send(&house.withdrawal(&people[1]));
    until("two have ended", || {
        let judged = [0, 1].map(|at| house.judge(&issuer, &receipts[at]).in_force);
        judged == [Verdict::Fails; 2]
    });
    let (before, token) = bits(&issuer, &receipts[2]);
    assert_eq!(before, token, "both formats are of one table");
    // Two grants, two withdrawals, of sixteen slots each.
    assert_eq!(set(&before), 4 * 16);
    forget(issuer);
    issuer = house.issuer();
    assert_eq!(bits(&issuer, &receipts[2]).0, before);

    // A consent that had ended leaves no trace in the list when it is destroyed; one in force is void from then on.
    let destroyed = house.shop.destroy(&house.node, &people[0].consent);
    until("the issuer has said that nothing is left", || {
        acknowledged(&house, destroyed.index)
    });
    assert_eq!(bits(&issuer, &receipts[2]).0, before);
    let destroyed = house.shop.destroy(&house.node, &people[3].consent);
    until("the issuer has said that nothing is left", || {
        acknowledged(&house, destroyed.index)
    });
    until("its receipt is void", || {
        house.judge(&issuer, &receipts[3]).in_force == Verdict::Fails
    });
    let after = bits(&issuer, &receipts[2]).0;
    assert_eq!(set(&after), 5 * 16);
    assert_eq!(house.judge(&issuer, &receipts[2]).in_force, Verdict::Holds);

    // A feed in which nobody can tell a grant from a withdrawal any more gives the same list.
    forget(issuer);
    let issuer = house.issuer();
    assert_eq!(bits(&issuer, &receipts[2]).0, after);
    assert_eq!(house.judge(&issuer, &receipts[2]).in_force, Verdict::Holds);
}

/// Whoever has not seen what changed has said yes to something else: no verifier, whatever it knows of the request, may take the
/// receipt for that yes.
#[test]
fn receipts_are_void_once_the_request_is_replaced_materially() {
    let mut house = House::open();
    let issuer = house.issuer();
    let (mut ada, berta) = (house.yes("Ada"), house.yes("Berta"));
    let receipts = [ada.receipt(&issuer), berta.receipt(&issuer)];
    let replace = |house: &House, name: &str, request: &CanonicalRecord, material: bool| {
        let supersedes = Some(Supersedes {
            request: request.record.digest(),
            material,
        });
        let clauses = vec![house.clause.clone()];
        house.shop.ask_instead(&house.node, name, clauses, supersedes)
    };
    let reworded = replace(&house, "reworded", &house.request, false);
    let between = house.yes("Cleo");
    let third = between.receipt(&issuer);
    assert_eq!(set(&bits(&issuer, &third).0), 0);

    let other = replace(&house, "other", &reworded, true);
    until("what answered the old request is void", || {
        let judged = receipts
            .iter()
            .chain([&third])
            .map(|receipt| house.judge(&issuer, receipt).in_force);
        judged.eq([Verdict::Fails; 3])
    });
    assert_eq!(set(&bits(&issuer, &third).0), 3 * 16);
    // Nor is there another of it, also not of what she says of it afterwards.
    let refused = issuer.ask_offer(&ada.consent, &ada.customer.key);
    assert_eq!((refused.status, kind(&refused)), (409, "notice_superseded".to_owned()));
    house.narrow(&mut ada, "less", Taken::Category(p("pd:Interest")));
    until("the narrowing is void too", || set(&bits(&issuer, &third).0) == 4 * 16);

    // Who answers the new one has a receipt of that.
    house.request = other;
    let dora = house.yes("Dora");
    let receipt = dora.receipt(&issuer);
    assert_eq!(house.judge(&issuer, &receipt).in_force, Verdict::Holds);
    let before = bits(&issuer, &receipt).0;
    forget(issuer);
    let issuer = house.issuer();
    assert_eq!(bits(&issuer, &receipt).0, before);
    let refused = issuer.ask_offer(&berta.consent, &berta.customer.key);
    assert_eq!((refused.status, kind(&refused)), (409, "notice_superseded".to_owned()));
}

fn kind(answer: &Answer) -> String {
    let problem: Value = serde_json::from_slice(&answer.body).unwrap();
    problem["code"].as_str().unwrap().to_owned()
}

fn acknowledged(house: &House, index: u64) -> bool {
    let page: Value = serde_json::from_slice(&house.node.operator().get("/v1/destructions")).unwrap();
    let all = page["destructions"].as_array().unwrap();
    let found = all.iter().find(|one| one["index"] == index).unwrap();
    found["pending"].as_array().unwrap().is_empty()
}

#[test]
fn nothing_of_a_destroyed_consent_is_left_in_the_issuers_files() {
    let house = House::open();
    let issuer = house.issuer();
    let ada = house.yes("Ada");
    let others: Vec<Given> = (0..40).map(|number| house.yes(&format!("person {number}"))).collect();
    let _receipt = ada.receipt(&issuer);
    // One offer waits, one was redeemed.
    let _offer = issuer.offer(&ada.consent, &ada.customer.key);
    let _token = issuer.token(&issuer.offer(&ada.consent, &ada.customer.key));
    let _last = others.last().unwrap().receipt(&issuer);
    let pieces = [
        ("her DID", ada.customer.key.did().to_string().into_bytes()),
        ("her consent in hex", ada.consent.to_string().into_bytes()),
        ("her consent", ada.consent.as_bytes().to_vec()),
    ];
    let files = raw(issuer.folder());
    for (what, piece) in &pieces {
        assert!(find(&files, piece).is_some(), "{what} is not in the files before");
    }
    let destroyed = house.shop.destroy(&house.node, &ada.consent);
    until("the issuer has said that nothing is left", || {
        acknowledged(&house, destroyed.index)
    });
    let files = raw(issuer.folder());
    for (what, piece) in &pieces {
        assert_eq!(find(&files, piece), None, "{what} is left");
    }
}

fn raw(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files
        .map(|path| (path.display().to_string(), fs::read(path).unwrap()))
        .collect()
}

fn find<'a>(files: &'a BTreeMap<String, Vec<u8>>, needle: &[u8]) -> Option<&'a str> {
    let has = |bytes: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    files
        .iter()
        .find(|(_, bytes)| has(bytes))
        .map(|(name, _)| name.as_str())
}

#[test]
fn whoever_keeps_a_list_is_told_whether_it_is_still_the_one() {
    let house = House::open();
    let issuer = house.issuer();
    let ada = house.yes("Ada");
    let receipt = ada.receipt(&issuer);
    let url = receipt["credentialStatus"]["statusListCredential"].as_str().unwrap();
    let path = url.strip_prefix(&issuer.url()).unwrap().to_owned();
    for (path, kind) in [
        (path.clone(), "application/vc"),
        (path.replace("/bitstring/", "/token/"), "application/statuslist+jwt"),
    ] {
        let look = |tag: &str| {
            issuer
                .caller()
                .call_with("GET", &path, &[("if-none-match", tag)], &[])
                .unwrap()
        };
        let first = look("\"other\"");
        assert_eq!((first.status, first.content_type.as_str()), (200, kind));
        assert_eq!(first.header("cache-control"), Some("public, no-cache"));
        let tag = first.header("etag").unwrap().to_owned();
        let same = look(&format!("\"x\", W/{tag}"));
        assert_eq!(
            (same.status, same.body.len(), same.header("etag")),
            (304, 0, Some(tag.as_str()))
        );
        let berta = house.yes(&format!("Berta {kind}"));
        house.send(&house.withdrawal(&berta));
        until("the list is another one", || look(&tag).status == 200);
    }
    for nothing in [
        "/status/bitstring/00000000000000000000000000000000",
        "/status/bitstring/..%2f..",
        "/status/token/x",
    ] {
        assert_eq!(
            issuer.caller().call("GET", nothing, &[]).unwrap().status,
            404,
            "{nothing}"
        );
    }
}

/// Cut off from the ledger, an issuer signs nothing that it does not know.
#[test]
fn an_issuer_that_knows_nothing_new_lets_its_lists_run_out() {
    let house = House::open();
    let issuer = house.issuer();
    let receipt = house.yes("Ada").receipt(&issuer);
    let report = house.judge(&issuer, &receipt);
    assert_eq!(report.in_force, Verdict::Holds);
    let url = receipt["credentialStatus"]["statusListCredential"].as_str().unwrap();
    let list: Value = serde_json::from_slice(&issuer.fetch(url)).unwrap();
    // The list speaks of the moment of a head that the operator signed, and of no later one.
    let since: placet_schemas::time::Timestamp = serde_json::from_value(list["validFrom"].clone()).unwrap();
    let until: placet_schemas::time::Timestamp = serde_json::from_value(list["validUntil"].clone()).unwrap();
    assert_eq!(until, since.plus_seconds(placet_issuer::LIST_SECONDS));
    assert!(since <= placet_tests::process::now());
}

/// A proxy passes paths on as they are: all that receipts and metadata name is below the path of the public URL.
#[test]
fn an_issuer_below_a_path_answers_where_its_receipts_and_metadata_say() {
    const PLACE: &str = "https://issuer.example";
    let mut house = House::open();
    let folder = house.dir.path().join("issuer-below");
    house.order = IssuerOrder::behind(&built(), &house.node, &folder, &format!("{PLACE}/receipts"));
    let issuer = house.issuer();
    let receipt = house.yes("Ada").receipt(&issuer);
    assert_eq!(receipt["issuer"], "did:web:issuer.example:receipts");
    let metadata = issuer.caller().get("/.well-known/openid-credential-issuer/receipts");
    let metadata: Value = serde_json::from_slice(&metadata).unwrap();
    let server = issuer.caller().get("/.well-known/oauth-authorization-server/receipts");
    let server: Value = serde_json::from_slice(&server).unwrap();
    for (method, url, expected) in [
        ("GET", &receipt["credentialStatus"]["statusListCredential"], 200),
        ("POST", &metadata["nonce_endpoint"], 200),
        ("POST", &metadata["credential_endpoint"], 401),
        ("POST", &metadata["notification_endpoint"], 401),
        ("POST", &server["token_endpoint"], 400),
    ] {
        let path = url.as_str().unwrap().strip_prefix(PLACE).unwrap();
        assert!(path.starts_with("/receipts/"), "{url}");
        let answer = issuer.caller().call(method, path, &[]).unwrap();
        assert_eq!(answer.status, expected, "{url}");
    }
    for (path, expected) in [("/receipts/did.json", 200), ("/receipts/metrics", 404)] {
        assert_eq!(
            issuer.caller().call("GET", path, &[]).unwrap().status,
            expected,
            "{path}"
        );
    }
}
