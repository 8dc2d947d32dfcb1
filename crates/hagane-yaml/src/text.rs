//! The text of a scalar, and the mark on secret ones.

use std::fmt;

use compact_str::CompactString;
use zeroize::Zeroizing;

/// The text of a scalar. A *sensitive* text came out of decryption, wholly or in part: it is zeroed when
/// dropped and never shown by `Debug`. Short plain texts (24 bytes, so nearly every key) lie inline.
#[derive(Clone)]
pub enum Text {
    /// Text that anybody may see.
    Plain(CompactString),
    /// Text that holds decrypted bytes.
    Sensitive(Box<Zeroizing<String>>),
}

impl Text {
    /// Returns a sensitive text.
    pub fn sensitive(text: String) -> Text {
        Text::Sensitive(Box::new(Zeroizing::new(text)))
    }

    /// Returns `text`, sensitive when `mark` is: for a value computed from `mark`'s.
    pub fn marked_as(text: impl Into<String>, mark: &Text) -> Text {
        Text::with_mark(text, mark.is_sensitive())
    }

    /// Returns `text`, sensitive or not. A sensitive text is taken over as it is: no copy of it is left behind.
    pub fn with_mark(text: impl Into<String>, sensitive: bool) -> Text {
        if sensitive { Text::sensitive(text.into()) } else { Text::Plain(text.into().into()) }
    }

    /// Returns the text itself. Callers that print it answer for [`is_sensitive`](Text::is_sensitive).
    pub fn as_str(&self) -> &str {
        match self {
            Text::Plain(text) => text,
            Text::Sensitive(text) => text,
        }
    }

    /// Takes the text out; a long one is not copied. Whoever takes a sensitive one answers for it.
    pub fn into_string(self) -> String {
        match self {
            Text::Plain(text) => text.into_string(),
            Text::Sensitive(mut text) => std::mem::take(&mut **text),
        }
    }

    /// Returns the text for a message: a decrypted one is not shown.
    pub fn shown(&self) -> &str {
        if self.is_sensitive() { "«decrypted»" } else { self.as_str() }
    }

    /// Returns whether the text holds decrypted bytes.
    pub fn is_sensitive(&self) -> bool {
        matches!(self, Text::Sensitive(_))
    }
}

impl Default for Text {
    fn default() -> Text {
        Text::Plain(CompactString::const_new(""))
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Text) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text {}

impl std::hash::Hash for Text {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text::Plain(text.into())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Text {
        Text::Plain(text.into())
    }
}

impl From<CompactString> for Text {
    fn from(text: CompactString) -> Text {
        Text::Plain(text)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Text::Plain(text) => text.fmt(f),
            Text::Sensitive(_) => f.write_str("«redacted»"),
        }
    }
}
