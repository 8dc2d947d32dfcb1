//! The helpers: what each makes of what it is given.

use std::borrow::Cow;

use hagane_resource::Diagnostic;
use hagane_yaml::{Span, Text};

use crate::helpers_of_text as text;
use crate::insert::Quote;
use crate::value::Value;

/// Their names.
pub(crate) const NAMES: [&str; 20] = [
    "and", "b64dec", "b64enc", "default", "eq", "indent", "join", "lookup", "lower", "ne", "nindent", "not",
    "or", "quote", "required", "squote", "toJson", "toYaml", "trim", "upper",
];

/// Spaces that a text may be indented by.
const MAX_INDENT: usize = 200;

/// A helper that is called: its name, what it is given, and where.
pub(crate) struct Called<'v> {
    pub(crate) name: &'v str,
    /// A value that is not there is none; only few helpers take that.
    pub(crate) given: Vec<Option<Value<'v>>>,
    /// What each was written as, for messages.
    pub(crate) words: Vec<String>,
    pub(crate) at: Span,
    /// How many bytes it may make.
    pub(crate) room: usize,
}

/// Returns the error of helpers that make more than a template may.
pub(crate) fn too_much(at: Span) -> Diagnostic {
    Diagnostic::error(at, "the template's helpers make too much of its values").hinted("part it into several")
}

/// Returns at which place a helper takes a value that is not there.
pub(crate) fn optional_place(name: &str) -> Option<usize> {
    matches!(name, "default" | "required").then_some(1)
}

