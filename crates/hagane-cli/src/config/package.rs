//! Manifests as they lie in a directory, with their comments, and where each came from.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hagane::{Diagnostic, Failed, Fault, FileError, FileKind, SourceMap, Span};
use hagane_edit::matches_pattern;
use hagane_resource::split_documents;
use hagane_yaml::{Aliases, MergeKeys, Node, ParseOptions, Text};

use super::format::PATH;
use crate::{Surroundings, failure};

/// The files that are read where nothing else is said.
pub(super) const YAML: [&str; 2] = ["*.yaml", "*.yml"];

/// The file that makes a directory a package of its own.
pub(super) const PACKAGE_FILE: &str = "Krmfile";

/// A manifest.
#[derive(Clone, Debug)]
pub(super) struct Manifest {
    pub(super) tree: Node,
    /// Its file, from the directory that was asked for; empty on standard input.
    pub(super) path: String,
    /// Which of the manifests of its file it is.
    pub(super) index: usize,
}

/// Which directories below are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Below {
    /// All.
    Everything,
    /// Those that are no packages of their own.
    OnePackage,
}

/// What becomes of a document that is nothing but comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stray {
    /// It is dropped.
    Dropped,
    /// Its comments stand above the next document then, or below the last: the file is written back.
    Kept,
}

/// What is read, and where the positions in it resolve.
#[derive(Default)]
pub(super) struct Package {
    pub(super) manifests: Vec<Manifest>,
    /// Whether the manifests were the items of one list.
    pub(super) was_list: bool,
    /// The files that were read, those without manifests among them.
    pub(super) files: BTreeSet<String>,
    source_map: SourceMap,
    /// The directory that no file may lie out of, behind its links either, where there is one.
    closed: Option<PathBuf>,
}

impl Manifest {
    /// Returns a text in the metadata.
    pub(super) fn metadata(&self, name: &str) -> &str {
        self.tree.at(&["metadata", name]).and_then(Node::as_str).unwrap_or("")
    }

    /// Returns a text at the top.
    pub(super) fn text(&self, name: &str) -> &str {
        self.tree.get(name).and_then(Node::as_str).unwrap_or("")
    }

    /// Returns an annotation.
    pub(super) fn annotation(&self, name: &str) -> Option<&str> {
        self.tree.at(&["metadata", "annotations", name])?.as_str()
    }

    /// Returns whether the manifest is for tools on this machine, not for the cluster.
    pub(super) fn is_local(&self) -> bool {
        self.annotation("config.kubernetes.io/local-config").is_some_and(|value| value != "false")
    }
}

impl Package {
    /// Reads the manifests of directories and files; of standard input, where there are none.
    pub(super) fn read(
        paths: &[PathBuf],
        patterns: &[&str],
        below: Below,
        surroundings: &mut Surroundings,
    ) -> Result<Package, Failed> {
        let mut package = Package::default();
        let read = match paths {
            [] => package.add_input(surroundings),
            paths => paths.iter().try_for_each(|path| package.add_path(path, patterns, below, surroundings)),
        };
        match read {
            Ok(()) => Ok(package),
            Err(error) => Err(package.failed(error)),
        }
    }

    /// Returns a package of which nothing is read yet, all of whose files must lie in a directory.
    pub(super) fn closed(directory: &Path) -> Package {
        Package { closed: Some(directory.to_owned()), ..Package::default() }
    }

    /// Returns the package as one that files may be added to from anywhere.
    pub(super) fn opened(self) -> Package {
        Package { closed: None, ..self }
    }

    /// Returns an error about a manifest.
    pub(super) fn failed(self, error: Diagnostic) -> Failed {
        Failed { diagnostics: error.flattened(), source_map: self.source_map }
    }

    /// Returns where positions resolve.
    pub(super) fn source_map(&self) -> &SourceMap {
        &self.source_map
    }

    /// Adds the manifests of a directory or a file.
    pub(super) fn add_path(
        &mut self,
        path: &Path,
        patterns: &[&str],
        below: Below,
        surroundings: &Surroundings,
    ) -> Result<(), Diagnostic> {
        let place = surroundings.directory.join(path);
        let (place, kind) = surroundings.files.resolve(&place).map_err(|error| unreadable(path, &error))?;
        match kind {
            FileKind::Directory => self.add_directory(&place, "", patterns, below, surroundings),
            _ => {
                let name = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
                self.add_file(&place, &name, surroundings)
            }
        }
    }

