//! Decryption: read, find the data key, open every value in its place, verify the MAC.

use hagane_yaml::FileId;

use crate::error::ValueProblem;
use crate::format::{self, Loaded};
use crate::kept::Kept;
use crate::mac::Mac;
use crate::metadata::Metadata;
use crate::opened::OpenedFile;
use crate::selection::Seen;
use crate::tree::{Comment, Element, Item, Kind, Leaf, Pair, Value};
use crate::value::{Cipher, Opened, Sealed, has_junk, looks_encrypted};
use crate::{Contents, DataKey, DecryptError, Format, Keyring, key_group};

/// Decrypts a file. The MAC is always verified; there is no way around it.
pub fn decrypt_file(
    text: &[u8],
    format: Format,
    file: FileId,
    keyring: &dyn Keyring,
) -> Result<Contents, DecryptError> {
    decrypt_checked(text, format, file, keyring, MacCheck::Required)
}

/// Decrypts a file, with its MAC or, where somebody repairs it, without. Whoever writes it again takes [`open_file`], which keeps more.
pub fn decrypt_checked(
    text: &[u8],
    format: Format,
    file: FileId,
    keyring: &dyn Keyring,
    check: MacCheck,
) -> Result<Contents, DecryptError> {
    let (mut documents, metadata) = load(text, format, file)?;
    let cipher = Cipher::new(&key_group::data_key(&metadata, keyring)?);
    let mut walk = Walk::new(&cipher, &metadata, None);
    walk.documents(&mut documents)?;
    if check == MacCheck::Required {
        walk.mac.verify(&metadata, &cipher)?;
    }
    Contents::new(format, documents, walk.warnings)
}

/// Whether a MAC that is not right is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacCheck {
    /// It is.
    Required,
    /// It is not: for the repair of a file whose two sides were merged. Each value is authentic all the same, and
    /// nobody knows whether values are missing or moved.
    Ignored,
}

/// Opens a file whose values will be written again: with the data key, and with what each value was sealed as.
pub fn open_file(
    text: &[u8],
    format: Format,
    file: FileId,
    keyring: &dyn Keyring,
    check: MacCheck,
) -> Result<OpenedFile, DecryptError> {
    let (mut documents, metadata) = load(text, format, file)?;
    let key = key_group::data_key(&metadata, keyring)?;
    let cipher = Cipher::new(&key);
    let mut walk = Walk::new(&cipher, &metadata, Some(Kept::default()));
    walk.documents(&mut documents)?;
    let Walk { mac, warnings, kept, .. } = walk;
    if check == MacCheck::Required {
        mac.verify(&metadata, &cipher)?;
    }
    let contents = Contents::new(format, documents, warnings)?;
    Ok(OpenedFile::new(text, file, contents, metadata, key, kept.unwrap_or_default()))
}

/// Refuses a file that has just been written and could not be read again: a key that the format cannot hold, a depth that
/// nobody reads.
pub(crate) fn check_written(text: &[u8], format: Format, key: &DataKey) -> Result<(), DecryptError> {
    let (mut documents, metadata) = load(text, format, FileId::default())?;
    let cipher = Cipher::new(key);
    let mut walk = Walk::new(&cipher, &metadata, None);
    walk.documents(&mut documents)?;
    walk.mac.verify(&metadata, &cipher)
}

/// Returns the metadata of an encrypted file, for which no key is needed.
pub fn read_metadata(text: &[u8], format: Format, file: FileId) -> Result<Metadata, DecryptError> {
    load(text, format, file).map(|(_, metadata)| metadata)
}

fn load(text: &[u8], format: Format, file: FileId) -> Result<(Vec<Vec<Item>>, Metadata), DecryptError> {
    let Loaded { documents, metadata } = format::load(text, format, file)?;
    let mut metadata = Metadata::read(&metadata.ok_or(DecryptError::NoMetadata)?)?;
    if format == Format::Binary {
        // A binary file is one value, and that is encrypted.
        metadata.selector = Default::default();
    }
    Ok((documents, metadata))
}

struct Walk<'a> {
    cipher: &'a Cipher,
    mac: Mac,
    metadata: &'a Metadata,
    warnings: Vec<crate::Warning>,
    /// What values were sealed as, where somebody will write them again.
    kept: Option<Kept>,
}

impl<'a> Walk<'a> {
    fn new(cipher: &'a Cipher, metadata: &'a Metadata, kept: Option<Kept>) -> Walk<'a> {
        Walk { cipher, mac: Mac::new(metadata), metadata, warnings: Vec::new(), kept }
    }

    fn documents(&mut self, documents: &mut [Vec<Item>]) -> Result<(), DecryptError> {
        let mut path = String::new();
        documents.iter_mut().try_for_each(|document| self.mapping(document, &mut path, Seen::default()))
    }

    fn keep(&mut self, path: &str, what: Sealed, plain: &crate::SecretBytes, sealed: &crate::SecretBytes) {
        if let Some(kept) = &mut self.kept {
            kept.add(path, what, plain, sealed);
        }
    }
}

