//! The seam: all that the pipeline knows of the outside.

use std::path::Path;

use crate::{Files, Keyring};

/// The outside world. `hagane-host` has the real one; [`MemoryFiles`](crate::MemoryFiles) and
/// [`AgeKeyring`](crate::AgeKeyring) make one that touches nothing.
#[derive(Clone, Copy)]
pub struct World<'w> {
    /// The files.
    pub files: &'w dyn Files,
    /// The keys to encrypted files.
    pub keyring: &'w dyn Keyring,
    /// The working directory, absolute: relative targets start here, and messages show paths from here.
    pub directory: &'w Path,
}
