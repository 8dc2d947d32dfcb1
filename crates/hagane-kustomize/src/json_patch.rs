//! JSON patches (RFC 6902), as the library behind kustomize applies them.
//!
//! It is more lenient than the standard: negative indices count from the end, `replace` makes a missing key,
//! a value that is not given is null. What went through a patch went through JSON: numbers are floats, texts
//! have lost their styles.

use hagane_resource::Diagnostic;
use hagane_yaml::scalar::{Value, value};
use hagane_yaml::{Node, Scalar, Span, Tag};

use crate::decode::{Located, Object};
use crate::json_form::{keys_through_json, through_json, value_through_json};

/// One operation of a patch.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    /// Where it stands.
    pub span: Span,
    verb: Verb,
    path: Located<String>,
    from: Option<Located<String>>,
    value: Option<Node>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Add,
    Remove,
    Replace,
    Move,
    Copy,
    Test,
}

/// The operations of a patch. What is wrong with one matters when its turn comes: a patch that is for no resource may
/// hold anything.
pub(crate) type Operations = Vec<Result<Operation, Diagnostic>>;

/// Returns the operations of a patch: a list of mappings, read as JSON or as YAML 1.1.
pub(crate) fn operations(node: &Node) -> Result<Operations, Diagnostic> {
    let Node::Sequence(sequence) = node else {
        return Err(Diagnostic::error(node.span(), "a JSON patch must be a list of operations"));
    };
    let no_mapping = |item: &&Node| !matches!(item, Node::Mapping(_)) && !item.is_null();
    match sequence.items.iter().find(no_mapping) {
        Some(item) => Err(must_be_a_mapping(item)),
        None => refuse_no_numbers(&mut node.clone())
            .and_then(|()| refuse_no_keys(node))
            .map(|()| sequence.items.iter().map(operation).collect()),
    }
}

/// Refuses infinities and NaN anywhere: a patch is read as JSON, whether it is for a resource or not, and so is what it
/// is laid over.
fn refuse_no_numbers(node: &mut Node) -> Result<(), Diagnostic> {
    let mut found = None;
    node.for_each_scalar(&mut |scalar| {
        if matches!(value(scalar), Ok(Value::Float(number)) if !number.is_finite()) {
            found = Some(scalar.span);
        }
    });
    found.map_or(Ok(()), |span| Err(no_json(span)))
}

/// Refuses keys that the way to JSON has no text for: nulls, and integers that are too large.
fn refuse_no_keys(node: &Node) -> Result<(), Diagnostic> {
    match node {
        Node::Mapping(mapping) => mapping.entries.iter().try_for_each(|entry| {
            if matches!(value(&entry.key), Ok(Value::Null | Value::Uint(_))) {
                let message = format!("`{}` cannot be a key here", entry.key.text.shown());
                return Err(Diagnostic::error(entry.key.span, message).hinted("put the key in quotes"));
            }
            refuse_no_keys(&entry.value)
        }),
        Node::Sequence(sequence) => sequence.items.iter().try_for_each(refuse_no_keys),
        Node::Scalar(_) => Ok(()),
    }
}

fn no_json(span: Span) -> Diagnostic {
    Diagnostic::error(span, "the value cannot be written as JSON")
        .hinted("infinite numbers and NaN are no JSON")
}

fn must_be_a_mapping(item: &Node) -> Diagnostic {
    Diagnostic::error(item.span(), "an operation of a JSON patch must be a mapping")
        .hinted("for example `{op: remove, path: /spec/replicas}`")
}

fn operation(node: &Node) -> Result<Operation, Diagnostic> {
    let Node::Mapping(mapping) = node else { return Err(must_be_a_mapping(node)) };
    // Unlike everywhere else, fields that nobody knows are let through.
    let known = ["op", "path", "from", "value"];
    let entries = mapping.entries.iter().filter(|e| known.contains(&e.key.text.as_str())).cloned().collect();
    let own = Node::Mapping(hagane_yaml::Mapping { entries, span: mapping.span, ..Default::default() });
    let object = Object::new(&own, "an operation of a JSON patch", &["op", "path", "from", "value"])?;
    let op = object.string("op")?.ok_or_else(|| object.missing("op"))?;
    let verb = match op.as_str() {
        "add" => Verb::Add,
        "remove" => Verb::Remove,
        "replace" => Verb::Replace,
        "move" => Verb::Move,
        "copy" => Verb::Copy,
        "test" => Verb::Test,
        other => {
            let error = Diagnostic::error(op.span, format!("`{other}` is no operation of a JSON patch"));
            return Err(error.hinted("the operations are add, remove, replace, move, copy and test"));
        }
    };
    let path = object.string("path")?.ok_or_else(|| object.missing("path"))?;
    let from = object.string("from")?;
    if from.is_none() && matches!(verb, Verb::Move | Verb::Copy) {
        return Err(object.missing("from"));
    }
    let value = mapping.entries.iter().rev().find(|entry| entry.key.text == "value").map(|entry| {
        let mut value = entry.value.clone();
        keys_through_json(&mut value);
        value_through_json(&mut value);
        value
    });
    if let Some(value) = value.as_ref().filter(|value| hagane_yaml::emit::json(value).is_none()) {
        return Err(no_json(value.span()));
    }
    Ok(Operation { span: mapping.span, verb, path, from, value })
}

