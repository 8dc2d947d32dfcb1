//! `edit fix`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{ArgAction, Args};
use hagane::{
    BuildOptions, Diagnostic, Failed, FileError, FileKind, Files, Rendered, Severity, SourceMap, Span, World,
};
use hagane_edit::{Kustomization, VariableUses, first_difference};

use super::{Opened, open, write};
use crate::Surroundings;
use crate::composing::{Reach, world};
use crate::message::{self, MessageFormat};

/// Put the fields of today in the place of old ones
///
/// `bases`, `imageTags`, `patchesJson6902`, `patchesStrategicMerge`, `commonLabels`, `helmChartInflationGenerator` and `env`
/// become what took their place; `apiVersion` and `kind` are added where they are missing. The kustomization is built
/// before and after: a warning says where that would not be the same.
#[derive(Args)]
#[command(after_help = "Examples:
  kustomize edit fix
  kustomize edit fix --vars                         replacements in place of vars, too")]
pub(super) struct Fix {
    /// Make replacements of `vars`, if what is built stays the same; otherwise change nothing
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, hide_possible_values = true, hide_default_value = true, value_name = "BOOL", action = ArgAction::Set)]
    vars: bool,
}

pub(super) fn run(arguments: &Fix, surroundings: &mut Surroundings) -> Result<(), Failed> {
    let mut opened = open(surroundings)?;
    let mut before = built(&opened, opened.kustomization.text(), surroundings);
    let uses = match arguments.vars && opened.kustomization.has_variables() {
        true => Some(uses(&opened, &mut before, surroundings)?),
        false => None,
    };
    let is_file = |text: &str| surroundings.files.read(&surroundings.directory.join(text)).is_ok();
    let fixed = fix(&mut opened.kustomization, uses.as_ref(), &is_file);
    if let Err(error) = fixed {
        return Err(opened.refused(error));
    }
    if opened.kustomization.text() == opened.text {
        opened.tell_warnings(surroundings);
        return Ok(());
    }
    let after = built(&opened, opened.kustomization.text(), surroundings);
    let difference = difference(before, after);
    match difference {
        // Nothing has been written: the replacements are left to the user.
        Some(difference) if uses.is_some() => return Err(difference),
        difference => {
            opened.tell_warnings(surroundings);
            tell_as_warnings(difference, surroundings);
        }
    }
    write(&opened.path, opened.kustomization.text())
}

fn tell_as_warnings(failed: Option<Failed>, surroundings: &mut Surroundings) {
    let Some(mut failed) = failed else { return };
    for diagnostic in &mut failed.diagnostics {
        diagnostic.severity = Severity::Warning;
    }
    message::tell(&failed.diagnostics, &failed.source_map, MessageFormat::Human, surroundings);
}

/// Makes the changes; with variables, if it is known where they are used.
fn fix(
    kustomization: &mut Kustomization,
    uses: Option<&VariableUses>,
    is_file: &dyn Fn(&str) -> bool,
) -> Result<(), Diagnostic> {
    kustomization.check_fix()?;
    match uses {
        Some(uses) => kustomization.replace_variables(uses)?,
        None => kustomization.keep_variables(),
    }
    kustomization.fix(is_file)
}

/// Finds out where variables are used: where what is built without them is not the same.
fn uses(
    opened: &Opened,
    before: &mut Result<Rendered, Failed>,
    surroundings: &Surroundings,
) -> Result<VariableUses, Failed> {
    let with = match before {
        Ok(with) => with,
        Err(failed) => {
            let mut failed = std::mem::replace(failed, refused(Vec::new()));
            let hint = "`edit fix --vars` builds the kustomization, to see where variables are used";
            if let Some(last) = failed.diagnostics.last_mut() {
                last.hints.push(hint.to_owned());
            }
            return Err(failed);
        }
    };
    let file = hagane_edit::Kustomization::read(&opened.text, Default::default());
    let text = file.and_then(|mut file| file.remove_variables().map(|()| file.text().to_owned()));
    let without = built(opened, &text.map_err(|error| refused(error.flattened()))?, surroundings)?;
    opened
        .kustomization
        .variable_uses(&with.resources, &without.resources)
        .map_err(|error| Failed { diagnostics: error.flattened(), source_map: without.source_map })
}

/// Builds the kustomization of the current directory with another text in its file.
fn built(opened: &Opened, text: &str, surroundings: &Surroundings) -> Result<Rendered, Failed> {
    let files = Changed { files: surroundings.files, path: &opened.path, content: text.as_bytes().into() };
    let world = World { files: &files, ..world(surroundings, Reach::Online) };
    hagane::build(&world, Path::new("."), &BuildOptions::default())
}

/// Says in what two builds differ, if they do.
fn difference(before: Result<Rendered, Failed>, after: Result<Rendered, Failed>) -> Option<Failed> {
    match (before, after) {
        (Ok(before), Ok(after)) => {
            let difference = first_difference(&before.resources, &after.resources)?;
            let message = format!("what is built is not the same: {difference} is different");
            Some(refused(vec![Diagnostic::error(Span::default(), message)]))
        }
        (Ok(_), Err(mut after)) => {
            let message = "with the new fields the kustomization cannot be built";
            after.diagnostics.insert(0, Diagnostic::error(Span::default(), message));
            Some(after)
        }
        (Err(mut before), Err(_)) => {
            let message = "the kustomization cannot be built, so before and after could not be compared";
            before.diagnostics.insert(0, Diagnostic::error(Span::default(), message));
            Some(before)
        }
        (Err(_), Ok(_)) => None,
    }
}

fn refused(diagnostics: Vec<Diagnostic>) -> Failed {
    Failed { diagnostics, source_map: SourceMap::new() }
}

/// Files of which one has another content.
struct Changed<'f> {
    files: &'f dyn Files,
    path: &'f PathBuf,
    content: Arc<[u8]>,
}

impl Files for Changed<'_> {
    fn read(&self, path: &Path) -> Result<Arc<[u8]>, FileError> {
        let is_it = || Some(self.files.resolve(path).ok()?.0 == self.files.resolve(self.path).ok()?.0);
        match is_it() {
            Some(true) => Ok(self.content.clone()),
            _ => self.files.read(path),
        }
    }

    fn resolve(&self, path: &Path) -> Result<(PathBuf, FileKind), FileError> {
        self.files.resolve(path)
    }

    fn names(&self, directory: &Path) -> Vec<String> {
        self.files.names(directory)
    }
}
