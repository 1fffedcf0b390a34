//! Issuers that die, and files that break: no receipt is good after its end, none that is good is void, and what cannot be told is
//! not said.

use std::fs::{self, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::panic;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use placet_issuer::DATABASE_FILE;
use placet_kernel::bundle::Verdict;
use placet_tests::issuer::{IssuerProcess, LDP_VC, PRE_AUTHORIZED};
use placet_tests::verifier::started;
use serde_json::Value;

use super::house::{Given, House, until};
use super::status::{bits, forget};

/// Those whose receipts are claimed before the killing begins; half of them withdraw while it lasts.
const PEOPLE: usize = 24;
/// Bits that are flipped, one after another.
const FLIPS: usize = 48;
/// How long an issuer may take to read what it has.
const PATIENCE: Duration = Duration::from_secs(2);
/// Longest life of an issuer that is killed, in milliseconds.
const LIFE: u64 = 230;

#[test]
fn an_issuer_that_is_killed_at_any_moment_ends_up_with_what_the_ledger_has() {
    let house = House::open();
    let issuer = house.issuer();
    let people: Vec<Given> = (0..PEOPLE)
        .map(|number| house.yes(&format!("person {number}")))
        .collect();
    let receipts: Vec<Value> = people.iter().map(|given| given.receipt(&issuer)).collect();
    let mut issuer = Some(issuer);
    let done = AtomicBool::new(false);
    let late: Vec<Given> = thread::scope(|scope| {
        let ledger = scope.spawn(|| {
            let mut late = Vec::new();
            for (number, given) in people.iter().enumerate() {
                late.push(house.yes(&format!("late {number}")));
                if number % 2 == 0 {
                    house.send(&house.withdrawal(given));
                }
                thread::sleep(Duration::from_millis(LIFE / 3));
            }
            done.store(true, Ordering::SeqCst);
            late
        });
        let (mut moment, mut kills) = (7_u64, 0);
        while !done.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(moment % LIFE));
            moment = moment
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407)
                >> 3;
            issuer.take().unwrap().kill();
            kills += 1;
            issuer = Some(house.order.start(&house.log()));
        }
        assert!(kills > 2, "it was hardly killed");
        ledger.join().unwrap()
    });
    let issuer = issuer.unwrap();
    until("the issuer is ready", || issuer.is_ready());
    for (number, receipt) in receipts.iter().enumerate() {
        let expected = if number % 2 == 0 {
            Verdict::Fails
        } else {
            Verdict::Holds
        };
        until("the status is what the ledger has", || {
            house.judge(&issuer, receipt).in_force == expected
        });
    }
    // Nothing is there twice or not at all: who came meanwhile has a receipt, and made anew the lists are the same.
    for given in &late {
        assert_eq!(house.judge(&issuer, &given.receipt(&issuer)).in_force, Verdict::Holds);
    }
    let before = bits(&issuer, &receipts[1]);
    forget(issuer);
    let issuer = house.issuer();
    assert_eq!(bits(&issuer, &receipts[1]), before);
}

/// A token is good until it has run out, whatever becomes of the process meanwhile; an offer is good once.
#[test]
fn what_a_wallet_was_given_survives_the_issuers_death() {
    let house = House::open();
    let issuer = house.issuer();
    let ada = house.yes("Ada");
    let _known = ada.receipt(&issuer);
    let key = &ada.customer.key;
    let (offered, redeemed) = (issuer.offer(&ada.consent, key), issuer.offer(&ada.consent, key));
    let token = issuer.token(&redeemed);
    issuer.kill();
    let issuer = house.issuer();
    let claim = |issuer: &IssuerProcess, token: &str| {
        let proof = placet_tests::issuer::proof(key, &issuer.url(), &issuer.nonce());
        issuer.ask(token, LDP_VC, &[proof]).status
    };
    assert_eq!(claim(&issuer, &token), 200);
    assert_eq!(claim(&issuer, &issuer.token(&offered)), 200);
    for once in [&offered, &redeemed] {
        let code = once.offer["grants"][PRE_AUTHORIZED]["pre-authorized_code"]
            .as_str()
            .unwrap();
        let form = [
            ("grant_type", PRE_AUTHORIZED),
            ("pre-authorized_code", code),
            ("tx_code", &once.tx_code),
        ];
        assert_eq!(issuer.redeem(&form).status, 400, "an offer is redeemed once");
    }
}

