//! Scalars in the manner of yaml.v3: which style and tag each gets, and how each style is written.

use super::{Emitter, Place};
use crate::emit::style::{is_blank, is_break, is_printable, short_escape};
use crate::scalar::{is_base60, is_yaml11_bool, resolve_v3};
use crate::{Extra, Scalar, Style, Tag, Text};

/// Returns the node into which yaml.v3 encodes a string: bare where that reads back as the string, quoted for
/// older readers where YAML 1.1 saw something else, a block where there are several lines.
pub fn encode_string(text: Text) -> Scalar {
    let plain = matches!(resolve_go(text.as_str()), Tag::Str)
        && !is_base60(text.as_str())
        && !is_yaml11_bool(text.as_str());
    let allowed = analyze(text.as_str());
    let style = if text.as_str().contains('\n') {
        if allowed.block { Style::Literal } else { Style::DoubleQuoted }
    } else if !plain {
        Style::DoubleQuoted
    } else if allowed.block_plain {
        Style::Plain
    } else if allowed.single_quoted {
        Style::SingleQuoted
    } else {
        Style::DoubleQuoted
    };
    // Written bare and read back, `<<` has become a merge key; the tag then stands in the output.
    let tag = if style == Style::Plain && text.as_str() == "<<" { Tag::Merge } else { Tag::Str };
    Scalar { text, tag, style, ..Scalar::default() }
}

/// Returns whether the key fits before its colon, without a question mark.
pub(super) fn is_simple_key(key: &Scalar) -> bool {
    let (tag, _) = presentation(key);
    let before = tag.map_or(0, |t| t.len()) + anchor(&key.extra).map_or(0, str::len);
    !analyze(key.text.as_str()).multiline && key.text.as_str().len() + before <= 128
}

fn anchor(extra: &Option<Box<Extra>>) -> Option<&str> {
    extra.as_ref()?.anchor.as_deref()
}

/// Returns the tag that is written before a collection.
pub(super) fn collection_tag(extra: &Option<Box<Extra>>) -> Option<String> {
    extra.as_ref()?.custom_tag.clone()
}

/// yaml.v3 resolves a bare `<<` to a string; only its reader makes a merge key of it.
fn resolve_go(text: &str) -> Tag {
    if text == "<<" { Tag::Str } else { resolve_v3(text) }
}

/// Returns the tag that must be written, and the style that the node asks for.
fn presentation(scalar: &Scalar) -> (Option<String>, Style) {
    let text = scalar.text.as_str();
    if let Some(tag) = scalar.extra.as_ref().and_then(|e| e.custom_tag.clone()) {
        return (Some(tag), block_if_lines(scalar.style, text));
    }
    // A tag that was written is a part of the style, and stays.
    if let Some(style) = scalar.tagged() {
        return (Some(format!("!!{}", name(scalar.tag))), block_if_lines(style, text));
    }
    let resolved = || resolve_go(text);
    match scalar.tag {
        Tag::Unresolved | Tag::Custom | Tag::Alias => (None, block_if_lines(scalar.style, text)),
        Tag::Str if scalar.style != Style::Plain => (None, scalar.style),
        Tag::Str if resolved() == Tag::Str || text.contains('\n') => {
            (None, block_if_lines(scalar.style, text))
        }
        Tag::Str => (None, Style::DoubleQuoted),
        tag if resolved() == tag && scalar.style == Style::Plain => (None, Style::Plain),
        tag => (Some(format!("!!{}", name(tag))), block_if_lines(scalar.style, text)),
    }
}

fn block_if_lines(style: Style, text: &str) -> Style {
    if style == Style::Plain && text.contains('\n') { Style::Literal } else { style }
}

fn name(tag: Tag) -> &'static str {
    match tag {
        Tag::Int => "int",
        Tag::Float => "float",
        Tag::Bool => "bool",
        Tag::Null => "null",
        Tag::Timestamp => "timestamp",
        Tag::Binary => "binary",
        Tag::Merge => "merge",
        Tag::Unresolved | Tag::Str | Tag::Custom | Tag::Alias => "str",
    }
}

/// What a text allows.
struct Analysis {
    multiline: bool,
    block_plain: bool,
    flow_plain: bool,
    single_quoted: bool,
    block: bool,
}

