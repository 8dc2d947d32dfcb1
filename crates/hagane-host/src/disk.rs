//! The file system.

use std::collections::HashSet;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use hagane::{FileError, FileKind, Files};

/// The largest file that is read, in bytes.
pub const MAX_FILE: u64 = 100 << 20;

/// The files of this machine.
#[derive(Debug, Default)]
pub struct Disk {
    /// Directories whose paths are without symbolic links: what lies in one of them is resolved by one look at it.
    real: Mutex<HashSet<PathBuf>>,
}

impl Files for Disk {
    fn read(&self, path: &Path) -> Result<Arc<[u8]>, FileError> {
        // Before it is opened: to open a pipe is to wait for its writer.
        let metadata = fs::metadata(path).map_err(|error| file_error(&error))?;
        if kind(&metadata) != FileKind::File {
            return Err(FileError::Other("it is not a regular file".into()));
        }
        if metadata.len() > MAX_FILE {
            return Err(FileError::TooLarge { limit: MAX_FILE });
        }
        read(path, metadata.len() as usize).map_err(|error| file_error(&error))
    }

    fn resolve(&self, path: &Path) -> Result<(PathBuf, FileKind), FileError> {
        if let (Some(parent), Some(Component::Normal(_))) = (path.parent(), path.components().next_back())
            && self.real().contains(parent)
        {
            let metadata = fs::symlink_metadata(path).map_err(|error| file_error(&error))?;
            if !metadata.is_symlink() {
                let resolved: PathBuf = path.components().collect();
                return Ok(self.found(resolved, kind(&metadata)));
            }
        }
        let resolved = fs::canonicalize(path).map_err(|error| file_error(&error))?;
        let metadata = fs::metadata(&resolved).map_err(|error| file_error(&error))?;
        Ok(self.found(resolved, kind(&metadata)))
    }

    fn names(&self, directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

impl Disk {
    fn real(&self) -> std::sync::MutexGuard<'_, HashSet<PathBuf>> {
        self.real.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn found(&self, path: PathBuf, kind: FileKind) -> (PathBuf, FileKind) {
        if kind == FileKind::Directory {
            self.real().insert(path.clone());
        }
        (path, kind)
    }
}

/// Reads a file into memory that is allocated once: key files pass through here, and no copy may stay behind.
fn read(path: &Path, length: usize) -> io::Result<Arc<[u8]>> {
    let mut file = File::open(path)?;
    let mut content: Arc<[u8]> = std::iter::repeat_n(0, length).collect();
    let bytes = Arc::get_mut(&mut content).expect("nobody else knows it yet");
    let changed = || io::Error::other("it changed while it was read");
    file.read_exact(bytes).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => changed(),
        _ => error,
    })?;
    match file.read(&mut [0])? {
        0 => Ok(content),
        _ => Err(changed()),
    }
}

fn kind(metadata: &Metadata) -> FileKind {
    if metadata.is_file() {
        FileKind::File
    } else if metadata.is_dir() {
        FileKind::Directory
    } else {
        FileKind::Other
    }
}

fn file_error(error: &io::Error) -> FileError {
    match error.kind() {
        // A name too long or with a NUL in it, or a way through a file: nothing is there.
        ErrorKind::NotFound
        | ErrorKind::NotADirectory
        | ErrorKind::InvalidFilename
        | ErrorKind::InvalidInput => FileError::NotFound,
        ErrorKind::PermissionDenied => FileError::PermissionDenied,
        _ => FileError::Other(words(error)),
    }
}

/// Returns the words of a system error without the number it puts behind them.
pub fn words(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    text[..end].to_lowercase()
}
