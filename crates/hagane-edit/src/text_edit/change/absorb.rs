//! A list that takes the items of another, comments and all.

use super::Writer;
use crate::text_edit::layout::{EntryPlace, Form, ItemPlace, Layout};
use crate::text_edit::lines::{break_before, column, line_end, line_start, next_line, shifted};

impl Writer<'_> {
    /// Moves the lines of the items of the list at `from`, the value of an entry, behind those of the list at `to`.
    pub(super) fn absorb(&self, to: &[usize], from: &[usize]) -> Option<String> {
        let (target, _) = self.list(to)?;
        let (items, entry) = self.list(from)?;
        let (target, first, last) = (target.last()?, items.first()?, items.last()?);
        let key_line_end = line_end(self.text, entry.colon?);
        let behind_key = self.text.get(entry.colon?..key_line_end)?.trim();
        if !(behind_key.is_empty() || behind_key.starts_with('#')) {
            return None;
        }
        let (dash, own_dash) = (column(self.text, target.start), column(self.text, first.start));
        let key = column(self.text, entry.start);
        let is_first = from == [0];
        let start = self.with_comments_above(line_start(self.text, entry.start), key, is_first);
        let end = self.below(last.end(), own_dash);

        // What is said about the list, then the items.
        let text = |start: usize, end: usize| Some(self.text.get(start..end)?.replace(self.newline, "\n"));
        let to_key = dash as isize - key as isize;
        let mut moved = shifted(&format!("\n{}", text(start, line_start(self.text, entry.start))?), to_key);
        if !behind_key.is_empty() {
            moved.push_str(&format!("{:dash$}{behind_key}\n", ""));
        }
        let items = text(next_line(self.text, key_line_end), end)?;
        moved.push_str(shifted(&format!("\n{items}"), dash as isize - own_dash as isize).strip_prefix('\n')?);
        let moved = moved.trim_start_matches('\n').trim_end_matches('\n').replace('\n', self.newline);

        // Of the blank lines around the entry one side stays.
        let end = match self.is_blank_above(start) && self.is_blank(end) {
            true => next_line(self.text, end),
            false => end,
        };
        let at = self.below(target.end(), dash);
        let (before, after) = (self.text.get(..at.min(start))?, self.text.get(at.max(end)..)?);
        let between = if at <= start { self.text.get(at..start)? } else { self.text.get(end..at)? };
        let on_lines = |text: &str| match text.is_empty() || text.ends_with(['\n', '\r']) {
            true => text.to_owned(),
            false => format!("{text}{}", self.newline),
        };
        let moved = on_lines(&moved);
        let mut new = match at <= start {
            true => format!("{}{moved}{between}{after}", on_lines(before)),
            false => format!("{}{}{moved}{after}", on_lines(before), on_lines(between)),
        };
        if !self.text.ends_with(['\n', '\r']) {
            new.truncate(new.trim_end_matches(['\n', '\r']).len());
        }
        Some(new)
    }

    fn is_blank(&self, line: usize) -> bool {
        line < self.text.len() && self.text[line..line_end(self.text, line)].trim().is_empty()
    }

    fn is_blank_above(&self, line: usize) -> bool {
        line == 0 || self.is_blank(line_start(self.text, line - break_before(self.text, line)))
    }

    /// Returns the items of a list of lines, and the entry whose value it is.
    fn list(&self, path: &[usize]) -> Option<(&[ItemPlace], &EntryPlace)> {
        let (index, around) = path.split_last()?;
        let (Form::Mapping(Layout::Block, entries), Form::Sequence(Layout::Block, items)) =
            (&self.place(around)?.form, &self.place(path)?.form)
        else {
            return None;
        };
        Some((items, entries.get(*index)?))
    }
}
