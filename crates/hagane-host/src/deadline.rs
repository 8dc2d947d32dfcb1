//! A time at which a run ends, whatever it is doing: better with a reason than by the signal of somebody who gives none.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::leftovers::Leftovers;

/// Ends the process at a time, unless it is dropped before.
#[derive(Debug)]
pub struct Deadline {
    at: Instant,
    /// Nobody is woken to hear of it: that would take longer than to find out when the time has come.
    is_done: Arc<AtomicBool>,
}

impl Deadline {
    /// Ends the process after `limit`: it writes what `last_words` returns to standard error, ends the programs that run,
    /// removes what must not be left, and ends with `code`.
    pub fn after(
        limit: Duration,
        leftovers: Arc<Leftovers>,
        code: u8,
        last_words: impl FnOnce() -> String + Send + 'static,
    ) -> io::Result<Deadline> {
        let deadline = Deadline { at: Instant::now() + limit, is_done: Arc::default() };
        let is_done = deadline.is_done.clone();
        let watch = move || {
            thread::sleep(limit);
            if !is_done.load(Ordering::SeqCst) {
                // First: whoever set the limit may not wait for the rest.
                let _ = io::stderr().write_all(last_words().as_bytes());
                leftovers.end(code);
            }
        };
        thread::Builder::new().name("deadline".into()).spawn(watch)?;
        Ok(deadline)
    }

    /// Does not return once the time is over, even where who ends the process has not come to it yet: what is done too late is
    /// not done.
    pub fn unless_over(&self) {
        while Instant::now() >= self.at {
            thread::park();
        }
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        self.is_done.store(true, Ordering::SeqCst);
    }
}
