//! KRM functions: programs in containers, or of this machine, that read a list of resources and write one.

use std::ffi::OsString;
use std::path::{Component, Path};

use hagane_resource::{Diagnostic, Fault, Resource, ResourceSet};
use hagane_yaml::{Dialect, Node, ParseOptions, Span, parse};
use zeroize::Zeroizing;

use super::Run;
use super::environment::Variables;
use super::resource_list::resources_in;
use crate::decode::{Names, Object};
use crate::process::{Environment, Output, Process, ProcessError, not_run};

/// A KRM function, as the annotation of its config describes it.
#[derive(Clone, Debug, Default)]
pub(super) struct Function {
    container: Container,
    exec: Exec,
}

#[derive(Clone, Debug, Default)]
struct Container {
    image: String,
    network: bool,
    mounts: Vec<Mount>,
    variables: Vec<String>,
}

#[derive(Clone, Debug, Default)]
struct Exec {
    path: String,
    arguments: Vec<String>,
}

/// Storage that a container is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Mount {
    kind: String,
    source: String,
    target: String,
    writable: bool,
}

const ANNOTATIONS: [&str; 2] = ["config.kubernetes.io/function", "config.k8s.io/function"];
const OLD_ANNOTATION: &str = "config.kubernetes.io/container";
/// The programs that run containers, the first of which is there is used.
const RUNNERS: [&str; 2] = ["docker", "podman"];
/// Variables by which those find their daemon.
const RUNNER_VARIABLES: [&str; 6] = [
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY",
    "CONTAINER_HOST",
    "CONTAINERS_CONF",
];

impl Function {
    /// Returns the function that a config describes; none for one of an old plugin.
    pub(super) fn of(config: &Resource) -> Result<Option<Function>, Diagnostic> {
        let annotations = config.tree().at(&["metadata", "annotations"]);
        let annotation =
            |key: &str| annotations.and_then(|a| a.get(key)).filter(|node| node.as_str() != Some(""));
        if let Some(node) = ANNOTATIONS.iter().find_map(|key| annotation(key)) {
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
                .and_then(|function| function.checked(node.span(), config))
                .map(Some);
        }
        if let Some(node) = config.tree().at(&["metadata", "configFn"]).filter(|node| !node.is_null()) {
            return Function::decode(node)?.checked(node.span(), config).map(Some);
        }
        let image = annotation(OLD_ANNOTATION).and_then(Node::as_str);
        Ok(image.map(|image| Function {
            container: Container { image: image.to_owned(), ..Container::default() },
            ..Function::default()
        }))
    }

    fn decode(node: &Node) -> Result<Function, Diagnostic> {
        let object = Object::new(node, "a function", &["deferFailure", "container", "exec"])?;
        object.bool("deferFailure")?;
        Ok(Function {
            container: object.get("container").map(Container::decode).transpose()?.unwrap_or_default(),
            exec: object.get("exec").map(Exec::decode).transpose()?.unwrap_or_default(),
        })
    }

