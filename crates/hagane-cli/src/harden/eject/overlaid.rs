//! Files as they would be once some were written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hagane::{FileError, FileKind, Files};
use hagane_kustomize::normalized;

/// Files over those that are there.
pub(super) struct Overlaid<'f> {
    below: &'f dyn Files,
    files: BTreeMap<PathBuf, Arc<[u8]>>,
}

impl<'f> Overlaid<'f> {
    /// Lays files, named from a directory on, over others.
    pub(super) fn new(below: &'f dyn Files, directory: &Path, files: &[(String, String)]) -> Overlaid<'f> {
        let file = |(name, content): &(String, String)| {
            (normalized(&directory.join(name)), Arc::from(content.as_bytes()))
        };
        Overlaid { below, files: files.iter().map(file).collect() }
    }
}

impl Files for Overlaid<'_> {
    fn read(&self, path: &Path) -> Result<Arc<[u8]>, FileError> {
        match self.files.get(&normalized(path)) {
            Some(content) => Ok(content.clone()),
            None => self.below.read(path),
        }
    }

    fn resolve(&self, path: &Path) -> Result<(PathBuf, FileKind), FileError> {
        let plain = normalized(path);
        if self.files.contains_key(&plain) {
            return Ok((plain, FileKind::File));
        }
        match self.below.resolve(path) {
            Err(FileError::NotFound) if self.files.keys().any(|file| file.starts_with(&plain)) => {
                Ok((plain, FileKind::Directory))
            }
            found => found,
        }
    }

    fn names(&self, directory: &Path) -> Vec<String> {
        self.below.names(directory)
    }
}
