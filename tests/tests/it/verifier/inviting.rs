//! Inviting at the verifier with a QR code, and handing it the list of whom the brand invited before.

use std::fs;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use placet_schemas::id::Digest;
use placet_tests::process::built;
use placet_tests::verifier::VerifierProcess;
use serde_json::{Value, json};

use super::house::{House, call, codes};

const INVITE: &str = "/v1/customers/invitations";
const LOOK: &str = "/v1/customers/look";

/// `placet brand customers import` of the rows.
fn import(folder: &Path, verifier: &VerifierProcess, rows: &[(Digest, &str)]) -> Output {
    let row = |(invitation, customer): &(Digest, &str)| {
        json!({
            "invitation": invitation, "customer": customer,
            "request": Digest::of(b"request"), "expiresAt": "2027-01-01T00:00:00Z",
        })
    };
    let list = json!({"version": 1, "invitations": rows.iter().map(row).collect::<Vec<_>>()});
    let path = folder.join("customers.json");
    fs::write(&path, list.to_string()).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    Command::new(built())
        .args(["--json", "brand", "customers", "import", "--customers"])
        .arg(&path)
        .args(["--verifier", &format!("http://{}", verifier.address())])
        .args(["--access-token-file", "access.token"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn counted(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refused(output: &Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_link_comes_with_its_qr_code_when_it_is_asked_for() {
    let house = House::open();
    let verifier = house.start("verifier", &house.ledger(), &[]);
    let order = |qr: Option<bool>| {
        let mut order = json!({"request": house.request.record.digest(), "customer": "C-qr"});
        if let Some(qr) = qr {
            order["qr"] = qr.into();
        }
        let (status, link) = call(&verifier, INVITE, &order);
        assert_eq!(status, 201, "{link}");
        link
    };
    assert!(order(None)["qr"].is_null() && order(Some(false))["qr"].is_null());
    let link = order(Some(true));
    let qr = link["qr"].as_str().unwrap();
    let expected = placet_verifier::qr::QrCode::of(link["link"].as_str().unwrap()).unwrap();
    let png = qr.strip_prefix("data:image/png;base64,").unwrap();
    assert_eq!(base64(png), expected.png());
    let secret = link["link"].as_str().unwrap().split_once('#').unwrap().1;
    house.assert_private("verifier", &["C-qr", secret, &png[..64]], &[]);
}

#[test]
fn a_verifier_takes_over_the_list_of_the_invited_and_decides_by_it() {
    let house = House::open();
    let folder = house.dir.path().to_owned();
    let mut token = fs::OpenOptions::new();
    let token = token
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(folder.join("access.token"));
    std::io::Write::write_all(&mut token.unwrap(), b"a-token-of-24-characters").unwrap();
    let verifier = house.start("verifier", &house.ledger(), &[]);

    // Ada was invited, and answered, before there was a verifier.
    let invitation = house.shop.invite(&house.node, &house.request, 1).remove(0);
    let _ = house.yes("ada", &invitation);
    assert_eq!(
        codes(&verifier.ask(&house.question(&verifier, "C-ada"))),
        ["customer_unknown"]
    );
    let digest = |at: usize| Digest::of(format!("invitation {at}").as_bytes());
    let names: Vec<String> = (0..2500).map(|at| format!("C-{at}")).collect();
    let mut rows: Vec<(Digest, &str)> = names
        .iter()
        .enumerate()
        .map(|(at, name)| (digest(at), name.as_str()))
        .collect();
    rows.push((invitation.digest(), "C-ada"));
    let done = counted(&import(&folder, &verifier, &rows));
    assert_eq!(done, json!({"rows": 2501, "added": 2501, "known": 0}));
    let _ = verifier.await_decision(&house.question(&verifier, "C-ada"), true, super::house::SOON);
    let done = counted(&import(&folder, &verifier, &rows));
    assert_eq!(done, json!({"rows": 2501, "added": 0, "known": 2501}));

    // A row that contradicts is named, and the rows after it wait.
    rows.insert(2100, (Digest::of(b"new"), "C-new"));
    rows[2000].1 = "C-other";
    let said = refused(&import(&folder, &verifier, &rows));
    assert!(
        said.contains("invitation_taken") && said.contains(&digest(2000).to_string()) && said.contains("C-other"),
        "{said}"
    );
    assert_eq!(call(&verifier, LOOK, &json!({"customer": "C-other"})).0, 404);
    assert_eq!(call(&verifier, LOOK, &json!({"customer": "C-2000"})).0, 200);

    // A file that contradicts itself is not sent at all.
    let both = [(Digest::of(b"both"), "C-one"), (Digest::of(b"both"), "C-two")];
    let said = refused(&import(&folder, &verifier, &both));
    assert!(said.contains("C-one") && said.contains("C-two"), "{said}");
    assert_eq!(call(&verifier, LOOK, &json!({"customer": "C-one"})).0, 404);
    house.assert_private("verifier", &["C-ada", "C-other", "C-2000"], &[]);
}

#[test]
fn whoever_hands_in_a_list_needs_the_verifiers_token() {
    let house = House::open();
    let folder = house.dir.path().to_owned();
    let write = |name: &str, token: &str| {
        fs::write(folder.join(name), token).unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o600)).unwrap();
    };
    write("verifier.token", "a-token-of-24-characters");
    write("access.token", "another-of-24-characters");
    let path = folder.join("verifier.token");
    let verifier = house.start(
        "verifier",
        &house.ledger(),
        &["--access-token-file", path.to_str().unwrap()],
    );
    let rows = [(Digest::of(b"one"), "C-one")];
    let said = refused(&import(&folder, &verifier, &rows));
    assert!(said.contains("unauthorized"), "{said}");
    write("access.token", "a-token-of-24-characters");
    assert_eq!(counted(&import(&folder, &verifier, &rows))["added"], 1);
}

/// What `placet inspect` makes of an answer.
fn inspected(folder: &Path, answer: &Value) -> String {
    let path = folder.join("answer.json");
    fs::write(&path, answer.to_string()).unwrap();
    let output = Command::new(built()).arg("inspect").arg(path).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn somebody_who_has_never_seen_this_reads_why_it_was_denied_and_what_to_do() {
    let house = House::open();
    let folder = house.dir.path();
    let verifier = house.start("verifier", &house.ledger(), &[]);
    let request = house.request.record.digest().to_string();
    let ada = house.wins(&verifier, "C-ada");
    let question = house.question(&verifier, "C-ada");
    let (permit, _) = verifier.await_decision(&question, true, super::house::SOON);
    assert!(inspected(folder, &permit).contains("PERMITTED"));

    // Nobody of this name: she may have been invited before the verifier was there.
    let said = inspected(folder, &verifier.ask(&house.question(&verifier, "C-nobody")));
    for words in [
        "DENIED",
        "customer_unknown",
        "never invited",
        "placet brand customers import",
    ] {
        assert!(said.contains(words), "{words} is not in {said}");
    }
    // Invited, without an answer yet: what to ask with.
    let _ = house.invite(&verifier, "C-bob");
    let denied = verifier.ask(&house.question(&verifier, "C-bob"));
    let said = inspected(folder, &denied);
    let invite = format!("placet brand invite --request {request} --customer");
    for words in ["no_record", "Article 7(1) GDPR", "pd:EmailAddress", invite.as_str()] {
        assert!(said.contains(words), "{words} is not in {said}");
    }
    // Withdrawn: nobody is told to press her.
    house.withdraw(&ada);
    let (withdrawn, _) = verifier.await_decision(&question, false, super::house::SOON);
    let said = inspected(folder, &withdrawn);
    assert!(
        said.contains("stop using the data") && said.contains("only if she comes back"),
        "{said}"
    );

    // Several answers, of which somebody has made one a yes.
    let mut forged = denied.clone();
    forged["decision"] = true.into();
    let said = inspected(folder, &json!({"evaluations": [withdrawn, forged]}));
    assert_eq!(
        (said.matches("DENIED").count(), said.matches("beware").count()),
        (2, 1),
        "{said}"
    );
}

/// RFC 4648 section 4, without a library: what is expected is not made by the code that is tested.
fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits = 0_u32;
    let (mut held, mut bytes) = (0, Vec::new());
    for letter in text.trim_end_matches('=').bytes() {
        let value = ALPHABET.iter().position(|other| *other == letter).unwrap();
        bits = (bits << 6) | value as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}
