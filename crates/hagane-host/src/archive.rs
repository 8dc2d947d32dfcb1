//! A repository that arrives as an archive (`tar.gz`), unpacked into one file without a name.
//!
//! Nothing of the archive becomes a path of this machine: no name in it can lead anywhere, and when the process ends, however
//! it ends, nothing is left.

mod extended;
mod resolve;
mod unpack;

use std::collections::BTreeMap;
#[cfg(not(target_os = "linux"))]
use std::fs;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hagane::{FileError, FileKind, Files};

use crate::disk::{Disk, MAX_FILE, words};

pub use unpack::{ArchiveError, ArchiveLimits, Received, checksum, pack, unpack};

/// The files of an archive.
#[derive(Debug)]
pub struct Archive {
    entries: BTreeMap<PathBuf, Entry>,
    content: File,
    length: u64,
    /// Bytes of memory that its names take.
    named: u64,
}

/// What is at a path, which is relative to the top of the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    Directory,
    File { offset: u64, length: u64 },
    Link(PathBuf),
}

impl Archive {
    /// Returns how many bytes it takes: its files, and their names.
    pub fn size(&self) -> u64 {
        self.length + self.named
    }

    /// Writes all of it below a directory, which is empty and this user's alone: for programs that read files themselves. No link
    /// of it leads out.
    pub fn write_to(&self, directory: &Path) -> io::Result<()> {
        // Directories come before what is in them, and nothing lies below a link.
        for (path, entry) in &self.entries {
            let path = directory.join(path);
            match entry {
                Entry::Directory => DirBuilder::new().mode(0o700).create(path)?,
                Entry::Link(target) => symlink(target, path)?,
                Entry::File { offset, length } => {
                    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
                    let mut buffer = vec![0; 64 << 10];
                    let (mut offset, end) = (*offset, offset + length);
                    while offset < end {
                        let part = buffer.len().min(usize::try_from(end - offset).unwrap_or(usize::MAX));
                        self.content.read_exact_at(&mut buffer[..part], offset)?;
                        file.write_all(&buffer[..part])?;
                        offset += part as u64;
                    }
                }
            }
        }
        Ok(())
    }

    fn read(&self, path: &Path) -> Result<Arc<[u8]>, FileError> {
        let (path, _) = self.resolve(path)?;
        match self.entries.get(&path) {
            Some(Entry::File { length, .. }) if *length > MAX_FILE => {
                Err(FileError::TooLarge { limit: MAX_FILE })
            }
            Some(Entry::File { offset, length }) => {
                let mut content: Arc<[u8]> = std::iter::repeat_n(0, *length as usize).collect();
                let bytes = Arc::get_mut(&mut content).expect("nobody else knows it yet");
                let read = self.content.read_exact_at(bytes, *offset);
                read.map_err(|error| FileError::Other(words(&error)))?;
                Ok(content)
            }
            _ => Err(FileError::Other("it is not a regular file".into())),
        }
    }

    fn names(&self, directory: &Path) -> Vec<String> {
        let Ok((directory, FileKind::Directory)) = self.resolve(directory) else { return Vec::new() };
        let below = self.entries.range(directory.clone()..);
        let below = below.take_while(|(path, _)| path.starts_with(&directory));
        let inside = below.filter(|(path, _)| path.parent() == Some(&directory));
        let mut names: Vec<String> = inside
            .filter_map(|(path, _)| path.file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

/// The files of this machine, with an archive at a path where there is nothing else.
pub struct Mounted<'d> {
    /// The files of this machine.
    pub disk: &'d Disk,
    /// The archive.
    pub archive: Arc<Archive>,
    /// Where it is.
    pub at: PathBuf,
}

impl Files for Mounted<'_> {
    fn read(&self, path: &Path) -> Result<Arc<[u8]>, FileError> {
        match path.strip_prefix(&self.at) {
            Ok(below) => self.archive.read(below),
            Err(_) => self.disk.read(path),
        }
    }

    fn resolve(&self, path: &Path) -> Result<(PathBuf, FileKind), FileError> {
        match path.strip_prefix(&self.at) {
            Ok(below) => {
                let (path, kind) = self.archive.resolve(below)?;
                // A path that ends with a separator would be another one.
                Ok((if path.as_os_str().is_empty() { self.at.clone() } else { self.at.join(path) }, kind))
            }
            Err(_) => self.disk.resolve(path),
        }
    }

    fn names(&self, directory: &Path) -> Vec<String> {
        match directory.strip_prefix(&self.at) {
            Ok(below) => self.archive.names(below),
            Err(_) => self.disk.names(directory),
        }
    }
}

/// Returns a file without a name: on the disk for temporary files, or in memory where there is none to write to.
fn nameless() -> io::Result<File> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{MemfdFlags, Mode, OFlags, memfd_create, open};
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        if let Ok(file) = open(std::env::temp_dir(), flags, Mode::RUSR | Mode::WUSR) {
            return Ok(file.into());
        }
        Ok(memfd_create("archive", MemfdFlags::CLOEXEC)?.into())
    }
    #[cfg(not(target_os = "linux"))]
    {
        let mut name = [0; 8];
        crate::chance::random(&mut name);
        let path = std::env::temp_dir().join(format!("hagane-{:016x}", u64::from_ne_bytes(name)));
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        fs::remove_file(&path)?;
        Ok(file)
    }
}
