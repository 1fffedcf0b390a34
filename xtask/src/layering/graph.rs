//! The arrows between our packages, and where each package lives.

use super::Finding;
use crate::cargo::Member;

/// A package may depend on packages of a lower storey only. Services share one storey, so that
/// none can import another: they talk through the ledger's feed and over HTTP.
const STOREYS: [(&str, u8); 17] = [
    ("placet-schemas", 0),
    ("placet-kernel", 1),
    ("placet-client", 2),
    ("placet-linked-data", 2),
    ("placet-service", 2),
    ("placet-ask", 2),
    ("placet-wallet", 3),
    ("placet-witness", 3),
    ("placet-ledger", 3),
    ("placet-issuer", 3),
    ("placet-verifier", 3),
    ("placet-portal", 3),
    ("placet-rights", 3),
    ("placet", 4),
    ("placet-tests", 5),
    ("placet-fuzz", 5),
    ("xtask", 6),
];

/// The storey of the services.
const SERVICES: u8 = 3;

/// The wallet builds and signs what a consumer sends, so a service's own tests may play her.
const TEST_HELPER: &str = "placet-wallet";

/// Finds dependencies that point sideways or upwards, and members without a storey.
pub(crate) fn arrows(members: &[Member]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in members {
        let Some(storey) = storey(&member.name) else {
            findings.push(Finding {
                rule: "arrows",
                place: member.name.clone(),
                what: "has no storey; give it one in xtask/src/layering/graph.rs".to_owned(),
            });
            continue;
        };
        for dependency in &member.dependencies {
            let ours = dependency.name.starts_with("placet") || dependency.name == "xtask";
            let below = self::storey(&dependency.name).is_some_and(|below| below < storey);
            let helper = dependency.dev && dependency.name == TEST_HELPER && storey >= SERVICES;
            if ours && !below && !helper {
                findings.push(Finding {
                    rule: "arrows",
                    place: member.name.clone(),
                    what: format!("must not depend on {}", dependency.name),
                });
            }
        }
    }
    findings
}

/// Finds packages whose folder is not named as they are.
pub(crate) fn folders(members: &[Member]) -> Vec<Finding> {
    members
        .iter()
        .filter_map(|member| {
            let expected = match member.folder.as_str() {
                "cli" => "placet".to_owned(),
                "xtask" => "xtask".to_owned(),
                "tests/fuzz" => "placet-fuzz".to_owned(),
                folder => format!("placet-{folder}"),
            };
            (member.name != expected).then(|| Finding {
                rule: "folders",
                place: member.folder.clone(),
                what: format!("holds {}, not {expected}", member.name),
            })
        })
        .collect()
}

fn storey(package: &str) -> Option<u8> {
    STOREYS
        .iter()
        .find(|(name, _)| *name == package)
        .map(|(_, storey)| *storey)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cargo::Dependency;

    fn member(name: &str, folder: &str, dependencies: &[(&str, bool)]) -> Member {
        Member {
            name: name.to_owned(),
            folder: folder.to_owned(),
            dependencies: dependencies
                .iter()
                .map(|(name, dev)| Dependency {
                    name: (*name).to_owned(),
                    dev: *dev,
                })
                .collect(),
        }
    }

    #[test]
    fn downward_arrows_are_fine() {
        let members = [
            member("placet-kernel", "kernel", &[("placet-schemas", false), ("sha2", false)]),
            member(
                "placet-ledger",
                "ledger",
                &[("placet-kernel", false), ("placet-wallet", true)],
            ),
            member("placet-verifier", "verifier", &[("placet-client", false)]),
            member("placet", "cli", &[("placet-ledger", false), ("placet-wallet", false)]),
            member("placet-tests", "tests", &[("placet", true)]),
        ];
        assert_eq!(arrows(&members), []);
        assert_eq!(folders(&members), []);
    }

    #[test]
    fn upward_and_sideways_arrows_are_found() {
        for (from, to, dev) in [
            ("placet-schemas", "placet-kernel", false),
            ("placet-kernel", "placet-wallet", true),
            ("placet-kernel", "placet-client", false),
            ("placet-kernel", "placet-linked-data", false),
            ("placet-linked-data", "placet-client", false),
            ("placet-client", "placet-wallet", true),
            ("placet-ledger", "placet-wallet", false),
            ("placet-ledger", "placet-issuer", false),
            ("placet-issuer", "placet-ledger", true),
            ("placet-ledger", "placet-witness", false),
            ("placet-witness", "placet-ledger", true),
            ("placet-verifier", "placet", false),
            ("placet", "placet-tests", true),
            ("placet", "xtask", false),
            ("placet-ledger", "placet-unheard-of", false),
        ] {
            let findings = arrows(&[member(from, "x", &[(to, dev)])]);
            assert_eq!(findings.len(), 1, "{from} -> {to}");
            assert!(findings[0].what.contains(to));
        }
    }

    #[test]
    fn a_member_without_a_storey_is_found() {
        assert_eq!(arrows(&[member("placet-misc", "misc", &[])]).len(), 1);
    }

    #[test]
    fn a_folder_named_otherwise_is_found() {
        assert_eq!(folders(&[member("placet-kernel", "core", &[])]).len(), 1);
        assert_eq!(folders(&[member("placet-cli", "cli", &[])]).len(), 1);
    }
}
