//! Over HTTP: who may call, what is refused, and that all of it is the kernel's verdict.

mod verifying;

use std::net::SocketAddr;

use placet_client::Server;
use placet_kernel::trust::Trust;
use placet_kernel::vcdm::MAX_DOCUMENT_BYTES;
use placet_schemas::time::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use zeroize::Zeroizing;

use crate::http::{Display, serve};
use crate::vc_api::{Access, VC_API_KEY_FILE, VcApi};
use crate::{ED25519_KEY_FILE, Issuer, PublicUrl, Settings};

const TOKEN: &str = "the token of the API";
const V2: &str = "https://www.w3.org/ns/credentials/v2";
const PLACE: &str = "https://issuer.example/a";
/// A log that nobody runs.
const TRUST: &str = r#"{"version":1,"logs":[{"origin":"localhost/placet",
"checkpointKeys":[{"vkey":"localhost/placet+f60ec351+ARyG4nbGXW2ZlX2PbMI1Q12flRvdhLwqsd+VpwiMhuF7","sizes":{"from":0}}],
"cosignerKeys":[{"vkey":"localhost/placet/cosigner+c8c5a08f+BB4nW6v67vSs7EX+bkGkCbqHVcyt42WvDsyKb1o28LzB","sizes":{"from":0}}],
"operatorKeys":[{"key":"did:key:z6MkjS1H8JvuXP5YErt6QQg6PKpyTM2uzAKR9LwJq56LtBKF","sizes":{"from":0}}]}],
"witnesses":[],"groups":[],"quorum":"none"}"#;

struct House {
    dir: TempDir,
    address: SocketAddr,
    did: String,
}

impl House {
    /// An issuer with the API, or without it.
    async fn open(access: Option<Access>) -> Self {
        Self::open_in(tempfile::tempdir().unwrap(), access).await
    }

    async fn open_in(dir: TempDir, access: Option<Access>) -> Self {
        let place = PublicUrl::parse(PLACE).unwrap();
        let settings = Settings {
            dir: dir.path().to_owned(),
            origin: "localhost/placet".parse().unwrap(),
            ledger: Server::new("http://127.0.0.1:1", false, None).unwrap(),
            token: Zeroizing::new(String::new()),
            trust: Trust::parse(TRUST.as_bytes()).unwrap(),
            public_url: place.clone(),
            by_key: false,
        };
        let issuer = Issuer::open(settings).await.unwrap();
        let api = match access {
            Some(access) => Some(VcApi::open(dir.path(), &place, access).await.unwrap()),
            None => None,
        };
        let did = api.as_ref().map(|api| api.did().to_string()).unwrap_or_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let display = Display {
            name: "Placet".to_owned(),
            logo: None,
        };
        tokio::spawn(serve(listener, issuer, display, api, std::future::pending()));
        Self { dir, address, did }
    }

