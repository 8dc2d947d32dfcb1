//! The key `<<`: kustomize reads its own text again, and there it merges.

use super::EmitError;
use crate::{Entry, Mapping, Node, Scalar, Style};

/// Returns whether the key is written bare as `<<`, which makes it a merge key when kustomize reads its own text.
pub(super) fn is_merge(key: &Scalar) -> bool {
    key.text.as_str() == "<<" && key.style == Style::Plain
}

/// Returns whether a mapping has nothing but merge keys that bring nothing.
pub(super) fn is_empty(mapping: &Mapping) -> bool {
    let brings_nothing = |entry: &Entry| match &entry.value {
        Node::Mapping(merged) => merged.entries.is_empty(),
        Node::Sequence(list) => {
            list.items.iter().all(|item| item.as_mapping().is_some_and(|m| m.entries.is_empty()))
        }
        Node::Scalar(_) => false,
    };
    mapping.entries.iter().all(|entry| is_merge(&entry.key) && brings_nothing(entry))
}

/// Returns the mapping as it is read after its entry at `place` was written as a merge key.
pub(super) fn merged_again(mapping: &Mapping, place: usize) -> Result<Mapping, EmitError> {
    let mut out = mapping.clone();
    let entry = out.entries.remove(place);
    let (items, single) = match entry.value {
        Node::Sequence(sequence) => (sequence.items, Vec::new()),
        value => (Vec::new(), vec![value]),
    };
    for item in items.into_iter().chain(single) {
        let Node::Mapping(item) = item else {
            return Err(EmitError {
                span: entry.key.span,
                message: "the key `<<` merges mappings, and its value is something else".into(),
                hint: "use another key",
            });
        };
        for entry in item.entries {
            if out.entry(entry.key.text.as_str()).is_none() {
                out.entries.push(entry);
            }
        }
    }
    Ok(out)
}
