//! What the build writes about itself into the output, when the root asks for it.

use hagane_resource::{Diagnostic, FieldSpec, Origin, Resource, ResourceSet};
use hagane_yaml::scalar::resolve_v3;
use hagane_yaml::{Mapping, Node, Scalar, Tag};

use super::layer::Layer;
use crate::kustomization::BuildMetadata;
use crate::notes::{ORIGIN, OWN, TRANSFORMATIONS, refuse_odd_transformations};
use crate::transformer::label;

const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// Notes the file that a resource came from, which kustomize does among its annotations.
pub(super) fn note_file(resource: &mut Resource, layer: &Layer, path: &str) -> Result<(), Diagnostic> {
    if !layer.metadata.wants_origin() {
        return Ok(());
    }
    match resource.tree().at(&["metadata", "annotations"]) {
        Some(odd) if !odd.is_null() && odd.as_mapping().is_none() => {
            let message = format!("the annotations of {} must be a mapping", resource.id());
            return Err(Diagnostic::error(odd.span(), message).hinted("write `key: value` lines"));
        }
        _ => resource.origin = Some(layer.origin_of(path)),
    }
    Ok(())
}

/// Notes the generator that made a resource.
pub(super) fn note_generator(resource: &mut Resource, layer: &Layer, kind: &str) {
    if layer.metadata.wants_origin() {
        resource.origin = Some(builtin_origin(layer, kind));
    }
}

/// Notes the plugin config that made a resource.
pub(super) fn note_config(resource: &mut Resource, layer: &Layer, config: &Resource) {
    if layer.metadata.wants_origin() {
        resource.origin = Some(origin_of(layer, config));
    }
}

/// Notes on every resource a builtin transformer of the layer.
pub(super) fn note_transformer(
    resources: &mut ResourceSet,
    layer: &Layer,
    kind: &str,
) -> Result<(), Diagnostic> {
    note_all(resources, layer, &|| builtin_origin(layer, kind))
}

/// Notes on every resource a transformer with a config of its own.
pub(super) fn note_transformer_config(
    resources: &mut ResourceSet,
    layer: &Layer,
    config: &Resource,
) -> Result<(), Diagnostic> {
    note_all(resources, layer, &|| origin_of(layer, config))
}

/// A resource without an origin is taken for one that the transformer made.
fn note_all(
    resources: &mut ResourceSet,
    layer: &Layer,
    origin: &dyn Fn() -> Origin,
) -> Result<(), Diagnostic> {
    if !layer.metadata.wants_origin() {
        return Ok(());
    }
    for place in 0..resources.len() {
        let resource = resources.get_mut_keeping_name(place);
        refuse_odd_transformations(resource)?;
        match &resource.origin {
            None => resource.origin = Some(origin()),
            Some(_) if layer.metadata.transformer_annotations => resource.transformations.push(origin()),
            Some(_) => {}
        }
    }
    Ok(())
}

/// A config that stands in the kustomization itself has no origin of its own.
fn origin_of(layer: &Layer, config: &Resource) -> Origin {
    let path = config.origin.as_ref().map(|origin| origin.path.clone()).unwrap_or_default();
    let configured_in = if path.is_empty() { layer.joined(layer.file_name) } else { path };
    layer.origin_in(
        configured_in,
        [
            config.gvk().api_version().into(),
            config.gvk().kind.clone().into(),
            config.name().to_owned(),
            config.namespace().to_owned(),
        ],
    )
}

fn builtin_origin(layer: &Layer, kind: &str) -> Origin {
    let by = ["builtin".into(), kind.into(), String::new(), String::new()];
    layer.origin_in(layer.joined(layer.file_name), by)
}

