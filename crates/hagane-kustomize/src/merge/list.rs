//! Merging lists: by their merge keys, as sets of values, or whole.

use compact_str::CompactString;
use hagane_resource::{Diagnostic, SchemaNode};
use hagane_yaml::{Node, Scalar, Sequence};

use super::directive::{Directive, take_list_directive};
use super::{Merge, wrong_kind};

/// An item of the list that comes out: one that was there (by its place), or a new one.
enum Item {
    Old(usize),
    New(Node),
}

/// The values of an item's merge keys; an absent one is empty.
type KeyValues = Vec<String>;

impl<'s> Merge<'s> {
    pub(super) fn sequence(
        &self,
        dest: Option<Node>,
        patch: Option<Node>,
        schema: Option<SchemaNode<'s>>,
    ) -> Result<Option<Node>, Diagnostic> {
        let fits = |node: &Option<Node>| node.as_ref().is_none_or(|n| n.is_null() || matches!(n, Node::Sequence(_)));
        if !fits(&dest) || !fits(&patch) {
            return Err(wrong_kind("a list", dest.as_ref(), patch.as_ref()));
        }
        let merges = schema.is_some_and(|s| s.patch_strategy().split(',').any(|strategy| strategy == "merge"));
        if !merges {
            return Ok(patch.or(dest));
        }
        let (mut dest, mut patch, mut whose) = match (dest, patch) {
            (Some(Node::Sequence(_)), Some(Node::Scalar(_))) => return Ok(None),
            (Some(Node::Sequence(dest)), Some(Node::Sequence(patch))) => (dest, Some(patch), Whose::Resource),
            (Some(Node::Sequence(dest)), _) => (dest, None, Whose::Resource),
            (_, Some(Node::Sequence(patch))) => (Sequence::default(), Some(patch), Whose::Patch),
            _ => return Ok(None),
        };
        match patch.as_mut().map(take_list_directive).transpose()? {
            Some(Directive::Delete) => return Ok(None),
            Some(Directive::Replace) => whose = Whose::Patch,
            Some(Directive::Merge) | None => {}
        }
        if whose == Whose::Patch {
            dest = patch.take().unwrap_or_default();
        }
        let keys = schema.map(SchemaNode::merge_keys).unwrap_or_default();
        let patch = patch.map(|p| p.items).unwrap_or_default();
        let items = std::mem::take(&mut dest.items);
        dest.items = match keys.is_empty() {
            true => primitives(items, patch),
            false => self.keyed(items, patch, whose, keys, schema.and_then(SchemaNode::elements))?,
        };
        Ok(Some(Node::Sequence(dest)))
    }

    /// Merges items that have the same values of the merge keys. Items of the patch come first, in its order.
    fn keyed(
        &self,
        dest: Vec<Node>,
        patch: Vec<Node>,
        whose: Whose,
        keys: &[CompactString],
        schema: Option<SchemaNode<'s>>,
    ) -> Result<Vec<Node>, Diagnostic> {
        let merged = |old: Option<Node>, over: Option<Node>| match whose {
            Whose::Resource => self.node(old, over, schema),
            Whose::Patch => self.node(None, old, schema),
        };
        let gone = |node: &Node| node.is_null() || node.as_mapping().is_some_and(|m| m.entries.is_empty());
        if let ([key], true) = (keys, patch.is_empty())
            && are_distinct(&dest, key)
        {
            // Nobody patches the list and no item stands twice: the items stay where they are.
            let items = dest.into_iter().map(|item| merged(Some(item), None));
            return items.filter_map(|item| item.map(|i| i.filter(|i| !gone(i))).transpose()).collect();
        }
        let mut dest: Vec<Option<Node>> = dest.into_iter().map(Some).collect();
        let all = key_values(&patch, &dest, keys);
        let given: Vec<usize> = (0..keys.len()).filter(|&i| all.iter().any(|v| !v[i].is_empty())).collect();
        let given = if given.is_empty() { (0..keys.len()).collect() } else { given };
        let keys: Vec<&str> = given.iter().map(|&i| keys[i].as_str()).collect();
        let mut items: Vec<Item> = Vec::with_capacity(all.len());
        for values in &all {
            let values: KeyValues = given.iter().map(|&i| values[i].clone()).collect();
            let place = dest.iter().position(|item| item.as_ref().is_some_and(|item| has(item, &keys, &values)));
            let over = patch.iter().find(|item| has(item, &keys, &values)).cloned();
            let item = match place {
                Some(place) => merged(dest[place].take(), over)?,
                None => self.node(None, over, schema)?,
            };
            let Some(mut item) = item.filter(|item| !gone(item)) else {
                dest.iter_mut().filter(|slot| slot.as_ref().is_some_and(|i| has(i, &keys, &values))).for_each(|s| *s = None);
                continue;
            };
            complete(&mut item, &keys, &values);
            let item = match place {
                Some(place) => {
                    dest[place] = Some(item);
                    Item::Old(place)
                }
                None => Item::New(item),
            };
            put(&mut items, item, &dest, &keys, &values);
        }
        Ok(append(items, dest, &keys))
    }
}

