//! The narrator: plain words, one line for each thing that was done, with the time it took.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde::Serialize;
use tokio::sync::watch;

use crate::output::{self, Output, clean};

/// Columns of a line.
const WIDTH: usize = 96;
/// Columns that a time takes at the right.
const TIME: usize = 10;
const INDENT: usize = 3;
/// Columns of what something else printed.
const QUOTED: usize = WIDTH - INDENT - 4;

/// Colours, as a terminal takes them (ECMA-48 SGR).
#[derive(Clone, Copy)]
enum Ink {
    Bold,
    Dim,
    Green,
    Yellow,
    Cyan,
}

impl Ink {
    const fn code(self) -> &'static str {
        match self {
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Green => "32",
            Self::Yellow => "33",
            Self::Cyan => "36",
        }
    }
}

/// One thing that was done, for the summary.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    act: String,
    what: String,
    outcome: String,
    milliseconds: u64,
}

/// Tells the story and remembers it.
pub(super) struct Teller<'a> {
    out: &'a Output,
    /// Whether to tell no more.
    stop: watch::Receiver<bool>,
    colours: bool,
    act: String,
    acts: usize,
    steps: Vec<Step>,
}

impl<'a> Teller<'a> {
    /// A narrator; in colours only at a terminal, and only if nobody objects (no-color.org).
    pub(super) fn new(out: &'a Output, stop: watch::Receiver<bool>) -> Self {
        Self {
            out,
            stop,
            colours: output::colours(),
            act: String::new(),
            acts: 0,
            steps: Vec::new(),
        }
    }

    /// What was done.
    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The title, and where everything is.
    pub(super) fn title(&self, title: &str, dir: &Path) -> Result<()> {
        self.print(&[(title, Ink::Bold)])?;
        self.print(&[(&format!("{:INDENT$}everything is in {}", "", dir.display()), Ink::Dim)])
    }

    /// A new act.
    pub(super) fn act(&mut self, title: &str) -> Result<()> {
        self.acts += 1;
        title.clone_into(&mut self.act);
        self.out.styled("")?;
        self.print(&[(&format!("{:<INDENT$}", self.acts), Ink::Bold), (title, Ink::Bold)])
    }

    /// A sentence or two.
    pub(super) fn say(&self, text: &str) -> Result<()> {
        for line in wrapped(text, WIDTH - INDENT) {
            self.out.styled(&format!("{:INDENT$}{}", "", clean(&line)))?;
        }
        Ok(())
    }

    /// A command that is being run.
    pub(super) fn command(&self, line: &str) -> Result<()> {
        let lines = wrapped(line, WIDTH - INDENT - 4);
        for (at, line) in lines.iter().enumerate() {
            let start = if at == 0 { "$ " } else { "    " };
            let end = if at + 1 == lines.len() { "" } else { " \\" };
            self.print(&[(&format!("{:INDENT$}{start}{line}{end}", ""), Ink::Cyan)])?;
        }
        Ok(())
    }

    /// Lines that something else printed.
    pub(super) fn quote<T: AsRef<str>>(&self, lines: impl IntoIterator<Item = T>) -> Result<()> {
        for line in lines {
            let line = line.as_ref();
            // What fits stays as it is, its spaces too.
            let lines = match line.chars().count() > QUOTED {
                true => wrapped(line, QUOTED),
                false => vec![line.to_owned()],
            };
            for line in lines {
                self.print(&[(&format!("{:INDENT$}  │ {line}", ""), Ink::Dim)])?;
            }
        }
        Ok(())
    }

    /// Something came out as it should. `outcome` is a word or two for the summary.
    pub(super) fn done(&mut self, what: &str, outcome: &str, took: Duration) -> Result<()> {
        self.step("✓", Ink::Green, what, outcome, took)
    }

    /// An attack came to nothing, as it should. `outcome` says how.
    pub(super) fn repelled(&mut self, what: &str, outcome: &str, took: Duration) -> Result<()> {
        self.step("■", Ink::Yellow, what, outcome, took)
    }

    /// A picture.
    pub(super) fn picture(&self, lines: &[String]) -> Result<()> {
        self.out.styled("")?;
        for line in lines {
            self.out.styled(&format!("{:INDENT$}{}", "", clean(line)))?;
        }
        Ok(())
    }

