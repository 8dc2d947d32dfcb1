//! Many calls at once, and calls that do not come to their end.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::call::{Answer, Call, PATIENCE, Plugin, Sidecar, memory};
use super::checkout::{Checkout, Order, names};
use super::served::{Method, Packed, Served, Until};
use super::stage::Miss::Failed;
use super::stage::{Expected, Miss, Stage, Step, same};

/// How many lone runs the many are held against: the one in the middle.
const LONE: usize = 9;
/// How long between two looks at how much memory they have.
const BETWEEN: Duration = Duration::from_millis(5);

/// What many calls at once came to.
pub(super) struct Crowd {
    pub(super) answers: Vec<Answer>,
    /// From the beginning of the first to the end of the last.
    pub(super) time: Duration,
    /// The most bytes that all of them had of their own at one time, where that was looked at.
    pub(super) memory: u64,
}

/// What is looked at while many are at work. Whoever looks is at work, too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    AtTime,
    AtMemory,
}

impl Look {
    /// Returns the most memory that processes had, all together, until threads end; nothing where it is not looked at.
    fn until_the_end<T>(self, threads: &[T], has_ended: impl Fn(&T) -> bool, ids: &[u32]) -> u64 {
        let mut most = 0;
        while self == Look::AtMemory && !threads.iter().all(&has_ended) {
            most = most.max(ids.iter().map(|id| memory(*id)).sum());
            std::thread::sleep(BETWEEN);
        }
        most
    }
}

impl Crowd {
    /// Starts calls in these directories at once and waits for all.
    pub(super) fn gather(
        sidecar: &Sidecar,
        plugin: &Plugin,
        applications: &[impl AsRef<Path>],
        look: Look,
    ) -> io::Result<Crowd> {
        let started = Instant::now();
        let (mut watched, mut waiting) = (Vec::new(), Vec::new());
        for application in applications {
            let running = sidecar.start(plugin, application.as_ref(), &Call::default())?;
            watched.push(running.id());
            // What it prints is read from the beginning: a pipe does not hold all of it.
            waiting.push(std::thread::spawn(move || running.finish(PATIENCE)));
        }
        let memory = look.until_the_end(&waiting, |thread| thread.is_finished(), &watched);
        let answers = waiting.into_iter().map(|thread| thread.join().map_err(|_| ended_early())?);
        Ok(Crowd { answers: answers.collect::<io::Result<_>>()?, time: started.elapsed(), memory })
    }

