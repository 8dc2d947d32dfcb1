//! The form that a trip through JSON gives to a tree: every scalar has a type of JSON and is written plainly, numbers
//! are floats.

use std::collections::HashSet;

use hagane_yaml::emit::v3::encode_string;
use hagane_yaml::scalar::{Value, go_general, value, written_value, written_value_in_flow};
use hagane_yaml::{Entry, Node, Scalar, Sequence, Tag, Text};

/// Gives a resource the form. It is written as YAML on the way, where flow style makes texts of some values.
pub(crate) fn through_json(tree: &mut Node) {
    pass(tree, true, false);
}

/// Gives a value the form that was JSON, or was read as such: what is absent in it is a null, in flow style too.
pub(crate) fn value_through_json(value: &mut Node) {
    pass(value, false, false);
}

fn pass(node: &mut Node, is_resource: bool, in_flow: bool) {
    match node {
        Node::Mapping(mapping) => {
            let in_flow = std::mem::take(&mut mapping.flow) && is_resource || in_flow;
            for entry in &mut mapping.entries {
                pass(&mut entry.value, is_resource, in_flow);
            }
        }
        Node::Sequence(Sequence { items, flow, .. }) => {
            let in_flow = std::mem::take(flow) && is_resource || in_flow;
            items.iter_mut().for_each(|item| pass(item, is_resource, in_flow));
        }
        Node::Scalar(scalar) => scalar_through_json(scalar, in_flow),
    }
}

fn scalar_through_json(scalar: &mut Scalar, in_flow: bool) {
    let written = if in_flow { written_value_in_flow } else { written_value };
    let number = |float: f64| (Text::from(go_general(float)), Tag::Unresolved);
    let (text, tag) = match written(scalar) {
        Ok(Value::Str(text)) => {
            let text = match text == scalar.text.as_str() {
                true => std::mem::take(&mut scalar.text),
                false => Text::marked_as(text.into_owned(), &scalar.text),
            };
            // The style counts when a patch is laid over it later.
            *scalar = Scalar { span: scalar.span, ..encode_string(text) };
            return;
        }
        Ok(Value::Null) => ("null".into(), Tag::Null),
        Ok(Value::Bool(value)) => (if value { "true" } else { "false" }.into(), Tag::Bool),
        Ok(Value::Int(value)) => number(value as f64),
        Ok(Value::Uint(value)) => number(value as f64),
        Ok(Value::Float(value)) if value.is_finite() => number(value),
        // What cannot be JSON is left for the output to refuse.
        _ => return,
    };
    let text = if scalar.text.is_sensitive() { Text::sensitive(text.as_str().to_owned()) } else { text };
    let tag = if tag == Tag::Unresolved { hagane_yaml::scalar::resolve_v3(text.as_str()) } else { tag };
    *scalar = Scalar { text, tag, span: scalar.span, ..Scalar::default() };
}

/// Makes of the keys of a value what JSON makes of them: texts, of repeated ones the last.
pub(crate) fn keys_through_json(node: &mut Node) {
    match node {
        Node::Sequence(sequence) => sequence.items.iter_mut().for_each(keys_through_json),
        Node::Scalar(_) => {}
        Node::Mapping(mapping) => {
            let mut seen = HashSet::with_capacity(mapping.entries.len());
            for mut entry in std::mem::take(&mut mapping.entries).into_iter().rev() {
                let text = key_through_json(&entry.key);
                if seen.insert(text.clone()) {
                    keys_through_json(&mut entry.value);
                    let key = Scalar { span: entry.key.span, ..Scalar::string(text) };
                    mapping.entries.push(Entry { key, value: entry.value });
                }
            }
            mapping.entries.reverse();
        }
    }
}

fn key_through_json(key: &Scalar) -> String {
    match value(key) {
        Ok(Value::Bool(value)) => value.to_string(),
        Ok(Value::Int(value)) => value.to_string(),
        Ok(Value::Uint(value)) => value.to_string(),
        Ok(Value::Float(value)) if value.is_finite() => go_general(value),
        Ok(Value::Str(text)) => text.into_owned(),
        _ => key.text.as_str().to_owned(),
    }
}
