//! Reads a pattern by Go's rules and writes the same one for the regex crate.
//!
//! Every atom is written with the flags it is under (`(?i:k)`), so that the flags of the output need no
//! scopes: in Go `a(?i)*` repeats the `a`, in the regex crate it is an error.

use std::fmt::Write;

use crate::flags::{After, Flags};
use crate::{RegexError, class, escape, flags, repeat};

/// How deep groups may lie in one another. Go allows more, but the regex crate compiles them on the stack,
/// which is not ours alone.
const DEPTH: usize = 50;

/// The nesting that the regex crate must allow for it: a group, its alternatives, its parts, a repetition.
pub(crate) const NEST_LIMIT: u32 = 5 * DEPTH as u32;

/// Writes a Go pattern in the syntax of the regex crate.
pub(crate) fn translate(pattern: &str) -> Result<String, RegexError> {
    let mut translator = Translator {
        pattern,
        at: 0,
        written: String::with_capacity(pattern.len() * 2),
        flags: Flags::default(),
        atom: None,
        repeated_at: None,
        weight: 1,
        groups: Vec::new(),
    };
    while translator.step()? {}
    match translator.groups.last() {
        Some(group) => Err(RegexError::new(group.offset, "this group has no `)`")),
        None => Ok(translator.written),
    }
}

struct Translator<'p> {
    pattern: &'p str,
    at: usize,
    written: String,
    flags: Flags,
    /// What a repetition operator would repeat.
    atom: Option<Atom>,
    /// Where the repetition operator stands that ended just here: another one is a mistake.
    repeated_at: Option<usize>,
    /// How often an atom of the current group is written out at most, see [`repeat::Repeat::weight`].
    weight: u32,
    groups: Vec<Group>,
}

#[derive(Clone, Copy)]
struct Atom {
    /// Where it starts in what is written.
    start: usize,
    weight: u32,
    /// How many groups were written around it for stacked repetitions.
    wrapped: usize,
    repeated: bool,
}

struct Group {
    offset: usize,
    start: usize,
    flags_around: Flags,
    weight_around: u32,
}

impl<'p> Translator<'p> {
    /// Reads one thing; false at the end.
    fn step(&mut self) -> Result<bool, RegexError> {
        let rest = self.rest();
        let Some(letter) = rest.chars().next() else { return Ok(false) };
        if let Some(operator) = repeat::read(rest) {
            return self.repeat(&operator).map(|()| true);
        }
        self.repeated_at = None;
        match letter {
            '(' => self.open()?,
            ')' => self.close()?,
            '|' => {
                self.written.push('|');
                self.atom = None;
                self.at += 1;
            }
            '^' => self.push_atom(if self.flags.lines { "(?m:^)" } else { "(?:^)" }, 1),
            '$' => self.push_atom(if self.flags.lines { "(?m:$)" } else { "(?:$)" }, 1),
            '.' => self.push_atom(if self.flags.dot_all { "(?s:.)" } else { "." }, 1),
            '[' => {
                let class = class::brackets(rest, self.at)?;
                self.push_folded(&class.written, class.read);
            }
            '\\' => self.backslash(rest)?,
            _ => self.push_character(u32::from(letter), letter.len_utf8()),
        }
        Ok(true)
    }

