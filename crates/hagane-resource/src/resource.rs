//! A resource: its tree, and what happened to it.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::sync::Arc;

use compact_str::CompactString;
use hagane_yaml::{Entry, Mapping, Node, Scalar, Style, Tag, Text};

use crate::{Gvk, Origin, ResId, Schema, Transformation};

/// A Kubernetes object, shared until somebody writes to it. Its history lives here, never in its tree.
#[derive(Clone)]
pub struct Resource {
    tree: Arc<Node>,
    id: ResId,
    /// The ids it had before, the first one first.
    pub formers: Vec<Former>,
    /// Name prefixes in the order they were put on.
    pub prefixes: Vec<CompactString>,
    /// Name suffixes in the order they were put on.
    pub suffixes: Vec<CompactString>,
    /// Whether another resource refers to it.
    pub referred: bool,
    /// Whether a generator made it.
    pub generated: bool,
    /// How a generated resource meets one that is there already.
    pub behavior: Behavior,
    /// Whether the hash of its content is appended to its name.
    pub needs_hash: bool,
    /// Whether helm made it, which keeps `namespace:` away.
    pub from_helm: bool,
    /// Where it came from.
    pub origin: Option<Origin>,
    /// What changed it.
    pub transformations: Vec<Transformation>,
    /// Variables that point at it.
    pub var_names: Vec<CompactString>,
    /// The last number given to scalars that are one node in kustomize.
    shares: u32,
}

/// An id that a resource had: what kustomize remembers of it. Group and version are not remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Former {
    /// The kind.
    pub kind: CompactString,
    /// The name.
    pub name: CompactString,
    /// The namespace that counted ([`ResId::effective_namespace`]).
    pub namespace: CompactString,
    /// Whether it was a decrypted one ([`ResId::decrypted`]).
    pub decrypted: bool,
}

/// How a generated resource meets one with its id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behavior {
    /// Not said: it must be new.
    #[default]
    Unspecified,
    /// It must be new.
    Create,
    /// It takes the other's place.
    Replace,
    /// Its data is laid over the other's.
    Merge,
}

impl Behavior {
    /// Returns the behavior of that name; anything unknown is [`Behavior::Unspecified`], as in kustomize.
    pub fn of(name: &str) -> Behavior {
        match name {
            "create" => Behavior::Create,
            "replace" => Behavior::Replace,
            "merge" => Behavior::Merge,
            _ => Behavior::Unspecified,
        }
    }
}

impl Resource {
    /// Returns a resource without a history.
    pub fn new(tree: Node) -> Resource {
        let id = id_of(&tree);
        Resource {
            tree: Arc::new(tree),
            id,
            formers: Vec::new(),
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            referred: false,
            generated: false,
            behavior: Behavior::Unspecified,
            needs_hash: false,
            from_helm: false,
            origin: None,
            transformations: Vec::new(),
            var_names: Vec::new(),
            shares: 0,
        }
    }

    /// Returns the tree.
    pub fn tree(&self) -> &Node {
        &self.tree
    }

    /// Returns the tree for writing values that are not part of the id; copied first when it is shared.
    pub fn tree_mut(&mut self) -> &mut Node {
        Arc::make_mut(&mut self.tree)
    }

    /// Lets `change` write anything, and takes the id anew.
    pub fn edit<T>(&mut self, change: impl FnOnce(&mut Node) -> T) -> T {
        let result = change(Arc::make_mut(&mut self.tree));
        let old = std::mem::replace(&mut self.id, id_of(&self.tree));
        if old.gvk == self.id.gvk {
            self.id.cluster_scoped = old.cluster_scoped;
        }
        result
    }

    /// Takes the scope of the kind from a schema.
    pub fn learn_scope(&mut self, schema: &Schema) {
        let gvk = &self.id.gvk;
        self.id.cluster_scoped = schema.has_cluster_scope(&gvk.api_version(), &gvk.kind);
    }

    /// Returns the first of `count` new numbers for scalars that are one node in kustomize.
    pub fn new_shares(&mut self, count: usize) -> NonZeroU32 {
        let first = NonZeroU32::MIN.saturating_add(self.shares);
        self.shares = self.shares.saturating_add(count as u32);
        first
    }

    /// Writes a scalar to all that are one node with it.
    pub fn write_to_shares(&mut self, written: &Scalar) {
        if written.shared().is_some() {
            self.tree_mut().for_each_scalar(&mut |scalar| {
                if scalar.shared() == written.shared() {
                    *scalar = Scalar { span: scalar.span, ..written.clone() };
                }
            });
        }
    }

    /// Returns the current id.
    pub fn id(&self) -> &ResId {
        &self.id
    }

    /// Returns group, version and kind.
    pub fn gvk(&self) -> &Gvk {
        &self.id.gvk
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.id.name
    }

    /// Returns the namespace as written.
    pub fn namespace(&self) -> &str {
        &self.id.namespace
    }

