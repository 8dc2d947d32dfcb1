//! What can be wrong with a text.

use std::fmt;

use crate::Span;

/// Why a text is not YAML that we take, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlError {
    /// Where.
    pub span: Span,
    /// What is wrong, in a sentence without a full stop.
    pub message: String,
    /// What would be right, where that is known.
    pub hint: Option<String>,
}

impl YamlError {
    /// Returns an error without a hint.
    pub fn new(span: Span, message: impl Into<String>) -> YamlError {
        YamlError { span, message: message.into(), hint: None }
    }

    /// Returns the error with a hint.
    pub fn hinted(mut self, hint: impl Into<String>) -> YamlError {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for YamlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.span.is_known() {
            write!(f, "{}:{}: ", self.span.line, self.span.column)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for YamlError {}
