//! `edit add|set|remove label` and `annotation`.

use hagane_resource::{Diagnostic, Fault};
use hagane_yaml::{Mapping, Node, Span, Tag};

use crate::kustomization::{Kustomization, literal, position, span};

/// What becomes of a key that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It is an error.
    Refuse,
    /// Its value is replaced.
    Overwrite,
}

/// Where labels go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelScope {
    /// Everywhere, selectors included: `commonLabels`.
    Selectors,
    /// Into the metadata of resources: `labels`.
    Metadata,
    /// There and into templates: `labels` with `includeTemplates`.
    Templates,
}

impl LabelScope {
    /// Returns the scope of the flags `--without-selector` and `--include-templates`.
    pub fn of_flags(without_selector: bool, include_templates: bool) -> Result<LabelScope, Diagnostic> {
        match (without_selector, include_templates) {
            (false, false) => Ok(LabelScope::Selectors),
            (true, false) => Ok(LabelScope::Metadata),
            (true, true) => Ok(LabelScope::Templates),
            (false, true) => Err(usage("`--include-templates` needs `--without-selector`")
                .hinted("labels in selectors are in templates anyway")),
        }
    }
}

/// Reads `key:value` arguments. A value may stand in double quotes; a key without a value has an empty one.
pub fn pairs(arguments: &[String], kind: &str) -> Result<Vec<(String, String)>, Diagnostic> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for argument in arguments {
        let (key, value) = argument.split_once(':').unwrap_or((argument, ""));
        if argument.starts_with(':') {
            return Err(usage(format!("the {kind} `{argument}` has no key")).hinted("write `key:value`"));
        }
        let unquoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
        // Of several values for one key the last counts.
        pairs.retain(|(other, _)| other != key);
        pairs.push((key.to_owned(), unquoted.to_owned()));
    }
    Ok(pairs)
}

/// Refuses keys that cannot be annotations.
pub fn check_annotation_keys(pairs: &[(String, String)]) -> Result<(), Diagnostic> {
    match pairs.iter().find(|(key, _)| !is_annotation_key(key)) {
        None => Ok(()),
        Some((key, _)) => Err(usage(format!("`{key}` is no annotation key")).hinted(
            "a key is a name of letters, digits, `-`, `_` and `.`, after a domain and `/` if you like",
        )),
    }
}

/// Returns whether a key has the form that `edit set annotation` asks for.
fn is_annotation_key(key: &str) -> bool {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let is_name = |text: &str, length: usize, first: fn(u8) -> bool, others: &[u8]| {
        let bytes = text.as_bytes();
        let inside = |b: &u8| b.is_ascii_alphanumeric() || others.contains(b);
        matches!(bytes, [start, rest @ ..] if first(*start)
            && rest.len() < length
            && rest.iter().all(inside)
            && bytes.last().is_some_and(u8::is_ascii_alphanumeric))
    };
    prefix.is_none_or(|prefix| is_name(prefix, 253, |b| b.is_ascii_alphabetic(), b"-."))
        && is_name(name, 63, |b| b.is_ascii_alphanumeric(), b"-_.")
}

impl Kustomization {
    /// Adds annotations to `commonAnnotations`.
    pub fn add_annotations(
        &mut self,
        pairs: &[(String, String)],
        existing: Existing,
    ) -> Result<(), Diagnostic> {
        self.set_pairs(&[], "commonAnnotations", pairs, existing, "annotation")
    }

    /// Sets annotations in `commonAnnotations`.
    pub fn set_annotations(&mut self, pairs: &[(String, String)]) -> Result<(), Diagnostic> {
        self.add_annotations(pairs, Existing::Overwrite)
    }

    /// Sets labels in `commonLabels`.
    pub fn set_common_labels(&mut self, pairs: &[(String, String)]) -> Result<(), Diagnostic> {
        self.add_labels(pairs, LabelScope::Selectors, Existing::Overwrite)
    }

    /// Adds labels. In `labels` they go to the first entry of their scope.
    pub fn add_labels(
        &mut self,
        pairs: &[(String, String)],
        scope: LabelScope,
        existing: Existing,
    ) -> Result<(), Diagnostic> {
        let templates = match scope {
            LabelScope::Selectors => return self.set_pairs(&[], "commonLabels", pairs, existing, "label"),
            LabelScope::Metadata => false,
            LabelScope::Templates => true,
        };
        let items = self.items("labels")?;
        let there = items.into_iter().find(|path| {
            !self.is_true(path, "includeSelectors") && self.is_true(path, "includeTemplates") == templates
        });
        if let Some(path) = there {
            return self.set_pairs(&path, "pairs", pairs, existing, "label");
        }
        let mut label = Mapping::default();
        if templates {
            label.push("includeTemplates", literal("true".into(), Tag::Bool));
        }
        label.push("pairs", mapping_of(pairs));
        self.push("labels", Node::Mapping(label))
    }

