//! Paths that go on inside a text that is JSON or YAML itself.
//!
//! The text is read, the path followed in it, and the text written again: JSON compact, or indented by two
//! when it was, YAML without its last line break.

use hagane_resource::Diagnostic;
use hagane_resource::strict::refuse_repeated_keys;
use hagane_yaml::emit::v3::kyaml;
use hagane_yaml::emit::{json, json_indented};
use hagane_yaml::{Aliases, FileId, MergeKeys, Node, ParseOptions, Scalar, Span, Tag, Text, parse};

use crate::field_path::{self, Missing, Place, Step};
use crate::selector::Compared;

/// Returns where a path ends inside a text: the text, its place, and the steps within.
fn text_on_the_way<'n, 's>(tree: &'n Node, steps: &'s [Step]) -> Option<(&'n Scalar, Place, &'s [Step])> {
    for end in 1..steps.len() {
        let place = field_path::place_of(tree, &steps[..end])?;
        if let Node::Scalar(scalar) = field_path::at(tree, &place)? {
            return Some((scalar, place, &steps[end..]));
        }
    }
    None
}

fn read(scalar: &Scalar) -> Option<Node> {
    // What is written to a node with an anchor its aliases have, too: they stay.
    let options = ParseOptions {
        comments: true,
        first_only: true,
        aliases: Aliases::Keep,
        merge_keys: MergeKeys::Keep,
        ..ParseOptions::default()
    };
    let tree = parse(scalar.text.as_str(), FileId::default(), &options).ok()?.into_iter().next()?;
    matches!(tree, Node::Mapping(_) | Node::Sequence(_)).then_some(tree)
}

/// Returns the tree with its aliases and merge keys written out: JSON has none.
fn decoded(tree: Node) -> Option<Node> {
    if !has_aliases(&tree) {
        return Some(tree);
    }
    parse(&kyaml(&tree), FileId::default(), &ParseOptions::default()).ok()?.into_iter().next()
}

fn has_aliases(tree: &Node) -> bool {
    match tree {
        Node::Scalar(scalar) => matches!(scalar.tag, Tag::Alias | Tag::Merge),
        Node::Sequence(sequence) => sequence.items.iter().any(has_aliases),
        Node::Mapping(mapping) => mapping
            .entries
            .iter()
            .any(|entry| matches!(entry.key.tag, Tag::Alias | Tag::Merge) || has_aliases(&entry.value)),
    }
}

/// What became of a path that may go on inside a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inside {
    /// It leads into no text that can be read.
    NoText,
    /// It leads nowhere inside the text.
    Nothing,
    /// The text is written.
    Done,
}

/// Sets the node at a path that goes on inside a text.
pub(super) fn put(
    tree: &mut Node,
    steps: &[Step],
    missing: Missing,
    compared: Compared,
    at: Span,
    set: &mut dyn FnMut(&mut Node) -> Result<(), Diagnostic>,
) -> Result<Inside, Diagnostic> {
    let Some((scalar, way, within)) = text_on_the_way(tree, steps) else { return Ok(Inside::NoText) };
    let Some(mut inner) = read(scalar) else { return Ok(Inside::NoText) };
    let mut sensitive = scalar.text.is_sensitive();
    if sensitive
        && compared == Compared::PlainOnly
        && within.iter().any(|step| matches!(step, Step::Item { .. }))
    {
        return Err(field_path::not_compared(at));
    }
    let was_json = matches!(scalar.text.as_str().trim_start().as_bytes().first(), Some(b'{' | b'['));
    let indented = scalar.text.as_str().contains('\n') && scalar.text.as_str().contains("  ");
    // The path goes no farther than into one text: one within it stays, though all around it is written again.
    let ends_in_text = text_on_the_way(&inner, within).is_some_and(|(text, ..)| read(text).is_some());
    if !ends_in_text {
        let found = field_path::find(&mut inner, within, missing, compared, at)?;
        for place in &found.places {
            field_path::at_mut(&mut inner, place).map_or(Ok(()), &mut *set)?;
        }
        if found.is_nothing() {
            return Ok(Inside::Nothing);
        }
    }
    if refuse_repeated_keys(&inner).is_err() {
        return Ok(Inside::Done);
    }
    sensitive |= inner.is_sensitive();
    let text = match (was_json, indented) {
        (true, true) => decoded(inner).and_then(|inner| json_indented(&inner, "  ")),
        (true, false) => decoded(inner).and_then(|inner| json(&inner)),
        (false, _) => Some(kyaml(&inner).trim_end_matches('\n').to_owned()),
    };
    // What cannot be written again is left as it is, as are keys that stand twice.
    let Some(text) = text else { return Ok(Inside::Done) };
    if let Some(Node::Scalar(scalar)) = field_path::at_mut(tree, &way) {
        scalar.text = Text::with_mark(text, sensitive);
    }
    Ok(Inside::Done)
}
