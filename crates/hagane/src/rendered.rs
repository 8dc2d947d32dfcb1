//! What came out of the pipeline.

use std::collections::HashSet;

use hagane_kustomize::{Composed, Sources};
use hagane_policy::Report;
use hagane_yaml::emit::v3;
use zeroize::Zeroizing;

use crate::{Diagnostic, EmitOptions, Node, ResourceSet, Secrets, SourceMap};

/// Finished resources. Values that came out of decryption are marked in their trees.
pub struct Rendered {
    /// The resources, in the order of the output.
    pub resources: ResourceSet,
    /// What there is to say besides.
    pub warnings: Vec<Diagnostic>,
    /// What the stages after composing changed and saw.
    pub report: Report,
    /// Where the positions in warnings and trees resolve.
    pub source_map: SourceMap,
    /// For each resource the tree that is written in its place, in the order of its file; empty where there are none.
    kept: Vec<Option<Node>>,
}

/// Why there are no resources.
#[derive(Debug)]
pub struct Failed {
    /// The errors, and warnings that came before them.
    pub diagnostics: Vec<Diagnostic>,
    /// Where their positions resolve.
    pub source_map: SourceMap,
}

impl Rendered {
    pub(crate) fn new(
        composed: Result<(Composed, Report, Vec<Option<Node>>), Diagnostic>,
        mut warnings: Vec<Diagnostic>,
        sources: Sources,
    ) -> Result<Rendered, Failed> {
        let source_map = sources.into_map();
        match composed {
            Ok((composed, report, kept)) => {
                // A layer that is used twice is composed twice.
                let mut seen: HashSet<Diagnostic> = warnings.iter().cloned().collect();
                warnings.extend(composed.warnings.into_iter().filter(|warning| seen.insert(warning.clone())));
                Ok(Rendered { resources: composed.resources, warnings, report, source_map, kept })
            }
            Err(error) => {
                warnings.extend(error.flattened());
                Err(Failed { diagnostics: warnings, source_map })
            }
        }
    }

    /// Returns the resources as a stream of YAML: kustomize's bytes, documents parted by `---`.
    pub fn to_yaml(&self, options: EmitOptions) -> Result<Zeroizing<String>, Vec<Diagnostic>> {
        if self.kept.iter().all(Option::is_none) {
            return hagane_resource::emit(&self.resources, options).map(Zeroizing::new);
        }
        let documents = self.to_documents(options)?;
        let documents: Vec<&str> = documents.iter().map(|document| document.as_str()).collect();
        Ok(Zeroizing::new(documents.join("---\n")))
    }

    /// Returns the text of each resource, in order.
    pub fn to_documents(&self, options: EmitOptions) -> Result<Vec<Zeroizing<String>>, Vec<Diagnostic>> {
        let documents = hagane_resource::emit_each(&self.resources, options)?;
        let mut documents: Vec<_> = documents.into_iter().map(Zeroizing::new).collect();
        for (document, kept) in documents.iter_mut().zip(&self.kept) {
            if let Some(kept) = kept {
                *document = v3::write(std::slice::from_ref(kept), &v3::Options::default());
            }
        }
        Ok(documents)
    }

    /// Returns whether any value came out of decryption: what [`Secrets::Redact`] would hide.
    pub fn holds_secrets(&self) -> bool {
        self.resources.iter().any(|resource| resource.tree().is_sensitive())
    }

    /// Returns the resources as YAML that anybody may see.
    pub fn to_redacted_yaml(&self) -> Result<String, Vec<Diagnostic>> {
        hagane_resource::emit(&self.resources, EmitOptions { secrets: Secrets::Redact })
    }
}
