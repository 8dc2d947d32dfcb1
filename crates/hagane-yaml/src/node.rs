//! The tree: mappings, sequences and scalars.

use crate::scalar::resolve_v2;
use crate::{Span, Text};

/// A YAML value.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Keys and values, in the order of the text.
    Mapping(Mapping),
    /// Items.
    Sequence(Sequence),
    /// A single value, as text and type.
    Scalar(Scalar),
}

/// Keys and values in the order of the text. Keys may repeat: who reads a mapping decides what that means.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    /// The pairs.
    pub entries: Vec<Entry>,
    /// Where the mapping starts.
    pub span: Span,
    /// Whether it was written `{…}`.
    pub flow: bool,
    /// What few nodes have.
    pub extra: Option<Box<Extra>>,
}

/// One pair of a mapping.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key. A key that is a mapping or a sequence is refused when the text is read.
    pub key: Scalar,
    /// The value.
    pub value: Node,
}

/// Items in order.
#[derive(Clone, Debug, Default)]
pub struct Sequence {
    /// The items.
    pub items: Vec<Node>,
    /// Where the sequence starts.
    pub span: Span,
    /// Whether it was written `[…]`.
    pub flow: bool,
    /// What few nodes have.
    pub extra: Option<Box<Extra>>,
}

/// A single value: its text as written (after unescaping) and the type that the text was read as.
#[derive(Clone, Debug, Default)]
pub struct Scalar {
    /// The text.
    pub text: Text,
    /// The type. [`Tag::Unresolved`] is decided by the text when somebody asks.
    pub tag: Tag,
    /// How it was written.
    pub style: Style,
    /// Where it starts.
    pub span: Span,
    /// What few nodes have.
    pub extra: Option<Box<Extra>>,
}

/// What few nodes have: comments, an anchor, a tag of their own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extra {
    /// The comments around the node.
    pub comments: Comments,
    /// The name of the node's anchor, where aliases are kept.
    pub anchor: Option<String>,
    /// A tag that is none of [`Tag`]'s, as written (`!mine`).
    pub custom_tag: Option<String>,
    /// How a scalar was written behind a tag of YAML's own (`!!int "1"`), by which alone its type was decided.
    pub tagged: Option<Style>,
    /// Scalars of one resource with the same number are one node in kustomize: to write to one is to write to all.
    pub shared: Option<std::num::NonZeroU32>,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Its quotes.
    pub style: Style,
    /// Whether a tag of YAML's own stands before it. For yaml.v3 that is a part of the style, and outlives the tag.
    pub is_tagged: bool,
}

/// Comments around a node, attached as Go's yaml.v3 attaches them. Texts are as written, from the `#` on,
/// one string a line. In a mapping, head and foot comments sit on the entry's key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comments {
    /// Lines directly above.
    pub head: Vec<Text>,
    /// At the end of the node's line.
    pub line: Vec<Text>,
    /// Lines below, before an empty line.
    pub foot: Vec<Text>,
}

