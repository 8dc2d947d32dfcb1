//! `fn`: manifests given to functions, and as the list that functions read, and back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use hagane::{Diagnostic, Failed, Fault, Span};
use hagane_host::write_tree;
use hagane_yaml::Node;

use super::format::{self, INDEX, PATH, Wrapping};
use super::package::{Below, Manifest, Package, YAML};
use super::run::{self, Run};
use crate::edit::refused;
use crate::{Surroundings, failure, output};

/// Run functions on manifests
#[derive(Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "Examples:
  kustomize fn run apps
  kustomize fn source apps | ./my-function | kustomize fn sink apps"
)]
pub(crate) struct Function {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Run(Run),
    Source(Source),
    Sink(Sink),
}

/// Print manifests as one list, each annotated with its file
#[derive(Args)]
#[command(after_help = "Example:
  kustomize fn source apps --function-config settings.yaml | ./my-function")]
struct Source {
    /// Directories and files; standard input without any
    #[arg(value_name = "DIR")]
    paths: Vec<PathBuf>,
    /// The kind of the list
    #[arg(long, value_name = "KIND", default_value = "ResourceList")]
    wrap_kind: String,
    /// The apiVersion of the list
    #[arg(long, value_name = "VERSION", default_value = "config.kubernetes.io/v1")]
    wrap_version: String,
    /// The file with the function's configuration
    #[arg(long, value_name = "PATH")]
    function_config: Option<PathBuf>,
    /// Which files of `--function-config` are read
    #[arg(long, value_name = "PATTERN", value_delimiter = ',', default_values_t = YAML.map(str::to_owned))]
    input_pattern: Vec<String>,
}

/// Write the manifests on standard input, a list or a stream, to the files that their annotations name
#[derive(Args)]
#[command(after_help = "Example:
  ./my-function < list.yaml | kustomize fn sink apps")]
struct Sink {
    /// The directory to write into; without one, the manifests are printed
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
}

/// Runs a command of `fn`.
pub(crate) fn run(arguments: &Function, surroundings: &mut Surroundings) -> Result<(), Failed> {
    match &arguments.command {
        Command::Source(arguments) => source(arguments, surroundings),
        Command::Sink(arguments) => sink(arguments, surroundings),
        Command::Run(arguments) => run::run(arguments, surroundings),
    }
}

fn source(arguments: &Source, surroundings: &mut Surroundings) -> Result<(), Failed> {
    let patterns: Vec<&str> = arguments.input_pattern.iter().map(String::as_str).collect();
    let function_config = match &arguments.function_config {
        Some(path) => Some(configuration(path, &patterns, surroundings)?),
        None => None,
    };
    let mut package = Package::read(&arguments.paths, &YAML, Below::Everything, surroundings)?;
    package.manifests.iter_mut().for_each(format::annotate);
    let wrapping =
        Wrapping { api_version: &arguments.wrap_version, kind: &arguments.wrap_kind, function_config };
    output::print(format::text(package.manifests, Some(wrapping)).as_bytes(), surroundings)
}

/// Reads the configuration of a function: the one manifest of a file.
pub(super) fn configuration(
    path: &Path,
    patterns: &[&str],
    surroundings: &mut Surroundings,
) -> Result<Node, Failed> {
    let package = Package::read(&[path.to_owned()], patterns, Below::Everything, surroundings)?;
    match <[Manifest; 1]>::try_from(package.manifests) {
        Ok([only]) => Ok(only.tree),
        Err(several) => {
            let message = format!("`{}` holds {} manifests", path.display(), several.len());
            let error =
                Diagnostic::error(Span::default(), message).hinted("a function has one configuration");
            Err(refused(error))
        }
    }
}

fn sink(arguments: &Sink, surroundings: &mut Surroundings) -> Result<(), Failed> {
    let mut package = Package::read(&[], &YAML, Below::Everything, surroundings)?;
    let Some(directory) = &arguments.directory else {
        package.manifests.iter_mut().for_each(format::clear);
        return output::print(format::text(package.manifests, None).as_bytes(), surroundings);
    };
    // All is known before anything is written.
    let mut files: BTreeMap<PathBuf, Vec<(u64, Manifest)>> = BTreeMap::new();
    for manifest in std::mem::take(&mut package.manifests) {
        match destination(&manifest) {
            Ok((path, index)) => files.entry(path).or_default().push((index, manifest)),
            Err(error) => return Err(package.failed(error)),
        }
    }
    let directory = surroundings.directory.join(directory);
    let texts: Vec<(PathBuf, String)> = files
        .into_iter()
        .map(|(path, mut manifests)| {
            manifests.sort_by_key(|(index, _)| *index);
            let mut manifests: Vec<Manifest> = manifests.into_iter().map(|(_, manifest)| manifest).collect();
            manifests.iter_mut().for_each(format::clear);
            (directory.join(path), format::text(manifests, None))
        })
        .collect();
    let files = texts.iter().map(|(path, text)| (path.as_path(), text.as_bytes()));
    write_tree(&directory, files).map_err(|(path, error)| {
        let path = hagane::relative(&path, &surroundings.directory);
        let message = format!("cannot write `{}`: {}", path.display(), hagane_host::words(&error));
        failure(Fault::Access, message)
    })
}

/// Returns the file that a manifest goes to, below the directory, and its place there.
fn destination(manifest: &Manifest) -> Result<(PathBuf, u64), Diagnostic> {
    let find = |names: [&str; 2]| names.into_iter().find_map(|name| manifest.annotation(name));
    let span = manifest.tree.span();
    let Some(path) = find(PATH).filter(|path| !path.is_empty()) else {
        return Err(Diagnostic::error(span, format!("a manifest has no annotation `{}`", PATH[0]))
            .hinted("`fn source` writes it; without a directory `fn sink` prints what it reads"));
    };
    let index = find(INDEX).unwrap_or("0");
    let Ok(index) = index.parse() else {
        return Err(Diagnostic::error(span, format!("`{index}` is no place in a file"))
            .hinted(format!("the annotation `{}` is a number", INDEX[0])));
    };
    let is_below = Path::new(path).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    match is_below {
        true => Ok((PathBuf::from(path), index)),
        false => Err(Diagnostic::error(span, format!("the file `{path}` is not in or below the directory"))
            .hinted("a path without `..` and without a slash at its start is")),
    }
}
