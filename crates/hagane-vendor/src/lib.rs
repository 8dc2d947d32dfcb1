//! What kustomizations fetch: pinned in a lock file, or copied so that nothing is fetched any more.
//!
//! [`survey`] lists what a tree of kustomizations fetches, through what is fetched, too. A [`Lock`] pins it, and
//! [`LockedRemotes`] lets nothing else through. [`vendor`] and [`localize`] copy it: one walk, two layouts. Files are
//! read and repositories fetched through the seams of `hagane-kustomize`; what is to be written is returned.

mod copy;
mod edit;
#[cfg(test)]
mod fake;
mod file_form;
mod layout;
mod localize;
mod lock;
mod locked;
mod manifest;
mod plugin;
mod survey;
mod tree;
mod vendor;

pub use localize::{Localized, Localizing, localize};
pub use lock::{FileKey, LOCK_FILE, Lock, LockedRepository, RepositoryKey};
pub use locked::{LockedRemotes, Rule};
pub use manifest::VENDOR_FILE;
pub use survey::{Reach, Survey, survey};
pub use tree::kustomizations;
pub use vendor::{Vendored, Vendoring, check, vendor};
