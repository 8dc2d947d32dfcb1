//! Replacements: a value copied from one resource into fields of others.

mod structured;

use hagane_resource::{Diagnostic, Resource, ResourceSet};
use hagane_yaml::{Node, Scalar, Span, Tag, Text};

use crate::field_path::{self, Missing, Step};
use crate::kustomization::{FieldOptions, Replacement, ReplacementSource, ReplacementTarget};
use crate::notes::with_notes;
use crate::selector::{Compared, Selector, nearest_resource};

/// Carries out a replacement.
pub(crate) fn replace(
    resources: &mut ResourceSet,
    replacement: &Replacement,
    compared: Compared,
) -> Result<(), Diagnostic> {
    let source = &replacement.source;
    let mut value = source_value(resources, source, compared)?;
    let live = live_source(resources, source);
    for target in &replacement.targets {
        let paths = target.paths()?;
        for place in 0..resources.len() {
            if !target.takes(resources.get(place), compared)? {
                continue;
            }
            for (path, steps, span) in &paths {
                resources.change(place, |resource| {
                    let noted = resource.is_annotated_by_build();
                    resource.edit(|tree| {
                        if noted {
                            open_annotations(tree);
                        }
                        put(tree, steps, path, *span, target, &value)
                    })
                })?;
                refuse_nameless(resources.get(place), *span)?;
                if live == Some(place)
                    && let Ok(now) = value_in(resources.get(place), source, compared)
                {
                    value = now;
                }
            }
        }
    }
    Ok(())
}

/// Makes a mapping of annotations that are null: kustomize has put notes there.
fn open_annotations(tree: &mut Node) {
    if let Some(Node::Mapping(metadata)) = tree.get_mut("metadata")
        && let Some(annotations) = metadata.get_mut("annotations").filter(|node| node.is_null())
    {
        *annotations = Node::mapping();
    }
}

/// Refuses a replacement that takes the name or the kind away.
fn refuse_nameless(resource: &Resource, at: Span) -> Result<(), Diagnostic> {
    let is_null = |node: &&Node| node.as_scalar().is_some_and(|scalar| scalar.tag == Tag::Null);
    let text = |keys: &[&str]| resource.tree().at(keys).filter(|node| !is_null(node)).and_then(Node::as_str);
    let gone = [("kind", text(&["kind"])), ("metadata.name", text(&["metadata", "name"]))];
    match gone.iter().find(|(_, text)| text.is_none_or(str::is_empty)) {
        Some((field, _)) if !resource.gvk().kind.ends_with("List") => {
            let message = format!("the replacement leaves a resource without `{field}`");
            Err(Diagnostic::error(at, message).hinted("the source must be a text that is not empty"))
        }
        _ => Ok(()),
    }
}

/// Returns the place of the resource that the value is a node of. kustomize reads that node again for each field it
/// writes, so what a target has made of it goes on; a part of a text is a copy.
fn live_source(resources: &ResourceSet, source: &ReplacementSource) -> Option<usize> {
    let ReplacementSource::Field { selector, options, .. } = source else { return None };
    if !options.delimiter.is_empty() {
        return None;
    }
    let resource = source_resource(resources, selector).ok()?;
    resources.iter().position(|other| std::ptr::eq(other, resource))
}

