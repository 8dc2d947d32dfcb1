//! The shape of a file without any key: every encrypted value gives way to a fixed one of its type.

use hagane_yaml::FileId;

use crate::format::{self, Loaded};
use crate::metadata::Metadata;
use crate::tree::{Element, Item, Kind, Value};
use crate::value::Parts;
use crate::{Contents, DecryptError, Format, SecretBytes};

/// What stands for an encrypted string. The word is base64, too, so that it may stand in the `data` of a Secret.
pub const PLACEHOLDER: &str = "REDACTED";

/// Reads a file without its keys, for previews. The plain values are as they lie: without a key nobody can
/// verify the MAC.
pub fn placeholders(text: &[u8], format: Format, file: FileId) -> Result<Contents, DecryptError> {
    let Loaded { mut documents, metadata } = format::load(text, format, file)?;
    Metadata::read(&metadata.ok_or(DecryptError::NoMetadata)?)?;
    documents.iter_mut().for_each(replace_items);
    Contents::new(format, documents, Vec::new())
}

fn replace_items(items: &mut Vec<Item>) {
    items.retain_mut(|item| match item {
        Item::Comment(comment) => Parts::parse(comment.text.expose()).is_none(),
        Item::Pair(pair) => {
            replace(&mut pair.value);
            true
        }
    });
}

fn replace(value: &mut Value) {
    match value {
        Value::Null(_) => {}
        Value::Mapping(items, _) => replace_items(items),
        Value::Sequence(elements, _) => elements.retain_mut(|element| match element {
            Element::Comment(comment) => Parts::parse(comment.text.expose()).is_none(),
            Element::Value(value) if is_comment(value) => false,
            Element::Value(value) => {
                replace(value);
                true
            }
        }),
        Value::Leaf(leaf) => {
            let Some(parts) = Parts::parse(leaf.bytes.expose()) else { return };
            let kind = parts.kind().unwrap_or(Kind::Str);
            let text = match kind {
                Kind::Str => PLACEHOLDER,
                Kind::Int | Kind::Float => "0",
                Kind::Bool => "False",
                Kind::Time => "1970-01-01T00:00:00Z",
            };
            // Nobody knows the value: what comes of this one is as wrong as it would be secret.
            (leaf.kind, leaf.bytes, leaf.sensitive) = (kind, SecretBytes::new(text.into()), true);
        }
    }
}

fn is_comment(value: &Value) -> bool {
    match value {
        Value::Leaf(leaf) => Parts::parse(leaf.bytes.expose()).is_some_and(|parts| parts.is_comment()),
        _ => false,
    }
}
