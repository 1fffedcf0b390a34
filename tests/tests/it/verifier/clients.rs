//! The blocking client of a service without a runtime, against a verifier, and against those who stand between.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use placet_ask::{Asked, Client, DECISION_TIMEOUT, Decision, Delivery, Question, ReportedAccess, Semantic, Whom};
use placet_schemas::json::to_jcs;
use placet_tests::p;
use placet_tests::verifier::{VerifierProcess, started};
use serde_json::{Value, json};

use super::house::{House, SOON};

fn client(verifier: &VerifierProcess) -> Client {
    let client = Client::new(&format!("http://{}", verifier.address())).unwrap();
    client.pinned(verifier.did.clone())
}

fn question(house: &House, reference: &str) -> Question {
    Question {
        controller: house.shop.brand.did.clone(),
        whom: Whom::Customer(p(reference)),
        asked: Asked {
            purpose: house.clause.purpose.id.clone(),
            categories: serde_json::from_value(json!(["pd:EmailAddress"])).unwrap(),
            processing: serde_json::from_value(json!("dpv:Use")).unwrap(),
            delivery: Delivery::Copy,
            third_party: None,
            transfer: None,
        },
    }
}

fn code(client: &Client, question: &Question) -> &'static str {
    match client.decide(question) {
        Decision::Permit(_) => "permitted",
        Decision::Deny(denial) => {
            assert!(!client.permits(question));
            denial.code()
        }
    }
}

#[test]
fn a_service_without_a_runtime_asks_and_reports() {
    let house = House::open();
    let verifier = house.verifier();
    let client = client(&verifier);
    let (ada, eve) = (question(&house, "C-1"), question(&house, "C-2"));
    verifier.await_ready(true, SOON);
    assert_eq!(code(&client, &ada), "customer_unknown");

    let given = house.wins(&verifier, "C-1");
    let asked = house.question(&verifier, "C-1");
    let _ = verifier.await_decision(&asked, true, SOON);
    let Decision::Permit(permit) = client.decide(&ada) else {
        panic!("no permit")
    };
    assert_eq!(permit.scope(), Some(&ada.asked));
    assert!(permit.valid_until().is_some());

    // Several at once, in their order; what comes after the one that ends the call has no answer.
    let three = [ada.clone(), eve, ada.clone()];
    let decisions = |semantic| -> Vec<bool> {
        let answers = client.evaluate_all(&three, semantic).unwrap();
        answers.iter().map(|answer| answer.decision).collect()
    };
    assert_eq!(decisions(Semantic::ExecuteAll), [true, false, true]);
    assert_eq!(decisions(Semantic::DenyOnFirstDeny), [true, false]);
    assert_eq!(decisions(Semantic::PermitOnFirstPermit), [true]);

    let access = ReportedAccess {
        service: serde_json::from_value(json!("mailer")).unwrap(),
        evaluation: Some(permit.evaluation_id().clone()),
        customer: None,
        person: None,
        at: None,
        purpose: ada.asked.purpose.clone(),
        categories: ada.asked.categories.clone(),
        processing: ada.asked.processing,
        delivery: Delivery::Copy,
        third_party: None,
    };
    let reported = client.report(std::slice::from_ref(&access)).unwrap();
    assert_eq!((reported.lines, reported.without_permit), (1, 0));
    let unclear = ReportedAccess {
        evaluation: None,
        ..access
    };
    let refused = client.report(&[unclear]).unwrap_err();
    assert_eq!(refused.code(), "refused", "{refused}");

    house.withdraw(&given);
    let _ = verifier.await_decision(&asked, false, SOON);
    assert_eq!(code(&client, &ada), "withdrawn");

    // Another brand's, and nobody's.
    let other = Question {
        controller: p("did:web:gym.example"),
        ..ada.clone()
    };
    assert_eq!(code(&client, &other), "controller_unknown");
    verifier.stop();
    assert_eq!(code(&client, &ada), "unreachable");
}

#[test]
fn a_service_without_the_verifiers_token_is_denied() {
    let house = House::open();
    let verifier = house.start_guarded("a-token-of-a-verifier-0123456789");
    let ada = question(&house, "C-1");
    assert_eq!(code(&client(&verifier), &ada), "refused");
    let wrong = client(&verifier).with_token("another-token-of-a-verifier-01234");
    assert_eq!(code(&wrong, &ada), "refused");
    let right = client(&verifier).with_token("a-token-of-a-verifier-0123456789");
    assert!(right.evaluate(&ada).is_ok());
}

