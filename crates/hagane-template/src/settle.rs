//! Text with signs in it to trees with values in their places.

use hagane_resource::{Diagnostic, split_documents};
use hagane_yaml::{FileId, Node, ParseOptions, Scalar, Span, Style, Tag, Text, YamlError, parse};

use crate::insert::{Insert, What, is_sign, number_of, without_signs};
use crate::lines::Lines;
use crate::output::Output;
use crate::value::{json_text, quoted, yaml_scalar};

/// Returns the trees of what a template has written. Their positions are those of the template.
pub(crate) fn settle(output: Output, file: FileId) -> Result<Vec<Node>, Diagnostic> {
    let settler = Settler { lines: Lines::new(&output.text), output: &output };
    let mut trees = Vec::new();
    for document in split_documents(&output.text, file).map_err(|error| settler.error(error))? {
        if document.text.trim().is_empty() {
            continue;
        }
        let options = ParseOptions { lines_before: document.lines_before, ..ParseOptions::default() };
        let parsed = parse(document.text, file, &options).map_err(|error| settler.error(error))?;
        if let Some(mut tree) = parsed.into_iter().next() {
            settler.node(&mut tree)?;
            trees.push(tree);
        }
    }
    Ok(trees)
}

struct Settler<'o> {
    output: &'o Output,
    lines: Lines<'o>,
}

impl Settler<'_> {
    /// Returns where in the template a position of the text comes from.
    fn origin(&self, span: Span) -> Span {
        self.byte(span).map_or(span, |byte| self.output.origin(byte, &self.lines))
    }

    /// Returns the byte at a position of the text.
    fn byte(&self, span: Span) -> Option<usize> {
        let line = (span.line as usize).checked_sub(1)?;
        self.lines.byte(line, span.column.saturating_sub(1) as usize)
    }

    /// Returns whether a tag of YAML's own stands before the scalar at a position.
    fn is_tagged(&self, span: Span) -> bool {
        let before = &self.output.text[..self.byte(span).unwrap_or_default()];
        // Behind anything but white space is no tag, and the word may be the whole of a long line.
        before.ends_with(|c: char| c.is_ascii_whitespace())
            && before.split_ascii_whitespace().next_back().is_some_and(|word| word.starts_with('!'))
    }

    fn error(&self, error: YamlError) -> Diagnostic {
        let line = self.lines.start((error.span.line as usize).saturating_sub(1)).unwrap_or_default();
        let line = self.output.text[line..].lines().next().unwrap_or_default();
        let message = format!("what the template makes is no YAML: {}", without_signs(&error.message));
        let mut diagnostic = Diagnostic::error(self.origin(error.span), message);
        diagnostic.hints.extend(error.hint.map(|hint| without_signs(&hint)));
        let line = without_signs(line);
        match line.trim().is_empty() {
            true => diagnostic,
            false => {
                diagnostic.noted(format!("line {} of what it makes is `{}`", error.span.line, line.trim()))
            }
        }
    }

    /// Puts the values into a tree. Tags and anchors hold none: there a sign is no YAML.
    fn node(&self, node: &mut Node) -> Result<(), Diagnostic> {
        match node {
            Node::Mapping(mapping) => {
                mapping.span = self.origin(mapping.span);
                for entry in &mut mapping.entries {
                    if let Some(tree) = self.scalar(&mut entry.key)? {
                        entry.key.text = json_text(&tree, entry.key.span)?;
                    }
                    self.node(&mut entry.value)?;
                }
            }
            Node::Sequence(sequence) => {
                sequence.span = self.origin(sequence.span);
                sequence.items.iter_mut().try_for_each(|item| self.node(item))?;
            }
            Node::Scalar(scalar) => {
                if let Some(tree) = self.scalar(scalar)? {
                    *node = tree;
                }
            }
        }
        Ok(())
    }

    /// Puts the values into a scalar; returns the tree that takes its place.
    fn scalar(&self, scalar: &mut Scalar) -> Result<Option<Node>, Diagnostic> {
        let written = scalar.span;
        scalar.span = self.origin(written);
        if !has_sign(scalar.text.as_str()) {
            return Ok(None);
        }
        let is_bare = scalar.style == Style::Plain && !self.is_tagged(written);
        if let (true, Some(insert)) = (is_bare, self.only(scalar.text.as_str())) {
            let (text, tag) = match &insert.what {
                What::Plain(value) | What::Yaml(value) => (value.text.clone(), value.resolved_tag()),
                What::Quoted { text, .. } => (text.clone(), Tag::Str),
                What::Json(tree) => return Ok(Some(tree.clone())),
            };
            *scalar = Scalar { text, tag, span: insert.at, ..Scalar::default() };
            return Ok(None);
        }
        let mut text = String::with_capacity(scalar.text.as_str().len());
        let (mut secret, mut holds_text) = (false, false);
        let mut chars = scalar.text.as_str().chars();
        while let Some(c) = chars.next() {
            if !is_sign(c) {
                text.push(c);
                continue;
            }
            let insert = chars.next().and_then(|second| number_of(c, second));
            let Some(insert) = insert.and_then(|number| self.output.inserts.get(number)) else {
                return Err(Diagnostic::error(scalar.span, "a value is torn apart where it is written"));
            };
            let (inserted, is_text) = text_of(insert)?;
            secret |= inserted.is_sensitive();
            holds_text |= is_text;
            text.push_str(inserted.as_str());
        }
        // Numbers side by side may be a number; with a text in it, it is a text.
        if is_bare {
            scalar.tag = if holds_text { Tag::Str } else { Tag::Unresolved };
        }
        scalar.text = Text::with_mark(text, secret);
        Ok(None)
    }

    /// Returns the value of a text that is nothing but its sign.
    fn only(&self, text: &str) -> Option<&Insert> {
        let mut chars = text.chars();
        let number = number_of(chars.next()?, chars.next()?)?;
        self.output.inserts.get(number).filter(|_| chars.next().is_none())
    }
}

/// Returns how a value stands within a text, and whether it is a text itself.
fn text_of(insert: &Insert) -> Result<(Text, bool), Diagnostic> {
    Ok(match &insert.what {
        What::Plain(scalar) => (scalar.text.clone(), scalar.resolved_tag() == Tag::Str),
        What::Yaml(scalar) => (yaml_scalar(scalar), true),
        What::Quoted { text, quote } => (quoted(text, *quote), true),
        What::Json(tree) => (json_text(tree, insert.at)?, true),
    })
}

fn has_sign(text: &str) -> bool {
    // Signs are above all other characters: their UTF-8 starts with one of these.
    text.bytes().any(|byte| byte >= 0xf3) && text.chars().any(is_sign)
}
