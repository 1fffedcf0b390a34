//! The program as people run it: real processes, real files, a real node on a free port.

mod brands;
mod harness;
mod judging;
mod misuse;
mod nodes;
