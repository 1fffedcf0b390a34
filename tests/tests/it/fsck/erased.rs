//! The same for what witnesses signed, for what is destroyed and is to be, and for those who have to follow.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use placet_kernel::jws;
use placet_kernel::trust::{TrustFile, Witness};
use placet_schemas::api::{DESTRUCTION_DONE_TYP, DoneClaims, DoneOutcome, IssueToken, IssuedToken, RecordAnswer, Role};
use placet_schemas::json;
use placet_schemas::record::Kind;
use placet_tests::brand::Brand;
use placet_tests::bytes_of;
use placet_tests::caller::Caller;
use placet_tests::offer::newsletter;
use placet_tests::p;
use placet_tests::process::{NodeProcess, built, now};
use placet_tests::shop::Shop;
use placet_tests::watch::WitnessProcess;
use placet_wallet::keys::SoftwareKey;
use serde_json::json;
use tempfile::TempDir;

use super::{ORIGIN, copy, damaged_by, fsck, sql};

/// A node that was stopped after a witness had cosigned its log, and one consent of two was destroyed, which one follower has
/// followed and another has not.
struct Rights {
    home: TempDir,
    /// Leaves of the destroyed grant and of the other one.
    grants: [u64; 2],
    /// Leaf of the Destruction.
    destruction: u64,
}

impl Rights {
    fn lived() -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("node");
        let node = NodeProcess::start(&built(), &p(ORIGIN), &folder, &[]);
        let (shop, trust) = (Shop::open(&node, &p(ORIGIN), Brand::cinema()), node.trust_file());
        node.kill();
        let watched = home.path().join("witness");
        let witness = WitnessProcess::start(&built(), "w.example", &trust, &watched, "127.0.0.1:0");
        let node = NodeProcess::start(&built(), &p(ORIGIN), &folder, &["--witness", &witness.setting()]);
        let named = TrustFile {
            witnesses: vec![Witness {
                name: "w".to_owned(),
                vkey: witness.vkey.to_string(),
            }],
            ..trust
        };
        fs::write(home.path().join("trust.json"), serde_json::to_vec(&named).unwrap()).unwrap();

        let request = shop.ask(&node, "rights", vec![newsletter()]);
        let grants = ["ada", "bob"].map(|name| {
            let (_, grant) = shop.yes(&node, &request, name, &[newsletter()]);
            let answer = shop.caller(&node).post("/v1/records", &grant.bytes);
            let answer: RecordAnswer = serde_json::from_slice(&answer).unwrap();
            (grant.state.consent, answer.acknowledgement.statement.index)
        });
        let [quick, _] = ["quick", "slow"].map(|name| Service::hire(&node, name));
        let gone = shop.destroy(&node, &grants[0].0);
        assert_eq!(gone.pending, ["quick", "slow"]);
        quick.acknowledge(&node, gone.index);
        cosigned(&node, gone.index + 1);
        node.kill();
        Self {
            home,
            grants: grants.map(|(_, index)| index),
            destruction: gone.index,
        }
    }
}

/// Something that follows the log, as far as a destruction goes.
struct Service {
    key: SoftwareKey,
    token: String,
}

impl Service {
    fn hire(node: &NodeProcess, name: &str) -> Self {
        let key = SoftwareKey::ed25519_from_seed(&bytes_of(name));
        let order = IssueToken {
            role: Role::Service,
            controller: None,
            audit: None,
            kinds: Some(BTreeSet::from([Kind::ConsentGrant])),
            key: Some(key.did().clone()),
            label: p(name),
            expires_in_seconds: None,
        };
        let IssuedToken { token, .. } = node.operator().post_json("/v1/tokens", &order);
        Self { key, token }
    }

    fn acknowledge(&self, node: &NodeProcess, destruction: u64) {
        let claims = DoneClaims {
            origin: p(ORIGIN),
            destruction,
            outcome: DoneOutcome::NothingHeld,
            date: now(),
        };
        let (claims, method) = (json::to_jcs(&claims).unwrap(), self.key.did().key_method().unwrap());
        let done = jws::sign(&claims, DESTRUCTION_DONE_TYP, &method, &self.key).unwrap();
        let path = format!("/v1/destructions/{destruction}/acknowledgements");
        let body = serde_json::to_vec(&json!({ "done": done })).unwrap();
        let answer = Caller::with_token(node.address(), &self.token).call("POST", &path, &body);
        drop(answer.unwrap().expect(204, &path));
    }
}

