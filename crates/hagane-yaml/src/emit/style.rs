//! Which styles a text may be written in: libyaml's analysis, which Go's libraries share.

/// What a text allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Analysis {
    /// It has a line break.
    pub(crate) multiline: bool,
    /// It may stand bare.
    pub(crate) plain: bool,
    /// It may stand in single quotes.
    pub(crate) single_quoted: bool,
    /// It may stand as a block.
    pub(crate) block: bool,
}

/// Returns what the text allows in a block collection.
pub(crate) fn analyze(text: &str) -> Analysis {
    if text.is_empty() {
        return Analysis { multiline: false, plain: true, single_quoted: true, block: false };
    }
    let mut indicators = text.starts_with("---") || text.starts_with("...");
    let (mut line_breaks, mut special) = (false, false);
    let (mut leading, mut trailing_space, mut trailing_break) = (false, false, false);
    let (mut break_space, mut space_break) = (false, false);
    let (mut previous_space, mut previous_break) = (false, false);
    let mut preceded_by_blank = true;
    let mut chars = text.char_indices().peekable();
    while let Some((index, c)) = chars.next() {
        let next = chars.peek().map(|&(_, next)| next);
        let followed_by_blank = next.is_none_or(|n| is_blank(n) || is_break(n));
        indicators |= match c {
            '#' => preceded_by_blank,
            ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => {
                index == 0
            }
            '?' | '-' => index == 0 && followed_by_blank,
            ':' => followed_by_blank,
            _ => false,
        };
        special |= !is_printable(c);
        let (first, last) = (index == 0, next.is_none());
        if c == ' ' {
            leading |= first;
            trailing_space |= last;
            break_space |= previous_break;
            (previous_space, previous_break) = (true, false);
        } else if is_break(c) {
            line_breaks = true;
            leading |= first;
            trailing_break |= last;
            space_break |= previous_space;
            (previous_space, previous_break) = (false, true);
        } else {
            (previous_space, previous_break) = (false, false);
        }
        preceded_by_blank = is_blank(c) || is_break(c);
    }
    let hopeless = space_break || special;
    Analysis {
        multiline: line_breaks,
        plain: !(leading
            || trailing_space
            || trailing_break
            || break_space
            || hopeless
            || line_breaks
            || indicators),
        single_quoted: !(break_space || hopeless),
        block: !(trailing_space || hopeless),
    }
}

/// Returns whether yaml.v3 writes the text as a block when that is its style. Unlike yaml.v2 it takes tabs.
pub(crate) fn may_be_block(text: &str) -> bool {
    let special = |c| !is_printable(c) && c != '\t';
    !text.ends_with(' ') && !text.contains(special) && !text.contains(" \n")
}

pub(crate) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// Returns whether YAML 1.1 takes the character as a line break.
pub(crate) fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Returns whether the character is written as it is. Go's libraries escape tabs and everything outside the
/// basic plane.
pub(crate) fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

/// Returns the letter that stands for a character after a backslash, where there is one.
pub(crate) fn short_escape(c: char) -> Option<char> {
    Some(match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => return None,
    })
}
