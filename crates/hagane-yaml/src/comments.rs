//! Comments, attached to nodes as Go's yaml.v3 attaches them.
//!
//! yaml.v3 has no rule for comments, it has a procedure: its scanner notes each comment with the token it seems
//! to belong to, its parser gathers the notes while it looks ahead, and each node takes what has been gathered
//! when its turn comes. SOPS encrypts comments by where they end up, so the procedure is followed here, over
//! the tokens of `granit-parser`: [`scan`] notes, and this module gathers and hands out.

mod scan;

use self::scan::{Note, Scan, Token, TokenKind};
use crate::{Comments, Text};

/// Returns the comments of every node of a text, in the order in which the nodes begin. A text that does not
/// scan has none: whoever parses it will say why.
pub(crate) fn of_nodes(text: &str, depth: usize) -> Vec<Comments> {
    if !text.contains('#') {
        return Vec::new();
    }
    let Some(scan) = scan::scan(text, depth) else {
        return Vec::new();
    };
    let mut gatherer = Gatherer {
        scan,
        at: 0,
        fetched: 0,
        noted: 0,
        waiting: Gathered::default(),
        stem: None,
        nodes: Vec::new(),
    };
    gatherer.documents();
    gatherer.nodes.into_iter().map(Gathered::into_comments).collect()
}

/// Comment texts, lines and all.
#[derive(Clone, Debug, Default)]
struct Gathered {
    head: String,
    line: String,
    foot: String,
}

impl Gathered {
    fn into_comments(self) -> Comments {
        let lines = |text: String| match text.is_empty() {
            true => Vec::new(),
            false => text.split('\n').map(Text::from).collect(),
        };
        Comments { head: lines(self.head), line: lines(self.line), foot: lines(self.foot) }
    }
}

fn join(text: &mut String, more: &str) {
    if !more.is_empty() {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(more);
    }
}

struct Gatherer {
    scan: Scan,
    /// The token that is next.
    at: usize,
    /// How many steps the scanner is ahead.
    fetched: usize,
    /// How many notes were gathered.
    noted: usize,
    waiting: Gathered,
    /// The comment above an item of a sequence, which goes to the collection in the item.
    stem: Option<String>,
    nodes: Vec<Gathered>,
}

/// Whether a value may be a sequence whose items stand no deeper than the key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    No,
    Yes,
    OrIndentless,
}

impl Gatherer {
    /// Looks at the next token, and gathers the notes up to it. The scanner is two tokens ahead of the parser,
    /// and further while the next token may turn out to be a key.
    fn peek(&mut self) -> TokenKind {
        let Some(token) = self.scan.tokens.get(self.at) else {
            return TokenKind::StreamEnd;
        };
        let (kind, start) = (token.kind, token.start);
        while self.fetched < self.scan.steps
            && (token_step(&self.scan, self.at) >= self.fetched || !self.is_ahead())
        {
            self.fetched += 1;
        }
        while let Some(note) = self.scan.notes.get(self.noted) {
            if note.step >= self.fetched || note.token > start {
                break;
            }
            // The end of a block has no head; the comment waits for what follows.
            if !note.head.is_empty() && kind == TokenKind::BlockEnd {
                break;
            }
            let Note { head, line, foot, .. } = note;
            join(&mut self.waiting.head, head);
            join(&mut self.waiting.foot, foot);
            join(&mut self.waiting.line, line);
            self.noted += 1;
        }
        kind
    }

    fn is_ahead(&self) -> bool {
        self.scan.tokens[self.at..].iter().take(8).filter(|token| token.step < self.fetched).take(3).count()
            == 3
    }

    fn skip(&mut self) {
        self.at += 1;
    }

    fn take(&mut self) -> Gathered {
        self.stem = None;
        std::mem::take(&mut self.waiting)
    }

    fn push(&mut self, comments: Gathered) -> usize {
        self.nodes.push(comments);
        self.nodes.len() - 1
    }

    fn documents(&mut self) {
        if self.peek() == TokenKind::StreamStart {
            self.skip();
        }
        let mut first = true;
        loop {
            while !first && self.peek() == TokenKind::DocumentEnd {
                self.skip();
            }
            let mut own_head = String::new();
            match self.peek() {
                TokenKind::StreamEnd => return,
                TokenKind::DocumentStart | TokenKind::Directive => {
                    while self.peek() == TokenKind::Directive {
                        self.skip();
                    }
                    self.skip();
                }
                _ if first => own_head = split_document_head(&mut self.waiting.head),
                _ => {}
            }
            first = false;
            let before = self.at;
            let root = match self.peek() {
                TokenKind::DocumentStart
                | TokenKind::DocumentEnd
                | TokenKind::StreamEnd
                | TokenKind::Directive => self.push(Gathered::default()),
                _ => self.node(Block::Yes),
            };
            let ended = self.peek() == TokenKind::DocumentEnd;
            if ended {
                self.skip();
            }
            let mut end = self.take();
            if end.foot.is_empty() {
                end.foot = std::mem::take(&mut end.head);
            }
            let root = &mut self.nodes[root];
            if !own_head.is_empty() {
                // A blank line parts the comment of the document from the one of its first node.
                own_head.push_str("\n\n");
                own_head.push_str(&root.head);
                root.head = own_head;
            }
            join(&mut root.foot, &end.foot);
            if self.at == before && !ended && self.peek() != TokenKind::DocumentStart {
                return; // Nothing was read: the tokens are not a document.
            }
        }
    }

