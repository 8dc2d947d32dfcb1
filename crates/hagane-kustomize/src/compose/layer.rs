//! A kustomization directory on the way down from the root, and how one is found below another.

use std::path::{Path, PathBuf};

use hagane_resource::{Diagnostic, Origin};

use crate::address::without_credentials;
use crate::decode::Located;
use crate::kustomization::BuildMetadata;
use crate::remote_directory::RemoteDirectory;
use crate::sources::{Root, Sources};

/// A kustomization directory on the way down from the root.
#[derive(Clone)]
pub(crate) struct Layer {
    pub(crate) root: Root,
    /// The layers above in the same tree, the topmost first: a base may not be one of them.
    above: Vec<Root>,
    /// The remote directories that this one is part of, as they were written.
    remotes: Vec<String>,
    /// The way from the root or from the top of the repository, as the kustomizations wrote it.
    path: PathBuf,
    /// The repository it comes from, and its revision.
    repository: Option<(String, String)>,
    /// The name of the kustomization file.
    pub(crate) file_name: &'static str,
    /// What the root wants to be told about the build.
    pub(crate) metadata: BuildMetadata,
    /// The namespace that charts without one get: the nearest that a layer gives.
    pub(crate) chart_namespace: String,
}

/// Where a layer lies, seen from the one above it.
pub(crate) enum Place {
    /// In the same tree.
    Here(PathBuf),
    /// In a repository.
    Elsewhere(RemoteDirectory),
}

impl Place {
    /// Returns the place that a text means. What may be a repository is one, even where a directory has its name.
    pub(crate) fn of(text: &str) -> Place {
        match RemoteDirectory::parse(text) {
            Some(directory) => Place::Elsewhere(directory),
            None => Place::Here(PathBuf::from(text)),
        }
    }
}

impl Layer {
    /// Returns the layer that is built.
    pub(crate) fn top(place: &Place, root: &Root, file_name: &'static str, metadata: BuildMetadata) -> Layer {
        let layer = Layer {
            root: root.clone(),
            above: Vec::new(),
            remotes: Vec::new(),
            path: PathBuf::new(),
            repository: None,
            file_name,
            metadata,
            chart_namespace: String::new(),
        };
        match place {
            Place::Here(_) => layer,
            Place::Elsewhere(directory) => Layer { remotes: vec![directory.raw.clone()], ..layer },
        }
    }

    /// Returns a layer below this one.
    pub(crate) fn below(&self, place: &Place, root: Root, file_name: &'static str) -> Layer {
        let layer = Layer { root, file_name, ..self.clone() };
        match place {
            Place::Here(path) => {
                let above = self.above.iter().chain([&self.root]).cloned().collect();
                Layer { above, path: self.path.join(path), ..layer }
            }
            Place::Elsewhere(directory) => Layer {
                above: Vec::new(),
                remotes: self.remotes.iter().chain([&directory.raw]).cloned().collect(),
                path: PathBuf::from(shown_path(directory)),
                repository: Some((directory.repository.url.clone(), directory.repository.reference.clone())),
                ..layer
            },
        }
    }

    /// Finds the directory of a layer below this one; one that this layer is part of is a cycle.
    pub(crate) fn find(
        &self,
        place: &Place,
        path: &Located<String>,
        sources: &Sources,
    ) -> Result<Root, Diagnostic> {
        match place {
            Place::Elsewhere(directory) => {
                match self.remotes.iter().find(|r| r.starts_with(&directory.raw)) {
                    Some(visited) => {
                        let message = format!(
                            "a cycle: `{}` is part of `{}`",
                            without_credentials(path),
                            without_credentials(visited)
                        );
                        Err(Diagnostic::error(path.span, message)
                            .hinted("a layer may not use itself, not even through others"))
                    }
                    None => sources.remote_root(directory, path.span),
                }
            }
            Place::Here(local) if local.is_absolute() => {
                let message = format!("`{}` is absolute; a directory must be relative", **path);
                Err(Diagnostic::error(path.span, message)
                    .hinted("write it as seen from this kustomization: `../base`"))
            }
            Place::Here(local) => {
                let root = sources.root(local, Some(&self.root), path.span)?;
                self.refuse_cycle(&root, path, sources)?;
                Ok(root)
            }
        }
    }

    /// Refuses a directory at or above one on the way: it would hold this layer again.
    fn refuse_cycle(&self, root: &Root, path: &Located<String>, sources: &Sources) -> Result<(), Diagnostic> {
        let way = || self.above.iter().chain([&self.root]);
        let Some(visited) = way().find(|visited| visited.path().starts_with(root.path())) else {
            return Ok(());
        };
        let shown = |root: &Root| sources.shown(root.path());
        let names: Vec<String> = way().map(|root| format!("`{}`", shown(root))).collect();
        let message = format!("a cycle: {} → `{}`", names.join(" → "), shown(root));
        let error = Diagnostic::error(path.span, message);
        Err(match visited == root {
            true => error.hinted("a layer may not use itself, not even through others"),
            false => error.hinted(format!(
                "`{}` lies above `{}`, which would be part of it",
                shown(root),
                shown(visited)
            )),
        })
    }

    /// Returns what the build may write about a file of the layer.
    pub(crate) fn origin_of(&self, path: &str) -> Origin {
        match RemoteDirectory::parse(path) {
            // A file behind a URL that could be one of a repository is shown as that.
            Some(directory) => Origin {
                path: shown_path(&directory).to_owned(),
                repo: directory.repository.url.clone(),
                reference: directory.repository.reference.clone(),
                ..Origin::default()
            },
            None => Origin { path: self.joined(path), ..self.repository_origin() },
        }
    }

    /// Returns what the build may write about something configured in a file; `by` is its apiVersion, kind, name
    /// and namespace.
    pub(crate) fn origin_in(&self, configured_in: String, by: [String; 4]) -> Origin {
        Origin { configured_in, configured_by: Some(by), ..self.repository_origin() }
    }

    fn repository_origin(&self) -> Origin {
        let (repo, reference) = self.repository.clone().unwrap_or_default();
        Origin { repo, reference, ..Origin::default() }
    }

    /// Returns the path of a file of the layer, seen from the root or the top of the repository.
    pub(crate) fn joined(&self, path: &str) -> String {
        let mut parts: Vec<&str> = Vec::new();
        let own = self.path.to_string_lossy();
        for part in own.split('/').chain(path.split('/')) {
            match part {
                "" | "." => {}
                ".." if parts.last().is_some_and(|last| *last != "..") => _ = parts.pop(),
                part => parts.push(part),
            }
        }
        parts.join("/")
    }

    /// Returns the directory as messages show it.
    pub(crate) fn shown(&self, sources: &Sources) -> String {
        sources.shown(Path::new(self.root.path()))
    }
}

/// Returns the path of a directory in its repository as origins show it; the topmost has kustomize's odd name.
fn shown_path(directory: &RemoteDirectory) -> &str {
    match directory.path.as_str() {
        "" => "notCloned",
        path => path,
    }
}
