//! Scalars in quotes.

use std::borrow::Cow;

use super::plain::Breaks;
use super::scanner::Scanner;
use super::token::{Kind, Token};
use crate::{Span, Style, YamlError};

impl<'a> Scanner<'a> {
    pub(super) fn single_quoted(&mut self) -> Result<Token<'a>, YamlError> {
        let span = self.source.span();
        self.source.at += 1;
        let mut run = self.source.at;
        let mut read: Option<String> = None;
        loop {
            self.skip_quoted(b'\'');
            match self.source.peek() {
                b'\'' if self.source.peek_at(1) == b'\'' => {
                    let text = read.get_or_insert_default();
                    text.push_str(self.source.slice(run, self.source.at + 1));
                    self.source.at += 2;
                    run = self.source.at;
                }
                b'\'' => return Ok(self.quoted_end(read, run, span, Style::SingleQuoted)),
                _ => run = self.fold_line(read.get_or_insert_default(), run, span)?,
            }
        }
    }

    pub(super) fn double_quoted(&mut self) -> Result<Token<'a>, YamlError> {
        let span = self.source.span();
        self.source.at += 1;
        let mut run = self.source.at;
        // Blanks that an escape stands for are not trimmed: they are never part of a run.
        let mut read: Option<String> = None;
        loop {
            self.skip_quoted(b'"');
            match self.source.peek() {
                b'"' => return Ok(self.quoted_end(read, run, span, Style::DoubleQuoted)),
                b'\\' => {
                    let text = read.get_or_insert_default();
                    text.push_str(self.source.slice(run, self.source.at));
                    if self.source.break_length_at(1) > 0 {
                        self.escaped_break(text, span)?;
                    } else {
                        let character = self.escape(span)?;
                        text.push(character);
                    }
                    run = self.source.at;
                }
                _ => run = self.fold_line(read.get_or_insert_default(), run, span)?,
            }
        }
    }

    /// Steps to the quote, a backslash in double quotes, a line break, or the end.
    fn skip_quoted(&mut self, quote: u8) {
        let bytes = self.source.text().as_bytes();
        let double = quote == b'"';
        loop {
            let rest = bytes.get(self.source.at..).unwrap_or_default();
            let stop =
                |b: &u8| *b == quote || double && *b == b'\\' || matches!(*b, b'\n' | b'\r' | 0xC2 | 0xE2);
            self.source.at += rest.iter().position(stop).unwrap_or(rest.len());
            match self.source.peek() {
                0xC2 | 0xE2 if self.source.break_length() == 0 => self.source.at += 1,
                _ => return,
            }
        }
    }

    fn quoted_end(&mut self, read: Option<String>, run: usize, span: Span, style: Style) -> Token<'a> {
        let last = self.source.slice(run, self.source.at);
        self.source.at += 1;
        let text = match read {
            None => Cow::Borrowed(last),
            Some(mut text) => {
                text.push_str(last);
                Cow::Owned(text)
            }
        };
        Token::with_text(Kind::Scalar(style), span, text)
    }

    /// Ends a run of text at a line break, and returns where the next run begins. Blanks around breaks go.
    fn fold_line(&mut self, text: &mut String, run: usize, span: Span) -> Result<usize, YamlError> {
        if self.source.is_end() {
            return Err(self.not_closed(span));
        }
        text.push_str(self.source.slice(run, self.source.at).trim_end_matches([' ', '\t']));
        let mut breaks = Breaks::default();
        self.quoted_breaks(&mut breaks, span)?;
        breaks.fold_into(text);
        Ok(self.source.at)
    }

    /// Steps over a line break behind a backslash, which is not part of the text; the empty lines after it are.
    fn escaped_break(&mut self, text: &mut String, span: Span) -> Result<(), YamlError> {
        self.source.at += 1;
        self.source.take_break();
        let mut breaks = Breaks::default();
        breaks.add("\n");
        self.quoted_breaks(&mut breaks, span)?;
        breaks.others_into(text);
        Ok(())
    }

    fn quoted_breaks(&mut self, breaks: &mut Breaks<'a>, span: Span) -> Result<(), YamlError> {
        loop {
            self.source.skip_blanks();
            match self.source.take_break() {
                "" => break,
                kept => breaks.add(kept),
            }
        }
        match self.source.is_document_marker() {
            true => Err(self.not_closed(span)),
            false => Ok(()),
        }
    }

    /// Reads an escape and steps over it.
    fn escape(&mut self, span: Span) -> Result<char, YamlError> {
        let place = self.source.span();
        let code = self.source.peek_at(1);
        let digits = match code {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            _ => 0,
        };
        if digits > 0 {
            return self.escaped_code(place, digits);
        }
        let character = match code {
            b'0' => '\0',
            b'a' => '\x07',
            b'b' => '\x08',
            b't' | b'\t' => '\t',
            b'n' => '\n',
            b'v' => '\x0B',
            b'f' => '\x0C',
            b'r' => '\r',
            b'e' => '\x1B',
            b' ' => ' ',
            b'"' => '"',
            b'\'' => '\'',
            b'\\' => '\\',
            b'/' if self.json => '/',
            b'N' => '\u{85}',
            b'_' => '\u{A0}',
            b'L' => '\u{2028}',
            b'P' => '\u{2029}',
            _ => {
                let Some(unknown) =
                    self.source.slice(self.source.at + 1, self.source.text().len()).chars().next()
                else {
                    return Err(self.not_closed(span));
                };
                let error = YamlError::new(place, format!("`\\{unknown}` is no escape"));
                return Err(error.hinted("write `\\\\` for a backslash, or quote the value with `'`"));
            }
        };
        self.source.at += 2;
        Ok(character)
    }

    fn escaped_code(&mut self, place: Span, digits: usize) -> Result<char, YamlError> {
        let start = self.source.at + 2;
        let Some(code) = self.hexadecimal(start, digits) else {
            return Err(YamlError::new(place, format!("this escape takes {digits} hexadecimal digits")));
        };
        if self.json && matches!(code, 0xD800..=0xDFFF) {
            return Ok(self.surrogate(start + digits, code));
        }
        let Some(character) = char::from_u32(code) else {
            let error = YamlError::new(place, format!("the escape stands for no character: U+{code:04X}"));
            return Err(match code {
                0xD800..=0xDFFF => error.hinted("write the character itself, or one `\\U` with 8 digits"),
                _ => error,
            });
        };
        self.source.at = start + digits;
        Ok(character)
    }

    fn hexadecimal(&self, start: usize, digits: usize) -> Option<u32> {
        let hex = self.source.slice(start, start + digits);
        let is_hex = hex.len() == digits && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        u32::from_str_radix(hex, 16).ok().filter(|_| is_hex)
    }

    /// Returns what a pair of surrogates stands for; half a pair is U+FFFD in Go.
    fn surrogate(&mut self, end: usize, high: u32) -> char {
        let low = match self.source.slice(end, end + 2) {
            "\\u" => self.hexadecimal(end + 2, 4).filter(|low| matches!(low, 0xDC00..=0xDFFF)),
            _ => None,
        };
        let pair =
            low.filter(|_| high < 0xDC00).map(|low| 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
        self.source.at = if pair.is_some() { end + 6 } else { end };
        pair.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    fn not_closed(&self, span: Span) -> YamlError {
        YamlError::new(span, "the quote that opens here is not closed")
            .hinted("end the value with the same quote")
    }
}
