//! Patches: strategic merge and JSON 6902, with and without a target.

mod content;

use hagane_resource::{Diagnostic, ResId, Resource, ResourceSet, Schema};
use hagane_yaml::{Node, Scalar, Span, Text};

use crate::decode::Located;
use crate::json_patch::{self, Operation};
use crate::kustomization::{PatchEntry, PatchText};
use crate::merge::merge;
use crate::notes::{changes_notes, has_notes, keep_notes, put_notes, take_notes};
use crate::selector::{Compared, LateSelector, nearest_resource};
use crate::sources::{Root, Sources};
use content::Content;

/// A patch that has been read.
pub(crate) struct Patch {
    span: Span,
    content: Content,
    target: Option<LateSelector>,
    /// What the target is compared with.
    compared: Compared,
    allow_name_change: bool,
    allow_kind_change: bool,
    /// Whether it is fitted to what it is merged into, see [`fitted`]: in `patchesStrategicMerge`, and with a target.
    is_fitted: bool,
    /// Whether an `annotations` that only notes of the build would fill counts as there for a JSON patch.
    notes_id: bool,
}

/// Reads an entry of `patches`.
pub(crate) fn load_patch(entry: &PatchEntry, root: &Root, sources: &Sources) -> Result<Patch, Diagnostic> {
    let content = Content::load(&entry.text, root, sources)?;
    if let (Content::Json(operations), None) = (&content, &entry.target)
        && !operations.is_empty()
    {
        let error = Diagnostic::error(entry.span, "a JSON patch needs a `target`");
        return Err(error.hinted("add `target:` with `kind:` and `name:`"));
    }
    if let (Content::StrategicMerge(patches), Some(_)) = (&content, &entry.target)
        && patches.len() > 1
    {
        let error = Diagnostic::error(entry.span, "a patch with a `target` must be one document");
        return Err(error.hinted("make an entry of each document"));
    }
    Ok(Patch {
        span: entry.span,
        content,
        target: entry.target.clone(),
        compared: sources.compared(),
        allow_name_change: entry.allow_name_change,
        allow_kind_change: entry.allow_kind_change,
        is_fitted: false,
        notes_id: true,
    })
}

impl Patch {
    /// Returns whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        match &self.content {
            Content::StrategicMerge(patches) => patches.is_empty(),
            Content::Json(operations) => operations.is_empty(),
        }
    }

    /// Returns whether it is merged, and not a list of operations.
    pub(crate) fn is_strategic_merge(&self) -> bool {
        matches!(self.content, Content::StrategicMerge(_))
    }

    /// Returns the patch as `patchesJson6902` applies it: it must do something, and does not note the ids of what it
    /// changes.
    pub(crate) fn of_json6902(self) -> Result<Patch, Diagnostic> {
        let names = |target: &LateSelector| target.as_ref().map_or(true, |target| target.name.is_given());
        if !self.target.as_ref().is_some_and(names) {
            return Err(Diagnostic::error(
                self.span,
                "the target of an entry of `patchesJson6902` needs a `name`",
            )
            .hinted("use `patches` for a patch of several resources"));
        }
        match &self.content {
            Content::Json(operations) if !operations.is_empty() => Ok(Patch { notes_id: false, ..self }),
            _ => Err(Diagnostic::error(self.span, "the patch is empty, or no JSON patch")
                .hinted("give it a list of operations")),
        }
    }
}

/// Reads an entry of `patchesStrategicMerge`: YAML, or else a path.
pub(crate) fn load_patches(
    text: &Located<String>,
    root: &Root,
    sources: &Sources,
) -> Result<Patch, Diagnostic> {
    let patch = |content| Patch {
        span: text.span,
        content,
        target: None,
        compared: sources.compared(),
        allow_name_change: false,
        allow_kind_change: false,
        is_fitted: true,
        notes_id: true,
    };
    // Unlike that of `patches`, the text keeps its last line break.
    if let Ok(Content::StrategicMerge(patches)) = Content::read(text, sources.start_of(text))
        && !patches.is_empty()
    {
        return Ok(patch(Content::StrategicMerge(patches)));
    }
    let entry = PatchEntry {
        span: text.span,
        text: PatchText::Path(text.clone()),
        target: None,
        allow_name_change: false,
        allow_kind_change: false,
    };
    Ok(Patch { is_fitted: true, ..load_patch(&entry, root, sources)? })
}

