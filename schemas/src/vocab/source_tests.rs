//! The table against the CSV files of DPV 2.3 it was written from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::table::{DPV, lines};

const CSV: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/vocab/dpv-2.3");

/// Term to label and parents.
type Facts = BTreeMap<String, (String, BTreeSet<String>)>;

#[test]
fn the_table_says_what_dpv_says() {
    let folder = Path::new(CSV);
    if !folder.exists() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{CSV} is absent");
        println!("skipped: the DPV files are absent ({CSV})");
        return;
    }
    for (kind, files) in [
        ("purpose", &["purposes.csv"][..]),
        ("category", &["personal_data.csv", "pd.csv"]),
        ("processing", &["processing.csv"]),
    ] {
        let mut expected = Facts::new();
        for file in files {
            let text = std::fs::read_to_string(folder.join(file)).unwrap();
            for (term, fact) in facts(&text) {
                assert!(expected.insert(term.clone(), fact).is_none(), "{term} twice");
            }
        }
        assert!(expected.len() > 50);
        assert_eq!(table(kind), expected, "{kind}");
    }
}

/// The only parent that the table cannot resolve. Another one would be a term
/// that silently loses the marks above it.
#[test]
fn parents_are_in_the_table() {
    let terms: BTreeSet<_> = lines(DPV).map(|(_, c)| (c[0], c[1])).collect();
    let outside: Vec<_> = lines(DPV)
        .flat_map(|(_, c)| c[3].split(' ').map(move |parent| (c[0], c[1], parent)))
        .filter(|(kind, _, parent)| *parent != "-" && !terms.contains(&(*kind, *parent)))
        .collect();
    assert_eq!(outside, [("purpose", "dpv:RightsFulfilment", "dpv:LegalObligation")]);
}

#[test]
fn csv_quoting() {
    let text = "a,\"b \"\"c\"\", d\"\r\n\"x\ny\",\n";
    assert_eq!(records(text), [["a", "b \"c\", d"], ["x\ny", ""]]);
}

fn table(kind: &str) -> Facts {
    lines(DPV)
        .filter(|(_, columns)| columns[0] == kind)
        .map(|(_, columns)| {
            let parents = columns[3].split(' ').filter(|parent| *parent != "-");
            let parents = parents.map(str::to_owned).collect();
            (columns[1].to_owned(), (columns[2].to_owned(), parents))
        })
        .collect()
}

/// The classes of a file; its properties are no terms of a record.
fn facts(text: &str) -> Facts {
    let records = records(text);
    let column = |name: &str| records[0].iter().position(|head| head == name).unwrap();
    let (iri, label, class) = (column("iri"), column("label"), column("type"));
    let above = [column("subclassof"), column("hasbroader")];
    records[1..]
        .iter()
        .filter(|record| record[class] == "class")
        .map(|record| {
            let parents = above
                .iter()
                .flat_map(|&column| record[column].split(';'))
                .filter(|parent| !parent.is_empty())
                .map(prefixed)
                .collect();
            (prefixed(&record[iri]), (record[label].clone(), parents))
        })
        .collect()
}

fn prefixed(iri: &str) -> String {
    [("https://w3id.org/dpv/pd#", "pd:"), ("https://w3id.org/dpv#", "dpv:")]
        .iter()
        .find_map(|(base, prefix)| Some(format!("{prefix}{}", iri.strip_prefix(base)?)))
        .unwrap_or_else(|| panic!("{iri} has no prefix"))
}

/// RFC 4180: quoted fields may hold commas, line ends and doubled quotes.
fn records(text: &str) -> Vec<Vec<String>> {
    let mut records = Vec::new();
    let mut record = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut chars = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' if quoted && chars.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(std::mem::take(&mut field)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            char => field.push(char),
        }
    }
    assert!(record.is_empty() && field.is_empty(), "no line end at the end");
    records
}
