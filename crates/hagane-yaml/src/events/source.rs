//! The text under the scanner: a place in it, with line and column, and what counts as blank or as a line break.

use crate::{FileId, Span, YamlError};

/// A text and a place in it. Line breaks are LF, CR, CRLF, NEL, LS and PS, as for YAML 1.1.
pub(super) struct Source<'a> {
    text: &'a str,
    pub(super) at: usize,
    line: u32,
    line_start: usize,
    file: FileId,
    /// A text of ASCII alone needs no counting of characters.
    ascii: bool,
    /// A place on the line and its column, from which later columns are counted.
    counted: (usize, u32),
}

/// What a byte can be to a scanner; bits of [`CLASSES`].
pub(super) mod class {
    /// A space, a tab, or the first byte of a line break.
    pub(in crate::events) const BLANK: u8 = 1;
    /// The first byte of a line break.
    pub(in crate::events) const BREAK: u8 = 2;
    /// `:`, which may end a plain scalar.
    pub(in crate::events) const COLON: u8 = 4;
    /// What ends a plain scalar inside brackets.
    pub(in crate::events) const FLOW: u8 = 8;
    /// What may stand in the name of an anchor or of a tag's handle.
    pub(in crate::events) const NAME: u8 = 16;
    /// What may stand in a tag besides.
    pub(in crate::events) const URI: u8 = 32;
}

/// The classes of every byte. Bytes that begin NEL, LS or PS are only perhaps breaks.
pub(super) static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    use class::*;
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b' ' | b'\t' => BLANK,
            b'\n' | b'\r' | 0xC2 | 0xE2 => BLANK | BREAK,
            b':' => COLON | URI,
            b',' | b'?' | b'[' | b']' => FLOW | URI,
            b'{' | b'}' => FLOW,
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'-' => NAME | URI,
            b';' | b'/' | b'@' | b'&' | b'=' | b'+' | b'$' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'('
            | b')' | b'%' => URI,
            _ => 0,
        };
        byte += 1;
    }
    table
}

impl<'a> Source<'a> {
    /// Checks the characters of a text, and stands at its beginning, behind a byte order mark.
    pub(super) fn new(text: &'a str, file: FileId, lines_before: u32) -> Result<Source<'a>, YamlError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let ascii = text.is_ascii();
        let mut source =
            Source { text, at: 0, line: lines_before + 1, line_start: 0, file, ascii, counted: (0, 1) };
        source.refuse_control_characters()?;
        Ok(source)
    }

    fn refuse_control_characters(&mut self) -> Result<(), YamlError> {
        let bytes = self.text.as_bytes();
        // Most texts have none: whole blocks are looked at without a branch for each byte.
        let suspicious = |b: &u8| {
            (*b < 0x20) & (*b != b'\n') & (*b != b'\r') & (*b != b'\t')
                | (*b == 0x7F)
                | (*b == 0xC2)
                | (*b == 0xEF)
        };
        for (number, block) in bytes.chunks(64).enumerate() {
            if !block.iter().fold(false, |any, byte| any | suspicious(byte)) {
                continue;
            }
            let start = number * 64;
            for at in start..start + block.len() {
                let refused = suspicious(&bytes[at])
                    && match bytes[at] {
                        0xC2 => !matches!(bytes.get(at + 1), Some(0x85 | 0xA0..)),
                        0xEF => matches!(bytes.get(at + 1..at + 3), Some([0xBF, 0xBE | 0xBF])),
                        _ => true,
                    };
                if refused {
                    return Err(self.refusal(at));
                }
            }
        }
        Ok(())
    }