/// Applies a patch to what it is for.
pub(crate) fn apply_patch(
    resources: &mut ResourceSet,
    patch: &Patch,
    schema: &Schema,
) -> Result<(), Diagnostic> {
    match (&patch.content, &patch.target) {
        (Content::StrategicMerge(patches), None) => {
            for strategic in patches {
                let place = target_of(resources, &named_by(strategic)?, strategic.tree().span())?;
                let tree = match patch.is_fitted {
                    true => fitted(strategic.tree(), resources.get(place))?,
                    false => {
                        let mut tree = strategic.tree().clone();
                        if patch.allow_name_change || patch.allow_kind_change {
                            // kustomize notes that on the patch, among its annotations.
                            settle(&mut tree, &["annotations"])?;
                        }
                        tree
                    }
                };
                resources.change(place, |resource| lay_over(resource, tree, patch, schema))?;
                drop_deleted(resources, &[place]);
            }
        }
        (Content::StrategicMerge(patches), Some(target)) => {
            let Some(strategic) = patches.first() else { return Ok(()) };
            let places = selected(resources, target, patch.compared)?;
            for &place in &places {
                let tree = fitted(strategic.tree(), resources.get(place))?;
                resources.change(place, |resource| lay_over(resource, tree, patch, schema))?;
            }
            refuse_seconds(resources, &places, patch.span)?;
            drop_deleted(resources, &places);
        }
        (Content::Json(operations), _) if operations.is_empty() => {}
        (Content::Json(operations), Some(target)) => {
            for place in selected(resources, target, patch.compared)? {
                resources.change(place, |resource| apply_json(resource, operations, patch))?;
            }
        }
        (Content::Json(_), None) => {
            return Err(Diagnostic::error(patch.span, "a JSON patch needs a `target`"));
        }
    }
    Ok(())
}

/// Returns the id that a patch names: its first one, where it brings notes of former ones.
fn named_by(strategic: &Resource) -> Result<ResId, Diagnostic> {
    if !has_notes(strategic.tree()) {
        return Ok(strategic.original_id());
    }
    let mut noted = strategic.clone();
    take_notes(&mut noted)?;
    Ok(noted.original_id())
}

/// Drops what a patch deleted whole.
fn drop_deleted(resources: &mut ResourceSet, touched: &[usize]) {
    if touched.iter().any(|&place| resources.get(place).is_empty()) {
        resources.retain(|resource| !resource.is_empty());
    }
}

/// Returns the places of the resources that a target selects; those with the exact name are found without a look
/// at the others.
fn selected(
    resources: &mut ResourceSet,
    target: &LateSelector,
    compared: Compared,
) -> Result<Vec<usize>, Diagnostic> {
    let target = target.as_ref().map_err(Diagnostic::clone)?;
    let places: Vec<usize> = match target.name.exact() {
        Some(name) if compared == Compared::Anything => resources.named(name).to_vec(),
        // That a decrypted name is another one is not to be seen, either.
        Some(name) => {
            let mut places =
                [resources.named(name).to_vec(), resources.with_decrypted_names().to_vec()].concat();
            places.sort_unstable();
            places.dedup();
            places
        }
        None => (0..resources.len()).collect(),
    };
    let mut taken = Vec::with_capacity(places.len());
    for place in places {
        if target.takes(resources.get(place), compared)? {
            taken.push(place);
        }
    }
    Ok(taken)
}

