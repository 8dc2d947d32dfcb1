//! `kustomize cfg` and `kustomize fn`: manifests as they lie, looked at and given to functions.

mod format;
mod function;
mod package;
mod query;
mod run;
mod tree;

use std::path::PathBuf;

use clap::{ArgAction, Args, Subcommand, ValueEnum};
use hagane::{Failed, Fault};
use hagane_host::{Access, write_file};

use crate::edit::refused;
use crate::{Surroundings, failure, output};
use format::Wrapping;
use package::{Below, Manifest, Package, YAML};
use query::Query;
use tree::Shown;

pub(crate) use function::{Function, run as run_function};

/// Look at manifests as they lie
#[derive(Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "Examples:
  kustomize cfg tree apps
  kustomize cfg grep 'spec.replicas>1' apps
  kustomize cfg count apps"
)]
pub(crate) struct Cfg {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Cat(Cat),
    Count(Count),
    Grep(Grep),
    Tree(Tree),
}

/// Print manifests, their fields in one order
#[derive(Args)]
#[command(after_help = "Examples:
  kustomize cfg cat apps
  kustomize cfg cat --format=false --strip-comments apps web.yaml")]
struct Cat {
    /// Directories and files; standard input without any
    #[arg(value_name = "DIR")]
    paths: Vec<PathBuf>,
    /// Sort the fields
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = true, hide_possible_values = true, value_name = "BOOL", action = ArgAction::Set)]
    format: bool,
    /// Write into annotations where a manifest came from
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, hide_possible_values = true, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    annotate: bool,
    /// Leave comments out
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, hide_possible_values = true, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    strip_comments: bool,
    /// The kind of a list to put around the manifests
    #[arg(long, value_name = "KIND", default_value = "", hide_default_value = true)]
    wrap_kind: String,
    /// The apiVersion of that list
    #[arg(long, value_name = "VERSION", default_value = "", hide_default_value = true)]
    wrap_version: String,
    /// The file with a function's configuration, to put beside the items of the list
    #[arg(long, value_name = "PATH")]
    function_config: Option<PathBuf>,
    /// Write to a file
    #[arg(long, value_name = "PATH")]
    dest: Option<PathBuf>,
    #[command(flatten)]
    local: Local,
    #[command(flatten)]
    _below: Subpackages,
}

/// Which manifests are for tools on this machine.
#[derive(Args)]
struct Local {
    /// Take what is for this machine only (`config.kubernetes.io/local-config`), too
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, hide_possible_values = true, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    include_local: bool,
    /// Leave out what is for clusters
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, hide_possible_values = true, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    exclude_non_local: bool,
}

impl Local {
    fn takes(&self, manifest: &Manifest) -> bool {
        if manifest.is_local() { self.include_local } else { !self.exclude_non_local }
    }
}

/// A flag without effect in kustomize, too: directories below are always read.
#[derive(Args)]
struct Subpackages {
    /// As kustomize has it
    #[arg(short = 'R', long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = true, action = ArgAction::Set)]
    include_subpackages: bool,
}

/// Count manifests by kind
#[derive(Args)]
#[command(after_help = "Example:
  kustomize cfg count apps")]
struct Count {
    /// A directory or file; standard input without one
    #[arg(value_name = "DIR")]
    path: Option<PathBuf>,
    /// A line for each kind
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = true, hide_possible_values = true, value_name = "BOOL", action = ArgAction::Set)]
    kind: bool,
    /// Count the directories with a `Krmfile`, each for itself, too
    #[arg(short = 'R', long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = true, hide_possible_values = true, value_name = "BOOL", action = ArgAction::Set)]
    recurse_subpackages: bool,
}

/// Print the manifests in which a field is something
#[derive(Args)]
#[command(after_help = "Examples:
  kustomize cfg grep kind=Deployment apps
  kustomize cfg grep 'spec.replicas>3' apps
  kustomize cfg grep 'spec.template.spec.containers[name=web].image=:1\\.2' --annotate=false apps")]
