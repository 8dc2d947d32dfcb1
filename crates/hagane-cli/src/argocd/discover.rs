//! `hagane argocd discover`: whether the application in the working directory is one for this plugin.

use clap::Args;
use hagane::{FILE_NAMES, Failed};

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
    let there = |path: &std::path::Path| surroundings.files.resolve(path).is_ok();
    let above = directory.ancestors().take_while(|above| above.starts_with(&top));
    let is_ours = above.into_iter().any(|above| there(&above.join(PIPELINE)));
    let kustomization = FILE_NAMES.iter().find(|name| there(&directory.join(name)));
    match kustomization.filter(|_| is_ours) {
        Some(name) => output::print(format!("{name}\n").as_bytes(), surroundings),
        None => Ok(()),
    }
}
