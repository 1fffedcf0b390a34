//! An issuer that does not know at the moment what is in force puts a wallet off, and gives what it asked for later.

use std::process::Command;
use std::thread;
use std::time::Duration;

use placet_kernel::bundle::Verdict;
use placet_tests::bytes_of;
use placet_tests::caller::{Answer, Caller};
use placet_tests::issuer::{IssuerProcess, LDP_VC, proof};
use placet_wallet::keys::SoftwareKey;
use serde_json::{Value, json};

use super::house::{Given, House, until};

/// What somebody waits for.
struct Waiting {
    token: String,
    id: String,
}

impl House {
    /// An issuer to which the ledger has said nothing for so long that it signs nothing. It goes on with [`House::speak`].
    fn dumb(&self) -> IssuerProcess {
        self.signal("-STOP");
        thread::sleep(Duration::from_secs(placet_issuer::MAX_STATE_SECONDS + 2));
        self.order.start(&self.log())
    }

    fn speak(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let told = Command::new("kill")
            .args([signal, &self.node.id().to_string()])
            .status();
        assert!(told.unwrap().success());
    }
}

fn later(issuer: &IssuerProcess, token: &str, body: &Value) -> Answer {
    let mut caller = Caller::with_token(issuer.url().strip_prefix("http://").unwrap(), token);
    caller
        .call("POST", "/openid/deferred", body.to_string().as_bytes())
        .unwrap()
}

fn ask_again(issuer: &IssuerProcess, waiting: &Waiting) -> Answer {
    later(issuer, &waiting.token, &json!({"transaction_id": waiting.id}))
}

fn said(answer: &Answer) -> (u16, Value) {
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    (answer.status, body["error"].clone())
}

fn refused(status: u16, error: &str) -> (u16, Value) {
    (status, error.into())
}

/// The same, put off.
fn wait(issuer: &IssuerProcess, token: String, key: &SoftwareKey) -> Waiting {
    let proof = proof(key, &issuer.url(), &issuer.nonce());
    let answer = issuer.ask(&token, LDP_VC, std::slice::from_ref(&proof));
    assert_eq!(
        said(&issuer.ask(&token, LDP_VC, &[proof])),
        refused(400, "invalid_nonce"),
        "its proof was judged"
    );
    let answer: Value = serde_json::from_slice(&answer.expect(202, "put off")).unwrap();
    assert_eq!(answer["interval"], placet_issuer::DEFERRED_INTERVAL_SECONDS);
    assert!(answer.get("credentials").is_none());
    let id = answer["transaction_id"].as_str().unwrap().to_owned();
    Waiting { token, id }
}

fn token(issuer: &IssuerProcess, given: &Given) -> String {
    issuer.token(&issuer.offer(&given.consent, &given.customer.key))
}

#[test]
fn what_cannot_be_given_now_is_given_later_once_and_to_who_asked() {
    let house = House::open();
    let issuer = house.issuer();
    let (ada, berta) = (house.yes("Ada"), house.yes("Berta"));
    let known = ada.receipt(&issuer);
    let _receipt = berta.receipt(&issuer);
    let (hers, other) = (token(&issuer, &ada), token(&issuer, &berta));
    issuer.kill();
    let issuer = house.dumb();
    let waiting = wait(&issuer, hers, &ada.customer.key);
    let again: Value = serde_json::from_slice(&ask_again(&issuer, &waiting).expect(202, "not yet")).unwrap();
    assert_eq!(again["transaction_id"], waiting.id);

    // Another's token, a made-up id, none, and no token at all.
    let id = json!({"transaction_id": waiting.id});
    assert_eq!(
        said(&later(&issuer, &other, &id)),
        refused(400, "invalid_transaction_id")
    );
    assert_eq!(said(&later(&issuer, "x", &id)), refused(401, "invalid_token"));
    for (id, error) in [
        (json!("made up"), "invalid_transaction_id"),
        (json!(""), "invalid_transaction_id"),
        (json!("x".repeat(300)), "invalid_transaction_id"),
        (Value::Null, "invalid_credential_request"),
        (json!(7), "invalid_credential_request"),
    ] {
        let answer = later(&issuer, &waiting.token, &json!({ "transaction_id": id }));
        assert_eq!(said(&answer), refused(400, error), "{id}");
    }

    // It waits through the death of the issuer.
    issuer.kill();
    let issuer = house.order.start(&house.log());
    assert_eq!(ask_again(&issuer, &waiting).status, 202);
    house.speak();
    let mut receipt = Value::Null;
    until("the receipt is given", || {
        let answer = ask_again(&issuer, &waiting);
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        receipt = body["credentials"][0]["credential"].clone();
        assert!(matches!(answer.status, 200 | 202), "{body}");
        answer.status == 200
    });
    assert_eq!(house.judge(&issuer, &receipt).in_force, Verdict::Holds);
    assert_eq!(receipt["credentialStatus"], known["credentialStatus"]);
    assert_eq!(
        said(&ask_again(&issuer, &waiting)),
        refused(400, "invalid_transaction_id"),
        "once"
    );
}

/// Whatever was asked for, no receipt is given of a consent that has ended meanwhile, or to a key that may hold none.
#[test]
fn what_is_over_meanwhile_or_anothers_is_never_given() {
    let house = House::open();
    let issuer = house.issuer();
    let (ada, berta) = (house.yes("Ada"), house.yes("Berta"));
    let _receipts = [ada.receipt(&issuer), berta.receipt(&issuer)];
    let (hers, stolen) = (token(&issuer, &ada), token(&issuer, &berta));
    let withdrawal = house.withdrawal(&ada);
    // The ledger has the withdrawal, and the issuer has not heard of it.
    issuer.kill();
    house.send(&withdrawal);
    let issuer = house.dumb();
    let over = wait(&issuer, hers, &ada.customer.key);
    let stranger = wait(&issuer, stolen, &SoftwareKey::ed25519_from_seed(&bytes_of("stranger")));
    house.speak();
    for (waiting, ends) in [
        // Her token ends with her consent; the other one does not.
        (&over, &[(401, "invalid_token"), (400, "credential_request_denied")][..]),
        (&stranger, &[(400, "credential_request_denied")]),
    ] {
        until("it is refused", || {
            let answer = ask_again(&issuer, waiting);
            let (status, error) = said(&answer);
            assert!(
                status == 202 || ends.iter().any(|(known, code)| *known == status && error == *code),
                "{status} {error}"
            );
            status != 202
        });
    }
    assert_eq!(
        said(&ask_again(&issuer, &stranger)),
        refused(400, "invalid_transaction_id")
    );
}

#[test]
fn only_so_much_waits_for_one_token() {
    let house = House::open();
    let issuer = house.issuer();
    let ada = house.yes("Ada");
    let _receipt = ada.receipt(&issuer);
    let hers = token(&issuer, &ada);
    issuer.kill();
    let issuer = house.dumb();
    for _ in 0..placet_issuer::MAX_DEFERRED {
        let _waiting = wait(&issuer, hers.clone(), &ada.customer.key);
    }
    let proof = proof(&ada.customer.key, &issuer.url(), &issuer.nonce());
    assert_eq!(
        said(&issuer.ask(&hers, LDP_VC, &[proof])),
        refused(400, "credential_request_denied")
    );
    let metadata = issuer.caller().get("/.well-known/openid-credential-issuer");
    let metadata: Value = serde_json::from_slice(&metadata).unwrap();
    assert_eq!(
        metadata["deferred_credential_endpoint"],
        format!("{}/openid/deferred", issuer.url())
    );
    house.speak();
}
