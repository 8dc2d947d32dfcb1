//! How a schema lies in memory: numbers that refer to one another, in the program's constant data or on the heap.
//!
//! Names lie in one text with blanks between and not as `&str`s: an address in constant data would have to be
//! fixed up at every start of the program.

use std::borrow::Cow;

use compact_str::CompactString;

/// In place of a number: there is none.
pub(super) const NONE: u32 = u32::MAX;

/// A schema.
pub(super) struct Table {
    /// Every name once, a blank behind each.
    pub(super) names: Cow<'static, str>,
    /// Where the names start in `names`.
    pub(super) starts: Cow<'static, [u32]>,
    pub(super) shapes: Cow<'static, [Shape]>,
    /// Name and shape of properties; those of one shape stand together, sorted by name.
    pub(super) properties: Cow<'static, [(u32, u32)]>,
    pub(super) merges: Cow<'static, [Merge]>,
    /// apiVersion, kind and shape of resources, sorted by the names.
    pub(super) kinds: Cow<'static, [(u32, u32, u32)]>,
}

/// What is known of a field.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shape {
    /// Where its properties start.
    pub(super) first: u32,
    /// How many there are.
    pub(super) count: u32,
    /// The shape of values that no property names.
    pub(super) values: u32,
    /// The shape of a list's items.
    pub(super) items: u32,
    /// How a list merges.
    pub(super) merge: u32,
    pub(super) says_nothing: bool,
}

/// How a list merges.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Merge {
    pub(super) strategy: CompactString,
    pub(super) keys: Cow<'static, [CompactString]>,
}

impl Shape {
    /// A field of which nothing matters to a merge.
    pub(super) const LEAF: Shape =
        Shape { first: 0, count: 0, values: NONE, items: NONE, merge: NONE, says_nothing: false };

    /// An object with these properties.
    pub(super) const fn object(first: u32, count: u32) -> Shape {
        Shape { first, count, ..Shape::LEAF }
    }

    /// A map with values of one shape.
    pub(super) const fn map(values: u32) -> Shape {
        Shape { values, ..Shape::LEAF }
    }

    /// A list that is replaced.
    pub(super) const fn list(items: u32) -> Shape {
        Shape { items, ..Shape::LEAF }
    }

    /// A field with a strategy, as a rule a list.
    pub(super) const fn merged(items: u32, merge: u32) -> Shape {
        Shape { items, merge, ..Shape::LEAF }
    }
}

impl Table {
    /// Returns a shape by number.
    pub(super) fn shape(&self, shape: u32) -> Option<&Shape> {
        self.shapes.get(shape as usize)
    }

    /// Returns the number of a property's shape; [`NONE`] inside for one whose reference leads nowhere.
    pub(super) fn property(&self, shape: &Shape, name: &str) -> Option<u32> {
        let first = shape.first as usize;
        let properties = self.properties.get(first..first + shape.count as usize)?;
        let row = properties.binary_search_by(|row| self.name(row.0).cmp(name)).ok()?;
        properties.get(row).map(|row| row.1)
    }

    /// Returns how a list merges, if it says so.
    pub(super) fn merge(&self, shape: &Shape) -> Option<&Merge> {
        self.merges.get(shape.merge as usize)
    }

    /// Returns the shape of a kind of resource.
    pub(super) fn kind(&self, api_version: &str, kind: &str) -> Option<&Shape> {
        let compare = |row: &(u32, u32, u32)| (self.name(row.0), self.name(row.1)).cmp(&(api_version, kind));
        let row = self.kinds.binary_search_by(compare).ok()?;
        self.shape(self.kinds.get(row)?.2)
    }

    /// Returns every name, in the order of the numbers.
    pub(super) fn all_names(&self) -> impl Iterator<Item = &str> {
        (0..self.starts.len() as u32).map(|name| self.name(name))
    }

    /// Returns apiVersion, kind and shape of every kind of resource.
    pub(super) fn all_kinds(&self) -> impl Iterator<Item = ((CompactString, CompactString), u32)> {
        self.kinds.iter().map(|row| ((self.name(row.0).into(), self.name(row.1).into()), row.2))
    }

    fn name(&self, name: u32) -> &str {
        let at = |name: usize| self.starts.get(name).map(|start| *start as usize);
        let index = name as usize;
        let end = at(index + 1).unwrap_or(self.names.len());
        at(index).and_then(|start| self.names.get(start..end.checked_sub(1)?)).unwrap_or_default()
    }
}
