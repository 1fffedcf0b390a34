//! Requests that Schemathesis makes up from the node's own description of its interface, as each role, and from the verifier's
//! and the issuer's: whatever it sends, none fails or hangs, and every answer is one that the description announces.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use placet_kernel::bundle::{self, Verdict};
use placet_kernel::jws;
use placet_schemas::api::{
    AuditScope, Challenge, IssueToken, IssuedToken, Nothing, OpenSession, Role, SESSION_TYP, Session, SessionClaims,
};
use placet_schemas::id::Digest;
use placet_schemas::json;
use placet_schemas::record::{Body, Kind};
use placet_tests::brand::Brand;
use placet_tests::issuer::IssuerOrder;
use placet_tests::offer::newsletter;
use placet_tests::p;
use placet_tests::process::{built, now};
use placet_tests::verifier::{VerifierOrder, VerifierProcess};
use placet_wallet::sight::Sight;

use super::running::Running;
use super::tools::{self, Workshop, ready};

/// The same requests in every run, as far as the answers are the same.
const SEED: &str = "20261122";
/// Random requests for each operation and role, besides those at the edges of each type.
const EXAMPLES: &str = "5";
/// An answer that takes longer is a hang, in seconds: twice what a long poll may wait.
const MAX_SECONDS: &str = "10";
/// What needs no token. Who may call what else is tested route by route in `it::http::roles`.
const PUBLIC: &str = "^/(healthz|metrics|readyz|log/\
    |v1/(challenges|controllers|invitations|log|notices/|records|requests/|sessions|withdrawals))";
/// What a brand may call. Not `/v1/feed/events`, here and below: Schemathesis reads an answer to its end, and this one has
/// none. `it::http::streams` reads it.
const BRAND: &str = "^/v1/(access-lines|audits|consents|feed$|notices|requests|records/)";
/// What every answer must be. The others of Schemathesis' checks ask for answers that this interface gives differently on
/// purpose: see docs/INTEROP.md.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
    response_headers_conformance,unsupported_method";

/// One role, and the operations that it tries.
struct Visit {
    role: &'static str,
    /// Paths that match are tried.
    paths: &'static str,
    /// Only operations with this method.
    method: Option<&'static str>,
    token: Option<String>,
    /// At least so many requests, or else it has not been tried at all.
    requests: usize,
}

#[test]
fn made_up_requests_meet_no_failure_and_no_answer_that_is_not_described() {
    let Some(program) = ready(install()) else {
        return;
    };
    let running = Running::start("described.example/interop", Brand::cinema());
    let known = Known::make(&running);
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("schemathesis.toml");
    fs::write(&config, known.config(&running)).unwrap();

    let visits = visits(&running, &known);
    let url = running.url();
    let results = thread::scope(|scope| {
        let (program, config, url) = (&program, &config, &url);
        let begin = |visit| scope.spawn(move || (visit, tried(program, config, url, visit)));
        let begun: Vec<_> = visits.iter().map(begin).collect();
        begun.into_iter().map(|visit| visit.join().unwrap()).collect::<Vec<_>>()
    });
    for (visit, result) in results {
        let requests = result.unwrap_or_else(|said| panic!("{}: {said}", visit.role));
        println!("{}: {requests} requests", visit.role);
        assert!(requests >= visit.requests, "{}: {requests}", visit.role);
    }

    // It is well, and what was recorded before is as it was.
    let mut caller = running.caller();
    caller.get("/readyz");
    let metrics = String::from_utf8(caller.get("/metrics")).unwrap();
    assert!(
        metrics.contains("\nplacet_ledger_commit_failures_total 0\n"),
        "{metrics}"
    );
    let path = format!("/v1/consents/{}/evidence", known.consent);
    let evidence = running.shop.caller(&running.node).get(&path);
    let report = bundle::verify(&evidence, Some(&running.node.trust()), now(), None).unwrap();
    assert_eq!(report.recorded, Verdict::Holds);
}

