//! Variables: `$(NAME)` in fields that take them. Replacements came after them; both are in use.

use std::collections::BTreeMap;

use hagane_resource::{Create, Diagnostic, FieldSpec, ResId, ResourceSet};
use hagane_yaml::scalar::{Value, go_general, value};
use hagane_yaml::{Node, Scalar, Style, Tag, Text};

use crate::field_path;
use crate::kustomization::Var;
use crate::notes::with_notes;
use crate::selector::nearest_resource;

/// The variables of a layer and those below it. Names are unique.
#[derive(Clone, Default)]
pub(crate) struct Vars(Vec<Var>);

impl Vars {
    /// Adds variables. One of the same name is a conflict, even if it means the same: two layers with one base give both
    /// a variable of that.
    pub(crate) fn add(&mut self, vars: &[Var]) -> Result<(), Diagnostic> {
        for var in vars {
            match self.0.iter().find(|own| own.name == var.name) {
                None => self.0.push(var.clone()),
                Some(own) => {
                    let message = format!("the variable `{}` is there already", var.name);
                    let error = Diagnostic::error(var.span, message);
                    return Err(error.hinted_at("the other one is here", own.span));
                }
            }
        }
        Ok(())
    }

    /// Adds the variables of a layer below.
    pub(crate) fn absorb(&mut self, other: &Vars) -> Result<(), Diagnostic> {
        self.add(&other.0)
    }
}

/// Puts the values of variables into the fields that take them; returns warnings about variables nobody used.
pub(crate) fn resolve_vars(
    resources: &mut ResourceSet,
    vars: &Vars,
    specs: &[FieldSpec],
) -> Result<Vec<Diagnostic>, Diagnostic> {
    if vars.0.is_empty() {
        return Ok(Vec::new());
    }
    let values = values(resources, vars)?;
    let mut used: Vec<String> = Vec::new();
    for resource in resources.iter_mut() {
        for spec in specs {
            if !spec.takes(resource.gvk()) || !spec.reaches(resource.tree()) {
                continue;
            }
            resource.edit(|tree| {
                spec.apply(tree, Create::Nothing, &mut |node| {
                    refuse_other_items(node)?;
                    expand(node, &values, &mut used);
                    Ok(())
                })
            })?;
        }
    }
    let unused = vars.0.iter().filter(|var| !used.contains(&var.name));
    Ok(unused
        .map(|var| Diagnostic::warning(var.span, format!("the variable `{}` is used nowhere", var.name)))
        .collect())
}

/// Notes in the resources which variables are read from them, while their names are those that the layer's
/// variables use. A variable that finds nothing may find it in a layer above.
pub(crate) fn point_vars(resources: &mut ResourceSet, vars: &[Var]) -> Result<(), Diagnostic> {
    for var in vars {
        let object = &var.object;
        // A namespace counts as it is written: a resource of the cluster is in none that a name could have.
        let in_namespace =
            |id: &ResId| object.namespace.is_empty() || id.effective_namespace() == object.namespace;
        let places: Vec<usize> = resources.named(&object.name).to_vec();
        let matching: Vec<usize> = places
            .into_iter()
            .filter(|&place| {
                let resource = resources.get(place);
                resource
                    .former_ids()
                    .chain([resource.id().clone()])
                    .any(|id| id.gvk == object.gvk && id.name == object.name && in_namespace(&id))
            })
            .collect();
        match matching[..] {
            [] => {}
            [place] => resources.get_mut_keeping_name(place).var_names.push(var.name.as_str().into()),
            _ => {
                let message = format!(
                    "the variable `{}` is read from {object}, of which there are {}",
                    var.name,
                    matching.len()
                );
                return Err(Diagnostic::error(var.span, message).hinted("add the namespace"));
            }
        }
    }
    Ok(())
}

