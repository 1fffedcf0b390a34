//! Every service queries its own tables only; another's are reached through its API.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result};

use super::rust::{Kind, SourceFile};
use super::sources::contains_sql;
use super::{Finding, files_below};
use crate::cargo::Workspace;

/// Tables that one package's migrations make, and SQL that its sources hold, with its place.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sql {
    made: BTreeSet<String>,
    queries: Vec<(String, String)>,
}

/// Collects the SQL of every member that has any.
pub(crate) fn read(workspace: &Workspace, sources: &[SourceFile]) -> Result<BTreeMap<String, Sql>> {
    let mut all: BTreeMap<String, Sql> = BTreeMap::new();
    for member in &workspace.members {
        let folder = workspace.root.join(&member.folder).join("migrations");
        for path in files_below(&folder, "sql")? {
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            all.entry(member.name.clone()).or_default().made.extend(made(&text));
        }
    }
    for source in sources {
        for token in &source.tokens {
            if let Kind::Text(text) = &token.kind
                && contains_sql(text)
            {
                let sql = all.entry(source.package.clone()).or_default();
                sql.made.extend(made(text));
                sql.queries
                    .push((format!("{}:{}", source.path, token.line), text.clone()));
            }
        }
    }
    Ok(all)
}

/// Finds queries that name a table which only another package makes.
pub(crate) fn check(all: &BTreeMap<String, Sql>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (package, sql) in all {
        for (place, query) in &sql.queries {
            for table in used(query).filter(|table| !sql.made.contains(table)) {
                let owner = all.iter().find(|(_, other)| other.made.contains(&table));
                if let Some((owner, _)) = owner {
                    findings.push(Finding {
                        rule: "tables",
                        place: place.clone(),
                        what: format!("{package} queries {owner}'s table {table}"),
                    });
                }
            }
        }
    }
    findings
}

/// The tables that SQL makes: the word after `CREATE TABLE`, less `IF NOT EXISTS`.
fn made(sql: &str) -> Vec<String> {
    let words = words(sql);
    words
        .windows(2)
        .enumerate()
        .filter(|(_, two)| *two == ["CREATE", "TABLE"])
        .filter_map(|(at, _)| {
            words[at + 2..]
                .iter()
                .find(|word| !["IF", "NOT", "EXISTS"].contains(&word.as_str()))
        })
        .map(|word| word.to_lowercase())
        .collect()
}

/// The tables that SQL names: the word after each of these.
fn used(sql: &str) -> impl Iterator<Item = String> {
    let words = words(sql);
    let tables: Vec<String> = words
        .windows(2)
        .filter(|two| ["FROM", "INTO", "UPDATE", "JOIN"].contains(&two[0].as_str()))
        .map(|two| two[1].to_lowercase())
        .collect();
    tables.into_iter()
}

fn words(sql: &str) -> Vec<String> {
    sql.split(|c: char| c != '_' && !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace_of(ledger: &str, issuer: &str, query: &str) -> BTreeMap<String, Sql> {
        let mut all = BTreeMap::new();
        for (name, migration) in [("placet-ledger", ledger), ("placet-issuer", issuer)] {
            all.insert(
                name.to_owned(),
                Sql {
                    made: made(migration).into_iter().collect(),
                    queries: Vec::new(),
                },
            );
        }
        let issuer = all.get_mut("placet-issuer").unwrap();
        issuer
            .queries
            .push(("issuer/src/store.rs:1".to_owned(), query.to_owned()));
        all
    }

    #[test]
    fn a_query_of_another_services_table_is_found() {
        for query in [
            "SELECT digest FROM entries WHERE idx = $1",
            "INSERT INTO entries (idx) VALUES ($1)",
            "UPDATE entries SET idx = $1",
            "SELECT 1 FROM receipts JOIN entries ON true",
        ] {
            let all = workspace_of(
                "CREATE TABLE IF NOT EXISTS entries (idx INTEGER);",
                "CREATE TABLE receipts (id BLOB);",
                query,
            );
            let findings = check(&all);
            assert_eq!(findings.len(), 1, "{query}");
            assert!(findings[0].what.contains("placet-ledger's table entries"));
        }
    }

    #[test]
    fn own_tables_pass_even_if_another_has_one_of_that_name() {
        let both = "CREATE TABLE meta (k TEXT); CREATE TABLE entries (idx INTEGER);";
        let query = "SELECT k FROM meta";
        assert_eq!(check(&workspace_of(both, both, query)), []);
    }
}