/// The same of a verifier, for whoever may ask everything there.
#[test]
fn made_up_requests_to_a_verifier_meet_no_failure_and_no_answer_that_is_not_described() {
    let Some(program) = ready(install()) else {
        return;
    };
    let running = Running::start("described.example/verifier", Brand::cinema());
    let known = Known::make(&running);
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("schemathesis.toml");
    fs::write(&config, known.config(&running)).unwrap();
    let (binary, place) = (built(), folder.path().join("verifier"));
    let verifier = VerifierProcess::start(&VerifierOrder::of(&binary, &running.node, &place), &running.shop);
    verifier.await_ready(true, Duration::from_secs(10));
    let visit = Visit {
        role: "a service of the brand",
        paths: "^/",
        method: None,
        token: None,
        requests: 300,
    };
    let url = format!("http://{}", verifier.address());
    let requests = tried(&program, &config, &url, &visit).unwrap_or_else(|said| panic!("{said}"));
    assert!(requests >= visit.requests, "{requests}");
    assert!(verifier.ready().0);
}

/// The same of an issuer, for wallets and whoever else finds it.
#[test]
fn made_up_requests_to_an_issuer_meet_no_failure_and_no_answer_that_is_not_described() {
    let Some(program) = ready(install()) else {
        return;
    };
    let running = Running::start("described.example/issuer", Brand::cinema());
    let known = Known::make(&running);
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("schemathesis.toml");
    fs::write(&config, known.config(&running)).unwrap();
    let order = IssuerOrder::new(&built(), &running.node, &folder.path().join("issuer"));
    let issuer = order.start(&folder.path().join("issuer.stderr"));
    while !issuer.is_ready() {
        thread::sleep(Duration::from_millis(20));
    }
    let visit = Visit {
        role: "a wallet",
        paths: "^/",
        method: None,
        token: None,
        requests: 150,
    };
    let requests = tried(&program, &config, &order.local_url(), &visit).unwrap_or_else(|said| panic!("{said}"));
    assert!(requests >= visit.requests, "{requests}");
    assert!(issuer.is_ready());
}

/// What there is on the node, so that not every made-up name leads to nothing.
struct Known {
    consent: Digest,
    notice: Digest,
    invitation: String,
    session: String,
    /// The public name of a token that nobody uses.
    spare: String,
}

impl Known {
    fn make(running: &Running) -> Self {
        let invitations = running.shop.invite(&running.node, &running.request, 2);
        let customer = running.shop.customer("described");
        let anchor = Sight::default().anchor();
        let clauses = [newsletter()];
        let built = customer.grant(&running.shop, &running.request, &invitations[0], &clauses, anchor);
        let mut caller = running.caller();
        caller.post("/v1/records", &built.bytes);

        let Challenge { nonce, .. } = caller.post_json("/v1/challenges", &Nothing {});
        let claims = SessionClaims {
            aud: running.origin.clone(),
            iat: now().unix(),
            nonce,
        };
        let method = customer.key.did().key_method().unwrap();
        let claims = json::to_jcs(&claims).unwrap();
        let jws = jws::sign(&claims, SESSION_TYP, &method, &customer.key).unwrap();
        let Session { token: session, .. } = caller.post_json("/v1/sessions", &OpenSession { jws });
        let Body::ConsentRequest(notices) = &running.request.record.body else {
            panic!("a request")
        };
        let spare: IssuedToken = running.node.operator().post_json("/v1/tokens", &order(Role::Operator));
        Self {
            consent: built.record.digest(),
            notice: notices.notices.iter().next().unwrap().1,
            invitation: invitations[1].to_string(),
            session,
            spare: spare.id,
        }
    }

    /// Half of the time a name in a path is one of something that exists.
    fn config(&self, running: &Running) -> String {
        let request = running.request.record.digest();
        let mut config = String::new();
        for (parameter, values) in [
            (
                "path.digest",
                vec![request.to_string(), self.notice.to_string(), self.consent.to_string()],
            ),
            ("path.id", vec![self.consent.to_string(), self.spare.clone()]),
            ("path.path", vec!["0/000.p/1".to_owned(), "entries/000.p/2".to_owned()]),
            ("query.controller", vec![running.shop.brand.did.to_string()]),
            ("body.controller", vec![running.shop.brand.did.to_string()]),
            ("body.invitation", vec![self.invitation.clone()]),
        ] {
            let name = parameter.replace('.', "-");
            writeln!(config, "[dictionaries.{name}]\nvalues = {values:?}\n").unwrap();
            writeln!(
                config,
                "[parameters.\"{parameter}\"]\ndictionary = \"{name}\"\nprobability = 0.5\n"
            )
            .unwrap();
        }
        config
    }
}

