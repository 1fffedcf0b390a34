//! What befalls the ledger.

use std::time::Duration;

use placet_ledger::{Step, When};

use super::node::Node;
use super::world::World;

/// Steps of a commit at which the ledger may die.
const STEPS: [Step; 6] = [
    Step::Keyring,
    Step::Main,
    Step::HeadFile,
    Step::Answer,
    Step::Tiles,
    Step::Publish,
];

impl World {
    pub(super) fn restart(&mut self, kill: bool, after: u64) {
        self.node.stop(kill);
        self.lead_lost();
        self.pass(after);
        self.revive();
        self.watch.count("restarts", 1);
    }

    /// The ledger is gone; who was led to it is led to nobody.
    pub(super) fn lead_lost(&self) {
        let away = self.copy.as_ref().and_then(Node::address);
        for seat in self.seats.iter().filter(|seat| !(seat.misled && away.is_some())) {
            seat.line.lead_to(None);
        }
    }

    pub(super) fn revive(&mut self) {
        self.node.start();
        let address = self.node.address();
        for seat in self.seats.iter().filter(|seat| !seat.misled) {
            seat.line.lead_to(address);
        }
    }

    pub(super) fn die(&mut self, step: usize, after: bool) {
        let when = if after { When::After } else { When::Before };
        self.node.plan_death(STEPS[step % STEPS.len()], when);
        self.grant(false, step, step, 2, false);
        // A step after the answer may still be on its way.
        std::thread::sleep(Duration::from_millis(2));
        self.node.stop(true);
        self.node.unplan();
        self.revive();
        // Who got no answer sends the same bytes again.
        let Some((bytes, index)) = self.sent.last().cloned() else {
            return;
        };
        if let (Some(Ok(again)), Some(index)) = (self.node.submit(&bytes), index) {
            assert_eq!(again.index, index, "what was acknowledged is there after a crash");
        }
        self.watch.count("deaths", 1);
    }

    pub(super) fn fork(&mut self, verifier: usize) {
        if self.copy.is_some() || self.seats[verifier].verifier().is_none() {
            return;
        }
        self.node.learn(&self.house.brand.did);
        self.node.stop(false);
        let copy = self.node.copy(self.dir.path().join("copy"), &self.time);
        self.revive();
        self.seats[verifier].misled = true;
        self.seats[verifier].line.lead_to(copy.address());
        self.copy = Some(copy);
        self.watch.count("forks", 1);
    }
}
