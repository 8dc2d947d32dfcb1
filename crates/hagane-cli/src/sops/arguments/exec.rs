//! The flags of commands that run others.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::{Common, Services, Types};

/// Run a command that gets the values of a file as environment variables
#[derive(Args)]
#[command(after_help = "Example:
  hagane sops exec-env secret.env 'psql -h localhost'")]
pub(in crate::sops) struct ExecEnv {
    /// The file, whose values are all at the top
    #[arg(value_name = "FILE")]
    pub(in crate::sops) file: PathBuf,
    /// The command, for /bin/sh
    #[arg(value_name = "COMMAND")]
    pub(in crate::sops) command: OsString,
    /// Without the variables of this process
    #[arg(long)]
    pub(in crate::sops) pristine: bool,
    /// Start the command in place of this process; it is waited for in any case
    #[arg(long = "same-process")]
    _same_process: bool,
    /// yaml, json, dotenv, ini or binary; by the file's name unless stated
    #[arg(long, value_name = "FORMAT")]
    pub(in crate::sops) input_type: Option<String>,
    #[command(flatten)]
    pub(in crate::sops) services: Services,
    #[command(flatten)]
    pub(in crate::sops) common: Common,
}

/// Run a command that reads the decrypted file
///
/// `{}` in the command is the name of a pipe, or with `--no-fifo` of a file on a file system in memory.
#[derive(Args)]
#[command(after_help = "Example:
  hagane sops exec-file --output-type json secret.yaml 'jq . {}'")]
pub(in crate::sops) struct ExecFile {
    /// The file
    #[arg(value_name = "FILE")]
    pub(in crate::sops) file: PathBuf,
    /// The command, for /bin/sh
    #[arg(value_name = "COMMAND")]
    pub(in crate::sops) command: String,
    /// A file in memory in place of a pipe: for programs that seek
    #[arg(long)]
    pub(in crate::sops) no_fifo: bool,
    /// The name of the pipe or file
    #[arg(long, value_name = "NAME", default_value = "tmp-file")]
    pub(in crate::sops) filename: String,
    #[command(flatten)]
    pub(in crate::sops) types: Types,
    #[command(flatten)]
    pub(in crate::sops) services: Services,
    #[command(flatten)]
    pub(in crate::sops) common: Common,
}
