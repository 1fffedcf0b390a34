//! Receipts in wallets and at verifiers that others wrote: claimed from a running issuer over HTTP with keys of their own, which
//! the person authorised by `placet receipt authorize`; shown, checked with their status, and refused once the consent is
//! over. `tests/interop/js` says what is asked of whose code.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use placet_schemas::id::Did;
use placet_tests::brand::Brand;
use placet_tests::issuer::{IssuerOrder, IssuerProcess, LDP_VC, SD_JWT};
use placet_tests::offer::newsletter;
use placet_tests::verifier::started;
use placet_wallet::records;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tempfile::TempDir;

use super::javascript::{changed, changed_text, install, node_js};
use super::running::Running;
use super::tools::{self, ready};

/// How long anything may take that should take moments.
const SOON: Duration = Duration::from_secs(20);
/// For whom a receipt is shown, and in answer to what.
const ASKED: [&str; 4] = ["--audience", "https://gym.example", "--nonce", "n-0S6_WzA2Mj"];

/// A node, an issuer beside it, and somebody with Placet's own wallet who said yes.
struct Stage {
    // Dropped first: the issuer ends before the node and its folder go.
    issuer: IssuerProcess,
    trust: PathBuf,
    consent: String,
    home: TempDir,
    running: Running,
    programs: PathBuf,
}

/// A wallet of somebody else's.
struct Wallet {
    file: PathBuf,
    did: Did,
}

/// What `placet receipt offer` prints.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Offer {
    link: String,
    tx_code: String,
}

/// What `claim-receipt.mjs` prints.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", untagged)]
enum Claim {
    Done {
        version: String,
        metadata_signer: Option<String>,
        receipts: Vec<Receipt>,
    },
    Refused {
        refused: String,
        asked: String,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Receipt {
    configuration: String,
    format: String,
    /// How the wallet showed its key.
    binding: String,
    credential: Value,
    /// The status of the answer to the notification.
    notified: u16,
}

/// What `present-receipt.mjs` prints.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    /// The paths of what could be withheld.
    presentable: Vec<String>,
    presentation: String,
}

/// What `verify-sd-jwt.mjs` prints.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    file: PathBuf,
    claims: Option<Value>,
    error: Option<String>,
}

/// What `verify-receipt.mjs` prints.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Verified {
    file: PathBuf,
    verified: bool,
    error: Option<String>,
}

/// What `placet --json verify` says of a receipt.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Judged {
    issued: String,
    recorded: String,
    in_force: String,
    /// Of an SD-JWT alone.
    bound: Option<String>,
    /// The exit status.
    #[serde(skip)]
    status: i32,
}

#[test]
fn a_foreign_wallet_claims_a_receipt_in_both_formats_with_a_key_of_its_own() {
    let Some(stage) = Stage::set() else {
        return;
    };
    let wallet = stage.wallet("phone");
    assert_eq!(
        refusal(stage.claim(&wallet, &[])),
        ("invalid_proof".into(), LDP_VC.into())
    );
    stage.authorize(&wallet);
    let receipts = stage.receipts(&wallet);
    let shown: Vec<_> = receipts.iter().map(|one| (&*one.format, &*one.binding)).collect();
    assert_eq!(shown, [("ldp_vc", "did:key"), ("dc+sd-jwt", "jwk")]);
    assert!(receipts.iter().all(|one| one.notified == 204), "{receipts:?}");
    let [ldp_vc, sd_jwt] = &receipts[..] else {
        panic!("{receipts:?}")
    };
    assert_eq!([&*ldp_vc.configuration, &*sd_jwt.configuration], [LDP_VC, SD_JWT]);
    assert_eq!(ldp_vc.credential["credentialSubject"]["holderKey"], wallet.did.as_str());

    assert_eq!(stage.judge(&ldp_vc.text(), &[]).said(), (0, vec!["Holds"; 3]));
    // Nobody has shown it yet.
    let judged = stage.judge(&sd_jwt.text(), &[]);
    assert_eq!(judged.said(), (0, vec!["Holds", "Holds", "Holds", "CannotTell"]));
}

