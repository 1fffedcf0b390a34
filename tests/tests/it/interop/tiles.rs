//! The log as any client of C2SP tlog-tiles reads it: by a program with no line of Placet's code in it
//! (`tests/interop/tiles`), over HTTP, from a node that has grown to several tiles and two levels.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use placet_schemas::api::RecordAnswer;
use placet_schemas::record::Invitation;
use placet_tests::brand::Brand;
use placet_tests::offer::newsletter;
use placet_wallet::sight::Sight;
use serde::Deserialize;

use super::running::Running;
use super::tools::{self, Workshop, ready};

/// Two full tiles, a partial one, and two hashes in the level above.
const GRANTS: u32 = 600;
/// Leaves before the first grant: the brand's keys and its request.
const FIRST_LEAVES: u64 = 2;
/// The earlier checkpoints: inside the first tile, and inside the second.
const FIRST_STOP: usize = 100;
const SECOND_STOP: usize = 400;
/// How long, and how often, to wait for the log to publish what it has answered.
const PUBLISH_PAUSE: Duration = Duration::from_millis(20);
const PUBLISH_TRIES: u32 = 500;
/// People who give consent at the same time.
const CROWD: usize = 16;
/// Distance between the leaves that the clients look up.
const STRIDE: usize = 37;

/// What the program prints.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    metamorphic: Whole,
    sumdb: Chosen,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Whole {
    origin: String,
    size: u64,
    entries: u64,
    included: usize,
    served_proofs: usize,
    consistent_from: usize,
    read: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Chosen {
    origin: String,
    size: u64,
    included: usize,
    consistent_from: usize,
    read: BTreeSet<String>,
}

#[test]
fn foreign_clients_read_the_log_and_check_inclusion_and_consistency() {
    let Some(client) = ready(build()) else {
        return;
    };
    let running = Running::start("tiles.example/interop", Brand::gym());
    let invitations = running.shop.invite(&running.node, &running.request, GRANTS);
    let mut grown = Vec::new();
    let mut older = Vec::new();
    for (from, to) in [
        (0, FIRST_STOP),
        (FIRST_STOP, SECOND_STOP),
        (SECOND_STOP, invitations.len()),
    ] {
        older.push(published(&running, from));
        grown.extend(grow(&running, &invitations[from..to]));
    }

    let size = u64::from(GRANTS) + FIRST_LEAVES;
    published(&running, invitations.len());
    let looked_up: Vec<RecordAnswer> = grown.into_iter().step_by(STRIDE).collect();
    let Report { metamorphic, sumdb } = read(client, &running, &older, &looked_up);

    let log = (running.origin.as_str(), size);
    assert_eq!((metamorphic.origin.as_str(), metamorphic.size), log);
    assert_eq!((sumdb.origin.as_str(), sumdb.size), log);
    let checked = (looked_up.len(), older.len());
    assert_eq!((metamorphic.included, metamorphic.consistent_from), checked);
    assert_eq!((sumdb.included, sumdb.consistent_from), checked);
    assert_eq!(metamorphic.served_proofs, looked_up.len());
    assert_eq!(metamorphic.entries, size);
    let tiles = hash_tiles(size);
    assert_eq!(sumdb.read, tiles);
    assert!(metamorphic.read.is_superset(&tiles));
}

/// Has the foreign clients read the log, look the acknowledged leaves up, and hold the earlier checkpoints against it.
fn read(client: PathBuf, running: &Running, older: &[Vec<u8>], looked_up: &[RecordAnswer]) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: String, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let keys = &running.node.trust_file().logs[0];
    let mut command = Command::new(client);
    command.args(["--log", &format!("{}/log", running.url())]);
    command.args(["--vkey", &keys.checkpoint_keys[0].vkey]);
    command.args(["--cosigner", &keys.cosigner_keys[0].vkey]);
    for (number, note) in older.iter().enumerate() {
        command.arg("--older").arg(write(format!("checkpoint-{number}"), note));
    }
    for answer in looked_up {
        let statement = &answer.acknowledgement.statement;
        let index = statement.index;
        let proof = write(format!("proof-{index}"), answer.proof.as_bytes());
        command.args(["--leaf", &format!("{index}:{}", statement.leaf_hash)]);
        command.args(["--proof", &format!("{index}:{}", proof.display())]);
    }
    serde_json::from_slice(&tools::run(&mut command).unwrap()).unwrap()
}

/// The published checkpoint, once it has so many grants: a record is answered when it is durable, and published after that.
fn published(running: &Running, grants: usize) -> Vec<u8> {
    let size = grants as u64 + FIRST_LEAVES;
    let mut caller = running.caller();
    for _ in 0..PUBLISH_TRIES {
        let note = caller.get("/log/checkpoint");
        let line = str::from_utf8(&note).unwrap().lines().nth(1).unwrap().to_owned();
        if line.parse::<u64>().unwrap() >= size {
            return note;
        }
        thread::sleep(PUBLISH_PAUSE);
    }
    panic!("the log does not publish its {size} leaves");
}

/// The tiles of a tree of 512 to 767 leaves, by C2SP tlog-tiles, written out.
fn hash_tiles(size: u64) -> BTreeSet<String> {
    let partial = format!("tile/0/002.p/{}", size - 512);
    BTreeSet::from([
        "tile/0/000".into(),
        "tile/0/001".into(),
        partial,
        "tile/1/000.p/2".into(),
    ])
}

/// Many people answer at once, each with her own key.
fn grow(running: &Running, invitations: &[Invitation]) -> Vec<RecordAnswer> {
    let share = invitations.len().div_ceil(CROWD);
    thread::scope(|scope| {
        let part = |part| scope.spawn(move || answer_all(running, part));
        let threads: Vec<_> = invitations.chunks(share).map(part).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// A yes to the newsletter for each invitation, by somebody whom only that invitation knows.
fn answer_all(running: &Running, invitations: &[Invitation]) -> Vec<RecordAnswer> {
    let mut caller = running.caller();
    let anchor = Sight::default().anchor();
    let mut post = |invitation: &Invitation| {
        let customer = running.shop.customer(invitation.as_str());
        let grant = customer.grant(&running.shop, &running.request, invitation, &[newsletter()], anchor);
        serde_json::from_slice(&caller.post("/v1/records", &grant.bytes)).unwrap()
    };
    invitations.iter().map(&mut post).collect()
}

/// The program, built from its own lock file.
fn build() -> Result<PathBuf, String> {
    let workshop = Workshop::hold("interop-tiles");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--manifest-path"]);
    cargo.arg(tools::sources("tiles").join("Cargo.toml"));
    tools::run(cargo.arg("--target-dir").arg(&workshop.folder))?;
    Ok(workshop.folder.join("debug/tiles-client"))
}
