//! The verifier behind other people's gateways: nginx for real, Envoy by the calls that it is documented to make, and the
//! files that start all of it in containers.

mod containers;
mod envoy;
mod nginx;
mod running;
mod wire;
