//! Many calls at once, and calls that do not come to their end.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::call::{Answer, Call, Plugin, Running, Sidecar};
use super::served::{Method, Packed, Served, Until};

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

    /// Asks a server for all of these at once.
    pub(super) fn ask(served: &Served, packed: &[Packed], request: &[(String, String)]) -> io::Result<Crowd> {
        let ended = |_| io::Error::other("a thread has ended early");
        std::thread::scope(|scope| {
            let ask = |packed| move || served.ask(packed, request.to_vec(), Method::Generate, Until::End);
            let waiting: Vec<_> = packed.iter().map(|packed| scope.spawn(ask(packed))).collect();
            let mut memory = 0;
            while waiting.iter().any(|thread| !thread.is_finished()) {
                memory = memory.max(super::call::memory(served.id()));
                std::thread::sleep(Duration::from_millis(5));
            }
            let answers = waiting.into_iter().map(|thread| thread.join().map_err(ended));
            Ok(Crowd { answers: answers.collect::<io::Result<_>>()?, memory })
        })
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

/// Lets clients go away and servers be killed somewhere between the beginning and the end of a request. Returns how many requests
/// had neither the right answer nor an error, and how many servers did not end.
#[expect(clippy::too_many_arguments, reason = "all of the stage")]
pub(super) fn kill_served(
    sidecar: &Sidecar,
    program: &Path,
    served: &Served,
    packed: &Packed,
    request: &[(String, String)],
    kills: usize,
    lone: Duration,
    is_right: &dyn Fn(&Answer) -> bool,
) -> io::Result<usize> {
    let mut wrong = 0;
    let ask = |served: &Served, until| served.ask(packed, request.to_vec(), Method::Generate, until);
    for number in 0..kills {
        // Over the whole request, evenly, in an order that is the same every time.
        let share = (number * 7919 % kills) as f64 / kills as f64;
        let signal = match number % 4 {
            0 => Some(Signal::KILL),
            1 => Some(Signal::TERM),
            _ => None,
        };
        let Some(signal) = signal else {
            let until = if number % 4 == 2 { Until::Share(share) } else { Until::Time(lone.mul_f64(share)) };
            let answer = ask(served, until);
            wrong += usize::from(answer.is_success() && !is_right(&answer));
            continue;
        };
        let mut other = Served::start(sidecar, program, &Call::default())?;
        let (answer, ended) = std::thread::scope(|scope| {
            let socket = other.address();
            let asking =
                scope.spawn(move || socket.ask(packed, request.to_vec(), Method::Generate, Until::End));
            std::thread::sleep(lone.mul_f64(share));
            let ended = other.end(signal);
            (asking.join(), ended)
        });
        let answer = answer.map_err(|_| io::Error::other("a thread has ended early"))?;
        let is_wrong = answer.is_success() && !is_right(&answer) || !ended?;
        wrong += usize::from(is_wrong);
    }
    // Whoever was left in the middle is none of the others' business.
    wrong += usize::from(!is_right(&ask(served, Until::End)));
    Ok(wrong)
}
