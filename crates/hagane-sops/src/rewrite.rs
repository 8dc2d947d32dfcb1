//! An encrypted file written again: only the lines that must change do.
//!
//! Where the tree has the same shape, new ciphertexts take the places of the old ones in the text, and all that a
//! reader sees stays: comments, order, indentation, quotes. The new text is then read and compared with what it has to
//! say. Where that is not so, the file is written as a new one, laid out like the old.

use hagane_yaml::{FileId, Span};

use crate::Format;
use crate::format::{self, Layout};
use crate::metadata::Metadata;
use crate::tree::{Element, Item, Pair, Value};
use crate::value::looks_encrypted;

/// The file as it was.
pub(crate) struct Original {
    pub(crate) text: Vec<u8>,
    pub(crate) format: Format,
    pub(crate) file: FileId,
}

/// A text that takes the place of another one.
struct Edit {
    at: Span,
    old: String,
    new: String,
}

impl Original {
    /// Returns the file with other sealed values, and their MAC and time.
    pub(crate) fn rewrite(
        self,
        documents: Vec<Vec<Item>>,
        metadata: &Metadata,
        format: Format,
        layout: Layout,
    ) -> Vec<u8> {
        if format == self.format
            && let Some(text) = self.spliced(&documents, metadata)
            && self.says(&text, &documents, metadata)
        {
            return text;
        }
        self.written(documents, metadata, format, layout)
    }

    /// Returns the file with other keys.
    pub(crate) fn with_metadata(self, metadata: &Metadata, format: Format, layout: Layout) -> Vec<u8> {
        let layout = layout.of_text(&self.text, self.format);
        let loaded = format::load(&self.text, self.format, self.file);
        let documents = loaded.map(|loaded| loaded.documents).unwrap_or_default();
        if format == Format::Yaml
            && let Some(text) = self.with_block(metadata, layout)
            && self.says(&text, &documents, metadata)
        {
            return text;
        }
        self.written(documents, metadata, format, layout)
    }

    /// Returns the file as a new one, laid out like the old.
    pub(crate) fn written(
        &self,
        documents: Vec<Vec<Item>>,
        metadata: &Metadata,
        format: Format,
        layout: Layout,
    ) -> Vec<u8> {
        let layout = if format == self.format { layout.of_text(&self.text, format) } else { layout };
        format::emit_sealed(documents, &metadata.block(format), format, layout).expose().to_vec()
    }

    /// Returns whether a text is what it has to be.
    fn says(&self, text: &[u8], documents: &[Vec<Item>], metadata: &Metadata) -> bool {
        let Ok(loaded) = format::load(text, self.format, self.file) else { return false };
        let read = loaded.metadata.and_then(|block| Metadata::read(&block).ok());
        let mac = |metadata: &Metadata| metadata.mac.as_ref().map(|(mac, _)| mac.clone());
        let keys = |metadata: &Metadata| -> Vec<Vec<_>> {
            let group = |group: &Vec<crate::WrappedKey>| {
                group.iter().map(|wrapped| (wrapped.key.clone(), wrapped.enc.clone())).collect()
            };
            metadata.key_groups.iter().map(group).collect()
        };
        loaded.documents == documents
            && read.is_some_and(|read| {
                read.last_modified == metadata.last_modified
                    && mac(&read) == mac(metadata)
                    && keys(&read) == keys(metadata)
                    && read.shamir_threshold == metadata.shamir_threshold
            })
    }

    /// Returns the text with new ciphertexts in the places of the old ones, if only ciphertexts differ.
    fn spliced(&self, documents: &[Vec<Item>], metadata: &Metadata) -> Option<Vec<u8>> {
        let old = format::load(&self.text, self.format, self.file).ok()?;
        let old_metadata = Metadata::read(&old.metadata?).ok()?;
        if old.documents.len() != documents.len() {
            return None;
        }
        let mut edits = Vec::new();
        for (old, new) in old.documents.iter().zip(documents) {
            compare_items(old, new, &mut edits)?;
        }
        let mut text = splice(std::str::from_utf8(&self.text).ok()?, edits)?;
        let (old_mac, new_mac) = (&old_metadata.mac.as_ref()?.0, &metadata.mac.as_ref()?.0);
        text = text.replace(old_mac.as_str(), new_mac);
        with_time(&text, &old_metadata.spelled_time, &metadata.last_modified).map(String::into_bytes)
    }

