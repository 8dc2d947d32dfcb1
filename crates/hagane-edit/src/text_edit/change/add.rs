//! Entries and items more, at the end of a collection.

use hagane_yaml::{Entry, Mapping, Node, Sequence};

use super::Writer;
use crate::text_edit::layout::{Form, Layout, Place};
use crate::text_edit::lines::{column, line_end, line_start, next_line};
use crate::text_edit::write::{Indentation, flow, flow_entry, pad};

impl Writer<'_> {
    pub(super) fn insert(&self, path: &[usize], entry: &Entry) -> Option<String> {
        let place = self.place(path)?;
        match &place.form {
            Form::Mapping(Layout::Block, entries) => {
                let last = entries.last()?;
                let column = column(self.text, entries.first()?.start);
                let written = self.indentation.entry(entry, column);
                let at = if path.is_empty() {
                    self.document_end(last.end())
                } else {
                    self.below(last.end(), column)
                };
                self.line_at(at, column, &written)
            }
            Form::Mapping(Layout::Flow, entries)
                if !entries.is_empty() || !path.is_empty() && self.around(path)?.1 =>
            {
                let last = entries.last().map(|entry| (entry.start, entry.end()));
                self.flow_part(place, last, &flow_entry(entry))
            }
            Form::Mapping(Layout::Bare, _) => None,
            _ => {
                let only = Node::Mapping(Mapping { entries: vec![entry.clone()], ..Mapping::default() });
                self.fill(path, &only)
            }
        }
    }

    pub(super) fn push(&self, path: &[usize], item: &Node) -> Option<String> {
        let place = self.place(path)?;
        match &place.form {
            Form::Sequence(Layout::Block, items) => {
                let last = items.last()?;
                let column = column(self.text, last.start);
                let written = self.dashed(last.start, last.value.content).item(item, column);
                let at = self.below(last.end(), column);
                self.line_at(at, column, &written)
            }
            Form::Sequence(Layout::Flow, items)
                if !items.is_empty() || !path.is_empty() && self.around(path)?.1 =>
            {
                let last = items.last().map(|item| (item.start, item.end()));
                self.flow_part(place, last, &flow(item))
            }
            _ => {
                let only = Node::Sequence(Sequence { items: vec![item.clone()], ..Sequence::default() });
                self.fill(path, &only)
            }
        }
    }

    /// Returns the indentation with the blanks that follow a dash.
    pub(super) fn dashed(&self, dash: usize, content: usize) -> Indentation {
        let between = self.text.get(dash + 1..content).unwrap_or(" ");
        let blanks = if between.bytes().all(|b| b == b' ') { between.len().clamp(1, 8) } else { 1 };
        Indentation { dash: blanks, ..self.indentation }
    }

    /// Puts the first part into a collection that has none: `[]`, `{}`, a null, or nothing.
    fn fill(&self, path: &[usize], value: &Node) -> Option<String> {
        if !path.is_empty() {
            return self.replace(path, value);
        }
        let written = self.indentation.block(value, 0);
        if self.root.range.end > self.root.range.start {
            return self.replace_root(value);
        }
        // Comments may be all there is: they stay above.
        let at = self.document_end(self.root.range.start);
        self.line_at(at, 0, &written)
    }

    /// Writes a line at the start of the line at `at`, or behind a last line without a break.
    fn line_at(&self, at: usize, column: usize, written: &str) -> Option<String> {
        let before = &self.text[..at];
        if before.is_empty() || before == "\u{feff}" || before.ends_with(['\n', '\r']) {
            return self.spliced(at, at, &format!("{}{written}\n", pad(column)));
        }
        self.spliced(at, at, &format!("\n{}{written}", pad(column)))
    }

    /// Returns the start of the line below what ends at `end`, and below comments that are indented as what comes next.
    pub(super) fn below(&self, end: usize, column: usize) -> usize {
        let mut at = next_line(self.text, end);
        let mut line = at;
        while line < self.text.len() {
            let content = &self.text[line..line_end(self.text, line)];
            let indent = content.len() - content.trim_start_matches(' ').len();
            if !content.trim_start().starts_with('#') || column == 0 || indent < column {
                break;
            }
            line = next_line(self.text, line);
            at = line;
        }
        at
    }

    /// Returns the start of the line behind all that belongs to the document whose content ends at `end`.
    fn document_end(&self, end: usize) -> usize {
        let mut at = next_line(self.text, end);
        let mut line = at;
        if self.text[..end].trim_start_matches('\u{feff}').is_empty() {
            (at, line) = (end, end);
        }
        while line < self.text.len() {
            let content = self.text[line..line_end(self.text, line)].trim_end();
            if content.starts_with("---") || content.starts_with("...") {
                break;
            }
            line = next_line(self.text, line);
            if !content.is_empty() {
                at = line;
            }
        }
        at
    }

    /// Adds a part between brackets, behind the last one.
    fn flow_part(&self, place: &Place, last: Option<(usize, usize)>, new: &str) -> Option<String> {
        let Some((start, end)) = last else {
            let inside = place.content + 1;
            return self.spliced(inside, inside, new);
        };
        // Parts that stand on lines of their own get another line.
        let own_line = self.text[line_start(self.text, start)..start].trim().is_empty();
        if !own_line {
            return self.spliced(end, end, &format!(", {new}"));
        }
        let indent = pad(column(self.text, start));
        let rest = &self.text[end..line_end(self.text, end)];
        match rest.trim_start().starts_with(',') {
            true => {
                let at = end + rest.find(',')? + 1;
                let line = line_end(self.text, at);
                let comment_stays = if self.text[at..line].trim().is_empty() { at } else { line };
                self.spliced(comment_stays, comment_stays, &format!("\n{indent}{new},"))
            }
            false => {
                let after = format!(",{rest}\n{indent}{new}");
                match rest.trim().is_empty() || rest.trim_start().starts_with('#') {
                    true => self.spliced(end, end + rest.len(), &after),
                    false => self.spliced(end, end, &format!(", {new}")),
                }
            }
        }
    }
}
