//! The named steps of a commit, of a destruction and of a backup, and who may watch them: how tests make a ledger fail or
//! die at any of them.

use std::fmt::Debug;

/// What a commit does, in order; then what a destruction does; then what a backup does. Each step changes something that outlives the process, so a
/// crash between any two of them is a case of its own: see [`crate`] for what each means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// The keyring rows of the batch become durable.
    Keyring,
    /// The main transaction becomes durable: **the commit point**.
    Main,
    /// The head file becomes durable.
    HeadFile,
    /// The callers get their answers.
    Answer,
    /// Tiles and entry bundles are written.
    Tiles,
    /// The checkpoint file is replaced.
    Publish,
    /// Keyring rows without a record are removed, after a commit that failed or at start.
    Sweep,
    /// A cosignature of a witness is kept.
    Cosigned,
    /// A withdrawal that cannot be recorded now is kept.
    Receive,
    /// Of a destruction: what opens the records, and every look-up, is removed from the keyring.
    DestroyKeys,
    /// Of a destruction: sealed texts, answers and state are removed.
    DestroyTexts,
    /// Of a destruction: the files are cleared of what was removed from them.
    ClearFiles,
    /// Of a backup: the main database is copied, under a name that nobody takes for a copy.
    CopyMain,
    /// Of a backup: the keyring is copied likewise.
    CopyKeyring,
    /// Of a backup: what the copied keyring has beyond the copied main database is cut off.
    CutKeyring,
    /// Of a backup: the copy of the main database is made durable and gets its name.
    NameMain,
    /// Of a backup: the same for the keyring. Now the backup is there.
    NameKeyring,
}

impl Step {
    /// All steps, in order.
    pub const ALL: [Self; 17] = [
        Self::Keyring,
        Self::Main,
        Self::HeadFile,
        Self::Answer,
        Self::Tiles,
        Self::Publish,
        Self::Sweep,
        Self::Cosigned,
        Self::Receive,
        Self::DestroyKeys,
        Self::DestroyTexts,
        Self::ClearFiles,
        Self::CopyMain,
        Self::CopyKeyring,
        Self::CutKeyring,
        Self::NameMain,
        Self::NameKeyring,
    ];
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
    /// The step reports an error.
    Fail,
    /// The process is taken to be dead: nothing more is done, not even cleaning up.
    Die,
}

/// Sees each step before and after it happens.
pub trait Watcher: Send + Sync + Debug {
    /// The step is reached. Runs on the writer: it must not block for long.
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
