//! What may be fetched: the commit of each repository, the content of each file.

mod file;

use std::collections::BTreeMap;

use hagane_kustomize::{Repository, digest, hexadecimal, without_credentials};

/// The name of the file.
pub const LOCK_FILE: &str = "hagane.lock";

/// What may be fetched. [`Lock::parse`] reads its file, [`Lock::text`] writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// The repositories.
    pub repositories: BTreeMap<RepositoryKey, LockedRepository>,
    /// The content of files, as `sha256:` and hexadecimal digits.
    pub files: BTreeMap<FileKey, String>,
}

/// How a kustomization asks for a repository. Users and passwords are left out: they change who may ask, not what is
/// there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RepositoryKey {
    /// The URL.
    pub url: String,
    /// The branch, tag or commit; empty for the branch that the repository shows first.
    pub reference: String,
    /// Whether submodules are fetched, too.
    pub submodules: bool,
}

/// How a kustomization asks for a file: its URL. A query that may hold a token stands in it as a hash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileKey(pub String);

/// Which tree a repository must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedRepository {
    /// The commit.
    pub commit: String,
    /// The hash of its files, as [`tree_hash`](hagane_kustomize::tree_hash) has it.
    pub content: String,
}

impl RepositoryKey {
    /// Returns the key of a repository.
    pub fn of(repository: &Repository) -> RepositoryKey {
        RepositoryKey {
            url: without_credentials(&repository.url),
            reference: repository.reference.clone(),
            submodules: repository.submodules,
        }
    }
}

impl FileKey {
    /// Returns the key of the file at a URL.
    pub fn of(url: &str) -> FileKey {
        let shown = without_credentials(url);
        match url.split_once('?') {
            Some((_, query)) if !shown.ends_with(query) => {
                let hash = hexadecimal(&digest(query.as_bytes())[..8]);
                FileKey(format!("{shown}?sha256={hash}"))
            }
            _ => FileKey(shown),
        }
    }
}

/// Returns the hash of a file as a lock has it.
pub(crate) fn content_hash(content: &[u8]) -> String {
    format!("sha256:{}", hexadecimal(&digest(content)))
}
