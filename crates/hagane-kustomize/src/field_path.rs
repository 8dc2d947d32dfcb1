//! Paths of replacements and variables: `spec.containers.[name=app].image`, `data.my\.key`, `spec.args.0`.

use hagane_regex::Regex;
use hagane_resource::Diagnostic;
use hagane_yaml::{Entry, Mapping, Node, Scalar, Sequence, Span};

/// One step of a path.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A key of a mapping.
    Key(String),
    /// A place in a list.
    Index(usize),
    /// Items of a list by the value of a key; without a key by their own value.
    Item {
        /// The key, or nothing.
        key: String,
        /// The value as written.
        value: String,
        /// The value as a regular expression, found anywhere in the text.
        pattern: Regex,
    },
    /// Every item of a list.
    Every,
    /// Brackets that hold neither a key with dots nor `key=value`: they lead nowhere.
    Bare(String),
    /// The last item of a list, where something is looked up.
    Last,
}

impl Step {
    /// Returns the step as a variable means it: brackets hold a place in a list or a key.
    pub(crate) fn of_variable(self) -> Step {
        match self {
            Step::Bare(text) => {
                let inner = text.trim_matches(['[', ']']);
                inner.parse().map_or_else(|_| Step::Key(inner.to_owned()), Step::Index)
            }
            other => other,
        }
    }
}

/// Returns the steps of a path that something is looked up by: blanks around them and empty ones do not count.
pub(crate) fn parse(path: &str, at: Span) -> Result<Vec<Step>, Diagnostic> {
    parts(path)
        .into_iter()
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .map(|part| step(part, at))
        .collect()
}

/// Returns the steps of a path that something is written by: every blank counts, and every empty step but the first.
pub(crate) fn parse_exactly(path: &str, at: Span) -> Result<Vec<Step>, Diagnostic> {
    let mut parts = parts(path);
    if parts.len() > 1 && parts[0].is_empty() {
        parts.remove(0);
    }
    parts.into_iter().map(|part| step(part, at)).collect()
}

/// Returns the parts of a path. Dots part them, but not inside brackets nor after a backslash.
fn parts(path: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in path.split('.') {
        match parts.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push('.');
                last.push_str(part);
            }
            Some(last) if last.starts_with('[') && !last.ends_with(']') => {
                last.push('.');
                last.push_str(part);
            }
            _ => parts.push(part.to_owned()),
        }
    }
    parts
}

fn step(part: String, at: Span) -> Result<Step, Diagnostic> {
    if part == "*" {
        return Ok(Step::Every);
    }
    if part == "-" {
        return Ok(Step::Last);
    }
    if let Ok(index) = part.parse::<usize>() {
        return Ok(Step::Index(index));
    }
    let Some(inner) = part.strip_prefix('[').and_then(|p| p.strip_suffix(']')) else {
        return Ok(Step::Key(part));
    };
    let Some((key, value)) = inner.split_once('=') else {
        // Brackets without `=` keep a key with dots together.
        return Ok(match inner.contains('.') {
            true => Step::Key(inner.to_owned()),
            false => Step::Bare(part),
        });
    };
    let pattern = Regex::new(value).map_err(|e| {
        Diagnostic::error(at, format!("`{value}` is not a regular expression: {}", e.message))
            .hinted("values in brackets are regular expressions of RE2; escape special characters with `\\`")
    })?;
    Ok(Step::Item { key: key.to_owned(), value: value.to_owned(), pattern })
}

/// Returns the one node at a path, as a source is looked up: values are compared whole.
pub(crate) fn look_up<'n>(node: &'n Node, steps: &[Step]) -> Option<&'n Node> {
    steps.iter().try_fold(node, |node, step| match (step, node) {
        (Step::Key(key), Node::Mapping(mapping)) => mapping.get(key),
        (Step::Index(index), Node::Sequence(sequence)) => sequence.items.get(*index),
        (Step::Last, Node::Sequence(sequence)) => sequence.items.last(),
        (Step::Item { key, value, .. }, Node::Sequence(sequence)) => sequence.items.iter().find(|item| {
            let found = if key.is_empty() { item.as_str() } else { item.get(key).and_then(Node::as_str) };
            found == Some(value)
        }),
        _ => None,
    })
}

/// What is made at the end of a path that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Nothing: the path leads nowhere.
    Skip,
    /// A scalar whose text decides its type.
    MakeScalar,
    /// A mapping.
    MakeMapping,
    /// A list.
    MakeSequence,
}

