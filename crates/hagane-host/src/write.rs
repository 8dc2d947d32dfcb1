//! Files that are there wholly or not at all.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// Who may read a file that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whom the user's mask lets; of a file that is there already, who could before.
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
        Ok(metadata) => {
            let pending = Pending::write(fs::canonicalize(path)?, content, access)?;
            if access == Access::Usual {
                pending.inherit(&metadata)?;
            }
            pending.finish_durably()
        }
        Err(_) => Pending::write(path.to_owned(), content, access)?.finish_durably(),
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
    file: File,
}

impl Pending {
    fn write(path: PathBuf, content: &[u8], access: Access) -> io::Result<Pending> {
        let name = path.file_name().ok_or(ErrorKind::InvalidInput)?.to_string_lossy();
        let temporary = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
        let file = create(&temporary, access)?;
        let mut pending = Pending { temporary, path, file };
        pending.file.write_all(content)?;
        Ok(pending)
    }

    /// Gives the file the owner, where that may be done, and the permissions of the one that it replaces.
    fn inherit(&self, old: &Metadata) -> io::Result<()> {
        let new = self.file.metadata()?;
        if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
            // Only the superuser may give files away; others keep what they write.
            let _ = fchown(&self.file, Some(old.uid()), Some(old.gid()));
        }
        self.file.set_permissions(Permissions::from_mode(old.mode() & 0o7777))
    }

    /// Moves the file to its name when its content is on the disk: a machine that goes down leaves the old file or the new one.
    fn finish_durably(self) -> io::Result<()> {
        self.file.sync_all()?;
        self.finish()
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// Writes to a file that has `mode`, and returns the mode that it has then.
    fn mode_after(directory: &Path, mode: u32, access: Access) -> u32 {
        let path = directory.join(format!("{mode:o}"));
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        write_file(&path, b"new", access).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        fs::metadata(&path).unwrap().mode() & 0o7777
    }

    #[test]
    fn a_file_keeps_its_permissions_and_its_links() {
        let directory = std::env::temp_dir().join(format!("hagane-write-{}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir(&directory).unwrap();
        for mode in [0o640, 0o600, 0o644, 0o755] {
            assert_eq!(mode_after(&directory, mode, Access::Usual), mode);
            assert_eq!(mode_after(&directory, mode, Access::Owner), 0o600);
        }
        let (file, link) = (directory.join("640"), directory.join("link"));
        symlink("640", &link).unwrap();
        write_file(&link, b"through the link", Access::Usual).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"through the link");
        let names = fs::read_dir(&directory).unwrap().count();
        assert_eq!(names, 5, "nothing is left behind");
        fs::remove_dir_all(&directory).unwrap();
    }
}
