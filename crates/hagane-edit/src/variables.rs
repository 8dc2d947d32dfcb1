//! `edit fix --vars`: replacements in the place of variables.
//!
//! Where variables stand is seen from what is built: with the variables, and without them. A field that differs is one
//! that takes them, in whatever file its text was written; so no file but the kustomization changes, and its texts
//! (`$(NAME)`) are what the replacements replace.

use hagane_kustomize::split_index;
use hagane_resource::{Diagnostic, Gvk, Resource, ResourceSet};
use hagane_yaml::{Mapping, Node, Span, Tag};

use crate::differences::differences;
use crate::kustomization::{Kustomization, literal, sequence, span, texts};

/// The variables of a kustomization, and where they are used.
pub struct VariableUses {
    variables: Vec<Variable>,
    uses: Vec<Use>,
}

/// A variable that the kustomization declares.
struct Variable {
    name: String,
    span: Span,
    /// Where its value comes from, as the source of a replacement.
    source: Node,
    /// Whether the value is a name or a namespace, which layers above may still change.
    is_name: bool,
}

/// A place that a variable goes to.
#[derive(Clone, Debug)]
struct Use {
    variable: usize,
    /// The resource, as `select` of a target.
    select: Node,
    field_path: String,
    /// Which part of the text, between which delimiters; nothing for all of it.
    part: Option<Part>,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    delimiter: String,
    index: usize,
}

impl Kustomization {
    /// Returns whether the file declares variables.
    pub fn has_variables(&self) -> bool {
        self.items("vars").is_ok_and(|vars| !vars.is_empty())
    }

    /// Removes the variables, to see what is built without them.
    pub fn remove_variables(&mut self) -> Result<(), Diagnostic> {
        self.remove_shadowed(&[], "vars")?;
        match self.child(&[], "vars") {
            Some(vars) => self.document_mut().remove(&vars),
            None => Ok(()),
        }
    }

    /// Returns where the variables are used: `with` is what is built with them, `without` what is built without. The
    /// positions of errors are those of `without`.
    pub fn variable_uses(
        &self,
        with: &ResourceSet,
        without: &ResourceSet,
    ) -> Result<VariableUses, Diagnostic> {
        let variables: Vec<Variable> = self.items("vars")?.iter().map(|item| self.variable(item)).collect();
        let uses = uses(&variables, with, without)?;
        Ok(VariableUses { variables, uses })
    }

    /// Makes replacements of the variables.
    pub fn replace_variables(&mut self, found: &VariableUses) -> Result<(), Diagnostic> {
        let replacements: Vec<Option<Node>> =
            found.variables.iter().enumerate().map(|(index, _)| self.replacement(found, index)).collect();
        self.remove_shadowed(&[], "vars")?;
        let Some(list) = self.field("vars") else { return Ok(()) };
        if self.at(&list).and_then(Node::as_sequence).is_some_and(|sequence| sequence.flow) {
            // Between brackets a replacement would be one long line.
            let all: Vec<Node> = replacements.into_iter().flatten().collect();
            self.document_mut().replace(&list, sequence(all))?;
        } else {
            for (index, replacement) in replacements.into_iter().enumerate().rev() {
                let item = [&list[..], &[index]].concat();
                match replacement {
                    Some(replacement) => self.document_mut().replace(&item, replacement)?,
                    None => self.document_mut().remove(&item)?,
                }
            }
        }
        match self.at(&list) == Some(&sequence(Vec::new())) {
            true => self.document_mut().remove(&list),
            false => self.become_list("vars", "replacements"),
        }
    }

    /// Returns the replacement that stands for a variable, if the variable is used at all.
    fn replacement(&mut self, found: &VariableUses, index: usize) -> Option<Node> {
        let variable = found.variables.get(index)?;
        let targets = targets(found.uses.iter().filter(|used| used.variable == index));
        if targets.is_empty() {
            let message = format!("the variable `{}` is used nowhere, and is left out", variable.name);
            self.warn(Diagnostic::warning(variable.span, message));
            return None;
        }
        if variable.is_name {
            let message = format!("the value of the variable `{}` is a name", variable.name);
            self.warn(Diagnostic::warning(variable.span, message).hinted(
                "a replacement copies the name of this layer: what layers above make of it is not copied",
            ));
        }
        let mut replacement = Mapping::default();
        replacement.push("source", variable.source.clone());
        replacement.push("targets", sequence(targets));
        Some(Node::Mapping(replacement))
    }

    fn variable(&self, path: &[usize]) -> Variable {
        let text = |part: &str, name: &str| {
            self.child(path, part).map(|part| self.text_of(&part, name)).unwrap_or("").to_owned()
        };
        let [api_version, group, version, kind] =
            ["apiVersion", "group", "version", "kind"].map(|name| text("objref", name));
        let gvk = Gvk::of_reference(&api_version, &group, &version, &kind);
        let field_path = field_path_of_variable(&text("fieldref", "fieldpath"));
        Variable {
            name: self.text_of(path, "name").to_owned(),
            span: span(self.at(path)),
            source: texts(&[
                ("group", &gvk.group),
                ("version", &gvk.version),
                ("kind", &gvk.kind),
                ("name", &text("objref", "name")),
                ("namespace", &text("objref", "namespace")),
                ("fieldPath", &field_path),
            ]),
            is_name: matches!(field_path.as_str(), "" | "metadata.name" | "metadata.namespace"),
        }
    }
}

