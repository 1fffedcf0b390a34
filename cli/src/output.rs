//! The only place that prints: text for people, or one JSON document with `--json`.
//!
//! Whatever is printed for people may hold text that a stranger wrote. Control characters and direction overrides in it
//! are shown as escapes, so that no file and no server can move the cursor or turn a sentence around.

use std::cell::Cell;
use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};

use anyhow::{Context as _, Result};
use serde::Serialize;

/// Where results go.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    /// The reader has gone (`placet … | head`): the rest is not wanted, and that is no error.
    closed: Cell<bool>,
}

impl Output {
    /// Text for people, or JSON.
    pub(crate) const fn new(json: bool) -> Self {
        Self {
            json,
            closed: Cell::new(false),
        }
    }

    /// One result: as JSON, or as `human` says it.
    pub(crate) fn result<T: Serialize>(&self, value: &T, human: impl FnOnce(&T) -> String) -> Result<()> {
        let text = if self.json {
            serde_json::to_string_pretty(value).context("the result has no JSON form")?
        } else {
            clean(human(value).trim_end())
        };
        self.write(&text)
    }

    /// A line for people; nothing with `--json`.
    pub(crate) fn line(&self, text: impl Display) -> Result<()> {
        if self.json {
            Ok(())
        } else {
            self.write(&clean(&text.to_string()))
        }
    }

    /// A line with colours of the program's own; all in it that a stranger wrote has gone through [`clean`] before. Nothing
    /// with `--json`.
    pub(crate) fn styled(&self, text: &str) -> Result<()> {
        if self.json { Ok(()) } else { self.write(text) }
    }

    fn write(&self, text: &str) -> Result<()> {
        if self.closed.get() {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        match writeln!(out, "{text}").and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.closed.set(true),
            written => written.context("cannot write the result")?,
        }
        Ok(())
    }
}

/// Whether colours are wanted: at a terminal, and only if nobody objects (no-color.org).
pub(crate) fn colours() -> bool {
    let objects = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stdout().is_terminal() && !objects
}

/// One line on standard error. There is nobody left to tell when that fails.
pub(crate) fn complain(text: &str) {
    let line = clean(text).replace('\n', " ");
    drop(writeln!(io::stderr().lock(), "placet: {line}"));
}

/// An error and what led to it, in one sentence. Some errors repeat their cause in their own text; it is said once.
pub(crate) fn sentence(error: &anyhow::Error) -> String {
    let mut sentence = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if sentence.is_empty() {
            sentence = cause;
        } else if !sentence.ends_with(&cause) {
            sentence.push_str(": ");
            sentence.push_str(&cause);
        }
    }
    sentence
}

/// Text without anything that a terminal would obey.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Rows under headings, each column as wide as its widest cell.
pub(crate) fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let width = |at: usize| {
        let cells = rows.iter().map(|row| row[at].chars().count());
        cells.chain([headings[at].chars().count()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut out = String::new();
    for row in core::iter::once(headings.map(str::to_owned)).chain(rows.iter().cloned()) {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        out.push_str(cells.join("  ").trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_printed_can_command_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\u{202e}c\nd\r"), "a\\u{1b}[2Jb\\u{202e}c\nd\\u{d}");
    }

    #[test]
    fn a_cause_is_said_once() {
        let error = anyhow::anyhow!("disk full")
            .context("no log: disk full")
            .context("cannot start");
        assert_eq!(sentence(&error), "cannot start: no log: disk full");
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["ü".to_owned(), "x".to_owned()], ["long".to_owned(), String::new()]];
        assert_eq!(table(["a", "b"], &rows), "a     b\nü     x\nlong\n");
    }
}
