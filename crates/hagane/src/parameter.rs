//! Parameters: what a user may set, and what was set.

use std::path::{Path, PathBuf};

use hagane_kustomize::Sources;
use hagane_regex::Regex;
use hagane_template::lay_over;
use hagane_yaml::{Mapping, Node, Scalar, Sequence, Span, Tag, Text};

use crate::pipeline_file::values_of;
use crate::{Diagnostic, nearest};

/// The most bytes of a value, or of a file with one.
const MAX_VALUE: usize = 1 << 20;

/// A value that a user may set, as `hagane.yaml` declares it.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// The name, by which templates know it.
    pub name: String,
    /// What it is.
    pub kind: ParameterKind,
    /// What it is called on a page.
    pub title: String,
    /// What there is to know about it.
    pub tooltip: String,
    /// The value where nobody sets one.
    pub default: Option<Node>,
    /// Whether it must have a value.
    pub required: bool,
    /// The values it may have; any where there are none.
    pub choices: Vec<Node>,
    /// What a text must match, whole.
    pub pattern: Option<Regex>,
    /// Whether its value is secret.
    pub secret: bool,
    /// Where it is declared.
    pub span: Span,
}

/// What a parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// A text.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A list of texts.
    Array,
    /// Texts by name.
    Map,
}

impl ParameterKind {
    /// All of them, with the words for them.
    pub const ALL: [(ParameterKind, &'static str); 6] = [
        (ParameterKind::String, "string"),
        (ParameterKind::Integer, "integer"),
        (ParameterKind::Number, "number"),
        (ParameterKind::Boolean, "boolean"),
        (ParameterKind::Array, "array"),
        (ParameterKind::Map, "map"),
    ];
}

/// A value that was set.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The parameter.
    pub name: String,
    /// Its value.
    pub value: Given,
}

/// How a value was given. None is shown, since any may be secret.
#[derive(Clone, Debug)]
pub enum Given {
    /// As a text, in which the items of a list and the pairs of a map are parted by commas.
    Text(Text),
    /// As a list.
    List(Vec<Text>),
    /// As pairs.
    Map(Vec<(String, Text)>),
    /// As the content of a file, which may be encrypted.
    File(PathBuf),
}

impl Parameter {
    /// Returns why a value cannot be this parameter's, behind its name.
    pub(crate) fn check(&self, value: &Node) -> Result<(), String> {
        let texts: Vec<&Scalar> = match (self.kind, value) {
            (ParameterKind::Array, Node::Sequence(sequence)) => {
                sequence.items.iter().filter_map(Node::as_scalar).collect()
            }
            (ParameterKind::Map, Node::Mapping(mapping)) => {
                mapping.entries.iter().filter_map(|entry| entry.value.as_scalar()).collect()
            }
            (ParameterKind::Array, _) => return Err("must be a list".into()),
            (ParameterKind::Map, _) => return Err("must be a mapping".into()),
            (kind, Node::Scalar(scalar)) => {
                let tag = scalar.resolved_tag();
                let (right, what) = match kind {
                    ParameterKind::Integer => (tag == Tag::Int, "a whole number"),
                    ParameterKind::Number => (matches!(tag, Tag::Int | Tag::Float), "a number"),
                    ParameterKind::Boolean => (tag == Tag::Bool, "true or false"),
                    _ => (tag == Tag::Str, "a text"),
                };
                if !right {
                    return Err(format!("must be {what}"));
                }
                vec![scalar]
            }
            _ => return Err("must be a single value".into()),
        };
        let length = match value {
            Node::Sequence(sequence) => sequence.items.len(),
            Node::Mapping(mapping) => mapping.entries.len(),
            Node::Scalar(_) => 1,
        };
        if texts.len() != length {
            return Err("must hold single values".into());
        }
        let is_limited = !self.choices.is_empty() || self.pattern.is_some();
        if is_limited && texts.iter().any(|scalar| scalar.text.is_sensitive()) {
            // Whoever declares patterns would learn with each one what is in the value.
            return Err("has an `enum` or a `pattern`, which a decrypted value is not compared with".into());
        }
        let is_choice =
            |scalar: &Scalar| self.choices.iter().any(|choice| choice.as_str() == Some(scalar.text.as_str()));
        if !self.choices.is_empty() && !texts.iter().all(|text| is_choice(text)) {
            return Err(self.one_of());
        }
        match &self.pattern {
            Some(pattern) if !texts.iter().all(|text| pattern.is_match(text.text.as_str())) => {
                Err("does not match its pattern".into())
            }
            _ => Ok(()),
        }
    }

    fn one_of(&self) -> String {
        let choices: Vec<&str> = self.choices.iter().filter_map(Node::as_str).collect();
        format!("must be one of {}", choices.join(", "))
    }

    /// Returns the value that was given, if it can be this parameter's; what is secret is marked.
    fn value(&self, given: &Given, sources: &Sources) -> Result<Node, String> {
        let mut node = match (given, self.kind) {
            (Given::File(path), _) => self.scalar_of(text_of_file(path, sources)?),
            (Given::Text(text), ParameterKind::Array) => list(text.as_str().split(',')),
            (Given::Text(text), ParameterKind::Map) => {
                let mut mapping = Mapping::default();
                for pair in text.as_str().split(',').filter(|pair| !pair.is_empty()) {
                    let (key, value) = pair.split_once('=').ok_or("must be pairs like `a=b,c=d`")?;
                    mapping.push(key, Node::string(value));
                }
                Node::Mapping(mapping)
            }
            // What was given is taken for secret until it is known which parameter it is for.
            (Given::Text(text), _) => self.scalar_of(text.as_str().into()),
            (Given::List(items), _) => list(items.iter().map(Text::as_str)),
            (Given::Map(pairs), _) => {
                let mut mapping = Mapping::default();
                pairs
                    .iter()
                    .for_each(|(key, value)| mapping.push(key.as_str(), Node::string(value.as_str())));
                Node::Mapping(mapping)
            }
        };
        self.check(&node)?;
        if self.secret {
            mark(&mut node);
        }
        Ok(node)
    }

