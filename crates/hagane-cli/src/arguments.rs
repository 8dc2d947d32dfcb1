//! The command line.

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use hagane::{BuildOptions, Reorder, SecretsMode};

use crate::argocd::ArgoCd;
use crate::check::Check;
use crate::composing::{Composing, go_bool};
use crate::harden::Harden;
use crate::kustomize::Kustomize;
use crate::localize::Localize;
use crate::lock::LockArguments;
use crate::message::MessageFormat;
use crate::policy::PolicyArguments;
use crate::secrets::Secrets;
use crate::settings::Settings;
use crate::sops::Sops;
use crate::sops::migrate::Migrate;
use crate::vendor::VendorArguments;

/// Renders Kubernetes manifests from kustomizations and SOPS-encrypted secrets.
#[derive(Parser)]
#[command(name = "hagane", version, disable_help_subcommand = true, max_term_width = 100)]
#[command(after_help = "Examples:
  hagane build overlays/production                  what `kustomize build` prints
  hagane render overlays/production                 the same, with secrets decrypted and labels filled in
  hagane render overlays/production | kubectl apply -f -

`hagane COMMAND --help` says more about a command.")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
#[command(defer = true)]
pub(crate) enum Command {
    Build(Build),
    Render(Render),
    Check(Check),
    Harden(Harden),
    Lock(LockArguments),
    Vendor(VendorArguments),
    Localize(Localize),
    Kustomize(Kustomize),
    Sops(Box<Sops>),
    Secrets(Secrets),
    Migrate(Migrate),
    #[command(name = "argocd")]
    ArgoCd(Box<ArgoCd>),
    Completion(Completion),
    Man(Man),
    Version(Version),
}

/// Print what `kustomize build` prints, byte for byte
///
/// Encrypted files are used as they lie; no key and no `hagane.yaml` is read. The output is written only when
/// everything succeeded.
#[derive(Args)]
#[command(after_help = "Examples:
  hagane build                                      the kustomization in the current directory
  hagane build overlays/production
  hagane build -o rendered.yaml overlays/staging    into a file
  hagane build -o rendered overlays/staging         one file a resource, where `rendered` is a directory
  hagane build --load-restrictor LoadRestrictionsNone overlays/staging")]
pub(crate) struct Build {
    /// The directory with the kustomization
    #[arg(value_name = "DIR", default_value = ".", hide_default_value = true)]
    pub(crate) directory: PathBuf,
    /// Write to a file; or, where PATH is a directory that exists, one file a resource
    #[arg(short, long, value_name = "PATH", value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub(crate) output: Option<PathBuf>,
    /// The order of the output, where the kustomization has no `sortOptions`
    #[arg(long, value_name = "ORDER", value_enum)]
    pub(crate) reorder: Option<Order>,
    /// Give every resource the label `app.kubernetes.io/managed-by`
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, value_parser = go_bool, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    pub(crate) enable_managedby_label: bool,
    #[command(flatten)]
    pub(crate) composing: Composing,
    /// How messages are written to standard error
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(crate) message_format: MessageFormat,
}

/// Decrypt, compose, label and harden
///
/// Files that SOPS encrypted are decrypted wherever a layer reads them, and their MACs verified, before anything is composed.
/// Then the labels that `hagane.yaml` asks for are filled in, and its rules harden what is there. The output is written only when everything succeeded.
///
/// Keys: SOPS_AGE_KEY, SOPS_AGE_KEY_FILE and the other variables of SOPS, ~/.config/sops/age/keys.txt, gpg, the clouds'
/// credentials.
#[derive(Args)]
#[command(after_help = "Examples:
  hagane render overlays/production | kubectl apply -f -
  hagane render -o rendered.yaml overlays/production
  hagane render --reveal overlays/staging           show secrets on a terminal, too
  hagane render --set replicas=3 overlays/staging   a parameter that `hagane.yaml` declares
  hagane render --secrets placeholder overlays/staging
                                                    without a key: does it compose, and what is in it?
  SOPS_AGE_KEY_FILE=key.txt hagane render overlays/staging

Exit codes: 0 done, 1 the input is wrong, 2 the command line is wrong, 3 a key or a permission is
missing, 4 something outside failed for now.")]
pub(crate) struct Render {
    /// The directory with the kustomization
    #[arg(value_name = "DIR", default_value = ".", hide_default_value = true)]
    pub(crate) directory: PathBuf,
    /// Write to a file; or, where PATH is a directory that exists, one file a resource
    #[arg(short, long, value_name = "PATH", value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub(crate) output: Option<PathBuf>,
    /// What happens to encrypted values
    #[arg(long, value_name = "MODE", value_enum, default_value_t)]
    pub(crate) secrets: SecretsArgument,
    /// Show decrypted values on a terminal, too
    #[arg(long)]
    pub(crate) reveal: bool,
    /// Write what the rules of `hagane.yaml` changed and found: as JSON, SARIF, Markdown or HTML where FILE ends with
    /// .json, .sarif, .md or .html, and else as text
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Write decrypted values into a git work tree, too
    #[arg(long)]
    pub(crate) plaintext_in_git: bool,
    #[command(flatten)]
    pub(crate) settings: Settings,
    #[command(flatten)]
    pub(crate) policy: PolicyArguments,
    #[command(flatten)]
    pub(crate) composing: Composing,
    /// How messages are written to standard error
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(crate) message_format: MessageFormat,
}

/// Print a completion script for a shell
#[derive(Args)]
#[command(after_help = "Examples:
  hagane completion bash > /etc/bash_completion.d/hagane
  hagane completion zsh > \"${fpath[1]}/_hagane\"
  hagane completion fish > ~/.config/fish/completions/hagane.fish")]
pub(crate) struct Completion {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// Print the manual page, or write those of all commands into a directory
#[derive(Args)]
#[command(after_help = "Examples:
  hagane man | man -l -
  hagane man /usr/local/share/man/man1")]
pub(crate) struct Man {
    /// The directory to write `hagane.1`, `hagane-build.1` and so on into
    #[arg(value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
}

/// Print the version
#[derive(Args)]
#[command(after_help = "Example:
  hagane version")]
pub(crate) struct Version {
    /// As kustomize has it
    #[arg(long, hide = true)]
    _short: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Order {
    /// By kind, then by name
    Legacy,
    /// As loaded
    None,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SecretsArgument {
    /// They are decrypted
    #[default]
    Decrypt,
    /// A fixed text takes the place of each; no key is needed
    Placeholder,
    /// They stay as they lie, which composing must not have touched; no key is needed
    KeepEncrypted,
}

impl Build {
    /// Returns what composing is asked to do.
    pub(crate) fn options(&self) -> BuildOptions {
        BuildOptions {
            reorder: self.reorder.map(Into::into).unwrap_or_default(),
            managed_by_label: self.enable_managedby_label,
            ..self.composing.options()
        }
    }
}

impl From<Order> for Reorder {
    fn from(argument: Order) -> Reorder {
        match argument {
            Order::Legacy => Reorder::Legacy,
            Order::None => Reorder::None,
        }
    }
}

impl From<SecretsArgument> for SecretsMode {
    fn from(argument: SecretsArgument) -> SecretsMode {
        match argument {
            SecretsArgument::Decrypt => SecretsMode::Decrypt,
            SecretsArgument::Placeholder => SecretsMode::Placeholder,
            SecretsArgument::KeepEncrypted => SecretsMode::KeepEncrypted,
        }
    }
}

#[cfg(test)]
mod tests;
