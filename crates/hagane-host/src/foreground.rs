//! Programs that the user works with: editors, and commands that get secrets because the user says so. They have the
//! terminal, and the program waits for them.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use crate::leftovers::TerminalLent;
use crate::programs::find;

/// What is run.
pub struct Foreground<'f> {
    /// The program and its arguments.
    pub words: &'f [OsString],
    /// The directory that it starts in.
    pub directory: &'f Path,
    /// Variables that it gets besides those of this process.
    pub variables: Vec<(String, OsString)>,
    /// Whether it gets those of this process.
    pub inherits: bool,
}

/// Runs a program on this process' terminal, and returns its exit code; a signal that ended it counts from 128.
pub fn foreground(run: Foreground) -> io::Result<u8> {
    let (program, arguments) = run.words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let search_path = std::env::var_os("PATH").unwrap_or_default();
    let program = find(program.as_ref(), run.directory, &search_path).map_err(|_| io::ErrorKind::NotFound)?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(run.directory);
    if !run.inherits {
        command.env_clear();
    }
    // As the shell does: an interrupt that is typed is for the program, and this one waits for what becomes of it.
    let lent = TerminalLent::new();
    let status = command.envs(run.variables).status()?;
    drop(lent);
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    Ok(u8::try_from(code).unwrap_or(1))
}

/// Returns whether a program of this name is on the search path.
pub fn is_program(name: &str) -> bool {
    let search_path = std::env::var_os("PATH").unwrap_or_default();
    find(OsStr::new(name), Path::new("/"), &search_path).is_ok()
}

/// Returns the words of a line as a shell would split it; nothing where a quote does not end.
pub fn shell_words(line: &str) -> Option<Vec<String>> {
    shlex::split(line)
}
