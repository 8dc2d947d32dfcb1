//! A time at which a run ends, whatever it is doing: better with a reason than by the signal of somebody who gives none.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::leftovers::Leftovers;

/// Ends the process at a time, unless it is dropped before.
#[derive(Debug)]
pub struct Deadline {
    /// When it is dropped, whoever waits for the time hears of it.
    _done: Sender<()>,
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
        let (done, over) = channel::<()>();
        let watch = move || {
            if over.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                // First: whoever set the limit may not wait for the rest.
                let _ = io::stderr().write_all(last_words().as_bytes());
                leftovers.end(code);
            }
        };
        thread::Builder::new().name("deadline".into()).spawn(watch)?;
        Ok(Deadline { _done: done })
    }
}