impl ReplacementTarget {
    /// Returns whether the resource is meant. What `reject` says about ids and what it says about labels each reject
    /// alone, as in kustomize.
    fn takes(&self, resource: &Resource, compared: Compared) -> Result<bool, Diagnostic> {
        if !self.select.takes_labels(resource, compared)? {
            return Ok(false);
        }
        for reject in self.reject.iter().filter(|reject| reject.has_labels()) {
            if reject.takes_labels(resource, compared)? {
                return Ok(false);
            }
        }
        let ids: Vec<_> = resource.former_ids().chain([resource.id().clone()]).collect();
        let by_id = |s: &Selector| {
            ids.iter()
                .any(|id| s.takes_gvk(&id.gvk) && s.name.takes(&id.name) && s.namespace.takes(&id.namespace))
        };
        self.select.refuse_decrypted_id(resource, compared)?;
        if !by_id(&self.select) {
            return Ok(false);
        }
        for reject in self.reject.iter().filter(|reject| reject.has_id()) {
            reject.refuse_decrypted_id(resource, compared)?;
            if by_id(reject) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns the field paths, parsed; without any it is the name.
    fn paths(&self) -> Result<Vec<(String, Vec<Step>, Span)>, Diagnostic> {
        if self.field_paths.is_empty() {
            return Ok(vec![(
                "metadata.name".into(),
                field_path::parse("metadata.name", self.span)?,
                self.span,
            )]);
        }
        let parsed = |path: &crate::decode::Located<String>| {
            // What is wrong with an empty one matters when it is followed.
            let steps = match path.is_empty() {
                true => Vec::new(),
                false => field_path::parse_exactly(path, path.span)?,
            };
            Ok((path.value.clone(), steps, path.span))
        };
        self.field_paths.iter().map(parsed).collect()
    }
}

/// Returns the value that is copied.
fn source_value(
    resources: &ResourceSet,
    source: &ReplacementSource,
    compared: Compared,
) -> Result<Node, Diagnostic> {
    match source {
        ReplacementSource::Value(text) => Ok(Node::Scalar(Scalar::bare(text.value.as_str()))),
        ReplacementSource::Field { selector, .. } => {
            value_in(source_resource(resources, selector)?, source, compared)
        }
    }
}

/// Returns the value that is copied out of a resource.
fn value_in(resource: &Resource, source: &ReplacementSource, compared: Compared) -> Result<Node, Diagnostic> {
    let (selector, path, options) = match source {
        ReplacementSource::Value(text) => return Ok(Node::Scalar(Scalar::bare(text.value.as_str()))),
        ReplacementSource::Field { selector, field_path, options } => (selector, field_path, options),
    };
    let (text, span) = match path {
        Some(path) => (path.value.as_str(), path.span),
        None => ("metadata.name", selector.span),
    };
    let steps = field_path::parse(text, span)?;
    let found = match text.contains("config.kubernetes.io/") {
        // It may be one of kustomize's own notes.
        true => field_path::look_up(&with_notes(resource), &steps).cloned(),
        false => field_path::look_up(resource.tree(), &steps).cloned(),
    };
    let node = found.filter(|node| !is_empty(node)).ok_or_else(|| {
        Diagnostic::error(span, format!("the field `{text}` is missing in {}", resource.id()))
            .hinted("a replacement's source must have a value")
    })?;
    part_of(node, options, span, compared)
}

fn is_empty(node: &Node) -> bool {
    match node {
        Node::Mapping(mapping) => mapping.entries.is_empty(),
        Node::Sequence(sequence) => sequence.items.is_empty(),
        Node::Scalar(scalar) => scalar.is_null(),
    }
}

/// Returns a namespace as sources are compared by it: that a kind has none does not count here.
fn settled(namespace: &str) -> &str {
    if namespace.is_empty() { "default" } else { namespace }
}

/// Returns the one resource that has or had the id; the parts are plain texts here.
fn source_resource<'r>(resources: &'r ResourceSet, selector: &Selector) -> Result<&'r Resource, Diagnostic> {
    let has = |resource: &Resource| {
        resource.former_ids().chain([resource.id().clone()]).any(|id| {
            selector.name.is(&id.name)
                && (!selector.namespace.is_given()
                    || settled(&selector.namespace.text) == settled(&id.namespace))
                && selector.group.is(&id.gvk.group)
                && selector.version.is(&id.gvk.version)
                && selector.kind.is(&id.gvk.kind)
        })
    };
    let mut found = resources.iter().filter(|resource| has(resource));
    match (found.next(), found.next()) {
        (Some(resource), None) => Ok(resource),
        (Some(first), Some(second)) => {
            let message = format!(
                "the source `{}` is not one resource: {} and {}",
                selector.shown(),
                first.id(),
                second.id()
            );
            Err(Diagnostic::error(selector.span, message)
                .hinted("name group, version, kind, name and namespace of one"))
        }
        _ => {
            let error = Diagnostic::error(
                selector.span,
                format!("the source `{}` is no resource here", selector.shown()),
            );
            let all: Vec<&Resource> = resources.iter().collect();
            Err(match nearest_resource(&selector.kind.text, &selector.name.text, &all) {
                Some(near) => error.hinted_at(format!("there is `{}`", near.id()), near.tree().span()),
                None => error,
            })
        }
    }
}

