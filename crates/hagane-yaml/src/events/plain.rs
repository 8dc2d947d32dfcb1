//! Scalars without quotes.

use std::borrow::Cow;

use super::scanner::Scanner;
use super::source::class;
use super::token::{Kind, Token};
use crate::{Style, YamlError};

/// Line breaks between two texts of a scalar, which fold to a space or to the breaks after the first.
#[derive(Default)]
pub(super) struct Breaks<'a> {
    first: &'a str,
    others: String,
}

impl<'a> Breaks<'a> {
    pub(super) fn add(&mut self, kept: &'a str) {
        match self.first {
            "" => self.first = kept,
            _ => self.others.push_str(kept),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// Adds the breaks, folded, to a text. LS and PS do not fold.
    pub(super) fn fold_into(&self, text: &mut String) {
        match (self.first, self.others.is_empty()) {
            ("\n", true) => text.push(' '),
            ("\n", false) => {}
            (first, _) => text.push_str(first),
        }
        text.push_str(&self.others);
    }

    /// Adds the breaks after the first to a text.
    pub(super) fn others_into(&self, text: &mut String) {
        text.push_str(&self.others);
    }
}

impl<'a> Scanner<'a> {
    pub(super) fn plain(&mut self) -> Result<Token<'a>, YamlError> {
        let span = self.source.span();
        let (start, mut end) = (self.source.at, self.source.at);
        let mut folded: Option<String> = None;
        let mut breaks = Breaks::default();
        while !self.source.is_document_marker() && self.source.peek() != b'#' {
            let run = self.source.at;
            self.plain_run();
            if self.source.at > run {
                if !breaks.is_empty() {
                    let text = folded.get_or_insert_with(|| self.source.slice(start, end).to_owned());
                    breaks.fold_into(text);
                    text.push_str(self.source.slice(run, self.source.at));
                    breaks = Breaks::default();
                } else if let Some(text) = &mut folded {
                    // The blanks before the run belong to the scalar.
                    text.push_str(self.source.slice(end, self.source.at));
                }
                end = self.source.at;
            }
            if !self.source.is_blank() && self.source.break_length() == 0 {
                break;
            }
            self.plain_blanks(&mut breaks)?;
            if self.brackets.is_empty() && !breaks.is_empty() && self.source.column() <= self.indent {
                break;
            }
        }
        if !breaks.is_empty() {
            self.key_allowed = true;
        }
        let text = match folded {
            Some(text) => Cow::Owned(text),
            None => Cow::Borrowed(self.source.slice(start, end)),
        };
        Ok(Token::with_text(Kind::Scalar(Style::Plain), span, text))
    }

    /// Steps to the next blank, or to what ends the scalar.
    fn plain_run(&mut self) {
        let stops = match self.brackets.is_empty() {
            true => class::BLANK | class::COLON,
            false => class::BLANK | class::COLON | class::FLOW,
        };
        loop {
            self.source.skip_until(stops);
            match self.source.peek() {
                b':' if !self.source.is_blank_or_end_at(1) => self.source.at += 1,
                0xC2 | 0xE2 if self.source.break_length() == 0 => self.source.at += 1,
                _ => return,
            }
        }
    }

    fn plain_blanks(&mut self, breaks: &mut Breaks<'a>) -> Result<(), YamlError> {
        loop {
            if self.source.is_blank() {
                if !breaks.is_empty() && self.source.peek() == b'\t' && self.source.column() <= self.indent {
                    let error = YamlError::new(self.source.span(), "a tab stands where spaces indent");
                    return Err(error.hinted("indent with spaces"));
                }
                self.source.at += 1;
                continue;
            }
            match self.source.take_break() {
                "" => return Ok(()),
                kept => breaks.add(kept),
            }
        }
    }
}
