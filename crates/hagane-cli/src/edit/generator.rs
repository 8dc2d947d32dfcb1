//! The flags of `edit add|set|remove configmap` and `secret`.

use clap::{ArgAction, Args};
use hagane::{Diagnostic, Failed, Fault, Span};
use hagane_edit::{GeneratorArgument, GeneratorKind};

use super::{change, glob, refused};
use crate::Surroundings;

/// Add to a generator, or add a generator
#[derive(Args)]
#[command(after_help = "Examples:
  kustomize edit add configmap settings --from-literal=colour=blue --from-file=motd=texts/motd.txt
  kustomize edit add secret tls --from-file='tls/*' --type=kubernetes.io/tls")]
pub(super) struct Add {
    /// The name of what is made
    name: String,
    /// Its namespace
    #[arg(long, default_value = "", hide_default_value = true)]
    namespace: String,
    /// A key and its value
    #[arg(long, value_name = "KEY=VALUE")]
    from_literal: Vec<String>,
    /// Files, with their names or other ones as keys
    #[arg(long, value_name = "[KEY=]PATH", value_delimiter = ',')]
    from_file: Vec<String>,
    /// A file of `key=value` lines
    #[arg(long, value_name = "PATH", default_value = "", hide_default_value = true)]
    from_env_file: String,
    /// create, merge or replace
    #[arg(long, default_value = "", hide_default_value = true)]
    behavior: String,
    /// The type of a new secret
    #[arg(long = "type", value_name = "TYPE", default_value = "Opaque")]
    kind_of_secret: String,
    /// No hash behind the name
    #[arg(long = "disableNameSuffixHash", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, hide_possible_values = true, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    without_hash: bool,
}

/// Change values that a generator has, or its namespace
#[derive(Args)]
#[command(after_help = "Example:
  kustomize edit set configmap settings --from-literal=colour=green")]
pub(super) struct Set {
    /// The name of what is made
    name: String,
    /// Its namespace
    #[arg(long, default_value = "", hide_default_value = true)]
    namespace: String,
    /// A key that is there, and its new value
    #[arg(long, value_name = "KEY=VALUE")]
    from_literal: Vec<String>,
    /// The namespace that it gets
    #[arg(long, value_name = "NAMESPACE", default_value = "", hide_default_value = true)]
    new_namespace: String,
}

/// Remove generators
#[derive(Args)]
#[command(after_help = "Example:
  kustomize edit remove configmap settings,flags")]
pub(super) struct Remove {
    /// Names, with commas between them
    #[arg(value_name = "NAME[,NAME]", value_delimiter = ',', required = true, num_args = 1)]
    names: Vec<String>,
    /// Their namespace
    #[arg(long, default_value = "", hide_default_value = true)]
    namespace: String,
}

pub(super) fn add(kind: GeneratorKind, add: &Add, surroundings: &mut Surroundings) -> Result<(), Failed> {
    let argument = GeneratorArgument {
        name: add.name.clone(),
        namespace: add.namespace.clone(),
        literals: add.from_literal.clone(),
        files: files(&add.from_file, surroundings)?,
        env: add.from_env_file.clone(),
        behavior: add.behavior.clone(),
        kind_of_secret: add.kind_of_secret.clone(),
        without_hash: add.without_hash,
    };
    argument.check().map_err(refused)?;
    if !argument.env.is_empty() && glob::matches(&argument.env, surroundings).is_empty() {
        return Err(no_file(&argument.env));
    }
    change(surroundings, |kustomization| kustomization.add_generator(kind, &argument))
}

pub(super) fn set(kind: GeneratorKind, set: &Set, surroundings: &mut Surroundings) -> Result<(), Failed> {
    let argument = GeneratorArgument {
        name: set.name.clone(),
        namespace: set.namespace.clone(),
        literals: set.from_literal.clone(),
        ..GeneratorArgument::default()
    };
    change(surroundings, |kustomization| kustomization.set_generator(kind, &argument, &set.new_namespace))
}

pub(super) fn remove(
    kind: GeneratorKind,
    remove: &Remove,
    surroundings: &mut Surroundings,
) -> Result<(), Failed> {
    change(surroundings, |kustomization| {
        kustomization.remove_generators(kind, &remove.names, &remove.namespace)
    })
}

/// Returns the files that `[key=]pattern` arguments stand for; a key takes one file.
fn files(patterns: &[String], surroundings: &Surroundings) -> Result<Vec<String>, Failed> {
    let mut files = Vec::new();
    for argument in patterns {
        let (key, pattern) = match argument.split_once('=') {
            Some((key, pattern)) => (Some(key), pattern),
            None => (None, argument.as_str()),
        };
        let found = glob::matches(pattern, surroundings);
        match (key, &found[..]) {
            (_, []) => return Err(no_file(pattern)),
            (None, _) => files.extend(found),
            (Some(key), [file]) => files.push(format!("{key}={file}")),
            (Some(key), several) => {
                let message = format!("the key `{key}` takes one file, and `{pattern}` is {}", several.len());
                return Err(refused(Diagnostic::error(Span::default(), message).with_fault(Fault::Usage)));
            }
        }
    }
    Ok(files)
}

fn no_file(pattern: &str) -> Failed {
    let error = Diagnostic::error(Span::default(), format!("nothing here matches `{pattern}`"));
    refused(error.hinted("paths are those from the current directory"))
}
