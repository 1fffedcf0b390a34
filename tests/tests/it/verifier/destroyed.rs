//! A consent that was destroyed leaves the verifier's files too.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use placet_tests::verifier::VerifierProcess;

use super::house::{Given, House, SOON, codes, until};
use super::line::{Line, Mode};
use super::receiver::Receiver;

/// Every octet that the verifier has on its disk, by file.
fn raw(verifier: &VerifierProcess) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    collect(verifier.folder(), &mut files);
    assert!(
        files.keys().any(|name| name.ends_with("replica.db-wal")),
        "{:?}",
        files.keys()
    );
    files
}

fn collect(path: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            collect(&entry.unwrap().path(), files);
        }
    } else {
        files.insert(path.display().to_string(), fs::read(path).unwrap());
    }
}

/// Pieces of what the verifier held of a person, each long enough not to be there by chance.
fn pieces(reference: &str, given: &Given, withdrawal: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let grant = String::from_utf8(given.grant.clone()).unwrap();
    let proof = |record: &str| {
        let at = record.find("\"proofValue\":\"").unwrap() + 14;
        record.as_bytes()[at..at + 40].to_vec()
    };
    vec![
        ("her reference", reference.as_bytes().to_vec()),
        ("her DID", given.customer.key.did().to_string().into_bytes()),
        (
            "the key of her code",
            placet_wallet::keys::SoftwareKey::withdrawal(&given.customer.code)
                .did()
                .to_string()
                .into_bytes(),
        ),
        ("her consent in hex", given.consent.to_string().into_bytes()),
        ("her consent", given.consent.as_bytes().to_vec()),
        ("her invitation in hex", given.invitation.to_string().into_bytes()),
        ("her invitation", given.invitation.as_bytes().to_vec()),
        ("the grant's signature", proof(&grant)),
        ("the withdrawal's signature", proof(str::from_utf8(withdrawal).unwrap())),
        ("her code", given.customer.code.to_string().into_bytes()),
    ]
}

fn find<'a>(files: &'a BTreeMap<String, Vec<u8>>, needle: &[u8]) -> Option<&'a str> {
    let has = |bytes: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    files
        .iter()
        .find(|(_, bytes)| has(bytes))
        .map(|(name, _)| name.as_str())
}

/// The journal of decisions and lines is looked at where there is one to anchor it: with the reports.
#[test]
fn nothing_of_a_destroyed_consent_is_left_in_the_verifiers_files() {
    let house = House::open();
    let line = Line::start(house.node.address());
    // Nobody takes what the brand is to be told, so it waits, and names her.
    let url = format!("http://127.0.0.1:{}/", Receiver::nobody());
    let more = ["--webhook", &url, "--webhook-private"];
    let verifier = house.start("verifier", &line.url, &more);
    // Others, so many that pages of the book are divided.
    let crowd = house.shop.invite(&house.node, &house.request, 200);
    for (number, invitation) in crowd.iter().enumerate() {
        verifier.knows(&format!("C-of-the-crowd-{number:06}"), &invitation.digest());
        if number == 100 {
            break;
        }
    }
    let reference = "C-who-is-to-be-destroyed";
    let stays = house.wins(&verifier, "C-who-stays-where-she-is");
    let given = house.wins(&verifier, reference);
    until("both are there", || verifier.metric("consents") >= 2.0);
    // Her withdrawal is handed over, and stays here while the ledger cannot be reached.
    line.refuse_posts();
    let withdrawal = house.withdrawal(&given);
    let _ = verifier
        .caller()
        .call("POST", "/v1/withdrawals", &withdrawal)
        .unwrap()
        .expect(202, "withdrawal");
    for invitation in &crowd[101..] {
        verifier.knows(
            &format!("C-of-the-crowd-{}", &invitation.digest().to_string()[..8]),
            &invitation.digest(),
        );
    }
    until("three messages wait", || verifier.metric("webhook_waiting") == 3.0);
    let mut before = raw(&verifier);
    let pieces = pieces(reference, &given, &withdrawal);
    for (what, piece) in &pieces {
        let held = find(&before, piece).is_some();
        // The code is on her paper alone.
        assert_eq!(held, *what != "her code", "{what}");
    }

    house.shop.destroy(&house.node, &given.consent);
    until("it has left memory", || verifier.metric("consents") < 2.0);
    assert_eq!(
        codes(&verifier.ask(&house.question(&verifier, reference))),
        ["customer_unknown"]
    );
    until("it has left the files", || {
        before = raw(&verifier);
        pieces.iter().all(|(_, piece)| find(&before, piece).is_none())
    });
    until("one message waits", || verifier.metric("webhook_waiting") == 1.0);
    // She who stays is there, and counts, also after a crash; the destroyed one does not come back.
    let question = house.question(&verifier, "C-who-stays-where-she-is");
    let _ = verifier.await_decision(&question, true, SOON);
    verifier.kill();
    line.set(Mode::Pass);
    let verifier = house.start("verifier", &line.url, &more);
    let _ = verifier.await_decision(&question, true, SOON);
    assert_eq!(
        codes(&verifier.ask(&house.question(&verifier, reference))),
        ["customer_unknown"]
    );
    let after = raw(&verifier);
    for (what, piece) in &pieces {
        assert_eq!(find(&after, piece), None, "{what}");
    }
    house.assert_private("verifier", &[reference], &[&stays, &given]);
}