impl Walk<'_> {
    /// `path` is the keys from the top, each with a colon behind it: the additional data of values.
    fn mapping(&mut self, items: &mut [Item], path: &mut String, mut seen: Seen) -> Result<(), DecryptError> {
        for item in items {
            match item {
                Item::Comment(comment) => {
                    if self.metadata.selector.comment(&mut seen, comment.text.expose()) {
                        self.comment(comment, path);
                    }
                }
                Item::Pair(Pair { key, value }) => {
                    let length = path.len();
                    path.push_str(key);
                    path.push(':');
                    let inside = self.metadata.selector.enter(seen, key);
                    if self.value(value, path, inside)?.is_some() {
                        return Err(bad_value(value, path, ValueProblem::Unsupported));
                    }
                    path.truncate(length);
                    self.metadata.selector.leave(&mut seen);
                }
            }
        }
        Ok(())
    }

    /// Places in a sequence are not part of the path: it is the MAC that holds the items in their order.
    fn sequence(
        &mut self,
        elements: &mut [Element],
        path: &mut String,
        outer: Seen,
    ) -> Result<(), DecryptError> {
        let mut seen = self.metadata.selector.enter_sequence(outer);
        for element in elements {
            match element {
                Element::Comment(comment) => {
                    if self.metadata.selector.comment(&mut seen, comment.text.expose()) {
                        self.comment(comment, path);
                    }
                }
                Element::Value(value) => {
                    if let Some(comment) = self.value(value, path, seen)? {
                        *element = Element::Comment(comment);
                    }
                    self.metadata.selector.leave(&mut seen);
                }
            }
        }
        Ok(())
    }

    /// Opens a value in its place; returns the comment, if it turns out to be one.
    fn value(
        &mut self,
        value: &mut Value,
        path: &mut String,
        seen: Seen,
    ) -> Result<Option<Comment>, DecryptError> {
        match value {
            Value::Null(_) => Ok(None),
            Value::Mapping(items, _) => self.mapping(items, path, seen).map(|()| None),
            Value::Sequence(elements, _) => self.sequence(elements, path, seen).map(|()| None),
            Value::Leaf(leaf) => {
                let encrypted = self.metadata.selector.encrypts(seen);
                if encrypted {
                    match self.leaf(leaf, path) {
                        Ok(None) => {}
                        Ok(Some(comment)) => return Ok(Some(comment)),
                        Err(problem) => return Err(bad_value(value, path, problem)),
                    }
                }
                if let Value::Leaf(leaf) = value {
                    self.mac.add(leaf.bytes.expose(), encrypted);
                }
                Ok(None)
            }
        }
    }

    fn leaf(&mut self, leaf: &mut Leaf, path: &str) -> Result<Option<Comment>, ValueProblem> {
        // An empty string is its own ciphertext.
        if leaf.kind == Kind::Str && leaf.bytes.expose().is_empty() {
            return Ok(None);
        }
        if leaf.kind != Kind::Str {
            return Err(ValueProblem::NotEncrypted);
        }
        if has_junk(leaf.bytes.expose()) {
            let message = "there is text behind the end of an encrypted value; it is left out";
            self.warnings.push(crate::Warning { span: leaf.span, message });
        }
        match self.cipher.open(leaf.bytes.expose(), path)? {
            Opened::Comment(text) => {
                self.keep(path, Sealed::Comment, &text, &leaf.bytes);
                Ok(Some(Comment { text, span: leaf.span }))
            }
            Opened::Leaf(kind, bytes) => {
                self.keep(path, Sealed::Leaf(kind), &bytes, &leaf.bytes);
                (leaf.kind, leaf.bytes, leaf.sensitive) = (kind, bytes, true);
                Ok(None)
            }
        }
    }

    /// Opens a comment in its place. Comments are not under the MAC, and files of old versions have plain ones:
    /// what does not open stays.
    fn comment(&mut self, comment: &mut Comment, path: &str) {
        if comment.text.expose().is_empty() {
            return;
        }
        let path = if path.is_empty() { ":" } else { path };
        match self.cipher.open(comment.text.expose(), path) {
            Ok(Opened::Comment(text) | Opened::Leaf(_, text)) => {
                self.keep(path, Sealed::Comment, &text, &comment.text);
                comment.text = text;
            }
            Err(_) => {
                if looks_encrypted(comment.text.expose()) {
                    let message = "an encrypted comment was altered";
                    self.warnings.push(crate::Warning { span: comment.span, message });
                }
                // Everybody has read it, and it stays as it is.
                let text = comment.text.clone();
                self.keep(path, Sealed::Comment, &text, &text);
            }
        }
    }
}

fn bad_value(value: &Value, path: &str, problem: ValueProblem) -> DecryptError {
    let path = path.strip_suffix(':').unwrap_or(path).replace(':', ".");
    DecryptError::BadValue { span: value.span(), path, problem }
}
