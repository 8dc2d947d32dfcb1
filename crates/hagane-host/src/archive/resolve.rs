//! Where a path in an archive leads, its links followed.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use hagane::{FileError, FileKind};

use super::{Archive, Entry};

/// The most links on one way, as in Linux.
const MAX_LINKS: usize = 40;

impl Archive {
    /// Returns the path without links, and what is there. A way out of the archive is an error, wherever it leads.
    pub(super) fn resolve(&self, path: &Path) -> Result<(PathBuf, FileKind), FileError> {
        let mut steps = usize::MAX;
        self.walk(path, Absent::Fails, &mut steps)
    }

    /// Returns whether a path is a way out of the archive, now or when what it leads through is there one day. `steps` is how many
    /// more parts of paths are looked at to see that, here and for others; it is none where there were not enough.
    pub(super) fn leads_out(&self, path: &Path, steps: &mut usize) -> bool {
        self.walk(path, Absent::IsADirectory, steps) == Err(outside())
    }

    fn walk(&self, path: &Path, absent: Absent, steps: &mut usize) -> Result<(PathBuf, FileKind), FileError> {
        let mut found = PathBuf::new();
        let mut kind = FileKind::Directory;
        let mut links = 0;
        let mut ahead = parts(path).ok_or_else(outside)?;
        while let Some(part) = ahead.pop() {
            *steps = steps.checked_sub(1).ok_or_else(too_far)?;
            if kind != FileKind::Directory && absent == Absent::Fails {
                return Err(FileError::NotFound);
            }
            if part == ".." {
                if !found.pop() {
                    return Err(outside());
                }
                kind = FileKind::Directory;
                continue;
            }
            found.push(part);
            match self.entries.get(&found) {
                None if absent == Absent::Fails => return Err(FileError::NotFound),
                None | Some(Entry::Directory) => kind = FileKind::Directory,
                Some(Entry::File { .. }) => kind = FileKind::File,
                Some(Entry::Link(target)) => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(too_far());
                    }
                    found.pop();
                    ahead.extend(parts(target).ok_or_else(outside)?);
                }
            }
        }
        Ok((found, kind))
    }
}

/// What a part of a path is that is not there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Absent {
    /// The path leads nowhere.
    Fails,
    /// A directory, as if it had been made.
    IsADirectory,
}

/// What is said of a way out, wherever it leads.
pub(super) fn outside() -> FileError {
    FileError::Other("it is not in the repository".into())
}

fn too_far() -> FileError {
    FileError::Other("too many levels of symbolic links".into())
}

/// Returns the parts of a path, the last one first. There are none where it begins at the root, which is no archive's.
fn parts(path: &Path) -> Option<Vec<OsString>> {
    let mut parts = Vec::new();
    for component in path.components().rev() {
        match component {
            Component::Normal(name) => parts.push(name.to_owned()),
            Component::ParentDir => parts.push("..".into()),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn links_stay_in_the_archive() {
        let mut entries = BTreeMap::new();
        for directory in ["a", "a/b", "a/b/c"] {
            entries.insert(directory.into(), Entry::Directory);
        }
        entries.insert("a/file".into(), Entry::File { offset: 0, length: 0 });
        for (link, target) in [
            ("to-file", "a/file"),
            ("a/b/up", ".."),
            ("a/b/c/top", "../../.."),
            ("out", "a/b/c/top/../etc"),
            ("absolute", "/a/file"),
            ("round", "round"),
            ("dangling", "nothing"),
            ("one-day", "nothing/../../etc"),
            ("through-file", "a/file/../../../etc"),
            ("a/under", "b"),
        ] {
            entries.insert(link.into(), Entry::Link(target.into()));
        }
        let content = super::super::nameless().expect("there is room for a file");
        let archive = Archive { entries, content, length: 0, named: 0 };
        let check = |path: &str, expected: Result<(&str, FileKind), FileError>| {
            let expected = expected.map(|(path, kind)| (PathBuf::from(path), kind));
            assert_eq!(archive.resolve(Path::new(path)), expected, "{path}");
        };
        check("", Ok(("", FileKind::Directory)));
        check("a/b/../file", Ok(("a/file", FileKind::File)));
        check("to-file", Ok(("a/file", FileKind::File)));
        check("to-file/x", Err(FileError::NotFound));
        check("a/file/..", Err(FileError::NotFound));
        check("a/b/up/file", Ok(("a/file", FileKind::File)));
        check("a/under/c/top/a", Ok(("a", FileKind::Directory)));
        check("absolute", Err(outside()));
        check("/a/file", Err(outside()));
        check("round", Err(FileError::Other("too many levels of symbolic links".into())));
        check("dangling", Err(FileError::NotFound));
        check("..", Err(outside()));
        check("a/../../etc", Err(outside()));
        check("out", Err(outside()));
        for (path, expected) in [
            ("out", true),
            ("absolute", true),
            ("one-day", true),
            ("through-file", true),
            ("dangling", false),
            ("round", false),
            ("a/b/c/top", false),
        ] {
            assert_eq!(archive.leads_out(Path::new(path), &mut 1000), expected, "{path}");
        }
        // The way out is the eighth part, those of links with them.
        for (mut steps, expected, left) in [(9, true, 1), (8, true, 0), (7, false, 0)] {
            assert_eq!(archive.leads_out(Path::new("a/b/c/top/../etc"), &mut steps), expected);
            assert_eq!(steps, left);
        }
        assert_eq!(archive.names(Path::new("a")), ["b", "file", "under"]);
        assert_eq!(archive.names(Path::new("a/under")), ["c", "up"]);
        assert_eq!(archive.names(Path::new("a/file")), Vec::<String>::new());
    }
}
