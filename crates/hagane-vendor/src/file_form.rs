//! What the YAML files of ours share: a header, lists of mappings, texts; everything else is refused with its place.

use std::fmt::Write as _;

use hagane_resource::Diagnostic;
use hagane_resource::strict::check_fields;
use hagane_yaml::emit::json_string;
use hagane_yaml::{FileId, Mapping, Node, ParseOptions, Span, parse};

use crate::lock::{LockedRepository, RepositoryKey};

/// The version of our files.
pub(crate) const API_VERSION: &str = "hagane.dev/v1alpha1";

/// The largest of our files that is read, in bytes.
pub(crate) const MAX_FILE: usize = 4 << 20;

/// A kind of file.
pub(crate) struct FileForm {
    /// What messages call it: `the lock file`.
    pub(crate) what: &'static str,
    /// Its `kind`.
    pub(crate) kind: &'static str,
    /// The command that writes it.
    pub(crate) written_by: &'static str,
}

/// Returns the one mapping of a file, with the lists `repositories` and `files`.
pub(crate) fn read(text: &str, file: FileId, form: &FileForm) -> Result<Mapping, Diagnostic> {
    let start = Span { file, line: 1, column: 1 };
    let hint = format!("`{}` writes it", form.written_by);
    if text.len() > MAX_FILE {
        let message = format!("{} is larger than {} MiB", form.what, MAX_FILE >> 20);
        return Err(Diagnostic::error(start, message).hinted(hint));
    }
    let documents = parse(text, file, &ParseOptions::default())?;
    let Ok([Node::Mapping(top)]) = <[Node; 1]>::try_from(documents) else {
        return Err(Diagnostic::error(start, format!("{} must be one mapping", form.what)).hinted(hint));
    };
    check_fields(&top, form.what, &["apiVersion", "kind", "repositories", "files"])?;
    let header = format!("the file starts with `apiVersion: {API_VERSION}` and `kind: {}`", form.kind);
    for (field, wanted) in [("apiVersion", API_VERSION), ("kind", form.kind)] {
        match top.get(field) {
            Some(node) if node.as_str() == Some(wanted) => {}
            Some(node) => {
                let error = Diagnostic::error(node.span(), format!("`{field}` must be `{wanted}`"));
                return Err(error.hinted(header));
            }
            None => return Err(Diagnostic::error(start, format!("`{field}` is missing")).hinted(header)),
        }
    }
    Ok(top)
}

/// Adds a line with a text in it: bare where that is read as the same text, else in quotes.
pub(crate) fn line(text: &mut String, key: &str, value: &str) {
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

/// Returns the mappings of a list.
pub(crate) fn items<'a>(top: &'a Mapping, field: &str) -> Result<Vec<&'a Mapping>, Diagnostic> {
    let wrong = |node: &Node| Diagnostic::error(node.span(), format!("`{field}` must be a list of mappings"));
    match top.get(field).filter(|node| !node.is_null()) {
        None => Ok(Vec::new()),
        Some(Node::Sequence(sequence)) => {
            sequence.items.iter().map(|item| item.as_mapping().ok_or_else(|| wrong(item))).collect()
        }
        Some(node) => Err(wrong(node)),
    }
}

/// Returns the text of a field that must be there.
pub(crate) fn text_of<'a>(entry: &'a Mapping, field: &str) -> Result<&'a str, Diagnostic> {
    let Some(node) = entry.get(field) else {
        return Err(Diagnostic::error(entry.span, format!("`{field}` is missing")));
    };
    match node.as_scalar().filter(|scalar| !scalar.is_null()) {
        // They would steer a terminal that shows them, and no URL or path has them.
        Some(scalar) if scalar.text.as_str().chars().any(char::is_control) => {
            Err(Diagnostic::error(node.span(), format!("`{field}` holds control characters")))
        }
        Some(scalar) => Ok(scalar.text.as_str()),
        None => Err(Diagnostic::error(node.span(), format!("`{field}` must be a text"))),
    }
}

/// Returns the repository of an entry, and which tree it must have.
pub(crate) fn repository(entry: &Mapping) -> Result<(RepositoryKey, LockedRepository), Diagnostic> {
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

/// Returns the hash of an entry.
pub(crate) fn content(entry: &Mapping) -> Result<String, Diagnostic> {
    let content = text_of(entry, "content")?;
    let digits = content.strip_prefix("sha256:").unwrap_or_default();
    if digits.len() != 64 || !digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        let span = entry.get("content").map_or(entry.span, Node::span);
        return Err(Diagnostic::error(span, "`content` must be `sha256:` and 64 hexadecimal digits"));
    }
    Ok(content.to_owned())
}

/// Adds the lines of a repository but for its URL.
pub(crate) fn write_repository(text: &mut String, key: &RepositoryKey, locked: &LockedRepository) {
    if !key.reference.is_empty() {
        line(text, "    ref", &key.reference);
    }
    if !key.submodules {
        text.push_str("    submodules: false\n");
    }
    line(text, "    commit", &locked.commit);
    line(text, "    content", &locked.content);
}
