//! Credentials that a foreign library issues, judged by the VC-API of a running issuer.

use placet_tests::brand::Brand;
use placet_tests::issuer::{IssuerOrder, IssuerProcess};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::foreign::foreign;
use crate::interop::javascript::{changed, install};
use crate::interop::running::Running;
use crate::interop::tools::{self, ready};

const CHALLENGE: &str = "n-0S6_WzA2Mj";
const DOMAIN: &str = "gym.example";

/// What `issue-credential.mjs` prints, by suite.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Made {
    credentials: BTreeMap<String, Value>,
    presentations: BTreeMap<String, Value>,
}

#[test]
fn what_a_foreign_library_issues_is_believed_and_nothing_of_it_that_was_changed() {
    let Some(programs) = ready(install()) else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let running = Running::start("issued.example/interop", Brand::cinema());
    let mut order = IssuerOrder::new(&tools::placet(), &running.node, &home.path().join("issuer"));
    order.more.push("--vc-api-open".to_owned());
    let issuer = order.start(&home.path().join("issuer.stderr"));
    let line = ["--challenge", CHALLENGE, "--domain", DOMAIN];
    let made: Made = foreign(&programs, "issue-credential.mjs", &line);
    assert!(made.credentials.keys().eq(["eddsa-jcs-2022", "eddsa-rdfc-2022"]));

    for (suite, credential) in &made.credentials {
        let judge = |text: &str| {
            let body = format!("{{\"verifiableCredential\":{text}}}");
            call(&issuer, "/credentials/verify", &body).0
        };
        let text = credential.to_string();
        let (status, said) = call(
            &issuer,
            "/credentials/verify",
            &json!({ "verifiableCredential": credential }).to_string(),
        );
        assert_eq!((status, &said["by"]), (200, &credential["issuer"]), "{suite}: {said}");
        let spoilt = changed(text.as_bytes());
        assert!(spoilt.len() > 10);
        for (at, bytes) in spoilt {
            assert_eq!(judge(str::from_utf8(&bytes).unwrap()), 400, "{suite}: {at}");
        }
    }
    for (suite, presentation) in &made.presentations {
        for (challenge, domain, expected) in [
            (CHALLENGE, DOMAIN, 200),
            ("another", DOMAIN, 400),
            (CHALLENGE, "x", 400),
        ] {
            let options = json!({"challenge": challenge, "domain": domain});
            let body = json!({"verifiablePresentation": presentation, "options": options}).to_string();
            let (status, said) = call(&issuer, "/presentations/verify", &body);
            assert_eq!(status, expected, "{suite} {challenge} {domain}: {said}");
        }
    }
}

fn call(issuer: &IssuerProcess, path: &str, body: &str) -> (u16, Value) {
    let headers = [("content-type", "application/json")];
    let mut caller = issuer.caller();
    let answer = caller.call_with("POST", path, &headers, body.as_bytes()).unwrap();
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
}
