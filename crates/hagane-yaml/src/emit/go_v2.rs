//! Go's yaml.v2, fed through JSON: the bytes that kustomize writes.
//!
//! Keys are sorted, comments and styles are gone, numbers and timestamps are decoded. libyaml writes this
//! through a machine of states; here the same decisions are taken while walking the tree once.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write as _;

use super::style::{Analysis, analyze, is_break, is_printable, short_escape};
use crate::scalar::{self, TagMismatch, Value, go_fixed, go_general};
use crate::{Entry, Mapping, Node, Scalar, Sequence, Span, Style, Tag};

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

    /// Writes a string, in the first style that it allows.
    fn text(&mut self, text: &str, breaks_allowed: bool, indent: usize, context: Context) {
        if is_simple(text) {
            // The great majority: letters, digits, and nothing that YAML could take for something else.
            self.out.push_str(text);
            return;
        }
        let folds = breaks_allowed && context == Context::Value;
        let analysis = analyze(text);
        if text.contains('\n') && analysis.block && context == Context::Value {
            return self.literal(text, indent);
        }
        if text.contains('\n') || (context == Context::Key && analysis.multiline) {
            return self.double_quoted(text, folds, indent);
        }
        let Analysis { plain, single_quoted, .. } = analysis;
        let string = matches!(scalar::resolve_v2(text), Tag::Str | Tag::Merge) && !scalar::is_base60(text);
        match (string, plain, single_quoted) {
            (false, _, _) | (true, false, false) => self.double_quoted(text, folds, indent),
            (true, true, _) => self.plain(text, folds, indent),
            (true, false, true) => self.single_quoted(text, folds, indent),
        }
    }

    fn plain(&mut self, text: &str, folds: bool, indent: usize) {
        self.folded(text, folds, indent, false);
    }

    fn single_quoted(&mut self, text: &str, folds: bool, indent: usize) {
        self.out.push('\'');
        self.folded(text, folds, indent, true);
        self.out.push('\'');
    }

    /// Writes a text without escapes; it goes to the next line at the first single space past the width.
    fn folded(&mut self, text: &str, folds: bool, indent: usize, quoted: bool) {
        if self.column() + text.len() <= WIDTH && !text.contains(|c| c == '\'' || is_break(c)) {
            self.out.push_str(text);
            return;
        }
        let (mut spaces, mut breaks) = (false, false);
        let mut column = self.column();
        let mut chars = text.char_indices().peekable();
        while let Some((index, c)) = chars.next() {
            let next = chars.peek().map(|&(_, next)| next);
            if c == ' ' {
                let inside = !quoted || (index > 0 && next.is_some());
                if folds && !spaces && column > WIDTH && inside && next != Some(' ') {
                    self.line(indent);
                    column = indent;
                } else {
                    self.out.push(c);
                    column += 1;
                }
                spaces = true;
            } else if is_break(c) {
                self.out.push(c);
                (breaks, column) = (true, 0);
            } else {
                if breaks {
                    self.indent(indent);
                    column = indent;
                }
                if quoted && c == '\'' {
                    self.out.push('\'');
                    column += 1;
                }
                self.out.push(c);
                column += 1;
                (spaces, breaks) = (false, false);
            }
        }
    }

    fn double_quoted(&mut self, text: &str, folds: bool, indent: usize) {
        self.out.push('"');
        // yaml.v2 looks for a byte order mark at the start of the text each time: behind one, all is escaped.
        let marked = text.starts_with('\u{feff}');
        let mut spaces = false;
        let mut column = self.column();
        let mut chars = text.char_indices().peekable();
        while let Some((index, c)) = chars.next() {
            let next = chars.peek().map(|&(_, next)| next);
            if marked || !is_printable(c) || is_break(c) || c == '"' || c == '\\' {
                let before = self.out.len();
                self.escape(c);
                column += self.out.len() - before;
                spaces = false;
            } else if c == ' ' {
                if folds && !spaces && column > WIDTH && index > 0 && next.is_some() {
                    self.line(indent);
                    column = indent;
                    if next == Some(' ') {
                        self.out.push('\\');
                        column += 1;
                    }
                } else {
                    self.out.push(c);
                    column += 1;
                }
                spaces = true;
            } else {
                self.out.push(c);
                column += 1;
                spaces = false;
            }
        }
        self.out.push('"');
    }

    fn escape(&mut self, c: char) {
        self.out.push('\\');
        match (short_escape(c), c as u32) {
            (Some(letter), _) => self.out.push(letter),
            (None, code @ 0..=0xff) => _ = write!(self.out, "x{code:02X}"),
            (None, code @ 0x100..=0xffff) => _ = write!(self.out, "u{code:04X}"),
            (None, code) => _ = write!(self.out, "U{code:08X}"),
        }
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.out.push('|');
        if text.starts_with(|c: char| c == ' ' || is_break(c)) {
            self.out.push('2');
        }
        let mut from_end = text.chars().rev();
        match (from_end.next().is_some_and(is_break), from_end.next()) {
            (false, _) => self.out.push('-'),
            (true, before) if before.is_none_or(is_break) => self.out.push('+'),
            (true, _) => {}
        }
        self.out.push('\n');
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(is_break).unwrap_or(rest.len());
            let (line, after) = rest.split_at(end);
            if !line.is_empty() {
                self.indent(indent);
                self.out.push_str(line);
            }
            let mut chars = after.chars();
            if let Some(c) = chars.next() {
                // The last break belongs to whoever writes on.
                if c != '\n' || !chars.as_str().is_empty() {
                    self.out.push(c);
                }
            }
            rest = chars.as_str();
        }
        self.line_ended = text.ends_with(|c| c != '\n' && is_break(c));
        self.line_start = self.out.rfind('\n').map_or(0, |i| i + 1);
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

