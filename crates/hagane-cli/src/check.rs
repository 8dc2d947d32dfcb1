//! `hagane check`: the verdict of the Pod Security Standards.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use hagane::policy::{
    KubernetesVersion, PodKind, PodSecurityLevel, Policy, ReportFormat, Verdict, has_pods, violations,
};
use hagane::{
    Diagnostic, FILE_NAMES, Failed, Fault, FileKind, RenderOptions, Resource, SecretsMode, SourceMap, Span,
};
use hagane_kustomize::{LoadRestriction, Outside, Sources};
use hagane_resource::read_generated_documents;

use crate::composing::{Reach, world};
use crate::message::{self, MessageFormat};
use crate::settings::Settings;
use crate::{Surroundings, failure, output};

/// Say whether a cluster that enforces a Pod Security Standard would admit the pods
///
/// Every pod and pod template is looked at as Kubernetes' own admission looks at pods, for the version of Kubernetes
/// that is named. A directory with a kustomization is rendered first, with a fixed text for each secret, so that no key is
/// needed; of another directory, the files `*.yaml`, `*.yml` and `*.json` are read.
#[derive(Args)]
#[command(after_help = "Examples:
  hagane check --pod-security restricted overlays/production
  hagane check --pod-security baseline --kubernetes-version 1.31 pod.yaml
  helm template shop | hagane check --pod-security baseline -
  hagane check --pod-security restricted --format json rendered.yaml
  hagane check --pod-security baseline --pod-template example.com/Worker=spec/template rendered.yaml

