//! The value that a replacement copies.

use hagane_resource::{Diagnostic, Resource, ResourceSet};
use hagane_yaml::{Node, Scalar, Span, Text};

use super::not_a_text;
use crate::field_path::{self, Place};
use crate::kustomization::{FieldOptions, ReplacementSource};
use crate::notes::with_notes;
use crate::selector::{Compared, Selector, nearest_resource};

/// The value that is copied.
pub(super) struct Source {
    value: Node,
    home: Option<Home>,
}

/// Where the value is, if it is a node and not a part of a text. kustomize copies that node anew for each field that
/// it writes, so what a target has made of it goes on.
struct Home {
    resource: usize,
    place: Place,
}

impl Source {
    /// Returns the value that is meant.
    pub(super) fn of(
        resources: &ResourceSet,
        source: &ReplacementSource,
        compared: Compared,
    ) -> Result<Source, Diagnostic> {
        let (selector, path, options) = match source {
            ReplacementSource::Field { selector, field_path, options } => (selector, field_path, options),
            ReplacementSource::Value(text) => {
                return Ok(Source { value: Node::Scalar(Scalar::bare(text.value.as_str())), home: None });
            }
        };
        let (text, span) = match path {
            Some(path) => (path.value.as_str(), path.span),
            None => ("metadata.name", selector.span),
        };
        let (number, resource) = source_resource(resources, selector)?;
        let steps = field_path::parse(text, span)?;
        // It may be one of kustomize's own notes.
        let noted = text.contains("config.kubernetes.io/").then(|| with_notes(resource));
        let tree = noted.as_ref().unwrap_or(resource.tree());
        let place = field_path::place_of(tree, &steps);
        let node = place.as_ref().and_then(|place| field_path::at(tree, place));
        let node = node.filter(|node| !is_empty(node)).ok_or_else(|| {
            Diagnostic::error(span, format!("the field `{text}` is missing in {}", resource.id()))
                .hinted("a replacement's source must have a value")
        })?;
        let is_node = options.delimiter.is_empty() && noted.is_none();
        let home = place.filter(|_| is_node).map(|place| Home { resource: number, place });
        Ok(Source { value: part_of(node.clone(), options, span, compared)?, home })
    }

    /// The value as it is now.
    pub(super) fn value(&self) -> &Node {
        &self.value
    }

    /// Follows the value where a node of that resource is written: it may be within it, or the value within the node.
    pub(super) fn follow(&mut self, resource: usize, tree: &Node, written: &[usize]) {
        let Some(home) = self.home.as_ref().filter(|home| home.resource == resource) else { return };
        if written.starts_with(&home.place) {
            self.read_again(resource, tree);
        } else if home.place.starts_with(written) {
            // Something else stands there from now on.
            self.home = None;
        }
    }

    /// Takes what the value is by now, if it is in that resource.
    pub(super) fn read_again(&mut self, resource: usize, tree: &Node) {
        if let Some(home) = self.home.as_ref().filter(|home| home.resource == resource)
            && let Some(node) = field_path::at(tree, &home.place)
        {
            self.value = node.clone();
        }
    }
}

fn is_empty(node: &Node) -> bool {
    match node {
        Node::Mapping(mapping) => mapping.entries.is_empty(),
        Node::Sequence(sequence) => sequence.items.is_empty(),
        Node::Scalar(scalar) => scalar.is_null(),
    }
}

/// Returns a namespace as sources are compared by it: that a kind has none does not count here.
fn settled(namespace: &str) -> &str {
    if namespace.is_empty() { "default" } else { namespace }
}

/// Returns the one resource that has or had the id, and its number; the parts are plain texts here.
fn source_resource<'r>(
    resources: &'r ResourceSet,
    selector: &Selector,
) -> Result<(usize, &'r Resource), Diagnostic> {
    let has = |resource: &Resource| {
        resource.former_ids().chain([resource.id().clone()]).any(|id| {
            selector.name.is(&id.name)
                && (!selector.namespace.is_given()
                    || settled(&selector.namespace.text) == settled(&id.namespace))
                && selector.group.is(&id.gvk.group)
                && selector.version.is(&id.gvk.version)
                && selector.kind.is(&id.gvk.kind)
        })
    };
    let mut found = resources.iter().enumerate().filter(|(_, resource)| has(resource));
    match (found.next(), found.next()) {
        (Some(resource), None) => Ok(resource),
        (Some((_, first)), Some((_, second))) => {
            let message = format!(
                "the source `{}` is not one resource: {} and {}",
                selector.shown(),
                first.id(),
                second.id()
            );
            Err(Diagnostic::error(selector.span, message)
                .hinted("name group, version, kind, name and namespace of one"))
        }
        _ => {
            let error = Diagnostic::error(
                selector.span,
                format!("the source `{}` is no resource here", selector.shown()),
            );
            let all: Vec<&Resource> = resources.iter().collect();
            Err(match nearest_resource(&selector.kind.text, &selector.name.text, &all) {
                Some(near) => error.hinted_at(format!("there is `{}`", near.id()), near.tree().span()),
                None => error,
            })
        }
    }
}

/// Returns the part of a text between delimiters, when the options ask for one.
fn part_of(node: Node, options: &FieldOptions, at: Span, compared: Compared) -> Result<Node, Diagnostic> {
    if options.delimiter.is_empty() {
        return Ok(node);
    }
    let Node::Scalar(scalar) = node else { return Err(not_a_text(at)) };
    let is_secret = scalar.text.is_sensitive();
    let is_guarded = is_secret && compared == Compared::PlainOnly;
    if is_guarded && options.delimiter.chars().any(char::is_alphanumeric) {
        // Whether there is a part behind it tells whether it is in the value.
        let error = Diagnostic::error(at, "a decrypted value is not parted at letters or digits");
        return Err(error.hinted("for example `delimiter: ':'`"));
    }
    let parts: Vec<&str> = scalar.text.as_str().split(options.delimiter.as_str()).collect();
    let part = usize::try_from(options.index).ok().and_then(|index| parts.get(index));
    let Some(part) = part else {
        let has = if is_secret { String::new() } else { format!(": it has {}", parts.len()) };
        let message = format!("there is no part {} in the source{has}", options.index);
        return Err(Diagnostic::error(at, message).hinted("parts are counted from 0"));
    };
    let text = Text::marked_as((*part).to_owned(), &scalar.text);
    Ok(Node::Scalar(Scalar { text, ..scalar }))
}
