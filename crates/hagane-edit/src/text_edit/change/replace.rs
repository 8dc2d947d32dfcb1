//! Another node, or another key, where one stands.

use hagane_yaml::{Node, Scalar, Style};

use super::Writer;
use crate::text_edit::layout::{Form, Place};
use crate::text_edit::lines::line_end;
use crate::text_edit::write::{flow, flow_scalar, restyled, scalar};

impl Writer<'_> {
    pub(super) fn replace(&self, path: &[usize], value: &Node) -> Option<String> {
        let place = self.place(path)?;
        let Some((column, is_flow)) = self.around(path) else { return self.replace_root(value) };
        let old = self.node(path)?;
        if is_flow {
            let new = match (old, value) {
                (Node::Scalar(old), Node::Scalar(new)) => restyled(new, old.style, true, 0),
                _ => flow(value),
            };
            let gap =
                if self.text[..place.content].ends_with([' ', '\t', '\n', '\r', '[']) { "" } else { " " };
            return self.spliced(place.content, place.range.end, &format!("{gap}{new}"));
        }
        if let (Node::Scalar(old), Node::Scalar(new), Form::Inline) = (old, value, &place.form)
            && place.range.end > place.content
        {
            let new = restyled(new, old.style, false, column);
            return self.spliced(place.content, place.range.end, &new);
        }
        let (index, around) = path.split_last()?;
        match &self.place(around)?.form {
            Form::Mapping(_, entries) => {
                let colon = entries.get(*index)?.colon?;
                let written = self.indentation.value(value, column);
                self.behind(colon, place, &written)
            }
            Form::Sequence(_, items) => {
                let dash = items.get(*index)?.start + 1;
                let written = self.indentation.item(value, column);
                self.behind(dash, place, &written[1..])
            }
            _ => None,
        }
    }

    /// Writes a value behind a colon or dash. A comment at the end of that line stays there.
    fn behind(&self, mark: usize, old: &Place, new: &str) -> Option<String> {
        let is_inline = !matches!(old.form, Form::Block) && line_end(self.text, mark) >= old.range.end;
        let end = old.range.end.max(mark);
        if !is_inline || !new.starts_with('\n') {
            return self.spliced(mark, end, new);
        }
        // `key: [] # comment` becomes `key: # comment` with lines below.
        let line = line_end(self.text, end);
        let comment = self.text[end..line].trim();
        let comment = if comment.is_empty() { String::new() } else { format!(" {comment}") };
        self.spliced(mark, line, &format!("{comment}{new}"))
    }

    pub(super) fn replace_root(&self, value: &Node) -> Option<String> {
        let written = self.indentation.block(value, 0);
        self.spliced(self.root.range.start, self.root.range.end, &written)
    }

    pub(super) fn rename(&self, path: &[usize], key: &str) -> Option<String> {
        let (index, around) = path.split_last()?;
        let Form::Mapping(_, entries) = &self.place(around)?.form else { return None };
        let entry = entries.get(*index)?;
        let old = &self.node(around)?.as_mapping()?.entries.get(*index)?.key;
        let end = self.text[entry.start..entry.colon?].rfind(':')? + entry.start;
        let new = Scalar::string(key);
        let (_, is_flow) = self.around(path)?;
        let written = match old.style {
            Style::Plain if is_flow => flow_scalar(&new),
            Style::Plain => scalar(&new, 0),
            style => restyled(&new, style, is_flow, 0),
        };
        let blanks = self.text[entry.start..end].len() - self.text[entry.start..end].trim_end().len();
        self.spliced(entry.start, end - blanks, &written)
    }
}
