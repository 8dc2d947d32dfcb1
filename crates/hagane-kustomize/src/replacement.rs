//! Replacements: a value copied from one resource into fields of others.

mod source;
mod structured;

use hagane_resource::{Diagnostic, Resource, ResourceSet};
use hagane_yaml::{Node, Span, Tag, Text};

use self::source::Source;
use self::structured::Inside;
use crate::decode::Located;
use crate::field_path::{self, Missing, Step};
use crate::kustomization::{FieldOptions, Replacement, ReplacementTarget};
use crate::selector::{Compared, Selector};

/// Carries out a replacement.
pub(crate) fn replace(
    resources: &mut ResourceSet,
    replacement: &Replacement,
    compared: Compared,
) -> Result<(), Diagnostic> {
    let mut source = Source::of(resources, &replacement.source, compared)?;
    for target in &replacement.targets {
        let paths = target.paths()?;
        for place in 0..resources.len() {
            if !target.takes(resources.get(place), compared)? {
                continue;
            }
            for path in &paths {
                resources.change(place, |resource| {
                    let noted = resource.is_annotated_by_build();
                    resource.edit(|tree| {
                        if noted {
                            open_annotations(tree);
                        }
                        put(tree, place, path, &target.options, compared, &mut source)
                    })
                })?;
                refuse_nameless(resources.get(place), path.span)?;
                source.read_again(place, resources.get(place).tree());
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
    fn paths(&self) -> Result<Vec<FieldPath>, Diagnostic> {
        if self.field_paths.is_empty() {
            let steps = field_path::parse("metadata.name", self.span)?;
            return Ok(vec![FieldPath { text: "metadata.name".into(), steps, span: self.span }]);
        }
        let parsed = |path: &Located<String>| {
            // What is wrong with an empty one matters when it is followed.
            let steps = match path.is_empty() {
                true => Vec::new(),
                false => field_path::parse_exactly(path, path.span)?,
            };
            Ok(FieldPath { text: path.value.clone(), steps, span: path.span })
        };
        self.field_paths.iter().map(parsed).collect()
    }
}

/// An item of `fieldPaths`.
struct FieldPath {
    text: String,
    steps: Vec<Step>,
    span: Span,
}

fn not_a_text(at: Span) -> Diagnostic {
    Diagnostic::error(at, "`delimiter` is for single values, not for mappings and lists")
        .hinted("copy a field of the mapping or list")
}

/// Sets what a path leads to in the tree of the resource with that number.
fn put(
    tree: &mut Node,
    resource: usize,
    path: &FieldPath,
    options: &FieldOptions,
    compared: Compared,
    source: &mut Source,
) -> Result<(), Diagnostic> {
    let at = path.span;
    if path.text.is_empty() {
        return Err(Diagnostic::error(at, "an item of `fieldPaths` is empty")
            .hinted("for example `fieldPaths: [spec.replicas]`"));
    }
    let missing = match source.value() {
        _ if !options.create => Missing::Skip,
        Node::Scalar(_) => Missing::MakeScalar,
        Node::Mapping(_) => Missing::MakeMapping,
        Node::Sequence(_) => Missing::MakeSequence,
    };
    // Inside of a text a value is put whole, whatever the options say.
    let whole = FieldOptions { delimiter: String::new(), ..options.clone() };
    let mut set = |node: &mut Node| set_value(node, source.value(), &whole, at);
    let absent = || {
        let error = Diagnostic::error(at, format!("the field `{}` is missing in the target", path.text));
        error.hinted("`options: {create: true}` makes it")
    };
    match structured::put(tree, &path.steps, missing, compared, at, &mut set)? {
        Inside::Done => return Ok(()),
        Inside::Nothing if missing == Missing::Skip => return Err(absent()),
        Inside::Nothing | Inside::NoText => {}
    }
    let found = field_path::find(tree, &path.steps, missing, compared, at)?;
    if found.is_nothing() {
        return Err(absent());
    }
    for place in &found.places {
        // What was made on the way may be a part of the source.
        source.follow(resource, tree, place);
        if let Some(node) = field_path::at_mut(tree, place) {
            set_value(node, source.value(), options, at)?;
        }
        source.follow(resource, tree, place);
    }
    Ok(())
}

/// Bytes of a text that replacements put together: each could double it.
const MAX_TEXT: usize = 16 << 20;

/// Nodes of a value that is copied: each replacement could double it.
const MAX_NODES: usize = 1_000_000;

/// Sets a field: of a single value only the text, so that its type and quotes stay.
fn set_value(node: &mut Node, value: &Node, options: &FieldOptions, at: Span) -> Result<(), Diagnostic> {
    let Some(old) = node.as_scalar_mut().filter(|scalar| scalar.tag != Tag::Alias) else {
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
