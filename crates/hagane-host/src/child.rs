//! One child process, from its start to its end.

use std::io::{self, ErrorKind, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use hagane::{Output, ProcessError};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, waitid};
use zeroize::Zeroizing;

use crate::disk::words;
use crate::leftovers::{Leftovers, Running};

/// The most that a program may write to standard output, in bytes.
const MAX_STDOUT: usize = 256 << 20;

/// How much of what a program writes to standard error is kept, in bytes: the end, where the reason stands.
const KEPT_STDERR: usize = 1 << 20;

/// How long a program that is told to end may take, and how long standard error is read on when a program has ended
/// that left others behind.
const GRACE: Duration = Duration::from_secs(1);

/// Runs a program in a process group of its own. At its time limit the group is ended.
pub(crate) fn run(
    command: &mut Command,
    stdin: Zeroizing<Vec<u8>>,
    time_limit: Option<Duration>,
    leftovers: &Leftovers,
) -> Result<Output, ProcessError> {
    let input = if stdin.is_empty() { Stdio::null() } else { Stdio::piped() };
    command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
    let deadline = time_limit.and_then(|limit| Some((Instant::now().checked_add(limit)?, limit)));
    let started = leftovers.start(command);
    if started.is_err() {
        leftovers.go_on();
    }
    let (mut child, group) = started.map_err(|error| start_error(&error, command))?;
    let followed = match Followed::new(&mut child, stdin) {
        Ok(mut followed) => followed.follow(deadline, &group),
        Err(error) => Err(ProcessError::Other(words(&error))),
    };
    if followed.is_err() {
        group.signal(Signal::KILL);
    }
    // Only now does its number become free for others: the signals above met nobody else.
    let status = child.wait().map_err(|error| ProcessError::Other(words(&error)))?;
    drop(group);
    leftovers.go_on();
    let (stdout, stderr) = followed?;
    Ok(Output { code: status.code(), stdout, stderr })
}

fn start_error(error: &io::Error, command: &Command) -> ProcessError {
    match error.kind() {
        ErrorKind::NotFound if command.get_current_dir().is_some_and(|directory| !directory.is_dir()) => {
            ProcessError::Other("the directory that it starts in does not exist".into())
        }
        // The program itself was found before.
        ErrorKind::NotFound => {
            ProcessError::Other("the program that its first line names does not exist".into())
        }
        ErrorKind::PermissionDenied => ProcessError::PermissionDenied,
        _ => ProcessError::Other(words(error)),
    }
}

/// What happens to a child.
enum Event {
    Ended,
    Stdout(io::Result<Option<Vec<u8>>>),
    StderrClosed,
}

/// A child whose streams are read and written by threads. No thread is waited for: a program that outlives the child
/// may hold a stream for ever.
struct Followed {
    events: Receiver<Event>,
    stderr: Arc<Mutex<Vec<u8>>>,
    ended: bool,
}

impl Followed {
    fn new(child: &mut Child, stdin: Zeroizing<Vec<u8>>) -> io::Result<Followed> {
        let (sender, events) = channel();
        let stderr = Arc::default();
        if let Some(mut pipe) = child.stdin.take() {
            // A program that does not read to the end has its reasons, and says them by its exit code.
            spawn(move || drop(pipe.write_all(&stdin)))?;
        }
        if let Some(pipe) = child.stdout.take() {
            let sender = sender.clone();
            spawn(move || send(&sender, Event::Stdout(read_all(pipe))))?;
        }
        if let Some(pipe) = child.stderr.take() {
            let (sender, kept) = (sender.clone(), Arc::clone(&stderr));
            spawn(move || {
                read_end(pipe, &kept);
                send(&sender, Event::StderrClosed);
            })?;
        }
        let pid = Pid::from_child(child);
        spawn(move || {
            // It stays a zombie until the caller waits for it, so that its number is not given to another.
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while waitid(WaitId::Pid(pid), options).is_err_and(|error| error == Errno::INTR) {}
            send(&sender, Event::Ended);
        })?;
        Ok(Followed { events, stderr, ended: false })
    }

    /// Waits until the child has ended and its streams are closed. Returns what it wrote.
    fn follow(
        &mut self,
        deadline: Option<(Instant, Duration)>,
        group: &Running,
    ) -> Result<(Vec<u8>, Vec<u8>), ProcessError> {
        let mut stdout = None;
        let mut stderr_closed = false;
        while !(self.ended && stdout.is_some() && stderr_closed) {
            let done = self.ended && stdout.is_some();
            match self.next(if done { Some(Instant::now() + GRACE) } else { deadline.map(|(at, _)| at) }) {
                Some(Event::Ended) => self.ended = true,
                Some(Event::StderrClosed) => stderr_closed = true,
                Some(Event::Stdout(Ok(Some(bytes)))) => stdout = Some(bytes),
                Some(Event::Stdout(Ok(None))) => {
                    self.end(group);
                    return Err(ProcessError::TooLarge { limit: MAX_STDOUT as u64 });
                }
                Some(Event::Stdout(Err(error))) => return Err(ProcessError::Other(words(&error))),
                None if done => break,
                None => {
                    self.end(group);
                    return Err(ProcessError::TimedOut(deadline.map(|(_, limit)| limit).unwrap_or_default()));
                }
            }
        }
        let stderr = std::mem::take(&mut *self.stderr.lock().unwrap_or_else(PoisonError::into_inner));
        Ok((stdout.unwrap_or_default(), stderr))
    }

    /// Asks the child to end and gives it a moment: Docker stops its container, git removes its locks.
    fn end(&mut self, group: &Running) {
        group.signal(Signal::TERM);
        let until = Instant::now() + GRACE;
        while !self.ended {
            match self.next(Some(until)) {
                Some(Event::Ended) => self.ended = true,
                Some(_) => {}
                None => return,
            }
        }
    }

    /// Returns what happens next, or nothing when nothing does in time.
    fn next(&self, until: Option<Instant>) -> Option<Event> {
        match until {
            Some(until) => self.events.recv_timeout(until.saturating_duration_since(Instant::now())).ok(),
            None => self.events.recv().ok(),
        }
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().stack_size(128 << 10).spawn(work).map(drop)
}

fn send(sender: &Sender<Event>, event: Event) {
    // Nobody listens any more when the child was ended.
    let _ = sender.send(event);
}

/// Reads to the end, or nothing where that is too far.
fn read_all(pipe: impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    pipe.take(MAX_STDOUT as u64 + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= MAX_STDOUT).then_some(bytes))
}

/// Reads to the end and keeps the last of it.
fn read_end(mut pipe: impl Read, kept: &Mutex<Vec<u8>>) {
    let mut chunk = [0; 8 << 10];
    loop {
        let length = match pipe.read(&mut chunk) {
            Ok(0) => return,
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(&chunk[..length]);
        if kept.len() > 2 * KEPT_STDERR {
            let surplus = kept.len() - KEPT_STDERR;
            kept.drain(..surplus);
        }
    }
}
