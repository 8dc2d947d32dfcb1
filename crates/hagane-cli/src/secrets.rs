//! `hagane secrets`: the secrets of a whole tree.

mod check;
mod plain;
mod report;
mod seal_kms;
mod status;
pub(crate) mod tree;
mod update_keys;

use clap::{Args, Subcommand};

use crate::Surroundings;

/// Look after the encrypted files of a whole tree
#[derive(Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "Examples:
  hagane secrets status                             what is encrypted, for whom, and what is not and should be
  hagane secrets status --staged                    the same of what is about to be committed: a pre-commit hook
  hagane secrets updatekeys --dry-run clusters
  hagane secrets seal-kms --key KEY secret.yaml     each value of a Secret by a key of a KMS"
)]
pub(crate) struct Secrets {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Status(status::Status),
    #[command(name = "updatekeys")]
    UpdateKeys(update_keys::UpdateKeys),
    SealKms(seal_kms::SealKms),
}

/// Runs a command and returns the exit code.
pub(crate) fn run(arguments: &Secrets, surroundings: &mut Surroundings) -> u8 {
    match &arguments.command {
        Verb::Status(arguments) => status::run(arguments, surroundings),
        Verb::UpdateKeys(arguments) => update_keys::run(arguments, surroundings),
        Verb::SealKms(arguments) => seal_kms::run(arguments, surroundings),
    }
}
