//! `edit add`.

use clap::{ArgAction, Args, Subcommand};
use hagane::{Diagnostic, FILE_NAMES, Failed, Span};
use hagane_edit::{Existing, GeneratorKind, pairs};

use super::{change, generator, glob, metadata, patch, refused};
use crate::Surroundings;

/// The fields that take `edit add`.
#[derive(Subcommand)]
pub(super) enum Add {
    /// Add to `configMapGenerator`
    #[command(name = "configmap")]
    ConfigMap(generator::Add),
    /// Add to `secretGenerator`
    Secret(generator::Add),
    /// Add to `patches`
    #[command(after_help = "Examples:
  kustomize edit add patch --path replicas.yaml
  kustomize edit add patch --kind Deployment --name web --patch '[{op: replace, path: /spec/replicas, value: 3}]'")]
    Patch(patch::Patch),
    Resource(Resource),
    /// Add directories to `components`
    #[command(after_help = "Example:
  kustomize edit add component ../components/ingress")]
    Component(Paths),
    /// Add files and directories to `transformers`
    #[command(after_help = "Example:
  kustomize edit add transformer labels.yaml")]
    Transformer(Paths),
    /// Add files and directories to `generators`
    #[command(after_help = "Example:
  kustomize edit add generator charts.yaml")]
    Generator(Paths),
    Base(Base),
    /// Add options to `buildMetadata`
    #[command(
        name = "buildmetadata",
        after_help = "Example:
  kustomize edit add buildmetadata originAnnotations"
    )]
    BuildMetadata(metadata::BuildMetadata),
    Label(Label),
    Annotation(Annotation),
}

/// Add files, directories and URLs to `resources`
#[derive(Args)]
#[command(after_help = "Examples:
  kustomize edit add resource deployment.yaml ../base
  kustomize edit add resource 'apps/*.yaml'
  kustomize edit add resource --no-verify not-there-yet.yaml")]
pub(super) struct Resource {
    /// Paths, patterns and URLs
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,
    /// Take the paths as they are, whether they are there or not
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, hide_possible_values = true, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    no_verify: bool,
}

/// Add to `components`, `transformers` or `generators`
#[derive(Args)]
pub(super) struct Paths {
    /// Paths and patterns
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,
}

/// Add directories to `resources`
#[derive(Args)]
#[command(after_help = "Example:
  kustomize edit add base ../base,../monitoring")]
pub(super) struct Base {
    /// Directories, with commas between them
    #[arg(value_name = "DIR[,DIR]", value_delimiter = ',', required = true, num_args = 1)]
    directories: Vec<String>,
}

/// Add labels
#[derive(Args)]
#[command(after_help = "Examples:
  kustomize edit add label tier:shop owner:shop-team
  kustomize edit add label --force --without-selector --include-templates tier:shop")]
pub(super) struct Label {
    /// Keys and values
    #[arg(value_name = "KEY:VALUE", required = true)]
    labels: Vec<String>,
    /// Overwrite labels that are there
    #[arg(short, long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, hide_possible_values = true, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    force: bool,
    #[command(flatten)]
    scope: metadata::Scope,
}

/// Add annotations to `commonAnnotations`
#[derive(Args)]
#[command(after_help = "Example:
  kustomize edit add annotation owner:shop-team")]
pub(super) struct Annotation {
    /// Keys and values
    #[arg(value_name = "KEY:VALUE", required = true)]
    annotations: Vec<String>,
    /// Overwrite annotations that are there
    #[arg(short, long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, hide_possible_values = true, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    force: bool,
}

/// Adds the files that patterns match; the kustomization file itself is none of them.
fn paths(field: &str, patterns: &[String], surroundings: &mut Surroundings) -> Result<(), Failed> {
    let mut paths = glob::expand(patterns, surroundings)?;
    paths.retain(|path| !FILE_NAMES.contains(&path.as_str()));
    change(surroundings, |kustomization| kustomization.add_paths(field, &paths))
}

fn existing(force: bool) -> Existing {
    if force { Existing::Overwrite } else { Existing::Refuse }
}

pub(super) fn run(arguments: &Add, surroundings: &mut Surroundings) -> Result<(), Failed> {
    match arguments {
        Add::ConfigMap(argument) => generator::add(GeneratorKind::ConfigMap, argument, surroundings),
        Add::Secret(argument) => generator::add(GeneratorKind::Secret, argument, surroundings),
        Add::Patch(argument) => {
            let patch = argument.argument()?;
            if patch.path.is_empty() && patch.patch.is_empty() {
                return Err(refused(Diagnostic::error(Span::default(), "`--path` or `--patch` is needed")));
            }
            change(surroundings, |kustomization| kustomization.add_patch(&patch))
        }
        Add::Resource(add) if add.no_verify => {
            change(surroundings, |kustomization| kustomization.add_paths("resources", &add.paths))
        }
        Add::Resource(add) => paths("resources", &add.paths, surroundings),
        Add::Component(add) => paths("components", &add.paths, surroundings),
        Add::Transformer(add) => paths("transformers", &add.paths, surroundings),
        Add::Generator(add) => paths("generators", &add.paths, surroundings),
        Add::Base(add) => paths("resources", &add.directories, surroundings),
        Add::BuildMetadata(add) => {
            change(surroundings, |kustomization| kustomization.add_build_metadata(&add.options))
        }
        Add::Label(add) => {
            let scope = add.scope.scope()?;
            let labels = pairs(&add.labels, "label").map_err(refused)?;
            change(surroundings, |kustomization| {
                kustomization.add_labels(&labels, scope, existing(add.force))
            })
        }
        Add::Annotation(add) => {
            let annotations = pairs(&add.annotations, "annotation").map_err(refused)?;
            change(surroundings, |kustomization| {
                kustomization.add_annotations(&annotations, existing(add.force))
            })
        }
    }
}
