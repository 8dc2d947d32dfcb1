//! Strategic merge: a patch laid over a resource, list by list as the schema says.
//!
//! The rules are those of kustomize's merge, surprises included: what is new in a list comes first, a list
//! with several merge keys is put together anew, and values that are absent (`key:` alone) go away in every
//! resource that a patch touches.

mod directive;
mod list;
mod scalar;
#[cfg(test)]
mod tests;
mod values;

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry::Vacant;

use hagane_resource::{Diagnostic, Schema, SchemaNode};
use hagane_yaml::{Entry, FileId, Mapping, Node, ParseOptions, Scalar, Span, parse};

use directive::{Directive, take_directive, take_known_directive};
use scalar::{Before, is_cleared, is_null, is_written_null, kept, kept_null};

/// Returns `dest` with `patch` laid over it; nothing when the patch deletes it.
pub(crate) fn merge(dest: Node, patch: Node, schema: &Schema) -> Result<Option<Node>, Diagnostic> {
    let merge = Merge { schema, written: RefCell::default() };
    let mut merged = merge.node(Some(dest), Some(patch), None)?;
    for written in merge.written.into_inner() {
        if let Some(tree) = &mut merged {
            tree.for_each_scalar(&mut |scalar| {
                if scalar.shared() == written.shared() {
                    *scalar = Scalar { span: scalar.span, ..written.clone() };
                }
            });
        }
    }
    Ok(merged)
}

/// Returns the schema that a comment at one of the values, or else at one of the keys, describes:
/// `# {"type":"array","x-kubernetes-patch-strategy":"merge"}`. Of each node the comment behind it counts, else the one
/// above it; comments of another kind describe nothing.
fn commented(values: [Option<&Node>; 2], keys: [Option<&Scalar>; 2]) -> Option<Schema> {
    let of_values = values.into_iter().flatten().filter_map(Node::extra);
    let of_keys = keys.into_iter().flatten().filter_map(|key| key.extra.as_deref());
    of_values.chain(of_keys).find_map(|extra| {
        let lines = if extra.comments.line.is_empty() { &extra.comments.head } else { &extra.comments.line };
        let [only] = lines.as_slice() else { return None };
        let text = only.as_str().trim_start_matches('#').trim();
        let documents =
            text.starts_with('{').then(|| parse(text, FileId::default(), &ParseOptions::default()))?;
        Schema::of_field(documents.ok()?.first()?).ok()
    })
}

/// Returns the schema of a field: the one that a comment describes, or else the one that its mapping has for it.
fn field_schema<'a>(
    commented: Option<&'a Schema>,
    mapping: Option<SchemaNode<'a>>,
    name: &str,
) -> Option<SchemaNode<'a>> {
    commented.and_then(Schema::field).or_else(|| mapping?.field(name))
}

struct Merge<'s> {
    schema: &'s Schema,
    /// Scalars that were written and are one node with others of the resource.
    written: RefCell<Vec<Scalar>>,
}

/// What a patch is laid over where the resource has no value. What is new is put there whole, and then laid over itself,
/// field by field: directives of the first kind are hardly looked at, those further down are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lone {
    /// Nothing.
    New,
    /// The patch's own value.
    Itself,
}

impl<'s> Merge<'s> {
    /// Merges one value. An absent patch still tidies `dest`.
    fn node(
        &self,
        dest: Option<Node>,
        patch: Option<Node>,
        known: Option<SchemaNode<'_>>,
    ) -> Result<Option<Node>, Diagnostic> {
        self.value(dest, patch, Lone::New, known)
    }

    /// Lays a value of the patch over itself.
    fn itself(&self, node: Node, known: Option<SchemaNode<'_>>) -> Result<Option<Node>, Diagnostic> {
        self.value(None, Some(node), Lone::Itself, known)
    }

