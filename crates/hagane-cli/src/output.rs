//! Where the output goes.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use hagane::{Diagnostic, EmitOptions, Failed, Fault, FileKind, Rendered, Resource, SourceMap, Span};
use hagane_host::{Access, write_file, write_files};

use crate::{Surroundings, failure};

/// Where the output goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// Standard output, and a person looks at it.
    Terminal,
    /// Standard output: a pipe or a file.
    Stream,
    /// A file.
    File(PathBuf),
    /// A file a resource, in a directory.
    Directory(PathBuf),
}

impl Destination {
    pub(crate) fn new(output: Option<&Path>, surroundings: &Surroundings) -> Destination {
        // An empty path is none: what a script makes of a variable that is not set.
        let output = output.filter(|path| !path.as_os_str().is_empty());
        match output.map(|path| surroundings.directory.join(path)) {
            None if surroundings.stdout_is_terminal => Destination::Terminal,
            None => Destination::Stream,
            Some(path) => match surroundings.files.resolve(&path) {
                Ok((path, FileKind::Directory)) => Destination::Directory(path),
                _ => Destination::File(path),
            },
        }
    }
}

/// Writes all resources, or nothing.
pub(crate) fn write(
    rendered: &mut Rendered,
    destination: &Destination,
    options: EmitOptions,
    surroundings: &mut Surroundings,
) -> Result<(), Failed> {
    let access = if rendered.holds_secrets() { Access::Owner } else { Access::Usual };
    match destination {
        Destination::Terminal | Destination::Stream => {
            let text = rendered.to_yaml(options).map_err(|errors| unwritable(rendered, errors))?;
            print(text.as_bytes(), surroundings)
        }
        Destination::File(path) => {
            let text = rendered.to_yaml(options).map_err(|errors| unwritable(rendered, errors))?;
            let shown = surroundings.shown(path);
            write_file(path, text.as_bytes(), access).map_err(|error| not_written(shown, &error))
        }
        Destination::Directory(directory) => {
            let names = file_names(rendered)?;
            let texts = rendered.to_documents(options).map_err(|errors| unwritable(rendered, errors))?;
            let files = names.iter().zip(&texts).map(|(name, text)| (name.as_str(), text.as_bytes()));
            let shown = surroundings.shown(directory);
            write_files(directory, files, access).map_err(|error| not_written(shown, &error))
        }
    }
}

/// Writes to standard output, in one go.
pub(crate) fn print(content: &[u8], surroundings: &mut Surroundings) -> Result<(), Failed> {
    let written = surroundings.stdout.write_all(content).and_then(|()| surroundings.stdout.flush());
    match written {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(not_written(Path::new("standard output"), &error)),
        Ok(()) => Ok(()),
    }
}

/// Writes manual pages into a directory.
pub(crate) fn write_pages(directory: &Path, pages: &[(String, Vec<u8>)]) -> Result<(), Failed> {
    let pages = pages.iter().map(|(name, page)| (name.as_str(), page.as_slice()));
    write_files(directory, pages, Access::Usual).map_err(|error| not_written(directory, &error))
}

fn unwritable(rendered: &mut Rendered, diagnostics: Vec<Diagnostic>) -> Failed {
    Failed { diagnostics, source_map: std::mem::take(&mut rendered.source_map) }
}

fn not_written(path: &Path, error: &io::Error) -> Failed {
    let fault = match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory => Fault::Usage,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Fault::Access,
        _ => Fault::Passing,
    };
    let message = format!("cannot write `{}`: {}", path.display(), hagane_host::words(error));
    let mut diagnostic = Diagnostic::error(Span::default(), message).with_fault(fault);
    if fault == Fault::Usage {
        diagnostic = diagnostic.hinted("write to a file in a directory that is there, or to a directory");
    }
    Failed { diagnostics: vec![diagnostic], source_map: SourceMap::new() }
}

/// Bytes of a file's name that every file system takes.
const MAX_NAME: usize = 255;

/// Returns a file name for each resource, as kustomize names them: `group_version_kind_name.yaml` in lower case,
/// the namespace before it where there are several.
fn file_names(rendered: &Rendered) -> Result<Vec<String>, Failed> {
    let spaces: BTreeSet<&str> = rendered.resources.iter().filter_map(namespace).collect();
    let mut names: Vec<String> = Vec::with_capacity(rendered.resources.len());
    let mut seen = BTreeSet::new();
    for resource in &rendered.resources {
        if resource.id().decrypted {
            let message =
                format!("the name of {} is encrypted, and a file cannot be named by it", resource.id());
            return Err(failure(Fault::Input, message));
        }
        let mut name = file_name(resource);
        if let Some(namespace) = namespace(resource).filter(|_| spaces.len() > 1) {
            name.insert_str(0, &format!("{}_", namespace.to_lowercase()));
        }
        if name.contains(['/', '\0']) || name.len() > MAX_NAME {
            return Err(failure(Fault::Input, format!("{} has no name that a file can have", resource.id())));
        }
        if !seen.insert(name.clone()) {
            return Err(failure(Fault::Input, format!("two resources would be written to `{name}`")));
        }
        names.push(name);
    }
    Ok(names)
}

fn file_name(resource: &Resource) -> String {
    let gvk = resource.gvk();
    let parts = [gvk.group.as_str(), gvk.version.as_str(), gvk.kind.as_str(), resource.name()];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("{}.yaml", parts.join("_").to_lowercase())
}

/// Returns the namespace; nothing for what belongs to the whole cluster.
fn namespace(resource: &Resource) -> Option<&str> {
    (!resource.id().cluster_scoped).then(|| resource.id().effective_namespace())
}
