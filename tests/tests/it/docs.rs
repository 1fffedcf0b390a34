//! What the documents say is true: their examples are read by the real parsers, their commands are run, the tests that they
//! name exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use placet_kernel::arrival;
use placet_kernel::authorization::VerifierAuthorization;
use placet_kernel::bundle::{self, Verdict};
use placet_kernel::code::WithdrawalCode;
use placet_kernel::decision;
use placet_kernel::jws;
use placet_kernel::keys::{PublicKey, verify_statement};
use placet_kernel::misbehaviour;
use placet_kernel::note::UnverifiedNote;
use placet_kernel::receipt;
use placet_kernel::sd_jwt::SdJwt;
use placet_kernel::status::Bits;
use placet_kernel::tile::Tile;
use placet_kernel::tlog_proof::TlogProof;
use placet_kernel::trust::Trust;
use placet_linked_data::Contexts;
use placet_schemas::access::{self, AccessLine};
use placet_schemas::api::problem::Problem;
use placet_schemas::api::{self, DoneClaims, FeedAnswer, OrderClaims, PublicOpening, RecordAnswer};
use placet_schemas::authzen::{self, DecisionStatement, ReasonCode};
use placet_schemas::credential::Secured;
use placet_schemas::credential::status::StatusList;
use placet_schemas::record::{self, CanonicalRecord};
use placet_schemas::statement::{FeedHead, Signed, WithdrawalReceived};
use placet_schemas::time::Timestamp;
use placet_schemas::{json, lifecycle, notice};
use serde::de::DeserializeOwned;

const LIMIT: usize = 1 << 20;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The fenced blocks of a document, each with the last word of its info string.
fn blocks(document: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) else {
            continue;
        };
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let label = info.split_whitespace().last().unwrap_or_default();
        found.push((label.to_owned(), format!("{}\n", body.join("\n"))));
    }
    found
}

fn decodes<T: DeserializeOwned>(text: &str) -> T {
    let document = json::parse(text.as_bytes(), LIMIT).unwrap();
    json::decode(document.root()).unwrap()
}

#[test]
fn every_example_in_formats_is_what_it_says() {
    let mut seen = BTreeSet::new();
    for (label, body) in blocks(&read("docs/FORMATS.md")) {
        match label.as_str() {
            "record" => drop(CanonicalRecord::parse(body.as_bytes()).unwrap()),
            "opening" => drop(decodes::<PublicOpening>(&body)),
            "checkpoint" => drop(UnverifiedNote::parse(body.as_bytes()).unwrap()),
            "tile-path" => drop(body.trim().parse::<Tile>().unwrap()),
            "tlog-proof" => drop(body.parse::<TlogProof>().unwrap()),
            "answer" => drop(decodes::<RecordAnswer>(&body)),
            "received" => {
                let word = decodes::<Signed<WithdrawalReceived>>(&body);
                verify_statement(&word, &PublicKey::from_did(&word.signed_by).unwrap()).unwrap();
            }
            "feed" => drop(decodes::<FeedAnswer>(&body)),
            "trust" => drop(Trust::parse(body.as_bytes()).unwrap()),
            "misbehaviour" => drop(misbehaviour::verify(body.trim_end().as_bytes(), None, now()).unwrap()),
            "withdrawal-code" => drop(body.trim().parse::<WithdrawalCode>().unwrap()),
            "destruction-order" => drop(decodes::<OrderClaims>(&body)),
            "destruction-done" => drop(decodes::<DoneClaims>(&body)),
            "question" => assert!(authzen::evaluation(body.as_bytes()).unwrap().question.is_ok()),
            "decision" => {
                let signed = decision::read(read("docs/examples/decision.sd-jwt").trim_end()).unwrap();
                assert_eq!(decodes::<DecisionStatement>(&body), signed.statement);
            }
            "head" => {
                let signed = decision::read(read("docs/examples/decision.sd-jwt").trim_end()).unwrap();
                let (_, _, head): (String, String, Signed<FeedHead>) = decodes(&body);
                assert_eq!(Some(&head), signed.head.as_ref().map(decision::DisclosedHead::signed));
            }
            "receipt" => {
                let receipt = receipt::parse(body.as_bytes()).unwrap();
                assert_eq!(
                    receipt,
                    receipt::parse(read("docs/examples/receipt.json").as_bytes()).unwrap()
                );
            }
            "presented" => {
                let shown = read("docs/examples/receipt-presented.sd-jwt");
                let token = SdJwt::parse(shown.trim_end()).unwrap();
                let payload = jws::claimed_payload(token.jwt, "dc+sd-jwt").unwrap();
                let payload: serde_json::Value = serde_json::from_slice(&payload).unwrap();
                assert_eq!(serde_json::from_str::<serde_json::Value>(&body).unwrap(), payload);
            }
            "status-list" => {
                let list = Secured::<StatusList>::parse(body.as_bytes()).unwrap();
                drop(Bits::from_bitstring(&list.credential.credential_subject.encoded_list).unwrap());
            }
            "policy" => drop(decodes::<decision::Policy>(&body)),
            "register" => drop(decodes::<decision::RegisterStatement>(&body)),
            "verifier-authorization" => {
                let document = json::parse(body.as_bytes(), LIMIT).unwrap();
                drop(VerifierAuthorization::parse(&document.root().to_jcs()).unwrap());
            }
            "access-line" => {
                let line = decodes::<AccessLine>(&body);
                assert_eq!(AccessLine::parse(&line.to_bytes()).unwrap(), line);
            }
            "decline" => drop(decodes::<api::DeclinePage>(&body)),
            "webhook" => drop(decodes::<api::WebhookMessage>(&body)),
            "problem" => drop(decodes::<Problem>(&body)),
            "sh" => continue,
            other => panic!("no parser for the example {other:?}"),
        }
        seen.insert(label);
    }
    assert_eq!(seen.len(), 26, "{seen:?}");
}

