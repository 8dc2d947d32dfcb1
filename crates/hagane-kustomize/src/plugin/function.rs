//! KRM functions: programs in containers, or of this machine, that read a list of resources and write one.

use std::ffi::OsString;
use std::fmt::Display;
use std::path::Path;

use hagane_resource::{Diagnostic, Resource, ResourceSet};
use hagane_yaml::{Dialect, Node, ParseOptions, Span, parse};
use zeroize::Zeroizing;

use super::container::{Container, Mount, leads_out};
use super::environment::Variables;
use super::resource_list::resources_in;
use super::{Plugins, Run};
use crate::decode::Object;
use crate::process::{Environment, Output, Process, ProcessError, Processes, not_run};

/// A KRM function, as the annotation of its config describes it.
#[derive(Clone, Debug, Default)]
pub(super) struct Function {
    pub(super) container: Container,
    pub(super) exec: Exec,
    /// Whether the functions after it run when it fails, where several run one after the other.
    pub(super) defers_failure: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Exec {
    pub(super) path: String,
    arguments: Vec<String>,
}

/// Where a function runs, and what it may do there.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) plugins: &'a Plugins,
    /// Its working directory, and where relative paths of mounts start.
    pub(super) directory: &'a Path,
    /// What messages call that directory.
    pub(super) named: &'static str,
    pub(super) processes: &'a dyn Processes,
    /// Where it is asked for.
    pub(super) at: Span,
}

const ANNOTATIONS: [&str; 2] = ["config.kubernetes.io/function", "config.k8s.io/function"];
/// What messages call the directory in which functions of a build run.
pub(super) const KUSTOMIZATION: &str = "the kustomization";
const OLD_ANNOTATION: &str = "config.kubernetes.io/container";
impl Function {
    /// Returns the function that a config describes; none for one of an old plugin. Its storage must lie `within`.
    pub(super) fn of(
        config: &Node,
        name: &dyn Display,
        within: &str,
    ) -> Result<Option<Function>, Diagnostic> {
        if let Some(node) = ANNOTATIONS.iter().find_map(|key| annotation(config, key)) {
            let text = node.as_str().unwrap_or_default();
            let options = ParseOptions { dialect: Dialect::V2, ..ParseOptions::default() };
            let documents = parse(text, Default::default(), &options)
                .map_err(|error| about_annotation(&error.message, node.span()))?;
            let function = match documents.first() {
                Some(document) if !document.is_null() => Function::decode(document),
                _ => Ok(Function::default()),
            };
            return function
                .map_err(|error| {
                    let hints = error.hints.clone();
                    hints.into_iter().fold(about_annotation(&error.message, node.span()), Diagnostic::hinted)
                })
                .and_then(|function| function.checked(node.span(), name, within))
                .map(Some);
        }
        if let Some(node) = config.at(&["metadata", "configFn"]).filter(|node| !node.is_null()) {
            return Function::decode(node)?.checked(node.span(), name, within).map(Some);
        }
        let image = annotation(config, OLD_ANNOTATION).and_then(Node::as_str);
        Ok(image.map(|image| Function { container: Container::of_image(image), ..Function::default() }))
    }

    fn decode(node: &Node) -> Result<Function, Diagnostic> {
        let object = Object::new(node, "a function", &["deferFailure", "container", "exec"])?;
        Ok(Function {
            defers_failure: object.bool("deferFailure")?,
            container: object.get("container").map(Container::decode).transpose()?.unwrap_or_default(),
            exec: object.get("exec").map(Exec::decode).transpose()?.unwrap_or_default(),
        })
    }

    /// Returns where a config describes its function.
    pub(super) fn place_in(config: &Node) -> Span {
        let described = ANNOTATIONS.iter().chain([&OLD_ANNOTATION]).find_map(|key| annotation(config, key));
        described.map_or(config.span(), Node::span)
    }

    /// Refuses storage outside of where it may lie.
    fn checked(self, at: Span, name: &dyn Display, within: &str) -> Result<Function, Diagnostic> {
        let odd = |text: &str| text.contains(|c: char| matches!(c, ',' | '"') || c.is_control());
        let is_odd =
            |mount: &&Mount| [&mount.kind, &mount.source, &mount.target].iter().any(|part| odd(part));
        if let Some(mount) = self.container.mounts.iter().find(is_odd) {
            let message = format!("{name} mounts `{}` by a text that says more than a path", mount.source);
            return Err(Diagnostic::error(at, message)
                .hinted("`type`, `src` and `dst` are without commas and quotes"));
        }
        let out = |mount: &&Mount| leads_out(&mount.source);
        match self.container.mounts.iter().find(out) {
            None => Ok(self),
            Some(mount) => {
                let message = format!("{name} mounts `{}`, which is not below {within}", mount.source);
                Err(Diagnostic::error(at, message).hinted(format!("`src` is a path relative to {within}")))
            }
        }
    }

