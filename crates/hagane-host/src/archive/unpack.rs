//! Unpacking an archive, with a bound on everything in it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use hagane::hexadecimal;
use ring::digest::{Context, SHA256};
use tar::EntryType;

use super::extended::Extended;
use super::{Archive, Entry, nameless};
use crate::disk::words;

/// The most bytes of a path.
pub(super) const MAX_PATH: usize = 4096;
/// Bytes of memory that an entry takes beside its names, about.
const ENTRY: usize = 96;
/// Git's own objects: many, and of no use to anybody who reads files.
const LEFT_OUT: &str = ".git/objects";
/// How many parts of paths are looked at to see where all links lead: each may lead through many others.
const MAX_STEPS: usize = 4 << 20;
/// How many times as many bytes may be unpacked as are kept.
const TIMES: u64 = 8;

/// How much may be in an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchiveLimits {
    /// Bytes of all its files, without git's own objects.
    pub bytes: u64,
    /// Files, directories and links.
    pub entries: usize,
    /// Bytes of memory that their names take, and the targets of links.
    pub names: u64,
}

/// An archive that has arrived.
#[derive(Debug)]
pub struct Received {
    /// Its files.
    pub archive: Archive,
    /// The SHA-256 of what arrived, in hexadecimal.
    pub checksum: String,
    /// How many bytes arrived.
    pub size: u64,
}

/// Why an archive is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArchiveError {
    /// It cannot be read, or there is no room for it.
    Broken(String),
    /// It holds more bytes.
    TooLarge {
        /// The bytes that it may hold.
        limit: u64,
    },
    /// It holds more entries.
    TooMany {
        /// The entries that it may hold.
        limit: usize,
    },
    /// The names in it are longer, all together.
    LongNames {
        /// The bytes of memory that they may take.
        limit: u64,
    },
    /// An entry of it is not what a repository has: its path, and what is wrong.
    Entry(String, &'static str),
}

/// Unpacks an archive, all of which is read.
pub fn unpack(stream: impl Read, limits: ArchiveLimits) -> Result<Received, ArchiveError> {
    let counted = Counted { stream, digest: Context::new(&SHA256), size: 0 };
    let mut unpacking = GzDecoder::new(BufReader::with_capacity(64 << 10, counted));
    let mut tree = Tree {
        limits,
        entries: BTreeMap::new(),
        content: BufWriter::with_capacity(256 << 10, nameless().map_err(broken)?),
        length: 0,
        named: 0,
    };
    let mut limited = (&mut unpacking).take(limits.bytes.saturating_mul(TIMES));
    let added = tree.add_all(&mut limited);
    if limited.limit() == 0 {
        return Err(ArchiveError::TooLarge { limit: limits.bytes });
    }
    added?;
    let mut rest = unpacking.into_inner();
    if io::copy(&mut rest, &mut io::sink()).map_err(broken)? > 0 {
        return Err(ArchiveError::Broken("something follows its end".into()));
    }
    let (checksum, size) = rest.into_inner().finish();
    Ok(Received { archive: tree.finish()?, checksum, size })
}

/// Packs a directory as Argo CD does: files, directories and links, by name.
pub fn pack(top: &Path) -> io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    tar.follow_symlinks(false);
    let mut waiting = vec![top.to_owned()];
    while let Some(directory) = waiting.pop() {
        let mut entries: Vec<PathBuf> = fs::read_dir(&directory)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<_>>()?;
        entries.sort();
        for entry in entries {
            tar.append_path_with_name(&entry, entry.strip_prefix(top).unwrap_or(&entry))?;
            if fs::symlink_metadata(&entry)?.is_dir() {
                waiting.push(entry);
            }
        }
    }
    tar.into_inner()?.finish()
}

/// Returns the SHA-256 of an archive, in hexadecimal, and its bytes.
pub fn checksum(stream: impl Read) -> Result<(String, u64), ArchiveError> {
    let mut counted = Counted { stream, digest: Context::new(&SHA256), size: 0 };
    io::copy(&mut counted, &mut io::sink()).map_err(broken)?;
    Ok(counted.finish())
}

pub(super) fn broken(error: io::Error) -> ArchiveError {
    ArchiveError::Broken(words(&error))
}

/// Counts and digests what is read.
struct Counted<S> {
    stream: S,
    digest: Context,
    size: u64,
}

impl<S> Counted<S> {
    fn finish(self) -> (String, u64) {
        (hexadecimal(self.digest.finish().as_ref()), self.size)
    }
}

impl<S: Read> Read for Counted<S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(into)?;
        self.digest.update(&into[..count]);
        self.size += count as u64;
        Ok(count)
    }
}

/// What has been unpacked so far.
struct Tree {
    limits: ArchiveLimits,
    entries: BTreeMap<PathBuf, Entry>,
    content: BufWriter<File>,
    length: u64,
    named: u64,
}