    /// Refuses storage outside the kustomization.
    fn checked(self, at: Span, config: &Resource) -> Result<Function, Diagnostic> {
        let odd = |text: &str| text.contains(|c: char| matches!(c, ',' | '"') || c.is_control());
        let is_odd =
            |mount: &&Mount| [&mount.kind, &mount.source, &mount.target].iter().any(|part| odd(part));
        if let Some(mount) = self.container.mounts.iter().find(is_odd) {
            let message =
                format!("{} mounts `{}` by a text that says more than a path", config.id(), mount.source);
            return Err(Diagnostic::error(at, message)
                .hinted("`type`, `src` and `dst` are without commas and quotes"));
        }
        let out = |mount: &&Mount| leads_out(&mount.source);
        match self.container.mounts.iter().find(out) {
            None => Ok(self),
            Some(mount) => {
                let message = format!(
                    "{} mounts `{}`, which is not below the kustomization",
                    config.id(),
                    mount.source
                );
                Err(Diagnostic::error(at, message).hinted("`src` is a path relative to the kustomization"))
            }
        }
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
        // docker takes its kinds in any case, and what is no volume is a path.
        let is_path =
            |mount: &Mount| !["volume", "tmpfs"].contains(&mount.kind.to_ascii_lowercase().as_str());
        let leads_out = |mount: &&Mount| {
            is_path(mount) && !plugin.sources.stays_within(plugin.root, Path::new(&mount.source))
        };
        if let Some(mount) = self.container.mounts.iter().find(leads_out) {
            let message = format!(
                "{} mounts `{}`, a link that leads out of the kustomization",
                plugin.config.id(),
                mount.source
            );
            return Err(plugin.about(message).hinted("`--mount` gives a container what lies elsewhere"));
        }
        let is_container = !self.container.image.is_empty();
        if !is_container && (self.exec.path.is_empty() || !plugin.plugins.exec) {
            let message = format!("{} is not run", plugin.config.id());
            let warning = Diagnostic::warning(plugin.config.tree().span(), message);
            run.warnings.push(match self.exec.path.is_empty() {
                true => warning.hinted("its annotation names neither an image nor a program"),
                false => warning.hinted("`--enable-exec` runs functions that are programs"),
            });
            return Ok(input.map(|set| set.iter().map(with_all_notes).collect()).unwrap_or_default());
        }
        let stdin = Zeroizing::new(plugin.resource_list(input)?.as_bytes().to_vec());
        let output = if is_container { self.in_container(run, stdin) } else { self.as_program(run, stdin) }?;
        let output = run.finished(output)?;
        let (text, file) = run.text(output)?;
        resources_in(&text, file).map_err(|error| run.unreadable(error))
    }

    fn in_container(&self, run: &Run, stdin: Zeroizing<Vec<u8>>) -> Result<Output, Diagnostic> {
        let plugin = run.plugin;
        let at = plugin.config.tree().span();
        let processes = plugin.sources.processes(at)?;
        let own = self.container.variables.iter().map(String::as_str);
        let given = || plugin.plugins.variables.iter().map(String::as_str);
        let variables = Variables::of(
            ["LOG_TO_STDERR=true", "STRUCTURED_RESULTS=true"].into_iter().chain(own).chain(given()),
        );
        let mut process = Process {
            program: OsString::new(),
            arguments: self.container_arguments(run, &variables),
            environment: Environment::WithoutSecrets,
            variables: RUNNER_VARIABLES
                .iter()
                .filter_map(|name| Some((name.into(), processes.variable(name)?)))
                // A function may ask for any variable; those that may be secret are the user's to give.
                .chain(Variables::of(given()).passed_on(processes))
                .collect(),
            directory: plugin.root.path().to_owned(),
            stdin,
            time_limit: Some(plugin.plugins.time_limit),
        };
        let mut end = Err(ProcessError::NotFound);
        for runner in RUNNERS {
            process.program = runner.into();
            end = processes.run(&process);
            if end != Err(ProcessError::NotFound) {
                return end.map_err(|error| not_run(&error, runner, at));
            }
        }
        end.map_err(|_| {
            Diagnostic::error(
                at,
                format!("there is neither `{}` nor `{}` to run containers", RUNNERS[0], RUNNERS[1]),
            )
            .with_fault(Fault::Access)
            .hinted("install one, or use a function that is a program (`exec`)")
        })
    }

    fn container_arguments(&self, run: &Run, variables: &Variables) -> Vec<OsString> {
        let (plugins, root) = (run.plugin.plugins, run.plugin.root.path());
        let user = plugins.user.as_deref().unwrap_or("nobody");
        let network = if self.container.network { "host" } else { "none" };
        let fixed = [
            "run",
            "--rm",
            "-i",
            "-a",
            "STDIN",
            "-a",
            "STDOUT",
            "-a",
            "STDERR",
            "--network",
            network,
            "--user",
            user,
            "--security-opt=no-new-privileges",
        ];
        let mut arguments: Vec<OsString> = fixed.iter().map(OsString::from).collect();
        let given = plugins.mounts.iter().map(|text| Mount::of(text));
        for mount in self.container.mounts.iter().cloned().chain(given) {
            arguments.extend(["--mount".into(), mount.argument(root).into()]);
        }
        arguments.extend(variables.arguments().map(OsString::from));
        arguments.push(self.container.image.clone().into());
        arguments
    }

