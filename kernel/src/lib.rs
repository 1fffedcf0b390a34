//! Who judges in Placet: pure functions of bytes, policy and time.
//!
//! [`bundle::verify`] judges evidence, [`arrival::check`] one record by itself, `placet_schemas::lifecycle::apply` what may
//! follow what. Node, verifier, command line and page all call these; none decides validity by itself.
//!
//! In scope: RFC 6962 proofs, C2SP notes, checkpoints and tiles, Data Integrity checks, operator's statements, trust files,
//! evidence bundles, decisions, receipts and status lists, other people's credentials. Out of scope, and absent from the dependencies: clocks, randomness, private keys, files, the network.

pub mod access;
pub mod acknowledgement;
pub mod arrival;
pub mod audit;
pub mod authorization;
pub mod bundle;
pub mod checkpoint;
pub mod code;
pub mod credential;
pub mod decision;
pub mod feed;
pub mod jwk;
pub mod jws;
pub mod keys;
pub mod leaf;
pub mod merkle;
pub mod misbehaviour;
pub mod note;
pub mod possession;
pub mod receipt;
pub mod sd_jwt;
pub mod sign;
pub mod status;
pub mod tile;
pub mod tlog_proof;
pub mod trust;
pub mod vcdm;

mod base58;
mod form;
mod pinned;
mod text;
