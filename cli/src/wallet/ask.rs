//! Asking the person, choice by choice. Nothing is ever chosen for her: no answer is no.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use anyhow::{Context as _, Result, bail};
use placet_schemas::id::Digest;
use placet_schemas::rules::{Demand, demand};
use placet_schemas::scope::{Clause, Scope};

use crate::output::clean;

/// What has to be typed as an express statement.
const STATEMENT: &str = "I agree to this";

/// Answers that were given on the command line.
#[derive(Debug, clap::Args)]
pub(super) struct AnswerArgs {
    /// Yes to the choice of this number; repeat it for several
    #[arg(long, value_name = "N", value_delimiter = ',')]
    yes: Vec<usize>,
    /// Yes to the choice of this number, as an express statement about it
    #[arg(long, value_name = "N", value_delimiter = ',')]
    explicit: Vec<usize>,
    /// Yes to every choice that needs no express statement
    #[arg(long)]
    all: bool,
}

/// The clauses that she said yes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Chosen {
    /// Digests of the clauses.
    pub(super) selected: Vec<Digest>,
    /// Those of them about which she made an express statement.
    pub(super) explicit: Vec<Digest>,
}

impl Chosen {
    fn add(&mut self, clause: &Clause, explicit: bool) {
        self.selected.push(clause.digest());
        if explicit {
            self.explicit.push(clause.digest());
        }
    }
}

impl AnswerArgs {
    /// The choices among `offered`: by the command line, or by asking.
    pub(super) fn choose(&self, offered: &Scope) -> Result<Chosen> {
        if self.all || !self.yes.is_empty() || !self.explicit.is_empty() {
            return self.given(offered);
        }
        if !at_terminal() {
            bail!("there is no terminal to ask at: say yes with --yes N, --explicit N or --all");
        }
        asked(offered)
    }

    fn given(&self, offered: &Scope) -> Result<Chosen> {
        let clauses = offered.clauses();
        if let Some(n) = self
            .yes
            .iter()
            .chain(&self.explicit)
            .find(|n| **n == 0 || **n > clauses.len())
        {
            bail!("there is no choice {n}; they are numbered 1 to {}", clauses.len());
        }
        let mut chosen = Chosen::default();
        for (at, clause) in clauses.iter().enumerate() {
            let number = at + 1;
            let explicit = self.explicit.contains(&number);
            if !explicit && !self.all && !self.yes.contains(&number) {
                continue;
            }
            if demand(clause) == Demand::Explicit && !explicit {
                bail!("choice {number} needs an express statement: say --explicit {number}, or leave it out");
            }
            chosen.add(clause, explicit);
        }
        Ok(chosen)
    }
}

/// Whether there is somebody to ask.
pub(super) fn at_terminal() -> bool {
    io::stdin().is_terminal()
}

/// Asks a question that is answered by yes or no; anything but yes is no.
pub(super) fn confirm(question: &str) -> Result<bool> {
    let answer = line(&format!("{question} [y/N] "))?;
    Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
}

fn asked(offered: &Scope) -> Result<Chosen> {
    let mut chosen = Chosen::default();
    for (at, clause) in offered.clauses().iter().enumerate() {
        let number = at + 1;
        if demand(clause) == Demand::Explicit {
            let answer = line(&format!(
                "[{number}] Type \"{STATEMENT}\" to say yes, anything else is no: "
            ))?;
            if answer.eq_ignore_ascii_case(STATEMENT) {
                chosen.add(clause, true);
            }
        } else if confirm(&format!("[{number}] Do you agree?"))? {
            chosen.add(clause, false);
        }
    }
    Ok(chosen)
}

fn line(question: &str) -> Result<String> {
    let mut err = io::stderr().lock();
    write!(err, "{}", clean(question))
        .and_then(|()| err.flush())
        .context("cannot ask at the terminal")?;
    let mut answer = String::new();
    let read = io::stdin()
        .lock()
        .read_line(&mut answer)
        .context("cannot read from the terminal")?;
    if read == 0 {
        bail!("the terminal was closed; nothing was signed");
    }
    Ok(answer.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A newsletter, and a seat for somebody in a wheelchair, which needs an express statement.
    fn offered() -> Scope {
        let clause = |purpose: &str, category: &str| {
            serde_json::json!({
                "purpose": {"id": purpose, "isA": "dpv:RequestedServiceProvision", "text": {"en": "x"}, "channels": []},
                "categories": [category], "processing": ["dpv:Use"], "delivery": ["copy"], "retention": "P1Y"
            })
        };
        let clauses = vec![
            clause("https://a.example/a", "pd:EmailAddress"),
            clause("https://a.example/b", "pd:Disability"),
        ];
        let scope = Scope::new(serde_json::from_value(clauses.into()).unwrap()).unwrap();
        assert_eq!(
            scope.clauses().iter().map(demand).collect::<Vec<_>>(),
            [Demand::Explicit, Demand::Ordinary]
        );
        scope
    }

    fn answer(yes: &[usize], explicit: &[usize], all: bool) -> Result<Chosen> {
        let args = AnswerArgs {
            yes: yes.to_vec(),
            explicit: explicit.to_vec(),
            all,
        };
        args.given(&offered())
    }

    #[test]
    fn only_what_is_named_is_chosen() {
        let [special, ordinary] = [0, 1].map(|at| offered().clauses()[at].digest());
        assert_eq!(
            answer(&[2], &[], false).unwrap(),
            Chosen {
                selected: vec![ordinary],
                explicit: vec![]
            }
        );
        assert_eq!(
            answer(&[], &[1], false).unwrap(),
            Chosen {
                selected: vec![special],
                explicit: vec![special]
            }
        );
        assert_eq!(answer(&[], &[1], true).unwrap().selected, [special, ordinary]);
    }

    #[test]
    fn an_express_statement_is_never_made_by_the_way() {
        for refused in [answer(&[], &[], true), answer(&[1], &[], false)] {
            assert!(
                refused
                    .unwrap_err()
                    .to_string()
                    .starts_with("choice 1 needs an express statement")
            );
        }
    }

    #[test]
    fn there_are_only_the_choices_that_there_are() {
        for refused in [
            answer(&[0], &[], false),
            answer(&[3], &[], false),
            answer(&[], &[7], false),
        ] {
            assert!(refused.unwrap_err().to_string().starts_with("there is no choice"));
        }
    }
}