#[test]
fn a_foreign_wallet_is_refused_by_the_names_of_the_protocol() {
    let Some(stage) = Stage::set() else {
        return;
    };
    let wallet = stage.wallet("phone");
    stage.authorize(&wallet);
    // Until the issuer has heard of the authorisation.
    let _receipts = stage.receipts(&wallet);
    let mut offer = stage.offer();
    assert_eq!(
        refusal(stage.claim_by(&wallet, &offer, &["--replay"])),
        ("invalid_nonce".into(), SD_JWT.into())
    );
    // Good for one token.
    let (refused, asked) = refusal(stage.claim_by(&wallet, &offer, &[]));
    assert_eq!((&*refused, &*asked), ("invalid_grant", "token"));

    offer = stage.offer();
    let right = offer.tx_code.clone();
    offer.tx_code = if right == "000000" { "000001" } else { "000000" }.to_owned();
    let (refused, asked) = refusal(stage.claim_by(&wallet, &offer, &[]));
    assert_eq!((&*refused, &*asked), ("invalid_grant", "token"));
    offer.tx_code = right;
    assert!(matches!(stage.claim_by(&wallet, &offer, &[]), Claim::Done { .. }));

    let stranger = stage.wallet("stranger");
    assert_eq!(
        refusal(stage.claim(&stranger, &[])),
        ("invalid_proof".into(), LDP_VC.into())
    );
}

#[test]
fn a_foreign_wallet_shows_a_receipt_and_a_foreign_verifier_believes_it_until_the_withdrawal() {
    let Some(stage) = Stage::set() else {
        return;
    };
    let wallet = stage.wallet("phone");
    stage.authorize(&wallet);
    let [_, receipt] = stage.receipts(&wallet).try_into().unwrap();
    let issued = stage.file("issued", &receipt.text());
    let [read] = stage.read(&[], &[&issued]).try_into().unwrap();
    let claims = read.claims.as_ref().unwrap();
    assert_eq!(claims["consent"], stage.consent);
    assert_eq!(claims["scope"].as_array().unwrap().len(), 3);

    // Of what may be withheld, one clause is shown, and the salt, with which the log proves the record.
    let whole = stage.show(&wallet, &issued, &[]);
    let clauses: Vec<&String> = whole
        .presentable
        .iter()
        .filter(|path| path.starts_with("scope."))
        .collect();
    assert_eq!(
        (clauses.len(), whole.presentable.len()),
        (3, 5),
        "{:?}",
        whole.presentable
    );
    let shown = stage.show(&wallet, &issued, &["evidence.salt", clauses[0]]);
    let judged = stage.judge(&shown.presentation, &ASKED);
    assert_eq!(judged.said(), (0, vec!["Holds"; 4]));
    let shown_file = stage.file("shown", &shown.presentation);
    let [read] = stage.read(&ASKED, &[&shown_file]).try_into().unwrap();
    let claims = read.claims.as_ref().unwrap();
    assert_eq!(
        (claims.get("sub"), claims["scope"].as_array().unwrap().len()),
        (None, 1)
    );

    let other = ["--audience", "https://evil.example", ASKED[2], ASKED[3]];
    let earlier = [ASKED[0], ASKED[1], "--nonce", "earlier"];
    for asked in [other, earlier] {
        let judged = stage.judge(&shown.presentation, &asked);
        assert_eq!(
            judged.said(),
            (1, vec!["Holds", "Holds", "Holds", "Fails"]),
            "{asked:?}"
        );
        let [read] = stage.read(&asked, &[&shown_file]).try_into().unwrap();
        assert!(read.error.is_some(), "{asked:?}");
    }
    // Nobody has shown the issued one.
    let [read] = stage.read(&ASKED, &[&issued]).try_into().unwrap();
    assert!(read.error.is_some(), "{read:?}");

    stage.withdraw();
    let over = until("the list says that it is over", || {
        let [read] = stage.read(&ASKED, &[&shown_file]).try_into().unwrap();
        read.error
    });
    assert_eq!(over, "Status is not valid");
    let judged = stage.judge(&shown.presentation, &ASKED);
    assert_eq!(judged.said(), (1, vec!["Holds", "Holds", "Fails", "Holds"]));
}

#[test]
fn a_foreign_verifier_believes_nothing_of_a_receipt_that_was_changed() {
    let Some(stage) = Stage::set() else {
        return;
    };
    let wallet = stage.wallet("phone");
    stage.authorize(&wallet);
    let [_, receipt] = stage.receipts(&wallet).try_into().unwrap();
    let issued = stage.file("issued", &receipt.text());
    let shown = stage.show(&wallet, &issued, &["evidence.salt"]).presentation;
    let [unchanged] = stage.read(&ASKED, &[&stage.file("shown", &shown)]).try_into().unwrap();
    assert_eq!(unchanged.error, None);
    // Some bits of the last character are of no signature.
    let spoilt = changed_text(&shown).filter(|(at, _)| at + 1 < shown.len());
    let spoilt: Vec<PathBuf> = spoilt
        .map(|(at, changed)| stage.file(&format!("changed-{at}"), &changed))
        .collect();
    assert!(spoilt.len() > 40);
    let files: Vec<&Path> = spoilt.iter().map(PathBuf::as_path).collect();
    for read in stage.read(&ASKED, &files) {
        assert!(read.error.is_some(), "{}", read.file.display());
    }
}

