//! A file of resources: where its documents part, and what they are.

use std::collections::BTreeSet;

use hagane_yaml::scalar::{Value, value};
use hagane_yaml::{Dialect, FileId, Node, ParseOptions, Scalar, Span, Style, Tag, Text, YamlError, parse};

use crate::{Diagnostic, Resource};

/// One document of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Document<'a> {
    /// Its text.
    pub text: &'a str,
    /// Lines of the stream before it.
    pub lines_before: u32,
}

/// Splits a stream at lines that start with `---`, before anybody looks at the YAML: even inside a block scalar,
/// as kustomize does. Text after `---` must be a comment.
pub fn split_documents(text: &str, file: FileId) -> Result<Vec<Document<'_>>, YamlError> {
    let mut documents = Vec::new();
    let (mut start, mut start_line, mut line, mut at) = (0, 0, 0, 0);
    for source_line in text.split_inclusive('\n') {
        // The first line of the stream opens a document and closes none.
        let separates = at > 0 && source_line.starts_with("---") && source_line.ends_with('\n');
        if separates {
            let rest = source_line[3..].trim();
            if !rest.is_empty() && !rest.starts_with('#') {
                let span = Span { file, line: line + 1, column: 5 };
                let error =
                    YamlError::new(span, format!("invalid document separator: `{}`", source_line.trim_end()));
                return Err(error.hinted("start the document on a line of its own after `---`"));
            }
            documents.push(Document { text: &text[start..at], lines_before: start_line });
            start = at + source_line.len();
            start_line = line + 1;
        }
        at += source_line.len();
        line += 1;
    }
    documents.push(Document { text: &text[start..], lines_before: start_line });
    Ok(documents)
}

/// Reads the resources of a file: every document that is not empty, the items of lists after the others.
pub fn read_documents(text: &str, file: FileId) -> Result<Vec<Resource>, Diagnostic> {
    read_documents_at(text, Span { file, line: 1, column: 1 })
}

/// A comment with this may be a schema, by which kustomize merges the field it stands at.
const STRATEGY: &str = "x-kubernetes-patch-strategy";

/// Reads the resources of a text that begins at a place inside a file.
pub fn read_documents_at(text: &str, start: Span) -> Result<Vec<Resource>, Diagnostic> {
    resources_with(trees_at(text, start, Dialect::V3)?, Names::Given)
}

/// Reads the resources of a text as `kubectl` sends them: `yes` is true, and of a key that is there twice the last
/// counts; also those whose names the cluster makes up, which are called by what is given of the name, with a `*`
/// behind it.
pub fn read_generated_documents(text: &str, start: Span) -> Result<Vec<Resource>, Diagnostic> {
    let mut read = trees_at(text, start, Dialect::V2)?;
    read.trees.iter_mut().for_each(keep_last);
    let mut resources = resources_with(read, Names::Generated)?;
    for resource in resources.iter_mut().filter(|resource| resource.name().is_empty()) {
        let start = resource.tree().at(&["metadata", "generateName"]).and_then(Node::as_str);
        let name = format!("{}*", start.unwrap_or_default());
        resource.set_name(&name);
    }
    Ok(resources)
}

/// Leaves the last of the entries of a mapping with the same key.
fn keep_last(node: &mut Node) {
    match node {
        Node::Mapping(mapping) => {
            let mut seen = BTreeSet::new();
            let mut is_last: Vec<bool> =
                mapping.entries.iter().rev().map(|entry| seen.insert(entry.key.text.as_str())).collect();
            mapping.entries.retain(|_| is_last.pop().unwrap_or(true));
            mapping.entries.iter_mut().for_each(|entry| keep_last(&mut entry.value));
        }
        Node::Sequence(sequence) => sequence.items.iter_mut().for_each(keep_last),
        Node::Scalar(_) => {}
    }
}

/// The documents of a text.
struct Trees {
    trees: Vec<Node>,
    /// Whether the text is one document: only the items of a `List` (or `ResourceList`) that is alone are as they were written.
    is_alone: bool,
}

fn trees_at(text: &str, start: Span, dialect: Dialect) -> Result<Trees, Diagnostic> {
    let file = start.file;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let unix;
    let text = if text.contains("\r\n") {
        unix = text.replace("\r\n", "\n");
        &unix
    } else {
        text
    };
    let mut trees = Vec::new();
    let documents = split_documents(text, file)?;
    let is_alone = documents.len() == 1;
    for document in documents {
        // Another blank, a tab for example, is no YAML.
        if document.text.trim_matches([' ', '\n', '\r']).is_empty() {
            continue;
        }
        let options = ParseOptions {
            lines_before: start.line.saturating_sub(1) + document.lines_before,
            columns_before: start.column.saturating_sub(1),
            comments: document.text.contains(STRATEGY),
            dialect,
            // Only the first document of a part counts: `...` ends one without opening another.
            first_only: true,
            ..ParseOptions::default()
        };
        if let Some(tree) = parse(document.text, file, &options)?.into_iter().next() {
            trees.push(tree);
        }
    }
    Ok(Trees { trees, is_alone })
}

