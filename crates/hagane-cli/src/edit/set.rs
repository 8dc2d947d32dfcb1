//! `edit set`.

use clap::{Args, Subcommand};
use hagane::Failed;
use hagane_edit::{GeneratorKind, ImageArgument, ReplicaArgument, check_annotation_keys, pairs};

use super::{change, generator, metadata, refused};
use crate::Surroundings;

/// The fields that take `edit set`.
#[derive(Subcommand)]
pub(super) enum Set {
    /// Change values in `configMapGenerator`
    #[command(name = "configmap")]
    ConfigMap(generator::Set),
    /// Change values in `secretGenerator`
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
    /// Set `buildMetadata`
    #[command(
        name = "buildmetadata",
        after_help = "Example:
  kustomize edit set buildmetadata originAnnotations,managedByLabel"
    )]
    BuildMetadata(metadata::BuildMetadata),
}

/// Set `namePrefix`
#[derive(Args)]
#[command(after_help = "Example:
  kustomize edit set nameprefix blue-
  kustomize edit set nameprefix -- -blue")]
pub(super) struct NamePrefix {
    /// What names start with; nothing removes the field
    #[arg(value_name = "PREFIX")]
    prefix: String,
}

/// Set `nameSuffix`
#[derive(Args)]
#[command(after_help = "Example:
  kustomize edit set namesuffix -- -blue")]
pub(super) struct NameSuffix {
    /// What names end with; nothing removes the field
    #[arg(value_name = "SUFFIX")]
    suffix: String,
}

/// Set `namespace`
#[derive(Args)]
#[command(after_help = "Example:
  kustomize edit set namespace shop")]
pub(super) struct Namespace {
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
pub(super) struct Image {
    /// `name:tag`, `name@digest`, or `name=new-name` with a tag, a digest or both
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<String>,
}

/// Set replica counts
#[derive(Args)]
#[command(after_help = "Example:
  kustomize edit set replicas web=3 worker=1")]
pub(super) struct Replicas {
    /// The name of a resource, and how many
    #[arg(value_name = "NAME=COUNT", required = true)]
    replicas: Vec<String>,
}

/// Set labels, overwriting those that are there
#[derive(Args)]
#[command(after_help = "Examples:
  kustomize edit set label tier:shop
  kustomize edit set label --without-selector --include-templates tier:shop")]
pub(super) struct Label {
    /// Keys and values
    #[arg(value_name = "KEY:VALUE", required = true)]
    labels: Vec<String>,
    #[command(flatten)]
    scope: metadata::Scope,
}

/// Set annotations, overwriting those that are there
#[derive(Args)]
#[command(after_help = "Example:
  kustomize edit set annotation owner:shop-team")]
pub(super) struct Annotation {
    /// Keys and values
    #[arg(value_name = "KEY:VALUE", required = true)]
    annotations: Vec<String>,
}

pub(super) fn run(arguments: &Set, surroundings: &mut Surroundings) -> Result<(), Failed> {
    match arguments {
        Set::ConfigMap(argument) => generator::set(GeneratorKind::ConfigMap, argument, surroundings),
        Set::Secret(argument) => generator::set(GeneratorKind::Secret, argument, surroundings),
        Set::NamePrefix(set) => {
            change(surroundings, |kustomization| kustomization.set_field("namePrefix", &set.prefix))
        }
        Set::NameSuffix(set) => {
            change(surroundings, |kustomization| kustomization.set_field("nameSuffix", &set.suffix))
        }
        Set::Namespace(set) => {
            change(surroundings, |kustomization| kustomization.set_field("namespace", &set.namespace))
        }
        Set::Image(set) => {
            let images: Result<Vec<_>, _> =
                set.images.iter().map(|image| ImageArgument::parse(image)).collect();
            let images = images.map_err(refused)?;
            change(surroundings, |kustomization| kustomization.set_images(&images))
        }
        Set::Replicas(set) => {
            let replicas: Result<Vec<_>, _> =
                set.replicas.iter().map(|replica| ReplicaArgument::parse(replica)).collect();
            let replicas = replicas.map_err(refused)?;
            change(surroundings, |kustomization| kustomization.set_replicas(&replicas))
        }
        Set::BuildMetadata(set) => {
            change(surroundings, |kustomization| kustomization.set_build_metadata(&set.options))
        }
        Set::Label(set) => {
            let scope = set.scope.scope()?;
            let labels = pairs(&set.labels, "label").map_err(refused)?;
            change(surroundings, |kustomization| kustomization.set_labels(&labels, scope))
        }
        Set::Annotation(set) => {
            let annotations = pairs(&set.annotations, "annotation").map_err(refused)?;
            check_annotation_keys(&annotations).map_err(refused)?;
            change(surroundings, |kustomization| kustomization.set_annotations(&annotations))
        }
    }
}
