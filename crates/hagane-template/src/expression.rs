//! What stands in a tag: paths, literals, helpers and what they are given.

use hagane_resource::{Diagnostic, nearest};
use hagane_yaml::{Scalar, Tag as ScalarTag};

use crate::helpers;
use crate::syntax::{Call, Expression, Path, Start};
use crate::tags::Places;

/// The most expressions inside one another.
const MAX_DEPTH: usize = 32;

/// The inside of a tag, read from left to right.
pub(crate) struct Reader<'t> {
    text: &'t str,
    /// Where the text starts in the template.
    start: usize,
    at: usize,
    places: &'t Places<'t>,
    depth: usize,
}

impl<'t> Reader<'t> {
    pub(crate) fn new(text: &'t str, start: usize, places: &'t Places<'t>) -> Reader<'t> {
        Reader { text, start, at: 0, places, depth: 0 }
    }

    fn rest(&mut self) -> &'t str {
        let rest = &self.text[self.at..];
        self.at = self.text.len() - rest.trim_start().len();
        &self.text[self.at..]
    }

    pub(crate) fn span(&self) -> hagane_yaml::Span {
        self.places.at(self.start + self.at)
    }

    pub(crate) fn error(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(self.span(), message)
    }

    /// Reads a word of letters, if there is one.
    pub(crate) fn word(&mut self) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c: char| !is_letter(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Reads a sign, if it stands here.
    pub(crate) fn sign(&mut self, sign: &str) -> bool {
        let is_here = self.rest().starts_with(sign);
        self.at += if is_here { sign.len() } else { 0 };
        is_here
    }

    pub(crate) fn is_at_end(&mut self) -> bool {
        self.rest().is_empty()
    }

    /// Reads all that is left as one expression: a value, or a helper with what it is given.
    pub(crate) fn whole(&mut self) -> Result<Expression, Diagnostic> {
        let start = self.rest().len();
        let expression = self.operand()?;
        let is_word = matches!(&expression, Expression::Path(path) if path.start == Start::Context(0) && path.steps.len() == 1);
        let is_more =
            !matches!(self.rest().chars().next(), None | Some(')' | '|')) && !self.rest().starts_with("as |");
        if is_more && is_word {
            self.at = self.text.len() - start;
            return self.call();
        }
        if is_more {
            return Err(self.error("only a helper is given something").hinted("`{{quote name}}`"));
        }
        Ok(expression)
    }

    /// Reads a helper and its arguments.
    fn call(&mut self) -> Result<Expression, Diagnostic> {
        self.rest();
        let at = self.span();
        let name = self.word().to_owned();
        if !helpers::NAMES.contains(&name.as_str()) {
            let error = Diagnostic::error(at, format!("there is no helper `{name}`"));
            return Err(match nearest(&name, helpers::NAMES.iter().copied()) {
                Some(near) => error.hinted(format!("did you mean `{near}`?")),
                None => error.hinted(format!("the helpers are {}", helpers::NAMES.join(", "))),
            });
        }
        let mut arguments = Vec::new();
        while !matches!(self.rest().chars().next(), None | Some(')')) && !self.rest().starts_with("as |") {
            arguments.push(self.operand()?);
        }
        Ok(Expression::Call(Call { name, arguments, at }))
    }

    /// Reads a path, a literal, or an expression in parentheses.
    pub(crate) fn operand(&mut self) -> Result<Expression, Diagnostic> {
        let rest = self.rest();
        match rest.chars().next() {
            None => Err(self.error("there is nothing in the tag").hinted("`{{name}}` writes a value")),
            Some('(') => {
                self.at += 1;
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err(self.error(format!("more than {MAX_DEPTH} expressions inside one another")));
                }
                let inner = self.whole()?;
                if !self.sign(")") {
                    return Err(self.error("`)` is missing"));
                }
                self.depth -= 1;
                Ok(inner)
            }
            Some(quote @ ('"' | '\'')) => self.text_literal(quote),
            Some('0'..='9' | '-') => self.number(),
            Some(_) => self.path(),
        }
    }

