//! Text to trees.
//!
//! The events come from [`crate::events`]; what makes them a tree is here: types of bare texts, anchors written
//! out, merge keys, and bounds.

use std::borrow::Cow;

use crate::comments;
use crate::events::{Event, Events, Layout, Properties, Rest, Settings, TAG_NAMESPACE};
use crate::scalar::{is_yaml11_bool, resolve_v2, resolve_v3, value};
use crate::{
    Comments, Entry, Extra, FileId, Mapping, Node, Scalar, Sequence, Span, Style, Tag, Text, YamlError,
};

/// How to read a text.
#[derive(Clone, Debug, Default)]
pub struct ParseOptions {
    /// Whose types bare texts get.
    pub dialect: Dialect,
    /// Whether comments are attached to nodes.
    pub comments: bool,
    /// Whether what stands behind the first document is not looked at.
    pub first_only: bool,
    /// What becomes of merge keys.
    pub merge_keys: MergeKeys,
    /// What becomes of anchors and aliases.
    pub aliases: Aliases,
    /// Lines of the file before this text, for positions.
    pub lines_before: u32,
    /// Columns of the file before each line of this text, for positions.
    pub columns_before: u32,
    /// Bounds.
    pub limits: Limits,
}

/// Whose types bare texts get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Go's yaml.v3: `yes` is a string. Resources.
    #[default]
    V3,
    /// Go's yaml.v2: `yes` is true. Kustomization files and JSON patches in YAML.
    V2,
}

/// YAML's own tags of scalars, which decide their type.
const SCALAR_TAGS: [&str; 8] = ["str", "int", "float", "bool", "null", "timestamp", "binary", "merge"];

/// What becomes of merge keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MergeKeys {
    /// Their entries are added to the mapping.
    #[default]
    Apply,
    /// They stay as they are: keys `<<` with a mapping.
    Keep,
}

/// What becomes of anchors and aliases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aliases {
    /// An alias is written out: the node that its anchor names stands in its place.
    #[default]
    Expand,
    /// They stay: nodes know the name of their anchor, and an alias is a scalar with [`Tag::Alias`].
    Keep,
}

/// Bounds on what is read, so that a hostile text ends in a diagnostic.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a text.
    pub bytes: usize,
    /// Collections inside one another.
    pub depth: usize,
    /// Nodes that aliases may add.
    pub alias_nodes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { bytes: 128 << 20, depth: 1000, alias_nodes: 1_000_000 }
    }
}

/// Reads every document of a text. A document without content is a null.
pub fn parse(text: &str, file: FileId, options: &ParseOptions) -> Result<Vec<Node>, YamlError> {
    let start = Span { file, line: options.lines_before + 1, column: 1 };
    if text.len() > options.limits.bytes {
        let message = format!(
            "file of {} bytes is larger than the limit of {} bytes",
            text.len(),
            options.limits.bytes
        );
        return Err(YamlError::new(start, message));
    }
    // Patches that begin so never pass through yaml.v2: they are read as JSON.
    let json = options.dialect == Dialect::V2 && text.starts_with('[');
    let settings = Settings {
        file,
        lines_before: options.lines_before,
        dialect: options.dialect,
        json,
        // Who keeps merge keys writes the file back, and must not lose any of it.
        rest: match options.merge_keys {
            MergeKeys::Apply if !json => Rest::Ignore,
            _ => Rest::Refuse,
        },
        depth: options.limits.depth,
    };
    let mut reader = Reader {
        events: Events::new(text, settings)?,
        options,
        anchors: Vec::new(),
        alias_nodes: 0,
        lost_keys: false,
        comments: match options.comments {
            true => comments::of_nodes(text, options.limits.depth).into_iter(),
            false => Vec::new().into_iter(),
        },
    };
    reader.documents()
}

struct Reader<'a> {
    events: Events<'a>,
    options: &'a ParseOptions,
    /// Nodes with an anchor, by its number. An anchor is there only once its node is complete.
    anchors: Vec<Option<(Node, usize)>>,
    alias_nodes: usize,
    /// Whether the document has a key that [`drop_lost_keys`] takes off.
    lost_keys: bool,
    /// The comments of the nodes to come.
    comments: std::vec::IntoIter<Comments>,
}

