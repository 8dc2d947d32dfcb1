//! YAML as Go's yaml.v3 writes a tree of nodes: the order and the styles of the tree, its comments, and lines
//! of any length.
//!
//! The shape follows libyaml's emitter, on which yaml.v3 builds: a little state about the current line
//! (`whitespace`, `indention`), an indentation that collections push and pop, and comments that wait until the
//! place where they may stand. Where comments go in odd places, the odd places are yaml.v3's.

mod scalar;

use zeroize::Zeroizing;

use crate::emit::style::is_break;
use crate::{Comments, Entry, Extra, Mapping, Node, Scalar, Sequence, Text};

pub use scalar::encode_string;

/// How to write.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Spaces a level, from 2 to 9.
    pub indent: usize,
    /// How far the items of a sequence in a mapping stand in.
    pub sequences: SequenceIndent,
}

/// How far the items of a sequence in a mapping stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SequenceIndent {
    /// A whole level, what yaml.v3 does unless told otherwise.
    Wide,
    /// A level less the two columns of `- `.
    Compact,
}

impl Default for Options {
    fn default() -> Options {
        Options { indent: 4, sequences: SequenceIndent::Wide }
    }
}

/// Returns the documents as one text. The text is zeroed when dropped: a tree may hold secrets.
///
/// ```
/// use hagane_yaml::emit::v3;
/// let documents = hagane_yaml::parse("l: [\"yes\"]\n", Default::default(), &Default::default()).unwrap();
/// assert_eq!(v3::write(&documents, &v3::Options::default()).as_str(), "l: [\"yes\"]\n");
/// ```
pub fn write(documents: &[Node], options: &Options) -> Zeroizing<String> {
    let mut emitter = Emitter::new(options);
    for (index, document) in documents.iter().enumerate() {
        emitter.document(document, index == 0);
    }
    emitter.out
}

/// Returns a document as kustomize writes YAML inside a text: two spaces a level, sequences not set in.
pub fn kyaml(document: &Node) -> Zeroizing<String> {
    write(std::slice::from_ref(document), &Options { indent: 2, sequences: SequenceIndent::Compact })
}

/// Where a node stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    BlockItem,
    BlockKey,
    BlockValue,
    FlowItem,
    FlowKey,
    FlowValue,
}

struct Emitter<'a> {
    out: Zeroizing<String>,
    best_indent: i32,
    sequences: SequenceIndent,
    /// Columns the current collection stands in; -1 outside of any.
    indent: i32,
    column: i32,
    flow_level: usize,
    /// Whether the last character was a blank.
    whitespace: bool,
    /// Whether the line has held nothing but blanks and indicators that indent.
    indention: bool,
    /// The indentation at which a foot comment has just ended; an empty line keeps it apart from what follows.
    foot_indent: i32,
    waiting: Waiting<'a>,
}

/// Comments that wait for their place.
#[derive(Default)]
struct Waiting<'a> {
    head: &'a [Text],
    line: &'a [Text],
    foot: &'a [Text],
    /// The foot of the mapping's entry before this one.
    tail: &'a [Text],
    /// The line comment of a key, until its value shows where it may stand.
    key_line: &'a [Text],
}

impl Waiting<'_> {
    fn after_item(&self) -> bool {
        !(self.line.is_empty() && self.foot.is_empty() && self.tail.is_empty())
    }
}

static NO_COMMENTS: Comments = Comments { head: Vec::new(), line: Vec::new(), foot: Vec::new() };

fn comments(extra: &Option<Box<Extra>>) -> &Comments {
    extra.as_ref().map_or(&NO_COMMENTS, |e| &e.comments)
}

