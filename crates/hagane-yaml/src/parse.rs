//! Text to trees.
//!
//! The events come from `granit_parser`; everything that makes them Go's YAML is here: types of bare texts,
//! empty values, anchors written out, merge keys, and bounds. Another parser can take its place below [`parse`].

use std::borrow::Cow;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

use crate::scalar::{is_yaml11_bool, resolve_v2, resolve_v3, value};
use crate::comments;
use crate::{Comments, Entry, Extra, FileId, Mapping, Node, Scalar, Sequence, Span, Style, Tag, Text, YamlError};

/// How to read a text.
#[derive(Clone, Debug, Default)]
pub struct ParseOptions {
    /// Whose types bare texts get.
    pub dialect: Dialect,
    /// Whether comments are attached to nodes.
    pub comments: bool,
    /// What becomes of merge keys.
    pub merge_keys: MergeKeys,
    /// Lines of the file before this text, for positions.
    pub lines_before: u32,
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

/// YAML's own tags of scalars, which decide their type. The parser's core schema has only half of them.
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
        let message = format!("file of {} bytes is larger than the limit of {} bytes", text.len(), options.limits.bytes);
        return Err(YamlError::new(start, message));
    }
    let mut parser_options = granit_parser::Options::default();
    parser_options.emit_comments = false;
    parser_options.flow_nesting_limit = options.limits.depth;
    parser_options.block_nesting_limit = options.limits.depth;
    let mut reader = Reader {
        events: Parser::new_from_str_with_options(text, parser_options),
        file,
        options,
        anchors: Vec::new(),
        alias_nodes: 0,
        last: start,
        length: text.len(),
        cut_short: !text.trim_end_matches(' ').ends_with('\n'),
        comments: match options.comments {
            true => comments::of_nodes(text, options.limits.depth).into_iter(),
            false => Vec::new().into_iter(),
        },
    };
    reader.documents()
}

type Events<'a> = Parser<'a, granit_parser::StrInput<'a>>;

struct Reader<'a> {
    events: Events<'a>,
    file: FileId,
    options: &'a ParseOptions,
    /// Nodes with an anchor, by the parser's number. An anchor is there only once its node is complete.
    anchors: Vec<Option<(Node, usize)>>,
    alias_nodes: usize,
    last: Span,
    /// Bytes of the text.
    length: usize,
    /// Whether the text ends without a line break.
    cut_short: bool,
    /// The comments of the nodes to come.
    comments: std::vec::IntoIter<Comments>,
}

