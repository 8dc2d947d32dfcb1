//! Paths of replacements and variables: `spec.containers.[name=app].image`, `data.my\.key`, `spec.args.0`.

use hagane_regex::Regex;
use hagane_resource::Diagnostic;
use hagane_yaml::{Node, Span};

mod search;
pub(crate) use search::{Missing, find, not_compared};

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
    /// Brackets that hold neither dots nor `key=value`: they lead nowhere.
    Bare(String),
    /// The last item of a list, where something is looked up.
    Last,
}

/// Returns the steps of a path that something is looked up by: blanks around them and empty ones do not count.
pub(crate) fn parse(path: &str, at: Span) -> Result<Vec<Step>, Diagnostic> {
    steps(parts(path).into_iter(), at)
}

/// Returns the steps of a path by which a variable is looked up: in `ports[0]` the brackets are a step of their own.
pub(crate) fn parse_of_variable(path: &str, at: Span) -> Result<Vec<Step>, Diagnostic> {
    let parts = parts(path).into_iter().flat_map(|part| match split_index(&part) {
        Some((list, index)) => vec![list.to_owned(), index.to_owned()],
        None => vec![part],
    });
    steps(parts, at)
}

/// Returns the two parts of `ports[0]` in the path of a variable. Of several brackets only the last are parted from the
/// rest; `ports[x]` and `ports[]` are keys.
pub fn split_index(part: &str) -> Option<(&str, &str)> {
    let (list, index) = part.strip_suffix(']')?.rsplit_once('[')?;
    (!index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit())).then_some((list, index))
}

fn steps(parts: impl Iterator<Item = String>, at: Span) -> Result<Vec<Step>, Diagnostic> {
    parts
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

/// Returns the parts of a path. Dots part them, but not after a backslash nor inside brackets. Brackets that keep dots
/// together, or are not closed, and hold no `=` are taken off.
fn parts(path: &str) -> Vec<String> {
    let mut at_dots: Vec<String> = Vec::new();
    for part in path.split('.') {
        match at_dots.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push('.');
                last.push_str(part);
            }
            _ => at_dots.push(part.to_owned()),
        }
    }
    let mut parts = Vec::with_capacity(at_dots.len());
    let mut at_dots = at_dots.into_iter();
    while let Some(mut part) = at_dots.next() {
        if part.starts_with('[') && !part.ends_with(']') {
            for more in at_dots.by_ref() {
                part.push('.');
                part.push_str(&more);
                if more.ends_with(']') {
                    break;
                }
            }
            if !part.contains('=') {
                part = part.trim_matches(['[', ']']).to_owned();
            }
        }
        parts.push(part);
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
    let Some((key, value)) = inner.split_once('=') else { return Ok(Step::Bare(part)) };
    let pattern = Regex::new(value).map_err(|e| {
        Diagnostic::error(at, format!("`{value}` is not a regular expression: {}", e.message))
            .hinted("values in brackets are regular expressions of RE2; escape special characters with `\\`")
    })?;
    Ok(Step::Item { key: key.to_owned(), value: value.to_owned(), pattern })
}

/// Where a node is in a tree: which child leads there at each level.
pub(crate) type Place = Vec<usize>;

/// Returns the one node at a path, as a source is looked up: values are compared whole.
pub(crate) fn look_up<'n>(node: &'n Node, steps: &[Step]) -> Option<&'n Node> {
    steps.iter().try_fold(node, |node, step| child(node, named(node, step)?))
}

/// Returns where the node is that [`look_up`] finds.
pub(crate) fn place_of(mut node: &Node, steps: &[Step]) -> Option<Place> {
    let mut place = Place::with_capacity(steps.len());
    for step in steps {
        let index = named(node, step)?;
        node = child(node, index)?;
        place.push(index);
    }
    Some(place)
}

/// Returns the node at a place.
pub(crate) fn at<'n>(node: &'n Node, place: &[usize]) -> Option<&'n Node> {
    place.iter().try_fold(node, |node, index| child(node, *index))
}

/// Returns the node at a place.
pub(crate) fn at_mut<'n>(node: &'n mut Node, place: &[usize]) -> Option<&'n mut Node> {
    place.iter().try_fold(node, |node, index| match node {
        Node::Mapping(mapping) => mapping.entries.get_mut(*index).map(|entry| &mut entry.value),
        Node::Sequence(sequence) => sequence.items.get_mut(*index),
        Node::Scalar(_) => None,
    })
}

fn child(node: &Node, index: usize) -> Option<&Node> {
    match node {
        Node::Mapping(mapping) => mapping.entries.get(index).map(|entry| &entry.value),
        Node::Sequence(sequence) => sequence.items.get(index),
        Node::Scalar(_) => None,
    }
}

/// Returns which child a step names.
fn named(node: &Node, step: &Step) -> Option<usize> {
    match (step, node) {
        (Step::Key(key), Node::Mapping(mapping)) => mapping.position(key),
        (Step::Index(index), Node::Sequence(_)) => Some(*index),
        (Step::Last, Node::Sequence(sequence)) => sequence.items.len().checked_sub(1),
        (Step::Item { key, value, .. }, Node::Sequence(sequence)) => sequence.items.iter().position(|item| {
            let found = if key.is_empty() { item.as_str() } else { item.get(key).and_then(Node::as_str) };
            found == Some(value)
        }),
        _ => None,
    }
}