/// Calls `set` on every node that the path leads to; returns how many there were.
pub(crate) fn visit(
    node: &mut Node,
    steps: &[Step],
    missing: Missing,
    at: Span,
    set: &mut dyn FnMut(&mut Node) -> Result<(), Diagnostic>,
) -> Result<usize, Diagnostic> {
    let Some((step, rest)) = steps.split_first() else {
        set(node)?;
        return Ok(1);
    };
    if missing != Missing::Skip && says_null(node) {
        // Nothing is put into a null, and nobody minds.
        return Ok(usize::from(!matches!(step, Step::Every)));
    }
    match (step, node) {
        (Step::Key(key), Node::Scalar(scalar)) if key.is_empty() => {
            if missing == Missing::Skip {
                return Ok(0);
            }
            // kustomize empties the value, and goes on in one that is part of nothing.
            *scalar = Scalar { span: scalar.span, ..Scalar::bare("") };
            visit(&mut empty(rest, missing), rest, missing, at, set)
        }
        (Step::Key(key), Node::Mapping(_) | Node::Sequence(_)) if key.is_empty() => {
            Err(Diagnostic::error(at, "the path has an empty part")
                .hinted("dots stand between parts: `spec.template`"))
        }
        (Step::Key(key), Node::Mapping(mapping)) => visit_key(mapping, key, rest, missing, at, set),
        (Step::Index(index), Node::Sequence(sequence)) => {
            let count = sequence.items.len();
            if *index == count && missing != Missing::Skip {
                sequence.items.push(empty(rest, missing));
            }
            match sequence.items.get_mut(*index) {
                Some(item) => visit_item(item, rest, missing, at, set),
                None => {
                    let message = format!("the path goes to item {index} of a list with {count}");
                    Err(Diagnostic::error(at, message).hinted("items are counted from 0"))
                }
            }
        }
        // Where something is written, `-` is a key like any other.
        (Step::Last, Node::Mapping(mapping)) => visit_key(mapping, "-", rest, missing, at, set),
        (Step::Every, Node::Sequence(sequence)) => {
            sequence.items.iter_mut().try_fold(0, |n, item| Ok(n + visit_item(item, rest, missing, at, set)?))
        }
        (Step::Item { key, value, pattern }, Node::Sequence(sequence)) => {
            let found = visit_items(sequence, key, pattern, rest, missing, at, set)?;
            if found > 0 || missing == Missing::Skip {
                return Ok(found);
            }
            sequence.items.push(new_item(key, value));
            visit_items(sequence, key, pattern, rest, missing, at, set)
        }
        (Step::Bare(text), _) => {
            let error = Diagnostic::error(at, format!("`{text}` in the path is no item of a list"));
            Err(error.hinted("write `[name=web]` for an item, and a key without brackets"))
        }
        (step, node) => {
            let (wanted, got) = match (step, node) {
                (Step::Key(key), Node::Sequence(_)) => (format!("the key `{key}`"), "a list"),
                (Step::Key(key), _) => (format!("the key `{key}`"), "a single value"),
                (_, Node::Mapping(_)) => ("an item".into(), "a mapping"),
                _ => ("an item".into(), "a single value"),
            };
            Err(Diagnostic::error(at, format!("the path looks for {wanted} in {got}"))
                .hinted("for example `spec.containers.[name=web].image` or `spec.containers.0.image`"))
        }
    }
}

/// Returns whether a value is, or would be without its quotes, a null that is written out.
fn says_null(node: &Node) -> bool {
    node.as_str().is_some_and(|text| matches!(text, "~" | "null" | "Null" | "NULL"))
}

/// Visits an item of a list, which may be absent as well as null.
fn visit_item(
    item: &mut Node,
    rest: &[Step],
    missing: Missing,
    at: Span,
    set: &mut dyn FnMut(&mut Node) -> Result<(), Diagnostic>,
) -> Result<usize, Diagnostic> {
    if missing != Missing::Skip && !rest.is_empty() && item.is_null() {
        return Ok(1);
    }
    visit(item, rest, missing, at, set)
}

fn visit_key(
    mapping: &mut Mapping,
    key: &str,
    rest: &[Step],
    missing: Missing,
    at: Span,
    set: &mut dyn FnMut(&mut Node) -> Result<(), Diagnostic>,
) -> Result<usize, Diagnostic> {
    if missing != Missing::Skip && mapping.get(key).is_none() {
        // Written without quotes, even where it is no text then.
        mapping.entries.push(Entry { key: Scalar::bare(key), value: empty(rest, missing) });
    }
    match mapping.get_mut(key) {
        Some(field) => visit(field, rest, missing, at, set),
        None => Ok(0),
    }
}

fn visit_items(
    sequence: &mut Sequence,
    key: &str,
    pattern: &Regex,
    rest: &[Step],
    missing: Missing,
    at: Span,
    set: &mut dyn FnMut(&mut Node) -> Result<(), Diagnostic>,
) -> Result<usize, Diagnostic> {
    let mut found = 0;
    for item in &mut sequence.items {
        let text = if key.is_empty() { item.as_str() } else { item.get(key).and_then(Node::as_str) };
        if text.is_some_and(|text| pattern.is_match(text.trim())) {
            found += visit(item, rest, missing, at, set)?;
        }
    }
    Ok(found)
}

fn new_item(key: &str, value: &str) -> Node {
    if key.is_empty() {
        return Node::Scalar(Scalar::bare(value));
    }
    let mut mapping = Mapping::default();
    mapping.push(key, Node::Scalar(Scalar::bare(value)));
    Node::Mapping(mapping)
}

/// Returns the empty node that the next step needs.
fn empty(rest: &[Step], missing: Missing) -> Node {
    match (rest.first(), missing) {
        (Some(Step::Key(_) | Step::Last), _) | (None, Missing::MakeMapping) => Node::mapping(),
        (Some(_), _) | (None, Missing::MakeSequence) => Node::Sequence(Sequence::default()),
        (None, _) => Node::Scalar(Scalar::bare("")),
    }
}
