//! The scanner: text to tokens, with blocks opened and closed by indentation, and keys found by the `:` after them.
//!
//! A key without `?` is known as a key only once its `:` is met, on the same line and at most 1024 characters
//! later. Until then its token waits in the queue, so that the tokens that open a mapping can go before it.

use std::collections::VecDeque;

use super::Settings;
use super::source::Source;
use super::token::{Kind, Token};
use crate::{Dialect, Span, YamlError};

/// Characters between the start of a key and its `:`.
const KEY_LENGTH: u32 = 1024;

/// A token that may turn out to be a key.
#[derive(Clone, Copy, Default)]
struct Candidate {
    possible: bool,
    /// Whether nothing but a key can stand there.
    required: bool,
    /// The token's number in the text.
    token: usize,
    span: Span,
}

/// A bracket that is open.
#[derive(Clone, Copy)]
pub(super) struct Bracket {
    pub(super) span: Span,
    pub(super) kind: Kind,
}

/// The tokens of a text.
pub(super) struct Scanner<'a> {
    pub(super) source: Source<'a>,
    dialect: Dialect,
    pub(super) json: bool,
    depth: usize,
    queue: VecDeque<Token<'a>>,
    /// Tokens that have left the queue.
    taken: usize,
    ended: bool,
    /// Columns of the open blocks, from 1; 0 outside of all.
    pub(super) indent: u32,
    indents: Vec<u32>,
    pub(super) brackets: Vec<Bracket>,
    /// One for the blocks, and one for each open bracket.
    candidates: Vec<Candidate>,
    pub(super) key_allowed: bool,
    /// Where the last scalar began, for hints.
    last_scalar: Span,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str, settings: Settings) -> Result<Scanner<'a>, YamlError> {
        Ok(Scanner {
            source: Source::new(text, settings.file, settings.lines_before)?,
            dialect: settings.dialect,
            json: settings.json,
            depth: settings.depth,
            queue: VecDeque::with_capacity(16),
            taken: 0,
            ended: false,
            indent: 0,
            indents: Vec::new(),
            brackets: Vec::new(),
            candidates: vec![Candidate::default()],
            key_allowed: true,
            last_scalar: Span::default(),
        })
    }

    /// Returns the kind and the place of the next token.
    pub(super) fn peek(&mut self) -> Result<(Kind, Span), YamlError> {
        loop {
            match self.queue.front() {
                Some(token) => {
                    let (kind, span) = (token.kind, token.span);
                    if self.ended || token.key.is_none_or(|level| !self.is_undecided(level)) {
                        return Ok((kind, span));
                    }
                }
                None if self.ended => return Ok((Kind::StreamEnd, self.source.span())),
                None => {}
            }
            self.fetch()?;
        }
    }

    /// Scans the tokens that Go's parser has at hand when it looks at one.
    pub(super) fn look_ahead(&mut self) -> Result<(), YamlError> {
        let tokens = if self.dialect == Dialect::V3 { 3 } else { 1 };
        while self.queue.len() < tokens && !self.ended {
            self.fetch()?;
        }
        Ok(())
    }

    fn is_undecided(&mut self, level: usize) -> bool {
        let (taken, line) = (self.taken, self.source.line());
        let column = self.source.column();
        self.candidates.get(level).is_some_and(|c| c.possible && c.token == taken && c.reaches(line, column))
    }

    /// Takes the token that was looked at.
    pub(super) fn take(&mut self) -> Token<'a> {
        self.taken += 1;
        self.queue.pop_front().unwrap_or_else(|| Token::new(Kind::StreamEnd, Span::default()))
    }

    pub(super) fn skip(&mut self) {
        self.take();
    }

    fn push(&mut self, kind: Kind, span: Span) {
        self.queue.push_back(Token::new(kind, span));
    }

    /// Adds a token of one byte.
    fn push_indicator(&mut self, kind: Kind) {
        let span = self.source.span();
        self.push(kind, span);
        self.source.at += 1;
    }

    fn fetch(&mut self) -> Result<(), YamlError> {
        self.skip_to_token();
        let column = self.source.column();
        self.close_blocks(column);
        let in_flow = !self.brackets.is_empty();
        if self.source.is_line_start() && !self.source.is_end() {
            if self.source.peek() == b'%' {
                return self.directive();
            }
            if self.source.is_marker(b'-') {
                return self.document_marker(Kind::DocumentStart);
            }
            if self.source.is_marker(b'.') {
                return self.document_marker(Kind::DocumentEnd);
            }
        }
        match self.source.peek() {
            0 if self.source.is_end() => self.stream_end(),
            b'[' => self.open_bracket(Kind::FlowSequenceStart),
            b'{' => self.open_bracket(Kind::FlowMappingStart),
            b']' => self.close_bracket(Kind::FlowSequenceEnd),
            b'}' => self.close_bracket(Kind::FlowMappingEnd),
            b',' => {
                self.drop_candidate()?;
                self.key_allowed = true;
                self.push_indicator(Kind::FlowEntry);
                Ok(())
            }
            b'-' if self.source.is_blank_or_end_at(1) => self.block_entry(),
            b'?' if in_flow || self.source.is_blank_or_end_at(1) => self.explicit_key(),
            b':' if in_flow || self.source.is_blank_or_end_at(1) => self.value(),
            b'*' => self.node_start(Scanner::alias),
            b'&' => self.node_start(Scanner::anchor),
            b'!' => self.node_start(Scanner::tag),
            b'\'' => self.node_start(Scanner::single_quoted),
            b'"' => self.node_start(Scanner::double_quoted),
            b'|' if !in_flow => self.block_scalar_start(Scanner::literal),
            b'>' if !in_flow => self.block_scalar_start(Scanner::folded),
            b'\t' | b'#' | b'|' | b'>' | b'%' | b'@' | b'`' => Err(self.no_token()),
            _ => self.node_start(Scanner::plain),
        }
    }

    /// Adds the token of something that may be a key.
    fn node_start(
        &mut self,
        scan: fn(&mut Scanner<'a>) -> Result<Token<'a>, YamlError>,
    ) -> Result<(), YamlError> {
        let span = self.source.span();
        self.last_scalar = span;
        let key = self.add_candidate(span)?;
        self.key_allowed = false;
        let mut token = scan(self)?;
        token.key = key;
        self.queue.push_back(token);
        Ok(())
    }

    fn block_scalar_start(
        &mut self,
        scan: fn(&mut Scanner<'a>) -> Result<Token<'a>, YamlError>,
    ) -> Result<(), YamlError> {
        self.drop_candidate()?;
        self.key_allowed = true;
        let token = scan(self)?;
        self.queue.push_back(token);
        Ok(())
    }

    /// Steps over blanks, line breaks and comments. Tabs do not stand where a key may begin.
    fn skip_to_token(&mut self) {
        loop {
            let tabs = !self.brackets.is_empty() || !self.key_allowed;
            while self.source.peek() == b' ' || tabs && self.source.peek() == b'\t' {
                self.source.at += 1;
            }
            if self.source.peek() == b'#' {
                self.skip_comment();
            }
            match self.source.break_length() {
                0 => return,
                length => self.source.next_line(length),
            }
            if self.brackets.is_empty() {
                self.key_allowed = true;
            }
        }
    }

    /// Steps over a comment. yaml.v3 looks for the next comment at once, and there it does not mind tabs.
    fn skip_comment(&mut self) {
        self.source.skip_line_rest();
        if self.dialect == Dialect::V2 {
            return;
        }
        let mut ahead = self.source.at;
        let bytes = self.source.text().as_bytes();
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(ahead) {
            ahead += 1;
        }
        if bytes.get(ahead) != Some(&b'#') {
            return;
        }
        while self.source.at < ahead {
            match self.source.break_length() {
                0 => self.source.at += 1,
                length => self.source.next_line(length),
            }
        }
        self.source.skip_line_rest();
    }

    fn document_marker(&mut self, kind: Kind) -> Result<(), YamlError> {
        self.end_blocks()?;
        let span = self.source.span();
        self.source.at += 3;
        self.push(kind, span);
        Ok(())
    }

    pub(super) fn end_blocks(&mut self) -> Result<(), YamlError> {
        self.close_blocks(0);
        self.drop_candidate()?;
        self.key_allowed = false;
        Ok(())
    }

    fn stream_end(&mut self) -> Result<(), YamlError> {
        self.end_blocks()?;
        let span = self.source.span();
        self.ended = true;
        self.push(Kind::StreamEnd, span);
        Ok(())
    }

    fn directive(&mut self) -> Result<(), YamlError> {
        self.end_blocks()?;
        let token = self.scan_directive()?;
        self.queue.push_back(token);
        Ok(())
    }

    fn open_bracket(&mut self, kind: Kind) -> Result<(), YamlError> {
        let span = self.source.span();
        let key = self.add_candidate(span)?;
        if self.brackets.len() >= self.depth {
            return Err(self.too_deep(span));
        }
        self.brackets.push(Bracket { span, kind });
        self.candidates.push(Candidate::default());
        self.key_allowed = true;
        self.push_indicator(kind);
        if let Some(token) = self.queue.back_mut() {
            token.key = key;
        }
        Ok(())
    }

    fn close_bracket(&mut self, kind: Kind) -> Result<(), YamlError> {
        self.drop_candidate()?;
        if self.brackets.pop().is_some() {
            self.candidates.pop();
        }
        self.key_allowed = false;
        self.push_indicator(kind);
        Ok(())
    }

    fn block_entry(&mut self) -> Result<(), YamlError> {
        if self.brackets.is_empty() {
            let span = self.source.span();
            if !self.key_allowed {
                let error = YamlError::new(span, "a sequence cannot begin here");
                return Err(error.hinted("begin it on a line of its own, or quote the value"));
            }
            self.open_block(span, None, Kind::BlockSequenceStart)?;
        }
        self.drop_candidate()?;
        self.key_allowed = true;
        self.push_indicator(Kind::BlockEntry);
        Ok(())
    }

    fn explicit_key(&mut self) -> Result<(), YamlError> {
        if self.brackets.is_empty() {
            let span = self.source.span();
            if !self.key_allowed {
                return Err(YamlError::new(span, "a `?` cannot begin a key here").hinted("quote the value"));
            }
            self.open_block(span, None, Kind::BlockMappingStart)?;
        }
        self.drop_candidate()?;
        self.key_allowed = self.brackets.is_empty();
        self.push_indicator(Kind::Key);
        Ok(())
    }

    fn value(&mut self) -> Result<(), YamlError> {
        let level = self.candidates.len() - 1;
        let candidate = self.candidates[level];
        if candidate.possible && candidate.reaches(self.source.line(), self.source.column()) {
            let place = candidate.token.saturating_sub(self.taken).min(self.queue.len());
            self.queue.insert(place, Token::new(Kind::Key, candidate.span));
            if self.brackets.is_empty() {
                self.open_block(candidate.span, Some(place), Kind::BlockMappingStart)?;
            }
            self.candidates[level].possible = false;
            self.key_allowed = false;
        } else {
            if candidate.possible && candidate.required {
                return Err(no_colon(candidate.span));
            }
            self.candidates[level].possible = false;
            if self.brackets.is_empty() {
                let span = self.source.span();
                if !self.key_allowed {
                    return Err(self.no_mapping_here(span));
                }
                self.open_block(span, None, Kind::BlockMappingStart)?;
            }
            self.key_allowed = self.brackets.is_empty();
        }
        self.push_indicator(Kind::Value);
        Ok(())
    }

    /// Opens a block if its column is deeper than the one that is open.
    fn open_block(&mut self, span: Span, place: Option<usize>, kind: Kind) -> Result<(), YamlError> {
        if self.indent >= span.column {
            return Ok(());
        }
        if self.indents.len() >= self.depth {
            return Err(self.too_deep(span));
        }
        self.indents.push(self.indent);
        self.indent = span.column;
        let place = place.unwrap_or(self.queue.len());
        self.queue.insert(place, Token::new(kind, span));
        Ok(())
    }

    /// Closes the blocks that stand deeper than a column.
    fn close_blocks(&mut self, column: u32) {
        if !self.brackets.is_empty() || self.indent <= column {
            return;
        }
        let span = self.source.span();
        while self.indent > column {
            self.push(Kind::BlockEnd, span);
            self.indent = self.indents.pop().unwrap_or(0);
        }
    }

    /// Notes that the next token may be a key, where one may begin.
    fn add_candidate(&mut self, span: Span) -> Result<Option<usize>, YamlError> {
        if !self.key_allowed {
            return Ok(None);
        }
        self.drop_candidate()?;
        let required = self.brackets.is_empty() && self.indent == span.column;
        let token = self.taken + self.queue.len();
        let level = self.candidates.len() - 1;
        self.candidates[level] = Candidate { possible: true, required, token, span };
        Ok(Some(level))
    }

    fn drop_candidate(&mut self) -> Result<(), YamlError> {
        if let Some(candidate) = self.candidates.last_mut() {
            if candidate.possible && candidate.required {
                return Err(no_colon(candidate.span));
            }
            candidate.possible = false;
        }
        Ok(())
    }

    fn too_deep(&self, span: Span) -> YamlError {
        YamlError::new(span, format!("collections are nested more than {} deep", self.depth))
    }

    fn no_mapping_here(&self, span: Span) -> YamlError {
        let error = YamlError::new(span, "a `:` cannot stand here: this is no key of a mapping");
        match self.last_scalar.line < span.line {
            true => error.hinted(
                "the line goes on with the value above it; indent a key as the other keys of its mapping",
            ),
            false => error.hinted("quote a value that holds `: `"),
        }
    }

    fn no_token(&mut self) -> YamlError {
        let span = self.source.span();
        match self.source.peek() {
            b'\t' => YamlError::new(span, "a tab stands where spaces indent").hinted("indent with spaces"),
            byte => {
                let message = format!("a value cannot begin with `{}`", byte as char);
                YamlError::new(span, message).hinted("quote the value")
            }
        }
    }
}

impl Candidate {
    fn reaches(&self, line: u32, column: u32) -> bool {
        self.span.line == line && self.span.column + KEY_LENGTH >= column
    }
}

/// Returns the error of a key without its `:`.
pub(super) fn no_colon(key: Span) -> YamlError {
    YamlError::new(key, "a `:` is missing after this key").hinted("a line of a mapping reads `key: value`")
}