    /// Sets labels. With a scope other than selectors they are taken out of where other scopes have them.
    pub fn set_labels(&mut self, pairs: &[(String, String)], scope: LabelScope) -> Result<(), Diagnostic> {
        let templates = match scope {
            LabelScope::Selectors => return self.add_labels(pairs, scope, Existing::Overwrite),
            LabelScope::Metadata => false,
            LabelScope::Templates => true,
        };
        for (key, _) in pairs {
            if let Some(there) = self.field("commonLabels").and_then(|path| self.pair(&path, key)) {
                self.remove(&there)?;
            }
            for path in self.items("labels")?.into_iter().rev() {
                let elsewhere = self.is_true(&path, "includeSelectors")
                    || self.is_true(&path, "includeTemplates") != templates;
                let inside = self.child(&path, "pairs").filter(|_| elsewhere);
                if let Some(there) = inside.as_ref().and_then(|inside| self.pair(inside, key)) {
                    let is_last = inside.and_then(|inside| {
                        self.at(&inside)?.as_mapping().map(|pairs| pairs.entries.len() == 1)
                    });
                    self.remove(if is_last == Some(true) { &path } else { &there })?;
                }
            }
        }
        self.add_labels(pairs, scope, Existing::Overwrite)
    }

    /// Removes labels from `commonLabels`.
    pub fn remove_labels(&mut self, names: &[String], missing: Missing) -> Result<(), Diagnostic> {
        self.remove_pairs("commonLabels", names, missing, "label")
    }

    /// Removes annotations from `commonAnnotations`.
    pub fn remove_annotations(&mut self, names: &[String], missing: Missing) -> Result<(), Diagnostic> {
        self.remove_pairs("commonAnnotations", names, missing, "annotation")
    }

    fn remove_pairs(
        &mut self,
        field: &str,
        names: &[String],
        missing: Missing,
        kind: &str,
    ) -> Result<(), Diagnostic> {
        for name in names {
            // Removed fields are looked for anew: the last key takes its field with it.
            let there = self.field(field).and_then(|path| self.pair(&path, name));
            match there {
                Some(path) => self.remove(&path)?,
                None if missing == Missing::Ignore => {}
                None => {
                    let error = Diagnostic::error(
                        span(self.field(field).and_then(|path| self.at(&path))),
                        format!("there is no {kind} `{name}` in `{field}`"),
                    );
                    return Err(error.hinted("`--ignore-non-existence` goes on without it"));
                }
            }
        }
        Ok(())
    }

    /// Returns the path of a key in a mapping whose keys are the user's own: their case counts.
    fn pair(&self, path: &[usize], key: &str) -> Option<Vec<usize>> {
        let entries = &self.at(path)?.as_mapping()?.entries;
        let index = entries.iter().rposition(|entry| entry.key.text == key)?;
        Some([path, &[index]].concat())
    }

    /// Sets pairs in the mapping that is the value of `name` in the mapping at `path`.
    fn set_pairs(
        &mut self,
        path: &[usize],
        name: &str,
        pairs: &[(String, String)],
        existing: Existing,
        kind: &str,
    ) -> Result<(), Diagnostic> {
        let there = self.at(path).and_then(Node::as_mapping).and_then(|mapping| position(mapping, name));
        let Some(index) = there else { return self.set(path, name, mapping_of(pairs)) };
        let inside = [path, &[index]].concat();
        for (key, value) in pairs {
            match self.pair(&inside, key) {
                Some(there) if existing == Existing::Refuse => {
                    let message = format!("the {kind} `{key}` is already in the kustomization");
                    return Err(
                        Diagnostic::error(span(self.at(&there)), message).hinted("`--force` overwrites it")
                    );
                }
                Some(there) => self.replace(&there, Node::string(value.as_str()))?,
                None => self.insert(&inside, key, Node::string(value.as_str()))?,
            }
        }
        Ok(())
    }
}

/// What becomes of a key that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// It is an error.
    Refuse,
    /// Nothing.
    Ignore,
}

fn mapping_of(pairs: &[(String, String)]) -> Node {
    let mut mapping = Mapping::default();
    for (key, value) in pairs {
        mapping.push(key.as_str(), Node::string(value.as_str()));
    }
    Node::Mapping(mapping)
}

/// Returns an error in the command line.
fn usage(message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(Span::default(), message).with_fault(Fault::Usage)
}
