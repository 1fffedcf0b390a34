//! The log as any client of C2SP tlog-tiles reads it: by a program with no line of Placet's code in it
//! (`tests/interop/tiles`), over HTTP, from a node that has grown to several tiles and two levels.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use placet_kernel::code::WithdrawalCode;
use placet_kernel::sign::Algorithm;
use placet_schemas::api::RecordAnswer;
use placet_schemas::record::Invitation;
use placet_schemas::record::consent::Strength;
use placet_tests::brand::Brand;
use placet_tests::offer::newsletter;
use placet_tests::{bytes_of, p};
use placet_wallet::Pen;
use placet_wallet::keys::Seed;
use placet_wallet::records::{self, GrantChoice, Showing};
use placet_wallet::sight::Sight;
use serde::Deserialize;

use super::brand::Registered;
use super::node::{Node, now};
use super::tools::{self, Workshop, ready};

/// Two full tiles, a partial one, and two hashes in the level above.
const GRANTS: u32 = 600;
/// The earlier checkpoints: inside the first tile, and inside the second.
const FIRST_STOP: usize = 100;
const SECOND_STOP: usize = 400;
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
    let node = Node::start("tiles.example/interop");
    let registered = Registered::on(&node, &Brand::gym());
    let invitations = registered.invite(GRANTS);
    let mut grown = Vec::new();
    let mut older = Vec::new();
    for (from, to) in [
        (0, FIRST_STOP),
        (FIRST_STOP, SECOND_STOP),
        (SECOND_STOP, invitations.len()),
    ] {
        older.push(node.get("/log/checkpoint", None));
        grown.extend(grow(&node, &registered, &invitations[from..to]));
    }

    let folder = tempfile::tempdir().unwrap();
    let vkey = &node.trust_file().logs[0].checkpoint_keys[0].vkey;
    let mut command = Command::new(client);
    command.args(["--log", &format!("{}/log", node.url()), "--vkey", vkey]);
    for (number, note) in older.iter().enumerate() {
        let path = folder.path().join(format!("checkpoint-{number}"));
        std::fs::write(&path, note).unwrap();
        command.arg("--older").arg(path);
    }
    let looked_up: Vec<&RecordAnswer> = grown.iter().step_by(STRIDE).collect();
    for answer in &looked_up {
        let statement = &answer.acknowledgement.statement;
        command
            .arg("--leaf")
            .arg(format!("{}:{}", statement.index, statement.leaf_hash));
        let path = folder.path().join(format!("proof-{}", statement.index));
        std::fs::write(&path, &answer.proof).unwrap();
        command
            .arg("--proof")
            .arg(format!("{}:{}", statement.index, path.display()));
    }
    let Report { metamorphic, sumdb } = serde_json::from_slice(&tools::run(&mut command).unwrap()).unwrap();

    // The brand's keys and its request are leaves too.
    let size = u64::from(GRANTS) + 2;
    assert_eq!(
        (metamorphic.origin.as_str(), metamorphic.size),
        (node.origin.as_str(), size)
    );
    assert_eq!((sumdb.origin.as_str(), sumdb.size), (node.origin.as_str(), size));
    assert_eq!(metamorphic.entries, size);
    assert_eq!(
        (metamorphic.included, sumdb.included),
        (looked_up.len(), looked_up.len())
    );
    assert_eq!(metamorphic.served_proofs, looked_up.len());
    assert_eq!(
        (metamorphic.consistent_from, sumdb.consistent_from),
        (older.len(), older.len())
    );
    let tiles = hash_tiles(size);
    assert_eq!(sumdb.read, tiles);
    assert!(metamorphic.read.is_superset(&tiles));
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
fn grow(node: &Node, registered: &Registered<'_>, invitations: &[Invitation]) -> Vec<RecordAnswer> {
    let share = invitations.len().div_ceil(CROWD);
    thread::scope(|scope| {
        let part = |part| scope.spawn(move || answer_all(node, registered, part));
        let threads: Vec<_> = invitations.chunks(share).map(part).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

fn answer_all(node: &Node, registered: &Registered<'_>, invitations: &[Invitation]) -> Vec<RecordAnswer> {
    let post = |invitation| {
        let grant = grant(node, registered, invitation);
        let answer = node.post_bytes("/v1/records", None, &grant).expect(201, "a grant");
        serde_json::from_slice(&answer).unwrap()
    };
    invitations.iter().map(post).collect()
}

/// A yes to the newsletter by somebody whom only this invitation knows.
fn grant(node: &Node, registered: &Registered<'_>, invitation: &Invitation) -> Vec<u8> {
    let request = &registered.request.record;
    let name = invitation.as_str();
    let key = Seed::from_bytes(bytes_of(name)).pairwise(&node.origin, &request.issuer, Algorithm::Ed25519, 0);
    let choice = GrantChoice {
        showing: Showing {
            request,
            language: &p("en"),
            explicit: &[],
            valid_until: None,
            strength: Strength::SubjectKey,
            anchor: Sight::default().anchor(),
            page: &p("page 1"),
        },
        invitation,
        selected: &[newsletter().digest()],
    };
    let pen = Pen {
        origin: &node.origin,
        key: &key,
        random: bytes_of(&format!("grant {name}")),
        now: now(),
    };
    let code = WithdrawalCode::from_random(bytes_of(&format!("code {name}")));
    records::grant(&choice, &code, &pen).unwrap().bytes
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
