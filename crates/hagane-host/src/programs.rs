//! Other programs, started on this machine.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::num::NonZero;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Component, Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use hagane::{Environment, Output, Process, ProcessError, Processes};

use crate::child::run;
use crate::disk::words;
use crate::leftovers::Leftovers;

/// The programs of this machine.
#[derive(Debug)]
pub struct Programs {
    leftovers: Arc<Leftovers>,
}

impl Programs {
    /// Returns programs whose scratch directories are among `leftovers`.
    pub fn new(leftovers: Arc<Leftovers>) -> Programs {
        Programs { leftovers }
    }
}

/// Returns user and group of this process, as `1000:1000`.
pub fn current_user() -> String {
    format!("{}:{}", rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw())
}

/// Returns the next of `processes` and the place of its end.
fn take<'p, T>(next: &AtomicUsize, processes: &'p [Process], ends: &'p [T]) -> Option<(&'p Process, &'p T)> {
    let place = next.fetch_add(1, Ordering::Relaxed);
    processes.get(place).zip(ends.get(place))
}

impl Processes for Programs {
    fn run(&self, process: &Process) -> Result<Output, ProcessError> {
        let mut command = command(process)?;
        run(&mut command, process.stdin.clone(), process.time_limit, &self.leftovers)
    }

    fn run_all(&self, processes: &[Process]) -> Vec<Result<Output, ProcessError>> {
        let ends: Vec<OnceLock<_>> = processes.iter().map(|_| OnceLock::new()).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some((process, end)) = take(&next, processes, &ends) {
                // Each is taken once.
                let _ = end.set(self.run(process));
            }
        };
        let threads = thread::available_parallelism().map_or(1, NonZero::get).min(processes.len());
        thread::scope(|scope| {
            (1..threads).for_each(|_| drop(thread::Builder::new().spawn_scoped(scope, work)));
            work();
        });
        let never = || Err(ProcessError::Other("it was not started".into()));
        ends.into_iter().map(|end| end.into_inner().unwrap_or_else(never)).collect()
    }

    fn scratch(&self) -> Result<PathBuf, ProcessError> {
        self.leftovers.directory().map_err(|error| process_error(&error))
    }

    fn write(&self, path: &Path, content: &[u8]) -> Result<(), ProcessError> {
        let outside = || ProcessError::Other("it is not in a scratch directory".into());
        let parent = path.parent().ok_or_else(outside)?;
        let plain = path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
        if !plain || !self.leftovers.hold(parent) {
            return Err(outside());
        }
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(parent)
            .map_err(|error| process_error(&error))?;
        // A program that ran there may have left a link.
        if !fs::canonicalize(parent).is_ok_and(|parent| self.leftovers.hold(&parent)) {
            return Err(outside());
        }
        write_new(path, content).map_err(|error| process_error(&error))
    }

    fn variable(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name)
    }
}

/// Writes a file that replaces what is there, without following a link.
fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(content)
}

fn command(process: &Process) -> Result<Command, ProcessError> {
    let given =
        process.variables.iter().rev().find(|(name, _)| name == "PATH").map(|(_, value)| value.clone());
    let search_path = given.or_else(|| std::env::var_os("PATH")).unwrap_or_default();
    let mut command = Command::new(find(&process.program, &process.directory, &search_path)?);
    command.arg0(&process.program).args(&process.arguments).current_dir(&process.directory);
    if process.environment == Environment::WithoutSecrets {
        command.env_clear().envs(std::env::vars_os().filter(|(name, _)| names_a_place(name)));
    }
    // Go sets it, too, so that programs see the path they were given and not the one behind its links.
    command.env("PWD", &process.directory);
    command.envs(process.variables.iter().map(|(name, value)| (name, value)));
    Ok(command)
}

/// Returns the path of a program. Only absolute directories of the search path count, as in Go: what lies in the
/// working directory by chance is not run.
pub(crate) fn find(program: &OsStr, directory: &Path, search_path: &OsStr) -> Result<PathBuf, ProcessError> {
    let candidates: Vec<PathBuf> = if program.as_bytes().contains(&b'/') {
        vec![directory.join(program)]
    } else {
        let directories = std::env::split_paths(search_path).filter(|directory| directory.is_absolute());
        directories.map(|directory| directory.join(program)).collect()
    };
    let mut found = ProcessError::NotFound;
    for candidate in candidates {
        match fs::metadata(&candidate) {
            Ok(metadata) if metadata.is_file() && metadata.permissions().mode() & 0o111 != 0 => {
                return Ok(candidate);
            }
            Ok(metadata) if metadata.is_file() => found = ProcessError::PermissionDenied,
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                found = ProcessError::PermissionDenied
            }
            _ => {}
        }
    }
    Err(found)
}

/// Returns whether a variable names a place, a language or the search path, so that its value is no secret.
fn names_a_place(name: &OsStr) -> bool {
    const NAMES: [&str; 12] = [
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TERM", "NO_PROXY",
        "no_proxy",
    ];
    const STARTS: [&str; 4] = ["LC_", "XDG_", "KUSTOMIZE_", "SSL_CERT_"];
    const ENDS: [&str; 4] = ["_FILE", "_DIR", "_HOME", "_PATH"];
    let Some(name) = name.to_str() else { return false };
    NAMES.contains(&name)
        || STARTS.iter().any(|start| name.starts_with(start))
        || ENDS.iter().any(|end| name.ends_with(end))
}

pub(crate) fn process_error(error: &io::Error) -> ProcessError {
    match error.kind() {
        ErrorKind::NotFound => ProcessError::NotFound,
        ErrorKind::PermissionDenied => ProcessError::PermissionDenied,
        _ => ProcessError::Other(words(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_name_places() {
        let check = |name: &str, seen: bool| assert_eq!(names_a_place(OsStr::new(name)), seen, "{name}");
        check("PATH", true);
        check("LC_ALL", true);
        check("XDG_CONFIG_HOME", true);
        check("SOPS_AGE_KEY_FILE", true);
        check("GNUPGHOME", false);
        check("SOPS_AGE_KEY", false);
        check("AWS_SECRET_ACCESS_KEY", false);
        check("GITHUB_TOKEN", false);
        // It may hold a password; the list of what goes around it cannot.
        check("HTTPS_PROXY", false);
        check("NO_PROXY", true);
    }
}
