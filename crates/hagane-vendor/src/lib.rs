//! What kustomizations fetch: pinned in a lock file, or copied so that nothing is fetched any more.
//!
//! [`survey`] lists what a tree of kustomizations fetches, through what is fetched, too. A [`Lock`] pins it, and
//! [`LockedRemotes`] lets nothing else through. Files are read and repositories fetched through the seams of
//! `hagane-kustomize`; what is to be written is returned.

#[cfg(test)]
mod fake;
mod lock;
mod locked;
mod plugin;
mod survey;
mod tree;

pub use lock::{FileKey, LOCK_FILE, Lock, LockedRepository, MAX_LOCK, RepositoryKey};
pub use locked::{LockedRemotes, Rule};
pub use survey::{Reach, Survey, survey};
pub use tree::kustomizations;