/// Returns the path of a variable as replacements have it: `a[0].b` is `a.0.b` there.
fn field_path_of_variable(path: &str) -> String {
    let parts = path.split('.').flat_map(|part| match split_index(part) {
        Some((list, index)) => [list, index],
        None => [part, ""],
    });
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    parts.join(".")
}

/// Returns where the variables are used.
fn uses(variables: &[Variable], with: &ResourceSet, without: &ResourceSet) -> Result<Vec<Use>, Diagnostic> {
    let mut uses = Vec::new();
    let mut errors = Vec::new();
    for (with, without) in with.iter().zip(without.iter()) {
        let error = |node: &Node, message: String, path: &str| {
            Diagnostic::error(node.span(), message)
                .noted(format!("in the field `{path}` of {}", without.id()))
        };
        let mut texts = Vec::new();
        differences(with.tree(), without.tree(), &mut texts);
        for (path, value, node) in texts {
            match uses_in(variables, &select(without), &path, node) {
                Ok(found) if !found.is_empty() && !is_text(value) => {
                    let message =
                        "the value of a variable is no text here, and a replacement would make one of it";
                    errors.push(error(node, message.to_owned(), &path));
                }
                Ok(found) => uses.extend(found),
                Err(message) => errors.push(error(node, message, &path)),
            }
        }
    }
    Diagnostic::refuse(errors)?;
    Ok(uses)
}

fn is_text(value: &Node) -> bool {
    value.as_scalar().is_some_and(|scalar| scalar.resolved_tag() == Tag::Str)
}

/// Returns the uses in one text; those further right first, since a value may hold delimiters.
fn uses_in(variables: &[Variable], select: &Node, path: &str, node: &Node) -> Result<Vec<Use>, String> {
    let text = node.as_str().unwrap_or("");
    if text.contains("$$") {
        return Err("two dollars are one where variables are replaced, and stay two with replacements".into());
    }
    let mut uses = Vec::new();
    for (variable, declared) in variables.iter().enumerate() {
        let reference = format!("$({})", declared.name);
        for (at, _) in text.match_indices(&reference) {
            let part = match text == reference {
                true => None,
                false => Some(part(text, at, &reference).ok_or_else(|| {
                    format!("`{reference}` stands between different characters: no delimiter parts it from the rest")
                })?),
            };
            uses.push((at, Use { variable, select: select.clone(), field_path: path.to_owned(), part }));
        }
    }
    uses.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    Ok(uses.into_iter().map(|(_, used)| used).collect())
}

/// Returns the delimiter by which the reference at `at` is a part of its own, and which part.
fn part(text: &str, at: usize, reference: &str) -> Option<Part> {
    let (before, after) = (&text[..at], &text[at + reference.len()..]);
    // At an end of the text, one side is enough; the shortest that the reference does not hold itself.
    let candidates: Vec<&str> = match (before.is_empty(), after.is_empty()) {
        (true, _) => after.char_indices().map(|(i, c)| &after[..i + c.len_utf8()]).collect(),
        (false, true) => before.char_indices().rev().map(|(i, _)| &before[i..]).collect(),
        (false, false) => (1..=before.len().min(after.len()))
            .filter(|&length| {
                before.is_char_boundary(before.len() - length) && after.is_char_boundary(length)
            })
            .map(|length| (&before[before.len() - length..], &after[..length]))
            .filter(|(left, right)| left == right)
            .map(|(left, _)| left)
            .collect(),
    };
    candidates.into_iter().find_map(|delimiter| {
        let mut start = 0;
        text.split(delimiter).enumerate().find_map(|(index, part)| {
            let is_it = start == at && part == reference;
            start += part.len() + delimiter.len();
            is_it.then(|| Part { delimiter: delimiter.to_owned(), index })
        })
    })
}

/// Returns the selection of a resource by the names that it has in its file.
fn select(resource: &Resource) -> Node {
    let original = resource.original_id();
    let namespace = match original.namespace.as_str() {
        "default" | hagane_resource::CLUSTER => "",
        namespace => namespace,
    };
    texts(&[
        ("group", &original.gvk.group),
        ("version", &original.gvk.version),
        ("kind", &original.gvk.kind),
        ("name", &original.name),
        ("namespace", namespace),
    ])
}

/// Returns the targets of a replacement. Fields of one resource that take the same part are one target.
fn targets<'u>(uses: impl Iterator<Item = &'u Use>) -> Vec<Node> {
    let mut grouped: Vec<(&Node, &Option<Part>, Vec<&str>)> = Vec::new();
    for used in uses {
        let path = used.field_path.as_str();
        match grouped.iter_mut().find(|(select, part, _)| **select == used.select && **part == used.part) {
            Some((_, _, paths)) if paths.contains(&path) => {}
            Some((_, _, paths)) => paths.push(path),
            None => grouped.push((&used.select, &used.part, vec![path])),
        }
    }
    let target = |(select, part, paths): (&Node, &Option<Part>, Vec<&str>)| {
        let mut target = Mapping::default();
        target.push("select", select.clone());
        target.push("fieldPaths", sequence(paths.into_iter().map(Node::string).collect()));
        if let Some(part) = part {
            let mut options = Mapping::default();
            options.push("delimiter", Node::string(part.delimiter.as_str()));
            if part.index > 0 {
                options.push("index", literal(part.index.to_string(), Tag::Int));
            }
            target.push("options", Node::Mapping(options));
        }
        Node::Mapping(target)
    };
    grouped.into_iter().map(target).collect()
}
