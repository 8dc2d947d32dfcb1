//! `edit add|set|remove configmap` and `secret`.

use hagane_resource::{Diagnostic, Fault};
use hagane_yaml::{Mapping, Node, Span, Tag};

use crate::kustomization::{Kustomization, literal, sequence, span};

/// Which generators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GeneratorKind {
    /// `configMapGenerator`
    ConfigMap,
    /// `secretGenerator`
    Secret,
}

/// A generator as it is written on the command line. What is empty is not written.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct GeneratorArgument {
    /// The name of what is made.
    pub name: String,
    /// Its namespace; the empty one is `default`.
    pub namespace: String,
    /// `key=value` pairs.
    pub literals: Vec<String>,
    /// Files, or `key=file`.
    pub files: Vec<String>,
    /// A file of `key=value` lines.
    pub env: String,
    /// `create`, `merge` or `replace`.
    pub behavior: String,
    /// The type of a secret that is new.
    pub kind_of_secret: String,
    /// Whether the name gets no hash.
    pub without_hash: bool,
}

impl GeneratorKind {
    fn field(self) -> &'static str {
        match self {
            GeneratorKind::ConfigMap => "configMapGenerator",
            GeneratorKind::Secret => "secretGenerator",
        }
    }

    fn noun(self) -> &'static str {
        match self {
            GeneratorKind::ConfigMap => "ConfigMap",
            GeneratorKind::Secret => "Secret",
        }
    }
}

impl GeneratorArgument {
    /// Refuses what makes no generator.
    pub fn check(&self) -> Result<(), Diagnostic> {
        let has_pairs = !self.literals.is_empty() || !self.files.is_empty();
        if self.env.is_empty() && !has_pairs {
            return Err(usage("there is nothing to put into it")
                .hinted("give `--from-literal`, `--from-file` or `--from-env-file`"));
        }
        if !self.env.is_empty() && has_pairs {
            return Err(usage("`--from-env-file` goes neither with `--from-file` nor with `--from-literal`"));
        }
        if !["", "create", "merge", "replace"].contains(&self.behavior.as_str()) {
            return Err(usage(format!("`{}` is no behavior", self.behavior))
                .hinted("the behaviors are create, merge, replace"));
        }
        // The value may be a secret: only its key is shown.
        match self.literals.iter().any(|literal| key_of(literal).is_none_or(str::is_empty)) {
            true => Err(usage("a literal has no key or no value").hinted("write `--from-literal=key=value`")),
            false => Ok(()),
        }
    }
}

impl Kustomization {
    /// Adds to the generator of this name and namespace, or adds a generator.
    pub fn add_generator(
        &mut self,
        kind: GeneratorKind,
        argument: &GeneratorArgument,
    ) -> Result<(), Diagnostic> {
        argument.check()?;
        let field = kind.field();
        let Some(path) = self.generator(kind, &argument.name, &argument.namespace)? else {
            return self.push(field, new_generator(kind, argument));
        };
        for literal in &argument.literals {
            let key = key_of(literal).unwrap_or("");
            if let Some(there) = self.literal(&path, key) {
                let message = format!("`{}` already has the key `{key}`", argument.name);
                // The line may hold a secret.
                let error =
                    Diagnostic { quotable: false, ..Diagnostic::error(span(self.at(&there)), message) };
                return Err(error.hinted("`edit set` changes the value of a key"));
            }
            self.push_to(&path, "literals", Node::string(literal.as_str()))?;
        }
        for file in &argument.files {
            self.push_to(&path, "files", Node::string(file.as_str()))?;
        }
        if !argument.env.is_empty() {
            self.push_to(&path, "envs", Node::string(argument.env.as_str()))?;
        }
        if !argument.behavior.is_empty() {
            self.set_text(&path, "behavior", &argument.behavior)?;
        }
        if argument.without_hash {
            match self.child(&path, "options") {
                Some(options) => self.set(&options, "disableNameSuffixHash", yes())?,
                None => self.insert(&path, "options", without_hash())?,
            }
        }
        Ok(())
    }