/// Returns whether the key is written bare as `<<`, which makes it a merge key when kustomize reads its own text.
fn is_merge(key: &Scalar) -> bool {
    key.text.as_str() == "<<" && key.style == Style::Plain
}

/// Returns whether a mapping has nothing but merge keys that bring nothing.
fn is_empty(mapping: &Mapping) -> bool {
    let brings_nothing = |entry: &Entry| match &entry.value {
        Node::Mapping(merged) => merged.entries.is_empty(),
        Node::Sequence(list) => {
            list.items.iter().all(|item| item.as_mapping().is_some_and(|m| m.entries.is_empty()))
        }
        Node::Scalar(_) => false,
    };
    mapping.entries.iter().all(|entry| is_merge(&entry.key) && brings_nothing(entry))
}

/// Returns the mapping as it is read after its entry at `place` was written as a merge key.
fn merged_again(mapping: &Mapping, place: usize) -> Result<Mapping, EmitError> {
    let mut out = mapping.clone();
    let entry = out.entries.remove(place);
    let (items, single) = match entry.value {
        Node::Sequence(sequence) => (sequence.items, Vec::new()),
        value => (Vec::new(), vec![value]),
    };
    for item in items.into_iter().chain(single) {
        let Node::Mapping(item) = item else {
            return Err(EmitError {
                span: entry.key.span,
                message: "the key `<<` merges mappings, and its value is something else".into(),
                hint: "use another key",
            });
        };
        for entry in item.entries {
            if out.entry(entry.key.text.as_str()).is_none() {
                out.entries.push(entry);
            }
        }
    }
    Ok(out)
}

/// Returns a text as it is read after a trip through JSON, in which U+0085 stands as it is and is a line break for
/// yaml.v2: one becomes a blank, of several all but one stay as line feeds, and blanks around them go.
pub fn without_next_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{85}') {
        out.push_str(rest[..at].trim_end_matches([' ', '\t']));
        let after = rest[at..].trim_start_matches(['\u{85}', ' ', '\t']);
        let breaks = rest[at..rest.len() - after.len()].matches('\u{85}').count();
        if breaks == 1 {
            out.push(' ');
        }
        out.extend(std::iter::repeat_n('\n', breaks - 1));
        rest = after;
    }
    out + rest
}

