//! Sealing: every value of a tree in its place, in the order that the MAC wants.

use hagane_yaml::Span;

use crate::kept::Kept;
use crate::mac::Mac;
use crate::metadata::Metadata;
use crate::selection::Seen;
use crate::tree::{Comment, Element, Item, Kind, Leaf, Pair, Value, float_bytes};
use crate::value::{Cipher, Sealed};
use crate::{Format, SecretBytes};

/// A tree whose values are sealed, and the text of its MAC.
pub(crate) struct SealedTree {
    pub(crate) documents: Vec<Vec<Item>>,
    pub(crate) mac: String,
}

/// Seals the documents. Values that are in `kept` are written as they were.
pub(crate) fn seal(
    documents: &[Vec<Item>],
    format: Format,
    metadata: &Metadata,
    cipher: &Cipher,
    kept: Kept,
    random: &dyn Fn(&mut [u8]),
) -> SealedTree {
    let mut walk = Walk { cipher, metadata, format, mac: Mac::new(metadata), kept, random };
    let documents = documents.iter();
    let documents = documents.map(|items| walk.mapping(items, &mut String::new(), Seen::default())).collect();
    SealedTree { documents, mac: walk.mac.text() }
}

struct Walk<'a> {
    cipher: &'a Cipher,
    metadata: &'a Metadata,
    format: Format,
    mac: Mac,
    kept: Kept,
    random: &'a dyn Fn(&mut [u8]),
}

impl Walk<'_> {
    fn mapping(&mut self, items: &[Item], path: &mut String, mut seen: Seen) -> Vec<Item> {
        let mut sealed = Vec::with_capacity(items.len());
        for item in items {
            match item {
                Item::Comment(comment) => {
                    let encrypts = self.metadata.selector.comment(&mut seen, comment.text.expose());
                    let comment = match encrypts.then(|| self.comment(comment, path)).flatten() {
                        Some(text) => {
                            Comment { text: SecretBytes::new(text.into_bytes()), span: comment.span }
                        }
                        None => comment.clone(),
                    };
                    sealed.push(Item::Comment(comment));
                }
                Item::Pair(Pair { key, value }) => {
                    let length = path.len();
                    path.push_str(key);
                    path.push(':');
                    let value = self.value(value, path, self.metadata.selector.enter(seen, key));
                    path.truncate(length);
                    self.metadata.selector.leave(&mut seen);
                    sealed.push(Item::Pair(Pair { key: key.clone(), value }));
                }
            }
        }
        sealed
    }

    fn sequence(&mut self, elements: &[Element], path: &mut String, outer: Seen) -> Vec<Element> {
        let mut seen = self.metadata.selector.enter_sequence(outer);
        let mut sealed = Vec::with_capacity(elements.len());
        for element in elements {
            match element {
                Element::Comment(comment) => {
                    let encrypts = self.metadata.selector.comment(&mut seen, comment.text.expose());
                    // An encrypted comment of a sequence is one of its values.
                    sealed.push(match encrypts.then(|| self.comment(comment, path)).flatten() {
                        Some(text) => Element::Value(Value::string(text, comment.span)),
                        None => Element::Comment(comment.clone()),
                    });
                }
                Element::Value(value) => {
                    sealed.push(Element::Value(self.value(value, path, seen)));
                    self.metadata.selector.leave(&mut seen);
                }
            }
        }
        sealed
    }

    fn value(&mut self, value: &Value, path: &mut String, seen: Seen) -> Value {
        match value {
            Value::Null(span) => Value::Null(*span),
            Value::Mapping(items, span) => Value::Mapping(self.mapping(items, path, seen), *span),
            Value::Sequence(elements, span) => Value::Sequence(self.sequence(elements, path, seen), *span),
            Value::Leaf(leaf) => Value::Leaf(self.leaf(leaf, path, self.metadata.selector.encrypts(seen))),
        }
    }

    fn leaf(&mut self, leaf: &Leaf, path: &str, encrypts: bool) -> Leaf {
        let bytes = leaf.bytes.expose();
        if !encrypts {
            self.mac.add(self.hashed(leaf).as_ref().map_or(bytes, String::as_bytes), false);
            return leaf.clone();
        }
        self.mac.add(bytes, true);
        if leaf.kind == Kind::Str && bytes.is_empty() {
            return leaf.clone();
        }
        let text = self.sealed(bytes, path, Sealed::Leaf(leaf.kind));
        Leaf::plain(Kind::Str, text, leaf.span)
    }

    /// Returns the bytes of a plain number of JSON for the MAC: whoever reads the file takes it for a float.
    fn hashed(&self, leaf: &Leaf) -> Option<String> {
        let is_number = self.format == Format::Json && leaf.kind == Kind::Int;
        is_number.then(|| float_bytes(leaf.float()))
    }

    fn comment(&mut self, comment: &Comment, path: &str) -> Option<String> {
        let text = comment.text.expose();
        let path = if path.is_empty() { ":" } else { path };
        (!text.is_empty()).then(|| self.sealed(text, path, Sealed::Comment))
    }

    fn sealed(&mut self, bytes: &[u8], path: &str, what: Sealed) -> String {
        let kept = self.kept.take(path, what, bytes);
        kept.unwrap_or_else(|| self.cipher.seal(bytes, path, what, self.random))
    }
}

/// Returns the MAC as the metadata has it.
pub(crate) fn sealed_mac(
    mac: &str,
    metadata: &Metadata,
    cipher: &Cipher,
    random: &dyn Fn(&mut [u8]),
) -> (String, Span) {
    let span = metadata.mac.as_ref().map_or(metadata.span, |(_, span)| *span);
    (cipher.seal(mac.as_bytes(), &metadata.last_modified, Sealed::Leaf(Kind::Str), random), span)
}
