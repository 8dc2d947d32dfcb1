//! What the build writes about itself into the output, when the root asks for it.

use hagane_resource::{Diagnostic, FieldSpec, Origin, Resource, ResourceSet};
use hagane_yaml::{Mapping, Node};

use super::Layer;
use crate::generator::Generated;
use crate::kustomization::BuildMetadata;
use crate::transformer::label;

const ORIGIN: &str = "config.kubernetes.io/origin";
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// Notes the file that a resource came from.
pub(super) fn note_file(resource: &mut Resource, layer: &Layer, path: &str) {
    if layer.metadata.origin_annotations {
        resource.origin = Some(Origin { path: joined(layer, path), ..Origin::default() });
    }
}

/// Notes the generator that made a resource.
pub(super) fn note_generator(resource: &mut Resource, layer: &Layer, kind: Generated) {
    if layer.metadata.origin_annotations {
        let kind = match kind {
            Generated::ConfigMap => "ConfigMapGenerator",
            Generated::Secret => "SecretGenerator",
        };
        resource.origin = Some(Origin {
            configured_in: joined(layer, layer.file_name),
            configured_by: Some(["builtin".into(), kind.into(), String::new(), String::new()]),
            ..Origin::default()
        });
    }
}

/// Returns the path of a file of a layer, seen from the root.
fn joined(layer: &Layer, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let layer_path = layer.path.to_string_lossy();
    for part in layer_path.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Takes off what only the build needed, and puts on what the root asked for.
pub(super) fn settle(resources: &mut ResourceSet, metadata: BuildMetadata, managed_by: bool) -> Result<(), Diagnostic> {
    if metadata.managed_by_label || managed_by {
        let specs = [FieldSpec::new(Default::default(), "metadata/labels", true)];
        label(resources, &[(MANAGED_BY.into(), "kustomize-v5.8.1".into())], &specs)?;
    }
    for resource in resources.iter_mut() {
        if let Some(origin) = resource.origin.take() {
            let text = origin.to_yaml();
            let metadata = resource.metadata_mut();
            if !matches!(metadata.get("annotations"), Some(Node::Mapping(_))) {
                metadata.set("annotations", Node::Mapping(Mapping::default()));
            }
            if let Some(Node::Mapping(annotations)) = metadata.get_mut("annotations") {
                annotations.set(ORIGIN, Node::string(text));
            }
        }
        resource.settle_annotations();
    }
    Ok(())
}