/// Applies the operations, in order.
pub(crate) fn apply(tree: &mut Node, operations: &[Result<Operation, Diagnostic>]) -> Result<(), Diagnostic> {
    refuse_no_numbers(tree)?;
    through_json(tree);
    let mut copied = 0;
    operations
        .iter()
        .try_for_each(|operation| operation.as_ref().map_err(Diagnostic::clone)?.apply(tree, &mut copied))
}

/// Nodes that the copies of a patch may make: each copy can double a resource.
const MAX_COPIED: usize = 1_000_000;

impl Operation {
    fn apply(&self, tree: &mut Node, copied: &mut usize) -> Result<(), Diagnostic> {
        let value = || self.value.clone().unwrap_or_else(|| null(self.span));
        match self.verb {
            Verb::Add => self.add(tree, value()),
            Verb::Remove => self.take(tree, &self.path).map(drop),
            Verb::Replace => self.replace(tree, value()),
            Verb::Test => self.test(tree),
            Verb::Move => {
                let node = self.take(tree, self.from())?;
                self.add(tree, node)
            }
            Verb::Copy => {
                let from = self.from();
                let (container, key) = self.container(tree, from)?;
                let node = match container {
                    Node::Sequence(sequence) => {
                        sequence.items[self.index(&key, sequence.items.len(), from)?].clone()
                    }
                    other => other.get(&key).cloned().unwrap_or_else(|| null(self.span)),
                };
                *copied += node.size();
                if *copied > MAX_COPIED {
                    let message = format!("the copies of this patch make more than {MAX_COPIED} nodes");
                    return Err(Diagnostic::error(self.span, message));
                }
                self.add(tree, node)
            }
        }
    }

    /// Returns whether the operation reads or writes all annotations, or one that kustomize keeps its notes in.
    pub(crate) fn sees_notes(&self) -> bool {
        let sees = |path: &Located<String>| {
            let way = "/metadata/annotations";
            way.starts_with(path.as_str()) || path.starts_with(way) && path.contains("config.k")
        };
        sees(&self.path) || self.from.as_ref().is_some_and(sees)
    }

    fn from(&self) -> &Located<String> {
        self.from.as_ref().unwrap_or(&self.path)
    }

    fn add(&self, tree: &mut Node, node: Node) -> Result<(), Diagnostic> {
        match self.container(tree, &self.path)? {
            (Node::Mapping(mapping), key) => mapping.set(&key, node),
            (Node::Sequence(sequence), key) => {
                let end = sequence.items.len();
                let index = if key == "-" { end } else { self.index(&key, end + 1, &self.path)? };
                sequence.items.insert(index, node);
            }
            _ => return Err(self.no_parent(&self.path)),
        }
        Ok(())
    }

    fn replace(&self, tree: &mut Node, node: Node) -> Result<(), Diagnostic> {
        if self.path.is_empty() {
            // The whole resource; what comes must be one.
            if !matches!(&node, Node::Mapping(mapping) if !mapping.entries.is_empty()) {
                return Err(Diagnostic::error(self.span, "a resource can only be replaced by a mapping"));
            }
            *tree = node;
            return Ok(());
        }
        match self.container(tree, &self.path)? {
            (Node::Mapping(mapping), key) => mapping.set(&key, node),
            (Node::Sequence(sequence), key) => {
                let index = self.index(&key, sequence.items.len(), &self.path)?;
                sequence.items[index] = node;
            }
            _ => return Err(self.no_parent(&self.path)),
        }
        Ok(())
    }

    fn take(&self, tree: &mut Node, path: &Located<String>) -> Result<Node, Diagnostic> {
        match self.container(tree, path)? {
            (Node::Sequence(sequence), key) => {
                let index = self.index(&key, sequence.items.len(), path)?;
                Ok(sequence.items.remove(index))
            }
            (Node::Mapping(mapping), key) => match mapping.remove(&key) {
                Some(node) => Ok(node),
                None => {
                    let error = Diagnostic::error(
                        path.span,
                        format!("the path `{}` does not exist in the resource", **path),
                    );
                    let keys = mapping.entries.iter().map(|e| e.key.text.as_str());
                    Err(match hagane_resource::nearest(&key, keys) {
                        Some(name) => error.hinted(format!("there is `{name}`")),
                        None => error.hinted("take the operation out, or name a field that is there"),
                    })
                }
            },
            _ => Err(self.no_parent(path)),
        }
    }