    fn refusal(&mut self, bad: usize) -> YamlError {
        while self.at < bad {
            match self.break_length() {
                0 => self.at += 1,
                length => self.next_line(length),
            }
        }
        let character = self.text.get(bad..).and_then(|rest| rest.chars().next()).unwrap_or('\0');
        let message = format!("the control character U+{:04X} is not allowed", character as u32);
        YamlError::new(self.span(), message).hinted("write it as an escape in double quotes")
    }

    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or("")
    }

    /// Returns the byte at the place; 0 at the end, and nowhere else.
    pub(super) fn peek(&self) -> u8 {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, distance: usize) -> u8 {
        self.text.as_bytes().get(self.at + distance).copied().unwrap_or(0)
    }

    pub(super) fn is_end(&self) -> bool {
        self.at >= self.text.len()
    }

    pub(super) fn is_blank(&self) -> bool {
        matches!(self.peek(), b' ' | b'\t')
    }

    pub(super) fn line(&self) -> u32 {
        self.line
    }

    /// Returns the bytes of the line break at the place, 0 if there is none.
    pub(super) fn break_length(&self) -> usize {
        self.break_length_at(0)
    }

    pub(super) fn break_length_at(&self, distance: usize) -> usize {
        match self.peek_at(distance) {
            b'\n' => 1,
            b'\r' if self.peek_at(distance + 1) == b'\n' => 2,
            b'\r' => 1,
            0xC2 if self.peek_at(distance + 1) == 0x85 => 2,
            0xE2 if self.peek_at(distance + 1) == 0x80
                && matches!(self.peek_at(distance + 2), 0xA8 | 0xA9) =>
            {
                3
            }
            _ => 0,
        }
    }

    /// Returns whether a space, a tab, a line break or the end stands so far ahead.
    pub(super) fn is_blank_or_end_at(&self, distance: usize) -> bool {
        match self.peek_at(distance) {
            0 | b' ' | b'\t' | b'\n' | b'\r' => true,
            0xC2 | 0xE2 => self.break_length_at(distance) > 0,
            _ => false,
        }
    }

    pub(super) fn is_break_or_end(&self) -> bool {
        self.is_end() || self.break_length() > 0
    }

    /// Steps over a line break of this length.
    pub(super) fn next_line(&mut self, length: usize) {
        self.at += length;
        self.line += 1;
        self.line_start = self.at;
        self.counted = (self.at, 1);
    }

    /// Steps over a line break, and returns what a scalar keeps of it; nothing where there is none.
    pub(super) fn take_break(&mut self) -> &'a str {
        let length = self.break_length();
        if length == 0 {
            return "";
        }
        let kept = match length {
            3 => self.slice(self.at, self.at + 3),
            _ => "\n",
        };
        self.next_line(length);
        kept
    }

    pub(super) fn skip_blanks(&mut self) {
        while self.is_blank() {
            self.at += 1;
        }
    }

    /// Steps to the end of the line.
    pub(super) fn skip_line_rest(&mut self) {
        loop {
            self.skip_until(class::BREAK);
            if self.is_break_or_end() {
                return;
            }
            self.at += 1;
        }
    }

    /// Steps to the next byte of one of the classes.
    #[inline]
    pub(super) fn skip_until(&mut self, classes: u8) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|byte| CLASSES[*byte as usize] & classes != 0).unwrap_or(rest.len());
    }

    /// Steps over the bytes of the classes and returns them.
    pub(super) fn take_while(&mut self, classes: u8) -> &'a str {
        let start = self.at;
        while CLASSES[self.peek() as usize] & classes != 0 {
            self.at += 1;
        }
        self.slice(start, self.at)
    }

    /// Returns the column of the place in characters, from 1.
    #[inline]
    pub(super) fn column(&mut self) -> u32 {
        if self.ascii {
            return (self.at - self.line_start) as u32 + 1;
        }
        let (from, column) = self.counted;
        let bytes = self.text.as_bytes().get(from..self.at).unwrap_or_default();
        let column = column + bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count() as u32;
        self.counted = (self.at, column);
        column
    }

    pub(super) fn is_line_start(&self) -> bool {
        self.at == self.line_start
    }

    /// Returns the place.
    pub(super) fn span(&mut self) -> Span {
        Span { file: self.file, line: self.line, column: self.column() }
    }

    /// Returns whether a line begins here with `---` or `...`.
    pub(super) fn is_document_marker(&self) -> bool {
        self.is_line_start() && (self.is_marker(b'-') || self.is_marker(b'.'))
    }

    pub(super) fn is_marker(&self, byte: u8) -> bool {
        self.peek() == byte
            && self.peek_at(1) == byte
            && self.peek_at(2) == byte
            && self.is_blank_or_end_at(3)
    }
}
