//! Strings: which style each is written in, and where its lines end.

use std::fmt::Write as _;

use super::super::style::{Analysis, analyze, is_break, is_printable, short_escape};
use super::{Context, Emitter, WIDTH};
use crate::{Tag, scalar};

impl Emitter<'_> {
    /// Writes a string, in the first style that it allows.
    pub(super) fn text(&mut self, text: &str, breaks_allowed: bool, indent: usize, context: Context) {
        if is_simple(text) {
            // The great majority: letters, digits, and nothing that YAML could take for something else.
            self.out.push_str(text);
            return;
        }
        let folds = breaks_allowed && context == Context::Value;
        let analysis = analyze(text);
        if text.contains('\n') && analysis.block && context == Context::Value {
            return self.literal(text, indent);
        }
        if text.contains('\n') || (context == Context::Key && analysis.multiline) {
            return self.double_quoted(text, folds, indent);
        }
        let Analysis { plain, single_quoted, .. } = analysis;
        let string = matches!(scalar::resolve_v2(text), Tag::Str | Tag::Merge) && !scalar::is_base60(text);
        match (string, plain, single_quoted) {
            (false, _, _) | (true, false, false) => self.double_quoted(text, folds, indent),
            (true, true, _) => self.plain(text, folds, indent),
            (true, false, true) => self.single_quoted(text, folds, indent),
        }
    }

    fn plain(&mut self, text: &str, folds: bool, indent: usize) {
        self.folded(text, folds, indent, false);
    }

    fn single_quoted(&mut self, text: &str, folds: bool, indent: usize) {
        self.out.push('\'');
        self.folded(text, folds, indent, true);
        self.out.push('\'');
    }

    /// Writes a text without escapes; it goes to the next line at the first single space past the width.
    fn folded(&mut self, text: &str, folds: bool, indent: usize, quoted: bool) {
        if self.column() + text.len() <= WIDTH && !text.contains(|c| c == '\'' || is_break(c)) {
            self.out.push_str(text);
            return;
        }
        let (mut spaces, mut breaks) = (false, false);
        let mut column = self.column();
        let mut chars = text.char_indices().peekable();
        while let Some((index, c)) = chars.next() {
            let next = chars.peek().map(|&(_, next)| next);
            if c == ' ' {
                let inside = !quoted || (index > 0 && next.is_some());
                if folds && !spaces && column > WIDTH && inside && next != Some(' ') {
                    self.line(indent);
                    column = indent;
                } else {
                    self.out.push(c);
                    column += 1;
                }
                spaces = true;
            } else if is_break(c) {
                self.out.push(c);
                (breaks, column) = (true, 0);
            } else {
                if breaks {
                    self.indent(indent);
                    column = indent;
                }
                if quoted && c == '\'' {
                    self.out.push('\'');
                    column += 1;
                }
                self.out.push(c);
                column += 1;
                (spaces, breaks) = (false, false);
            }
        }
    }

    fn double_quoted(&mut self, text: &str, folds: bool, indent: usize) {
        self.out.push('"');
        // yaml.v2 looks for a byte order mark at the start of the text each time: behind one, all is escaped.
        let marked = text.starts_with('\u{feff}');
        let mut spaces = false;
        let mut column = self.column();
        let mut chars = text.char_indices().peekable();
        while let Some((index, c)) = chars.next() {
            let next = chars.peek().map(|&(_, next)| next);
            if marked || !is_printable(c) || is_break(c) || c == '"' || c == '\\' {
                let before = self.out.len();
                self.escape(c);
                column += self.out.len() - before;
                spaces = false;
            } else if c == ' ' {
                if folds && !spaces && column > WIDTH && index > 0 && next.is_some() {
                    self.line(indent);
                    column = indent;
                    if next == Some(' ') {
                        self.out.push('\\');
                        column += 1;
                    }
                } else {
                    self.out.push(c);
                    column += 1;
                }
                spaces = true;
            } else {
                self.out.push(c);
                column += 1;
                spaces = false;
            }
        }
        self.out.push('"');
    }

    fn escape(&mut self, c: char) {
        self.out.push('\\');
        match (short_escape(c), c as u32) {
            (Some(letter), _) => self.out.push(letter),
            (None, code @ 0..=0xff) => _ = write!(self.out, "x{code:02X}"),
            (None, code @ 0x100..=0xffff) => _ = write!(self.out, "u{code:04X}"),
            (None, code) => _ = write!(self.out, "U{code:08X}"),
        }
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.out.push('|');
        if text.starts_with(|c: char| c == ' ' || is_break(c)) {
            self.out.push('2');
        }
        let mut from_end = text.chars().rev();
        match (from_end.next().is_some_and(is_break), from_end.next()) {
            (false, _) => self.out.push('-'),
            (true, before) if before.is_none_or(is_break) => self.out.push('+'),
            (true, _) => {}
        }
        self.out.push('\n');
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(is_break).unwrap_or(rest.len());
            let (line, after) = rest.split_at(end);
            if !line.is_empty() {
                self.indent(indent);
                self.out.push_str(line);
            }
            let mut chars = after.chars();
            if let Some(c) = chars.next() {
                // The last break belongs to whoever writes on.
                if c != '\n' || !chars.as_str().is_empty() {
                    self.out.push(c);
                }
            }
            rest = chars.as_str();
        }
        self.line_ended = text.ends_with(|c| c != '\n' && is_break(c));
        self.line_start = self.out.rfind('\n').map_or(0, |i| i + 1);
    }
}

/// Returns a text as it is read after a trip through JSON, in which U+0085 stands as it is and is a line break for
/// yaml.v2: one becomes a blank, of several all but one stay as line feeds, and blanks around them go.
pub fn without_next_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{85}') {
        out.push_str(rest[..at].trim_end_matches([' ', '\t']));
        let after = rest[at..].trim_start_matches(['\u{85}', ' ', '\t']);
        let breaks = rest[at..rest.len() - after.len()].matches('\u{85}').count();
        if breaks == 1 {
            out.push(' ');
        }
        out.extend(std::iter::repeat_n('\n', breaks - 1));
        rest = after;
    }
    out + rest
}

/// Returns whether the text can only be a string, needs no quotes and is short: the usual case, seen at a glance.
pub(super) fn is_simple(text: &str) -> bool {
    let bytes = text.as_bytes();
    let [first, rest @ ..] = bytes else { return false };
    // A first letter that no null, boolean or number starts with.
    let starts = first.is_ascii_alphabetic()
        && !matches!(first, b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O')
        || bytes.len() > 5 && first.is_ascii_alphabetic()
        || *first == b'/';
    starts && bytes.len() <= 64 && rest.iter().all(|byte| IS_SIMPLE[usize::from(*byte)])
}

/// Whether a byte means nothing to YAML within a text: looked up, since every byte of nearly every text is.
const IS_SIMPLE: [bool; 256] = {
    let (mut simple, mut byte) = ([false; 256], 0);
    while byte < simple.len() {
        let c = byte as u8;
        simple[byte] = c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'/' | b'_');
        byte += 1;
    }
    simple
};