    fn test(&self, tree: &mut Node) -> Result<(), Diagnostic> {
        let expected = self.value.as_ref().filter(|v| !v.is_null());
        let (container, key) = self.container(tree, &self.path)?;
        let found = match container {
            Node::Sequence(sequence) => {
                Some(&sequence.items[self.index(&key, sequence.items.len(), &self.path)?])
            }
            other => other.get(&key),
        };
        let found = found.filter(|node| !node.is_null());
        let same = match (found, expected) {
            (Some(found), Some(expected)) => same(found, expected),
            (None, None) => true,
            _ => false,
        };
        if same {
            return Ok(());
        }
        // The values are not shown: either may be a secret.
        let error =
            Diagnostic::error(self.span, format!("the test of `{}` failed: the value differs", *self.path));
        Err(error
            .hinted("the operations after a failed test are not carried out; mend the test or the resource"))
    }

    /// Returns what holds the end of a path, and the last key.
    fn container<'t>(
        &self,
        tree: &'t mut Node,
        path: &Located<String>,
    ) -> Result<(&'t mut Node, String), Diagnostic> {
        let keys: Vec<String> =
            path.split('/').skip(1).map(|key| key.replace("~1", "/").replace("~0", "~")).collect();
        let Some((last, way)) = keys.split_last() else {
            let error = Diagnostic::error(path.span, format!("the path `{}` names no field", **path));
            return Err(error.hinted("a path starts with a slash: `/spec/replicas`"));
        };
        let mut depth = 0;
        let mut node = &mut *tree;
        for key in way {
            node = match node {
                Node::Sequence(sequence) => {
                    let index = self.index(key, sequence.items.len(), path)?;
                    &mut sequence.items[index]
                }
                Node::Mapping(mapping) => match mapping.position(key) {
                    Some(index) => &mut mapping.entries[index].value,
                    None => {
                        return Err(missing_step(
                            path,
                            &keys[..=depth],
                            mapping.entries.iter().map(|e| e.key.text.as_str()),
                        ));
                    }
                },
                Node::Scalar(_) => return Err(missing_step(path, &keys[..=depth], std::iter::empty())),
            };
            depth += 1;
        }
        match node {
            Node::Scalar(_) => {
                Err(missing_step(path, &keys[..=depth.min(keys.len() - 1)], std::iter::empty()))
            }
            node => Ok((node, last.clone())),
        }
    }

    fn no_parent(&self, path: &Located<String>) -> Diagnostic {
        Diagnostic::error(path.span, format!("the path `{}` leads into a single value", **path))
    }

    /// Returns the place that a text names in a list of `len`; negative ones count from the end.
    fn index(&self, text: &str, len: usize, path: &Located<String>) -> Result<usize, Diagnostic> {
        let index: i64 = text.parse().map_err(|_| {
            let error = Diagnostic::error(
                path.span,
                format!("`{text}` in the path `{}` is no place in a list", **path),
            );
            error.hinted("places are numbers from 0; `-` at the end of a path appends")
        })?;
        let place = if index < 0 { index + len as i64 } else { index };
        match usize::try_from(place) {
            Ok(place) if place < len => Ok(place),
            _ => {
                let message = format!("the path `{}` goes to item {index} of a list that is shorter", **path);
                Err(Diagnostic::error(path.span, message).hinted("`-` at the end of a path appends"))
            }
        }
    }
}

fn missing_step<'a>(
    path: &Located<String>,
    way: &[String],
    names: impl Iterator<Item = &'a str>,
) -> Diagnostic {
    let step = way.last().map_or("", String::as_str);
    let error = Diagnostic::error(
        path.span,
        format!("the path `{}` does not exist: there is no `/{}`", **path, way.join("/")),
    );
    match hagane_resource::nearest(step, names) {
        Some(name) => error.hinted(format!("there is `{name}`")),
        None => error.hinted("add the parent first: `op: add` makes only the last step of a path"),
    }
}

fn null(span: Span) -> Node {
    Node::Scalar(Scalar { tag: Tag::Null, text: "null".into(), span, ..Scalar::default() })
}

