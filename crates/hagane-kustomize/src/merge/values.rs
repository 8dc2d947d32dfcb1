//! Lists of single values: the patch's first, none twice.

use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::collections::{HashMap, HashSet};

use hagane_resource::{Diagnostic, SchemaNode};
use hagane_yaml::Node;

use super::Merge;
use super::list::{Whose, is_nothing};

impl<'s> Merge<'s> {
    /// Merges lists of single values. Of equal texts the resource's last one stays.
    pub(super) fn values(
        &self,
        dest: Vec<Node>,
        patch: Vec<Node>,
        whose: Whose,
        schema: Option<SchemaNode<'_>>,
    ) -> Result<Vec<Node>, Diagnostic> {
        let is_value = |item: &Node| matches!(item, Node::Scalar(_)) && !item.is_null();
        let mut items = match dest.iter().chain(&patch).all(is_value) {
            true => joined(dest, patch),
            false => self.odd_values(dest, patch, whose, schema)?,
        };
        for item in &mut items {
            if let Node::Scalar(scalar) = item
                && !scalar.is_null()
            {
                // An item comes out of such a list without its tag.
                *scalar = scalar.untagged();
            }
        }
        Ok(items)
    }

    /// Merges lists that have other items, too. kustomize goes by texts, and a mapping or a list has an empty one: the first
    /// item of a text stands for all of them.
    fn odd_values(
        &self,
        mut dest: Vec<Node>,
        patch: Vec<Node>,
        whose: Whose,
        schema: Option<SchemaNode<'_>>,
    ) -> Result<Vec<Node>, Diagnostic> {
        let mut seen = HashSet::new();
        let all = patch.iter().chain(&dest).map(text_of);
        let texts: Vec<String> = all.filter(|text| seen.insert(*text)).map(str::to_owned).collect();
        let mut out = Vec::with_capacity(texts.len());
        for text in &texts {
            let old = dest.iter().position(|item| text_of(item) == text);
            let over = patch.iter().find(|item| text_of(item) == text).cloned();
            let old_item = old.map(|place| dest[place].clone());
            let merged = match (whose, old_item) {
                (Whose::Resource, old) => self.node(old, over, schema)?,
                (Whose::Patch, Some(old)) => self.itself(old, schema)?,
                (Whose::Patch, None) => None,
            };
            match merged.filter(|item| !is_nothing(item)) {
                Some(item) => out = put(out, item, text)?,
                None => {
                    if let Some(mapping) = old.and_then(|place| dest[place].as_mapping_mut()) {
                        // What it said was taken off it.
                        mapping.entries.clear();
                    }
                    dest = without(dest, text)?;
                }
            }
        }
        for item in dest {
            let text = text_of(&item).to_owned();
            out = put(out, item, &text)?;
        }
        Ok(out)
    }
}

/// Returns the list without the items of a text.
fn without(list: Vec<Node>, text: &str) -> Result<Vec<Node>, Diagnostic> {
    let mut kept = values_of(list)?;
    kept.retain(|item| text_of(item) != text);
    Ok(kept)
}

/// Returns the list with an item in the place of those of a text, or at the end.
fn put(list: Vec<Node>, item: Node, text: &str) -> Result<Vec<Node>, Diagnostic> {
    let mut found = false;
    let mut out = values_of(list)?;
    for old in out.iter_mut().filter(|old| text_of(old) == text) {
        old.clone_from(&item);
        found = true;
    }
    if !found && !item.is_null() {
        out.push(item);
    }
    Ok(out)
}

/// Returns the items that say something, which must be single values.
fn values_of(mut list: Vec<Node>) -> Result<Vec<Node>, Diagnostic> {
    list.retain(|item| !is_nothing(item));
    match list.iter().find(|item| !matches!(item, Node::Scalar(_))) {
        None => Ok(list),
        Some(other) => Err(Diagnostic::error(other.span(), "an item of this list must be a single value")
            .hinted("write one value behind each dash")),
    }
}

fn text_of(item: &Node) -> &str {
    item.as_str().unwrap_or_default()
}

/// Returns the items of two lists of values.
fn joined(dest: Vec<Node>, patch: Vec<Node>) -> Vec<Node> {
    let mut out: Vec<Node> = Vec::with_capacity(dest.len() + patch.len());
    let mut places: HashMap<String, usize> = HashMap::with_capacity(dest.len() + patch.len());
    let patched = patch.len();
    for (index, item) in patch.into_iter().chain(dest).enumerate() {
        match places.entry(text_of(&item).to_owned()) {
            Occupied(place) if index >= patched => out[*place.get()] = item,
            Occupied(_) => {}
            Vacant(place) => {
                place.insert(out.len());
                out.push(item);
            }
        }
    }
    out
}
