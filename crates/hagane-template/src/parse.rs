//! Tags to blocks.

use hagane_resource::{Diagnostic, nearest};
use hagane_yaml::{FileId, Span};

use crate::expression::Reader;
use crate::insert::is_sign;
use crate::syntax::{Block, BlockKind, Expression, Item, Items};
use crate::tags::{Piece, Places, Tag, TagKind, pieces};

/// The most blocks inside one another.
const MAX_DEPTH: usize = 64;

/// Reads a template.
pub(crate) fn parse(text: &str, file: FileId) -> Result<Items, Diagnostic> {
    let places = Places::new(text, file);
    // With one of these a template could pretend that a value stands there.
    if let Some((at, c)) = text.char_indices().find(|(_, c)| is_sign(*c)) {
        let message = format!("the character U+{:X} cannot stand in a template", u32::from(c));
        return Err(Diagnostic::error(places.at(at), message).hinted("put it into a value"));
    }
    let mut parser = Parser { places: &places, open: Vec::new(), items: Vec::new() };
    for piece in pieces(text, &places)? {
        match piece {
            Piece::Text { text, start } => {
                parser.items.push(Item::Text { text: text.to_owned(), at: places.at(start) });
            }
            Piece::Tag(tag) => parser.tag(&tag)?,
        }
    }
    match parser.open.pop() {
        None => Ok(parser.items),
        Some(open) => {
            Err(Diagnostic::error(open.at, format!("the block `{}` is not closed", open.kind.word()))
                .hinted(format!("`{{{{/{}}}}}` closes it", open.kind.word())))
        }
    }
}

struct Parser<'t> {
    places: &'t Places<'t>,
    open: Vec<Open>,
    /// What was read within the innermost block.
    items: Items,
}

/// A block that is not closed yet.
struct Open {
    kind: BlockKind,
    subject: Expression,
    names: Vec<String>,
    at: Span,
    /// What stands around it.
    outer: Items,
    /// What stands before `{{else}}`, once that was read.
    before_else: Option<Items>,
    /// Whether it is the `if` of an `{{else if}}`, which ends with the block around it.
    chained: bool,
}

impl<'t> Parser<'t> {
    fn tag(&mut self, tag: &Tag<'t>) -> Result<(), Diagnostic> {
        let mut reader = Reader::new(tag.inner, tag.start, self.places);
        let at = self.places.at(tag.at);
        match tag.kind {
            TagKind::Comment => Ok(()),
            TagKind::Value => {
                let expression = reader.whole()?;
                if !reader.is_at_end() {
                    return Err(reader.error("the tag goes on behind its end"));
                }
                self.items.push(Item::Expression(expression));
                Ok(())
            }
            TagKind::Open => {
                let kind = block_kind(&mut reader)?;
                self.open(kind, &mut reader, at, false)
            }
            TagKind::Inverse => self.open(BlockKind::Unless, &mut reader, at, false),
            TagKind::Else => self.otherwise(&mut reader, at),
            TagKind::Close => self.close(&mut reader, at),
        }
    }

    fn open(
        &mut self,
        kind: BlockKind,
        reader: &mut Reader,
        at: Span,
        chained: bool,
    ) -> Result<(), Diagnostic> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Diagnostic::error(at, format!("more than {MAX_DEPTH} blocks inside one another")));
        }
        let subject = reader.whole()?;
        let mut names = Vec::new();
        if reader.word() == "as" && reader.sign("|") {
            while !reader.sign("|") {
                match reader.word() {
                    "" => return Err(reader.error("`|` is missing").hinted("`as |item index|`")),
                    name => names.push(name.to_owned()),
                }
            }
        }
        if !reader.is_at_end() || names.len() > 2 {
            return Err(reader.error(format!("`{}` takes one value", kind.word())));
        }
        let outer = std::mem::take(&mut self.items);
        self.open.push(Open { kind, subject, names, at, outer, before_else: None, chained });
        Ok(())
    }

    fn otherwise(&mut self, reader: &mut Reader, at: Span) -> Result<(), Diagnostic> {
        let Some(open) = self.open.last_mut() else {
            return Err(Diagnostic::error(at, "`else` stands in no block"));
        };
        if open.before_else.is_some() {
            return Err(Diagnostic::error(at, "the block has its `else` already"));
        }
        open.before_else = Some(std::mem::take(&mut self.items));
        if reader.word() == "else" && !reader.is_at_end() {
            let kind = block_kind(reader)?;
            return self.open(kind, reader, at, true);
        }
        Ok(())
    }

    fn close(&mut self, reader: &mut Reader, at: Span) -> Result<(), Diagnostic> {
        let word = reader.word();
        loop {
            let Some(open) = self.open.pop() else {
                return Err(Diagnostic::error(at, format!("`/{word}` closes nothing")));
            };
            let chained = open.chained;
            let is_named = word == open.kind.word()
                || matches!(&open.subject, Expression::Path(path) if path.text == word);
            if !chained && !is_named {
                let message = format!("`/{word}` closes the block `{}`", open.kind.word());
                return Err(Diagnostic::error(at, message)
                    .hinted_at(format!("`{{{{/{}}}}}` closes it", open.kind.word()), open.at));
            }
            let last = std::mem::replace(&mut self.items, open.outer);
            let (items, otherwise) = match open.before_else {
                Some(items) => (items, last),
                None => (last, Vec::new()),
            };
            let (kind, subject, names) = (open.kind, open.subject, open.names);
            self.items.push(Item::Block(Box::new(Block { kind, subject, names, items, otherwise })));
            if !chained {
                return Ok(());
            }
        }
    }
}

fn block_kind(reader: &mut Reader) -> Result<BlockKind, Diagnostic> {
    let before = reader.span();
    let word = reader.word();
    match BlockKind::ALL.iter().find(|(_, name)| *name == word) {
        Some((kind, _)) => Ok(*kind),
        None => {
            let words = BlockKind::ALL.map(|(_, word)| word);
            let error = Diagnostic::error(before, format!("there is no block `{word}`"));
            Err(match nearest(word, words) {
                Some(near) => error.hinted(format!("did you mean `{near}`?")),
                None => error.hinted(format!("the blocks are {}", words.join(", "))),
            })
        }
    }
}
