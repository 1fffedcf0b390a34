//! A node, a shop on it, its verifier, and people.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use placet_kernel::sign;
use placet_schemas::id::Digest;
use placet_schemas::record::consent::ErasureRequest;
use placet_schemas::record::{Body, CanonicalRecord, Invitation};
use placet_schemas::scope::Clause;
use placet_schemas::version::Version;
use placet_tests::brand::Brand;
use placet_tests::offer::newsletter;
use placet_tests::process::{NodeProcess, built, now};
use placet_tests::shop::{Customer, Shop};
use placet_tests::verifier::{VerifierOrder, VerifierProcess, started};
use placet_tests::{Claim, bytes_of, p};
use placet_wallet::Pen;
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
    pub(crate) invitation: Digest,
    pub(crate) grant: Vec<u8>,
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

    /// Starts a verifier of the shop in a folder of this name, with all that it logs in a file beside it.
    pub(crate) fn start(&self, name: &str, ledger: &str, more: &[&str]) -> VerifierProcess {
        self.try_start(name, ledger, more).unwrap()
    }

    /// A verifier that wants this token of whoever asks.
    pub(crate) fn start_guarded(&self, token: &str) -> VerifierProcess {
        let file = self.dir.path().join("token");
        fs::write(&file, token).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let more = ["--access-token-file", file.to_str().unwrap()];
        self.start("guarded", &self.ledger(), &more)
    }

    /// As [`House::start`]; what it said when it does not start.
    pub(crate) fn try_start(&self, name: &str, ledger: &str, more: &[&str]) -> Result<VerifierProcess, String> {
        let (binary, folder) = (built(), self.dir.path().join(name));
        let order = VerifierOrder {
            ledger: ledger.to_owned(),
            more,
            ..VerifierOrder::of(&binary, &self.node, &folder)
        };
        VerifierProcess::try_start(&order, &self.shop, &self.said(name))
    }

    /// The node's address.
    pub(crate) fn ledger(&self) -> String {
        format!("http://{}", self.node.address())
    }

    /// Ends the node and starts it again, on another port.
    pub(crate) fn restart_node(&mut self, between: impl FnOnce()) {
        self.node.restart(&built(), &self.shop.origin, between);
    }

    /// The log of the verifier of this name.
    fn said(&self, name: &str) -> PathBuf {
        self.dir.path().join(format!("{name}.stderr"))
    }

    /// That the log of the verifier of this name is one, and names none of these people.
    pub(crate) fn assert_private(&self, name: &str, references: &[&str], people: &[&Given]) {
        let said = std::fs::read_to_string(self.said(name)).unwrap();
        assert!(said.contains("DEBUG"), "it is to log all it can");
        let mut secrets: Vec<String> = references.iter().map(|text| (*text).to_owned()).collect();
        for given in people {
            secrets.extend([
                given.customer.key.did().to_string(),
                given.consent.to_string(),
                given.invitation.to_string(),
                given.customer.code.to_string(),
            ]);
        }
        for secret in secrets {
            assert!(!said.contains(&secret), "the log has {secret}");
        }
    }

    /// Invites a customer and has her say yes.
    pub(crate) fn wins(&self, verifier: &VerifierProcess, reference: &str) -> Given {
        let invitation = self.invite(verifier, reference);
        self.yes(reference, &invitation)
    }

    /// Sends her withdrawal to the ledger.
    pub(crate) fn withdraw(&self, given: &Given) {
        self.shop
            .caller(&self.node)
            .post("/v1/records", &self.withdrawal(given));
    }

    /// Has the brand end her consent.
    pub(crate) fn end(&self, given: &Given) {
        let pen = Pen {
            origin: &self.shop.origin,
            key: &self.shop.brand.key,
            random: bytes_of(&format!("end of {}", given.consent)),
            now: now(),
        };
        let ended = placet_wallet::brand::end(
            given.consent,
            p("the newsletter is over"),
            self.shop.brand.signer(),
            &pen,
        )
        .unwrap();
        self.shop.caller(&self.node).post("/v1/records", &ended.bytes);
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
            invitation: invitation.digest(),
            grant: grant.bytes,
        }
    }

    /// Her withdrawal, signed and not sent.
    pub(crate) fn withdrawal(&self, given: &Given) -> Vec<u8> {
        let pen = given.customer.pen(&self.shop, "withdrawal");
        records::withdraw_unseen(given.consent, &pen).unwrap().bytes
    }

    /// She asks for erasure, and the ledger has it.
    pub(crate) fn erase(&self, given: &Given) {
        let claim = Claim {
            issuer: sign::did_key(&given.customer.key).unwrap(),
            method: None,
            domain: self.shop.origin.clone(),
            from: now(),
            until: None,
            challenge: None,
            body: Body::ErasureRequest(ErasureRequest {
                version: Version,
                consent: given.consent,
                ground: None,
                categories: None,
                anchor: Sight::default().anchor(),
            }),
        };
        let record = claim.sign(&given.customer.key);
        self.shop.caller(&self.node).post("/v1/records", &record.bytes);
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

/// A call to a verifier's interface: status and body.
pub(crate) fn call(verifier: &VerifierProcess, path: &str, body: &Value) -> (u16, Value) {
    let body = serde_json::to_vec(body).unwrap();
    let answer = verifier.caller().call("POST", path, &body).unwrap();
    (answer.status, serde_json::from_slice(&answer.body).unwrap())
}

/// Waits until something holds.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = started();
    while !holds() {
        assert!(began.elapsed() < 3 * SOON, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}
