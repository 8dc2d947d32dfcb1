//! The lock file: YAML that people read in a merge request.

use std::fmt::Write as _;

use hagane_resource::{Diagnostic, nearest};
use hagane_yaml::emit::json_string;
use hagane_yaml::{Entry, FileId, Mapping, Node, ParseOptions, Span, parse};

use super::{FileKey, LOCK_FILE, Lock, LockedRepository, MAX_LOCK, RepositoryKey};

const API_VERSION: &str = "hagane.dev/v1alpha1";
const KIND: &str = "Lock";

impl Lock {
    /// Reads the text of a lock file.
    pub fn parse(text: &str, file: FileId) -> Result<Lock, Diagnostic> {
        let start = Span { file, line: 1, column: 1 };
        if text.len() > MAX_LOCK {
            let message = format!("the lock file is larger than {} MiB", MAX_LOCK >> 20);
            return Err(Diagnostic::error(start, message).hinted("`hagane lock` writes it anew"));
        }
        let documents = parse(text, file, &ParseOptions::default())?;
        let [Node::Mapping(top)] = &documents[..] else {
            let error = Diagnostic::error(start, "a lock file must be one mapping");
            return Err(error.hinted("`hagane lock` writes it"));
        };
        check_fields(top, "a lock file", &["apiVersion", "kind", "repositories", "files"])?;
        check_constant(top, "apiVersion", API_VERSION, start)?;
        check_constant(top, "kind", KIND, start)?;
        let mut lock = Lock::default();
        for entry in items(top, "repositories")? {
            let (key, locked) = repository(entry)?;
            if lock.repositories.insert(key, locked).is_some() {
                return Err(twice(entry));
            }
        }
        for entry in items(top, "files")? {
            check_fields(entry, "a file", &["url", "content"])?;
            let (url, content) = (text_of(entry, "url")?, content(entry)?);
            if lock.files.insert(FileKey(url.to_owned()), content).is_some() {
                return Err(twice(entry));
            }
        }
        Ok(lock)
    }

    /// Returns the text of the lock file: the same for the same lock.
    pub fn text(&self) -> String {
        let mut text = format!(
            "# What the kustomizations here fetch. `hagane lock` writes this file, `hagane lock --update URL` changes it.\n\
             apiVersion: {API_VERSION}\nkind: {KIND}\n"
        );
        if !self.repositories.is_empty() {
            text.push_str("repositories:\n");
        }
        for (key, locked) in &self.repositories {
            line(&mut text, "  - url", &key.url);
            if !key.reference.is_empty() {
                line(&mut text, "    ref", &key.reference);
            }
            if !key.submodules {
                text.push_str("    submodules: false\n");
            }
            line(&mut text, "    commit", &locked.commit);
            line(&mut text, "    content", &locked.content);
        }
        if !self.files.is_empty() {
            text.push_str("files:\n");
        }
        for (FileKey(url), content) in &self.files {
            line(&mut text, "  - url", url);
            line(&mut text, "    content", content);
        }
        text
    }
}

fn repository(entry: &Mapping) -> Result<(RepositoryKey, LockedRepository), Diagnostic> {
    check_fields(entry, "a repository", &["url", "ref", "submodules", "commit", "content"])?;
    let key = RepositoryKey {
        url: text_of(entry, "url")?.to_owned(),
        reference: match entry.get("ref") {
            Some(_) => text_of(entry, "ref")?.to_owned(),
            None => String::new(),
        },
        submodules: match entry.get("submodules").map(|node| (node, node.as_str())) {
            None | Some((_, Some("true"))) => true,
            Some((_, Some("false"))) => false,
            Some((node, _)) => {
                return Err(Diagnostic::error(node.span(), "`submodules` must be true or false"));
            }
        },
    };
    let commit = text_of(entry, "commit")?;
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if ![40, 64].contains(&commit.len()) || !commit.bytes().all(is_digit) {
        let span = entry.get("commit").map_or(entry.span, Node::span);
        return Err(Diagnostic::error(span, "`commit` must be all 40 digits of a commit"));
    }
    Ok((key, LockedRepository { commit: commit.to_owned(), content: content(entry)? }))
}

