//! The flags that `edit add`, `set` and `remove` share for labels and build metadata.

use clap::{ArgAction, Args};
use hagane::Failed;
use hagane_edit::LabelScope;

use super::refused;

/// Options of `buildMetadata`.
#[derive(Args)]
pub(super) struct BuildMetadata {
    /// managedByLabel, originAnnotations, transformerAnnotations, with commas between them
    #[arg(value_name = "OPTION[,OPTION]", value_delimiter = ',', required = true, num_args = 1)]
    pub(super) options: Vec<String>,
}

/// Where labels go.
#[derive(Args)]
pub(super) struct Scope {
    /// Into `labels`, which leaves selectors alone, and not into `commonLabels`
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, hide_possible_values = true, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    without_selector: bool,
    /// Into templates, too; with `--without-selector`
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, hide_possible_values = true, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    include_templates: bool,
}

impl Scope {
    pub(super) fn scope(&self) -> Result<LabelScope, Failed> {
        LabelScope::of_flags(self.without_selector, self.include_templates).map_err(refused)
    }
}
