//! Plugins of the old kind: programs in a directory of plugins, by group, version and kind.

use std::ffi::OsString;
use std::path::PathBuf;

use hagane_resource::{Diagnostic, Fault, Resource, ResourceSet, read_documents};
use zeroize::Zeroizing;

use super::environment::Variables;
use super::{ID, Run, id_text, yaml_of};
use crate::decode::Object;
use crate::files::FileKind;
use crate::notes::{annotate, with_notes};
use crate::process::{Environment, Process, ProcessError, not_run};
use crate::sources::{Root, Sources};

/// A plugin: its program, and the arguments that its config has for it.
#[derive(Clone, Debug)]
pub(super) struct Program {
    path: PathBuf,
    arguments: Vec<String>,
}

/// Above this many bytes kustomize leaves a variable away: systems take no longer ones.
const MAX_VARIABLE: usize = 131_071;

impl Program {
    /// Finds the plugin of a config.
    pub(super) fn find(config: &Resource, root: &Root, sources: &Sources) -> Result<Program, Diagnostic> {
        let at = config.tree().span();
        let processes = sources.processes(at)?;
        let variable =
            |name: &str| processes.variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let below = |home: PathBuf| home.join("kustomize").join("plugin");
        let homes = [
            variable("KUSTOMIZE_PLUGIN_HOME"),
            variable("XDG_CONFIG_HOME").map(below),
            variable("HOME").map(|home| below(home.join(".config"))),
            variable("HOME").map(below),
        ];
        let is_directory = |home: &PathBuf| sources.leads_to(home) == Some(FileKind::Directory);
        let gvk = config.gvk();
        let lower = gvk.kind.to_lowercase();
        let parts = [gvk.group.as_str(), gvk.version.as_str(), &lower, gvk.kind.as_str()];
        // A part that is a path could lead to any program.
        if let Some(odd) = parts.iter().find(|part| !is_plain(part)) {
            let message = format!("`{odd}` of {} is no name of a plugin", config.id());
            return Err(Diagnostic::error(at, message)
                .hinted("a plugin is found by group, version and kind, which are names without slashes"));
        }
        let within: PathBuf = parts.iter().filter(|part| !part.is_empty()).collect();
        let message = |what: &str| format!("{} is no function, and {what}", config.id());
        let Some(home) = homes.into_iter().flatten().find(is_directory) else {
            return Err(Diagnostic::error(at, message("there is no directory of plugins")).hinted(
                "a function has the annotation `config.kubernetes.io/function`; plugins lie in `$KUSTOMIZE_PLUGIN_HOME`",
            ));
        };
        let path = home.join(&within);
        if sources.leads_to(&path) != Some(FileKind::File) {
            let what = format!("there is no plugin `{}`", within.display());
            return Err(Diagnostic::error(at, message(&what))
                .with_fault(Fault::Access)
                .hinted("plugins are programs; those of Go (`.so`) are not loaded"));
        }
        Ok(Program { path, arguments: arguments(config, root, sources)? })
    }

    /// Returns what the plugin makes of resources.
    pub(super) fn run(
        &self,
        run: &mut Run,
        input: Option<&ResourceSet>,
    ) -> Result<Vec<Resource>, Diagnostic> {
        let plugin = run.plugin;
        let at = plugin.config.tree().span();
        let processes = plugin.sources.processes(at)?;
        let shown = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let failed = |error: &ProcessError| not_run(error, &shown, at);
        let config = yaml_of(&with_notes(plugin.config), at)?;
        let file = processes.scratch().map_err(|error| failed(&error))?.join("config.yaml");
        processes.write(&file, config.as_bytes()).map_err(|error| failed(&error))?;
        let mut variables =
            Variables::of(plugin.plugins.variables.iter().map(String::as_str)).values(processes);
        let root = plugin.root.path();
        let told = [
            ("KUSTOMIZE_PLUGIN_CONFIG_STRING", OsString::from(config.as_str())),
            ("KUSTOMIZE_PLUGIN_CONFIG_ROOT", root.as_os_str().to_owned()),
        ];
        let fits = |(name, value): &(&str, OsString)| name.len() + 1 + value.len() <= MAX_VARIABLE;
        variables.extend(told.into_iter().filter(fits).map(|(name, value)| (name.into(), value)));
        let process = Process {
            program: self.path.clone().into(),
            arguments: std::iter::once(file.into_os_string())
                .chain(self.arguments.iter().map(OsString::from))
                .collect(),
            environment: Environment::WithoutSecrets,
            variables,
            directory: root.to_owned(),
            stdin: documents(input, at)?,
            time_limit: Some(plugin.plugins.time_limit),
        };
        let output = processes.run(&process).map_err(|error| failed(&error))?;
        let output = run.finished(output)?;
        let (text, file) = run.text(output)?;
        read_documents(&text, file).map_err(|error| run.unreadable(error))
    }
}

/// Returns whether a text names one thing in a directory, or nothing.
fn is_plain(part: &str) -> bool {
    !part.contains(['/', '\\', '\0']) && part != "." && part != ".."
}

/// Returns the arguments that a config has for its plugin: on one line, and a line each in a file.
fn arguments(config: &Resource, root: &Root, sources: &Sources) -> Result<Vec<String>, Diagnostic> {
    let object = Object::lenient(config.tree(), "a plugin", &["argsOneLiner", "argsFromFile"])?;
    let mut arguments = Vec::new();
    if let Some(line) = object.string("argsOneLiner")? {
        arguments = shlex::split(&line).ok_or_else(|| {
            Diagnostic::error(line.span, "a quote in `argsOneLiner` is not closed")
                .hinted("arguments are split as a shell splits them")
        })?;
    }
    if let Some(path) = object.string("argsFromFile")?.filter(|path| !path.is_empty()) {
        let source = sources.read_config(&sources.file(root, &path, path.span)?, path.span)?;
        let lines = source.text()?.split('\n').map(|line| line.trim_start_matches(' '));
        arguments.extend(lines.filter(|line| !line.is_empty()).map(str::to_owned));
    }
    Ok(arguments)
}

/// Returns the resources as documents of one text.
fn documents(input: Option<&ResourceSet>, at: hagane_yaml::Span) -> Result<Zeroizing<Vec<u8>>, Diagnostic> {
    let mut text = Zeroizing::new(Vec::new());
    for resource in input.into_iter().flat_map(ResourceSet::iter) {
        if !text.is_empty() {
            text.extend_from_slice(b"---\n");
        }
        let mut tree = with_notes(resource);
        annotate(&mut tree, ID, hagane_yaml::Scalar::string(id_text(resource)));
        text.extend_from_slice(yaml_of(&tree, at)?.as_bytes());
    }
    Ok(text)
}
