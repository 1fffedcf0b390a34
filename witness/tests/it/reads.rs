//! What anyone may read, other methods and paths, and the end of a process.

use std::time::Duration;

use placet_kernel::checkpoint::SignedCheckpoint;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::harness::{Log, ORIGIN, Reply, Served, call, reply, settings};

/// `printf 'ledger.example/placet' | sha256sum`
const ORIGIN_HASH: &str = "184de5310091dacd2bc3ef173a0489544bda7d525b0af8d3607f290c242c08df";

#[tokio::test]
async fn monitors_read_the_latest_checkpoint_with_both_signatures() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::new(ORIGIN, 1);
    let served = Served::start(settings(dir.path(), &[&log])).await;
    let path = format!("/{ORIGIN_HASH}/checkpoint");
    assert_eq!(served.get(&path).await.status, 404, "nothing was cosigned yet");
    for (old, size) in [(0, 5), (5, 9)] {
        let line = served.add(log.body(old, size)).await.body;
        let latest = served.get(&path).await;
        assert_eq!((latest.status, &latest.body), (200, &(log.note(size) + &line)));
        assert_eq!(latest.content_type, "text/plain; charset=utf-8");
        let trust = log.trust(&served.vkey());
        SignedCheckpoint::open_exact(latest.body.as_bytes(), &trust).unwrap();
    }
    for other in [
        "/00/checkpoint",
        &path.to_uppercase().replace("CHECKPOINT", "checkpoint"),
    ] {
        assert_eq!(served.get(other).await.status, 404, "{other}");
    }
    served.stop().await;
}

#[tokio::test]
async fn a_witness_says_who_it_is_under_its_prefix() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::new(ORIGIN, 1);
    let served = Served::start_at(settings(dir.path(), &[&log]), "/w/1").await;
    let about = served.get("/w/1/").await;
    assert_eq!(about.body, format!("{}\nlog {ORIGIN}\n", served.vkey()));
    assert_eq!(served.get("/healthz").await.body, "ok\n");
    assert_eq!(
        served.add(log.body(0, 1)).await.status,
        404,
        "the path without the prefix"
    );
    let path = "/w/1/add-checkpoint";
    assert_eq!(
        call(served.address, "POST", path, log.body(0, 1).as_bytes())
            .await
            .status,
        200
    );
    assert_eq!(served.get(path).await.status, 405);
    served.stop().await;
}

#[tokio::test]
async fn a_call_that_has_begun_is_answered_before_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::new(ORIGIN, 1);
    let served = Served::start(settings(dir.path(), &[&log])).await;
    let (address, vkey) = (served.address, served.vkey());
    let body = log.body(0, 5);
    let head = format!(
        "POST /add-checkpoint HTTP/1.1\r\nhost: w\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    // The witness says so when it begins to read the body, so the call has begun.
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    let stopping = tokio::spawn(served.stopping());
    let closed = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), closed).await.unwrap();
    assert!(!stopping.is_finished());
    stream.write_all(body.as_bytes()).await.unwrap();
    let Reply { status, body, .. } = reply(stream).await;
    assert_eq!(status, 200);
    log.cosigned_at(5, &body, &vkey);
    stopping.await.unwrap();
}
