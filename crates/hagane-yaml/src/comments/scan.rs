//! Tokens, and notes of the comments between them: yaml.v3's scanner, as far as comments go.

use granit_parser::{ScalarStyle, Scanner, StrInput, TokenType};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    StreamStart,
    StreamEnd,
    Directive,
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias,
    Anchor,
    Tag,
    Scalar,
}

/// A token in the parser's order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    /// Where it begins, in bytes; the end of a block may lie before comments that it does not own.
    pub(super) start: isize,
    /// The step of the scanner that made it. A key is only known at its colon.
    pub(super) step: usize,
}

/// A comment, and the token it was noted for.
#[derive(Debug, Default)]
pub(super) struct Note {
    /// Where the token begins that takes the comment, in bytes.
    pub(super) token: isize,
    pub(super) head: String,
    pub(super) line: String,
    pub(super) foot: String,
    pub(super) step: usize,
    start: Mark,
    /// Where the search for the comment began and ended; for the ends of blocks.
    scan_from: isize,
    end: isize,
}

/// Everything the gathering needs.
pub(super) struct Scan {
    pub(super) tokens: Vec<Token>,
    pub(super) notes: Vec<Note>,
    pub(super) steps: usize,
}

/// A position; line and column are counted from 0, but for the column of a note, which yaml.v3 counts from 1.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    index: isize,
    line: isize,
    column: isize,
}

/// Returns the tokens and notes of a text; none if it does not scan.
pub(super) fn scan(text: &str, depth: usize) -> Option<Scan> {
    let mut options = granit_parser::Options::default();
    options.emit_comments = false;
    options.flow_nesting_limit = depth;
    options.block_nesting_limit = depth;
    let mut noter = Noter {
        bytes: text.as_bytes(),
        position: Mark::default(),
        newlines: 0,
        flow: 0,
        indents: Vec::new(),
        last: None,
        before_last: None,
        tokens: Vec::new(),
        notes: Vec::new(),
        step: 0,
        ends: 0,
        pending: Vec::new(),
    };
    if text.starts_with('\u{feff}') {
        noter.position.index = 3;
    }
    for token in Scanner::with_options(StrInput::new(text), options) {
        let token = token.ok()?;
        let (kind, style) = kind(token.token_type())?;
        noter.token(kind, style, token.span().end.byte_offset()?);
    }
    Some(Scan { tokens: noter.tokens, notes: noter.notes, steps: noter.step })
}

fn kind(token: &TokenType) -> Option<(TokenKind, Option<ScalarStyle>)> {
    let kind = match token {
        TokenType::StreamStart => TokenKind::StreamStart,
        TokenType::StreamEnd => TokenKind::StreamEnd,
        TokenType::VersionDirective(..) | TokenType::TagDirective(..) | TokenType::ReservedDirective(..) => {
            TokenKind::Directive
        }
        TokenType::DocumentStart => TokenKind::DocumentStart,
        TokenType::DocumentEnd => TokenKind::DocumentEnd,
        TokenType::BlockSequenceStart => TokenKind::BlockSequenceStart,
        TokenType::BlockMappingStart => TokenKind::BlockMappingStart,
        TokenType::BlockEnd => TokenKind::BlockEnd,
        TokenType::FlowSequenceStart => TokenKind::FlowSequenceStart,
        TokenType::FlowSequenceEnd => TokenKind::FlowSequenceEnd,
        TokenType::FlowMappingStart => TokenKind::FlowMappingStart,
        TokenType::FlowMappingEnd => TokenKind::FlowMappingEnd,
        TokenType::BlockEntry => TokenKind::BlockEntry,
        TokenType::FlowEntry => TokenKind::FlowEntry,
        TokenType::Key => TokenKind::Key,
        TokenType::Value => TokenKind::Value,
        TokenType::Alias(_) => TokenKind::Alias,
        TokenType::Anchor(_) => TokenKind::Anchor,
        TokenType::Tag(..) => TokenKind::Tag,
        TokenType::Scalar(style, _) => return Some((TokenKind::Scalar, Some(*style))),
        _ => return None,
    };
    Some((kind, None))
}

