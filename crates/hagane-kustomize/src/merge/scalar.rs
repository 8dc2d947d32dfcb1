//! Single values in a merge: which nulls count, what stays as it was, and how it is written.

use hagane_yaml::scalar::resolve_v2;
use hagane_yaml::{
    Dialect, FileId, Mapping, Node, ParseOptions, Scalar, Sequence, Style, Tag, Written, parse,
};

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
    const STARTS: &[char] =
        &['-', '?', ':', '[', '{', '&', '*', '!', '|', '>', '%', '"', '\'', '#', ' ', '\u{feff}'];
    let is_word = !text.starts_with(STARTS) && !text.contains(": ") && !text.ends_with(':');
    if text.is_empty() || text.contains('\n') {
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
    documents.first().is_some_and(|node| node.as_scalar().is_some_and(is_text))
}

/// How a value was written before a patch replaced it: single values, and whether collections stand in brackets.
#[derive(Clone, Copy, Default)]
pub(super) struct Before {
    scalar: Written,
    /// An empty mapping does not count.
    flow: Option<bool>,
}

impl Before {
    pub(super) fn of(node: &Node) -> Before {
        match node {
            Node::Scalar(scalar) => Before { scalar: scalar.written(), flow: Some(false) },
            Node::Mapping(mapping) if mapping.entries.is_empty() => Before::default(),
            Node::Mapping(mapping) => Before { flow: Some(mapping.flow), ..Before::default() },
            Node::Sequence(sequence) => Before { flow: Some(sequence.flow), ..Before::default() },
        }
    }

    /// Returns a value in the style of the one it replaces: quotes stay, so a number put over a quoted text is a string.
    pub(super) fn restyle(self, node: Node) -> Node {
        match node {
            Node::Scalar(scalar) => Node::Scalar(scalar.restyled(self.scalar)),
            Node::Mapping(mapping) => {
                Node::Mapping(Mapping { flow: self.flow.unwrap_or(mapping.flow), ..mapping })
            }
            Node::Sequence(sequence) => {
                Node::Sequence(Sequence { flow: self.flow.unwrap_or(sequence.flow), ..sequence })
            }
        }
    }
}
