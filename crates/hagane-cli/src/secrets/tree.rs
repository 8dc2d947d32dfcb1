//! The files of a tree, as they lie or as they are about to be committed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hagane::{Environment, FileKind, Process};

use crate::Surroundings;

/// Directories that hold nothing of the user's own.
const SKIPPED: [&str; 4] = [".git", "node_modules", "target", ".terraform"];
/// Bytes of a file that is looked at.
const MAX_BYTES: usize = 5 << 20;
/// Directories inside of one another.
const MAX_DEPTH: usize = 64;

/// A file: its path relative to the working directory, and its content.
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) content: Arc<[u8]>,
}

/// Returns the files at and below these paths, in the order of their names.
pub(crate) fn below(paths: &[PathBuf], surroundings: &Surroundings) -> Result<Vec<Found>, String> {
    let mut found = Vec::new();
    for path in paths {
        let absolute = surroundings.directory.join(path);
        match surroundings.files.resolve(&absolute) {
            Ok((_, FileKind::Directory)) => walk(path, 0, surroundings, &mut found),
            Ok(_) => found.extend(read(path, surroundings)),
            Err(_) => return Err(format!("there is no `{}`", path.display())),
        }
    }
    Ok(found)
}

fn walk(directory: &Path, depth: usize, surroundings: &Surroundings, found: &mut Vec<Found>) {
    if depth > MAX_DEPTH {
        return;
    }
    let absolute = surroundings.directory.join(directory);
    for name in surroundings.files.names(&absolute) {
        let path = if directory == Path::new(".") { PathBuf::from(&name) } else { directory.join(&name) };
        match surroundings.files.resolve(&absolute.join(&name)) {
            // A link to what lies elsewhere in the tree is looked at there.
            Ok((resolved, _)) if resolved.file_name().is_none_or(|file| file != name.as_str()) => {}
            Ok((_, FileKind::Directory)) if !SKIPPED.contains(&name.as_str()) => {
                walk(&path, depth + 1, surroundings, found);
            }
            Ok((_, FileKind::File)) => found.extend(read(&path, surroundings)),
            _ => {}
        }
    }
}

fn read(path: &Path, surroundings: &Surroundings) -> Option<Found> {
    let content = surroundings.files.read(&surroundings.directory.join(path)).ok()?;
    (content.len() <= MAX_BYTES).then(|| Found { path: path.to_owned(), content })
}

/// Returns the files that are about to be committed, as the index of git has them.
pub(crate) fn staged(surroundings: &Surroundings) -> Result<Vec<Found>, String> {
    let names =
        git(&["diff", "--cached", "--name-only", "--relative", "--diff-filter=ACMR", "-z"], surroundings)?;
    let names = names.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    let mut found = Vec::new();
    for name in names {
        let name = String::from_utf8_lossy(name).into_owned();
        let content = git(&["show", &format!(":./{name}")], surroundings)?;
        if content.len() <= MAX_BYTES {
            found.push(Found { path: name.into(), content: content.into() });
        }
    }
    Ok(found)
}

fn git(arguments: &[&str], surroundings: &Surroundings) -> Result<Vec<u8>, String> {
    let processes = surroundings.processes.ok_or("no program can be started here")?;
    let process = Process {
        program: "git".into(),
        arguments: arguments.iter().map(Into::into).collect(),
        directory: surroundings.directory.clone(),
        environment: Environment::Whole,
        variables: Vec::new(),
        stdin: Default::default(),
        time_limit: Some(Duration::from_secs(60)),
    };
    let output = processes.run(&process).map_err(|error| format!("cannot run git: {error:?}"))?;
    match output.code {
        Some(0) => Ok(output.stdout),
        _ => Err(format!("git says: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}