    /// Returns the ids that the resource had, the first one first. Group and version are today's.
    pub fn former_ids(&self) -> impl DoubleEndedIterator<Item = ResId> + '_ {
        self.formers.iter().map(|former| {
            let gvk = Gvk { kind: former.kind.clone(), ..self.id.gvk.clone() };
            let cluster_scoped = match gvk == self.id.gvk {
                true => self.id.cluster_scoped,
                false => Schema::is_cluster_scoped(&gvk),
            };
            ResId {
                gvk,
                name: former.name.clone(),
                namespace: former.namespace.clone(),
                cluster_scoped,
                decrypted: self.id.decrypted || former.decrypted,
            }
        })
    }

    /// Returns whether its kind came out of decryption, and is not a word that everybody knows.
    pub fn has_decrypted_kind(&self) -> bool {
        self.id.decrypted && is_secret_kind(&self.tree, &self.id.gvk)
    }

    /// Returns whether a name or a namespace that it has or had came out of decryption.
    pub fn has_decrypted_name(&self) -> bool {
        self.formers.iter().any(|former| former.decrypted)
            || (self.id.decrypted && is_secret_name(&self.tree))
    }

    /// Returns the first id the resource had.
    pub fn original_id(&self) -> ResId {
        self.former_ids().next().unwrap_or_else(|| self.id.clone())
    }

    /// Returns whether this is the current id or one that the resource had.
    pub fn had_id(&self, id: &ResId) -> bool {
        (self.id.name == id.name && self.id.same_as(id))
            || self.formers.iter().any(|f| f.name == id.name)
                && self.former_ids().any(|former| former.same_as(id))
    }

    /// Notes the current id among the former ones.
    pub fn remember_id(&mut self) {
        self.formers.push(Former {
            kind: self.id.gvk.kind.clone(),
            name: self.id.name.clone(),
            namespace: self.id.effective_namespace().into(),
            decrypted: self.id.decrypted,
        });
    }

    /// Returns whether kustomize would carry notes in this resource's annotations. Ours are fields, but that there are
    /// annotations shows: a JSON patch may add one.
    pub fn is_annotated_by_build(&self) -> bool {
        !self.formers.is_empty()
            || !self.prefixes.is_empty()
            || !self.suffixes.is_empty()
            || self.referred
            || self.needs_hash
            || self.from_helm
            || self.generated
            || self.origin.is_some()
            || !self.transformations.is_empty()
    }

    /// Returns `metadata`, made where there is none.
    pub fn metadata_mut(&mut self) -> &mut Mapping {
        mapping_at(Arc::make_mut(&mut self.tree), "metadata")
    }

    /// Marks name and namespace as decrypted when those of the resource they are taken from are.
    pub fn inherit_mark(&mut self, from: &ResId) {
        self.id.decrypted |= from.decrypted;
    }

    /// Sets the name, written as the old one, and decrypted if that was.
    pub fn set_name(&mut self, name: &str) {
        let text = Text::with_mark(name, self.id.decrypted);
        let string = string_like(self.tree.at(&["metadata", "name"]), text);
        self.metadata_mut().set("name", string);
        self.id.name = name.into();
    }

    /// Sets the name in the style of the old one and without a type: kustomize writes `12` where `1` gets in front of `2`.
    pub fn rename_bare(&mut self, name: &str) {
        let text = Text::with_mark(name, self.id.decrypted);
        let bare = bare_like(self.tree.at(&["metadata", "name"]), text);
        self.metadata_mut().set("name", bare);
        self.id.name = name.into();
    }

    /// Sets the namespace as [`Resource::rename_bare`] sets the name; an empty one is removed.
    pub fn move_bare(&mut self, namespace: &str) {
        if namespace.is_empty() {
            return self.set_namespace(namespace);
        }
        let text = Text::with_mark(namespace, self.id.decrypted);
        let bare = bare_like(self.tree.at(&["metadata", "namespace"]), text);
        self.metadata_mut().set("namespace", bare);
        self.id.namespace = namespace.into();
    }

    /// Sets the namespace, written as the old one; an empty one is removed.
    pub fn set_namespace(&mut self, namespace: &str) {
        if namespace.is_empty() {
            if self.tree.at(&["metadata", "namespace"]).is_some() {
                self.metadata_mut().remove("namespace");
            }
        } else {
            let text = Text::with_mark(namespace, self.id.decrypted);
            let string = string_like(self.tree.at(&["metadata", "namespace"]), text);
            self.metadata_mut().set("namespace", string);
        }
        self.id.namespace = namespace.into();
    }

    /// Sets the kind as [`Resource::rename_bare`] sets the name.
    pub fn set_kind_bare(&mut self, kind: Text) {
        if self.id.gvk.kind != kind.as_str() {
            self.id.gvk.kind = kind.as_str().into();
            self.id.cluster_scoped = Schema::is_cluster_scoped(&self.id.gvk);
        }
        if let Node::Mapping(mapping) = Arc::make_mut(&mut self.tree) {
            let bare = bare_like(mapping.get("kind"), kind);
            mapping.set("kind", bare);
        }
    }

    /// Returns the entries of `metadata.labels` or `metadata.annotations` as text.
    pub fn metadata_map(&self, field: &str) -> impl Iterator<Item = (&str, &str)> {
        let mapping = self.tree.at(&["metadata", field]).and_then(Node::as_mapping);
        mapping
            .into_iter()
            .flat_map(|m| &m.entries)
            .map(|entry| (entry.key.text.as_str(), entry.value.as_str().unwrap_or_default()))
    }

    /// Returns one entry of `metadata.labels` or `metadata.annotations` as text.
    pub fn metadata_entry(&self, field: &str, key: &str) -> Option<&str> {
        self.metadata_map(field).find(|(k, _)| *k == key).map(|(_, v)| v)
    }

    /// Returns whether the tree is gone: deleted by a patch.
    pub fn is_empty(&self) -> bool {
        match &*self.tree {
            Node::Mapping(mapping) => mapping.entries.is_empty(),
            Node::Sequence(sequence) => sequence.items.is_empty(),
            Node::Scalar(scalar) => scalar.is_null(),
        }
    }

    /// Turns every value of `metadata.annotations` into a plain string, as kustomize does when it takes its own
    /// notes off; an empty or null one goes away.
    pub fn settle_annotations(&mut self) {
        let Some(annotations) = self.tree.at(&["metadata", "annotations"]) else { return };
        let is_text = |scalar: &Scalar| scalar.tag == Tag::Str && scalar.style != Style::Folded;
        match annotations {
            Node::Mapping(mapping) if !mapping.entries.is_empty() => {
                let mut seen = HashSet::with_capacity(mapping.entries.len());
                if mapping.entries.iter().all(|entry| {
                    entry.value.as_scalar().is_some_and(is_text) && seen.insert(entry.key.text.as_str())
                }) {
                    return;
                }
                if let Some(Node::Mapping(annotations)) = self.metadata_mut().get_mut("annotations") {
                    // Of a key that stands twice the last value counts, here alone.
                    let entries = std::mem::take(&mut annotations.entries);
                    let mut seen = HashSet::with_capacity(entries.len());
                    for mut entry in entries.into_iter().rev() {
                        if seen.insert(entry.key.text.as_str().to_owned()) {
                            settle(&mut entry);
                            annotations.entries.push(entry);
                        }
                    }
                    annotations.entries.reverse();
                }
            }
            // What is no mapping, or an empty one, goes away.
            Node::Sequence(sequence) if !sequence.items.is_empty() => {}
            _ => _ = self.metadata_mut().remove("annotations"),
        }
    }
}

