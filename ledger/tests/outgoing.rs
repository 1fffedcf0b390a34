//! The guarded client against real connections on loopback: what it refuses, and what it does once it is let through.

#![expect(clippy::unwrap_used, reason = "whatever fails in a fixture must fail the test")]

use std::time::Duration;

use placet_ledger::outgoing::{FETCH_TIMEOUT, MAX_DOCUMENT_BYTES, Outgoing, OutgoingConfig, OutgoingError};
use placet_schemas::id::Did;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const OPEN: OutgoingConfig = OutgoingConfig {
    allow_private_addresses: true,
    allow_http: true,
};

/// A server that answers the first call with these bytes, after it has read the head, which it gives back.
async fn answering(answer: Vec<u8>) -> (u16, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        // The client may hang up early, as it does when the answer is too large.
        let _ = stream.write_all(&answer).await;
        String::from_utf8(head).unwrap()
    });
    (port, served)
}

fn ok(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn did(host: &str, port: u16, path: &str) -> Did {
    format!("did:web:{host}%3A{port}{path}").parse().unwrap()
}

async fn fetch(config: OutgoingConfig, did: &Did) -> Result<Vec<u8>, OutgoingError> {
    Outgoing::new(config).unwrap().did_web(did).await
}

#[tokio::test]
async fn a_document_is_fetched_from_where_did_web_says() {
    for (path, expected) in [
        ("", "/.well-known/did.json"),
        (":brands:cinema", "/brands/cinema/did.json"),
    ] {
        let (port, served) = answering(ok("{\"id\":1}")).await;
        assert_eq!(
            fetch(OPEN, &did("localhost", port, path)).await,
            Ok(b"{\"id\":1}".to_vec())
        );
        let head = served.await.unwrap().to_ascii_lowercase();
        assert!(head.starts_with(&format!("get {expected} http/1.1\r\n")), "{head}");
        assert!(head.contains(&format!("\r\nhost: localhost:{port}\r\n")), "{head}");
    }
}

#[tokio::test]
async fn inward_addresses_are_refused_before_any_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // Names and old notations of numbers alike: what counts is the address that they lead to.
    for host in ["localhost", "127.1", "0x7f000001", "2130706433", "0", "169.254.43518"] {
        for allow_http in [false, true] {
            let config = OutgoingConfig {
                allow_private_addresses: false,
                allow_http,
            };
            let refused = fetch(config, &did(host, port, "")).await;
            let expected = [Err(OutgoingError::NotPublic), Err(OutgoingError::Unresolved)];
            assert!(expected.contains(&refused), "{host}: {refused:?}");
        }
    }
    let literal = fetch(OutgoingConfig::default(), &did("127.0.0.1", port, "")).await;
    assert!(matches!(literal, Err(OutgoingError::NotFetchable(_))), "{literal:?}");
    let nobody = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(nobody.is_err(), "a connection was made");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (target, hit) = answering(ok("secret")).await;
    let (port, _served) = answering(
        format!("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{target}/\r\ncontent-length: 0\r\n\r\n").into(),
    )
    .await;
    assert_eq!(
        fetch(OPEN, &did("127.0.0.1", port, "")).await,
        Err(OutgoingError::Status(302))
    );
    assert!(
        tokio::time::timeout(Duration::from_millis(50), hit).await.is_err(),
        "the redirect was followed"
    );
}

#[tokio::test]
async fn size_is_capped_announced_or_not() {
    let just = "x".repeat(MAX_DOCUMENT_BYTES);
    let (port, _served) = answering(ok(&just)).await;
    assert_eq!(
        fetch(OPEN, &did("127.0.0.1", port, "")).await.map(|body| body.len()),
        Ok(MAX_DOCUMENT_BYTES)
    );
    let (port, _served) = answering(ok(&(just.clone() + "x"))).await;
    assert_eq!(
        fetch(OPEN, &did("127.0.0.1", port, "")).await,
        Err(OutgoingError::Oversize(MAX_DOCUMENT_BYTES))
    );
    let endless = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{just}x");
    let (port, _served) = answering(endless.into_bytes()).await;
    assert_eq!(
        fetch(OPEN, &did("127.0.0.1", port, "")).await,
        Err(OutgoingError::Oversize(MAX_DOCUMENT_BYTES))
    );
}

#[tokio::test(start_paused = true)]
async fn time_is_capped() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // The system completes the connection; nobody ever reads or answers.
    assert_eq!(
        fetch(OPEN, &did("127.0.0.1", port, "")).await,
        Err(OutgoingError::Timeout(FETCH_TIMEOUT))
    );
}

#[tokio::test]
async fn https_is_the_rule() {
    let closed_http = OutgoingConfig {
        allow_private_addresses: true,
        allow_http: false,
    };
    let (port, served) = answering(ok("plain")).await;
    served.abort();
    assert_eq!(
        fetch(closed_http, &did("localhost", port, "")).await,
        Err(OutgoingError::Unreachable)
    );
}

#[tokio::test]
async fn a_did_key_has_no_place() {
    let key: Did = "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
        .parse()
        .unwrap();
    assert!(matches!(fetch(OPEN, &key).await, Err(OutgoingError::NotFetchable(_))));
}