fn now() -> Timestamp {
    "2026-12-01T00:00:00Z".parse().unwrap()
}

#[test]
fn the_example_misbehaviour_files_prove_one_of_each_kind() {
    let trust = Trust::parse(read("docs/examples/trust.json").as_bytes()).unwrap();
    let mut kinds = BTreeSet::new();
    for (label, body) in blocks(&read("docs/FORMATS.md")) {
        if label == "misbehaviour" {
            let report = misbehaviour::verify(body.trim_end().as_bytes(), Some(&trust), now()).unwrap();
            assert_eq!(report.proved, Verdict::Holds, "{:#?}", report.findings);
            kinds.insert(report.kind.unwrap().as_str());
        }
    }
    assert_eq!(kinds.len(), misbehaviour::Kind::ALL.len(), "{kinds:?}");
}

#[test]
fn the_example_bundle_holds_under_the_example_trust_file() {
    let trust = Trust::parse(read("docs/examples/trust.json").as_bytes()).unwrap();
    let evidence = read("docs/examples/evidence.json");
    let report = bundle::verify(evidence.as_bytes(), Some(&trust), now(), None).unwrap();
    assert_eq!((report.recorded, report.in_force), (Verdict::Holds, Verdict::Fails));
    let while_given = "2026-11-22T23:20:46Z".parse().unwrap();
    let report = bundle::verify(evidence.as_bytes(), Some(&trust), now(), Some(while_given)).unwrap();
    assert_eq!(
        report.recorded,
        Verdict::Holds,
        "asking about another moment changes nothing about what was recorded"
    );
}

/// The question of the example is the one that the decision answers, and the bundle proves it.
#[test]
fn the_example_decision_holds_under_its_trust_file() {
    let trust = Trust::parse(read("docs/examples/decision-trust.json").as_bytes()).unwrap();
    let evidence = read("docs/examples/decision-evidence.json");
    let report = bundle::verify(evidence.as_bytes(), Some(&trust), now(), None).unwrap();
    assert_eq!(report.recorded.max(report.decisions_verdict()), Verdict::Holds);
    let [one] = &report.decisions[..] else {
        panic!("one decision")
    };
    assert_eq!(one.anchored, Verdict::Holds);
    let signed = decision::read(read("docs/examples/decision.sd-jwt").trim_end()).unwrap();
    assert_eq!(one.decision.as_deref(), Some(&signed.statement));
    let question = blocks(&read("docs/FORMATS.md"))
        .into_iter()
        .find(|(label, _)| label == "question");
    let asked = authzen::evaluation(question.unwrap().1.as_bytes()).unwrap();
    assert_eq!(asked.digest, signed.statement.request);
    assert_eq!(asked.question.unwrap().asked, signed.statement.asked.unwrap());
}

