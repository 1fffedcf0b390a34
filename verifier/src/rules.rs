//! The brand's policy and register: files that are read again when they change.
//!
//! A file that makes no sense changes nothing: what was in force before stays, and the operator is told. At the start there is
//! nothing before, so there a policy that makes no sense keeps the verifier from starting.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use placet_kernel::decision::{MAX_REGISTER_BYTES, Policy, Register, RegisterError};
use placet_schemas::id::Did;
use placet_schemas::record::keys::ControllerKeys;

/// Longest policy file, in bytes.
const MAX_POLICY_BYTES: usize = 1024 * 1024;

/// Both files.
#[derive(Debug)]
pub(crate) struct Rules {
    policy_file: Option<PathBuf>,
    register_file: Option<PathBuf>,
    seen: Mutex<Seen>,
    /// Held from the look at a file until what it says is in force: of two who look, the later one must not be overtaken.
    pub(crate) turn: Mutex<()>,
}

#[derive(Debug, Default)]
struct Seen {
    policy: Option<Stamp>,
    register: Option<Stamp>,
    /// The signed register as it is in the file.
    token: Option<String>,
    /// By which keys it was last checked.
    keys: Option<ControllerKeys>,
    refused: bool,
}

/// By what a change of a file is noticed.
type Stamp = (Option<SystemTime>, u64);

/// What became of the register.
#[derive(Debug)]
pub(crate) enum Change {
    /// Nothing that has not been said before.
    None,
    /// Another one is in force.
    Register(Box<Register>),
    /// The one in the file does not hold.
    Refused(RegisterError),
}

impl Rules {
    /// Reads the policy, and gives it; the register waits for the brand's keys.
    pub(crate) fn open(
        policy_file: Option<PathBuf>,
        register_file: Option<PathBuf>,
    ) -> Result<(Self, Policy), (PathBuf, String)> {
        let mut policy = Policy::default();
        let mut seen = Seen::default();
        if let Some(path) = &policy_file {
            policy = read_policy(path).map_err(|why| (path.clone(), why))?;
            seen.policy = stamp(path);
        }
        if let Some(path) = &register_file {
            seen.token = Some(read(path, MAX_REGISTER_BYTES).map_err(|why| (path.clone(), why))?);
            seen.register = stamp(path);
        }
        let rules = Self {
            policy_file,
            register_file,
            seen: Mutex::new(seen),
            turn: Mutex::default(),
        };
        Ok((rules, policy))
    }

    /// Whether there is to be a register.
    pub(crate) const fn wants_register(&self) -> bool {
        self.register_file.is_some()
    }

    /// Reads the policy again if its file has changed; gives the new one, or why there is none.
    pub(crate) fn reload_policy(&self) -> Result<Option<Policy>, String> {
        let Some(path) = &self.policy_file else {
            return Ok(None);
        };
        let now = stamp(path);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // A file that is just being written anew is empty for a moment, and nobody meant to demand nothing.
        if now == seen.policy || now.is_some_and(|(_, length)| length == 0) {
            return Ok(None);
        }
        seen.policy = now;
        read_policy(path).map(Some)
    }

    /// Reads the register again if its file has changed, and checks it again if the brand's keys have.
    pub(crate) fn reload_register(&self, controller: &Did, keys: Option<&ControllerKeys>) -> Change {
        let Some(path) = &self.register_file else {
            return Change::None;
        };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = stamp(path);
        let mut changed = seen.keys.as_ref() != keys;
        if now != seen.register {
            seen.register = now;
            seen.token = read(path, MAX_REGISTER_BYTES).ok();
            changed = true;
        }
        let Some(keys) = keys.filter(|_| changed) else {
            return Change::None;
        };
        seen.keys = Some(keys.clone());
        let token = seen.token.clone().unwrap_or_default();
        match Register::open(token.trim(), controller, keys) {
            Ok(register) => {
                seen.refused = false;
                Change::Register(Box::new(register))
            }
            Err(error) => {
                seen.refused = true;
                Change::Refused(error)
            }
        }
    }

    /// Whether the register in the file was refused, and an earlier one may be in force.
    pub(crate) fn register_refused(&self) -> bool {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).refused
    }
}

fn read_policy(path: &Path) -> Result<Policy, String> {
    let text = read(path, MAX_POLICY_BYTES)?;
    toml::from_str(&text).map_err(|error| error.to_string().replace('\n', " "))
}

fn read(path: &Path, max: usize) -> Result<String, String> {
    let file = fs::File::open(path).map_err(|error| error.to_string())?;
    let mut text = String::new();
    let read = file
        .take(max as u64 + 1)
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    if read > max {
        Err(format!("it is longer than {max} bytes"))
    } else {
        Ok(text)
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok(), metadata.len()))
}
