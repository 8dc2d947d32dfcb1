//! Field specs out of the OpenAPI definitions of custom resources, which `crds` lists.
//!
//! A property says by an extension that it holds labels, annotations, a name that prefixes go on, or the name of
//! another resource. Definitions are followed through their `$ref`s.

use std::rc::Rc;

use hagane_resource::{Diagnostic, FieldSpec, GvkPattern};
use hagane_yaml::{Dialect, Entry, Mapping, Node, ParseOptions, Span, parse};

use super::definition::refuse_wrong_types;
use super::{Config, NameReference, add_specs};
use crate::decode::Located;
use crate::sources::{Root, Sources};

const ANNOTATION: &str = "x-kubernetes-annotation";
const LABEL_SELECTOR: &str = "x-kubernetes-label-selector";
const IDENTITY: &str = "x-kubernetes-identity";
const REFERRED_VERSION: &str = "x-kubernetes-object-ref-api-version";
const REFERRED_KIND: &str = "x-kubernetes-object-ref-kind";
const REFERRED_NAME: &str = "x-kubernetes-object-ref-name-key";

/// The longest way through definitions that refer to one another; one that closes on itself is longer.
const DEPTH: usize = 64;

/// The most properties that one file may lead to: definitions that refer to others twice each grow without end.
const PROPERTIES: usize = 100_000;

/// Returns `config` with the field specs of the definitions in the files.
pub(crate) fn with_crds(
    config: Rc<Config>,
    paths: &[Located<String>],
    root: &Root,
    sources: &Sources,
) -> Result<Rc<Config>, Diagnostic> {
    if paths.is_empty() {
        return Ok(config);
    }
    let mut found = Config::empty();
    for path in paths {
        let source = sources.read_config(&sources.file(root, path, path.span)?, path.span)?;
        let options = ParseOptions { dialect: Dialect::V2, ..ParseOptions::default() };
        let documents = parse(source.text()?, source.file, &options)?;
        let start = Span { file: source.file, line: 1, column: 1 };
        let definitions = match documents.into_iter().next() {
            None if source.text()?.is_empty() => {
                return Err(Diagnostic::error(start, "the definitions are empty")
                    .hinted("write OpenAPI definitions, or leave the file away"));
            }
            None => continue,
            Some(Node::Mapping(definitions)) => definitions,
            Some(other) if other.is_null() => continue,
            Some(other) => {
                return Err(Diagnostic::error(other.span(), "definitions must be a mapping of types")
                    .hinted("`crds` takes OpenAPI definitions, not CustomResourceDefinitions"));
            }
        };
        let no_type = |entry: &&Entry| !entry.value.is_null() && entry.value.as_mapping().is_none();
        if let Some(entry) = definitions.entries.iter().find(no_type) {
            let message = format!("the definition `{}` must be a mapping", entry.key.text.shown());
            return Err(Diagnostic::error(entry.value.span(), message)
                .hinted("`crds` takes OpenAPI definitions, not CustomResourceDefinitions"));
        }
        definitions.entries.iter().try_for_each(|entry| refuse_wrong_types(&entry.value))?;
        let mut walk = Walk { definitions: &definitions, config: &mut found, left: PROPERTIES };
        for entry in &definitions.entries {
            let is_type = |properties: &Mapping| {
                ["kind", "apiVersion", "metadata"].iter().all(|name| properties.get(name).is_some())
            };
            if properties(&entry.value).is_some_and(is_type) {
                let name = entry.key.text.as_str();
                let kind = name.rsplit('.').next().unwrap_or(name);
                walk.definition(name, kind, &mut Vec::new()).map_err(|error| error.or_at(start))?;
            }
        }
    }
    let mut config = Rc::unwrap_or_clone(config);
    config.merge(&found)?;
    Ok(Rc::new(config))
}

struct Walk<'d> {
    definitions: &'d Mapping,
    config: &'d mut Config,
    left: usize,
}

impl<'d> Walk<'d> {
    fn definition(&mut self, name: &str, kind: &str, path: &mut Vec<&'d str>) -> Result<(), Diagnostic> {
        let Some(properties) = self.definitions.get(name).and_then(properties) else { return Ok(()) };
        for entry in &properties.entries {
            self.left = self.left.checked_sub(1).ok_or_else(|| {
                Diagnostic::error(entry.key.span, "the definitions refer to one another too often")
            })?;
            path.push(entry.key.text.as_str());
            self.property(&entry.value, kind, path)?;
            path.pop();
        }
        Ok(())
    }

    fn property(&mut self, property: &Node, kind: &str, path: &mut Vec<&'d str>) -> Result<(), Diagnostic> {
        let extension = |name: &str| property.get(name).and_then(Node::as_str);
        let of = |kind: &str| GvkPattern { kind: kind.into(), ..GvkPattern::default() };
        let spec = |path: &[&str]| [FieldSpec::new(of(kind), path.join("/"), false)];
        if extension(ANNOTATION).is_some() {
            add_specs(&mut self.config.common_annotations, &spec(path))?;
        }
        if extension(LABEL_SELECTOR).is_some() {
            add_specs(&mut self.config.common_labels, &spec(path))?;
        }
        if extension(IDENTITY).is_some() {
            add_specs(&mut self.config.name_prefix, &spec(path))?;
        }
        if let (Some(version), Some(referred)) = (extension(REFERRED_VERSION), extension(REFERRED_KIND)) {
            let mut path = path.clone();
            path.push(extension(REFERRED_NAME).unwrap_or("name"));
            let target = GvkPattern { version: version.into(), ..of(referred) };
            let reference = NameReference { target, referrers: spec(&path).into() };
            self.config.merge(&Config { name_reference: vec![reference], ..Config::empty() })?;
        }
        match extension("$ref").filter(|name| !name.is_empty()) {
            Some(_) if path.len() > DEPTH => Err(Diagnostic::error(
                property.span(),
                "the definitions refer to one another in a circle, or too deep",
            )),
            Some(name) => self.definition(name, kind, path),
            None => Ok(()),
        }
    }
}

fn properties(definition: &Node) -> Option<&Mapping> {
    definition.get("Schema").or_else(|| definition.get("schema"))?.get("properties")?.as_mapping()
}