/// Reads a text along its tokens and notes the comments in between.
struct Noter<'a> {
    bytes: &'a [u8],
    /// How far the scanner has read.
    position: Mark,
    /// Line breaks read since anything else.
    newlines: isize,
    flow: usize,
    /// Columns of the open blocks.
    indents: Vec<isize>,
    /// The last two tokens that stand in the text.
    last: Option<(TokenKind, isize)>,
    before_last: Option<(TokenKind, isize)>,
    tokens: Vec<Token>,
    notes: Vec<Note>,
    /// Tokens of the text so far; each is a step of the scanner.
    step: usize,
    /// Ends of blocks that wait for the token behind them.
    ends: usize,
    /// Tokens made at a key's colon that wait for it.
    pending: Vec<usize>,
}

impl Noter<'_> {
    fn indent(&self) -> isize {
        self.indents.last().copied().unwrap_or(-1)
    }

    fn token(&mut self, kind: TokenKind, style: Option<ScalarStyle>, end: usize) {
        if kind == TokenKind::BlockEnd {
            self.ends += 1;
            return;
        }
        let start = self.next_start();
        match kind {
            TokenKind::BlockMappingStart | TokenKind::BlockSequenceStart => {
                self.between(start);
                self.indents.push(self.position.column);
                self.pending.push(self.tokens.len());
                self.tokens.push(Token { kind, start, step: self.step });
                return;
            }
            TokenKind::Key
                if self.bytes.get(start as usize) != Some(&b'?') || !self.is_explicit_key(start) =>
            {
                self.between(start);
                self.pending.push(self.tokens.len());
                self.tokens.push(Token { kind, start, step: self.step });
                return;
            }
            _ => {}
        }
        self.between(start);
        match kind {
            // Block starts and keys in front of a colon are known with it; in front of `-` and `?`, at once.
            TokenKind::Value | TokenKind::BlockEntry | TokenKind::Key => {
                for index in self.pending.drain(..) {
                    self.tokens[index].step = self.step;
                }
            }
            _ => {}
        }
        let in_block = self.flow == 0;
        match kind {
            TokenKind::FlowSequenceStart | TokenKind::FlowMappingStart => self.flow += 1,
            TokenKind::FlowSequenceEnd | TokenKind::FlowMappingEnd => self.flow = self.flow.saturating_sub(1),
            _ => {}
        }
        let owner = match kind {
            // What follows on the line belongs to the token before the sign.
            TokenKind::Value if in_block => self.last.map_or(start, |(_, at)| at),
            TokenKind::FlowEntry => self.last.map_or(start, |(_, at)| at),
            _ => start,
        };
        self.tokens.push(Token { kind, start, step: self.step });
        (self.before_last, self.last) = (self.last, Some((kind, start)));
        let end = match kind {
            TokenKind::StreamStart | TokenKind::StreamEnd => start,
            TokenKind::DocumentStart | TokenKind::DocumentEnd => start + 3,
            TokenKind::Directive
            | TokenKind::Alias
            | TokenKind::Anchor
            | TokenKind::Tag
            | TokenKind::Scalar => end as isize,
            _ => start + 1,
        };
        self.pass(kind, style, end, owner);
        self.step += 1;
    }

    /// Returns where the next token begins: behind blanks, breaks and comments. Tokens know their ends better.
    fn next_start(&self) -> isize {
        let mut at = self.position.index as usize;
        while let Some(byte) = self.bytes.get(at) {
            match byte {
                b'#' => at += self.bytes[at..].iter().take_while(|b| !matches!(b, b'\n' | b'\r')).count(),
                byte if is_gap(*byte) => at += 1,
                _ => break,
            }
        }
        at as isize
    }

    /// Returns whether the `?` at a place is a sign, and not the first letter of a bare key.
    fn is_explicit_key(&self, start: isize) -> bool {
        matches!(self.bytes.get(start as usize + 1), None | Some(b' ' | b'\t' | b'\n' | b'\r'))
    }

    /// Reads over a token, and over a comment behind it on its line.
    fn pass(&mut self, kind: TokenKind, style: Option<ScalarStyle>, end: isize, owner: isize) {
        let block_scalar = matches!(style, Some(ScalarStyle::Literal | ScalarStyle::Folded));
        if block_scalar {
            self.pass_block_header(owner);
        }
        let mut content = end;
        if block_scalar || style == Some(ScalarStyle::Plain) {
            while content > self.position.index && is_gap(self.bytes[content as usize - 1]) {
                content -= 1;
            }
        }
        if content > self.position.index {
            self.read_to(content);
            self.newlines = 0;
        }
        if block_scalar || style == Some(ScalarStyle::Plain) {
            // These scalars are read until something else begins.
            while self.bytes.get(self.position.index as usize).is_some_and(|b| is_gap(*b)) {
                self.advance();
            }
        }
        let silent = [
            TokenKind::StreamStart,
            TokenKind::DocumentStart,
            TokenKind::DocumentEnd,
            TokenKind::Directive,
            TokenKind::BlockEntry,
        ];
        if !silent.contains(&kind) {
            self.line_comment(owner);
        }
        if kind == TokenKind::Directive {
            self.read_line();
        }
    }

    /// Reads the line of `|` or `>`, which may end in a comment.
    fn pass_block_header(&mut self, owner: isize) {
        while let Some(byte) = self.bytes.get(self.position.index as usize) {
            match byte {
                b'\n' | b'\r' => return,
                b' ' | b'\t' => {
                    self.newlines = 0;
                    return self.line_comment(owner);
                }
                _ => self.advance(),
            }
        }
    }

    fn advance(&mut self) {
        match self.bytes.get(self.position.index as usize) {
            Some(b'\r') if self.bytes.get(self.position.index as usize + 1) == Some(&b'\n') => {
                self.position.index += 1
            }
            Some(b'\n' | b'\r') => {
                self.position =
                    Mark { index: self.position.index + 1, line: self.position.line + 1, column: 0 };
                self.newlines += 1;
            }
            Some(byte) => {
                self.position.index += 1;
                // Columns are characters.
                self.position.column += isize::from(byte & 0xc0 != 0x80);
                if !matches!(byte, b' ' | b'\t') {
                    self.newlines = 0;
                }
            }
            None => self.position.index += 1,
        }
    }

    fn read_to(&mut self, end: isize) {
        while self.position.index < end {
            self.advance();
        }
    }

    fn read_line(&mut self) {
        while !self.at_break() {
            self.advance();
        }
    }

    fn at_break(&self) -> bool {
        is_break_or_end(self.bytes.get(self.position.index as usize).copied())
    }

    fn line_comment(&mut self, owner: isize) {
        if self.newlines > 0 {
            return;
        }
        let mut at = self.position.index as usize;
        while matches!(self.bytes.get(at), Some(b' ' | b'\t')) {
            at += 1;
        }
        if self.bytes.get(at) != Some(&b'#') {
            return;
        }
        self.read_to(at as isize);
        let start = self.position;
        let line = self.take_line();
        self.notes.push(Note { token: owner, line, start, step: self.step, ..Note::default() });
    }

    fn take_line(&mut self) -> String {
        let start = self.position.index as usize;
        self.read_line();
        String::from_utf8_lossy(&self.bytes[start..self.position.index as usize]).into_owned()
    }

    /// Reads up to the next token: notes the comments there, and closes blocks.
    fn between(&mut self, start: isize) {
        if self.position.index >= start && self.ends == 0 {
            return;
        }
        let from = self.position;
        while self.position.index < start {
            while self.position.index < start
                && matches!(self.bytes[self.position.index as usize], b' ' | b'\t')
            {
                self.advance();
            }
            if self.position.index >= start {
                break;
            }
            if self.bytes[self.position.index as usize] == b'#' {
                self.comments(from);
            }
            if self.position.index < start {
                self.advance();
            }
        }
        self.close_blocks(from, start);
    }

    /// Closes the blocks that end before the token at `start`: the end goes before comments of the blocks
    /// around.
    fn close_blocks(&mut self, from: Mark, start: isize) {
        let column = self.position.column;
        let mut mark = from.index - 1;
        let mut deeper = true;
        for _ in 0..std::mem::take(&mut self.ends) {
            let indent = self.indents.pop().unwrap_or(-1);
            if deeper && indent <= column {
                // The end of a document closes the last blocks at its own sign.
                (mark, deeper) = (start - 1, false);
            }
            let mut stop = mark;
            for note in self.notes.iter().rev() {
                if note.end < stop {
                    break;
                }
                if note.start.column == indent + 1 {
                    mark = note.start.index;
                }
                stop = note.scan_from;
            }
            self.tokens.push(Token { kind: TokenKind::BlockEnd, start: mark, step: self.step });
        }
    }

    /// Notes the comments from here on: as feet of what came before, or as the head of what follows.
    fn comments(&mut self, from: Mark) {
        let last = match (self.last, self.before_last) {
            (Some((TokenKind::FlowEntry, _)), Some(before)) => before,
            (last, _) => last.unwrap_or((TokenKind::StreamStart, 0)),
        };
        let mut scan_from = from.index;
        let mut owner = last.1;
        let mut start = Mark::default();
        let next_indent = self.indent().max(0);
        let (mut recent_empty, mut first_empty) = (false, self.newlines <= 1);
        let (mut line, mut column) = (self.position.line, self.position.column);
        let mut text = String::new();
        // The line on which a comment must begin to be a foot of what came before.
        let mut foot_line = -1;
        if from.line > 0 {
            foot_line = self.position.line - self.newlines + 1;
            if self.newlines == 0 && self.position.column > 1 {
                foot_line += 1;
            }
        }
        let mut peek = 0;
        loop {
            let at = self.position.index + peek;
            let byte = self.bytes.get(at as usize).copied();
            column += 1;
            if matches!(byte, Some(b' ' | b'\t')) {
                peek += 1;
                continue;
            }
            let closes = self.flow > 0 && matches!(byte, Some(b']' | b'}'));
            let foot = |text: &mut String, owner, start, scan_from, step| Note {
                token: owner,
                foot: std::mem::take(text),
                start,
                scan_from,
                end: at,
                step,
                ..Note::default()
            };
            if closes || is_break_or_end(byte) {
                if closes || !recent_empty {
                    let dedented = start.column - 1 < next_indent;
                    let below = start.line == foot_line && last.0 != TokenKind::Value;
                    if closes || (first_empty && (below || dedented)) {
                        if !text.is_empty() {
                            if dedented {
                                owner = start.index;
                            }
                            self.notes.push(foot(&mut text, owner, start, scan_from, self.step));
                            (scan_from, owner) = (at, at);
                        }
                    } else if !text.is_empty() && byte.is_some() {
                        text.push('\n');
                    }
                }
                if !matches!(byte, Some(b'\n' | b'\r')) {
                    break;
                }
                (first_empty, recent_empty) = (false, true);
                column = 0;
                line += 1;
                peek += 1;
                continue;
            }
            if !text.is_empty() && column - 1 < next_indent && column != start.column {
                self.notes.push(foot(&mut text, owner, start, scan_from, self.step));
                (scan_from, owner) = (at, at);
            }
            if byte != Some(b'#') {
                break;
            }
            if text.is_empty() {
                start = Mark { index: at, line, column };
            } else {
                text.push('\n');
            }
            recent_empty = false;
            self.read_to(at);
            text.push_str(&self.take_line());
            // The break behind the comment is not an empty line.
            (peek, column, line) = (1, 0, self.position.line);
        }
        if !text.is_empty() {
            let end = self.position.index + peek - 1;
            let token = start.index;
            self.notes.push(Note {
                token,
                head: text,
                start,
                scan_from,
                end,
                step: self.step,
                ..Note::default()
            });
        }
    }
}

fn is_gap(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn is_break_or_end(byte: Option<u8>) -> bool {
    matches!(byte, None | Some(b'\n' | b'\r'))
}
