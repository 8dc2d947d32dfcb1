//! dotenv as SOPS knows it: a line is a comment or `KEY=value`, both verbatim; `\n` in a value is a line break.

use hagane_yaml::{FileId, Span};

use super::{Loaded, start_of};
use crate::flat::unflatten;
use crate::secret::SecretWriter;
use crate::tree::{Comment, Item, Leaf, Pair, Value};
use crate::{DecryptError, SecretBytes};

/// What the keys of the metadata begin with.
pub(crate) const METADATA: &str = "sops_";

/// Reads the lines.
pub(crate) fn load(text: &[u8], file: FileId) -> Result<Loaded, DecryptError> {
    let mut items = Vec::new();
    let mut metadata: Vec<(&str, &str, Span)> = Vec::new();
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let span = Span { file, line: index as u32 + 1, column: 1 };
        if line.is_empty() {
            continue;
        }
        if let Some(comment) = line.strip_prefix(b"#") {
            items.push(Item::Comment(Comment { text: SecretBytes::new(comment.to_vec()), span }));
            continue;
        }
        let broken = |message: &str| DecryptError::Syntax { span, message: message.to_owned() };
        let Some(equals) = line.iter().position(|byte| *byte == b'=') else {
            return Err(broken("the line is neither a comment nor `KEY=value`"));
        };
        let (key, value) = (&line[..equals], &line[equals + 1..]);
        let key = std::str::from_utf8(key).map_err(|_| broken("the key is not UTF-8"))?;
        if let Some(field) = key.strip_prefix(METADATA) {
            let value = std::str::from_utf8(value).map_err(|_| broken("the metadata is not UTF-8"))?;
            metadata.push((field, value, span));
        } else {
            let span = Span { column: key.chars().count() as u32 + 2, ..span };
            items.push(Item::Pair(Pair {
                key: key.to_owned(),
                value: Value::string(with_breaks(value), span),
            }));
        }
    }
    let start = metadata.first().map_or(start_of(file), |(_, _, span)| *span);
    let metadata = if metadata.is_empty() { None } else { Some(unflatten(metadata, start)?) };
    Ok(Loaded { documents: vec![items], metadata })
}

fn with_breaks(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((&byte, after)) = rest.split_first() {
        match (byte, after.first()) {
            (b'\\', Some(b'n')) => {
                out.push(b'\n');
                rest = &after[1..];
            }
            _ => {
                out.push(byte);
                rest = after;
            }
        }
    }
    out
}

/// Writes the lines.
pub(crate) fn emit(documents: &[Vec<Item>]) -> SecretBytes {
    let mut out = SecretWriter::default();
    for item in documents.iter().take(1).flatten() {
        match item {
            Item::Comment(comment) => {
                out.push("#");
                out.push(comment.text.expose());
            }
            Item::Pair(Pair { key, value }) => {
                out.push(key);
                out.push("=");
                if let Value::Leaf(leaf) = value {
                    push_value(leaf, &mut out);
                }
            }
        }
        out.push("\n");
    }
    out.finish()
}

fn push_value(leaf: &Leaf, out: &mut SecretWriter) {
    for (index, line) in leaf.text().expose().split(|byte| *byte == b'\n').enumerate() {
        if index > 0 {
            out.push("\\n");
        }
        out.push(line);
    }
}
