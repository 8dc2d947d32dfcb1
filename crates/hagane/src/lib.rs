//! The pipeline: load, decrypt, compose, label, harden, emit.
//!
//! [`render`] takes a directory of bases, overlays and encrypted secrets through every stage; [`build`] is
//! `kustomize build`, with no stage of ours. Both see the outside only through a [`World`], and return what they
//! made: nothing is printed or written.
//!
//! ```
//! use std::path::Path;
//! use hagane::{AgeKeyring, Identities, MemoryFiles, RenderOptions, World};
//!
//! let files = MemoryFiles::new()
//!     .with("/shop/kustomization.yaml", "namePrefix: blue-\nresources: [web.yaml]\n")
//!     .with("/shop/web.yaml", "{apiVersion: v1, kind: Service, metadata: {name: web}}\n");
//! let keyring = AgeKeyring::new(Identities::new());
//! let world = World::new(&files, &keyring, Path::new("/"));
//!
//! let rendered = hagane::render(&world, Path::new("shop"), &RenderOptions::default()).expect("the input is right");
//! assert_eq!(
//!     rendered.to_yaml(Default::default()).unwrap().as_str(),
//!     "apiVersion: v1\nkind: Service\nmetadata:\n  name: blue-web\n",
//! );
//! ```

mod decrypt;
mod decryption_policy;
mod kept;
mod memory;
mod options;
mod parameter;
mod pipeline_file;
mod rendered;
mod seal_kms;
mod templates;
mod world;

use std::path::Path;

use hagane_kustomize::{Additions, Decrypter, Outside, Sources, compose, compose_with};
use hagane_policy::{Detail, Labelling, Policy, Report, harden, label};

pub use decrypt::{KMS_ANNOTATION, KMS_CONTEXT_ANNOTATION, diagnostic as decrypt_diagnostic};
pub use decryption_policy::{DecryptionPolicy, Guard, Subject};
pub use hagane_kustomize::{
    Checkout, Environment, FILE_NAMES, FileError, FileKind, Files, Helm, LoadRestriction, Named, Output,
    Plugins, Process, ProcessError, Processes, RemoteError, Remotes, Reorder, Repository, TreeFile,
    TreeFileKind, digest, hexadecimal, normalized, relative, tree_hash, without_credentials,
};
pub use hagane_policy as policy;
pub use hagane_resource::{
    Diagnostic, Fault, ResId, Resource, ResourceSet, Severity, nearest, read_documents,
};
pub use hagane_sops::{
    self as sops, AgeKeyring, AgeOutside, AnyIdentity, AnyRecipient, Attempt, Identities, KeyFailure,
    Keyring, MasterKey, Remembering, SecretBytes, WrappedKey,
};
pub use hagane_yaml::emit::{EmitOptions, Secrets};
pub use hagane_yaml::{FileId, Node, SourceMap, Span, Text};
pub use memory::MemoryFiles;
pub use options::{BuildOptions, RenderOptions, SecretsMode, Stages};
pub use parameter::{Given, Parameter, ParameterKind, Setting};
pub use pipeline_file::PIPELINE_FILE;
pub use rendered::{Failed, Rendered};
pub use seal_kms::seal_kms;
pub use world::World;

use decrypt::Opener;
use decryption_policy::refuse_misplaced;
use templates::Templates;

/// Renders the kustomization in the directory `target`: decrypts, composes, and labels and hardens as
/// `hagane.yaml` asks.
pub fn render(world: &World, target: &Path, options: &RenderOptions) -> Result<Rendered, Failed> {
    let opener = Opener::new(world, target, options);
    let sources = world.sources(Some(&opener as &dyn Decrypter), options.build.load_restriction);
    let stages = || {
        let pipeline = pipeline_file::load(target, &sources)?;
        let templates = Templates::new(pipeline.templates, options, &sources)?;
        let additions = Additions { resources: templates.resources(&sources)?, generator: Some(&templates) };
        let mut composed = compose_with(target, &sources, &options.build.composing(), additions)?;
        let report = match options.stages {
            Stages::All => {
                label_and_harden(&mut composed.resources, &pipeline.labels, pipeline.harden, options.report)
            }
            Stages::Composing => Report::default(),
        };
        if let Some(guard) = &options.guard {
            composed.warnings.extend(refuse_misplaced(&composed.resources, guard, &opener.openings())?);
        }
        let kept = match options.secrets {
            SecretsMode::KeepEncrypted => kept::keep(&composed.resources, &opener.kept())?,
            _ => Vec::new(),
        };
        Ok((composed, report, kept))
    };
    Rendered::new(stages(), opener.warnings(), sources)
}

fn label_and_harden(
    resources: &mut ResourceSet,
    labels: &Labelling,
    policy: Option<Policy>,
    detail: Detail,
) -> Report {
    let mut report = label(resources, labels, detail);
    if let Some(policy) = policy {
        let count = resources.len();
        report.extend(harden(resources, &policy, detail));
        if resources.len() > count {
            // What hardening added has its labels, too; the others have theirs.
            report.changes.extend(label(resources, labels, detail).changes);
        }
    }
    report
}

/// Builds the kustomization in the directory `target` as `kustomize build` does: encrypted files as they lie,
/// no `hagane.yaml`, no key.
pub fn build(world: &World, target: &Path, options: &BuildOptions) -> Result<Rendered, Failed> {
    let sources = world.sources(None, options.load_restriction);
    let composed = compose(target, &sources, &options.composing());
    Rendered::new(composed.map(|composed| (composed, Report::default(), Vec::new())), Vec::new(), sources)
}

/// Returns what `hagane.yaml` in a directory, and those above it, ask of hardening; nothing where none asks.
/// Nothing is decrypted, fetched or composed.
pub fn hardening(
    world: &World,
    target: &Path,
    restriction: LoadRestriction,
) -> Result<Option<Policy>, Failed> {
    let sources = world.sources(None, restriction);
    match pipeline_file::load(target, &sources) {
        Ok(pipeline) => Ok(pipeline.harden),
        Err(error) => Err(Failed { diagnostics: error.flattened(), source_map: sources.into_map() }),
    }
}

/// Returns the parameters that may be set for the kustomization in a directory, as `hagane.yaml` declares
/// them. Nothing is decrypted, fetched or composed.
pub fn parameters(
    world: &World,
    target: &Path,
    restriction: LoadRestriction,
) -> Result<Vec<Parameter>, Failed> {
    let sources = world.sources(None, restriction);
    match pipeline_file::load(target, &sources) {
        Ok(pipeline) => Ok(templates::declared(&pipeline.templates)),
        Err(error) => Err(Failed { diagnostics: error.flattened(), source_map: sources.into_map() }),
    }
}

impl<'w> World<'w> {
    fn sources(&self, decrypter: Option<&'w dyn Decrypter>, restriction: LoadRestriction) -> Sources<'w> {
        let outside = Outside { remotes: self.remotes, processes: self.processes };
        Sources::new(self.files, decrypter, outside, self.directory.to_owned(), restriction)
    }
}
