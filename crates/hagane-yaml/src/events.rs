//! Text to events: YAML 1.1 as Go's libraries read it, whatever YAML 1.2 says.
//!
//! kustomize and SOPS read through go-yaml, a descendant of libyaml. What it accepts, refuses and reads into a text
//! is followed here, in its oddest corners too, because the files that people have were tried against it.
//! The scanner makes tokens, [`states`] turns tokens into events; neither calls itself, so that no text is too deep
//! for the stack.

mod block_scalar;
mod plain;
mod quoted;
mod scanner;
mod source;
mod states;
mod tag;
#[cfg(test)]
mod tests;
mod token;

use std::borrow::Cow;
use std::collections::BTreeMap;

use self::scanner::Scanner;
use self::states::State;
use self::token::Kind;
use crate::{Dialect, FileId, Span, Style, YamlError};

/// A step through a text.
#[derive(Debug, PartialEq)]
pub(crate) enum Event<'a> {
    StreamEnd,
    DocumentStart,
    DocumentEnd,
    /// A scalar; an absent value is an empty plain one.
    Scalar(Cow<'a, str>, Style, Properties<'a>),
    SequenceStart(Layout, Properties<'a>),
    SequenceEnd,
    MappingStart(Layout, Properties<'a>),
    MappingEnd,
    /// An alias, with the number of the anchor that it names.
    Alias(usize),
}

/// How a collection is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    Block,
    Flow,
}

/// What stands before a node.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Properties<'a> {
    /// The number of the node's anchor, from 1 in every document; 0 without one.
    pub(crate) anchor: usize,
    /// The tag in full: `tag:yaml.org,2002:str` for `!!str`, `!mine` for `!mine`, `!` for `!`.
    pub(crate) tag: Option<Cow<'a, str>>,
}

/// The namespace of YAML's own tags, which are written `!!name`.
pub(crate) const TAG_NAMESPACE: &str = "tag:yaml.org,2002:";

/// What to do with a text after a document that does not begin with `---`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Leave it unread, as everyone does who reads one document.
    Ignore,
    /// Refuse it, as everyone does who reads all documents.
    Refuse,
}

/// What decides how a text is read.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) file: FileId,
    /// Lines of the file before the text.
    pub(crate) lines_before: u32,
    pub(crate) dialect: Dialect,
    /// Whether quoted scalars take the escapes of JSON too: `\/` and pairs of surrogates.
    pub(crate) json: bool,
    pub(crate) rest: Rest,
    /// How many blocks, and how many brackets, may stand in one another.
    pub(crate) depth: usize,
}

/// The events of a text.
pub(crate) struct Events<'a> {
    scanner: Scanner<'a>,
    rest: Rest,
    state: State,
    /// What goes on once the node at hand is complete.
    states: Vec<State>,
    /// Where the open collections began.
    opened: Vec<Span>,
    /// The number of each anchor of the document.
    anchors: BTreeMap<Cow<'a, str>, usize>,
    /// The names of the anchors of the document, by their numbers less 1.
    anchor_names: Vec<Cow<'a, str>>,
    /// The document's `%TAG` handles with their prefixes.
    handles: Vec<(&'a str, Cow<'a, str>)>,
}

