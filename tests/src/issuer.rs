//! `placet issuer` as a process of its own, and wallets that ask it for receipts.

use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use base64ct::{Base64UrlUnpadded, Encoding as _};
use placet_kernel::jws;
use placet_kernel::sign::{Algorithm, Signer};
use placet_kernel::trust::{IssuerKey, Sizes, Trust};
use placet_schemas::api::issuer::{AskOffer, OFFER_TYP, OfferAnswer, OfferClaims};
use placet_schemas::api::{IssueToken, IssuedToken, Role};
use placet_schemas::id::{Did, Digest, Origin};
use placet_schemas::json;
use placet_wallet::keys::SoftwareKey;
use serde_json::{Value, json};

use crate::caller::{Answer, Caller};
use crate::p;
use crate::process::{NodeProcess, now, said};

/// The configuration of receipts as `ldp_vc`.
pub const LDP_VC: &str = "ConsentReceiptCredential_ldp_vc";
/// The configuration of receipts as `ldp_vc` with a proof over canonical RDF.
pub const LDP_VC_RDFC: &str = "ConsentReceiptCredential_ldp_vc_eddsa-rdfc-2022";
/// The configuration of receipts as `ldp_vc` with both proofs.
pub const LDP_VC_SET: &str = "ConsentReceiptCredential_ldp_vc_proof-set";
/// The configuration of receipts as `dc+sd-jwt`.
pub const SD_JWT: &str = "ConsentReceiptCredential_dc+sd-jwt";
/// The variable with the public URL.
const PUBLIC_URL: &str = "PLACET_ISSUER_PUBLIC_URL";
/// The grant type of an offer.
pub const PRE_AUTHORIZED: &str = "urn:ietf:params:oauth:grant-type:pre-authorized_code";

/// A running issuer. It is killed when this is dropped; its folder stays.
#[derive(Debug)]
pub struct IssuerProcess {
    process: Child,
    // Kept open: an issuer whose reader has gone would not be run as it is in life.
    _stdout: BufReader<ChildStdout>,
    folder: PathBuf,
    address: String,
    url: String,
    /// Who it is.
    pub did: Did,
}

/// How an issuer is started: again and again with the same keys, token and name.
#[derive(Debug, Clone)]
pub struct IssuerOrder {
    /// The program.
    pub binary: PathBuf,
    /// Its folder.
    pub folder: PathBuf,
    /// The ledger's address.
    pub ledger: String,
    /// The pinned trust file.
    pub trust: PathBuf,
    /// Its token at the ledger.
    pub token: String,
    /// Where it listens: a port stays the same, since it is a part of its name.
    pub listen: String,
    /// What it logs.
    pub log_filter: String,
    /// More of its command line.
    pub more: Vec<String>,
    /// Where a proxy with TLS would make it known, if it is to have a did:web.
    public_url: Option<String>,
    keys: Value,
}

/// What a wallet got from an offer.
#[derive(Debug, Clone)]
pub struct Offered {
    /// The offer itself.
    pub offer: Value,
    /// What she types.
    pub tx_code: String,
}

impl IssuerOrder {
    /// Makes an issuer's keys, and gets it a token at a node.
    ///
    /// # Panics
    /// When either is refused.
    #[must_use]
    pub fn new(binary: &Path, node: &NodeProcess, folder: &Path) -> Self {
        Self::known_as(binary, node, folder, None)
    }

    /// The same for an issuer whose name is the did:web of a URL. Nobody serves it there: whoever
    /// follows the URL must be led to where it listens.
    ///
    /// # Panics
    /// When either is refused.
    #[must_use]
    pub fn behind(binary: &Path, node: &NodeProcess, folder: &Path, public_url: &str) -> Self {
        Self::known_as(binary, node, folder, Some(public_url.to_owned()))
    }

