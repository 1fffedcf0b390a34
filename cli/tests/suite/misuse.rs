//! Wrong arguments, wrong files, servers that are none: one line, no panic, and nothing half done.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Stdio;

use crate::harness::{command, home, run, said};

#[test]
fn a_wrong_argument_is_one_line() {
    let home = home();
    for line in [
        ["brand", "invite"].as_slice(),
        &["brand", "invite", "--request", "xyz"],
        &["brand", "request", "--template", "request.json", "--notice", "english"],
        &["keygen", "brand", "--did", "did:ion:a", "--out", "a"],
        &["keygen", "--origin", "a b"],
        &["verify"],
        &["verify", "a", "--as-of", "yesterday"],
        &["no-such-command"],
        &["serve", "--tick-ms", "-1"],
        &["witness", "--log", "no-vkey"],
    ] {
        assert!(run(home.path(), line).refusal(64).contains("--help"), "{line:?}");
    }
    for line in [
        ["--help"].as_slice(),
        &["brand", "--help"],
        &["serve", "--help"],
        &["witness", "--help"],
        &["--version"],
    ] {
        assert!(run(home.path(), line).ok().len() > 10, "{line:?}");
    }
}

/// Invitations and nonces are random: one in 64 begins with a dash, and is an option to nobody.
#[test]
fn what_is_random_may_begin_with_a_dash() {
    let home = home();
    let invitation = "-vAAAAAAAAAAAAAAAAAAAA";
    for verb in ["decline", "grant"] {
        let line = ["wallet", verb, invitation, "--node", "http://127.0.0.1:1"];
        let refused = run(home.path(), &line).refusal(1);
        assert!(!refused.contains("--help"), "{verb}: {refused}");
    }
    let line = [
        "verify",
        "a.sd-jwt",
        "--audience",
        "https://gym.example",
        "--nonce",
        "-nonce",
    ];
    let refused = run(home.path(), &line).refusal(3);
    assert!(refused.contains("a.sd-jwt"), "{refused}");
    // What is no option of the program is refused all the same.
    let unknown = ["wallet", "decline", "AAAAAAAAAAAAAAAAAAAAAA", "--nood", "x"];
    assert!(run(home.path(), &unknown).refusal(64).contains("--help"));
}

#[test]
fn a_ledger_that_is_not_there_or_none_is_one_line() {
    let home = home();
    run(home.path(), &["keygen", "brand", "--out", "cinema.key.json"]).ok();
    let refused = run(home.path(), &["brand", "list", "--url", "http://127.0.0.1:1"]).refusal(1);
    assert!(refused.contains("no answer from http://127.0.0.1:1"), "{refused}");
    assert!(
        run(home.path(), &["brand", "list", "--url", "http://ledger.example"])
            .refusal(1)
            .contains("--allow-http")
    );
    assert!(
        run(home.path(), &["brand", "consents"])
            .refusal(1)
            .contains("--token-file")
    );

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answers = [
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 500 No\r\ncontent-type: application/problem+json\r\ncontent-length: 2\r\n\r\n{}",
        "nonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"a",
    ];
    let server = std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            // The question is one packet; what it says does not matter.
            drop(stream.read(&mut [0; 4096]));
            drop(stream.write_all(answer.as_bytes()));
        }
    });
    for _ in answers {
        run(home.path(), &["brand", "list", "--url", &url]).refusal(1);
    }
    server.join().unwrap();
}

#[test]
fn a_secret_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = home();
    run(home.path(), &["keygen", "brand", "--out", "a.key.json"]).ok();
    let path = home.path().join("a.key.json");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let unknown = "0".repeat(64);
    let line = [
        "brand",
        "end",
        "--key",
        "a.key.json",
        "--consent",
        &unknown,
        "--reason",
        "x",
    ];
    assert!(run(home.path(), &line).refusal(1).contains("mode 644"));
}

#[test]
fn a_reader_that_has_gone_is_no_error() {
    let home = home();
    let mut child = command(home.path(), &["inspect", "notice.en.json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let said = child.wait_with_output().unwrap();
    assert!(said.status.success() && said.stderr.is_empty(), "{said:?}");
}

/// Whoever reaches such an API can have anything signed, so it does not even begin.
#[test]
fn an_open_vc_api_is_for_this_machine_only() {
    let home = home();
    let trust = r#"{"version":1,"logs":[{"origin":"localhost/placet",
        "checkpointKeys":[{"vkey":"localhost/placet+f60ec351+ARyG4nbGXW2ZlX2PbMI1Q12flRvdhLwqsd+VpwiMhuF7","sizes":{"from":0}}],
        "cosignerKeys":[{"vkey":"localhost/placet/cosigner+c8c5a08f+BB4nW6v67vSs7EX+bkGkCbqHVcyt42WvDsyKb1o28LzB","sizes":{"from":0}}],
        "operatorKeys":[{"key":"did:key:z6MkjS1H8JvuXP5YErt6QQg6PKpyTM2uzAKR9LwJq56LtBKF","sizes":{"from":0}}]}],
        "witnesses":[],"groups":[],"quorum":"none"}"#;
    std::fs::write(home.path().join("trust.json"), trust).unwrap();
    let line = [
        "issuer",
        "--trust",
        "trust.json",
        "--listen",
        "0.0.0.0:0",
        "--vc-api-open",
    ];
    let start = || {
        let mut command = command(home.path(), &line);
        command.env("PLACET_SERVICE_TOKEN", "a");
        command
    };
    assert!(said(start().output().unwrap()).refusal(1).contains("127.0.0.1"));
    // Nor is it anyone's guess which of the two holds.
    let both = start().env("PLACET_VC_API_TOKEN", "a").output().unwrap();
    assert!(said(both).refusal(1).contains("--vc-api-open"));
    assert!(!home.path().join("placet-issuer").exists());
}
