//! The file system.

use std::collections::HashSet;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, IoSliceMut, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use hagane::{FileError, FileKind, Files};
use rustix::fs::OFlags;

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
        // To open a pipe would be to wait for its writer.
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        let irregular = || FileError::Other("it is not a regular file".into());
        let opened = OpenOptions::new().read(true).custom_flags(flags).open(path);
        let file = opened.map_err(|error| match fs::metadata(path) {
            // A socket, which cannot be opened.
            Ok(found) if kind(&found) == FileKind::Other => irregular(),
            _ => file_error(&error),
        })?;
        let metadata = file.metadata().map_err(|error| file_error(&error))?;
        if kind(&metadata) != FileKind::File {
            return Err(irregular());
        }
        if metadata.len() > MAX_FILE {
            return Err(FileError::TooLarge { limit: MAX_FILE });
        }
        read(file, metadata.len() as usize).map_err(|error| file_error(&error))
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
        self.list(directory).unwrap_or_default()
    }

    fn list(&self, directory: &Path) -> Result<Vec<String>, FileError> {
        let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
        let names =
            fs::read_dir(directory).and_then(|entries| entries.map(name).collect::<io::Result<Vec<_>>>());
        let mut names = names.map_err(|error| file_error(&error))?;
        names.sort();
        Ok(names)
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
fn read(mut file: File, length: usize) -> io::Result<Arc<[u8]>> {
    let mut content: Arc<[u8]> = std::iter::repeat_n(0, length).collect();
    let bytes = Arc::get_mut(&mut content).expect("nobody else knows it yet");
    let changed = || io::Error::other("it changed while it was read");
    // One call, as a rule, for the content and for what says that there is no more.
    let mut more = [0];
    let count = match file.read_vectored(&mut [IoSliceMut::new(bytes), IoSliceMut::new(&mut more)]) {
        Err(error) if error.kind() == ErrorKind::Interrupted => 0,
        read => read?,
    };
    if let Some(rest) = bytes.get_mut(count..).filter(|rest| !rest.is_empty()) {
        file.read_exact(rest).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => changed(),
            _ => error,
        })?;
    }
    let is_more = if count < length || count == 0 { file.read(&mut more)? > 0 } else { count > length };
    if is_more { Err(changed()) } else { Ok(content) }
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
