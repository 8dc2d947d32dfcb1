//! `fn run`: functions run over the manifests of a directory, or of standard input.

mod declared;
mod given;
mod pass;
mod restored;
mod results;
mod tracked;
mod written;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{ArgAction, Args};
use hagane::{Diagnostic, Failed, Fault, FileKind, Node, Plugins, Span};
use hagane_kustomize::Runs;

use super::format;
use super::package::{Below, Package, YAML, unreadable};
use crate::composing::go_bool;
use crate::edit::refused;
use crate::message::{self, MessageFormat};
use crate::{Surroundings, output};
use declared::{Declared, Scope};
use given::Given;
use pass::Pass;
use written::Changes;

/// Run functions on the manifests of a directory, which are changed in place
///
/// Functions are what manifests declare in the annotation `config.kubernetes.io/function`: of the directory
/// itself, or of `--fn-path`, or the one of `--image` or `--exec-path`. Each is given a list of the manifests
/// beside and below its declaration, and writes the list that takes their place. Where any function fails,
/// nothing is written.
#[derive(Args)]
#[command(after_help = "Examples:
  kustomize fn run apps
  kustomize fn run apps --dry-run --enable-exec
  kustomize fn run apps --image example.com/set-namespace:v1 -- namespace=prod
  kustomize fn run apps --enable-exec --exec-path ./check --results-dir results
  kustomize fn run < list.yaml --fn-path functions")]
pub(super) struct Run {
    /// A directory or file; without one, standard input is read and the result printed
    #[arg(value_name = "DIR")]
    path: Option<PathBuf>,
    /// The configuration of the function of `--image` or `--exec-path`: its kind, if not ConfigMap, then its
    /// data
    #[arg(last = true, value_name = "KIND|KEY=VALUE")]
    data: Vec<String>,
    /// Print the result, write nothing
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, value_parser = go_bool, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    dry_run: bool,
    /// Say which function runs
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, value_parser = go_bool, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    log_steps: bool,
    /// Write what functions found into files of this directory
    #[arg(long, value_name = "DIR")]
    results_dir: Option<PathBuf>,
    /// As kustomize has it: directories below are always read
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = true, value_parser = go_bool, action = ArgAction::Set)]
    _include_subpackages: bool,
    #[command(flatten)]
    functions: Functions,
    #[command(flatten)]
    allowed: Allowed,
}

/// Which functions run.
#[derive(Args)]
#[command(next_help_heading = "Which functions run")]
struct Functions {
    /// The functions that these directories and files declare, not those of DIR
    #[arg(long, value_name = "PATH", value_delimiter = ',')]
    fn_path: Vec<PathBuf>,
    /// A container of this image
    #[arg(long, value_name = "IMAGE", conflicts_with = "exec_path")]
    image: Option<String>,
    /// A program of this machine; with `--enable-exec`
    #[arg(long, value_name = "PATH")]
    exec_path: Option<String>,
    /// Give every function all manifests, not only those beside and below it
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, value_parser = go_bool, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    global_scope: bool,
}

/// What functions may do.
#[derive(Args)]
#[command(next_help_heading = "What functions may do")]
struct Allowed {
    /// Run functions that are programs of this machine, too
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, value_parser = go_bool, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    enable_exec: bool,
    /// Let functions in containers use the network, where they ask for it
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, value_parser = go_bool, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    network: bool,
    /// A directory for functions in containers, as `type=bind,src=PATH,dst=PATH[,rw=true]`
    #[arg(long, value_name = "OPTIONS")]
    mount: Vec<String>,
    /// A variable for functions: `NAME=VALUE`, or `NAME` for the value it has here
    #[arg(short, long, value_name = "VARIABLE")]
    env: Vec<String>,
    /// Run functions in containers as the current user, not as nobody
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, value_parser = go_bool, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    as_current_user: bool,
    /// How long each function may take
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    plugin_timeout: u64,
}

