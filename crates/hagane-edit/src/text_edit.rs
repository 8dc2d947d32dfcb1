//! A YAML text that is changed in place: only the lines that must change do.
//!
//! A [`Document`] is the text and the tree that it means. Each change is made to both: to the tree as anybody would,
//! to the text by writing as little as possible, with the indentation and the quotes that are there. Then the text is
//! read again. When it does not mean what the tree says (an anchor that something else leans on, a way of writing
//! that is not known here), nothing has happened and a diagnostic says so.
//!
//! Paths are positions among the entries of a mapping or the items of a sequence, as [`Document::root`] has them.
//! Aliases are written out in the tree, and merge keys are entries with the key `<<`.

mod change;
mod layout;
mod lines;
mod walk;
mod write;

use hagane_resource::Diagnostic;
use hagane_yaml::{Dialect, Entry, FileId, MergeKeys, Node, ParseOptions, Scalar, Span, Tag, parse};

use change::Change;
use layout::{Form, Place};
use lines::newline;

/// A YAML text and what it means. Of several documents the first one is meant, as Go reads it.
pub struct Document {
    text: String,
    root: Node,
    file: FileId,
    dialect: Dialect,
}

impl Document {
    /// Reads a text. One without content is a null, to which entries can be added.
    pub fn parse(text: &str, file: FileId, dialect: Dialect) -> Result<Document, Diagnostic> {
        let root = read(text, file, dialect)?;
        Ok(Document { text: text.to_owned(), root, file, dialect })
    }

    /// Returns the text as it is now.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the tree as it is now.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// Returns the file that positions are in.
    pub fn file(&self) -> FileId {
        self.file
    }

    /// Returns the node at a path.
    pub fn at(&self, path: &[usize]) -> Option<&Node> {
        path.iter().try_fold(&self.root, |node, index| child(node, *index))
    }

    /// Puts `value` in the place of the node at `path`; a scalar keeps the quotes of the one before.
    pub fn replace(&mut self, path: &[usize], value: Node) -> Result<(), Diagnostic> {
        self.write_out_aliases(path)?;
        self.apply(path, Change::Replace(value))
    }

    /// Adds an entry at the end of the mapping at `path`. A null becomes a mapping.
    pub fn insert(&mut self, path: &[usize], key: &str, value: Node) -> Result<(), Diagnostic> {
        self.write_out_aliases(path)?;
        self.apply(path, Change::Insert(Entry { key: Scalar::string(key), value }))
    }

    /// Adds an item at the end of the sequence at `path`. A null becomes a sequence.
    pub fn push(&mut self, path: &[usize], item: Node) -> Result<(), Diagnostic> {
        self.write_out_aliases(path)?;
        self.apply(path, Change::Push(item))
    }

    /// Adds the items of the list at `from`, the value of an entry, to the list at `to`, and removes the entry.
    pub fn absorb(&mut self, to: &[usize], from: &[usize]) -> Result<(), Diagnostic> {
        if self.apply(to, Change::Absorb(from.to_owned())).is_ok() {
            return Ok(());
        }
        // Lists that are not of lines: item by item.
        let items = self.at(from).and_then(Node::as_sequence).map(|list| list.items.clone());
        for item in items.unwrap_or_default() {
            self.push(to, item)?;
        }
        self.remove(from)
    }

    /// Puts `outer` around the node at `path`, which goes to the place `hole` in it, the last one.
    pub fn enclose(&mut self, path: &[usize], outer: Node, hole: &[usize]) -> Result<(), Diagnostic> {
        if self.apply(path, Change::Enclose(outer.clone(), hole.to_owned())).is_ok() {
            return Ok(());
        }
        let mut value = Node::clone(self.at(path).unwrap_or(&outer));
        let span = value.span();
        let mut enclosed = outer;
        match hole.iter().try_fold(&mut enclosed, |node, index| child_mut(node, *index)) {
            Some(place) => std::mem::swap(place, &mut value),
            None => return Err(Diagnostic::error(span, "there is no place for this value")),
        }
        self.replace(path, enclosed)
    }

    /// Removes the entry or item at `path`, with the comments that belong to it. A collection that has nothing left
    /// stays, empty.
    pub fn remove(&mut self, path: &[usize]) -> Result<(), Diagnostic> {
        let around = path.split_last().map_or(&[][..], |(_, around)| around);
        self.write_out_aliases(around)?;
        self.apply(path, Change::Remove)
    }

