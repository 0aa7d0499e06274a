//! What is said while a load runs, on standard error.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use super::board::Board;

/// How often the line of a terminal is written anew.
const ANEW: Duration = Duration::from_millis(500);
/// How often there is a line where lines stay.
const LINE: Duration = Duration::from_secs(5);

/// See the module.
pub(super) struct Progress {
    is_terminal: bool,
    is_quiet: bool,
    /// What was said last, when, and how many frames had come by then.
    last: Option<(&'static str, Instant, u64)>,
}

impl Progress {
    pub(super) fn new(is_quiet: bool) -> Self {
        Self { is_terminal: io::stderr().is_terminal(), is_quiet, last: None }
    }

    /// Says how things are, if it is time to.
    pub(super) fn show(&mut self, what: &'static str, board: &Board) {
        if self.is_quiet {
            return;
        }
        let (now, received) = (Instant::now(), board.received());
        let every = if self.is_terminal { ANEW } else { LINE };
        let mut rate = 0;
        if let Some((before, at, count)) = self.last {
            let since = now.duration_since(at);
            if before == what && since < every {
                return;
            }
            rate = (received.saturating_sub(count) as f64 / since.as_secs_f64().max(0.001)) as u64;
        }
        self.last = Some((what, now, received));
        let line = self.line(what, rate, board);
        // Whoever does not want to see it has closed it.
        let _ = if self.is_terminal {
            write!(io::stderr(), "\r\x1b[2K{line}")
        } else {
            writeln!(io::stderr(), "{line}")
        };
    }

    fn line(&self, what: &str, rate: u64, board: &Board) -> String {
        let (people, lines) = (board.plan.people(), board.plan.lines());
        let undecryptable = board.traffic().frames_undecryptable;
        format!(
            "{:4.0} s  {what}: {}/{people} people, {}/{lines} lines, {} frames sent, {} received ({rate}/s), \
             {undecryptable} undecryptable",
            board.elapsed().as_secs_f64(),
            board.inside(),
            board.lines(),
            board.sent(),
            board.received(),
        )
    }

    /// Makes room for the table.
    pub(super) fn finish(&mut self) {
        if self.is_terminal && !self.is_quiet && self.last.take().is_some() {
            let _ = write!(io::stderr(), "\r\x1b[2K");
        }
    }
}
