//! A directory of its own for each case.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::entry::Entry;
use crate::remote;

/// A temporary directory, removed when dropped.
pub struct Sandbox {
    root: PathBuf,
    repository: PathBuf,
}

impl Sandbox {
    /// Makes an empty directory. `repository` is where `copy` entries come from.
    pub fn new(repository: &Path) -> io::Result<Sandbox> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let temp = fs::canonicalize(std::env::temp_dir())?;
        let root = temp.join(format!("hagane-case-{}-{number}", std::process::id()));
        fs::create_dir_all(&root)?;
        Ok(Sandbox { root, repository: repository.to_owned() })
    }

    /// Returns the directory.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Makes what the entry says.
    pub fn make(&self, entry: &Entry) -> io::Result<()> {
        match entry {
            Entry::File { path, bytes } => fs::write(self.place(path)?, bytes),
            Entry::Sparse { path, length } => fs::File::create(self.place(path)?)?.set_len(*length),
            Entry::Directory { path } => fs::create_dir_all(self.place(path)?),
            Entry::Link { path, target } => symlink(target, self.place(path)?),
            Entry::Mode { path, bits } => {
                fs::set_permissions(self.root.join(path), fs::Permissions::from_mode(*bits))
            }
            Entry::Copy { path } => copy(&self.repository.join(path), &self.place(path)?),
            Entry::Commit { path, tag } => remote::commit(&self.root.join(path), tag.as_deref()),
            Entry::Remove { path } => {
                let path = self.root.join(path);
                if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
            }
        }
    }

    fn place(&self, path: &str) -> io::Result<PathBuf> {
        let place = self.root.join(path);
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent)?;
        }
        Ok(place)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        allow_removal(&self.root);
        // A directory that stays behind in the system's temporary directory fails no case.
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// Gives directories the bits that their removal needs.
fn allow_removal(path: &Path) {
    let Ok(metadata) = fs::symlink_metadata(path) else { return };
    if !metadata.is_dir() {
        return;
    }
    if metadata.permissions().mode() & 0o700 != 0o700 {
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o755));
    }
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        allow_removal(&entry.path());
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !fs::metadata(from)?.is_dir() {
        return fs::copy(from, to).map(|_| ());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
