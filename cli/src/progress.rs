//! How far long work is: a bar on a terminal, a line now and then elsewhere. On standard error, so that results stay clean.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::system;

/// How often a terminal is told, and anything else.
const BAR_EVERY: Duration = Duration::from_millis(100);
const LINE_EVERY: Duration = Duration::from_secs(5);
const WIDTH: u64 = 30;

/// Work of a known size. Shared by those who do it.
#[derive(Debug)]
pub(crate) struct Progress {
    what: &'static str,
    unit: &'static str,
    total: u64,
    done: AtomicU64,
    start: Instant,
    terminal: bool,
    told: Mutex<Option<Instant>>,
}

impl Progress {
    /// Work that begins now: `what` is done to `total` of `unit`.
    pub(crate) fn new(what: &'static str, total: u64, unit: &'static str) -> Self {
        Self {
            what,
            unit,
            total,
            done: AtomicU64::new(0),
            start: system::instant(),
            terminal: io::stderr().is_terminal(),
            told: Mutex::new(None),
        }
    }

    /// So many more are done.
    pub(crate) fn add(&self, more: u64) {
        let done = self.done.fetch_add(more, Ordering::Relaxed) + more;
        let every = if self.terminal { BAR_EVERY } else { LINE_EVERY };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        // Work that is over at once needs no bar.
        if told.unwrap_or(self.start).elapsed() >= every {
            *told = Some(system::instant());
            self.tell(done);
        }
    }

    /// So many are done in all.
    pub(crate) fn set(&self, done: u64) {
        self.add(done.saturating_sub(self.done.load(Ordering::Relaxed)));
    }

    fn tell(&self, done: u64) {
        let line = line(self.what, self.unit, (done, self.total), self.start.elapsed());
        let mut err = io::stderr().lock();
        // Nobody is left to tell when that fails.
        drop(if self.terminal {
            write!(err, "\r\u{1b}[K{line}").and_then(|()| err.flush())
        } else {
            writeln!(err, "{line}")
        });
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if self.terminal && told.is_some() {
            drop(write!(io::stderr().lock(), "\r\u{1b}[K"));
        }
    }
}

fn line(what: &str, unit: &str, (done, total): (u64, u64), took: Duration) -> String {
    let rate = done as f64 / took.as_secs_f64().max(0.001);
    let left = (total.saturating_sub(done)) as f64 / rate.max(0.001);
    let filled = (done.min(total) * WIDTH).checked_div(total).unwrap_or(WIDTH);
    let bar: String = (0..WIDTH).map(|at| if at < filled { '#' } else { '.' }).collect();
    format!(
        "{what} [{bar}] {done}/{total} {unit}, {rate:.0}/s, {} left",
        clock(left)
    )
}

fn clock(seconds: f64) -> String {
    let seconds = seconds.ceil().clamp(0.0, 359_999.0) as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{}:{:02} min", seconds / 60, seconds % 60),
        _ => format!("{}:{:02} h", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_much_how_fast_and_how_long() {
        let said = line("tiles", "leaves", (250, 1000), Duration::from_secs(5));
        assert_eq!(
            said,
            "tiles [#######.......................] 250/1000 leaves, 50/s, 15 s left"
        );
        assert!(line("tiles", "leaves", (0, 0), Duration::ZERO).contains("0/0"));
        assert_eq!(
            (clock(61.0), clock(7300.0)),
            ("1:01 min".to_owned(), "2:01 h".to_owned())
        );
    }
}