struct Grep {
    /// A path and a regular expression, or `<`, `<=`, `>`, `>=` and a quantity
    #[arg(value_name = "QUERY")]
    query: String,
    /// Directories and files; standard input without any
    #[arg(value_name = "DIR")]
    paths: Vec<PathBuf>,
    /// Write into annotations where a manifest came from
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = true, hide_possible_values = true, value_name = "BOOL", action = ArgAction::Set)]
    annotate: bool,
    /// Print the others
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, hide_possible_values = true, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    invert_match: bool,
    #[command(flatten)]
    _below: Subpackages,
}

/// Show manifests as a tree of directories, or of owners where one has an owner
#[derive(Args)]
#[command(after_help = "Examples:
  kustomize cfg tree apps --image --replicas
  kustomize cfg tree apps --field 'metadata.labels.app'
  kubectl get all -o yaml | kustomize cfg tree - --graph-structure owners")]
struct Tree {
    /// A directory or file; `-` for standard input
    #[arg(value_name = "DIR", default_value = ".", hide_default_value = true)]
    path: PathBuf,
    /// What makes the branches
    #[arg(long, value_name = "STRUCTURE", value_enum)]
    graph_structure: Option<Structure>,
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    local: Local,
}

/// What makes the branches of a tree.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Structure {
    /// Owner references
    Owners,
    /// Directories
    Directory,
}

/// The fields that are shown.
#[derive(Args)]
#[command(next_help_heading = "Fields to show")]
struct Fields {
    /// Names of containers
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true, value_name = "BOOL")]
    name: Option<bool>,
    /// Images of containers
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true, value_name = "BOOL")]
    image: Option<bool>,
    /// Commands of containers
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true, value_name = "BOOL")]
    command: Option<bool>,
    /// Arguments of containers
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true, value_name = "BOOL")]
    args: Option<bool>,
    /// Environments of containers
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true, value_name = "BOOL")]
    env: Option<bool>,
    /// Resources of containers
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true, value_name = "BOOL")]
    resources: Option<bool>,
    /// Ports of containers and services
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true, value_name = "BOOL")]
    ports: Option<bool>,
    /// Replica counts
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true, value_name = "BOOL")]
    replicas: Option<bool>,
    /// All of these that are not said to be false
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, hide_possible_values = true, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    all: bool,
    /// The field at a path
    #[arg(long, value_name = "PATH", value_delimiter = ',')]
    field: Vec<String>,
}

/// Runs a command of `cfg`.
pub(crate) fn run(arguments: &Cfg, surroundings: &mut Surroundings) -> Result<(), Failed> {
    match &arguments.command {
        Command::Cat(arguments) => cat(arguments, surroundings),
        Command::Count(arguments) => count(arguments, surroundings),
        Command::Grep(arguments) => grep(arguments, surroundings),
        Command::Tree(arguments) => tree(arguments, surroundings),
    }
}

fn cat(arguments: &Cat, surroundings: &mut Surroundings) -> Result<(), Failed> {
    let function_config = match &arguments.function_config {
        Some(path) => Some(function::configuration(path, &YAML, surroundings)?),
        None => None,
    };
    let package = Package::read(&arguments.paths, &YAML, Below::Everything, surroundings)?;
    let mut manifests = package.manifests;
    manifests.retain(|manifest| arguments.local.takes(manifest));
    for manifest in &mut manifests {
        if arguments.annotate {
            format::annotate(manifest);
        }
        if arguments.format {
            format::sort_fields(manifest);
        }
        if arguments.strip_comments {
            format::strip_comments(&mut manifest.tree);
        }
    }
    let wrapping = (!arguments.wrap_kind.is_empty()).then(|| Wrapping {
        api_version: &arguments.wrap_version,
        kind: &arguments.wrap_kind,
        function_config,
    });
    let text = format::text(manifests, wrapping);
    match &arguments.dest {
        None => output::print(text.as_bytes(), surroundings),
        Some(path) => {
            let path = surroundings.directory.join(path);
            write_file(&path, text.as_bytes(), Access::Usual).map_err(|error| {
                let message = format!("cannot write `{}`: {}", path.display(), hagane_host::words(&error));
                failure(Fault::Access, message)
            })
        }
    }
}

