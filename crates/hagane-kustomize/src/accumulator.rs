//! What a layer hands the layer above it.

use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::rc::Rc;

use hagane_resource::{Behavior, Diagnostic, Duplicate, Resource, ResourceSet};
use hagane_yaml::{Entry, Mapping, Node, Scalar, Span, Text};

use crate::config::{Config, merged};
use crate::variable::Vars;

/// Resources so far, the field specs that will be used on them, and variables.
#[derive(Default)]
pub(crate) struct Accumulator {
    /// The resources.
    pub resources: ResourceSet,
    /// The field specs of the layers below; nothing while there is none.
    pub config: Option<Rc<Config>>,
    /// The variables.
    pub vars: Vars,
}

impl Accumulator {
    /// Returns one with these resources.
    pub(crate) fn of(resources: Vec<Resource>) -> Result<Accumulator, Diagnostic> {
        let mut all = Accumulator::default();
        for resource in resources {
            let at = resource.tree().span();
            all.resources.add(resource).map_err(|d| duplicate(&d, at))?;
        }
        Ok(all)
    }

    /// Adds all that a layer below hands over.
    pub(crate) fn absorb(&mut self, other: Accumulator, at: Span) -> Result<(), Diagnostic> {
        self.resources.add_all(other.resources).map_err(|d| duplicate(&d, at))?;
        if let Some(config) = &other.config {
            self.config = Some(merged(self.config.take(), config).map_err(|e| e.or_at(at))?);
        }
        self.vars.absorb(&other.vars)
    }

    /// Adds a generated resource: new, in the place of one, or with its data laid over one's.
    pub(crate) fn add_generated(&mut self, mut resource: Resource) -> Result<(), Diagnostic> {
        let at = resource.tree().span();
        let places = self.resources.with_any_id(resource.id());
        let place = match (&places[..], resource.behavior) {
            ([], Behavior::Merge | Behavior::Replace) => {
                let message = format!("there is no {} to merge into or replace", resource.id());
                let error = Diagnostic::error(at, message);
                let all: Vec<&Resource> = self.resources.iter().collect();
                return Err(
                    match crate::selector::nearest_resource(&resource.gvk().kind, resource.name(), &all) {
                        Some(near) => {
                            error.hinted_at(format!("there is `{}`", near.id()), near.tree().span())
                        }
                        None => error.hinted("without `behavior:` it is made anew"),
                    },
                );
            }
            ([], _) => return self.resources.add(resource).map_err(|d| duplicate(&d, at)),
            ([place], Behavior::Merge | Behavior::Replace) => *place,
            ([place], _) => {
                let first = self.resources.get(*place).tree().span();
                let error = Diagnostic::error(at, format!("there is a {} already", resource.id()));
                return Err(error
                    .hinted_at("the first one is here", first)
                    .hinted("`behavior: merge` or `replace` changes it"));
            }
            _ => {
                let message = format!("there is more than one {} to merge into or replace", resource.id());
                return Err(Diagnostic::error(at, message));
            }
        };
        let old = self.resources.get(place);
        if resource.behavior == Behavior::Merge {
            merge_data(&mut resource, old);
            resource.origin = old.origin.clone().or(resource.origin.take());
        }
        inherit(&mut resource, old);
        self.resources.replace(place, resource);
        Ok(())
    }
}

/// Returns the error about a resource that is there already.
pub(crate) fn duplicate(duplicate: &Duplicate, at: Span) -> Diagnostic {
    let span = if duplicate.span.is_known() { duplicate.span } else { at };
    Diagnostic::error(span, format!("the resource {} is there already", duplicate.id))
        .hinted_at("the first one is here", duplicate.first)
        .hinted("a resource has one place; to change one of a base, use a patch")
}

/// Gives a resource what stays of the one it replaces: name, namespace, labels, annotations, history.
fn inherit(resource: &mut Resource, old: &Resource) {
    for field in ["labels", "annotations"] {
        let mut map = Mapping::default();
        let both = [old, &*resource].map(|r| r.tree().at(&["metadata", field]).and_then(Node::as_mapping));
        for entry in both.into_iter().flatten().flat_map(|map| &map.entries).map(as_text) {
            map.set(entry.key.text.as_str(), entry.value);
        }
        if map.entries.is_empty() {
            if resource.tree().at(&["metadata", field]).is_some() {
                resource.metadata_mut().remove(field);
            }
        } else {
            resource.metadata_mut().set(field, Node::Mapping(map));
        }
    }
    resource.inherit_mark(old.id());
    resource.set_name(old.name());
    resource.set_namespace(old.namespace());
    resource.formers.clone_from(&old.formers);
    resource.prefixes.clone_from(&old.prefixes);
    resource.suffixes.clone_from(&old.suffixes);
    resource.referred = old.referred;
    resource.needs_hash &= old.needs_hash;
    resource.generated = old.generated;
    resource.behavior = old.behavior;
    resource.from_helm = old.from_helm;
    resource.origin = resource.origin.take().or_else(|| old.origin.clone());
    if resource.transformations.is_empty() {
        resource.transformations.clone_from(&old.transformations);
    }
    resource.var_names.clone_from(&old.var_names);
}

fn merge_data(resource: &mut Resource, old: &Resource) {
    for field in ["data", "binaryData"] {
        let [below, above] = [old, &*resource].map(|resource| {
            resource.tree().get(field).and_then(Node::as_mapping).map_or(&[][..], |map| &map.entries)
        });
        // Of a key that stands twice the last value counts.
        let mut merged: Vec<Entry> = Vec::with_capacity(below.len() + above.len());
        let mut places: HashMap<Text, usize> = HashMap::with_capacity(merged.capacity());
        for entry in below.iter().map(as_data).chain(above.iter().cloned()) {
            match places.entry(entry.key.text.clone()) {
                Occupied(place) => merged[*place.get()] = entry,
                Vacant(place) => {
                    place.insert(merged.len());
                    merged.push(entry);
                }
            }
        }
        if let Node::Mapping(tree) = resource.tree_mut() {
            match merged.is_empty() {
                true => _ = tree.remove(field),
                false => tree.set(field, Node::Mapping(Mapping { entries: merged, ..Mapping::default() })),
            }
        }
    }
}

/// Data is text, whatever it looks like, and a null is an empty one.
fn as_data(entry: &Entry) -> Entry {
    match entry.value.is_null() {
        true => Entry { key: entry.key.clone(), value: Node::string("") },
        false => as_text(entry),
    }
}

fn as_text(entry: &Entry) -> Entry {
    let text = entry.value.as_scalar().map_or_else(Text::default, |s| s.text.clone());
    let scalar = Scalar { span: entry.value.span(), ..Scalar::string(text) };
    Entry { key: entry.key.clone(), value: Node::Scalar(scalar) }
}
