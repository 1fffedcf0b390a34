//! I1 and I2: how soon a withdrawal is in the status list that is published, and what that costs, with a million consents of
//! which receipts may be out.
//!
//! The million is loaded in bulk: rows as the issuer itself writes them of one real consent, under other names, and as many
//! ordinals. The withdrawals are real: signed, recorded by a node of its own, read from its feed, and seen in the list that
//! the receipt names. I2 is the processor time of the issuer for each, after and before the load.

use std::path::Path;
use std::thread;
use std::time::Duration;

use placet_issuer::DATABASE_FILE;
use placet_kernel::status::Bits;
use placet_schemas::id::{Digest, Origin};
use placet_schemas::record::CanonicalRecord;
use placet_tests::brand::Brand;
use placet_tests::issuer::{IssuerOrder, IssuerProcess, LDP_VC};
use placet_tests::offer::newsletter;
use placet_tests::p;
use placet_tests::process::NodeProcess;
use placet_tests::shop::{Customer, Shop};
use placet_wallet::records;
use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

use crate::Orders;
use crate::clock::time;
use crate::report::{Bar, Figure};
use crate::verifier::cpu_seconds;

/// Consents of the bulk load.
const CONSENTS: usize = 1_000_000;
const QUICK_CONSENTS: usize = 20_000;
/// Withdrawals that are timed, before and after it.
const WITHDRAWALS: usize = 200;
const QUICK_WITHDRAWALS: usize = 20;
/// Between two looks at a list.
const LOOK: Duration = Duration::from_millis(5);
const PAUSE: Duration = Duration::from_millis(20);
/// Accepted withdrawal to republished list, in milliseconds.
const BAR_MS: f64 = 1000.0;
const MILLIS: f64 = 1e3;
/// By how much a publication may cost more.
const BAR_COST: f64 = 1.3;

/// Somebody with a receipt.
struct Held {
    customer: Customer,
    consent: Digest,
    /// Of the list that says whether it is void.
    url: String,
    index: u64,
}

struct House {
    node: NodeProcess,
    shop: Shop,
    request: CanonicalRecord,
}

pub(crate) fn measure(orders: &Orders) -> Vec<Figure> {
    let (consents, withdrawals) = match orders.quick {
        true => (QUICK_CONSENTS, QUICK_WITHDRAWALS),
        false => (CONSENTS, WITHDRAWALS),
    };
    println!("I1, I2: {withdrawals} withdrawals, then as many with {consents} consents more");
    let dir = tempfile::tempdir().unwrap();
    let origin: Origin = p("placet.test/log");
    let node = NodeProcess::start(&orders.placet, &origin, &dir.path().join("node"), &[]);
    let shop = Shop::open(&node, &origin, Brand::cinema());
    let request = shop.ask(&node, "newsletter", vec![newsletter()]);
    let house = House { node, shop, request };
    let mut order = IssuerOrder::new(&orders.placet, &house.node, &dir.path().join("issuer"));
    "warn".clone_into(&mut order.log_filter);
    let log = dir.path().join("issuer.log");
    let issuer = order.start(&log);
    let (_, before) = house.rounds(&issuer, "before", withdrawals);
    let spare = house.yes(&issuer, "spare");
    issuer.stop();
    let (took, ()) = time(|| load(&order.folder.join(DATABASE_FILE), &spare.consent, consents));
    println!("loaded in {} s", took.as_secs());

    let (took, issuer) = time(|| order.start(&log));
    println!("started in {} ms", took.as_millis());
    while !issuer.is_ready() {
        thread::sleep(PAUSE);
    }
    let (mut times, after) = house.rounds(&issuer, "after", withdrawals);
    times.sort_by(f64::total_cmp);
    let p99 = times[(times.len() * 99).div_ceil(100) - 1];
    vec![
        Figure {
            id: format!("I1, p99 of {withdrawals}, {consents} consents"),
            ours: p99 * MILLIS,
            reference: BAR_MS,
            unit: "ms",
            bar: Bar::AtMost(1.0),
        },
        Figure {
            id: format!("I2, {consents} consents"),
            ours: after * MILLIS,
            reference: before * MILLIS,
            unit: "ms",
            bar: Bar::AtMost(BAR_COST),
        },
    ]
}

