//! Rules on what a source file may mention.

use super::Finding;
use super::rust::{Kind, SourceFile};
use crate::wasm::PURE_CRATES;

/// What asks an operating system; `std::time::Duration` is a number and stays allowed.
const IMPURE_PATHS: [&[&str]; 8] = [
    &["std", "fs"],
    &["std", "net"],
    &["std", "env"],
    &["std", "process"],
    &["std", "thread"],
    &["std", "os"],
    &["std", "time"],
    &["std", "*"],
];

/// Clocks of the `time` package, were its `std` feature ever on.
const CLOCK_NAMES: [&str; 2] = ["now_utc", "now_local"];

/// What a string literal with SQL in it contains.
const SQL: [&str; 9] = [
    "SELECT ",
    "INSERT ",
    "UPDATE ",
    "DELETE FROM ",
    "CREATE TABLE ",
    "CREATE INDEX ",
    "ALTER TABLE ",
    "DROP TABLE ",
    "PRAGMA ",
];

/// How the signature packages spell a check whose result is a verdict.
const SIGNATURE_CHECKS: [&str; 4] = ["verify_strict", "verify_prehash", "verify_prehashed", "verify_digest"];

/// Packages whose `verify` method checks a signature.
const SIGNATURE_PACKAGES: [&str; 6] = ["ed25519_dalek", "p256", "ecdsa", "signature", "josekit", "ssi"];

/// Packages that judge (the kernel), or that measure and attack the judge.
const MAY_VERIFY: [&str; 4] = ["placet-kernel", "placet-tests", "placet-fuzz", "xtask"];

/// The one part of the demo that is no integrator: the operator who lies holds the node's keys, and makes with them what no
/// command makes.
const DISHONEST: &str = "cli/src/demo/dishonest.rs";

/// Packages that are no part of the product and therefore have no layers.
const TOOLS: [&str; 3] = ["placet-tests", "placet-fuzz", "xtask"];

/// Applies every rule to one file.
pub(crate) fn check(source: &SourceFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    if PURE_CRATES.contains(&source.package.as_str()) {
        findings.extend(pure(source));
    }
    if !TOOLS.contains(&source.package.as_str()) {
        if in_layer(&source.path, "http") {
            findings.extend(http_without_sql(source));
        }
        if in_layer(&source.path, "store") {
            findings.extend(store_without_http_and_keys(source));
        }
    }
    match source.package.as_str() {
        "placet-ledger" => findings.extend(without_keys_of(source, &["issuer"])),
        "placet-witness" => findings.extend(without_keys_of(source, &["issuer", "operator"])),
        "placet-issuer" => {
            findings.extend(without_keys_of(source, &["checkpoint", "operator", "cosigner"]));
        }
        "placet"
            if source.path != DISHONEST
                && (source.path == "cli/src/demo.rs" || source.path.starts_with("cli/src/demo/")) =>
        {
            findings.extend(demo_from_outside(source));
        }
        _ => {}
    }
    if !MAY_VERIFY.contains(&source.package.as_str()) {
        findings.extend(only_the_kernel_judges(source));
    }
    findings
}

/// `now`, randomness and bytes are arguments of the pure crates.
fn pure(source: &SourceFile) -> Vec<Finding> {
    let mut findings: Vec<Finding> = source
        .paths()
        .into_iter()
        .filter(|(path, _)| {
            IMPURE_PATHS.iter().any(|impure| path.starts_with(impure))
                && !path.starts_with(&["std", "time", "Duration"])
        })
        .map(|(path, line)| found(source, line, "purity", format!("pure code uses {}", path.join("::"))))
        .collect();
    findings.extend(named(source, "purity", "pure code reads a clock:", |name| {
        CLOCK_NAMES.contains(&name)
    }));
    findings
}

/// A handler calls the store's named transactions; it does not write queries.
fn http_without_sql(source: &SourceFile) -> Vec<Finding> {
    let mut findings = named(source, "http-sql", "a handler talks to the database:", |name| {
        name == "sqlx" || name.starts_with("sqlx_")
    });
    findings.extend(source.tokens.iter().filter_map(|token| match &token.kind {
        Kind::Text(text) if contains_sql(text) => Some(found(
            source,
            token.line,
            "http-sql",
            format!("a handler holds SQL: {text:?}"),
        )),
        _ => None,
    }));
    findings
}

