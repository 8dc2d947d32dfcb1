//! A kustomization file that is edited: finding its fields, and what all edits do to them.

use hagane_kustomize::FIELDS;
use hagane_resource::{Diagnostic, nearest};
use hagane_yaml::{Dialect, FileId, Mapping, Node, Span, Tag};

use crate::text_edit::Document;

/// A kustomization file, and what its edits have to say.
///
/// The edits do to what the file means what `kustomize edit` does, but for its habits that have nothing to do with the
/// edit: fields are not sorted, old fields not renamed, defaults not written.
pub struct Kustomization {
    document: Document,
    warnings: Vec<Diagnostic>,
}

impl Kustomization {
    /// Reads a kustomization file. An empty one is one without fields.
    pub fn read(text: &str, file: FileId) -> Result<Kustomization, Diagnostic> {
        let document = Document::parse(text, file, Dialect::V2)?;
        let root = document.root();
        match root {
            Node::Mapping(mapping) => check_fields(mapping)?,
            _ if root.is_null() => {}
            _ => {
                let error = Diagnostic::error(root.span(), "a kustomization is a mapping of fields");
                return Err(error.hinted("start with `resources:` and a list of files below it"));
            }
        }
        Ok(Kustomization { document, warnings: Vec::new() })
    }

    /// Returns the text as it is now. Where nothing had to change it is the text that was read, byte for byte.
    pub fn text(&self) -> &str {
        self.document.text()
    }

    /// Returns what there is to say about the edits, and forgets it.
    pub fn take_warnings(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.warnings)
    }

    pub(crate) fn warn(&mut self, warning: Diagnostic) {
        self.warnings.push(warning);
    }

    /// Returns the text and its tree, to be changed.
    pub(crate) fn document_mut(&mut self) -> &mut Document {
        &mut self.document
    }

    /// Returns the node at a path of positions.
    pub(crate) fn at(&self, path: &[usize]) -> Option<&Node> {
        self.document.at(path)
    }

    /// Returns the path of a field that is there and not null.
    pub(crate) fn field(&self, name: &str) -> Option<Vec<usize>> {
        self.child(&[], name).filter(|path| self.at(path).is_some_and(|node| !node.is_null()))
    }

    /// Returns the path of the value of a key in the mapping at `path`, null or not.
    pub(crate) fn child(&self, path: &[usize], name: &str) -> Option<Vec<usize>> {
        let index = position(self.at(path)?.as_mapping()?, name)?;
        Some([path, &[index]].concat())
    }

    /// Returns the paths of the items of a list that is a field of the file.
    pub(crate) fn items(&self, name: &str) -> Result<Vec<Vec<usize>>, Diagnostic> {
        let Some(list) = self.field(name) else { return Ok(Vec::new()) };
        match self.at(&list) {
            Some(Node::Sequence(sequence)) => {
                Ok((0..sequence.items.len()).map(|index| [&list[..], &[index]].concat()).collect())
            }
            other => Err(Diagnostic::error(span(other), format!("`{name}` must be a list"))),
        }
    }

    /// Returns the text of the value of a key in the mapping at `path`; the empty text where there is none.
    pub(crate) fn text_of(&self, path: &[usize], name: &str) -> &str {
        let value = self.child(path, name).and_then(|path| self.document.at(&path));
        value.filter(|value| !value.is_null()).and_then(Node::as_str).unwrap_or("")
    }

    /// Returns whether the value of a key in the mapping at `path` is true.
    pub(crate) fn is_true(&self, path: &[usize], name: &str) -> bool {
        let value = self.child(path, name).and_then(|path| self.document.at(&path));
        let is_bool = value.and_then(Node::as_scalar).is_some_and(|scalar| scalar.tag == Tag::Bool);
        is_bool && ["true", "yes", "on", "y"].contains(&self.text_of(path, name).to_lowercase().as_str())
    }

    /// Sets the value of a key in the mapping at `path`, which stays as it is where it means that already.
    pub(crate) fn set(&mut self, path: &[usize], name: &str, value: Node) -> Result<(), Diagnostic> {
        match self.child(path, name) {
            Some(there) if self.at(&there) == Some(&value) => Ok(()),
            Some(there) => self.document.replace(&there, value),
            None => self.document.insert(path, name, value),
        }
    }

    /// Sets a text, or removes the key where the text is empty: to kustomize they are the same.
    pub(crate) fn set_text(&mut self, path: &[usize], name: &str, value: &str) -> Result<(), Diagnostic> {
        match (value, self.child(path, name)) {
            ("", None) => Ok(()),
            ("", Some(there)) => self.document.remove(&there),
            (value, _) => self.set(path, name, Node::string(value)),
        }
    }

    /// Adds an item to a list that is a field of the file, or makes the list.
    pub(crate) fn push(&mut self, name: &str, item: Node) -> Result<(), Diagnostic> {
        self.push_to(&[], name, item)
    }

    /// Adds an item to the list that is the value of a key in the mapping at `path`, or makes the list.
    pub(crate) fn push_to(&mut self, path: &[usize], name: &str, item: Node) -> Result<(), Diagnostic> {
        match self.child(path, name) {
            Some(list) => self.document.push(&list, item),
            None => self.document.insert(path, name, sequence(vec![item])),
        }
    }

    /// Adds an entry to the mapping at `path`, or makes the mapping.
    pub(crate) fn insert(&mut self, path: &[usize], key: &str, value: Node) -> Result<(), Diagnostic> {
        self.document.insert(path, key, value)
    }

    /// Puts another node in the place of one.
    pub(crate) fn replace(&mut self, path: &[usize], value: Node) -> Result<(), Diagnostic> {
        if self.at(path) == Some(&value) { Ok(()) } else { self.document.replace(path, value) }
    }

    /// Removes what stands at `path`; with it the list or mapping that it was all of, unless that is the file.
    pub(crate) fn remove(&mut self, path: &[usize]) -> Result<(), Diagnostic> {
        let Some((_, around)) = path.split_last() else { return Ok(()) };
        let is_last = match self.at(around) {
            Some(Node::Mapping(mapping)) => mapping.entries.len() == 1,
            Some(Node::Sequence(sequence)) => sequence.items.len() == 1,
            _ => false,
        };
        if is_last && !around.is_empty() { self.remove(around) } else { self.document.remove(path) }
    }

    /// Sets a field that is a single text: `namePrefix`, `nameSuffix`, `namespace`. The empty text removes it.
    pub fn set_field(&mut self, name: &str, value: &str) -> Result<(), Diagnostic> {
        self.set_text(&[], name, value)
    }
}

