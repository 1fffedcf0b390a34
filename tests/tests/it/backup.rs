//! `placet backup` while a node serves, `placet restore`, and what a node is after it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use placet_schemas::record::CanonicalRecord;
use placet_tests::brand::Brand;
use placet_tests::offer::newsletter;
use placet_tests::p;
use placet_tests::process::{NodeProcess, built};
use placet_tests::shop::Shop;
use placet_wallet::records::Built;
use serde_json::Value;
use tempfile::TempDir;

const ORIGIN: &str = "backup.example/log";

struct Office {
    home: TempDir,
    shop: Shop,
    request: CanonicalRecord,
}

impl Office {
    fn open() -> (Self, NodeProcess) {
        let home = tempfile::tempdir().unwrap();
        let node = NodeProcess::start(&built(), &p(ORIGIN), &home.path().join("node"), &[]);
        let shop = Shop::open(&node, &p(ORIGIN), Brand::cinema());
        let request = shop.ask(&node, "backup", vec![newsletter()]);
        (Self { home, shop, request }, node)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn grant(&self, node: &NodeProcess, name: &str) -> Built {
        let (_, grant) = self.shop.yes(node, &self.request, name, &[newsletter()]);
        self.shop.caller(node).post("/v1/records", &grant.bytes);
        grant
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(built());
        command
            .arg("--json")
            .args(args)
            .current_dir(self.home.path())
            .env_remove("PLACET_DIR")
            .output()
            .unwrap()
    }

    fn backup(&self) -> (PathBuf, PathBuf) {
        let made = self.run(&["backup", "--dir", "node", "--to", "main", "--keyring-to", "keyring"]);
        let made = json(&made);
        let path = |name: &str| self.path(made[name].as_str().unwrap());
        (path("main"), path("keyring"))
    }

    /// A folder with the keys and settings of the node, and nothing else.
    fn bare(&self, name: &str) -> PathBuf {
        let folder = self.path(name);
        fs::create_dir(&folder).unwrap();
        for part in ["keys", "trust.json", "placet.toml", "operator.token"] {
            let copied = Command::new("cp")
                .arg("-rp")
                .args([self.path("node").join(part), folder.join(part)])
                .status();
            assert!(copied.unwrap().success());
        }
        folder
    }

    fn restore(&self, folder: &Path, copies: &[(&str, &Path)]) -> Output {
        let mut args = vec!["restore", "--dir", folder.to_str().unwrap()];
        for (which, copy) in copies {
            args.extend([*which, copy.to_str().unwrap()]);
        }
        self.run(&args)
    }
}

fn json(ran: &Output) -> Value {
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_slice(&ran.stdout).unwrap()
}

fn refusal(ran: &Output) -> String {
    assert!(!ran.status.success());
    let said = String::from_utf8(ran.stderr.clone()).unwrap();
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    said
}

fn codes(office: &Office, folder: &Path) -> Vec<String> {
    let ran = office.run(&["fsck", folder.to_str().unwrap()]);
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let list = report["findings"]["list"].as_array().unwrap();
    list.iter()
        .map(|finding| finding["code"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn copies_that_are_made_under_load_are_whole() {
    let (office, node) = Office::open();
    let stop = AtomicBool::new(false);
    let copies: Vec<(PathBuf, PathBuf)> = thread::scope(|scope| {
        let load = scope.spawn(|| {
            let mut n = 0;
            while !stop.load(Ordering::Relaxed) {
                office.grant(&node, &format!("person {n}"));
                n += 1;
            }
        });
        let mut copies = Vec::new();
        for _ in 0..3 {
            copies.push(office.backup());
            // Names have seconds.
            thread::sleep(std::time::Duration::from_millis(1100));
        }
        stop.store(true, Ordering::Relaxed);
        load.join().unwrap();
        copies
    });
    node.kill();
    let mut size = 0;
    for (n, (main, keyring)) in copies.iter().enumerate() {
        let folder = office.bare(&format!("restored{n}"));
        let back = json(&office.restore(&folder, &[("--main", main), ("--keyring", keyring)]));
        assert_eq!(back["unreadable"], Value::Array(Vec::new()));
        assert!(back["size"].as_u64().unwrap() > size, "{back}");
        size = back["size"].as_u64().unwrap();
        // The node renders the log's files anew; then every row and file is compared.
        NodeProcess::start(&built(), &p(ORIGIN), &folder, &[]).kill();
        assert_eq!(codes(&office, &folder), Vec::<String>::new());
    }
}

#[test]
fn a_keyring_from_before_opens_what_it_has_and_what_is_lost_is_told() {
    let (office, node) = Office::open();
    let before = office.grant(&node, "Ada");
    let (_, keyring) = office.backup();
    let after = office.grant(&node, "Berta");
    node.kill();
    for ending in ["", "-wal", "-shm"] {
        let _absent = fs::remove_file(office.path(&format!("node/keyring.db{ending}")));
    }
    let folder = office.path("node");
    let back = json(&office.restore(&folder, &[("--keyring", &keyring)]));
    assert_eq!(
        (back["size"].clone(), back["unreadable"].clone()),
        (4.into(), serde_json::json!([[3, 3]]))
    );

    let node = NodeProcess::start(&built(), &p(ORIGIN), &folder, &[]);
    let mut brand = office.shop.caller(&node);
    let view: Value = serde_json::from_slice(&brand.get(&format!("/v1/consents/{}", before.state.consent))).unwrap();
    assert_eq!(view["effective"], "Given");
    let lost = brand
        .call("GET", &format!("/v1/consents/{}", after.state.consent), b"")
        .unwrap();
    assert_eq!(lost.status, 404, "{}", String::from_utf8_lossy(&lost.body));
    // The log goes on: nothing that was acknowledged is unsaid, and nothing forks.
    let next = office.grant(&node, "Cleo");
    assert_eq!(
        office
            .shop
            .caller(&node)
            .call("GET", &format!("/v1/consents/{}", next.state.consent), b"")
            .unwrap()
            .status,
        200
    );
    node.kill();
    let found = codes(&office, &folder);
    assert!(found.contains(&"key_lost".to_owned()), "{found:?}");
}

#[test]
fn a_copy_from_before_does_not_become_a_second_history() {
    let (office, node) = Office::open();
    let (main, keyring) = office.backup();
    office.grant(&node, "Ada");
    let published = || {
        fs::read_to_string(office.path("node/log/checkpoint"))
            .unwrap()
            .lines()
            .nth(1)
            == Some("3")
    };
    while !published() {
        thread::sleep(std::time::Duration::from_millis(20));
    }
    node.kill();
    for name in ["main.db", "keyring.db"] {
        for ending in ["", "-wal", "-shm"] {
            let _absent = fs::remove_file(office.path(&format!("node/{name}{ending}")));
        }
    }
    let folder = office.path("node");
    let back = json(&office.restore(&folder, &[("--main", &main), ("--keyring", &keyring)]));
    assert_eq!(back["size"], 2);
    let started = office.run(&["serve", "--dir", "node", "--listen", "127.0.0.1:0", "--log", "off"]);
    assert!(refusal(&started).contains("rolled back"));
}

#[test]
fn a_clumsy_restore_destroys_nothing() {
    let (office, node) = Office::open();
    office.grant(&node, "Ada");
    let (main, keyring) = office.backup();
    let folder = office.path("node");
    let there = refusal(&office.restore(&folder, &[("--main", &main)]));
    assert!(there.contains("main.db is there"), "{there}");
    assert!(refusal(&office.restore(&folder, &[])).contains("--main, --keyring"));
    let bare = office.bare("bare");
    fs::write(bare.join("main.db-wal"), "left").unwrap();
    assert!(refusal(&office.restore(&bare, &[("--main", &main)])).contains("main.db-wal is left"));
    fs::remove_file(bare.join("main.db-wal")).unwrap();
    let absent = office.path("absent.db");
    assert!(refusal(&office.restore(&bare, &[("--main", &absent)])).contains("absent.db"));
    assert!(!bare.join("main.db").exists());
    // What does not open with these keys is told at once, and a copy that was cut is none.
    let cut = office.path("cut.db");
    fs::write(&cut, &fs::read(&main).unwrap()[..8192]).unwrap();
    assert!(refusal(&office.restore(&bare, &[("--main", &cut), ("--keyring", &keyring)])).contains("does not open"));
    // A backup that cannot be finished leaves nothing that looks like one.
    fs::create_dir(office.path("full")).unwrap();
    fs::write(office.path("no-folder"), "").unwrap();
    let failed = office.run(&["backup", "--dir", "node", "--to", "full", "--keyring-to", "no-folder"]);
    assert!(refusal(&failed).contains("no-folder"));
    assert_eq!(fs::read_dir(office.path("full")).unwrap().count(), 0);
    node.kill();
}

#[test]
fn a_keyring_from_before_a_destruction_destroys_again_before_it_serves() {
    let (office, node) = Office::open();
    let (ada, berta) = (office.grant(&node, "Ada"), office.grant(&node, "Berta"));
    let (_, keyring) = office.backup();
    office.shop.destroy(&node, &ada.state.consent);
    node.kill();
    let folder = office.path("node");
    for ending in ["", "-wal", "-shm"] {
        let _absent = fs::remove_file(office.path(&format!("node/keyring.db{ending}")));
    }
    let lost = office.run(&["serve", "--dir", "node", "--listen", "127.0.0.1:0", "--log", "off"]);
    assert!(refusal(&lost).contains("the keyring is empty"));
    for ending in ["", "-wal", "-shm"] {
        let _absent = fs::remove_file(office.path(&format!("node/keyring.db{ending}")));
    }
    let back = json(&office.restore(&folder, &[("--keyring", &keyring)]));
    // The Destruction itself came after the copy.
    assert_eq!(
        (back["destroyedAgain"].clone(), back["unreadable"].clone()),
        (1.into(), serde_json::json!([[4, 4]]))
    );
    let wrapped = wrapped_key(&folder.join("keyring.db"), 2);
    assert!(
        raw(&folder).windows(wrapped.len()).any(|bytes| bytes == wrapped),
        "the copy opens it again"
    );

    let node = NodeProcess::start(&built(), &p(ORIGIN), &folder, &[]);
    let mut brand = office.shop.caller(&node);
    let gone = brand
        .call("GET", &format!("/v1/consents/{}", ada.state.consent), b"")
        .unwrap();
    assert_eq!(gone.status, 404);
    let view: Value = serde_json::from_slice(&brand.get(&format!("/v1/consents/{}", berta.state.consent))).unwrap();
    assert_eq!(view["effective"], "Given");
    // One record that is lost for ever does not keep the feed from being read.
    let feed: Value = serde_json::from_slice(&brand.get("/v1/feed")).unwrap();
    let items = feed["items"].as_array().unwrap();
    assert_eq!(
        (items.len(), &items[2]["destroyed"], &items[4]["record"]),
        (5, &4.into(), &Value::Null)
    );
    node.kill();
    assert!(
        !raw(&folder).windows(wrapped.len()).any(|bytes| bytes == wrapped),
        "it is gone again"
    );
    let found = codes(&office, &folder);
    assert!(
        found
            .iter()
            .all(|code| ["key_lost", "destroyed_without_record", "rows_missing"].contains(&code.as_str())),
        "{found:?}"
    );
}

/// Every octet of a folder's databases.
fn raw(folder: &Path) -> Vec<u8> {
    let names = ["main.db", "main.db-wal", "keyring.db", "keyring.db-wal"];
    names
        .iter()
        .flat_map(|name| fs::read(folder.join(name)).unwrap_or_default())
        .collect()
}

fn wrapped_key(keyring: &Path, index: i64) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let url = format!("sqlite://{}?mode=ro", keyring.display());
        let db = sqlx::SqlitePool::connect(&url).await.unwrap();
        let query = sqlx::query_scalar("SELECT wrapped FROM record_keys WHERE idx = $1").bind(index);
        query.fetch_one(&db).await.unwrap()
    })
}
