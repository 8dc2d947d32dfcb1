//! `edit remove`.

use clap::{ArgAction, Args, Subcommand};
use hagane::Failed;
use hagane_edit::{GeneratorKind, Missing};

use super::{change, generator, patch};
use crate::Surroundings;

/// Remove from a field
#[derive(Args)]
#[command(disable_help_subcommand = true)]
pub(super) struct Remove {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// In `configMapGenerator`
    #[command(name = "configmap")]
    ConfigMap(generator::Remove),
    /// In `secretGenerator`
    Secret(generator::Remove),
    /// In `patches`
    Patch(patch::Patch),
    Resource(Paths),
    Component(Paths),
    Transformer(Paths),
    #[command(name = "buildmetadata")]
    BuildMetadata(BuildMetadata),
    Label(Label),
    Annotation(Annotation),
}

/// Remove what matches from `resources`, `components` or `transformers`
#[derive(Args)]
struct Paths {
    /// Paths and patterns, as they stand in the file
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,
}

/// Remove options from `buildMetadata`
#[derive(Args)]
struct BuildMetadata {
    /// managedByLabel, originAnnotations, transformerAnnotations, with commas between them
    #[arg(value_name = "OPTION[,OPTION]", value_delimiter = ',', required = true, num_args = 1)]
    options: Vec<String>,
}

/// Remove labels from `commonLabels`
#[derive(Args)]
#[command(after_help = "Example:
  kustomize edit remove label tier,owner")]
struct Label {
    #[command(flatten)]
    keys: Keys,
}

/// Remove annotations from `commonAnnotations`
#[derive(Args)]
#[command(after_help = "Example:
  kustomize edit remove annotation owner")]
struct Annotation {
    #[command(flatten)]
    keys: Keys,
}

#[derive(Args)]
struct Keys {
    /// Keys, with commas between them
    #[arg(value_name = "KEY[,KEY]", value_delimiter = ',', required = true, num_args = 1)]
    keys: Vec<String>,
    /// Go on where a key is not there
    #[arg(short, long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, hide_possible_values = true, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    ignore_non_existence: bool,
}

impl Keys {
    fn missing(&self) -> Missing {
        if self.ignore_non_existence { Missing::Ignore } else { Missing::Refuse }
    }
}

pub(super) fn run(arguments: &Remove, surroundings: &mut Surroundings) -> Result<(), Failed> {
    match &arguments.command {
        Command::ConfigMap(argument) => generator::remove(GeneratorKind::ConfigMap, argument, surroundings),
        Command::Secret(argument) => generator::remove(GeneratorKind::Secret, argument, surroundings),
        Command::Patch(argument) => {
            let patch = argument.argument()?;
            change(surroundings, |kustomization| kustomization.remove_patch(&patch))
        }
        Command::Resource(remove) => paths("resources", remove, surroundings),
        Command::Component(remove) => paths("components", remove, surroundings),
        Command::Transformer(remove) => paths("transformers", remove, surroundings),
        Command::BuildMetadata(remove) => {
            change(surroundings, |kustomization| kustomization.remove_build_metadata(&remove.options))
        }
        Command::Label(Label { keys }) => {
            change(surroundings, |kustomization| kustomization.remove_labels(&keys.keys, keys.missing()))
        }
        Command::Annotation(Annotation { keys }) => {
            change(surroundings, |kustomization| kustomization.remove_annotations(&keys.keys, keys.missing()))
        }
    }
}

fn paths(field: &str, remove: &Paths, surroundings: &mut Surroundings) -> Result<(), Failed> {
    change(surroundings, |kustomization| kustomization.remove_paths(field, &remove.paths))
}
