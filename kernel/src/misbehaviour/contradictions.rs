//! Why statements that are all signed cannot all be true. No signature is looked at here, and nothing is missing any more:
//! the answer is yes or no.
//!
//! What an honest log may sign at any time, and must not be accused for: the same tree twice, with other times or other
//! cosignatures; heads of a feed that did not change; an acknowledgement that is newer than a head; attestations before and
//! after an event.

use placet_schemas::id::Digest;
use placet_schemas::json::FaultCode;
use placet_schemas::record::CanonicalRecord;
use placet_schemas::statement::{Acknowledgement, FeedHead};

use super::accusation::{Claim, Difference, Event, FeedDifference, Gap, LastEvent, LeafProof, Opening, Statement};
use super::judge::Tree;
use super::report::Objection;
use crate::merkle::{self, Hash, MerkleError};

/// Where something is objected to, and what.
type Refused = (&'static str, Objection);

/// Gives the contradiction in a sentence. `trees` are those that the claim's statements name, in their order.
pub(super) fn check(claim: &Claim, trees: &[Tree]) -> Result<String, Refused> {
    match (claim, trees) {
        (Claim::Fork { ground, .. }, [first, second]) => differ(ground, *first, *second, "tree"),
        (Claim::FeedFork { heads, ground }, [..]) => {
            let [first, second] = heads.each_ref().map(|head| &head.statement);
            feed_fork(first, second, ground)
        }
        (
            Claim::AcknowledgementAgainstHead {
                acknowledgement,
                head,
                ground,
            },
            [..],
        ) => gap(&acknowledgement.statement, &head.statement, ground),
        (Claim::AttestationAgainstEvent { attestation, event }, [own, others @ ..]) => {
            let last = attestation
                .last_event()
                .ok_or(("/statements/0", Objection::OtherConsent))?;
            match event.as_ref() {
                Event::Stated(statement) => stated(last, statement),
                Event::Opened { opening, .. } => opened(last, opening, *others.first().unwrap_or(own)),
            }
        }
        _ => Err(("/statements", Objection::NoContradiction("too few statements"))),
    }
}

fn feed_fork(first: &FeedHead, second: &FeedHead, ground: &FeedDifference) -> Result<String, Refused> {
    if first.controller != second.controller {
        return Err(("/statements/1", Objection::OtherController));
    }
    match ground {
        FeedDifference::Tree(ground) => differ(ground, feed(first), feed(second), "feed"),
        FeedDifference::Shrunk if first.size > second.size => {
            let why = "the head with fewer items is of a smaller log, as it should be";
            Err(("/statements", Objection::NoContradiction(why)))
        }
        FeedDifference::Shrunk if first.feed_size <= second.feed_size => {
            let why = "the second head has as many items as the first, or more";
            Err(("/statements", Objection::NoContradiction(why)))
        }
        FeedDifference::Shrunk => Ok(format!(
            "a feed never shrinks: it had {} items when the log had {} leaves, and {} when the log had {}",
            first.feed_size, first.size, second.feed_size, second.size
        )),
    }
}

/// Two trees that are not of one growing tree.
fn differ(ground: &Difference, first: Tree, second: Tree, what: &str) -> Result<String, Refused> {
    match ground {
        Difference::Prefix { root, consistency } => {
            if first.size > second.size {
                return Err(("/statements", Objection::Order("the smaller tree stands first")));
            }
            // The proof binds `root` to the second tree (RFC 9162 section 2.1.4.2): of its first leaves no other root can be
            // shown. So whoever signed another one for them signed two histories.
            merkle::verify_append(first.size, root, second.size, &second.root, consistency)
                .map_err(|error| refused("/ground", error))?;
            if *root == first.root {
                let why = "the larger tree begins with the smaller one, as it should";
                return Err(("/ground", Objection::NoContradiction(why)));
            }
            Ok(format!(
                "a {what} only grows: its first {} leaves have the root {} by the first statement, {root} by the second",
                first.size, first.root
            ))
        }
        Difference::Leaf { index, leaves } => {
            for (leaf, tree) in leaves.iter().zip([first, second]) {
                included(leaf, *index, tree)?;
            }
            let [one, other] = leaves.each_ref().map(|leaf| leaf.leaf_hash);
            if one == other {
                let why = "both have the same leaf at that place";
                return Err(("/ground/leaves", Objection::NoContradiction(why)));
            }
            Ok(format!(
                "a {what} only grows: its leaf {index} is {one} by the first statement, {other} by the second"
            ))
        }
    }
}

fn gap(acknowledged: &Acknowledgement, head: &FeedHead, ground: &Gap) -> Result<String, Refused> {
    if acknowledged.controller != head.controller {
        return Err(("/statements/1", Objection::OtherController));
    }
    if head.size < acknowledged.size {
        // The item may have come after the head.
        let why = "the head is of a smaller tree than the acknowledgement, so it need not have the item";
        return Err(("/statements", Objection::NoContradiction(why)));
    }
    let Acknowledgement { seq, leaf_hash, .. } = acknowledged;
    match ground {
        Gap::Missing if head.feed_size > *seq => {
            let why = "the feed has an item at that place";
            Err(("/statements", Objection::NoContradiction(why)))
        }
        Gap::Missing => Ok(format!(
            "item {seq} of the feed was acknowledged, and the feed of the same or a larger log has only {} items",
            head.feed_size
        )),
        Gap::Swapped(leaf) => {
            included(leaf, *seq, feed(head))?;
            if leaf.leaf_hash.as_bytes() == leaf_hash.as_bytes() {
                return Err((
                    "/ground",
                    Objection::NoContradiction("the feed has the acknowledged item"),
                ));
            }
            Ok(format!(
                "item {seq} of the feed was acknowledged as {leaf_hash}, and the feed has {} there",
                leaf.leaf_hash
            ))
        }
    }
}

/// Against another acknowledgement or attestation, which name up to two events.
fn stated(last: LastEvent, statement: &Statement) -> Result<String, Refused> {
    let other = statement.last_event().filter(|other| other.consent == last.consent);
    let other = other.ok_or(("/statements/1", Objection::OtherConsent))?;
    let mut events = vec![(other.index, Some(other.digest))];
    if let Statement::Acknowledgement(signed) = statement
        && signed.statement.index != other.index
    {
        // Of the acknowledged record itself an acknowledgement says only the place, unless it is the last event as well.
        events.push((signed.statement.index, None));
    }
    let found = events
        .into_iter()
        .find_map(|(index, digest)| denies(last, index, digest))
        .or_else(|| miscounts(last, other));
    found.ok_or((
        "/statements",
        Objection::NoContradiction("both can be true: no event is named that the other denies"),
    ))
}

/// Against a record in a signed tree. Nobody can make two records of one leaf, so whoever signed the tree logged this one.
fn opened(last: LastEvent, opening: &Opening, tree: Tree) -> Result<String, Refused> {
    let record = CanonicalRecord::parse(&opening.record).map_err(|fault| {
        let objection = match fault.code {
            FaultCode::UnsupportedVersion => Objection::UnsupportedVersion(fault.message),
            _ => Objection::RecordMalformed(fault.to_string()),
        };
        ("/ground/record", objection)
    })?;
    let digest = record.record.digest();
    let leaf = LeafProof {
        leaf_hash: merkle::leaf_hash(&opening.salt.leaf(&digest)),
        proof: opening.proof.clone(),
    };
    included(&leaf, opening.index, tree)?;
    let same_consent = record.record.consent() == Some(last.consent);
    // At the place of the last event any other record contradicts, whatever it is about.
    if !same_consent && opening.index != last.index {
        return Err(("/ground/record", Objection::OtherConsent));
    }
    let denied = denies(last, opening.index, Some(digest)).or_else(|| skips(last, opening.index, digest));
    denied.ok_or((
        "/ground",
        Objection::NoContradiction("the record is not one that the attestation denies"),
    ))
}

/// Why an event of the consent at this place, with this digest where it is known, cannot be when `last` is its last event.
fn denies(last: LastEvent, index: u64, digest: Option<Digest>) -> Option<String> {
    let LastEvent { consent, size, .. } = last;
    if last.index < index && index < size {
        return Some(format!(
            "the consent {consent} has an event at index {index}, and its last event below size {size} is said to be at {}",
            last.index
        ));
    }
    match digest {
        Some(digest) if index == last.index && digest != last.digest => {
            return Some(format!(
                "two records are said to be at index {index}: {} and {digest}",
                last.digest
            ));
        }
        // A record is identified by its digest, and one that comes again gets its first place (RFC 6962 knows no such rule;
        // this log does). A grant that is logged again would undo a withdrawal.
        Some(digest) if index != last.index && digest == last.digest => {
            return Some(format!(
                "one record, {digest}, is said to be at index {index} and at {}",
                last.index
            ));
        }
        _ => {}
    }
    // A consent's id is its grant's digest, and a grant is its first event.
    (last.digest == consent && index < last.index).then(|| {
        format!(
            "the consent {consent} has an event at index {index}, before its own grant, which is said to be at {}",
            last.index
        )
    })
}

/// Why a consent cannot have as many events as two statements say. Neither denies the other's last event, so whatever the one
/// with the later last event has more of lies between the other's size and that event, and that event itself does if it is
/// not the same one. So an event that was said to be the last can be found out to be left out behind a later one.
fn miscounts(one: LastEvent, other: LastEvent) -> Option<String> {
    // Of two with the same last event, each is the earlier one in its turn.
    let pairs = [(one, other), (other, one)];
    pairs.into_iter().find_map(|(earlier, later)| {
        if later.index < earlier.index {
            return None;
        }
        let between = later.index.saturating_add(1).saturating_sub(earlier.size);
        let at_least = earlier.at_least.saturating_add(u64::from(between > 0));
        let at_most = earlier.at_most.map(|most| most.saturating_add(between));
        let impossible =
            later.at_most.is_some_and(|most| most < at_least) || at_most.is_some_and(|most| later.at_least > most);
        impossible.then(|| {
            format!(
                "the consent {} cannot have so many events both below size {} and below size {}",
                one.consent, earlier.size, later.size
            )
        })
    })
}

/// Why an event before the last one, which is not the grant, cannot be there when there are no more than these two.
fn skips(last: LastEvent, index: u64, digest: Digest) -> Option<String> {
    let between = index < last.index && digest != last.consent;
    (between && last.at_most.is_some_and(|most| most < 3)).then(|| {
        format!(
            "the consent {} has an event at index {index} besides its grant and the last one, and is said to have no more than {} events",
            last.consent,
            last.at_most.unwrap_or_default()
        )
    })
}

fn included(leaf: &LeafProof, index: u64, tree: Tree) -> Result<(), Refused> {
    merkle::verify_inclusion(&leaf.leaf_hash, index, tree.size, &leaf.proof, &tree.root)
        .map_err(|error| refused("/ground", error))
}

fn refused(place: &'static str, error: MerkleError) -> Refused {
    (place, Objection::ProofInvalid(error.to_string()))
}

/// A feed is a tree of its own.
const fn feed(head: &FeedHead) -> Tree {
    Tree {
        size: head.feed_size,
        root: Hash::new(*head.feed_root.as_bytes()),
    }
}
