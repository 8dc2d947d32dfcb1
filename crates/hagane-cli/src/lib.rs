//! The program: arguments, messages, exit codes.
//!
//! [`main`] is the program in the real world; [`run`] is the same over any [`Surroundings`], which is how most
//! of the golden suite runs it.

mod argocd;
mod arguments;
mod check;
mod commands;
mod composing;
mod config;
mod create;
mod edit;
mod harden;
mod kustomize;
mod localize;
mod lock;
mod message;
mod openapi;
mod output;
mod panic;
mod plugins;
mod policy;
mod secrets;
mod settings;
mod sops;
mod vendor;

use std::convert::Infallible;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use hagane::{Diagnostic, Failed, Fault, Files, Keyring, Processes, Remotes, Severity, SourceMap, Span};
use hagane_host::{Disk, FetchOptions, Fetcher, Leftovers, LocalKeys, Programs};

use arguments::{Arguments, Command};
use message::MessageFormat;

/// What a run of the program sees of the world, and where it speaks.
pub struct Surroundings<'s> {
    /// The files that are read.
    pub files: &'s dyn Files,
    /// The keys to encrypted files.
    pub keyring: &'s dyn Keyring,
    /// Whoever fetches what lies elsewhere, if anybody does.
    pub remotes: Option<&'s dyn Remotes>,
    /// Whoever starts other programs, if anybody does.
    pub processes: Option<&'s dyn Processes>,
    /// The working directory.
    pub directory: PathBuf,
    /// Standard input.
    pub stdin: &'s mut dyn Read,
    /// Standard output.
    pub stdout: &'s mut dyn Write,
    /// Whether a person looks at standard output, who is shown no secrets.
    pub stdout_is_terminal: bool,
    /// Standard error.
    pub stderr: &'s mut dyn Write,
    /// Whether messages are coloured.
    pub coloured: bool,
}

impl Surroundings<'_> {
    /// Returns a path as it is named from the working directory.
    fn shown<'p>(&self, path: &'p Path) -> &'p Path {
        path.strip_prefix(&self.directory).unwrap_or(path)
    }
}

/// Bytes of stack: documents may be nested as deep as their limit in every build, and only pages in use are real.
const STACK: usize = 256 << 20;

/// Runs the program with the arguments, files, keys and streams of this process.
pub fn main() -> ExitCode {
    panic::install();
    hagane_host::without_core_dumps();
    match std::thread::Builder::new().stack_size(STACK).spawn(|| end(run_here())) {
        Ok(thread) => match thread.join() {
            Ok(never) => match never {},
            Err(_) => unreachable!("the panic hook ends the process"),
        },
        // A machine without room for the stack: the usual one does for usual documents.
        Err(_) => ExitCode::from(run_here()),
    }
}

/// Ends the process when all is written.
fn end(code: u8) -> Infallible {
    // Where this cannot be written, nobody reads it any longer.
    let _ = io::stdout().flush();
    hagane_host::exit(code)
}

fn run_here() -> u8 {
    let (mut stdout, mut stderr) = (io::stdout(), io::stderr());
    let set = |name: &str| hagane_host::environment(name).is_some_and(|value| !value.is_empty());
    let coloured = stderr.is_terminal()
        && !set("NO_COLOR")
        && hagane_host::environment("TERM").is_none_or(|t| t != "dumb");
    // A directory that is gone shows when something is read from it.
    let directory = hagane_host::working_directory().unwrap_or_else(|_| PathBuf::from("/"));
    let disk = Disk::default();
    let keyring = LocalKeys::new(&hagane_host::environment, &disk, &directory);
    let leftovers = Arc::new(Leftovers::default());
    // Programs that are started do not hear the terminal: who interrupts us ends them. Without it they end by themselves.
    let _ = leftovers.remove_when_interrupted();
    let progress: &(dyn Fn(&str) + Sync) = &|text| {
        let _ = writeln!(io::stderr(), "{text}");
    };
    let progress = stderr.is_terminal().then_some(progress);
    let fetcher = Fetcher::new(leftovers.clone(), FetchOptions { progress, ..FetchOptions::default() });
    let programs = Programs::new(leftovers.clone());
    let mut surroundings = Surroundings {
        files: &disk,
        keyring: &keyring,
        remotes: Some(&fetcher),
        processes: Some(&programs),
        directory: directory.clone(),
        stdin: &mut io::stdin(),
        stdout_is_terminal: stdout.is_terminal(),
        stdout: &mut stdout,
        stderr: &mut stderr,
        coloured,
    };
    let code = run_with(std::env::args_os(), Some(&leftovers), &mut surroundings);
    leftovers.remove();
    code
}

/// Runs the program with these arguments, the first of which is its name, and returns the exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>, surroundings: &mut Surroundings) -> u8 {
    run_with(arguments, None, surroundings)
}

