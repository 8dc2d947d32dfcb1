//! Runs the commands of a case.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process;

use crate::case::{Case, Command, Part};
use crate::entry::Entry;
use crate::remote::{self, Names};
use crate::sandbox::Sandbox;

/// What a command said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Standard output.
    pub stdout: String,
    /// Standard error, with the case's own directory left out of paths.
    pub stderr: String,
    /// The exit code; -1 where a signal ended the process.
    pub exit: i32,
}

/// A command in its place.
pub struct Invocation<'a> {
    /// The case's directory.
    pub directory: &'a Path,
    /// The assignments of the command line, and nothing else.
    pub env: &'a [(String, String)],
    /// Arguments after `hagane`.
    pub args: &'a [String],
    /// Whether the case takes permissions away, which the superuser does not notice.
    pub needs_permissions: bool,
}

/// What answers a `hagane` command: the program, a peer, or the library.
pub type Answer<'a> = dyn FnMut(&Invocation) -> io::Result<Output> + 'a;

/// Runs a case in a new directory and returns what each of its commands said.
pub fn run(case: &Case, repository: &Path, answer: &mut Answer) -> io::Result<Vec<Output>> {
    let sandbox = Sandbox::new(repository)?;
    let takes_away = |bits: u32| bits & 0o600 != 0o600;
    let needs_permissions = case
        .parts
        .iter()
        .any(|part| matches!(part, Part::Make(Entry::Mode { bits, .. }, _) if takes_away(*bits)));
    let text = case.text();
    let names = Names::new(sandbox.path(), text.contains(remote::HOST))?;
    let has_names = text.contains(remote::HOST) || text.contains(remote::HERE);
    let mut outputs = Vec::new();
    for part in &case.parts {
        match part {
            Part::Make(Entry::File { path, bytes }, text)
                if text.contains(remote::HOST) || text.contains(remote::HERE) =>
            {
                let bytes = names.filled_in(&String::from_utf8_lossy(bytes)).into_bytes();
                sandbox.make(&Entry::File { path: path.clone(), bytes })?;
            }
            Part::Make(entry, _) => sandbox.make(entry)?,
            Part::Run(command) if has_names => {
                let words = command.words.iter().map(|word| names.filled_in(word)).collect();
                let env = command.env.clone();
                let filled_in =
                    Command { words, env, line: command.line.clone(), expected: Default::default() };
                let output = say(&filled_in, &sandbox, needs_permissions, answer)?;
                let left_out = |text: String| names.left_out(&text);
                outputs.push(Output {
                    stdout: left_out(output.stdout),
                    stderr: left_out(output.stderr),
                    exit: output.exit,
                });
            }
            Part::Run(command) => outputs.push(say(command, &sandbox, needs_permissions, answer)?),
        }
    }
    Ok(outputs)
}

fn say(
    command: &Command,
    sandbox: &Sandbox,
    needs_permissions: bool,
    answer: &mut Answer,
) -> io::Result<Output> {
    let directory = sandbox.path();
    let (program, args) = command.words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    match (program.as_str(), args) {
        ("cat", [file]) => Ok(printed(fs::read_to_string(directory.join(file)))),
        ("ls", [folder]) => Ok(printed(names(&directory.join(folder)))),
        ("hagane", args) => answer(&Invocation { directory, env: &command.env, args, needs_permissions }),
        _ => Err(io::Error::other(format!("`{}`: a case knows hagane, cat FILE and ls DIR", command.line))),
    }
}

fn printed(result: io::Result<String>) -> Output {
    match result {
        Ok(stdout) => Output { stdout, ..Output::default() },
        Err(error) => Output { stderr: format!("{error}\n"), exit: 1, ..Output::default() },
    }
}

fn names(directory: &Path) -> io::Result<String> {
    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(directory)? {
        names.push(format!("{}\n", entry?.file_name().to_string_lossy()));
    }
    names.sort();
    Ok(names.concat())
}

/// Runs the program at `binary` in the case's directory, with that directory as its home and no other environment.
pub fn program(binary: &Path, invocation: &Invocation) -> io::Result<Output> {
    let mut copy = None;
    let mut command = process::Command::new(binary);
    if invocation.needs_permissions && is_superuser(invocation.directory)? {
        let reachable = Reachable::new(binary, invocation.directory)?;
        command = process::Command::new(&reachable.0);
        command.uid(NOBODY);
        copy = Some(reachable);
    }
    let output = command
        .args(invocation.args)
        .env_clear()
        .env("HOME", invocation.directory)
        .envs(invocation.env.iter().map(|(name, value)| (name, at_home(value, invocation.directory))))
        .current_dir(invocation.directory)
        .stdin(process::Stdio::null())
        .output()?;
    drop(copy);
    Ok(spoken(output, invocation.directory))
}

/// Returns the value of a variable as a shell would have it: `~/` is the home, the case's directory.
pub fn at_home(value: &str, directory: &Path) -> String {
    value.replace("~/", &format!("{}/", directory.display()))
}

/// Returns what a process said as text, with the case's directory left out of it.
pub fn spoken(output: process::Output, directory: &Path) -> Output {
    Output::new(&output.stdout, &output.stderr, output.status.code().unwrap_or(-1), directory)
}

impl Output {
    /// Returns an output as text, with the case's directory left out of it.
    pub fn new(stdout: &[u8], stderr: &[u8], exit: i32, directory: &Path) -> Output {
        let text = |bytes| without_directory(&String::from_utf8_lossy(bytes), directory);
        Output { stdout: text(stdout), stderr: text(stderr), exit }
    }
}

/// Leaves a directory out of the paths in a text; not where its path is part of a URL or of a longer path.
fn without_directory(text: &str, directory: &Path) -> String {
    let inside = format!("{}/", directory.display());
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(&inside) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        if before.ends_with("://") || before.ends_with(|c: char| c.is_ascii_alphanumeric()) {
            out.push_str(&inside);
        }
        rest = &after[inside.len()..];
    }
    out + rest
}

/// The user that owns nothing.
const NOBODY: u32 = 65534;

/// Returns whether permission bits do not stop us.
fn is_superuser(directory: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(fs::metadata(directory)?.uid() == 0)
}

/// A copy of the program where any user can start it.
struct Reachable(PathBuf);

impl Reachable {
    fn new(binary: &Path, directory: &Path) -> io::Result<Reachable> {
        let place = directory.with_extension("program");
        fs::copy(binary, &place)?;
        Ok(Reachable(place))
    }
}

impl Drop for Reachable {
    fn drop(&mut self) {
        // As with a case's directory: what stays behind fails nothing.
        let _ = fs::remove_file(&self.0);
    }
}
