//! The trust file on the wire.

use placet_schemas::id::{Did, Origin};
use placet_schemas::version::Version;
use serde::{Deserialize, Serialize};

use super::{Group, IssuerKey, Sizes};

/// The keys of a log as text, for [`TrustBuilder::log`](super::TrustBuilder::log).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogKeys {
    /// The log.
    pub origin: Origin,
    /// C2SP vkeys of type 0x01 whose name is the origin.
    pub checkpoint_keys: Vec<SizedVkey>,
    /// C2SP vkeys of type 0x04 of the node's own cosigner. It never counts in a quorum.
    pub cosigner_keys: Vec<SizedVkey>,
    /// did:keys of the operator.
    pub operator_keys: Vec<SizedDid>,
}

/// A vkey and its sizes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SizedVkey {
    /// The vkey.
    pub vkey: String,
    /// The sizes.
    pub sizes: Sizes,
}

/// A did:key and its sizes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SizedDid {
    /// The did:key.
    pub key: Did,
    /// The sizes.
    pub sizes: Sizes,
}

/// A witness in a trust file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Witness {
    /// Its name in this file.
    pub name: String,
    /// Its C2SP vkey, of type 0x04.
    pub vkey: String,
}

/// The trust file on the wire, version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustFile {
    /// Format version.
    pub version: Version<1>,
    /// The logs.
    pub logs: Vec<LogKeys>,
    /// Keys of those who issue receipts for consents of these logs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issuers: Vec<IssuerKey>,
    /// The witnesses.
    pub witnesses: Vec<Witness>,
    /// The groups, each after its members.
    pub groups: Vec<Group>,
    /// The name of a witness or group, or `none`.
    pub quorum: String,
}
