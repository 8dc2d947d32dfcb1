//! In what two builds differ.

use hagane_resource::ResourceSet;
use hagane_yaml::Node;

use crate::kustomization::hole;

/// Returns the first field in which two builds differ, in words: the resource and the path.
pub fn first_difference(one: &ResourceSet, other: &ResourceSet) -> Option<String> {
    let missing = hole();
    let pairs = one.iter().zip(other.iter());
    for (one, other) in pairs {
        if one.id() != other.id() {
            return Some(format!("{} is {}", one.id(), other.id()));
        }
        if one.tree() != other.tree() {
            let mut path = Vec::new();
            deepest(one.tree(), other.tree(), &missing, &mut path);
            return Some(match path.is_empty() {
                true => one.id().to_string(),
                false => format!("the field `{}` of {}", path.join("."), one.id()),
            });
        }
    }
    (one.len() != other.len()).then(|| format!("{} resources are {}", one.len(), other.len()))
}

/// Follows a difference down to where it is.
fn deepest(one: &Node, other: &Node, missing: &Node, path: &mut Vec<String>) {
    let step = match (one, other) {
        (Node::Mapping(one), Node::Mapping(other)) => {
            let keys = one.entries.iter().chain(&other.entries).map(|entry| entry.key.text.as_str());
            let parts = |key| (one.get(key).unwrap_or(missing), other.get(key).unwrap_or(missing));
            let mut differing = keys.map(|key| (key_step(key), parts(key)));
            differing.find(|(_, (one, other))| one != other)
        }
        (Node::Sequence(one), Node::Sequence(other)) => {
            let pairs = one.items.iter().zip(&other.items).enumerate();
            let mut differing = pairs.map(|(index, parts)| (item_step(&one.items, index), parts));
            differing.find(|(_, (one, other))| one != other)
        }
        _ => None,
    };
    if let Some((step, (one, other))) = step {
        path.push(step);
        deepest(one, other, missing, path);
    }
}

/// A path, and what stands there in either build.
pub(crate) type Difference<'n> = (String, &'n Node, &'n Node);

/// Collects the texts of `without` that something else stands for in `with`, with their paths.
pub(crate) fn differences<'n>(with: &'n Node, without: &'n Node, found: &mut Vec<Difference<'n>>) {
    collect(with, without, &mut Vec::new(), found);
}

fn collect<'n>(with: &'n Node, without: &'n Node, path: &mut Vec<String>, found: &mut Vec<Difference<'n>>) {
    match (with, without) {
        (Node::Mapping(with), Node::Mapping(without)) => {
            for entry in &without.entries {
                if let Some(other) = with.get(entry.key.text.as_str()) {
                    path.push(key_step(entry.key.text.as_str()));
                    collect(other, &entry.value, path, found);
                    path.pop();
                }
            }
        }
        (Node::Sequence(with), Node::Sequence(without)) => {
            for (index, (other, item)) in with.items.iter().zip(&without.items).enumerate() {
                path.push(item_step(&without.items, index));
                collect(other, item, path, found);
                path.pop();
            }
        }
        (_, Node::Scalar(_)) if with != without => found.push((path.join("."), with, without)),
        _ => {}
    }
}

/// Returns a key as a step of a path.
fn key_step(key: &str) -> String {
    match key.contains('.') {
        true if key.contains(['=', ']']) => key.replace('.', "\\."),
        true => format!("[{key}]"),
        false => key.to_owned(),
    }
}

/// Returns an item as a step of a path: by its name where that is unmistakable, by its place otherwise.
fn item_step(items: &[Node], index: usize) -> String {
    let names: Option<Vec<&str>> = items.iter().map(|item| item.get("name").and_then(Node::as_str)).collect();
    let is_literal = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    match names {
        // The value in brackets is a pattern that is looked for anywhere in the name.
        Some(names)
            if is_literal(names[index])
                && names.iter().filter(|name| name.contains(names[index])).count() == 1 =>
        {
            format!("[name={}]", names[index])
        }
        _ => index.to_string(),
    }
}