impl<'a> Reader<'a> {
    /// Returns the next event, its place seen from the file's beginning.
    fn next(&mut self) -> Result<(Event<'a>, Span), YamlError> {
        match self.events.next() {
            Ok((event, span)) => Ok((event, self.moved(span))),
            Err(error) => Err(YamlError { span: self.moved(error.span), ..error }),
        }
    }

    fn moved(&self, span: Span) -> Span {
        Span { column: span.column + self.options.columns_before, ..span }
    }

    fn documents(&mut self) -> Result<Vec<Node>, YamlError> {
        let mut documents = Vec::new();
        loop {
            match self.next()?.0 {
                Event::StreamEnd => return Ok(documents),
                Event::DocumentStart => {
                    self.anchors.clear();
                    let first = self.next()?;
                    let mut document = self.node(first, 0)?;
                    if std::mem::take(&mut self.lost_keys) {
                        drop_lost_keys(&mut document);
                    }
                    documents.push(document);
                    if self.options.first_only {
                        if let Err(error) = self.events.look_ahead() {
                            return Err(YamlError { span: self.moved(error.span), ..error });
                        }
                        return Ok(documents);
                    }
                }
                _ => {}
            }
        }
    }

    fn node(&mut self, (event, span): (Event<'a>, Span), depth: usize) -> Result<Node, YamlError> {
        if depth > self.options.limits.depth {
            let message = format!("collections are nested more than {} deep", self.options.limits.depth);
            return Err(YamlError::new(span, message));
        }
        let comments = self.comments.next().filter(|comments| *comments != Comments::default());
        let (mut node, anchor) = match event {
            Event::Scalar(text, style, Properties { anchor, tag }) => {
                (self.scalar(text, style, tag.as_deref(), span)?, anchor)
            }
            Event::SequenceStart(layout, Properties { anchor, tag }) => {
                let mut sequence = Sequence { span, flow: layout == Layout::Flow, ..Sequence::default() };
                sequence.extra = custom_tag(tag.as_deref(), "seq");
                loop {
                    let next = self.next()?;
                    if matches!(next.0, Event::SequenceEnd) {
                        break;
                    }
                    sequence.items.push(self.node(next, depth + 1)?);
                }
                (Node::Sequence(sequence), anchor)
            }
            Event::MappingStart(layout, Properties { anchor, tag }) => {
                let mut mapping = Mapping { span, flow: layout == Layout::Flow, ..Mapping::default() };
                mapping.extra = custom_tag(tag.as_deref(), "map");
                self.entries(&mut mapping, depth)?;
                (Node::Mapping(mapping), anchor)
            }
            Event::Alias(id) if self.options.aliases == Aliases::Keep => {
                let name = self.events.anchor_name(id).unwrap_or_default();
                (Node::Scalar(Scalar { tag: Tag::Alias, span, ..Scalar::bare(name) }), 0)
            }
            Event::Alias(id) => (self.alias(id, span)?, 0),
            _ => return Err(YamlError::new(span, "a value is missing here")),
        };
        if let Some(comments) = comments {
            node.extra_mut().comments = comments;
        }
        if anchor > 0 && self.options.aliases == Aliases::Keep {
            node.extra_mut().anchor = self.events.anchor_name(anchor).map(str::to_owned);
        } else if anchor > 0 {
            let size = node.size();
            if self.anchors.len() <= anchor {
                self.anchors.resize(anchor + 1, None);
            }
            self.anchors[anchor] = Some((node.clone(), size));
        }
        Ok(node)
    }

    fn entries(&mut self, mapping: &mut Mapping, depth: usize) -> Result<(), YamlError> {
        let mut merges: Vec<Node> = Vec::new();
        let mut seen_merge = false;
        loop {
            let next = self.next()?;
            if matches!(next.0, Event::MappingEnd) {
                break;
            }
            let key_span = next.1;
            let absent = matches!(&next.0, Event::Scalar(text, _, Properties { tag, .. })
                if text.is_empty() && tag.as_deref().is_none_or(|tag| tag == "!"));
            let Node::Scalar(mut key) = self.node(next, depth + 1)? else {
                let error = YamlError::new(key_span, "a mapping or a sequence cannot be a key here");
                return Err(error.hinted("keys of Kubernetes manifests are strings"));
            };
            let next = self.next()?;
            let value = self.node(next, depth + 1)?;
            if key.tag == Tag::Null && absent && self.expands_as_kustomize() {
                key.tag = Tag::Str;
            }
            let looks_like_merge = key.text.as_str() == "<<";
            match key.tag {
                Tag::Merge if self.options.merge_keys == MergeKeys::Apply => merges.push(value),
                // Where kustomize takes merge keys out, the first key with this text goes, even a quoted one; but
                // what the mapping is merged into still gets it.
                _ if looks_like_merge && !seen_merge && self.expands_as_kustomize() => {
                    self.lost_keys = true;
                    mapping.entries.push(Entry { key: Scalar { tag: Tag::Merge, ..key }, value });
                }
                _ => mapping.entries.push(Entry { key, value }),
            }
            seen_merge |= looks_like_merge;
        }
        if let [_, second, ..] = &merges[..]
            && self.options.dialect == Dialect::V3
        {
            return Err(YamlError::new(second.span(), "a mapping takes one merge key")
                .hinted("list the mappings: `<<: [*a, *b]`"));
        }
        for value in merges {
            merge(mapping, value)?;
        }
        Ok(())
    }

    /// Returns whether the text is a resource, whose aliases and merge keys kustomize writes out: in passing, an
    /// absent key becomes the empty text.
    fn expands_as_kustomize(&self) -> bool {
        self.options.dialect == Dialect::V3 && self.options.merge_keys == MergeKeys::Apply
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<Node, YamlError> {
        let Some((node, size)) = self.anchors.get(id).cloned().flatten() else {
            let error = YamlError::new(span, "an alias stands inside the node that its anchor names");
            return Err(error.hinted("write out what it should stand for"));
        };
        self.alias_nodes += size;
        if self.alias_nodes > self.options.limits.alias_nodes {
            let message = format!("aliases expand to more than {} nodes", self.options.limits.alias_nodes);
            return Err(YamlError::new(span, message)
                .hinted("write the values out, or share them through a component"));
        }
        Ok(node)
    }

    fn scalar(
        &self,
        text: Cow<'a, str>,
        style: Style,
        tag: Option<&str>,
        span: Span,
    ) -> Result<Node, YamlError> {
        let mut scalar = Scalar { text: Text::Plain(text.into()), style, span, ..Scalar::default() };
        let core = tag.and_then(|t| t.strip_prefix(TAG_NAMESPACE)).filter(|name| SCALAR_TAGS.contains(name));
        match tag.map(|t| (t, core)) {
            None if style != Style::Plain => scalar.tag = Tag::Str,
            None => {
                scalar.tag = match self.options.dialect {
                    Dialect::V3 => resolve_v3(scalar.text.as_str()),
                    // yaml.v2 gives timestamps back as they were written.
                    Dialect::V2 => match resolve_v2(scalar.text.as_str()) {
                        Tag::Timestamp => Tag::Str,
                        tag => tag,
                    },
                }
            }
            Some((tag, core)) => {
                scalar.tag = match core {
                    Some("str") => Tag::Str,
                    Some("int") => Tag::Int,
                    Some("float") => Tag::Float,
                    Some("bool") => Tag::Bool,
                    Some("null") => Tag::Null,
                    Some("timestamp") => Tag::Timestamp,
                    Some("binary") => Tag::Binary,
                    Some("merge") => Tag::Merge,
                    // The tag `!` alone is none for yaml.v3; what has a tag of its own is a text.
                    _ if tag == "!" && self.options.dialect == Dialect::V3 => match style {
                        Style::Plain => resolve_v3(scalar.text.as_str()),
                        _ => Tag::Str,
                    },
                    _ => Tag::Custom,
                };
                match core {
                    None => scalar.extra = custom_tag(Some(tag), ""),
                    // An explicit tag decides alone, quotes or not.
                    Some(name) => {
                        scalar.extra.get_or_insert_default().tagged = Some(style);
                        // Written again with its tag, such a text is no merge key.
                        let is_no_merge = name == "str" && scalar.text.as_str() == "<<";
                        scalar.style = if is_no_merge { Style::SingleQuoted } else { Style::Plain };
                        let yaml11 =
                            self.options.dialect == Dialect::V3 && is_yaml11_bool(scalar.text.as_str());
                        if value(&scalar).is_err() || yaml11 && scalar.tag == Tag::Bool {
                            return Err(YamlError::new(
                                span,
                                format!("the value does not fit its type `!!{name}`"),
                            )
                            .hinted("quote the value, or drop its tag"));
                        }
                        // yaml.v2 gives timestamps back as they were written, whoever said that they are some.
                        if scalar.tag == Tag::Timestamp && self.options.dialect == Dialect::V2 {
                            scalar.tag = Tag::Str;
                        }
                    }
                }
            }
        }
        Ok(Node::Scalar(scalar))
    }
}

/// Returns a tag as it is written, unless the node has it anyway.
fn custom_tag(tag: Option<&str>, own: &str) -> Option<Box<Extra>> {
    let tag = tag?;
    let written = match tag.strip_prefix(TAG_NAMESPACE) {
        Some(name) if name == own => return None,
        Some(name) => format!("!!{name}"),
        None if tag.starts_with('!') => tag.to_owned(),
        None => format!("!<{tag}>"),
    };
    Some(Box::new(Extra { custom_tag: Some(written), ..Extra::default() }))
}

/// Takes off the keys that look like a merge and are lost where they stand.
fn drop_lost_keys(node: &mut Node) {
    match node {
        Node::Mapping(mapping) => {
            mapping.entries.retain(|entry| entry.key.tag != Tag::Merge);
            mapping.entries.iter_mut().for_each(|entry| drop_lost_keys(&mut entry.value));
        }
        Node::Sequence(sequence) => sequence.items.iter_mut().for_each(drop_lost_keys),
        Node::Scalar(_) => {}
    }
}

/// Adds the entries of a merge key's value that the mapping does not have itself; of several mappings the
/// first that has a key wins.
fn merge(mapping: &mut Mapping, value: Node) -> Result<(), YamlError> {
    match value {
        Node::Mapping(merged) => {
            for mut entry in merged.entries {
                if mapping.entry(entry.key.text.as_str()).is_some() {
                    continue;
                }
                // A key that only looks like a merge comes from next door and no farther.
                match entry.key.tag {
                    Tag::Merge => entry.key.tag = Tag::Str,
                    _ if entry.key.text.as_str() == "<<" => continue,
                    _ => {}
                }
                mapping.entries.push(entry);
            }
            Ok(())
        }
        Node::Sequence(sequence) => sequence.items.into_iter().try_for_each(|item| match item {
            Node::Mapping(_) => merge(mapping, item),
            other => Err(YamlError::new(other.span(), "a merge key takes mappings only")
                .hinted("for example `<<: [*base, *more]`")),
        }),
        Node::Scalar(scalar) => {
            Err(YamlError::new(scalar.span, "a merge key takes a mapping, or a sequence of mappings")
                .hinted("for example `<<: *base`; quote the key where it is none"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str, line: u32, column: u32, message: &str) {
        let error = parse(text, FileId::default(), &ParseOptions::default()).expect_err(message);
        assert_eq!((error.span.line, error.span.column, error.message.as_str()), (line, column, message));
    }

    #[track_caller]
    fn read(text: &str, dialect: Dialect) -> Node {
        let options = ParseOptions { dialect, ..ParseOptions::default() };
        parse(text, FileId::default(), &options).expect("the case parses").remove(0)
    }

    #[test]
    fn what_is_wrong_has_a_place() {
        refused("a: !!int x", 1, 10, "the value does not fit its type `!!int`");
        refused("a: !!bool yes", 1, 11, "the value does not fit its type `!!bool`");
        refused("a: {[1]: 2}", 1, 5, "a mapping or a sequence cannot be a key here");
        refused("a: &a\n- *a", 2, 3, "an alias stands inside the node that its anchor names");
        refused("<<: 1", 1, 5, "a merge key takes a mapping, or a sequence of mappings");
    }

    #[test]
    fn bombs_are_refused() {
        let deep = "[".repeat(2000);
        assert!(parse(&deep, FileId::default(), &ParseOptions::default()).is_err());
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..10 {
            let before = format!("*a{}", level - 1);
            bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![before; 10].join(", ")));
        }
        let error = parse(&bomb, FileId::default(), &ParseOptions::default()).expect_err("a bomb");
        assert_eq!(error.message, "aliases expand to more than 1000000 nodes");
    }

    #[test]
    fn tags_and_dialects_decide_types() {
        let tag = |text, dialect| match read(text, dialect) {
            Node::Scalar(scalar) => scalar.tag,
            _ => Tag::Unresolved,
        };
        for (text, v3, v2) in [
            ("yes", Tag::Str, Tag::Bool),
            ("'yes'", Tag::Str, Tag::Str),
            ("2020-01-01", Tag::Timestamp, Tag::Str),
            ("!!str 1", Tag::Str, Tag::Str),
            ("!!int '3'", Tag::Int, Tag::Int),
            ("!mine 1", Tag::Custom, Tag::Custom),
            ("! 1", Tag::Int, Tag::Custom),
            ("! '1'", Tag::Str, Tag::Custom),
            ("!!timestamp 2020-01-01", Tag::Timestamp, Tag::Str),
            ("", Tag::Null, Tag::Null),
        ] {
            let text = format!("k: {text}\n");
            let of = |dialect| read(&text, dialect).get("k").and_then(Node::as_scalar).map(|s| s.tag);
            assert_eq!((of(Dialect::V3), of(Dialect::V2)), (Some(v3), Some(v2)), "{text}");
        }
        assert_eq!(tag("1", Dialect::V3), Tag::Int);
    }

    #[test]
    fn merge_keys_fill_what_is_missing() {
        let node = read("a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc:\n  <<: [*a, *b]\n  x: 0\n", Dialect::V3);
        let got: Vec<String> = ["x", "y", "z"]
            .iter()
            .map(|k| node.at(&["c", k]).and_then(Node::as_str).unwrap_or("-").into())
            .collect();
        assert_eq!(got, ["0", "2", "4"]);
    }

    #[test]
    fn the_first_key_that_looks_like_a_merge_goes() {
        let keys = |text: &str, dialect| match read(text, dialect) {
            Node::Mapping(mapping) => {
                mapping.entries.iter().map(|e| e.key.text.as_str().to_owned()).collect()
            }
            _ => Vec::new(),
        };
        assert_eq!(keys("'<<': {a: 1}\nb: 1", Dialect::V3), ["b"]);
        assert_eq!(keys("'<<': x\n'<<': y", Dialect::V3), ["<<"]);
        assert_eq!(keys("'<<': x\n<<: {b: 1}", Dialect::V3), ["b"]);
        assert_eq!(keys("<<: {b: 1}\n'<<': x", Dialect::V3), ["<<", "b"]);
        assert_eq!(keys("'<<': {a: 1}\nb: 1", Dialect::V2), ["<<", "b"]);
    }

    #[test]
    fn a_block_at_the_end_has_the_break_that_is_there() {
        for (text, want) in
            [("k: |\n  a", "a"), ("k: |\n  a\n", "a\n"), ("k: |\n  a\n  ", "a\n"), ("k: >\n  a", "a")]
        {
            assert_eq!(read(text, Dialect::V3).get("k").and_then(Node::as_str), Some(want), "{text:?}");
        }
    }
}
