//! `placet witness`, beside a real node whose log it watches.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use placet_kernel::checkpoint::{CheckpointKeys, SignedCheckpoint};
use placet_kernel::note::VerifierKey;
use serde_json::Value;

use crate::harness::{Node, home, run};

const NAME: &str = "witness.example/w1";

fn witness(home: &std::path::Path, more: &[&str]) -> Node {
    let line = ["witness", "--dir", "w", "--listen", "127.0.0.1:0", "--name", NAME];
    Node::service(home, &[line.as_slice(), more].concat())
}

/// The vkey that it printed when it started.
fn vkey(witness: &Node) -> VerifierKey {
    let line = witness.first_words.last().unwrap();
    line.strip_prefix("vkey ").unwrap().parse().unwrap()
}

#[test]
fn a_witness_cosigns_the_checkpoint_of_a_node_and_stays_who_it_is() {
    let home = home();
    let node = Node::start(home.path(), &[]);
    let trust: Value = serde_json::from_slice(&fs::read(home.path().join("node/trust.json")).unwrap()).unwrap();
    let log_vkey = trust["logs"][0]["checkpointKeys"][0]["vkey"].as_str().unwrap();
    let log = format!("localhost/placet={log_vkey}");
    let checkpoint = fs::read_to_string(home.path().join("node/log/checkpoint")).unwrap();
    node.stop();

    let first = witness(home.path(), &["--log", &log]);
    assert_eq!(first.first_words.len(), 2, "{:?}", first.first_words);
    for secret in ["w/witness.key", "w/witness.db"] {
        let mode = fs::metadata(home.path().join(secret)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{secret}");
    }
    let key = vkey(&first);
    // The services are on this machine, whatever the environment says.
    let http: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
    let mut answer = http
        .post(format!("{}/add-checkpoint", first.url))
        .send(format!("old 0\n\n{checkpoint}"))
        .unwrap();
    let line = answer.body_mut().read_to_string().unwrap();
    let keys = CheckpointKeys::new(
        "localhost/placet".parse().unwrap(),
        vec![log_vkey.parse().unwrap()],
        vec![key.clone()],
    );
    let cosigned = SignedCheckpoint::open((checkpoint + &line).as_bytes(), &keys.unwrap()).unwrap();
    assert_eq!(cosigned.cosignatures().len(), 1);
    let (status, said) = first.stop();
    assert!(
        status.success() && said.contains("the witness is down"),
        "{status} {said}"
    );
    let secret = fs::read_to_string(home.path().join("w/witness.key")).unwrap();
    assert!(!said.contains(secret.trim()));

    let settings = format!("prefix = '/w1'\n[[logs]]\norigin = 'localhost/placet'\nvkeys = ['{log_vkey}']\n");
    fs::write(home.path().join("w/witness.toml"), settings).unwrap();
    let second = witness(home.path(), &[]);
    assert_eq!((second.first_words.len(), vkey(&second)), (1, key));
    assert!(second.url.ends_with("/w1"), "{}", second.url);
    let about = http.get(format!("{}/", second.url)).call().unwrap();
    let about = about.into_body().read_to_string().unwrap();
    assert_eq!(about, format!("{}\nlog localhost/placet\n", vkey(&second)));
    second.stop();

    let renamed = [
        "witness",
        "--dir",
        "w",
        "--listen",
        "127.0.0.1:0",
        "--name",
        "other.example",
    ];
    let refused = run(home.path(), &[renamed.as_slice(), &["--log-filter", "off"]].concat()).refusal(1);
    assert!(refused.contains("this witness is witness.example/w1+"), "{refused}");
}
