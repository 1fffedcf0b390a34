//! Reading the embedded tables into sorted entries with all ancestors worked
//! out once, so that every later question is a lookup.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::sensitivity::Sensitivity;
use super::term::TermKind;

pub(super) const DPV: &str = include_str!("dpv-2.3.tsv");
pub(super) const OVERLAY: &str = include_str!("overlay-1.tsv");

/// An empty column.
const NONE: &str = "-";

/// The mark that is no [`Sensitivity`]: the purpose, and all above it, is not
/// specific.
const TOO_GENERAL: &str = "too-general";

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) term: &'static str,
    pub(super) label: &'static str,
    /// Indexes into the same table, ascending. Parents of another kind
    /// (`dpv:LegalObligation` above `dpv:RightsFulfilment`) are left out.
    pub(super) parents: Vec<usize>,
    pub(super) ancestors: Vec<usize>,
    pub(super) sensitivity: Option<Sensitivity>,
    pub(super) too_general: bool,
}

/// The entries of a kind, sorted by term.
pub(super) fn entries(kind: TermKind) -> &'static [Entry] {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    let tables = TABLES.get_or_init(|| match Tables::read(DPV, OVERLAY) {
        Ok(tables) => tables,
        // The text is a constant of this crate that the tests read as well.
        // To go on without a row would be to forget a mark.
        Err(fault) => unreachable!("embedded vocabulary: {fault}"),
    });
    tables.of(kind)
}

/// Index of a term in [`entries`].
pub(super) fn position(kind: TermKind, term: &str) -> Option<usize> {
    entries(kind).binary_search_by(|entry| entry.term.cmp(term)).ok()
}

/// What is wrong with a table, by line (from 1) of the file or by term.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TableError {
    #[error("line {line} has the wrong number of columns")]
    Columns { line: usize },
    #[error("line {line} is of no known kind")]
    Kind { line: usize },
    #[error("line {line} has a mark that is unknown or not for this kind")]
    Mark { line: usize },
    #[error("line {line} marks a term that is not in the table")]
    Absent { line: usize },
    #[error("line {line} repeats a term or a mark")]
    Repeated { line: usize },
    #[error("{term} is above itself")]
    Cycle { term: &'static str },
}

#[derive(Debug)]
pub(super) struct Tables {
    purposes: Vec<Entry>,
    categories: Vec<Entry>,
    processing: Vec<Entry>,
}

impl Tables {
    pub(super) fn read(dpv: &'static str, overlay: &'static str) -> Result<Self, TableError> {
        let mut rows = Rows::new();
        for (line, columns) in lines(dpv) {
            let [kind, term, label, parents] = columns[..] else {
                return Err(TableError::Columns { line });
            };
            add(&mut rows, line, read_kind(line, kind)?, [term, label, parents])?;
        }
        for (line, columns) in lines(overlay) {
            let [kind, term, mark, label, parents, _reason] = columns[..] else {
                return Err(TableError::Columns { line });
            };
            let kind = read_kind(line, kind)?;
            if label != NONE {
                add(&mut rows, line, kind, [term, label, parents])?;
            }
            let row = rows.get_mut(&(kind, term)).ok_or(TableError::Absent { line })?;
            let mark = read_mark(line, kind, mark)?;
            if row.mark.replace(mark).is_some() {
                return Err(TableError::Repeated { line });
            }
        }
        Ok(Self {
            purposes: close(&rows, TermKind::Purpose)?,
            categories: close(&rows, TermKind::Category)?,
            processing: close(&rows, TermKind::Processing)?,
        })
    }

    pub(super) fn of(&self, kind: TermKind) -> &[Entry] {
        match kind {
            TermKind::Purpose => &self.purposes,
            TermKind::Category => &self.categories,
            TermKind::Processing => &self.processing,
        }
    }
}

/// Lines that are not comments, with their number and columns.
pub(super) fn lines(text: &'static str) -> impl Iterator<Item = (usize, Vec<&'static str>)> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.starts_with('#'))
        .map(|(index, line)| (index + 1, line.split('\t').collect()))
}

