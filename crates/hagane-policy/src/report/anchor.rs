//! Where in a file a change would be written, as a program can write it.

use hagane_yaml::emit::json_string;
use hagane_yaml::{Node, SourceMap, Span};

use crate::field_path::{FieldPath, Step};

/// The last node on the way to a field that is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Anchor {
    span: Span,
    /// How many steps lead to it.
    depth: usize,
}

/// A piece of a line to take away, and the text for its place. Columns are counted from 1.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Replacement {
    pub(super) start: (u32, usize),
    pub(super) end: (u32, usize),
    pub(super) text: String,
}

impl Anchor {
    /// Returns where a person would write a field, and the last node on the way to it; what a stage made
    /// before stands in no file.
    pub(crate) fn with_span(path: &FieldPath, top: &Node) -> (Span, Anchor) {
        let (mut shown, mut anchor) = (top.span(), Anchor { span: top.span(), depth: 0 });
        for (span, node) in path.way(top) {
            shown = if span.is_known() { span } else { shown };
            anchor = Anchor { span: node.span(), depth: anchor.depth + 1 };
        }
        (shown, anchor)
    }

    /// Returns what to write in the file for a field to have a value, or to be gone; nothing where that
    /// cannot be told from the line alone.
    pub(super) fn replacement(
        self,
        path: &FieldPath,
        old: Option<&str>,
        new: Option<&str>,
        map: &SourceMap,
    ) -> Option<Replacement> {
        let line = map.line(self.span).filter(|_| self.span.is_known())?;
        let column = self.span.column.saturating_sub(1) as usize;
        let (before, here) = line.char_indices().nth(column).map(|(at, _)| line.split_at(at))?;
        let missing = path.steps().get(self.depth..)?;
        match (missing, old, new) {
            ([], Some(old), Some(new)) if !new.starts_with(['{', '[']) => {
                let length = scalar_length(here, old)?;
                let (start, end) = ((self.span.line, column + 1), (self.span.line, column + 1 + length));
                Some(Replacement { start, end, text: new.to_owned() })
            }
            ([], Some(old), None) => {
                let Some(Step::Key(key)) = path.steps().last() else { return None };
                scalar_length(here, old).filter(|_| before.trim() == format!("{key}:"))?;
                let (start, end) = ((self.span.line, 1), (self.span.line + 1, 1));
                Some(Replacement { start, end, text: String::new() })
            }
            ([_, ..], None, Some(new)) => {
                let field = field(missing, new)?;
                let (at, text) = match here.chars().next()? {
                    '{' if here[1..].trim_start().starts_with('}') => (column + 2, field),
                    '{' => (column + 2, format!("{field}, ")),
                    first if first.is_ascii_alphanumeric() || first == '"' || first == '\'' => {
                        // The first key of a block: the others stand below it.
                        before.chars().all(|c| c == ' ' || c == '-').then_some(())?;
                        (column + 1, format!("{field}\n{}", " ".repeat(column)))
                    }
                    _ => return None,
                };
                let place = (self.span.line, at);
                Some(Replacement { start: place, end: place, text })
            }
            _ => None,
        }
    }
}

/// Returns how many characters at the start of a text are the scalar, if it ends there.
fn scalar_length(text: &str, json: &str) -> Option<usize> {
    let bare = json.trim_matches('"');
    let forms = [json.to_owned(), bare.to_owned(), format!("'{bare}'")];
    let form = forms.iter().find(|form| text.starts_with(form.as_str()))?;
    let rest = &text[form.len()..];
    (rest.trim().is_empty() || rest.starts_with([',', '}', ']'])).then(|| form.chars().count())
}

/// Returns a field with its value; the mappings that are missing between them are written in braces.
fn field(steps: &[Step], value: &str) -> Option<String> {
    let mut text = value.to_owned();
    for (depth, step) in steps.iter().enumerate().rev() {
        let Step::Key(key) = step else { return None };
        let is_plain = key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/'));
        let mut name = String::new();
        if is_plain {
            name.push_str(key)
        } else {
            json_string(&mut name, key)
        }
        text = format!("{name}: {text}");
        if depth > 0 {
            text = format!("{{{text}}}");
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes what a fix says, and reads the result.
    #[track_caller]
    fn check(text: &str, path: &[&'static str], item: Option<usize>, new: Option<&str>, want: Option<&str>) {
        let mut map = SourceMap::new();
        let file = map.add("a.yaml", text.into());
        let read = |text: &str| hagane_yaml::parse(text, file, &Default::default()).unwrap().remove(0);
        let tree = read(text);
        let path = match item {
            Some(item) => FieldPath::of(&path[..1]).item(item).keys(&path[1..]),
            None => FieldPath::of(path),
        };
        let old = path.get(&tree).and_then(hagane_yaml::emit::json);
        let (_, anchor) = Anchor::with_span(&path, &tree);
        let found = anchor.replacement(&path, old.as_deref().map(str::trim_end), new, &map);
        let written = found.map(|fix| {
            let lines: Vec<&str> = text.split_inclusive('\n').collect();
            let at = |(line, column): (u32, usize)| {
                lines[..line as usize - 1].iter().map(|line| line.len()).sum::<usize>() + column - 1
            };
            format!("{}{}{}", &text[..at(fix.start)], fix.text, &text[at(fix.end)..])
        });
        assert_eq!(written.as_deref(), want);
        if let (Some(written), Some(new)) = (written, new) {
            assert_eq!(path.get(&read(&written)), Some(&read(new)));
        }
    }

    #[test]
    fn fields_are_written_where_their_mapping_begins() {
        check("a:\n  b: 1\n", &["a", "c", "d"], None, Some("true"), Some("a:\n  c: {d: true}\n  b: 1\n"));
        check("a: {b: 1}\n", &["a", "c"], None, Some("[1]"), Some("a: {c: [1], b: 1}\n"));
        check("a: {}\n", &["a", "c"], None, Some("1"), Some("a: {c: 1}\n"));
        check(
            "l:\n  - name: x\n    b: 1\n",
            &["l", "c"],
            Some(0),
            Some("1"),
            Some("l:\n  - c: 1\n    name: x\n    b: 1\n"),
        );
        check("a: &x\n  b: 1\n", &["a", "c"], None, Some("1"), Some("a: &x\n  c: 1\n  b: 1\n"));
    }

    #[test]
    fn values_are_replaced_and_lines_taken_away() {
        check("a: {b: true}\n", &["a", "b"], None, Some("false"), Some("a: {b: false}\n"));
        check("a:\n  b: 'x' # why\n", &["a", "b"], None, Some("\"y\""), None);
        check("a:\n  b: 'x'\n", &["a", "b"], None, Some("\"y\""), Some("a:\n  b: \"y\"\n"));
        check("a:\n  b: true\n  c: 1\n", &["a", "b"], None, None, Some("a:\n  c: 1\n"));
        check("a: {b: true}\n", &["a", "b"], None, None, None);
        check("- a: 1\n", &["a"], None, Some("1"), None);
    }
}
