//! Metadata in formats without nesting: `age__list_0__map_recipient` stands for `age[0].recipient`.

use hagane_yaml::{Mapping, Node, Scalar, Sequence, Span, Style, Tag};

use crate::DecryptError;
use crate::tree::{Element, Item, Kind, Value};

/// More items than any list of metadata has.
const MAX_ITEMS: usize = 1000;
/// More lines than the metadata of any file has.
const MAX_LINES: usize = 10_000;
/// More levels than the metadata has.
const MAX_LEVELS: usize = 8;

/// Returns the lines that stand for the metadata: their keys, each with `prefix` before it, and their texts.
pub(crate) fn flatten(block: &[Item], prefix: &str) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for item in block {
        if let Item::Pair(pair) = item {
            flatten_value(&pair.value, format!("{prefix}{}", pair.key), &mut lines);
        }
    }
    lines
}

fn flatten_value(value: &Value, path: String, lines: &mut Vec<(String, String)>) {
    match value {
        Value::Null(_) => {}
        Value::Mapping(items, _) => lines.extend(flatten(items, &format!("{path}__map_"))),
        Value::Sequence(elements, _) => {
            for (index, element) in elements.iter().enumerate() {
                if let Element::Value(value) = element {
                    flatten_value(value, format!("{path}__list_{index}"), lines);
                }
            }
        }
        Value::Leaf(leaf) => {
            let text = match (leaf.kind, leaf.bytes.expose_str().unwrap_or_default()) {
                (Kind::Bool, text) => text.to_lowercase(),
                (_, text) => text.to_owned(),
            };
            lines.push((path, text));
        }
    }
}

enum Step<'a> {
    Key(&'a str),
    Item(usize),
}

/// Returns the metadata that flat lines stand for. In values `\n` is a line break; some versions wrote the
/// backslash twice.
pub(crate) fn unflatten<'a>(
    lines: impl IntoIterator<Item = (&'a str, &'a str, Span)>,
    span: Span,
) -> Result<Node, DecryptError> {
    let mut root = Node::Mapping(Mapping { span, ..Mapping::default() });
    for (index, (path, text, span)) in lines.into_iter().enumerate() {
        let bad = |problem| DecryptError::BadMetadata { span, field: path.to_owned(), problem };
        if index >= MAX_LINES {
            return Err(bad("is more than the metadata of any file has"));
        }
        let steps = steps(path).ok_or_else(|| bad("is not a field of the metadata"))?;
        let mut node = &mut root;
        for step in steps {
            node = descend(node, &step, span).ok_or_else(|| bad("does not agree with the lines above it"))?;
        }
        let text = text.replace("\\\\n", "\n").replace("\\n", "\n");
        *node = Node::Scalar(Scalar {
            text: text.into(),
            tag: Tag::Str,
            style: Style::DoubleQuoted,
            span,
            extra: None,
        });
    }
    Ok(root)
}

fn steps(path: &str) -> Option<Vec<Step<'_>>> {
    let mut steps = Vec::new();
    let mut rest = path;
    let mut in_list = false;
    loop {
        let next = [rest.find("__map_"), rest.find("__list_")].into_iter().flatten().min();
        let (name, after) = rest.split_at(next.unwrap_or(rest.len()));
        steps.push(if in_list {
            Step::Item(name.parse().ok().filter(|i| *i < MAX_ITEMS)?)
        } else {
            Step::Key(name)
        });
        if next.is_none() || steps.len() > MAX_LEVELS {
            return (steps.len() <= MAX_LEVELS).then_some(steps);
        }
        in_list = after.starts_with("__list_");
        rest = &after[if in_list { "__list_".len() } else { "__map_".len() }..];
    }
}

fn descend<'a>(node: &'a mut Node, step: &Step, span: Span) -> Option<&'a mut Node> {
    match step {
        Step::Key(key) => {
            if node.is_null() {
                *node = Node::Mapping(Mapping { span, ..Mapping::default() });
            }
            let mapping = node.as_mapping_mut()?;
            if mapping.get(key).is_none() {
                mapping.push(*key, null(span));
            }
            mapping.get_mut(key)
        }
        Step::Item(index) => {
            if node.is_null() {
                *node = Node::Sequence(Sequence { span, ..Sequence::default() });
            }
            let items = &mut node.as_sequence_mut()?.items;
            while items.len() <= *index {
                items.push(null(span));
            }
            items.get_mut(*index)
        }
    }
}

fn null(span: Span) -> Node {
    Node::Scalar(Scalar { tag: Tag::Null, span, ..Scalar::default() })
}
