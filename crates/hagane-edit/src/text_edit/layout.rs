//! Where the nodes of a document lie in its text, from their first byte to their last.

use std::ops::Range;

/// The place of a node.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The node with its tag and anchor. Empty for a value that is not written.
    pub range: Range<usize>,
    /// Where the node itself begins, behind its tag and anchor.
    pub content: usize,
    /// What it is in the text.
    pub form: Form,
}

/// What a node is in the text.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// A single value in one piece: bare, in quotes, or not written.
    Inline,
    /// `|` or `>` and the lines below.
    Block,
    /// `*name`; the tree has what it stands for.
    Alias,
    /// Entries.
    Mapping(Layout, Vec<EntryPlace>),
    /// Items.
    Sequence(Layout, Vec<ItemPlace>),
}

/// How the parts of a collection are set apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// By lines.
    Block,
    /// By commas between brackets.
    Flow,
    /// Not at all: the one entry of a mapping without braces in a sequence with brackets.
    Bare,
}

/// The place of an entry of a mapping.
#[derive(Clone, Debug)]
pub(super) struct EntryPlace {
    /// The first byte: of the key, its anchor, or the `?` before it.
    pub start: usize,
    /// Behind the colon; nothing where none is written.
    pub colon: Option<usize>,
    /// The value.
    pub value: Place,
}

/// The place of an item of a sequence.
#[derive(Clone, Debug)]
pub(super) struct ItemPlace {
    /// The dash, in a sequence of lines; otherwise the item.
    pub start: usize,
    /// The item.
    pub value: Place,
}

impl EntryPlace {
    /// Returns the end of the entry: of its value, or of what is written of it.
    pub(super) fn end(&self) -> usize {
        self.value.range.end
    }
}

impl ItemPlace {
    /// Returns the end of the item.
    pub(super) fn end(&self) -> usize {
        self.value.range.end
    }
}

impl Place {
    /// Returns a part of a collection by its position.
    pub(super) fn child(&self, index: usize) -> Option<&Place> {
        match &self.form {
            Form::Mapping(_, entries) => entries.get(index).map(|entry| &entry.value),
            Form::Sequence(_, items) => items.get(index).map(|item| &item.value),
            _ => None,
        }
    }
}
