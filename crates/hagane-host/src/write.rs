//! Files that are there wholly or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Who may read a file that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whom the user's mask lets.
    Usual,
    /// Its owner alone: it holds secrets.
    Owner,
}

/// Writes a file beside its final name and moves it there. What is not a regular file (`/dev/stdout`, a pipe) is
/// written to.
pub fn write_file(path: &Path, content: &[u8], access: Access) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Err(ErrorKind::IsADirectory.into()),
        Ok(metadata) if !metadata.is_file() => OpenOptions::new().write(true).open(path)?.write_all(content),
        // A link stays one: the file that it leads to is replaced.
        Ok(_) => Pending::write(fs::canonicalize(path)?, content, access)?.finish(),
        Err(_) => Pending::write(path.to_owned(), content, access)?.finish(),
    }
}

/// Writes files into a directory; they are moved to their names when all of them are written.
pub fn write_files<'f>(
    directory: &Path,
    files: impl IntoIterator<Item = (&'f str, &'f [u8])>,
    access: Access,
) -> io::Result<()> {
    let mut pending = Vec::new();
    for (name, content) in files {
        pending.push(Pending::write(directory.join(name), content, access)?);
    }
    pending.into_iter().try_for_each(Pending::finish)
}

/// A file that is written and not yet where it belongs; removed when dropped.
struct Pending {
    temporary: PathBuf,
    path: PathBuf,
}

impl Pending {
    fn write(path: PathBuf, content: &[u8], access: Access) -> io::Result<Pending> {
        let name = path.file_name().ok_or(ErrorKind::InvalidInput)?.to_string_lossy();
        let temporary = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
        let mut file = create(&temporary, access)?;
        let pending = Pending { temporary, path };
        file.write_all(content)?;
        Ok(pending)
    }

    fn finish(self) -> io::Result<()> {
        fs::rename(&self.temporary, &self.path)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        // After a rename nothing is there; and what cannot be removed fails nothing that has not failed already.
        let _ = fs::remove_file(&self.temporary);
    }
}

/// Creates a file that is not there yet, so that nobody's link is followed.
fn create(path: &Path, access: Access) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(match access {
        Access::Usual => 0o666,
        Access::Owner => 0o600,
    });
    match options.open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            options.open(path)
        }
        other => other,
    }
}
