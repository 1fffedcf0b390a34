//! Asking people: who says no is not asked again for a while, and the brand's own service is told what is answered.

use std::fs;
use std::process::{Command, Output};
use std::thread;
use std::time::Duration;

use placet_schemas::id::Digest;
use placet_schemas::record::Invitation;
use placet_schemas::record::request::Supersedes;
use placet_tests::process::built;
use placet_tests::verifier::VerifierProcess;
use serde_json::{Value, json};

use super::house::{Given, House, SOON, call, codes, until};
use super::receiver::Receiver;

const INVITE: &str = "/v1/customers/invitations";
const LOOK: &str = "/v1/customers/look";

/// Longer than the first pause of the schedule, with its jitter.
const A_RETRY: Duration = Duration::from_secs(7);

fn invite(verifier: &VerifierProcess, request: &Digest, customer: &str) -> (u16, Value) {
    call(verifier, INVITE, &json!({"request": request, "customer": customer}))
}

/// A link for a customer, made by the verifier.
fn link(house: &House, verifier: &VerifierProcess, customer: &str) -> String {
    let (status, said) = invite(verifier, &house.request.record.digest(), customer);
    assert_eq!(status, 201, "{said}");
    said["link"].as_str().unwrap().to_owned()
}

fn invitation(link: &str) -> Invitation {
    let (_, fragment) = link.split_once("/i#").unwrap();
    fragment.split('.').next().unwrap().parse().unwrap()
}

/// Her yes to a link.
fn yes(house: &House, verifier: &VerifierProcess, customer: &str, name: &str) -> Given {
    let link = link(house, verifier, customer);
    house.yes(name, &invitation(&link))
}

/// Her no to a link, by the program.
fn decline(house: &House, link: &str) -> Output {
    Command::new(built())
        .args(["--json", "wallet", "decline", link, "--node", &house.ledger()])
        .output()
        .unwrap()
}

fn declined(house: &House, verifier: &VerifierProcess, customer: &str) -> Invitation {
    let link = link(house, verifier, customer);
    let before = verifier.metric("declines_total");
    let said = decline(house, &link);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let said: Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(said["declined"], house.request.record.digest().to_string());
    until("the verifier knows", || verifier.metric("declines_total") > before);
    invitation(&link)
}

fn assert_cooling(verifier: &VerifierProcess, request: &Digest, customer: &str) {
    let (status, said) = invite(verifier, request, customer);
    assert_eq!((status, &said["code"]), (409, &json!("cooling_down")), "{said}");
    assert!(said["detail"].as_str().unwrap().contains("before 20"), "{said}");
}

#[test]
fn who_said_no_is_not_asked_again_until_the_cool_down_ends() {
    let house = House::open();
    let verifier = house.start("verifier", &house.ledger(), &[]);
    let request = house.request.record.digest();
    let no = declined(&house, &verifier, "C-no");
    // The same again is the same answer; a yes by that invitation comes too late.
    let again = decline(&house, no.as_ref());
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    let late = house.shop.customer("late");
    let grant = late.grant(
        &house.shop,
        &house.request,
        &no,
        std::slice::from_ref(&house.clause),
        placet_wallet::sight::Sight::default().anchor(),
    );
    let refused = house.shop.caller(&house.node).call("POST", "/v1/records", &grant.bytes);
    let refused = refused.unwrap();
    let said: Value = serde_json::from_slice(&refused.body).unwrap();
    assert_eq!((refused.status, &said["code"]), (410, &json!("invitation_declined")));
    assert!(said["help"].as_str().unwrap().contains("invite her again"), "{said}");

    // Her row is gone from the book, and she is not asked again; others are, and she is asked something else.
    let (status, seen) = call(&verifier, LOOK, &json!({"customer": "C-no"}));
    assert_eq!((status, &seen["invitations"]), (200, &json!([])), "{seen}");
    assert_eq!(seen["declined"][0]["request"], request.to_string());
    assert_eq!(call(&verifier, LOOK, &json!({"customer": "C-nobody"})).0, 404);
    assert_cooling(&verifier, &request, "C-no");
    assert_eq!(invite(&verifier, &request, "C-other").0, 201);
    let other = house
        .shop
        .ask(&house.node, "another", vec![placet_tests::offer::recommendations()]);
    // Whether it is something else is not known before it is there.
    until("she may be asked", || {
        match invite(&verifier, &other.record.digest(), "C-no") {
            (201, _) => true,
            (404, said) if said["code"] == "request_unknown" => false,
            other => panic!("{other:?}"),
        }
    });
    // What differs in words alone is the same question; what differs materially is another.
    let instead = |name: &str, earlier: Digest, material: bool| {
        let supersedes = Some(Supersedes {
            request: earlier,
            material,
        });
        let before = verifier.metric("requests");
        let request = house
            .shop
            .ask_instead(&house.node, name, vec![house.clause.clone()], supersedes);
        until("it is known", || verifier.metric("requests") > before);
        request.record.digest()
    };
    let same = instead("in other words", request, false);
    assert_cooling(&verifier, &same, "C-no");
    let new = instead("something new", same, true);
    assert_eq!(invite(&verifier, &new, "C-no").0, 201);

    // Who is two, or one with another, has said no all the same.
    let merged = call(
        &verifier,
        "/v1/customers/merge",
        &json!({"from": "C-no", "into": "C-other"}),
    );
    assert_eq!(merged.0, 200);
    assert_cooling(&verifier, &request, "C-other");
    assert_eq!(
        invite(&verifier, &request, "C-no").0,
        201,
        "this reference is nobody's now"
    );
    verifier.kill();
    let verifier = house.start("verifier", &house.ledger(), &[]);
    assert_cooling(&verifier, &request, "C-other");
    assert!(verifier.metric("declines_cooling") == 1.0);
    house.assert_private(
        "verifier",
        &["C-no", "C-other", no.as_ref(), &no.digest().to_string()],
        &[],
    );
    // The cool-down is over: she is forgotten, and may be asked.
    verifier.stop();
    let verifier = house.start("verifier", &house.ledger(), &["--cool-down-days", "0"]);
    until("it is forgotten", || verifier.metric("declines_cooling") == 0.0);
    let (_, seen) = call(&verifier, LOOK, &json!({"customer": "C-other"}));
    assert_eq!(seen.get("declined"), None);
    assert_eq!(invite(&verifier, &request, "C-other").0, 201);
}

