//! Figures, for people and for programs.

use serde_json::json;

/// Which side of the bar is good.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bar {
    AtMost(f64),
    AtLeast(f64),
}

/// One line of the table.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    pub(crate) id: String,
    pub(crate) ours: f64,
    pub(crate) reference: f64,
    pub(crate) unit: &'static str,
    pub(crate) bar: Bar,
}

impl Figure {
    /// Ours in units of the reference.
    pub(crate) fn ratio(&self) -> f64 {
        self.ours / self.reference
    }

    /// Whether the bar holds.
    pub(crate) fn holds(&self) -> bool {
        match self.bar {
            Bar::AtMost(bar) => self.ratio() <= bar,
            Bar::AtLeast(bar) => self.ratio() >= bar,
        }
    }
}

/// Prints the table that docs/PERFORMANCE.md shows.
pub(crate) fn print(figures: &[Figure]) {
    println!("\n| id | ours | reference | unit | ratio | bar | holds |");
    println!("|---|---|---|---|---|---|---|");
    for figure in figures {
        let bar = match figure.bar {
            Bar::AtMost(bar) => format!("at most {bar}"),
            Bar::AtLeast(bar) => format!("at least {bar}"),
        };
        let Figure {
            id,
            ours,
            reference,
            unit,
            ..
        } = figure;
        let (ratio, holds) = (figure.ratio(), if figure.holds() { "yes" } else { "NO" });
        println!("| {id} | {ours:.1} | {reference:.1} | {unit} | {ratio:.2} | {bar} | {holds} |");
    }
}

/// The same as the JSON array of `target/bench.json`.
pub(crate) fn json(figures: &[Figure]) -> String {
    let figures: Vec<_> = figures
        .iter()
        .map(|figure| {
            let (Bar::AtMost(bar) | Bar::AtLeast(bar)) = figure.bar;
            json!({
                "id": figure.id,
                "ours": figure.ours,
                "reference": figure.reference,
                "unit": figure.unit,
                "ratio": figure.ratio(),
                "bar": bar,
                "holds": figure.holds(),
            })
        })
        .collect();
    serde_json::to_string_pretty(&figures).unwrap() + "\n"
}
