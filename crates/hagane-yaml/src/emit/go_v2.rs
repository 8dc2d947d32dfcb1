//! Go's yaml.v2, fed through JSON: the bytes that kustomize writes.
//!
//! Keys are sorted, comments and styles are gone, numbers and timestamps are decoded. libyaml writes this
//! through a machine of states; here the same decisions are taken while walking the tree once.

mod merge_key;
mod order;
mod text;

use std::borrow::Cow;
use std::fmt::Write as _;

use super::style::is_break;
use crate::scalar::{self, TagMismatch, Value, go_fixed, go_general};
use crate::{Mapping, Node, Scalar, Sequence, Span, Tag};
use merge_key::{is_empty, is_merge, merged_again};
use order::sorted;
use text::is_simple;

pub use text::without_next_lines;

/// Why a tree cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmitError {
    /// Where the node came from.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub hint: &'static str,
}

/// How to write a tree.
#[derive(Clone, Copy, Debug, Default)]
pub struct EmitOptions {
    /// What happens to decrypted scalars.
    pub secrets: Secrets,
}

/// What happens to decrypted scalars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Secrets {
    /// They are written.
    #[default]
    Show,
    /// `«redacted»` stands for each.
    Redact,
}

const WIDTH: usize = 80;
const REDACTED: &str = "«redacted»";

/// Returns the document as text, one line break at the end.
pub fn go_v2(node: &Node) -> Result<String, EmitError> {
    let mut out = String::new();
    go_v2_into(&mut out, node, EmitOptions::default())?;
    Ok(out)
}

/// Appends the document to `out`.
pub fn go_v2_into(out: &mut String, node: &Node, options: EmitOptions) -> Result<(), EmitError> {
    let line_start = out.len();
    let mut emitter = Emitter { out, line_start, options, depth: 0, flow: 0, line_ended: false };
    match node {
        Node::Mapping(mapping) if !is_empty(mapping) => emitter.mapping(mapping, 0)?,
        Node::Sequence(sequence) if !sequence.items.is_empty() => emitter.sequence(sequence, 0)?,
        other => emitter.inline(other, 0, Context::Value)?,
    }
    emitter.end_line();
    Ok(())
}

struct Emitter<'o> {
    out: &'o mut String,
    /// Where the current line starts in `out`.
    line_start: usize,
    options: EmitOptions,
    depth: usize,
    /// How many collections around the pen were written in flow style.
    flow: usize,
    /// Whether the line has ended with another character than a line break: a block has a line separator there.
    line_ended: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Key,
    Value,
}

