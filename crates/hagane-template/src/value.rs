//! Values while a template is rendered.

use std::borrow::Cow;

use hagane_resource::Diagnostic;
use hagane_yaml::{Node, Scalar, Span, Tag, Text, emit};

use crate::insert::{Quote, What};
use crate::output::Output;
use crate::size;

/// A value, or what a helper made of one to be written.
#[derive(Clone, Debug)]
pub(crate) enum Value<'v> {
    Node(Cow<'v, Node>),
    /// Written as YAML, a line a field.
    Yaml(Cow<'v, Node>),
    /// Written as JSON.
    Json(Cow<'v, Node>),
    Quoted(Text, Quote),
    /// Every line indented; behind a line break where it is `broken`.
    Indented {
        inner: Box<Value<'v>>,
        by: usize,
        broken: bool,
    },
}

/// Lays values over others: mappings are merged, everything else takes the place of what was there.
pub fn lay_over(values: &mut Node, nearer: Node) {
    match (values, nearer) {
        (Node::Mapping(values), Node::Mapping(nearer)) => {
            for entry in nearer.entries {
                match values.get_mut(entry.key.text.as_str()) {
                    Some(old) => lay_over(old, entry.value),
                    None => values.entries.push(entry),
                }
            }
        }
        (values, nearer) => *values = nearer,
    }
}

impl<'v> Value<'v> {
    pub(crate) fn text(text: Text) -> Value<'v> {
        Value::Node(Cow::Owned(Node::Scalar(Scalar::string(text))))
    }

    pub(crate) fn truth(value: bool) -> Value<'v> {
        let text = if value { "true" } else { "false" };
        Value::Node(Cow::Owned(Node::Scalar(Scalar { tag: Tag::Bool, ..Scalar::bare(text) })))
    }

    /// Returns the tree of a value; what is written already is a text.
    pub(crate) fn into_node(self, at: Span) -> Result<Cow<'v, Node>, Diagnostic> {
        match self {
            Value::Node(node) => Ok(node),
            written => Ok(Cow::Owned(Node::Scalar(Scalar::string(written.to_text("", at)?)))),
        }
    }

    /// Returns whether `if` takes it for true.
    pub(crate) fn is_true(&self) -> bool {
        match self {
            Value::Node(node) => is_true(node),
            _ => true,
        }
    }

    /// Returns whether it is nothing: null, or an empty text.
    pub(crate) fn is_nothing(&self) -> bool {
        matches!(self, Value::Node(node) if node.is_null() || node.as_str() == Some(""))
    }

    /// Returns about how many bytes it has as a text; none where it is a part of the values as they are.
    pub(crate) fn size(&self) -> usize {
        match self {
            Value::Node(Cow::Borrowed(_)) => 0,
            Value::Node(node) | Value::Json(node) => size::of_tree(node, 0),
            Value::Yaml(node) => size::of_tree(node, 2),
            Value::Quoted(text, _) => size::in_quotes(text.as_str()),
            Value::Indented { inner, by, .. } => {
                let lines = inner.lines();
                inner.size().max(lines).saturating_add(lines.saturating_mul(*by))
            }
        }
    }

    /// Returns about how many bytes there are to go through, wherever it is from.
    pub(crate) fn extent(&self) -> usize {
        match self {
            Value::Node(node) => size::of_tree(node, 0),
            made => made.size(),
        }
    }

    /// Returns at most how many lines it has as a text.
    fn lines(&self) -> usize {
        match self {
            Value::Node(node) | Value::Yaml(node) => size::lines(node),
            Value::Json(_) | Value::Quoted(_, Quote::Double) => 1,
            Value::Quoted(text, Quote::Single) => size::lines_of(text.as_str()),
            Value::Indented { inner, .. } => inner.lines() + 1,
        }
    }

    /// Returns the value as a text, for `user` who needs one.
    pub(crate) fn to_text(&self, user: &str, at: Span) -> Result<Text, Diagnostic> {
        Ok(match self {
            Value::Node(node) => match &**node {
                Node::Scalar(scalar) if scalar.is_null() => Text::default(),
                Node::Scalar(scalar) => scalar.text.clone(),
                node => return Err(no_text(node, user, at)),
            },
            Value::Yaml(node) => yaml_text(node, at)?,
            Value::Json(node) => json_text(node, at)?,
            Value::Quoted(text, quote) => quoted(text, *quote),
            Value::Indented { inner, by, broken } => {
                let inner = inner.to_text(user, at)?;
                let indent = " ".repeat(*by);
                let lines: Vec<String> =
                    inner.as_str().split('\n').map(|line| format!("{indent}{line}")).collect();
                let start = if *broken { "\n" } else { "" };
                Text::marked_as(format!("{start}{}", lines.join("\n")), &inner)
            }
        })
    }

    /// Writes it.
    pub(crate) fn write(&self, out: &mut Output, name: &str, at: Span) -> Result<(), Diagnostic> {
        match self {
            Value::Node(node) => match &**node {
                Node::Scalar(scalar) if scalar.is_null() => Ok(()),
                Node::Scalar(scalar) => out.value(What::Plain(scalar.clone()), at),
                node => Err(no_text(node, name, at)),
            },
            Value::Yaml(node) => write_yaml(out, node, 0, at),
            Value::Json(node) => out.value(What::Json(node.clone().into_owned()), at),
            Value::Quoted(text, quote) => out.value(What::Quoted { text: text.clone(), quote: *quote }, at),
            Value::Indented { inner, by, broken } => {
                if *broken {
                    out.layout("\n", at)?;
                }
                let indent = " ".repeat(*by);
                out.layout(&indent, at)?;
                if let Value::Yaml(node) = &**inner {
                    return write_yaml(out, node, *by, at);
                }
                let text = inner.to_text(name, at)?;
                if !text.as_str().contains('\n') {
                    return inner.write(out, name, at);
                }
                for (place, line) in text.as_str().split('\n').enumerate() {
                    if place > 0 {
                        out.layout(&format!("\n{indent}"), at)?;
                    }
                    out.value(What::Plain(Scalar::string(Text::marked_as(line, &text))), at)?;
                }
                Ok(())
            }
        }
    }
}

