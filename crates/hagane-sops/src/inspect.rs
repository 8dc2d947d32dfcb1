//! What can be said of an encrypted file without any key: who can open it, and what in it is plain that should not be.

use hagane_yaml::{FileId, Span};

use crate::format::{self, Loaded};
use crate::metadata::Metadata;
use crate::selection::{Seen, Selector};
use crate::tree::{Element, Item, Kind, Value};
use crate::value::Parts;
use crate::{Contents, DecryptError, Format};

/// What shows without a key.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// Who can open the file, and what in it is encrypted.
    pub metadata: Metadata,
    /// The values that are plain and should be encrypted: their key paths and places.
    pub plain: Vec<(String, Span)>,
    /// Whether the MAC has the form of one. Whether it is right only a key tells.
    pub has_mac: bool,
}

/// Looks at a file without its keys.
pub fn inspect(text: &[u8], format: Format, file: FileId) -> Result<Inspection, DecryptError> {
    let Loaded { documents, metadata } = format::load(text, format, file)?;
    let mut metadata = Metadata::read(&metadata.ok_or(DecryptError::NoMetadata)?)?;
    if format == Format::Binary {
        metadata.selector = Default::default();
    }
    let has_mac = metadata.mac.as_ref().is_some_and(|(mac, _)| Parts::parse(mac.as_bytes()).is_some());
    let plain = found(&documents, &metadata.selector, Wanted::Plain);
    Ok(Inspection { metadata, plain, has_mac })
}

/// Returns the first value of a plain file that a selector would encrypt, by its key path.
pub fn first_to_encrypt(contents: &Contents, selector: &Selector) -> Option<(String, Span)> {
    found(&contents.documents, selector, Wanted::Plain).into_iter().next()
}

/// Returns the first value that was decrypted and that a selector would write in the clear, by its key path.
pub fn first_left_plain(contents: &Contents, selector: &Selector) -> Option<(String, Span)> {
    found(&contents.documents, selector, Wanted::LeftPlain).into_iter().next()
}

/// Which values are looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// Those that are plain and that the selector encrypts.
    Plain,
    /// Those that were decrypted and that the selector does not encrypt.
    LeftPlain,
}

fn found(documents: &[Vec<Item>], selector: &Selector, wanted: Wanted) -> Vec<(String, Span)> {
    let mut walk = Walk { selector, wanted, found: Vec::new() };
    for document in documents {
        walk.mapping(document, "", Seen::default());
    }
    walk.found
}

struct Walk<'a> {
    selector: &'a Selector,
    wanted: Wanted,
    found: Vec<(String, Span)>,
}

impl Walk<'_> {
    fn mapping(&mut self, items: &[Item], path: &str, mut seen: Seen) {
        for item in items {
            match item {
                Item::Comment(comment) => {
                    self.selector.comment(&mut seen, comment.text.expose());
                }
                Item::Pair(pair) => {
                    let inside =
                        if path.is_empty() { pair.key.clone() } else { format!("{path}.{}", pair.key) };
                    self.value(&pair.value, &inside, self.selector.enter(seen, &pair.key));
                    self.selector.leave(&mut seen);
                }
            }
        }
    }

    fn value(&mut self, value: &Value, path: &str, seen: Seen) {
        match value {
            Value::Null(_) => {}
            Value::Mapping(items, _) => self.mapping(items, path, seen),
            Value::Sequence(elements, _) => {
                let mut seen = self.selector.enter_sequence(seen);
                for element in elements {
                    match element {
                        Element::Comment(comment) => {
                            self.selector.comment(&mut seen, comment.text.expose());
                        }
                        Element::Value(value) => {
                            self.value(value, path, seen);
                            self.selector.leave(&mut seen);
                        }
                    }
                }
            }
            Value::Leaf(leaf) => {
                let bytes = leaf.bytes.expose();
                let is_empty = leaf.kind == Kind::Str && bytes.is_empty();
                let encrypts = self.selector.encrypts(seen);
                let is_wanted = match self.wanted {
                    Wanted::Plain => encrypts && !(leaf.kind == Kind::Str && Parts::parse(bytes).is_some()),
                    Wanted::LeftPlain => !encrypts && leaf.sensitive,
                };
                if is_wanted && !is_empty {
                    self.found.push((path.to_owned(), leaf.span));
                }
            }
        }
    }
}
