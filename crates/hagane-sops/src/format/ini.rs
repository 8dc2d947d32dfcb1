//! INI as Go's `ini.v1` reads and writes it: a default section, quotes, continued lines, comments that belong to
//! the key or section below them, and keys aligned by the longest.

use std::collections::BTreeMap;

use hagane_yaml::{FileId, Span};

use super::{Loaded, start_of};
use crate::flat::unflatten;
use crate::secret::SecretWriter;
use crate::tree::{Comment, Item, Pair, Value};
use crate::{DecryptError, SecretBytes};

/// The section of keys before any other; its header is not written.
const DEFAULT: &str = "DEFAULT";
const METADATA: &str = "sops";

struct Section {
    name: String,
    comment: String,
    keys: Vec<Key>,
    span: Span,
}

struct Key {
    name: String,
    value: String,
    comment: String,
    span: Span,
}

/// Reads the sections.
pub(crate) fn load(text: &[u8], file: FileId) -> Result<Loaded, DecryptError> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let Ok(text) = std::str::from_utf8(text) else {
        return Err(DecryptError::Syntax { span: start_of(file), message: "the file is not UTF-8".into() });
    };
    let sections =
        Reader { lines: text.split_inclusive('\n'), span: Span { file, line: 0, column: 1 } }.sections()?;
    let mut items = Vec::with_capacity(sections.len());
    let mut metadata = None;
    for section in sections {
        if section.name == METADATA {
            let lines = section.keys.iter().map(|key| (key.name.as_str(), key.value.as_str(), key.span));
            metadata.get_or_insert(unflatten(lines, section.span)?);
        } else {
            items.push(item(section));
        }
    }
    Ok(Loaded { documents: vec![items], metadata })
}

/// SOPS keeps the comment of a section as its first line, and the comment of a key below the key.
fn item(section: Section) -> Item {
    let comment = |text: &str, span| Item::Comment(Comment { text: SecretBytes::new(text.into()), span });
    let mut items = Vec::with_capacity(section.keys.len());
    if !section.comment.is_empty() {
        items.push(comment(without_sign(&section.comment), section.span));
    }
    for key in section.keys {
        items.push(Item::Pair(Pair { key: key.name, value: Value::string(key.value, key.span) }));
        if !key.comment.is_empty() {
            items.push(comment(without_sign(&key.comment), key.span));
        }
    }
    Item::Pair(Pair { key: section.name, value: Value::Mapping(items, section.span) })
}

fn without_sign(comment: &str) -> &str {
    match comment.as_bytes().first() {
        Some(b';') => comment.trim_start_matches([';', ' ']),
        Some(b'#') => comment.trim_start_matches(['#', ' ']),
        _ => comment,
    }
}

struct Reader<'a> {
    lines: std::str::SplitInclusive<'a, char>,
    /// The line read last.
    span: Span,
}

impl<'a> Reader<'a> {
    fn line(&mut self) -> Option<&'a str> {
        self.span.line += 1;
        self.lines.next()
    }

    fn error(&self, message: &str) -> DecryptError {
        DecryptError::Syntax { span: self.span, message: message.to_owned() }
    }

    fn sections(mut self) -> Result<Vec<Section>, DecryptError> {
        let section =
            |name: &str, span| Section { name: name.into(), comment: String::new(), keys: Vec::new(), span };
        let mut sections = vec![section(DEFAULT, self.span)];
        let mut current = 0;
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let mut comment = String::new();
        while let Some(line) = self.line() {
            let line = line.trim_start();
            if line.is_empty() {
                continue;
            }
            if line.starts_with(['#', ';']) {
                comment.push_str(line);
                continue;
            }
            if let Some(rest) = line.strip_prefix('[') {
                let (name, after) = rest.rsplit_once(']').ok_or_else(|| self.error("`]` is missing here"))?;
                if name.is_empty() {
                    return Err(self.error("the section has no name"));
                }
                // A name may come back; it is a section of its own each time.
                current = sections.len();
                places.clear();
                sections.push(section(name, self.span));
                comment.push_str(after.find(['#', ';']).map_or("", |at| &after[at..]));
                sections[current].comment = std::mem::take(&mut comment).trim().to_owned();
                continue;
            }
            let span = self.span;
            let (name, value) = self.key_name(line)?;
            let value = self.value(value, &mut comment)?;
            let comment = std::mem::take(&mut comment).trim().to_owned();
            let keys = &mut sections[current].keys;
            match places.get(&name).and_then(|place| keys.get_mut(*place)) {
                Some(key) => (key.value, key.comment) = (value, comment),
                None => {
                    places.insert(name.clone(), keys.len());
                    keys.push(Key { name, value, comment, span });
                }
            }
        }
        Ok(sections)
    }

    /// Returns the name of a key, and what comes after its sign.
    fn key_name(&self, line: &'a str) -> Result<(String, &'a str), DecryptError> {
        let quote = match line.as_bytes() {
            [b'"', b'"', b'"', _, _, _, _, ..] => "\"\"\"",
            [b'"', ..] => "\"",
            [b'`', ..] => "`",
            _ => "",
        };
        let (name, rest) = if quote.is_empty() {
            ("", line)
        } else {
            let inner = &line[quote.len()..];
            inner.split_once(quote).ok_or_else(|| self.error("the quote of the key does not end"))?
        };
        let sign = rest.find(['=', ':']).ok_or_else(|| self.error("`=` is missing here"))?;
        let name = if quote.is_empty() { &rest[..sign] } else { name };
        let name = name.trim();
        if name.is_empty() {
            return Err(self.error("the key has no name"));
        }
        Ok((name.to_owned(), &rest[sign + 1..]))
    }

    fn value(&mut self, text: &'a str, comment: &mut String) -> Result<String, DecryptError> {
        let line = text.trim_start();
        let quote = if line.len() > 3 && line.starts_with("\"\"\"") {
            "\"\"\""
        } else if line.starts_with('`') {
            "`"
        } else {
            ""
        };
        if !quote.is_empty() {
            let inner = &line[quote.len()..];
            return match inner.rfind(quote) {
                Some(end) => Ok(inner[..end].to_owned()),
                None => self.quoted_lines(inner, quote, comment),
            };
        }
        let line = line.trim_end();
        if let Some(begun) = line.strip_suffix('\\') {
            return Ok(self.continued(begun));
        }
        let mut line = line;
        if let Some(at) = line.find(['#', ';']) {
            comment.push_str(&line[at..]);
            line = line[..at].trim();
        }
        Ok(unquoted(line).to_owned())
    }

    fn quoted_lines(
        &mut self,
        begun: &str,
        quote: &str,
        comment: &mut String,
    ) -> Result<String, DecryptError> {
        let mut value = begun.to_owned();
        while let Some(line) = self.line() {
            if let Some(end) = line.rfind(quote) {
                value.push_str(&line[..end]);
                let after = &line[end..];
                comment.push_str(after.find(['#', ';']).map_or("", |at| after[at..].trim()));
                return Ok(value);
            }
            value.push_str(line);
        }
        Err(self.error("the quote of the value does not end"))
    }

    fn continued(&mut self, begun: &str) -> String {
        let mut value = begun.to_owned();
        while let Some(line) = self.line().map(str::trim).filter(|line| !line.is_empty()) {
            match line.strip_suffix('\\') {
                Some(more) => value.push_str(more),
                None => {
                    value.push_str(line);
                    break;
                }
            }
        }
        value
    }
}

