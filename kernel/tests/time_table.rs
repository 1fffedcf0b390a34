//! What cosignatures say about time, as a table: existed-by, the earliest moment by which a quorum had signed, and fresh-at, the
//! earliest time within that quorum once those are dropped that it does not need.
//!
//! A row is: policy | who cosigned when | the node's own cosigner | existed-by fresh-at, or - when there is no quorum. Times
//! are seconds. How a judge answers a question about a moment from these two times is another table, in the tests of bundles.

#![cfg(test)]

use ed25519_dalek::SigningKey;
use placet_kernel::note::{SignatureType, VerifierKey};
use placet_kernel::sign::{Algorithm, SignError, Signer};
use placet_kernel::trust::{Group, Times, Trust, TrustBuilder, Witness};
use placet_schemas::time::Timestamp;

const TABLE: &str = "
    # one witness
    w1      |                         |        | -
    w1      | w1@10                   |        | 10 10
    w1      | w2@10                   |        | -
    w1      | w2@5 w1@10 w3@20        |        | 10 10

    # any of three: the first to sign
    1of3    | w1@10 w2@20 w3@30       |        | 10 10
    1of3    | w3@30                   |        | 30 30

    # two of three: the second to sign, and the first of those two
    2of3    | w1@10                   |        | -
    2of3    | w1@10 w2@20             |        | 20 10
    2of3    | w2@20 w1@10             |        | 20 10
    2of3    | w1@10 w2@20 w3@30       |        | 20 10
    2of3    | w1@10 w2@10             |        | 10 10
    2of3    | w1@10 w2@10 w3@10       |        | 10 10
    2of3    | w1@10 w3@30             |        | 30 10

    # all of three: the last, and the first
    3of3    | w1@10 w2@20             |        | -
    3of3    | w1@10 w2@20 w3@30       |        | 30 10

    # nobody counts twice, however often he signs: of his times those count that were there by then
    2of3    | w1@10 w1@20             |        | -
    2of3    | w1@10 w1@20 w2@30       |        | 30 20
    2of3    | w1@10 w2@20 w1@30       |        | 20 10
    3of3    | w1@10 w1@11 w2@20 w2@21 |        | -

    # one of w1, w2 and one of w3, w4
    both    | w1@10 w2@20             |        | -
    both    | w3@10 w4@20             |        | -
    both    | w1@10 w3@20             |        | 20 10
    both    | w3@10 w1@20             |        | 20 10
    # w1 is not needed once w2 has signed: what is fresh is told by those who are needed
    both    | w1@10 w2@20 w3@30       |        | 30 20
    both    | w1@10 w2@20 w3@30 w4@40 |        | 30 20
    both    | w1@10 w3@20 w2@30 w4@40 |        | 20 10

    # w5, or both of the groups above: a group of groups and a witness
    nested  | w5@50                   |        | 50 50
    nested  | w1@10 w3@20 w5@50       |        | 20 10
    nested  | w5@5 w1@10 w3@20        |        | 5 5
    nested  | w1@10 w2@20             |        | -

    # a witness that a group names does not count for itself
    both    | w1@10                   |        | -
    w1      | w3@10 w4@20             |        | -

    # strangers, and the names of groups, sign nothing
    2of3    | w9@10 w1@20             |        | -
    2of3    | some@10 w1@20           |        | -
    2of3    | 2of3@10                 |        | -

    # the own cosigner never counts where a witness is asked for
    w1      |                         | own@10 | -
    2of3    | w1@10                   | own@20 | -
    2of3    | w1@10 w2@20             | own@5  | 20 10
    2of3    | w1@10 w2@20             | own@99 | 20 10

    # quorum none: the operator's word, and nobody else's
    none    |                         |        | -
    none    |                         | own@10 | 10 10
    none    | w1@5 w2@6 w3@7          |        | -
    none    | w1@5 w2@6 w3@7          | own@10 | 10 10

    # times are not compared with any clock here: a cosignature from the far future is one
    2of3    | w1@10 w2@9000000000     |        | 9000000000 10
    2of3    | w1@0 w2@0               |        | 0 0
";

/// A key that signs nothing here.
struct Key(SigningKey);

