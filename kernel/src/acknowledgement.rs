//! Whether an operator has acknowledged a record: for whoever has handed one in, and is told so by somebody on the way.
//!
//! In scope: the operator's word that the record's leaf is in the log. Out of scope: the proof of its place, which a wallet
//! checks and keeps, and a follower of the feed gets with every head.

use placet_schemas::api::RecordAnswer;
use placet_schemas::id::{Did, Digest, Origin};

use crate::keys::{self, PublicKey};
use crate::leaf::Salt;
use crate::merkle;

/// Whether one of these operators has signed that this record is in the log of that name.
#[must_use]
pub fn acknowledges(answer: &RecordAnswer, record: &Digest, origin: &Origin, operators: &[(Did, PublicKey)]) -> bool {
    let signed = &answer.acknowledgement;
    let leaf = merkle::leaf_hash(&Salt::from_bytes(*answer.salt.as_bytes()).leaf(record));
    let of_it = signed.statement.origin == *origin && signed.statement.leaf_hash.as_bytes() == leaf.as_bytes();
    let by = |(did, key): &(Did, PublicKey)| *did == signed.signed_by && keys::verify_statement(signed, key).is_ok();
    of_it && operators.iter().any(by)
}
