//! What may follow what inside collections: one step for each place between their tokens.

use super::scanner::no_colon;
use super::token::Kind;
use super::{Event, Events, Layout, Place, Properties, absent};
use crate::{Span, YamlError};

/// Where the reading of a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    FirstDocument,
    NextDocument,
    DocumentContent,
    DocumentEnd,
    End,
    BlockNode,
    BlockSequenceEntry,
    IndentlessEntry,
    BlockKey,
    BlockValue,
    FlowSequenceFirst,
    FlowSequenceEntry,
    /// A pair `[a: b]` in a sequence is a mapping of its own.
    PairKey,
    PairValue,
    PairEnd,
    FlowKeyFirst,
    FlowKey,
    FlowValue,
    FlowNoValue,
}

type Step<'a> = Result<(Event<'a>, Span), YamlError>;

impl<'a> Events<'a> {
    /// Reads a node, after which `next` goes on.
    fn node_then(&mut self, next: State, place: Place) -> Step<'a> {
        self.states.push(next);
        self.node(place)
    }

    fn absent_then(&mut self, next: State, span: Span) -> Step<'a> {
        self.state = next;
        Ok(absent(span))
    }

    fn end_collection(&mut self, event: Event<'a>, span: Span) -> Step<'a> {
        self.scanner.skip();
        self.opened.pop();
        self.end_node();
        Ok((event, span))
    }

    pub(super) fn block_sequence_entry(&mut self) -> Step<'a> {
        match self.scanner.peek()? {
            (Kind::BlockEntry, span) => {
                self.scanner.skip();
                match self.scanner.peek()?.0 {
                    Kind::BlockEntry | Kind::BlockEnd => {
                        self.absent_then(State::BlockSequenceEntry, behind(span))
                    }
                    _ => self.node_then(State::BlockSequenceEntry, Place::Block),
                }
            }
            (Kind::BlockEnd, span) => self.end_collection(Event::SequenceEnd, span),
            (kind, span) => Err(self.no_item(kind, span)),
        }
    }

    pub(super) fn indentless_entry(&mut self) -> Step<'a> {
        let (kind, span) = self.scanner.peek()?;
        if kind != Kind::BlockEntry {
            self.end_node();
            return Ok((Event::SequenceEnd, span));
        }
        self.scanner.skip();
        match self.scanner.peek()?.0 {
            Kind::BlockEntry | Kind::Key | Kind::Value | Kind::BlockEnd => {
                self.absent_then(State::IndentlessEntry, behind(span))
            }
            _ => self.node_then(State::IndentlessEntry, Place::Block),
        }
    }

    pub(super) fn block_key(&mut self) -> Step<'a> {
        match self.scanner.peek()? {
            (Kind::Key, span) => {
                self.scanner.skip();
                match self.scanner.peek()?.0 {
                    Kind::Key | Kind::Value | Kind::BlockEnd => {
                        self.absent_then(State::BlockValue, behind(span))
                    }
                    _ => self.node_then(State::BlockValue, Place::BlockOrIndentless),
                }
            }
            (Kind::BlockEnd, span) => self.end_collection(Event::MappingEnd, span),
            (kind, span) => Err(self.no_key(kind, span)),
        }
    }

    pub(super) fn block_value(&mut self) -> Step<'a> {
        let (kind, span) = self.scanner.peek()?;
        if kind != Kind::Value {
            return self.absent_then(State::BlockKey, span);
        }
        self.scanner.skip();
        match self.scanner.peek()?.0 {
            Kind::Key | Kind::Value | Kind::BlockEnd => self.absent_then(State::BlockKey, behind(span)),
            _ => self.node_then(State::BlockKey, Place::BlockOrIndentless),
        }
    }

    pub(super) fn flow_sequence_entry(&mut self, first: bool) -> Step<'a> {
        self.flow_separator(first, Kind::FlowSequenceEnd)?;
        match self.scanner.peek()? {
            (Kind::FlowSequenceEnd, span) => self.end_collection(Event::SequenceEnd, span),
            (Kind::Key, span) => {
                self.scanner.skip();
                self.state = State::PairKey;
                Ok((Event::MappingStart(Layout::Flow, Properties::default()), span))
            }
            _ => self.node_then(State::FlowSequenceEntry, Place::Flow),
        }
    }

    pub(super) fn pair_key(&mut self) -> Step<'a> {
        let (kind, span) = self.scanner.peek()?;
        match kind {
            Kind::Value | Kind::FlowEntry | Kind::FlowSequenceEnd => {
                // An absent key swallows the token after it, as in go-yaml: what is written so is refused, mostly.
                self.scanner.skip();
                self.absent_then(State::PairValue, behind(span))
            }
            _ => self.node_then(State::PairValue, Place::Flow),
        }
    }

    pub(super) fn pair_value(&mut self) -> Step<'a> {
        let (kind, span) = self.scanner.peek()?;
        if kind == Kind::Value {
            self.scanner.skip();
            if !matches!(self.scanner.peek()?.0, Kind::FlowEntry | Kind::FlowSequenceEnd) {
                return self.node_then(State::PairEnd, Place::Flow);
            }
        }
        self.absent_then(State::PairEnd, span)
    }

    pub(super) fn pair_end(&mut self) -> Step<'a> {
        let (_, span) = self.scanner.peek()?;
        self.state = State::FlowSequenceEntry;
        Ok((Event::MappingEnd, span))
    }

    pub(super) fn flow_key(&mut self, first: bool) -> Step<'a> {
        self.flow_separator(first, Kind::FlowMappingEnd)?;
        match self.scanner.peek()? {
            (Kind::FlowMappingEnd, span) => self.end_collection(Event::MappingEnd, span),
            (Kind::Key, _) => {
                self.scanner.skip();
                let (kind, span) = self.scanner.peek()?;
                match kind {
                    Kind::Value | Kind::FlowEntry | Kind::FlowMappingEnd => {
                        self.absent_then(State::FlowValue, span)
                    }
                    _ => self.node_then(State::FlowValue, Place::Flow),
                }
            }
            _ => self.node_then(State::FlowNoValue, Place::Flow),
        }
    }

    pub(super) fn flow_value(&mut self) -> Step<'a> {
        let (mut kind, mut span) = self.scanner.peek()?;
        if kind == Kind::Value {
            self.scanner.skip();
            (kind, span) = self.scanner.peek()?;
            if !matches!(kind, Kind::FlowEntry | Kind::FlowMappingEnd) {
                return self.node_then(State::FlowKey, Place::Flow);
            }
        }
        self.absent_then(State::FlowKey, span)
    }

    pub(super) fn flow_no_value(&mut self) -> Step<'a> {
        let (_, span) = self.scanner.peek()?;
        self.absent_then(State::FlowKey, span)
    }

    /// Steps over the comma between two entries.
    fn flow_separator(&mut self, first: bool, end: Kind) -> Result<(), YamlError> {
        let (kind, span) = self.scanner.peek()?;
        if first || kind == end {
            return Ok(());
        }
        if kind != Kind::FlowEntry {
            return Err(self.no_separator(kind, span, end));
        }
        self.scanner.skip();
        Ok(())
    }

    /// What is wrong where a node should stand.
    pub(super) fn no_node(&mut self, kind: Kind, span: Span) -> YamlError {
        match kind {
            Kind::StreamEnd | Kind::DocumentStart | Kind::DocumentEnd
                if !self.scanner.brackets.is_empty() =>
            {
                self.not_closed()
            }
            Kind::FlowEntry => YamlError::new(span, "a `,` stands where a value is missing")
                .hinted("take it out, or write `null` or a value before it"),
            Kind::FlowSequenceEnd => {
                YamlError::new(span, "a `]` closes nothing here").hinted("quote the value")
            }
            Kind::FlowMappingEnd => {
                YamlError::new(span, "a `}` closes nothing here").hinted("quote the value")
            }
            Kind::BlockEntry => YamlError::new(span, "a `-` cannot begin an item inside brackets")
                .hinted("items in brackets have a `,` in between"),
            Kind::Value => {
                YamlError::new(span, "a `:` stands here without a key").hinted("write a key before it")
            }
            _ => YamlError::new(span, "a value is missing here").hinted("write one, or `null`"),
        }
    }

    fn no_item(&self, kind: Kind, span: Span) -> YamlError {
        let error = YamlError::new(span, "an item `- ` is missing here");
        let from = self.opened_from("sequence");
        match kind {
            Kind::BlockMappingStart | Kind::Key => {
                error.hinted(format!("a key cannot stand among the items of {from}; check its indentation"))
            }
            _ => error.hinted(format!("every item of {from} begins with `- `, all at one column")),
        }
    }

    fn no_key(&self, kind: Kind, span: Span) -> YamlError {
        let at_keys = self.opened.last().is_some_and(|opened| opened.column == span.column);
        if at_keys && matches!(kind, Kind::Scalar(_) | Kind::Alias) {
            return no_colon(span);
        }
        let error = YamlError::new(span, "a key is missing here");
        let from = self.opened_from("mapping");
        match kind {
            Kind::BlockEntry | Kind::BlockSequenceStart => error
                .hinted(format!("an item `- ` cannot stand among the keys of {from}; check its indentation")),
            Kind::BlockMappingStart => {
                error.hinted(format!("the keys of {from} stand at one column; check the indentation"))
            }
            Kind::Scalar(_) => error.hinted("a value ends before this; quote it whole"),
            Kind::FlowSequenceEnd | Kind::FlowMappingEnd => {
                error.hinted("no bracket is open; quote the value")
            }
            _ => error.hinted(format!("the entries of {from} read `key: value`")),
        }
    }

    fn no_separator(&self, kind: Kind, span: Span, end: Kind) -> YamlError {
        if matches!(kind, Kind::StreamEnd | Kind::DocumentStart | Kind::DocumentEnd) {
            return self.not_closed();
        }
        let bracket = if end == Kind::FlowSequenceEnd { ']' } else { '}' };
        let error = YamlError::new(span, format!("a `,` or a `{bracket}` is missing before this"));
        let opening = if end == Kind::FlowSequenceEnd { '[' } else { '{' };
        match self.opened.last() {
            Some(opened) => error
                .hinted(format!("the `{opening}` stands at line {}, column {}", opened.line, opened.column)),
            None => error,
        }
    }

    fn not_closed(&self) -> YamlError {
        let Some(bracket) = self.scanner.brackets.last() else {
            return YamlError::new(
                self.opened.last().copied().unwrap_or_default(),
                "the bracket that opens here is not closed",
            );
        };
        let missing = if bracket.kind == Kind::FlowSequenceStart { ']' } else { '}' };
        YamlError::new(bracket.span, "the bracket that opens here is not closed")
            .hinted(format!("a `{missing}` is missing"))
    }

    fn opened_from(&self, what: &str) -> String {
        match self.opened.last() {
            Some(opened) => format!("the {what} from line {}", opened.line),
            None => format!("the {what}"),
        }
    }
}

/// Returns the place behind an indicator.
fn behind(indicator: Span) -> Span {
    Span { column: indicator.column + 1, ..indicator }
}
