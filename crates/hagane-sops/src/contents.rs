//! What a decrypted file holds.

use hagane_yaml::{Node, Span};

use crate::error::ValueProblem;
use crate::format;
use crate::tree::{Item, Kind, Pair, Value};
use crate::{DecryptError, Format, SecretBytes};

/// What a file holds once its values are open. The values are zeroed when dropped.
pub struct Contents {
    format: Format,
    documents: Vec<Vec<Item>>,
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

impl Contents {
    /// Takes the documents, unless the format cannot hold one of their values.
    pub(crate) fn new(
        format: Format,
        documents: Vec<Vec<Item>>,
        warnings: Vec<Warning>,
    ) -> Result<Contents, DecryptError> {
        for item in documents.iter().flatten() {
            match item {
                Item::Pair(pair) if !fits(format, &pair.value) => {
                    let path = pair.key.clone();
                    let problem = ValueProblem::Unsupported;
                    return Err(DecryptError::BadValue { span: pair.value.span(), path, problem });
                }
                _ => {}
            }
        }
        if format == Format::Binary && binary(&documents).is_none() {
            let message = "the file has no `data`, which holds the bytes of a binary file".to_owned();
            return Err(DecryptError::Syntax { span: Span::default(), message });
        }
        Ok(Contents { format, documents, warnings })
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
            Format::Yaml => format::yaml::emit(&self.documents),
            Format::Json => format::json::emit(&self.documents),
            Format::Dotenv => format::dotenv::emit(&self.documents),
            Format::Ini => format::ini::emit(&self.documents),
            Format::Binary => binary(&self.documents).cloned().unwrap_or_default(),
        }
    }

    /// Returns what is not as it should be.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

/// Returns the bytes of a binary file.
fn binary(documents: &[Vec<Item>]) -> Option<&SecretBytes> {
    documents.iter().flatten().find_map(|item| match item {
        Item::Pair(Pair { key, value: Value::Leaf(leaf) }) if key == "data" && leaf.kind == Kind::Str => {
            Some(&leaf.bytes)
        }
        _ => None,
    })
}

/// JSON has no infinities; all else that a loader of a format makes, its emitter can write.
fn fits(format: Format, value: &Value) -> bool {
    match value {
        Value::Leaf(leaf) => format != Format::Json || leaf.kind != Kind::Float || leaf.float().is_finite(),
        Value::Null(_) => true,
        Value::Mapping(items, _) => items.iter().all(|item| match item {
            Item::Pair(pair) => fits(format, &pair.value),
            Item::Comment(_) => true,
        }),
        Value::Sequence(elements, _) => elements.iter().all(|element| match element {
            crate::tree::Element::Value(value) => fits(format, value),
            crate::tree::Element::Comment(_) => true,
        }),
    }
}