    fn known_as(binary: &Path, node: &NodeProcess, folder: &Path, public_url: Option<String>) -> Self {
        let made = Command::new(binary)
            .args(["--json", "keygen", "issuer", "--dir"])
            .arg(folder)
            .envs(public_url.iter().map(|url| (PUBLIC_URL, url)))
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let keys: Value = serde_json::from_slice(&made.stdout).unwrap();
        let order = IssueToken {
            role: Role::Service,
            controller: None,
            audit: None,
            kinds: Some(placet_issuer::kinds().into_iter().collect()),
            key: Some(keys["key"].as_str().unwrap().parse().unwrap()),
            label: p("issuer"),
            expires_in_seconds: None,
        };
        let IssuedToken { token, .. } = node.operator().post_json("/v1/tokens", &order);
        // A port that is free now; whoever takes it in between makes the test fail, and loudly.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        Self {
            binary: binary.to_owned(),
            folder: folder.to_owned(),
            ledger: format!("http://{}", node.address()),
            trust: node.folder().join("trust.json"),
            token,
            listen: free.local_addr().unwrap().to_string(),
            log_filter: "debug".to_owned(),
            more: Vec::new(),
            public_url,
            keys,
        }
    }

    /// The node's trust file with the issuer's keys besides.
    ///
    /// # Panics
    /// Never: they are keys.
    #[must_use]
    pub fn trust(&self, node: &NodeProcess) -> Trust {
        Trust::parse(&self.trust_file(node)).unwrap()
    }

    /// The same, as it is handed out.
    ///
    /// # Panics
    /// Likewise.
    #[must_use]
    pub fn trust_file(&self, node: &NodeProcess) -> Vec<u8> {
        let mut file = node.trust_file();
        file.issuers = self.issuers(node);
        serde_json::to_vec(&file).unwrap()
    }

    /// Where it listens.
    #[must_use]
    pub fn local_url(&self) -> String {
        format!("http://{}", self.listen)
    }

    /// The issuer's keys, as a trust file of the node names them.
    ///
    /// # Panics
    /// Never: they are keys.
    #[must_use]
    pub fn issuers(&self, node: &NodeProcess) -> Vec<IssuerKey> {
        let log: Origin = node.trust_file().logs[0].origin.clone();
        let methods = self.keys["methods"].as_array().unwrap().iter();
        let key = |method: &Value| IssuerKey {
            log: log.clone(),
            method: p(method["method"].as_str().unwrap()),
            public_key_multibase: method["publicKeyMultibase"].as_str().unwrap().to_owned(),
            sizes: Sizes::ALL,
        };
        methods.map(key).collect()
    }

    /// Starts it; what it logs goes to the file `said`.
    ///
    /// # Panics
    /// When it ends before it listens.
    #[must_use]
    pub fn start(&self, log: &Path) -> IssuerProcess {
        let log_file = fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut process = Command::new(&self.binary)
            .args([
                "--json",
                "issuer",
                "--listen",
                &self.listen,
                "--log-filter",
                &self.log_filter,
            ])
            .args(["--url", &self.ledger, "--dir"])
            .arg(&self.folder)
            .arg("--trust")
            .arg(&self.trust)
            .args(&self.more)
            .env("PLACET_SERVICE_TOKEN", &self.token)
            .envs(self.public_url.iter().map(|url| (PUBLIC_URL, url)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log_file)
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let Some(told) = said(&mut stdout) else {
            process.wait().unwrap();
            panic!("the issuer ended: {}", fs::read_to_string(log).unwrap());
        };
        IssuerProcess {
            process,
            _stdout: stdout,
            folder: self.folder.clone(),
            address: self.listen.clone(),
            url: self.public_url.clone().unwrap_or_else(|| self.local_url()),
            did: told["issuer"].as_str().unwrap().parse().unwrap(),
        }
    }
}

