//! Character classes: `[a-z\d[:alpha:]]`, `\d`, `\p{Greek}`, written anew for the regex crate.

use std::fmt::Write;

use crate::{RegexError, escape, names};

/// A class that no character is in, for what no text can have (surrogates).
const NOTHING: &str = r"[^\x00-\x{10FFFF}]";

/// What was written for a class, and the bytes read.
pub(crate) struct Class {
    pub(crate) written: String,
    pub(crate) read: usize,
}

/// Reads a class in brackets at the start of `rest`. `offset` is where it stands in the pattern.
pub(crate) fn brackets(rest: &str, offset: usize) -> Result<Class, RegexError> {
    let negated = rest.starts_with("[^");
    let mut at = if negated { 2 } else { 1 };
    let mut items = String::new();
    // A `]` that comes first is text.
    let first = at;
    loop {
        let here = rest.get(at..).unwrap_or_default();
        if here.is_empty() {
            return Err(RegexError::new(offset, "this class has no `]`"));
        }
        if here.starts_with(']') && at > first {
            break;
        }
        at += match named(here, offset + at)? {
            Some(class) => {
                items.push_str(&class.written);
                class.read
            }
            None => range(here, offset + at, &mut items)?,
        };
    }
    let written = match (items.is_empty(), negated) {
        (true, false) => NOTHING.to_owned(),
        (true, true) => "(?s:.)".to_owned(),
        (false, false) => format!("[{items}]"),
        (false, true) => format!("[^{items}]"),
    };
    Ok(Class { written, read: at + 1 })
}

/// Reads `[:alpha:]`, `\d` or `\p{Greek}` within brackets.
fn named(here: &str, offset: usize) -> Result<Option<Class>, RegexError> {
    if let Some(inside) = here.strip_prefix("[:")
        && let Some((name, _)) = inside.split_once(":]")
    {
        let letters = name.strip_prefix('^').unwrap_or(name);
        if !POSIX.contains(&letters) {
            return Err(RegexError::new(offset, format!("there is no class `[:{name}:]`")));
        }
        return Ok(Some(Class { written: format!("[:{name}:]"), read: name.len() + 4 }));
    }
    shorthand(here, offset)
}

const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "word", "xdigit",
];

/// Reads `\d`, `\pN` and their like at the start of `rest`; in Go `\d`, `\s` and `\w` are ASCII, and `\s`
/// has no vertical tab.
pub(crate) fn shorthand(rest: &str, offset: usize) -> Result<Option<Class>, RegexError> {
    let written = match rest.as_bytes() {
        [b'\\', b'd', ..] => "[0-9]",
        [b'\\', b'D', ..] => "[^0-9]",
        [b'\\', b's', ..] => r"[\t\n\x0C\r\x20]",
        [b'\\', b'S', ..] => r"[^\t\n\x0C\r\x20]",
        [b'\\', b'w', ..] => "[0-9A-Za-z_]",
        [b'\\', b'W', ..] => "[^0-9A-Za-z_]",
        [b'\\', b'p' | b'P', ..] => return property(rest, offset).map(Some),
        _ => return Ok(None),
    };
    Ok(Some(Class { written: written.to_owned(), read: 2 }))
}

/// Reads `\pL`, `\p{Greek}`, `\P{^Greek}`.
fn property(rest: &str, offset: usize) -> Result<Class, RegexError> {
    let behind = rest.get(2..).unwrap_or_default();
    let (name, read) = match behind.strip_prefix('{') {
        Some(braced) => match braced.split_once('}') {
            Some((name, _)) => (name, name.len() + 4),
            None => return Err(RegexError::new(offset, "this `\\p{` has no `}`")),
        },
        None => {
            let letter = behind.chars().next().map_or(0, char::len_utf8);
            (behind.get(..letter).unwrap_or_default(), 2 + letter)
        }
    };
    let (plain, turned) = match name.strip_prefix('^') {
        Some(plain) => (plain, true),
        None => (name, false),
    };
    let Some(property) = names::property(plain) else {
        return Err(RegexError::new(offset, format!("there is no Unicode category or script `{plain}`")));
    };
    let letter = if rest.starts_with("\\P") != turned { 'P' } else { 'p' };
    let written = match (property.as_str(), letter) {
        // Surrogates are code points, but no text has them.
        ("gc=Cs", 'p') => NOTHING.to_owned(),
        ("gc=Cs", _) => r"[\x00-\x{10FFFF}]".to_owned(),
        _ => format!("\\{letter}{{{property}}}"),
    };
    Ok(Class { written, read })
}

/// Reads a character or a range within brackets and returns the bytes read.
fn range(here: &str, offset: usize, items: &mut String) -> Result<usize, RegexError> {
    let (low, mut read) = character(here, offset)?;
    let mut high = low;
    let behind = here.get(read..).unwrap_or_default();
    // `[a-]` is an `a` and a `-`.
    if let Some(behind) = behind.strip_prefix('-')
        && !behind.is_empty()
        && !behind.starts_with(']')
    {
        let (end, length) = character(behind, offset + read + 1)?;
        read += 1 + length;
        high = end;
    }
    if high < low {
        let written = here.get(..read).unwrap_or_default();
        return Err(RegexError::new(offset, format!("the range `{written}` ends before it starts")));
    }
    // The regex crate refuses surrogates; a range over them goes around.
    for (low, high) in [(low, high.min(0xD7FF)), (low.max(0xE000), high)] {
        if low == high {
            let _ = write!(items, "\\x{{{low:X}}}");
        } else if low < high {
            let _ = write!(items, "\\x{{{low:X}}}-\\x{{{high:X}}}");
        }
    }
    Ok(read)
}

/// Reads one character of a class, escaped or not.
fn character(here: &str, offset: usize) -> Result<(u32, usize), RegexError> {
    match here.chars().next() {
        Some('\\') => escape::read(here, offset),
        Some(letter) => Ok((u32::from(letter), letter.len_utf8())),
        None => Err(RegexError::new(offset, "this class has no `]`")),
    }
}