/// Takes off what only the build needed, and puts on what the root asked for.
pub(super) fn settle(
    resources: &mut ResourceSet,
    metadata: BuildMetadata,
    managed_by: bool,
) -> Result<(), Diagnostic> {
    if metadata.managed_by_label || managed_by {
        let specs = [FieldSpec::new(Default::default(), "metadata/labels", true)];
        label(resources, &[(MANAGED_BY.into(), "kustomize-v5.8.1".into())], &specs)?;
    }
    for resource in resources.iter_mut() {
        match resource.tree().get("metadata") {
            Some(Node::Mapping(_)) => {}
            // Where notes are taken off, there is metadata.
            None => _ = resource.metadata_mut(),
            Some(node) if node.is_null() => {}
            Some(node) => {
                let message = format!("`metadata` of {} must be a mapping", resource.id());
                return Err(Diagnostic::error(node.span(), message)
                    .or_at(resource.tree().span())
                    .hinted("write `name:` and the like below it"));
            }
        }
        drop_null_key(resource);
        remove_own_annotations(resource, metadata)?;
        if let Some(origin) = resource.origin.take().filter(|_| metadata.origin_annotations) {
            set_annotation(resource, ORIGIN, origin.to_yaml());
        }
        let transformations = std::mem::take(&mut resource.transformations);
        if metadata.transformer_annotations && !transformations.is_empty() {
            set_annotation(resource, TRANSFORMATIONS, Origin::list_to_yaml(&transformations));
        }
        resource.settle_annotations();
        refuse_odd_keys(resource)?;
    }
    Ok(())
}

/// Takes off a field that is called null, as one can be that a patch brought.
fn drop_null_key(resource: &mut Resource) {
    let has_null = |tree: &Node| {
        tree.as_mapping().is_some_and(|tree| tree.entries.iter().any(|entry| entry.key.is_null()))
    };
    if has_null(resource.tree())
        && let Node::Mapping(tree) = resource.tree_mut()
    {
        tree.entries.retain(|entry| !entry.key.is_null());
    }
}

/// Removes the annotations that kustomize keeps its own notes in, wherever they come from.
fn remove_own_annotations(resource: &mut Resource, asked: BuildMetadata) -> Result<(), Diagnostic> {
    let annotations = match resource.tree().at(&["metadata", "annotations"]) {
        Some(Node::Sequence(list)) if !list.items.is_empty() => {
            let error = Diagnostic::error(list.span, "`annotations` must be a mapping, and is a list");
            return Err(error.hinted("write `key: value` lines, without dashes"));
        }
        Some(Node::Mapping(annotations)) => annotations,
        _ => return Ok(()),
    };
    // Where transformations are asked for, what a file has there stays as long as there is none to add.
    let is_own = |key: &str| OWN.contains(&key) && (key != TRANSFORMATIONS || !asked.transformer_annotations);
    if annotations.entries.iter().any(|entry| is_own(entry.key.text.as_str()))
        && let Some(Node::Mapping(annotations)) = resource.metadata_mut().get_mut("annotations")
    {
        annotations.entries.retain(|entry| !is_own(entry.key.text.as_str()));
    }
    Ok(())
}

/// Refuses annotation keys that kustomize cannot write: it writes them all anew without quotes, and fails where
/// that makes a number or a boolean of one.
fn refuse_odd_keys(resource: &Resource) -> Result<(), Diagnostic> {
    let annotations = resource.tree().at(&["metadata", "annotations"]).and_then(Node::as_mapping);
    let odd = |key: &&Scalar| !matches!(resolve_v3(key.text.as_str()), Tag::Str | Tag::Merge);
    match annotations.and_then(|map| map.entries.iter().map(|entry| &entry.key).find(odd)) {
        None => Ok(()),
        Some(key) => {
            let message =
                format!("the annotation key `{}` of {} reads as no string", key.text.as_str(), resource.id());
            let error = Diagnostic::error(key.span, message).or_at(resource.tree().span());
            Err(error.hinted("give it a prefix: `example.com/…`"))
        }
    }
}

fn set_annotation(resource: &mut Resource, key: &str, text: String) {
    let metadata = resource.metadata_mut();
    if !matches!(metadata.get("annotations"), Some(Node::Mapping(_))) {
        metadata.set("annotations", Node::Mapping(Mapping::default()));
    }
    if let Some(Node::Mapping(annotations)) = metadata.get_mut("annotations") {
        annotations.set(key, Node::string(text));
    }
}
