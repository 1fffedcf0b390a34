//! Bodies that are no requests: each is refused by a status, and none changes anything.

use placet_witness::{MAX_BODY_BYTES, MAX_PROOF_LINES};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::harness::{Log, ORIGIN, Served, body, reply, settings};

const HASH: &str = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=";

#[tokio::test]
async fn malformed_bodies_are_refused_and_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::new(ORIGIN, 1);
    let served = Served::start(settings(dir.path(), &[&log])).await;
    let good = log.body(0, 5);
    let note = log.note(5);
    let unended = |text: &str| text.trim_end().to_owned();
    for (text, why) in [
        (String::new(), "nothing"),
        ("\n".to_owned(), "a blank line"),
        ("old 0\n".to_owned(), "no blank line, no checkpoint"),
        ("old 0\n\n".to_owned(), "no checkpoint"),
        (
            good.replace("old 0\n\n", "old 0\n"),
            "no blank line before the checkpoint",
        ),
        (good.replace("=\n\n", "=\n"), "no blank line before the signatures"),
        (good.replace('\n', "\r\n"), "CRLF"),
        (note.clone(), "no old size"),
        (good.replace("old 0", "old -1"), "a sign"),
        (good.replace("old 0", "old 00"), "leading zeroes"),
        (good.replace("old 0", "Old 0"), "another word"),
        (good.replace("old 0", "old 0 0"), "two sizes"),
        (good.replace("old 0", "old 99999999999999999999"), "beyond 64 bits"),
        (body(5, &vec![HASH.to_owned(); MAX_PROOF_LINES + 1], &note), "64 hashes"),
        (body(5, &[HASH.replace('=', "")], &note), "no padding"),
        (body(5, &[HASH.replace('P', "*")], &note), "no base64"),
        (body(5, &[format!("{HASH} ")], &note), "a space"),
        (body(5, &["PlRNCrwH".to_owned()], &note), "6 bytes"),
        (
            body(0, &[], &note.replace("\n5\n", "\n05\n")),
            "a size with leading zeroes",
        ),
        (body(0, &[], &note.replace("\n5\n", "\n\0\n")), "NUL"),
        (
            body(0, &[], &note.replace("\n5\n", "\n9223372036854775808\n")),
            "beyond 2^63 - 1",
        ),
        (body(0, &[], &unended(&note)), "the last line does not end"),
        (body(0, &[], &note.replace('\u{2014}', "-")), "no em dash"),
        (body(0, &[], &note.repeat(2)), "two notes"),
        (body(0, &[], &log.sign_text(&format!("{ORIGIN}\n5\n"))), "two lines"),
        // The log has signed it, and still: what no monitor can read is not cosigned.
        (
            body(0, &[], &log.sign_text(&format!("{ORIGIN}\n5\n{HASH}\nextension\n"))),
            "an extension line",
        ),
        (good.clone() + note.lines().last().unwrap(), "a line that does not end"),
        (
            good.clone() + &format!("{}\n", note.lines().last().unwrap()).repeat(40),
            "41 signatures",
        ),
    ] {
        let reply = served.add(&text).await;
        assert_eq!(reply.status, 400, "{why}: {text:?}");
        assert!(reply.content_type.starts_with("text/plain"), "{why}");
        assert!(!reply.body.contains('\u{2014}'), "{why}");
    }
    let mut binary = good.clone().into_bytes();
    binary[12] = 0xff;
    assert_eq!(served.add(binary).await.status, 400, "not UTF-8");
    assert_eq!(served.add(good).await.status, 200);
    served.stop().await;
}

#[tokio::test]
async fn huge_bodies_are_refused_announced_or_not() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::new(ORIGIN, 1);
    let served = Served::start(settings(dir.path(), &[&log])).await;
    // Announced, and then not sent.
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let head = "POST /add-checkpoint HTTP/1.1\r\nhost: w\r\nconnection: close\r\ncontent-length: 99999999999\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(reply(stream).await.status, 413);

    // Not announced, and sent. The answer may come, and the connection end, before all is written.
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let head = "POST /add-checkpoint HTTP/1.1\r\nhost: w\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let size = MAX_BODY_BYTES + 1;
    stream.write_all(format!("{size:x}\r\n").as_bytes()).await.unwrap();
    stream.write_all(&vec![b'o'; size]).await.unwrap();
    assert_eq!(reply(stream).await.status, 413);
    served.stop().await;
}

/// The signature covers the text, and the form covers the rest: whatever byte of a request is changed, either it is refused
/// or it is the same request with a line more or less that means nothing.
#[tokio::test]
async fn no_changed_byte_gets_another_tree_cosigned() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::new(ORIGIN, 1);
    let served = Served::start(settings(dir.path(), &[&log])).await;
    assert_eq!(served.add(log.body(0, 5)).await.status, 200);
    let good = log.body(5, 6).into_bytes();
    for at in 0..good.len() {
        for bit in [0, 5] {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            // In process: the socket adds nothing to this, and there are hundreds.
            assert!(
                served.witness.add_checkpoint(&bad).await.is_err(),
                "bit {bit} of byte {at}"
            );
        }
    }
    assert_eq!(served.add(good).await.status, 200);
    served.stop().await;
}
