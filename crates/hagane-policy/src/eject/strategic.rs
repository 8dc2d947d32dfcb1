//! The difference of two states of a resource as a strategic merge patch.

use std::collections::BTreeMap;

use hagane_resource::{Resource, Schema, SchemaNode};
use hagane_yaml::{Mapping, Node, Scalar, Sequence};

/// What the patch says about lists that are there, and about what goes away.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lists {
    /// All that merging can say: new items come first then.
    Merged,
    /// Nothing.
    Left,
}

/// Returns the patch that makes `new` of `old`; nothing where it would say nothing.
pub(super) fn patch(old: &Resource, new: &Resource, lists: Lists) -> Option<Node> {
    let (Node::Mapping(before), Node::Mapping(after)) = (old.tree(), new.tree()) else { return None };
    let schema = Schema::builtin();
    let kind = schema.resource(&old.gvk().api_version(), &old.gvk().kind);
    let mut changed = changed_fields(before, after, kind, lists);
    // What the patch is about comes first, as people write it.
    let mut patch = Mapping::default();
    for field in ["apiVersion", "kind"] {
        changed.remove(field);
        if let Some(value) = before.get(field) {
            patch.push(field, value.clone());
        }
    }
    if changed.entries.is_empty() && lists == Lists::Left {
        return None;
    }
    let mut metadata = Mapping::default();
    metadata.push("name", Node::string(old.name()));
    if let Some(Node::Mapping(own)) = changed.remove("metadata") {
        metadata.entries.extend(own.entries);
    }
    patch.push("metadata", Node::Mapping(metadata));
    patch.entries.extend(changed.entries);
    Some(Node::Mapping(patch))
}

/// Returns what of `new` is not in `old`, and a null for what is no longer there.
fn difference(old: &Node, new: &Node, schema: Option<SchemaNode>, lists: Lists) -> Node {
    match (old, new) {
        (Node::Mapping(old), Node::Mapping(new)) => Node::Mapping(changed_fields(old, new, schema, lists)),
        (Node::Sequence(old), Node::Sequence(new)) => {
            let keys = schema.filter(|schema| schema.merges()).map(|schema| schema.merge_keys());
            let merged = keys.and_then(|keys| {
                let keys: Vec<&str> = keys.iter().map(|key| key.as_str()).collect();
                changed_items(old, new, &keys, schema.and_then(SchemaNode::elements))
            });
            merged.map_or_else(|| Node::Sequence(new.clone()), Node::Sequence)
        }
        _ => new.clone(),
    }
}

fn changed_fields(old: &Mapping, new: &Mapping, schema: Option<SchemaNode>, lists: Lists) -> Mapping {
    let mut changed = Mapping::default();
    for entry in &new.entries {
        let key = entry.key.text.as_str();
        match old.get(key) {
            Some(own) if *own == entry.value => {}
            Some(Node::Sequence(_)) if lists == Lists::Left => {}
            Some(own) => {
                let below = schema.and_then(|schema| schema.field(key));
                let difference = difference(own, &entry.value, below, lists);
                if difference.as_mapping().is_none_or(|fields| !fields.entries.is_empty()) {
                    changed.push(key, difference);
                }
            }
            None => changed.push(key, entry.value.clone()),
        }
    }
    for entry in old.entries.iter().filter(|_| lists == Lists::Merged) {
        let key = entry.key.text.as_str();
        if new.get(key).is_none() {
            changed.push(key, Node::Scalar(Scalar::bare("null")));
        }
    }
    changed
}

/// Returns the items that changed, with what tells them apart; nothing where that does not tell all apart.
fn changed_items(
    old: &Sequence,
    new: &Sequence,
    keys: &[&str],
    schema: Option<SchemaNode>,
) -> Option<Sequence> {
    let (old_names, new_names) = (names(old, keys)?, names(new, keys)?);
    let places = |names: &[Vec<_>]| -> BTreeMap<_, _> {
        names.iter().enumerate().map(|(place, name)| (name.clone(), place)).collect()
    };
    let (old_places, new_places) = (places(&old_names), places(&new_names));
    // What tells items apart tells all apart.
    if old_places.len() < old_names.len() || new_places.len() < new_names.len() {
        return None;
    }
    let mut changed = Sequence::default();
    for (item, name) in old.items.iter().zip(&old_names) {
        if !new_places.contains_key(name) {
            let mut gone = named(item, keys);
            gone.push("$patch", Node::string("delete"));
            changed.items.push(Node::Mapping(gone));
        }
    }
    for (item, name) in new.items.iter().zip(&new_names) {
        let Some(&place) = old_places.get(name) else {
            changed.items.push(item.clone());
            continue;
        };
        let own = &old.items[place];
        if let (true, Node::Mapping(old), Node::Mapping(new)) = (own != item, own, item) {
            let mut fields = named(item, keys);
            fields.entries.extend(changed_fields(old, new, schema, Lists::Merged).entries);
            changed.items.push(Node::Mapping(fields));
        }
    }
    Some(changed)
}

/// Returns what the keys say of each item, if the first of them says something of each.
fn names<'n>(sequence: &'n Sequence, keys: &[&str]) -> Option<Vec<Vec<Option<&'n str>>>> {
    let of = |item: &'n Node| keys.iter().map(|key| item.get(key).and_then(Node::as_str)).collect::<Vec<_>>();
    let names: Vec<_> = sequence.items.iter().map(of).collect();
    let is_named = |name: &Vec<Option<&str>>| name.first().is_some_and(Option::is_some);
    names.iter().all(is_named).then_some(names)
}

/// Returns the fields that tell an item from the others.
fn named(item: &Node, keys: &[&str]) -> Mapping {
    let mut named = Mapping::default();
    for key in keys {
        if let Some(value) = item.get(key) {
            named.push(*key, value.clone());
        }
    }
    named
}