    /// Sets the values of keys that a generator has, and its namespace unless the new one is empty.
    pub fn set_generator(
        &mut self,
        kind: GeneratorKind,
        argument: &GeneratorArgument,
        new_namespace: &str,
    ) -> Result<(), Diagnostic> {
        if argument.literals.is_empty() && new_namespace.is_empty() {
            return Err(usage("there is nothing to set").hinted("give `--from-literal` or `--new-namespace`"));
        }
        let Some(path) = self.generator(kind, &argument.name, &argument.namespace)? else {
            let message = format!("`{}` makes no {} `{}`", kind.field(), kind.noun(), argument.name);
            return Err(Diagnostic::error(Span::default(), message)
                .hinted("`edit add` adds one; `--namespace` says which one is meant"));
        };
        for literal in &argument.literals {
            let key = key_of(literal).filter(|key| literal[key.len() + 1..].find('=').is_none());
            let Some(key) = key else {
                return Err(usage("a literal is not of the form `key=value`"));
            };
            let Some(there) = self.literal(&path, key) else {
                let message = format!("`{}` has no literal `{key}`", argument.name);
                return Err(Diagnostic::error(span(self.at(&path)), message).hinted("`edit add` adds one"));
            };
            self.replace(&there, Node::string(literal.as_str()))?;
        }
        if new_namespace.is_empty() { Ok(()) } else { self.set_text(&path, "namespace", new_namespace) }
    }

    /// Removes the generators of these names in a namespace; a warning tells of each that is not there, and where none
    /// is that is an error.
    pub fn remove_generators(
        &mut self,
        kind: GeneratorKind,
        names: &[String],
        namespace: &str,
    ) -> Result<(), Diagnostic> {
        let mut missing = Vec::new();
        for name in names {
            let mut removed = false;
            while let Some(path) = self.generator(kind, name, namespace)? {
                self.remove(&path)?;
                removed = true;
            }
            if !removed {
                missing.push(format!("`{}` makes no {} `{name}`", kind.field(), kind.noun()));
            }
        }
        if missing.len() == names.len() {
            let error = Diagnostic::error(Span::default(), missing.join("; "));
            return Err(error.hinted("`--namespace` says which one is meant"));
        }
        for message in missing {
            self.warn(Diagnostic::warning(Span::default(), message));
        }
        Ok(())
    }

    /// Returns the path of the first generator of a name in a namespace.
    fn generator(
        &self,
        kind: GeneratorKind,
        name: &str,
        namespace: &str,
    ) -> Result<Option<Vec<usize>>, Diagnostic> {
        let effective = |namespace: &str| if namespace.is_empty() { "default" } else { namespace }.to_owned();
        Ok(self.items(kind.field())?.into_iter().find(|path| {
            self.text_of(path, "name") == name
                && effective(self.text_of(path, "namespace")) == effective(namespace)
        }))
    }

    /// Returns the path of the literal with this key in the generator at `path`.
    fn literal(&self, path: &[usize], key: &str) -> Option<Vec<usize>> {
        let list = self.child(path, "literals")?;
        let items = &self.at(&list)?.as_sequence()?.items;
        let index = items.iter().rposition(|item| item.as_str().and_then(key_of) == Some(key))?;
        Some([&list[..], &[index]].concat())
    }
}

fn new_generator(kind: GeneratorKind, argument: &GeneratorArgument) -> Node {
    let mut node = Mapping::default();
    let strings = |texts: &[String]| sequence(texts.iter().map(|text| Node::string(text.as_str())).collect());
    let secret_type = if kind == GeneratorKind::Secret { argument.kind_of_secret.as_str() } else { "" };
    for (key, value) in [
        ("name", argument.name.as_str()),
        ("namespace", &argument.namespace),
        ("type", secret_type),
        ("behavior", &argument.behavior),
    ] {
        if !value.is_empty() {
            node.push(key, Node::string(value));
        }
    }
    for (key, values) in [("literals", &argument.literals), ("files", &argument.files)] {
        if !values.is_empty() {
            node.push(key, strings(values));
        }
    }
    if !argument.env.is_empty() {
        node.push("envs", strings(std::slice::from_ref(&argument.env)));
    }
    if argument.without_hash {
        node.push("options", without_hash());
    }
    Node::Mapping(node)
}

fn without_hash() -> Node {
    let mut options = Mapping::default();
    options.push("disableNameSuffixHash", yes());
    Node::Mapping(options)
}

fn yes() -> Node {
    literal("true".into(), Tag::Bool)
}

/// Returns the key of a `key=value` text.
fn key_of(literal: &str) -> Option<&str> {
    literal.split_once('=').map(|(key, _)| key)
}

/// Returns an error in the command line.
fn usage(message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(Span::default(), message).with_fault(Fault::Usage)
}
