//! Single values in a merge: which nulls count, what stays as it was, and how it is written.

use hagane_yaml::scalar::resolve_v2;
use hagane_yaml::{Dialect, FileId, Node, ParseOptions, Scalar, Style, Tag, parse};

/// Returns whether a value is a null for a merge: one that was made for nothing, without a type, is none.
pub(super) fn is_null(node: &Node) -> bool {
    let made = |scalar: &Scalar| scalar.tag == Tag::Unresolved && scalar.text.as_str().is_empty();
    node.is_null() && !node.as_scalar().is_some_and(made)
}

/// Returns whether a null was written (`null`, `~`) rather than left out.
pub(super) fn is_written_null(node: &Node) -> bool {
    node.as_str().is_some_and(|text| !text.is_empty())
}

/// Returns a null that stays.
pub(super) fn kept_null(node: Node) -> Node {
    match node {
        Node::Scalar(scalar) => Node::Scalar(Scalar { tag: Tag::Unresolved, style: Style::Plain, ..scalar }),
        other => other,
    }
}

/// Returns whether a merged value is a null that goes away. A null that stays has no tag.
pub(super) fn is_cleared(node: &Node) -> bool {
    node.as_scalar().is_some_and(|scalar| scalar.tag == Tag::Null)
}

/// Returns a single value that a patch says nothing of. A text that is bare though it looks like something else is quoted:
/// it counts when a later patch takes its place.
pub(super) fn kept(node: Node) -> Node {
    match node {
        Node::Scalar(scalar) if is_bare_text(&scalar) && !is_text_for_v2(scalar.text.as_str()) => {
            Node::Scalar(Scalar { tag: Tag::Str, style: Style::DoubleQuoted, ..scalar })
        }
        other => other,
    }
}

/// Returns whether a text was made or written without quotes and without a tag.
fn is_bare_text(scalar: &Scalar) -> bool {
    scalar.style == Style::Plain
        && matches!(scalar.tag, Tag::Str | Tag::Unresolved)
        && scalar.tagged().is_none()
}

/// Returns whether yaml.v2 reads a bare text as a text, or not at all.
fn is_text_for_v2(text: &str) -> bool {
    const STARTS: &[char] = &['-', '?', ':', '[', '{', '&', '*', '!', '|', '>', '%', '"', '\'', '#', ' '];
    let is_word = !text.starts_with(STARTS) && !text.contains(": ") && !text.ends_with(':');
    if text.is_empty() {
        return true;
    }
    if is_word {
        return matches!(resolve_v2(text), Tag::Str | Tag::Timestamp | Tag::Merge);
    }
    let options = ParseOptions { dialect: Dialect::V2, ..ParseOptions::default() };
    let Ok(documents) = parse(text, FileId::default(), &options) else { return true };
    let is_text = |scalar: &Scalar| {
        !matches!(scalar.resolved_tag(), Tag::Null | Tag::Bool | Tag::Int | Tag::Float | Tag::Binary)
    };
    documents.first().is_none_or(|node| node.as_scalar().is_some_and(is_text))
}

/// How a value was written before a patch replaced it.
#[derive(Clone, Copy)]
pub(super) struct Written {
    scalar: Style,
    flow: bool,
}

pub(super) fn written_as(node: &Node) -> Written {
    match node {
        Node::Scalar(scalar) => Written { scalar: scalar.style, flow: false },
        Node::Mapping(mapping) => Written { scalar: Style::Plain, flow: mapping.flow },
        Node::Sequence(sequence) => Written { scalar: Style::Plain, flow: sequence.flow },
    }
}

/// Returns the value in the style of the one it replaces: quotes stay, so a number put over a quoted text is a
/// string.
pub(super) fn restyled(mut node: Node, before: Written) -> Node {
    match &mut node {
        Node::Scalar(scalar) => scalar.style = before.scalar,
        Node::Mapping(mapping) => mapping.flow = before.flow,
        Node::Sequence(sequence) => sequence.flow = before.flow,
    }
    node
}