    /// Returns a text as this kind of value.
    fn scalar_of(&self, text: Text) -> Node {
        Node::Scalar(match self.kind {
            ParameterKind::Integer | ParameterKind::Number | ParameterKind::Boolean => Scalar::bare(text),
            _ => Scalar::string(text),
        })
    }
}

fn list<'t>(items: impl Iterator<Item = &'t str>) -> Node {
    let items = items.filter(|item| !item.is_empty()).map(Node::string).collect();
    Node::Sequence(Sequence { items, ..Sequence::default() })
}

fn mark(node: &mut Node) {
    node.for_each_scalar(&mut |scalar| scalar.text = Text::sensitive(scalar.text.as_str().to_owned()));
}

/// Lays what was set over values, and checks that every parameter has a value that it can have.
pub(crate) fn set(
    values: &mut Node,
    parameters: &[Parameter],
    settings: &[Setting],
    files: &[PathBuf],
    sources: &Sources,
) -> Result<(), Diagnostic> {
    let Node::Mapping(fields) = values else { return Ok(()) };
    for parameter in parameters {
        if let (None, Some(default)) = (fields.get(&parameter.name), &parameter.default) {
            fields.push(parameter.name.as_str(), default.clone());
        }
    }
    for path in files {
        for document in given_values(path, sources)? {
            let Node::Mapping(given) = &document else { continue };
            for entry in &given.entries {
                declared(parameters, entry.key.text.as_str()).map_err(|error| error.or_at(entry.key.span))?;
            }
            lay_over(values, document);
        }
    }
    let Node::Mapping(fields) = values else { return Ok(()) };
    for Setting { name, value } in settings {
        let parameter = declared(parameters, name)?;
        let value = parameter.value(value, sources).map_err(|why| wrong(parameter, &why))?;
        fields.set(name, value);
    }
    let is_set = |parameter: &Parameter| settings.iter().any(|setting| setting.name == parameter.name);
    for parameter in parameters {
        match fields.get_mut(&parameter.name).filter(|value| !value.is_null()) {
            // Checked when it was set, before what is secret of it was marked.
            Some(_) if is_set(parameter) => {}
            Some(value) => {
                parameter.check(value).map_err(|why| wrong(parameter, &why).or_at(value.span()))?;
                if parameter.secret {
                    mark(value);
                }
            }
            None if parameter.required => {
                let error = wrong(parameter, "has no value");
                return Err(error.hinted(format!("`--set {}=…` gives it one", parameter.name)));
            }
            None => {}
        }
    }
    Ok(())
}

fn wrong(parameter: &Parameter, why: &str) -> Diagnostic {
    Diagnostic::error(Span::default(), format!("parameter `{}` {why}", parameter.name))
        .hinted_at("it is declared here", parameter.span)
}

/// Returns the parameter of a name. What is not declared cannot be set: a template's other values are not the user's.
fn declared<'p>(parameters: &'p [Parameter], name: &str) -> Result<&'p Parameter, Diagnostic> {
    if let Some(parameter) = parameters.iter().find(|parameter| parameter.name == name) {
        return Ok(parameter);
    }
    let error = Diagnostic::error(Span::default(), format!("there is no parameter `{name}`"));
    let names: Vec<&str> = parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    Err(match nearest(name, names.iter().copied()) {
        Some(near) => error.hinted(format!("did you mean `{near}`?")),
        None if names.is_empty() => error.hinted("`parameters:` of `hagane.yaml` declares them"),
        None => error.hinted(format!("the parameters are {}", names.join(", "))),
    })
}

/// Returns the values in a file that the user names.
fn given_values(path: &Path, sources: &Sources) -> Result<Vec<Node>, Diagnostic> {
    let (root, name) = place(path, sources)?;
    values_of(&root, &name, Span::default(), sources)
}

fn place(path: &Path, sources: &Sources) -> Result<(hagane_kustomize::Root, String), Diagnostic> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let root = sources.root(parent.unwrap_or(".".as_ref()), None, Span::default())?;
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    Ok((root, name.to_owned()))
}

/// Returns the text of a file, without its last line break; that of an encrypted one is marked.
fn text_of_file(path: &Path, sources: &Sources) -> Result<Text, String> {
    let read = || {
        let (root, name) = place(path, sources)?;
        let source = sources.read(&sources.file(&root, &name, Span::default())?, Span::default())?;
        let text = source.text()?;
        let is_secret = source.decrypted.as_ref().is_some_and(|decrypted| decrypted.is_secret);
        Ok::<_, Diagnostic>(Text::with_mark(text.strip_suffix('\n').unwrap_or(text), is_secret))
    };
    match read() {
        Ok(text) if text.as_str().len() > MAX_VALUE => Err(format!("is larger than {} MiB", MAX_VALUE >> 20)),
        Ok(text) => Ok(text),
        Err(error) => Err(format!("cannot be read from its file: {}", error.message)),
    }
}
