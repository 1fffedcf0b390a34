//! A node, an issuer, and a person whose program is Placet's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use placet_tests::brand::Brand;
use placet_tests::issuer::{IssuerOrder, IssuerProcess};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tempfile::TempDir;

use super::foreign::{Claim, Offer, Read, Receipt, Shown, Verified, Wallet, foreign, make_wallet, text, until};
use crate::interop::javascript::install;
use crate::interop::running::Running;
use crate::interop::tools::{self, ready};

/// For whom a receipt is shown, and in answer to what.
pub(super) const ASKED: [&str; 4] = ["--audience", "https://gym.example", "--nonce", "n-0S6_WzA2Mj"];

/// What gives the words of a receipt their meaning.
const CONTEXT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/contexts/v1.jsonld");

/// A node, an issuer beside it, and somebody with Placet's own wallet who said yes.
pub(super) struct Stage {
    // Dropped first: the issuer ends before the node and its folder go.
    issuer: IssuerProcess,
    pub(super) trust: PathBuf,
    pub(super) consent: String,
    pub(super) home: TempDir,
    pub(super) running: Running,
    programs: PathBuf,
}

/// What `placet --json verify` says of a receipt.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Judged {
    pub(super) issued: String,
    pub(super) recorded: String,
    pub(super) in_force: String,
    /// Of an SD-JWT alone.
    pub(super) bound: Option<String>,
    /// The exit status.
    #[serde(skip)]
    pub(super) status: i32,
}

impl Stage {
    /// Starts everything; nothing where the foreign programs cannot be had.
    pub(super) fn set() -> Option<Self> {
        let programs = ready(install())?;
        let home = tempfile::tempdir().unwrap();
        let running = Running::start("receipts.example/interop", Brand::cinema());
        let order = IssuerOrder::new(&tools::placet(), &running.node, &home.path().join("issuer"));
        let trust = home.path().join("trust.json");
        fs::write(&trust, order.trust_file(&running.node)).unwrap();
        let mut stage = Self {
            issuer: order.start(&home.path().join("issuer.stderr")),
            trust,
            consent: String::new(),
            home,
            running,
            programs,
        };
        stage.consent = stage.say_yes();
        until("the issuer is ready", || stage.issuer.is_ready().then_some(()));
        Some(stage)
    }

    fn say_yes(&self) -> String {
        let Running {
            node, shop, request, ..
        } = &self.running;
        let [invitation] = shop.invite(node, request, 1).try_into().unwrap();
        self.placet(&["wallet", "new"]).unwrap();
        let line = ["--json", "wallet", "grant", invitation.as_str()];
        let yes = ["--explicit", "1", "--yes", "2,3", "--node", &self.running.url()];
        let said = self.placet(&[&line[..], &yes].concat()).unwrap();
        let said: Value = serde_json::from_slice(&said).unwrap();
        said["consent"].as_str().unwrap().to_owned()
    }

    /// The person's own program, with her wallet in the folder.
    pub(super) fn placet(&self, line: &[&str]) -> Result<Vec<u8>, String> {
        tools::run(&mut self.command(line))
    }

    fn command(&self, line: &[&str]) -> Command {
        let mut command = Command::new(tools::placet());
        command.args(line).current_dir(self.home.path()).stdin(Stdio::null());
        command
            .env_clear()
            .env("PLACET_PASSPHRASE", "correct horse battery staple");
        command
    }

    /// An offer of a receipt; the issuer hears of the consent a moment after the ledger has it.
    pub(super) fn offer(&self) -> Offer {
        self.offer_of(&[])
    }

    /// The same of a receipt that is wanted otherwise.
    pub(super) fn offer_of(&self, wanted: &[&str]) -> Offer {
        let url = self.issuer.url();
        let line = ["--json", "receipt", "offer", &self.consent, "--issuer", &url];
        let line = [&line[..], wanted].concat();
        let said = until("there is an offer", || self.placet(&line).ok());
        serde_json::from_slice(&said).unwrap()
    }

    /// Where the issuer is.
    pub(super) fn issuer_url(&self) -> String {
        self.issuer.url()
    }

    /// Another wallet's key may hold receipts from now on.
    pub(super) fn authorize(&self, wallet: &Wallet) {
        let line = ["receipt", "authorize", &self.consent, "--key", wallet.did.as_str()];
        self.placet(&line).unwrap();
    }

    pub(super) fn foreign<T: DeserializeOwned>(&self, program: &str, line: &[&str]) -> T {
        foreign(&self.programs, program, line)
    }

    pub(super) fn wallet(&self, name: &str) -> Wallet {
        make_wallet(&self.programs, self.home.path(), name)
    }

