//! `kustomize localize`: a copy of a layer that fetches nothing.

use std::path::{Path, PathBuf};

use clap::Args;
use hagane::{BuildOptions, Diagnostic, Failed, Fault, Span, World};
use hagane_host::{remove_tree, write_tree};
use hagane_kustomize::{LoadRestriction, Outside, Sources};
use hagane_vendor::{Localized, Localizing, localize};
use zeroize::Zeroizing;

use crate::Surroundings;
use crate::vendor::{not_written, refused};

/// Copy a kustomization and all that it refers to into a new directory that fetches nothing
///
/// Repositories and files behind URLs lie in `localized-files` beside the kustomization that asks for them, and the
/// references lead there. Every repository needs a `ref`. Then both are built, and must give the same.
#[derive(Args)]
#[command(after_help = "Examples:
  kustomize localize                                the current directory, to localized-NAME
  kustomize localize overlays/production --scope .  with the bases beside it
  kustomize localize 'https://github.com/example/shop//base?ref=v1' shop")]
pub(crate) struct Localize {
    /// The directory with the kustomization, or the URL of one
    #[arg(value_name = "TARGET", default_value = ".", hide_default_value = true)]
    target: PathBuf,
    /// The directory that is made; `localized-TARGET` or `localized-TARGET-REF` in the current directory if not given
    #[arg(value_name = "DESTINATION")]
    destination: Option<PathBuf>,
    /// The directory that local references may not leave: the target if not given. Not for URLs
    #[arg(long, value_name = "DIR")]
    scope: Option<PathBuf>,
    /// Do not build the target and its copy to compare them
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, hide_possible_values = true, hide_default_value = true, value_name = "BOOL", action = clap::ArgAction::Set)]
    no_verify: bool,
}

/// Runs `localize`.
pub(crate) fn run(arguments: &Localize, surroundings: &mut Surroundings) -> Result<(), Failed> {
    let request = Localizing {
        directory: &surroundings.directory,
        target: &arguments.target,
        scope: arguments.scope.as_deref(),
        destination: arguments.destination.as_deref(),
    };
    let outside = Outside { remotes: surroundings.remotes, processes: None };
    let base = surroundings.directory.clone();
    let sources = Sources::new(surroundings.files, None, outside, base, LoadRestriction::RootOnly);
    let localized = match localize(&request, &sources, surroundings.files) {
        Ok(localized) => localized,
        Err(error) => {
            return Err(Failed { diagnostics: error.flattened(), source_map: sources.into_map() });
        }
    };
    let files = localized.files.iter().map(|(path, content)| (path.as_path(), &content[..]));
    write_tree(&localized.destination, files).map_err(|error| {
        // What is there only in part is of no use to anybody.
        remove_tree(&localized.destination);
        not_written(&error)
    })?;
    if !arguments.no_verify {
        verify(arguments, &localized, surroundings)?;
    }
    let target = arguments.target.display();
    let text = format!("localized `{target}` to `{}`\n", localized.destination.display());
    // Where even this cannot be written there is nobody to tell.
    let _ = surroundings.stderr.write_all(text.as_bytes());
    Ok(())
}

/// Builds the target and its copy, which stays where they differ: somebody will want to look at it.
fn verify(
    arguments: &Localize,
    localized: &Localized,
    surroundings: &mut Surroundings,
) -> Result<(), Failed> {
    let before = build(&arguments.target, surroundings)?;
    let after = build(&localized.target, surroundings)?;
    if before == after {
        return Ok(());
    }
    let message = format!(
        "the copy `{}` does not build what `{}` builds",
        localized.destination.display(),
        arguments.target.display()
    );
    let line = before.lines().zip(after.lines()).take_while(|(a, b)| a == b).count() + 1;
    Err(refused(
        Diagnostic::error(Span::default(), message)
            .with_fault(Fault::Input)
            .noted(format!("they differ from line {line} of the output on"))
            .hinted("`buildMetadata: [originAnnotations]` names where resources come from, which changes")
            .hinted("the copy is there to be looked at; `--no-verify` does without the comparison"),
    ))
}

fn build(target: &Path, surroundings: &mut Surroundings) -> Result<Zeroizing<String>, Failed> {
    let world = World {
        files: surroundings.files,
        keyring: surroundings.keyring,
        remotes: surroundings.remotes,
        processes: surroundings.processes,
        directory: &surroundings.directory,
    };
    let hint = "the copy was made; `--no-verify` does not build it, for what needs flags of `build`";
    let built = hagane::build(&world, target, &BuildOptions::default()).map_err(|mut failed| {
        failed.diagnostics = failed.diagnostics.into_iter().map(|error| error.hinted(hint)).collect();
        failed
    })?;
    let text = built.to_yaml(Default::default());
    text.map_err(|diagnostics| Failed { diagnostics, source_map: built.source_map })
}
