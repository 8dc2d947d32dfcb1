//! A file for those who compare two versions of it, and have no key.

use crate::tree::{Comment, Element, Item, Value};
use crate::value::Parts;
use crate::{DecryptError, Format, SecretBytes, format};

/// Returns what a file holds for those who compare two versions of it: its layout, and for each encrypted value and comment
/// how long its ciphertext is and a piece of it, by which one sees that it changed. No key is needed, and no value shows.
pub fn redacted(text: &[u8], format: Format) -> Result<Vec<u8>, DecryptError> {
    let mut documents = format::load(text, format, Default::default())?.documents;
    documents.iter_mut().for_each(|items| redact_items(items));
    let shown = format::emit(&documents, format, Default::default());
    Ok(shown.expose().to_vec())
}

fn redact_items(items: &mut [Item]) {
    for item in items {
        match item {
            Item::Comment(comment) => redact_comment(comment),
            Item::Pair(pair) => redact(&mut pair.value),
        }
    }
}

fn redact_comment(comment: &mut Comment) {
    if let Some(text) = mark(comment.text.expose()) {
        comment.text = SecretBytes::new(text.into_bytes());
    }
}

fn redact(value: &mut Value) {
    match value {
        Value::Null(_) => {}
        Value::Mapping(items, _) => redact_items(items),
        Value::Sequence(elements, _) => elements.iter_mut().for_each(|element| match element {
            Element::Comment(comment) => redact_comment(comment),
            Element::Value(value) => redact(value),
        }),
        Value::Leaf(leaf) => {
            if let Some(text) = mark(leaf.bytes.expose()) {
                leaf.bytes = SecretBytes::new(text.into_bytes());
            }
        }
    }
}

/// Returns what stands for a ciphertext: the beginning of its tag, which is random to whoever has no key.
fn mark(text: &[u8]) -> Option<String> {
    let parts = Parts::parse(text)?;
    Some(format!("encrypted {}", parts.tag().get(..8).unwrap_or_default()))
}