    fn value(
        &self,
        dest: Option<Node>,
        patch: Option<Node>,
        lone: Lone,
        known: Option<SchemaNode<'_>>,
    ) -> Result<Option<Node>, Diagnostic> {
        let own = commented([dest.as_ref(), patch.as_ref()], [None, None]);
        let known = own.as_ref().and_then(Schema::field).or(known);
        let schema =
            known.or_else(|| self.schema_of(dest.as_ref()).or_else(|| self.schema_of(patch.as_ref())));
        let present = |node: &Option<Node>| node.as_ref().is_some_and(|n| !is_null(n));
        let first = if present(&dest) { &dest } else { &patch };
        match first {
            Some(Node::Mapping(_)) => self.mapping(dest, patch, lone, schema),
            Some(Node::Sequence(_)) => self.sequence(dest, patch, lone, schema),
            Some(scalar) if !is_null(scalar) => {
                if present(&dest) && present(&patch) && !matches!(patch, Some(Node::Scalar(_))) {
                    return Err(wrong_kind("a single value", place_of(&dest, &patch)));
                }
                Ok(patch.or_else(|| dest.map(kept)))
            }
            // Nulls on both sides, or nothing.
            _ => Ok(patch.or_else(|| dest.filter(is_written_null).map(kept_null))),
        }
    }

    fn schema_of(&self, node: Option<&Node>) -> Option<SchemaNode<'s>> {
        let text = |key| node?.get(key)?.as_str().filter(|text| !text.is_empty());
        self.schema.resource(text("apiVersion")?, text("kind")?)
    }

    fn mapping(
        &self,
        dest: Option<Node>,
        patch: Option<Node>,
        lone: Lone,
        schema: Option<SchemaNode<'_>>,
    ) -> Result<Option<Node>, Diagnostic> {
        let place = place_of(&dest, &patch);
        let (Some(dest), Some(mut patch)) = (Side::of(dest), Side::of(patch)) else {
            return Err(wrong_kind("a mapping", place));
        };
        let is_new = !matches!(dest, Side::Mapping(_));
        let directive = match &mut patch {
            Side::Mapping(patch) if is_new && lone == Lone::New => take_known_directive(patch),
            Side::Mapping(patch) => take_directive(patch)?,
            Side::Null | Side::Nothing => Directive::Merge,
        };
        if directive == Directive::Delete {
            return Ok(None);
        }
        match (dest, patch) {
            (Side::Mapping(dest), Side::Mapping(patch)) if directive != Directive::Replace => {
                self.fields(dest, patch, schema).map(Some)
            }
            // What is new goes through the same walk, over itself.
            (_, Side::Mapping(patch)) => self.added_mapping(patch, schema).map(Some),
            (Side::Mapping(dest), Side::Nothing) => self.tidy_mapping(dest, schema).map(Some),
            _ => Ok(None),
        }
    }

    fn fields(
        &self,
        mut dest: Mapping,
        patch: Mapping,
        schema: Option<SchemaNode<'_>>,
    ) -> Result<Node, Diagnostic> {
        refuse_empty_key(&dest)?;
        refuse_empty_key(&patch)?;
        if dest.entries.is_empty() {
            dest.flow = patch.flow;
        }
        // Of a key that stands twice in a patch the first value counts.
        let mut places: HashMap<String, usize> = HashMap::with_capacity(patch.entries.len());
        let mut patched: Vec<Option<Entry>> = Vec::with_capacity(patch.entries.len());
        for entry in patch.entries {
            if let Vacant(place) = places.entry(entry.key.text.as_str().to_owned()) {
                place.insert(patched.len());
                patched.push(Some(entry));
            }
        }
        let old = std::mem::take(&mut dest.entries);
        dest.entries.reserve(old.len());
        for Entry { key, value } in old {
            let name = key.text.as_str();
            let place = places.get(name).copied();
            let over = place.and_then(|place| patched[place].take());
            let own = commented([None, None], [Some(&key), over.as_ref().map(|entry| &entry.key)]);
            let over = over.map(|entry| entry.value);
            let before = over.is_some().then(|| Before::of(&value));
            let shared = value.as_scalar().filter(|_| over.is_some()).and_then(Scalar::shared);
            let schema = field_schema(own.as_ref(), schema, name);
            if let Some(merged) = self.node(Some(value), over, schema)?.filter(|merged| !is_cleared(merged)) {
                let value = match before {
                    Some(before) => before.restyle(merged),
                    None => merged,
                };
                let value = match (shared, value) {
                    (Some(shared), Node::Scalar(mut scalar)) => {
                        scalar.extra.get_or_insert_default().shared = Some(shared);
                        self.written.borrow_mut().push(scalar.clone());
                        Node::Scalar(scalar)
                    }
                    (_, value) => value,
                };
                dest.entries.push(Entry { key, value });
            }
        }
        for Entry { key, value } in patched.into_iter().flatten() {
            let own = commented([None, None], [None, Some(&key)]);
            let schema = field_schema(own.as_ref(), schema, key.text.as_str());
            if let Some(added) = self.node(None, Some(value), schema)?.filter(|added| !is_cleared(added)) {
                // What joins the fields of a resource leaves its tag behind.
                let key = if key.tagged().is_some() { key.untagged() } else { key };
                dest.entries.push(Entry { key, value: added });
            }
        }
        Ok(Node::Mapping(dest))
    }

    /// Returns a mapping that only the patch has: without nulls, its directives carried out.
    fn added_mapping(&self, mut patch: Mapping, schema: Option<SchemaNode<'_>>) -> Result<Node, Diagnostic> {
        refuse_empty_key(&patch)?;
        let old = std::mem::take(&mut patch.entries);
        for Entry { key, value } in old {
            let own = commented([None, None], [None, Some(&key)]);
            let schema = field_schema(own.as_ref(), schema, key.text.as_str());
            if let Some(value) = self.itself(value, schema)?.filter(|value| !is_cleared(value)) {
                patch.entries.push(Entry { key, value });
            }
        }
        Ok(Node::Mapping(patch))
    }

    /// Returns a mapping that the patch says nothing of: without absent values, its lists without repetitions.
    fn tidy_mapping(&self, mut dest: Mapping, schema: Option<SchemaNode<'_>>) -> Result<Node, Diagnostic> {
        refuse_empty_key(&dest)?;
        let old = std::mem::take(&mut dest.entries);
        dest.entries.reserve(old.len());
        for Entry { key, value } in old {
            let own = commented([None, None], [Some(&key), None]);
            let schema = field_schema(own.as_ref(), schema, key.text.as_str());
            let value = match value {
                node @ Node::Scalar(_) if !is_null(&node) => kept(node),
                other => match self.node(Some(other), None, schema)? {
                    Some(value) => value,
                    None => continue,
                },
            };
            dest.entries.push(Entry { key, value });
        }
        Ok(Node::Mapping(dest))
    }
}