/// The type of a scalar: YAML's own tags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tag {
    /// Not decided yet: the text decides.
    #[default]
    Unresolved,
    /// `!!str`
    Str,
    /// `!!int`
    Int,
    /// `!!float`
    Float,
    /// `!!bool`
    Bool,
    /// `!!null`
    Null,
    /// `!!timestamp`
    Timestamp,
    /// `!!binary`
    Binary,
    /// `!!merge`, the key `<<`
    Merge,
    /// No scalar but an alias: the text is the name of the anchor. Only where aliases are kept.
    Alias,
    /// Anything else; the text of the tag is in [`Extra::custom_tag`].
    Custom,
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Style {
    /// Bare.
    #[default]
    Plain,
    /// `'…'`
    SingleQuoted,
    /// `"…"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

impl Node {
    /// Returns an empty mapping.
    pub fn mapping() -> Node {
        Node::Mapping(Mapping::default())
    }

    /// Returns a plain string scalar.
    pub fn string(text: impl Into<Text>) -> Node {
        Node::Scalar(Scalar::string(text))
    }

    /// Returns the position of the node.
    pub fn span(&self) -> Span {
        match self {
            Node::Mapping(m) => m.span,
            Node::Sequence(s) => s.span,
            Node::Scalar(s) => s.span,
        }
    }

    /// Returns the mapping, if it is one.
    pub fn as_mapping(&self) -> Option<&Mapping> {
        match self {
            Node::Mapping(m) => Some(m),
            _ => None,
        }
    }

    /// Returns the mapping, if it is one.
    pub fn as_mapping_mut(&mut self) -> Option<&mut Mapping> {
        match self {
            Node::Mapping(m) => Some(m),
            _ => None,
        }
    }

    /// Returns the sequence, if it is one.
    pub fn as_sequence(&self) -> Option<&Sequence> {
        match self {
            Node::Sequence(s) => Some(s),
            _ => None,
        }
    }

    /// Returns the sequence, if it is one.
    pub fn as_sequence_mut(&mut self) -> Option<&mut Sequence> {
        match self {
            Node::Sequence(s) => Some(s),
            _ => None,
        }
    }

    /// Returns the scalar, if it is one.
    pub fn as_scalar(&self) -> Option<&Scalar> {
        match self {
            Node::Scalar(s) => Some(s),
            _ => None,
        }
    }

    /// Returns the scalar, if it is one.
    pub fn as_scalar_mut(&mut self) -> Option<&mut Scalar> {
        match self {
            Node::Scalar(s) => Some(s),
            _ => None,
        }
    }

    /// Returns the text of a scalar.
    pub fn as_str(&self) -> Option<&str> {
        self.as_scalar().map(|s| s.text.as_str())
    }

    /// Returns the value at `key` of a mapping; `None` where there is none or this is not a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_mapping()?.get(key)
    }

    /// Returns the value at `key` of a mapping.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.as_mapping_mut()?.get_mut(key)
    }

    /// Returns the value under a chain of keys.
    pub fn at(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Returns whether the node is a null, written or empty.
    pub fn is_null(&self) -> bool {
        self.as_scalar().is_some_and(Scalar::is_null)
    }

    /// Returns how many nodes the tree has, keys included.
    pub fn size(&self) -> usize {
        match self {
            Node::Scalar(_) => 1,
            Node::Sequence(sequence) => 1 + sequence.items.iter().map(Node::size).sum::<usize>(),
            Node::Mapping(mapping) => {
                1 + mapping.entries.iter().map(|entry| 1 + entry.value.size()).sum::<usize>()
            }
        }
    }

    /// Returns whether a decrypted text is anywhere in the tree, keys included.
    pub fn is_sensitive(&self) -> bool {
        match self {
            Node::Mapping(m) => m.entries.iter().any(|e| e.key.text.is_sensitive() || e.value.is_sensitive()),
            Node::Sequence(sequence) => sequence.items.iter().any(Node::is_sensitive),
            Node::Scalar(scalar) => scalar.text.is_sensitive(),
        }
    }

    /// Calls `visit` on every scalar that is a value.
    pub fn for_each_scalar(&mut self, visit: &mut dyn FnMut(&mut Scalar)) {
        match self {
            Node::Mapping(mapping) => {
                mapping.entries.iter_mut().for_each(|entry| entry.value.for_each_scalar(visit))
            }
            Node::Sequence(sequence) => {
                sequence.items.iter_mut().for_each(|item| item.for_each_scalar(visit))
            }
            Node::Scalar(scalar) => visit(scalar),
        }
    }

    /// Returns what few nodes have.
    pub fn extra(&self) -> Option<&Extra> {
        match self {
            Node::Mapping(m) => m.extra.as_deref(),
            Node::Sequence(s) => s.extra.as_deref(),
            Node::Scalar(s) => s.extra.as_deref(),
        }
    }

    /// Returns the place of what few nodes have, made when it is not there.
    pub fn extra_mut(&mut self) -> &mut Extra {
        match self {
            Node::Mapping(m) => m.extra.get_or_insert_default(),
            Node::Sequence(s) => s.extra.get_or_insert_default(),
            Node::Scalar(s) => s.extra.get_or_insert_default(),
        }
    }
}

impl Mapping {
    /// Returns the value of the first entry with this key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|e| &e.value)
    }

    /// Returns the value of the first entry with this key.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.entries.iter_mut().find(|e| e.key.text.as_str() == key).map(|e| &mut e.value)
    }

    /// Returns the first entry with this key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|e| e.key.text.as_str() == key)
    }

    /// Returns the place of the first entry with this key.
    pub fn position(&self, key: &str) -> Option<usize> {
        self.entries.iter().position(|e| e.key.text.as_str() == key)
    }

    /// Sets the value at `key`, at the place it has or at the end.
    pub fn set(&mut self, key: &str, value: Node) {
        match self.get_mut(key) {
            Some(old) => *old = value,
            None => self.push(key, value),
        }
    }

    /// Adds an entry at the end without looking for an older one.
    pub fn push(&mut self, key: impl Into<Text>, value: Node) {
        self.entries.push(Entry { key: Scalar::string(key), value });
    }

    /// Removes the first entry with this key and returns its value.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        let index = self.position(key)?;
        Some(self.entries.remove(index).value)
    }
}

