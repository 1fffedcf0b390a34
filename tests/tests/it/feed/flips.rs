//! A page that was changed in one bit is refused, or says what it said.

use std::thread;

use placet_kernel::feed::Follower;
use placet_schemas::api::FeedAnswer;
use placet_schemas::json;
use placet_wallet::acknowledgement::LogTrust;

use super::log::Log;

const LIMIT: usize = 1 << 20;

/// A page as it comes from the network.
fn parsed(bytes: &[u8]) -> Option<FeedAnswer> {
    let document = json::parse(bytes, LIMIT).ok()?;
    json::decode(document.root()).ok()
}

fn after(follower: &Follower, page: &FeedAnswer, trust: &LogTrust) -> Option<(Follower, placet_kernel::feed::Step)> {
    let mut after = follower.clone();
    let step = after.take(page, trust.feed_keys()).ok()?;
    Some((after, step))
}

#[test]
fn no_flipped_bit_of_a_page_makes_it_say_anything_else() {
    let mut log = Log::new();
    log.own("one");
    log.other();
    let lost = log.own("two");
    log.other();
    log.other();
    let (follower, _) = log.followed(3);
    log.own("three");
    let gone = log.own("four");
    log.destroy(&[lost, gone]);
    let trust = log.trust();
    let page = log.page(follower.cursor(), 9, log.size());
    assert!(page.consistency.is_some() && page.items.len() == 3 && page.items[1].destroyed.is_some());
    let bytes = json::to_jcs(&page).unwrap();
    let honest = after(&follower, &parsed(&bytes).unwrap(), &trust).unwrap();
    assert!(honest.1.complete);
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    thread::scope(|scope| {
        for first in 0..threads {
            let (follower, trust, bytes, honest) = (&follower, &trust, &bytes, &honest);
            scope.spawn(move || {
                let mut bytes = bytes.clone();
                for at in (first..bytes.len()).step_by(threads) {
                    for bit in 0..8 {
                        bytes[at] ^= 1 << bit;
                        if let Some(taken) = parsed(&bytes).and_then(|page| after(follower, &page, trust)) {
                            assert_eq!(&taken, honest, "bit {bit} of byte {at}");
                        }
                        bytes[at] ^= 1 << bit;
                    }
                }
            });
        }
    });
}
