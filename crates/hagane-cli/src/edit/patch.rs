//! The flags of `edit add patch` and `edit remove patch`.

use clap::Args;
use hagane::{Diagnostic, Failed, Fault, Span};
use hagane_edit::PatchArgument;

use super::refused;

/// A patch, in a file or as text, and what it is for
#[derive(Args)]
pub(super) struct Patch {
    /// The file with the patch
    #[arg(long, value_name = "PATH", default_value = "", hide_default_value = true)]
    path: String,
    /// The patch itself
    #[arg(
        long,
        value_name = "TEXT",
        allow_hyphen_values = true,
        default_value = "",
        hide_default_value = true
    )]
    patch: String,
    /// The API group of the target
    #[arg(long, default_value = "", hide_default_value = true)]
    group: String,
    /// The API version of the target
    #[arg(long, default_value = "", hide_default_value = true)]
    version: String,
    /// The kind of the target
    #[arg(long, default_value = "", hide_default_value = true)]
    kind: String,
    /// The name of the target
    #[arg(long, default_value = "", hide_default_value = true)]
    name: String,
    /// The namespace of the target
    #[arg(long, default_value = "", hide_default_value = true)]
    namespace: String,
    /// The annotations of the target
    #[arg(long, value_name = "SELECTOR", default_value = "", hide_default_value = true)]
    annotation_selector: String,
    /// The labels of the target
    #[arg(long, value_name = "SELECTOR", default_value = "", hide_default_value = true)]
    label_selector: String,
}

impl Patch {
    pub(super) fn argument(&self) -> Result<PatchArgument, Failed> {
        if !self.path.is_empty() && !self.patch.is_empty() {
            let error = Diagnostic::error(Span::default(), "`--path` and `--patch` exclude each other");
            return Err(refused(error.with_fault(Fault::Usage)));
        }
        let target = [
            ("group", &self.group),
            ("version", &self.version),
            ("kind", &self.kind),
            ("name", &self.name),
            ("namespace", &self.namespace),
            ("annotationSelector", &self.annotation_selector),
            ("labelSelector", &self.label_selector),
        ];
        Ok(PatchArgument {
            path: self.path.clone(),
            patch: self.patch.clone(),
            target: target.into_iter().map(|(key, value)| (key, value.clone())).collect(),
        })
    }
}
