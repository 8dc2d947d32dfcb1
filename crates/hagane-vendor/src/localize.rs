//! `kustomize localize`: a new tree in which nothing is fetched, each layer with what it asked for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hagane_kustomize::{FileKind, Files, Sources, Visit, normalized, repository_of};
use hagane_resource::{Diagnostic, Fault};
use hagane_yaml::Span;

use crate::copy::{Copying, Origin};
use crate::layout::{Layout, host_and_path, without_reference};

/// What is localized, and to where. Paths are relative to the working directory.
#[derive(Clone, Copy, Debug)]
pub struct Localizing<'l> {
    /// The working directory.
    pub directory: &'l Path,
    /// The layer: a directory, or the URL of one.
    pub target: &'l Path,
    /// The directory that local references may not leave; the target itself if not given.
    pub scope: Option<&'l Path>,
    /// The directory that is made; if not given one in the working directory, named by the target.
    pub destination: Option<&'l Path>,
}

/// A tree in which nothing is fetched.
#[derive(Debug)]
pub struct Localized {
    /// Its directory, which is not there yet.
    pub destination: PathBuf,
    /// The directory of the target in it.
    pub target: PathBuf,
    /// The content of its files, by their paths.
    pub files: BTreeMap<PathBuf, Arc<[u8]>>,
}

/// Copies a layer and all that it refers to into a tree of its own.
pub fn localize(request: &Localizing, sources: &Sources, files: &dyn Files) -> Result<Localized, Diagnostic> {
    let repository = request.target.to_str().and_then(repository_of);
    if repository.as_ref().is_some_and(|repository| repository.reference.is_empty()) {
        return Err(without_reference(Span::default()).with_fault(Fault::Usage));
    }
    let visit = Visit::top(request.target, sources)?;
    let scope = scope(request, &visit, files)?;
    let destination = destination(request, &visit, files)?;
    let within = visit.directory().strip_prefix(&scope).unwrap_or(Path::new(""));
    let target = normalized(&destination.join(within));
    let origin = if visit.entered().is_some() { Origin::Fetched } else { Origin::Own };
    let mut copying = Copying::new(sources, files, Layout::Localized { scope }, destination.clone());
    copying.layer(&visit, &target, origin)?;
    Ok(Localized { destination, target, files: copying.copied.files })
}

/// Returns the directory that local references may not leave.
fn scope(request: &Localizing, visit: &Visit, files: &dyn Files) -> Result<PathBuf, Diagnostic> {
    let wrong = |message: String| Diagnostic::error(Span::default(), message).with_fault(Fault::Usage);
    match (visit.entered(), request.scope) {
        (Some(entered), None) => Ok(entered.checkout.clone()),
        (Some(_), Some(_)) => Err(wrong("what is fetched has no other scope than its repository".into())
            .hinted("leave `--scope` away")),
        (None, None) => Ok(visit.directory().to_owned()),
        (None, Some(scope)) => match files.resolve(&normalized(&request.directory.join(scope))) {
            Ok((resolved, FileKind::Directory)) if visit.directory().starts_with(&resolved) => Ok(resolved),
            Ok((_, FileKind::Directory)) => {
                let message = format!(
                    "the scope `{}` does not hold the target `{}`",
                    scope.display(),
                    request.target.display()
                );
                Err(wrong(message).hinted("the scope is a directory above the target, or the target itself"))
            }
            Ok(_) => Err(wrong(format!("the scope `{}` is no directory", scope.display()))),
            Err(_) => Err(wrong(format!("the scope `{}` does not exist", scope.display()))),
        },
    }
}

/// Returns the directory that is made: it is not there, and the one that it is made in is.
fn destination(request: &Localizing, visit: &Visit, files: &dyn Files) -> Result<PathBuf, Diagnostic> {
    let wrong = |message: String| Diagnostic::error(Span::default(), message).with_fault(Fault::Usage);
    let given = request.destination.map_or_else(|| PathBuf::from(default_name(visit)), Path::to_owned);
    let full = normalized(&request.directory.join(&given));
    if files.resolve(&full).is_ok() {
        let error = wrong(format!("`{}` is there already", given.display()));
        return Err(error.hinted("a localized copy is made in a new directory"));
    }
    let (Some(parent), Some(name)) = (full.parent(), full.file_name()) else {
        return Err(wrong(format!("`{}` cannot be made", given.display())));
    };
    match files.resolve(parent) {
        Ok((parent, FileKind::Directory)) => Ok(parent.join(name)),
        _ => {
            let error = wrong(format!("`{}` cannot be made", given.display()));
            Err(error.hinted("the directory that it is made in must be there"))
        }
    }
}

/// Returns `localized-TARGET`, and for a repository `localized-TARGET-REF`, where the top has the repository's name.
fn default_name(visit: &Visit) -> String {
    let own = visit.directory().file_name().map(|name| name.to_string_lossy().into_owned());
    match visit.entered() {
        None => own.map_or("localized".into(), |name| format!("localized-{name}")),
        Some(entered) => {
            let (_, path) = host_and_path(&entered.repository.url);
            let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
            let is_top = entered.path.as_os_str().is_empty();
            let name = if is_top { last } else { own.unwrap_or(last) };
            format!("localized-{name}-{}", entered.repository.reference.replace('/', "-"))
        }
    }
}

#[cfg(test)]
mod tests;
