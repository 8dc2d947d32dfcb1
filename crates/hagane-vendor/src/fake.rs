//! Repositories and files in memory, for tests.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hagane_kustomize::{
    Checkout, FileError, FileKind, Files, Named, RemoteError, Remotes, Repository, TreeFile, TreeFileKind,
    digest, normalized, tree_hash,
};

/// Files in memory, links among them.
#[derive(Clone, Default)]
pub(crate) struct FakeFiles(pub(crate) BTreeMap<PathBuf, Kept>);

/// What lies at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    File(Arc<[u8]>),
    Link(PathBuf),
}

impl FakeFiles {
    /// Returns the files of pairs of path and content; a content `-> PATH` is a link.
    pub(crate) fn of(pairs: &[(&str, &str)]) -> FakeFiles {
        let kept = |content: &str| match content.strip_prefix("-> ") {
            Some(target) => Kept::Link(target.into()),
            None => Kept::File(content.as_bytes().into()),
        };
        FakeFiles(pairs.iter().map(|(path, content)| (PathBuf::from(path), kept(content))).collect())
    }

    fn is_directory(&self, path: &Path) -> bool {
        path.parent().is_none() || self.0.keys().any(|key| key != path && key.starts_with(path))
    }

    fn follow(&self, path: &Path, depth: usize) -> Result<PathBuf, FileError> {
        let mut followed = PathBuf::from("/");
        for component in normalized(path).components().skip(1) {
            followed.push(component);
            if let Some(Kept::Link(target)) = self.0.get(&followed) {
                if depth == 8 {
                    return Err(FileError::Other("too many links".into()));
                }
                let to = normalized(&followed.parent().unwrap_or(Path::new("/")).join(target));
                followed = self.follow(&to, depth + 1)?;
            }
        }
        Ok(followed)
    }
}

impl Files for FakeFiles {
    fn read(&self, path: &Path) -> Result<Arc<[u8]>, FileError> {
        match self.0.get(&self.follow(path, 0)?) {
            Some(Kept::File(content)) => Ok(content.clone()),
            _ => Err(FileError::NotFound),
        }
    }

    fn resolve(&self, path: &Path) -> Result<(PathBuf, FileKind), FileError> {
        let path = self.follow(path, 0)?;
        match self.0.get(&path) {
            Some(_) => Ok((path, FileKind::File)),
            None if self.is_directory(&path) => Ok((path, FileKind::Directory)),
            None => Err(FileError::NotFound),
        }
    }

    fn names(&self, directory: &Path) -> Vec<String> {
        let below = self.0.keys().filter_map(|path| path.strip_prefix(directory).ok()?.components().next());
        let mut names: Vec<String> =
            below.map(|name| name.as_os_str().to_string_lossy().into_owned()).collect();
        names.dedup();
        names
    }
}

/// Repositories whose trees lie in the files, as tables from `URL@REF` to commit and directory.
#[derive(Default)]
pub(crate) struct FakeRemotes {
    pub(crate) files: FakeFiles,
    /// What a reference is now.
    pub(crate) references: BTreeMap<String, (String, Named)>,
    /// The directory of each commit.
    pub(crate) commits: BTreeMap<String, PathBuf>,
    /// The files behind URLs.
    pub(crate) urls: BTreeMap<String, String>,
    /// What was asked for, in order.
    pub(crate) asked: RefCell<Vec<String>>,
}

impl FakeRemotes {
    pub(crate) fn reference(mut self, url: &str, reference: &str, named: Named, commit: &str) -> FakeRemotes {
        let digits = commit.repeat(40 / commit.len());
        self.references.insert(format!("{url}@{reference}"), (digits.clone(), named));
        self.commits.insert(digits, PathBuf::from(format!("/remote/{commit}")));
        self
    }

    pub(crate) fn url(mut self, url: &str, content: &str) -> FakeRemotes {
        self.urls.insert(url.into(), content.into());
        self
    }
}

impl Remotes for FakeRemotes {
    fn repository(&self, repository: &Repository) -> Result<PathBuf, RemoteError> {
        self.checkout(repository, None).map(|checkout| checkout.directory)
    }

    fn checkout(&self, repository: &Repository, commit: Option<&str>) -> Result<Checkout, RemoteError> {
        let name = format!("{}@{}", repository.url, repository.reference);
        self.asked.borrow_mut().push(commit.map_or(name.clone(), |commit| format!("{name} {commit}")));
        let (current, named) = self.references.get(&name).ok_or(RemoteError::NoSuchReference)?;
        let commit = commit.unwrap_or(current);
        let directory = self.commits.get(commit).ok_or(RemoteError::NoSuchReference)?;
        let within = |path: &PathBuf| {
            path.strip_prefix(directory).ok().map(|within| within.to_string_lossy().into_owned())
        };
        let file = |(path, kept): (&PathBuf, &Kept)| {
            let (kind, digest) = match kept {
                Kept::File(content) => (TreeFileKind::File, digest(content)),
                Kept::Link(target) => (TreeFileKind::Link, digest(target.to_string_lossy().as_bytes())),
            };
            Some(TreeFile { path: within(path)?.into_bytes(), kind, digest })
        };
        let mut files: Vec<TreeFile> = self.files.0.iter().filter_map(file).collect();
        Ok(Checkout {
            directory: directory.clone(),
            commit: commit.to_owned(),
            named: *named,
            content: tree_hash(&mut files),
        })
    }

    fn file(&self, url: &str) -> Result<Arc<[u8]>, RemoteError> {
        self.asked.borrow_mut().push(url.to_owned());
        self.urls.get(url).map(|content| content.as_bytes().into()).ok_or(RemoteError::Status(404))
    }

    fn prefetch(&self, _: &[Repository], _: &[&str]) {}
}