/// The store keeps what others have judged and signed.
fn store_without_http_and_keys(source: &SourceFile) -> Vec<Finding> {
    named(source, "store", "a store must not know", |name| {
        name == "axum"
            || name.starts_with("axum_")
            || ["Signer", "SigningKey"].iter().any(|key| name.ends_with(key))
            || name.ends_with("signing_key")
    })
}

/// A service holds its own keys only. Public keys of others are named as public or verifying.
fn without_keys_of(source: &SourceFile, owners: &[&str]) -> Vec<Finding> {
    named(source, "keys", "another service's secret key:", |name| {
        let plain = name.replace('_', "").to_lowercase();
        let public = ["public", "verif", "vkey"].iter().any(|word| plain.contains(word));
        !public
            && owners.iter().any(|owner| {
                [
                    "key",
                    "signingkey",
                    "secretkey",
                    "privatekey",
                    "signer",
                    "secret",
                    "seed",
                ]
                .iter()
                .any(|what| plain.contains(&format!("{owner}{what}")))
            })
    })
}

/// The demo shows what any integrator can do: HTTP and commands.
fn demo_from_outside(source: &SourceFile) -> Vec<Finding> {
    named(source, "demo", "the demo reaches behind the API:", |name| {
        name.starts_with("placet_")
    })
}

/// A second place that checks signatures would sooner or later disagree with the first.
fn only_the_kernel_judges(source: &SourceFile) -> Vec<Finding> {
    let mut findings = named(source, "judging", "only the kernel decides validity:", |name| {
        SIGNATURE_CHECKS.contains(&name)
    });
    let imports = source
        .tokens
        .iter()
        .filter_map(|token| token.name())
        .any(|name| SIGNATURE_PACKAGES.contains(&name));
    if imports {
        findings.extend(source.tokens.windows(3).filter_map(|three| {
            let call = three[0].is('.') && three[1].name() == Some("verify") && three[2].is('(');
            call.then(|| {
                found(
                    source,
                    three[1].line,
                    "judging",
                    "only the kernel decides validity: .verify(".to_owned(),
                )
            })
        }));
    }
    findings
}

/// Whether a file is the module of that name or below it: `src/http.rs`, `src/http/…`.
fn in_layer(path: &str, layer: &str) -> bool {
    let Some((_, inside)) = path.split_once("/src/") else {
        return false;
    };
    inside.trim_end_matches(".rs").split('/').any(|part| part == layer)
}

pub(super) fn contains_sql(text: &str) -> bool {
    SQL.iter().any(|word| text.contains(word))
}

fn named(source: &SourceFile, rule: &'static str, why: &str, refused: impl Fn(&str) -> bool) -> Vec<Finding> {
    source
        .tokens
        .iter()
        .filter_map(|token| {
            let name = token.name().filter(|name| refused(name))?;
            Some(found(source, token.line, rule, format!("{why} {name}")))
        })
        .collect()
}

