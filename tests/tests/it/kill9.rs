//! `kill -9` at random moments, under load.
//!
//! A real node process, several people who give, narrow and withdraw consents at the same time, and again and again the
//! end of the process in the middle of it. What counts as failure, after any restart:
//!
//! - a record that was acknowledged is not there, or the same bytes get another answer than the first time;
//! - its leaf is not where the answer said, or its proof does not lead to the log's checkpoint;
//! - a checkpoint that anyone was ever shown (published, in an answer, in the head file) is no beginning of the log that is
//!   served now: a fork, or a rollback;
//! - a tile is not what the entries make;
//! - a feed has a gap, or its signed head is not the root of its items; or the feeds together are not the log;
//! - the head file goes back;
//! - one of the two witnesses finds a fork, or the node does not open because of what they have seen;
//! - in the end, `placet fsck` finds a row or a file that a replay of the log does not make.
//!
//! `PLACET_KILL_ROUNDS` is the number of rounds, 20 when absent. `PLACET_KILL_SEED` repeats the moments of an earlier run,
//! as far as the operating system lets them be repeated.

mod audit;
mod people;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use placet_schemas::id::Origin;
use placet_tests::brand::Brand;
use placet_tests::offer::{newsletter, recommendations};
use placet_tests::p;
use placet_tests::process::{NodeProcess, built, now};
use placet_tests::shop::Shop;
use placet_tests::watch::WitnessProcess;

use audit::Audit;
use people::{Life, Stall};

const WITNESSES: [&str; 2] = ["w1.example", "w2.example"];
/// Each with the setting by which a node asks it.
type Witnesses = [(String, WitnessProcess); 2];

const ORIGIN: &str = "kill.example/log";
const ROUNDS: u64 = 20;
/// People who act at the same time.
const CROWD: usize = 12;
/// Consents that begin at each shop in one round: more than a node can record in its short life.
const LIVES: u32 = 36;
/// The longest life of a node under load, in milliseconds.
const LONGEST_MS: u64 = 700;
/// Short ticks: many commits, so that the end falls into one.
const TICK_MS: &str = "5";

#[test]
fn nothing_acknowledged_is_lost_and_nothing_forks() {
    let rounds = number("PLACET_KILL_ROUNDS").unwrap_or(ROUNDS);
    let mut dice = Dice(number("PLACET_KILL_SEED").unwrap_or_else(|| now().unix()));
    println!("PLACET_KILL_SEED={} PLACET_KILL_ROUNDS={rounds}", dice.0);
    let folder = tempfile::tempdir().unwrap();
    let origin: Origin = p(ORIGIN);
    let node = start(&origin, folder.path());
    let brands = [Brand::cinema(), Brand::gym()];
    let stalls = brands.map(|brand| {
        let shop = Shop::open(&node, &origin, brand);
        let request = shop.ask(&node, "kill", vec![newsletter(), recommendations()]);
        Stall { shop, request }
    });
    let mut audit = Audit::new(&node);
    let trust = node.trust_file();
    node.kill();
    let witnesses =
        WITNESSES.map(|name| WitnessProcess::start(&built(), name, &trust, &folder.path().join(name), "127.0.0.1:0"));
    let witnesses: Witnesses = witnesses.map(|witness| (witness.setting(), witness));

    let mut lives: Vec<Life> = Vec::new();
    for round in 0..rounds {
        let node = start_witnessed(&origin, folder.path(), &witnesses);
        audit.check(&node, &stalls, &mut |below| dice.below(below));
        lives.retain(|life| !life.is_over());
        for stall in &stalls {
            let invitations = stall.shop.invite(&node, &stall.request, LIVES);
            let named = invitations.iter().enumerate();
            lives.extend(named.map(|(number, invitation)| stall.life(&format!("{round} {number}"), invitation)));
        }
        let until_death = Duration::from_millis(dice.below(LONGEST_MS));
        let seen = live(node, &mut lives, until_death);
        println!(
            "round {round}: {} acknowledged within {until_death:?}",
            seen.acknowledged.len()
        );
        audit.remember(seen, &fs::read(head_file(folder.path())).unwrap());
    }
    let node = start_witnessed(&origin, folder.path(), &witnesses);
    audit.check(&node, &stalls, &mut |below| dice.below(below));
    audit.check_all_again(&node);
    node.kill();
    let checked = Command::new(built())
        .arg("fsck")
        .arg(folder.path().join("node"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&checked.stdout);
    assert!(checked.status.success() && said.contains("all is well"), "{said}");
    for name in WITNESSES {
        assert_eq!(forks(&folder.path().join(name)), 0, "{name}");
    }
    println!("{} records acknowledged in all", audit.acknowledged());
}

/// Everybody acts until the node is killed, this long after the first of them began.
fn live(node: NodeProcess, lives: &mut [Life], until_death: Duration) -> people::Seen {
    let address = node.address().to_owned();
    let share = lives.len().div_ceil(CROWD);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| people::watch(&address));
        let crowd: Vec<_> = lives
            .chunks_mut(share)
            .map(|lives| scope.spawn(|| people::act(&address, lives)))
            .collect();
        thread::sleep(until_death);
        node.kill();
        let mut seen = watcher.join().unwrap();
        for person in crowd {
            seen.acknowledged.extend(person.join().unwrap());
        }
        seen
    })
}

fn start(origin: &Origin, folder: &Path) -> NodeProcess {
    start_with(origin, folder, &[])
}

fn start_witnessed(origin: &Origin, folder: &Path, witnesses: &Witnesses) -> NodeProcess {
    let more: Vec<&str> = witnesses
        .iter()
        .flat_map(|(setting, _)| ["--witness", setting])
        .collect();
    start_with(origin, folder, &more)
}

fn start_with(origin: &Origin, folder: &Path, more: &[&str]) -> NodeProcess {
    let head_file = head_file(folder);
    let usual = ["--tick-ms", TICK_MS, "--head-file", head_file.to_str().unwrap()];
    NodeProcess::start(&built(), origin, &folder.join("node"), &[&usual, more].concat())
}

/// How many forks a witness keeps the evidence of.
fn forks(folder: &Path) -> i64 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let url = format!("sqlite://{}?mode=ro", folder.join("witness.db").display());
        let db = sqlx::SqlitePool::connect(&url).await.unwrap();
        sqlx::query_scalar("SELECT COUNT(*) FROM forks")
            .fetch_one(&db)
            .await
            .unwrap()
    })
}

fn head_file(folder: &Path) -> std::path::PathBuf {
    folder.join("head")
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|value| value.parse().unwrap())
}

/// SplitMix64 (Steele, Lea and Flood, 2014): the same numbers for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }
}