impl House {
    /// Seconds from each withdrawal's acknowledgement to the list that says so, and the issuer's processor time for each.
    fn rounds(&self, issuer: &IssuerProcess, name: &str, count: usize) -> (Vec<f64>, f64) {
        let people: Vec<Held> = (0..count)
            .map(|number| self.yes(issuer, &format!("{name} {number}")))
            .collect();
        let began = cpu_seconds(issuer.pid());
        let times = people.iter().map(|held| self.until_void(issuer, held)).collect();
        (times, (cpu_seconds(issuer.pid()) - began) / count as f64)
    }

    fn yes(&self, issuer: &IssuerProcess, name: &str) -> Held {
        let (customer, grant) = self.shop.yes(&self.node, &self.request, name, &[newsletter()]);
        self.shop.caller(&self.node).post("/v1/records", &grant.bytes);
        let consent = grant.record.digest();
        while issuer.ask_offer(&consent, &customer.key).status != 201 {
            thread::sleep(PAUSE);
        }
        let receipt: Value = issuer.claim(LDP_VC, &consent, &customer.key);
        let status = |member: &str| receipt["credentialStatus"][member].as_str().unwrap();
        Held {
            consent,
            url: status("statusListCredential").to_owned(),
            index: status("statusListIndex").parse().unwrap(),
            customer,
        }
    }

    fn until_void(&self, issuer: &IssuerProcess, held: &Held) -> f64 {
        let withdrawal = records::withdraw_unseen(held.consent, &held.customer.pen(&self.shop, "withdrawal")).unwrap();
        self.shop.caller(&self.node).post("/v1/records", &withdrawal.bytes);
        let (took, ()) = time(|| {
            while !is_void(issuer, held) {
                thread::sleep(LOOK);
            }
        });
        took.as_secs_f64()
    }
}

fn is_void(issuer: &IssuerProcess, held: &Held) -> bool {
    let list: Value = serde_json::from_slice(&issuer.fetch(&held.url)).unwrap();
    let bits = Bits::from_bitstring(list["credentialSubject"]["encodedList"].as_str().unwrap()).unwrap();
    bits.get(held.index).unwrap()
}

/// As many consents more as that one, under names that nobody has, each with its ordinal.
fn load(database: &Path, like: &Digest, count: usize) {
    /// Places in the log that no real record takes here.
    const FIRST: i64 = 1 << 40;
    let numbers = "WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n + 1 < $1)";
    let consents = format!(
        "{numbers} INSERT INTO consents (grant_idx, feed, id, body) \
         SELECT {FIRST} + n, feed, randomblob(32), body FROM n, consents WHERE id = $2"
    );
    let items = format!(
        "{numbers} INSERT INTO items (feed, idx, ordinal) SELECT feeds.id, {FIRST} + n, feeds.ordinals + n FROM n, feeds"
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(database);
        let db = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await
            .unwrap();
        let count = i64::try_from(count).unwrap();
        let consents = sqlx::query(sqlx::AssertSqlSafe(consents))
            .bind(count)
            .bind(like.as_bytes().as_slice());
        let done = consents.execute(&db).await.unwrap();
        assert_eq!(i64::try_from(done.rows_affected()).unwrap(), count);
        sqlx::query(sqlx::AssertSqlSafe(items))
            .bind(count)
            .execute(&db)
            .await
            .unwrap();
        sqlx::query("UPDATE feeds SET ordinals = ordinals + $1")
            .bind(count)
            .execute(&db)
            .await
            .unwrap();
        db.close().await;
    });
}