impl<'a> Events<'a> {
    /// Returns the events of a text. Fails if a character must not be in any.
    pub(crate) fn new(text: &'a str, settings: Settings) -> Result<Events<'a>, YamlError> {
        Ok(Events {
            scanner: Scanner::new(text, settings)?,
            rest: settings.rest,
            state: State::FirstDocument,
            states: Vec::new(),
            opened: Vec::new(),
            anchors: BTreeMap::new(),
            anchor_names: Vec::new(),
            handles: Vec::new(),
        })
    }

    /// Returns the next event and where it begins; [`Event::StreamEnd`] again and again at the end.
    pub(crate) fn next(&mut self) -> Result<(Event<'a>, Span), YamlError> {
        match self.state {
            State::FirstDocument | State::NextDocument => self.document_start(),
            State::DocumentContent => self.document_content(),
            State::DocumentEnd => self.document_end(),
            State::End => {
                Ok((Event::StreamEnd, self.scanner.peek().map_or(Span::default(), |(_, span)| span)))
            }
            State::BlockNode => self.node(Place::Block),
            State::BlockSequenceEntry => self.block_sequence_entry(),
            State::IndentlessEntry => self.indentless_entry(),
            State::BlockKey => self.block_key(),
            State::BlockValue => self.block_value(),
            State::FlowSequenceFirst => self.flow_sequence_entry(true),
            State::FlowSequenceEntry => self.flow_sequence_entry(false),
            State::PairKey => self.pair_key(),
            State::PairValue => self.pair_value(),
            State::PairEnd => self.pair_end(),
            State::FlowKeyFirst => self.flow_key(true),
            State::FlowKey => self.flow_key(false),
            State::FlowValue => self.flow_value(),
            State::FlowNoValue => self.flow_no_value(),
        }
    }

    /// Returns the name of an anchor of the document, by its number.
    pub(crate) fn anchor_name(&self, number: usize) -> Option<&str> {
        Some(self.anchor_names.get(number.checked_sub(1)?)?)
    }

    /// Looks at what stands behind a node as far as Go's parser does: yaml.v3 goes two tokens farther, for comments.
    pub(crate) fn look_ahead(&mut self) -> Result<(), YamlError> {
        self.scanner.look_ahead()
    }

    fn document_start(&mut self) -> Result<(Event<'a>, Span), YamlError> {
        let first = self.state == State::FirstDocument;
        while !first && self.scanner.peek()?.0 == Kind::DocumentEnd {
            self.scanner.skip();
        }
        let (kind, span) = self.scanner.peek()?;
        self.anchors.clear();
        self.anchor_names.clear();
        self.states.clear();
        self.states.push(State::DocumentEnd);
        match kind {
            Kind::StreamEnd => return Ok(self.stream_end(span)),
            Kind::VersionDirective | Kind::TagDirective | Kind::DocumentStart => {
                self.directives()?;
                let (kind, span) = self.scanner.peek()?;
                if kind != Kind::DocumentStart && !first && self.rest == Rest::Ignore {
                    return Ok(self.stream_end(span));
                }
                if kind != Kind::DocumentStart {
                    let error = YamlError::new(span, "a line `---` is missing after the directives");
                    return Err(error.hinted("end the lines that start with `%` with a line `---`"));
                }
                self.scanner.skip();
                self.state = State::DocumentContent;
            }
            _ if first => self.state = State::BlockNode,
            _ if self.rest == Rest::Ignore => return Ok(self.stream_end(span)),
            _ => {
                let error = YamlError::new(span, "the document has ended before this");
                return Err(error.hinted("begin another document with a line `---`"));
            }
        }
        Ok((Event::DocumentStart, span))
    }

    fn stream_end(&mut self, span: Span) -> (Event<'a>, Span) {
        self.state = State::End;
        (Event::StreamEnd, span)
    }

    fn directives(&mut self) -> Result<(), YamlError> {
        let mut has_version = false;
        loop {
            match self.scanner.peek()? {
                (Kind::VersionDirective, span) => {
                    let version = self.scanner.take().text;
                    if has_version {
                        return Err(YamlError::new(span, "`%YAML` stands here for the second time"));
                    }
                    if !version.split('.').all(|number| number.parse() == Ok(1)) {
                        let error = YamlError::new(span, format!("version {version} of YAML is not read"));
                        return Err(error.hinted("drop the line, or write `%YAML 1.1`"));
                    }
                    has_version = true;
                }
                (Kind::TagDirective, span) => {
                    let token = self.scanner.take();
                    if self.handles.iter().any(|(handle, _)| *handle == token.handle) {
                        let message = format!("`%TAG {}` stands here for the second time", token.handle);
                        return Err(YamlError::new(span, message));
                    }
                    self.handles.push((token.handle, token.text));
                }
                _ => return Ok(()),
            }
        }
    }

    fn document_content(&mut self) -> Result<(Event<'a>, Span), YamlError> {
        let (kind, span) = self.scanner.peek()?;
        match kind {
            Kind::VersionDirective
            | Kind::TagDirective
            | Kind::DocumentStart
            | Kind::DocumentEnd
            | Kind::StreamEnd => {
                self.end_node();
                Ok(absent(span))
            }
            _ => self.node(Place::Block),
        }
    }

    fn document_end(&mut self) -> Result<(Event<'a>, Span), YamlError> {
        let (kind, span) = self.scanner.peek()?;
        if kind == Kind::DocumentEnd {
            self.scanner.skip();
        }
        self.handles.clear();
        self.state = State::NextDocument;
        Ok((Event::DocumentEnd, span))
    }

    /// Goes on with what waited for a node.
    fn end_node(&mut self) {
        self.state = self.states.pop().unwrap_or(State::DocumentEnd);
    }

    /// Reads a node, or the beginning of a collection.
    fn node(&mut self, place: Place) -> Result<(Event<'a>, Span), YamlError> {
        let (mut kind, mut span) = self.scanner.peek()?;
        if kind == Kind::Alias {
            let name = self.scanner.take().text;
            self.end_node();
            let Some(anchor) = self.anchors.get(&name) else {
                // The name is not told: where a value is meant, it may be a secret (`password: *word`).
                let error = YamlError::new(span, "no anchor has the name of this alias");
                return Err(error.hinted(
                    "set the anchor (`&name`) before its first use, in the same document; a value that begins with `*` \
                     stands in quotes",
                ));
            };
            return Ok((Event::Alias(*anchor), span));
        }
        let mut properties = Properties::default();
        let has_properties = matches!(kind, Kind::Anchor | Kind::Tag);
        if has_properties {
            self.properties(&mut properties)?;
            (kind, span) = self.scanner.peek()?;
        }
        let (event, state) = match kind {
            Kind::BlockEntry if place == Place::BlockOrIndentless => {
                (Event::SequenceStart(Layout::Block, properties), State::IndentlessEntry)
            }
            Kind::Scalar(style) => {
                self.end_node();
                return Ok((Event::Scalar(self.scanner.take().text, style, properties), span));
            }
            Kind::FlowSequenceStart => {
                (Event::SequenceStart(Layout::Flow, properties), State::FlowSequenceFirst)
            }
            Kind::FlowMappingStart => (Event::MappingStart(Layout::Flow, properties), State::FlowKeyFirst),
            Kind::BlockSequenceStart if place != Place::Flow => {
                (Event::SequenceStart(Layout::Block, properties), State::BlockSequenceEntry)
            }
            Kind::BlockMappingStart if place != Place::Flow => {
                (Event::MappingStart(Layout::Block, properties), State::BlockKey)
            }
            _ if has_properties => {
                self.end_node();
                return Ok((Event::Scalar(Cow::Borrowed(""), Style::Plain, properties), span));
            }
            _ => return Err(self.no_node(kind, span)),
        };
        if kind != Kind::BlockEntry {
            self.scanner.skip();
            self.opened.push(span);
        }
        self.state = state;
        Ok((event, span))
    }

    /// Reads an anchor and a tag, in either order.
    fn properties(&mut self, properties: &mut Properties<'a>) -> Result<(), YamlError> {
        for _ in 0..2 {
            match self.scanner.peek()? {
                (Kind::Anchor, _) if properties.anchor == 0 => {
                    let name = self.scanner.take().text;
                    self.anchor_names.push(name.clone());
                    properties.anchor = self.anchor_names.len();
                    self.anchors.insert(name, properties.anchor);
                }
                (Kind::Tag, span) if properties.tag.is_none() => {
                    let token = self.scanner.take();
                    properties.tag = Some(self.whole_tag(token.handle, token.text, span)?);
                }
                _ => break,
            }
        }
        Ok(())
    }

    fn whole_tag(&self, handle: &str, suffix: Cow<'a, str>, span: Span) -> Result<Cow<'a, str>, YamlError> {
        let prefix = match self.handles.iter().find(|(known, _)| *known == handle) {
            _ if handle.is_empty() => return Ok(suffix),
            Some((_, prefix)) => prefix,
            None if handle == "!" => "!",
            None if handle == "!!" => TAG_NAMESPACE,
            None => {
                let error = YamlError::new(span, "the handle of this tag is not defined");
                return Err(error.hinted(
                    "define it before the document: `%TAG !handle! prefix`; a value that begins with `!` stands in quotes",
                ));
            }
        };
        Ok(Cow::Owned(format!("{prefix}{suffix}")))
    }
}

/// Where a node stands, which decides what it may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Block,
    /// A value whose sequence may stand no deeper than its key.
    BlockOrIndentless,
    Flow,
}

/// A value that is not written.
fn absent<'a>(span: Span) -> (Event<'a>, Span) {
    (Event::Scalar(Cow::Borrowed(""), Style::Plain, Properties::default()), span)
}