/// Of the day on which it was made: a list is good for minutes.
#[test]
fn the_example_receipt_holds_under_its_trust_file() {
    let trust = Trust::parse(read("docs/examples/receipt-trust.json").as_bytes()).unwrap();
    let (receipt, list) = (
        read("docs/examples/receipt.json"),
        read("docs/examples/receipt-status.json"),
    );
    let judge = |at: &str| {
        let at = at.parse().unwrap();
        let report = receipt::verify(
            receipt.as_bytes(),
            Some(list.as_bytes()),
            Some(&trust),
            at,
            Contexts::bundled(),
        )
        .unwrap();
        (report.issued, report.recorded, report.in_force)
    };
    let (holds, cannot) = (Verdict::Holds, Verdict::CannotTell);
    assert_eq!(judge("2026-11-22T05:04:30Z"), (holds, holds, holds));
    assert_eq!(judge("2026-12-01T00:00:00Z"), (holds, holds, cannot));
}

#[test]
fn every_reason_is_in_formats() {
    let formats = read("docs/FORMATS.md");
    for code in ReasonCode::ALL {
        assert!(formats.contains(&format!("`{}`", code.as_str())), "{}", code.as_str());
    }
}

/// Runs the README's commands, as they stand there but for the folder, which is one of the test's own, and for `--once`.
#[test]
fn the_commands_of_the_readme_work() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("demo").display().to_string();
    let commands: Vec<String> = blocks(&read("README.md"))
        .into_iter()
        .filter(|(label, _)| label == "sh")
        .flat_map(|(_, body)| body.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    assert_eq!(commands.len(), 3, "{commands:?}");
    for command in &commands {
        match command.as_str() {
            // This very run, which must not start itself again. That the script for every change runs the line is checked.
            "cargo xtask test" => assert!(read(".ci/run").contains(&format!("\nexec {command} "))),
            command if command.ends_with("demo") => run(&format!("{command} --once --dir {own}")),
            command => {
                assert!(command.contains(" placet-demo/"), "{command}");
                run(&command.replace("placet-demo", &own));
            }
        }
    }
}

