//! Files with keys, tokens and credentials.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use hagane::FileError;
use zeroize::Zeroize;

use super::Surroundings;

/// What a file with a key holds, as it was read: it is not copied, and wiped when it is dropped.
pub(super) struct KeyFile(Arc<[u8]>);

impl Deref for KeyFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        // Files that are in memory already, as in tests, are their owner's.
        if let Some(content) = Arc::get_mut(&mut self.0) {
            content.zeroize();
        }
    }
}

impl Surroundings<'_> {
    /// Reads a file with a key.
    pub(super) fn read(&self, path: impl AsRef<Path>) -> Result<KeyFile, FileError> {
        self.files.read(&self.directory.join(path)).map(KeyFile)
    }
}

/// Returns why a file cannot be read, as a message says it behind the file's name.
pub(super) fn reason(error: &FileError) -> String {
    match error {
        FileError::NotFound => "does not exist".into(),
        FileError::PermissionDenied => "may not be read".into(),
        FileError::TooLarge { limit } => format!("is larger than {} MiB", limit >> 20),
        FileError::Other(why) => format!("cannot be read: {why}"),
    }
}
