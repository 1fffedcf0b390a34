//! What the tests of accesses have in common: a brand with a verifier, and two people who have said yes.

use std::collections::BTreeSet;

use placet_kernel::access::{VerifiedAccess, verify_access};
use placet_kernel::jws;
use placet_kernel::trust::{LogKeys, QUORUM_NONE, SizedDid, SizedVkey, Sizes, Trust, TrustBuilder};
use placet_ledger::{Keys, Party, Published, Weight, fsck};
use placet_schemas::api::{AccessPage, DESTRUCTION_ORDER_TYP, OrderClaims, RefusedLine};
use placet_schemas::id::Digest;
use placet_schemas::json;
use placet_schemas::record::consent::ErasureGround;
use placet_wallet::records::Built;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _};

use crate::offers::clause;
use crate::reports::{Report, Verifier};
use crate::world::{Brand, ORIGIN, TICK, World, p, person};

/// A brand with a verifier, and Ada and Bob who have said yes.
pub(super) struct Stage {
    pub(super) world: World,
    pub(super) brand: Brand,
    pub(super) verifier: Verifier,
    pub(super) ada: Built,
    pub(super) bob: Built,
}

impl Stage {
    pub(super) async fn set() -> Self {
        let world = World::with_head_file().await;
        let brand = Brand::named("cinema.example");
        let request = world.ask(&brand, vec![clause("films")]).await;
        let ada = world.consent(&person("ada"), &request).await;
        let bob = world.consent(&person("bob"), &request).await;
        let verifier = Verifier::of(&brand, &world);
        Self {
            world,
            brand,
            verifier,
            ada,
            bob,
        }
    }

    pub(super) fn consent(&self) -> Digest {
        self.ada.state.consent
    }

    /// So many accesses on Ada's consent, in one batch.
    pub(super) fn report(&self, count: usize) -> Report {
        let lines = (0..count).map(|_| self.verifier.line(&self.world, Some(self.consent())));
        self.verifier.report(&self.world, lines.collect())
    }

    pub(super) async fn keep(&self, report: &Report) -> (u64, Vec<RefusedLine>) {
        let (brand, lines) = (&self.brand.did, report.lines.clone());
        let kept = self.world.ledger.keep_lines(brand, &report.digest, lines).await;
        let kept = kept.unwrap().unwrap();
        (kept.kept, kept.refused)
    }

    /// The code by which the only line of a report is refused.
    pub(super) async fn refused(&self, report: &Report) -> String {
        let (kept, refused) = self.keep(report).await;
        assert_eq!((kept, refused.len()), (0, 1), "{refused:?}");
        refused[0].code.clone()
    }

    pub(super) async fn page(&self, after: Option<(u64, u64)>, limit: usize) -> AccessPage {
        let who = Party::Subject(person("ada").did());
        let page = self.world.ledger.accesses(&who, &self.consent(), after, limit).await;
        page.unwrap().unwrap()
    }

    /// Judges every line of a page as a wallet does.
    pub(super) fn judge(&self, page: &AccessPage) -> Vec<VerifiedAccess> {
        let trust = trust(&self.world);
        let judge = |view| verify_access(view, &page.keys, &self.consent(), &p(ORIGIN), &trust);
        page.accesses.iter().map(judge).collect::<Result<_, _>>().unwrap()
    }

    pub(super) async fn destroy(&self, consent: Digest) -> u64 {
        let claims = OrderClaims {
            origin: p(ORIGIN),
            consent,
            ground: ErasureGround::LegalObligation,
            date: self.world.now(),
        };
        let claims = json::to_jcs(&claims).unwrap();
        let order = jws::sign(&claims, DESTRUCTION_ORDER_TYP, &self.brand.method, &self.brand.key).unwrap();
        self.world
            .ledger
            .order_destruction(&order)
            .await
            .unwrap()
            .unwrap()
            .index
    }

    /// Waits until the node holds nothing any more. After one destruction it takes fifty times as long as that took until it
    /// clears its files again, so on a busy machine this may be long.
    pub(super) async fn cleared(&self, destruction: u64) {
        for _ in 0..60_000 {
            let row = self.world.ledger.destruction(destruction).await.unwrap().unwrap();
            if row.pending.is_empty() {
                return;
            }
            tokio::time::sleep(TICK).await;
        }
        panic!("the node never finished");
    }

    pub(super) async fn rows(&self) -> i64 {
        self.sql("SELECT COUNT(*) FROM access_lines").await
    }

    pub(super) async fn sql(&self, statement: &'static str) -> i64 {
        let options = SqliteConnectOptions::new().filename(self.world.data().join("main.db"));
        let mut db = SqliteConnection::connect_with(&options).await.unwrap();
        let found: Option<i64> = sqlx::query_scalar(AssertSqlSafe(statement))
            .fetch_optional(&mut db)
            .await
            .unwrap();
        db.close().await.unwrap();
        found.unwrap_or_default()
    }

    pub(super) fn keys(&self) -> Keys {
        Keys::load(&self.world.dir.path().join("keys")).unwrap()
    }

    /// The codes of what is damaged.
    pub(super) async fn damaged(&self) -> BTreeSet<&'static str> {
        let published = Published {
            size: 0,
            root: placet_kernel::merkle::empty_root(),
            witnesses: Vec::new(),
        };
        let report = fsck(&self.world.data(), p(ORIGIN), self.keys(), &published, &|_, _| {})
            .await
            .unwrap();
        let damaged = report.findings.iter().filter(|found| found.weight == Weight::Damaged);
        damaged.map(|found| found.code).collect()
    }
}

fn trust(world: &World) -> Trust {
    let identity = world.ledger.identity();
    let sizes = Sizes::ALL;
    let vkey = |vkey: &String| {
        vec![SizedVkey {
            vkey: vkey.clone(),
            sizes,
        }]
    };
    let keys = LogKeys {
        origin: identity.origin.clone(),
        checkpoint_keys: vkey(&identity.checkpoint_vkey),
        cosigner_keys: vkey(&identity.cosigner_vkey),
        operator_keys: vec![SizedDid {
            key: identity.operator.clone(),
            sizes,
        }],
    };
    TrustBuilder::default().log(&keys).unwrap().quorum(QUORUM_NONE).unwrap()
}
