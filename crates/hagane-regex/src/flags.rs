//! The flags of a group: `(?i)`, `(?m-s:…)`.

use crate::RegexError;

/// The flags in force. The default is Go's: case counts, `^` and `$` are the text's ends, `.` stops at a
/// line's end, and repetitions are greedy.
#[derive(Clone, Copy, Default)]
pub(crate) struct Flags {
    /// `i`: letters match without regard to case.
    pub(crate) fold: bool,
    /// `m`: `^` and `$` match at lines too.
    pub(crate) lines: bool,
    /// `s`: `.` matches a line's end too.
    pub(crate) dot_all: bool,
    /// `U`: repetitions are lazy, and `*?` greedy.
    pub(crate) lazy: bool,
}

/// How a flag list ended.
pub(crate) enum After {
    /// `(?i)`: the flags hold for the rest of the group around.
    Rest,
    /// `(?i:`: a group without capture opens.
    Group,
}

/// Reads flags from the first one to the `)` or `:`, which is consumed too; `list` starts behind `(?`.
/// Returns the new flags, what follows, and the bytes read. `offset` is where the `(?` stands.
pub(crate) fn read(list: &str, mut flags: Flags, offset: usize) -> Result<(Flags, After, usize), RegexError> {
    let mut on = true;
    let mut seen_since_minus = true;
    for (index, letter) in list.char_indices() {
        match letter {
            'i' => flags.fold = on,
            'm' => flags.lines = on,
            's' => flags.dot_all = on,
            'U' => flags.lazy = on,
            '-' if on => {
                on = false;
                seen_since_minus = false;
                continue;
            }
            ')' if seen_since_minus => return Ok((flags, After::Rest, index + 1)),
            ':' if seen_since_minus => return Ok((flags, After::Group, index + 1)),
            '=' | '!' => return Err(RegexError::new(offset, "look-ahead is not supported")),
            '#' => return Err(RegexError::new(offset, "comments are not supported")),
            _ => return Err(RegexError::new(offset, format!("there is no group `(?{letter}`"))),
        }
        seen_since_minus = true;
    }
    Err(RegexError::new(offset, "this group has no `)`"))
}