/// Returns whether the text can only be a string, needs no quotes and is short: the usual case, seen at a glance.
fn is_simple(text: &str) -> bool {
    let bytes = text.as_bytes();
    let [first, rest @ ..] = bytes else { return false };
    // A first letter that no null, boolean or number starts with.
    let starts = first.is_ascii_alphabetic()
        && !matches!(first, b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O')
        || bytes.len() > 5 && first.is_ascii_alphabetic()
        || *first == b'/';
    starts && bytes.len() <= 64 && rest.iter().all(|byte| IS_SIMPLE[usize::from(*byte)])
}

/// Whether a byte means nothing to YAML within a text: looked up, since every byte of nearly every text is.
const IS_SIMPLE: [bool; 256] = {
    let (mut simple, mut byte) = ([false; 256], 0);
    while byte < simple.len() {
        let c = byte as u8;
        simple[byte] = c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'/' | b'_');
        byte += 1;
    }
    simple
};

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

/// Returns the order of the entries, or the key that stands twice or is no string.
fn sorted(mapping: &Mapping, depth: usize, in_flow: bool) -> Result<Vec<usize>, EmitError> {
    let entries = &mapping.entries;
    let mut order: Vec<usize> = (0..entries.len()).collect();
    for entry in entries {
        let is_text = matches!(entry.key.resolved_tag(), Tag::Str | Tag::Merge)
            || in_flow && scalar::gains_quotes_in_flow(&entry.key);
        if depth > 1 && !is_text {
            return Err(EmitError {
                span: entry.key.span,
                message: format!("the key `{}` is not a string", entry.key.text.shown()),
                hint: "quote the key",
            });
        }
    }
    let key = |i: usize| entries[i].key.text.as_str();
    order.sort_by(|&a, &b| natural(key(a), key(b)));
    for pair in order.windows(2) {
        if key(pair[0]) == key(pair[1]) {
            let (first, second) = (&entries[pair[0]].key, &entries[pair[1]].key);
            return Err(EmitError {
                span: second.span,
                message: format!(
                    "the key `{}` stands twice in this mapping, first in line {}",
                    first.text.shown(),
                    first.span.line
                ),
                hint: "keep one of them",
            });
        }
    }
    Ok(order)
}

/// Compares keys as yaml.v2 sorts them: runs of digits as numbers, letters after everything else.
pub(crate) fn natural(a: &str, b: &str) -> Ordering {
    let shared = shared_bytes(a.as_bytes(), b.as_bytes());
    let (Some(&x), Some(&y)) = (a.as_bytes().get(shared), b.as_bytes().get(shared)) else {
        return a.len().cmp(&b.len());
    };
    if x.is_ascii() && y.is_ascii() && !x.is_ascii_digit() && !y.is_ascii_digit() {
        return (x.is_ascii_alphabetic(), x).cmp(&(y.is_ascii_alphabetic(), y));
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = (0..a.len().min(b.len())).find(|&i| a[i] != b[i]) else {
        return a.len().cmp(&b.len());
    };
    match (a[at].is_alphabetic(), b[at].is_alphabetic()) {
        (true, true) => return a[at].cmp(&b[at]),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    // A zero inside a number counts as a digit of that number; at its front it does not.
    let inside_number = (a[at] == '0' || b[at] == '0')
        && a[..at].iter().rev().take_while(|c| is_digit(**c)).any(|c| *c != '0');
    let start = i64::from(inside_number);
    let number = |text: &[char]| {
        let digits = text[at..].iter().take_while(|c| is_digit(**c)).count();
        let value = text[at..at + digits]
            .iter()
            .fold(start, |n, c| n.wrapping_mul(10).wrapping_add(i64::from(*c as u32) - 48));
        (value, digits)
    };
    number(&a).cmp(&number(&b)).then(a[at].cmp(&b[at]))
}

/// Returns how many bytes two texts begin with alike; labels share long ones.
fn shared_bytes(a: &[u8], b: &[u8]) -> usize {
    let (long_a, long_b) = (a.as_chunks::<8>().0, b.as_chunks::<8>().0);
    let whole = 8 * long_a.iter().zip(long_b).take_while(|(x, y)| x == y).count();
    whole + a[whole..].iter().zip(&b[whole..]).take_while(|(x, y)| x == y).count()
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
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
        Tag::Str | Tag::Unresolved | Tag::Custom => "!!str",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FileId, ParseOptions, parse};

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
