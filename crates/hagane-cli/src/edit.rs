//! `kustomize edit`: a kustomization file changed in place.

mod add;
mod fix;
mod generator;
pub(crate) mod glob;
mod metadata;
mod patch;
mod remove;
mod set;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use hagane::{Diagnostic, FILE_NAMES, Failed, Fault, FileError, FileKind, SourceMap, Span};
use hagane_edit::Kustomization;
use hagane_host::{Access, write_file};

use crate::message::{self, MessageFormat};
use crate::{Surroundings, failure, output};

/// Change the kustomization in the current directory
///
/// Only the lines that must change do: comments, order, indentation and quotes stay as they are. Where nothing has to
/// change the file is not touched.
#[derive(Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "Examples:
  kustomize edit set image web=registry.example.com/web:1.2
  kustomize edit set nameprefix blue-
  kustomize edit add resource 'apps/*.yaml'
  kustomize edit add configmap settings --from-literal=colour=blue
  kustomize edit remove label tier
  kustomize edit fix"
)]
pub(crate) struct Edit {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Add to a field
    #[command(after_help = "Examples:
  kustomize edit add resource 'apps/*.yaml'
  kustomize edit add label tier:shop")]
    Add(Verb<add::Add>),
    /// Set a field
    #[command(after_help = "Examples:
  kustomize edit set image web:1.2
  kustomize edit set nameprefix blue-")]
    Set(Verb<set::Set>),
    /// Remove from a field
    #[command(after_help = "Examples:
  kustomize edit remove resource 'apps/*.yaml'
  kustomize edit remove label tier")]
    Remove(Verb<remove::Remove>),
    Fix(fix::Fix),
    AlphaListBuiltinPlugin(ListBuiltin),
}

/// What is done, and to which field.
#[derive(Args)]
#[command(disable_help_subcommand = true)]
struct Verb<F: Subcommand> {
    #[command(subcommand)]
    field: F,
}

/// Print the names of the built-in generators and transformers
#[derive(Args)]
#[command(after_help = "Example:
  kustomize edit alpha-list-builtin-plugin")]
struct ListBuiltin {}

/// Runs `edit`.
pub(crate) fn run(arguments: &Edit, surroundings: &mut Surroundings) -> Result<(), Failed> {
    match &arguments.command {
        Command::Add(arguments) => add::run(&arguments.field, surroundings),
        Command::Set(arguments) => set::run(&arguments.field, surroundings),
        Command::Remove(arguments) => remove::run(&arguments.field, surroundings),
        Command::Fix(arguments) => fix::run(arguments, surroundings),
        Command::AlphaListBuiltinPlugin(_) => list_builtins(surroundings),
    }
}

/// The kinds that a file under `generators` or `transformers` may configure without a plugin, as kustomize lists them.
const BUILTINS: [&str; 18] = [
    "ConfigMapGenerator",
    "IAMPolicyGenerator",
    "SecretGenerator",
    "HelmChartInflationGenerator",
    "AnnotationsTransformer",
    "HashTransformer",
    "ImageTagTransformer",
    "LabelTransformer",
    "NamespaceTransformer",
    "PatchJson6902Transformer",
    "PatchStrategicMergeTransformer",
    "PatchTransformer",
    "PrefixTransformer",
    "SuffixTransformer",
    "PrefixSuffixTransformer",
    "ReplacementTransformer",
    "ReplicaCountTransformer",
    "ValueAddTransformer",
];

/// Prints the list in the form that kustomize gives it.
fn list_builtins(surroundings: &mut Surroundings) -> Result<(), Failed> {
    let lines: String = BUILTINS.iter().map(|name| format!(" * {name}\n")).collect();
    output::print(format!("Builtin plugins:\n\n{lines}").as_bytes(), surroundings)
}

/// A kustomization file on disk, and its text.
struct Opened {
    name: &'static str,
    path: PathBuf,
    text: String,
    kustomization: Kustomization,
    source_map: SourceMap,
}