/// Returns the part of a text between delimiters, when the options ask for one.
fn part_of(node: Node, options: &FieldOptions, at: Span, compared: Compared) -> Result<Node, Diagnostic> {
    if options.delimiter.is_empty() {
        return Ok(node);
    }
    let Node::Scalar(scalar) = node else { return Err(not_a_text(at)) };
    let is_secret = scalar.text.is_sensitive();
    let is_guarded = is_secret && compared == Compared::PlainOnly;
    if is_guarded && options.delimiter.chars().any(char::is_alphanumeric) {
        // Whether there is a part behind it tells whether it is in the value.
        let error = Diagnostic::error(at, "a decrypted value is not parted at letters or digits");
        return Err(error.hinted("for example `delimiter: ':'`"));
    }
    let parts: Vec<&str> = scalar.text.as_str().split(options.delimiter.as_str()).collect();
    let part = usize::try_from(options.index).ok().and_then(|index| parts.get(index));
    let Some(part) = part else {
        let has = if is_secret { String::new() } else { format!(": it has {}", parts.len()) };
        let message = format!("there is no part {} in the source{has}", options.index);
        return Err(Diagnostic::error(at, message).hinted("parts are counted from 0"));
    };
    let text = Text::marked_as((*part).to_owned(), &scalar.text);
    Ok(Node::Scalar(Scalar { text, ..scalar }))
}

fn not_a_text(at: Span) -> Diagnostic {
    Diagnostic::error(at, "`delimiter` is for single values, not for mappings and lists")
        .hinted("copy a field of the mapping or list")
}

fn put(
    tree: &mut Node,
    steps: &[Step],
    path: &str,
    at: Span,
    target: &ReplacementTarget,
    value: &Node,
) -> Result<(), Diagnostic> {
    if path.is_empty() {
        return Err(Diagnostic::error(at, "an item of `fieldPaths` is empty")
            .hinted("for example `fieldPaths: [spec.replicas]`"));
    }
    let options = &target.options;
    let missing = match value {
        _ if !options.create => Missing::Skip,
        Node::Scalar(_) => Missing::MakeScalar,
        Node::Mapping(_) => Missing::MakeMapping,
        Node::Sequence(_) => Missing::MakeSequence,
    };
    // Inside of a text a value is put whole, whatever the options say.
    let whole = FieldOptions { delimiter: String::new(), ..options.clone() };
    if structured::put(tree, steps, missing, at, &mut |node| set_value(node, value, &whole, at))? {
        return Ok(());
    }
    let mut set = |node: &mut Node| set_value(node, value, options, at);
    match field_path::visit(tree, steps, missing, at, &mut set)? {
        0 => {
            let error = Diagnostic::error(at, format!("the field `{path}` is missing in the target"));
            Err(error.hinted("`options: {create: true}` makes it"))
        }
        _ => Ok(()),
    }
}

/// Bytes of a text that replacements put together: each could double it.
const MAX_TEXT: usize = 16 << 20;

/// Nodes of a value that is copied: each replacement could double it.
const MAX_NODES: usize = 1_000_000;

/// Sets a field: of a single value only the text, so that its type and quotes stay.
fn set_value(node: &mut Node, value: &Node, options: &FieldOptions, at: Span) -> Result<(), Diagnostic> {
    let Node::Scalar(old) = node else {
        if !options.delimiter.is_empty() {
            return Err(not_a_text(at));
        }
        if value.size() > MAX_NODES {
            return Err(Diagnostic::error(at, format!("the replacement copies more than {MAX_NODES} nodes")));
        }
        *node = value.clone();
        return Ok(());
    };
    let new = value.as_scalar().map(|s| s.text.clone()).unwrap_or_default();
    if options.delimiter.is_empty() {
        old.text = new;
        return Ok(());
    }
    let mut parts: Vec<&str> = old.text.as_str().split(options.delimiter.as_str()).collect();
    match usize::try_from(options.index) {
        Err(_) => parts.insert(0, new.as_str()),
        Ok(index) if index >= parts.len() => parts.push(new.as_str()),
        Ok(index) => parts[index] = new.as_str(),
    }
    let joined = parts.join(&options.delimiter);
    if joined.len() > MAX_TEXT {
        let message = format!("the replacement makes a text of more than {} MiB", MAX_TEXT >> 20);
        return Err(Diagnostic::error(at, message));
    }
    old.text = Text::with_mark(joined, old.text.is_sensitive() || new.is_sensitive());
    Ok(())
}
