//! The files of a tree, as they lie or as they are about to be committed: first their names, then one after the other.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hagane::{Environment, FileError, FileKind, Process};

use crate::Surroundings;

/// Directories that hold nothing of the user's own.
const SKIPPED: [&str; 3] = [".git", "node_modules", ".terraform"];
/// What lies in a directory of things that can be made again.
const CACHE: &str = "CACHEDIR.TAG";
/// Bytes of a file that is looked at.
const MAX_BYTES: usize = 5 << 20;
/// Directories inside of one another.
const MAX_DEPTH: usize = 64;

/// A file: its path relative to the working directory, and its content.
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) content: Arc<[u8]>,
}

/// A file that nobody looks at, and why.
pub(crate) struct Unread {
    pub(crate) path: PathBuf,
    pub(crate) why: &'static str,
}

/// The files of a tree.
pub(crate) struct Tree {
    pub(crate) paths: Vec<PathBuf>,
    source: Source,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Disk,
    /// The index of git.
    Index,
}

impl Tree {
    /// Returns the files at and below these paths, in the order of their names.
    pub(crate) fn below(paths: &[PathBuf], surroundings: &Surroundings) -> Result<Tree, String> {
        let mut found = Vec::new();
        for path in paths {
            let absolute = surroundings.directory.join(path);
            match surroundings.files.resolve(&absolute) {
                Ok((_, FileKind::Directory)) => walk(path, 0, surroundings, &mut found),
                Ok(_) => found.push(path.clone()),
                Err(_) => return Err(format!("there is no `{}`", path.display())),
            }
        }
        Ok(Tree { paths: found, source: Source::Disk })
    }

    /// Returns the files that are about to be committed, as the index of git has them.
    pub(crate) fn staged(surroundings: &Surroundings) -> Result<Tree, String> {
        let arguments = ["diff", "--cached", "--name-only", "--relative", "--diff-filter=ACMR", "-z"];
        let names = git(&arguments.map(OsString::from), surroundings)?;
        let names = names.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        let paths = names.map(|name| PathBuf::from(OsStr::from_bytes(name))).collect();
        Ok(Tree { paths, source: Source::Index })
    }

    /// Reads one of the files.
    pub(crate) fn read(&self, path: &Path, surroundings: &Surroundings) -> Result<Found, Unread> {
        let unread = |why| Unread { path: path.to_owned(), why };
        let content = match self.source {
            Source::Disk => surroundings.files.read(&surroundings.directory.join(path)).map_err(|error| {
                unread(match error {
                    FileError::PermissionDenied => "it may not be read",
                    FileError::TooLarge { .. } => "it is too large",
                    FileError::NotFound | FileError::Other(_) => "it cannot be read",
                })
            })?,
            Source::Index => {
                let mut name = OsString::from(":./");
                name.push(path);
                git(&["show".into(), name], surroundings).map_err(|_| unread("git does not show it"))?.into()
            }
        };
        match content.len() > MAX_BYTES {
            true => Err(unread("it is larger than 5 MiB")),
            false => Ok(Found { path: path.to_owned(), content }),
        }
    }
}

fn walk(directory: &Path, depth: usize, surroundings: &Surroundings, found: &mut Vec<PathBuf>) {
    let absolute = surroundings.directory.join(directory);
    let names = surroundings.files.names(&absolute);
    if depth > MAX_DEPTH || names.iter().any(|name| name == CACHE) {
        return;
    }
    for name in names {
        let path = if directory == Path::new(".") { PathBuf::from(&name) } else { directory.join(&name) };
        match surroundings.files.resolve(&absolute.join(&name)) {
            // A link to what lies elsewhere in the tree is looked at there.
            Ok((resolved, _)) if resolved.file_name().is_none_or(|file| file != name.as_str()) => {}
            Ok((_, FileKind::Directory)) if !SKIPPED.contains(&name.as_str()) => {
                walk(&path, depth + 1, surroundings, found);
            }
            Ok((_, FileKind::File)) => found.push(path),
            _ => {}
        }
    }
}

fn git(arguments: &[OsString], surroundings: &Surroundings) -> Result<Vec<u8>, String> {
    let processes = surroundings.processes.ok_or("no program can be started here")?;
    let process = Process {
        program: "git".into(),
        arguments: arguments.to_vec(),
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
