//! The seam: all that the pipeline knows of the outside.

use std::path::Path;

use crate::{Files, Keyring, Processes, Remotes};

/// The outside world. `hagane-host` has the real one; [`MemoryFiles`](crate::MemoryFiles) and
/// [`AgeKeyring`](crate::AgeKeyring) make one that touches nothing.
#[derive(Clone, Copy)]
pub struct World<'w> {
    /// The files.
    pub files: &'w dyn Files,
    /// The keys to encrypted files. One may be asked for several times: [`Remembering`](crate::Remembering) asks a service once.
    pub keyring: &'w dyn Keyring,
    /// Whoever fetches what lies elsewhere; none refuses it.
    pub remotes: Option<&'w dyn Remotes>,
    /// Whoever starts other programs, for charts, functions and plugins; none refuses them.
    pub processes: Option<&'w dyn Processes>,
    /// The working directory, absolute: relative targets start here, and messages show paths from here.
    pub directory: &'w Path,
}

impl<'w> World<'w> {
    /// Returns a world of files and keys, in which nothing is fetched and no program started.
    pub fn new(files: &'w dyn Files, keyring: &'w dyn Keyring, directory: &'w Path) -> World<'w> {
        World { files, keyring, remotes: None, processes: None, directory }
    }
}