impl<'a> Emitter<'a> {
    fn new(options: &Options) -> Emitter<'a> {
        let best_indent = if (2..=9).contains(&options.indent) { options.indent as i32 } else { 2 };
        Emitter {
            out: Zeroizing::default(),
            best_indent,
            sequences: options.sequences,
            indent: -1,
            column: 0,
            flow_level: 0,
            whitespace: true,
            indention: true,
            foot_indent: -1,
            waiting: Waiting::default(),
        }
    }

    fn document(&mut self, root: &'a Node, first: bool) {
        if !first {
            self.write_indent();
            self.write_indicator("---", true, false, false);
            self.write_indent();
        }
        self.begin(root, &[]);
        self.write_head();
        self.node(root, Place::Root);
        self.foot_indent = 0;
        self.write_foot();
        self.foot_indent = -1;
        self.write_indent();
    }

    /// Takes up the comments that come with the start of a node.
    fn begin(&mut self, node: &'a Node, tail: &'a [Text]) {
        match node {
            Node::Scalar(s) => self.begin_scalar(s, tail),
            Node::Mapping(m) => self.take_up(&comments(&m.extra).head, &[], &[], tail),
            Node::Sequence(s) => self.take_up(&comments(&s.extra).head, &[], &[], &[]),
        }
    }

    fn begin_scalar(&mut self, scalar: &'a Scalar, tail: &'a [Text]) {
        let own = comments(&scalar.extra);
        self.take_up(&own.head, &own.line, &own.foot, tail);
    }

    /// Takes up the comments that come with the end of a collection.
    fn end(&mut self, extra: &'a Option<Box<Extra>>, tail: &'a [Text]) {
        let own = comments(extra);
        self.take_up(&[], &own.line, &own.foot, tail);
    }

    fn take_up(&mut self, head: &'a [Text], line: &'a [Text], foot: &'a [Text], tail: &'a [Text]) {
        for (waiting, new) in [
            (&mut self.waiting.head, head),
            (&mut self.waiting.line, line),
            (&mut self.waiting.foot, foot),
            (&mut self.waiting.tail, tail),
        ] {
            if !new.is_empty() {
                *waiting = new;
            }
        }
    }

    /// Writes a node whose comments are taken up.
    fn node(&mut self, node: &'a Node, place: Place) {
        match node {
            Node::Scalar(s) => {
                self.scalar(s, place);
                if matches!(place, Place::FlowItem | Place::FlowValue) && self.waiting.after_item() {
                    self.write_indicator(",", false, false, false);
                }
                self.write_line_comment();
                self.write_foot();
            }
            Node::Sequence(s) => {
                self.write_anchor(&s.extra);
                self.write_tag(scalar::collection_tag(&s.extra).as_deref());
                if self.flow_level > 0 || s.flow || s.items.is_empty() {
                    self.flow_sequence(s, place);
                } else {
                    self.block_sequence(s, place);
                }
            }
            Node::Mapping(m) => {
                self.write_anchor(&m.extra);
                self.write_tag(scalar::collection_tag(&m.extra).as_deref());
                if self.flow_level > 0 || m.flow || m.entries.is_empty() {
                    self.flow_mapping(m, place);
                } else {
                    self.block_mapping(m, place);
                }
            }
        }
    }

    fn deeper(&self, place: Place) -> i32 {
        match place {
            _ if self.indent < 0 => 0,
            // The first level inside an item only steps over its `- `.
            Place::BlockItem => self.indent + 2,
            _ => (self.indent + self.best_indent) / self.best_indent * self.best_indent,
        }
    }

    /// Returns the indentation of what continues on the next line: block scalars and flow collections.
    fn deeper_flow(&self, place: Place) -> i32 {
        if self.indent < 0 { self.best_indent } else { self.deeper(place) }
    }

    fn block_sequence(&mut self, sequence: &'a Sequence, place: Place) {
        // The collection has begun, so what waits for the end of its line is due.
        self.write_line_comment();
        self.write_foot();
        let outer = self.indent;
        self.indent = self.deeper(place);
        let below_key = place == Place::BlockValue && (self.column == 0 || !self.indention);
        if outer >= 0 && below_key && self.sequences == SequenceIndent::Compact {
            self.indent -= 2;
        }
        for item in &sequence.items {
            self.begin(item, &[]);
            self.write_head();
            self.write_indent();
            self.write_indicator("-", true, false, true);
            self.node(item, Place::BlockItem);
        }
        self.end(&sequence.extra, &[]);
        self.indent = outer;
    }

    fn block_mapping(&mut self, mapping: &'a Mapping, place: Place) {
        self.write_line_comment();
        self.write_foot();
        let outer = self.indent;
        self.indent = self.deeper(place);
        let mut tail: &[Text] = &[];
        for Entry { key, value } in &mapping.entries {
            let own = comments(&key.extra);
            self.take_up(&own.head, &own.line, &[], tail);
            tail = &own.foot;
            self.write_head();
            self.write_indent();
            if !self.waiting.line.is_empty() {
                self.waiting.key_line = std::mem::take(&mut self.waiting.line);
            }
            let simple = scalar::is_simple_key(key);
            if !simple {
                self.write_indicator("?", true, false, true);
            }
            self.scalar(key, if simple { Place::BlockKey } else { Place::BlockValue });
            self.begin(value, &[]);
            if simple {
                self.write_indicator(":", false, false, false);
            } else {
                self.write_indent();
                self.write_indicator(":", true, false, true);
            }
            self.place_key_line(value);
            self.node(value, Place::BlockValue);
        }
        self.end(&mapping.extra, tail);
        self.write_head();
        self.indent = outer;
    }

    /// Gives the line comment of a key to its scalar, or writes it where a block begins.
    fn place_key_line(&mut self, value: &Node) {
        if self.waiting.key_line.is_empty() {
            return;
        }
        let in_block = match value {
            Node::Scalar(_) => {
                if self.waiting.line.is_empty() {
                    self.waiting.line = std::mem::take(&mut self.waiting.key_line);
                }
                return;
            }
            Node::Sequence(s) => !s.flow,
            Node::Mapping(m) => !m.flow,
        };
        if in_block {
            let own = std::mem::replace(&mut self.waiting.line, self.waiting.key_line);
            self.write_line_comment();
            self.waiting.line = &[];
            self.waiting.key_line = own;
        }
    }

    fn flow_sequence(&mut self, sequence: &'a Sequence, place: Place) {
        let outer = self.open_flow("[", place);
        let mut separated = true;
        for item in &sequence.items {
            self.begin(item, &[]);
            self.flow_separator(separated);
            separated = self.waiting.after_item();
            self.node(item, Place::FlowItem);
        }
        self.end(&sequence.extra, &[]);
        self.flow_level -= 1;
        self.indent = outer;
        if self.column == 0 {
            self.write_indent();
        }
        self.close_flow("]");
    }

    fn flow_mapping(&mut self, mapping: &'a Mapping, place: Place) {
        let outer = self.open_flow("{", place);
        let mut separated = true;
        let mut tail: &[Text] = &[];
        for Entry { key, value } in &mapping.entries {
            let own = comments(&key.extra);
            self.take_up(&own.head, &own.line, &[], tail);
            tail = &own.foot;
            self.flow_separator(separated);
            let simple = scalar::is_simple_key(key);
            if !simple {
                self.write_indicator("?", true, false, false);
            }
            self.scalar(key, if simple { Place::FlowKey } else { Place::FlowValue });
            self.begin(value, &[]);
            self.write_indicator(":", !simple, false, false);
            separated = self.waiting.after_item();
            self.node(value, Place::FlowValue);
        }
        self.end(&mapping.extra, tail);
        let more =
            !(self.waiting.head.is_empty() && self.waiting.foot.is_empty() && self.waiting.tail.is_empty());
        if more && !separated {
            self.write_indicator(",", false, false, false);
        }
        self.write_head();
        self.flow_level -= 1;
        self.indent = outer;
        self.close_flow("}");
    }

    fn open_flow(&mut self, bracket: &str, place: Place) -> i32 {
        let outer = self.indent;
        self.write_indicator(bracket, true, true, false);
        self.indent = self.deeper_flow(place);
        self.flow_level += 1;
        outer
    }

    fn close_flow(&mut self, bracket: &str) {
        self.write_indicator(bracket, false, false, false);
        self.write_line_comment();
        self.write_foot();
    }

    fn flow_separator(&mut self, separated: bool) {
        if !separated {
            self.write_indicator(",", false, false, false);
        }
        self.write_head();
        if self.column == 0 {
            self.write_indent();
        }
    }

    fn write_head(&mut self) {
        let tail = std::mem::take(&mut self.waiting.tail);
        if !tail.is_empty() {
            self.write_indent();
            self.write_comment(tail);
            self.foot_indent = self.indent.max(0);
        }
        let head = std::mem::take(&mut self.waiting.head);
        if !head.is_empty() {
            self.write_indent();
            self.write_comment(head);
        }
    }

    fn write_line_comment(&mut self) {
        let line = std::mem::take(&mut self.waiting.line);
        if !line.is_empty() {
            if !self.whitespace {
                self.put(' ');
            }
            self.write_comment(line);
        }
    }

    fn write_foot(&mut self) {
        let foot = std::mem::take(&mut self.waiting.foot);
        if !foot.is_empty() {
            self.write_indent();
            self.write_comment(foot);
            self.foot_indent = self.indent.max(0);
        }
    }

    fn write_comment(&mut self, lines: &[Text]) {
        let (mut at_start, mut pound) = (false, false);
        for (index, line) in lines.iter().enumerate() {
            if index > 0 {
                self.put_break('\n');
                (at_start, pound) = (true, false);
            }
            for c in line.as_str().chars() {
                if is_break(c) {
                    self.put_break(c);
                    (at_start, pound) = (true, false);
                    continue;
                }
                if at_start {
                    self.write_indent();
                }
                if !pound && c != '#' {
                    self.put('#');
                    self.put(' ');
                }
                pound = true;
                self.put(c);
                self.indention = false;
                at_start = false;
            }
        }
        if !at_start {
            self.put_break('\n');
        }
        self.whitespace = true;
    }

    fn write_indent(&mut self) {
        let indent = self.indent.max(0);
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.put_break('\n');
        }
        if self.foot_indent == indent {
            self.put_break('\n');
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.foot_indent = -1;
    }

    fn write_indicator(&mut self, text: &str, needs_blank: bool, is_blank: bool, indents: bool) {
        if needs_blank && !self.whitespace {
            self.put(' ');
        }
        self.put_str(text);
        self.whitespace = is_blank;
        self.indention = self.indention && indents;
    }

    fn put(&mut self, c: char) {
        self.reserve(c.len_utf8());
        self.out.push(c);
        self.column += 1;
    }

    /// Writes text without line breaks.
    fn put_str(&mut self, text: &str) {
        self.reserve(text.len());
        self.out.push_str(text);
        self.column += text.chars().count() as i32;
    }

    fn put_break(&mut self, c: char) {
        self.reserve(c.len_utf8());
        self.out.push(c);
        self.column = 0;
        self.indention = true;
    }

    /// Makes room. The text moves by hand: growing in place would leave a copy behind that nobody zeroes.
    fn reserve(&mut self, more: usize) {
        let needed = self.out.len() + more;
        if needed > self.out.capacity() {
            let mut larger = Zeroizing::new(String::with_capacity((needed * 2).max(1024)));
            larger.push_str(&self.out);
            self.out = larger;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ParseOptions;

    /// Reads with comments and writes again.
    #[track_caller]
    fn check(text: &str, want: &str) {
        let options = ParseOptions { comments: true, ..ParseOptions::default() };
        let documents = crate::parse(text, Default::default(), &options).unwrap();
        assert_eq!(write(&documents, &Options::default()).as_str(), want);
    }

    #[test]
    fn styles_stay_and_levels_are_four_wide() {
        check("a:\n  b: 'x'\n  c: [1, {d: e}]\n", "a:\n    b: 'x'\n    c: [1, {d: e}]\n");
        check("l:\n- a\n- - b\n  - c: d\n    e: f\n", "l:\n    - a\n    - - b\n      - c: d\n        e: f\n");
        check("t: |\n  one\n  two\nf: >-\n  x\n", "t: |\n    one\n    two\nf: >-\n    x\n");
        check("a: 1\n---\n- b\n", "a: 1\n---\n- b\n");
        check("m: {}\nl: []\nn:\n", "m: {}\nl: []\nn:\n");
    }

    #[test]
    fn comments_stay_where_they_are() {
        for text in [
            "# head\na: 1 # line\n",
            "a:\n    # first\n    b: 1\n    # last\n# next\nc: 2\n",
            "l:\n    # first\n    - a\n    - b # line\n",
            "a: # of a\n    b: 1\n",
            "a: 1\n# foot\n\nb: 2\n",
            "# doc\n\n# head\na: 1\n",
            "l:\n    - # of the item\n      a: 1\n",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn strings_get_the_style_they_need() {
        let cases = [
            ("plain", "plain"),
            ("", "\"\""),
            ("yes", "\"yes\""),
            ("12:30", "\"12:30\""),
            ("1.0", "\"1.0\""),
            ("- x", "'- x'"),
            ("it's: so", "'it''s: so'"),
            ("tab\there", "\"tab\\there\""),
            ("two\nlines", "|-\n    two\n    lines"),
            ("trailing \nblank", "\"trailing \\nblank\""),
            ("  lead\n", "|4\n      lead"),
            ("ends\n\n", "|+\n    ends\n"),
            ("🔑", "\"\\U0001F511\""),
            ("\u{feff}x", "\"\\uFEFF\\x78\""),
            ("<<", "!!merge <<"),
            ("a\u{2028}b", "'a\u{2028}    b'"),
        ];
        for (text, want) in cases {
            let node = Node::Scalar(encode_string(text.into()));
            let mut root = Mapping::default();
            root.push("k", node);
            let written = write(&[Node::Mapping(root)], &Options::default());
            assert_eq!(written.as_str(), format!("k: {want}\n"), "{text:?}");
        }
    }

    #[test]
    fn aliases_that_are_kept_stay() {
        let options = ParseOptions {
            comments: true,
            aliases: crate::Aliases::Keep,
            merge_keys: crate::MergeKeys::Keep,
            ..ParseOptions::default()
        };
        for text in [
            "a: &x 1 # c\nb: *x # d\n",
            "a: &x\n    b: *x\n",
            "l:\n    - &x\n      a: b\n    - &y [*x, {c: *x}]\n",
            "&k a: &x !!str 1\n*k: &y !foo {}\n",
            "&top\na: &l\n    - 1\n",
        ] {
            let documents = crate::parse(text, Default::default(), &options).unwrap();
            let written = write(&documents, &Options::default());
            assert_eq!(written.as_str(), text);
        }
        let documents = crate::parse("a: &x {}\nb: {<<: *x}\n", Default::default(), &options).unwrap();
        assert_eq!(write(&documents, &Options::default()).as_str(), "a: &x {}\nb: {!!merge <<: *x}\n");
    }

    #[test]
    fn keys_that_do_not_fit_a_line_get_a_question_mark() {
        let mut root = Mapping::default();
        root.entries.push(Entry { key: encode_string("new\nline".into()), value: Node::string("x") });
        assert_eq!(
            write(&[Node::Mapping(root)], &Options::default()).as_str(),
            "? |-\n    new\n    line\n: x\n"
        );
    }

    #[test]
    fn sequences_may_stand_compact() {
        let documents = crate::parse("a:\n  l:\n  - x\n", Default::default(), &Default::default()).unwrap();
        let options = Options { indent: 2, sequences: SequenceIndent::Compact };
        assert_eq!(write(&documents, &options).as_str(), "a:\n  l:\n  - x\n");
    }
}