/// The files whose manifests functions are given.
const MANIFESTS: [&str; 3] = [YAML[0], YAML[1], "*.json"];
/// The file by which kustomize leaves files out.
const IGNORE_FILE: &str = ".krmignore";

/// Runs `fn run`.
pub(super) fn run(arguments: &Run, surroundings: &mut Surroundings) -> Result<(), Failed> {
    let given = given(arguments).map_err(refused)?;
    let top = match &arguments.path {
        Some(path) => Some(top_of(path, surroundings).map_err(refused)?),
        None => None,
    };
    let mut package = read(arguments.path.as_deref(), top.as_deref(), surroundings)?;
    let files = std::mem::take(&mut package.files);
    let manifests = std::mem::take(&mut package.manifests);
    let held: BTreeSet<String> = manifests.iter().map(|manifest| manifest.path.clone()).collect();
    let list: Vec<Node> = manifests.into_iter().map(|manifest| manifest.tree).collect();
    let made = declared(arguments, given, &list, top.as_deref(), &mut package, surroundings)
        .and_then(|functions| apply(arguments, &functions, list, &mut package, surroundings));
    let list = match made {
        Ok(Some(list)) => list,
        Ok(None) => return Ok(()),
        Err(error) => return Err(package.failed(error)),
    };
    let Some(top) = top.filter(|_| !arguments.dry_run) else {
        return output::print(written::printed(list).as_bytes(), surroundings);
    };
    match Changes::of(list, &held, &files, &top, surroundings) {
        Ok(changes) => changes.write(&top, surroundings),
        Err(error) => Err(package.failed(error)),
    }
}

/// Returns the directory that a path stands for: itself, or that of a file.
fn top_of(path: &Path, surroundings: &Surroundings) -> Result<PathBuf, Diagnostic> {
    let place = surroundings.directory.join(path);
    let (place, kind) = surroundings.files.resolve(&place).map_err(|error| unreadable(path, &error))?;
    match kind {
        FileKind::Directory => Ok(place),
        _ => Ok(place.parent().map(Path::to_owned).unwrap_or_default()),
    }
}

/// Reads the manifests, each annotated with its file.
fn read(path: Option<&Path>, top: Option<&Path>, surroundings: &mut Surroundings) -> Result<Package, Failed> {
    let (Some(path), Some(top)) = (path, top) else {
        let mut package = Package::read(&[], &MANIFESTS, Below::Everything, surroundings)?;
        // The items of a list come as they are.
        if !package.was_list {
            package.manifests.iter_mut().for_each(format::annotate);
        }
        return Ok(package);
    };
    let ignores = top.join(IGNORE_FILE);
    if surroundings.files.resolve(&ignores).is_ok() {
        let shown = hagane::relative(&ignores, &surroundings.directory);
        let message = format!("`{}` is not understood here", shown.display());
        return Err(refused(
            Diagnostic::error(Span::default(), message)
                .hinted("what it leaves out would be given to functions, and written"),
        ));
    }
    let mut package = Package::closed(top);
    if let Err(error) = package.add_path(path, &MANIFESTS, Below::Everything, surroundings) {
        return Err(package.failed(error));
    }
    package.manifests.iter_mut().for_each(format::annotate);
    Ok(package.opened())
}

/// Returns the configuration of the function that the command line names.
fn given(arguments: &Run) -> Result<Option<Given>, Diagnostic> {
    let usage = |message: String| Diagnostic::error(Span::default(), message).with_fault(Fault::Usage);
    let Functions { image, exec_path, .. } = &arguments.functions;
    let allowed = &arguments.allowed;
    match (image, exec_path) {
        (Some(image), _) => Given::container(image, allowed.network, &arguments.data).map(Some),
        (None, Some(_)) if !allowed.enable_exec => {
            Err(usage("`--exec-path` runs a program of this machine".to_owned())
                .hinted("`--enable-exec` allows that"))
        }
        (None, Some(path)) => Given::program(path, &arguments.data).map(Some),
        (None, None) if !arguments.data.is_empty() => {
            Err(usage(format!("`{}` is for no function", arguments.data.join(" ")))
                .hinted("what stands behind `--` configures the function of `--image` or `--exec-path`"))
        }
        (None, None) => Ok(None),
    }
}