/// Returns the value of every variable.
fn values(resources: &ResourceSet, vars: &Vars) -> Result<BTreeMap<String, Scalar>, Diagnostic> {
    let mut values = BTreeMap::new();
    for var in &vars.0 {
        let Some(resource) = resources.iter().find(|r| r.var_names.contains(&var.name.as_str().into()))
        else {
            let message =
                format!("the variable `{}` is read from {}, which is not here", var.name, var.object);
            let all: Vec<_> = resources.iter().collect();
            let error = Diagnostic::error(var.span, message);
            return Err(match nearest_resource(&var.object.gvk.kind, &var.object.name, &all) {
                Some(near) => {
                    let hint = format!(
                        "there is `{}` with the apiVersion `{}`",
                        near.id(),
                        near.gvk().api_version()
                    );
                    error.hinted_at(hint, near.tree().span())
                }
                None => error,
            });
        };
        let steps = field_path::parse_of_variable(&var.field_path, var.span)?;
        // It may be one of kustomize's own notes.
        let noted = var.field_path.contains("config.kubernetes.io/").then(|| with_notes(resource));
        match field_path::look_up(noted.as_ref().unwrap_or(resource.tree()), &steps) {
            Some(Node::Scalar(scalar)) => match typed(scalar) {
                Some(value) => _ = values.insert(var.name.clone(), value),
                None => {
                    let message = format!(
                        "the field `{}` of {} is no decimal number of 64 bits",
                        var.field_path,
                        resource.id()
                    );
                    return Err(Diagnostic::error(var.span, message)
                        .hinted("put the number in quotes, and its text is the value"));
                }
            },
            Some(_) => {
                let message =
                    format!("the field `{}` of {} is not a single value", var.field_path, resource.id());
                return Err(Diagnostic::error(var.span, message)
                    .hinted("`fieldref.fieldpath` leads to a text, a number or a boolean"));
            }
            None => {
                let message = format!(
                    "the field `{}` of the variable `{}` is not in {}",
                    var.field_path,
                    var.name,
                    resource.id()
                );
                return Err(Diagnostic::error(var.span, message)
                    .hinted("`fieldref.fieldpath` is a path with dots: `metadata.name`"));
            }
        }
    }
    Ok(values)
}

/// Returns the value of a variable as kustomize reads it: booleans and numbers are what they mean, anything else is what is
/// written. An integer is read as a decimal, and there is none where that does not do.
fn typed(scalar: &Scalar) -> Option<Scalar> {
    let (text, tag) = match (scalar.resolved_tag(), value(scalar)) {
        (Tag::Int, _) => (scalar.text.as_str().parse::<i64>().ok()?.to_string(), Tag::Int),
        (_, Ok(Value::Bool(value))) => (value.to_string(), Tag::Bool),
        (Tag::Float, Ok(Value::Float(value))) => (go_general(value), Tag::Float),
        (Tag::Str, Ok(Value::Str(text))) => (text.into_owned(), Tag::Str),
        _ => (scalar.text.as_str().to_owned(), Tag::Str),
    };
    Some(Scalar { text: Text::marked_as(text, &scalar.text), tag, ..Scalar::default() })
}

/// Refuses lists that hold anything but texts where variables may stand.
fn refuse_other_items(node: &Node) -> Result<(), Diagnostic> {
    let is_text = |item: &Node| item.as_scalar().is_some_and(|scalar| scalar.resolved_tag() == Tag::Str);
    match node.as_sequence().and_then(|sequence| sequence.items.iter().find(|item| !is_text(item))) {
        None => Ok(()),
        Some(item) => {
            Err(Diagnostic::error(item.span(), "an item of a list that takes variables must be a string")
                .hinted("put the value in quotes"))
        }
    }
}

fn expand(node: &mut Node, values: &BTreeMap<String, Scalar>, used: &mut Vec<String>) {
    match node {
        Node::Sequence(sequence) => sequence.items.iter_mut().for_each(|item| expand(item, values, used)),
        Node::Mapping(mapping) => mapping.entries.iter_mut().for_each(|entry| {
            if matches!(entry.value, Node::Scalar(_)) {
                expand(&mut entry.value, values, used);
            }
        }),
        Node::Scalar(scalar) if scalar.text.as_str().contains('$') => expand_scalar(scalar, values, used),
        Node::Scalar(_) => {}
    }
}

/// Puts values in; a text that is one variable and nothing else takes the type of its value.
fn expand_scalar(scalar: &mut Scalar, values: &BTreeMap<String, Scalar>, used: &mut Vec<String>) {
    let text = scalar.text.clone();
    let mut rest = text.as_str();
    let (mut out, mut sensitive) = (String::new(), text.is_sensitive());
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let name = after.strip_prefix('(').and_then(|a| a.split_once(')'));
        match (after.strip_prefix('$'), name) {
            // Two dollars are one, and what follows is no variable.
            (Some(escaped), _) => {
                out.push('$');
                rest = escaped;
            }
            (None, Some((name, tail))) => {
                match values.get(name) {
                    Some(value) => {
                        if !used.iter().any(|u| u == name) {
                            used.push(name.to_owned());
                        }
                        if at == 0 && tail.is_empty() && rest.len() == text.as_str().len() {
                            *scalar = Scalar { span: scalar.span, ..value.clone() };
                            return;
                        }
                        sensitive |= value.text.is_sensitive();
                        out.push_str(value.text.as_str());
                    }
                    None => {
                        out.push_str("$(");
                        out.push_str(name);
                        out.push(')');
                    }
                }
                rest = tail;
            }
            (None, None) => {
                out.push('$');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    if out != text.as_str() {
        *scalar = Scalar {
            text: Text::with_mark(out, sensitive),
            tag: Tag::Str,
            style: Style::Plain,
            span: scalar.span,
            extra: None,
        };
    }
}