#[test]
fn a_foreign_verifier_of_credentials_believes_a_receipt_until_the_withdrawal_and_none_that_was_changed() {
    let Some(stage) = Stage::set() else {
        return;
    };
    let wallet = stage.wallet("phone");
    stage.authorize(&wallet);
    let [receipt, _] = stage.receipts(&wallet).try_into().unwrap();
    let issued = stage.file("issued", &receipt.text());
    assert_eq!(stage.verify("eddsa-jcs-2022", &[&issued]), [None]);
    let spoilt: Vec<PathBuf> = changed(receipt.text().as_bytes())
        .into_iter()
        .map(|(at, bytes)| stage.file(&format!("changed-{at}"), str::from_utf8(&bytes).unwrap()))
        .collect();
    assert!(spoilt.len() > 40);
    let files: Vec<&Path> = spoilt.iter().map(PathBuf::as_path).collect();
    for (file, refused) in files.iter().zip(stage.verify("eddsa-jcs-2022", &files)) {
        assert!(refused.is_some(), "{}", file.display());
    }

    stage.withdraw();
    let over = until("the list says that it is over", || {
        let [refused] = stage.verify("eddsa-jcs-2022", &[&issued]).try_into().unwrap();
        refused
    });
    assert_eq!(over, "revoked");
    let judged = stage.judge(&receipt.text(), &[]);
    assert_eq!(judged.said(), (1, vec!["Holds", "Holds", "Fails"]));
}

/// As issuers are in life: the name in its receipts is the did:web of a URL, and keys and lists are below that URL.
#[test]
fn foreign_verifiers_find_the_keys_of_an_issuer_with_a_did_web() {
    const HOST: &str = "https://issuer.example";
    const PUBLIC: &str = "https://issuer.example/receipts";
    let Some(programs) = ready(install()) else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let running = Running::start("web.example/interop", Brand::gym());
    let order = IssuerOrder::behind(&tools::placet(), &running.node, &home.path().join("issuer"), PUBLIC);
    let issuer = order.start(&home.path().join("issuer.stderr"));
    let Running {
        node, shop, request, ..
    } = &running;
    let (ada, grant) = shop.yes(node, request, "Ada", &[newsletter()]);
    shop.caller(node).post("/v1/records", &grant.bytes);
    let consent = grant.record.digest();
    until("there is an offer", || {
        (issuer.ask_offer(&consent, &ada.key).status == 201).then_some(())
    });
    let [ldp_vc, sd_jwt] = [LDP_VC, SD_JWT].map(|format| issuer.claim(format, &consent, &ada.key));
    assert_eq!(ldp_vc["issuer"], "did:web:issuer.example:receipts");
    let files = [home.path().join("receipt.json"), home.path().join("receipt.sd-jwt")];
    fs::write(&files[0], ldp_vc.to_string()).unwrap();
    fs::write(&files[1], sd_jwt.as_str().unwrap()).unwrap();

    let at = format!("{HOST}={}", order.local_url());
    let verify = |at: &str| -> Vec<Verified> {
        let line = ["--cryptosuite", "eddsa-jcs-2022", "--at", at, text(&files[0])];
        foreign(&programs, "verify-receipt.mjs", &line)
    };
    let read = |at: &str| -> Vec<Read> {
        let line = ["--issuer", PUBLIC, "--at", at, text(&files[1])];
        foreign(&programs, "verify-sd-jwt.mjs", &line)
    };
    assert_eq!(verify(&at)[0].error, None);
    assert_eq!(read(&at)[0].error, None);
    shop.caller(node).post("/v1/records", &{
        let pen = ada.pen(shop, "withdrawal");
        records::withdraw_unseen(consent, &pen).unwrap().bytes
    });
    let over = until("the lists say that it is over", || {
        verify(&at)[0].error.clone().zip(read(&at)[0].error.clone())
    });
    assert_eq!(over, ("revoked".into(), "Status is not valid".into()));
}

