//! `hagane argocd discover`: whether the application in the working directory is one for this plugin.

use std::path::Path;

use clap::Args;
use hagane::{FILE_NAMES, Failed, Files};

use super::repository::root;
use super::server::{PLUGIN, Server};
use crate::{Surroundings, output};

/// The file that says that a repository is for hagane.
const PIPELINE: &str = hagane::PIPELINE_FILE;

/// Print the kustomization of the working directory, if hagane is to render it
///
/// It is, where a `hagane.yaml` lies beside it or above it in the repository. Argo CD takes what is printed for a yes, and asks
/// its plugins before it looks for kustomizations itself: without that file all others stay kustomize's.
#[derive(Args)]
#[command(after_help = "Example:
  hagane argocd discover")]
pub(super) struct Discover {}

pub(super) fn run(_: &Discover, surroundings: &mut Surroundings) -> Result<(), Failed> {
    let server = Server::read(&hagane_host::environment, PLUGIN)?;
    let directory = &surroundings.directory;
    let top = root(directory, server.source_path.as_deref(), surroundings.files);
    let top = top.unwrap_or_else(|| directory.clone());
    match kustomization(directory, &top, surroundings.files) {
        Some(name) => output::print(format!("{name}\n").as_bytes(), surroundings),
        None => Ok(()),
    }
}

/// Returns the name of the kustomization in a directory of a repository, if hagane is to render it.
pub(super) fn kustomization(directory: &Path, top: &Path, files: &dyn Files) -> Option<&'static str> {
    let there = |path: &Path| files.resolve(path).is_ok();
    let mut above = directory.ancestors().take_while(|above| above.starts_with(top));
    let is_ours = above.any(|above| there(&above.join(PIPELINE)));
    FILE_NAMES.into_iter().find(|name| is_ours && there(&directory.join(name)))
}
