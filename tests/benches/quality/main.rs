//! The figures of docs/PERFORMANCE.md: `cargo xtask bench`.
//!
//! Each figure is a ratio of two times that were taken in turns in one run on one machine, since machines differ and are
//! noisy; each side is the median of its rounds. What must run as a process of its own does: the node is the `placet`
//! program as it is shipped, with its default settings.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measuring program: what fails must stop it, and it talks to the person at the terminal"
)]

mod clock;
mod issuer;
mod large;
mod p1;
mod p4;
mod p5;
mod plot;
mod replica;
mod report;
mod sizes;
mod status;
mod verifier;

use std::path::PathBuf;
use std::process::ExitCode;

use report::Figure;

/// The figures that one program makes, and the program.
type Measurement = (&'static [&'static str], fn(&Orders) -> Vec<Figure>);

/// What is to be measured, and with what.
#[derive(Debug, Default)]
struct Orders {
    /// Only these figures; all when empty.
    only: Vec<String>,
    /// Fewer rounds: to see that it works, not to be believed.
    quick: bool,
    /// How many consents a large replica has, and of how many a large issuer could have receipts out.
    consents: usize,
    /// The `placet` program.
    placet: PathBuf,
    /// Where the figures go.
    out: PathBuf,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let mut orders = Orders {
        consents: replica::CONSENTS,
        ..Orders::default()
    };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // The other process of P4: see `p4::echo`.
            "echo" => return p4::echo::serve(),
            "--only" => orders.only = arguments.next().unwrap().split(',').map(str::to_uppercase).collect(),
            "--quick" => orders.quick = true,
            "--consents" => orders.consents = arguments.next().unwrap().parse().unwrap(),
            "--placet" => orders.placet = arguments.next().unwrap().into(),
            "--out" => orders.out = arguments.next().unwrap().into(),
            other => panic!("{other} is no argument of this program: use cargo xtask bench"),
        }
    }
    let mut figures: Vec<Figure> = Vec::new();
    let all: [Measurement; 8] = [
        (&["P1"], p1::measure),
        (&["P2", "P3", "P9"], verifier::measure),
        (&["V1", "V2"], replica::measure),
        (&["P4"], p4::measure),
        (&["P5"], p5::measure),
        (&["P11", "P12"], issuer::measure),
        (&["I1", "I2"], status::measure),
        // Of one log each, and P5 on each of them.
        (&["P6", "P7", "P8", "P10"], sizes::measure),
    ];
    for (ids, measure) in all {
        if orders.only.is_empty() || orders.only.iter().any(|only| ids.contains(&only.as_str())) {
            figures.extend(measure(&orders));
        }
    }
    report::print(&figures);
    std::fs::write(&orders.out, report::json(&figures)).unwrap();
    println!("written to {}", orders.out.display());
    if figures.iter().all(|figure| figure.holds()) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
