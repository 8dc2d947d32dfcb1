//! The sections `templates`, `values`, `valuesFiles` and `parameters`, and the file of a generator `Template`.

use hagane_kustomize::{Root, Sources};
use hagane_resource::strict::{as_mapping, as_text, check_fields, check_once, items, present, text, unknown};
use hagane_sops::{Format, detect};
use hagane_template::lay_over;
use hagane_yaml::{Mapping, Node, ParseOptions, Span, parse};

use crate::Diagnostic;
use crate::parameter::{Parameter, ParameterKind};

/// The most bytes of a file of values.
const MAX_VALUES: usize = 8 << 20;

/// Names of files, with the directory they are relative to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listed {
    pub(crate) files: Vec<(String, Span)>,
}

/// What one file says of templates.
#[derive(Clone, Debug)]
pub(crate) struct TemplateSection {
    /// The directory that paths are relative to.
    pub(crate) root: Root,
    pub(crate) templates: Listed,
    pub(crate) values_files: Listed,
    pub(crate) values: Option<Node>,
    pub(crate) parameters: Vec<Parameter>,
}

/// The fields that a section can have.
pub(crate) const FIELDS: [&str; 3] = ["templates", "values", "valuesFiles"];

/// Reads what a file of a directory says of templates.
pub(crate) fn read(file: &Mapping, root: &Root) -> Result<TemplateSection, Diagnostic> {
    let listed = |field: &str| {
        let files = items(file, field)?.iter().map(|item| Ok((as_text(item, field)?, item.span())));
        Ok::<Listed, Diagnostic>(Listed { files: files.collect::<Result<_, Diagnostic>>()? })
    };
    let values = match present(file, "values") {
        Some(node) => {
            as_mapping(node, "values")?;
            Some(node.clone())
        }
        None => None,
    };
    let parameters = items(file, "parameters")?.iter().map(parameter).collect::<Result<Vec<_>, _>>()?;
    for (place, parameter) in parameters.iter().enumerate() {
        if let Some(first) = parameters[..place].iter().find(|first| first.name == parameter.name) {
            let message = format!("the parameter `{}` is there twice", parameter.name);
            return Err(
                Diagnostic::error(parameter.span, message).hinted_at("the first one is here", first.span)
            );
        }
    }
    Ok(TemplateSection {
        root: root.clone(),
        templates: listed("templates")?,
        values_files: listed("valuesFiles")?,
        values,
        parameters,
    })
}

impl TemplateSection {
    /// Lays the values of this section over others: those of its files, and those in it.
    pub(crate) fn lay_values(&self, values: &mut Node, sources: &Sources) -> Result<(), Diagnostic> {
        for (path, span) in &self.values_files.files {
            for document in values_of(&self.root, path, *span, sources)? {
                lay_over(values, document);
            }
        }
        if let Some(own) = &self.values {
            lay_over(values, own.clone());
        }
        Ok(())
    }
}

/// Returns the values in a file, decrypted where it is encrypted.
pub(crate) fn values_of(
    root: &Root,
    path: &str,
    at: Span,
    sources: &Sources,
) -> Result<Vec<Node>, Diagnostic> {
    let source = sources.read(&sources.file(root, path, at)?, at)?;
    let start = Span { file: source.file, line: 1, column: 1 };
    if source.content().len() > MAX_VALUES {
        return Err(Diagnostic::error(start, format!("values have at most {} MiB a file", MAX_VALUES >> 20)));
    }
    let documents = match &source.decrypted {
        Some(decrypted) => decrypted
            .documents
            .clone()
            .ok_or_else(|| Diagnostic::error(start, "encrypted values must be YAML or JSON"))?,
        None if detect(&source.bytes, Format::of_path(path)).is_some() => {
            let error = Diagnostic::error(start, "values that a template writes cannot stay encrypted");
            return Err(error.hinted("`--secrets placeholder` needs no key either"));
        }
        None => parse(source.text()?, source.file, &ParseOptions::default())?,
    };
    let documents: Vec<Node> = documents.into_iter().filter(|document| !document.is_null()).collect();
    for document in &documents {
        match document {
            Node::Mapping(mapping) => check_once(mapping)?,
            other => {
                return Err(Diagnostic::error(other.span(), "values must be a mapping")
                    .hinted("`name: value`, a line each"));
            }
        }
    }
    Ok(documents)
}

fn parameter(node: &Node) -> Result<Parameter, Diagnostic> {
    let fields = as_mapping(node, "parameters")?;
    let known = ["default", "enum", "name", "pattern", "required", "secret", "title", "tooltip", "type"];
    check_fields(fields, "parameters", &known)?;
    let Some((name, name_node)) = text(fields, "name")? else {
        return Err(Diagnostic::error(fields.span, "a parameter needs a `name`"));
    };
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || name.len() > 128 || name.starts_with('-') || !name.chars().all(is_letter) {
        let error =
            Diagnostic::error(name_node.span(), "the name of a parameter has letters, digits, `-` and `_`");
        return Err(error.hinted("a template writes it as `{{name}}`"));
    }
    let kind = match text(fields, "type")? {
        None => ParameterKind::String,
        Some((word, node)) => match ParameterKind::ALL.iter().find(|(_, own)| *own == word) {
            Some((kind, _)) => *kind,
            None => {
                let known: Vec<&str> = ParameterKind::ALL.iter().map(|(_, own)| *own).collect();
                return Err(unknown(node, "the type", &word, &known));
            }
        },
    };
    let pattern = match text(fields, "pattern")? {
        None => None,
        Some((pattern, node)) => Some(hagane_regex::Regex::anchored(&pattern).map_err(|error| {
            Diagnostic::error(node.span(), format!("the pattern is no regular expression: {}", error.message))
        })?),
    };
    let parameter = Parameter {
        name,
        kind,
        title: text(fields, "title")?.map(|(text, _)| text).unwrap_or_default(),
        tooltip: text(fields, "tooltip")?.map(|(text, _)| text).unwrap_or_default(),
        default: present(fields, "default").cloned(),
        required: truth(fields, "required")?,
        choices: items(fields, "enum")?.to_vec(),
        pattern,
        secret: truth(fields, "secret")?,
        span: name_node.span(),
    };
    // Of a list or a map the choices are those of its items.
    let of_items = Parameter { kind: ParameterKind::String, ..parameter.clone() };
    let is_of_many = matches!(kind, ParameterKind::Array | ParameterKind::Map);
    let choice = if is_of_many { &of_items } else { &parameter };
    let choices = parameter.choices.iter().map(|value| (choice, value));
    for (of, value) in choices.chain(parameter.default.iter().map(|value| (&parameter, value))) {
        of.check(value).map_err(|why| {
            Diagnostic::error(value.span(), format!("parameter `{}` {why}", parameter.name))
        })?;
    }
    if let (true, Some(default)) = (parameter.secret, &parameter.default) {
        return Err(Diagnostic::error(default.span(), "a secret parameter has no default")
            .hinted("put the value into an encrypted file under `valuesFiles`"));
    }
    Ok(parameter)
}

fn truth(fields: &Mapping, field: &str) -> Result<bool, Diagnostic> {
    match present(fields, field) {
        None => Ok(false),
        Some(node) => match node.as_scalar().map(hagane_yaml::scalar::value) {
            Some(Ok(hagane_yaml::scalar::Value::Bool(value))) => Ok(value),
            _ => Err(Diagnostic::error(node.span(), format!("`{field}` must be true or false"))),
        },
    }
}