impl Emitter<'_> {
    /// Writes the entries, the first where the pen stands.
    fn mapping(&mut self, mapping: &Mapping, indent: usize) -> Result<(), EmitError> {
        let merged;
        let mapping = match mapping.entries.iter().position(|entry| is_merge(&entry.key)) {
            Some(place) => {
                merged = merged_again(mapping, place)?;
                &merged
            }
            None => mapping,
        };
        self.depth += 1;
        self.flow += usize::from(mapping.flow);
        let order = sorted(mapping, self.depth, self.flow > 0)?;
        for (position, &index) in order.iter().enumerate() {
            let entry = &mapping.entries[index];
            if position > 0 {
                self.line(indent);
            }
            let simple = self.key(&entry.key, indent)?;
            match &entry.value {
                Node::Mapping(m) if !is_empty(m) => {
                    if simple {
                        self.line(indent + 2)
                    } else {
                        self.out.push(' ')
                    }
                    self.mapping(m, indent + 2)?;
                }
                Node::Sequence(s) if !s.items.is_empty() => {
                    // Items stand below their key without indentation, unless the key is a long one.
                    if simple {
                        self.line(indent)
                    } else {
                        self.out.push(' ')
                    }
                    self.sequence(s, if simple { indent } else { indent + 2 })?;
                }
                other => {
                    self.out.push(' ');
                    self.inline(other, indent + 2, Context::Value)?;
                }
            }
        }
        self.flow -= usize::from(mapping.flow);
        self.depth -= 1;
        Ok(())
    }

    fn sequence(&mut self, sequence: &Sequence, indent: usize) -> Result<(), EmitError> {
        self.depth += 1;
        self.flow += usize::from(sequence.flow);
        for (index, item) in sequence.items.iter().enumerate() {
            if index > 0 {
                self.line(indent);
            }
            self.out.push_str("- ");
            match item {
                Node::Mapping(m) if !is_empty(m) => self.mapping(m, indent + 2)?,
                Node::Sequence(s) if !s.items.is_empty() => self.sequence(s, indent + 2)?,
                other => self.inline(other, indent + 2, Context::Value)?,
            }
        }
        self.flow -= usize::from(sequence.flow);
        self.depth -= 1;
        Ok(())
    }

    /// Writes a key and its colon; returns whether it is simple (a long one stands behind a `?`).
    fn key(&mut self, key: &Scalar, indent: usize) -> Result<bool, EmitError> {
        let redacted = key.text.is_sensitive() && self.options.secrets == Secrets::Redact;
        let text = if redacted { REDACTED } else { key.text.as_str() };
        let simple = is_simple(text) || text.len() <= 128 && !text.chars().any(is_break);
        if simple {
            self.text(text, true, 0, Context::Key);
        } else {
            self.out.push_str("? ");
            self.text(text, true, indent + 2, Context::Value);
            self.line(indent);
        }
        self.out.push(':');
        Ok(simple)
    }

    /// Writes a scalar or an empty collection.
    fn inline(&mut self, node: &Node, indent: usize, context: Context) -> Result<(), EmitError> {
        let scalar = match node {
            Node::Scalar(scalar) => scalar,
            Node::Mapping(_) | Node::Sequence(_) => {
                self.out.push_str(if matches!(node, Node::Mapping(_)) { "{}" } else { "[]" });
                return Ok(());
            }
        };
        if scalar.text.is_sensitive() && self.options.secrets == Secrets::Redact {
            self.out.push_str(REDACTED);
            return Ok(());
        }
        // Outside of flow style values keep the types they were read with.
        let written = if self.flow > 0 { scalar::written_value_in_flow } else { scalar::written_value };
        let value = written(scalar).map_err(|TagMismatch { claimed }| EmitError {
            span: scalar.span,
            message: format!("the value does not fit its type `{}`", tag_name(claimed)),
            hint: "quote the value, or drop its tag",
        })?;
        match value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(value) => self.out.push_str(if value { "true" } else { "false" }),
            Value::Int(value) => _ = write!(self.out, "{value}"),
            Value::Uint(value) => _ = write!(self.out, "{value}"),
            Value::Float(value) if value.is_finite() => self.out.push_str(&float(value)),
            Value::Float(_) => {
                return Err(EmitError {
                    span: scalar.span,
                    message: "infinite numbers and NaN cannot be in a manifest".into(),
                    hint: "quote the value to make it a string",
                });
            }
            Value::Str(text) if text.contains('\u{85}') => {
                self.text(&without_next_lines(&text), true, indent, context)
            }
            Value::Str(text) => self.text(&text, true, indent, context),
        }
        Ok(())
    }

    fn column(&self) -> usize {
        self.out[self.line_start..].chars().count()
    }

    /// Ends the line, where nothing has.
    fn end_line(&mut self) {
        if !std::mem::take(&mut self.line_ended) {
            self.out.push('\n');
        }
    }

    fn line(&mut self, indent: usize) {
        self.end_line();
        self.line_start = self.out.len();
        self.indent(indent);
    }

    fn indent(&mut self, indent: usize) {
        const SPACES: &str = "                                ";
        let mut left = indent;
        while left > 0 {
            let step = left.min(SPACES.len());
            self.out.push_str(&SPACES[..step]);
            left -= step;
        }
    }
}

/// Returns a float as yaml.v2 prints what JSON made of it: whole numbers that fit an integer are one.
fn float(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e21 {
        let whole = go_fixed(value);
        if whole == "-0" {
            return "0".into();
        }
        if whole.parse::<i64>().is_ok() || whole.parse::<u64>().is_ok() {
            return whole;
        }
    }
    go_general(value)
}

