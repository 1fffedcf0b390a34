//! An issuer as in life, under a name, and a person who said yes.

use std::path::{Path, PathBuf};

use placet_schemas::id::Digest;
use placet_schemas::lifecycle;
use placet_schemas::record::Body;
use placet_schemas::record::holders::Holders;
use placet_tests::brand::Brand;
use placet_tests::issuer::{IssuerOrder, IssuerProcess};
use placet_tests::offer::newsletter;
use placet_tests::shop::Customer;
use placet_wallet::records::{self, Built};
use serde_json::Value;
use tempfile::TempDir;

use super::foreign::{Offer, Read, Verified, Wallet, foreign, text, until};
use crate::interop::javascript::install;
use crate::interop::running::Running;
use crate::interop::tools::{self, ready};

/// Where it is to be found, and the host of that.
const PUBLIC: &str = "https://issuer.example/receipts";
const HOST: &str = "https://issuer.example";

/// An issuer whose name is the `did:web` of a URL with TLS, and what it signs is below that URL. Only the foreign programs are
/// told where it really is.
pub(super) struct Web {
    // Dropped first: the issuer ends before the node and its folder go.
    pub(super) issuer: IssuerProcess,
    pub(super) ada: Customer,
    grant: Built,
    /// `URL=ADDRESS`.
    at: String,
    pub(super) home: TempDir,
    running: Running,
    pub(super) programs: PathBuf,
}

impl Web {
    /// Starts everything; nothing where the foreign programs cannot be had.
    pub(super) fn set() -> Option<Self> {
        let programs = ready(install())?;
        let home = tempfile::tempdir().unwrap();
        let running = Running::start("web.example/interop", Brand::gym());
        let folder = home.path().join("issuer");
        let order = IssuerOrder::behind(&tools::placet(), &running.node, &folder, PUBLIC);
        let issuer = order.start(&home.path().join("issuer.stderr"));
        let Running {
            node, shop, request, ..
        } = &running;
        let (ada, grant) = shop.yes(node, request, "Ada", &[newsletter()]);
        let web = Self {
            at: format!("{HOST}={}", order.local_url()),
            issuer,
            ada,
            grant,
            home,
            running,
            programs,
        };
        web.send(&web.grant.bytes);
        until("there is an offer", || {
            (web.issuer.ask_offer(&web.consent(), &web.ada.key).status == 201).then_some(())
        });
        Some(web)
    }

    pub(super) fn consent(&self) -> Digest {
        self.grant.record.digest()
    }

    fn send(&self, record: &[u8]) {
        let Running { node, shop, .. } = &self.running;
        shop.caller(node).post("/v1/records", record);
    }

    pub(super) fn authorize(&self, wallet: &Wallet) {
        let Running { shop, request, .. } = &self.running;
        let Body::ConsentRequest(asked) = &request.record.body else {
            panic!("a request");
        };
        let state = lifecycle::apply(None, &self.grant.record, Some(asked)).unwrap();
        let holders = Holders::from_members([wallet.did.clone()]).unwrap();
        let pen = self.ada.pen(shop, "authorization");
        self.send(&records::authorize_holders(&state, holders, &pen).unwrap().bytes);
    }

    pub(super) fn withdraw(&self) {
        let pen = self.ada.pen(&self.running.shop, "withdrawal");
        self.send(&records::withdraw_unseen(self.consent(), &pen).unwrap().bytes);
    }

    pub(super) fn claim(&self, wallet: &Wallet, more: &[&str]) -> Value {
        let offer = self
            .issuer
            .ask_offer(&self.consent(), &self.ada.key)
            .expect(201, "offer");
        let offer: Offer = serde_json::from_slice(&offer).unwrap();
        let line = ["--wallet", text(&wallet.file), "--offer", &offer.link];
        let code = ["--tx-code", &offer.tx_code, "--at", &self.at];
        foreign(&self.programs, "claim-ldp-vc.mjs", &[&line[..], &code, more].concat())
    }

    /// Why the foreign verifier of credentials refuses a receipt.
    pub(super) fn verify(&self, file: &Path) -> Option<String> {
        let line = ["--cryptosuite", "eddsa-jcs-2022", "--at", &self.at, text(file)];
        let [verified]: [Verified; 1] = foreign(&self.programs, "verify-receipt.mjs", &line);
        verified.error
    }

    /// Why the foreign verifier of SD-JWTs refuses a receipt.
    pub(super) fn read(&self, file: &Path) -> Option<String> {
        let line = ["--issuer", PUBLIC, "--at", &self.at, text(file)];
        let [read]: [Read; 1] = foreign(&self.programs, "verify-sd-jwt.mjs", &line);
        read.error
    }
}
