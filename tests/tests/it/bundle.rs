//! Evidence bundles: what holds, what does not, and why.

mod lives;
