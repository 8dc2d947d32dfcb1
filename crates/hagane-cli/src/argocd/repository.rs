//! The files of one repository, and no others: the plugin server's disk holds those of other applications, too.

use std::collections::{BTreeSet, HashMap};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hagane::{FileError, FileKind, Files};

use super::activity::Activity;

/// The files below the root of a repository, and below what the run itself has fetched.
pub(super) struct RepositoryFiles<'f> {
    pub(super) inner: &'f dyn Files,
    /// The root. Without one every file is there: nothing says where the repository begins.
    pub(super) root: Option<PathBuf>,
    /// Directories that this run has made.
    pub(super) own: &'f Mutex<Vec<PathBuf>>,
    pub(super) activity: Activity,
    /// Where paths have led: each is looked at several times.
    found: Mutex<HashMap<PathBuf, (PathBuf, FileKind)>>,
}

impl<'f> RepositoryFiles<'f> {
    pub(super) fn new(
        inner: &'f dyn Files,
        root: Option<PathBuf>,
        own: &'f Mutex<Vec<PathBuf>>,
        activity: Activity,
    ) -> RepositoryFiles<'f> {
        RepositoryFiles { inner, root, own, activity, found: Mutex::default() }
    }
}

impl RepositoryFiles<'_> {
    /// Forgets where paths have led: somebody else has been at the files.
    pub(super) fn forget(&self) {
        self.found().clear();
    }

    fn found(&self) -> MutexGuard<'_, HashMap<PathBuf, (PathBuf, FileKind)>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn allows(&self, path: &Path, kind: FileKind) -> bool {
        let is_above = |root: &PathBuf| kind == FileKind::Directory && root.starts_with(path);
        // On the way up to what is above the target; there is nothing in them.
        self.holds(path) || self.root.as_ref().is_some_and(is_above)
    }

    fn holds(&self, path: &Path) -> bool {
        self.root.as_ref().is_none_or(|root| path.starts_with(root)) || self.is_own(path)
    }

    /// Returns whether a path lies in what this run has made.
    pub(super) fn is_own(&self, path: &Path) -> bool {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|own| path.starts_with(own))
    }

    /// Returns what in a tree leads out of what may be read, or to what is not there, if anything does: for programs that read and
    /// write there themselves, and follow links.
    pub(super) fn way_out(&self, top: &Path) -> Option<PathBuf> {
        self.root.as_ref()?;
        let mut seen = BTreeSet::new();
        let mut waiting = vec![top.to_owned()];
        while let Some(path) = waiting.pop() {
            match self.inner.resolve(&path) {
                Ok((found, _)) if !self.holds(&found) => return Some(path),
                Ok((found, FileKind::Directory)) if seen.insert(found.clone()) => {
                    waiting.extend(self.inner.names(&found).into_iter().map(|name| found.join(name)));
                }
                Err(FileError::NotFound) if path == top => {}
                Err(_) => return Some(path),
                Ok(_) => {}
            }
        }
        None
    }
}

impl Files for RepositoryFiles<'_> {
    fn read(&self, path: &Path) -> Result<Arc<[u8]>, FileError> {
        if self.activity.is_over() {
            return Err(FileError::Other("nobody waits any longer".into()));
        }
        self.resolve(path)?;
        self.inner.read(path)
    }

    fn resolve(&self, path: &Path) -> Result<(PathBuf, FileKind), FileError> {
        if let Some(found) = self.found().get(path) {
            return Ok(found.clone());
        }
        // Whether something is there, outside, is nobody's business either.
        let outside = || FileError::Other("it is not in the repository".into());
        match self.inner.resolve(path) {
            Ok(found) if self.allows(&found.0, found.1) => {
                self.found().insert(path.to_owned(), found.clone());
                Ok(found)
            }
            Err(error) if self.allows(&normalized(path), FileKind::File) => Err(error),
            // What is above the repository is looked at, and is empty.
            _ if self.root.as_ref().is_some_and(|root| {
                normalized(path).parent().is_some_and(|parent| root.starts_with(parent))
            }) =>
            {
                Err(FileError::NotFound)
            }
            _ => Err(outside()),
        }
    }

    fn names(&self, directory: &Path) -> Vec<String> {
        match self.resolve(directory) {
            Ok((directory, _)) if !self.is_above(&directory) => self.inner.names(&directory),
            _ => Vec::new(),
        }
    }
}

