//! What a build has besides what kustomize knows: the seam for sources of ours.

use hagane_resource::{Diagnostic, Resource};

use crate::sources::{Root, Sources};

/// What a build has besides what kustomize knows.
#[derive(Default)]
pub struct Additions<'a> {
    /// Resources of the target's layer that no file holds. They come first.
    pub resources: Vec<Resource>,
    /// Who makes resources of configurations of generators that are not kustomize's.
    pub generator: Option<&'a dyn OwnGenerator>,
}

/// A generator that is neither kustomize's nor a program.
pub trait OwnGenerator {
    /// Returns what a configuration in a directory makes; nothing where it is not for this generator.
    fn generate(
        &self,
        config: &Resource,
        root: &Root,
        sources: &Sources,
    ) -> Option<Result<Vec<Resource>, Diagnostic>>;
}
