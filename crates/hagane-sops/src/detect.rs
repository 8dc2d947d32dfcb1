//! Whether a file is a SOPS file, by its metadata: the name only says which format to prefer.

use crate::Format;
use crate::format::{dotenv, json};
use crate::tree::{Item, Value};
use crate::value::looks_encrypted;

/// Fields that every version has written. One of them is enough: a file whose MAC was cut out is still a SOPS
/// file, and is refused as one instead of being taken for plain.
const FIELDS: [&str; 3] = ["mac", "lastmodified", "version"];

/// Returns the format of a SOPS file; `None` for a plain file. A plain file costs one search for four bytes.
pub fn detect(text: &[u8], format_by_name: Format) -> Option<Format> {
    memchr::memmem::find(text, b"sops")?;
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    if text.trim_ascii_start().starts_with(b"{") {
        return detect_json(text, format_by_name);
    }
    let lines = || text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let is_field = |line: &[u8], signs: &[u8]| {
        let line = line.trim_ascii_start();
        FIELDS.iter().any(|field| {
            line.strip_prefix(field.as_bytes())
                .is_some_and(|rest| rest.trim_ascii_start().first().is_some_and(|sign| signs.contains(sign)))
        })
    };
    if lines()
        .any(|line| line.strip_prefix(dotenv::METADATA.as_bytes()).is_some_and(|field| is_field(field, b"=")))
    {
        return Some(Format::Dotenv);
    }
    let (mut in_yaml, mut in_ini) = (false, false);
    for line in lines() {
        if in_ini && is_field(line, b"=:") {
            return Some(Format::Ini);
        }
        if in_yaml && line.first() == Some(&b' ') && is_field(line, b":") {
            return Some(Format::Yaml);
        }
        match line.first() {
            Some(b'[') => in_ini = line.starts_with(b"[sops]"),
            Some(b' ' | b'#') | None => {}
            Some(_) => {
                in_yaml =
                    [b"sops:".as_slice(), b"\"sops\":", b"'sops':"].iter().any(|key| line.starts_with(key))
            }
        }
    }
    None
}

/// JSON is a format of its own, the envelope of binary files, and YAML: then the name decides.
fn detect_json(text: &[u8], format_by_name: Format) -> Option<Format> {
    let loaded = json::load(text, Default::default(), json::Numbers::Floats).ok()?;
    let metadata = loaded.metadata?;
    if !FIELDS.iter().any(|field| metadata.get(field).is_some()) {
        return None;
    }
    let envelope = match loaded.documents.first()?.as_slice() {
        [Item::Pair(pair)] if pair.key == "data" => match &pair.value {
            Value::Leaf(leaf) => leaf.bytes.expose().is_empty() || looks_encrypted(leaf.bytes.expose()),
            _ => false,
        },
        _ => false,
    };
    Some(match format_by_name {
        Format::Yaml => Format::Yaml,
        Format::Json => Format::Json,
        _ if envelope => Format::Binary,
        _ => Format::Json,
    })
}
