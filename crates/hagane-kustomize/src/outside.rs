//! What a run may reach besides files.

use crate::process::Processes;
use crate::remote::Remotes;

/// What a run may reach besides files. What is not there is refused where a kustomization asks for it.
#[derive(Clone, Copy, Default)]
pub struct Outside<'w> {
    /// Whoever fetches from other machines.
    pub remotes: Option<&'w dyn Remotes>,
    /// Whoever starts other programs.
    pub processes: Option<&'w dyn Processes>,
}
