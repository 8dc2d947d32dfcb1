//! Which values of a file are encrypted: one of six selectors, tested against every key of a path, or against
//! the comments above a value.

use hagane_regex::Regex;

/// The selector of a file.
#[derive(Clone, Debug)]
pub enum Selector {
    /// Encrypts all but what ends so.
    UnencryptedSuffix(String),
    /// Encrypts only what ends so.
    EncryptedSuffix(String),
    /// Encrypts all but what matches.
    UnencryptedRegex(Pattern),
    /// Encrypts only what matches.
    EncryptedRegex(Pattern),
    /// Encrypts all but what stands below a comment that matches.
    UnencryptedComment(Pattern),
    /// Encrypts only what stands below a comment that matches.
    EncryptedComment(Pattern),
}

/// A regular expression. SOPS takes an invalid one for one that never matches, and writes files so.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    regex: Option<Regex>,
}

impl Pattern {
    /// Returns the pattern of a text.
    pub(crate) fn new(pattern: &str) -> Pattern {
        Pattern { text: pattern.to_owned(), regex: Regex::new(pattern).ok() }
    }

    fn is_match(&self, text: &str) -> bool {
        self.regex.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

/// The names of the selectors in SOPS's metadata and in `.sops.yaml`.
pub(crate) const FIELDS: [&str; 6] = [
    "unencrypted_suffix",
    "encrypted_suffix",
    "unencrypted_regex",
    "encrypted_regex",
    "unencrypted_comment_regex",
    "encrypted_comment_regex",
];

impl Default for Selector {
    /// Returns the selector of files that name none.
    fn default() -> Selector {
        Selector::UnencryptedSuffix("_unencrypted".into())
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
    /// Returns the selector of a field of this name, as SOPS's metadata and `.sops.yaml` have it.
    pub fn of_field(field: &str, text: &str) -> Option<Selector> {
        Some(match field {
            "unencrypted_suffix" => Selector::UnencryptedSuffix(text.to_owned()),
            "encrypted_suffix" => Selector::EncryptedSuffix(text.to_owned()),
            "unencrypted_regex" => Selector::UnencryptedRegex(Pattern::new(text)),
            "encrypted_regex" => Selector::EncryptedRegex(Pattern::new(text)),
            "unencrypted_comment_regex" => Selector::UnencryptedComment(Pattern::new(text)),
            "encrypted_comment_regex" => Selector::EncryptedComment(Pattern::new(text)),
            _ => return None,
        })
    }

    /// Returns the name of the field and its text.
    pub fn field(&self) -> (&'static str, &str) {
        match self {
            Selector::UnencryptedSuffix(text) => ("unencrypted_suffix", text),
            Selector::EncryptedSuffix(text) => ("encrypted_suffix", text),
            Selector::UnencryptedRegex(pattern) => ("unencrypted_regex", &pattern.text),
            Selector::EncryptedRegex(pattern) => ("encrypted_regex", &pattern.text),
            Selector::UnencryptedComment(pattern) => ("unencrypted_comment_regex", &pattern.text),
            Selector::EncryptedComment(pattern) => ("encrypted_comment_regex", &pattern.text),
        }
    }

    /// Returns whether the selector is a regular expression that can match nothing because it is none.
    pub fn is_broken(&self) -> bool {
        match self {
            Selector::UnencryptedSuffix(_) | Selector::EncryptedSuffix(_) => false,
            Selector::UnencryptedRegex(pattern)
            | Selector::EncryptedRegex(pattern)
            | Selector::UnencryptedComment(pattern)
            | Selector::EncryptedComment(pattern) => pattern.regex.is_none(),
        }
    }

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
