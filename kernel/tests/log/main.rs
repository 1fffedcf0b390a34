//! The log formats of the kernel against independent oracles, published examples and public vectors.

#[cfg(test)]
mod merkle_oracles;
#[cfg(test)]
mod merkle_vectors;
#[cfg(test)]
mod model;
#[cfg(test)]
mod tiles;