    pub(super) fn claim(&self, wallet: &Wallet, more: &[&str]) -> Claim {
        self.claim_by(wallet, &self.offer(), more)
    }

    pub(super) fn claim_by(&self, wallet: &Wallet, offer: &Offer, more: &[&str]) -> Claim {
        let line = ["--wallet", text(&wallet.file), "--offer", &offer.link];
        let code = ["--tx-code", &offer.tx_code];
        self.foreign("claim-receipt.mjs", &[&line[..], &code, more].concat())
    }

    /// Receipts of an authorised wallet, in the order of the offer.
    pub(super) fn receipts(&self, wallet: &Wallet) -> Vec<Receipt> {
        let claim = || match self.claim(wallet, &["--signed-metadata"]) {
            Claim::Done {
                version,
                metadata_signer,
                receipts,
            } => Some((version, metadata_signer, receipts)),
            // The issuer has not heard of the authorisation yet.
            Claim::Refused { refused, .. } => {
                assert_eq!(refused, "invalid_proof");
                None
            }
        };
        let (version, signer, receipts) = until("the wallet may hold receipts", claim);
        assert_eq!(version, "V1");
        assert!(signer.is_some_and(|method| method.starts_with("did:key:zDn")));
        receipts
    }

    /// She ends the consent.
    pub(super) fn withdraw(&self) {
        self.placet(&["wallet", "withdraw", &self.consent]).unwrap();
    }

    /// A file of the stage.
    pub(super) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// The wallet shows these of what could be withheld, to who asked.
    pub(super) fn show(&self, wallet: &Wallet, receipt: &Path, disclosed: &[&str]) -> Shown {
        let url = self.issuer.url();
        let mut line = vec!["--wallet", text(&wallet.file), "--issuer", &url];
        line.extend(ASKED);
        line.extend(disclosed.iter().flat_map(|path| ["--disclose", path]));
        line.push(text(receipt));
        self.foreign("present-receipt.mjs", &line)
    }

    /// What the foreign verifier reads in these.
    pub(super) fn read(&self, asked: &[&str], files: &[&Path]) -> Vec<Read> {
        let url = self.issuer.url();
        let mut line = vec!["--issuer", &url];
        line.extend(asked);
        line.extend(files.iter().map(|file| text(file)));
        let read: Vec<Read> = self.foreign("verify-sd-jwt.mjs", &line);
        assert!(read.iter().map(|read| &*read.file).eq(files.iter().copied()));
        read
    }

    /// Why the foreign verifier of credentials refuses these; nothing of those that it believes.
    pub(super) fn verify(&self, cryptosuite: &str, files: &[&Path]) -> Vec<Option<String>> {
        let mut line = vec!["--cryptosuite", cryptosuite, "--context", CONTEXT];
        line.extend(files.iter().map(|file| text(file)));
        let verified: Vec<Verified> = self.foreign("verify-receipt.mjs", &line);
        assert!(verified.iter().map(|one| &*one.file).eq(files.iter().copied()));
        for one in &verified {
            assert_eq!(one.verified, one.error.is_none(), "{one:?}");
        }
        verified.into_iter().map(|one| one.error).collect()
    }

    /// What `placet verify` says of a receipt, with its status list as it is published now.
    pub(super) fn judge(&self, receipt: &str, more: &[&str]) -> Judged {
        let (file, list) = (self.file("receipt", receipt), self.home.path().join("list"));
        fs::write(&list, self.issuer.fetch(&list_url(receipt))).unwrap();
        let line = ["--json", "verify", text(&file), "--status", text(&list), "--trust"];
        let output = self
            .command(&[&line[..], &[text(&self.trust)], more].concat())
            .output()
            .unwrap();
        let mut judged: Judged = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|fault| panic!("{fault}: {}", String::from_utf8_lossy(&output.stderr)));
        judged.status = output.status.code().unwrap();
        judged
    }
}

impl Judged {
    /// The exit status; issued, recorded, in force, and bound, of an SD-JWT.
    pub(super) fn said(&self) -> (i32, Vec<&str>) {
        let all = [&self.issued, &self.recorded, &self.in_force].into_iter();
        (self.status, all.chain(&self.bound).map(String::as_str).collect())
    }
}

/// Where the status list of a receipt is, in either format.
fn list_url(receipt: &str) -> String {
    let url = match serde_json::from_str::<Value>(receipt) {
        Ok(document) => document["credentialStatus"]["statusListCredential"].clone(),
        Err(_) => Value::from(
            placet_kernel::receipt::read_presented(receipt)
                .unwrap()
                .status
                .status_list
                .uri
                .to_string(),
        ),
    };
    url.as_str().unwrap().to_owned()
}