    /// Gives the entry at `path` another key.
    pub fn rename(&mut self, path: &[usize], key: &str) -> Result<(), Diagnostic> {
        self.apply(path, Change::Rename(key.to_owned()))
    }

    /// Writes out the aliases on the way to a node that is to change: what they stand for must not.
    fn write_out_aliases(&mut self, path: &[usize]) -> Result<(), Diagnostic> {
        for depth in 0..=path.len() {
            let way = &path[..depth];
            let is_alias = {
                let root = self.place()?;
                way.iter()
                    .try_fold(&root, |place, index| place.child(*index))
                    .is_some_and(|place| matches!(place.form, Form::Alias))
            };
            if is_alias && let Some(node) = self.at(way).cloned() {
                self.apply(way, Change::Replace(node))?;
            }
        }
        Ok(())
    }

    fn place(&self) -> Result<Place, Diagnostic> {
        walk::place(&self.text, &self.root).map_err(|unknown| {
            let line = self.text[..unknown.at].matches('\n').count() as u32 + 1;
            let column = lines::column(&self.text, unknown.at) as u32 + 1;
            let span = Span { file: self.file, line, column };
            Diagnostic::error(span, "the file is written in a way that cannot be edited in place")
                .hinted("write this line in the usual way, or edit the file by hand")
        })
    }

    /// Makes a change to the tree and the text, or to neither.
    fn apply(&mut self, path: &[usize], change: Change) -> Result<(), Diagnostic> {
        let mut wanted = self.root.clone();
        let span = self.at(path).map_or(self.root.span(), Node::span);
        if change.make(&mut wanted, path).is_none() {
            return Err(Diagnostic::error(span, "there is nothing here that this change could be made to"));
        }
        let place = self.place()?;
        let text = change.write(&self.text, &place, &self.root, path);
        // A block at the end of a text without a last line break may need one.
        let ended = |text: &String| {
            Some(format!("{text}{}", newline(text))).filter(|_| !text.ends_with(['\n', '\r']))
        };
        let texts = text.into_iter().flat_map(|text| [ended(&text), Some(text)].into_iter().rev().flatten());
        let mut read = texts.filter_map(|text| Some((read(&text, self.file, self.dialect).ok()?, text)));
        match read.find(|(root, _)| same(root, &wanted)) {
            Some((root, text)) => {
                self.text = text;
                self.root = root;
                Ok(())
            }
            _ => Err(Diagnostic::error(span, "this place cannot be edited without changing something else")
                .hinted("edit it by hand; an anchor that is used elsewhere is a usual reason")),
        }
    }
}

fn read(text: &str, file: FileId, dialect: Dialect) -> Result<Node, Diagnostic> {
    let options = ParseOptions { dialect, merge_keys: MergeKeys::Keep, ..ParseOptions::default() };
    let unmarked = text.strip_prefix('\u{feff}').unwrap_or(text);
    let documents = parse(unmarked, file, &options)?;
    let nothing = Scalar { tag: Tag::Null, ..Scalar::default() };
    Ok(documents.into_iter().next().unwrap_or(Node::Scalar(nothing)))
}

/// Returns whether two trees mean the same, whatever nulls and numbers look like.
fn same(a: &Node, b: &Node) -> bool {
    match (a, b) {
        (Node::Mapping(a), Node::Mapping(b)) => {
            a.entries.len() == b.entries.len()
                && a.entries.iter().zip(&b.entries).all(|(a, b)| a.key == b.key && same(&a.value, &b.value))
        }
        (Node::Sequence(a), Node::Sequence(b)) => {
            a.items.len() == b.items.len() && a.items.iter().zip(&b.items).all(|(a, b)| same(a, b))
        }
        _ => a == b || a.is_null() && b.is_null(),
    }
}

/// Returns a part of a collection by its position.
fn child(node: &Node, index: usize) -> Option<&Node> {
    match node {
        Node::Mapping(mapping) => mapping.entries.get(index).map(|entry| &entry.value),
        Node::Sequence(sequence) => sequence.items.get(index),
        Node::Scalar(_) => None,
    }
}

fn child_mut(node: &mut Node, index: usize) -> Option<&mut Node> {
    match node {
        Node::Mapping(mapping) => mapping.entries.get_mut(index).map(|entry| &mut entry.value),
        Node::Sequence(sequence) => sequence.items.get_mut(index),
        Node::Scalar(_) => None,
    }
}

#[cfg(test)]
mod tests;