/// Returns the place of a key: the last one of several, as for kustomize, and in whatever case.
pub(crate) fn position(mapping: &Mapping, name: &str) -> Option<usize> {
    mapping.entries.iter().rposition(|entry| entry.key.text.as_str().eq_ignore_ascii_case(name))
}

/// Returns a sequence of lines.
pub(crate) fn sequence(items: Vec<Node>) -> Node {
    Node::Sequence(hagane_yaml::Sequence { items, ..Default::default() })
}

/// Returns a mapping of texts, without those that are empty.
pub(crate) fn texts(pairs: &[(&str, &str)]) -> Node {
    let mut node = Mapping::default();
    for (key, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        node.push(*key, Node::string(*value));
    }
    Node::Mapping(node)
}

/// Returns a scalar that is no string: a number, `true`.
pub(crate) fn literal(text: String, tag: Tag) -> Node {
    Node::Scalar(hagane_yaml::Scalar { text: text.into(), tag, ..Default::default() })
}

/// Returns what stands for a value that is put there later.
pub(crate) fn hole() -> Node {
    literal("null".into(), Tag::Null)
}

pub(crate) fn span(node: Option<&Node>) -> Span {
    node.map(Node::span).unwrap_or_default()
}

fn check_fields(mapping: &Mapping) -> Result<(), Diagnostic> {
    let mut errors = Vec::new();
    for (index, entry) in mapping.entries.iter().enumerate() {
        let name = entry.key.text.as_str();
        if entry.key.tag == Tag::Merge {
            continue;
        }
        let Some(field) = FIELDS.iter().find(|field| field.eq_ignore_ascii_case(name)) else {
            let error = Diagnostic::error(entry.key.span, format!("a kustomization has no field `{name}`"));
            errors.push(match nearest(name, FIELDS.iter().copied()) {
                Some(like) => error.hinted(format!("did you mean `{like}`?")),
                None => error,
            });
            continue;
        };
        let other = mapping.entries[..index].iter().find(|other| {
            other.key.text != entry.key.text && other.key.text.as_str().eq_ignore_ascii_case(field)
        });
        if let Some(other) = other {
            let message = format!("`{name}` and `{}` are the same field", other.key.text.as_str());
            errors.push(Diagnostic::error(entry.key.span, message).hinted(format!("keep one, as `{field}`")));
        }
    }
    Diagnostic::refuse(errors)
}
