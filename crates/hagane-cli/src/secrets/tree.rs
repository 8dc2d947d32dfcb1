//! The files of a tree, as they lie or as they are about to be committed: first their names, then one after the other.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hagane::{Diagnostic, Environment, FileError, FileKind, Files, Process, SourceMap, Span};

use crate::Surroundings;
use crate::message::{self, MessageFormat};

/// Directories that hold nothing of the user's own.
const SKIPPED: [&str; 3] = [".git", "node_modules", ".terraform"];
/// What lies in a directory of things that can be made again, and how it begins: a file of this name alone says nothing.
const CACHE: (&str, &[u8]) = ("CACHEDIR.TAG", b"Signature: 8a477f597d28d172789f06886806bc55");
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
    /// Whether its length alone is why.
    pub(crate) is_large: bool,
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
        let (files, from) = (surroundings.files, surroundings.directory.as_path());
        let mut walk = Walk { files, from, seen: BTreeSet::new(), found: Vec::new() };
        for path in paths {
            let absolute = surroundings.directory.join(path);
            match surroundings.files.resolve(&absolute) {
                Ok((resolved, FileKind::Directory)) => walk.directory(path, resolved, 0)?,
                Ok(_) => walk.found.push(path.clone()),
                Err(_) => return Err(format!("there is no `{}`", path.display())),
            }
        }
        Ok(Tree { paths: walk.found, source: Source::Disk })
    }

    /// Returns the files that are about to be committed, as the index of git has them.
    pub(crate) fn staged(surroundings: &Surroundings) -> Result<Tree, String> {
        let arguments = ["diff", "--cached", "--name-only", "--relative", "--diff-filter=ACMR", "-z"];
        let names = git(&arguments.map(OsString::from), surroundings)?;
        let names = names.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        let paths = names.map(|name| PathBuf::from(OsStr::from_bytes(name))).collect();
        Ok(Tree { paths, source: Source::Index })
    }

    /// Reads one of the files for a command that works on what is encrypted, of whatever length; one that cannot be read is told.
    pub(crate) fn read_or_tell(&self, path: &Path, surroundings: &mut Surroundings) -> Option<Found> {
        match self.read_whole(path, surroundings) {
            Ok(found) => Some(found),
            Err(unread) => {
                let message = format!("`{}` was not looked at: {}", unread.path.display(), unread.why);
                let error = Diagnostic::error(Span::default(), message);
                message::tell(&[error], &SourceMap::new(), MessageFormat::Human, surroundings);
                None
            }
        }
    }

    /// Reads one of the files, unless it is too large to be looked at.
    pub(crate) fn read(&self, path: &Path, surroundings: &Surroundings) -> Result<Found, Unread> {
        let found = self.read_whole(path, surroundings)?;
        match found.content.len() > MAX_BYTES {
            true => Err(Unread { path: found.path, why: "it is larger than 5 MiB", is_large: true }),
            false => Ok(found),
        }
    }

    fn read_whole(&self, path: &Path, surroundings: &Surroundings) -> Result<Found, Unread> {
        let unread = |why, is_large| Unread { path: path.to_owned(), why, is_large };
        let content = match self.source {
            Source::Disk => {
                surroundings.files.read(&surroundings.directory.join(path)).map_err(|error| match error {
                    FileError::PermissionDenied => unread("it may not be read", false),
                    FileError::TooLarge { .. } => unread("it is too large", true),
                    FileError::NotFound | FileError::Other(_) => unread("it cannot be read", false),
                })?
            }
            Source::Index => {
                let mut name = OsString::from(":./");
                name.push(path);
                git(&["show".into(), name], surroundings)
                    .map_err(|_| unread("git does not show it", false))?
                    .into()
            }
        };
        Ok(Found { path: path.to_owned(), content })
    }
}

struct Walk<'s> {
    files: &'s dyn Files,
    from: &'s Path,
    /// Directories that were looked at, wherever links lead.
    seen: BTreeSet<PathBuf>,
    found: Vec<PathBuf>,
}

impl Walk<'_> {
    fn directory(&mut self, directory: &Path, resolved: PathBuf, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!("`{}` lies more than {MAX_DEPTH} directories deep", directory.display()));
        }
        if !self.seen.insert(resolved) {
            return Ok(());
        }
        let absolute = self.from.join(directory);
        let names = self.files.names(&absolute);
        // What somebody asks for by its name is looked at, whatever lies in it.
        if depth > 0 && names.iter().any(|name| name == CACHE.0) && is_cache(&absolute, self.files) {
            return Ok(());
        }
        // Who may not look into a directory sees nothing in it. It is told when it is read.
        if names.is_empty() && self.is_forbidden(&absolute.join(CACHE.0)) {
            self.found.push(directory.to_owned());
        }
        for name in names {
            let path = if directory == Path::new(".") { PathBuf::from(&name) } else { directory.join(&name) };
            match self.files.resolve(&absolute.join(&name)) {
                // A link to what lies elsewhere in the tree is looked at there.
                Ok((resolved, _)) if resolved.file_name().is_none_or(|file| file != name.as_str()) => {}
                Ok((resolved, FileKind::Directory)) if !SKIPPED.contains(&name.as_str()) => {
                    self.directory(&path, resolved, depth + 1)?;
                }
                Ok((_, FileKind::File)) | Err(FileError::PermissionDenied) => self.found.push(path),
                _ => {}
            }
        }
        Ok(())
    }

    fn is_forbidden(&self, path: &Path) -> bool {
        matches!(self.files.resolve(path), Err(FileError::PermissionDenied))
    }
}

/// Returns whether what lies in a directory can be made again, by its tag.
fn is_cache(directory: &Path, files: &dyn Files) -> bool {
    files.read(&directory.join(CACHE.0)).is_ok_and(|content| content.starts_with(CACHE.1))
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
