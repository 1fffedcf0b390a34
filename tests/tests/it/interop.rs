//! Software that others wrote against a running node: see docs/INTEROP.md.

mod brand;
mod javascript;
mod node;
mod tiles;
mod tools;
