//! The five formats: how each becomes a tree, and how a tree is written again.

pub(crate) mod dotenv;
pub(crate) mod ini;
pub(crate) mod json;
pub(crate) mod yaml;

use hagane_yaml::{FileId, Node, Span};

use crate::tree::{Item, Pair, Value};
use crate::{DecryptError, SecretBytes};

/// Where the metadata stands.
pub(crate) const METADATA: &str = "sops";
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

    /// Returns the format of a name as `--input-type` takes it.
    pub fn of_name(name: &str) -> Option<Format> {
        Some(match name {
            "yaml" => Format::Yaml,
            "json" => Format::Json,
            "dotenv" => Format::Dotenv,
            "ini" => Format::Ini,
            "binary" => Format::Binary,
            _ => return None,
        })
    }

    /// Returns the name as `--input-type` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Format::Yaml => "yaml",
            Format::Json => "json",
            Format::Dotenv => "dotenv",
            Format::Ini => "ini",
            Format::Binary => "binary",
        }
    }
}

/// How texts are laid out: `stores` of `.sops.yaml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Spaces a level of YAML.
    pub yaml: usize,
    /// A level of JSON.
    pub json: Indent,
    /// A level of the JSON around a binary file.
    pub binary: Indent,
}

/// A level of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indent {
    /// A tab.
    Tab,
    /// So many spaces.
    Spaces(usize),
}

impl Default for Layout {
    fn default() -> Layout {
        Layout { yaml: 4, json: Indent::Tab, binary: Indent::Tab }
    }
}

impl Layout {
    /// Returns the layout of a text, as far as it shows one; else this one.
    pub fn of_text(self, text: &[u8], format: Format) -> Layout {
        let lines = text.split(|byte| *byte == b'\n');
        let leads = lines.map(|line| line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count());
        let Some((line, lead)) =
            text.split(|byte| *byte == b'\n').zip(leads).find(|(line, lead)| *lead > 0 && line.len() > *lead)
        else {
            return self;
        };
        match format {
            Format::Yaml if (2..=9).contains(&lead) && line[0] == b' ' && line[lead] != b'-' => {
                Layout { yaml: lead, ..self }
            }
            Format::Json | Format::Binary => {
                let indent = if line[0] == b'\t' { Indent::Tab } else { Indent::Spaces(lead) };
                Layout { json: indent, binary: indent, ..self }
            }
            _ => self,
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
        Format::Json | Format::Binary => json::load(text, file, json::Numbers::Floats),
        Format::Dotenv => dotenv::load(text, file),
        Format::Ini => ini::load(text, file),
    }
}

/// Reads a file that is not encrypted.
pub(crate) fn load_plain(text: &[u8], format: Format, file: FileId) -> Result<Vec<Vec<Item>>, DecryptError> {
    let span = start_of(file);
    let loaded = match format {
        _ if text.len() > MAX_BYTES => return load(text, format, file).map(|loaded| loaded.documents),
        Format::Yaml => return yaml::load_plain(text, file),
        Format::Json => json::load(text, file, json::Numbers::Exact)?,
        Format::Dotenv => dotenv::load(text, file)?,
        Format::Ini => ini::load(text, file)?,
        Format::Binary => {
            let mut value = Value::string(text, span);
            if let Value::Leaf(leaf) = &mut value {
                leaf.sensitive = true;
            }
            return Ok(vec![vec![Item::Pair(Pair { key: "data".into(), value })]]);
        }
    };
    match loaded.metadata {
        None => Ok(loaded.documents),
        Some(block) => Err(DecryptError::AlreadyEncrypted { span: block.span() }),
    }
}

/// Writes documents.
pub(crate) fn emit(documents: &[Vec<Item>], format: Format, layout: Layout) -> SecretBytes {
    match format {
        Format::Yaml => yaml::emit(documents, layout.yaml),
        Format::Json => json::emit(documents, layout.json),
        Format::Dotenv => dotenv::emit(documents),
        Format::Ini => ini::emit(documents),
        Format::Binary => json::emit(documents, layout.binary),
    }
}

/// Reads a file with plain values and with metadata.
pub(crate) fn load_edited(text: &[u8], format: Format, file: FileId) -> Result<Loaded, DecryptError> {
    match format {
        Format::Json if text.len() <= MAX_BYTES => json::load(text, file, json::Numbers::Exact),
        _ => load(text, format, file),
    }
}

/// Writes sealed documents with their metadata.
pub(crate) fn emit_sealed(
    mut documents: Vec<Vec<Item>>,
    block: &[Item],
    format: Format,
    layout: Layout,
) -> SecretBytes {
    let pair = |value| Item::Pair(Pair { key: METADATA.to_owned(), value });
    match format {
        Format::Yaml => {
            // A file of nothing but comments still has a place for its metadata.
            if documents.is_empty() {
                documents.push(Vec::new());
            }
            for document in &mut documents {
                document.push(pair(Value::Mapping(block.to_vec(), Span::default())));
            }
        }
        Format::Json | Format::Binary => {
            if let Some(document) = documents.first_mut() {
                document.push(pair(Value::Mapping(block.to_vec(), Span::default())));
            }
        }
        Format::Dotenv => {
            if let Some(document) = documents.first_mut() {
                let mut lines = crate::flat::flatten(block, dotenv::METADATA);
                lines.sort();
                document.extend(lines.into_iter().map(|(key, text)| {
                    Item::Pair(Pair { key, value: Value::string(text, Span::default()) })
                }));
            }
        }
        Format::Ini => {
            if let Some(document) = documents.first_mut() {
                let lines = crate::flat::flatten(block, "").into_iter().map(|(key, text)| {
                    // A line break would end the value.
                    Item::Pair(Pair { key, value: Value::string(text.replace('\n', "\\n"), Span::default()) })
                });
                document.push(pair(Value::Mapping(lines.collect(), Span::default())));
            }
        }
    }
    emit(&documents, format, layout)
}

pub(crate) fn start_of(file: FileId) -> Span {
    Span { file, line: 1, column: 1 }
}
