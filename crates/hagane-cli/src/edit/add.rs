//! `edit add`.

use clap::{ArgAction, Args, Subcommand};
use hagane::{Diagnostic, FILE_NAMES, Failed, Span};
use hagane_edit::{Existing, GeneratorKind, LabelScope, pairs};

use super::{change, generator, glob, patch, refused};
use crate::Surroundings;

/// Add to a field
#[derive(Args)]
#[command(disable_help_subcommand = true)]
pub(super) struct Add {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// In `configMapGenerator`
    #[command(name = "configmap")]
    ConfigMap(generator::Add),
    /// In `secretGenerator`
    Secret(generator::Add),
    /// In `patches`
    Patch(patch::Patch),
    Resource(Resource),
    Component(Paths),
    Transformer(Paths),
    Generator(Paths),
    Base(Base),
    #[command(name = "buildmetadata")]
    BuildMetadata(BuildMetadata),
    Label(Label),
    Annotation(Annotation),
}

/// Add files, directories and URLs to `resources`
#[derive(Args)]
#[command(after_help = "Examples:
  kustomize edit add resource deployment.yaml ../base
  kustomize edit add resource 'apps/*.yaml'
  kustomize edit add resource --no-verify not-there-yet.yaml")]
struct Resource {
    /// Paths, patterns and URLs
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,
    /// Take the paths as they are, whether they are there or not
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, hide_possible_values = true, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    no_verify: bool,
}

/// Add to `components`, `transformers` or `generators`
#[derive(Args)]
struct Paths {
    /// Paths and patterns
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,
}

/// Add directories to `resources`
#[derive(Args)]
#[command(after_help = "Example:
  kustomize edit add base ../base,../monitoring")]
struct Base {
    /// Directories, with commas between them
    #[arg(value_name = "DIR[,DIR]", value_delimiter = ',', required = true, num_args = 1)]
    directories: Vec<String>,
}

/// Add options to `buildMetadata`
#[derive(Args)]
struct BuildMetadata {
    /// managedByLabel, originAnnotations, transformerAnnotations, with commas between them
    #[arg(value_name = "OPTION[,OPTION]", value_delimiter = ',', required = true, num_args = 1)]
    options: Vec<String>,
}

/// Add labels
#[derive(Args)]
#[command(after_help = "Examples:
  kustomize edit add label tier:shop owner:shop-team
  kustomize edit add label --force --without-selector --include-templates tier:shop")]
struct Label {
    /// Keys and values
    #[arg(value_name = "KEY:VALUE", required = true)]
    labels: Vec<String>,
    /// Overwrite labels that are there
    #[arg(short, long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, hide_possible_values = true, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    force: bool,
    /// Into `labels`, which leaves selectors alone, and not into `commonLabels`
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, hide_possible_values = true, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    without_selector: bool,
    /// Into templates, too; with `--without-selector`
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, hide_possible_values = true, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    include_templates: bool,
}

/// Add annotations to `commonAnnotations`
#[derive(Args)]
#[command(after_help = "Example:
  kustomize edit add annotation owner:shop-team")]
struct Annotation {
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
    match &arguments.command {
        Command::ConfigMap(argument) => generator::add(GeneratorKind::ConfigMap, argument, surroundings),
        Command::Secret(argument) => generator::add(GeneratorKind::Secret, argument, surroundings),
        Command::Patch(argument) => {
            let patch = argument.argument()?;
            if patch.path.is_empty() && patch.patch.is_empty() {
                return Err(refused(Diagnostic::error(Span::default(), "`--path` or `--patch` is needed")));
            }
            change(surroundings, |kustomization| kustomization.add_patch(&patch))
        }
        Command::Resource(add) if add.no_verify => {
            change(surroundings, |kustomization| kustomization.add_paths("resources", &add.paths))
        }
        Command::Resource(add) => paths("resources", &add.paths, surroundings),
        Command::Component(add) => paths("components", &add.paths, surroundings),
        Command::Transformer(add) => paths("transformers", &add.paths, surroundings),
        Command::Generator(add) => paths("generators", &add.paths, surroundings),
        Command::Base(add) => paths("resources", &add.directories, surroundings),
        Command::BuildMetadata(add) => {
            change(surroundings, |kustomization| kustomization.add_build_metadata(&add.options))
        }
        Command::Label(add) => {
            let scope = LabelScope::of_flags(add.without_selector, add.include_templates).map_err(refused)?;
            let labels = pairs(&add.labels, "label").map_err(refused)?;
            change(surroundings, |kustomization| {
                kustomization.add_labels(&labels, scope, existing(add.force))
            })
        }
        Command::Annotation(add) => {
            let annotations = pairs(&add.annotations, "annotation").map_err(refused)?;
            change(surroundings, |kustomization| {
                kustomization.add_annotations(&annotations, existing(add.force))
            })
        }
    }
}
