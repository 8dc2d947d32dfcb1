//! Typed values out of a mapping, as Go's encoding/json takes them: field names in any case, the last of
//! repeated fields, nothing unknown, and a message that says where.

use std::collections::BTreeMap;

use hagane_resource::{Diagnostic, nearest};
use hagane_yaml::scalar::{Value, go_general, value};
use hagane_yaml::{Node, Span, Style, Tag};

/// A value and where it stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
    /// Whether it is a block scalar, whose text starts on the next line.
    pub block: bool,
}

impl<T> std::ops::Deref for Located<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// The fields of a mapping whose names are known.
pub(crate) struct Object<'a> {
    fields: Vec<(&'static str, Span, &'a Node)>,
    /// Values of fields that another spelling of their name overrules: their types are checked all the same.
    overruled: Vec<(&'static str, &'a Node)>,
    pub(crate) span: Span,
    what: &'static str,
    /// How closely it is looked at, and what stands in it.
    pub(crate) strictness: Strictness,
}

/// The fields that a type takes.
pub(crate) type Names = &'static [&'static str];

/// How closely a mapping is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Strictness {
    /// It has no other fields than its type, and texts are texts, as in a kustomization.
    Strict,
    /// Other fields count for nothing, as in the configs of generators.
    Open,
    /// Besides, numbers and booleans are taken where texts are wanted, as in the configs of transformers.
    Lenient,
}

