//! `hagane secrets updatekeys`: `sops updatekeys` over a tree.

use std::path::PathBuf;

use clap::Args;
use hagane::sops::{Format, detect};
use hagane::{Diagnostic, SourceMap, Span};

use super::tree::Tree;
use crate::Surroundings;
use crate::message::{self, MessageFormat};
use crate::sops::update_keys::{Consent, update_file};

/// Make every encrypted file of a tree readable for whom `.sops.yaml` says
///
/// What changes is said for each file. Files that are as their rule says are not touched, and files without a rule are left out.
#[derive(Args)]
#[command(after_help = "Examples:
  hagane secrets updatekeys --dry-run clusters
  hagane secrets updatekeys clusters")]
pub(super) struct UpdateKeys {
    /// Files and directories
    #[arg(value_name = "PATH", default_value = ".", hide_default_value = true)]
    paths: Vec<PathBuf>,
    /// Say what would change; no key is needed
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(arguments: &UpdateKeys, surroundings: &mut Surroundings) -> u8 {
    let found = match Tree::below(&arguments.paths, surroundings) {
        Ok(found) => found,
        Err(problem) => {
            let error = Diagnostic::error(Span::default(), problem);
            message::tell(&[error], &SourceMap::new(), MessageFormat::Human, surroundings);
            return 2;
        }
    };
    let consent = if arguments.dry_run { Consent::Never } else { Consent::Given };
    let mut code = 0;
    for path in &found.paths {
        let Some(file) = found.read_or_tell(path, surroundings) else {
            code = 1;
            continue;
        };
        let by_name = Format::of_path(&file.path.to_string_lossy());
        let Some(format) = detect(&file.content, by_name) else { continue };
        // Every file is tried: one that cannot be opened must not keep the others from those who should read them.
        if let Err(failure) = update_file(&file.path, format, consent, surroundings) {
            message::tell(&failure.diagnostics, &failure.source_map, MessageFormat::Human, surroundings);
            code = 1;
        }
    }
    code
}
