//! Development tasks: `cargo xtask <task>`.
//!
//! | task | does |
//! |---|---|
//! | `test [filter]` | every test of the workspace; its last line counts them |
//! | `bench [--only P1,P4] [--quick]` | measures, prints a table, writes `target/bench.json` |
//! | `fuzz --minutes N [--target T]` | fuzzes every parser, or one; keeps small corpora in `tests/fuzz/corpus` |
//! | `simulate [--seeds N] [--from N] [--jobs N]` | runs the simulation of verifiers and ledger for many seeds |
//! | `layering [--bless]` | checks who may depend on whom and who may do what |
//! | `clients` | writes the verifier's OpenAPI document and generates the TypeScript and Python clients from it |
//! | `wasm` | builds the pure crates for `wasm32-unknown-unknown` |
//!
//! Each task answers whether all is well, which becomes the exit status.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a development tool talks to the person at the terminal"
)]

mod bench;
mod cargo;
mod clients;
mod fuzz;
mod layering;
mod simulate;
mod test;
mod wasm;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "usage: cargo xtask <task>
  test [filter]         run every test, or those whose name contains the filter
  bench [--only P1,P4] [--quick]
                        measure on a release build; false when a bar does not hold
  fuzz --minutes N [--target T]
                        fuzz every parser, or one; false when an input crashes or hangs
  simulate [--seeds N] [--from N] [--jobs N]
                        simulate verifiers and ledger; false at the first seed that fails
  layering [--bless]    check the layers; --bless rewrites kernel/DEPENDENCIES.txt
  clients               write docs/openapi/verifier.json and generate the clients from it
  wasm                  build schemas, kernel and wallet for wasm32-unknown-unknown";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match dispatch(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[&str]) -> Result<bool> {
    match arguments {
        ["test"] => test::run(None),
        ["test", filter] => test::run(Some(filter)),
        ["bench", orders @ ..] => bench::run(orders),
        ["fuzz", orders @ ..] => fuzz::run(orders),
        ["simulate", orders @ ..] => simulate::run(orders),
        ["layering"] => layering::run(false),
        ["layering", "--bless"] => layering::run(true),
        ["clients"] => clients::run(),
        ["wasm"] => wasm::run(),
        _ => bail!("{USAGE}"),
    }
}