/// Returns a text in the style of the value that it replaces, without a type: what it looks like decides. One that replaces
/// nothing is a text, in quotes where it needs them.
fn bare_like(old: Option<&Node>, text: Text) -> Node {
    Node::Scalar(match old.and_then(Node::as_scalar) {
        Some(old) => old.with_text(text),
        None => Scalar::quoted_if_odd(text),
    })
}

/// Returns a string written as an old value is.
fn string_like(old: Option<&Node>, text: Text) -> Node {
    let string = Scalar::string(text);
    Node::Scalar(match old.and_then(Node::as_scalar) {
        Some(old) => string.restyled(old.written()),
        None => string,
    })
}

/// Makes a plain string of an annotation; what is no single value has no text.
fn settle(entry: &mut Entry) {
    let span = entry.value.span();
    let text = match &mut entry.value {
        Node::Scalar(scalar) => std::mem::take(&mut scalar.text),
        _ => Text::default(),
    };
    entry.value = Node::Scalar(Scalar { span, ..Scalar::string(text) });
}

/// Returns the mapping at `key`, put there (in the place of a null) when there is none.
pub(crate) fn mapping_at<'a>(node: &'a mut Node, key: &str) -> &'a mut Mapping {
    if !matches!(node, Node::Mapping(_)) {
        *node = Node::mapping();
    }
    let Node::Mapping(mapping) = node else { unreachable!("made above") };
    let index = match mapping.position(key) {
        Some(index) => index,
        None => {
            mapping.push(key, Node::mapping());
            mapping.entries.len() - 1
        }
    };
    let value = &mut mapping.entries[index].value;
    if !matches!(value, Node::Mapping(_)) {
        *value = Node::mapping();
    }
    match value {
        Node::Mapping(mapping) => mapping,
        _ => unreachable!("made above"),
    }
}

fn id_of(tree: &Node) -> ResId {
    let given = |field| tree.at(&["metadata", field]).filter(|node| !node.is_null());
    let text = |field| given(field).and_then(Node::as_str).unwrap_or_default().into();
    let gvk = Gvk::of(tree);
    let decrypted = is_secret_kind(tree, &gvk) || is_secret_name(tree);
    ResId { decrypted, ..ResId::new(gvk, text("name"), text("namespace")) }
}

fn is_secret_kind(tree: &Node, gvk: &Gvk) -> bool {
    ["kind", "apiVersion"].iter().any(|field| tree.get(field).is_some_and(Node::is_sensitive))
        && !Schema::knows_scope(&gvk.api_version(), &gvk.kind)
}

fn is_secret_name(tree: &Node) -> bool {
    ["name", "namespace"].iter().any(|field| tree.at(&["metadata", field]).is_some_and(Node::is_sensitive))
}
