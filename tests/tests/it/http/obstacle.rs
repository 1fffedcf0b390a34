//! What makes a ledger fail or wait while it is being called.

use std::sync::{Condvar, Mutex};

use placet_ledger::{Fate, Step, Watcher, When};

/// Stands in the way of one step of a commit, as long as a test wants it to.
#[derive(Debug, Default)]
pub(super) struct Obstacle {
    step: Mutex<Option<(Step, Way)>>,
    gone: Condvar,
}

/// What a step meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// It reports an error each time, before it has done anything.
    Fails,
    /// It does not go on. For steps of the writer only, which has a thread of its own.
    Waits,
}

impl Obstacle {
    pub(super) fn set(&self, step: Step, way: Way) {
        *self.step.lock().unwrap() = Some((step, way));
    }

    pub(super) fn clear(&self) {
        *self.step.lock().unwrap() = None;
        self.gone.notify_all();
    }
}

impl Watcher for Obstacle {
    fn reached(&self, step: Step, when: When) -> Fate {
        let standing = self.step.lock().unwrap();
        match *standing {
            Some((at, way)) if at == step && when == When::Before => {
                if way == Way::Fails {
                    return Fate::Fail;
                }
                drop(self.gone.wait_while(standing, |step| step.is_some()).unwrap());
                Fate::Live
            }
            _ => Fate::Live,
        }
    }
}
