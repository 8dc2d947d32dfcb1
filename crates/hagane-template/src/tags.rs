//! A template's text, parted into text and tags.

use hagane_resource::Diagnostic;
use hagane_yaml::{FileId, Span};

use crate::lines::Lines;

/// A piece of the text.
#[derive(Debug)]
pub(crate) enum Piece<'t> {
    Text { text: &'t str, start: usize },
    Tag(Tag<'t>),
}

/// A tag.
#[derive(Debug)]
pub(crate) struct Tag<'t> {
    pub(crate) kind: TagKind,
    /// What stands in it, behind the sign of its kind.
    pub(crate) inner: &'t str,
    /// Where `inner` starts.
    pub(crate) start: usize,
    /// Where the tag starts.
    pub(crate) at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TagKind {
    /// `{{x}}`, `{{{x}}}`, `{{&x}}`
    Value,
    /// `{{#x}}`
    Open,
    /// `{{^x}}` with something in it
    Inverse,
    /// `{{else}}`, `{{else if x}}`, `{{^}}`
    Else,
    /// `{{/x}}`
    Close,
    /// `{{! x}}`, `{{!-- x --}}`
    Comment,
}

/// A text in which places are looked up.
pub(crate) struct Places<'t> {
    file: FileId,
    lines: Lines<'t>,
}

impl<'t> Places<'t> {
    pub(crate) fn new(text: &'t str, file: FileId) -> Places<'t> {
        Places { file, lines: Lines::new(text) }
    }

    /// Returns the position of a byte.
    pub(crate) fn at(&self, byte: usize) -> Span {
        let (line, start) = self.lines.line(byte);
        let column = self.lines.between(start, byte);
        Span { file: self.file, line: line as u32 + 1, column: column as u32 + 1 }
    }
}

/// Parts a text. White space that `~` and tags alone on their lines take away is gone.
pub(crate) fn pieces<'t>(text: &'t str, places: &Places) -> Result<Vec<Piece<'t>>, Diagnostic> {
    let mut pieces = Vec::new();
    let mut at = 0;
    let mut trim_next = false;
    while at < text.len() {
        let open = find_open(text, at);
        // One `\` makes a text of the tag; of several, one goes, and the tag is one.
        let (end, escaped) = match open.map(|open| (open, backslashes(&text[at..open]))) {
            Some((open, 0)) => (open, false),
            Some((open, count)) => (open - 1, count == 1),
            None => (text.len(), false),
        };
        push_text(&mut pieces, text, at, end, &mut trim_next);
        let Some(open) = open else { break };
        if escaped {
            // `\{{` is `{{`, and what follows is text up to the next tag.
            let next = find_open(text, open + 2).unwrap_or(text.len());
            let next = next - backslashes(&text[open + 2..next]);
            push_text(&mut pieces, text, open, next, &mut trim_next);
            at = next;
            continue;
        }
        if text[open..].starts_with("{{{{") {
            at = raw(text, open, places, &mut pieces, &mut trim_next)?;
            continue;
        }
        let (tag, before, after, end) = tag(text, open, places)?;
        if before {
            trim_end(&mut pieces);
        }
        trim_next = after;
        pieces.push(Piece::Tag(tag));
        at = end;
    }
    Ok(without_lines_of_tags(pieces, text))
}

/// Returns how many `\` a text ends with.
fn backslashes(text: &str) -> usize {
    text.len() - text.trim_end_matches('\\').len()
}

fn find_open(text: &str, from: usize) -> Option<usize> {
    text.get(from..)?.find("{{").map(|found| from + found)
}

fn push_text<'t>(pieces: &mut Vec<Piece<'t>>, text: &'t str, start: usize, end: usize, trim: &mut bool) {
    let mut start = start;
    if *trim {
        start = end - text[start..end].trim_start().len();
        *trim = start == end;
    }
    if start < end {
        pieces.push(Piece::Text { text: &text[start..end], start });
    }
}

fn trim_end(pieces: &mut Vec<Piece>) {
    while let Some(Piece::Text { text, .. }) = pieces.last_mut() {
        *text = text.trim_end();
        if !text.is_empty() {
            break;
        }
        pieces.pop();
    }
}

/// Reads a raw block, whose text is written as it is.
fn raw<'t>(
    text: &'t str,
    open: usize,
    places: &Places,
    pieces: &mut Vec<Piece<'t>>,
    trim: &mut bool,
) -> Result<usize, Diagnostic> {
    const END: &str = "{{{{/raw}}}}";
    let error = |message: &str| {
        Err(Diagnostic::error(places.at(open), message).hinted("`{{{{raw}}}}`, the text, `{{{{/raw}}}}`"))
    };
    let Some(head) = text[open..].find("}}}}").map(|found| open + found) else {
        return error("the tag is not closed");
    };
    if text[open + 4..head].trim() != "raw" {
        return error("the only raw block is `raw`");
    }
    let Some(end) = text[head + 4..].find(END).map(|found| head + 4 + found) else {
        return error("the raw block is not closed");
    };
    push_text(pieces, text, head + 4, end, trim);
    Ok(end + END.len())
}

