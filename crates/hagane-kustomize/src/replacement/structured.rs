//! Paths that go on inside a text that is JSON or YAML itself.
//!
//! The text is read, the path followed in it, and the text written again: JSON compact, or indented by two
//! when it was, YAML without its last line break.

use hagane_resource::Diagnostic;
use hagane_yaml::emit::{json, json_indented};
use hagane_yaml::{FileId, Node, ParseOptions, Scalar, Span, Text, parse};

use crate::decode::refuse_repeated_keys;
use crate::field_path::{self, Missing, Step};

/// Returns where a path ends inside a text: the steps to the text, and those within.
fn text_on_the_way<'n, 's>(
    tree: &'n Node,
    steps: &'s [Step],
) -> Option<(&'n Scalar, &'s [Step], &'s [Step])> {
    for end in 1..steps.len() {
        match field_path::look_up(tree, &steps[..end])? {
            Node::Scalar(scalar) => return Some((scalar, &steps[..end], &steps[end..])),
            _ => continue,
        }
    }
    None
}

fn read(scalar: &Scalar) -> Option<Node> {
    let options = ParseOptions { comments: true, ..ParseOptions::default() };
    let tree = parse(scalar.text.as_str(), FileId::default(), &options).ok()?.into_iter().next()?;
    matches!(tree, Node::Mapping(_) | Node::Sequence(_)).then_some(tree)
}

/// Sets the node at a path that goes on inside a text; returns whether there was such a text.
pub(super) fn put(
    tree: &mut Node,
    steps: &[Step],
    missing: Missing,
    at: Span,
    set: &mut dyn FnMut(&mut Node) -> Result<(), Diagnostic>,
) -> Result<bool, Diagnostic> {
    let Some((scalar, way, within)) = text_on_the_way(tree, steps) else { return Ok(false) };
    let Some(mut inner) = read(scalar) else { return Ok(false) };
    let mut sensitive = scalar.text.is_sensitive();
    let was_json = matches!(scalar.text.as_str().trim_start().as_bytes().first(), Some(b'{' | b'['));
    let indented = scalar.text.as_str().contains('\n') && scalar.text.as_str().contains("  ");
    // The path goes no farther than into one text: one within it stays, though all around it is written again.
    let ends_in_text = text_on_the_way(&inner, within).is_some_and(|(text, ..)| read(text).is_some());
    if !ends_in_text && field_path::visit(&mut inner, within, missing, at, set)? == 0 {
        return Ok(false);
    }
    if refuse_repeated_keys(&inner).is_err() {
        return Ok(true);
    }
    sensitive |= inner.is_sensitive();
    let text = match (was_json, indented) {
        (true, true) => json_indented(&inner, "  "),
        (true, false) => json(&inner),
        (false, _) => Some(hagane_yaml::emit::v3::kyaml(&inner).trim_end_matches('\n').to_owned()),
    };
    // What cannot be written again is left as it is, as are keys that stand twice.
    let Some(mut text) = text else { return Ok(true) };
    let way = way.to_vec();
    field_path::visit(tree, &way, Missing::Skip, at, &mut |node| {
        if let Node::Scalar(scalar) = node {
            // The path leads to this one text: it is moved, no copy stays.
            scalar.text = Text::with_mark(std::mem::take(&mut text), sensitive);
        }
        Ok(())
    })?;
    Ok(true)
}
