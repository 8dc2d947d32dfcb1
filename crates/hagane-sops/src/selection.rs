//! Which values of a file are encrypted: one of six selectors, tested against every key of a path, or against
//! the comments above a value.

use hagane_regex::Regex;

/// The selector of a file.
#[derive(Debug)]
pub(crate) enum Selector {
    UnencryptedSuffix(String),
    EncryptedSuffix(String),
    UnencryptedRegex(Pattern),
    EncryptedRegex(Pattern),
    UnencryptedComment(Pattern),
    EncryptedComment(Pattern),
}

/// A regular expression. SOPS takes an invalid one for one that never matches, and writes files so.
#[derive(Debug)]
pub(crate) struct Pattern(Option<Regex>);

impl Pattern {
    pub(crate) fn new(pattern: &str) -> Pattern {
        Pattern(Regex::new(pattern).ok())
    }

    fn is_match(&self, text: &str) -> bool {
        self.0.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

/// What the selector has seen on the way down to a place in the tree.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    /// A key of the path matches, or a comment above one of its keys.
    above: bool,
    /// A comment directly above the next value of this collection matches.
    comment: bool,
}

impl Selector {
    /// Returns what is seen inside of `key`.
    pub(crate) fn enter(&self, seen: Seen, key: &str) -> Seen {
        let matches = match self {
            Selector::UnencryptedSuffix(suffix) | Selector::EncryptedSuffix(suffix) => {
                key.ends_with(suffix.as_str())
            }
            Selector::UnencryptedRegex(pattern) | Selector::EncryptedRegex(pattern) => pattern.is_match(key),
            Selector::UnencryptedComment(_) | Selector::EncryptedComment(_) => false,
        };
        Seen { above: seen.above || seen.comment || matches, comment: false }
    }

    /// Returns what is seen inside of a sequence.
    pub(crate) fn enter_sequence(&self, seen: Seen) -> Seen {
        Seen { above: seen.above || seen.comment, comment: false }
    }

    /// Takes note of a comment, and returns whether it is encrypted itself.
    pub(crate) fn comment(&self, seen: &mut Seen, text: &[u8]) -> bool {
        let matches = |pattern: &Pattern| std::str::from_utf8(text).is_ok_and(|text| pattern.is_match(text));
        match self {
            Selector::UnencryptedComment(pattern) => {
                seen.comment |= matches(pattern);
                self.encrypts(*seen)
            }
            // The comment that asks for encryption stays readable.
            Selector::EncryptedComment(pattern) => {
                let encrypted = self.encrypts(*seen);
                seen.comment |= matches(pattern);
                encrypted
            }
            _ => self.encrypts(*seen),
        }
    }

    /// Takes note that a value has passed: the comments above it are spent.
    pub(crate) fn leave(&self, seen: &mut Seen) {
        seen.comment = false;
    }

    /// Returns whether a value at this place is encrypted.
    pub(crate) fn encrypts(&self, seen: Seen) -> bool {
        let seen = seen.above || seen.comment;
        match self {
            Selector::UnencryptedSuffix(_)
            | Selector::UnencryptedRegex(_)
            | Selector::UnencryptedComment(_) => !seen,
            Selector::EncryptedSuffix(_) | Selector::EncryptedRegex(_) | Selector::EncryptedComment(_) => {
                seen
            }
        }
    }
}
