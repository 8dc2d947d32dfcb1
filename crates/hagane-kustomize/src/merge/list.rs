//! Merging lists: by their merge keys, as sets of values, or whole.

use std::collections::{HashMap, HashSet};

use compact_str::CompactString;
use hagane_resource::{Diagnostic, SchemaNode};
use hagane_yaml::{Node, Scalar, Sequence};

use super::directive::{Directive, take_known_directive, take_list_directive};
use super::scalar::is_null;
use super::{Lone, Merge, place_of, wrong_kind};

/// The values of an item's merge keys; an absent one is empty.
type KeyValues = Vec<String>;

impl<'s> Merge<'s> {
    pub(super) fn sequence(
        &self,
        dest: Option<Node>,
        patch: Option<Node>,
        lone: Lone,
        schema: Option<SchemaNode<'_>>,
    ) -> Result<Option<Node>, Diagnostic> {
        let fits =
            |node: &Option<Node>| node.as_ref().is_none_or(|n| is_null(n) || matches!(n, Node::Sequence(_)));
        if !fits(&dest) || !fits(&patch) {
            return Err(wrong_kind("a list", place_of(&dest, &patch)));
        }
        let merges =
            schema.is_some_and(|s| s.patch_strategy().split(',').any(|strategy| strategy == "merge"));
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
        let looks = whose == Whose::Resource || lone == Lone::Itself;
        match patch.as_mut().filter(|_| looks).map(take_list_directive).transpose()? {
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
            true => self.values(items, patch, whose, schema.and_then(SchemaNode::elements))?,
            false => self.keyed(items, patch, whose, keys, schema.and_then(SchemaNode::elements))?,
        };
        Ok(Some(Node::Sequence(dest)))
    }

    /// Merges items that have the same values of the merge keys. Items of the patch come first, in its order.
    fn keyed(
        &self,
        dest: Vec<Node>,
        mut patch: Vec<Node>,
        whose: Whose,
        keys: &[CompactString],
        schema: Option<SchemaNode<'_>>,
    ) -> Result<Vec<Node>, Diagnostic> {
        let merged = |old: Option<Node>, over: Option<Node>| match whose {
            Whose::Resource => self.node(old, over, schema),
            Whose::Patch => old.map_or(Ok(None), |old| self.itself(old, schema)),
        };
        if let [key] = keys
            && are_distinct(&dest, key)
            && are_distinct(&patch, key)
            && patch.iter().all(|item| item.get("$patch").is_none())
        {
            let items = paired(dest, patch, key).map(|(old, over)| merged(old, over));
            return items.filter_map(|item| item.map(|i| i.filter(|i| !is_nothing(i))).transpose()).collect();
        }
        let mut lists = Lists::new(dest);
        let all = key_values(&patch, &lists.nodes, keys);
        let used: Vec<usize> = (0..keys.len()).filter(|&i| all.iter().any(|v| !v[i].is_empty())).collect();
        let used = if used.is_empty() { (0..keys.len()).collect() } else { used };
        let keys: Vec<&str> = used.iter().map(|&i| keys[i].as_str()).collect();
        for values in &all {
            let values: KeyValues = used.iter().map(|&i| values[i].clone()).collect();
            let old = lists.dest.iter().copied().find(|&place| has(&lists.nodes[place], &keys, &values));
            let over = patch.iter_mut().find(|item| has(item, &keys, &values));
            let over = over.map(|item| {
                let seen = item.clone();
                // A directive counts the first time that its item is looked at. One that does not exist stays a field.
                item.as_mapping_mut().map(take_known_directive);
                seen
            });
            // What replaces or deletes an item does not write to it: the old one is still there, and may come back below.
            let directive = over.as_ref().and_then(|o| o.get("$patch")).and_then(Node::as_str);
            let anew = matches!(directive, Some("replace" | "delete"));
            let itself = old.filter(|_| whose == Whose::Patch).map(|place| &mut lists.nodes[place]);
            if let Some(item) = itself
                && item.get("$patch").and_then(Node::as_str) == Some("delete")
            {
                // It is not in the way any more, and comes back below without its directive.
                item.as_mapping_mut().and_then(|mapping| mapping.remove("$patch"));
                lists.remove_old(&keys, &values)?;
                continue;
            }
            let item = match old {
                Some(place) if anew => merged(Some(lists.nodes[place].clone()), over)?,
                Some(place) => {
                    merged(Some(std::mem::replace(&mut lists.nodes[place], Node::mapping())), over)?
                }
                None => self.node(None, over, schema)?,
            };
            let Some(mut item) = item.filter(|item| !is_nothing(item)) else {
                lists.remove_old(&keys, &values)?;
                continue;
            };
            complete(&mut item, &keys, &values);
            let place = match old {
                Some(place) if !anew => {
                    lists.nodes[place] = item;
                    place
                }
                _ => lists.keep(item),
            };
            lists.put(Some(place), &keys, &values)?;
        }
        lists.join(&keys)
    }
}

