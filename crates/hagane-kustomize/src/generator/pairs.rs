//! The keys and values of a generated object: dotenv files first, then literals, then files.

use hagane_resource::Diagnostic;
use hagane_yaml::emit::without_next_lines;
use hagane_yaml::{Span, Text};
use zeroize::Zeroizing;

use crate::decode::Located;
use crate::kustomization::GeneratorArgs;
use crate::sources::{Root, Sources};

/// A key and its value.
pub(super) struct Pair {
    pub(super) key: Text,
    pub(super) value: Content,
}

/// Bytes, and whether they came out of decryption. Zeroed when dropped.
pub(super) struct Content {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    pub(super) sensitive: bool,
}

/// Returns the pairs, each key once.
pub(super) fn pairs(args: &GeneratorArgs, root: &Root, sources: &Sources) -> Result<Vec<Pair>, Diagnostic> {
    let mut found: Vec<(Span, Pair)> = Vec::new();
    for path in &args.envs {
        dotenv(path, root, sources, &mut found)?;
    }
    for literal in &args.literals {
        found.push((literal.span, of_literal(literal)?));
    }
    for file in &args.files {
        found.push((file.span, of_file(file, root, sources)?));
    }
    let mut seen = std::collections::HashSet::with_capacity(found.len());
    for (span, pair) in &found {
        if !seen.insert(pair.key.as_str()) {
            let error = Diagnostic::error(
                *span,
                format!("the key `{}` is given twice in `{}`", pair.key.shown(), args.name),
            );
            return Err(error.hinted("every key of a ConfigMap or Secret comes from one place"));
        }
    }
    Ok(found.into_iter().map(|(_, pair)| pair).collect())
}

fn of_literal(literal: &Located<String>) -> Result<Pair, Diagnostic> {
    let (key, value) = match literal.split_once('=') {
        Some((key, value)) if !key.is_empty() => (key, value),
        // A literal may hold a secret: the message does not repeat it.
        _ => {
            return Err(Diagnostic::error(literal.span, "a literal must be `key=value`")
                .hinted("for example `literals: [mode=dark]`"));
        }
    };
    let value = match value.as_bytes() {
        [first @ (b'"' | b'\''), .., last] if first == last => &value[1..value.len() - 1],
        _ => value,
    };
    // kustomize writes what a kustomization says as YAML and reads that again, in which U+0085 is a line break.
    let value = without_next_lines(value);
    let value = Content { bytes: Zeroizing::new(value.into_bytes()), sensitive: false };
    Ok(Pair { key: key.into(), value })
}

fn of_file(file: &Located<String>, root: &Root, sources: &Sources) -> Result<Pair, Diagnostic> {
    let wrong = |what: &str| {
        Diagnostic::error(file.span, format!("`{}` {what}", **file)).hinted("write `path` or `key=path`")
    };
    let (key, path) = match (file.matches('=').count(), file.split_once('=')) {
        (0, _) => (base_name(file), file.as_str()),
        (1, Some(("", _))) => return Err(wrong("has no key before `=`")),
        (1, Some((_, ""))) => return Err(wrong("has no path after `=`")),
        (1, Some(pair)) => pair,
        _ => return Err(wrong("has more than one `=`")),
    };
    let source = sources.read(&sources.file(root, path, file.span)?, file.span)?;
    let value = Content { bytes: Zeroizing::new(source.content().to_vec()), sensitive: source.is_secret() };
    Ok(Pair { key: key.into(), value })
}

/// Returns the last part of a path; slashes at its end do not count.
fn base_name(path: &str) -> &str {
    match path.trim_end_matches('/').rsplit('/').next() {
        Some("") | None => "/",
        Some(name) => name,
    }
}

/// Adds the pairs of a dotenv file. Lines lose white space in front; the value is everything after the first
/// `=`, quotes and spaces too; a key without `=` has an empty value, a line without a key is nothing.
fn dotenv(
    path: &Located<String>,
    root: &Root,
    sources: &Sources,
    found: &mut Vec<(Span, Pair)>,
) -> Result<(), Diagnostic> {
    let source = sources.read(&sources.file(root, path, path.span)?, path.span)?;
    let text = source.utf8()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (index, line) in text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line).trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        if key.is_empty() {
            continue;
        }
        let span = Span { file: source.file, line: index as u32 + 1, column: 1 };
        let value =
            Content { bytes: Zeroizing::new(value.as_bytes().to_vec()), sensitive: source.is_secret() };
        // Only SOPS' own dotenv format leaves keys in the clear.
        let secret_key = source
            .decrypted
            .as_ref()
            .is_some_and(|decrypted| decrypted.is_secret && !decrypted.has_plain_keys);
        found.push((span, Pair { key: Text::with_mark(key, secret_key), value }));
    }
    Ok(())
}
