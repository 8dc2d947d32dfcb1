//! `kustomize openapi`: the schema that is built in, and that of a cluster.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use hagane::{Diagnostic, Environment, Failed, Fault, Process, ProcessError, Span};
use hagane_yaml::emit::{go_v2, json_indented};
use zeroize::Zeroizing;

use crate::edit::refused;
use crate::{Surroundings, output};

/// What kustomize 5.8.1 says of its schema.
const INFO: &str = "{title:Kubernetes,version:v1.21.2}\n";

/// How long a cluster may take.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Show schemas
#[derive(Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "Examples:
  kustomize openapi info
  kustomize openapi fetch > schema.json             for the field `openapi` of a kustomization"
)]
pub(crate) struct OpenApi {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Info(Info),
    Fetch(Fetch),
}

/// Print which schema is built in
#[derive(Args)]
#[command(after_help = "Example:
  kustomize openapi info")]
struct Info {}

/// Print the schema of the cluster that kubectl talks to
#[derive(Args)]
#[command(after_help = "Example:
  kustomize openapi fetch > schema.json")]
struct Fetch {
    /// How it is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
}

/// How a schema is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// JSON, indented
    #[default]
    Json,
    /// YAML
    Yaml,
}

/// Runs a command of `openapi`.
pub(crate) fn run(arguments: &OpenApi, surroundings: &mut Surroundings) -> Result<(), Failed> {
    match &arguments.command {
        Command::Info(_) => output::print(INFO.as_bytes(), surroundings),
        Command::Fetch(arguments) => {
            let text = fetched(surroundings).and_then(|schema| written(&schema, arguments.format));
            output::print(text.map_err(refused)?.as_bytes(), surroundings)
        }
    }
}

/// Asks kubectl for the schema of its cluster.
fn fetched(surroundings: &Surroundings) -> Result<String, Diagnostic> {
    let Some(processes) = surroundings.processes else {
        return Err(failed("no program can be started here"));
    };
    let process = Process {
        program: "kubectl".into(),
        arguments: ["get", "--raw", "/openapi/v2"].map(Into::into).to_vec(),
        environment: Environment::Whole,
        variables: Vec::new(),
        directory: surroundings.directory.clone(),
        stdin: Zeroizing::new(Vec::new()),
        time_limit: Some(TIME_LIMIT),
    };
    let done = processes.run(&process).map_err(|error| match error {
        ProcessError::NotFound => failed("there is no program `kubectl`"),
        ProcessError::PermissionDenied => failed("the program `kubectl` may not be started"),
        ProcessError::TimedOut(limit) => {
            failed(&format!("kubectl took longer than {} seconds", limit.as_secs()))
        }
        ProcessError::TooLarge { limit } => failed(&format!("kubectl printed more than {limit} bytes")),
        ProcessError::Refused(words) | ProcessError::Other(words) => {
            failed(&format!("kubectl cannot be run: {words}"))
        }
    })?;
    match String::from_utf8(done.stdout) {
        Ok(text) if done.code == Some(0) && !text.is_empty() => Ok(text),
        _ => {
            let error = failed("kubectl has no schema from its cluster");
            let said = String::from_utf8_lossy(&done.stderr);
            Err(said.lines().filter(|line| !line.trim().is_empty()).fold(error, Diagnostic::noted))
        }
    }
}

fn failed(message: &str) -> Diagnostic {
    Diagnostic::error(Span::default(), message)
        .with_fault(Fault::Passing)
        .hinted("`kubectl get --raw /openapi/v2` must print the schema of a cluster that is up")
}

/// Returns the schema as JSON with two spaces a level, or as YAML; an empty line ends it, as in kustomize.
fn written(schema: &str, format: Format) -> Result<String, Diagnostic> {
    let unreadable = || failed("what kubectl printed is no JSON");
    let mut documents = hagane_yaml::parse(schema, Default::default(), &Default::default())?.into_iter();
    let mut tree = documents.next().ok_or_else(unreadable)?;
    sort_keys(&mut tree);
    match format {
        Format::Json => json_indented(&tree, "  ").map(|text| format!("{text}\n")).ok_or_else(unreadable),
        Format::Yaml => go_v2(&tree).map(|text| format!("{text}\n")).map_err(|_| unreadable()),
    }
}

/// Sorts keys as Go's JSON does.
fn sort_keys(node: &mut hagane_yaml::Node) {
    match node {
        hagane_yaml::Node::Mapping(mapping) => {
            mapping.entries.sort_by(|one, other| one.key.text.as_str().cmp(other.key.text.as_str()));
            mapping.entries.iter_mut().for_each(|entry| sort_keys(&mut entry.value));
        }
        hagane_yaml::Node::Sequence(sequence) => sequence.items.iter_mut().for_each(sort_keys),
        hagane_yaml::Node::Scalar(_) => {}
    }
}