/// Whose items a list starts with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Resource,
    Patch,
}

fn are_distinct(items: &[Node], key: &str) -> bool {
    let mut seen = std::collections::HashSet::with_capacity(items.len());
    items.iter().all(|item| item.get(key).and_then(Node::as_str).is_some_and(|value| !value.is_empty() && seen.insert(value)))
}

/// Returns the distinct key values of both sides, the patch's first. Values that differ only where one has
/// nothing are taken for the same when there are several keys.
fn key_values(patch: &[Node], dest: &[Option<Node>], keys: &[CompactString]) -> Vec<KeyValues> {
    let mut all: Vec<KeyValues> = Vec::new();
    for item in patch.iter().chain(dest.iter().flatten()) {
        let values: KeyValues = keys.iter().map(|key| text_at(item, key)).collect();
        if !all.contains(&values) {
            all.push(values);
        }
    }
    if keys.len() > 1 {
        for i in 0..all.len() {
            for j in 0..all.len() {
                if let Some(joined) = joined(&all[i], &all[j]) {
                    all[i].clone_from(&joined);
                    all[j] = joined;
                }
            }
        }
    }
    all
}

/// Returns what two lists of values have together, if they share one and differ only where one has nothing.
fn joined(a: &KeyValues, b: &KeyValues) -> Option<KeyValues> {
    let mut shared = false;
    let mut out = Vec::with_capacity(a.len());
    for (a, b) in a.iter().zip(b) {
        if a == b {
            shared = true;
        } else if !a.is_empty() && !b.is_empty() {
            return None;
        }
        out.push(if a.is_empty() { b.clone() } else { a.clone() });
    }
    shared.then_some(out)
}

fn text_at(item: &Node, key: &str) -> String {
    item.get(key).and_then(Node::as_str).unwrap_or_default().to_owned()
}

/// Returns whether an item has these values; an empty value takes an item without the key.
fn has(item: &Node, keys: &[&str], values: &[String]) -> bool {
    keys.iter().zip(values).all(|(key, value)| match item.get(key) {
        Some(node) => value.is_empty() || node.as_str() == Some(value),
        None => value.is_empty() && matches!(item, Node::Mapping(_)),
    })
}

/// Makes sure that the merge keys are in the item.
fn complete(item: &mut Node, keys: &[&str], values: &[String]) {
    let Node::Mapping(mapping) = item else { return };
    for (key, value) in keys.iter().zip(values) {
        if !value.is_empty() && mapping.get(key).is_none() {
            mapping.push(*key, Node::Scalar(Scalar::bare(value.as_str())));
        }
    }
}

/// Returns the node of an item.
fn node_of<'n>(item: &'n Item, dest: &'n [Option<Node>]) -> Option<&'n Node> {
    match item {
        Item::Old(place) => dest[*place].as_ref(),
        Item::New(node) => Some(node),
    }
}

/// Puts an item where one with its key values is, or at the end.
fn put(items: &mut Vec<Item>, item: Item, dest: &[Option<Node>], keys: &[&str], values: &[String]) {
    match items.iter().position(|other| node_of(other, dest).is_some_and(|n| has(n, keys, values))) {
        Some(place) => items[place] = item,
        None => items.push(item),
    }
}

/// Adds what was there behind what the patch brought. With several keys kustomize takes each item out and
/// puts it in again at the end, so the old order wins; with one key each stays at its first place.
fn append(mut items: Vec<Item>, mut dest: Vec<Option<Node>>, keys: &[&str]) -> Vec<Node> {
    for place in 0..dest.len() {
        let Some(node) = &dest[place] else { continue };
        // Keys that the item has not are not looked at; without any it matches nothing.
        let given: Vec<&str> = keys.iter().copied().filter(|key| node.get(key).is_some()).collect();
        let values: Vec<String> = given.iter().map(|key| text_at(node, key)).collect();
        let same = |item: &Item| !given.is_empty() && node_of(item, &dest).is_some_and(|n| has(n, &given, &values));
        if keys.len() > 1 {
            items.retain(|item| !same(item));
            items.push(Item::Old(place));
        } else {
            match items.iter().position(same) {
                Some(at) => items[at] = Item::Old(place),
                None => items.push(Item::Old(place)),
            }
        }
    }
    let take = |item| match item {
        Item::Old(place) => dest[place].take(),
        Item::New(node) => Some(node),
    };
    items.into_iter().filter_map(take).collect()
}

/// Merges lists of single values: the patch's first, none twice.
fn primitives(dest: Vec<Node>, patch: Vec<Node>) -> Vec<Node> {
    let mut out: Vec<Node> = Vec::with_capacity(dest.len() + patch.len());
    for item in patch.into_iter().chain(dest) {
        if !item.is_null() && !out.iter().any(|other| other.as_str() == item.as_str() && item.as_str().is_some()) {
            out.push(item);
        }
    }
    out
}