    fn as_program(&self, run: &Run, stdin: Zeroizing<Vec<u8>>) -> Result<Output, Diagnostic> {
        let plugin = run.plugin;
        let at = plugin.config.tree().span();
        let processes = plugin.sources.processes(at)?;
        let process = Process {
            program: self.exec.path.clone().into(),
            arguments: self.exec.arguments.iter().map(OsString::from).collect(),
            environment: Environment::WithoutSecrets,
            variables: Variables::of(plugin.plugins.variables.iter().map(String::as_str)).values(processes),
            directory: plugin.root.path().to_owned(),
            stdin,
            time_limit: Some(plugin.plugins.time_limit),
        };
        processes.run(&process).map_err(|error| {
            not_run(&error, &self.exec.path, at).hinted(
                "a path with a slash is one from the kustomization, a name is looked for on the search path",
            )
        })
    }
}

impl Container {
    fn decode(node: &Node) -> Result<Container, Diagnostic> {
        let object = Object::new(node, "container", &["image", "network", "mounts", "envs"])?;
        Ok(Container {
            image: object.text("image")?,
            network: object.bool("network")?,
            mounts: object.list("mounts", Mount::decode)?,
            variables: object.strings("envs")?.into_iter().map(|text| text.value).collect(),
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

impl Mount {
    fn decode(node: &Node) -> Result<Mount, Diagnostic> {
        const NAMES: Names = &["type", "src", "dst", "rw"];
        let object = Object::new(node, "a mount", NAMES)?;
        Ok(Mount {
            kind: object.text("type")?,
            source: object.text("src")?,
            target: object.text("dst")?,
            writable: object.bool("rw")?,
        })
    }

    /// Returns the mount of a flag: `type=bind,src=PATH,dst=PATH,rw=true`.
    fn of(text: &str) -> Mount {
        let mut mount = Mount::default();
        for (key, value) in text.split(',').filter_map(|option| option.split_once('=')) {
            match key {
                "type" => mount.kind = value.to_owned(),
                "src" | "source" => mount.source = value.to_owned(),
                "dst" | "target" => mount.target = value.to_owned(),
                "rw" => mount.writable = value == "true",
                _ => {}
            }
        }
        mount
    }

    fn argument(&self, root: &Path) -> String {
        let source = match Path::new(&self.source).is_absolute() {
            true => self.source.clone(),
            false => crate::sources::normalized(&root.join(&self.source)).to_string_lossy().into_owned(),
        };
        let mode = if self.writable { "" } else { ",readonly" };
        format!("type={},source={source},target={}{mode}", self.kind, self.target)
    }
}

/// Returns whether a path is absolute or leads above where it starts.
fn leads_out(path: &str) -> bool {
    let mut depth = 0_i64;
    let mut lowest = 0;
    for part in Path::new(path).components() {
        match part {
            Component::RootDir | Component::Prefix(_) => return true,
            Component::ParentDir => depth -= 1,
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
        }
        lowest = lowest.min(depth);
    }
    lowest < 0
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_of_flags() {
        let check =
            |text: &str, expected: &str| assert_eq!(Mount::of(text).argument(Path::new("/root")), expected);
        check("type=bind,src=/a,dst=/b,rw=true", "type=bind,source=/a,target=/b");
        check("type=bind,source=a,target=/b", "type=bind,source=/root/a,target=/b,readonly");
        check("type=tmpfs,dst=/z", "type=tmpfs,source=/root,target=/z,readonly");
        check("type=bind,src=../a,dst=b,rw=yes,x", "type=bind,source=/a,target=b,readonly");
    }

    #[test]
    fn paths_that_lead_out() {
        let check = |path: &str, expected: bool| assert_eq!(leads_out(path), expected, "{path}");
        check("/a", true);
        check("../a", true);
        check("a/../../b", true);
        check("a/../b", false);
        check("./a", false);
        check("", false);
    }
}