Exit codes: 0 admitted, 1 refused or the input is wrong, 2 the command line is wrong.")]
pub(crate) struct Check {
    /// A file of resources, a directory, or `-` for standard input
    #[arg(value_name = "PATH", default_value = ".", hide_default_value = true)]
    path: PathBuf,
    /// The level of the Pod Security Standards
    #[arg(long, value_name = "LEVEL", value_enum)]
    pod_security: Level,
    /// The version of Kubernetes whose standard counts: `1.19` and newer, or `latest`; without one, that of `hagane.yaml`, or the latest
    #[arg(long, value_name = "VERSION", value_parser = read_version)]
    kubernetes_version: Option<KubernetesVersion>,
    /// A kind with pods beside the known ones and those of `hagane.yaml`: `GROUP/KIND=PATH`, once for each; `PATH[]` goes into every item of
    /// a list
    #[arg(long, value_name = "KIND", value_parser = read_kind)]
    pod_template: Vec<PodKind>,
    /// How the verdict is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    settings: Settings,
    /// How messages are written to standard error
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(crate) message_format: MessageFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Level {
    /// Nothing that is known to lead out of the container
    Baseline,
    /// The practice of hardened pods
    Restricted,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

fn read_version(text: &str) -> Result<KubernetesVersion, String> {
    KubernetesVersion::parse(text)
        .ok_or_else(|| format!("versions are `{}` and newer, or `latest`", KubernetesVersion::OLDEST))
}

/// Reads `argoproj.io/Workflow=spec/templates[]`; the core group is left away.
fn read_kind(text: &str) -> Result<PodKind, String> {
    let (name, path) = text.split_once('=').unwrap_or((text, ""));
    let (group, kind) = name.rsplit_once('/').unwrap_or(("", name));
    if kind.is_empty() || path.trim_matches('/').is_empty() {
        return Err("a kind is `GROUP/KIND=PATH`, like `example.com/Worker=spec/template`".to_owned());
    }
    Ok(PodKind::new(group, kind, path))
}

/// Runs `check`.
pub(crate) fn run(arguments: &Check, surroundings: &mut Surroundings) -> Result<(), Failed> {
    let Read { resources, warnings, source_map } = read(&arguments.path, &arguments.settings, surroundings)?;
    message::tell(&warnings, &source_map, arguments.message_format, surroundings);
    let level = match arguments.pod_security {
        Level::Baseline => PodSecurityLevel::Baseline,
        Level::Restricted => PodSecurityLevel::Restricted,
    };
    let policy = policy(&arguments.path, surroundings)?;
    let version = arguments.kubernetes_version.or(policy.as_ref().map(|policy| policy.version));
    let version = version.unwrap_or_default();
    let mut kinds = arguments.pod_template.clone();
    kinds.extend(policy.map(|policy| policy.kinds).unwrap_or_default());
    let kinds = kinds.as_slice();
    let verdict = Verdict {
        level,
        version,
        with_pods: resources.iter().filter(|resource| has_pods(resource, kinds)).count(),
        violations: resources
            .iter()
            .flat_map(|resource| violations(resource, level, version, kinds))
            .collect(),
    };
    let format = match arguments.format {
        Format::Text => ReportFormat::Text,
        Format::Json => ReportFormat::Json,
    };
    output::print(verdict.to_text(format, &source_map).as_bytes(), surroundings)?;
    match verdict.is_admitted() {
        true => Ok(()),
        // All is said.
        false => Err(Failed { diagnostics: Vec::new(), source_map }),
    }
}

/// Returns what `hagane.yaml` beside the path, and those above it, ask of hardening: they also say which version and which kinds
/// there are. Standard input lies nowhere.
fn policy(path: &Path, surroundings: &Surroundings) -> Result<Option<Policy>, Failed> {
    let full = surroundings.directory.join(path);
    let directory = match surroundings.files.resolve(&full) {
        _ if path == Path::new("-") => return Ok(None),
        Ok((directory, FileKind::Directory)) => directory,
        Ok((file, _)) => file.parent().map(Path::to_path_buf).unwrap_or_default(),
        // What is fetched says what it is, not what is done with it here.
        Err(_) => return Ok(None),
    };
    hagane::hardening(&world(surroundings, Reach::Offline), &directory, LoadRestriction::None)
}

/// What is checked.
struct Read {
    resources: Vec<Resource>,
    warnings: Vec<Diagnostic>,
    source_map: SourceMap,
}

fn read(path: &Path, settings: &Settings, surroundings: &mut Surroundings) -> Result<Read, Failed> {
    if path == Path::new("-") {
        return read_stdin(surroundings);
    }
    let full = surroundings.directory.join(path);
    let directory = match surroundings.files.resolve(&full) {
        Ok((directory, FileKind::Directory)) => directory,
        _ => return read_files(&full, &[], surroundings),
    };
    let names = surroundings.files.names(&directory);
    if FILE_NAMES.iter().any(|name| names.iter().any(|own| own == name)) {
        let options = RenderOptions { secrets: SecretsMode::Placeholder, ..RenderOptions::default() };
        let options = settings.applied_to(options);
        let rendered = hagane::render(&world(surroundings, Reach::Online), path, &options)?;
        let (warnings, source_map) = (rendered.warnings, rendered.source_map);
        return Ok(Read { resources: rendered.resources.into_iter().collect(), warnings, source_map });
    }
    let is_meant = |name: &&String| {
        [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end)) && *name != hagane::PIPELINE_FILE
    };
    let names: Vec<String> = names.iter().filter(is_meant).cloned().collect();
    if names.is_empty() {
        let message = format!("`{}` has no kustomization, and no files of resources", path.display());
        return Err(failure(Fault::Usage, message));
    }
    read_files(&directory, &names, surroundings)
}

/// Reads files of a directory, or one file.
fn read_files(path: &Path, names: &[String], surroundings: &Surroundings) -> Result<Read, Failed> {
    let outside = Outside { remotes: None, processes: None };
    let base = surroundings.directory.clone();
    let sources = Sources::new(surroundings.files, None, outside, base, LoadRestriction::None);
    let read = || {
        let mut resources = Vec::new();
        let start = Span::default();
        let (directory, names) = match (names, path.parent(), path.file_name().and_then(|name| name.to_str()))
        {
            ([], Some(directory), Some(name)) => (directory, vec![name.to_owned()]),
            _ => (path, names.to_vec()),
        };
        let root = sources.root(directory, None, start)?;
        for name in names {
            let file = sources.file(&root, &name, start)?;
            let source = sources.read(&file, start)?;
            let place = Span { file: source.file, line: 1, column: 1 };
            resources.extend(read_generated_documents(source.text()?, place)?);
        }
        Ok(resources)
    };
    match read() {
        Ok(resources) => Ok(Read { resources, warnings: Vec::new(), source_map: sources.into_map() }),
        Err(error) => {
            let diagnostics = Diagnostic::flattened(error);
            Err(Failed { diagnostics, source_map: sources.into_map() })
        }
    }
}

/// Bytes of standard input that are read.
const MAX_INPUT: u64 = 1 << 30;

fn read_stdin(surroundings: &mut Surroundings) -> Result<Read, Failed> {
    let mut text = String::new();
    if let Err(error) = surroundings.stdin.take(MAX_INPUT).read_to_string(&mut text) {
        let message = format!("cannot read standard input: {}", hagane_host::words(&error));
        return Err(failure(Fault::Input, message));
    }
    let text: Arc<str> = text.into();
    let mut source_map = SourceMap::new();
    let file = source_map.add("standard input", text.clone());
    match read_generated_documents(&text, Span { file, line: 1, column: 1 }) {
        Ok(resources) => Ok(Read { resources, warnings: Vec::new(), source_map }),
        Err(error) => Err(Failed { diagnostics: error.flattened(), source_map }),
    }
}