impl<'v> Called<'v> {
    /// Returns what the helper makes; nothing where `lookup` finds nothing.
    pub(crate) fn result(&self) -> Result<Option<Value<'v>>, Diagnostic> {
        let made = match self.name {
            "default" => match self.at_place(1)? {
                Some(value) if !value.is_nothing() => value.clone(),
                _ => self.one(0)?.clone(),
            },
            "required" => match self.two()? {
                (_, Some(value)) if !value.is_nothing() => value.clone(),
                (message, _) => {
                    let message = message.to_text("the message", self.at)?;
                    return Err(self.error(message.shown()));
                }
            },
            "lookup" => {
                let (tree, key) = self.pair()?;
                let key = self.known(key, 1, "say what is looked up")?;
                let tree = tree.clone().into_node(self.at)?;
                return Ok(crate::render::child(tree, key.as_str()).map(Value::Node));
            }
            "and" => self.first_that(|value| !value.is_true())?,
            "or" => self.first_that(|value| value.is_true())?,
            "not" => Value::truth(!self.only()?.is_true()),
            "eq" => Value::truth(self.are_equal()?),
            "ne" => Value::truth(!self.are_equal()?),
            "toYaml" => Value::Yaml(self.only()?.clone().into_node(self.at)?),
            "toJson" => Value::Json(self.only()?.clone().into_node(self.at)?),
            "indent" | "nindent" => {
                let (by, value) = self.pair()?;
                let by = self.spaces(by)?;
                let value = match value {
                    // What is indented twice is indented by both.
                    Value::Indented { .. } => Value::text(value.to_text(&self.words[1], self.at)?),
                    value => value.clone(),
                };
                Value::Indented { inner: Box::new(value), by, broken: self.name == "nindent" }
            }
            "quote" => Value::Quoted(self.text(0)?, Quote::Double),
            "squote" => Value::Quoted(self.text(0)?, Quote::Single),
            "b64enc" => Value::text(text::b64enc(&self.text(0)?)),
            "b64dec" => Value::text(text::b64dec(&self.text(0)?).map_err(|why| self.error(why))?),
            "upper" => Value::text(text::mapped(&self.text(0)?, |text| text.to_uppercase())),
            "lower" => Value::text(text::mapped(&self.text(0)?, |text| text.to_lowercase())),
            "trim" => Value::text(text::mapped(&self.text(0)?, |text| text.trim().to_owned())),
            "join" => self.joined()?,
            name => return Err(self.error(format!("there is no helper `{name}`"))),
        };
        Ok(Some(made))
    }

    pub(crate) fn error(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(self.at, message)
    }

    fn expects(&self, what: &str) -> Diagnostic {
        self.error(format!("`{}` is given {what}", self.name))
    }

    fn at_place(&self, place: usize) -> Result<Option<&Value<'v>>, Diagnostic> {
        match self.given.len() {
            2 => Ok(self.given[place].as_ref()),
            _ => Err(self.expects("two values")),
        }
    }

    fn one(&self, place: usize) -> Result<&Value<'v>, Diagnostic> {
        self.given.get(place).and_then(Option::as_ref).ok_or_else(|| self.expects("a value more"))
    }

    fn only(&self) -> Result<&Value<'v>, Diagnostic> {
        match self.given.len() {
            1 => self.one(0),
            _ => Err(self.expects("one value")),
        }
    }

    fn two(&self) -> Result<(&Value<'v>, Option<&Value<'v>>), Diagnostic> {
        let second = self.at_place(1)?;
        Ok((self.one(0)?, second))
    }

    fn pair(&self) -> Result<(&Value<'v>, &Value<'v>), Diagnostic> {
        match self.two()? {
            (first, Some(second)) => Ok((first, second)),
            _ => Err(self.expects("two values")),
        }
    }

    /// Returns the one value as a text.
    fn text(&self, place: usize) -> Result<Text, Diagnostic> {
        self.only()?;
        self.one(place)?.to_text(&self.words[place], self.at)
    }

    fn first_that(&self, decides: impl Fn(&Value) -> bool) -> Result<Value<'v>, Diagnostic> {
        let values = || self.given.iter().flatten();
        values()
            .find(|value| decides(value))
            .or_else(|| values().last())
            .cloned()
            .ok_or_else(|| self.expects("values"))
    }

    fn are_equal(&self) -> Result<bool, Diagnostic> {
        let (first, second) = self.pair()?;
        let (first, second) = (first.clone().into_node(self.at)?, second.clone().into_node(self.at)?);
        if first.is_sensitive() || second.is_sensitive() {
            // Who may ask often enough whether it is this or that has read it.
            return Err(self
                .error("a secret value cannot be compared")
                .hinted("compare a value beside it that is no secret"));
        }
        Ok(first == second)
    }

    /// Returns a text by which something is decided that shows: who sees what comes of a secret has read it.
    fn known(&self, value: &Value, place: usize, what: &str) -> Result<Text, Diagnostic> {
        let text = value.to_text(&self.words[place], self.at)?;
        match text.is_sensitive() {
            true => Err(self
                .error(format!("a secret value cannot {what}"))
                .hinted("take a value beside it that is no secret")),
            false => Ok(text),
        }
    }

    fn spaces(&self, by: &Value) -> Result<usize, Diagnostic> {
        let text = self.known(by, 0, "say how far a text is indented")?;
        match text.as_str().parse::<usize>() {
            Ok(by) if by <= MAX_INDENT => Ok(by),
            _ => Err(self
                .expects(&format!("a number up to {MAX_INDENT} first, and then what is indented"))
                .hinted(format!("`{{{{{} 4 (toYaml labels)}}}}`", self.name))),
        }
    }

    fn joined(&self) -> Result<Value<'v>, Diagnostic> {
        let (separator, list) = self.pair()?;
        let separator = separator.to_text(&self.words[0], self.at)?;
        let list = list.clone().into_node(self.at)?;
        let Some(list) = list.as_sequence() else {
            return Err(self.expects("a text first, and then a list").hinted("`{{join \",\" hosts}}`"));
        };
        let mut secret = separator.is_sensitive();
        let mut out = String::new();
        for (place, item) in list.items.iter().enumerate() {
            let text = Value::Node(Cow::Borrowed(item)).to_text(&self.words[1], self.at)?;
            secret |= text.is_sensitive();
            if place > 0 {
                out.push_str(separator.as_str());
            }
            out.push_str(text.as_str());
            if out.len() > self.room {
                // The separator may be long, and there may be many.
                return Err(too_much(self.at));
            }
        }
        Ok(Value::text(Text::with_mark(out, secret)))
    }
}