impl IssuerProcess {
    /// Its Credential Issuer Identifier.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Its number in the system.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Somebody who may call what anyone may.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller::new(&self.address)
    }

    /// Whether receipts can be signed.
    ///
    /// # Panics
    /// When it does not answer.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.caller().call("GET", "/readyz", &[]).unwrap().status == 200
    }

    /// A fresh nonce.
    ///
    /// # Panics
    /// When it gives none.
    #[must_use]
    pub fn nonce(&self) -> String {
        let answer = self
            .caller()
            .call("POST", "/openid/nonce", &[])
            .unwrap()
            .expect(200, "nonce");
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        answer["c_nonce"].as_str().unwrap().to_owned()
    }

    /// Asks for an offer with the key that gave a consent.
    ///
    /// # Panics
    /// When there is no answer.
    #[must_use]
    pub fn ask_offer(&self, consent: &Digest, key: &SoftwareKey) -> Answer {
        let claims = OfferClaims {
            aud: p(&self.url()),
            iat: now().unix(),
            nonce: self.nonce(),
            consent: *consent,
        };
        let method = key.did().key_method().unwrap();
        let jws = jws::sign(&json::to_jcs(&claims).unwrap(), OFFER_TYP, &method, key).unwrap();
        let body = serde_json::to_vec(&AskOffer {
            jws,
            configurations: None,
        })
        .unwrap();
        self.caller().call("POST", "/v1/offers", &body).unwrap()
    }

    /// The offer that a wallet reads from the link.
    ///
    /// # Panics
    /// When it is refused, or the link is none.
    #[must_use]
    pub fn offer(&self, consent: &Digest, key: &SoftwareKey) -> Offered {
        let answer = self.ask_offer(consent, key).expect(201, "offer");
        let answer: OfferAnswer = serde_json::from_slice(&answer).unwrap();
        let offer = answer.link.strip_prefix("openid-credential-offer://?credential_offer=");
        Offered {
            offer: serde_json::from_slice(&unescaped(offer.unwrap())).unwrap(),
            tx_code: answer.tx_code,
        }
    }

    /// Redeems a code.
    ///
    /// # Panics
    /// When there is no answer.
    #[must_use]
    pub fn redeem(&self, form: &[(&str, &str)]) -> Answer {
        let form: Vec<String> = form.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let mut caller = self.caller();
        caller
            .call_with("POST", "/oauth/token", &headers, form.join("&").as_bytes())
            .unwrap()
    }

    /// The access token of an offer.
    ///
    /// # Panics
    /// When it is refused.
    #[must_use]
    pub fn token(&self, offered: &Offered) -> String {
        let code = offered.offer["grants"][PRE_AUTHORIZED]["pre-authorized_code"]
            .as_str()
            .unwrap();
        let form = [
            ("grant_type", PRE_AUTHORIZED),
            ("pre-authorized_code", code),
            ("tx_code", &offered.tx_code),
        ];
        let answer: Value = serde_json::from_slice(&self.redeem(&form).expect(200, "token")).unwrap();
        assert_eq!(answer["token_type"], "Bearer");
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// Asks for receipts with these proofs.
    ///
    /// # Panics
    /// When there is no answer.
    #[must_use]
    pub fn ask(&self, token: &str, configuration: &str, proofs: &[String]) -> Answer {
        let body = json!({"credential_configuration_id": configuration, "proofs": {"jwt": proofs}});
        let body = serde_json::to_vec(&body).unwrap();
        let mut caller = Caller::with_token(&self.address, token);
        caller.call("POST", "/openid/credential", &body).unwrap()
    }

    /// Claims a receipt as a wallet does that has the key of the consent: offer, token, nonce, proof, receipt.
    ///
    /// # Panics
    /// When any of it is refused.
    #[must_use]
    pub fn claim(&self, configuration: &str, consent: &Digest, key: &SoftwareKey) -> Value {
        let token = self.token(&self.offer(consent, key));
        let proof = proof(key, &self.url(), &self.nonce());
        let answer = self.ask(&token, configuration, &[proof]).expect(200, "credential");
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        answer["credentials"][0]["credential"].clone()
    }

    /// A document by its whole URL, which must be on this issuer.
    ///
    /// # Panics
    /// When it is not there.
    #[must_use]
    pub fn fetch(&self, url: &str) -> Vec<u8> {
        self.caller().get(url.strip_prefix(&self.url()).unwrap())
    }

    /// What a counter or gauge says.
    ///
    /// # Panics
    /// When there is none of that name.
    #[must_use]
    pub fn metric(&self, name: &str) -> f64 {
        let text = String::from_utf8(self.caller().get("/metrics")).unwrap();
        let name = format!("placet_issuer_{name} ");
        let row = text.lines().find_map(|line| line.strip_prefix(&name));
        row.unwrap_or_else(|| panic!("{name} is not in\n{text}"))
            .parse()
            .unwrap()
    }

    /// Ends it in the middle of whatever it does, as `kill -9` does.
    ///
    /// # Panics
    /// When the system does not let us.
    pub fn kill(mut self) {
        self.end();
    }

    /// Ends it as an operator does, and waits until everything is closed.
    ///
    /// # Panics
    /// When it does not end well.
    pub fn stop(mut self) {
        let told = Command::new("kill").arg(self.process.id().to_string()).status();
        assert!(told.unwrap().success() && self.process.wait().unwrap().success());
    }

    fn end(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for IssuerProcess {
    fn drop(&mut self) {
        // Killing what has ended already is no error.
        self.end();
    }
}

/// A wallet's proof that it holds this key.
#[must_use]
pub fn proof(key: &SoftwareKey, audience: &str, nonce: &str) -> String {
    let method = key.did().key_method();
    let header = json!({"alg": alg(key), "typ": "openid4vci-proof+jwt", "kid": method});
    let claims = json!({"aud": audience, "iat": now().unix(), "nonce": nonce});
    token(&header, &claims, key)
}

/// The algorithm of a key, by its name in JOSE.
#[must_use]
pub fn alg(key: &SoftwareKey) -> &'static str {
    match key.algorithm() {
        Algorithm::Ed25519 => "EdDSA",
        Algorithm::P256 => "ES256",
    }
}

/// Any token, right or wrong.
///
/// # Panics
/// When the key does not sign.
#[must_use]
pub fn token(header: &Value, claims: &Value, key: &SoftwareKey) -> String {
    let part = |value: &Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = key.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", Base64UrlUnpadded::encode_string(&signature))
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        rest = tail;
        if *byte != b'%' {
            out.push(*byte);
            continue;
        }
        let (digits, tail) = rest.split_at(2);
        out.push(u8::from_str_radix(str::from_utf8(digits).unwrap(), 16).unwrap());
        rest = tail;
    }
    out
}
