//! Which functions manifests declare, in which order they run, and which manifests each is given.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::Path;

use hagane::{Diagnostic, Node};
use hagane_kustomize::{KrmFunction, normalized};

use super::tracked::{self, PATH};
use crate::Surroundings;

/// A function, and the manifest that declares it.
pub(super) struct Declared {
    pub(super) function: KrmFunction,
    pub(super) config: Node,
    /// The directory that what it makes anew goes to: its own, without `functions`; empty for the top.
    pub(super) directory: String,
    scope: Scope,
}

/// Which manifests a function is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// All.
    Everything,
    /// Those beside its declaration and below.
    Beside,
}

/// The directory whose functions belong to the directory above.
const FUNCTIONS: &str = "functions";

/// Returns the functions that manifests declare.
pub(super) fn all(manifests: &[Node], scope: Scope) -> Result<Vec<Declared>, Diagnostic> {
    let mut functions = Vec::new();
    let mut errors = Vec::new();
    for manifest in manifests {
        match Declared::of(manifest, &name_of(manifest), scope) {
            Ok(declared) => functions.extend(declared),
            Err(error) => errors.push(error),
        }
    }
    Diagnostic::refuse(errors).map(|()| functions)
}

/// Returns the functions that manifests declare, those of deeper directories first.
pub(super) fn in_order(manifests: &[Node], scope: Scope) -> Result<Vec<Declared>, Diagnostic> {
    let functions = all(manifests, scope)?;
    let mut files = BTreeMap::new();
    for declared in &functions {
        let next = files.len();
        files.entry(declared.path().to_owned()).or_insert(next);
    }
    let mut ranked = functions
        .into_iter()
        .map(|declared| {
            let depth = declared.directory.split('/').filter(|part| !part.is_empty()).count();
            let file = files.get(declared.path()).copied();
            let index = tracked::index(&declared.config)?;
            Ok(((Reverse(depth), declared.directory.clone(), file, index), declared))
        })
        .collect::<Result<Vec<_>, Diagnostic>>()?;
    ranked.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(ranked.into_iter().map(|(_, declared)| declared).collect())
}

/// Refuses functions that ask for what they are not to have.
pub(super) fn check(
    functions: &[Declared],
    network: bool,
    top: Option<&Path>,
    surroundings: &Surroundings,
) -> Result<(), Diagnostic> {
    let mut errors = Vec::new();
    for Declared { function, .. } in functions {
        let (name, at) = (function.name(), function.at());
        if function.needs_network() && !network {
            errors.push(
                Diagnostic::error(at, format!("{name} needs the network"))
                    .hinted("`--network` lets functions in containers use it"),
            );
        }
        if let Some(path) = function.writable_path() {
            // It could put links where files are about to be written, and where the next one mounts.
            errors.push(
                Diagnostic::error(at, format!("{name} mounts `{path}` to write to it"))
                    .hinted("what a function changes is in the list that it writes")
                    .hinted("`--mount` gives a container what it may write to"),
            );
        }
        let top = top.unwrap_or(&surroundings.directory);
        let leads_out = |path: &&str| {
            let place = normalized(&surroundings.directory.join(path));
            let place = surroundings.files.resolve(&place).map_or(place, |(resolved, _)| resolved);
            !place.starts_with(top)
        };
        if let Some(path) = function.mounted_paths().find(leads_out) {
            errors.push(
                Diagnostic::error(at, format!("{name} mounts `{path}`, which does not lie in the directory"))
                    .hinted(
                        "`src` is a path from the working directory into the directory whose functions run",
                    )
                    .hinted("`--mount` gives a container what lies elsewhere"),
            );
        }
    }
    Diagnostic::refuse(errors)
}

impl Declared {
    /// Returns the function that a manifest declares, if it does.
    pub(super) fn of(config: &Node, name: &str, scope: Scope) -> Result<Option<Declared>, Diagnostic> {
        let Some(function) = KrmFunction::of(config, name)? else { return Ok(None) };
        let directory = directory_of(tracked::first(config, PATH).unwrap_or("")).to_owned();
        Ok(Some(Declared { function, config: config.clone(), directory, scope }))
    }

    /// Returns whether the function is given a manifest.
    pub(super) fn takes(&self, manifest: &Node) -> bool {
        if self.scope == Scope::Everything || self.directory.is_empty() {
            return true;
        }
        tracked::first(manifest, PATH)
            .is_some_and(|path| Path::new(directory_of(path)).starts_with(&self.directory))
    }

    fn path(&self) -> &str {
        tracked::first(&self.config, PATH).unwrap_or("")
    }
}

/// Returns the directory that a file belongs to: its own, or the one above `functions`.
fn directory_of(path: &str) -> &str {
    let above = |path: &'_ str| path.rfind('/').unwrap_or(0);
    let directory = path.get(..above(path)).unwrap_or("");
    match directory.rsplit('/').next() {
        Some(FUNCTIONS) => directory.get(..above(directory)).unwrap_or(""),
        _ => directory,
    }
}

/// Returns how messages name a manifest.
fn name_of(manifest: &Node) -> String {
    let text = |keys: &[&str]| manifest.at(keys).and_then(Node::as_str).unwrap_or("");
    match (text(&["kind"]), text(&["metadata", "name"])) {
        ("", "") => "the function".to_owned(),
        (kind, "") => kind.to_owned(),
        (kind, name) => format!("{kind}/{name}"),
    }
}