/// An invitation may be declined before the brand has brought its own list over, or while the verifier is away.
#[test]
fn a_no_is_heard_of_whenever_it_was_said() {
    let house = House::open();
    let verifier = house.start("verifier", &house.ledger(), &[]);
    let request = house.request.record.digest();
    let made = house.shop.invite(&house.node, &house.request, 2);
    for invitation in &made {
        let said = decline(&house, invitation.as_ref());
        assert!(said.status.success());
    }
    // Nobody's, until it is somebody's.
    thread::sleep(Duration::from_secs(6));
    assert!(verifier.metric("declines_total") == 0.0);
    verifier.knows("C-imported", &made[0].digest());
    until("the first is heard", || verifier.metric("declines_total") == 1.0);
    assert_cooling(&verifier, &request, "C-imported");
    verifier.stop();
    let verifier = house.start("verifier", &house.ledger(), &[]);
    verifier.knows("C-later", &made[1].digest());
    until("the second is heard", || verifier.metric("declines_total") == 1.0);
    assert_cooling(&verifier, &request, "C-later");
    // What was answered by yes cannot be declined, nor what nobody was given.
    let given = yes(&house, &verifier, "C-yes", "ada");
    let _ = verifier.await_decision(&house.question(&verifier, "C-yes"), true, SOON);
    let grant: Value = serde_json::from_slice(&given.grant).unwrap();
    let said = decline(&house, grant["proof"]["challenge"].as_str().unwrap());
    let why = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(!said.status.success() && why.contains("invitation_spent"), "{why}");
    let said = decline(&house, "AAAAAAAAAAAAAAAAAAAAAA");
    let why = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(!said.status.success() && why.contains("invitation_unknown"), "{why}");
    assert_eq!(codes(&verifier.ask(&house.question(&verifier, "C-yes"))), ["permitted"]);
}