impl RepositoryFiles<'_> {
    fn is_above(&self, directory: &Path) -> bool {
        self.root.as_ref().is_some_and(|root| root != directory && root.starts_with(directory))
    }
}

/// Returns the path without `.` and `..`, as it is written.
fn normalized(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => _ = out.pop(),
            part => out.push(part),
        }
    }
    out
}

/// Returns the root of the repository that `directory` lies in: what is left of it without `source_path`, which is where
/// Argo CD says that the application lies in its repository; else the nearest directory above with a `.git`.
pub(super) fn root(directory: &Path, source_path: Option<&str>, files: &dyn Files) -> Option<PathBuf> {
    let by_git = || {
        let has_git = |above: &&Path| files.resolve(&above.join(".git")).is_ok();
        directory.ancestors().find(has_git).map(Path::to_owned)
    };
    let Some(source_path) = source_path else { return by_git() };
    let below = normalized(Path::new(source_path));
    match directory.ends_with(&below) && !below.is_absolute() {
        true => directory.ancestors().nth(below.components().count()).map(Path::to_owned),
        // It is not what it says: nothing but the application itself can be trusted to be of this repository.
        false => by_git().or_else(|| Some(directory.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use hagane::MemoryFiles;

    use super::*;

    #[test]
    fn the_root_of_a_repository() {
        let files = MemoryFiles::new().with("/tmp/git/.git/HEAD", "").with("/tmp/git/a/b/x", "");
        let check = |directory: &str, source_path: Option<&str>, expected: Option<&str>| {
            assert_eq!(root(Path::new(directory), source_path, &files), expected.map(PathBuf::from));
        };
        check("/tmp/1/a/b", Some("a/b"), Some("/tmp/1"));
        check("/tmp/1/a/b", Some("./a/b/"), Some("/tmp/1"));
        check("/tmp/1/a/b", Some("."), Some("/tmp/1/a/b"));
        check("/tmp/1/a/b", Some(""), Some("/tmp/1/a/b"));
        check("/tmp/1/a/b", Some("b/c"), Some("/tmp/1/a/b"));
        check("/tmp/1/a/b", Some("/tmp/1/a/b"), Some("/tmp/1/a/b"));
        check("/tmp/1/a/b", Some("../../.."), Some("/tmp/1/a/b"));
        check("/tmp/1/a/b", None, None);
        check("/tmp/git/a/b", None, Some("/tmp/git"));
        check("/tmp/git/a/b", Some("elsewhere"), Some("/tmp/git"));
    }

    #[test]
    fn what_is_seen_of_a_disk() {
        let inner = MemoryFiles::new()
            .with("/tmp/1/app/a", "")
            .with("/tmp/1/base/b", "")
            .with("/tmp/2/base/secret", "")
            .with("/tmp/hagane.yaml", "")
            .with("/scratch/chart/c", "");
        let own = Mutex::new(vec![PathBuf::from("/scratch")]);
        let files = RepositoryFiles::new(&inner, Some("/tmp/1".into()), &own, Activity::default());
        let check = |path: &str, expected: Result<&str, FileError>| {
            let found = files.resolve(Path::new(path)).map(|(path, _)| path.display().to_string());
            assert_eq!(found, expected.map(str::to_owned), "{path}");
        };
        let outside = || Err(FileError::Other("it is not in the repository".into()));
        check("/tmp/1/app/../base/b", Ok("/tmp/1/base/b"));
        check("/scratch/chart/c", Ok("/scratch/chart/c"));
        check("/tmp/1/nothing", Err(FileError::NotFound));
        check("/tmp/2/base/secret", outside());
        check("/tmp/2/base/nothing", outside());
        check("/tmp/1/../2/base/secret", outside());
        check("/tmp", Ok("/tmp"));
        check("/tmp/hagane.yaml", Err(FileError::NotFound));
        assert_eq!(files.names(Path::new("/tmp")), Vec::<String>::new());
        assert_eq!(files.names(Path::new("/tmp/1")), ["app", "base"]);
        assert_eq!(files.read(Path::new("/tmp/2/base/secret")), outside().map(|_: &str| [].into()));
    }
}