fn count(arguments: &Count, surroundings: &mut Surroundings) -> Result<(), Failed> {
    let Some(path) = &arguments.path else {
        let package = Package::read(&[], &YAML, Below::Everything, surroundings)?;
        return output::print(counted(&package, arguments.kind).as_bytes(), surroundings);
    };
    let mut packages = package::packages(path, surroundings)?;
    if !arguments.recurse_subpackages {
        packages.truncate(1);
    }
    let mut texts = Vec::new();
    for path in packages {
        let package = Package::read(std::slice::from_ref(&path), &YAML, Below::OnePackage, surroundings)?;
        texts.push(format!("{}/\n{}", path.display(), counted(&package, arguments.kind)));
    }
    output::print(texts.join("\n").as_bytes(), surroundings)
}

fn counted(package: &Package, by_kind: bool) -> String {
    if !by_kind {
        return format!("{}\n", package.manifests.len());
    }
    let mut kinds = std::collections::BTreeMap::new();
    for manifest in &package.manifests {
        *kinds.entry(manifest.text("kind")).or_insert(0) += 1;
    }
    kinds.into_iter().map(|(kind, count)| format!("{kind}: {count}\n")).collect()
}

fn grep(arguments: &Grep, surroundings: &mut Surroundings) -> Result<(), Failed> {
    let query = Query::parse(&arguments.query).map_err(refused)?;
    let package = Package::read(&arguments.paths, &YAML, Below::Everything, surroundings)?;
    let mut manifests = package.manifests;
    manifests.retain(|manifest| query.takes(&manifest.tree) != arguments.invert_match);
    if arguments.annotate {
        manifests.iter_mut().for_each(format::annotate);
    }
    output::print(format::text(manifests, None).as_bytes(), surroundings)
}

fn tree(arguments: &Tree, surroundings: &mut Surroundings) -> Result<(), Failed> {
    let shown = arguments.fields.shown().map_err(refused)?;
    let is_input = arguments.path.as_os_str() == "-";
    let paths = if is_input { &[][..] } else { std::slice::from_ref(&arguments.path) };
    let mut package = Package::read(paths, &YAML, Below::Everything, surroundings)?;
    package.manifests.retain(|manifest| arguments.local.takes(manifest));
    let has_owners = package.manifests.iter().any(tree::has_owner);
    let text = match arguments.graph_structure {
        Some(Structure::Owners) => tree::by_owner(&package.manifests, &shown)?,
        None if has_owners => tree::by_owner(&package.manifests, &shown)?,
        _ => {
            let root = if is_input { ".".to_owned() } else { cleaned(&arguments.path) };
            let place = surroundings.directory.join(if is_input { "." } else { root.as_str() });
            let is_package = |directory: &str| {
                surroundings.files.resolve(&place.join(directory).join(package::PACKAGE_FILE)).is_ok()
            };
            tree::by_directory(&root, &package.manifests, &shown, &is_package)
        }
    };
    output::print(text.as_bytes(), surroundings)
}

/// Returns a path without `./` and a slash at its end.
fn cleaned(path: &std::path::Path) -> String {
    let cleaned: PathBuf = path.components().filter(|part| *part != std::path::Component::CurDir).collect();
    if cleaned.as_os_str().is_empty() { ".".to_owned() } else { cleaned.display().to_string() }
}

impl Fields {
    fn shown(&self) -> Result<Vec<Shown>, hagane::Diagnostic> {
        let mut shown: Vec<Shown> =
            self.field.iter().map(|path| Shown::parse(path)).collect::<Result<_, _>>()?;
        let is_shown = |flag: Option<bool>| flag.unwrap_or(self.all);
        for (flag, name) in [
            (self.name, "name"),
            (self.image, "image"),
            (self.command, "command"),
            (self.args, "args"),
            (self.env, "env"),
            (self.resources, "resources"),
            (self.ports, "ports"),
        ] {
            if is_shown(flag) {
                shown.extend(Shown::of_containers(name)?);
            }
        }
        if is_shown(self.ports) {
            shown.push(Shown::parse("spec.ports")?);
        }
        if is_shown(self.replicas) {
            shown.push(Shown::parse("spec.replicas")?);
        }
        Ok(shown)
    }
}
