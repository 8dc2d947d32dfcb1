//! Patterns that are plain text: answered by comparison, without an automaton.

use std::ops::Range;

/// Text to look for, and where.
#[derive(Clone, Debug)]
pub(crate) struct Literal {
    text: Box<str>,
    place: Place,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Whole,
    Start,
    End,
    Anywhere,
}

impl Literal {
    /// Returns the literal that the whole text must be, when `pattern` has no metacharacter.
    pub(crate) fn whole(pattern: &str) -> Option<Literal> {
        is_plain(pattern).then(|| Literal { text: pattern.into(), place: Place::Whole })
    }

    /// Returns the literal when `pattern` has no metacharacter but a `^` before or a `$` behind.
    pub(crate) fn of_pattern(pattern: &str) -> Option<Literal> {
        let (rest, from_start) = match pattern.strip_prefix('^') {
            Some(rest) => (rest, true),
            None => (pattern, false),
        };
        let (rest, to_end) = match rest.strip_suffix('$') {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let place = match (from_start, to_end) {
            (true, true) => Place::Whole,
            (true, false) => Place::Start,
            (false, true) => Place::End,
            (false, false) => Place::Anywhere,
        };
        is_plain(rest).then(|| Literal { text: rest.into(), place })
    }

    pub(crate) fn is_match(&self, text: &str) -> bool {
        match self.place {
            Place::Whole => text == &*self.text,
            Place::Start => text.starts_with(&*self.text),
            Place::End => text.ends_with(&*self.text),
            Place::Anywhere => text.contains(&*self.text),
        }
    }

    pub(crate) fn find(&self, text: &str) -> Option<Range<usize>> {
        let start = match self.place {
            Place::Anywhere => text.find(&*self.text)?,
            _ if !self.is_match(text) => return None,
            Place::Whole | Place::Start => 0,
            Place::End => text.len() - self.text.len(),
        };
        Some(start..start + self.text.len())
    }
}

fn is_plain(pattern: &str) -> bool {
    !pattern.bytes().any(|byte| b"\\.+*?()|[]{}^$".contains(&byte))
}