    /// Asks a server for all of these at once.
    pub(super) fn ask(
        served: &Served,
        packed: &[Packed],
        request: &[(String, String)],
        look: Look,
    ) -> io::Result<Crowd> {
        let started = Instant::now();
        std::thread::scope(|scope| {
            let ask = |packed| move || served.ask(packed, request.to_vec(), Method::Generate, Until::End);
            let waiting: Vec<_> = packed.iter().map(|packed| scope.spawn(ask(packed))).collect();
            let memory = look.until_the_end(&waiting, |thread| thread.is_finished(), &[served.id()]);
            let answers = waiting.into_iter().map(|thread| thread.join().map_err(|_| ended_early()));
            Ok(Crowd { answers: answers.collect::<io::Result<_>>()?, time: started.elapsed(), memory })
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

fn ended_early() -> io::Error {
    io::Error::other("a thread has ended early")
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
        let answer = answer.map_err(|_| ended_early())?;
        let is_wrong = answer.is_success() && !is_right(&answer) || !ended?;
        wrong += usize::from(is_wrong);
    }
    // Whoever was left in the middle is none of the others' business.
    wrong += usize::from(!is_right(&ask(served, Until::End)));
    Ok(wrong)
}

impl Stage {
    pub(super) fn killed(&self, expected: &Expected) -> Step {
        let (checkout, application) = self.checkout(Order::Forward)?;
        let before = (names(checkout.root())?, names(&self.sidecar.scratch.join("tmp"))?);
        let left = match &self.served {
            None => kill_many(&self.sidecar, &self.plugin, &application, self.kills, expected.time)?,
            Some(served) => {
                let request = self.sidecar.request(&Call::default());
                let packed = self.packed(&application)?;
                let is_right = |answer: &Answer| same(answer, expected).is_ok();
                let (kills, lone) = (self.kills, expected.time);
                kill_served(
                    &self.sidecar,
                    &self.plugin.program,
                    served,
                    &packed,
                    &request,
                    kills,
                    lone,
                    &is_right,
                )?
            }
        };
        if left > 0 {
            let what = if self.served.is_some() {
                "ended neither right nor with an error"
            } else {
                "left a process"
            };
            return Err(Failed(format!("{left} of {} {what}", self.kills)));
        }
        let after = (names(checkout.root())?, names(&self.sidecar.scratch.join("tmp"))?);
        if before != after {
            return Err(Failed(format!(
                "{} files were left",
                (after.0.len() + after.1.len()).saturating_sub(before.0.len() + before.1.len())
            )));
        }
        same(&self.call(&application, &Call::default())?, expected)?;
        if self.plugin.is_ours {
            // A server has to say that it is there, before.
            let no_time = if self.served.is_some() { "1ms" } else { "1us" };
            let answer = self.call(&application, &Call::default().with("ARGOCD_EXEC_TIMEOUT", no_time))?;
            if answer.code != Some(4)
                || !answer.stderr.contains("time ran out while")
                || !answer.stdout.is_empty()
            {
                return Err(Failed("a deadline that has passed is not said".into()));
            }
        }
        Ok(format!("{} killed, by SIGKILL and by SIGTERM", self.kills))
    }

    pub(super) fn crowded(&self, expected: &Expected) -> Step {
        let checkouts: Vec<(Checkout, PathBuf)> =
            (0..self.concurrent).map(|_| self.checkout(Order::Forward)).collect::<io::Result<_>>()?;
        // Repositories that are not the same: what a server does once for all who ask the same is not what is looked at.
        for (number, (checkout, _)) in checkouts.iter().enumerate() {
            std::fs::write(checkout.root().join("zz-number"), number.to_string())?;
        }
        let applications: Vec<&PathBuf> = checkouts.iter().map(|(_, application)| application).collect();
        // Beside whatever else runs here, as the many do.
        let mut lone: Vec<Duration> = applications
            .iter()
            .take(LONE)
            .map(|application| Ok(self.call(application, &Call::default())?.time))
            .collect::<io::Result<_>>()?;
        lone.sort();
        let lone = lone.get(lone.len() / 2).copied().unwrap_or(expected.time);
        let crowd = self.crowd(&applications, Look::AtTime)?;
        let looked_at = self.crowd(&applications, Look::AtMemory)?;
        let mut answers = crowd.answers.iter().chain(&looked_at.answers);
        answers.try_for_each(|answer| same(answer, expected))?;
        let slowest = crowd.percentile(99);
        let times = |time: Duration| time.as_secs_f64() / lone.as_secs_f64().max(1e-6);
        // What all of it takes where each run keeps one processor busy.
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(format!(
            "{} at once: all right; 99 of 100 within {} ms, {:.1} × a lone run of {:.1} ms; all within {} ms, {:.1} × \
             ({processors} processors: {:.1} × where it does nothing but compute); {:.0} MiB for all together",
            self.concurrent,
            slowest.as_millis(),
            times(slowest),
            lone.as_secs_f64() * 1e3,
            crowd.time.as_millis(),
            times(crowd.time),
            self.concurrent as f64 / processors as f64,
            looked_at.memory as f64 / f64::from(1 << 20)
        ))
    }

    fn crowd(&self, applications: &[&PathBuf], look: Look) -> Result<Crowd, Miss> {
        let Some(served) = &self.served else {
            return Ok(Crowd::gather(&self.sidecar, &self.plugin, applications, look)?);
        };
        let packed = applications.iter().map(|application| self.packed(application));
        let packed: Vec<Packed> = packed.collect::<io::Result<_>>()?;
        Ok(Crowd::ask(served, &packed, &self.sidecar.request(&Call::default()), look)?)
    }
}
