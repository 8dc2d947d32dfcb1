//! Where the nodes of a document lie in its text, from their first byte to their last.
//!
//! The tree knows where nodes begin. To change a text one must also know where they end, and where their dashes,
//! colons and brackets stand. The tree says what comes next, so this needs no grammar: it walks the text and the
//! tree side by side.

use std::ops::Range;

use hagane_yaml::{Mapping, Node, Scalar, Sequence};

/// The place of a node.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The node with its tag and anchor. Empty for a value that is not written.
    pub range: Range<usize>,
    /// Where the node itself begins, behind its tag and anchor.
    pub content: usize,
    /// What it is in the text.
    pub form: Form,
}

/// What a node is in the text.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// A single value in one piece: bare, in quotes, or not written.
    Inline,
    /// `|` or `>` and the lines below.
    Block,
    /// `*name`; the tree has what it stands for.
    Alias,
    /// Entries.
    Mapping(Layout, Vec<EntryPlace>),
    /// Items.
    Sequence(Layout, Vec<ItemPlace>),
}

/// How the parts of a collection are set apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// By lines.
    Block,
    /// By commas between brackets.
    Flow,
    /// Not at all: the one entry of a mapping without braces in a sequence with brackets.
    Bare,
}

/// The place of an entry of a mapping.
#[derive(Clone, Debug)]
pub(super) struct EntryPlace {
    /// The first byte: of the key, its anchor, or the `?` before it.
    pub start: usize,
    /// Behind the colon; nothing where none is written.
    pub colon: Option<usize>,
    /// The value.
    pub value: Place,
}

/// The place of an item of a sequence.
#[derive(Clone, Debug)]
pub(super) struct ItemPlace {
    /// The dash, in a sequence of lines; otherwise the item.
    pub start: usize,
    /// The item.
    pub value: Place,
}

impl EntryPlace {
    /// Returns the end of the entry: of its value, or of what is written of it.
    pub(super) fn end(&self) -> usize {
        self.value.range.end
    }
}

impl ItemPlace {
    /// Returns the end of the item.
    pub(super) fn end(&self) -> usize {
        self.value.range.end
    }
}

/// The text and the tree do not fit together: something is written in a way that is not known here.
#[derive(Debug)]
pub(super) struct Unknown {
    /// The byte where they part.
    pub at: usize,
}

/// Returns the place of the first document's root, `root`.
pub(super) fn place(text: &str, root: &Node) -> Result<Place, Unknown> {
    let mut walk = Walk { text, bytes: text.as_bytes(), at: 0 };
    walk.prologue();
    walk.node(root, Around { indent: -1, flow: false })
}

/// What a node stands in.
#[derive(Clone, Copy)]
struct Around {
    /// The column of the collection of lines around it; -1 at the top.
    indent: isize,
    /// Whether it stands between brackets.
    flow: bool,
}