/// The items of a list that was there and of the one that comes out, both as places in one store: a place in both
/// is the same item.
struct Lists {
    nodes: Vec<Node>,
    dest: Vec<usize>,
    out: Vec<usize>,
}

impl Lists {
    fn new(dest: Vec<Node>) -> Lists {
        Lists { dest: (0..dest.len()).collect(), nodes: dest, out: Vec::new() }
    }

    /// Returns the place of a new item.
    fn keep(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn remove_old(&mut self, keys: &[&str], values: &[String]) -> Result<(), Diagnostic> {
        let dest = std::mem::take(&mut self.dest);
        self.dest = self.set(dest, None, keys, values)?;
        Ok(())
    }

    fn put(&mut self, item: Option<usize>, keys: &[&str], values: &[String]) -> Result<(), Diagnostic> {
        let out = std::mem::take(&mut self.out);
        self.out = self.set(out, item, keys, values)?;
        Ok(())
    }

    /// Returns the list with `item` in the place of those that have the values, or, unless it is null, at the end;
    /// without an item they are removed. A value that is not given any more is taken for the one before; an empty one takes any.
    fn set(
        &self,
        list: Vec<usize>,
        item: Option<usize>,
        keys: &[&str],
        values: &[String],
    ) -> Result<Vec<usize>, Diagnostic> {
        let mut found = false;
        let mut kept = Vec::with_capacity(list.len() + 1);
        for place in list {
            let node = &self.nodes[place];
            let matches = match node {
                _ if is_nothing(node) => continue,
                Node::Mapping(_) => {
                    let same = |(key, value): (&&str, &String)| {
                        node.get(key).is_some_and(|field| {
                            value.is_empty() || field.as_str().unwrap_or_default() == value
                        })
                    };
                    !values.is_empty() && keys.iter().zip(values).all(same)
                }
                _ if values.first().is_some_and(|value| !value.is_empty()) => false,
                other => return Err(no_mapping(other)),
            };
            match (matches, item) {
                (true, Some(item)) => kept.push(item),
                (false, _) if !values.is_empty() => kept.push(place),
                _ => {}
            }
            found |= matches;
        }
        kept.extend(item.filter(|place| !found && !self.nodes[*place].is_null()));
        Ok(kept)
    }

    /// Returns the items: what came first with the patch, and what was there. With several keys kustomize takes each
    /// old item out and puts it in again at the end, so the old order wins; with one key each stays at its place.
    fn join(mut self, keys: &[&str]) -> Result<Vec<Node>, Diagnostic> {
        for place in std::mem::take(&mut self.dest) {
            let node = &self.nodes[place];
            if !node.is_null() && !matches!(node, Node::Mapping(_)) {
                return Err(no_mapping(node));
            }
            let values: Vec<String> = keys
                .iter()
                .filter_map(|key| node.get(key))
                .map(|field| field.as_str().unwrap_or_default().to_owned())
                .collect();
            // For every key that it lacks an item is added once more; most of these go again in the next step.
            self.out.extend(std::iter::repeat_n(place, keys.len() - values.len()));
            if keys.len() > 1 {
                self.put(None, keys, &values)?;
            }
            self.put(Some(place), keys, &values)?;
        }
        let mut nodes: Vec<Option<Node>> = self.nodes.into_iter().map(Some).collect();
        let take = |(index, place): (usize, &usize)| match self.out[index + 1..].contains(place) {
            true => nodes[*place].clone(),
            false => nodes[*place].take(),
        };
        Ok(self.out.iter().enumerate().filter_map(take).collect())
    }
}

/// Returns whether an item says nothing: kustomize drops it whenever it puts another item into the list.
pub(super) fn is_nothing(item: &Node) -> bool {
    item.is_null() || item.as_mapping().is_some_and(|mapping| mapping.entries.is_empty())
}

fn no_mapping(node: &Node) -> Diagnostic {
    Diagnostic::error(node.span(), "an item of this list must be a mapping")
        .hinted("the list is merged by the keys of its items")
}

/// Whose items a list starts with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Resource,
    Patch,
}