fn content(entry: &Mapping) -> Result<String, Diagnostic> {
    let content = text_of(entry, "content")?;
    let digits = content.strip_prefix("sha256:").unwrap_or_default();
    if digits.len() != 64 || !digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        let span = entry.get("content").map_or(entry.span, Node::span);
        return Err(Diagnostic::error(span, "`content` must be `sha256:` and 64 hexadecimal digits"));
    }
    Ok(content.to_owned())
}

fn twice(entry: &Mapping) -> Diagnostic {
    Diagnostic::error(entry.span, "this is locked twice").hinted("keep one entry, or run `hagane lock`")
}

/// Adds a line with a text in it: bare where that is read as the same text, else in quotes.
fn line(text: &mut String, key: &str, value: &str) {
    let bare = format!("- {value}\n");
    let read = parse(&bare, FileId::default(), &ParseOptions::default());
    let read = read.ok().and_then(|documents| documents.into_iter().next());
    let item = read.as_ref().and_then(Node::as_sequence).and_then(|sequence| sequence.items.first());
    let is_text = |node: &Node| {
        let scalar = node.as_scalar().map(hagane_yaml::scalar::value);
        matches!(scalar, Some(Ok(hagane_yaml::scalar::Value::Str(text))) if text == value)
    };
    let _ = write!(text, "{key}: ");
    match item {
        Some(item) if is_text(item) && !value.contains('\n') => text.push_str(value),
        _ => json_string(text, value),
    }
    text.push('\n');
}

fn items<'a>(top: &'a Mapping, field: &str) -> Result<Vec<&'a Mapping>, Diagnostic> {
    let wrong = |node: &Node| {
        Diagnostic::error(node.span(), format!("`{field}` must be a list of mappings"))
            .hinted("`hagane lock` writes it")
    };
    match top.get(field).filter(|node| !node.is_null()) {
        None => Ok(Vec::new()),
        Some(Node::Sequence(sequence)) => {
            sequence.items.iter().map(|item| item.as_mapping().ok_or_else(|| wrong(item))).collect()
        }
        Some(node) => Err(wrong(node)),
    }
}

fn text_of<'a>(entry: &'a Mapping, field: &str) -> Result<&'a str, Diagnostic> {
    let Some(node) = entry.get(field) else {
        return Err(Diagnostic::error(entry.span, format!("`{field}` is missing")));
    };
    match node.as_scalar().filter(|scalar| !scalar.is_null()) {
        Some(scalar) => Ok(scalar.text.as_str()),
        None => Err(Diagnostic::error(node.span(), format!("`{field}` must be a text"))),
    }
}

fn check_constant(top: &Mapping, field: &str, wanted: &str, start: Span) -> Result<(), Diagnostic> {
    let hint = format!("the file starts with `apiVersion: {API_VERSION}` and `kind: {KIND}`");
    match top.get(field) {
        Some(node) if node.as_str() == Some(wanted) => Ok(()),
        Some(node) => {
            Err(Diagnostic::error(node.span(), format!("`{field}` must be `{wanted}`")).hinted(hint))
        }
        None => Err(Diagnostic::error(start, format!("`{field}` is missing")).hinted(hint)),
    }
}

fn check_fields(mapping: &Mapping, place: &str, known: &[&str]) -> Result<(), Diagnostic> {
    for (index, Entry { key, .. }) in mapping.entries.iter().enumerate() {
        let name = key.text.as_str();
        if !known.contains(&name) {
            let error = Diagnostic::error(key.span, format!("unknown field `{name}` in {place}"));
            return Err(match nearest(name, known.iter().copied()) {
                Some(name) => error.hinted(format!("did you mean `{name}`?")),
                None => error.hinted(format!("`{LOCK_FILE}` knows {}", known.join(", "))),
            });
        }
        if mapping.position(name) != Some(index) {
            return Err(Diagnostic::error(key.span, format!("`{name}` is there twice")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