/// Refuses a key that is empty: kustomize finds no field by it, on either side of a merge.
fn refuse_empty_key(mapping: &Mapping) -> Result<(), Diagnostic> {
    match mapping.entries.iter().find(|entry| entry.key.text.as_str().is_empty()) {
        None => Ok(()),
        Some(entry) => {
            let message = "a resource that is patched cannot have a key that is empty";
            Err(Diagnostic::error(entry.key.span, message).hinted("give the key a name, or use a JSON patch"))
        }
    }
}

/// One side of a merge that must be a mapping.
enum Side {
    Mapping(Mapping),
    Null,
    Nothing,
}

impl Side {
    /// Returns the side that a value is, unless it is of another kind.
    fn of(node: Option<Node>) -> Option<Side> {
        match node {
            None => Some(Side::Nothing),
            Some(Node::Mapping(mapping)) => Some(Side::Mapping(mapping)),
            Some(node) => is_null(&node).then_some(Side::Null),
        }
    }
}

/// Returns where the patch's value stands, or else the resource's: what kustomize itself puts into a patch stands nowhere.
fn place_of(dest: &Option<Node>, patch: &Option<Node>) -> Span {
    let mut places = [patch, dest].into_iter().flatten().map(Node::span);
    places.find(|place| place.is_known()).unwrap_or_default()
}

fn wrong_kind(wanted: &str, place: Span) -> Diagnostic {
    Diagnostic::error(
        place,
        format!("the resource and its patch differ in kind here: one side is {wanted}, the other is not"),
    )
    .hinted("to put a value of another kind in its place, delete the field with `null` in a patch before")
}