/// Changes the kustomization file of the current directory; where `change` fails, nothing is written.
fn change(
    surroundings: &mut Surroundings,
    change: impl FnOnce(&mut Kustomization) -> Result<(), Diagnostic>,
) -> Result<(), Failed> {
    let mut opened = open(surroundings)?;
    let changed = change(&mut opened.kustomization);
    opened.tell_warnings(surroundings);
    match changed {
        Ok(()) if opened.kustomization.text() == opened.text => Ok(()),
        Ok(()) => write(&opened.path, opened.kustomization.text()),
        Err(error) => Err(opened.refused(error)),
    }
}

impl Opened {
    /// Says what there is to say about the changes.
    fn tell_warnings(&mut self, surroundings: &mut Surroundings) {
        let warnings = self.kustomization.take_warnings();
        message::tell(&warnings, &self.source_map, MessageFormat::Human, surroundings);
    }

    /// Returns the failure of a change; it shows the text as the changes before it left it.
    fn refused(self, error: Diagnostic) -> Failed {
        let mut source_map = SourceMap::new();
        source_map.add(self.name, self.kustomization.text().into());
        Failed { diagnostics: error.flattened(), source_map }
    }
}

/// Reads the kustomization file of the current directory.
fn open(surroundings: &Surroundings) -> Result<Opened, Failed> {
    let name = find(surroundings)?;
    let path = surroundings.directory.join(name);
    let content = surroundings.files.read(&path).map_err(|error| unreadable(name, &error))?;
    let mut source_map = SourceMap::new();
    let Ok(text) = std::str::from_utf8(&content) else {
        return Err(failure(Fault::Input, format!("`{name}` is not UTF-8 text")));
    };
    let file = source_map.add(name, text.into());
    match Kustomization::read(text, file) {
        Ok(kustomization) => Ok(Opened { name, path, text: text.to_owned(), kustomization, source_map }),
        Err(error) => Err(Failed { diagnostics: error.flattened(), source_map }),
    }
}

/// Returns the name of the one kustomization file of the current directory.
fn find(surroundings: &Surroundings) -> Result<&'static str, Failed> {
    let there = files_there(surroundings);
    match there[..] {
        [name] => match surroundings.files.resolve(&surroundings.directory.join(name)) {
            Ok((_, FileKind::Directory)) => Err(failure(Fault::Input, format!("`{name}` is a directory"))),
            _ => Ok(name),
        },
        [] => {
            let error = Diagnostic::error(Span::default(), "there is no kustomization file here")
                .hinted("`kustomize create` makes one; `edit` works on the current directory");
            Err(Failed { diagnostics: vec![error], source_map: SourceMap::new() })
        }
        _ => {
            let message = format!("there is more than one kustomization file here: {}", there.join(", "));
            let error = Diagnostic::error(Span::default(), message).hinted("keep one of them");
            Err(Failed { diagnostics: vec![error], source_map: SourceMap::new() })
        }
    }
}

/// Returns the kustomization files of the current directory.
pub(crate) fn files_there(surroundings: &Surroundings) -> Vec<&'static str> {
    let is_there = |name: &&str| {
        !matches!(surroundings.files.resolve(&surroundings.directory.join(name)), Err(FileError::NotFound))
    };
    FILE_NAMES.into_iter().filter(is_there).collect()
}

/// Writes a file that was changed.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Failed> {
    write_file(path, text.as_bytes(), Access::Usual).map_err(|error| {
        let message = format!("cannot write `{}`: {}", path.display(), hagane_host::words(&error));
        failure(Fault::Access, message)
    })
}

/// Returns why a file could not be read.
fn unreadable(name: &str, error: &FileError) -> Failed {
    let (fault, reason) = match error {
        FileError::NotFound => (Fault::Input, "is not there".to_owned()),
        FileError::PermissionDenied => (Fault::Access, "may not be read".to_owned()),
        FileError::TooLarge { limit } => (Fault::Input, format!("is larger than {limit} bytes")),
        FileError::Other(words) => (Fault::Input, format!("cannot be read: {words}")),
    };
    failure(fault, format!("`{name}` {reason}"))
}

/// Returns an error in the command line as the failure of the command.
pub(crate) fn refused(error: Diagnostic) -> Failed {
    Failed { diagnostics: error.flattened(), source_map: SourceMap::new() }
}
