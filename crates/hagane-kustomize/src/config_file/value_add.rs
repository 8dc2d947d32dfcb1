//! `ValueAddTransformer`: a text put into fields, or a part into paths.

use hagane_resource::{Diagnostic, ResourceSet};
use hagane_yaml::{Entry, Mapping, Node, Scalar, Sequence, Span, Text};

use super::config_documents;
use crate::decode::{Object, Strictness};
use crate::selector::{Compared, Selector};
use crate::sources::{Root, Sources};
use crate::transformer::{Subjects, set_namespace_of};

/// Where the text goes.
struct Target {
    selector: Option<Selector>,
    path: String,
    /// The place of the part in a path, counted from 1; 0 sets the field whole.
    position: i64,
    span: Span,
}

/// Applies the transformer that `object` describes.
pub(super) fn value_add(
    object: &Object,
    resources: &mut ResourceSet,
    root: &Root,
    sources: &Sources,
) -> Result<(), Diagnostic> {
    let value = match object.text("value")?.trim() {
        // kustomize takes the name of the kustomization's directory.
        "" => root.path().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        value => value.to_owned(),
    };
    let target = |node: &Node| target(node, object.span);
    let mut targets = object.list("targets", target)?;
    if let Some(path) = object.string("targetFilePath")?.filter(|path| !path.is_empty()) {
        let documents = config_documents(&path, root, sources, false)?;
        for document in documents.into_iter().filter(|document| !document.is_null()) {
            targets.extend(
                Object::lenient(&document, "a file of targets", &["targets"])?.list("targets", target)?,
            );
        }
    }
    if targets.is_empty() {
        return Err(object.missing("targets").hinted("for example `targets: [{fieldPath: data/key}]`"));
    }
    targets.iter().try_for_each(|target| apply(target, &value, resources, sources.compared()))
}

fn target(node: &Node, at: Span) -> Result<Target, Diagnostic> {
    // `notSelector` is documented, and has no effect.
    let names = &["selector", "fieldPath", "filePathPosition"];
    let empty = Node::mapping();
    let target = Object::lenient(if node.is_null() { &empty } else { node }, "a target", names)?;
    let selector =
        target.get("selector").map(|node| Selector::decode(node, Strictness::Lenient)).transpose()?;
    let path = target.text("fieldPath")?;
    if path.is_empty() {
        return Err(target.missing("fieldPath").or_at(at).hinted("for example `fieldPath: data/key`"));
    }
    let position = target.integer("filePathPosition")?.unwrap_or_default();
    let span = target.get("filePathPosition").map_or(at, Node::span);
    if position < 0 {
        return Err(Diagnostic::error(span, "`filePathPosition` cannot be negative")
            .hinted("parts of a path are counted from 1; 0 sets the field whole"));
    }
    let span = target.get("fieldPath").map_or(at, Node::span);
    Ok(Target { selector, path, position, span })
}

fn apply(
    target: &Target,
    value: &str,
    resources: &mut ResourceSet,
    compared: Compared,
) -> Result<(), Diagnostic> {
    let parts: Vec<&str> = target.path.split('/').map(str::trim).filter(|part| !part.is_empty()).collect();
    for resource in resources.iter_mut() {
        if let Some(selector) = &target.selector
            && !selector.takes(resource, compared)?
        {
            continue;
        }
        if target.path == "metadata/namespace" {
            set_namespace_of(resource, value, &[], Subjects::Default, false)?;
            continue;
        }
        resource.edit(|tree| match find(tree, &parts, target.span)? {
            None => Ok(()),
            Some(node) => set(node, value, target),
        })?;
    }
    Ok(())
}

fn set(node: &mut Node, value: &str, target: &Target) -> Result<(), Diagnostic> {
    let Node::Scalar(old) = node else {
        let error = Diagnostic::error(target.span, format!("`{}` is not a single value", target.path));
        return Err(error.hinted("the path must lead to a text"));
    };
    let text = match target.position {
        0 => value.to_owned(),
        position => with_part(old.text.as_str(), value, position),
    };
    // The text decides anew what it is, unless the old one was in quotes.
    let text = Text::marked_as(text, &old.text);
    *old = old.with_text(text);
    Ok(())
}

/// Returns the node at a path, made where it is missing. A null on the way leads nowhere.
fn find<'n>(node: &'n mut Node, parts: &[&str], at: Span) -> Result<Option<&'n mut Node>, Diagnostic> {
    let Some((part, rest)) = parts.split_first() else { return Ok(Some(node)) };
    let wrong = |what: &str| {
        Diagnostic::error(at, format!("`{part}` in the path stands for {what}"))
            .hinted("for example `spec/template/spec/containers/0/image`")
    };
    if node.is_null() {
        return Ok(None);
    }
    let next = match node {
        Node::Sequence(sequence) => match index(part) {
            Some(Index::At(place)) => sequence.items.get_mut(place),
            Some(Index::Last) => {
                Some(sequence.items.last_mut().ok_or_else(|| wrong("the end of an empty list"))?)
            }
            Some(Index::Item(key, value)) => Some(item(sequence, key, value)),
            None => return Err(wrong("a field, and there is a list")),
        },
        Node::Mapping(mapping) if index(part).is_none() => {
            if mapping.get(part).is_none() {
                mapping.entries.push(Entry { key: Scalar::bare(*part), value: made(rest) });
            }
            mapping.get_mut(part)
        }
        Node::Mapping(_) => return Err(wrong("an item, and there is a mapping")),
        Node::Scalar(_) => return Err(wrong("what a single value cannot hold")),
    };
    next.map_or(Ok(None), |next| find(next, rest, at))
}

/// A part of a path that is about a list.
enum Index<'p> {
    At(usize),
    Last,
    Item(&'p str, &'p str),
}

fn index(part: &str) -> Option<Index<'_>> {
    let inner = part.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match (part, inner.and_then(|inner| inner.split_once('='))) {
        ("-", _) => Some(Index::Last),
        (_, Some((key, value))) => Some(Index::Item(key, value)),
        (part, None) => part.parse().ok().map(Index::At),
    }
}

/// Returns the item with a value at a key, made where there is none.
fn item<'s>(sequence: &'s mut Sequence, key: &str, value: &str) -> &'s mut Node {
    let is_it = |item: &Node| {
        let text = if key.is_empty() { item.as_str() } else { item.get(key).and_then(Node::as_str) };
        text == Some(value)
    };
    let place = sequence.items.iter().position(is_it).unwrap_or(sequence.items.len());
    if place == sequence.items.len() {
        sequence.items.push(match key {
            "" => Node::Scalar(Scalar::bare(value)),
            key => {
                let mut mapping = Mapping::default();
                mapping.push(key, Node::Scalar(Scalar::bare(value)));
                Node::Mapping(mapping)
            }
        });
    }
    &mut sequence.items[place]
}

/// Returns what is made for the rest of a path.
fn made(rest: &[&str]) -> Node {
    match rest.first().map(|part| index(part)) {
        None => Node::Scalar(Scalar::bare("")),
        Some(Some(_)) => Node::Sequence(Sequence::default()),
        Some(None) => Node::mapping(),
    }
}

/// Returns a file path with a part more at a place, counted from 1; behind all parts when it has fewer.
fn with_part(path: &str, part: &str, position: i64) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    let at = usize::try_from(position - 1).unwrap_or(parts.len()).min(parts.len());
    parts.insert(at, part);
    format!("{}{}", if absolute { "/" } else { "" }, parts.join("/"))
}
