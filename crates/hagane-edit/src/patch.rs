//! `edit add|remove patch`.

use hagane_resource::Diagnostic;
use hagane_yaml::{Mapping, Node, Span};

use crate::kustomization::{Kustomization, sequence, span, texts};

/// A patch as it is written on the command line. What is empty is not written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PatchArgument {
    /// The file with the patch.
    pub path: String,
    /// The patch itself.
    pub patch: String,
    /// The fields of its target, by their names: `group`, `version`, `kind`, `name`, `namespace`,
    /// `annotationSelector`, `labelSelector`.
    pub target: Vec<(&'static str, String)>,
}

impl PatchArgument {
    /// Returns the item of `patches`.
    fn node(&self) -> Node {
        let mut node = Mapping::default();
        for (key, value) in [("path", &self.path), ("patch", &self.patch)] {
            if !value.is_empty() {
                node.push(key, Node::string(value.as_str()));
            }
        }
        let target: Vec<(&str, &str)> =
            self.target.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let target = texts(&target);
        if target.as_mapping().is_some_and(|target| !target.entries.is_empty()) {
            node.push("target", target);
        }
        Node::Mapping(node)
    }
}

impl Kustomization {
    /// Adds a patch to `patches`. One that is there already is not added again, and a warning says so.
    pub fn add_patch(&mut self, patch: &PatchArgument) -> Result<(), Diagnostic> {
        if let Some(there) = self.items("patches")?.iter().find(|path| self.is_patch(path, patch)) {
            let span = span(self.at(there));
            self.warn(Diagnostic::warning(span, "the patch is already in `patches`"));
            return Ok(());
        }
        self.push("patches", patch.node())
    }

    /// Adds patches that differ. Where there are none yet, all are written at once: each time, the whole file is read again.
    pub fn add_patches(&mut self, patches: &[PatchArgument]) -> Result<(), Diagnostic> {
        match self.items("patches")?.is_empty() && !patches.is_empty() {
            true => self.set(&[], "patches", sequence(patches.iter().map(PatchArgument::node).collect())),
            false => patches.iter().try_for_each(|patch| self.add_patch(patch)),
        }
    }

    /// Removes the patches that are exactly this one; a warning says so where there is none.
    pub fn remove_patch(&mut self, patch: &PatchArgument) -> Result<(), Diagnostic> {
        let there: Vec<Vec<usize>> =
            self.items("patches")?.into_iter().filter(|path| self.is_patch(path, patch)).collect();
        if there.is_empty() {
            self.warn(
                Diagnostic::warning(Span::default(), "no patch in `patches` is this one")
                    .hinted("path, text and every field of the target must be the same"),
            );
        }
        there.iter().rev().try_for_each(|path| self.remove(path))
    }

    /// Returns whether the patch at `path` is the same: its target in every field, and without options.
    fn is_patch(&self, path: &[usize], patch: &PatchArgument) -> bool {
        let target = self.child(path, "target");
        let same_target = patch.target.iter().all(|(key, value)| match &target {
            Some(target) => self.text_of(target, key) == value,
            None => value.is_empty(),
        });
        let has_options = self.child(path, "options").is_some_and(|options| {
            self.at(&options).and_then(Node::as_mapping).is_some_and(|options| !options.entries.is_empty())
        });
        same_target
            && !has_options
            && self.text_of(path, "path") == patch.path
            && self.text_of(path, "patch") == patch.patch
    }
}