impl<'a> Reader<'a> {
    fn documents(&mut self) -> Result<Vec<Node>, YamlError> {
        let mut documents = Vec::new();
        loop {
            match self.next()?.0 {
                Event::StreamEnd => return Ok(documents),
                Event::DocumentStart(..) => {
                    self.anchors.clear();
                    let first = self.next()?;
                    documents.push(self.node(first, 0)?);
                }
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span, granit_parser::Span), YamlError> {
        match self.events.next_event() {
            Some(Ok((event, span))) => {
                self.last = self.span(&span.start);
                Ok((event, self.last, span))
            }
            Some(Err(error)) => {
                Err(YamlError::new(self.span(error.marker()), format!("invalid YAML: {}", error.info())))
            }
            None => Err(YamlError::new(self.last, "invalid YAML: the document ends too early")),
        }
    }

    fn span(&self, marker: &granit_parser::Marker) -> Span {
        let line = marker.line() as u32 + self.options.lines_before;
        Span { file: self.file, line, column: marker.col() as u32 + 1 }
    }

    fn node(&mut self, (event, span, source): (Event<'a>, Span, granit_parser::Span), depth: usize) -> Result<Node, YamlError> {
        if depth > self.options.limits.depth {
            let message = format!("collections are nested more than {} deep", self.options.limits.depth);
            return Err(YamlError::new(span, message));
        }
        let comments = self.comments.next().filter(|comments| *comments != Comments::default());
        let (mut node, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let text = self.as_go_reads(text, style, &source);
                (self.scalar(text, style, tag.as_deref(), span)?, anchor)
            }
            Event::SequenceStart(style, anchor, tag) => {
                let mut sequence = Sequence { span, flow: style == StructureStyle::Flow, ..Sequence::default() };
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
            Event::MappingStart(style, anchor, tag) => {
                let mut mapping = Mapping { span, flow: style == StructureStyle::Flow, ..Mapping::default() };
                mapping.extra = custom_tag(tag.as_deref(), "map");
                self.entries(&mut mapping, depth)?;
                (Node::Mapping(mapping), anchor)
            }
            Event::Alias(id) => (self.alias(id, span)?, 0),
            _ => return Err(YamlError::new(span, "invalid YAML: a value is missing here")),
        };
        if let Some(comments) = comments {
            node.extra_mut().comments = comments;
        }
        if anchor > 0 {
            let size = nodes(&node);
            if self.anchors.len() <= anchor {
                self.anchors.resize(anchor + 1, None);
            }
            self.anchors[anchor] = Some((node.clone(), size));
        }
        Ok(node)
    }

    fn entries(&mut self, mapping: &mut Mapping, depth: usize) -> Result<(), YamlError> {
        let mut merges: Vec<Node> = Vec::new();
        loop {
            let next = self.next()?;
            if matches!(next.0, Event::MappingEnd) {
                break;
            }
            let key_span = next.1;
            let Node::Scalar(key) = self.node(next, depth + 1)? else {
                let error = YamlError::new(key_span, "a mapping or a sequence cannot be a key here");
                return Err(error.hinted("keys of Kubernetes manifests are strings"));
            };
            let next = self.next()?;
            let value = self.node(next, depth + 1)?;
            match key.tag {
                Tag::Merge if self.options.merge_keys == MergeKeys::Apply => merges.push(value),
                _ => mapping.entries.push(Entry { key, value }),
            }
        }
        if let [_, second, ..] = &merges[..]
            && self.options.dialect == Dialect::V3
        {
            return Err(YamlError::new(second.span(), "a mapping takes one merge key").hinted("list the mappings: `<<: [*a, *b]`"));
        }
        for value in merges {
            merge(mapping, value)?;
        }
        Ok(())
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<Node, YamlError> {
        let Some((node, size)) = self.anchors.get(id).cloned().flatten() else {
            return Err(YamlError::new(span, "an alias stands inside the node that its anchor names"));
        };
        self.alias_nodes += size;
        if self.alias_nodes > self.options.limits.alias_nodes {
            let message = format!("aliases expand to more than {} nodes", self.options.limits.alias_nodes);
            return Err(YamlError::new(span, message).hinted("write the values out, or share them through a component"));
        }
        Ok(node)
    }

    /// Mends what the parser reads differently: an absent value is no `~`, and a block at the end of a text
    /// without a last line break has none either.
    fn as_go_reads(&self, text: Cow<'a, str>, style: ScalarStyle, source: &granit_parser::Span) -> Cow<'a, str> {
        match style {
            ScalarStyle::Plain if source.start == source.end => Cow::Borrowed(""),
            ScalarStyle::Literal | ScalarStyle::Folded
                if self.cut_short && text.ends_with('\n') && source.byte_range().is_some_and(|r| r.end >= self.length) =>
            {
                let mut text = text.into_owned();
                text.pop();
                Cow::Owned(text)
            }
            _ => text,
        }
    }

    fn scalar(
        &self,
        text: Cow<'a, str>,
        style: ScalarStyle,
        tag: Option<&granit_parser::Tag>,
        span: Span,
    ) -> Result<Node, YamlError> {
        let style = match style {
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
            _ => Style::Plain,
        };
        let mut scalar = Scalar { text: Text::Plain(text.into()), style, span, ..Scalar::default() };
        let core = tag.and_then(|t| t.suffix_in_namespace("tag:yaml.org,2002:"));
        let core = core.as_deref().filter(|name| SCALAR_TAGS.contains(name));
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
                    _ if tag.to_string() == "!" && style == Style::Plain && self.options.dialect == Dialect::V3 => {
                        resolve_v3(scalar.text.as_str())
                    }
                    _ => Tag::Custom,
                };
                match core {
                    None => scalar.extra = custom_tag(Some(tag), ""),
                    // An explicit tag decides alone, quotes or not.
                    Some(name) => {
                        scalar.style = Style::Plain;
                        let yaml11 = self.options.dialect == Dialect::V3 && is_yaml11_bool(scalar.text.as_str());
                        if value(&scalar).is_err() || yaml11 && scalar.tag == Tag::Bool {
                            return Err(YamlError::new(span, format!("the value does not fit its type `!!{name}`"))
                                .hinted("quote the value, or drop its tag"));
                        }
                    }
                }
            }
        }
        Ok(Node::Scalar(scalar))
    }
}

fn custom_tag(tag: Option<&granit_parser::Tag>, own: &str) -> Option<Box<Extra>> {
    let tag = tag.filter(|t| t.core_suffix() != Some(own) || own.is_empty())?;
    Some(Box::new(Extra { custom_tag: Some(tag.to_string()), ..Extra::default() }))
}

fn nodes(node: &Node) -> usize {
    match node {
        Node::Scalar(_) => 1,
        Node::Sequence(s) => 1 + s.items.iter().map(nodes).sum::<usize>(),
        Node::Mapping(m) => 1 + m.entries.iter().map(|e| 1 + nodes(&e.value)).sum::<usize>(),
    }
}

/// Adds the entries of a merge key's value that the mapping does not have itself; of several mappings the
/// first that has a key wins.
fn merge(mapping: &mut Mapping, value: Node) -> Result<(), YamlError> {
    match value {
        Node::Mapping(merged) => {
            for entry in merged.entries {
                if mapping.entry(entry.key.text.as_str()).is_none() {
                    mapping.entries.push(entry);
                }
            }
            Ok(())
        }
        Node::Sequence(sequence) => sequence.items.into_iter().try_for_each(|item| match item {
            Node::Mapping(_) => merge(mapping, item),
            other => Err(YamlError::new(other.span(), "a merge key takes mappings only")),
        }),
        Node::Scalar(scalar) => Err(YamlError::new(scalar.span, "a merge key takes a mapping, or a sequence of mappings")),
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
        let got: Vec<String> = ["x", "y", "z"].iter().map(|k| node.at(&["c", k]).and_then(Node::as_str).unwrap_or("-").into()).collect();
        assert_eq!(got, ["0", "2", "4"]);
    }

    #[test]
    fn a_block_at_the_end_has_the_break_that_is_there() {
        for (text, want) in [("k: |\n  a", "a"), ("k: |\n  a\n", "a\n"), ("k: |\n  a\n  ", "a\n"), ("k: >\n  a", "a")] {
            assert_eq!(read(text, Dialect::V3).get("k").and_then(Node::as_str), Some(want), "{text:?}");
        }
    }
}