    /// All that was done, in a table.
    pub(super) fn summary(&self) -> Result<()> {
        self.out.styled("")?;
        self.print(&[("What was done", Ink::Bold)])?;
        let width = self
            .steps
            .iter()
            .map(|step| step.what.chars().count())
            .max()
            .unwrap_or_default();
        let width = width.min(WIDTH - TIME - INDENT - 30);
        let mut act = "";
        for step in &self.steps {
            if step.act != act {
                act = &step.act;
                self.print(&[(&format!("{:INDENT$}{act}", ""), Ink::Bold)])?;
            }
            let what = cut(&step.what, width);
            let space = WIDTH - TIME - INDENT - 2 - width - 2;
            let outcome = cut(&step.outcome, space);
            let line = format!("{:INDENT$}  {what:<width$}  {outcome:<space$}", "");
            self.timed(&[(&line, None)], Duration::from_millis(step.milliseconds))?;
        }
        Ok(())
    }

    /// What there is to see while the node goes on.
    pub(super) fn serving(&self, url: &str) -> Result<()> {
        self.out.styled("")?;
        self.say("The node goes on until Ctrl-C. What there is to see:")?;
        for (path, what) in [
            ("/docs/", "the HTTP interface, to try out"),
            ("/v1/log", "the log's name, keys and limits"),
            ("/log/checkpoint", "its signed tree head, for any tlog-tiles client"),
            ("/v1/controllers", "the registered brands"),
            ("/log/public/0", "the first public record"),
            ("/metrics", "what it counts"),
        ] {
            self.out
                .styled(&format!("{:INDENT$}  {:<42} {what}", "", format!("{url}{path}")))?;
        }
        Ok(())
    }

    /// An interrupted story ends at its next line, as with any fault, and takes its node with it.
    fn go_on(&self) -> Result<()> {
        ensure!(!*self.stop.borrow(), "interrupted: the story was not told to its end");
        Ok(())
    }

    fn step(&mut self, mark: &str, ink: Ink, what: &str, outcome: &str, took: Duration) -> Result<()> {
        self.go_on()?;
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let lines = wrapped(&format!("{what}: {outcome}"), WIDTH - TIME - INDENT - 2);
        for (at, line) in lines.iter().enumerate() {
            let mark = if at == 0 { mark } else { " " };
            let parts = [(format!("{:INDENT$}{mark} ", ""), Some(ink)), (line.clone(), None)];
            let parts: Vec<(&str, Option<Ink>)> = parts.iter().map(|(text, ink)| (text.as_str(), *ink)).collect();
            if at + 1 == lines.len() {
                self.timed(&parts, took)?;
            } else {
                self.out.styled(&self.inked(&parts))?;
            }
        }
        self.steps.push(Step {
            act: self.act.clone(),
            what: what.to_owned(),
            outcome: outcome.to_owned(),
            milliseconds,
        });
        Ok(())
    }

    /// A line with a time at its right edge.
    fn timed(&self, parts: &[(&str, Option<Ink>)], took: Duration) -> Result<()> {
        let used: usize = parts.iter().map(|(text, _)| text.chars().count()).sum();
        let time = format!(
            "{:>width$} ms",
            took.as_millis(),
            width = (WIDTH - 3).saturating_sub(used)
        );
        let parts: Vec<_> = parts.iter().copied().chain([(time.as_str(), Some(Ink::Dim))]).collect();
        self.out.styled(&self.inked(&parts))
    }

    fn print(&self, parts: &[(&str, Ink)]) -> Result<()> {
        self.go_on()?;
        let parts: Vec<_> = parts.iter().map(|(text, ink)| (*text, Some(*ink))).collect();
        self.out.styled(&self.inked(&parts))
    }

    fn inked(&self, parts: &[(&str, Option<Ink>)]) -> String {
        let ink = |(text, ink): &(&str, Option<Ink>)| match ink {
            Some(ink) if self.colours => format!("\u{1b}[{}m{}\u{1b}[0m", ink.code(), clean(text)),
            _ => clean(text),
        };
        parts.iter().map(ink).collect()
    }
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last().map_or(0, |line| line.chars().count());
        match lines.last_mut() {
            Some(last) if line == 0 => last.push_str(word),
            Some(last) if line + 1 + word.chars().count() <= width => {
                last.push(' ');
                last.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_no_longer_than_they_may_be() {
        let lines = wrapped(&"ten letter ".repeat(30), 40);
        assert!(lines.len() > 5 && lines.iter().all(|line| line.chars().count() <= 40));
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("abcd", 4), "abcd");
    }

    #[test]
    fn no_colours_but_at_a_terminal_and_nothing_foreign_commands_it() {
        let out = Output::new(false);
        let teller = Teller {
            colours: false,
            ..Teller::new(&out, watch::channel(false).1)
        };
        assert_eq!(teller.inked(&[("a\u{1b}[2J", Some(Ink::Green))]), "a\\u{1b}[2J");
        let teller = Teller {
            colours: true,
            ..teller
        };
        assert_eq!(
            teller.inked(&[("a", Some(Ink::Green)), ("b", None)]),
            "\u{1b}[32ma\u{1b}[0mb"
        );
    }
}
