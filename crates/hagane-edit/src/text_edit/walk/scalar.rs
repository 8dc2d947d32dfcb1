//! Where single values end: bare ones, those in quotes, and blocks of lines.

use hagane_yaml::Scalar;

use super::{Around, Unknown, Walk};
use crate::text_edit::layout::Form;

impl Walk<'_> {
    pub(super) fn scalar_is_absent(&self, scalar: &Scalar) -> bool {
        scalar.text.as_str().is_empty() && !matches!(self.peek(), Some(b'"' | b'\'' | b'|' | b'>'))
    }

    pub(super) fn scalar(&mut self, scalar: &Scalar, around: Around) -> Result<Form, Unknown> {
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
}
