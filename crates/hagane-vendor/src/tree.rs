//! The kustomizations below a directory.

use std::path::{Path, PathBuf};

use hagane_kustomize::{FILE_NAMES, FileKind, Files};

/// How deep directories are looked into.
const MAX_DEPTH: usize = 64;

/// Returns the directories at and below one that have a kustomization, sorted. What a dot hides and what a symbolic
/// link leads to is not looked into.
pub fn kustomizations(directory: &Path, files: &dyn Files) -> Vec<PathBuf> {
    let mut found = Vec::new();
    if let Ok((directory, FileKind::Directory)) = files.resolve(directory) {
        add(&directory, files, 0, &mut found);
    }
    found
}

fn add(directory: &Path, files: &dyn Files, depth: usize, found: &mut Vec<PathBuf>) {
    let names = files.names(directory);
    let is_kustomization = |name: &String| FILE_NAMES.contains(&name.as_str());
    if names.iter().any(is_kustomization) {
        found.push(directory.to_owned());
    }
    if depth == MAX_DEPTH {
        return;
    }
    for name in names.iter().filter(|name| !name.starts_with('.')) {
        let path = directory.join(name);
        match files.resolve(&path) {
            Ok((resolved, FileKind::Directory)) if resolved == path => add(&path, files, depth + 1, found),
            _ => {}
        }
    }
}