#[test]
fn nobody_between_makes_a_deny_a_permit() {
    let house = House::open();
    let verifier = house.verifier();
    let _ = house.wins(&verifier, "C-1");
    let asked = house.question(&verifier, "C-1");
    let (permit, _) = verifier.await_decision(&asked, true, SOON);
    let (ada, eve) = (question(&house, "C-1"), question(&house, "C-2"));
    assert!(client(&verifier).permits(&ada));

    let address = verifier.address().to_owned();
    let pinned = |between: &str| Client::new(between).unwrap().pinned(verifier.did.clone());
    // It passes everything on, and what is passed on unchanged counts.
    let honest = between({
        let address = address.clone();
        move |body| json_answer(&ask(&address, body))
    });
    assert_eq!(code(&pinned(&honest), &ada), "permitted");
    // Yet not when another verifier is believed.
    let stranger = p("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK");
    assert_eq!(code(&Client::new(&honest).unwrap().pinned(stranger), &ada), "signer");
    // It turns the word around.
    let turned = between({
        let address = address.clone();
        move |body| {
            let mut answer = ask(&address, body);
            answer["decision"] = true.into();
            json_answer(&answer)
        }
    });
    assert_eq!(code(&pinned(&turned), &eve), "other_question");
    // It gives a permit that was seen before, of this very question or another one.
    let replayed = between({
        let permit = permit.clone();
        move |_| json_answer(&permit)
    });
    assert_eq!(code(&pinned(&replayed), &ada), "other_question");
    // It asks for somebody who said yes.
    let swapped = between(move |body| {
        let mut body: Value = serde_json::from_slice(body).unwrap();
        body["resource"]["id"] = "C-1".into();
        json_answer(&ask(&address, &to_jcs(&body).unwrap()))
    });
    assert_eq!(code(&pinned(&swapped), &eve), "other_question");
    // It takes the signature for decoration.
    let unsigned = between(move |_| {
        let mut permit = permit.clone();
        permit["context"]["signed"] = "e30.e30.e30".into();
        json_answer(&permit)
    });
    assert!(!pinned(&unsigned).permits(&ada));
}

#[test]
fn whatever_else_is_answered_is_a_deny() {
    let house = House::open();
    let ada = question(&house, "C-1");
    let long = vec![b' '; usize::try_from(placet_ask::MAX_ANSWER_BYTES).unwrap() + 1];
    for (answer, expected) in [
        (raw("200 OK", "application/json", b"{\"decision\":true}"), "malformed"),
        (raw("200 OK", "application/json", b"true"), "malformed"),
        (raw("200 OK", "text/html", b"<p>permit</p>"), "malformed"),
        (raw("200 OK", "application/json", &long), "too_long"),
        (raw("204 No Content", "application/json", b""), "refused"),
        (raw("503 Service Unavailable", "text/plain", b"later"), "refused"),
        (
            b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n".to_vec(),
            "refused",
        ),
        (b"SSH-2.0-OpenSSH\r\n".to_vec(), "unreachable"),
        (Vec::new(), "unreachable"),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{\"decision\":true".to_vec(),
            "unreachable",
        ),
    ] {
        let shown = String::from_utf8_lossy(&answer[..answer.len().min(80)]).into_owned();
        let client = Client::new(&between(move |_| answer.clone())).unwrap();
        assert_eq!(code(&client, &ada), expected, "{shown}");
    }
    // One who takes the question and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = Client::new(&format!("http://{}", silent.local_addr().unwrap())).unwrap();
    let began = started();
    let Decision::Deny(denial) = client.decide(&ada) else {
        panic!("a permit of nobody")
    };
    assert_eq!(denial.code(), "slow");
    let took = began.elapsed();
    assert!(took < DECISION_TIMEOUT + Duration::from_millis(500), "{took:?}");
}

/// Somebody on the way who answers each body as `answer` says; his address.
fn between(answer: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            if let Some(body) = taken(&stream) {
                // The client may have gone, as from an answer that is too long.
                let _ = stream.write_all(&answer(&body));
            }
        }
    });
    url
}

/// The body of a call.
fn taken(stream: &TcpStream) -> Option<Vec<u8>> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(body)
}

fn raw(status: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn json_answer(answer: &Value) -> Vec<u8> {
    raw("200 OK", "application/json", &to_jcs(answer).unwrap())
}

/// What the verifier at an address says to a body.
fn ask(address: &str, body: &[u8]) -> Value {
    let mut caller = placet_tests::caller::Caller::new(address);
    let answer = caller.call("POST", "/access/v1/evaluation", body).unwrap();
    serde_json::from_slice(&answer.expect(200, "evaluation")).unwrap()
}