    fn node(&mut self, block: Block) -> usize {
        while matches!(self.peek(), TokenKind::Anchor | TokenKind::Tag) {
            self.skip();
        }
        match self.peek() {
            TokenKind::Scalar | TokenKind::Alias => {
                let own = self.take();
                self.skip();
                self.push(own)
            }
            TokenKind::BlockEntry if block == Block::OrIndentless => self.indentless_sequence(),
            TokenKind::FlowSequenceStart => self.flow_sequence(),
            TokenKind::FlowMappingStart => self.flow_mapping(),
            TokenKind::BlockSequenceStart if block != Block::No => self.block_sequence(),
            TokenKind::BlockMappingStart if block != Block::No => self.block_mapping(),
            // An anchor or a tag alone is an empty scalar.
            _ => self.push(Gathered::default()),
        }
    }

    /// Begins a block collection: it takes the comment above the item it stands in, and nothing else.
    fn block_start(&mut self) -> usize {
        let head = self.stem.take().unwrap_or_default();
        self.push(Gathered { head, ..Gathered::default() })
    }

    fn block_sequence(&mut self) -> usize {
        let index = self.block_start();
        self.skip();
        while self.peek() == TokenKind::BlockEntry {
            self.item(&[TokenKind::BlockEntry, TokenKind::BlockEnd]);
        }
        if self.peek() == TokenKind::BlockEnd {
            self.skip();
        }
        (self.nodes[index].line, self.nodes[index].foot) = Default::default();
        index
    }

    fn indentless_sequence(&mut self) -> usize {
        let index = self.push(Gathered::default());
        while self.peek() == TokenKind::BlockEntry {
            self.item(&[TokenKind::BlockEntry, TokenKind::Key, TokenKind::Value, TokenKind::BlockEnd]);
        }
        index
    }

    fn item(&mut self, empty_before: &[TokenKind]) {
        let stem = self.waiting.head.len();
        self.skip();
        let next = self.peek();
        if stem > 0 && matches!(next, TokenKind::BlockSequenceStart | TokenKind::BlockMappingStart) {
            let rest = self.waiting.head.get(stem + 1..).unwrap_or_default().to_owned();
            self.waiting.head.truncate(stem);
            self.stem = Some(std::mem::replace(&mut self.waiting.head, rest));
        }
        if empty_before.contains(&next) {
            self.push(Gathered::default());
        } else {
            self.node(Block::Yes);
        }
    }

    fn block_mapping(&mut self) -> usize {
        let index = self.block_start();
        self.skip();
        let empty_before = [TokenKind::Key, TokenKind::Value, TokenKind::BlockEnd];
        let mut last_key: Option<usize> = None;
        loop {
            let kind = self.peek();
            if !matches!(kind, TokenKind::Key | TokenKind::Value) {
                break;
            }
            if kind == TokenKind::Key {
                self.skip();
            }
            let key = self.node_unless(&empty_before);
            if !self.nodes[key].foot.is_empty()
                && let Some(last) = last_key
            {
                // A foot in front of this key belongs to the entry above it.
                self.nodes[last].foot = std::mem::take(&mut self.nodes[key].foot);
            }
            let value = if self.peek() == TokenKind::Value {
                self.skip();
                self.node_unless(&empty_before)
            } else {
                self.push(Gathered::default())
            };
            if self.nodes[key].foot.is_empty() {
                self.nodes[key].foot = std::mem::take(&mut self.nodes[value].foot);
            }
            last_key = Some(key);
        }
        let mut end = Gathered::default();
        if self.peek() == TokenKind::BlockEnd {
            end = self.take();
            self.skip();
        }
        if let Some(last) = last_key.filter(|_| !end.foot.is_empty()) {
            self.nodes[last].foot = std::mem::take(&mut end.foot);
        }
        (self.nodes[index].line, self.nodes[index].foot) = (end.line, end.foot);
        index
    }

    fn node_unless(&mut self, empty_before: &[TokenKind]) -> usize {
        if empty_before.contains(&self.peek()) {
            self.push(Gathered::default())
        } else {
            self.node(Block::OrIndentless)
        }
    }

    fn flow_sequence(&mut self) -> usize {
        let own = self.take();
        let index = self.push(own);
        self.skip();
        loop {
            match self.peek() {
                TokenKind::FlowSequenceEnd | TokenKind::StreamEnd => break,
                TokenKind::FlowEntry => self.skip(),
                TokenKind::Key => {
                    // A pair alone: a mapping that nothing marks.
                    self.push(Gathered::default());
                    self.skip();
                    self.flow_pair(TokenKind::FlowSequenceEnd);
                }
                _ if !self.flow_item() => break,
                _ => {}
            }
        }
        self.flow_end(index);
        index
    }

