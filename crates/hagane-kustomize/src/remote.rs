//! The seam to what lies elsewhere: repositories and files behind URLs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Whoever fetches. Each repository and each file is fetched once a run, however often it is asked for.
pub trait Remotes {
    /// Returns the directory that the tree of a repository lies in, without symbolic links in its path.
    fn repository(&self, repository: &Repository) -> Result<PathBuf, RemoteError>;

    /// Returns the same with what it is: at `commit`, wherever the reference of the repository leads by now, or, where
    /// none is given, at what the reference leads to.
    fn checkout(&self, repository: &Repository, commit: Option<&str>) -> Result<Checkout, RemoteError>;

    /// Returns the content of the file at an `http` or `https` URL.
    fn file(&self, url: &str) -> Result<Arc<[u8]>, RemoteError>;

    /// Fetches several at once. What fails shows when it is asked for.
    fn prefetch(&self, repositories: &[Repository], urls: &[&str]);
}

/// A git repository at a commit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Repository {
    /// What `git fetch` is given: `https://host/path`, `ssh://…`, `user@host:path`, `file:///path`.
    pub url: String,
    /// A branch, tag or commit; empty for the branch that the repository shows first.
    pub reference: String,
    /// Whether submodules are fetched, too.
    pub submodules: bool,
    /// How long each step may take.
    pub time_limit: Duration,
}

/// The tree of a repository, and which it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// The directory it lies in, without symbolic links in its path.
    pub directory: PathBuf,
    /// The commit: 40 or 64 hexadecimal digits.
    pub commit: String,
    /// What the reference is in the repository.
    pub named: Named,
    /// The hash of its files, as [`tree_hash`](crate::tree_hash) has it.
    pub content: String,
}

/// What a reference is in its repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// A branch, or the one that the repository shows first: it moves.
    Branch,
    /// A tag: it should not move.
    Tag,
    /// A commit.
    Commit,
}

/// Why something cannot be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemoteError {
    /// The server answered with this status, which is no success.
    Status(u16),
    /// It took longer than it may.
    TimedOut(Duration),
    /// The server wants to know who asks, and did not like the answer; in its words.
    Denied(String),
    /// There is no such host, it does not answer, or its certificate is wrong.
    Unreachable(String),
    /// The repository has no such branch, tag or commit.
    NoSuchReference,
    /// It is larger than `limit` bytes.
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// It may not be fetched in this run: offline, or not locked. What is wrong, and what would be right.
    Refused {
        /// What is wrong.
        why: String,
        /// What would be right.
        hint: String,
    },
    /// Anything else, in the words of whoever failed.
    Other(String),
}
