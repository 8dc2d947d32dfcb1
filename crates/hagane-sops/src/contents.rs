//! What a decrypted file holds.

use hagane_yaml::{FileId, Node, Span};

use crate::error::ValueProblem;
use crate::format::{self, Layout};
use crate::tree::{Element, Item, Kind, Pair, Value};
use crate::{DecryptError, Format, SecretBytes};

/// What a file holds once its values are open. The values are zeroed when dropped.
#[derive(Clone)]
pub struct Contents {
    format: Format,
    pub(crate) documents: Vec<Vec<Item>>,
    warnings: Vec<Warning>,
}

/// Something that is not as it should be and does not make the values less trustworthy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Where.
    pub span: Span,
    /// What.
    pub message: &'static str,
}

/// Why contents cannot be written in another format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// The format.
    pub format: Format,
    /// The key of the value that does not fit, if it is one value.
    pub key: Option<String>,
    /// What does not fit.
    pub problem: &'static str,
}

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let format = self.format.name();
        match &self.key {
            Some(key) => write!(f, "`{key}` cannot be written as {format}: {}", self.problem),
            None => write!(f, "the file cannot be written as {format}: {}", self.problem),
        }
    }
}

impl std::error::Error for Unfit {}

impl Contents {
    /// Takes the documents, unless the format cannot hold one of their values.
    pub(crate) fn new(
        format: Format,
        documents: Vec<Vec<Item>>,
        warnings: Vec<Warning>,
    ) -> Result<Contents, DecryptError> {
        let contents = Contents { format, documents, warnings };
        if format == Format::Binary && contents.binary().is_none() {
            let message = "the file has no `data`, which holds the bytes of a binary file".to_owned();
            return Err(DecryptError::Syntax { span: Span::default(), message });
        }
        for item in contents.documents.iter().flatten() {
            match item {
                Item::Pair(pair) if format == Format::Json && !is_json(&pair.value) => {
                    let path = pair.key.clone();
                    let problem = ValueProblem::Unsupported;
                    return Err(DecryptError::BadValue { span: pair.value.span(), path, problem });
                }
                _ => {}
            }
        }
        Ok(contents)
    }

    /// Reads a file that is not encrypted.
    pub fn read(text: &[u8], format: Format, file: FileId) -> Result<Contents, DecryptError> {
        Ok(Contents { format, documents: format::load_plain(text, format, file)?, warnings: Vec::new() })
    }

    /// Returns whether there is no document at all.
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// Returns the format.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Returns the documents of a YAML or JSON file without their `sops` blocks. Values that were encrypted are
    /// marked as sensitive; positions are those of the encrypted file. Other formats have no trees.
    pub fn documents(&self) -> Vec<Node> {
        match self.format {
            Format::Yaml | Format::Json => self.documents.iter().map(|d| format::yaml::document(d)).collect(),
            Format::Dotenv | Format::Ini | Format::Binary => Vec::new(),
        }
    }

    /// Returns exactly what `sops decrypt` prints.
    pub fn to_bytes(&self) -> SecretBytes {
        match self.format {
            Format::Binary => self.binary().cloned().unwrap_or_default(),
            format => format::emit(&self.documents, format, Layout::default()),
        }
    }

    /// Returns contents that need not be a whole file.
    pub(crate) fn of_documents(format: Format, documents: Vec<Vec<Item>>) -> Contents {
        Contents { format, documents, warnings: Vec::new() }
    }

    /// Returns exactly what `sops decrypt --output-type` prints.
    pub fn to_bytes_as(&self, format: Format, layout: Layout) -> Result<SecretBytes, Unfit> {
        self.check(format)?;
        match format {
            Format::Binary => Ok(self.binary().cloned().unwrap_or_default()),
            _ => Ok(format::emit(&self.documents, format, layout)),
        }
    }

    /// Returns why the format cannot hold the contents, if it cannot.
    pub(crate) fn check(&self, format: Format) -> Result<(), Unfit> {
        let unfit = |key: Option<&str>, problem| Unfit { format, key: key.map(str::to_owned), problem };
        let first = self.documents.first().map_or(&[][..], Vec::as_slice);
        let mut pairs = first.iter().filter_map(|item| match item {
            Item::Pair(pair) => Some(pair),
            Item::Comment(_) => None,
        });
        match format {
            Format::Binary => {
                if self.documents.len() != 1 || self.binary().is_none() {
                    return Err(unfit(None, "it takes one document with a text `data`"));
                }
            }
            Format::Json => {
                if let Some(pair) = pairs.find(|pair| !is_json(&pair.value)) {
                    return Err(unfit(Some(&pair.key), "JSON has no such number"));
                }
            }
            Format::Dotenv => {
                if let Some(pair) = pairs.find(|pair| !is_leaf(&pair.value)) {
                    return Err(unfit(Some(&pair.key), "dotenv has no lists and mappings"));
                }
            }
            Format::Ini => {
                for pair in pairs {
                    match &pair.value {
                        Value::Mapping(items, _) => {
                            let deep = items
                                .iter()
                                .any(|item| matches!(item, Item::Pair(pair) if !is_leaf(&pair.value)));
                            if deep {
                                return Err(unfit(Some(&pair.key), "a section holds texts only"));
                            }
                        }
                        _ => return Err(unfit(Some(&pair.key), "it is no section")),
                    }
                }
            }
            Format::Yaml => {}
        }
        Ok(())
    }

    /// Returns what is not as it should be.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Returns the values of a flat file by their names, as environment variables have them; or the name of the first
    /// value that is not flat.
    pub fn variables(&self) -> Result<Vec<(String, SecretBytes)>, String> {
        let mut variables = Vec::new();
        for item in self.documents.first().into_iter().flatten() {
            let Item::Pair(pair) = item else { continue };
            match &pair.value {
                Value::Leaf(leaf) => variables.push((pair.key.clone(), leaf.text())),
                Value::Null(_) => variables.push((pair.key.clone(), SecretBytes::default())),
                _ => return Err(pair.key.clone()),
            }
        }
        Ok(variables)
    }

    /// Returns the bytes of a binary file.
    fn binary(&self) -> Option<&SecretBytes> {
        self.documents.iter().flatten().find_map(|item| match item {
            Item::Pair(Pair { key, value: Value::Leaf(leaf) }) if key == "data" && leaf.kind == Kind::Str => {
                Some(&leaf.bytes)
            }
            _ => None,
        })
    }
}

impl PartialEq for Contents {
    /// Returns whether the documents say the same: keys, values, comments, and their order.
    fn eq(&self, other: &Contents) -> bool {
        self.documents == other.documents
    }
}

fn is_leaf(value: &Value) -> bool {
    matches!(value, Value::Leaf(_) | Value::Null(_))
}

/// JSON has no infinities; all else it has.
fn is_json(value: &Value) -> bool {
    match value {
        Value::Leaf(leaf) => leaf.kind != Kind::Float || leaf.float().is_finite(),
        Value::Null(_) => true,
        Value::Mapping(items, _) => items.iter().all(|item| match item {
            Item::Pair(pair) => is_json(&pair.value),
            Item::Comment(_) => true,
        }),
        Value::Sequence(elements, _) => elements.iter().all(|element| match element {
            Element::Value(value) => is_json(value),
            Element::Comment(_) => true,
        }),
    }
}