/// Waits until the witness has signed a tree of this size.
fn cosigned(node: &NodeProcess, size: u64) {
    loop {
        let note = String::from_utf8(Caller::new(node.address()).get("/log/checkpoint")).unwrap();
        if note.lines().nth(1) == Some(&size.to_string()) && note.contains("\u{2014} w.example ") {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn what_witnesses_signed_and_what_is_destroyed_is_compared_too() {
    let rights = Rights::lived();
    let trust = rights.home.path().join("trust.json");
    let trusted = ["--trust", trust.to_str().unwrap()];
    let folder: PathBuf = rights.home.path().join("node");
    let waiting = BTreeSet::from(["followers_waiting".to_owned()]);
    assert_eq!(fsck(folder.to_str().unwrap(), &trusted), (0, waiting.clone()));
    // Without its key the witness's lines are looked at by their form alone.
    assert_eq!(fsck(folder.to_str().unwrap(), &[]), (0, waiting));

    let ([gone, kept], destruction) = (rights.grants, rights.destruction);
    let another = "SELECT f.done FROM destruction_followers f WHERE f.done IS NOT NULL";
    let damage: [(String, &str); 15] = [
        (
            "UPDATE cosignatures SET line = replace(line, 'w.example', 'v.example')".to_owned(),
            "cosignature_differs",
        ),
        (
            "UPDATE cosignatures SET time = time + 1".to_owned(),
            "cosignature_differs",
        ),
        (
            "UPDATE cosignatures SET slot = 7 WHERE slot = 0".to_owned(),
            "cosignature_differs",
        ),
        (
            "DELETE FROM checkpoints WHERE size = (SELECT MIN(size) FROM cosignatures)".to_owned(),
            "cosignature_differs",
        ),
        (
            "UPDATE destructions SET ground = 'placet:RetentionElapsed'".to_owned(),
            "destruction_differs",
        ),
        (
            "UPDATE destructions SET order_hash = zeroblob(32)".to_owned(),
            "destruction_differs",
        ),
        ("DELETE FROM destructions".to_owned(), "destruction_differs"),
        (format!("UPDATE destructions SET idx = {kept}"), "destruction_differs"),
        ("DELETE FROM destroyed_leaves".to_owned(), "destroyed_not_marked"),
        (
            format!("INSERT INTO destroyed_leaves VALUES ({kept}, {destruction})"),
            "destroyed_without_record",
        ),
        (
            format!("UPDATE records SET record = X'00' WHERE idx = {gone}"),
            "destroyed_is_there",
        ),
        (
            "UPDATE destruction_followers SET done = replace(done, '.', '.A') WHERE done IS NOT NULL".to_owned(),
            "acknowledgement_differs",
        ),
        (
            format!("UPDATE destruction_followers SET done = ({another})"),
            "acknowledgement_differs",
        ),
        (
            format!("UPDATE consents SET due = due + 1 WHERE grant_idx = {kept}"),
            "due_too_late",
        ),
        (
            format!("UPDATE invitations SET spent_idx = NULL WHERE spent_idx = {kept}"),
            "invitation_differs",
        ),
    ];
    for (n, (statement, code)) in damage.iter().enumerate() {
        let change = |folder: &Path| sql(&folder.join("main.db"), statement);
        damaged_by(&rights.home, n, change, &trusted, (1, code));
    }
    // The key of what is destroyed, put back.
    let back = format!("INSERT INTO record_keys SELECT {gone}, wrapped FROM record_keys WHERE idx = {kept}");
    let change = |folder: &Path| sql(&folder.join("keyring.db"), &back);
    damaged_by(&rights.home, 100, change, &trusted, (1, "rows_too_many"));
    // A destruction that a crash has cut short is no damage.
    let begun = |folder: &Path| sql(&folder.join("main.db"), "UPDATE destructions SET step = 1");
    damaged_by(&rights.home, 101, begun, &trusted, (0, "destruction_unfinished"));
}

#[test]
fn what_a_node_destroys_meanwhile_is_no_damage() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("node");
    let node = NodeProcess::start(&built(), &p(ORIGIN), &folder, &[]);
    let shop = Shop::open(&node, &p(ORIGIN), Brand::cinema());
    let request = shop.ask(&node, "rights", vec![newsletter()]);
    let consents: Vec<_> = (0..4)
        .map(|n| {
            let (_, grant) = shop.yes(&node, &request, &format!("customer {n}"), &[newsletter()]);
            shop.caller(&node).post("/v1/records", &grant.bytes);
            grant.state.consent
        })
        .collect();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for consent in &consents {
                shop.destroy(&node, consent);
            }
            done.store(true, Ordering::Relaxed);
        });
        let mut checks = 0;
        while !done.load(Ordering::Relaxed) || checks == 0 {
            let (status, codes) = fsck(folder.to_str().unwrap(), &[]);
            assert_eq!(status, 0, "{codes:?}");
            assert!(!codes.contains("destroyed_meanwhile"), "{codes:?}");
            checks += 1;
        }
    });
    let left = home.path().join("left");
    copy(&folder, &left);
    assert_eq!(fsck(left.to_str().unwrap(), &[]), (0, BTreeSet::new()));
}
