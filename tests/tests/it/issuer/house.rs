//! A node, a shop on it, an issuer, and people.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use placet_kernel::receipt::{self, ReceiptReport};
use placet_kernel::trust::Trust;
use placet_linked_data::Contexts;
use placet_schemas::id::Digest;
use placet_schemas::lifecycle::{self, State};
use placet_schemas::narrowing::{Pattern, Value as Taken};
use placet_schemas::record::CanonicalRecord;
use placet_schemas::record::holders::Holders;
use placet_schemas::scope::Clause;
use placet_tests::brand::Brand;
use placet_tests::issuer::{IssuerOrder, IssuerProcess, LDP_VC};
use placet_tests::offer::recommendations;
use placet_tests::process::{NodeProcess, built, now};
use placet_tests::shop::{Customer, Shop};
use placet_tests::verifier::started;
use placet_wallet::keys::SoftwareKey;
use placet_wallet::records;
use placet_wallet::sight::Sight;
use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take that should take no time.
pub(super) const SOON: Duration = Duration::from_secs(10);

/// The house.
pub(super) struct House {
    pub(super) dir: TempDir,
    pub(super) node: NodeProcess,
    pub(super) shop: Shop,
    pub(super) request: CanonicalRecord,
    pub(super) clause: Clause,
    pub(super) order: IssuerOrder,
    pub(super) trust: Trust,
}

/// Somebody who said yes.
pub(super) struct Given {
    pub(super) customer: Customer,
    pub(super) consent: Digest,
    pub(super) state: State,
}

impl House {
    /// A cinema that asks for its recommendations.
    pub(super) fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let origin = "placet.test/log".parse().unwrap();
        let node = NodeProcess::start(&built(), &origin, &dir.path().join("node"), &[]);
        let shop = Shop::open(&node, &origin, Brand::cinema());
        let clause = recommendations();
        let request = shop.ask(&node, "recommendations", vec![clause.clone()]);
        let order = IssuerOrder::new(&built(), &node, &dir.path().join("issuer"));
        let trust = order.trust(&node);
        Self {
            dir,
            node,
            shop,
            request,
            clause,
            order,
            trust,
        }
    }

    /// Starts the issuer and waits until it knows all that there is.
    pub(super) fn issuer(&self) -> IssuerProcess {
        let issuer = self.order.start(&self.log());
        until("the issuer is ready", || issuer.is_ready());
        issuer
    }

    /// What the issuer logs.
    pub(super) fn log(&self) -> PathBuf {
        self.dir.path().join("issuer.stderr")
    }

    /// Somebody says yes.
    pub(super) fn yes(&self, name: &str) -> Given {
        let clauses = [self.clause.clone()];
        let (customer, built) = self.shop.yes(&self.node, &self.request, name, &clauses);
        self.send(&built.bytes);
        let placet_schemas::record::Body::ConsentRequest(request) = &self.request.record.body else {
            panic!("a request");
        };
        Given {
            consent: built.record.digest(),
            state: lifecycle::apply(None, &built.record, Some(request)).unwrap(),
            customer,
        }
    }

    /// Sends a record to the ledger.
    pub(super) fn send(&self, bytes: &[u8]) {
        self.shop.caller(&self.node).post("/v1/records", bytes);
    }

    /// Her withdrawal, signed and not sent.
    pub(super) fn withdrawal(&self, given: &Given) -> Vec<u8> {
        let pen = given.customer.pen(&self.shop, "withdrawal");
        records::withdraw_unseen(given.consent, &pen).unwrap().bytes
    }

    /// She takes one value of one dimension back.
    pub(super) fn narrow(&self, given: &mut Given, act: &str, value: Taken) {
        let removed = Pattern::Value { purpose: None, value };
        let pen = given.customer.pen(&self.shop, act);
        let built = records::narrow(&given.state, vec![removed], Sight::default().anchor(), &pen).unwrap();
        self.send(&built.bytes);
        given.state = lifecycle::apply(Some(&given.state), &built.record, None).unwrap();
    }

    /// She says which other keys may hold receipts.
    pub(super) fn authorize(&self, given: &Given, act: &str, keys: &[&SoftwareKey]) {
        let pen = given.customer.pen(&self.shop, act);
        let holders = Holders::from_members(keys.iter().map(|key| key.did())).unwrap();
        let built = records::authorize_holders(&given.state, holders, &pen).unwrap();
        self.send(&built.bytes);
    }

    /// What the judge says of a receipt, with its status list as it is published now.
    pub(super) fn judge(&self, issuer: &IssuerProcess, receipt: &Value) -> ReceiptReport {
        let url = receipt["credentialStatus"]["statusListCredential"].as_str().unwrap();
        let list = issuer.fetch(url);
        let bytes = serde_json::to_vec(receipt).unwrap();
        receipt::verify(&bytes, Some(&list), Some(&self.trust), now(), Contexts::bundled()).unwrap()
    }
}

impl Given {
    /// Her receipt, claimed with the key of the consent.
    pub(super) fn receipt(&self, issuer: &IssuerProcess) -> Value {
        // The issuer hears of the consent a moment after the ledger has it.
        until("the issuer offers a receipt", || {
            issuer.ask_offer(&self.consent, &self.customer.key).status == 201
        });
        issuer.claim(LDP_VC, &self.consent, &self.customer.key)
    }
}

/// Waits until something holds.
pub(super) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = started();
    while !holds() {
        assert!(began.elapsed() < SOON, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// What is in a file that is there.
pub(super) fn text(path: PathBuf) -> String {
    fs::read_to_string(path).unwrap()
}