impl Stage {
    /// Starts everything; nothing where the foreign programs cannot be had.
    fn set() -> Option<Self> {
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
    fn placet(&self, line: &[&str]) -> Result<Vec<u8>, String> {
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
    fn offer(&self) -> Offer {
        let url = self.issuer.url();
        let line = ["--json", "receipt", "offer", &self.consent, "--issuer", &url];
        let said = until("there is an offer", || self.placet(&line).ok());
        serde_json::from_slice(&said).unwrap()
    }

    /// Another wallet's key may hold receipts from now on.
    fn authorize(&self, wallet: &Wallet) {
        let line = ["receipt", "authorize", &self.consent, "--key", wallet.did.as_str()];
        self.placet(&line).unwrap();
    }

    /// A foreign program, and what it prints.
    fn foreign<T: DeserializeOwned>(&self, program: &str, line: &[&str]) -> T {
        let mut command = node_js(&self.programs, program);
        let printed = tools::run(command.args(line)).unwrap_or_else(|why| panic!("{why}"));
        serde_json::from_slice(&printed)
            .unwrap_or_else(|fault| panic!("{fault}: {}", String::from_utf8_lossy(&printed)))
    }

    fn wallet(&self, name: &str) -> Wallet {
        let file = self.home.path().join(format!("{name}.key.json"));
        let made: Value = self.foreign("new-wallet.mjs", &[text(&file)]);
        let did = made["did"].as_str().unwrap().parse().unwrap();
        Wallet { file, did }
    }

    fn claim(&self, wallet: &Wallet, more: &[&str]) -> Claim {
        self.claim_by(wallet, &self.offer(), more)
    }

    fn claim_by(&self, wallet: &Wallet, offer: &Offer, more: &[&str]) -> Claim {
        let line = ["--wallet", text(&wallet.file), "--offer", &offer.link];
        let code = ["--tx-code", &offer.tx_code];
        self.foreign("claim-receipt.mjs", &[&line[..], &code, more].concat())
    }

    /// Receipts of an authorised wallet, in the order of the offer.
    fn receipts(&self, wallet: &Wallet) -> Vec<Receipt> {
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
    fn withdraw(&self) {
        self.placet(&["wallet", "withdraw", &self.consent]).unwrap();
    }

    /// A file of the stage.
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// The wallet shows these of what could be withheld, to who asked.
    fn show(&self, wallet: &Wallet, receipt: &Path, disclosed: &[&str]) -> Shown {
        let url = self.issuer.url();
        let mut line = vec!["--wallet", text(&wallet.file), "--issuer", &url];
        line.extend(ASKED);
        line.extend(disclosed.iter().flat_map(|path| ["--disclose", path]));
        line.push(text(receipt));
        self.foreign("present-receipt.mjs", &line)
    }

    /// What the foreign verifier reads in these.
    fn read(&self, asked: &[&str], files: &[&Path]) -> Vec<Read> {
        let url = self.issuer.url();
        let mut line = vec!["--issuer", &url];
        line.extend(asked);
        line.extend(files.iter().map(|file| text(file)));
        let read: Vec<Read> = self.foreign("verify-sd-jwt.mjs", &line);
        assert!(read.iter().map(|read| &*read.file).eq(files.iter().copied()));
        read
    }

    /// Why the foreign verifier of credentials refuses these; nothing of those that it believes.
    fn verify(&self, cryptosuite: &str, files: &[&Path]) -> Vec<Option<String>> {
        let mut line = vec!["--cryptosuite", cryptosuite];
        line.extend(files.iter().map(|file| text(file)));
        let verified: Vec<Verified> = self.foreign("verify-receipt.mjs", &line);
        assert!(verified.iter().map(|one| &*one.file).eq(files.iter().copied()));
        for one in &verified {
            assert_eq!(one.verified, one.error.is_none(), "{one:?}");
        }
        verified.into_iter().map(|one| one.error).collect()
    }

    /// What `placet verify` says of a receipt, with its status list as it is published now.
    fn judge(&self, receipt: &str, more: &[&str]) -> Judged {
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

impl Receipt {
    /// As it is kept in a file.
    fn text(&self) -> String {
        match &self.credential {
            Value::String(compact) => compact.clone(),
            document => document.to_string(),
        }
    }
}

impl Judged {
    /// The exit status; issued, recorded, in force, and bound, of an SD-JWT.
    fn said(&self) -> (i32, Vec<&str>) {
        let all = [&self.issued, &self.recorded, &self.in_force].into_iter();
        (self.status, all.chain(&self.bound).map(String::as_str).collect())
    }
}

/// A foreign program, and what it prints.
fn foreign<T: DeserializeOwned>(programs: &Path, program: &str, line: &[&str]) -> T {
    let mut command = node_js(programs, program);
    let printed = tools::run(command.args(line)).unwrap_or_else(|why| panic!("{why}"));
    serde_json::from_slice(&printed).unwrap_or_else(|fault| panic!("{fault}: {}", String::from_utf8_lossy(&printed)))
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

fn refusal(claim: Claim) -> (String, String) {
    match claim {
        Claim::Refused { refused, asked } => (refused, asked),
        Claim::Done { .. } => panic!("{claim:?}"),
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Waits for something.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = started();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < SOON, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}