fn found(source: &SourceFile, line: usize, rule: &'static str, what: String) -> Finding {
    Finding {
        rule,
        place: format!("{}:{line}", source.path),
        what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks one file and gives the rules it breaks.
    fn rules(package: &str, path: &str, text: &str) -> Vec<&'static str> {
        let findings = check(&SourceFile::new(package, path, text));
        findings.into_iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn impure_paths_are_found_in_pure_crates_only() {
        for text in [
            "use std::fs;",
            "use std::{io, net::TcpStream};",
            "use std::time::{Duration, SystemTime};",
            "let t = std::time::Instant::now();",
            "use std::time;",
            "let v = std::env::var(x);",
            "std::process::exit(1)",
            "use std::*;",
            "let t = OffsetDateTime::now_utc();",
        ] {
            for (package, path) in [
                ("placet-schemas", "schemas/src/lib.rs"),
                ("placet-kernel", "kernel/src/note.rs"),
                ("placet-linked-data", "linked-data/src/lib.rs"),
                ("placet-wallet", "wallet/src/lib.rs"),
            ] {
                assert_eq!(rules(package, path, text), ["purity"], "{package}: {text}");
            }
            assert_eq!(rules("placet-ledger", "ledger/src/lib.rs", text), [""; 0], "{text}");
        }
    }

    #[test]
    fn pure_code_and_its_tests_pass() {
        let text = "//! Never std::fs.
            use std::time::Duration; use std::{fmt, io::Read};
            const WHY: &str = \"std::fs\";
            #[cfg(test)] mod tests { use std::fs; }";
        assert_eq!(rules("placet-kernel", "kernel/src/lib.rs", text), [""; 0]);
    }

    #[test]
    fn sql_in_http_modules_is_found() {
        for path in [
            "ledger/src/http.rs",
            "ledger/src/http/feed.rs",
            "issuer/src/oid4vci/http/a.rs",
        ] {
            assert_eq!(rules("placet-ledger", path, "use sqlx::Row;"), ["http-sql"]);
            let query = "let q = \"SELECT digest FROM entries\";";
            assert_eq!(rules("placet-ledger", path, query), ["http-sql"]);
        }
        let store = "sqlx::query(\"SELECT 1\")";
        assert_eq!(rules("placet-ledger", "ledger/src/store/entries.rs", store), [""; 0]);
    }

    #[test]
    fn http_and_signing_keys_in_store_modules_are_found() {
        for text in [
            "use axum::Json;",
            "fn f(key: &SigningKey) {}",
            "fn f(s: &dyn Signer) {}",
            "fn f(s: CheckpointSigner) {}",
        ] {
            assert_eq!(rules("placet-ledger", "ledger/src/store.rs", text), ["store"], "{text}");
            assert_eq!(
                rules("placet-ledger", "ledger/src/store/a.rs", text),
                ["store"],
                "{text}"
            );
        }
        assert_eq!(rules("placet-ledger", "ledger/src/http.rs", "use axum::Json;"), [""; 0]);
    }

    #[test]
    fn keys_of_other_services_are_found() {
        for text in [
            "struct IssuerKeys;",
            "let issuer_signing_key = 1;",
            "fn f(k: IssuerSigner) {}",
        ] {
            assert_eq!(rules("placet-ledger", "ledger/src/keys.rs", text), ["keys"], "{text}");
        }
        for text in [
            "let operator_key = 1;",
            "struct CheckpointKey;",
            "fn f(x: CosignerSecret) {}",
        ] {
            assert_eq!(rules("placet-issuer", "issuer/src/keys.rs", text), ["keys"], "{text}");
        }
        for text in ["fn f(k: IssuerSigner) {}", "let operator_key = 1;"] {
            assert_eq!(rules("placet-witness", "witness/src/keys.rs", text), ["keys"], "{text}");
        }
        let own = "struct CheckpointKey; struct OperatorKey; fn f(issuer_public_key: u8) {}";
        assert_eq!(rules("placet-ledger", "ledger/src/keys.rs", own), [""; 0]);
    }

    #[test]
    fn a_demo_that_reaches_behind_the_api_is_found() {
        for name in ["placet_ledger", "placet_kernel", "placet_schemas", "placet_wallet"] {
            let text = format!("use {name}::x;");
            assert_eq!(rules("placet", "cli/src/demo/shop.rs", &text), ["demo"]);
            assert_eq!(rules("placet", "cli/src/demo.rs", &text), ["demo"]);
            assert_eq!(rules("placet", "cli/src/demo/operator.rs", &text), ["demo"]);
            assert_eq!(rules("placet", "cli/src/serve.rs", &text), [""; 0]);
            assert_eq!(rules("placet", DISHONEST, &text), [""; 0]);
        }
    }

    #[test]
    fn judging_outside_the_kernel_is_found() {
        for text in [
            "key.verify_strict(message, &signature)",
            "key.verify_prehash(&hash, &signature)",
            "use ed25519_dalek::Verifier; key.verify(message, &signature)",
            "use p256::ecdsa::VerifyingKey; key.verify(message, &signature)",
        ] {
            assert_eq!(
                rules("placet-ledger", "ledger/src/checks.rs", text),
                ["judging"],
                "{text}"
            );
            assert_eq!(rules("placet", "cli/src/verify.rs", text), ["judging"], "{text}");
            assert_eq!(rules("placet-kernel", "kernel/src/note.rs", text), [""; 0], "{text}");
        }
        let through_kernel = "use placet_kernel::note; note.verify(&policy)";
        assert_eq!(rules("placet", "cli/src/verify.rs", through_kernel), [""; 0]);
    }
}
