//! The five formats: how each becomes a tree, and how a tree is written again.

pub(crate) mod dotenv;
pub(crate) mod ini;
pub(crate) mod json;
pub(crate) mod yaml;

use hagane_yaml::{FileId, Node, Span};

use crate::DecryptError;
use crate::tree::Item;

/// Bytes of a file; SOPS keeps whole files in memory, and so do we.
const MAX_BYTES: usize = 128 << 20;
/// Collections inside one another.
pub(crate) const MAX_DEPTH: usize = 1000;

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// YAML, of one or several documents.
    Yaml,
    /// JSON.
    Json,
    /// `KEY=value` lines.
    Dotenv,
    /// Sections of `key = value` lines.
    Ini,
    /// Anything else, wrapped in JSON.
    Binary,
}

impl Format {
    /// Returns the format that SOPS takes a file of this name for.
    pub fn of_path(path: &str) -> Format {
        match path.rsplit_once('.').map(|(_, suffix)| suffix) {
            Some("yaml" | "yml") => Format::Yaml,
            Some("json") => Format::Json,
            Some("env") => Format::Dotenv,
            Some("ini") => Format::Ini,
            _ => Format::Binary,
        }
    }
}

/// A file as read: its documents without the metadata, and the metadata.
pub(crate) struct Loaded {
    pub(crate) documents: Vec<Vec<Item>>,
    pub(crate) metadata: Option<Node>,
}

/// Reads a file.
pub(crate) fn load(text: &[u8], format: Format, file: FileId) -> Result<Loaded, DecryptError> {
    if text.len() > MAX_BYTES {
        let message = format!("the file is larger than the limit of {MAX_BYTES} bytes");
        return Err(DecryptError::Syntax { span: start_of(file), message });
    }
    match format {
        Format::Yaml => yaml::load(text, file),
        Format::Json | Format::Binary => json::load(text, file),
        Format::Dotenv => dotenv::load(text, file),
        Format::Ini => ini::load(text, file),
    }
}

pub(crate) fn start_of(file: FileId) -> Span {
    Span { file, line: 1, column: 1 }
}
