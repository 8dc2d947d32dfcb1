//! Tags, anchors, aliases and directives.

use std::borrow::Cow;

use super::scanner::Scanner;
use super::source::{CLASSES, class};
use super::token::{Kind, Token};
use crate::{Span, YamlError};

impl<'a> Scanner<'a> {
    pub(super) fn alias(&mut self) -> Result<Token<'a>, YamlError> {
        self.name(Kind::Alias)
    }

    pub(super) fn anchor(&mut self) -> Result<Token<'a>, YamlError> {
        self.name(Kind::Anchor)
    }

    fn name(&mut self, kind: Kind) -> Result<Token<'a>, YamlError> {
        let span = self.source.span();
        self.source.at += 1;
        let name = self.source.take_while(class::NAME);
        let ends = self.source.is_blank_or_end_at(0)
            || matches!(self.source.peek(), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
        if name.is_empty() || !ends {
            let what = if kind == Kind::Alias { "an alias `*`" } else { "an anchor `&`" };
            let message = format!("{what} takes a name of letters, digits, `-` and `_`");
            return Err(YamlError::new(span, message).hinted("quote a value that begins with `*` or `&`"));
        }
        Ok(Token::with_text(kind, span, name))
    }

    pub(super) fn tag(&mut self) -> Result<Token<'a>, YamlError> {
        let span = self.source.span();
        let start = self.source.at;
        let mut token = Token::new(Kind::Tag, span);
        self.source.at += 1;
        if self.source.peek() == b'<' {
            self.source.at += 1;
            token.text = self.uri(self.source.at, span)?;
            if self.source.peek() != b'>' {
                return Err(YamlError::new(span, "the tag that opens with `!<` is not closed"));
            }
            self.source.at += 1;
        } else {
            self.source.take_while(class::NAME);
            if self.source.peek() == b'!' {
                self.source.at += 1;
                token.handle = self.source.slice(start, self.source.at);
                token.text = self.uri(self.source.at, span)?;
            } else {
                // The tag `!` alone has no handle, and is its own name.
                token.text = self.uri_or_nothing(start + 1, span)?;
                match token.text.is_empty() {
                    true => token.text = Cow::Borrowed("!"),
                    false => token.handle = "!",
                }
            }
        }
        if !self.source.is_blank_or_end_at(0) {
            let error = YamlError::new(self.source.span(), "a tag ends at a space");
            return Err(error.hinted("quote a value that begins with `!`"));
        }
        Ok(token)
    }

    fn uri(&mut self, start: usize, span: Span) -> Result<Cow<'a, str>, YamlError> {
        let uri = self.uri_or_nothing(start, span)?;
        match uri.is_empty() {
            true => Err(YamlError::new(span, "the tag has no name")),
            false => Ok(uri),
        }
    }

    fn uri_or_nothing(&mut self, start: usize, span: Span) -> Result<Cow<'a, str>, YamlError> {
        self.source.take_while(class::URI);
        let raw = self.source.slice(start, self.source.at);
        if !raw.contains('%') {
            return Ok(Cow::Borrowed(raw));
        }
        let mut bytes = Vec::with_capacity(raw.len());
        let mut rest = raw.bytes();
        while let Some(byte) = rest.next() {
            let decoded = match byte {
                b'%' => hex(rest.next()).zip(hex(rest.next())).map(|(high, low)| high << 4 | low),
                _ => Some(byte),
            };
            let Some(decoded) = decoded else {
                return Err(YamlError::new(span, "a `%` in a tag takes 2 hexadecimal digits"));
            };
            bytes.push(decoded);
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Cow::Owned(text)),
            Err(_) => Err(YamlError::new(span, "the escapes of the tag are not UTF-8")),
        }
    }

    pub(super) fn scan_directive(&mut self) -> Result<Token<'a>, YamlError> {
        let span = self.source.span();
        self.source.at += 1;
        let name = self.source.take_while(class::NAME);
        let token = match name {
            "YAML" if self.source.is_blank_or_end_at(0) => self.version(span)?,
            "TAG" if self.source.is_blank_or_end_at(0) => self.tag_directive(span)?,
            _ => {
                let error = YamlError::new(span, "a line cannot begin with `%`");
                return Err(error.hinted("quote the value; the directives are `%YAML` and `%TAG`"));
            }
        };
        self.source.skip_blanks();
        if self.source.peek() == b'#' {
            self.source.skip_line_rest();
        }
        if !self.source.is_break_or_end() {
            return Err(YamlError::new(self.source.span(), "the line of a directive ends before this"));
        }
        self.source.take_break();
        Ok(token)
    }

    fn version(&mut self, span: Span) -> Result<Token<'a>, YamlError> {
        self.source.skip_blanks();
        let start = self.source.at;
        let major = self.digits();
        let dot = self.source.peek() == b'.';
        self.source.at += usize::from(dot);
        let minor = self.digits();
        if !dot || !(1..=2).contains(&major) || !(1..=2).contains(&minor) {
            return Err(YamlError::new(span, "`%YAML` takes a version as `1.1`"));
        }
        Ok(Token::with_text(Kind::VersionDirective, span, self.source.slice(start, self.source.at)))
    }

    fn digits(&mut self) -> usize {
        let start = self.source.at;
        while self.source.peek().is_ascii_digit() {
            self.source.at += 1;
        }
        self.source.at - start
    }

    fn tag_directive(&mut self, span: Span) -> Result<Token<'a>, YamlError> {
        let wrong = || {
            YamlError::new(span, "`%TAG` takes a handle and a prefix")
                .hinted("as in `%TAG !e! tag:example.com,2000:`")
        };
        self.source.skip_blanks();
        let start = self.source.at;
        if self.source.peek() != b'!' {
            return Err(wrong());
        }
        self.source.at += 1;
        self.source.take_while(class::NAME);
        match self.source.peek() {
            b'!' => self.source.at += 1,
            _ if self.source.at == start + 1 => {}
            _ => return Err(wrong()),
        }
        let handle = self.source.slice(start, self.source.at);
        if !self.source.is_blank() {
            return Err(wrong());
        }
        self.source.skip_blanks();
        if CLASSES[self.source.peek() as usize] & class::URI == 0 {
            return Err(wrong());
        }
        let prefix = self.uri(self.source.at, span)?;
        if !self.source.is_blank_or_end_at(0) {
            return Err(wrong());
        }
        Ok(Token { handle, ..Token::with_text(Kind::TagDirective, span, prefix) })
    }
}

fn hex(byte: Option<u8>) -> Option<u8> {
    (byte? as char).to_digit(16).map(|digit| digit as u8)
}
