//! What a tree of kustomizations fetches.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hagane_kustomize::{
    FileKind, Found, Reference, Repository, Role, Sources, Visit, is_file_url, is_remote,
};
use hagane_resource::Diagnostic;

use crate::lock::{FileKey, RepositoryKey, content_hash};
use crate::plugin;

/// How far a survey goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Through what is fetched, too.
    Everything,
    /// To the references that lead out of the tree.
    ThisTree,
}

/// What a tree of kustomizations fetches.
#[derive(Default)]
pub struct Survey {
    /// The repositories.
    pub repositories: BTreeMap<RepositoryKey, Repository>,
    /// The files: their URLs, and what they are now, as a lock has it.
    pub files: BTreeMap<FileKey, (String, String)>,
    /// The references that lead out of the tree, in the order in which they were met.
    pub leaving: Vec<Reference>,
    visited: BTreeSet<PathBuf>,
}

/// Adds what the kustomization of a directory fetches, and the layers below it.
pub fn survey(
    directory: &Path,
    sources: &Sources,
    reach: Reach,
    survey: &mut Survey,
) -> Result<(), Diagnostic> {
    let top = Visit::top(directory, sources)?;
    Looking { sources, reach, survey }.layer(&top)
}

struct Looking<'s, 'w> {
    sources: &'s Sources<'w>,
    reach: Reach,
    survey: &'s mut Survey,
}

impl Looking<'_, '_> {
    fn layer(&mut self, visit: &Visit) -> Result<(), Diagnostic> {
        if !self.survey.visited.insert(visit.directory().to_owned()) {
            return Ok(());
        }
        if self.reach == Reach::Everything {
            visit.prefetch(self.sources);
        }
        let mut errors = Vec::new();
        for reference in visit.references() {
            if let Err(error) = self.reference(visit, reference) {
                errors.push(error.or_at(reference.span));
            }
        }
        Diagnostic::refuse(errors)
    }

    fn reference(&mut self, visit: &Visit, reference: &Reference) -> Result<(), Diagnostic> {
        let path = reference.path();
        if reference.role == Role::InlinePlugin {
            return self.plugin(visit, path, reference);
        }
        let is_layer = matches!(reference.role, Role::Resource | Role::Component | Role::Plugin);
        let kind = visit.kind(path, self.sources);
        let leaves = kind != Some(FileKind::File) && (is_file_url(path) || is_layer && is_remote(path));
        if leaves && self.reach == Reach::ThisTree {
            self.survey.leaving.push(reference.clone());
            return Ok(());
        }
        // Files of this tree are no concern of ours, but for those that refer to others.
        let is_plugin_file = reference.role == Role::Plugin && kind == Some(FileKind::File);
        let is_directory = is_layer && kind == Some(FileKind::Directory);
        if !(leaves || is_plugin_file || is_directory) {
            return Ok(());
        }
        match visit.find(reference, self.sources)? {
            Found::File(_, source) if is_plugin_file => self.plugin(visit, source.text()?, reference),
            Found::File(..) => Ok(()),
            Found::Url(source) => {
                let content = content_hash(&source.bytes);
                self.survey.files.insert(FileKey::of(path), (path.to_owned(), content));
                match reference.role {
                    Role::Plugin => self.plugin(visit, source.text()?, reference),
                    _ => Ok(()),
                }
            }
            Found::Layer(below) => {
                if let Some(entered) = below.entered() {
                    let key = RepositoryKey::of(&entered.repository);
                    self.survey.repositories.insert(key, entered.repository.clone());
                }
                self.layer(&below)
            }
        }
    }

    /// Adds the files that configurations refer to.
    fn plugin(&mut self, visit: &Visit, text: &str, reference: &Reference) -> Result<(), Diagnostic> {
        plugin::rewrite(text, reference.span, &mut |inner| {
            let at_reference = Reference { span: reference.span, ..inner.clone() };
            self.reference(visit, &at_reference)?;
            Ok(None)
        })
        .map(drop)
    }
}

#[cfg(test)]
mod tests;
