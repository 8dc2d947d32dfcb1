//! Entries and items less, with the comments that belong to them.

use hagane_yaml::{Node, Sequence};

use super::Writer;
use crate::text_edit::layout::{Form, Layout};
use crate::text_edit::lines::{break_before, line_start, next_line};

impl Writer<'_> {
    pub(super) fn remove(&self, path: &[usize]) -> Option<String> {
        let (&index, around) = path.split_last()?;
        let collection = self.place(around)?;
        let parts: Vec<(usize, usize)> = match &collection.form {
            Form::Mapping(_, entries) => entries.iter().map(|e| (e.start, e.end())).collect(),
            Form::Sequence(_, items) => items.iter().map(|i| (i.start, i.end())).collect(),
            _ => return None,
        };
        if parts.len() == 1 {
            let empty = match self.node(around)? {
                Node::Mapping(_) => Node::mapping(),
                _ => Node::Sequence(Sequence::default()),
            };
            return self.replace(around, &empty);
        }
        match &collection.form {
            Form::Mapping(Layout::Block, _) | Form::Sequence(Layout::Block, _) => {
                self.remove_lines(&parts, index, around.is_empty())
            }
            _ => self.remove_between(&parts, index),
        }
    }

    /// Removes a part that has lines of its own.
    fn remove_lines(&self, parts: &[(usize, usize)], index: usize, is_root: bool) -> Option<String> {
        let (start, end) = parts[index];
        let line = line_start(self.text, start);
        let before = &self.text[line..start];
        if !before.trim_start_matches('\u{feff}').trim().is_empty() {
            // It shares its line with a dash: the next part takes its place.
            let (next, _) = *parts.get(index + 1)?;
            return self.spliced(start, next, "");
        }
        let is_opening = is_root && index == 0;
        let first = self.with_comments_above(line, before.chars().count(), is_opening);
        let last = next_line(self.text, end);
        if last == self.text.len() && !self.text.ends_with(['\n', '\r']) && first > 0 {
            // A last line without a break leaves the one above it without one.
            return self.spliced(first - break_before(self.text, first), last, "");
        }
        self.spliced(first, last, "")
    }

    /// Returns the start of the comments right above the line at `line` that are indented as it is: they belong to it.
    /// Those that open the file belong to the file.
    pub(super) fn with_comments_above(&self, line: usize, indent: usize, is_opening: bool) -> usize {
        let mut first = line;
        while first > 0 {
            let above = line_start(self.text, first - break_before(self.text, first));
            let content = &self.text[above..first];
            let is_comment = content.trim_start().starts_with('#');
            if !is_comment || content.len() - content.trim_start().len() != indent {
                break;
            }
            first = above;
        }
        if is_opening && first == 0 { line } else { first }
    }

    /// Removes a part between brackets, with one of the commas.
    fn remove_between(&self, parts: &[(usize, usize)], index: usize) -> Option<String> {
        let (start, end) = parts[index];
        match (parts.get(index + 1), index.checked_sub(1).map(|i| parts[i])) {
            (Some((next, _)), _) => self.spliced(start, *next, ""),
            (None, Some((_, before))) => self.spliced(before, end, ""),
            (None, None) => None,
        }
    }
}
