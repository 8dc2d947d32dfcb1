//! What a patch says: resources to merge, or operations.

use hagane_resource::{Diagnostic, Resource};
use hagane_yaml::{Dialect, Node, ParseOptions, Span, parse};

use crate::files::Decrypted;
use crate::json_patch::{self, Operations};
use crate::kustomization::PatchText;
use crate::sources::{Root, Sources};

pub(super) enum Content {
    StrategicMerge(Vec<Resource>),
    Json(Operations),
}

impl Content {
    /// Reads the patch of an entry of `patches`.
    pub(super) fn load(text: &PatchText, root: &Root, sources: &Sources) -> Result<Content, Diagnostic> {
        match text {
            PatchText::Path(path) => {
                let source = sources.read(&sources.file(root, path, path.span)?, path.span)?;
                match &source.decrypted {
                    Some(Decrypted { documents: Some(documents), .. }) => Content::of(documents.clone()),
                    Some(_) => {
                        let error = Diagnostic::error(
                            path.span,
                            "an encrypted patch must be a SOPS file in YAML or JSON",
                        );
                        Err(error.hinted("encrypt it with `--input-type yaml`"))
                    }
                    None => Content::read(source.text()?, Span { file: source.file, line: 1, column: 1 }),
                }
            }
            PatchText::Inline(text) => Content::read(text.trim_end(), sources.start_of(text)),
        }
    }

    /// Reads a patch that begins at a place in a file.
    pub(super) fn read(text: &str, start: Span) -> Result<Content, Diagnostic> {
        if is_list(text) {
            let options = ParseOptions {
                dialect: Dialect::V2,
                lines_before: start.line.saturating_sub(1),
                columns_before: start.column.saturating_sub(1),
                ..ParseOptions::default()
            };
            let documents = parse(text, start.file, &options)?;
            return match documents.first() {
                Some(node) if !node.is_null() => json_patch::operations(node).map(Content::Json),
                _ => Ok(Content::StrategicMerge(Vec::new())),
            };
        }
        hagane_resource::read_documents_at(text, start).map(Content::StrategicMerge).or_else(|error| {
            // What is no resource may still be a JSON patch: as one text, to which directives belong, its first document.
            let options = ParseOptions { dialect: Dialect::V2, first_only: true, ..ParseOptions::default() };
            let Ok(documents) = parse(text, start.file, &options) else { return Err(error) };
            match documents.first() {
                Some(node @ Node::Sequence(_)) if text.starts_with('%') => {
                    json_patch::operations(node).map(Content::Json)
                }
                Some(node) if !node.is_null() => Err(error),
                _ => Ok(Content::StrategicMerge(Vec::new())),
            }
        })
    }

    fn of(documents: Vec<Node>) -> Result<Content, Diagnostic> {
        match documents.first() {
            Some(node @ Node::Sequence(_)) => json_patch::operations(node).map(Content::Json),
            _ => hagane_resource::resources_of(documents).map(Content::StrategicMerge),
        }
    }
}

/// Returns whether a text is a list, so a JSON patch.
fn is_list(text: &str) -> bool {
    text.trim_start_matches('\u{feff}')
        .lines()
        .map(str::trim_start)
        .find(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("---"))
        .is_some_and(|line| line == "-" || line.starts_with("- ") || line.starts_with('['))
}
