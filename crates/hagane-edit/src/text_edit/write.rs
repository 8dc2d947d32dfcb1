//! Nodes as new text, indented as the text around them is.

use hagane_yaml::emit::{go_v2, json_string};
use hagane_yaml::{Entry, Mapping, Node, Scalar, Sequence, Style, Tag};

use super::layout::{Form, Layout, Place};
use super::lines::column;

/// How far things stand from what they belong to, as the document around has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Indentation {
    /// Columns from a key to the entries below it.
    pub mapping: usize,
    /// Columns from a key to the dashes below it.
    pub sequence: usize,
    /// Blanks behind a dash.
    pub dash: usize,
}

impl Default for Indentation {
    /// As kustomize writes.
    fn default() -> Indentation {
        Indentation { mapping: 2, sequence: 0, dash: 1 }
    }
}

impl Indentation {
    /// Returns the indentation that a document has, seen from the first collections that show it.
    pub(super) fn of(text: &str, root: &Place) -> Indentation {
        let (mut mapping, mut sequence) = (None, None);
        measure(text, root, &mut mapping, &mut sequence);
        let usual = Indentation::default();
        Indentation {
            mapping: mapping.unwrap_or(usual.mapping),
            sequence: sequence.unwrap_or(usual.sequence),
            dash: usual.dash,
        }
    }

    /// Returns the entry of a mapping that stands at `column`; later lines are indented, the first is not.
    pub(super) fn entry(self, entry: &Entry, column: usize) -> String {
        let key = scalar(&entry.key, column);
        format!("{key}:{}", self.value(&entry.value, column))
    }

    /// Returns what stands behind the colon of a key at `column`.
    pub(super) fn value(self, value: &Node, column: usize) -> String {
        match value {
            Node::Mapping(mapping) if !mapping.entries.is_empty() => {
                let inner = column + self.mapping;
                format!("\n{}{}", pad(inner), self.mapping(mapping, inner))
            }
            Node::Sequence(sequence) if !sequence.items.is_empty() => {
                let inner = column + self.sequence;
                format!("\n{}{}", pad(inner), self.sequence(sequence, inner))
            }
            other => format!(" {}", inline(other, column)),
        }
    }

    /// Returns the item of a sequence whose dashes stand at `column`; later lines are indented, the first is not.
    pub(super) fn item(self, item: &Node, column: usize) -> String {
        let inner = column + 1 + self.dash;
        let blanks = pad(self.dash);
        match item {
            Node::Mapping(m) if !m.entries.is_empty() => format!("-{blanks}{}", self.mapping(m, inner)),
            Node::Sequence(s) if !s.items.is_empty() => format!("-{blanks}{}", self.sequence(s, inner)),
            other => format!("-{blanks}{}", inline(other, column)),
        }
    }

    /// Returns a collection whose first line stands where the pen is, at `column`.
    pub(super) fn block(self, node: &Node, column: usize) -> String {
        match node {
            Node::Mapping(mapping) if !mapping.entries.is_empty() => self.mapping(mapping, column),
            Node::Sequence(sequence) if !sequence.items.is_empty() => self.sequence(sequence, column),
            other => inline(other, column),
        }
    }

    fn mapping(self, mapping: &Mapping, column: usize) -> String {
        let lines: Vec<String> = mapping.entries.iter().map(|entry| self.entry(entry, column)).collect();
        lines.join(&format!("\n{}", pad(column)))
    }

    fn sequence(self, sequence: &Sequence, column: usize) -> String {
        let lines: Vec<String> = sequence.items.iter().map(|item| self.item(item, column)).collect();
        lines.join(&format!("\n{}", pad(column)))
    }
}

/// Returns what fits behind a colon or a dash whose own column is `column`.
fn inline(node: &Node, column: usize) -> String {
    match node {
        Node::Scalar(value) => scalar(value, column),
        Node::Mapping(_) => "{}".into(),
        Node::Sequence(_) => "[]".into(),
    }
}

