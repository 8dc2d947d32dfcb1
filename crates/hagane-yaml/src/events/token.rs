//! Tokens: what the scanner finds in a text, before it means anything.

use std::borrow::Cow;

use crate::{Span, Style};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    StreamEnd,
    VersionDirective,
    TagDirective,
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias,
    Anchor,
    Tag,
    Scalar(Style),
}

/// A token, where it begins, and its text.
#[derive(Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) span: Span,
    /// The text of a scalar, the name of an anchor or an alias, the suffix of a tag, the prefix of a `%TAG`.
    pub(super) text: Cow<'a, str>,
    /// The handle of a tag or of a `%TAG`; empty for a tag that is written out.
    pub(super) handle: &'a str,
    /// Whether the token may turn out to be a key: the number of its place among the scanner's keys.
    pub(super) key: Option<usize>,
}

impl<'a> Token<'a> {
    pub(super) fn new(kind: Kind, span: Span) -> Token<'a> {
        Token { kind, span, text: Cow::Borrowed(""), handle: "", key: None }
    }

    pub(super) fn with_text(kind: Kind, span: Span, text: impl Into<Cow<'a, str>>) -> Token<'a> {
        Token { text: text.into(), ..Token::new(kind, span) }
    }
}