    /// What is answered: the status, the headers in lower case, and the body.
    async fn call(&self, head: &str, body: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let length = body.len();
        let host = if head.contains("Host:") {
            ""
        } else {
            "Host: localhost:1\r\n"
        };
        let request = format!("{head}\r\n{host}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}");
        // A body that is too large is answered before it has come.
        let _sent = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let _read = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_ascii_lowercase(), body.to_owned())
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let head = format!("POST {path} HTTP/1.1\r\nContent-Type: application/json\r\nAuthorization: Bearer {TOKEN}");
        let (status, _, body) = self.call(&head, &body.to_string()).await;
        (status, serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    /// What a refusal says: its code and its pointer.
    async fn refused(&self, path: &str, body: &Value) -> (u16, String, String) {
        let (status, problem) = self.post(path, body).await;
        let text = |member: &str| problem[member].as_str().unwrap_or_default().to_owned();
        (status, text("code"), text("pointer"))
    }

    fn credential(&self) -> Value {
        json!({
            "@context": [V2], "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33", "type": ["VerifiableCredential"],
            "issuer": self.did, "credentialSubject": {"id": "did:example:a"},
        })
    }

    async fn issued(&self, credential: &Value, options: &Value) -> Value {
        let (status, answer) = self
            .post(
                "/credentials/issue",
                &json!({"credential": credential, "options": options}),
            )
            .await;
        assert_eq!(status, 201, "{answer}");
        answer["verifiableCredential"].clone()
    }

    async fn verdict(&self, credential: &Value) -> u16 {
        self.post("/credentials/verify", &json!({"verifiableCredential": credential}))
            .await
            .0
    }
}

fn with_token() -> Option<Access> {
    Some(Access::Token(Zeroizing::new(TOKEN.to_owned())))
}

const ROUTES: [&str; 4] = [
    "/credentials/issue",
    "/credentials/verify",
    "/presentations/verify",
    "/credentials/status",
];

#[tokio::test]
async fn the_vc_api_is_off_unless_it_is_turned_on() {
    let house = House::open(None).await;
    for path in ROUTES {
        assert_eq!(house.refused(path, &json!({})).await.0, 404, "{path}");
    }
    assert_eq!(house.call("GET /vc-api/status/0 HTTP/1.1", "").await.0, 404);
    assert!(!house.dir.path().join(VC_API_KEY_FILE).exists());
}

#[tokio::test]
async fn the_vc_api_is_for_whoever_shows_its_token() {
    let house = House::open(with_token()).await;
    for path in ROUTES {
        assert_eq!(house.refused(path, &json!({})).await.0, 400, "{path}");
        for shown in ["", "Authorization: Bearer another\r\n", "Authorization: Basic dGhl\r\n"] {
            let head = format!("POST {path} HTTP/1.1\r\n{shown}Content-Type: application/json");
            let (status, head, _) = house.call(&head, "{}").await;
            assert_eq!(status, 401, "{path} {shown}");
            assert!(head.contains("application/problem+json"));
        }
    }
    // A page of another site can send forms, and no JSON.
    let head = format!("POST /credentials/issue HTTP/1.1\r\nContent-Type: text/plain\r\nAuthorization: Bearer {TOKEN}");
    assert_eq!(house.call(&head, "{}").await.0, 415);
    assert_eq!(house.call("OPTIONS /credentials/issue HTTP/1.1", "").await.0, 405);
}

#[tokio::test]
async fn a_vc_api_without_a_token_is_for_this_machine_only() {
    for (address, may) in [
        ("127.0.0.1:1", true),
        ("[::1]:1", true),
        ("0.0.0.0:1", false),
        ("192.0.2.1:1", false),
        ("[::]:1", false),
    ] {
        let address = address.parse().unwrap();
        assert_eq!(Access::Open.check(&address).is_ok(), may, "{address}");
        assert!(with_token().unwrap().check(&address).is_ok());
    }
    let house = House::open(Some(Access::Open)).await;
    // A name of another site that leads here would make its pages of one origin with this.
    for (hosts, status) in [
        ("Host: localhost", 400),
        ("Host: 127.0.0.1:8441", 400),
        ("Host: [::1]:8441", 400),
        ("Host: attacker.example", 403),
        ("Host: localhost.attacker.example:8441", 403),
        ("Host: 192.0.2.1", 403),
        ("Host: localhost\r\nHost: attacker.example", 403),
    ] {
        let head = format!("POST /credentials/verify HTTP/1.1\r\nContent-Type: application/json\r\n{hosts}");
        assert_eq!(house.call(&head, "{}").await.0, status, "{hosts}");
    }
}

#[tokio::test]
async fn a_vc_api_without_a_token_is_not_served_to_others() {
    let house = House::open(None).await;
    let place = PublicUrl::parse(PLACE).unwrap();
    let other = tempfile::tempdir().unwrap();
    let api = VcApi::open(other.path(), &place, Access::Open).await.unwrap();
    let settings = Settings {
        dir: other.path().to_owned(),
        origin: "localhost/placet".parse().unwrap(),
        ledger: Server::new("http://127.0.0.1:1", false, None).unwrap(),
        token: Zeroizing::new(String::new()),
        trust: Trust::parse(TRUST.as_bytes()).unwrap(),
        public_url: place,
        by_key: false,
    };
    let issuer = Issuer::open(settings).await.unwrap();
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let display = Display {
        name: "Placet".to_owned(),
        logo: None,
    };
    let served = serve(listener, issuer, display, Some(api), std::future::pending()).await;
    let error = served.unwrap_err().to_string();
    assert!(error.contains("127.0.0.1") && error.lines().count() == 1, "{error}");
    drop(house);
}

#[tokio::test]
async fn the_vc_apis_key_signs_nothing_else_and_nothing_elses_key_signs_here() {
    let house = House::open(with_token()).await;
    let key = std::fs::read(house.dir.path().join(VC_API_KEY_FILE)).unwrap();
    assert_ne!(key, std::fs::read(house.dir.path().join(ED25519_KEY_FILE)).unwrap());
    let (status, _, document) = house.call("GET /a/did.json HTTP/1.1", "").await;
    assert_eq!(status, 200);
    assert!(
        !document.contains(house.did.trim_start_matches("did:key:")),
        "no method of the issuer's"
    );
    let issued = house.issued(&house.credential(), &json!({})).await;
    let method = issued["proof"]["verificationMethod"].as_str().unwrap();
    assert!(method.starts_with(&house.did));
    // It signs in nobody else's name, the issuer's own least of all.
    for issuer in ["did:web:issuer.example:a", "did:example:a", "https://issuer.example"] {
        let mut credential = house.credential();
        credential["issuer"] = json!(issuer);
        let refused = house
            .refused("/credentials/issue", &json!({"credential": credential}))
            .await;
        assert_eq!(
            refused,
            (400, "vc_malformed".to_owned(), "/credential/issuer".to_owned())
        );
    }
}

#[tokio::test]
async fn what_is_issued_verifies_with_each_suite_and_in_an_envelope() {
    let house = House::open(with_token()).await;
    let old = json!({
        "@context": ["https://www.w3.org/2018/credentials/v1"], "type": ["VerifiableCredential"], "issuer": {"id": house.did},
        "issuanceDate": "2020-03-16T22:37:26.544Z", "credentialSubject": {"id": "did:example:a"},
    });
    for suite in ["eddsa-jcs-2022", "eddsa-rdfc-2022"] {
        for credential in [house.credential(), old.clone()] {
            let issued = house.issued(&credential, &json!({"cryptosuite": suite})).await;
            assert_eq!(issued["proof"]["cryptosuite"], suite);
            assert_eq!(house.verdict(&issued).await, 200, "{issued}");
            let mut forged = issued.clone();
            forged["credentialSubject"]["id"] = json!("did:example:b");
            assert_eq!(house.verdict(&forged).await, 400);
        }
    }
    let enveloped = house
        .issued(&house.credential(), &json!({"mediaType": "application/vc+jwt"}))
        .await;
    assert_eq!(enveloped["type"], "EnvelopedVerifiableCredential");
    assert_eq!(house.verdict(&enveloped).await, 200);
}

#[tokio::test]
async fn a_refusal_says_what_and_where() {
    let house = House::open(with_token()).await;
    let issue = |change: Value| {
        let mut body = json!({"credential": house.credential()});
        for (member, value) in change.as_object().unwrap() {
            if member == "options" || member == "more" {
                body[member] = value.clone();
            } else {
                body["credential"][member] = value.clone();
            }
        }
        let house = &house;
        async move { house.refused("/credentials/issue", &body).await }
    };
    for (change, code, pointer) in [
        (json!({"unheard": 1}), "vc_malformed", "/credential/unheard"),
        (
            json!({"@context": [V2, "https://example.org/v1"]}),
            "vc_unknown",
            "/credential/@context",
        ),
        (
            json!({"type": ["VerifiableCredential", "Unheard"]}),
            "vc_malformed",
            "/credential/type",
        ),
        (json!({"proof": {}}), "vc_malformed", "/credential/proof"),
        (json!({"more": 1}), "vc_malformed", ""),
        (
            json!({"options": {"cryptosuite": "ecdsa-rdfc-2019"}}),
            "vc_malformed",
            "/options/cryptosuite",
        ),
        (
            json!({"options": {"mediaType": "text/plain"}}),
            "vc_malformed",
            "/options/mediaType",
        ),
        (json!({"options": {"unheard": 1}}), "vc_malformed", "/options"),
        (json!({"options": []}), "vc_malformed", "/options"),
        (
            json!({"options": {"credentialStatus": {"type": "Other"}}}),
            "vc_malformed",
            "/options/credentialStatus",
        ),
    ] {
        let refused = issue(change.clone()).await;
        assert_eq!(refused, (400, code.to_owned(), pointer.to_owned()), "{change}");
    }
    assert_eq!(
        house.refused("/credentials/issue", &json!({})).await,
        (400, "vc_malformed".to_owned(), "/credential".to_owned())
    );
    assert_eq!(house.refused("/credentials/issue", &json!([])).await.0, 400);
    // An id of the credential's subject is not repeated in what is answered or logged.
    let (_, problem) = house
        .post(
            "/credentials/verify",
            &json!({"verifiableCredential": house.credential()}),
        )
        .await;
    assert!(!problem.to_string().contains("did:example:a"), "{problem}");
}

#[tokio::test]
async fn large_and_deep_bodies_are_cut_off() {
    let house = House::open(with_token()).await;
    for path in ROUTES {
        let large = json!({"credential": "a".repeat(2 * MAX_DOCUMENT_BYTES)});
        assert_eq!(house.refused(path, &large).await.0, 413, "{path}");
        let deep = (0..100_000).fold(String::new(), |deep, _| deep + "[");
        let head = format!("POST {path} HTTP/1.1\r\nContent-Type: application/json\r\nAuthorization: Bearer {TOKEN}");
        assert_eq!(house.call(&head, &deep).await.0, 400, "{path}");
    }
    let mut wide = house.credential();
    wide["credentialSubject"]["id"] = json!("urn:a:".to_owned() + &"a".repeat(MAX_DOCUMENT_BYTES));
    assert_eq!(
        house
            .refused("/credentials/issue", &json!({"credential": wide}))
            .await
            .0,
        413
    );
}

#[tokio::test]
async fn a_status_list_is_at_the_public_url_and_says_what_was_revoked() {
    let house = House::open(with_token()).await;
    let options = json!({"credentialStatus": {"type": "BitstringStatusListEntry", "statusPurpose": "revocation"}});
    let issued = house.issued(&house.credential(), &options).await;
    let mut other = house.credential();
    other["id"] = json!("urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc34");
    let other = house.issued(&other, &options).await;
    let list = issued["credentialStatus"]["statusListCredential"].as_str().unwrap();
    assert_eq!(list, "https://issuer.example/a/vc-api/status/0");
    assert_eq!(house.call("GET /a/vc-api/status/0 HTTP/1.1", "").await.0, 200);
    let (status, head, list) = house.call("GET /vc-api/status/0 HTTP/1.1", "").await;
    assert_eq!((status, head.contains("application/vc\r\n")), (200, true));
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(house.verdict(&list).await, 200);
    let until: Timestamp = list["validUntil"].as_str().unwrap().parse().unwrap();
    let since: Timestamp = list["validFrom"].as_str().unwrap().parse().unwrap();
    assert!(since < until);
    let json = "GET /vc-api/status/0 HTTP/1.1\r\nAccept: application/ld+json, application/json";
    assert!(house.call(json, "").await.1.contains("application/json"));
    for path in ["/vc-api/status/1", "/vc-api/status/00", "/vc-api/status/a"] {
        assert_eq!(house.call(&format!("GET {path} HTTP/1.1"), "").await.0, 404, "{path}");
    }

    assert_eq!((house.verdict(&issued).await, house.verdict(&other).await), (200, 200));
    let status = |id: &Value, set: bool| json!({"credentialId": id, "credentialStatus": options["credentialStatus"], "status": set});
    assert_eq!(
        house.post("/credentials/status", &status(&issued["id"], true)).await.0,
        200
    );
    assert_eq!((house.verdict(&issued).await, house.verdict(&other).await), (400, 200));
    // It stays so, also when the program starts anew.
    assert_eq!(
        house
            .refused("/credentials/status", &status(&issued["id"], false))
            .await
            .2,
        "/status"
    );
    assert_eq!(
        house
            .post("/credentials/status", &status(&json!("urn:a:b"), true))
            .await
            .0,
        404
    );
    let place = PublicUrl::parse(PLACE).unwrap();
    let again = VcApi::open(house.dir.path(), &place, Access::Open).await.unwrap();
    let list = again.list(0).unwrap();
    let index = issued["credentialStatus"]["statusListIndex"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let list: Value = serde_json::from_slice(&list).unwrap();
    let bits = placet_kernel::status::Bits::from_bitstring(list["credentialSubject"]["encodedList"].as_str().unwrap());
    assert!(bits.unwrap().get(index).unwrap());
}

/// A credential need not have an id, and two may have the same: its entry names one by itself.
#[tokio::test]
async fn a_credential_without_an_id_of_its_own_is_revoked_by_its_entry() {
    let house = House::open(with_token()).await;
    let options = json!({"credentialStatus": {"type": "BitstringStatusListEntry", "statusPurpose": "revocation"}});
    let mut nameless = house.credential();
    nameless.as_object_mut().unwrap().remove("id");
    let (first, second) = (
        house.issued(&nameless, &options).await,
        house.issued(&nameless, &options).await,
    );
    assert_eq!((house.verdict(&first).await, house.verdict(&second).await), (200, 200));
    let entry = first["credentialStatus"]["id"].as_str().unwrap();
    let status = |id: &str| json!({"credentialId": id, "credentialStatus": options["credentialStatus"]});
    for wrong in [
        entry.replace('#', "#0"),
        entry.replace("/0#", "/1#"),
        entry.replace('#', ""),
        format!("{}#{}", entry.split('#').next().unwrap(), u64::MAX),
    ] {
        assert_eq!(
            house.post("/credentials/status", &status(&wrong)).await.0,
            404,
            "{wrong}"
        );
    }
    assert_eq!(house.post("/credentials/status", &status(entry)).await.0, 200);
    assert_eq!((house.verdict(&first).await, house.verdict(&second).await), (400, 200));
}