#[test]
fn answers_are_told_signed_in_order_and_again_after_a_failure() {
    let house = House::open();
    let receiver = Receiver::start(&[500]);
    let more = ["--webhook", &receiver.url(), "--webhook-private"];
    let verifier = house.start("verifier", &house.ledger(), &more);
    let secret = fs::read_to_string(verifier.folder().join("webhook.key")).unwrap();
    let ada = yes(&house, &verifier, "C-ada", "ada");
    until("it was tried", || receiver.heard().len() == 1);
    // She has withdrawn before the brand knows that she gave: the one is told after the other.
    let _ = verifier.await_decision(&house.question(&verifier, "C-ada"), true, SOON);
    house.withdraw(&ada);
    let no = declined(&house, &verifier, "C-no");
    until("all is told", || receiver.taken().len() == 3);
    let heard = receiver.heard();
    assert_eq!(heard.len(), 4);
    for call in &heard {
        assert_eq!(call.target, "POST /hook?of=shop");
        assert_eq!(call.headers["content-type"], "application/json");
        assert!(call.is_signed_by(&secret));
        assert!(!call.is_signed_by("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
        assert!(call.body.len() < 20 * 1024);
    }
    // The same message, signed anew at the time of the second try.
    let given: Vec<_> = heard.iter().filter(|call| call.kind() == "consent.given").collect();
    assert_eq!((given[0].name(), &given[0].body), (given[1].name(), &given[1].body));
    let time = |at: usize| given[at].headers["webhook-timestamp"].parse::<u64>().unwrap();
    assert!(time(1) >= time(0) + 5, "{} {}", time(0), time(1));
    let message = given[1].json();
    let request = house.request.record.digest().to_string();
    assert_eq!(message["data"]["customer"], "C-ada");
    assert_eq!(message["data"]["consent"], ada.consent.to_string());
    assert_eq!(message["data"]["invitation"], ada.invitation.to_string());
    assert_eq!(message["data"]["request"], request);
    assert!(message["data"]["validUntil"].is_string() && message["timestamp"].is_string());
    let order: Vec<String> = receiver.taken().iter().map(super::receiver::Heard::kind).collect();
    let place = |kind: &str| order.iter().position(|heard| heard == kind).unwrap();
    assert!(place("consent.given") < place("consent.withdrawn"), "{order:?}");
    let declined = receiver.taken()[place("consent.declined")].json();
    assert_eq!(
        declined["data"],
        json!({"version": 1, "customer": "C-no", "request": request, "invitation": no.digest()})
    );
    until("nothing waits", || verifier.metric("webhook_waiting") == 0.0);
    // One that the brand ends, and one that is handed to the brand itself: told at once, and once.
    let (bob, eve) = (
        yes(&house, &verifier, "C-bob", "bob"),
        yes(&house, &verifier, "C-eve", "eve"),
    );
    for name in ["C-bob", "C-eve"] {
        let _ = verifier.await_decision(&house.question(&verifier, name), true, SOON);
    }
    let handed = verifier
        .caller()
        .call("POST", "/v1/withdrawals", &house.withdrawal(&bob))
        .unwrap();
    assert_eq!(handed.status, 202);
    house.end(&eve);
    until("all is told", || receiver.taken().len() == 7);
    // An erasure request may follow an ending, and is none.
    let before = verifier.metric("feed_items_total");
    house.erase(&eve);
    until("the erasure request is here", || {
        verifier.metric("feed_items_total") > before
    });
    let kinds = |given: &Given| -> Vec<String> {
        let of = |call: &super::receiver::Heard| call.json()["data"]["consent"] == given.consent.to_string();
        receiver
            .taken()
            .iter()
            .filter(|call| of(call))
            .map(super::receiver::Heard::kind)
            .collect()
    };
    assert_eq!(kinds(&bob), ["consent.given", "consent.withdrawn"]);
    assert_eq!(kinds(&eve), ["consent.given", "consent.ended"]);
    // A restart has nothing new to tell.
    verifier.stop();
    let verifier = house.start("verifier", &house.ledger(), &more);
    let _ = verifier.await_decision(&house.question(&verifier, "C-bob"), false, SOON);
    thread::sleep(Duration::from_secs(1));
    assert_eq!(receiver.heard().len(), 8);
    house.assert_private(
        "verifier",
        &["C-ada", "C-no", "C-bob", "C-eve", secret.trim()],
        &[&ada, &bob, &eve],
    );
}

#[test]
fn a_message_survives_a_crash_and_a_receiver_that_is_away() {
    let house = House::open();
    let port = Receiver::nobody();
    let url = format!("http://127.0.0.1:{port}/");
    let more = ["--webhook", &url, "--webhook-private"];
    let verifier = house.start("verifier", &house.ledger(), &more);
    let given = yes(&house, &verifier, "C-kept", "ada");
    until("it was tried", || verifier.metric("webhook_messages_total") >= 1.0);
    assert!(verifier.metric("webhook_waiting") == 1.0);
    verifier.kill();
    let receiver = Receiver::at(port, &[]);
    let verifier = house.start("verifier", &house.ledger(), &more);
    until("it is told", || !receiver.taken().is_empty());
    assert_eq!(receiver.taken()[0].json()["data"]["consent"], given.consent.to_string());
    until("nothing waits", || verifier.metric("webhook_waiting") == 0.0);
    assert_eq!(receiver.heard().len(), 1);
    // A replica that is read anew tells nobody again what it told before.
    verifier.stop();
    super::disk::alter(&house, "verifier", &["UPDATE consents SET body = X'7B7D'"]);
    let verifier = house.start("verifier", &house.ledger(), &more);
    let _ = verifier.await_decision(&house.question(&verifier, "C-kept"), true, SOON);
    thread::sleep(Duration::from_secs(1));
    assert_eq!(receiver.heard().len(), 1);
    house.assert_private("verifier", &["C-kept"], &[&given]);
}

#[test]
fn a_receiver_that_is_gone_is_left_alone_and_a_redirect_is_a_failure() {
    let house = House::open();
    let receiver = Receiver::start(&[302, 410]);
    let more = ["--webhook", &receiver.url(), "--webhook-private"];
    let verifier = house.start("verifier", &house.ledger(), &more);
    let _ = yes(&house, &verifier, "C-1", "ada");
    until("it was told to go away", || verifier.metric("webhook_gone") == 1.0);
    let _ = yes(&house, &verifier, "C-2", "bob");
    until("another waits", || verifier.metric("webhook_waiting") == 2.0);
    thread::sleep(A_RETRY);
    let targets: Vec<String> = receiver.heard().iter().map(|heard| heard.target.clone()).collect();
    assert_eq!(targets, ["POST /hook?of=shop"; 2], "nobody went elsewhere");
    // Until the operator has looked after it.
    verifier.stop();
    let verifier = house.start("verifier", &house.ledger(), &more);
    until("both are told", || receiver.taken().len() == 2);
    assert!(verifier.metric("webhook_gone") == 0.0);
    // Without a webhook nobody is told, and nothing is kept for one.
    verifier.stop();
    let verifier = house.start("verifier", &house.ledger(), &[]);
    let _ = yes(&house, &verifier, "C-3", "cleo");
    let _ = verifier.await_decision(&house.question(&verifier, "C-3"), true, SOON);
    verifier.stop();
    let verifier = house.start("verifier", &house.ledger(), &more);
    thread::sleep(Duration::from_secs(1));
    assert!(receiver.taken().len() == 2 && verifier.metric("webhook_waiting") == 0.0);
}

#[test]
fn a_webhook_does_not_lead_into_the_network_behind_the_verifier() {
    let house = House::open();
    let receiver = Receiver::start(&[]);
    // Plain http is refused before anything starts.
    let refused = house.try_start("first", &house.ledger(), &["--webhook", &receiver.url()]);
    assert!(refused.err().unwrap().contains("https"));
    // A name that leads inwards is never connected to.
    let url = format!("https://localhost:{}/", receiver.port);
    let verifier = house.start("second", &house.ledger(), &["--webhook", &url]);
    let given = yes(&house, &verifier, "C-1", "ada");
    until("it was tried", || verifier.metric("webhook_messages_total") >= 1.0);
    assert!(receiver.heard().is_empty());
    let said = fs::read_to_string(house.dir.path().join("second.stderr")).unwrap();
    assert!(said.contains("not public"));
    house.assert_private("second", &["C-1"], &[&given]);
}

#[test]
fn the_secret_is_made_once_by_the_command_and_read_by_nobody_else() {
    let house = House::open();
    let dir = house.dir.path().join("keys");
    let make = |more: &[&str]| {
        let mut command = Command::new(built());
        command.args(["keygen", "webhook", "--dir"]).arg(&dir).args(more);
        let made = command.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let said = String::from_utf8(made.stdout).unwrap();
        assert!(!said.contains("whsec_"), "{said}");
    };
    make(&[]);
    let path = dir.join("webhook.key");
    let secret = fs::read_to_string(&path).unwrap();
    assert!(secret.starts_with("whsec_"));
    make(&[]);
    assert_eq!(fs::read_to_string(&path).unwrap(), secret);
    // A new one above the old one: both sign, so that the receiver can change over.
    let other = dir.join("new.key");
    make(&["--out", other.to_str().unwrap()]);
    let new = fs::read_to_string(&other).unwrap();
    fs::write(&other, format!("{new}{secret}")).unwrap();
    let receiver = Receiver::start(&[]);
    let url = receiver.url();
    let more = [
        "--webhook",
        &url,
        "--webhook-private",
        "--webhook-secret",
        other.to_str().unwrap(),
    ];
    let verifier = house.start("verifier", &house.ledger(), &more);
    let _ = yes(&house, &verifier, "C-1", "ada");
    until("it is told", || receiver.taken().len() == 1);
    let heard = &receiver.taken()[0];
    assert!(heard.is_signed_by(&new) && heard.is_signed_by(&secret));
    verifier.stop();
    // A file that others may read holds no secret.
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(&other, fs::Permissions::from_mode(0o644)).unwrap();
    let refused = house.try_start("verifier", &house.ledger(), &more).err().unwrap();
    assert!(refused.contains("mode 644"), "{refused}");
}