    /// Returns the text of a YAML file with another block, in each of its documents.
    fn with_block(&self, metadata: &Metadata, layout: Layout) -> Option<Vec<u8>> {
        let text = std::str::from_utf8(&self.text).ok()?;
        let block = Value::Mapping(metadata.block(Format::Yaml), Span::default());
        let block = vec![vec![Item::Pair(Pair { key: format::METADATA.to_owned(), value: block })]];
        let block = format::emit(&block, Format::Yaml, layout);
        let (mut out, mut inside) = (String::with_capacity(text.len()), false);
        for line in text.split_inclusive('\n') {
            if line.trim_end() == "sops:" {
                inside = true;
                out.push_str(block.expose_str()?);
            } else if !(inside && (line.starts_with([' ', '\n', '\r']))) {
                inside = false;
                out.push_str(line);
            }
        }
        Some(out.into_bytes())
    }
}

fn compare_items(old: &[Item], new: &[Item], edits: &mut Vec<Edit>) -> Option<()> {
    if old.len() != new.len() {
        return None;
    }
    old.iter().zip(new).try_for_each(|pair| match pair {
        (Item::Comment(old), Item::Comment(new)) => (old.text.expose() == new.text.expose()).then_some(()),
        (Item::Pair(old), Item::Pair(new)) if old.key == new.key => compare(&old.value, &new.value, edits),
        _ => None,
    })
}

fn compare(old: &Value, new: &Value, edits: &mut Vec<Edit>) -> Option<()> {
    match (old, new) {
        (Value::Null(_), Value::Null(_)) => Some(()),
        (Value::Mapping(old, _), Value::Mapping(new, _)) => compare_items(old, new, edits),
        (Value::Sequence(old, _), Value::Sequence(new, _)) if old.len() == new.len() => {
            old.iter().zip(new).try_for_each(|pair| match pair {
                (Element::Comment(old), Element::Comment(new)) => {
                    (old.text.expose() == new.text.expose()).then_some(())
                }
                (Element::Value(old), Element::Value(new)) => compare(old, new, edits),
                _ => None,
            })
        }
        (Value::Leaf(old), Value::Leaf(new)) => {
            let (bytes, other) = (old.bytes.expose(), new.bytes.expose());
            if bytes == other && old.kind == new.kind {
                return Some(());
            }
            if !looks_encrypted(bytes) || !looks_encrypted(other) {
                return None;
            }
            let (text, other) = (old.bytes.expose_str()?.to_owned(), new.bytes.expose_str()?.to_owned());
            edits.push(Edit { at: old.span, old: text, new: other });
            Some(())
        }
        _ => None,
    }
}

/// Puts the new texts into their places. They come in the order of the text.
fn splice(text: &str, edits: Vec<Edit>) -> Option<String> {
    let mut starts = vec![0];
    starts.extend(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1));
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for Edit { at, old, new } in edits {
        let line = *starts.get((at.line as usize).checked_sub(1)?)?;
        // The value begins at its line's column or, as a block scalar, on a line below.
        let from = line.max(done);
        let place = from + text.get(from..)?.find(&old)?;
        out.push_str(text.get(done..place)?);
        out.push_str(&new);
        done = place + old.len();
    }
    out.push_str(&text[done..]);
    Some(out)
}

/// Returns the text with another time behind each `lastmodified` that has the old one.
fn with_time(text: &str, old: &str, new: &str) -> Option<String> {
    const FIELD: &str = "lastmodified";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut found = false;
    while let Some(at) = rest.find(FIELD) {
        let (before, after) = rest.split_at(at + FIELD.len());
        out.push_str(before);
        let lead = after.len() - after.trim_start_matches(['"', '\'', ':', '=', ' ']).len();
        let (signs, value) = after.split_at(lead);
        out.push_str(signs);
        rest = match value.strip_prefix(old) {
            Some(after) => {
                found = true;
                out.push_str(new);
                after
            }
            None => value,
        };
    }
    out.push_str(rest);
    found.then_some(out)
}
