//! A KRM function by itself: declared by a manifest, and run over any list of resources, without a kustomization.

use std::path::Path;

use hagane_resource::Diagnostic;
use hagane_yaml::{Node, Span};
use zeroize::Zeroizing;

use super::function::{Function, Place};
use super::{Plugins, failure, with_words};
use crate::process::Processes;

/// A KRM function that a manifest declares by its annotation.
#[derive(Clone, Debug)]
pub struct KrmFunction {
    function: Function,
    name: String,
    at: Span,
}

/// What messages call the directory in which functions run.
const HERE: &str = "the working directory";

/// What runs as a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs<'f> {
    /// A container of an image.
    Container(&'f str),
    /// A program of this machine: its path.
    Program(&'f str),
    /// Nothing: the declaration names neither.
    Nothing,
}

/// What a function left.
pub struct Ran {
    /// What it wrote. A function that failed may have written a list, too: its results are in it.
    pub stdout: Zeroizing<Vec<u8>>,
    /// An error where it failed, otherwise a warning where it has something to say.
    pub end: Result<Option<Diagnostic>, Diagnostic>,
}

impl KrmFunction {
    /// Returns the function that a manifest declares; none where it declares none. Messages name it `name`.
    pub fn of(manifest: &Node, name: &str) -> Result<Option<KrmFunction>, Diagnostic> {
        let function = Function::of(manifest, &name, HERE)?;
        let at = Function::place_in(manifest);
        Ok(function.map(|function| KrmFunction { function, name: name.to_owned(), at }))
    }

    /// Returns how messages name it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns where it is declared.
    pub fn at(&self) -> Span {
        self.at
    }

    /// Returns what runs.
    pub fn runs(&self) -> Runs<'_> {
        match (self.function.container.image.as_str(), self.function.exec.path.as_str()) {
            ("", "") => Runs::Nothing,
            ("", path) => Runs::Program(path),
            (image, _) => Runs::Container(image),
        }
    }

    /// Returns whether it asks for the network.
    pub fn needs_network(&self) -> bool {
        self.function.container.network
    }

    /// Returns whether the functions after it run when it fails.
    pub fn defers_failure(&self) -> bool {
        self.function.defers_failure
    }

    /// Returns the paths, relative to the directory it runs in, that its declaration gives to the container.
    pub fn mounted_paths(&self) -> impl Iterator<Item = &str> {
        self.function.mounted_paths()
    }

    /// Returns what its declaration lets the container write to by itself.
    pub fn writable_path(&self) -> Option<&str> {
        self.function.container.mounts.iter().find(|mount| mount.writable).map(|mount| mount.source.as_str())
    }

    /// Runs it over a list of resources, in a directory.
    pub fn run(
        &self,
        plugins: &Plugins,
        directory: &Path,
        processes: &dyn Processes,
        list: Zeroizing<Vec<u8>>,
    ) -> Result<Ran, Diagnostic> {
        let place = Place { plugins, directory, named: HERE, processes, at: self.at };
        let output = self.function.output(&place, list)?;
        let words = Zeroizing::new(String::from_utf8_lossy(&output.stderr).into_owned());
        let end = match failure(output.code, &self.name, self.at) {
            Some(failure) => Err(with_words(failure, &words)),
            None if words.trim().is_empty() => Ok(None),
            None => {
                let warning = Diagnostic::warning(self.at, format!("{} has something to say", self.name));
                Ok(Some(with_words(warning, &words)))
            }
        };
        Ok(Ran { stdout: Zeroizing::new(output.stdout), end })
    }
}