    fn flow_mapping(&mut self) -> usize {
        let own = self.take();
        let index = self.push(own);
        self.skip();
        loop {
            match self.peek() {
                TokenKind::FlowMappingEnd | TokenKind::StreamEnd => break,
                TokenKind::FlowEntry => self.skip(),
                TokenKind::Key => {
                    self.skip();
                    self.flow_pair(TokenKind::FlowMappingEnd);
                }
                TokenKind::Value => self.flow_pair(TokenKind::FlowMappingEnd),
                _ => {
                    if !self.flow_item() {
                        break;
                    }
                    self.push(Gathered::default());
                }
            }
        }
        self.flow_end(index);
        index
    }

    /// Reads an item; returns whether there was one.
    fn flow_item(&mut self) -> bool {
        let before = self.at;
        self.node(Block::No);
        self.at > before
    }

    fn flow_pair(&mut self, end: TokenKind) {
        let empty_before = [TokenKind::Value, TokenKind::FlowEntry, end];
        let key = if empty_before.contains(&self.peek()) {
            self.push(Gathered::default())
        } else {
            self.node(Block::No)
        };
        let value = if self.peek() == TokenKind::Value {
            self.skip();
            if empty_before[1..].contains(&self.peek()) {
                self.push(Gathered::default())
            } else {
                self.node(Block::No)
            }
        } else {
            self.push(Gathered::default())
        };
        if self.nodes[key].foot.is_empty() {
            self.nodes[key].foot = std::mem::take(&mut self.nodes[value].foot);
        }
    }

    fn flow_end(&mut self, index: usize) {
        self.peek();
        let end = self.take();
        self.skip();
        (self.nodes[index].line, self.nodes[index].foot) = (end.line, end.foot);
    }
}

fn token_step(scan: &Scan, at: usize) -> usize {
    scan.tokens.get(at).map_or(0, |token: &Token| token.step)
}

/// Takes the part before the last empty line off a comment at the start of a document: it is the document's.
fn split_document_head(head: &mut String) -> String {
    let bytes = head.as_bytes();
    for index in (1..bytes.len()).rev().filter(|i| bytes[*i] == b'\n') {
        let end = match index {
            last if last == bytes.len() - 1 => last,
            _ if bytes[index - 1] == b'\n' => index - 1,
            _ => continue,
        };
        let rest = head[index + 1..].to_owned();
        head.truncate(end);
        return std::mem::replace(head, rest);
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares the comments of all nodes, in order: `h` head, `l` line, `f` foot, each with its lines joined.
    #[track_caller]
    fn check(text: &str, want: &[&str]) {
        let show = |comments: Comments| {
            let parts = [("h", comments.head), ("l", comments.line), ("f", comments.foot)];
            let parts = parts.iter().filter(|(_, lines)| !lines.is_empty()).map(|(sign, lines)| {
                let lines: Vec<&str> = lines.iter().map(Text::as_str).collect();
                format!("{sign}:{}", lines.join("/"))
            });
            parts.collect::<Vec<_>>().join(" ")
        };
        let got: Vec<String> = of_nodes(text, 100).into_iter().map(show).collect();
        assert_eq!(got, want, "{text}");
    }

    #[test]
    fn comments_of_mappings() {
        check("# h\na: 1 # l\n", &["", "h:# h", "l:# l"]);
        check("# doc\n\n# h\na: 1\n", &["h:# doc//", "h:# h", ""]);
        check("a: 1\n# f\n\nb: 2\n", &["", "f:# f", "", "", ""]);
        check("a: 1\n\n# h\nb: 2\n", &["", "", "", "h:# h", ""]);
        check("a: # l\n  b: 1\n  # f\nc: 2\n", &["", "l:# l", "", "f:# f", "", "", ""]);
        check("a:\n  b: 1\n# h\nc: 2\n", &["", "", "", "", "", "h:# h", ""]);
        check("a: 1\n# end\n", &["", "f:# end", ""]);
        check("a: | # l\n  # text\n# h\nb: 1\n", &["", "", "l:# l", "h:# h", ""]);
    }

    #[test]
    fn comments_of_sequences() {
        check("- a # l\n# h\n- b\n", &["", "l:# l", "h:# h"]);
        check("l:\n- # c\n  a: 1\n", &["", "", "", "", "h:# c", ""]);
        check("l:\n  # h\n  - a: 1\n", &["", "", "", "h:# h", "", ""]);
        check("l: [a, # a\n  b]\n", &["", "", "", "l:# a", ""]);
        check("l: [\n  a\n  # f\n]\n", &["", "", "", "f:# f"]);
    }

    #[test]
    fn comments_of_documents() {
        check("a: 1\n---\n# h\nb: 2\n", &["", "", "", "", "h:# h", ""]);
        check("# only\n---\na: 1\n", &["", "h:# only", ""]);
        check("a: &x 1\nb: *x # l\n", &["", "", "", "", "l:# l"]);
    }
}
