//! Trees to JSON, as Go's encoding/json writes them: keys sorted by bytes, `<`, `>` and `&` escaped.

use std::fmt::Write as _;

use crate::scalar::{self, Value, go_json};
use crate::{Mapping, Node};

/// Returns the tree as compact JSON; `None` where a number is infinite or no number, or a value does not fit
/// its tag.
pub fn json(node: &Node) -> Option<String> {
    let mut out = String::new();
    write(&mut out, node, None)?;
    Some(out)
}

/// Returns the tree as JSON with the given indentation a level, as `json.MarshalIndent` writes it.
pub fn json_indented(node: &Node, indent: &str) -> Option<String> {
    let mut out = String::new();
    write(&mut out, node, Some((indent, 0)))?;
    Some(out)
}

/// Appends a string in quotes.
pub fn json_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                _ = write!(out, "\\u{:04x}", c as u32)
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

type Level<'a> = Option<(&'a str, usize)>;

fn write(out: &mut String, node: &Node, level: Level) -> Option<()> {
    match node {
        Node::Mapping(mapping) => object(out, mapping, level)?,
        Node::Sequence(sequence) if sequence.items.is_empty() => out.push_str("[]"),
        Node::Sequence(sequence) => {
            out.push('[');
            let inner = deeper(level);
            for (index, item) in sequence.items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                line(out, inner);
                write(out, item, inner)?;
            }
            line(out, level);
            out.push(']');
        }
        Node::Scalar(scalar) => match scalar::written_value(scalar).ok()? {
            Value::Null => out.push_str("null"),
            Value::Bool(value) => _ = write!(out, "{value}"),
            Value::Int(value) => _ = write!(out, "{value}"),
            Value::Uint(value) => _ = write!(out, "{value}"),
            Value::Float(value) if value.is_finite() => out.push_str(&go_json(value)),
            Value::Float(_) => return None,
            Value::Str(text) => json_string(out, &text),
        },
    }
    Some(())
}

fn object(out: &mut String, mapping: &Mapping, level: Level) -> Option<()> {
    if mapping.entries.is_empty() {
        out.push_str("{}");
        return Some(());
    }
    let mut entries: Vec<_> = mapping.entries.iter().collect();
    entries.sort_by(|a, b| a.key.text.as_str().cmp(b.key.text.as_str()));
    out.push('{');
    let inner = deeper(level);
    for (index, entry) in entries.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        line(out, inner);
        json_string(out, entry.key.text.as_str());
        out.push_str(if inner.is_some() { ": " } else { ":" });
        write(out, &entry.value, inner)?;
    }
    line(out, level);
    out.push('}');
    Some(())
}

fn deeper(level: Level) -> Level {
    level.map(|(indent, depth)| (indent, depth + 1))
}

fn line(out: &mut String, level: Level) {
    if let Some((indent, depth)) = level {
        out.push('\n');
        for _ in 0..depth {
            out.push_str(indent);
        }
    }
}
