//! A place in a resource: the keys and items that lead to it.

use std::borrow::Cow;
use std::fmt;

use hagane_yaml::{Mapping, Node, Scalar, Span, Text};

/// The keys and items from the top of a resource to a field, which need not be there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldPath {
    steps: Vec<Step>,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A key of a mapping.
    Key(Cow<'static, str>),
    /// A key that was decrypted: it leads to its value, and is not shown.
    Secret(Text),
    /// An item of a sequence, counted from 0.
    Item(usize),
}

impl From<&'static str> for Step {
    fn from(key: &'static str) -> Step {
        Step::Key(Cow::Borrowed(key))
    }
}

impl Step {
    /// Returns the key.
    fn key(&self) -> Option<&str> {
        match self {
            Step::Key(key) => Some(key),
            Step::Secret(key) => Some(key.as_str()),
            Step::Item(_) => None,
        }
    }

    /// Returns the key for a message.
    fn shown(&self) -> Option<&str> {
        match self {
            Step::Secret(key) => Some(key.shown()),
            step => step.key(),
        }
    }
}

impl FieldPath {
    /// Returns the path of keys.
    pub fn of(keys: &[&'static str]) -> FieldPath {
        FieldPath::default().keys(keys)
    }

    /// Returns the path with a key more.
    pub fn key(&self, key: impl Into<Cow<'static, str>>) -> FieldPath {
        self.with([Step::Key(key.into())])
    }

    /// Returns the path with a key more that stands in a resource.
    pub fn key_of(&self, key: &Scalar) -> FieldPath {
        match key.text.is_sensitive() {
            true => self.with([Step::Secret(key.text.clone())]),
            false => self.key(key.text.as_str().to_owned()),
        }
    }

    /// Returns the path with more keys.
    pub fn keys(&self, keys: &[&'static str]) -> FieldPath {
        self.with(keys.iter().copied().map(Step::from))
    }

    /// Returns the path with an item more.
    pub fn item(&self, index: usize) -> FieldPath {
        self.with([Step::Item(index)])
    }

    /// Returns the path with more steps.
    pub(crate) fn with(&self, more: impl IntoIterator<Item = Step>) -> FieldPath {
        let more = more.into_iter();
        let mut steps = Vec::with_capacity(self.steps.len() + more.size_hint().0);
        steps.extend_from_slice(&self.steps);
        steps.extend(more);
        FieldPath { steps }
    }

    /// Returns the steps.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns the node at the path.
    pub fn get<'n>(&self, top: &'n Node) -> Option<&'n Node> {
        self.steps.iter().try_fold(top, child)
    }

    /// Returns the nodes on the way that are there, each with the place where a person would look for it.
    pub(crate) fn way<'n>(&self, top: &'n Node) -> impl Iterator<Item = (Span, &'n Node)> {
        let mut node = top;
        self.steps.iter().map_while(move |step| {
            let entry = node.as_mapping().zip(step.key()).and_then(|(mapping, key)| mapping.entry(key));
            node = entry.map(|entry| &entry.value).or_else(|| child(node, step))?;
            // A key is where a person looks for a field; a mapping starts below it.
            let key = entry.map(|entry| entry.key.span);
            let key = key.filter(|key| key.is_known() && key.file == node.span().file);
            Some((key.unwrap_or(node.span()), node))
        })
    }

    /// Returns where a person would write the field: its own place, or that of the nearest node
    /// around it that has one.
    pub fn span(&self, top: &Node) -> Span {
        let known = self.way(top).map(|(span, _)| span).filter(|span| span.is_known());
        known.last().unwrap_or(top.span())
    }

    /// Puts a value at the path and returns what was there, or the value where there is no way to it.
    /// Mappings on the way are made, sequences are not.
    pub fn set(&self, top: &mut Node, value: Node) -> Result<Option<Node>, Node> {
        let Some((last, way)) = self.steps.split_last() else { return Err(value) };
        let Some(node) = made(way, top) else { return Err(value) };
        match (node, last, last.key()) {
            (Node::Mapping(mapping), _, Some(key)) => match mapping.get_mut(key) {
                Some(old) => Ok(Some(std::mem::replace(old, value))),
                None => {
                    mapping.push(key, value);
                    Ok(None)
                }
            },
            (Node::Sequence(sequence), Step::Item(index), _) if *index == sequence.items.len() => {
                sequence.items.push(value);
                Ok(None)
            }
            (Node::Sequence(sequence), Step::Item(index), _) => match sequence.items.get_mut(*index) {
                Some(old) => Ok(Some(std::mem::replace(old, value))),
                None => Err(value),
            },
            _ => Err(value),
        }
    }

    /// Returns the mapping at the path, made as [`FieldPath::set`] makes those on the way; nothing where
    /// there is no way to it.
    pub(crate) fn mapping_mut<'n>(&self, top: &'n mut Node) -> Option<&'n mut Mapping> {
        made(&self.steps, top)?.as_mapping_mut()
    }

    /// Returns whether [`FieldPath::set`] would find a way.
    pub fn has_way(&self, top: &Node) -> bool {
        let Some((last, way)) = self.steps.split_last() else { return false };
        let mut node = top;
        for (depth, step) in way.iter().enumerate() {
            match child(node, step) {
                Some(next) if !next.is_null() => node = next,
                // From here on, mappings are made.
                next => {
                    let is_room = next.is_some() || node.as_mapping().is_some();
                    return is_room && self.steps[depth..].iter().skip(1).all(|step| step.key().is_some());
                }
            }
        }
        match (node, last) {
            (Node::Mapping(_), step) => step.key().is_some(),
            (Node::Sequence(sequence), Step::Item(index)) => *index <= sequence.items.len(),
            _ => false,
        }
    }

    /// Returns the path of the place behind the last item of the list at the path; nothing where no list is.
    pub fn end(&self, top: &Node) -> Option<FieldPath> {
        self.get(top).and_then(Node::as_sequence).map(|list| self.item(list.items.len()))
    }

    /// Takes away what is at the path and returns it. Items of sequences stay.
    pub fn remove(&self, top: &mut Node) -> Option<Node> {
        let (last, way) = self.steps.split_last()?;
        let mut node = top;
        for step in way {
            node = match (node, step, step.key()) {
                (Node::Mapping(mapping), _, Some(key)) => mapping.get_mut(key)?,
                (Node::Sequence(sequence), Step::Item(index), _) => sequence.items.get_mut(*index)?,
                _ => return None,
            };
        }
        node.as_mapping_mut()?.remove(last.key()?)
    }

    /// Returns the path as a JSON pointer.
    pub fn pointer(&self) -> String {
        let mut out = String::new();
        for step in &self.steps {
            out.push('/');
            match (step, step.shown()) {
                (Step::Item(index), _) => out.push_str(&index.to_string()),
                (_, key) => out.push_str(&key.unwrap_or_default().replace('~', "~0").replace('/', "~1")),
            }
        }
        out
    }
}

