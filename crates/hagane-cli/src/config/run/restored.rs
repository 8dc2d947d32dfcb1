//! The comments and the order of fields that a manifest had before a function read it.
//!
//! Functions read YAML in every language there is, and few keep comments or the order of fields.

use std::collections::BTreeMap;

use hagane::Node;
use hagane_resource::{Schema, SchemaNode};
use hagane_yaml::{Comments, Entry, Extra, Mapping};

/// Gives a manifest that came back the comments of the one that was given where it has none, and its order of
/// fields.
pub(super) fn restore(given: &Node, manifest: &mut Node) {
    let text = |name: &str| given.get(name).and_then(Node::as_str).unwrap_or("");
    let schema = Schema::builtin();
    comment(given, manifest, schema.resource(text("apiVersion"), text("kind")));
    order(given, manifest);
}

fn comment(given: &Node, node: &mut Node, schema: Option<SchemaNode>) {
    if let Some(comments) = comments_of(given.extra()) {
        add(comments, &mut node.extra_mut().comments);
    }
    match (given, node) {
        (Node::Mapping(given), Node::Mapping(mapping)) => {
            let fields = fields(given);
            for entry in &mut mapping.entries {
                let key = entry.key.text.as_str();
                let Some(old) = fields.get(key) else { continue };
                let below = schema.and_then(|schema| schema.field(key));
                if let Some(comments) = comments_of(old.key.extra.as_deref()) {
                    add(comments, &mut entry.key.extra.get_or_insert_default().comments);
                }
                comment(&old.value, &mut entry.value, below);
            }
        }
        (Node::Sequence(given), Node::Sequence(sequence)) => {
            comment_items(&given.items, &mut sequence.items, schema);
        }
        _ => {}
    }
}

/// Gives items their comments: by the fields that tell them apart where the schema knows those, otherwise by
/// their place, if the same is there.
fn comment_items(given: &[Node], items: &mut [Node], schema: Option<SchemaNode>) {
    let keys: Vec<&str> = schema
        .filter(|schema| schema.merges())
        .map(|schema| schema.merge_keys().iter().map(|key| key.as_str()).collect())
        .unwrap_or_default();
    let below = schema.and_then(SchemaNode::elements);
    if keys.is_empty() {
        for (old, item) in given.iter().zip(items) {
            if is_same(old, item) {
                comment(old, item, below);
            }
        }
        return;
    }
    let values = |item: &Node| -> Vec<Option<String>> {
        keys.iter().map(|key| Some(item.get(key)?.as_str()?.to_owned())).collect()
    };
    let old: BTreeMap<_, _> = given.iter().rev().map(|item| (values(item), item)).collect();
    for item in items {
        if let Some(old) = old.get(&values(item)) {
            comment(old, item, below);
        }
    }
}

/// Returns whether two items are one: equal, or of one name.
fn is_same(old: &Node, item: &Node) -> bool {
    let name = |node: &Node| node.get("name").and_then(Node::as_str).map(str::to_owned);
    old == item || name(old).is_some_and(|old| name(item) == Some(old))
}

fn comments_of(extra: Option<&Extra>) -> Option<&Comments> {
    extra.map(|extra| &extra.comments).filter(|comments| **comments != Comments::default())
}

fn add(from: &Comments, to: &mut Comments) {
    for (from, to) in [(&from.head, &mut to.head), (&from.line, &mut to.line), (&from.foot, &mut to.foot)] {
        if to.is_empty() {
            to.clone_from(from);
        }
    }
}

/// Puts fields into the order that they had; new ones come last.
fn order(given: &Node, node: &mut Node) {
    match (given, node) {
        (Node::Mapping(given), Node::Mapping(mapping)) => {
            let places: BTreeMap<&str, usize> = given
                .entries
                .iter()
                .enumerate()
                .rev()
                .map(|(place, entry)| (entry.key.text.as_str(), place))
                .collect();
            let place = |entry: &Entry| places.get(entry.key.text.as_str()).copied().unwrap_or(usize::MAX);
            mapping.entries.sort_by_key(place);
            let fields = fields(given);
            for entry in &mut mapping.entries {
                if let Some(old) = fields.get(entry.key.text.as_str()) {
                    order(&old.value, &mut entry.value);
                }
            }
        }
        (Node::Sequence(given), Node::Sequence(sequence)) => {
            for (old, item) in given.items.iter().zip(&mut sequence.items) {
                order(old, item);
            }
        }
        _ => {}
    }
}

/// Returns fields by name; of several of one name the first.
fn fields(mapping: &Mapping) -> BTreeMap<&str, &Entry> {
    mapping.entries.iter().rev().map(|entry| (entry.key.text.as_str(), entry)).collect()
}
