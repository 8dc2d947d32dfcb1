//! What stands in the text where a value will be.
//!
//! A value is written as a sign of two characters of the planes for private use, in which its number is. No template holds such a
//! character, so none can be forged; and what is in a value is never looked at.

use hagane_yaml::{Node, Scalar, Span, Text};

/// A value that takes its place once the text is a tree.
#[derive(Clone, Debug)]
pub(crate) struct Insert {
    pub(crate) what: What,
    /// Where the template writes it.
    pub(crate) at: Span,
}

/// How a value stands in a text, and what it is alone.
#[derive(Clone, Debug)]
pub(crate) enum What {
    /// As it is.
    Plain(Scalar),
    /// In quotes.
    Quoted { text: Text, quote: Quote },
    /// In the clear where YAML allows that, else in quotes: a scalar of a tree that is written as YAML.
    Yaml(Scalar),
    /// As JSON; alone, the tree.
    Json(Node),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quote {
    Single,
    Double,
}

const FIRST: u32 = 0xF_0000;
const SECOND: u32 = 0x10_0000;
const RADIX: u32 = 60_000;

/// Returns whether a character is one of those that signs are made of.
pub(crate) fn is_sign(c: char) -> bool {
    u32::from(c) >= FIRST
}

/// Appends the sign of a number.
pub(crate) fn push_sign(out: &mut String, number: usize) {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    out.extend(char::from_u32(FIRST + (number / RADIX).min(RADIX)));
    out.extend(char::from_u32(SECOND + number % RADIX));
}

/// Returns the number of a sign.
pub(crate) fn number_of(first: char, second: char) -> Option<usize> {
    let high = u32::from(first).checked_sub(FIRST).filter(|high| *high < RADIX)?;
    let low = u32::from(second).checked_sub(SECOND).filter(|low| *low < RADIX)?;
    Some((high * RADIX + low) as usize)
}

/// Returns a text in which a word stands for each sign, fit for a message.
pub(crate) fn without_signs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match u32::from(c) {
            SECOND.. => {}
            FIRST.. => out.push_str("{{…}}"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_read_back() {
        for number in [0, 1, 59_999, 60_000, 123_456_789] {
            let mut text = String::new();
            push_sign(&mut text, number);
            let mut chars = text.chars();
            let (first, second) = (chars.next().unwrap(), chars.next().unwrap());
            assert_eq!((number_of(first, second), chars.next()), (Some(number), None));
            assert_eq!(without_signs(&format!("a{text}b")), "a{{…}}b");
        }
        assert_eq!(number_of('a', 'b'), None);
    }
}