struct Walk<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl Walk<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn unknown<T>(&self) -> Result<T, Unknown> {
        Err(Unknown { at: self.at })
    }

    /// Passes what may stand before a document: a byte order mark, directives, `---`.
    fn prologue(&mut self) {
        if self.text.starts_with('\u{feff}') {
            self.at = '\u{feff}'.len_utf8();
        }
        loop {
            self.gap();
            if self.peek() == Some(b'%') && self.column() == 0 {
                self.line_end();
            } else if self.bytes[self.at..].starts_with(b"---")
                && self.column() == 0
                && self.bytes.get(self.at + 3).is_none_or(|b| b.is_ascii_whitespace())
            {
                self.at += 3;
                return;
            } else {
                return;
            }
        }
    }

    /// Passes blanks, line breaks and comments.
    fn gap(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                Some(b'#') if self.at == 0 || self.bytes[self.at - 1].is_ascii_whitespace() => {
                    self.line_end()
                }
                _ => return,
            }
        }
    }

    fn line_end(&mut self) {
        while self.peek().is_some_and(|b| !matches!(b, b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Returns the column of the place in characters, from 0.
    fn column(&self) -> usize {
        column(self.text, self.at)
    }

    fn node(&mut self, node: &Node, around: Around) -> Result<Place, Unknown> {
        let before = self.at;
        self.gap();
        let start = self.at;
        let mut end = start;
        // Tags and anchors.
        while matches!(self.peek(), Some(b'&' | b'!')) {
            self.token();
            end = self.at;
            self.gap();
        }
        let has_properties = end > start;
        let content = self.at;
        if self.peek() == Some(b'*') && !has_properties {
            self.token();
            return Ok(Place { range: start..self.at, content, form: Form::Alias });
        }
        match node {
            Node::Scalar(scalar) => {
                if self.scalar_is_absent(scalar) {
                    // A value that is not written stands right behind its colon or dash.
                    self.at = if has_properties { end } else { before };
                    let range = if has_properties { start..end } else { before..before };
                    return Ok(Place { content: range.end, range, form: Form::Inline });
                }
                let form = self.scalar(scalar, around)?;
                Ok(Place { range: start..self.at, content, form })
            }
            Node::Mapping(mapping) => {
                let form = self.mapping(mapping, around)?;
                Ok(Place { range: start..self.at, content, form })
            }
            Node::Sequence(sequence) => {
                let form = self.sequence(sequence)?;
                Ok(Place { range: start..self.at, content, form })
            }
        }
    }

    /// Passes a tag, an anchor or an alias.
    fn token(&mut self) {
        if self.bytes[self.at..].starts_with(b"!<") {
            while self.peek().is_some_and(|b| b != b'>') {
                self.at += 1;
            }
        }
        while self
            .peek()
            .is_some_and(|b| !b.is_ascii_whitespace() && !matches!(b, b',' | b'[' | b']' | b'{' | b'}'))
        {
            self.at += 1;
        }
    }

    fn scalar_is_absent(&self, scalar: &Scalar) -> bool {
        scalar.text.as_str().is_empty() && !matches!(self.peek(), Some(b'"' | b'\'' | b'|' | b'>'))
    }

    fn scalar(&mut self, scalar: &Scalar, around: Around) -> Result<Form, Unknown> {
        match self.peek() {
            Some(b'"') => self.quoted(b'"'),
            Some(b'\'') => self.quoted(b'\''),
            Some(b'|' | b'>') if !around.flow => {
                self.block_scalar(around.indent);
                Ok(Form::Block)
            }
            _ => self.plain(scalar.text.as_str()),
        }
    }

    fn quoted(&mut self, quote: u8) -> Result<Form, Unknown> {
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'\\' if quote == b'"' => self.at += 1,
                b'\'' if quote == b'\'' && self.peek() == Some(b'\'') => self.at += 1,
                byte if byte == quote => return Ok(Form::Inline),
                _ => {}
            }
        }
        self.unknown()
    }

    /// Passes a bare text: its characters stand in the text as they are, but for blanks and line breaks.
    fn plain(&mut self, text: &str) -> Result<Form, Unknown> {
        let is_blank = |c: char| c.is_whitespace() || c == '\u{feff}';
        for wanted in text.chars().filter(|c| !is_blank(*c)) {
            let mut rest = self.text[self.at..].chars();
            loop {
                match rest.next() {
                    Some(c) if is_blank(c) => self.at += c.len_utf8(),
                    Some(c) if c == wanted => {
                        self.at += c.len_utf8();
                        break;
                    }
                    _ => return self.unknown(),
                }
            }
        }
        Ok(Form::Inline)
    }

    /// Passes `|` or `>` and its lines, up to the last line break that belongs to it.
    fn block_scalar(&mut self, around: isize) {
        let header_start = self.at;
        self.line_end();
        let header = self.text[header_start..self.at].split(" #").next().unwrap_or("");
        let keeps = header.contains('+');
        let explicit = header.bytes().find(u8::is_ascii_digit).map(|b| isize::from(b - b'0'));
        let mut indent = explicit.map(|digit| around.max(0) + digit);
        let mut end = self.at;
        while self.at < self.bytes.len() {
            let line_start = self.next_line();
            self.line_end();
            let line = &self.text[line_start..self.at];
            let leading = (line.len() - line.trim_start_matches(' ').len()) as isize;
            if line.trim_matches(' ').is_empty() && indent.is_none_or(|indent| leading <= indent) {
                if keeps && line_start < self.bytes.len() {
                    end = self.at;
                }
                continue;
            }
            let wanted = *indent.get_or_insert(leading);
            let is_marker = leading == 0 && (line.starts_with("---") || line.starts_with("..."));
            if leading < wanted || leading <= around || is_marker {
                break;
            }
            end = self.at;
        }
        self.at = end;
    }

    /// Steps over the line break at the place and returns where the next line starts.
    fn next_line(&mut self) -> usize {
        if self.bytes[self.at..].starts_with(b"\r\n") {
            self.at += 1;
        }
        self.at = (self.at + 1).min(self.bytes.len());
        self.at
    }

    fn mapping(&mut self, mapping: &Mapping, around: Around) -> Result<Form, Unknown> {
        if mapping.flow && self.peek() == Some(b'{') {
            self.at += 1;
            let entries = self.flow_entries(mapping)?;
            self.close(b'}')?;
            return Ok(Form::Mapping(Layout::Flow, entries));
        }
        if mapping.flow || around.flow {
            let entries = self.flow_entries(mapping)?;
            return Ok(Form::Mapping(Layout::Bare, entries));
        }
        let indent = self.column() as isize;
        let mut entries = Vec::with_capacity(mapping.entries.len());
        for entry in &mapping.entries {
            self.gap();
            entries.push(self.entry(&entry.key, &entry.value, Around { indent, flow: false })?);
        }
        Ok(Form::Mapping(Layout::Block, entries))
    }

    fn flow_entries(&mut self, mapping: &Mapping) -> Result<Vec<EntryPlace>, Unknown> {
        let mut entries = Vec::with_capacity(mapping.entries.len());
        for entry in &mapping.entries {
            self.between();
            entries.push(self.entry(&entry.key, &entry.value, Around { indent: 0, flow: true })?);
        }
        Ok(entries)
    }

    /// Passes a gap with a comma.
    fn between(&mut self) {
        self.gap();
        if self.peek() == Some(b',') {
            self.at += 1;
            self.gap();
        }
    }

    fn close(&mut self, bracket: u8) -> Result<(), Unknown> {
        self.between();
        if self.peek() != Some(bracket) {
            return self.unknown();
        }
        self.at += 1;
        Ok(())
    }

    fn entry(&mut self, key: &Scalar, value: &Node, around: Around) -> Result<EntryPlace, Unknown> {
        let start = self.at;
        if self.peek() == Some(b'?') && self.bytes.get(self.at + 1).is_none_or(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        let key_node = Node::Scalar(key.clone());
        self.node(&key_node, around)?;
        let key_end = self.at;
        self.gap();
        if self.peek() != Some(b':') {
            // A key alone: its value is null.
            self.at = key_end;
            let value = Place { range: key_end..key_end, content: key_end, form: Form::Inline };
            return Ok(EntryPlace { start, colon: None, value });
        }
        self.at += 1;
        let colon = self.at;
        let value = self.node(value, around)?;
        Ok(EntryPlace { start, colon: Some(colon), value })
    }

    fn sequence(&mut self, sequence: &Sequence) -> Result<Form, Unknown> {
        let mut items = Vec::with_capacity(sequence.items.len());
        if sequence.flow {
            if self.peek() != Some(b'[') {
                return self.unknown();
            }
            self.at += 1;
            for item in &sequence.items {
                self.between();
                let value = self.node(item, Around { indent: 0, flow: true })?;
                items.push(ItemPlace { start: value.range.start, value });
            }
            self.close(b']')?;
            return Ok(Form::Sequence(Layout::Flow, items));
        }
        let indent = self.column() as isize;
        for item in &sequence.items {
            self.gap();
            let start = self.at;
            if self.peek() != Some(b'-') {
                return self.unknown();
            }
            self.at += 1;
            let value = self.node(item, Around { indent, flow: false })?;
            items.push(ItemPlace { start, value });
        }
        Ok(Form::Sequence(Layout::Block, items))
    }
}

/// Returns the column of a byte in characters, from 0.
pub(super) fn column(text: &str, at: usize) -> usize {
    let start = line_start(text, at);
    let line = &text[start..at];
    line.strip_prefix('\u{feff}').unwrap_or(line).chars().count()
}

/// Returns where the line of a byte starts.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind(['\n', '\r']).map_or(0, |found| found + 1)
}

/// Returns where the line of a byte ends, before its line break.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    text[at..].find(['\n', '\r']).map_or(text.len(), |found| at + found)
}

/// Returns where the line after that of a byte starts; the end of the text if there is none.
pub(super) fn next_line(text: &str, at: usize) -> usize {
    let end = line_end(text, at);
    match &text.as_bytes()[end..] {
        [b'\r', b'\n', ..] => end + 2,
        [_, ..] => end + 1,
        [] => end,
    }
}
