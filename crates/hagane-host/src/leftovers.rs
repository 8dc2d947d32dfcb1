//! What a run has on this machine that must not outlive it: scratch directories and running programs.

use std::collections::hash_map::RandomState;
use std::fs::{self, DirBuilder};
use std::hash::BuildHasher;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, getpid, kill_process, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH};
use signal_hook::iterator::Signals;
use signal_hook::low_level::{self, emulate_default_handler};

use crate::exit::exit;
use crate::memory_file;

/// How many programs have the terminal: an editor, a shell. What is typed there is theirs.
static TERMINAL_LENT: AtomicUsize = AtomicUsize::new(0);
/// How often whoever watches for signals was woken, if anybody watches: by a signal that means nothing to us, it has then seen those before it.
static WOKEN: Mutex<Option<u64>> = Mutex::new(None);
static WAKES: Condvar = Condvar::new();
/// How long it may take to wake it.
const PATIENCE: Duration = Duration::from_secs(1);

/// Says, until it is dropped, that another program has the terminal.
pub(crate) struct TerminalLent;

impl TerminalLent {
    pub(crate) fn new() -> TerminalLent {
        TERMINAL_LENT.fetch_add(1, Ordering::SeqCst);
        TerminalLent
    }
}

impl Drop for TerminalLent {
    fn drop(&mut self) {
        // What was typed a moment before the program ended was for that program, too. Twice: a look at the signals that had begun before may
        // have passed it by.
        for _ in 0..2 {
            let woken = WOKEN.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(before) = *woken
                && kill_process(getpid(), Signal::WINCH).is_ok()
            {
                drop(WAKES.wait_timeout_while(woken, PATIENCE, |woken| *woken == Some(before)));
            }
        }
        TERMINAL_LENT.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The scratch directories and running programs of a run. They go away when this is dropped, by [`Leftovers::remove`],
/// and, if [`Leftovers::remove_when_interrupted`] was called, when the user interrupts the program.
#[derive(Default)]
pub struct Leftovers {
    state: Mutex<State>,
    /// Those of the run that this is a part of.
    whole: Option<Arc<Leftovers>>,
}

#[derive(Default)]
struct State {
    directories: Vec<PathBuf>,
    groups: Vec<Pid>,
    /// Where directories are made, unless it is where temporary files are.
    within: Option<PathBuf>,
    /// Who is asked to end first.
    asked: Option<Box<dyn FnOnce() + Send>>,
    /// Whether this process is about to end.
    interrupted: bool,
}

impl Leftovers {
    /// Returns what a part of the run has that must not outlive the part. The run has it, too.
    pub fn of_part(self: &Arc<Self>) -> Leftovers {
        Leftovers { state: Mutex::default(), whole: Some(self.clone()) }
    }

    /// Lets directories be made in a directory of a name that only one run has at a time, and removes what a run before has left
    /// there: one that was killed.
    pub fn lie_in(&self, name: &str) -> io::Result<()> {
        let user = rustix::process::getuid().as_raw();
        let directory = fs::canonicalize(std::env::temp_dir())?.join(format!("hagane-{user}-{name}"));
        match fs::remove_dir_all(&directory) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut state = self.state();
        state.directories.push(directory.clone());
        state.within = Some(directory);
        Ok(())
    }

    /// Asks `end` first when this process is interrupted or told to end. The second time it ends as it would have.
    pub fn ask_first(&self, end: impl FnOnce() + Send + 'static) {
        self.state().asked = Some(Box::new(end));
    }

    /// Removes every directory. For programs that end by `std::process::exit`, which drops nothing.
    pub fn remove(&self) {
        for directory in std::mem::take(&mut self.state().directories) {
            // It may be gone, or hold what a program locked; the run has its result all the same.
            let _ = fs::remove_dir_all(&directory);
            if let Some(whole) = &self.whole {
                whole.state().directories.retain(|known| *known != directory);
            }
        }
    }

    /// Ends the running programs and removes the directories when this process is interrupted or told to end
    /// (`SIGINT`, `SIGTERM`, `SIGHUP`, `SIGQUIT`); then it ends as it would have.
    pub fn remove_when_interrupted(self: &Arc<Self>) -> io::Result<()> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH])?;
        *WOKEN.lock().unwrap_or_else(PoisonError::into_inner) = Some(0);
        // Not a reference that keeps it: it is still removed when its owner drops it.
        let leftovers = Arc::downgrade(self);
        let watch = move || {
            for signal in signals.forever() {
                if signal == SIGWINCH {
                    let mut woken = WOKEN.lock().unwrap_or_else(PoisonError::into_inner);
                    *woken = woken.map(|count| count + 1);
                    WAKES.notify_all();
                    continue;
                }
                // It was meant for who has the terminal, who may go on.
                if matches!(signal, SIGINT | SIGQUIT) && TERMINAL_LENT.load(Ordering::SeqCst) > 0 {
                    continue;
                }
                if let Some(leftovers) = leftovers.upgrade() {
                    let asked = leftovers.state().asked.take();
                    if let Some(end) = asked {
                        end();
                        continue;
                    }
                    leftovers.end_programs();
                    leftovers.remove();
                }
                memory_file::remove_all();
                // It fails for signals that it does not know, and these it does.
                let _ = emulate_default_handler(signal);
                low_level::exit(128 + signal);
            }
        };
        thread::Builder::new().name("interrupts".into()).spawn(watch).map(drop)
    }

    /// Ends the running programs, removes every directory, and ends this process with an exit code.
    pub(crate) fn end(&self, code: u8) -> ! {
        self.end_programs();
        self.remove();
        memory_file::remove_all();
        exit(code)
    }

    /// Returns a new empty directory that only this user may read, without symbolic links in its path.
    pub(crate) fn directory(&self) -> io::Result<PathBuf> {
        if let Some(whole) = &self.whole {
            let directory = whole.directory()?;
            self.state().directories.push(directory.clone());
            return Ok(directory);
        }
        // Under the lock: who interrupts finds every directory that was made, and none is made afterwards.
        let mut state = self.state();
        if state.interrupted {
            drop(state);
            self.go_on();
            return Err(ErrorKind::Interrupted.into());
        }
        let parent = match state.within.clone() {
            Some(within) => own(within)?,
            None => fs::canonicalize(std::env::temp_dir())?,
        };
        loop {
            // Random only so that nobody meets a name that is taken: to create is to be the one who did.
            let directory = parent.join(format!("hagane-{:016x}", RandomState::new().hash_one(0)));
            match DirBuilder::new().mode(0o700).create(&directory) {
                Ok(()) => {
                    state.directories.push(directory.clone());
                    return Ok(directory);
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Returns whether a path lies in one of the directories.
    pub(crate) fn hold(&self, path: &Path) -> bool {
        self.state().directories.iter().any(|directory| path.starts_with(directory))
    }

    /// Starts a program in a process group of its own, which is known to run until the second value is dropped.
    pub(crate) fn start(&self, command: &mut Command) -> io::Result<(Child, Running<'_>)> {
        if let Some(whole) = &self.whole {
            return whole.start(command);
        }
        // Under the lock: who interrupts finds every program that has started, and none starts afterwards.
        let mut state = self.state();
        if state.interrupted {
            return Err(ErrorKind::Interrupted.into());
        }
        let child = command.process_group(0).spawn()?;
        let group = Pid::from_child(&child);
        state.groups.push(group);
        Ok((child, Running { leftovers: self, group }))
    }

    /// Asks the running programs to end, and a second later ends them.
    fn end_programs(&self) {
        let groups = {
            let mut state = self.state();
            state.interrupted = true;
            state.groups.clone()
        };
        groups.iter().for_each(|group| signal(*group, Signal::TERM));
        for _ in 0..20 {
            if self.state().groups.is_empty() {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        let groups = self.state().groups.clone();
        groups.iter().for_each(|group| signal(*group, Signal::KILL));
    }

    /// Does not return when this process is about to end: that a program was ended for it is nothing to go on with.
    pub(crate) fn go_on(&self) {
        if let Some(whole) = &self.whole {
            return whole.go_on();
        }
        while self.state().interrupted {
            thread::park();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Leftovers {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.debug_struct("Leftovers").field("directories", &self.state().directories).finish()
    }
}

impl Drop for Leftovers {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Makes a directory that this user alone may read, or takes the one that is there.
fn own(directory: PathBuf) -> io::Result<PathBuf> {
    match DirBuilder::new().mode(0o700).create(&directory) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            // Whoever made it before us must be us.
            let found = fs::symlink_metadata(&directory)?;
            let is_ours = found.is_dir()
                && found.uid() == rustix::process::getuid().as_raw()
                && found.mode() & 0o077 == 0;
            if is_ours { Ok(directory) } else { Err(error) }
        }
        made => made.map(|()| directory),
    }
}

/// Says that the programs of a process group run.
pub(crate) struct Running<'l> {
    leftovers: &'l Leftovers,
    group: Pid,
}

impl Running<'_> {
    /// Sends a signal to all programs of the group.
    pub(crate) fn signal(&self, which: Signal) {
        signal(self.group, which);
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.leftovers.state().groups.retain(|group| *group != self.group);
    }
}

fn signal(group: Pid, which: Signal) {
    // It fails when they are gone.
    let _ = kill_process_group(group, which);
}
