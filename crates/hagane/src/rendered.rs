//! What came out of the pipeline.

use hagane_kustomize::{Composed, Sources};
use hagane_policy::Report;
use zeroize::Zeroizing;

use crate::{Diagnostic, EmitOptions, ResourceSet, Secrets, SourceMap};

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
        composed: Result<(Composed, Report), Diagnostic>,
        mut warnings: Vec<Diagnostic>,
        sources: Sources,
    ) -> Result<Rendered, Failed> {
        let source_map = sources.into_map();
        match composed {
            Ok((composed, report)) => {
                for warning in composed.warnings {
                    // A layer that is used twice is composed twice.
                    if !warnings.contains(&warning) {
                        warnings.push(warning);
                    }
                }
                Ok(Rendered { resources: composed.resources, warnings, report, source_map })
            }
            Err(error) => {
                warnings.extend(error.flattened());
                Err(Failed { diagnostics: warnings, source_map })
            }
        }
    }

    /// Returns the resources as a stream of YAML: kustomize's bytes, documents parted by `---`.
    pub fn to_yaml(&self, options: EmitOptions) -> Result<Zeroizing<String>, Vec<Diagnostic>> {
        hagane_resource::emit(&self.resources, options).map(Zeroizing::new)
    }

    /// Returns the text of each resource, in order.
    pub fn to_documents(&self, options: EmitOptions) -> Result<Vec<Zeroizing<String>>, Vec<Diagnostic>> {
        let documents = hagane_resource::emit_each(&self.resources, options)?;
        Ok(documents.into_iter().map(Zeroizing::new).collect())
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