/// Returns the place of the one resource that has or had this id.
fn target_of(resources: &mut ResourceSet, id: &ResId, at: Span) -> Result<usize, Diagnostic> {
    match resources.with_any_id(id)[..] {
        [place] => Ok(place),
        [] => {
            let error = Diagnostic::error(at, format!("the patch's target matches no resource: `{id}`"));
            let all: Vec<&Resource> = resources.iter().collect();
            Err(match nearest_resource(&id.gvk.kind, &id.name, &all) {
                None => error,
                Some(near) => {
                    let hint = match near.name() == id.name && near.gvk().kind == id.gvk.kind {
                        true if near.gvk() == &id.gvk => {
                            format!(
                                "there is one in the namespace `{}`: the namespaces must be the same",
                                near.id().effective_namespace()
                            )
                        }
                        true => format!("there is one with the apiVersion `{}`", near.gvk().api_version()),
                        false => format!("there is `{}`", near.id()),
                    };
                    error.hinted_at(hint, near.tree().span())
                }
            })
        }
        _ => {
            let error =
                Diagnostic::error(at, format!("the patch's target matches more than one resource: `{id}`"));
            Err(error.hinted("give the patch a `target` that selects one of them"))
        }
    }
}

/// Returns the patch as kustomize fits it to a resource that a target selects, and in `patchesStrategicMerge`: it has the
/// resource's group and version, its labels and annotations are texts.
fn fitted(strategic: &Node, resource: &Resource) -> Result<Node, Diagnostic> {
    let mut tree = strategic.clone();
    if let Node::Mapping(mapping) = &mut tree {
        let version = resource.gvk().api_version();
        let version = match mapping.get("apiVersion").and_then(Node::as_scalar) {
            Some(old) => old.with_text(version),
            None => Scalar::bare(version),
        };
        mapping.set("apiVersion", Node::Scalar(version));
    }
    settle_metadata(&mut tree)?;
    Ok(tree)
}

/// Does to a patch's metadata what kustomize does where it takes them off a patch and puts them on again: name and
/// namespace lose their types, and a namespace that is no text goes away.
fn settle_metadata(tree: &mut Node) -> Result<(), Diagnostic> {
    settle(tree, &["labels", "annotations"])?;
    let Some(Node::Mapping(metadata)) = tree.get_mut("metadata") else { return Ok(()) };
    for field in ["name", "namespace"] {
        let Some(value) = metadata.get_mut(field) else { continue };
        match value {
            Node::Scalar(scalar) if !scalar.text.as_str().is_empty() => {
                *scalar = scalar.with_text(scalar.text.clone())
            }
            _ if field == "namespace" => _ = metadata.remove(field),
            _ => *value = Node::Scalar(Scalar { span: value.span(), ..Scalar::bare("") }),
        }
    }
    Ok(())
}

/// Makes texts of all values of a patch's labels or annotations, as kustomize does where it takes them off a patch and
/// puts them on again: nulls among them become the text `null`, and what is no mapping says nothing.
fn settle(tree: &mut Node, fields: &[&str]) -> Result<(), Diagnostic> {
    let Some(Node::Mapping(metadata)) = tree.get_mut("metadata") else { return Ok(()) };
    for field in fields {
        match metadata.get_mut(field) {
            Some(Node::Mapping(map)) if !map.entries.is_empty() => {
                for entry in &mut map.entries {
                    entry.value = text_of(&mut entry.value);
                    let text = std::mem::take(&mut entry.key.text);
                    entry.key = Scalar { span: entry.key.span, ..Scalar::bare(text) };
                }
            }
            Some(Node::Sequence(list)) if !list.items.is_empty() => {
                let message = format!("`{field}` must be a mapping, and is a list");
                return Err(
                    Diagnostic::error(list.span, message).hinted("write `key: value` lines, without dashes")
                );
            }
            Some(_) => _ = metadata.remove(field),
            None => {}
        }
    }
    Ok(())
}

/// Returns a value as a text; what is no single value has none.
fn text_of(value: &mut Node) -> Node {
    let span = value.span();
    let text = match value {
        Node::Scalar(scalar) => std::mem::take(&mut scalar.text),
        Node::Mapping(_) | Node::Sequence(_) => Text::default(),
    };
    Node::Scalar(Scalar { span, ..Scalar::string(text) })
}

