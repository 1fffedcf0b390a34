//! Running this program's own commands, as a person at a shell would.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::system;

/// What every variable of this program starts with; none of the caller's own may lead the demo astray.
const OWN_VARIABLES: &str = "PLACET_";
/// Longest argument that is shown whole.
const SHOWN: usize = 44;
/// How much of a longer one is shown.
const SHOWN_OF_LONG: usize = 26;

/// How commands are run: this executable, in one folder, with these variables.
#[derive(Debug, Clone)]
pub(super) struct Shell {
    exe: PathBuf,
    dir: PathBuf,
    variables: Vec<(&'static str, String)>,
}

/// What a command did.
#[derive(Debug)]
pub(super) struct Ran {
    /// Its exit status.
    pub(super) code: i32,
    /// What it printed.
    pub(super) stdout: String,
    /// What it complained of.
    pub(super) stderr: String,
    /// How long it took, its own start included.
    pub(super) took: Duration,
    line: String,
}

impl Shell {
    /// A shell in a folder.
    pub(super) fn new(dir: &Path) -> Result<Self> {
        Ok(Self {
            exe: env::current_exe().context("cannot find this program's own file")?,
            dir: dir.to_owned(),
            variables: Vec::new(),
        })
    }

    /// The same with one more variable.
    pub(super) fn with(&self, name: &'static str, value: impl Into<String>) -> Self {
        let mut shell = self.clone();
        shell.variables.retain(|(other, _)| *other != name);
        shell.variables.push((name, value.into()));
        shell
    }

    /// The command, ready to be started.
    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.exe);
        self.prepare(&mut command, args);
        command
    }

    /// Runs a command to its end.
    pub(super) fn run(&self, args: &[&str]) -> Result<Ran> {
        run(self.command(args), shown("placet", args))
    }

    /// Runs a command where there is no network: in a network namespace of its own, which has no interface but an
    /// unconfigured loopback. `None` when this machine does not let an ordinary person make one.
    pub(super) fn run_without_network(&self, args: &[&str]) -> Result<Option<Ran>> {
        const ALONE: [&str; 2] = ["unshare", "-rn"];
        let possible = Command::new(ALONE[0])
            .args([ALONE[1], "true"])
            .stderr(Stdio::null())
            .status();
        if !possible.is_ok_and(|status| status.success()) {
            return Ok(None);
        }
        let mut command = Command::new(ALONE[0]);
        command.arg(ALONE[1]).arg(&self.exe);
        self.prepare(&mut command, args);
        run(command, shown("unshare -rn placet", args)).map(Some)
    }

    fn prepare(&self, command: &mut Command, args: &[&str]) {
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with(OWN_VARIABLES) {
                command.env_remove(name);
            }
        }
        let variables = self.variables.iter().map(|(name, value)| (name, value));
        command
            .args(args)
            .envs(variables)
            .current_dir(&self.dir)
            .stdin(Stdio::null());
    }
}

impl Ran {
    /// The command as a person would type it.
    pub(super) fn line(&self) -> &str {
        &self.line
    }

    /// Checks that it succeeded.
    pub(super) fn ok(self) -> Result<Self> {
        if self.code != 0 {
            bail!("`{}` ended with {}: {}", self.line, self.code, self.stderr.trim());
        }
        Ok(self)
    }

    /// The JSON that it printed.
    pub(super) fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.stdout).with_context(|| format!("`{}` printed no JSON", self.line))
    }

    /// One text of the JSON that it printed, by its pointer.
    pub(super) fn text(&self, pointer: &str) -> Result<String> {
        text(&self.json()?, pointer).with_context(|| format!("`{}` did not say {pointer}", self.line))
    }

    /// One number of the JSON that it printed.
    pub(super) fn number(&self, pointer: &str) -> Result<u64> {
        let json = self.json()?;
        let number = json.pointer(pointer).and_then(Value::as_u64);
        number.with_context(|| format!("`{}` did not say {pointer}", self.line))
    }
}

/// One text of a JSON value.
pub(super) fn text(value: &Value, pointer: &str) -> Result<String> {
    let text = value.pointer(pointer).and_then(Value::as_str);
    Ok(text
        .with_context(|| format!("there is no text at {pointer}"))?
        .to_owned())
}

fn run(mut command: Command, line: String) -> Result<Ran> {
    let start = system::instant();
    let output = command.output().with_context(|| format!("cannot run `{line}`"))?;
    Ok(Ran {
        // A command that a signal ended has no status of its own.
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        took: start.elapsed(),
        line,
    })
}

/// The command line for a reader: without what only programs need, and long words cut.
fn shown(program: &str, args: &[&str]) -> String {
    let mut line = program.to_owned();
    for arg in args.iter().filter(|arg| **arg != "--json") {
        let length = arg.chars().count();
        let word: String = if length > SHOWN {
            arg.chars().take(SHOWN_OF_LONG).chain(['…']).collect()
        } else {
            (*arg).to_owned()
        };
        let quote = if word.contains([' ', '*', '#']) { "'" } else { "" };
        line.push_str(&format!(" {quote}{word}{quote}"));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_command_can_be_read() {
        let long = "0123456789".repeat(6);
        assert_eq!(
            shown("placet", &["wallet", "narrow", &long, "--remove", "clause 3", "--json"]),
            "placet wallet narrow 01234567890123456789012345… --remove 'clause 3'"
        );
    }
}
