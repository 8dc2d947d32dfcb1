//! Many calls at once, and calls that do not come to their end.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::call::{Answer, Call, Plugin, Running, Sidecar};

/// What many calls at once came to.
pub(super) struct Crowd {
    pub(super) answers: Vec<Answer>,
    /// The most bytes that all of them had of their own at one time.
    pub(super) memory: u64,
}

impl Crowd {
    /// Starts calls in these directories at once and waits for all.
    pub(super) fn gather(
        sidecar: &Sidecar,
        plugin: &Plugin,
        applications: &[impl AsRef<Path>],
    ) -> io::Result<Crowd> {
        let mut memory = 0;
        let running: Vec<Running> = applications
            .iter()
            .map(|application| sidecar.start(plugin, application.as_ref(), &Call::default()))
            .collect::<io::Result<_>>()?;
        let watched: Vec<u32> = running.iter().map(Running::id).collect();
        let waiting: Vec<_> = running
            .into_iter()
            .map(|running| std::thread::spawn(move || running.finish(Duration::from_secs(60))))
            .collect();
        while waiting.iter().any(|thread| !thread.is_finished()) {
            memory = memory.max(watched.iter().map(|id| super::call::memory(*id)).sum());
            std::thread::sleep(Duration::from_millis(5));
        }
        let ended = |_| io::Error::other("a thread has ended early");
        let answers =
            waiting.into_iter().map(|thread| thread.join().map_err(ended)?).collect::<io::Result<_>>()?;
        Ok(Crowd { answers, memory })
    }

    /// Returns the time that so many of a hundred calls took at most.
    pub(super) fn percentile(&self, percent: usize) -> Duration {
        let mut times: Vec<Duration> = self.answers.iter().map(|answer| answer.time).collect();
        times.sort();
        let place = (times.len() * percent).div_ceil(100).saturating_sub(1);
        times.get(place).copied().unwrap_or_default()
    }
}

/// Kills calls somewhere between their start and their end, every other one by asking first. Returns how many left a process.
pub(super) fn kill_many(
    sidecar: &Sidecar,
    plugin: &Plugin,
    application: &Path,
    kills: usize,
    lone: Duration,
) -> io::Result<usize> {
    let mut left = 0;
    for number in 0..kills {
        let running = sidecar.start(plugin, application, &Call::default())?;
        // Over the whole run, evenly, in an order that is the same every time.
        let wait = lone.mul_f64((number * 7919 % kills) as f64 / kills as f64);
        let started = Instant::now();
        running.signal_after(wait, if number % 2 == 0 { Signal::KILL } else { Signal::TERM });
        let answer = running.finish(started.elapsed() + Duration::from_secs(7))?;
        left += usize::from(answer.left);
    }
    Ok(left)
}