type Rows = BTreeMap<(TermKind, &'static str), Row>;

struct Row {
    label: &'static str,
    parents: &'static str,
    mark: Option<Mark>,
}

#[derive(Clone, Copy)]
enum Mark {
    Sensitive(Sensitivity),
    TooGeneral,
}

fn add(
    rows: &mut Rows,
    line: usize,
    kind: TermKind,
    [term, label, parents]: [&'static str; 3],
) -> Result<(), TableError> {
    let row = Row {
        label,
        parents,
        mark: None,
    };
    match rows.insert((kind, term), row) {
        None => Ok(()),
        Some(_) => Err(TableError::Repeated { line }),
    }
}

fn read_kind(line: usize, code: &str) -> Result<TermKind, TableError> {
    [TermKind::Purpose, TermKind::Category, TermKind::Processing]
        .into_iter()
        .find(|kind| kind.code() == code)
        .ok_or(TableError::Kind { line })
}

fn read_mark(line: usize, kind: TermKind, code: &str) -> Result<Mark, TableError> {
    if code == TOO_GENERAL && kind == TermKind::Purpose {
        return Ok(Mark::TooGeneral);
    }
    Sensitivity::ALL
        .into_iter()
        .find(|sensitivity| sensitivity.code() == code)
        .map(Mark::Sensitive)
        .ok_or(TableError::Mark { line })
}

/// Works out one kind: sensitivity goes down the hierarchy only, too-general
/// up only. A mark that leaked the other way would make DirectMarketing
/// political, or PoliticalCampaign unspecific.
fn close(rows: &Rows, kind: TermKind) -> Result<Vec<Entry>, TableError> {
    let (terms, rows): (Vec<&'static str>, Vec<&Row>) = rows
        .iter()
        .filter(|((of, _), _)| *of == kind)
        .map(|((_, term), row)| (*term, row))
        .unzip();
    let parents: Vec<Vec<usize>> = rows.iter().map(|row| parents_of(&terms, row.parents)).collect();
    let mut table = Vec::with_capacity(terms.len());
    for (index, (term, row)) in terms.iter().zip(&rows).enumerate() {
        let above = above(&parents, index);
        if above.contains(&index) {
            return Err(TableError::Cycle { term });
        }
        let marks = above.iter().chain([&index]).filter_map(|&at| rows[at].mark);
        table.push(Entry {
            term,
            label: row.label,
            parents: parents[index].clone(),
            sensitivity: marks.filter_map(Mark::sensitive).min(),
            ancestors: above.into_iter().collect(),
            too_general: false,
        });
    }
    for (index, row) in rows.iter().enumerate() {
        if matches!(row.mark, Some(Mark::TooGeneral)) {
            table[index].too_general = true;
            for above in table[index].ancestors.clone() {
                table[above].too_general = true;
            }
        }
    }
    Ok(table)
}

impl Mark {
    fn sensitive(self) -> Option<Sensitivity> {
        match self {
            Self::Sensitive(sensitivity) => Some(sensitivity),
            Self::TooGeneral => None,
        }
    }
}

fn parents_of(terms: &[&'static str], parents: &str) -> Vec<usize> {
    let found: BTreeSet<usize> = parents
        .split(' ')
        .filter_map(|parent| terms.binary_search(&parent).ok())
        .collect();
    found.into_iter().collect()
}

/// All indexes above one. A cycle ends the walk too, since each is visited once.
fn above(parents: &[Vec<usize>], index: usize) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut next = parents[index].clone();
    while let Some(at) = next.pop() {
        if seen.insert(at) {
            next.extend(&parents[at]);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::{Sensitivity, TableError, Tables, TermKind};

    const DPV: &str = "# comment\npurpose\tx:A\tA\t-\npurpose\tx:B\tB\tx:A x:Other\n\
                       purpose\tx:C\tC\tx:B\npurpose\tx:D\tD\tx:A x:B\n";

    #[test]
    fn marks_go_one_way() {
        let tables = Tables::read(DPV, "purpose\tx:B\tsale\t-\t-\tr\npurpose\tx:C\ttoo-general\t-\t-\tr\n").unwrap();
        let [a, b, c, d] = tables.of(TermKind::Purpose) else {
            panic!("four terms")
        };
        assert_eq!(a.sensitivity, None);
        for below in [b, c, d] {
            assert_eq!(below.sensitivity, Some(Sensitivity::Sale));
        }
        assert_eq!([a, b, c, d].map(|entry| entry.too_general), [true, true, true, false]);
        assert_eq!(b.parents, [0], "a parent outside the table is left out");
        assert_eq!(d.parents, [0, 1]);
        assert_eq!(d.ancestors, [0, 1]);
    }

    #[test]
    fn the_strictest_of_two_marks_counts_wherever_it_stands() {
        let own_strict = "purpose\tx:A\tprofiling\t-\t-\tr\npurpose\tx:C\tsale\t-\t-\tr\n";
        let above_strict = "purpose\tx:A\tsale\t-\t-\tr\npurpose\tx:C\tprofiling\t-\t-\tr\n";
        for overlay in [own_strict, above_strict] {
            let tables = Tables::read(DPV, overlay).unwrap();
            let c = &tables.of(TermKind::Purpose)[2];
            assert_eq!((c.term, c.sensitivity), ("x:C", Some(Sensitivity::Sale)));
        }
    }

    #[test]
    fn faults_are_named_by_line() {
        for (dpv, overlay, fault) in [
            ("purpose\tx:A\tA\n", "", TableError::Columns { line: 1 }),
            ("wish\tx:A\tA\t-\n", "", TableError::Kind { line: 1 }),
            (
                "purpose\tx:A\tA\t-\npurpose\tx:A\tA\t-\n",
                "",
                TableError::Repeated { line: 2 },
            ),
            (
                "purpose\tx:A\tA\tx:B\npurpose\tx:B\tB\tx:A\n",
                "",
                TableError::Cycle { term: "x:A" },
            ),
            (DPV, "purpose\tx:B\tsale\n", TableError::Columns { line: 1 }),
            (DPV, "purpose\tx:B\tsold\t-\t-\tr\n", TableError::Mark { line: 1 }),
            (
                DPV,
                "processing\tx:P\ttoo-general\tP\t-\tr\n",
                TableError::Mark { line: 1 },
            ),
            (DPV, "purpose\tx:Z\tsale\t-\t-\tr\n", TableError::Absent { line: 1 }),
            (DPV, "purpose\tx:B\tsale\tB\t-\tr\n", TableError::Repeated { line: 1 }),
            (
                DPV,
                "#\npurpose\tx:B\tsale\t-\t-\tr\npurpose\tx:B\tpolitical\t-\t-\tr\n",
                TableError::Repeated { line: 3 },
            ),
        ] {
            assert_eq!(Tables::read(dpv, overlay).unwrap_err(), fault);
        }
    }
}
