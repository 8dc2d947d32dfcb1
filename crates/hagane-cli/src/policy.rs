//! The administrator's policy of who may decrypt what: where it is read from, and for whom.

use std::path::{Path, PathBuf};

use clap::Args;
use hagane::{DecryptionPolicy, Failed, Fault, FileKind, Guard, SourceMap, Subject};

use crate::{Surroundings, failure};

/// The policy, and who asks. In the sidecar of Argo CD the controller says who asks.
#[derive(Args)]
#[command(next_help_heading = "Decryption policy")]
pub(crate) struct PolicyArguments {
    /// Decrypt only what the policy in FILE allows; it lies outside of the repository
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The project that the policy is asked for
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true, requires = "policy")]
    project: String,
    /// The application that the policy is asked for
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true, requires = "policy")]
    application: String,
    /// The namespace that the application goes to
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true, requires = "policy")]
    namespace: String,
}

impl PolicyArguments {
    /// Returns the guard over what lies in the repository of `target`, if there is a policy.
    pub(crate) fn guard(&self, target: &Path, surroundings: &Surroundings) -> Result<Option<Guard>, Failed> {
        let Some(path) = &self.policy else { return Ok(None) };
        let target = surroundings.directory.join(target);
        let target = surroundings.files.resolve(&target).map_or(target, |(target, _)| target);
        let repository = work_tree(&target, surroundings).unwrap_or(target);
        let subject = Subject {
            project: self.project.clone(),
            application: self.application.clone(),
            namespace: self.namespace.clone(),
        };
        guard(path, subject, &repository, surroundings).map(Some)
    }
}

/// Reads a policy. What is wrong with it refuses everything.
pub(crate) fn guard(
    path: &Path,
    subject: Subject,
    repository: &Path,
    surroundings: &Surroundings,
) -> Result<Guard, Failed> {
    let unusable = |why: String| {
        let mut failed = failure(Fault::Usage, format!("the decryption policy cannot be used: {why}"));
        failed.diagnostics[0].hints.push("without it nothing is rendered".into());
        failed
    };
    let shown = path.display();
    let full = surroundings.directory.join(path);
    let (found, kind) = surroundings
        .files
        .resolve(&full)
        .map_err(|error| unusable(format!("`{shown}` {}", words(&error))))?;
    if kind != FileKind::File {
        return Err(unusable(format!("`{shown}` is not a file")));
    }
    let (repository, _) = surroundings
        .files
        .resolve(repository)
        .map_err(|error| unusable(format!("the repository {}", words(&error))))?;
    // A link in the repository is the repository's word, too.
    if found.starts_with(&repository) || normal(&full).starts_with(&repository) {
        return Err(unusable(format!("`{shown}` lies in the repository that it is about")));
    }
    let bytes =
        surroundings.files.read(&found).map_err(|error| unusable(format!("`{shown}` {}", words(&error))))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| unusable(format!("`{shown}` is not valid UTF-8")))?;
    let mut source_map = SourceMap::new();
    let file = source_map.add(shown.to_string(), text.into());
    match DecryptionPolicy::parse(text, file) {
        Ok(policy) => Ok(Guard { policy, subject, repository }),
        Err(error) => Err(Failed { diagnostics: error.with_fault(Fault::Usage).flattened(), source_map }),
    }
}

fn words(error: &hagane::FileError) -> String {
    match error {
        hagane::FileError::NotFound => "does not exist".into(),
        hagane::FileError::PermissionDenied => "may not be read".into(),
        hagane::FileError::TooLarge { limit } => format!("is larger than {limit} bytes"),
        hagane::FileError::Other(text) => text.clone(),
    }
}

/// Returns the path without `.` and `..`, links left as they are.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => _ = out.pop(),
            std::path::Component::CurDir => {}
            part => out.push(part),
        }
    }
    out
}

/// Returns the root of the git work tree that a path lies in, or would lie in.
pub(crate) fn work_tree(path: &Path, surroundings: &Surroundings) -> Option<PathBuf> {
    let there = path.ancestors().find_map(|above| surroundings.files.resolve(above).ok())?.0;
    let root = there.ancestors().find(|above| surroundings.files.resolve(&above.join(".git")).is_ok());
    root.map(Path::to_path_buf)
}
