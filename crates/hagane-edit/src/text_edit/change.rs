//! The changes, each made to the tree and to the text.

mod absorb;
mod add;
mod enclose;
mod remove;
mod replace;

use hagane_yaml::{Entry, Node, Sequence};

use super::layout::{Form, Layout, Place};
use super::lines::{column, newline};
use super::write::Indentation;
use super::{child, child_mut};

/// A change to what stands at a path.
pub(super) enum Change {
    /// Another node in its place.
    Replace(Node),
    /// An entry more, at the end.
    Insert(Entry),
    /// An item more, at the end.
    Push(Node),
    /// The items of the list at another path more, which is nothing then.
    Absorb(Vec<usize>),
    /// A node around it, which has the place of this path for it.
    Enclose(Node, Vec<usize>),
    /// Nothing in its place.
    Remove,
    /// Another key.
    Rename(String),
}

impl Change {
    /// Makes the change to a tree; returns nothing where it cannot be made.
    pub(super) fn make(&self, root: &mut Node, path: &[usize]) -> Option<()> {
        match self {
            Change::Replace(value) => *node_at_mut(root, path)? = value.clone(),
            Change::Insert(entry) => {
                let node = node_at_mut(root, path)?;
                if node.is_null() {
                    *node = Node::mapping();
                }
                node.as_mapping_mut()?.entries.push(entry.clone());
            }
            Change::Push(item) => {
                let node = node_at_mut(root, path)?;
                if node.is_null() {
                    *node = Node::Sequence(Sequence::default());
                }
                node.as_sequence_mut()?.items.push(item.clone());
            }
            Change::Absorb(from) => {
                let items = std::mem::take(&mut node_at_mut(root, from)?.as_sequence_mut()?.items);
                node_at_mut(root, path)?.as_sequence_mut()?.items.extend(items);
                remove(root, from)?;
            }
            Change::Enclose(outer, hole) => {
                let node = node_at_mut(root, path)?;
                let inner = std::mem::replace(node, outer.clone());
                *node_at_mut(node, hole)? = inner;
            }
            Change::Remove => remove(root, path)?,
            Change::Rename(key) => {
                let (index, around) = path.split_last()?;
                let entry = node_at_mut(root, around)?.as_mapping_mut()?.entries.get_mut(*index)?;
                entry.key = hagane_yaml::Scalar::string(key.as_str());
            }
        }
        Some(())
    }

    /// Returns the text with the change in it; nothing where it is not known how to write it.
    pub(super) fn write(&self, text: &str, root: &Place, tree: &Node, path: &[usize]) -> Option<String> {
        let writer =
            Writer { text, root, tree, indentation: Indentation::of(text, root), newline: newline(text) };
        match self {
            Change::Replace(value) => writer.replace(path, value),
            Change::Insert(entry) => writer.insert(path, entry),
            Change::Push(item) => writer.push(path, item),
            Change::Absorb(from) => writer.absorb(path, from),
            Change::Enclose(outer, hole) => writer.enclose(path, outer, hole),
            Change::Remove => writer.remove(path),
            Change::Rename(key) => writer.rename(path, key),
        }
    }
}

/// Returns the node at a path.
fn node_at_mut<'n>(root: &'n mut Node, path: &[usize]) -> Option<&'n mut Node> {
    path.iter().try_fold(root, |node, index| child_mut(node, *index))
}

/// Removes the entry or item at a path.
fn remove(root: &mut Node, path: &[usize]) -> Option<()> {
    let (index, around) = path.split_last()?;
    match node_at_mut(root, around)? {
        Node::Mapping(m) if *index < m.entries.len() => _ = m.entries.remove(*index),
        Node::Sequence(s) if *index < s.items.len() => _ = s.items.remove(*index),
        _ => return None,
    }
    Some(())
}

struct Writer<'a> {
    text: &'a str,
    root: &'a Place,
    tree: &'a Node,
    indentation: Indentation,
    newline: &'static str,
}

impl Writer<'_> {
    fn place(&self, path: &[usize]) -> Option<&Place> {
        path.iter().try_fold(self.root, |place, index| place.child(*index))
    }

    fn node(&self, path: &[usize]) -> Option<&Node> {
        path.iter().try_fold(self.tree, |node, index| child(node, *index))
    }

    /// Returns the text with `new` in the place of a range. `new` has line feeds, the text may have other breaks.
    fn spliced(&self, start: usize, end: usize, new: &str) -> Option<String> {
        let new = if self.newline == "\n" { new.to_owned() } else { new.replace('\n', self.newline) };
        Some(format!("{}{new}{}", self.text.get(..start)?, self.text.get(end..)?))
    }

    /// Returns the column of the collection of lines that the node at `path` is a part of, and whether it stands
    /// between brackets.
    fn around(&self, path: &[usize]) -> Option<(usize, bool)> {
        let (index, around) = path.split_last()?;
        let is_flow = (0..path.len()).any(|depth| {
            self.place(&path[..depth]).is_some_and(|place| {
                matches!(&place.form, Form::Mapping(l, _) | Form::Sequence(l, _) if *l != Layout::Block)
            })
        });
        let start = match &self.place(around)?.form {
            Form::Mapping(_, entries) => entries.get(*index)?.start,
            Form::Sequence(_, items) => items.get(*index)?.start,
            _ => return None,
        };
        Some((column(self.text, start), is_flow))
    }
}
