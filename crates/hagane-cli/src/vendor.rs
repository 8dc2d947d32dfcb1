//! `hagane vendor`: a tree that fetches nothing.

use std::path::PathBuf;

use clap::Args;
use hagane::{Diagnostic, Failed, Fault, PIPELINE_FILE, Remotes, SourceMap, Span};
use hagane_host::{remove_files, write_tree};
use hagane_kustomize::{LoadRestriction, Outside, Sources, normalized};
use hagane_vendor::{LOCK_FILE, Vendored, Vendoring, check, vendor};

use crate::lock::{self, Locking, Unasked};
use crate::message::MessageFormat;
use crate::{Surroundings, failure, output};

/// Copy what kustomizations fetch, so that they render without network
///
/// Every kustomization at and below the directory is looked at. The parts of repositories that they use are copied into
/// the directory's `vendor`, files behind URLs into a `vendor` beside the kustomization that asks for them, and the
/// references lead there: only these lines of the kustomizations change. `kustomize build` renders the tree, too.
/// `vendor/hagane.vendor` lists the copies with their URLs and commits.
///
/// A `hagane.lock` counts: what it names is copied as it has it. To copy something anew, put its URL back.
#[derive(Args)]
#[command(after_help = "Examples:
  hagane vendor deploy                              in place
  hagane vendor deploy rendered-offline             into a tree of its own; `deploy` stays as it is
  hagane vendor --check deploy                      for a pipeline: nothing is fetched, no copy was changed
  hagane build --offline deploy/overlays/production")]
pub(crate) struct VendorArguments {
    /// The directory whose kustomizations are to fetch nothing
    #[arg(value_name = "DIR", default_value = ".", hide_default_value = true)]
    directory: PathBuf,
    /// A directory for the whole tree, as far as kustomizations refer to it; nothing changes DIR then
    #[arg(value_name = "OUT")]
    out: Option<PathBuf>,
    /// Write and fetch nothing; fail when something would be fetched, or a copy is not as it was made
    #[arg(long, conflicts_with = "out")]
    check: bool,
    #[command(flatten)]
    locking: Locking,
    /// How messages are written to standard error
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(crate) message_format: MessageFormat,
}

/// Runs `vendor`.
pub(crate) fn run(arguments: &VendorArguments, surroundings: &mut Surroundings) -> Result<(), Failed> {
    let lock = match arguments.check {
        true => None,
        false => lock::read_for(&arguments.locking, &arguments.directory, Unasked::Used, surroundings)?,
    };
    let remotes = surroundings.remotes.filter(|_| !arguments.check);
    let locked = lock.as_ref().and_then(|lock| lock.remotes(remotes));
    let remotes = locked.as_ref().map_or(remotes, |locked| Some(locked as &dyn Remotes));
    let top = normalized(&surroundings.directory.join(&arguments.directory));
    let out = arguments.out.as_ref().map(|out| normalized(&surroundings.directory.join(out)));
    let request = Vendoring { top: &top, out: out.as_deref(), beside: &[PIPELINE_FILE, LOCK_FILE], remotes };
    let outside = Outside { remotes, processes: None };
    // The files of the tree itself stay where they are: which of them may be read, the build says.
    let base = surroundings.directory.clone();
    let sources = Sources::new(surroundings.files, None, outside, base, LoadRestriction::None);
    let done = match arguments.check {
        true => check(&request, &sources, surroundings.files).map(|()| Vendored::default()),
        false => vendor(&request, &sources, surroundings.files),
    };
    let vendored = match done {
        Ok(vendored) => vendored,
        Err(error) => {
            return Err(Failed { diagnostics: error.flattened(), source_map: sources.into_map() });
        }
    };
    write(&vendored)?;
    // Names in a repository may hold anything, and must not steer a terminal.
    let shown = |path: &PathBuf| sources.shown(path).replace(char::is_control, "\u{fffd}");
    let written = vendored.files.keys().map(|path| format!("wrote {}\n", shown(path)));
    let removed = vendored.removed.iter().map(|path| format!("removed {}\n", shown(path)));
    let lines: String = written.chain(removed).collect();
    output::print(lines.as_bytes(), surroundings)
}

fn write(vendored: &Vendored) -> Result<(), Failed> {
    if vendored.files.is_empty() && vendored.removed.is_empty() {
        return Ok(());
    }
    let files = vendored.files.iter().map(|(path, content)| (path.as_path(), &content[..]));
    write_tree(&vendored.top, files)
        .and_then(|()| remove_files(&vendored.top, &vendored.removed))
        .map_err(|error| not_written(&error))
}

/// Says which file could not be written, and why.
pub(crate) fn not_written((path, error): &(PathBuf, std::io::Error)) -> Failed {
    let words = hagane_host::words(error);
    failure(Fault::Access, format!("cannot write `{}`: {words}", path.display()))
}

/// Returns an error without a place in a file as a failure.
pub(crate) fn refused(error: Diagnostic) -> Failed {
    Failed { diagnostics: vec![error.or_at(Span::default())], source_map: SourceMap::new() }
}
