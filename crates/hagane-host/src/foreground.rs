//! Programs that the user works with: editors, and commands that get secrets because the user says so. They have the
//! terminal, and the program waits for them.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

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
    let mut command = Command::new(program);
    command.args(arguments).current_dir(run.directory);
    if !run.inherits {
        command.env_clear();
    }
    let status = command.envs(run.variables).status()?;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    Ok(u8::try_from(code).unwrap_or(1))
}