/// Refuses ids that are there twice once all that a target selects has been patched.
fn refuse_seconds(resources: &mut ResourceSet, places: &[usize], at: Span) -> Result<(), Diagnostic> {
    for &place in places.iter() {
        if resources.get(place).is_empty() {
            continue;
        }
        let id = resources.get(place).id().clone();
        let left = resources.with_current_id(&id).into_iter().filter(|&p| !resources.get(p).is_empty());
        if left.count() > 1 {
            let error = Diagnostic::error(at, format!("the patch makes a second {id}"));
            return Err(error.hinted("give it another name, or delete the other one"));
        }
    }
    Ok(())
}

/// Merges the patch over the resource; name, namespace and kind stay unless the options let them go.
fn lay_over(
    resource: &mut Resource,
    strategic: Node,
    patch: &Patch,
    schema: &Schema,
) -> Result<(), Diagnostic> {
    let before = resource.id().clone();
    let kind = resource.tree().get("kind").and_then(Node::as_scalar).map(|kind| kind.text.clone());
    if patch.allow_name_change || patch.allow_kind_change {
        resource.remember_id();
    }
    if strategic.get("$patch").and_then(Node::as_str) == Some("replace") {
        // kustomize merges in place, and a resource cannot be replaced in place.
        merge(resource.tree().clone(), strategic, schema)?;
    } else {
        merge_into(resource, strategic, schema)?;
    }
    resource.inherit_mark(&before);
    if resource.is_empty() {
        return Ok(());
    }
    // They stay, and lose their types all the same.
    if !patch.allow_kind_change {
        resource.set_kind_bare(kind.unwrap_or_default());
    }
    if !patch.allow_name_change {
        resource.rename_bare(&before.name);
    }
    resource.move_bare(&before.namespace);
    refuse_nameless(resource, patch)
}

fn merge_into(resource: &mut Resource, strategic: Node, schema: &Schema) -> Result<(), Diagnostic> {
    let changes_notes =
        changes_notes(&strategic) && (resource.is_annotated_by_build() || has_notes(&strategic));
    if changes_notes {
        put_notes(resource);
    }
    resource.edit(|tree| {
        let old = std::mem::replace(tree, Node::mapping());
        if let Some(merged) = merge(old, strategic, schema)? {
            *tree = merged;
        }
        Ok::<_, Diagnostic>(())
    })?;
    match changes_notes {
        true => take_notes(resource),
        false => Ok(()),
    }
}

fn apply_json(
    resource: &mut Resource,
    operations: &[Result<Operation, Diagnostic>],
    patch: &Patch,
) -> Result<(), Diagnostic> {
    if patch.notes_id {
        resource.remember_id();
    }
    let noted = resource.is_annotated_by_build();
    let shown = resource.id().to_string();
    if noted {
        // The notes stand there, also where a list has no metadata.
        resource.metadata_mut();
    }
    if noted && operations.iter().flatten().any(Operation::sees_notes) {
        put_notes(resource);
    }
    resource.edit(|tree| {
        let annotations = tree.at(&["metadata", "annotations"]);
        if noted
            && annotations.is_none_or(Node::is_null)
            && let Some(Node::Mapping(metadata)) = tree.get_mut("metadata")
        {
            metadata.set("annotations", Node::mapping());
        }
        json_patch::apply(tree, operations).map_err(|error| {
            let message = format!("the patch does not apply to {shown}: {}", error.message);
            Diagnostic { message, ..error }
        })
    })?;
    if noted && operations.iter().flatten().any(Operation::sees_notes) {
        keep_notes(resource);
    }
    resource.settle_annotations();
    refuse_nameless(resource, patch)
}

/// Refuses a patch that takes away the name or the kind.
fn refuse_nameless(resource: &Resource, patch: &Patch) -> Result<(), Diagnostic> {
    let given = |node: Option<&Node>| {
        node.is_some_and(|n| !n.is_null() && n.as_str().is_some_and(|text| !text.is_empty()))
    };
    let list = resource.gvk().kind.ends_with("List");
    let missing = match (
        given(resource.tree().get("kind")),
        given(resource.tree().at(&["metadata", "name"])) || list,
    ) {
        (true, true) => return Ok(()),
        (false, _) => "kind",
        (_, false) => "metadata.name",
    };
    let error = Diagnostic::error(patch.span, format!("the patch leaves a resource without `{missing}`"));
    Err(error.hinted_at("the resource is here", resource.tree().span()))
}
