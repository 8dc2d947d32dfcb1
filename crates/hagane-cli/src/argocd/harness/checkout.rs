//! A repository as it arrives at the plugin server: unpacked from a tar archive, under a path that nobody has seen before.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// A directory that goes away, for everybody to use: the plugin may run as another user.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new() -> io::Result<Scratch> {
        let parent = fs::canonicalize(std::env::temp_dir())?;
        let path = parent.join(format!("hagane-argocd-test-{}", unused_name()));
        DirBuilder::new().mode(0o711).create(&path)?;
        let scratch = Scratch(path);
        for directory in ["_cmp_server", "tmp"] {
            fs::create_dir(scratch.0.join(directory))?;
            fs::set_permissions(scratch.0.join(directory), Permissions::from_mode(0o777))?;
        }
        Ok(scratch)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Returns a path to the key, as one that is mounted: not in the repository. The key itself stays where it lies.
    pub(super) fn key(&self, file: &Path) -> io::Result<PathBuf> {
        let directory = self.0.join(unused_name());
        DirBuilder::new().mode(0o711).create(&directory)?;
        let link = directory.join("age.agekey");
        symlink(file, &link)?;
        Ok(link)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Returns a name that nothing has yet.
pub(super) fn unused_name() -> String {
    let mut bytes = [0; 16];
    hagane_host::random(&mut bytes);
    hagane::hexadecimal(&bytes)
}

/// In which order the files of a checkout are made: directories list them in another order then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Forward,
    Backward,
}

/// A copy of the repository, as one request finds it. It goes away afterwards.
pub(super) struct Checkout(PathBuf);

impl Checkout {
    pub(super) fn new(scratch: &Path, repository: &Path, order: Order) -> io::Result<Checkout> {
        let root = scratch.join("_cmp_server").join(unused_name());
        fs::create_dir(&root)?;
        let checkout = Checkout(root);
        copy(repository, &checkout.0, repository, order)?;
        fs::set_permissions(&checkout.0, Permissions::from_mode(0o777))?;
        Ok(checkout)
    }

    pub(super) fn root(&self) -> &Path {
        &self.0
    }

    /// Adds what repositories have that no kustomization knows of: much, executable, linked, hidden.
    pub(super) fn crowd(&self) -> io::Result<()> {
        let many = self.0.join("zz-many");
        fs::create_dir(&many)?;
        (0..2000).try_for_each(|number| fs::write(many.join(format!("{number}.yaml")), "a: {b: [\n"))?;
        let git = self.0.join(".git");
        // A file, where the repository is a second work tree of another.
        if !git.exists() {
            fs::create_dir_all(git.join("objects"))?;
            fs::write(git.join("HEAD"), "ref: refs/heads/main\n")?;
        }
        let script = self.0.join("zz-script.sh");
        fs::write(&script, "#!/bin/sh\nexit 1\n")?;
        fs::set_permissions(&script, Permissions::from_mode(0o644))?;
        symlink("zz-many/1.yaml", self.0.join("zz-link.yaml"))?;
        symlink("zz-nothing", self.0.join("zz-dangling"))
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Copies what the archive holds: files and directories with the usual modes, and links that stay in the repository.
fn copy(from: &Path, to: &Path, top: &Path, order: Order) -> io::Result<()> {
    let mut entries: Vec<PathBuf> = fs::read_dir(from)?.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    if order == Order::Backward {
        entries.reverse();
    }
    for entry in entries {
        let Some(name) = entry.file_name() else { continue };
        let target = to.join(name);
        let kind = fs::symlink_metadata(&entry)?.file_type();
        if kind.is_dir() {
            fs::create_dir(&target)?;
            // Objects of git are of no use to the plugin, and many.
            if !entry.ends_with(".git/objects") {
                copy(&entry, &target, top, order)?;
            }
        } else if kind.is_file() {
            fs::copy(&entry, &target)?;
            fs::set_permissions(&target, Permissions::from_mode(0o644))?;
        } else if kind.is_symlink() && fs::canonicalize(&entry).is_ok_and(|end| end.starts_with(top)) {
            symlink(fs::read_link(&entry)?, &target)?;
        }
    }
    Ok(())
}

/// Returns all paths below a directory, sorted.
pub(super) fn names(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory)?.flatten() {
            if entry.file_type()?.is_dir() {
                open.push(entry.path());
            }
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}
