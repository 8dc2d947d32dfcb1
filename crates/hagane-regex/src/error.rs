//! What is wrong with a pattern, and where.

use std::fmt;

/// A pattern that Go would refuse, or that is too big to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegexError {
    /// Where the fault starts, in bytes into the pattern.
    pub offset: usize,
    /// What is wrong.
    pub message: String,
}

impl RegexError {
    pub(crate) fn new(offset: usize, message: impl Into<String>) -> RegexError {
        RegexError { offset, message: message.into() }
    }
}

impl fmt::Display for RegexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RegexError {}