/// Returns the functions, in the order in which they run.
fn declared(
    arguments: &Run,
    given: Option<Given>,
    list: &[Node],
    top: Option<&Path>,
    package: &mut Package,
    surroundings: &mut Surroundings,
) -> Result<Vec<Declared>, Diagnostic> {
    let Functions { fn_path, global_scope, .. } = &arguments.functions;
    let mut functions = if fn_path.is_empty() && given.is_none() {
        declared::in_order(list, if *global_scope { Scope::Everything } else { Scope::Beside })?
    } else {
        for path in fn_path {
            package.add_path(path, &YAML, Below::Everything, surroundings)?;
        }
        package.manifests.iter_mut().for_each(format::annotate);
        let configs = std::mem::take(&mut package.manifests).into_iter().map(|manifest| manifest.tree);
        declared::all(&configs.collect::<Vec<_>>(), Scope::Everything)?
    };
    if let Some(given) = given {
        functions.extend(given.declared()?);
    }
    declared::check(&functions, arguments.allowed.network, top, surroundings)?;
    if functions.is_empty() {
        let warning = Diagnostic::warning(Span::default(), "no manifest declares a function")
            .hinted("one does with the annotation `config.kubernetes.io/function`");
        message::tell(&[warning], package.source_map(), MessageFormat::Human, surroundings);
    }
    Ok(functions)
}

/// Runs functions one after the other. Returns nothing where nothing is to be written: no function ran over a
/// directory, or one left no manifest.
fn apply(
    arguments: &Run,
    functions: &[Declared],
    mut list: Vec<Node>,
    package: &mut Package,
    surroundings: &mut Surroundings,
) -> Result<Option<Vec<Node>>, Diagnostic> {
    let plugins = arguments.allowed.plugins();
    let pass = Pass { plugins: &plugins, results: arguments.results_dir.as_deref() };
    let mut failures = Vec::new();
    let mut ran = false;
    for (number, declared) in functions.iter().enumerate() {
        if let Some(warning) = not_run(declared, plugins.exec) {
            message::tell(&[warning], package.source_map(), MessageFormat::Human, surroundings);
            continue;
        }
        ran = true;
        if arguments.log_steps {
            // Where even this cannot be written there is nobody to tell.
            let _ = writeln!(surroundings.stderr, "running {}", declared.function.name());
        }
        match pass.run(declared, number, list, package, surroundings) {
            Ok(passed) => {
                failures.extend(passed.deferred);
                list = passed.list;
            }
            Err(error) => {
                failures.push(error);
                list = Vec::new();
            }
        }
        if list.is_empty() {
            break;
        }
    }
    Diagnostic::refuse(failures)?;
    let is_changed = if ran { !list.is_empty() } else { arguments.path.is_none() || arguments.dry_run };
    Ok(is_changed.then_some(list))
}

/// Returns a warning about a function that is not to run.
fn not_run(declared: &Declared, exec: bool) -> Option<Diagnostic> {
    let function = &declared.function;
    let hint = match function.runs() {
        Runs::Container(_) => return None,
        Runs::Program(_) if exec => return None,
        Runs::Program(_) => "`--enable-exec` runs functions that are programs",
        Runs::Nothing => "its annotation names neither an image nor a program",
    };
    let message = format!("{} is not run", function.name());
    Some(Diagnostic::warning(function.at(), message).hinted(hint))
}

impl Allowed {
    fn plugins(&self) -> Plugins {
        Plugins {
            exec: self.enable_exec,
            network: self.network,
            mounts: self.mount.clone(),
            variables: self.env.clone(),
            user: self.as_current_user.then(hagane_host::current_user),
            time_limit: Duration::from_secs(self.plugin_timeout),
        }
    }
}
