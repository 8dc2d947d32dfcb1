//! `hagane argocd test`: what the plugin server of Argo CD does to a plugin, replayed against this program or another.
#![allow(
    clippy::disallowed_methods,
    reason = "it is the plugin server: it makes directories and starts programs"
)]

mod application;
mod call;
mod checkout;
mod crowd;
mod environments;
mod failures;
mod output;
mod served;
mod stage;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use hagane::{Failed, Fault};

use super::generate::refuse;
use crate::{Surroundings, failure};
use call::{Call, Plugin, Sidecar};
use stage::{Miss, Outcome, Stage};

/// Replay the contract of Argo CD's plugin server against a plugin
///
/// A copy of the repository is rendered as that server would have it rendered: under changing paths, environments, users, time
/// zones and file orders, many at once, with the wrong key, with broken files; and killed on the way. The report has a line for
/// each part of the contract. No Argo CD is needed.
#[derive(Args)]
#[command(after_help = "Examples:
  hagane argocd test --key-file keys/test.agekey overlays/staging
  hagane argocd test --serve overlays/staging
  hagane argocd test overlays/staging -- /usr/local/bin/my-plugin generate

Exit codes: 0 all that could run passed, 1 something did not.")]
pub(super) struct Test {
    /// The application
    #[arg(value_name = "DIR", default_value = ".", hide_default_value = true)]
    directory: PathBuf,
    /// The root of its repository; without it, the nearest directory above that has a `.git`, or the current one
    #[arg(long, value_name = "DIR")]
    repository: Option<PathBuf>,
    /// A file of age keys, for SOPS_AGE_KEY_FILE
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// How many runs must give the same bytes
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    runs: usize,
    /// How many run at once
    #[arg(long, value_name = "NUMBER", default_value_t = 50)]
    concurrent: usize,
    /// How many are killed on the way
    #[arg(long, value_name = "NUMBER", default_value_t = 50)]
    kills: usize,
    /// Render as much as a message of that server holds, too: 96 MiB
    #[arg(long)]
    large: bool,
    /// Ask `hagane argocd serve`, in the place of starting `generate`
    #[arg(long, conflicts_with = "command")]
    serve: bool,
    /// Another plugin: its command
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Runs the command and returns the exit code.
pub(super) fn run(arguments: &Test, surroundings: &mut Surroundings) -> u8 {
    match outcomes(arguments, surroundings) {
        Err(failed) => refuse(&failed, surroundings),
        Ok(outcomes) => report(&outcomes, surroundings),
    }
}

fn outcomes(arguments: &Test, surroundings: &Surroundings) -> Result<Vec<Outcome>, Failed> {
    let absolute = |path: &Path| {
        let path = surroundings.directory.join(path);
        fs::canonicalize(&path).map_err(|error| {
            let words = hagane_host::words(&error);
            failure(Fault::Usage, format!("`{}` cannot be read: {words}", path.display()))
        })
    };
    let application = absolute(&arguments.directory)?;
    let repository = match &arguments.repository {
        Some(repository) => absolute(repository)?,
        None => application
            .ancestors()
            .find(|above| above.join(".git").exists())
            .map_or_else(|| surroundings.directory.clone(), Path::to_owned),
    };
    let Ok(path) = application.strip_prefix(&repository) else {
        return Err(failure(Fault::Usage, "the application does not lie in its repository"));
    };
    let itself = std::env::current_exe();
    let plugin = match arguments.command.split_first() {
        Some((program, rest)) => Plugin { program: program.into(), arguments: rest.to_vec(), is_ours: false },
        None => Plugin {
            program: itself
                .map_err(|_| failure(Fault::Passing, "this program does not know its own path"))?,
            arguments: ["argocd", "generate"].map(OsString::from).into(),
            is_ours: true,
        },
    };
    let cannot = |error: std::io::Error| {
        let words = hagane_host::words(&error);
        failure(Fault::Passing, format!("cannot make a scratch directory: {words}"))
    };
    let scratch = checkout::Scratch::new().map_err(cannot)?;
    let key_file = match &arguments.key_file {
        Some(file) => Some(scratch.key(&absolute(file)?).map_err(cannot)?),
        None => None,
    };
    let sidecar = Sidecar { key_file, scratch: scratch.path().to_owned(), source_path: path.to_owned() };
    let served = match arguments.serve {
        false => None,
        true => {
            served::prepare(&sidecar).map_err(cannot)?;
            let served = served::Served::start(&sidecar, &plugin.program, &Call::default());
            Some(served.map_err(|error| failure(Fault::Passing, error.to_string()))?)
        }
    };
    let stage = Stage {
        plugin,
        sidecar,
        repository,
        application: path.to_owned(),
        runs: arguments.runs.max(2),
        concurrent: arguments.concurrent.max(1),
        kills: arguments.kills,
        large: arguments.large,
        served,
    };
    stage.check().map_err(cannot)
}

fn report(outcomes: &[Outcome], surroundings: &mut Surroundings) -> u8 {
    let mut text = String::new();
    for outcome in outcomes {
        let (word, what) = match &outcome.result {
            Ok(what) => ("passed", what),
            Err(Miss::Failed(what)) => ("FAILED", what),
            Err(Miss::NotRun(what)) => ("not run", what),
        };
        text.push_str(&format!("{:>2} {word:<8} {}\n", outcome.number, outcome.name));
        if !what.is_empty() {
            text.push_str(&format!("            {}\n", what.replace('\n', "\n            ")));
        }
    }
    let failed = outcomes.iter().filter(|outcome| matches!(outcome.result, Err(Miss::Failed(_)))).count();
    let not_run = outcomes.iter().filter(|outcome| matches!(outcome.result, Err(Miss::NotRun(_)))).count();
    let passed = outcomes.len() - failed - not_run;
    text.push_str(&format!("{passed} passed, {failed} failed, {not_run} not run\n"));
    match crate::output::print(text.as_bytes(), surroundings) {
        Ok(()) => u8::from(failed > 0),
        Err(failed) => refuse(&failed, surroundings),
    }
}