    fn add_directory(
        &mut self,
        directory: &Path,
        relative: &str,
        patterns: &[&str],
        below: Below,
        surroundings: &Surroundings,
    ) -> Result<(), Diagnostic> {
        let shown = || hagane::relative(directory, &surroundings.directory);
        let names = surroundings.files.list(directory).map_err(|error| unreadable(&shown(), &error))?;
        for name in names {
            let place = directory.join(&name);
            let path = if relative.is_empty() { name.clone() } else { format!("{relative}/{name}") };
            match surroundings.files.resolve(&place) {
                // A link to a directory is not followed: it may lead back.
                Ok((resolved, FileKind::Directory)) if resolved == place => {
                    let is_package = surroundings.files.resolve(&place.join(PACKAGE_FILE)).is_ok();
                    if below == Below::Everything || !is_package {
                        self.add_directory(&place, &path, patterns, below, surroundings)?;
                    }
                }
                Ok((resolved, FileKind::File))
                    if matches(patterns, &name)
                        && self.is_to_read(&place, &resolved, patterns, surroundings)? =>
                {
                    self.add_file(&place, &path, surroundings)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Returns whether a file is read under this name. In a closed package a link is not that leads to what
    /// is read under another, and one that leads out is refused.
    fn is_to_read(
        &self,
        place: &Path,
        resolved: &Path,
        patterns: &[&str],
        surroundings: &Surroundings,
    ) -> Result<bool, Diagnostic> {
        let Some(top) = self.closed.as_ref().filter(|_| place != resolved) else { return Ok(true) };
        if resolved.starts_with(top) {
            let name = resolved.file_name().unwrap_or_default().to_string_lossy();
            return Ok(!matches(patterns, &name));
        }
        let shown = hagane::relative(place, &surroundings.directory);
        let message = format!("`{}` is a link that leads out of the directory", shown.display());
        Err(Diagnostic::error(Span::default(), message)
            .hinted("functions are given what lies in the directory, and nothing else is written"))
    }

    fn add_file(&mut self, place: &Path, path: &str, surroundings: &Surroundings) -> Result<(), Diagnostic> {
        self.files.insert(path.to_owned());
        let shown = hagane::relative(place, &surroundings.directory);
        let content = surroundings.files.read(place).map_err(|error| unreadable(&shown, &error))?;
        self.add(&content, &shown.display().to_string(), path)
    }

    fn add_input(&mut self, surroundings: &mut Surroundings) -> Result<(), Diagnostic> {
        let mut content = Vec::new();
        surroundings.stdin.read_to_end(&mut content).map_err(|error| {
            let message = format!("standard input cannot be read: {}", hagane_host::words(&error));
            Diagnostic::error(Span::default(), message).with_fault(Fault::Access)
        })?;
        self.add(&content, "standard input", "")?;
        self.unwrap();
        Ok(())
    }

    /// Takes manifests out of the one list that they are in.
    fn unwrap(&mut self) {
        let [list] = &self.manifests[..] else { return };
        if !["ResourceList", "List"].contains(&list.text("kind")) {
            return;
        }
        let Some(items) = list.tree.get("items").and_then(Node::as_sequence) else { return };
        let unwrapped = items.items.iter().enumerate().map(|(index, tree)| {
            let item = Manifest { tree: tree.clone(), path: String::new(), index };
            let path = PATH.into_iter().find_map(|name| item.annotation(name)).unwrap_or("").to_owned();
            Manifest { path, ..item }
        });
        self.manifests = unwrapped.collect();
        self.was_list = true;
    }

    fn add(&mut self, content: &[u8], shown: &str, path: &str) -> Result<(), Diagnostic> {
        let stray = if self.closed.is_some() { Stray::Kept } else { Stray::Dropped };
        let trees = self.documents(content, shown, stray)?;
        let manifests = trees.into_iter().enumerate();
        self.manifests.extend(manifests.map(|(index, tree)| Manifest { tree, path: path.to_owned(), index }));
        Ok(())
    }

    /// Reads the documents of a text, those that are empty left out.
    pub(super) fn documents(
        &mut self,
        content: &[u8],
        shown: &str,
        stray: Stray,
    ) -> Result<Vec<Node>, Diagnostic> {
        let Ok(text) = std::str::from_utf8(content) else {
            return Err(Diagnostic::error(Span::default(), format!("`{shown}` is not UTF-8 text")));
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
        let file = self.source_map.add(shown, text.as_str().into());
        let mut trees: Vec<Node> = Vec::new();
        let mut waiting = Vec::new();
        for document in split_documents(&text, file)? {
            if stray == Stray::Kept
                && let Some(comments) = nothing_but_comments(document.text)
            {
                append(&mut waiting, comments);
                continue;
            }
            // Manifests are written back: none behind a line `...` may be lost, and no anchor.
            let options = ParseOptions {
                lines_before: document.lines_before,
                comments: true,
                aliases: Aliases::Keep,
                merge_keys: MergeKeys::Keep,
                ..ParseOptions::default()
            };
            for mut tree in hagane_yaml::parse(document.text, file, &options)? {
                if tree.is_null() {
                    continue;
                }
                if tree.as_mapping().is_none() {
                    return Err(Diagnostic::error(tree.span(), "a manifest must be a mapping"));
                }
                if !waiting.is_empty() {
                    let head = &mut tree.extra_mut().comments.head;
                    // An empty line parts it from what stands above the first field.
                    waiting.extend([Text::default(), Text::default()]);
                    waiting.append(head);
                    *head = std::mem::take(&mut waiting);
                }
                trees.push(tree);
            }
        }
        if let Some(last) = trees.last_mut().filter(|_| !waiting.is_empty()) {
            append(&mut last.extra_mut().comments.foot, waiting);
        }
        Ok(trees)
    }
}

/// Returns the lines of a document that has nothing but comments.
fn nothing_but_comments(text: &str) -> Option<Vec<Text>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let comments: Option<Vec<Text>> = lines.map(|line| line.starts_with('#').then(|| line.into())).collect();
    comments.filter(|comments| !comments.is_empty())
}

/// Adds a comment below another, parted by an empty line.
fn append(comment: &mut Vec<Text>, below: Vec<Text>) {
    if !comment.is_empty() && !below.is_empty() {
        comment.push(Text::default());
    }
    comment.extend(below);
}

fn matches(patterns: &[&str], name: &str) -> bool {
    patterns.iter().any(|pattern| matches_pattern(pattern, name))
}

/// Returns the directories at and below one that are packages of their own, and that one.
pub(super) fn packages(root: &Path, surroundings: &Surroundings) -> Result<Vec<PathBuf>, Failed> {
    let place = surroundings.directory.join(root);
    match surroundings.files.resolve(&place) {
        Ok((resolved, FileKind::Directory)) => {
            let mut found = vec![root.to_owned()];
            collect_packages(&resolved, root, &mut found, surroundings);
            Ok(found)
        }
        Ok(_) => Ok(vec![root.to_owned()]),
        Err(error) => Err(failure(Fault::Input, unreadable(root, &error).message)),
    }
}

fn collect_packages(directory: &Path, shown: &Path, found: &mut Vec<PathBuf>, surroundings: &Surroundings) {
    for name in surroundings.files.names(directory) {
        let place = directory.join(&name);
        if surroundings.files.resolve(&place) != Ok((place.clone(), FileKind::Directory)) {
            continue;
        }
        let shown = if shown == Path::new(".") { PathBuf::from(&name) } else { shown.join(&name) };
        if surroundings.files.resolve(&place.join(PACKAGE_FILE)).is_ok() {
            found.push(shown.clone());
        }
        collect_packages(&place, &shown, found, surroundings);
    }
}

pub(super) fn unreadable(path: &Path, error: &FileError) -> Diagnostic {
    let (fault, reason) = match error {
        FileError::NotFound => (Fault::Input, "is not there".to_owned()),
        FileError::PermissionDenied => (Fault::Access, "may not be read".to_owned()),
        FileError::TooLarge { limit } => (Fault::Input, format!("is larger than {limit} bytes")),
        FileError::Other(words) => (Fault::Input, format!("cannot be read: {words}")),
    };
    Diagnostic::error(Span::default(), format!("`{}` {reason}", path.display())).with_fault(fault)
}