    fn rest(&self) -> &'p str {
        self.pattern.get(self.at..).unwrap_or_default()
    }

    fn backslash(&mut self, rest: &str) -> Result<(), RegexError> {
        match rest.as_bytes().get(1) {
            Some(b'A') => self.push_atom("(?:^)", 2),
            Some(b'z') => self.push_atom("(?:$)", 2),
            Some(b'b') => self.push_atom(r"(?-u:\b)", 2),
            Some(b'B') => self.push_atom(r"(?-u:\B)", 2),
            Some(b'Q') => self.quoted(rest.get(2..).unwrap_or_default()),
            _ => match class::shorthand(rest, self.at)? {
                Some(class) => self.push_folded(&class.written, class.read),
                None => {
                    let (code, read) = escape::read(rest, self.at)?;
                    self.push_character(code, read);
                }
            },
        }
        Ok(())
    }

    /// `\Q…\E`, or to the end of the pattern: each character stands for itself.
    fn quoted(&mut self, behind: &str) {
        let (text, end) = match behind.split_once("\\E") {
            Some((text, _)) => (text, 2),
            None => (behind, 0),
        };
        self.at += 2;
        for letter in text.chars() {
            self.push_character(u32::from(letter), letter.len_utf8());
        }
        self.at += end;
    }

    fn push_character(&mut self, code: u32, read: usize) {
        match char::from_u32(code) {
            Some(letter) if letter.is_alphanumeric() => {
                let mut bytes = [0; 4];
                self.push_folded(letter.encode_utf8(&mut bytes), read);
            }
            _ if (0xD800..0xE000).contains(&code) => self.push_atom(r"[^\x00-\x{10FFFF}]", read),
            _ => self.push_folded(&format!("\\x{{{code:X}}}"), read),
        }
    }

    /// Writes an atom that letter case matters to.
    fn push_folded(&mut self, atom: &str, read: usize) {
        if self.flags.fold {
            self.push_atom(&format!("(?i:{atom})"), read);
        } else {
            self.push_atom(atom, read);
        }
    }

    fn push_atom(&mut self, atom: &str, read: usize) {
        self.atom = Some(Atom { start: self.written.len(), weight: 1, wrapped: 0, repeated: false });
        self.written.push_str(atom);
        self.at += read;
    }

    fn open(&mut self) -> Result<(), RegexError> {
        if self.groups.len() >= DEPTH {
            return Err(RegexError::new(self.at, "groups nest too deeply"));
        }
        let offset = self.at;
        let rest = self.rest();
        let flags_around = self.flags;
        let opening = match rest.strip_prefix("(?") {
            None => {
                self.at += 1;
                "("
            }
            Some(behind) => match capture_name(behind, offset)? {
                Some(read) => {
                    self.at += 2 + read;
                    "("
                }
                None => {
                    let (flags, after, read) = flags::read(behind, self.flags, offset)?;
                    self.flags = flags;
                    self.at += 2 + read;
                    if matches!(after, After::Rest) {
                        return Ok(());
                    }
                    "(?:"
                }
            },
        };
        self.groups.push(Group {
            offset,
            start: self.written.len(),
            flags_around,
            weight_around: self.weight,
        });
        self.written.push_str(opening);
        self.atom = None;
        self.weight = 1;
        Ok(())
    }

    fn close(&mut self) -> Result<(), RegexError> {
        let Some(group) = self.groups.pop() else {
            return Err(RegexError::new(self.at, "this `)` has no `(`"));
        };
        self.written.push(')');
        self.at += 1;
        self.atom = Some(Atom { start: group.start, weight: self.weight, wrapped: 0, repeated: false });
        self.weight = self.weight.max(group.weight_around);
        self.flags = group.flags_around;
        Ok(())
    }

    fn repeat(&mut self, operator: &repeat::Repeat) -> Result<(), RegexError> {
        let offset = self.at;
        if !operator.is_in_range() {
            return Err(RegexError::new(offset, format!("a repetition counts to {} at most", repeat::MOST)));
        }
        self.at += operator.read;
        let turned = self.rest().starts_with('?');
        self.at += usize::from(turned);
        if let Some(before) = self.repeated_at {
            let operators = self.pattern.get(before..self.at).unwrap_or_default();
            return Err(RegexError::new(before, format!("`{operators}` repeats a repetition")));
        }
        let Some(atom) = &mut self.atom else {
            return Err(RegexError::new(offset, "there is nothing to repeat here"));
        };
        if atom.repeated {
            // Something that writes nothing stands between, as in `a*(?i)?`.
            atom.wrapped += 1;
            if self.groups.len() + atom.wrapped > DEPTH {
                return Err(RegexError::new(offset, "repetitions nest too deeply"));
            }
            self.written.insert_str(atom.start, "(?:");
            self.written.push(')');
        }
        atom.weight = operator.weight(atom.weight);
        atom.repeated = true;
        if operator.multiplies() && atom.weight > repeat::MOST {
            let message = format!("nested repetitions count to {} at most", repeat::MOST);
            return Err(RegexError::new(offset, message));
        }
        self.weight = self.weight.max(atom.weight);
        // Written to a String, which cannot fail.
        let _ = match operator.most {
            Some(most) => write!(self.written, "{{{},{most}}}", operator.least),
            None => write!(self.written, "{{{},}}", operator.least),
        };
        if turned != self.flags.lazy {
            self.written.push('?');
        }
        self.repeated_at = Some(offset);
        Ok(())
    }
}

/// Reads `P<name>` or `<name>` behind `(?` and returns the bytes read. Groups are addressed by number here,
/// so the name is checked and left out.
fn capture_name(behind: &str, offset: usize) -> Result<Option<usize>, RegexError> {
    let Some(named) = behind.strip_prefix("P<").or_else(|| behind.strip_prefix('<')) else {
        return Ok(None);
    };
    let wrong = |message: &str| Err(RegexError::new(offset, message));
    match named.split_once('>') {
        Some((name, _))
            if !name.is_empty() && name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric()) =>
        {
            Ok(Some(behind.len() - named.len() + name.len() + 1))
        }
        _ if named.starts_with(['=', '!']) => wrong("look-behind is not supported"),
        Some(_) => wrong("the name of a group is letters, digits and `_`"),
        None => wrong("the name of this group has no `>`"),
    }
}
