//! The seam to the files: what composing needs of a file system, and of whoever decrypts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hagane_resource::{Diagnostic, Resource};
use hagane_yaml::{FileId, Node};
use zeroize::Zeroizing;

/// A file system, real or in memory. All paths are absolute.
pub trait Files: Sync {
    /// Returns the content of a file.
    fn read(&self, path: &Path) -> Result<Arc<[u8]>, FileError>;

    /// Returns the path without `.`, `..` and symbolic links, and what it leads to.
    fn resolve(&self, path: &Path) -> Result<(PathBuf, FileKind), FileError>;

    /// Returns the names in a directory, sorted; nothing when it cannot be read. Only hints are made of them.
    fn names(&self, directory: &Path) -> Vec<String>;

    /// Returns the names in a directory, sorted, for those who must know all of them.
    fn list(&self, directory: &Path) -> Result<Vec<String>, FileError> {
        Ok(self.names(directory))
    }
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A pipe, a device or the like.
    Other,
}

/// Why a path cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileError {
    /// Nothing is there.
    NotFound,
    /// It may not be read.
    PermissionDenied,
    /// It is larger than `limit` bytes.
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// Anything else, in the words of the system.
    Other(String),
}

/// Who turns an encrypted file into a plain one. Without a decrypter files are taken as they lie.
pub trait Decrypter {
    /// Returns nothing when the file is not encrypted; otherwise its plain content, or why there is none.
    fn decrypt(&self, path: &Path, content: &[u8], file: FileId) -> Option<Result<Decrypted, Diagnostic>>;

    /// Decrypts what is encrypted value by value in the plain file at `path`: `secret` is a Secret as the file has it.
    fn decrypt_values(&self, path: &Path, secret: &mut Resource) -> Result<(), Diagnostic>;

    /// Returns whether encrypted files are left as they lie.
    fn keeps_encrypted(&self) -> bool;

    /// Returns whether who composes may not know what is decrypted. Then nothing is selected by it: whoever may ask often enough
    /// whether a value matches this or that has read it.
    fn is_guarded(&self) -> bool {
        false
    }
}

/// A file that was encrypted.
pub struct Decrypted {
    /// The documents, their decrypted scalars marked; nothing for formats that are no trees.
    pub documents: Option<Vec<Node>>,
    /// Whether the content is secret; placeholders are not.
    pub is_secret: bool,
    /// Whether the keys of a dotenv file stand in the clear on disk, as SOPS' own dotenv format has them.
    pub has_plain_keys: bool,
    /// The content as a plain file would have it.
    pub content: Zeroizing<Vec<u8>>,
}
