//! `kustomize create`: a new kustomization file.

use clap::Args;
use hagane::{Diagnostic, FILE_NAMES, Failed, FileKind, Span};
use hagane_edit::{Kustomization, pairs};

use crate::Surroundings;
use crate::edit::{self, refused};

/// Make a kustomization in the current directory
#[derive(Args)]
#[command(
    visible_alias = "init",
    after_help = "Examples:
  kustomize create --resources ../base
  kustomize create --autodetect --recursive
  kustomize create --resources 'apps/*.yaml,../base' --namespace shop --nameprefix blue-"
)]
pub(crate) struct Create {
    /// Files, directories, URLs and patterns, with commas between them
    #[arg(long, value_name = "PATHS", default_value = "", hide_default_value = true)]
    resources: String,
    /// The namespace of all resources
    #[arg(long, value_name = "NAMESPACE", default_value = "", hide_default_value = true)]
    namespace: String,
    /// Annotations for everything, with commas between them
    #[arg(long, value_name = "KEY:VALUE", default_value = "", hide_default_value = true)]
    annotations: String,
    /// Labels for everything, with commas between them
    #[arg(long, value_name = "KEY:VALUE", default_value = "", hide_default_value = true)]
    labels: String,
    /// What names start with
    #[arg(long = "nameprefix", value_name = "PREFIX", default_value = "", hide_default_value = true)]
    name_prefix: String,
    /// What names end with
    #[arg(long = "namesuffix", value_name = "SUFFIX", default_value = "", hide_default_value = true)]
    name_suffix: String,
    /// Add the files here that hold resources
    #[arg(long)]
    autodetect: bool,
    /// With `--autodetect`: those in directories below, too; a directory with a kustomization stands for its files
    #[arg(long)]
    recursive: bool,
}

/// Runs `create`.
pub(crate) fn run(arguments: &Create, surroundings: &mut Surroundings) -> Result<(), Failed> {
    let mut resources = match arguments.resources.as_str() {
        "" => Vec::new(),
        list => {
            let patterns: Vec<String> = list.split(',').map(str::to_owned).collect();
            edit::glob::expand(&patterns, surroundings)?
        }
    };
    if let [name, ..] = edit::files_there(surroundings)[..] {
        let error = Diagnostic::error(Span::default(), format!("there is a kustomization already: `{name}`"))
            .hinted("`kustomize edit` changes it");
        return Err(refused(error));
    }
    if arguments.autodetect {
        for found in detected("", arguments.recursive, surroundings) {
            if !resources.contains(&found) {
                resources.push(found);
            }
        }
    }
    let made = || -> Result<Kustomization, Diagnostic> {
        let header = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
        let mut made = Kustomization::read(header, Default::default())?;
        made.add_paths("resources", &resources)?;
        made.set_field("namePrefix", &arguments.name_prefix)?;
        made.set_field("nameSuffix", &arguments.name_suffix)?;
        made.set_field("namespace", &arguments.namespace)?;
        let list = |text: &str| -> Vec<String> { text.split(',').map(str::to_owned).collect() };
        if !arguments.labels.is_empty() {
            made.set_common_labels(&pairs(&list(&arguments.labels), "label")?)?;
        }
        if !arguments.annotations.is_empty() {
            made.set_annotations(&pairs(&list(&arguments.annotations), "annotation")?)?;
        }
        Ok(made)
    };
    let made = made().map_err(refused)?;
    edit::write(&surroundings.directory.join(FILE_NAMES[0]), made.text())
}

/// Returns the files below a directory that hold resources, as paths from the current directory, sorted.
fn detected(directory: &str, recursive: bool, surroundings: &Surroundings) -> Vec<String> {
    let mut found = Vec::new();
    let place = surroundings.directory.join(directory);
    for name in surroundings.files.names(&place) {
        let path = if directory.is_empty() { name } else { format!("{directory}/{name}") };
        let full = surroundings.directory.join(&path);
        match surroundings.files.resolve(&full) {
            Ok((_, FileKind::Directory)) if recursive => {
                let is_kustomization =
                    FILE_NAMES.iter().any(|name| surroundings.files.resolve(&full.join(name)).is_ok());
                match is_kustomization {
                    true => found.push(path),
                    false => found.extend(detected(&path, recursive, surroundings)),
                }
            }
            Ok((_, FileKind::File)) => {
                let content = surroundings.files.read(&full);
                let text = content.as_ref().ok().and_then(|content| std::str::from_utf8(content).ok());
                if text.is_some_and(hagane_edit::holds_resources) {
                    found.push(path);
                }
            }
            _ => {}
        }
    }
    found
}