/// Returns the items of a patch, each with the old one that has the same value of the key, then the other old ones. On
/// neither side has any two the same.
fn paired(old: Vec<Node>, patch: Vec<Node>, key: &str) -> impl Iterator<Item = (Option<Node>, Option<Node>)> {
    let mut pairs: Vec<(Option<Node>, Option<Node>)> = Vec::with_capacity(patch.len() + old.len());
    let mut others = Vec::with_capacity(old.len());
    let mut places = HashMap::with_capacity(patch.len());
    for item in patch {
        places.insert(text_at(&item, key), pairs.len());
        pairs.push((None, Some(item)));
    }
    for item in old {
        match places.get(&text_at(&item, key)) {
            Some(place) => pairs[*place].0 = Some(item),
            None => others.push(item),
        }
    }
    pairs.into_iter().chain(others.into_iter().map(|item| (Some(item), None)))
}

fn are_distinct(items: &[Node], key: &str) -> bool {
    let mut seen = HashSet::with_capacity(items.len());
    items.iter().all(|item| {
        let value = item.get(key).filter(|value| !value.is_null()).and_then(Node::as_str);
        value.is_some_and(|value| !value.is_empty() && seen.insert(value))
    })
}

/// Returns the distinct key values of both sides, the patch's first. Values that differ only where one has
/// nothing are taken for the same when there are several keys.
fn key_values(patch: &[Node], dest: &[Node], keys: &[CompactString]) -> Vec<KeyValues> {
    let mut all: Vec<KeyValues> = Vec::new();
    let mut seen = HashSet::new();
    for item in patch.iter().chain(dest) {
        let values: KeyValues = keys.iter().map(|key| text_at(item, key)).collect();
        if seen.insert(values.clone()) {
            all.push(values);
        }
    }
    if keys.len() > 1 {
        for i in 0..all.len() {
            let own = all[i].clone();
            for j in 0..all.len() {
                if let Some(joined) = joined(&own, &all[j]) {
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
    let field = item.get(key).filter(|field| !field.is_null());
    field.and_then(Node::as_str).unwrap_or_default().to_owned()
}

/// Returns whether an item has the values that are given; where none is, it must have all keys with empty texts.
fn has(item: &Node, keys: &[&str], values: &[String]) -> bool {
    let none = values.iter().all(String::is_empty);
    let same = |(key, value): (&&str, &String)| {
        value.is_empty() && !none
            || item.get(key).is_some_and(|field| field.as_str().unwrap_or_default() == value)
    };
    matches!(item, Node::Mapping(_)) && keys.iter().zip(values).all(same)
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