    /// Returns whether the function is a container, not a program of this machine.
    pub(super) fn is_container(&self) -> bool {
        !self.container.image.is_empty()
    }

    /// Returns the paths of this machine that the function's container is given.
    pub(super) fn mounted_paths(&self) -> impl Iterator<Item = &str> {
        // docker takes its kinds in any case, and what is no volume is a path.
        let is_path =
            |mount: &&Mount| !["volume", "tmpfs"].contains(&mount.kind.to_ascii_lowercase().as_str());
        self.container.mounts.iter().filter(is_path).map(|mount| mount.source.as_str())
    }

    /// Returns what the function makes of resources.
    pub(super) fn run(
        &self,
        run: &mut Run,
        input: Option<&ResourceSet>,
    ) -> Result<Vec<Resource>, Diagnostic> {
        let plugin = run.plugin;
        if self.container.network && !plugin.plugins.network {
            return Err(plugin
                .about(format!("{} needs the network", plugin.config.id()))
                .hinted("`--network` lets functions in containers use it"));
        }
        let leads_out = |path: &&str| !plugin.sources.stays_within(plugin.root, Path::new(path));
        if let Some(path) = self.mounted_paths().find(leads_out) {
            let message =
                format!("{} mounts `{path}`, a link that leads out of the kustomization", plugin.config.id());
            return Err(plugin.about(message).hinted("`--mount` gives a container what lies elsewhere"));
        }
        if !self.is_container() && (self.exec.path.is_empty() || !plugin.plugins.exec) {
            let message = format!("{} is not run", plugin.config.id());
            let warning = Diagnostic::warning(plugin.config.tree().span(), message);
            run.warnings.push(match self.exec.path.is_empty() {
                true => warning.hinted("its annotation names neither an image nor a program"),
                false => warning.hinted("`--enable-exec` runs functions that are programs"),
            });
            return Ok(input.map(|set| set.iter().map(with_all_notes).collect()).unwrap_or_default());
        }
        let stdin = Zeroizing::new(plugin.resource_list(input)?.as_bytes().to_vec());
        let at = plugin.config.tree().span();
        let place = Place {
            plugins: plugin.plugins,
            directory: plugin.root.path(),
            named: KUSTOMIZATION,
            processes: plugin.sources.processes(at)?,
            at,
        };
        let output = self.output(&place, stdin)?;
        let output = run.finished(output)?;
        let (text, file) = run.text(output)?;
        resources_in(&text, file).map_err(|error| run.unreadable(error))
    }

    /// Returns what the function writes and says when it reads a list of resources.
    pub(super) fn output(&self, place: &Place, stdin: Zeroizing<Vec<u8>>) -> Result<Output, Diagnostic> {
        if self.is_container() { self.container.run(place, stdin) } else { self.as_program(place, stdin) }
    }

    fn as_program(&self, place: &Place, stdin: Zeroizing<Vec<u8>>) -> Result<Output, Diagnostic> {
        let Place { processes, at, .. } = *place;
        let process = Process {
            program: self.exec.path.clone().into(),
            arguments: self.exec.arguments.iter().map(OsString::from).collect(),
            environment: Environment::WithoutSecrets,
            variables: Variables::of(place.plugins.variables.iter().map(String::as_str)).values(processes),
            directory: place.directory.to_owned(),
            stdin,
            time_limit: Some(place.plugins.time_limit),
        };
        processes.run(&process).map_err(|error| {
            let message = not_run(&error, &self.exec.path, at);
            match error {
                ProcessError::NotFound => message.hinted(format!(
                    "a path with a slash is one from {}, a name is looked for on the search path",
                    place.named
                )),
                _ => message,
            }
        })
    }
}

impl Exec {
    fn decode(node: &Node) -> Result<Exec, Diagnostic> {
        let object = Object::new(node, "exec", &["path", "args"])?;
        let arguments = object.strings("args")?.into_iter().map(|text| text.value).collect();
        Ok(Exec { path: object.text("path")?, arguments })
    }
}

/// Returns an annotation that says something.
fn annotation<'n>(config: &'n Node, key: &str) -> Option<&'n Node> {
    config.at(&["metadata", "annotations", key]).filter(|node| node.as_str() != Some(""))
}

fn with_all_notes(resource: &Resource) -> Resource {
    let mut copy = resource.clone();
    copy.edit(|tree| *tree = crate::notes::with_notes(resource));
    copy
}

fn about_annotation(message: &str, at: Span) -> Diagnostic {
    Diagnostic::error(at, format!("the annotation describes no function: {message}"))
        .hinted("for example `container: {image: example.com/function:v1}` or `exec: {path: ./function}`")
}
