//! Trees of files: what lies in one, and writing one.

use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use hagane::{TreeFile, TreeFileKind, digest};

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

fn content(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    io::copy(&mut File::open(path)?, &mut content)?;
    Ok(content)
}
