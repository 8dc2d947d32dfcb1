//! What a merge cannot say of the difference of two trees, as a JSON patch (RFC 6902).
//!
//! Places in lists are counted, so each step into an item with a name first tests the name: where somebody
//! reorders the list, the patch is refused instead of laid over the wrong one.

use hagane_yaml::{Mapping, Node, Sequence};

use crate::field::sequence;
use crate::field_path::FieldPath;

/// Where in the tree a difference is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Where a merge says what is new.
    Fields,
    /// In a list, where only operations do.
    List,
}

/// Returns the operations for what changes in lists, for what goes away, and for the version;
/// nothing where there is none.
pub(super) fn patch(old: &Node, new: &Node) -> Option<Node> {
    let mut operations = Vec::new();
    if let (Some(before), Some(after)) = (old.get("apiVersion"), new.get("apiVersion"))
        && before != after
    {
        operations.push(operation("replace", "/apiVersion".to_owned(), Some(after)));
    }
    difference(old, new, &FieldPath::default(), Place::Fields, &mut operations);
    (!operations.is_empty()).then(|| sequence(operations))
}

fn operation(verb: &'static str, path: String, value: Option<&Node>) -> Node {
    let mut fields = Mapping::default();
    fields.push("op", Node::string(verb));
    fields.push("path", Node::string(path));
    if let Some(value) = value {
        fields.push("value", value.clone());
    }
    Node::Mapping(fields)
}

fn difference(old: &Node, new: &Node, path: &FieldPath, place: Place, out: &mut Vec<Node>) {
    match (old, new) {
        _ if old == new => {}
        (Node::Mapping(old), Node::Mapping(new)) => fields(old, new, path, place, out),
        (Node::Sequence(old), Node::Sequence(new)) if old.items.len() <= new.items.len() => {
            items(old, new, path, out);
        }
        (old, _) if place == Place::List || old.as_sequence().is_some() => {
            out.push(operation("replace", path.pointer(), Some(new)));
        }
        _ => {}
    }
}

fn fields(old: &Mapping, new: &Mapping, path: &FieldPath, place: Place, out: &mut Vec<Node>) {
    for entry in &old.entries {
        let key = entry.key.text.as_str();
        let below = path.key(key.to_owned());
        match new.get(key) {
            Some(value) => difference(&entry.value, value, &below, place, out),
            None => out.push(operation("remove", below.pointer(), None)),
        }
    }
    for entry in new.entries.iter().filter(|_| place == Place::List) {
        let key = entry.key.text.as_str();
        if old.get(key).is_none() {
            out.push(operation("add", path.key(key.to_owned()).pointer(), Some(&entry.value)));
        }
    }
}

fn items(old: &Sequence, new: &Sequence, path: &FieldPath, out: &mut Vec<Node>) {
    for (index, (own, item)) in old.items.iter().zip(&new.items).enumerate() {
        if own == item {
            continue;
        }
        let below = path.item(index);
        if let Some(name) = own.get("name").filter(|name| Some(*name) == item.get("name")) {
            out.push(operation("test", below.key("name").pointer(), Some(name)));
        }
        difference(own, item, &below, Place::List, out);
    }
    for item in new.items.iter().skip(old.items.len()) {
        out.push(operation("add", format!("{}/-", path.pointer()), Some(item)));
    }
}