/// Reads the tag that starts at `open`, and says which white space around it goes, and where it ends.
fn tag<'t>(text: &'t str, open: usize, places: &Places) -> Result<(Tag<'t>, bool, bool, usize), Diagnostic> {
    let unclosed = || {
        Diagnostic::error(places.at(open), "the tag is not closed")
            .hinted("`}}` closes it; `\\{{` is a text, and so is all within `{{{{raw}}}}…{{{{/raw}}}}`")
    };
    let mut start = open + 2;
    let triple = text[start..].starts_with('{');
    start += usize::from(triple);
    let before = text[start..].starts_with('~');
    start += usize::from(before);
    let rest = &text[start..];
    if rest.starts_with("!") {
        let (close, length) = match rest.starts_with("!--") {
            true => match rest.find("--}}") {
                // Only up to there: the other may be far away, or nowhere.
                Some(plain) => rest[..plain].find("--~}}").map_or((plain, 4), |trimmed| (trimmed, 5)),
                None => (rest.find("--~}}").ok_or_else(unclosed)?, 5),
            },
            false => (rest.find("}}").ok_or_else(unclosed)?, 2),
        };
        let after = length == 5 || rest[..close].ends_with('~');
        let tag = Tag { kind: TagKind::Comment, inner: "", start, at: open };
        return Ok((tag, before, after, start + close + length));
    }
    let close = if triple { "}}}" } else { "}}" };
    let found = start + closing(rest, close).ok_or_else(unclosed)?;
    let after = text[..found].ends_with('~') && found > start;
    let mut inner = &text[start..found - usize::from(after)];
    let kind = match inner.chars().next() {
        Some('#') => TagKind::Open,
        Some('/') => TagKind::Close,
        Some('^') if inner[1..].trim().is_empty() => TagKind::Else,
        Some('^') => TagKind::Inverse,
        Some(sign @ ('>' | '*')) => {
            let what = if sign == '>' { "partials" } else { "decorators" };
            return Err(Diagnostic::error(places.at(open), format!("there are no {what} here"))
                .hinted("what several templates share can be a base or a component"));
        }
        _ if inner.trim() == "else" || inner.trim_start().starts_with("else ") => TagKind::Else,
        _ => TagKind::Value,
    };
    let mut inner_start = start;
    if matches!(inner.chars().next(), Some('#' | '/' | '^' | '&')) {
        inner = &inner[1..];
        inner_start += 1;
    }
    Ok((Tag { kind, inner, start: inner_start, at: open }, before, after, found + close.len()))
}

/// Returns where a tag closes; not within quotes.
fn closing(rest: &str, close: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in rest.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some('"') if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if rest[at..].starts_with(close) => return Some(at),
            None => {}
        }
    }
    None
}

/// Takes away the lines on which there is nothing but a tag that writes nothing.
fn without_lines_of_tags<'t>(pieces: Vec<Piece<'t>>, text: &'t str) -> Vec<Piece<'t>> {
    let is_alone = |place: usize| {
        let Piece::Tag(tag) = &pieces[place] else { return false };
        if tag.kind == TagKind::Value {
            return false;
        }
        let before = match place.checked_sub(1).map(|before| &pieces[before]) {
            None => true,
            Some(Piece::Text { text: before, start }) => {
                let line = before.rfind('\n').map_or(*before, |at| &before[at + 1..]);
                line.chars().all(|c| c == ' ' || c == '\t')
                    && (before.contains('\n') || *start == 0 || starts_line(text, *start))
            }
            Some(Piece::Tag(_)) => starts_line(text, tag.at),
        };
        let after = match pieces.get(place + 1) {
            None => true,
            Some(Piece::Text { text: after, .. }) => match after.find('\n') {
                Some(end) => after[..end].trim().is_empty(),
                None => place + 2 == pieces.len() && after.trim().is_empty(),
            },
            Some(Piece::Tag(_)) => false,
        };
        before && after
    };
    let alone: Vec<bool> = (0..pieces.len()).map(is_alone).collect();
    let mut kept = Vec::with_capacity(pieces.len());
    for (place, piece) in pieces.into_iter().enumerate() {
        let Piece::Text { text, start } = piece else {
            kept.push(piece);
            continue;
        };
        let mut from = 0;
        let mut to = text.len();
        if place > 0 && alone[place - 1] {
            from = text.find('\n').map_or(text.len(), |end| end + 1);
        }
        if alone.get(place + 1) == Some(&true) {
            to = text.rfind('\n').map_or(0, |end| end + 1).max(from);
        }
        if from < to {
            kept.push(Piece::Text { text: &text[from..to], start: start + from });
        }
    }
    kept
}

fn starts_line(text: &str, at: usize) -> bool {
    text[..at].is_empty() || text[..at].ends_with('\n')
}
