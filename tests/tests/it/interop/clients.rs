//! The clients in TypeScript and Python that are generated from the verifier's OpenAPI document: whether they are up to date,
//! and what they do against a ledger and a verifier. The generators and compilers are those of the lock files in `clients/`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::tools::{self, Workshop, placet, ready};
use crate::verifier::house::{House, SOON};

const CLIENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../clients");
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi/verifier.json");

/// A shop's service in another language.
struct Service {
    program: PathBuf,
    arguments: Vec<PathBuf>,
    environment: Vec<(&'static str, PathBuf)>,
}

impl Service {
    fn call(&self, url: &str, token: &str, command: &str, given: &Value) -> Result<Value, String> {
        let mut program = Command::new(&self.program);
        program.args(&self.arguments).args([url, token, command]);
        // No proxy of the environment may get the question.
        program
            .env("http_proxy", "http://127.0.0.1:9")
            .env("HTTP_PROXY", "http://127.0.0.1:9");
        program.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let printed = tools::run(program.arg(given.to_string()))?;
        serde_json::from_slice(&printed).map_err(|fault| format!("{fault}: {}", String::from_utf8_lossy(&printed)))
    }

    fn code(&self, url: &str, question: &Value) -> String {
        let said = self.call(url, "-", "decide", question).unwrap();
        assert_eq!(said["permitted"], false, "{said}");
        assert!(!said["why"].as_str().unwrap().is_empty(), "{said}");
        said["code"].as_str().unwrap().to_owned()
    }
}

#[test]
fn the_committed_clients_are_those_of_the_document_that_the_program_prints() {
    let printed = tools::run(Command::new(placet()).args(["openapi", "verifier"])).unwrap();
    let up_to_date = fs::read(DOCUMENT).unwrap() == printed;
    assert!(
        up_to_date,
        "docs/openapi/verifier.json is out of date: cargo xtask clients"
    );
    let Some(tools) = ready(install()) else { return };
    let out = tools.folder.join("out");
    tools::run(generate().arg(tools.folder.join("tools")).arg(&out)).unwrap();
    let clients = Path::new(CLIENTS);
    for (made, kept) in [
        (out.join("verifier.ts"), clients.join("typescript/src/verifier.ts")),
        (
            out.join("generated"),
            clients.join("python/src/placet_verifier/generated"),
        ),
    ] {
        let (made, kept_files) = (files(&made), files(&kept));
        let differing: Vec<_> = made
            .keys()
            .chain(kept_files.keys())
            .filter(|path| made.get(*path) != kept_files.get(*path))
            .collect();
        assert!(
            differing.is_empty() && !made.is_empty(),
            "{} is out of date: cargo xtask clients: {differing:?}",
            kept.display()
        );
    }
}

#[test]
fn a_typescript_service_asks_and_reports() {
    let Some(tools) = ready(install()) else { return };
    let folder = tools.folder.join("tools/typescript");
    for part in ["src", "example"] {
        for (path, bytes) in files(&Path::new(CLIENTS).join("typescript").join(part)) {
            let to = folder.join(part).join(path);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::write(to, bytes).unwrap();
        }
    }
    let settings = Path::new(CLIENTS).join("typescript/tsconfig.json");
    fs::copy(settings, folder.join("tsconfig.json")).unwrap();
    // It checks all types, and makes nothing when one is wrong.
    let mut compiler = Command::new("node");
    compiler.args(["node_modules/typescript/bin/tsc", "--noEmitOnError"]);
    tools::run(compiler.current_dir(&folder)).unwrap();
    live_through(&Service {
        program: "node".into(),
        arguments: vec![folder.join("dist/example/shop.js")],
        environment: Vec::new(),
    });
}

#[test]
fn a_python_service_asks_and_reports() {
    let Some(tools) = ready(install()) else { return };
    let python = Path::new(CLIENTS).join("python");
    live_through(&Service {
        program: tools.folder.join("tools/venv/bin/python"),
        // Nothing is written beside the sources.
        arguments: vec!["-B".into(), python.join("example/shop.py")],
        environment: vec![("PYTHONPATH", python.join("src"))],
    });
}

/// From the first question to the withdrawal, and what is denied because something fails.
fn live_through(service: &Service) {
    let house = House::open();
    let verifier = house.verifier();
    let url = format!("http://{}", verifier.address());
    let call = |command: &str, given: &Value| service.call(&url, "-", command, given).unwrap();
    let question = house.question(&verifier, "C-1");
    verifier.await_ready(true, SOON);
    assert_eq!(service.code(&url, &question), "customer_unknown");

    let invitation = house.shop.invite(&house.node, &house.request, 1).remove(0);
    let rows = json!([{"invitation": invitation.digest(), "customer": "C-1"}]);
    assert_eq!(call("import", &rows), json!({"added": 1, "known": 0}));
    assert_eq!(call("import", &rows), json!({"added": 0, "known": 1}));
    assert_eq!(service.code(&url, &question), "no_record");
    let given = house.yes("ada", &invitation);
    let _ = verifier.await_decision(&question, true, SOON);
    let permit = call("decide", &question);
    assert_eq!(permit["permitted"], true, "{permit}");
    let seen = call("look", &json!("C-1"));
    assert_eq!(seen["invitations"][0]["consent"], given.consent.to_string(), "{seen}");
    assert_eq!(seen["invitations"][0]["effective"], "Given");
    several(&call, &question);

    let access = json!({
        "service": "mailer",
        "evaluation": permit["evaluation"],
        "purpose": house.clause.purpose.id,
        "categories": ["pd:EmailAddress"],
        "processing": "dpv:Use",
        "delivery": "copy",
    });
    assert_eq!(
        call("report", &json!([access])),
        json!({"lines": 1, "withoutPermit": 0})
    );
    let mut unclear = access;
    unclear.as_object_mut().unwrap().remove("evaluation");
    let refused = service.call(&url, "-", "report", &json!([unclear])).unwrap_err();
    assert!(refused.contains("malformed"), "{refused}");

    house.withdraw(&given);
    let _ = verifier.await_decision(&question, false, SOON);
    assert_eq!(service.code(&url, &question), "withdrawn");
    verifier.stop();
    assert_eq!(service.code(&url, &question), "unreachable");
    fails(service, &house, &question);
}

fn several(call: &dyn Fn(&str, &Value) -> Value, question: &Value) {
    let stranger = json!({"resource": {
        "type": "customer", "id": "C-2", "properties": {"categories": ["pd:EmailAddress"]},
    }});
    let mut several = question.clone();
    several["evaluations"] = json!([{}, stranger, {}]);
    assert_eq!(call("decide-many", &several), json!([true, false, true]));
    several["options"] = json!({"evaluations_semantic": "deny_on_first_deny"});
    assert_eq!(call("decide-many", &several), json!([true, false, false]));
}

/// A verifier that asks for a token; one that is silent.
fn fails(service: &Service, house: &House, question: &Value) {
    let token = "a-token-of-a-verifier-0123456789";
    let guarded = house.start_guarded(token);
    let url = format!("http://{}", guarded.address());
    assert_eq!(service.code(&url, question), "refused");
    let said = service.call(&url, token, "decide", question).unwrap();
    assert_eq!(said["permitted"], false);
    assert_ne!(said["code"], "refused", "{said}");

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    assert_eq!(service.code(&url, question), "slow");
    assert_eq!(service.code(&dripping(), question), "slow");
    // All of no decisions are permits: there is always one.
    let none = service.call(&url, "-", "decide-many", question).unwrap();
    assert_eq!(none, json!([false]));
}

/// The address of one who answers with a permit, but so slowly that it is good for nothing any more; each piece comes in time.
fn dripping() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let permit = json!({"decision": true, "context": {
        "evaluation_id": "urn:uuid:00000000-0000-4000-8000-000000000000",
        "evaluated_at": "2026-11-22T00:00:00Z",
        "reasons": [],
        "evidence": {},
        "signed": "",
    }});
    let body = permit.to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut asked = [0; 4096];
            let _ = stream.read(&mut asked);
            let _ = stream.write_all(head.as_bytes());
            for piece in body.as_bytes().chunks(body.len() / 3) {
                thread::sleep(Duration::from_millis(600));
                let _ = stream.write_all(piece);
            }
        }
    });
    url
}

fn generate() -> Command {
    Command::new(Path::new(CLIENTS).join("generate.sh"))
}

/// The generators, in a folder that is held while they are used.
fn install() -> Result<Workshop, String> {
    tools::run(Command::new("node").arg("--version"))?;
    tools::run(Command::new("python3").args(["-c", "import ensurepip, venv"]))?;
    let workshop = Workshop::hold("interop-clients");
    let tools = workshop.folder.join("tools");
    tools::run(generate().arg("--install").arg(tools))?;
    Ok(workshop)
}

/// All files of a folder by their path in it, or the file itself; without what interpreters leave there.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(path) = waiting.pop() {
        if path.is_file() {
            let name = path.strip_prefix(root).unwrap().to_owned();
            all.insert(name, fs::read(&path).unwrap());
        } else if path.file_name().is_some_and(|name| name != "__pycache__") {
            waiting.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    all
}