fn child<'n>(node: &'n Node, step: &Step) -> Option<&'n Node> {
    match (node, step) {
        (Node::Mapping(mapping), step) => mapping.get(step.key()?),
        (Node::Sequence(sequence), Step::Item(index)) => sequence.items.get(*index),
        _ => None,
    }
}

/// Returns the node to which steps lead, and makes mappings where nothing is.
fn made<'n>(steps: &[Step], top: &'n mut Node) -> Option<&'n mut Node> {
    let mut node = top;
    for step in steps {
        node = match (node, step, step.key()) {
            (Node::Mapping(mapping), _, Some(key)) => below(mapping, key),
            (Node::Sequence(sequence), Step::Item(index), _) => sequence.items.get_mut(*index)?,
            _ => return None,
        };
        if node.is_null() {
            *node = Node::mapping();
        }
    }
    Some(node)
}

fn below<'n>(mapping: &'n mut Mapping, key: &str) -> &'n mut Node {
    let place = mapping.position(key).unwrap_or_else(|| {
        mapping.push(key, Node::mapping());
        mapping.entries.len() - 1
    });
    &mut mapping.entries[place].value
}

/// For people: `spec.containers[0].image`, and `metadata.annotations["example.com/a"]`.
impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.steps.is_empty() {
            return f.write_str("the resource");
        }
        for (index, step) in self.steps.iter().enumerate() {
            let is_plain =
                |key: &str| key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            match (step, step.shown()) {
                (Step::Item(item), _) => write!(f, "[{item}]")?,
                (_, Some(key)) if is_plain(key) => {
                    write!(f, "{}{key}", if index > 0 { "." } else { "" })?;
                }
                (_, key) => write!(f, "[\"{}\"]", key.unwrap_or_default())?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Node {
        hagane_yaml::parse(text, Default::default(), &Default::default()).unwrap().remove(0)
    }

    #[test]
    fn values_are_put_where_mappings_lead() {
        let check = |before: &str, path: &FieldPath, after: Option<&str>| {
            let mut node = read(before);
            let done = path.set(&mut node, Node::string("x")).is_ok();
            assert_eq!(path.has_way(&read(before)), done, "{before} {path}");
            assert_eq!(done.then_some(node), after.map(read), "{before} {path}");
        };
        let path = FieldPath::of(&["a", "b"]);
        check("{}", &path, Some("{a: {b: x}}"));
        check("{a: }", &path, Some("{a: {b: x}}"));
        check("{a: {b: y}}", &path, Some("{a: {b: x}}"));
        check("{a: y}", &path, None);
        check("{a: [y]}", &FieldPath::of(&["a"]).item(0), Some("{a: [x]}"));
        check("{a: [y]}", &FieldPath::of(&["a"]).item(1), Some("{a: [y, x]}"));
        check("{a: [y]}", &FieldPath::of(&["a"]).item(2), None);
        check("{a: [y]}", &path, None);
        check("{}", &FieldPath::of(&["a"]).item(0), None);
        check("{a: }", &FieldPath::of(&["a"]).item(0).key("b"), None);
    }

    #[test]
    fn paths_are_written_for_people_and_for_machines() {
        let path = FieldPath::of(&["spec", "containers"]).item(2).key("a.b/c");
        assert_eq!(path.to_string(), "spec.containers[2][\"a.b/c\"]");
        assert_eq!(path.pointer(), "/spec/containers/2/a.b~1c");
    }
}
