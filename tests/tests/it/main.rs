//! Everything that is tested across crates, in one binary.

#[cfg(test)]
mod bundle;
#[cfg(test)]
mod interop;
