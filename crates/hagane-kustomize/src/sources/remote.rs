//! Sources that lie elsewhere: files behind URLs, and the checkouts of repositories.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use hagane_resource::{Diagnostic, Fault};
use hagane_yaml::Span;

use super::{Root, RootedPath, Sources};
use crate::address::without_credentials;
use crate::files::FileKind;
use crate::remote::{RemoteError, Remotes, Repository};
use crate::remote_directory::RemoteDirectory;

/// Where a repository of this run lies.
pub(super) struct Checkout {
    /// The directory of its tree, symbolic links resolved.
    pub(super) directory: PathBuf,
    /// How messages show the directory.
    pub(super) shown: String,
}

/// Returns whether a path is the URL of a file.
pub fn is_file_url(path: &str) -> bool {
    let scheme = path.split_once(':').map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)))
}

impl Sources<'_> {
    /// Returns the directory of a repository, which is fetched if this run has not yet.
    pub(crate) fn remote_root(&self, directory: &RemoteDirectory, at: Span) -> Result<Root, Diagnostic> {
        let repository = &directory.repository;
        let url = without_credentials(&repository.url);
        let checkout = self
            .remotes(&url, at)?
            .repository(repository)
            .map_err(|error| diagnostic(&error, &url, &repository.reference, at))?;
        let shown = match repository.reference.as_str() {
            "" => format!("{url}//"),
            reference => format!("{url}@{reference}//"),
        };
        let mut checkouts = self.checkouts.borrow_mut();
        if !checkouts.iter().any(|known| known.directory == checkout) {
            checkouts.push(Checkout { directory: checkout.clone(), shown });
        }
        drop(checkouts);
        let full = checkout.join(&directory.path);
        match self.files.resolve(&full) {
            Ok((path, _)) if !path.starts_with(&checkout) => {
                let message = format!("`{}` leads out of its repository `{url}`", directory.path);
                Err(Diagnostic::error(at, message))
            }
            Ok((path, FileKind::Directory)) => Ok(Root { path, checkout: Some(Rc::new(checkout)) }),
            Ok(_) => Err(Diagnostic::error(at, format!("`{}` in `{url}` is no directory", directory.path))),
            Err(_) => Err(Diagnostic::error(at, format!("there is no `{}` in `{url}`", directory.path))
                .hinted("check the path behind `//` and the `ref`")),
        }
    }

    /// Returns the directory of the repository that a path lies in.
    pub(crate) fn checkout_of(&self, path: &Path) -> Option<PathBuf> {
        let checkouts = self.checkouts.borrow();
        checkouts.iter().map(|checkout| &checkout.directory).find(|d| path.starts_with(d)).cloned()
    }

    /// Returns the file behind a URL.
    pub(super) fn remote_file(&self, url: &str) -> RootedPath {
        RootedPath(PathBuf::from(url))
    }

    /// Returns the content of the file behind a URL.
    pub(super) fn read_remote(&self, url: &Path, at: Span) -> Result<std::sync::Arc<[u8]>, Diagnostic> {
        let url = url.to_string_lossy();
        let shown = without_credentials(&url);
        self.remotes(&shown, at)?.file(&url).map_err(|error| diagnostic(&error, &shown, "", at))
    }

    /// Fetches what several entries of one layer need, at once. What fails shows when it is asked for.
    pub(crate) fn prefetch<'p>(&self, paths: impl Iterator<Item = &'p str>) {
        let Some(remotes) = self.outside.remotes else { return };
        let (mut repositories, mut urls): (Vec<Repository>, Vec<&str>) = Default::default();
        for path in paths {
            match RemoteDirectory::parse(path) {
                Some(directory) if !is_file_url(path) || marks_repository(path) => {
                    repositories.push(directory.repository)
                }
                _ if is_file_url(path) => urls.push(path),
                _ => {}
            }
        }
        if repositories.len() + urls.len() > 1 {
            remotes.prefetch(&repositories, &urls);
        }
    }

    fn remotes(&self, url: &str, at: Span) -> Result<&dyn Remotes, Diagnostic> {
        self.outside.remotes.ok_or_else(|| {
            Diagnostic::error(at, format!("`{url}` lies elsewhere, and nothing is fetched here"))
                .hinted("keep a copy in the repository")
        })
    }
}

/// Returns whether a URL says itself that it is one of a repository.
pub(crate) fn marks_repository(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    [".git", "_git/", "//"].iter().any(|mark| rest.contains(mark))
}

fn diagnostic(error: &RemoteError, url: &str, reference: &str, at: Span) -> Diagnostic {
    let (fault, message, hint) = match error {
        RemoteError::Status(status) => {
            (Fault::Input, format!("`{url}` answers with status {status}"), "check the URL".into())
        }
        RemoteError::TimedOut(limit) => (
            Fault::Passing,
            format!("`{url}` was not fetched within {} s", limit.as_secs_f64()),
            "`?timeout=120` in the URL of a repository gives it more time".into(),
        ),
        RemoteError::Denied(why) => (
            Fault::Access,
            format!("`{url}` does not let us in: {why}"),
            "git's credential helpers and ssh keys are used where the program `git` is installed".into(),
        ),
        RemoteError::Unreachable(why) => (
            Fault::Passing,
            format!("`{url}` cannot be reached: {why}"),
            "`hagane vendor` makes a copy that needs no network".into(),
        ),
        RemoteError::NoSuchReference => (
            Fault::Input,
            format!("`{url}` has no branch, tag or commit `{reference}`"),
            "a commit is given by all of its 40 digits".into(),
        ),
        RemoteError::TooLarge { limit } => (
            Fault::Input,
            format!("`{url}` is larger than {} MiB", limit >> 20),
            "keep a copy of what is needed in the repository".into(),
        ),
        RemoteError::Refused { why, hint } => (Fault::Input, why.clone(), hint.clone()),
        RemoteError::Other(why) => {
            (Fault::Passing, format!("`{url}` cannot be fetched: {why}"), "check the URL".into())
        }
    };
    Diagnostic::error(at, message).with_fault(fault).hinted(hint)
}