impl Tree {
    fn add_all(&mut self, stream: &mut impl Read) -> Result<(), ArchiveError> {
        let mut archive = tar::Archive::new(&mut *stream);
        let mut said = Extended::default();
        // Raw: the library would read names and records of any length into memory.
        for entry in archive.entries().map_err(broken)?.raw(true) {
            let mut entry = entry.map_err(broken)?;
            if !said.read(&mut entry)? {
                self.add(&mut entry, std::mem::take(&mut said))?;
            }
        }
        if !said.is_empty() {
            return Err(ArchiveError::Broken("it ends before what it describes".into()));
        }
        // What fills the last block, and the checksum of the compression behind it.
        io::copy(stream, &mut io::sink()).map_err(broken)?;
        Ok(())
    }

    fn add(&mut self, entry: &mut tar::Entry<impl Read>, said: Extended) -> Result<(), ArchiveError> {
        let kind = entry.header().entry_type();
        let name = said.path.unwrap_or_else(|| entry.path_bytes().into_owned());
        let wrong = |what| ArchiveError::Entry(shown(&name), what);
        // Two readers would find two archives in it.
        if said.size.is_some_and(|size| size != entry.size()) {
            return Err(wrong("has two sizes"));
        }
        let path = plain(&name).ok_or_else(|| wrong("leads out of it"))?;
        if path.as_os_str().is_empty() || path.starts_with(LEFT_OUT) {
            return Ok(());
        }
        let new = match kind {
            EntryType::Directory => Entry::Directory,
            EntryType::Regular | EntryType::Continuous => self.file(entry)?,
            EntryType::Symlink => {
                let target = said.link.or_else(|| Some(entry.link_name_bytes()?.into_owned()));
                let target = target.ok_or_else(|| wrong("is a link to nothing"))?;
                if target.len() > MAX_PATH {
                    return Err(wrong("is a link to too long a path"));
                }
                if target.starts_with(b"/") {
                    return Err(wrong("is a link out of it"));
                }
                Entry::Link(Path::new(OsStr::from_bytes(&target)).to_owned())
            }
            _ => return Err(wrong("is neither a file nor a directory nor a symbolic link")),
        };
        self.insert(path, new, &name)
    }

    fn file(&mut self, entry: &mut impl Read) -> Result<Entry, ArchiveError> {
        let (offset, left) = (self.length, self.limits.bytes - self.length);
        let length = io::copy(&mut entry.take(left + 1), &mut self.content).map_err(broken)?;
        if length > left {
            return Err(ArchiveError::TooLarge { limit: self.limits.bytes });
        }
        self.length += length;
        Ok(Entry::File { offset, length })
    }

    fn insert(&mut self, path: PathBuf, new: Entry, name: &[u8]) -> Result<(), ArchiveError> {
        let wrong = |what| Err(ArchiveError::Entry(shown(name), what));
        let mut above = Vec::new();
        for directory in path.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty()) {
            match self.entries.get(directory) {
                Some(Entry::Directory) => break,
                Some(_) => return wrong("lies below what is no directory"),
                None => above.push(directory.to_owned()),
            }
        }
        for directory in above {
            self.count(&directory, &Entry::Directory)?;
            self.entries.insert(directory, Entry::Directory);
        }
        let is_directory = new == Entry::Directory;
        self.count(&path, &new)?;
        match self.entries.insert(path, new) {
            None => {}
            Some(Entry::Directory) if is_directory => {}
            Some(_) => return wrong("is in it twice"),
        }
        match self.entries.len() > self.limits.entries {
            true => Err(ArchiveError::TooMany { limit: self.limits.entries }),
            false => Ok(()),
        }
    }

    /// Counts the memory that an entry takes, before it does.
    fn count(&mut self, path: &Path, entry: &Entry) -> Result<(), ArchiveError> {
        let target = if let Entry::Link(target) = entry { target.as_os_str().len() } else { 0 };
        self.named += (path.as_os_str().len() + target + ENTRY) as u64;
        match self.named > self.limits.names {
            true => Err(ArchiveError::LongNames { limit: self.limits.names }),
            false => Ok(()),
        }
    }

    fn finish(mut self) -> Result<Archive, ArchiveError> {
        self.content.flush().map_err(broken)?;
        let content = self.content.into_inner().map_err(|error| broken(error.into_error()))?;
        let archive = Archive { entries: self.entries, content, length: self.length, named: self.named };
        let links = archive.entries.iter().filter(|(_, entry)| matches!(entry, Entry::Link(_)));
        let mut steps = MAX_STEPS;
        for (path, _) in links {
            let leads_out = archive.leads_out(path, &mut steps);
            if steps == 0 {
                return Err(ArchiveError::Broken("its links lead too far".into()));
            }
            if leads_out {
                return Err(ArchiveError::Entry(path.to_string_lossy().into_owned(), "is a link out of it"));
            }
        }
        Ok(archive)
    }
}

/// Returns the name of an entry as a path from the top, if it leads nowhere else.
fn plain(name: &[u8]) -> Option<PathBuf> {
    if name.len() > MAX_PATH || name.contains(&0) {
        return None;
    }
    let mut path = PathBuf::new();
    for component in Path::new(OsStr::from_bytes(name)).components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(&name[..name.len().min(200)]).into_owned()
}

#[cfg(test)]
mod tests;