fn no_text(node: &Node, name: &str, at: Span) -> Diagnostic {
    let kind = if matches!(node, Node::Mapping(_)) { "mapping" } else { "list" };
    Diagnostic::error(at, format!("`{name}` is a {kind}, and a single value is needed here"))
        .hinted("`toYaml` and `toJson` write a tree, and `each` goes through it")
        .hinted_at("the value", node.span())
}

fn is_true(node: &Node) -> bool {
    match node {
        Node::Mapping(mapping) => !mapping.entries.is_empty(),
        Node::Sequence(sequence) => !sequence.items.is_empty(),
        Node::Scalar(scalar) => match hagane_yaml::scalar::value(scalar) {
            Ok(hagane_yaml::scalar::Value::Null) => false,
            Ok(hagane_yaml::scalar::Value::Bool(value)) => value,
            Ok(hagane_yaml::scalar::Value::Int(value)) => value != 0,
            Ok(hagane_yaml::scalar::Value::Float(value)) => value != 0.0,
            _ => !scalar.text.as_str().is_empty(),
        },
    }
}

/// Writes a tree as YAML, its lines behind the first one indented. Every key and value in it is a sign.
fn write_yaml(out: &mut Output, node: &Node, indent: usize, at: Span) -> Result<(), Diagnostic> {
    let line = |out: &mut Output, indent: usize| out.layout(&format!("\n{}", " ".repeat(indent)), at);
    match node {
        Node::Scalar(scalar) => out.value(What::Yaml(scalar.clone()), at),
        Node::Mapping(mapping) if mapping.entries.is_empty() => out.layout("{}", at),
        Node::Sequence(sequence) if sequence.items.is_empty() => out.layout("[]", at),
        Node::Mapping(mapping) => {
            for (place, entry) in mapping.entries.iter().enumerate() {
                if place > 0 {
                    line(out, indent)?;
                }
                out.value(What::Yaml(Scalar { tag: Tag::Str, ..entry.key.clone() }), at)?;
                out.layout(":", at)?;
                match &entry.value {
                    Node::Mapping(inner) if !inner.entries.is_empty() => {
                        line(out, indent + 2)?;
                        write_yaml(out, &entry.value, indent + 2, at)?;
                    }
                    Node::Sequence(inner) if !inner.items.is_empty() => {
                        line(out, indent)?;
                        write_yaml(out, &entry.value, indent, at)?;
                    }
                    value => {
                        out.layout(" ", at)?;
                        write_yaml(out, value, indent, at)?;
                    }
                }
            }
            Ok(())
        }
        Node::Sequence(sequence) => {
            for (place, item) in sequence.items.iter().enumerate() {
                if place > 0 {
                    line(out, indent)?;
                }
                out.layout("- ", at)?;
                write_yaml(out, item, indent + 2, at)?;
            }
            Ok(())
        }
    }
}

/// Returns a tree as the text of YAML, without the last line break.
fn yaml_text(node: &Node, at: Span) -> Result<Text, Diagnostic> {
    let text = emit::go_v2(node).map_err(|error| Diagnostic::error(at, error.message))?;
    Ok(Text::with_mark(text.strip_suffix('\n').unwrap_or(&text), node.is_sensitive()))
}

/// Returns a tree as the text of JSON.
pub(crate) fn json_text(node: &Node, at: Span) -> Result<Text, Diagnostic> {
    let text = emit::json(node)
        .ok_or_else(|| Diagnostic::error(at, "the value cannot be JSON: it holds a number without end"))?;
    Ok(Text::with_mark(text, node.is_sensitive()))
}

/// Returns a text in quotes.
pub(crate) fn quoted(text: &Text, quote: Quote) -> Text {
    let mut out = String::with_capacity(text.as_str().len() + 2);
    match quote {
        Quote::Double => emit::json_string(&mut out, text.as_str()),
        Quote::Single => {
            out.push('\'');
            out.push_str(&text.as_str().replace('\'', "''"));
            out.push('\'');
        }
    }
    Text::marked_as(out, text)
}

/// Returns a scalar as it stands in a line of YAML.
pub(crate) fn yaml_scalar(scalar: &Scalar) -> Text {
    if scalar.resolved_tag() != Tag::Str {
        return scalar.text.clone();
    }
    let line = emit::go_v2(&Node::Scalar(Scalar::string(scalar.text.clone()))).ok();
    match line.as_deref().map(|line| line.trim_end_matches('\n')).filter(|line| !line.contains('\n')) {
        Some(line) => Text::marked_as(line, &scalar.text),
        None => quoted(&scalar.text, Quote::Double),
    }
}
