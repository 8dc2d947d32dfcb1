//! The seam to other programs: Helm, functions, plugins.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hagane_resource::{Diagnostic, Fault};
use hagane_yaml::Span;
use zeroize::Zeroizing;

/// Whoever starts programs.
pub trait Processes {
    /// Runs a program to its end.
    fn run(&self, process: &Process) -> Result<Output, ProcessError>;

    /// Runs several programs, at once where that is possible, and returns their ends in the same order.
    fn run_all(&self, processes: &[Process]) -> Vec<Result<Output, ProcessError>> {
        processes.iter().map(|process| self.run(process)).collect()
    }

    /// Returns a new empty directory, readable by this user only, that goes away with the run.
    fn scratch(&self) -> Result<PathBuf, ProcessError>;

    /// Writes a file into a directory of [`Processes::scratch`].
    fn write(&self, path: &Path, content: &[u8]) -> Result<(), ProcessError>;

    /// Returns a variable of the environment. For the places where plugins are looked for.
    fn variable(&self, name: &str) -> Option<OsString>;
}

/// A program to run. It has no `Debug`, since what it reads may be secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Process {
    /// Its path, or its name on the search path.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// What of the environment it sees.
    pub environment: Environment,
    /// Variables besides, over those of the environment.
    pub variables: Vec<(OsString, OsString)>,
    /// The directory it starts in.
    pub directory: PathBuf,
    /// What it reads on standard input. It may be secret.
    pub stdin: Zeroizing<Vec<u8>>,
    /// How long it may take; none for as long as it likes.
    pub time_limit: Option<Duration>,
}

/// What of the environment a program sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// All of it.
    Whole,
    /// What names places, languages and the search path, and can be no secret.
    WithoutSecrets,
}

/// What a program left.
#[derive(Clone, PartialEq, Eq)]
pub struct Output {
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output. It may be secret.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub stderr: Vec<u8>,
}

/// Why a program did not run to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProcessError {
    /// There is no such program.
    NotFound,
    /// It may not be started.
    PermissionDenied,
    /// It took longer than it may, and was ended.
    TimedOut(Duration),
    /// It wrote more than `limit` bytes, and was ended.
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// It is not to be run as it is asked for: why.
    Refused(String),
    /// Anything else, in the words of the system.
    Other(String),
}

/// Returns the message about a program that did not run to its end.
pub(crate) fn not_run(error: &ProcessError, program: &str, at: Span) -> Diagnostic {
    let (fault, message) = match error {
        ProcessError::NotFound => (Fault::Access, format!("there is no program `{program}`")),
        ProcessError::PermissionDenied => (Fault::Access, format!("`{program}` may not be started")),
        ProcessError::TimedOut(limit) => {
            (Fault::Passing, format!("`{program}` did not end within {} s", limit.as_secs_f64()))
        }
        ProcessError::TooLarge { limit } => {
            (Fault::Input, format!("`{program}` writes more than {} MiB", limit >> 20))
        }
        ProcessError::Refused(why) => (Fault::Input, format!("`{program}` is not run: {why}")),
        ProcessError::Other(why) => (Fault::Passing, format!("`{program}` cannot be run: {why}")),
    };
    Diagnostic::error(at, message).with_fault(fault)
}