fn run(command: &str) {
    let mut words = command.split(' ');
    let program = words.next().unwrap();
    let output = Command::new(program).args(words).current_dir(root()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{command}: {said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// What operators plan with is what the code does.
#[test]
fn the_limits_are_those_of_the_code() {
    use placet_ledger::http;
    let rates = http::Rates::default();
    let rate = |rate: http::Rate| format!("{} at once and {}/s", grouped(u64::from(rate.burst)), rate.per_second);
    let days = |seconds: u64| seconds / 86_400;
    let rows = [
        format!(
            "| {} KiB; {} MiB; 64 KiB |",
            record::MAX_RECORD_BYTES / 1024,
            notice::MAX_NOTICE_BYTES / 1024 / 1024
        ),
        format!("| {} |", json::MAX_DEPTH),
        format!("| {} |", api::MAX_PAGE),
        format!("| {}; 1,024 |", lifecycle::MAX_CHAIN),
        format!(
            "| {}; {} days |",
            grouped(u64::from(api::MAX_INVITATIONS)),
            days(api::MAX_INVITATION_SECONDS)
        ),
        format!("| {} s |", arrival::TIME_TOLERANCE_SECONDS),
        format!(
            "| {} s; {} s; {} days |",
            http::CHALLENGE_SECONDS,
            http::SESSION_SECONDS,
            days(api::MAX_AUDIT_SECONDS)
        ),
        format!(
            "| {}; {} days |",
            grouped(record::destruction::MAX_LEAVES as u64),
            days(api::MAX_ORDER_AGE_SECONDS)
        ),
        format!(
            "| {}; {}; {}; {}; {} |",
            rate(rates.grants),
            rate(rates.events),
            rate(rates.invitations),
            rate(rates.declines),
            rate(rates.batches)
        ),
        format!(
            "| {}; {}; {} KiB; {}; {} days |",
            grouped(record::access::MAX_BATCH_ENTRIES),
            api::MAX_LINES,
            access::MAX_LINE_BYTES / 1024,
            api::MAX_ACCESS_PAGE,
            days(api::ACCESS_LINE_RETENTION)
        ),
        format!(
            "| {}; {}; {}; {} |",
            grouped(http::MAX_CONNECTIONS as u64),
            grouped(http::MAX_CALLS as u64),
            http::RESERVED_CALLS,
            http::MAX_LARGE_BODIES
        ),
        format!(
            "| {} s; 15 s; {} s; {} s; {} s |",
            http::HEADER_TIMEOUT.as_secs(),
            http::REQUEST_TIMEOUT.as_secs(),
            http::MAX_FEED_WAIT_SECONDS,
            http::DRAIN_TIMEOUT.as_secs()
        ),
        format!(
            "| {}; {} s; {} s |",
            placet_ledger::MAX_WITNESSES,
            placet_ledger::WITNESS_TIMEOUT.as_secs(),
            placet_ledger::FRESH_WITHIN.as_secs()
        ),
        format!("| {} |", grouped(placet_ledger::MAX_RECEIVED)),
    ];
    let document = read("docs/OPERATIONS.md");
    let table = document.split("## Limits").nth(1).unwrap();
    for row in rows {
        assert!(table.contains(&row), "docs/OPERATIONS.md does not say {row:?}");
    }
}

/// 4,096 for 4096.
fn grouped(number: u64) -> String {
    match number / 1000 {
        0 => number.to_string(),
        thousands => format!("{},{:03}", grouped(thousands), number % 1000),
    }
}

/// A threat without its test would be a promise only.
#[test]
fn every_test_that_threats_names_exists() {
    let document = read("docs/THREATS.md");
    let named: BTreeSet<&str> = rows(&document).into_iter().flat_map(names).collect();
    assert!(named.len() > 30, "{}", named.len());
    assert_eq!(
        missing(&named),
        BTreeSet::new(),
        "docs/THREATS.md names tests that do not exist"
    );
}

/// So would a promise that names an article and no test: each part of it has one, or says that it has none yet.
#[test]
fn every_test_that_law_names_exists_and_no_promise_is_left_out() {
    let document = read("docs/LAW.md");
    let (promises, records) = document.split_once("## What is asked of each record").unwrap();
    let parts: Vec<&str> = promises.split("\n### ").skip(1).collect();
    for (place, part) in parts.iter().enumerate() {
        assert!(part.starts_with(&format!("{}. ", place + 1)), "promise {}", place + 1);
        assert!(rows(part).len() > 2, "promise {} has no rows", place + 1);
    }
    assert_eq!(parts.len(), 8);
    let mut named = BTreeSet::new();
    for part in parts.iter().chain([&records]) {
        // The heading and the line below it are no rows of the table.
        for row in rows(part).into_iter().skip(2) {
            let found = names(row);
            assert!(
                !found.is_empty() || row.ends_with("| none yet |"),
                "without a test: {row}"
            );
            named.extend(found);
        }
    }
    assert_eq!(
        missing(&named),
        BTreeSet::new(),
        "docs/LAW.md names tests that do not exist"
    );
}

/// The lines of the tables of a document.
fn rows(document: &str) -> Vec<&str> {
    document.lines().filter(|line| line.starts_with('|')).collect()
}

/// The names in the last cell of a row.
fn names(row: &str) -> Vec<&str> {
    let cell = row.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
    cell.split('`').skip(1).step_by(2).collect()
}

/// Those of these names that no function has.
fn missing<'a>(named: &BTreeSet<&'a str>) -> BTreeSet<&'a str> {
    let mut sources = String::new();
    for folder in [
        "schemas",
        "kernel",
        "linked-data",
        "wallet",
        "client",
        "service",
        "ask",
        "witness",
        "ledger",
        "issuer",
        "verifier",
        "cli",
        "tests",
        "xtask",
    ] {
        collect(&root().join(folder), &mut sources);
    }
    let is_missing = |name: &&str| !sources.contains(&format!("fn {name}("));
    named.iter().copied().filter(is_missing).collect()
}

fn collect(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("node_modules") && !path.ends_with("target") {
            collect(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}