/// Returns a scalar with the quotes that kustomize would give it; its later lines, if it has some, belong to something
/// at `column`.
pub(super) fn scalar(value: &Scalar, column: usize) -> String {
    let text = value.text.as_str();
    if value.resolved_tag() != Tag::Str {
        // Numbers and the like stay as they are written.
        return if text.is_empty() { "null".into() } else { text.into() };
    }
    let lone = Node::Mapping(Mapping {
        entries: vec![Entry { key: Scalar::string("k"), value: Node::Scalar(value.clone()) }],
        ..Mapping::default()
    });
    let Ok(written) = go_v2(&lone) else { return double_quoted(text) };
    let written = written.strip_prefix("k: ").unwrap_or(&written);
    let written = written.strip_suffix('\n').unwrap_or(written);
    if !written.contains('\n') {
        return written.to_owned();
    }
    if !written.starts_with('|') {
        // Folded for a line's length alone, which a diff is better without.
        return double_quoted(text);
    }
    let indented = |line: &str| if line.is_empty() { String::new() } else { pad(column) + line };
    let lines: Vec<String> = written
        .split('\n')
        .enumerate()
        .map(|(i, line)| if i == 0 { line.into() } else { indented(line) })
        .collect();
    lines.join("\n")
}

/// Returns a scalar in one line that can stand between brackets.
pub(super) fn flow_scalar(value: &Scalar) -> String {
    let written = scalar(value, 0);
    let is_plain = !written.starts_with(['"', '\'', '|']);
    let needs_quotes = written.contains([',', '[', ']', '{', '}', '?']) || written.contains(": ");
    match () {
        () if written.contains('\n') => double_quoted(value.text.as_str()),
        () if is_plain && needs_quotes => single_quoted(value.text.as_str()),
        () => written,
    }
}

/// Returns a node in one line, between brackets.
pub(super) fn flow(node: &Node) -> String {
    match node {
        Node::Scalar(scalar) => flow_scalar(scalar),
        Node::Sequence(sequence) => {
            let items: Vec<String> = sequence.items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Node::Mapping(mapping) => {
            let entries: Vec<String> = mapping.entries.iter().map(flow_entry).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// Returns an entry in one line.
pub(super) fn flow_entry(entry: &Entry) -> String {
    format!("{}: {}", flow_scalar(&entry.key), flow(&entry.value))
}

/// Returns a scalar in the quotes that the text before it had, where they can hold it.
pub(super) fn restyled(value: &Scalar, style: Style, is_flow: bool, column: usize) -> String {
    let text = value.text.as_str();
    let is_string = value.resolved_tag() == Tag::Str;
    let one_line =
        !text.contains(|c: char| c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}'));
    match style {
        Style::DoubleQuoted if is_string && one_line => double_quoted(text),
        Style::SingleQuoted if is_string && one_line => single_quoted(text),
        _ if is_flow => flow_scalar(value),
        _ => scalar(value, column),
    }
}

fn single_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn double_quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    let plain = text.chars().all(|c| !matches!(c, '"' | '\\' | '\u{feff}') && !c.is_control());
    if plain {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        json_string(&mut out, text);
    }
    out
}

/// Returns as many blanks.
pub(super) fn pad(columns: usize) -> String {
    " ".repeat(columns)
}

fn measure(text: &str, place: &Place, mapping: &mut Option<usize>, sequence: &mut Option<usize>) {
    match &place.form {
        Form::Mapping(Layout::Block, entries) => {
            for entry in entries {
                let outer = column(text, entry.start);
                match &entry.value.form {
                    Form::Mapping(Layout::Block, inner) if mapping.is_none() => {
                        *mapping = inner.first().and_then(|e| column(text, e.start).checked_sub(outer));
                    }
                    Form::Sequence(Layout::Block, inner) if sequence.is_none() => {
                        *sequence = inner.first().and_then(|i| column(text, i.start).checked_sub(outer));
                    }
                    _ => {}
                }
                measure(text, &entry.value, mapping, sequence);
            }
        }
        Form::Sequence(Layout::Block, items) => {
            items.iter().for_each(|item| measure(text, &item.value, mapping, sequence));
        }
        _ => {}
    }
}
