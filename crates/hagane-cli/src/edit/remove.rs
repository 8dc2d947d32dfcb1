//! `edit remove`.

use clap::{ArgAction, Args, Subcommand};
use hagane::Failed;
use hagane_edit::{GeneratorKind, Missing};

use super::{change, generator, metadata, patch};
use crate::Surroundings;

/// The fields that take `edit remove`.
#[derive(Subcommand)]
pub(super) enum Remove {
    /// Remove from `configMapGenerator`
    #[command(name = "configmap")]
    ConfigMap(generator::Remove),
    /// Remove from `secretGenerator`
    Secret(generator::Remove),
    /// Remove from `patches`
    #[command(after_help = "Example:
  kustomize edit remove patch --path replicas.yaml")]
    Patch(patch::Patch),
    /// Remove what matches from `resources`
    #[command(after_help = "Example:
  kustomize edit remove resource 'apps/*.yaml'")]
    Resource(Paths),
    /// Remove what matches from `components`
    #[command(after_help = "Example:
  kustomize edit remove component ../components/ingress")]
    Component(Paths),
    /// Remove what matches from `transformers`
    #[command(after_help = "Example:
  kustomize edit remove transformer labels.yaml")]
    Transformer(Paths),
    /// Remove options from `buildMetadata`
    #[command(
        name = "buildmetadata",
        after_help = "Example:
  kustomize edit remove buildmetadata originAnnotations"
    )]
    BuildMetadata(metadata::BuildMetadata),
    Label(Label),
    Annotation(Annotation),
}

/// Remove what matches from `resources`, `components` or `transformers`
#[derive(Args)]
pub(super) struct Paths {
    /// Paths and patterns, as they stand in the file
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,
}

/// Remove labels from `commonLabels`
#[derive(Args)]
#[command(after_help = "Example:
  kustomize edit remove label tier,owner")]
pub(super) struct Label {
    #[command(flatten)]
    keys: Keys,
}

/// Remove annotations from `commonAnnotations`
#[derive(Args)]
#[command(after_help = "Example:
  kustomize edit remove annotation owner")]
pub(super) struct Annotation {
    #[command(flatten)]
    keys: Keys,
}

#[derive(Args)]
pub(super) struct Keys {
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
    match arguments {
        Remove::ConfigMap(argument) => generator::remove(GeneratorKind::ConfigMap, argument, surroundings),
        Remove::Secret(argument) => generator::remove(GeneratorKind::Secret, argument, surroundings),
        Remove::Patch(argument) => {
            let patch = argument.argument()?;
            change(surroundings, |kustomization| kustomization.remove_patch(&patch))
        }
        Remove::Resource(remove) => paths("resources", remove, surroundings),
        Remove::Component(remove) => paths("components", remove, surroundings),
        Remove::Transformer(remove) => paths("transformers", remove, surroundings),
        Remove::BuildMetadata(remove) => {
            change(surroundings, |kustomization| kustomization.remove_build_metadata(&remove.options))
        }
        Remove::Label(Label { keys }) => {
            change(surroundings, |kustomization| kustomization.remove_labels(&keys.keys, keys.missing()))
        }
        Remove::Annotation(Annotation { keys }) => {
            change(surroundings, |kustomization| kustomization.remove_annotations(&keys.keys, keys.missing()))
        }
    }
}

fn paths(field: &str, remove: &Paths, surroundings: &mut Surroundings) -> Result<(), Failed> {
    change(surroundings, |kustomization| kustomization.remove_paths(field, &remove.paths))
}
