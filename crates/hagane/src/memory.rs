//! A file system in memory: for embedders whose manifests come from elsewhere, and for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hagane_kustomize::normalized;

use crate::{FileError, FileKind, Files};

/// Files in memory. Paths are absolute; directories are there where files are below them. There are no links.
#[derive(Clone, Debug, Default)]
pub struct MemoryFiles {
    files: BTreeMap<PathBuf, Arc<[u8]>>,
    directories: BTreeSet<PathBuf>,
}

impl MemoryFiles {
    /// Returns a file system without files.
    pub fn new() -> MemoryFiles {
        MemoryFiles::default()
    }

    /// Returns the files with one more.
    pub fn with(mut self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) -> MemoryFiles {
        self.insert(path, content);
        self
    }

    /// Adds a file, or replaces its content.
    pub fn insert(&mut self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = normalized(path.as_ref());
        if let Some(parent) = path.parent() {
            self.insert_directory(parent);
        }
        self.files.insert(path, content.as_ref().into());
    }

    /// Adds a directory, and those above it.
    pub fn insert_directory(&mut self, path: impl AsRef<Path>) {
        let path = normalized(path.as_ref());
        self.directories.extend(path.ancestors().map(Path::to_owned));
    }

    /// Removes a file, or a directory with all that is below it.
    pub fn remove(&mut self, path: impl AsRef<Path>) {
        let path = normalized(path.as_ref());
        self.files.retain(|file, _| !file.starts_with(&path));
        self.directories.retain(|directory| !directory.starts_with(&path));
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &Path) -> Result<Arc<[u8]>, FileError> {
        match self.files.get(&normalized(path)) {
            Some(content) => Ok(content.clone()),
            None => Err(FileError::NotFound),
        }
    }

    fn resolve(&self, path: &Path) -> Result<(PathBuf, FileKind), FileError> {
        let path = normalized(path);
        if self.files.contains_key(&path) {
            Ok((path, FileKind::File))
        } else if self.directories.contains(&path) {
            Ok((path, FileKind::Directory))
        } else {
            Err(FileError::NotFound)
        }
    }

    fn names(&self, directory: &Path) -> Vec<String> {
        let directory = normalized(directory);
        let paths = self.files.keys().chain(&self.directories);
        let below =
            paths.filter(|path| path.parent() == Some(&directory)).filter_map(|path| path.file_name());
        let mut names: Vec<String> = below.map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_files_and_directories() {
        let mut files = MemoryFiles::new().with("/a/b.yaml", "b").with("/a/c/../d/e.yaml", "e");
        let check = |path: &str, expected: Result<(&str, FileKind), FileError>| {
            let expected = expected.map(|(path, kind)| (PathBuf::from(path), kind));
            assert_eq!(files.resolve(Path::new(path)), expected, "{path}");
        };
        check("/", Ok(("/", FileKind::Directory)));
        check("/a/./b.yaml", Ok(("/a/b.yaml", FileKind::File)));
        check("/a/d/../d", Ok(("/a/d", FileKind::Directory)));
        check("/a/b", Err(FileError::NotFound));
        assert_eq!(files.names(Path::new("/a")), ["b.yaml", "d"]);
        files.remove("/a/d");
        assert_eq!(files.names(Path::new("/a")), ["b.yaml"]);
        assert_eq!(files.read(Path::new("/a/b.yaml")).as_deref(), Ok(b"b".as_slice()));
    }
}
