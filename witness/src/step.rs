//! The named steps of an answer, and who may watch them: how tests make a witness fail at any of them.

use std::fmt::Debug;

/// What changes something that outlives the process, or leaves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Both notes of a fork become durable.
    Evidence,
    /// The new head becomes durable: **the commit point**.
    Head,
}

/// Which side of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum When {
    /// Nothing of the step has happened: what fails here is lost.
    Before,
    /// All of it has happened: what fails here is persisted, but whoever asked for it sees an error.
    After,
}

/// What a watcher makes of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fate {
    /// Go on.
    Live,
    /// The step reports an error, and nothing more is done for this call, as if the process had ended here.
    Fail,
}

/// Sees each step before and after it happens.
pub trait Watcher: Send + Sync + Debug {
    /// The step is reached.
    fn reached(&self, step: Step, when: When) -> Fate;
}

/// Lets everything live.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watcher for Unwatched {
    fn reached(&self, _: Step, _: When) -> Fate {
        Fate::Live
    }
}
