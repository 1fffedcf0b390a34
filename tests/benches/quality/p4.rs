//! P4: grants per second, over HTTP, durable and acknowledged.
//!
//! The node is a process of its own with default settings. The callers keep their connections, and post grants that were
//! signed before to invitations that were made before, of several brands and requests. One round is: the echo, the checks,
//! the node, the databases; each gets the machine for itself. See [`bar`](Round::reference) for what they make together.

pub(crate) mod echo;
mod kernel;
pub(crate) mod load;
pub(crate) mod prepare;
mod sqlite;

use placet_schemas::id::Origin;
use placet_tests::p;
use placet_tests::process::NodeProcess;

use crate::Orders;
use crate::clock::median;
use crate::report::{Bar, Figure};

/// The log.
const ORIGIN: &str = "bench.example/log";
/// Callers, each with a connection of its own and one call at a time. Below the node's limit of calls at once.
const CALLERS: usize = 1000;
/// Grants of one round.
const GRANTS: usize = 8000;
const QUICK_GRANTS: usize = 3000;
const ROUNDS: usize = 5;
const QUICK_ROUNDS: usize = 1;
/// Grants before the first round, so that nothing is measured that happens once.
const WARM_UP: usize = 2000;

/// Grants per second.
#[derive(Debug)]
struct Round {
    echo: f64,
    kernel: f64,
    sqlite: f64,
    ours: f64,
}

impl Round {
    /// What the three parts would make one after the other.
    fn reference(&self) -> f64 {
        1.0 / (1.0 / self.echo + 1.0 / self.kernel + 1.0 / self.sqlite)
    }
}

pub(crate) fn measure(orders: &Orders) -> Vec<Figure> {
    let (grants, rounds) = if orders.quick {
        (QUICK_GRANTS, QUICK_ROUNDS)
    } else {
        (GRANTS, ROUNDS)
    };
    let origin: Origin = p(ORIGIN);
    let folder = tempfile::tempdir().unwrap();
    let node = NodeProcess::start(&orders.placet, &origin, folder.path(), &[]);
    println!("P4: signing {} grants", WARM_UP + rounds * grants);
    let market = prepare::Market::open(&node, &origin, WARM_UP + rounds * grants);
    let echo = echo::Echo::start();
    let (first, rest) = market.grants.split_at(WARM_UP);
    load::post(node.address(), "/v1/records", CALLERS, first, 201);
    load::post(echo.address(), echo::PATH, CALLERS, first, 200);
    let mut done = Vec::new();
    for (number, grants) in rest.chunks(grants).enumerate() {
        let echo = load::post(echo.address(), echo::PATH, CALLERS, grants, 200);
        let kernel = kernel::check_all(&market, grants);
        let before = sqlite::size(folder.path());
        let ours = load::post(node.address(), "/v1/records", CALLERS, grants, 201);
        let (sqlite, batches) = sqlite::write_again(folder.path(), before, grants.len());
        let round = Round {
            echo,
            kernel,
            sqlite,
            ours,
        };
        println!(
            "P4 round {}: echo {echo:.0}/s, checks {kernel:.0}/s, databases {sqlite:.0}/s in {batches} batches, \
             node {ours:.0}/s, ratio {:.2}",
            number + 1,
            ours / round.reference(),
        );
        done.push(round);
    }
    let middle = |of: fn(&Round) -> f64| median(done.iter().map(of).collect());
    let round = Round {
        echo: middle(|round| round.echo),
        kernel: middle(|round| round.kernel),
        sqlite: middle(|round| round.sqlite),
        ours: middle(|round| round.ours),
    };
    println!(
        "P4: medians: echo {:.0}/s, checks {:.0}/s, databases {:.0}/s",
        round.echo, round.kernel, round.sqlite
    );
    let figure = Figure {
        id: "P4".to_owned(),
        ours: round.ours,
        reference: round.reference(),
        unit: "grants/s",
        bar: Bar::AtLeast(0.6),
    };
    vec![figure]
}