impl<'a> Object<'a> {
    /// Returns the fields of `node`, looked at so closely.
    pub(crate) fn of(
        node: &'a Node,
        what: &'static str,
        names: Names,
        strictness: Strictness,
    ) -> Result<Object<'a>, Diagnostic> {
        match strictness {
            Strictness::Strict => Object::new(node, what, names),
            Strictness::Open => Object::open(node, what, names),
            Strictness::Lenient => Object::lenient(node, what, names),
        }
    }

    /// Returns the fields of `node`; `what` names the type in messages.
    pub(crate) fn new(node: &'a Node, what: &'static str, names: Names) -> Result<Object<'a>, Diagnostic> {
        let (object, unknown) = Object::with_unknown(node, what, names)?;
        Diagnostic::refuse(unknown)?;
        Ok(object)
    }

    /// Returns the fields of `node` that are known, and an error for each that is not.
    pub(crate) fn with_unknown(
        node: &'a Node,
        what: &'static str,
        names: Names,
    ) -> Result<(Object<'a>, Vec<Diagnostic>), Diagnostic> {
        let Node::Mapping(mapping) = node else {
            return Err(wrong_type(node, what, "a mapping"));
        };
        let mut fields: Vec<(&'static str, Span, &'a Node)> = Vec::with_capacity(mapping.entries.len());
        let (mut unknown, mut overruled) = (Vec::new(), Vec::new());
        let mut spelled: BTreeMap<&'static str, &str> = BTreeMap::new();
        for entry in &mapping.entries {
            let key = key_text(entry.key.text.as_str(), entry.key.tag);
            let known = names
                .iter()
                .find(|n| **n == key)
                .or_else(|| names.iter().find(|n| n.eq_ignore_ascii_case(key)));
            let Some(name) = known else {
                let error = Diagnostic::error(entry.key.span, format!("unknown field `{key}` in {what}"));
                unknown.push(match nearest(key, names.iter().copied()) {
                    Some(name) => error.hinted(format!("did you mean `{name}`?")),
                    None => error.hinted(format!("the fields are {}", names.join(", "))),
                });
                continue;
            };
            // Of spellings that mean one field the one that sorts last counts, of the same spelling the last.
            match fields.iter_mut().find(|field| field.0 == *name) {
                Some(_) if spelled.get(name).is_some_and(|before| *before > key) => {
                    overruled.push((*name, &entry.value));
                }
                Some(field) => {
                    overruled
                        .extend(spelled.get(name).filter(|before| **before != key).map(|_| (*name, field.2)));
                    *field = (name, entry.key.span, &entry.value);
                }
                None => fields.push((name, entry.key.span, &entry.value)),
            }
            let spelling = spelled.entry(*name).or_insert(key);
            *spelling = (*spelling).max(key);
        }
        let span = mapping.span;
        Ok((Object { fields, overruled, span, what, strictness: Strictness::Strict }, unknown))
    }

    /// Returns the fields of `node` that are known; others are let through, as plugin configs have always had them.
    pub(crate) fn lenient(
        node: &'a Node,
        what: &'static str,
        names: Names,
    ) -> Result<Object<'a>, Diagnostic> {
        let Node::Mapping(mapping) = node else {
            return Err(wrong_type(node, what, "a mapping"));
        };
        let known = |key: &str| names.iter().find(|n| n.eq_ignore_ascii_case(key));
        let fields =
            mapping.entries.iter().filter_map(|e| Some((*known(e.key.text.as_str())?, e.key.span, &e.value)));
        Ok(Object {
            fields: fields.collect(),
            overruled: Vec::new(),
            span: mapping.span,
            what,
            strictness: Strictness::Lenient,
        })
    }

    /// Returns the fields of `node` that are known, as [`Object::lenient`] does, but texts must be texts.
    pub(crate) fn open(node: &'a Node, what: &'static str, names: Names) -> Result<Object<'a>, Diagnostic> {
        Ok(Object { strictness: Strictness::Open, ..Object::lenient(node, what, names)? })
    }

    /// Returns the value of a field; a null is no value.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Node> {
        self.fields
            .iter()
            .find(|(n, _, _)| *n == name)
            .map(|(_, _, node)| *node)
            .filter(|node| !node.is_null())
    }

    /// Returns what `convert` makes of the value of a field, and refuses what it refuses in any spelling of the name.
    fn typed<T>(
        &self,
        name: &str,
        convert: impl Fn(&'a Node) -> Result<T, Diagnostic>,
    ) -> Result<Option<T>, Diagnostic> {
        let overruled = self.overruled.iter().filter(|(n, node)| *n == name && !node.is_null());
        for (_, node) in overruled {
            convert(node)?;
        }
        self.get(name).map(convert).transpose()
    }

    /// Returns where the field's name stands, even when it has no value.
    pub(crate) fn position(&self, name: &str) -> Option<Span> {
        self.fields.iter().find(|(n, _, _)| *n == name).map(|(_, span, _)| *span)
    }

    /// Returns a text.
    pub(crate) fn string(&self, name: &'static str) -> Result<Option<Located<String>>, Diagnostic> {
        self.typed(name, |node| self.as_string(node, name))
    }

    fn as_string(&self, node: &Node, what: &str) -> Result<Located<String>, Diagnostic> {
        if self.strictness == Strictness::Lenient { string_of_any(node, what) } else { string(node, what) }
    }

    /// Returns a text that is one as it is written, however closely the object is looked at.
    pub(crate) fn exact_string(&self, name: &'static str) -> Result<Option<Located<String>>, Diagnostic> {
        self.typed(name, |node| string(node, name))
    }

    /// Returns a text, or an empty one; a number or a boolean is taken for its text.
    pub(crate) fn text_of_any(&self, name: &'static str) -> Result<String, Diagnostic> {
        let text = self.typed(name, |node| string_of_any(node, name))?;
        Ok(text.map(|text| text.value).unwrap_or_default())
    }

    /// Returns a text, or an empty one.
    pub(crate) fn text(&self, name: &'static str) -> Result<String, Diagnostic> {
        Ok(self.string(name)?.map(|s| s.value).unwrap_or_default())
    }

    /// Returns a boolean; absent is false.
    pub(crate) fn bool(&self, name: &'static str) -> Result<bool, Diagnostic> {
        let bool = self.typed(name, |node| match node.as_scalar().map(value) {
            Some(Ok(Value::Bool(value))) => Ok(value),
            _ => Err(wrong_type(node, name, "true or false")),
        })?;
        Ok(bool.unwrap_or_default())
    }

    /// Returns an integer.
    pub(crate) fn integer(&self, name: &'static str) -> Result<Option<i64>, Diagnostic> {
        self.typed(name, |node| match node.as_scalar().map(value) {
            Some(Ok(Value::Int(value))) => Ok(value),
            Some(Ok(Value::Float(value))) if value.fract() == 0.0 && value.abs() < 9e15 => Ok(value as i64),
            _ => Err(wrong_type(node, name, "an integer")),
        })
    }

    /// Returns a list of whatever `item` takes.
    pub(crate) fn list<T>(
        &self,
        name: &'static str,
        item: impl Fn(&'a Node) -> Result<T, Diagnostic>,
    ) -> Result<Vec<T>, Diagnostic> {
        let list = self.typed(name, |node| match node {
            Node::Sequence(sequence) => sequence.items.iter().map(&item).collect(),
            node => Err(wrong_type(node, name, "a list")),
        })?;
        Ok(list.unwrap_or_default())
    }

    /// Returns a list of texts.
    pub(crate) fn strings(&self, name: &'static str) -> Result<Vec<Located<String>>, Diagnostic> {
        let mut texts = self.list(name, |node| self.as_string(node, name))?;
        // A null leaves what another spelling has put at its place.
        if let (Some(Node::Sequence(list)), Some((_, Node::Sequence(before)))) =
            (self.get(name), self.overruled.iter().rfind(|(n, _)| *n == name))
        {
            for ((text, item), old) in texts.iter_mut().zip(&list.items).zip(&before.items) {
                if item.is_null() {
                    *text = self.as_string(old, name)?;
                }
            }
        }
        Ok(texts)
    }

    /// Returns a mapping of texts to texts, in the order of the file; of repeated keys the last.
    pub(crate) fn string_map(&self, name: &'static str) -> Result<Vec<(String, String)>, Diagnostic> {
        let pairs = self.typed(name, |node| self.pairs(node, name))?;
        Ok(pairs.unwrap_or_default())
    }

    fn pairs(&self, node: &Node, name: &'static str) -> Result<Vec<(String, String)>, Diagnostic> {
        let Node::Mapping(mapping) = node else {
            return Err(wrong_type(node, name, "a mapping of strings"));
        };
        let mut pairs: Vec<(String, String)> = Vec::new();
        for entry in &mapping.entries {
            let key = key_text(entry.key.text.as_str(), entry.key.tag).to_owned();
            let text =
                if entry.value.is_null() { String::new() } else { self.as_string(&entry.value, name)?.value };
            pairs.retain(|(other, _)| *other != key);
            pairs.push((key, text));
        }
        Ok(pairs)
    }

    /// Returns an error about a field that must be there.
    pub(crate) fn missing(&self, name: &str) -> Diagnostic {
        Diagnostic::error(self.span, format!("{} needs the field `{name}`", self.what))
            .hinted(format!("add `{name}:`"))
    }
}

/// Returns a text with its place.
pub(crate) fn string(node: &Node, what: &str) -> Result<Located<String>, Diagnostic> {
    match node.as_scalar().map(|s| (s, value(s))) {
        Some((scalar, Ok(Value::Str(text)))) => Ok(Located {
            value: text.into_owned(),
            span: scalar.span,
            block: matches!(scalar.style, Style::Literal | Style::Folded),
        }),
        Some((scalar, Ok(Value::Null))) => Ok(Located { span: scalar.span, ..Located::default() }),
        _ => Err(wrong_type(node, what, "a string")),
    }
}

/// Returns a text with its place; a number or a boolean is taken for its text.
fn string_of_any(node: &Node, what: &str) -> Result<Located<String>, Diagnostic> {
    if let Node::Scalar(scalar) = node {
        let text = match value(scalar) {
            Ok(Value::Bool(value)) => Some(value.to_string()),
            Ok(Value::Int(value)) => Some(value.to_string()),
            Ok(Value::Uint(value)) => Some(value.to_string()),
            // A whole number loses its fraction on the way to where it is read.
            Ok(Value::Float(value)) if value.fract() == 0.0 && value.abs() < 1e15 => {
                Some((value as i64).to_string())
            }
            Ok(Value::Float(value)) => Some(go_general(value)),
            _ => None,
        };
        if let Some(text) = text {
            return Ok(Located { value: text, span: scalar.span, block: false });
        }
    }
    string(node, what)
}

/// Booleans as keys are what JSON makes of them.
fn key_text(text: &str, tag: Tag) -> &str {
    match (tag, text) {
        (Tag::Bool, "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "True" | "TRUE") => "true",
        (Tag::Bool, "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "False" | "FALSE") => "false",
        _ => text,
    }
}

fn wrong_type(node: &Node, what: &str, wanted: &str) -> Diagnostic {
    let got = match node {
        Node::Mapping(_) => "a mapping".to_owned(),
        Node::Sequence(_) => "a list".to_owned(),
        Node::Scalar(scalar) => match value(scalar) {
            _ if scalar.text.is_sensitive() => "a decrypted value".to_owned(),
            Ok(Value::Bool(_)) => format!("the boolean `{}`", scalar.text.as_str()),
            Ok(Value::Int(_) | Value::Uint(_) | Value::Float(_)) => {
                format!("the number `{}`", scalar.text.as_str())
            }
            Ok(Value::Null) => "nothing".to_owned(),
            _ => "a string".to_owned(),
        },
    };
    let error = Diagnostic::error(node.span(), format!("`{what}` must be {wanted}, and is {got}"));
    error.hinted(match (wanted, node) {
        ("a string" | "a mapping of strings", Node::Scalar(_)) => "put the value in quotes",
        ("a string", _) => "write one text, without brackets, braces and dashes",
        ("a list", _) => "write a line `- …` for each item",
        ("an integer", _) => "write a whole number, without quotes",
        ("true or false", _) => "write `true` or `false`, without quotes",
        _ => "write lines `field: value` below it",
    })
}
