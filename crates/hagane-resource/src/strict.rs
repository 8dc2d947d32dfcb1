//! Strict reading of the YAML files that are ours: unknown fields, fields given twice and values of another kind are errors with
//! a place.

use std::collections::BTreeMap;

use hagane_yaml::{Entry, Mapping, Node, scalar};

use crate::{Diagnostic, nearest};

/// Refuses fields that are not known, and those given twice.
pub fn check_fields(mapping: &Mapping, place: &str, known: &[&str]) -> Result<(), Diagnostic> {
    for Entry { key, .. } in &mapping.entries {
        let name = key.text.as_str();
        if !known.contains(&name) {
            let error = Diagnostic::error(key.span, format!("unknown field `{name}` in {place}"));
            return Err(match nearest(name, known.iter().copied()) {
                Some(name) => error.hinted(format!("did you mean `{name}`?")),
                None => error.hinted(format!("the fields are {}", known.join(", "))),
            });
        }
    }
    check_once(mapping)
}

/// Refuses keys given twice.
pub fn check_once(mapping: &Mapping) -> Result<(), Diagnostic> {
    for (index, Entry { key, .. }) in mapping.entries.iter().enumerate() {
        let name = key.text.as_str();
        if mapping.position(name) != Some(index) {
            return Err(Diagnostic::error(key.span, format!("`{name}` is there twice")));
        }
    }
    Ok(())
}

/// Returns the value of a field; a null is no value.
pub fn present<'a>(mapping: &'a Mapping, field: &str) -> Option<&'a Node> {
    mapping.get(field).filter(|node| !node.is_null())
}

/// Returns the mapping in a field.
pub fn mapping<'a>(outer: &'a Mapping, field: &str) -> Result<Option<&'a Mapping>, Diagnostic> {
    present(outer, field).map(|node| as_mapping(node, field)).transpose()
}

/// Returns the node as a mapping.
pub fn as_mapping<'a>(node: &'a Node, what: &str) -> Result<&'a Mapping, Diagnostic> {
    match node {
        Node::Mapping(mapping) => Ok(mapping),
        _ => Err(Diagnostic::error(node.span(), format!("`{what}` must be a mapping"))),
    }
}

/// Refuses a key that stands twice in a mapping, at whatever depth.
pub fn refuse_repeated_keys(node: &Node) -> Result<(), Diagnostic> {
    match node {
        Node::Mapping(mapping) => {
            let mut seen = BTreeMap::new();
            for entry in &mapping.entries {
                if let Some(first) = seen.insert(entry.key.text.as_str(), entry.key.span) {
                    let message = format!("the key `{}` stands twice", entry.key.text.shown());
                    return Err(
                        Diagnostic::error(entry.key.span, message).hinted_at("the first one is here", first)
                    );
                }
                refuse_repeated_keys(&entry.value)?;
            }
            Ok(())
        }
        Node::Sequence(sequence) => sequence.items.iter().try_for_each(refuse_repeated_keys),
        Node::Scalar(_) => Ok(()),
    }
}

/// Returns the items of the sequence in a field; none where there is no field.
pub fn items<'a>(outer: &'a Mapping, field: &str) -> Result<&'a [Node], Diagnostic> {
    match present(outer, field) {
        None => Ok(&[]),
        Some(Node::Sequence(sequence)) => Ok(&sequence.items),
        Some(node) => Err(Diagnostic::error(node.span(), format!("`{field}` must be a sequence"))),
    }
}

/// Returns the text in a field.
pub fn text<'a>(outer: &'a Mapping, field: &str) -> Result<Option<(String, &'a Node)>, Diagnostic> {
    present(outer, field).map(|node| Ok((as_text(node, field)?, node))).transpose()
}

/// Returns the node as a text.
pub fn as_text(node: &Node, what: &str) -> Result<String, Diagnostic> {
    if let Some(Ok(scalar::Value::Str(text))) = node.as_scalar().map(scalar::value) {
        return Ok(text.into_owned());
    }
    let error = Diagnostic::error(node.span(), format!("`{what}` must be a string"));
    Err(match node {
        Node::Scalar(scalar) => error.hinted(format!("put it in quotes: \"{}\"", scalar.text.shown())),
        _ => error,
    })
}

/// Returns the texts of a field that has one or several.
pub fn texts(outer: &Mapping, field: &str) -> Result<Vec<String>, Diagnostic> {
    match present(outer, field) {
        None => Ok(Vec::new()),
        Some(Node::Sequence(sequence)) => sequence.items.iter().map(|item| as_text(item, field)).collect(),
        Some(node) => Ok(vec![as_text(node, field)?]),
    }
}

/// Returns the node as a whole number.
pub fn as_integer(node: &Node, what: &str) -> Result<i64, Diagnostic> {
    match node.as_scalar().map(scalar::value) {
        Some(Ok(scalar::Value::Int(value))) => Ok(value),
        _ => Err(Diagnostic::error(node.span(), format!("`{what}` must be a whole number"))),
    }
}

/// Returns an error about a word that is none of those known.
pub fn unknown(node: &Node, what: &str, word: &str, known: &[&str]) -> Diagnostic {
    let error = Diagnostic::error(node.span(), format!("{what} cannot be `{word}`"));
    match nearest(word, known.iter().copied()) {
        Some(near) => error.hinted(format!("did you mean `{near}`?")),
        None => error.hinted(format!("one of {}", known.join(", "))),
    }
}