/// The same for a process of its own, which may be ended before it is done: `leftovers` is what must not stay behind then.
fn run_with(
    arguments: impl IntoIterator<Item = OsString>,
    leftovers: Option<&Arc<Leftovers>>,
    surroundings: &mut Surroundings,
) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let name = Name::of(arguments.first());
    let parsed = match name {
        Name::Hagane => {
            parsed::<Arguments>(sops::behind_its_name(arguments)).map(|arguments| arguments.command)
        }
        Name::Kustomize => parsed(arguments).map(Command::Kustomize),
        Name::Sops => parsed(sops::rewritten(arguments)).map(Command::Sops),
    };
    let command = match parsed {
        Ok(command) => command,
        Err(error) => return usage(&error, name, surroundings),
    };
    let format = command.message_format();
    // kustomize knows no exit code but 1.
    let is_kustomize = matches!(command, Command::Kustomize(_));
    let done = match command {
        Command::Build(arguments) => commands::build(&arguments, surroundings),
        Command::Render(arguments) => commands::render(&arguments, surroundings),
        Command::Check(arguments) => check::run(&arguments, surroundings),
        Command::Harden(arguments) => harden::run(&arguments, surroundings),
        Command::Lock(arguments) => lock::run(&arguments, surroundings),
        Command::Vendor(arguments) => vendor::run(&arguments, surroundings),
        Command::Localize(arguments) => localize::run(&arguments, surroundings),
        Command::Completion(arguments) => commands::completion(&arguments, surroundings),
        Command::Man(arguments) => commands::man(&arguments, surroundings),
        Command::Version(_) => commands::version(name, surroundings),
        Command::Kustomize(arguments) => kustomize::run(&arguments, leftovers, surroundings),
        Command::ArgoCd(arguments) => return argocd::run(&arguments, leftovers, surroundings),
        Command::Secrets(arguments) => return secrets::run(&arguments, surroundings),
        Command::Migrate(arguments) => return sops::migrate::run(&arguments, surroundings),
        Command::Sops(arguments) => return sops::run(&arguments, surroundings),
    };
    match done {
        Ok(()) => 0,
        Err(failed) => {
            message::tell(&failed.diagnostics, &failed.source_map, format, surroundings);
            if is_kustomize {
                return 1;
            }
            let error = failed.diagnostics.iter().find(|d| d.severity == Severity::Error);
            error.map_or(1, |error| exit_code(error.fault))
        }
    }
}

/// Parses a command line. A command's flags are made up when it is called, since those of all would be a good part of what a
/// small build costs; those of all, only where there is help or an error to show.
fn parsed<P: Parser>(arguments: Vec<OsString>) -> Result<P, clap::Error> {
    P::try_parse_from(&arguments).or_else(|_| {
        let mut command = P::command();
        command.build();
        P::from_arg_matches(&command.try_get_matches_from(arguments)?)
    })
}

/// The name under which the program was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Hagane,
    /// A link of this name stands in for kustomize, for programs that start it themselves.
    Kustomize,
    /// A link of this name stands in for SOPS.
    Sops,
}

impl Name {
    fn of(program: Option<&OsString>) -> Name {
        let name = program.and_then(|program| std::path::Path::new(program).file_name());
        match name.and_then(|name| name.to_str()) {
            Some("kustomize") => Name::Kustomize,
            Some("sops") => Name::Sops,
            _ => Name::Hagane,
        }
    }
}

/// Says what clap has to say: help on standard output, or what is wrong with the command line.
fn usage(error: &clap::Error, name: Name, surroundings: &mut Surroundings) -> u8 {
    let text = error.render().to_string();
    // Where even this cannot be written there is nobody to tell.
    let _ = match error.use_stderr() {
        true => surroundings.stderr.write_all(text.as_bytes()),
        false => surroundings.stdout.write_all(text.as_bytes()),
    };
    match (error.exit_code(), name) {
        (0, _) => 0,
        (_, Name::Kustomize | Name::Sops) => 1,
        (_, Name::Hagane) => exit_code(Fault::Usage),
    }
}

fn exit_code(fault: Fault) -> u8 {
    match fault {
        Fault::Input => 1,
        Fault::Usage => 2,
        Fault::Access => 3,
        Fault::Passing => 4,
    }
}

/// Returns a failure without a place in a file.
fn failure(fault: Fault, message: impl Into<String>) -> Failed {
    let diagnostic = Diagnostic::error(Span::default(), message).with_fault(fault);
    Failed { diagnostics: vec![diagnostic], source_map: SourceMap::new() }
}

impl Command {
    fn message_format(&self) -> MessageFormat {
        match self {
            Command::Build(arguments) => arguments.message_format,
            Command::Render(arguments) => arguments.message_format,
            Command::Kustomize(arguments) => arguments.message_format(),
            Command::Check(arguments) => arguments.message_format,
            Command::Harden(arguments) => arguments.message_format,
            Command::Lock(arguments) => arguments.message_format,
            Command::Vendor(arguments) => arguments.message_format,
            Command::Localize(_)
            | Command::Completion(_)
            | Command::Man(_)
            | Command::ArgoCd(_)
            | Command::Secrets(_)
            | Command::Migrate(_)
            | Command::Sops(_)
            | Command::Version(_) => MessageFormat::Human,
        }
    }
}