fn visits(running: &Running, known: &Known) -> Vec<Visit> {
    let mut operator = running.node.operator();
    let mut token = |order: IssueToken| operator.post_json::<IssuedToken>("/v1/tokens", &order).token;
    let visit = |role, paths, token, requests| Visit {
        role,
        paths,
        method: None,
        token,
        requests,
    };
    let brand = running.shop.brand.did.clone();
    let auditor = IssueToken {
        controller: Some(brand),
        audit: Some(AuditScope {
            from: p("2020-01-01T00:00:00Z"),
            to: p("2100-01-01T00:00:00Z"),
            case: p("IV-2026/17"),
        }),
        expires_in_seconds: Some(3600),
        ..order(Role::Auditor)
    };
    let service = IssueToken {
        kinds: Some([Kind::ConsentGrant, Kind::Withdrawal].into()),
        ..order(Role::Service)
    };
    let [spare, operator_token] = [order(Role::Operator), order(Role::Operator)].map(&mut token);
    vec![
        visit("public", PUBLIC, None, 300),
        visit(
            "consumer",
            "^/v1/(consents|records|sessions)",
            Some(known.session.clone()),
            100,
        ),
        visit("brand", BRAND, Some(running.shop.token.clone()), 200),
        visit("service", "^/v1/feed$", Some(token(service)), 20),
        visit("auditor", "^/v1/audit/", Some(token(auditor)), 20),
        // It must not find the names of tokens first: it would end the one that it uses.
        Visit {
            method: Some("DELETE"),
            ..visit("operator who ends tokens", "^/v1/tokens/", Some(spare), 5)
        },
        visit("operator", "^/v1/(controllers|tokens)$", Some(operator_token), 100),
    ]
}

fn order(role: Role) -> IssueToken {
    IssueToken {
        role,
        controller: None,
        audit: None,
        kinds: None,
        key: None,
        label: p("described"),
        expires_in_seconds: None,
    }
}

/// Has one role try; how many requests it made, or what went wrong.
fn tried(program: &Path, config: &Path, url: &str, visit: &Visit) -> Result<usize, String> {
    let mut command = Command::new(program);
    command.arg("--config-file").arg(config);
    command.args(["--no-color", "run", &format!("{url}/openapi.json")]);
    command.args(["--phases", "examples,coverage,fuzzing", "--checks", CHECKS]);
    command.args([
        "--seed",
        SEED,
        "--max-examples",
        EXAMPLES,
        "--generation-database",
        "none",
    ]);
    command.args(["--max-response-time", MAX_SECONDS, "--request-timeout", MAX_SECONDS]);
    command.args(["--continue-on-failure", "--include-path-regex", visit.paths]);
    command.args(visit.method.iter().flat_map(|method| ["--include-method", method]));
    if let Some(token) = &visit.token {
        command.args(["--header", &format!("Authorization: Bearer {token}")]);
    }
    // Whatever it may write beside its report stays with the configuration.
    command.current_dir(config.parent().unwrap());
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    // "1280 generated, 1280 passed"
    let made = said.lines().find_map(|line| line.trim().split_once(" generated, "));
    match made.and_then(|(made, _)| made.parse().ok()) {
        Some(made) if output.status.success() => Ok(made),
        _ => Err(said + &String::from_utf8_lossy(&output.stderr)),
    }
}

/// The program, in a virtual environment of its own.
fn install() -> Result<PathBuf, String> {
    let workshop = Workshop::hold("interop-schemathesis");
    let requirements = tools::sources("schemathesis").join("requirements.txt");
    let wanted = fs::read(&requirements).unwrap();
    let stamp = workshop.folder.join(".installed");
    let environment = workshop.folder.join("venv");
    let programs = environment.join("bin");
    if !fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        tools::run(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&environment),
        )?;
        let mut pip = Command::new(programs.join("python"));
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--only-binary",
            ":all:",
            "--requirement",
        ]);
        tools::run(pip.arg(&requirements))?;
        fs::write(stamp, wanted).unwrap();
    }
    Ok(programs.join("schemathesis"))
}
