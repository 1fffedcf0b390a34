//! A bundle of the kind that performance is measured with: a long chain in a log of 2^24 leaves.

use placet_kernel::trust::Trust;
use placet_schemas::time::Timestamp;

use crate::brand::Brand;
use crate::log::TestLog;
use crate::offer::{newsletter, offer};
use crate::p;
use crate::scene::{ORIGIN, Scene};
use crate::tree::Tree;

/// Leaves of the log that the bundle is of.
pub const LOG_SIZE: u64 = 1 << 24;
/// Bytes of each notice, at least.
pub const NOTICE_BYTES: usize = 8 * 1024;
/// Unknown leaves come in chunks of two to this.
const CHUNK: u8 = 10;

/// A bundle, whoever judges it, and what it costs at least.
#[derive(Debug)]
pub struct Sample {
    /// The bundle.
    pub bytes: Vec<u8>,
    /// What was pinned.
    pub trust: Trust,
    /// The judge's clock.
    pub now: Timestamp,
    /// How many Ed25519 signatures are in the bundle, all of which must be checked.
    pub signatures: usize,
}

/// A bundle of `records` records, at least 3: the brand's keys, its request, a grant, and as many further acts as fit, by
/// turns a renewal and an erasure request, spread evenly over the log. Each act of the person is anchored in another
/// checkpoint. Two checkpoints, three cosignatures each, both attested; a notice of 8 KiB in each of the languages that it was shown in.
///
/// # Panics
/// With fewer than 3 records, or more than a consent can have.
#[must_use]
pub fn sample_bundle(records: usize) -> Sample {
    assert!((3..=256).contains(&records), "3 to 256 records");
    let brand = Brand::cinema();
    let asked = offer(&[&brand], vec![newsletter()], NOTICE_BYTES);
    let mut scene = Scene::set(TestLog::with_tree(ORIGIN, Tree::new(CHUNK)), brand, asked);
    scene.checkpoints.clear();
    let acts = records - 2;
    let step = ((LOG_SIZE / (acts as u64 + 1)) >> CHUNK) << CHUNK;
    for act in 0..acts {
        let before = (act as u64 + 1) * step;
        scene.log.tree.grow(before);
        scene.seen = before;
        match act {
            0 => scene.grant_for(&[newsletter()], scene.clock.plus(p("P1Y"))),
            _ if act % 2 == 1 => scene.renew(scene.clock.plus(p("P1Y"))),
            _ => scene.erase(),
        };
    }
    scene.log.tree.grow(LOG_SIZE - (1 << CHUNK));
    scene.publish();
    scene.log.tree.grow(LOG_SIZE);
    scene.publish();
    if acts == 1 {
        // The renewals are in German, and only what was shown is in a bundle.
        scene.notices.truncate(1);
    }
    let bytes = scene.evidence().to_bytes().unwrap();
    Sample {
        trust: scene.trust(),
        now: scene.clock,
        signatures: records + scene.checkpoints.len() * (1 + scene.witnesses.len()) + 2,
        bytes,
    }
}
