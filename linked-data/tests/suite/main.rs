//! Linked data against the W3C's own vectors, and against those who would have other things signed than were meant.

#![cfg(test)]

mod attacks;
mod mutations;
mod nquads;
mod placet;
mod rdf_canon;
mod to_rdf;
mod vc_di_eddsa;

use std::path::{Path, PathBuf};

/// The folder of public vectors; `None`, outside of CI, where there is none.
fn vectors(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/vectors")
        .join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no vectors in CI");
    println!("skipped: no vectors at {}", folder.display());
    None
}