    fn text_literal(&mut self, quote: char) -> Result<Expression, Diagnostic> {
        let span = self.span();
        let mut text = String::new();
        let mut chars = self.text[self.at + 1..].char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' if quote == '"' => match chars.next().map(|(_, c)| c) {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some(c @ ('"' | '\\' | '/')) => text.push(c),
                    _ => return Err(self.error("in quotes `\\` stands before `n`, `t`, `\"` and `\\`")),
                },
                c if c == quote => {
                    self.at += 1 + at + 1;
                    return Ok(Expression::Literal(Scalar { span, ..Scalar::string(text) }));
                }
                c => text.push(c),
            }
        }
        Err(self.error("the quote is not closed"))
    }

    fn number(&mut self) -> Result<Expression, Diagnostic> {
        let span = self.span();
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, '-' | '.'))).unwrap_or(rest.len());
        let scalar = Scalar { span, ..Scalar::bare(&rest[..end]) };
        if !matches!(scalar.resolved_tag(), ScalarTag::Int | ScalarTag::Float) {
            return Err(self.error(format!("`{}` is no number", &rest[..end])));
        }
        self.at += end;
        Ok(Expression::Literal(scalar))
    }

    fn path(&mut self) -> Result<Expression, Diagnostic> {
        let at = self.span();
        let from = self.at;
        let mut start = Start::Context(0);
        let mut up = 0;
        while self.text[self.at..].starts_with("../") {
            self.at += 3;
            up += 1;
            start = Start::Context(up);
        }
        if self.text[self.at..].starts_with("./") {
            self.at += 2;
        }
        let is_local = self.text[self.at..].starts_with('@');
        if is_local {
            self.at += 1;
            while self.text[self.at..].starts_with("../") {
                self.at += 3;
                up += 1;
            }
            start = Start::Local(up);
        }
        let mut steps = Vec::new();
        if self.text[self.at..].starts_with('.')
            && !self.text[self.at + 1..].starts_with(|c| is_letter(c) || c == '.')
        {
            self.at += 1;
        } else if self.text[self.at..].starts_with("..") {
            self.at += 2;
            start = Start::Context(up + 1);
        } else {
            loop {
                let step = self.step()?;
                if !(step == "this" && steps.is_empty() && !is_local) {
                    steps.push(step);
                }
                match self.text[self.at..].chars().next() {
                    Some('.' | '/') => self.at += 1,
                    _ => break,
                }
            }
        }
        let text = self.text[from..self.at].to_owned();
        let expression = match (text.as_str(), steps.first().map(String::as_str)) {
            ("true" | "false", _) => {
                return Ok(Expression::Literal(Scalar { span: at, ..Scalar::bare(text) }));
            }
            ("null" | "undefined", _) => {
                return Ok(Expression::Literal(Scalar { span: at, ..Scalar::bare("null") }));
            }
            (_, Some("root")) if is_local => {
                steps.remove(0);
                Path { start: Start::Root, steps, text, at }
            }
            (_, Some("index" | "key" | "first" | "last")) if is_local && steps.len() == 1 => {
                Path { start, steps, text, at }
            }
            _ if is_local => {
                return Err(Diagnostic::error(at, format!("there is no `{text}`"))
                    .hinted("one of @root, @index, @key, @first, @last"));
            }
            _ => Path { start, steps, text, at },
        };
        Ok(Expression::Path(expression))
    }

    /// Reads a step of a path: a word, or anything in brackets.
    fn step(&mut self) -> Result<String, Diagnostic> {
        let rest = &self.text[self.at..];
        if let Some(inner) = rest.strip_prefix('[') {
            let end = inner.find(']').ok_or_else(|| self.error("`]` is missing"))?;
            self.at += end + 2;
            return Ok(inner[..end].to_owned());
        }
        let end = rest.find(|c: char| !is_letter(c)).unwrap_or(rest.len());
        if end == 0 {
            let sign = rest.chars().next().map(String::from).unwrap_or_default();
            let error = match sign.as_str() {
                "" => self.error("a name is missing"),
                "=" => self.error("helpers are given values without names here"),
                sign => self.error(format!("`{sign}` cannot stand here")),
            };
            return Err(error.hinted("a path is like `app.image` or `app.[any text]`"));
        }
        self.at += end;
        Ok(rest[..end].to_owned())
    }
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '$' | ':')
}