fn analyze(text: &str) -> Analysis {
    if text.is_empty() {
        return Analysis {
            multiline: false,
            block_plain: true,
            flow_plain: false,
            single_quoted: true,
            block: false,
        };
    }
    let mut block_indicators = text.starts_with("---") || text.starts_with("...");
    let mut flow_indicators = block_indicators;
    let (mut multiline, mut special, mut tabs) = (false, false, false);
    let (mut edge, mut trailing_space, mut break_space, mut space_break) = (false, false, false, false);
    let (mut previous_space, mut previous_break, mut after_blank) = (false, false, true);
    let mut chars = text.char_indices().peekable();
    while let Some((index, c)) = chars.next() {
        let next = chars.peek().map(|&(_, c)| c);
        let (first, last) = (index == 0, next.is_none());
        let before_blank = next.is_none_or(is_blank);
        match c {
            '#' if first || after_blank => (block_indicators, flow_indicators) = (true, true),
            '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' if first => {
                (block_indicators, flow_indicators) = (true, true);
            }
            ',' | '[' | ']' | '{' | '}' => {
                flow_indicators = true;
                block_indicators |= first;
            }
            ':' => {
                flow_indicators = true;
                block_indicators |= before_blank;
            }
            '?' => {
                flow_indicators = true;
                block_indicators |= first && before_blank;
            }
            '-' if first && before_blank => (block_indicators, flow_indicators) = (true, true),
            _ => {}
        }
        if c == '\t' {
            tabs = true;
        } else if !is_printable(c) {
            special = true;
        }
        let (space, line_break) = (c == ' ', is_break(c));
        edge |= (space || line_break) && (first || last);
        trailing_space |= space && last;
        break_space |= space && previous_break;
        space_break |= line_break && previous_space;
        multiline |= line_break;
        (previous_space, previous_break) = (space, line_break);
        after_blank = is_blank(c) || line_break;
    }
    let quoted_only = break_space || space_break || tabs || special;
    let plain = !(edge || quoted_only || multiline);
    Analysis {
        multiline,
        block_plain: plain && !block_indicators,
        flow_plain: plain && !flow_indicators,
        single_quoted: !quoted_only,
        block: !(trailing_space || space_break || special),
    }
}

impl<'a> Emitter<'a> {
    pub(super) fn scalar(&mut self, scalar: &'a Scalar, place: Place) {
        let text = scalar.text.as_str();
        if scalar.tag == Tag::Alias {
            return self.write_name("*", text);
        }
        let (tag, wanted) = presentation(scalar);
        let allowed = analyze(text);
        let key = matches!(place, Place::BlockKey | Place::FlowKey);
        let mut style = if key && allowed.multiline { Style::DoubleQuoted } else { wanted };
        let plain_allowed = if self.flow_level > 0 { allowed.flow_plain } else { allowed.block_plain };
        if style == Style::Plain && (!plain_allowed || (text.is_empty() && (self.flow_level > 0 || key))) {
            style = Style::SingleQuoted;
        }
        if style == Style::SingleQuoted && !allowed.single_quoted {
            style = Style::DoubleQuoted;
        }
        if matches!(style, Style::Literal | Style::Folded) && (!allowed.block || self.flow_level > 0 || key) {
            style = Style::DoubleQuoted;
        }
        self.write_anchor(&scalar.extra);
        self.write_tag(tag.as_deref());
        let outer = self.indent;
        self.indent = self.deeper_flow(place);
        match style {
            Style::Plain => self.write_plain(text),
            Style::SingleQuoted => self.write_single_quoted(text),
            Style::DoubleQuoted => self.write_double_quoted(text),
            Style::Literal => self.write_literal(text),
            Style::Folded => self.write_folded(text),
        }
        self.indent = outer;
    }

    pub(super) fn write_anchor(&mut self, extra: &Option<Box<Extra>>) {
        if let Some(name) = anchor(extra) {
            self.write_name("&", name);
        }
    }

    fn write_name(&mut self, sign: &str, name: &str) {
        self.write_indicator(sign, true, false, false);
        self.put_str(name);
    }

    pub(super) fn write_tag(&mut self, tag: Option<&str>) {
        if let Some(tag) = tag {
            self.write_indicator(tag, true, false, false);
        }
    }