/// Returns whether two values are the same JSON; 1 and 1.0 are not, nor are mappings with a key more.
fn same(a: &Node, b: &Node) -> bool {
    match (a, b) {
        (Node::Mapping(a), Node::Mapping(b)) => {
            a.entries.len() == b.entries.len()
                && a.entries
                    .iter()
                    .all(|e| b.get(e.key.text.as_str()).is_some_and(|value| same(&e.value, value)))
        }
        (Node::Sequence(a), Node::Sequence(b)) => {
            a.items.len() == b.items.len() && a.items.iter().zip(&b.items).all(|(a, b)| same(a, b))
        }
        (Node::Scalar(a), Node::Scalar(b)) => value(a).ok() == value(b).ok(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hagane_yaml::emit::go_v2;
    use hagane_yaml::{Dialect, FileId, ParseOptions, parse};

    fn patched(tree: &str, patch: &str) -> Result<String, Diagnostic> {
        let read = |text, dialect| {
            let options = ParseOptions { dialect, ..ParseOptions::default() };
            parse(text, FileId::default(), &options).expect("the case parses").remove(0)
        };
        let mut tree = read(tree, Dialect::V3);
        apply(&mut tree, &operations(&read(patch, Dialect::V2))?)?;
        Ok(go_v2(&tree).expect("the case can be written"))
    }

    /// The results were seen with kustomize 5.8.1.
    #[track_caller]
    fn check(patch: &str, want: &str) {
        let tree = "{l: [a, b, c], m: {k: 1, e: null}, s: x, 'a/b': 1}";
        let want = patched(want, "[]").expect("an empty patch applies");
        assert_eq!(patched(tree, patch), Ok(want), "{patch}");
    }

    #[track_caller]
    fn refused(patch: &str, message: &str) {
        let error = patched("{l: [a], m: {k: 1}, s: x}", patch).expect_err(patch);
        assert_eq!(error.message, message);
        assert!(error.span.is_known(), "{patch} has a place");
    }

    #[test]
    fn operations_do_what_the_standard_says() {
        let rest = "m: {k: 1, e: null}, s: x, 'a/b': 1";
        check("[{op: add, path: /l/1, value: z}]", &format!("{{l: [a, z, b, c], {rest}}}"));
        check("[{op: add, path: /l/-, value: z}]", &format!("{{l: [a, b, c, z], {rest}}}"));
        check("[{op: remove, path: /l/0}]", &format!("{{l: [b, c], {rest}}}"));
        check("[{op: move, from: /l/0, path: /l/2}]", &format!("{{l: [b, c, a], {rest}}}"));
        check("[{op: copy, from: /s, path: /l/0}]", &format!("{{l: [x, a, b, c], {rest}}}"));
        check("[{op: replace, path: /a~1b, value: 2}]", "{l: [a, b, c], m: {k: 1, e: null}, s: x, 'a/b': 2}");
        check("[{op: test, path: /m, value: {k: 1, e: null}}]", &format!("{{l: [a, b, c], {rest}}}"));
    }

    #[test]
    fn operations_are_as_lenient_as_kustomize() {
        let rest = "m: {k: 1, e: null}, s: x, 'a/b': 1";
        check("[{op: add, path: /l/-1, value: z}]", &format!("{{l: [a, b, c, z], {rest}}}"));
        check("[{op: remove, path: /l/-1}]", &format!("{{l: [a, b], {rest}}}"));
        check("[{op: replace, path: /l/+1, value: z}]", &format!("{{l: [a, z, c], {rest}}}"));
        check("[{op: replace, path: /new, value: z}]", &format!("{{l: [a, b, c], {rest}, new: z}}"));
        check("[{op: add, path: /new}]", &format!("{{l: [a, b, c], {rest}, new: null}}"));
        check("[{op: test, path: /m/none, value: null}]", &format!("{{l: [a, b, c], {rest}}}"));
        check("[{op: add, path: /new, value: yes}]", &format!("{{l: [a, b, c], {rest}, new: true}}"));
        check("[{op: add, path: /new, value: 0123}]", &format!("{{l: [a, b, c], {rest}, new: 83}}"));
        check(
            "[{op: add, path: /new, value: 12345678901234567890}]",
            &format!("{{l: [a, b, c], {rest}, new: 12345678901234567000}}"),
        );
    }

    #[test]
    fn what_does_not_apply_says_where() {
        refused(
            "[{op: add, path: /none/deep, value: 1}]",
            "the path `/none/deep` does not exist: there is no `/none`",
        );
        refused("[{op: remove, path: /none}]", "the path `/none` does not exist in the resource");
        refused("[{op: remove, path: /l/3}]", "the path `/l/3` goes to item 3 of a list that is shorter");
        refused("[{op: add, path: /l/x, value: 1}]", "`x` in the path `/l/x` is no place in a list");
        refused("[{op: test, path: /s, value: y}]", "the test of `/s` failed: the value differs");
        refused("[{op: add, path: '', value: 1}]", "the path `` names no field");
        refused("[{op: mend, path: /s}]", "`mend` is no operation of a JSON patch");
        refused("[{op: move, path: /s}]", "an operation of a JSON patch needs the field `from`");
        refused("{op: add}", "a JSON patch must be a list of operations");
    }
}
