//! The changes, each made to the tree and to the text.

use hagane_yaml::{Entry, Mapping, Node, Sequence, Tag};

use super::layout::{Form, Layout, Place, column, line_end, line_start, next_line};
use super::write::{Indentation, flow, flow_entry, flow_scalar, pad, restyled, scalar};
use super::{child, child_mut};

/// A change to what stands at a path.
pub(super) enum Change {
    /// Another node in its place.
    Replace(Node),
    /// An entry more, at the end.
    Insert(Entry),
    /// An item more, at the end.
    Push(Node),
    /// Nothing in its place.
    Remove,
    /// Another key.
    Rename(String),
}

impl Change {
    /// Makes the change to a tree; returns nothing where it cannot be made.
    pub(super) fn make(&self, root: &mut Node, path: &[usize]) -> Option<()> {
        let at = |root, path: &[usize]| -> Option<_> {
            path.iter().try_fold::<&mut Node, _, _>(root, |node, index| child_mut(node, *index))
        };
        match self {
            Change::Replace(value) => *at(root, path)? = value.clone(),
            Change::Insert(entry) => {
                let node = at(root, path)?;
                if node.is_null() {
                    *node = Node::mapping();
                }
                node.as_mapping_mut()?.entries.push(entry.clone());
            }
            Change::Push(item) => {
                let node = at(root, path)?;
                if node.is_null() {
                    *node = Node::Sequence(Sequence::default());
                }
                node.as_sequence_mut()?.items.push(item.clone());
            }
            Change::Remove => {
                let (index, around) = path.split_last()?;
                match at(root, around)? {
                    Node::Mapping(m) if *index < m.entries.len() => _ = m.entries.remove(*index),
                    Node::Sequence(s) if *index < s.items.len() => _ = s.items.remove(*index),
                    _ => return None,
                }
            }
            Change::Rename(key) => {
                let (index, around) = path.split_last()?;
                let entry = at(root, around)?.as_mapping_mut()?.entries.get_mut(*index)?;
                entry.key = hagane_yaml::Scalar::string(key.as_str());
            }
        }
        Some(())
    }

    /// Returns the text with the change in it; nothing where it is not known how to write it.
    pub(super) fn write(&self, text: &str, root: &Place, tree: &Node, path: &[usize]) -> Option<String> {
        let writer =
            Writer { text, root, tree, indentation: indentation(text, root), newline: newline(text) };
        match self {
            Change::Replace(value) => writer.replace(path, value),
            Change::Insert(entry) => writer.insert(path, entry),
            Change::Push(item) => writer.push(path, item),
            Change::Remove => writer.remove(path),
            Change::Rename(key) => writer.rename(path, key),
        }
    }
}

struct Writer<'a> {
    text: &'a str,
    root: &'a Place,
    tree: &'a Node,
    indentation: Indentation,
    newline: &'static str,
}

impl Writer<'_> {
    fn place(&self, path: &[usize]) -> Option<&Place> {
        path.iter().try_fold(self.root, |place, index| place.child(*index))
    }

    fn node(&self, path: &[usize]) -> Option<&Node> {
        path.iter().try_fold(self.tree, |node, index| child(node, *index))
    }

    /// Returns the text with `new` in the place of a range. `new` has line feeds, the text may have other breaks.
    fn spliced(&self, start: usize, end: usize, new: &str) -> Option<String> {
        let new = if self.newline == "\n" { new.to_owned() } else { new.replace('\n', self.newline) };
        Some(format!("{}{new}{}", self.text.get(..start)?, self.text.get(end..)?))
    }

    /// Returns the column of the collection of lines that the node at `path` is a part of, and whether it stands
    /// between brackets.
    fn around(&self, path: &[usize]) -> Option<(usize, bool)> {
        let (index, around) = path.split_last()?;
        let is_flow = (0..path.len()).any(|depth| {
            self.place(&path[..depth]).is_some_and(|place| {
                matches!(&place.form, Form::Mapping(l, _) | Form::Sequence(l, _) if *l != Layout::Block)
            })
        });
        let start = match &self.place(around)?.form {
            Form::Mapping(_, entries) => entries.get(*index)?.start,
            Form::Sequence(_, items) => items.get(*index)?.start,
            _ => return None,
        };
        Some((column(self.text, start), is_flow))
    }

    fn replace(&self, path: &[usize], value: &Node) -> Option<String> {
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

    fn replace_root(&self, value: &Node) -> Option<String> {
        let written = self.indentation.block(value, 0);
        self.spliced(self.root.range.start, self.root.range.end, &written)
    }

    fn insert(&self, path: &[usize], entry: &Entry) -> Option<String> {
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

    fn push(&self, path: &[usize], item: &Node) -> Option<String> {
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
    fn dashed(&self, dash: usize, content: usize) -> Indentation {
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
    fn below(&self, end: usize, column: usize) -> usize {
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

    fn remove(&self, path: &[usize]) -> Option<String> {
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
        let mut first = line;
        let indent = before.chars().count();
        // Comments right above belong to it, but those that open the file belong to the file.
        while first > 0 {
            let above = line_start(self.text, first - self.break_before(first));
            let content = &self.text[above..first];
            let is_comment = content.trim_start().starts_with('#');
            if !is_comment || content.len() - content.trim_start().len() != indent {
                break;
            }
            first = above;
        }
        if is_root && first == 0 && index == 0 {
            first = line;
        }
        let last = next_line(self.text, end);
        if last == self.text.len() && !self.text.ends_with(['\n', '\r']) && first > 0 {
            // A last line without a break leaves the one above it without one.
            return self.spliced(first - self.break_before(first), last, "");
        }
        self.spliced(first, last, "")
    }

    /// Returns the bytes of the line break that ends at `at`.
    fn break_before(&self, at: usize) -> usize {
        match self.text.as_bytes().get(..at) {
            Some([.., b'\r', b'\n']) => 2,
            Some([.., b'\n' | b'\r']) => 1,
            _ => 0,
        }
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

    fn rename(&self, path: &[usize], key: &str) -> Option<String> {
        let (index, around) = path.split_last()?;
        let Form::Mapping(_, entries) = &self.place(around)?.form else { return None };
        let entry = entries.get(*index)?;
        let old = &self.node(around)?.as_mapping()?.entries.get(*index)?.key;
        let end = self.text[entry.start..entry.colon?].rfind(':')? + entry.start;
        let new = hagane_yaml::Scalar { tag: Tag::Str, ..hagane_yaml::Scalar::string(key) };
        let (_, is_flow) = self.around(path)?;
        let written = match old.style {
            hagane_yaml::Style::Plain if is_flow => flow_scalar(&new),
            hagane_yaml::Style::Plain => scalar(&new, 0),
            style => restyled(&new, style, is_flow, 0),
        };
        let blanks = self.text[entry.start..end].len() - self.text[entry.start..end].trim_end().len();
        self.spliced(entry.start, end - blanks, &written)
    }
}

/// Returns the line break of a text: that of its first line.
fn newline(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        None if text.contains('\r') => "\r",
        _ => "\n",
    }
}

/// Returns the indentation that a document has, seen from the first collections that show it.
fn indentation(text: &str, root: &Place) -> Indentation {
    let (mut mapping, mut sequence) = (None, None);
    measure(text, root, &mut mapping, &mut sequence);
    let usual = Indentation::default();
    Indentation {
        mapping: mapping.unwrap_or(usual.mapping),
        sequence: sequence.unwrap_or(usual.sequence),
        dash: usual.dash,
    }
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