/// What is kept can be had again from the ledger: a file that is damaged stops the issuer, which says so, and never makes it
/// publish a list in which a void receipt is good.
#[test]
fn a_damaged_database_is_said_and_mended_by_removing_it() {
    let house = House::open();
    let issuer = house.issuer();
    let (ada, berta) = (house.yes("Ada"), house.yes("Berta"));
    let receipts = [ada.receipt(&issuer), berta.receipt(&issuer)];
    house.send(&house.withdrawal(&ada));
    until("her receipt is void", || {
        house.judge(&issuer, &receipts[0]).in_force == Verdict::Fails
    });
    let file = issuer.folder().join(DATABASE_FILE);
    issuer.stop();
    let mut database = OpenOptions::new().read(true).write(true).open(&file).unwrap();
    let mut head = [0; 100];
    database.read_exact(&mut head).unwrap();
    database.seek(SeekFrom::Start(0)).unwrap();
    database.write_all(&[0x5a; 100]).unwrap();
    drop(database);
    let why = fails(&house);
    assert!(why.contains("issuer.db") || why.contains("database"), "{why}");
    assert_eq!(why.lines().count(), 1, "{why}");

    // Cut in two: what is left may be opened, and its lists may be short.
    let mut database = OpenOptions::new().write(true).open(&file).unwrap();
    database.write_all(&head).unwrap();
    let length = fs::metadata(&file).unwrap().len();
    database.set_len(length / 2).unwrap();
    drop(database);
    let why = fails(&house);
    assert_eq!(why.lines().count(), 1, "{why}");

    fs::remove_file(&file).unwrap();
    let issuer = house.issuer();
    let judged = receipts
        .each_ref()
        .map(|receipt| house.judge(&issuer, receipt).in_force);
    assert_eq!(judged, [Verdict::Fails, Verdict::Holds]);
}

/// A lost bit may be anywhere: in a list, in what is known of a consent, in how far a feed was read.
#[test]
fn no_flipped_bit_makes_a_void_receipt_good() {
    let house = House::open();
    let issuer = house.issuer();
    let (ada, berta) = (house.yes("Ada"), house.yes("Berta"));
    let receipts = [ada.receipt(&issuer), berta.receipt(&issuer)];
    house.send(&house.withdrawal(&ada));
    until("her receipt is void", || {
        house.judge(&issuer, &receipts[0]).in_force == Verdict::Fails
    });
    let file = issuer.folder().join(DATABASE_FILE);
    issuer.stop();
    let sound = fs::read(&file).unwrap();
    let (mut refused, mut served) = (0, 0);
    for at in (0..FLIPS).map(|nth| nth * sound.len() / FLIPS + nth * 7 % 64) {
        let mut flipped = sound.clone();
        flipped[at] ^= 1 << (at % 8);
        fs::write(&file, &flipped).unwrap();
        let Ok(issuer) = panic::catch_unwind(|| house.order.start(&house.log())) else {
            refused += 1;
            continue;
        };
        // One that found what is wrong while it reads is never ready, and publishes nothing.
        let began = started();
        while !issuer.is_ready() && began.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(10));
        }
        match issuer.is_ready() {
            true => {
                let judged = receipts
                    .each_ref()
                    .map(|receipt| house.judge(&issuer, receipt).in_force);
                assert_eq!(judged, [Verdict::Fails, Verdict::Holds], "octet {at}");
                served += 1;
            }
            false => refused += 1,
        }
        issuer.kill();
        for rest in ["-wal", "-shm"] {
            let _absent = fs::remove_file(file.with_file_name(format!("{DATABASE_FILE}{rest}")));
        }
    }
    assert!(refused > 3 && served > 3, "{refused} refused, {served} served");
}

/// Why the issuer does not start.
fn fails(house: &House) -> String {
    let order = &house.order;
    let output = Command::new(&order.binary)
        .args(["issuer", "--listen", &order.listen, "--log-filter", "off"])
        .args(["--url", &order.ledger, "--dir"])
        .arg(&order.folder)
        .arg("--trust")
        .arg(&order.trust)
        .env("PLACET_SERVICE_TOKEN", &order.token)
        .output()
        .unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap().trim().to_owned()
}