/// Returns the resources of trees: nulls are dropped, lists are opened and their items put last.
pub fn resources_of(trees: Vec<Node>) -> Result<Vec<Resource>, Diagnostic> {
    let is_alone = trees.len() == 1;
    resources_with(Trees { trees, is_alone }, Names::Given)
}

/// Whether a resource must have a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    /// It must.
    Given,
    /// The cluster may make one up, from `generateName`.
    Generated,
}

fn resources_with(trees: Trees, names: Names) -> Result<Vec<Resource>, Diagnostic> {
    let Trees { trees, mut is_alone } = trees;
    let mut resources = Vec::new();
    let mut queue = std::collections::VecDeque::from(trees);
    while let Some(tree) = queue.pop_front() {
        if tree.is_null() || tree.as_sequence().is_some_and(|s| s.items.is_empty()) {
            continue;
        }
        let Node::Mapping(mapping) = &tree else {
            let error = Diagnostic::error(tree.span(), "a resource must be a mapping");
            return Err(error.hinted("a resource starts with `apiVersion:` and `kind:`"));
        };
        if mapping.entries.is_empty() {
            continue;
        }
        let kind =
            mapping.get("kind").filter(|kind| !kind.is_null()).and_then(Node::as_str).unwrap_or_default();
        if kind.ends_with("List") && mapping.get("items").is_some() {
            let is_taken_as_written =
                std::mem::take(&mut is_alone) && matches!(kind, "List" | "ResourceList");
            let mut items = items_of(tree, is_taken_as_written)?;
            if !is_taken_as_written {
                items.iter_mut().for_each(as_json);
            }
            queue.extend(items);
            continue;
        }
        if kind.is_empty() {
            return Err(Diagnostic::error(mapping.span, "the resource has no `kind`")
                .hinted("add `kind:` and `apiVersion:`"));
        }
        let name = tree.at(&["metadata", "name"]);
        let generated = tree.at(&["metadata", "generateName"]).filter(|_| names == Names::Generated);
        let name = name.filter(|name| !name.is_null()).or(generated);
        if !kind.ends_with("List")
            && name.filter(|n| !n.is_null()).and_then(Node::as_str).is_none_or(str::is_empty)
        {
            let is_secret = mapping.get("kind").is_some_and(Node::is_sensitive);
            let what = if is_secret { "resource" } else { kind };
            let error = Diagnostic::error(mapping.span, format!("the {what} has no `metadata.name`"));
            return Err(error.hinted("every resource needs a name; `generateName` cannot be composed"));
        }
        resources.push(Resource::new(tree));
    }
    Ok(resources)
}

/// Returns the items of a list. One that is taken as it is written may have a single value there, or an empty mapping,
/// which is no item.
fn items_of(list: Node, is_taken_as_written: bool) -> Result<Vec<Node>, Diagnostic> {
    let Node::Mapping(mut mapping) = list else { return Ok(Vec::new()) };
    match mapping.remove("items") {
        Some(Node::Sequence(sequence)) => Ok(sequence.items),
        None => Ok(Vec::new()),
        Some(node) if node.is_null() => Ok(Vec::new()),
        Some(Node::Scalar(_)) if is_taken_as_written => Ok(Vec::new()),
        Some(Node::Mapping(items)) if is_taken_as_written && items.entries.is_empty() => Ok(Vec::new()),
        Some(items) => Err(Diagnostic::error(items.span(), "`items` of a list must be a sequence")
            .hinted("begin each item with a dash")),
    }
}

/// Gives a node the style of JSON, out of which kustomize reads the items of most lists.
fn as_json(node: &mut Node) {
    match node {
        Node::Mapping(mapping) => {
            mapping.flow = true;
            mapping.entries.iter_mut().for_each(|entry| as_json(&mut entry.value));
        }
        Node::Sequence(sequence) => {
            sequence.flow = true;
            sequence.items.iter_mut().for_each(as_json);
        }
        Node::Scalar(scalar) if scalar.tag == Tag::Null => scalar.text = "null".into(),
        Node::Scalar(scalar) if scalar.resolved_tag() == Tag::Str => {
            let text = std::mem::take(&mut scalar.text);
            *scalar = Scalar { span: scalar.span, style: Style::DoubleQuoted, ..Scalar::string(text) };
        }
        Node::Scalar(scalar) if scalar.tag == Tag::Timestamp => {
            if let Ok(Value::Str(time)) = value(scalar) {
                let text = Text::marked_as(time.into_owned(), &scalar.text);
                *scalar = Scalar { span: scalar.span, style: Style::DoubleQuoted, ..Scalar::string(text) };
            }
        }
        Node::Scalar(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &[(&str, u32)]) {
        let documents = split_documents(text, FileId::default()).expect("the case splits");
        let got: Vec<(&str, u32)> = documents.iter().map(|d| (d.text, d.lines_before)).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn documents_part_at_separators() {
        check("a\n---\nb\n", &[("a\n", 0), ("b\n", 2)]);
        check("---\na\n--- # next\nb", &[("---\na\n", 0), ("b", 3)]);
        check("a\n---", &[("a\n---", 0)]);
        assert!(split_documents("a\n--- {b: c}\n", FileId::default()).is_err());
    }
}