fn tag_name(tag: Tag) -> Cow<'static, str> {
    Cow::Borrowed(match tag {
        Tag::Int => "!!int",
        Tag::Float => "!!float",
        Tag::Bool => "!!bool",
        Tag::Null => "!!null",
        Tag::Timestamp => "!!timestamp",
        Tag::Binary => "!!binary",
        Tag::Merge => "!!merge",
        Tag::Str | Tag::Unresolved | Tag::Custom | Tag::Alias => "!!str",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FileId, ParseOptions, Style, parse};

    #[track_caller]
    fn check(text: &str, want: &str) {
        let documents = parse(text, FileId::default(), &ParseOptions::default()).expect("the case parses");
        assert_eq!(go_v2(&documents[0]).as_deref(), Ok(want));
    }

    #[test]
    fn keys_are_sorted_naturally() {
        check(
            "{b: 1, a10: 1, a9: 1, _z: 1, A: 1, '10': 1, '9': 1}",
            "_z: 1\n\"9\": 1\n\"10\": 1\nA: 1\na9: 1\na10: 1\nb: 1\n",
        );
    }

    #[test]
    fn an_order_that_goes_round_is_no_panic() {
        let digits = |mut n: u32| {
            let mut key = String::new();
            while n > 0 {
                key.push(['0', '1', 'x'][(n % 3) as usize]);
                n /= 3;
            }
            key
        };
        let keys: String = (1..400).map(|n| format!("k{}: 1\n", digits(n))).collect();
        let quoted: String = (1..400).map(|n| format!("'{}': 1\n", digits(n))).collect();
        for text in [keys, quoted] {
            let documents = parse(&text, FileId::default(), &ParseOptions::default()).expect("it parses");
            let written = go_v2(&documents[0]).expect("it can be written");
            assert_eq!(written.lines().count(), 399);
        }
    }

    #[test]
    fn strings_are_quoted_as_yaml_v2_does() {
        check("a: 'yes'", "a: \"yes\"\n");
        check("a: ''", "a: \"\"\n");
        check("a: ' x'", "a: ' x'\n");
        check("a: '- x'", "a: '- x'\n");
        check("a: 'x: y'", "a: 'x: y'\n");
        check("a: \"x\\ty\"", "a: \"x\\ty\"\n");
        check("a: '12:30'", "a: \"12:30\"\n");
        check("a: \"\\U0001F600\"", "a: \"\\U0001F600\"\n");
        check("a: é", "a: é\n");
        check("a: 0o17", "a: 15\n");
        check("a: 12345678.5", "a: 1.23456785e+07\n");
        check(
            "a: 1.0\nb: 1e20\nc: -0.0\nd: 15000000000000000000",
            "a: 1\nb: 1e+20\nc: 0\nd: 15000000000000000000\n",
        );
    }

    #[test]
    fn blocks_keep_their_breaks() {
        check("a: |\n  x\n  y\nb: 1", "a: |\n  x\n  y\nb: 1\n");
        check("a: |-\n  x\n  y\nb: 1", "a: |-\n  x\n  y\nb: 1\n");
        check("a: |+\n  x\n\nb: 1", "a: |+\n  x\n\nb: 1\n");
        check("a: |2\n   x\n  y\nb: 1", "a: |2\n   x\n  y\nb: 1\n");
        check("a: \"\\n\"\nb: 1", "a: |2+\n\nb: 1\n");
        check("a:\n- |\n  x\n- z", "a:\n- |\n  x\n- z\n");
        check("a: \"x \\ny\"", "a: \"x \\ny\"\n");
        check("a: \"x\\n\\ny\\n\"\nb: 1", "a: |\n  x\n\n  y\nb: 1\n");
        check("a: \"x\\ny\\L\"\nb: 1", "a: |\n  x\n  y\u{2028}b: 1\n");
        check("a: \"x\\ny\\P\"", "a: |\n  x\n  y\u{2029}");
    }

    #[test]
    fn collections_nest() {
        check("a: [[1, [2]], {}, [], {b: [1]}]", "a:\n- - 1\n  - - 2\n- {}\n- []\n- b:\n  - 1\n");
    }

    #[test]
    fn texts_behind_a_byte_order_mark_are_escaped() {
        check("a: \"\\uFEFFa b\"", "a: \"\\uFEFF\\x61\\x20\\x62\"\n");
    }

    #[test]
    fn keys_that_look_like_a_merge_are_one_when_they_are_bare() {
        let written = |value: Node, style| {
            let mut mapping = Mapping::default();
            let key = Scalar { style, ..Scalar::string("<<") };
            mapping.entries.push(crate::Entry { key, value });
            go_v2(&Node::Mapping(mapping))
        };
        let inner =
            || parse("{a: 1}", FileId::default(), &ParseOptions::default()).expect("parses").remove(0);
        assert_eq!(written(inner(), Style::Plain).as_deref(), Ok("a: 1\n"));
        assert_eq!(written(inner(), Style::DoubleQuoted).as_deref(), Ok("<<:\n  a: 1\n"));
        assert!(written(Node::string("x"), Style::Plain).is_err());
    }

    #[test]
    fn absent_values_are_strings_in_flow_style_only() {
        check("a:\nb: {c: , d: ~}", "a: null\nb:\n  c: \"\"\n  d: null\n");
    }

    #[test]
    fn what_cannot_be_written_says_where() {
        for (text, line, column) in [("a: {1: 2}", 1, 5), ("a: .inf", 1, 4), ("a: 1\nb: 2\na: 3", 3, 1)] {
            let documents =
                parse(text, FileId::default(), &ParseOptions::default()).expect("the case parses");
            let error = go_v2(&documents[0]).expect_err(text);
            assert_eq!((error.span.line, error.span.column), (line, column), "{text}");
        }
    }
}
