//! Trees of files: what lies in one, and writing one.

use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use hagane::{TreeFile, TreeFileKind, digest};

use crate::write::{Access, write_file};

/// Writes files at and below a directory, which is made if it is not there. No link on the way leads out of it; that is
/// known of all before any is written.
pub fn write_tree<'f>(
    top: &Path,
    files: impl IntoIterator<Item = (&'f Path, &'f [u8])>,
) -> Result<(), (PathBuf, io::Error)> {
    fs::create_dir_all(top).map_err(at(top))?;
    let real = fs::canonicalize(top).map_err(at(top))?;
    let files: Vec<(&Path, &[u8])> = files.into_iter().collect();
    for (path, _) in &files {
        let parent = path.parent().unwrap_or(top);
        // What is there already tells first where a new directory would be made.
        let there = parent.ancestors().find(|above| fs::symlink_metadata(above).is_ok()).unwrap_or(top);
        refuse_outside(there, &real).map_err(at(path))?;
        if fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink()) {
            refuse_outside(path, &real).map_err(at(path))?;
        }
    }
    for (path, content) in files {
        let parent = path.parent().unwrap_or(top);
        fs::create_dir_all(parent).map_err(at(parent))?;
        refuse_outside(parent, &real).map_err(at(path))?;
        write_file(path, content, Access::Usual).map_err(at(path))?;
    }
    Ok(())
}

/// Removes files below a directory, and the directories that are empty then. A link is removed, and not what it leads to;
/// none on the way leads out.
pub fn remove_files(top: &Path, files: &[PathBuf]) -> Result<(), (PathBuf, io::Error)> {
    let real = fs::canonicalize(top).map_err(at(top))?;
    for path in files {
        refuse_outside(path.parent().unwrap_or(top), &real).map_err(at(path))?;
        fs::remove_file(path).map_err(at(path))?;
        let above = path.ancestors().skip(1).take_while(|above| above.starts_with(top) && *above != top);
        for directory in above {
            // It ends with the first that something else is in.
            if fs::remove_dir(directory).is_err() {
                break;
            }
        }
    }
    Ok(())
}

fn refuse_outside(path: &Path, real: &Path) -> io::Result<()> {
    match fs::canonicalize(path)?.starts_with(real) {
        true => Ok(()),
        false => Err(io::Error::other("a symbolic link leads out of the directory")),
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> (PathBuf, io::Error) {
    let path = path.to_owned();
    move |error| (path, error)
}

/// Removes a directory with all that is in it, if it is there.
pub fn remove_tree(top: &Path) {
    // What cannot be removed is still there to be seen, and whatever failed before is told.
    let _ = fs::remove_dir_all(top);
}

/// Returns the files of a tree, without what is git's own.
pub(crate) fn files_of(directory: &Path) -> io::Result<Vec<TreeFile>> {
    let mut files = Vec::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(next)? {
            let entry = entry?;
            if entry.file_name() == ".git" {
                continue;
            }
            let (path, metadata) = (entry.path(), entry.metadata()?);
            if metadata.is_dir() {
                waiting.push(path);
                continue;
            }
            let (kind, content) = if metadata.is_symlink() {
                (TreeFileKind::Link, fs::read_link(&path)?.into_os_string().as_bytes().to_vec())
            } else if metadata.permissions().mode() & 0o100 != 0 {
                (TreeFileKind::Executable, content(&path)?)
            } else {
                (TreeFileKind::File, content(&path)?)
            };
            let within = path.strip_prefix(directory).unwrap_or(&path).as_os_str().as_bytes().to_vec();
            files.push(TreeFile { path: within, kind, digest: digest(&content) });
        }
    }
    Ok(files)
}

/// Removes what git keeps in a tree for itself: at its top, and where it has submodules at the top of each of them.
pub(crate) fn remove_gits_own(top: &Path, submodules: bool) -> io::Result<()> {
    let is_deep = submodules && top.join(".gitmodules").is_file();
    let mut waiting = vec![top.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            match (entry.file_name() == ".git", entry.file_type()?.is_dir()) {
                (true, true) => fs::remove_dir_all(entry.path())?,
                (true, false) => fs::remove_file(entry.path())?,
                (false, true) if is_deep => waiting.push(entry.path()),
                (false, _) => {}
            }
        }
    }
    Ok(())
}

fn content(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    io::copy(&mut File::open(path)?, &mut content)?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::sync::Arc;

    use super::*;
    use crate::leftovers::Leftovers;

    #[test]
    fn no_link_leads_out_of_a_tree_that_is_written() {
        let leftovers: Arc<Leftovers> = Arc::default();
        let directory = leftovers.directory().expect("there is a scratch directory");
        let (top, outside) = (directory.join("top"), directory.join("outside"));
        fs::create_dir_all(top.join("inside")).expect("it is ours");
        fs::create_dir_all(&outside).expect("it is ours");
        fs::write(outside.join("file"), "theirs").expect("it is ours");
        for (link, target) in
            [("out", "../outside"), ("in", "inside"), ("file", "../outside/file"), ("gone", "../x")]
        {
            symlink(target, top.join(link)).expect("it is ours");
        }
        let check = |path: &str, is_written: bool| {
            let path = top.join(path);
            let written = write_tree(&top, [(path.as_path(), b"ours".as_slice())]);
            assert_eq!(written.is_ok(), is_written, "{path:?} {written:?}");
        };
        check("a/b/c", true);
        check("in/d", true);
        check("out/e", false);
        check("out/e/f", false);
        check("file", false);
        check("gone", false);
        check("gone/g", false);
        check("../outside/h", false);
        assert_eq!(fs::read_to_string(outside.join("file")).expect("it is there"), "theirs");
        assert_eq!(fs::read_dir(&outside).expect("it is there").count(), 1);

        assert!(remove_files(&top, &[top.join("out/file")]).is_err() && outside.join("file").exists());
        assert!(remove_files(&top, &[top.join("a/b/c"), top.join("in/d")]).is_ok());
        assert!(!top.join("a").exists() && top.join("in").exists() && top.exists());
    }
}
