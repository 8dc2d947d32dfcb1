//! Finds where nodes lie.
//!
//! The tree knows where nodes begin. To change a text one must also know where they end, and where their dashes,
//! colons and brackets stand. The tree says what comes next, so this needs no grammar: it walks the text and the
//! tree side by side.

mod scalar;

use hagane_yaml::{Mapping, Node, Scalar, Sequence};

use super::layout::{EntryPlace, Form, ItemPlace, Layout, Place};
use super::lines::column;

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
                Some(b'#') if self.column() == 0 || self.bytes[self.at - 1].is_ascii_whitespace() => {
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
