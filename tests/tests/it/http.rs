//! The ledger as its callers meet it: over real connections.

mod accesses;
mod audits;
mod bodies;
mod brands;
mod client;
mod crowds;
mod destructions;
mod files;
mod follower;
mod house;
mod lifecycle;
mod limits;
mod obstacle;
mod openapi;
mod privacy;
mod pulse;
mod reads;
mod records;
mod roles;
mod sessions;
mod streams;
mod withdrawals;
