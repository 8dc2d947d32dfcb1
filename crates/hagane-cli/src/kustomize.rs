//! The commands of kustomize: under its name, and as `hagane kustomize`.

use std::sync::Arc;

use clap::{CommandFactory, Parser, Subcommand};
use hagane::Failed;
use hagane_host::Leftovers;

use crate::argocd;
use crate::arguments::{Build, Completion, Version};
use crate::config::{self, Cfg, Function};
use crate::create::{self, Create};
use crate::edit::{self, Edit};
use crate::localize::{self, Localize};
use crate::message::MessageFormat;
use crate::openapi::{self, OpenApi};
use crate::{Name, Surroundings, commands, output};

/// What kustomize 5.8.1 does, under its name
///
/// A link named `kustomize` to this program answers as these commands.
#[derive(Parser)]
#[command(name = "kustomize", version = "v5.8.1", disable_help_subcommand = true, max_term_width = 100)]
#[command(after_help = "Examples:
  kustomize build overlays/production
  kustomize edit set image web=registry.example.com/web:1.2
  kustomize create --autodetect")]
pub(crate) struct Kustomize {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
#[command(defer = true)]
enum Command {
    Build(Build),
    Create(Create),
    Edit(Edit),
    Cfg(Cfg),
    #[command(name = "fn")]
    Function(Function),
    #[command(name = "openapi")]
    OpenApi(OpenApi),
    Localize(Localize),
    Completion(Completion),
    Version(Version),
}

/// Runs a command of kustomize.
pub(crate) fn run(
    arguments: &Kustomize,
    leftovers: Option<&Arc<Leftovers>>,
    surroundings: &mut Surroundings,
) -> Result<(), Failed> {
    match &arguments.command {
        Command::Build(arguments) => argocd::build_as_kustomize(arguments, leftovers, surroundings),
        Command::Create(arguments) => create::run(arguments, surroundings),
        Command::Edit(arguments) => edit::run(arguments, surroundings),
        Command::Cfg(arguments) => config::run(arguments, surroundings),
        Command::Function(arguments) => config::run_function(arguments, surroundings),
        Command::OpenApi(arguments) => openapi::run(arguments, surroundings),
        Command::Localize(arguments) => localize::run(arguments, surroundings),
        Command::Completion(arguments) => {
            let mut script = Vec::new();
            clap_complete::generate(arguments.shell, &mut Kustomize::command(), "kustomize", &mut script);
            output::print(&script, surroundings)
        }
        Command::Version(_) => commands::version(Name::Kustomize, surroundings),
    }
}

impl Kustomize {
    pub(crate) fn message_format(&self) -> MessageFormat {
        match &self.command {
            Command::Build(arguments) => arguments.message_format,
            _ => MessageFormat::Human,
        }
    }
}