impl Scalar {
    /// Returns a plain string.
    pub fn string(text: impl Into<Text>) -> Scalar {
        Scalar { text: text.into(), tag: Tag::Str, ..Scalar::default() }
    }

    /// Returns a scalar whose type the text decides.
    pub fn bare(text: impl Into<Text>) -> Scalar {
        Scalar { text: text.into(), ..Scalar::default() }
    }

    /// Returns the number of the node that this scalar shares with others, if it does.
    pub fn shared(&self) -> Option<std::num::NonZeroU32> {
        self.extra.as_ref()?.shared
    }

    /// Returns whether the scalar is a null, written or empty.
    pub fn is_null(&self) -> bool {
        match self.tag {
            Tag::Null => true,
            Tag::Unresolved => self.resolved_tag() == Tag::Null,
            _ => false,
        }
    }

    /// Returns whether the scalar is a null of which nothing is written, not even a tag.
    pub fn is_absent(&self) -> bool {
        self.is_null() && self.text.as_str().is_empty() && self.tagged().is_none()
    }

    /// Returns how the scalar was written behind its tag, if it has one of YAML's own.
    pub fn tagged(&self) -> Option<Style> {
        self.extra.as_ref()?.tagged
    }

    /// Returns a string without quotes, or with double ones where yaml.v2 would read something else in the bare text.
    pub fn quoted_if_odd(text: impl Into<Text>) -> Scalar {
        let string = Scalar::string(text);
        match resolve_v2(string.text.as_str()) {
            Tag::Str => string,
            _ => Scalar { style: Style::DoubleQuoted, ..string },
        }
    }

    /// Returns another text in the style of this scalar, without a type: what it looks like decides.
    pub fn with_text(&self, text: impl Into<Text>) -> Scalar {
        Scalar { span: self.span, ..Scalar::bare(text) }.restyled(self.written())
    }

    /// Returns how the scalar is written.
    pub fn written(&self) -> Written {
        Written { style: self.tagged().unwrap_or(self.style), is_tagged: self.tagged().is_some() }
    }

    /// Returns the scalar written in another way. Its own tag stays, and is written where one was before; else quotes
    /// decide against a type that the bare text would have.
    pub fn restyled(mut self, written: Written) -> Scalar {
        let tagged = written.is_tagged.then_some(written.style);
        if tagged.is_some() || self.extra.is_some() {
            self.extra.get_or_insert_default().tagged = tagged;
        }
        self.style = match written.is_tagged && self.tag != Tag::Unresolved {
            true => Style::Plain,
            false => written.style,
        };
        self
    }

    /// Returns the scalar without its tag, so that its text and its quotes decide what it is.
    pub fn untagged(&self) -> Scalar {
        match self.tagged().unwrap_or(self.style) {
            Style::Plain => Scalar { span: self.span, ..Scalar::bare(self.text.clone()) },
            style => Scalar { tag: Tag::Str, style, extra: None, ..self.clone() },
        }
    }

    /// Returns the type, decided by the text where the tag does not say (as yaml.v3 decides).
    pub fn resolved_tag(&self) -> Tag {
        match self.tag {
            Tag::Unresolved if self.style == Style::Plain => crate::scalar::resolve_v3(self.text.as_str()),
            Tag::Unresolved => Tag::Str,
            tag => tag,
        }
    }
}

// Two trees are equal when they mean the same; positions, styles of collections and comments do not count.

impl PartialEq for Mapping {
    fn eq(&self, other: &Mapping) -> bool {
        self.entries == other.entries
    }
}

impl PartialEq for Sequence {
    fn eq(&self, other: &Sequence) -> bool {
        self.items == other.items
    }
}

impl PartialEq for Scalar {
    fn eq(&self, other: &Scalar) -> bool {
        self.text == other.text && self.resolved_tag() == other.resolved_tag()
    }
}