    fn write_plain(&mut self, text: &str) {
        if !text.is_empty() {
            if !self.whitespace {
                self.put(' ');
            }
            self.put_str(text);
            self.whitespace = false;
        }
        self.indention = false;
    }

    fn write_single_quoted(&mut self, text: &str) {
        self.write_indicator("'", true, false, false);
        let mut breaks = false;
        for c in text.chars() {
            if is_break(c) {
                if !breaks && c == '\n' {
                    self.put_break(c);
                }
                self.put_break(c);
                breaks = true;
                continue;
            }
            if c != ' ' {
                if breaks {
                    self.write_indent();
                }
                if c == '\'' {
                    self.put(c);
                }
                self.indention = false;
                breaks = false;
            }
            self.put(c);
        }
        self.write_indicator("'", false, false, false);
    }

    fn write_double_quoted(&mut self, text: &str) {
        self.write_indicator("\"", true, false, false);
        // yaml.v3 looks for the mark at the start of the text each time: behind one, all is escaped.
        let marked = text.starts_with('\u{feff}');
        for c in text.chars() {
            if !marked && is_printable(c) && !is_break(c) && c != '"' && c != '\\' {
                self.put(c);
                continue;
            }
            self.put('\\');
            match (short_escape(c), u32::from(c)) {
                (Some(letter), _) => self.put(letter),
                (None, code @ ..=0xff) => self.put_str(&format!("x{code:02X}")),
                (None, code @ ..=0xffff) => self.put_str(&format!("u{code:04X}")),
                (None, code) => self.put_str(&format!("U{code:08X}")),
            }
        }
        self.write_indicator("\"", false, false, false);
    }

    /// Writes the sign of a block: its indentation where the text begins with a blank, what ends it, and a
    /// comment that waits for the end of the line.
    fn open_block(&mut self, sign: &str, text: &str) {
        self.write_indicator(sign, true, false, false);
        if text.starts_with(|c| c == ' ' || is_break(c)) {
            let hint = self.best_indent.to_string();
            self.write_indicator(&hint, false, false, false);
        }
        let mut last = text.chars().rev();
        let chomp = match (last.next(), last.next()) {
            (Some(end), _) if !is_break(end) => "-",
            (Some(_), None) => "+",
            (Some(_), Some(before)) if is_break(before) => "+",
            (Some(_), Some(_)) => "",
            (None, _) => "-",
        };
        if !chomp.is_empty() {
            self.write_indicator(chomp, false, false, false);
        }
        if self.waiting.line.is_empty() {
            self.put_break('\n');
        } else {
            self.write_line_comment();
        }
        self.whitespace = true;
    }

    fn write_literal(&mut self, text: &str) {
        self.open_block("|", text);
        for line in lines(text) {
            let (content, ends) = split_break(line);
            if !content.is_empty() {
                self.write_indent();
                self.put_str(content);
                self.indention = false;
            }
            if let Some(c) = ends {
                self.put_break(c);
            }
        }
    }

    fn write_folded(&mut self, text: &str) {
        self.open_block(">", text);
        let (mut breaks, mut leading_spaces) = (true, true);
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let after = &rest[c.len_utf8()..];
            if is_break(c) {
                if !breaks && !leading_spaces && c == '\n' {
                    // libyaml looks from the start of the text here, not from this line; so does yaml.v3.
                    let first = text.chars().find(|&c| !is_break(c));
                    if first.is_some_and(|c| !is_blank(c)) {
                        self.put_break(c);
                    }
                }
                self.put_break(c);
                breaks = true;
            } else {
                if breaks {
                    self.write_indent();
                    leading_spaces = is_blank(c);
                }
                self.put(c);
                self.indention = false;
                breaks = false;
            }
            rest = after;
        }
    }
}

/// Returns the lines of a text, each with its break.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end =
            rest.char_indices().find(|&(_, c)| is_break(c)).map_or(rest.len(), |(i, c)| i + c.len_utf8());
        let (line, after) = rest.split_at(end);
        rest = after;
        Some(line)
    })
}

fn split_break(line: &str) -> (&str, Option<char>) {
    match line.chars().next_back() {
        Some(c) if is_break(c) => (&line[..line.len() - c.len_utf8()], Some(c)),
        _ => (line, None),
    }
}
