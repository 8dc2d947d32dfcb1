//! Scalars after `|` and `>`.

use super::scanner::Scanner;
use super::token::{Kind, Token};
use crate::{Span, Style, YamlError};

/// What becomes of the line breaks at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

impl<'a> Scanner<'a> {
    pub(super) fn literal(&mut self) -> Result<Token<'a>, YamlError> {
        self.block_scalar(Style::Literal)
    }

    pub(super) fn folded(&mut self) -> Result<Token<'a>, YamlError> {
        self.block_scalar(Style::Folded)
    }

    fn block_scalar(&mut self, style: Style) -> Result<Token<'a>, YamlError> {
        let span = self.source.span();
        self.source.at += 1;
        let (chomping, given) = self.block_header()?;
        // Columns count from 1 and 0 is no block, so that the deeper of the two needs no cases.
        let mut indent = given.map(|given| self.indent.max(1) + given);
        let mut text = String::new();
        let mut last_break = "";
        let mut breaks = String::new();
        let mut after_blank = false;
        self.block_breaks(&mut indent, &mut breaks)?;
        let indent = indent.unwrap_or(1);
        while !self.source.is_end() && self.source.column() == indent {
            let blank = self.source.is_blank();
            match style == Style::Folded && !after_blank && !blank && last_break == "\n" {
                true if breaks.is_empty() => text.push(' '),
                true => {}
                false => text.push_str(last_break),
            }
            text.push_str(&breaks);
            breaks.clear();
            after_blank = blank;
            let start = self.source.at;
            self.source.skip_line_rest();
            text.push_str(self.source.slice(start, self.source.at));
            last_break = self.source.take_break();
            self.block_breaks(&mut Some(indent), &mut breaks)?;
        }
        if chomping != Chomping::Strip {
            text.push_str(last_break);
        }
        if chomping == Chomping::Keep {
            text.push_str(&breaks);
        }
        Ok(Token::with_text(Kind::Scalar(style), span, text))
    }

    /// Reads the line of the indicator: chomping and indentation in either order.
    fn block_header(&mut self) -> Result<(Chomping, Option<u32>), YamlError> {
        let mut chomping = self.chomping();
        let given = match self.source.peek() {
            b'0' => {
                let error = YamlError::new(self.source.span(), "the indentation of a block is at least 1");
                return Err(error.hinted("write `|` or `>` alone"));
            }
            digit @ b'1'..=b'9' => {
                self.source.at += 1;
                Some(u32::from(digit - b'0'))
            }
            _ => None,
        };
        if given.is_some() && chomping.is_none() {
            chomping = self.chomping();
        }
        self.source.skip_blanks();
        if self.source.peek() == b'#' {
            self.source.skip_line_rest();
        }
        if !self.source.is_break_or_end() {
            let error = YamlError::new(self.source.span(), "the text of a block begins on the next line");
            return Err(error.hinted("quote a value that begins with `|` or `>`"));
        }
        self.source.take_break();
        Ok((chomping.unwrap_or(Chomping::Clip), given))
    }

    fn chomping(&mut self) -> Option<Chomping> {
        let chomping = match self.source.peek() {
            b'+' => Chomping::Keep,
            b'-' => Chomping::Strip,
            _ => return None,
        };
        self.source.at += 1;
        Some(chomping)
    }

    /// Steps over empty lines and the indentation of the next line, which decides the indentation of all if
    /// none was given.
    fn block_breaks(&mut self, indent: &mut Option<u32>, breaks: &mut String) -> Result<(), YamlError> {
        let mut deepest = 0;
        loop {
            let mut column = self.source.column();
            while self.source.peek() == b' ' && indent.is_none_or(|indent| column < indent) {
                self.source.at += 1;
                column += 1;
            }
            deepest = deepest.max(column);
            if self.source.peek() == b'\t' && indent.is_none_or(|indent| column < indent) {
                return Err(tab(self.source.span()));
            }
            match self.source.take_break() {
                "" => break,
                kept => breaks.push_str(kept),
            }
        }
        indent.get_or_insert(deepest.max(self.indent + 1).max(2));
        Ok(())
    }
}

fn tab(span: Span) -> YamlError {
    YamlError::new(span, "a tab stands where spaces indent").hinted("indent with spaces")
}
