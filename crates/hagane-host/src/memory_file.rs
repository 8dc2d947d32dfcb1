//! Plaintext that another program reads as a file, and that is never on a disk: on a file system in memory, or as a pipe
//! with a name.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use hagane::SecretBytes;
use rustix::fs::{CWD, FileType, FsWord, Mode, mknodat, statfs};
use zeroize::Zeroizing;

use crate::chance::random;
use crate::disk::MAX_FILE;

/// The file systems that are in memory, by their numbers in `statfs`: tmpfs and ramfs.
const IN_MEMORY: [FsWord; 2] = [0x0102_1994, 0x8584_58f6];

/// A directory of this user alone on a file system in memory. It and what is in it go away when it is dropped.
struct MemoryDirectory(PathBuf);

/// The directories of this process that are there now. Whoever interrupts it must meet them all, wherever they are held.
static THERE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes every directory with plaintext: for a process that is about to end without dropping what it holds.
pub(crate) fn remove_all() {
    let there = std::mem::take(&mut *THERE.lock().unwrap_or_else(PoisonError::into_inner));
    there.iter().for_each(|directory| remove(directory));
}

fn created(directory: &Path) {
    THERE.lock().unwrap_or_else(PoisonError::into_inner).push(directory.to_owned());
}

fn remove(directory: &Path) {
    // Editors leave copies beside the file; memory that is given back may be read by whoever gets it.
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        wipe(&entry.path());
    }
    // Nobody is left to tell.
    let _ = fs::remove_dir_all(directory);
    THERE.lock().unwrap_or_else(PoisonError::into_inner).retain(|there| there != directory);
}

impl MemoryDirectory {
    fn new(candidates: &[PathBuf]) -> io::Result<MemoryDirectory> {
        for parent in candidates {
            let in_memory = statfs(parent).is_ok_and(|found| IN_MEMORY.contains(&found.f_type));
            if !in_memory {
                continue;
            }
            let path = parent.join(name());
            if DirBuilder::new().mode(0o700).create(&path).is_ok() {
                created(&path);
                return Ok(MemoryDirectory(path));
            }
        }
        Err(io::Error::new(
            ErrorKind::Unsupported,
            "there is no file system in memory that may be written to",
        ))
    }
}

impl Drop for MemoryDirectory {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

fn wipe(path: &Path) {
    let Ok(metadata) = fs::symlink_metadata(path) else { return };
    if metadata.is_file()
        && let Ok(mut file) = OpenOptions::new().write(true).open(path)
    {
        let length = usize::try_from(metadata.len()).unwrap_or_default();
        // A file that cannot be written to is removed all the same.
        let _ = file.write_all(&vec![0; length]);
    }
}

fn name() -> String {
    let mut bytes = [0; 8];
    random(&mut bytes);
    format!("hagane-{:016x}", u64::from_ne_bytes(bytes))
}

/// A file in memory that an editor changes.
pub struct MemoryFile {
    path: PathBuf,
    _directory: MemoryDirectory,
}

impl MemoryFile {
    /// Writes a file of this name, readable by this user alone, into a new directory: below `XDG_RUNTIME_DIR`, `/dev/shm` or
    /// `/run`, wherever there is a file system in memory.
    pub fn new(name: &str, content: &[u8]) -> io::Result<MemoryFile> {
        let of_user = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let places: Vec<PathBuf> = of_user.into_iter().chain(["/dev/shm".into(), "/run".into()]).collect();
        let directory = MemoryDirectory::new(&places)?;
        let path = directory.0.join(name);
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?.write_all(content)?;
        Ok(MemoryFile { path, _directory: directory })
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns what it holds now.
    pub fn read(&self) -> io::Result<SecretBytes> {
        let mut file = fs::File::open(&self.path)?;
        let length = usize::try_from(file.metadata()?.len()).unwrap_or_default();
        // Not moved while it is read: what is moved leaves a copy behind.
        let mut content = Zeroizing::new(Vec::with_capacity(length + 1));
        file.read_to_end(&mut content)?;
        Ok(SecretBytes::new(std::mem::take(&mut *content)))
    }
}

/// Reads what is no regular file, as a shell's `<(…)`, to its end.
pub fn read_stream(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    read_secret(fs::File::open(path)?.take(MAX_FILE))
}

/// Reads what may be secret to its end. It grows by hand: what grows in place leaves copies behind that nobody wipes.
pub fn read_secret(mut reader: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut content = Zeroizing::new(vec![0; 64 << 10]);
    let mut length = 0;
    loop {
        if length == content.len() {
            let mut larger = Zeroizing::new(vec![0; 2 * length]);
            larger[..length].copy_from_slice(&content);
            content = larger;
        }
        match reader.read(&mut content[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    content.truncate(length);
    Ok(content)
}

/// Returns whether a file is there that its owner alone may read.
pub fn is_private(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o077 == 0)
}

/// A pipe with a name, from which programs read a content as often as they open it.
pub struct Pipe {
    path: PathBuf,
    directory: PathBuf,
}

impl Pipe {
    /// Makes a pipe of this name in a new directory of this user alone. A pipe holds nothing on a disk, wherever it is.
    pub fn new(name: &str, content: SecretBytes) -> io::Result<Pipe> {
        let directory = std::env::temp_dir().join(self::name());
        DirBuilder::new().mode(0o700).create(&directory)?;
        created(&directory);
        let path = directory.join(name);
        let pipe = Pipe { path, directory };
        mknodat(CWD, &pipe.path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
        let path = pipe.path.clone();
        // It waits for a reader; when the pipe is gone there is none to wait for, and the thread ends with the process.
        thread::Builder::new().spawn(move || {
            while let Ok(mut writer) = OpenOptions::new().write(true).open(&path) {
                // A reader that has seen enough is no error.
                let _ = writer.write_all(content.expose());
                drop(writer);
                // The reader must see the end before it can open the pipe again.
                thread::sleep(std::time::Duration::from_millis(5));
            }
        })?;
        Ok(pipe)
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        remove(&self.directory);
    }
}

#[cfg(test)]
mod tests {
    use super::read_secret;

    #[test]
    fn a_secret_of_any_length_is_read_whole() {
        for length in [0, 1, (64 << 10) - 1, 64 << 10, (64 << 10) + 1, 300_000] {
            let content: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let read = read_secret(content.as_slice()).expect("it can be read");
            assert!(*read == content, "{length}");
        }
    }
}
