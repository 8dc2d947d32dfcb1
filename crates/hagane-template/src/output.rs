//! What a template has written: text with signs in it, and where each piece of it comes from.

use hagane_resource::Diagnostic;
use hagane_yaml::Span;

use crate::Limits;
use crate::insert::{Insert, What, push_sign};
use crate::lines::Lines;
use crate::size;

/// What a template has written so far.
pub(crate) struct Output {
    pub(crate) text: String,
    pub(crate) inserts: Vec<Insert>,
    /// Where in the template each piece of the text begins, by where it begins here.
    origins: Vec<Origin>,
    /// Bytes, those of values included.
    size: usize,
    limit: usize,
}

#[derive(Clone, Copy)]
struct Origin {
    start: usize,
    at: Span,
    /// Whether lines and columns go on with the template's own text.
    is_text: bool,
}

impl Output {
    pub(crate) fn new(limits: &Limits) -> Output {
        Output {
            text: String::new(),
            inserts: Vec::new(),
            origins: Vec::new(),
            size: 0,
            limit: limits.output,
        }
    }

    /// Writes the template's own text.
    pub(crate) fn text(&mut self, text: &str, at: Span) -> Result<(), Diagnostic> {
        self.grow(text.len(), at)?;
        self.origins.push(Origin { start: self.text.len(), at, is_text: true });
        self.text.push_str(text);
        Ok(())
    }

    /// Writes what an expression at a place puts around values: white space, and the signs of YAML.
    pub(crate) fn layout(&mut self, text: &str, at: Span) -> Result<(), Diagnostic> {
        self.grow(text.len(), at)?;
        self.origins.push(Origin { start: self.text.len(), at, is_text: false });
        self.text.push_str(text);
        Ok(())
    }

    /// Writes a value.
    pub(crate) fn value(&mut self, what: What, at: Span) -> Result<(), Diagnostic> {
        self.grow(size(&what), at)?;
        self.origins.push(Origin { start: self.text.len(), at, is_text: false });
        push_sign(&mut self.text, self.inserts.len());
        self.inserts.push(Insert { what, at });
        Ok(())
    }

    fn grow(&mut self, bytes: usize, at: Span) -> Result<(), Diagnostic> {
        self.size = self.size.saturating_add(bytes);
        if self.size > self.limit {
            let message = format!("the template writes more than {} MiB", self.limit >> 20);
            return Err(Diagnostic::error(at, message).hinted("part it into several"));
        }
        Ok(())
    }

    /// Returns where in the template a byte of the text comes from; `lines` are those of the text.
    pub(crate) fn origin(&self, byte: usize, lines: &Lines) -> Span {
        let place = self.origins.partition_point(|origin| origin.start <= byte);
        let Some(origin) = place.checked_sub(1).map(|place| self.origins[place]) else {
            return self.origins.first().map_or(Span::default(), |origin| origin.at);
        };
        if !origin.is_text {
            return origin.at;
        }
        let ((line, start), (first, _)) = (lines.line(byte), lines.line(origin.start));
        let (from, column) = match line == first {
            true => (origin.start, origin.at.column),
            false => (start, 1),
        };
        Span {
            line: origin.at.line + (line - first) as u32,
            column: column + lines.between(from, byte) as u32,
            ..origin.at
        }
    }
}

fn size(what: &What) -> usize {
    match what {
        What::Plain(scalar) | What::Yaml(scalar) => scalar.text.as_str().len(),
        What::Quoted { text, .. } => size::in_quotes(text.as_str()),
        What::Json(node) => size::of_tree(node, 0),
    }
}
