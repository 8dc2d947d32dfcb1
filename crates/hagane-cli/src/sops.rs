//! `hagane sops`: the commands of SOPS, with its flags and exit codes; also under the name `sops`.

mod arguments;
mod decrypt;
mod edit;
mod encrypt;
mod exec;
mod failure;
pub(crate) mod file;
mod groups;
mod key_service;
mod keys;
mod merge;
pub(crate) mod migrate;
mod old_style;
mod publish;
mod recipe;
mod rotate;
mod session;
mod set;
mod status;
pub(crate) mod update_keys;

use std::ffi::OsString;

use clap::{CommandFactory, Parser, Subcommand};

use crate::arguments::Completion;
use crate::message::{self, MessageFormat};
use crate::{Surroundings, output};

pub(crate) use failure::Failure;

/// Returns a command line of `sops` as a command and its flags: SOPS takes flags before the command, too.
pub(crate) fn rewritten(arguments: Vec<OsString>) -> Vec<OsString> {
    let mut words = arguments.into_iter();
    let name = words.next();
    name.into_iter().chain(old_style::rewritten(words.collect())).collect()
}

/// Returns a command line of `hagane`, rewritten behind the word `sops`.
pub(crate) fn behind_its_name(mut arguments: Vec<OsString>) -> Vec<OsString> {
    if arguments.get(1).is_some_and(|word| word == "sops") {
        let rest = arguments.split_off(2);
        arguments.extend(old_style::rewritten(rest));
    }
    arguments
}

/// What a program that looks for the version of SOPS is told.
const VERSION: &str = concat!("3.11.0 (hagane ", env!("CARGO_PKG_VERSION"), ")");

/// Encrypt, decrypt and edit files as SOPS does
///
/// The flags, exit codes, files and `.sops.yaml` are those of SOPS. Values that do not change keep their ciphertexts, and lines
/// that need not change stay as they are. A link named `sops` to this program answers as these commands, those of older
/// versions (`sops -d FILE`) among them.
#[derive(Parser)]
#[command(name = "sops", version = VERSION, disable_help_subcommand = true, max_term_width = 100)]
#[command(after_help = "Examples:
  hagane sops encrypt --in-place secret.yaml        for whom `.sops.yaml` says
  hagane sops edit secret.yaml
  hagane sops decrypt --extract '[\"stringData\"][\"password\"]' secret.yaml
  hagane sops set secret.yaml '[\"stringData\"][\"password\"]' '\"new\"'
  hagane sops updatekeys secret.yaml

Keys: SOPS_AGE_KEY, SOPS_AGE_KEY_FILE and the other variables of SOPS; gpg; the credentials of the clouds.
Exit codes: those of SOPS.")]
pub(crate) struct Sops {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Subcommand)]
#[command(defer = true)]
enum Verb {
    Decrypt(arguments::Decrypt),
    Encrypt(arguments::Encrypt),
    Edit(arguments::Edit),
    Set(arguments::Set),
    Unset(arguments::Unset),
    Rotate(arguments::Rotate),
    #[command(name = "updatekeys")]
    UpdateKeys(arguments::UpdateKeys),
    Groups(arguments::Groups),
    #[command(name = "filestatus")]
    FileStatus(arguments::FileStatus),
    ExecEnv(arguments::ExecEnv),
    ExecFile(arguments::ExecFile),
    #[command(name = "keyservice")]
    KeyService(arguments::KeyService),
    Publish(arguments::Publish),
    Merge(arguments::Merge),
    #[command(name = "textconv")]
    TextConv(arguments::TextConv),
    Completion(Completion),
}

/// Runs a command and returns the exit code.
pub(crate) fn run(arguments: &Sops, surroundings: &mut Surroundings) -> u8 {
    let done = match &arguments.command {
        Verb::Decrypt(arguments) => decrypt::run(arguments, surroundings),
        Verb::Encrypt(arguments) => encrypt::run(arguments, surroundings),
        Verb::Edit(arguments) => edit::run(arguments, surroundings),
        Verb::Set(arguments) => set::set(arguments, surroundings),
        Verb::Unset(arguments) => set::unset(arguments, surroundings),
        Verb::Rotate(arguments) => rotate::run(arguments, surroundings),
        Verb::UpdateKeys(arguments) => update_keys::run(arguments, surroundings),
        Verb::Groups(arguments) => groups::run(arguments, surroundings),
        Verb::FileStatus(arguments) => status::run(arguments, surroundings),
        Verb::ExecEnv(arguments) => exec::env(arguments, surroundings),
        Verb::ExecFile(arguments) => exec::file(arguments, surroundings),
        Verb::KeyService(arguments) => key_service::run(arguments, surroundings),
        Verb::Publish(arguments) => publish::run(arguments, surroundings),
        Verb::Merge(arguments) => merge::run(arguments, surroundings),
        Verb::TextConv(arguments) => merge::text_conv(arguments, surroundings),
        Verb::Completion(arguments) => {
            let mut script = Vec::new();
            clap_complete::generate(arguments.shell, &mut Sops::command(), "sops", &mut script);
            output::print(&script, surroundings).map(|()| 0).map_err(Failure::from)
        }
    };
    match done {
        Ok(code) => code,
        Err(failure) => {
            message::tell(&failure.diagnostics, &failure.source_map, MessageFormat::Human, surroundings);
            failure.code
        }
    }
}
