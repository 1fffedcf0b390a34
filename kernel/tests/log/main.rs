//! The log formats of the kernel against independent oracles, published examples and public vectors.

#[cfg(test)]
mod checkpoints;
#[cfg(test)]
mod merkle_oracles;
#[cfg(test)]
mod merkle_vectors;
#[cfg(test)]
mod model;
#[cfg(test)]
mod notes;
#[cfg(test)]
mod proofs;
#[cfg(test)]
mod signer;
#[cfg(test)]
mod tiles;