fn unquoted(text: &str) -> &str {
    for quote in ['\'', '"'] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|t| t.strip_suffix(quote))
            && !inner.contains(quote)
        {
            return inner;
        }
    }
    text
}

/// Writes the sections, an empty line between two of them.
pub(crate) fn emit(documents: &[Vec<Item>]) -> SecretBytes {
    let mut out = SecretWriter::default();
    let sections: Vec<(&String, &[Item])> = documents
        .iter()
        .flatten()
        .filter_map(|item| match item {
            Item::Pair(Pair { key, value: Value::Mapping(items, _) }) => Some((key, items.as_slice())),
            _ => None,
        })
        .collect();
    for (index, (name, items)) in sections.iter().enumerate() {
        let (comment, items) = match items.split_first() {
            Some((Item::Comment(comment), rest)) => (Some(comment), rest),
            _ => (None, *items),
        };
        push_comment(comment, |line| line, &mut out);
        if index > 0 || *name != DEFAULT {
            out.push(format!("[{name}]\n"));
        } else if items.is_empty() {
            continue;
        }
        push_keys(items, &mut out);
        if index + 1 < sections.len() {
            out.push("\n");
        }
    }
    out.finish()
}

fn push_keys(items: &[Item], out: &mut SecretWriter) {
    let names = items.iter().filter_map(|item| match item {
        Item::Pair(pair) => Some(pair.key.as_str()),
        Item::Comment(_) => None,
    });
    let width = names.map(|name| quoted_name(name).len()).max().unwrap_or(0);
    for (index, item) in items.iter().enumerate() {
        let Item::Pair(Pair { key, value: Value::Leaf(leaf) }) = item else { continue };
        let comment = items[index + 1..].iter().map_while(|item| match item {
            Item::Comment(comment) => Some(comment),
            Item::Pair(_) => None,
        });
        push_comment(comment.last(), str::trim, out);
        out.push(format!("{:width$} = ", quoted_name(key)));
        let text = leaf.text();
        let value = text.expose();
        let has = |signs: &[u8]| value.iter().any(|byte| signs.contains(byte));
        let quote = if has(b"\n`") {
            "\"\"\""
        } else if has(b"#;") {
            "`"
        } else if text.expose_str().is_some_and(|text| text.trim() != text) {
            "\""
        } else {
            ""
        };
        out.push(quote);
        out.push(value);
        out.push(quote);
        out.push("\n");
    }
}

fn quoted_name(name: &str) -> String {
    if name.contains(['"', '=', ':']) {
        format!("`{name}`")
    } else if name.contains('`') {
        format!("\"\"\"{name}\"\"\"")
    } else {
        name.to_owned()
    }
}

/// Writes a comment, with a sign where it has none; `trim` is for lines without one.
fn push_comment(comment: Option<&Comment>, trim: fn(&str) -> &str, out: &mut SecretWriter) {
    let text = comment.and_then(|c| c.text.expose_str()).unwrap_or_default();
    for line in text.lines() {
        let (sign, rest) = match line.as_bytes().first() {
            Some(b'#') => ("# ", line[1..].trim()),
            Some(b';') => ("; ", line[1..].trim()),
            _ => ("; ", trim(line)),
        };
        out.push(sign);
        out.push(rest);
        out.push("\n");
    }
}