impl Signer for Key {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Ed25519
    }

    fn public_key_bytes(&self) -> Vec<u8> {
        self.0.verifying_key().to_bytes().to_vec()
    }

    fn sign(&self, _message: &[u8]) -> Result<[u8; 64], SignError> {
        Err(SignError::Unavailable("it is not asked for".to_owned()))
    }
}

fn trust(quorum: &str) -> Trust {
    let group = |name: &str, threshold, members: &[&str]| Group {
        name: name.to_owned(),
        threshold,
        members: members.iter().map(|member| (*member).to_owned()).collect(),
    };
    let mut builder = TrustBuilder::default();
    for number in 1..=5u8 {
        let name = format!("witness.example/w{number}").parse().unwrap();
        let key = Key(SigningKey::from_bytes(&[number; 32]));
        let vkey = VerifierKey::of_signer(name, SignatureType::CosignatureV1, &key).unwrap();
        let witness = Witness {
            name: format!("w{number}"),
            vkey: vkey.to_string(),
        };
        builder = builder.witness(&witness).unwrap();
    }
    for group in [
        group("1of3", 1, &["w1", "w2", "w3"]),
        group("2of3", 2, &["w1", "w2", "w3"]),
        group("3of3", 3, &["w1", "w2", "w3"]),
        group("west", 1, &["w1", "w2"]),
        group("east", 1, &["w3", "w4"]),
        group("both", 2, &["west", "east"]),
        group("nested", 1, &["w5", "both"]),
    ] {
        builder = builder.group(group).unwrap();
    }
    builder.quorum(quorum).unwrap()
}

fn time(seconds: &str) -> Timestamp {
    Timestamp::from_unix(seconds.parse().unwrap()).unwrap()
}

fn signed(cell: &str) -> Vec<(&str, Timestamp)> {
    let parts = cell.split_whitespace().map(|part| part.split_once('@').unwrap());
    parts.map(|(name, seconds)| (name, time(seconds))).collect()
}

#[test]
fn the_times_of_a_checkpoint_are_those_of_the_table() {
    let rows = TABLE
        .lines()
        .map(str::trim)
        .filter(|row| !row.is_empty() && !row.starts_with('#'));
    let mut judged = 0;
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [policy, cosigned, own, expected] = cells[..] else {
            panic!("{row}")
        };
        let own = signed(own).first().map(|(_, time)| *time);
        let expected = expected.split_once(' ').map(|(existed_by, fresh_at)| Times {
            existed_by: time(existed_by),
            fresh_at: time(fresh_at),
        });
        let trust = trust(policy);
        let cosigned = signed(cosigned);
        assert_eq!(trust.times(&cosigned, own), expected, "{row}");
        // In whatever order a note has its lines.
        let reversed: Vec<_> = cosigned.into_iter().rev().collect();
        assert_eq!(trust.times(&reversed, own), expected, "{row}, from behind");
        judged += 1;
    }
    assert_eq!(judged, TABLE.matches(" | ").count() / 3, "every row was judged");
}

#[test]
fn fresh_is_never_after_existed_and_both_are_somebodys_time() {
    let all = ["w1", "w2", "w3", "w4", "w5"];
    for policy in ["w1", "1of3", "2of3", "3of3", "both", "nested"] {
        let trust = trust(policy);
        for pattern in 0..3u32.pow(5) {
            let cosigned: Vec<(&str, Timestamp)> = all
                .iter()
                .enumerate()
                .filter_map(|(at, name)| match pattern / 3u32.pow(at as u32) % 3 {
                    0 => None,
                    time => Some((*name, Timestamp::from_unix(u64::from(10 * time + at as u32)).unwrap())),
                })
                .collect();
            let Some(times) = trust.times(&cosigned, None) else {
                continue;
            };
            assert!(times.fresh_at <= times.existed_by, "{policy} {cosigned:?}");
            for time in [times.fresh_at, times.existed_by] {
                assert!(
                    cosigned.iter().any(|(_, signed)| *signed == time),
                    "{policy} {cosigned:?}"
                );
            }
            // One more cosignature, later than all, changes nothing: what existed by then existed.
            let later = [cosigned.clone(), vec![("w1", time("1000"))]].concat();
            assert_eq!(trust.times(&later, None), Some(times), "{policy} {cosigned:?}");
        }
    }
}
