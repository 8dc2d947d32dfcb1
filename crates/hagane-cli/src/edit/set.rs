//! `edit set`.

use clap::{ArgAction, Args, Subcommand};
use hagane::Failed;
use hagane_edit::{GeneratorKind, ImageArgument, LabelScope, ReplicaArgument, check_annotation_keys, pairs};

use super::{change, generator, refused};
use crate::Surroundings;

/// Set a field
#[derive(Args)]
#[command(disable_help_subcommand = true)]
pub(super) struct Set {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// In `configMapGenerator`
    #[command(name = "configmap")]
    ConfigMap(generator::Set),
    /// In `secretGenerator`
    Secret(generator::Set),
    #[command(name = "nameprefix")]
    NamePrefix(NamePrefix),
    #[command(name = "namesuffix")]
    NameSuffix(NameSuffix),
    Namespace(Namespace),
    Image(Image),
    Replicas(Replicas),
    Label(Label),
    Annotation(Annotation),
    #[command(name = "buildmetadata")]
    BuildMetadata(BuildMetadata),
}

/// Set `namePrefix`
#[derive(Args)]
#[command(after_help = "Example:
  kustomize edit set nameprefix blue-
  kustomize edit set nameprefix -- -blue")]
struct NamePrefix {
    /// What names start with; nothing removes the field
    #[arg(value_name = "PREFIX")]
    prefix: String,
}

/// Set `nameSuffix`
#[derive(Args)]
#[command(after_help = "Example:
  kustomize edit set namesuffix -- -blue")]
struct NameSuffix {
    /// What names end with; nothing removes the field
    #[arg(value_name = "SUFFIX")]
    suffix: String,
}

/// Set `namespace`
#[derive(Args)]
#[command(after_help = "Example:
  kustomize edit set namespace shop")]
struct Namespace {
    /// The namespace of all resources; nothing removes the field
    #[arg(value_name = "NAMESPACE")]
    namespace: String,
}

/// Set the new names, tags and digests of images
///
/// An image that is there is replaced as a whole. `*` in place of a new name, tag or digest keeps what the file has.
#[derive(Args)]
#[command(after_help = "Examples:
  kustomize edit set image web:1.2
  kustomize edit set image web@sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d3
  kustomize edit set image web=registry.example.com/web
  kustomize edit set image web=registry.example.com/web:1.2 cache=redis:7
  kustomize edit set image web=*:1.2                only the tag")]
struct Image {
    /// `name:tag`, `name@digest`, or `name=new-name` with a tag, a digest or both
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<String>,
}

/// Set replica counts
#[derive(Args)]
#[command(after_help = "Example:
  kustomize edit set replicas web=3 worker=1")]
struct Replicas {
    /// The name of a resource, and how many
    #[arg(value_name = "NAME=COUNT", required = true)]
    replicas: Vec<String>,
}

/// Set labels, overwriting those that are there
#[derive(Args)]
#[command(after_help = "Examples:
  kustomize edit set label tier:shop
  kustomize edit set label --without-selector --include-templates tier:shop")]
struct Label {
    /// Keys and values
    #[arg(value_name = "KEY:VALUE", required = true)]
    labels: Vec<String>,
    /// Into `labels`, which leaves selectors alone, and not into `commonLabels`
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, hide_possible_values = true, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    without_selector: bool,
    /// Into templates, too; with `--without-selector`
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, hide_possible_values = true, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    include_templates: bool,
}

/// Set annotations, overwriting those that are there
#[derive(Args)]
#[command(after_help = "Example:
  kustomize edit set annotation owner:shop-team")]
struct Annotation {
    /// Keys and values
    #[arg(value_name = "KEY:VALUE", required = true)]
    annotations: Vec<String>,
}

/// Set `buildMetadata`
#[derive(Args)]
struct BuildMetadata {
    /// managedByLabel, originAnnotations, transformerAnnotations, with commas between them
    #[arg(value_name = "OPTION[,OPTION]", value_delimiter = ',', required = true, num_args = 1)]
    options: Vec<String>,
}

pub(super) fn run(arguments: &Set, surroundings: &mut Surroundings) -> Result<(), Failed> {
    match &arguments.command {
        Command::ConfigMap(argument) => generator::set(GeneratorKind::ConfigMap, argument, surroundings),
        Command::Secret(argument) => generator::set(GeneratorKind::Secret, argument, surroundings),
        Command::NamePrefix(set) => {
            change(surroundings, |kustomization| kustomization.set_field("namePrefix", &set.prefix))
        }
        Command::NameSuffix(set) => {
            change(surroundings, |kustomization| kustomization.set_field("nameSuffix", &set.suffix))
        }
        Command::Namespace(set) => {
            change(surroundings, |kustomization| kustomization.set_field("namespace", &set.namespace))
        }
        Command::Image(set) => {
            let images: Result<Vec<_>, _> =
                set.images.iter().map(|image| ImageArgument::parse(image)).collect();
            let images = images.map_err(refused)?;
            change(surroundings, |kustomization| kustomization.set_images(&images))
        }
        Command::Replicas(set) => {
            let replicas: Result<Vec<_>, _> =
                set.replicas.iter().map(|replica| ReplicaArgument::parse(replica)).collect();
            let replicas = replicas.map_err(refused)?;
            change(surroundings, |kustomization| kustomization.set_replicas(&replicas))
        }
        Command::BuildMetadata(set) => {
            change(surroundings, |kustomization| kustomization.set_build_metadata(&set.options))
        }
        Command::Label(set) => {
            let scope = LabelScope::of_flags(set.without_selector, set.include_templates).map_err(refused)?;
            let labels = pairs(&set.labels, "label").map_err(refused)?;
            change(surroundings, |kustomization| kustomization.set_labels(&labels, scope))
        }
        Command::Annotation(set) => {
            let annotations = pairs(&set.annotations, "annotation").map_err(refused)?;
            check_annotation_keys(&annotations).map_err(refused)?;
            change(surroundings, |kustomization| kustomization.set_annotations(&annotations))
        }
    }
}
