//! A node, a shop on it, its verifier, and people.

use std::time::Duration;

use placet_schemas::id::Digest;
use placet_schemas::record::{CanonicalRecord, Invitation};
use placet_schemas::scope::Clause;
use placet_tests::brand::Brand;
use placet_tests::offer::newsletter;
use placet_tests::process::{NodeProcess, built};
use placet_tests::shop::{Customer, Shop};
use placet_tests::verifier::{VerifierOrder, VerifierProcess};
use placet_wallet::records;
use placet_wallet::sight::Sight;
use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take that should take no time.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// The house.
pub(crate) struct House {
    pub(crate) dir: TempDir,
    pub(crate) node: NodeProcess,
    pub(crate) shop: Shop,
    pub(crate) request: CanonicalRecord,
    pub(crate) clause: Clause,
}

/// Somebody who said yes.
pub(crate) struct Given {
    pub(crate) customer: Customer,
    pub(crate) consent: Digest,
}

impl House {
    /// A cinema that asks for its newsletter.
    pub(crate) fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let origin = "placet.test/log".parse().unwrap();
        let node = NodeProcess::start(&built(), &origin, &dir.path().join("node"), &[]);
        let shop = Shop::open(&node, &origin, Brand::cinema());
        let clause = newsletter();
        let request = shop.ask(&node, "newsletter", vec![clause.clone()]);
        Self {
            dir,
            node,
            shop,
            request,
            clause,
        }
    }

    /// Starts the shop's verifier in a folder of its own.
    pub(crate) fn verifier(&self) -> VerifierProcess {
        let (binary, folder) = (built(), self.dir.path().join("verifier"));
        VerifierProcess::start(&VerifierOrder::of(&binary, &self.node, &folder), &self.shop)
    }

    /// Invites a customer whom the verifier knows by this name.
    pub(crate) fn invite(&self, verifier: &VerifierProcess, name: &str) -> Invitation {
        let invitation = self.shop.invite(&self.node, &self.request, 1).remove(0);
        verifier.knows(name, &invitation.digest());
        invitation
    }

    /// Her yes, acknowledged.
    pub(crate) fn yes(&self, name: &str, invitation: &Invitation) -> Given {
        let customer = self.shop.customer(name);
        let anchor = Sight::default().anchor();
        let clauses = [self.clause.clone()];
        let grant = customer.grant(&self.shop, &self.request, invitation, &clauses, anchor);
        self.shop.caller(&self.node).post("/v1/records", &grant.bytes);
        Given {
            customer,
            consent: grant.record.digest(),
        }
    }

    /// Her withdrawal, signed and not sent.
    pub(crate) fn withdrawal(&self, given: &Given) -> Vec<u8> {
        let pen = given.customer.pen(&self.shop, "withdrawal");
        records::withdraw_unseen(given.consent, &pen).unwrap().bytes
    }

    /// The question that the clause answers.
    pub(crate) fn question(&self, verifier: &VerifierProcess, name: &str) -> Value {
        verifier.question(name, self.clause.purpose.id.as_str(), "pd:EmailAddress")
    }
}

/// The codes of an answer's reasons.
pub(crate) fn codes(answer: &Value) -> Vec<&str> {
    let reasons = answer["context"]["reasons"].as_array().unwrap();
    reasons.iter().map(|reason| reason["code"].as_str().unwrap()).collect()
}
