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
use ring::digest::{Context, SHA256};
use tar::EntryType;

use super::resolve::outside;
use super::{Archive, Entry, nameless};
use crate::disk::words;

/// The most bytes of a path.
const MAX_PATH: usize = 4096;
/// Git's own objects: many, and of no use to anybody who reads files.
const LEFT_OUT: &str = ".git/objects";
/// How many times as many bytes may be unpacked as are kept.
const TIMES: u64 = 8;

/// How much may be in an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchiveLimits {
    /// Bytes of all its files, without git's own objects.
    pub bytes: u64,
    /// Files, directories and links.
    pub entries: usize,
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

fn broken(error: io::Error) -> ArchiveError {
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
        (self.digest.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect(), self.size)
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
}

impl Tree {
    fn add_all(&mut self, stream: &mut impl Read) -> Result<(), ArchiveError> {
        let mut tar = tar::Archive::new(&mut *stream);
        for entry in tar.entries().map_err(broken)? {
            self.add(&mut entry.map_err(broken)?)?;
        }
        // What fills the last block, and the checksum of the compression behind it.
        io::copy(stream, &mut io::sink()).map_err(broken)?;
        Ok(())
    }

    fn add(&mut self, entry: &mut tar::Entry<impl Read>) -> Result<(), ArchiveError> {
        let kind = entry.header().entry_type();
        if kind.is_pax_global_extensions() {
            return Ok(());
        }
        let name = entry.path_bytes().into_owned();
        let wrong = |what| ArchiveError::Entry(shown(&name), what);
        let path = plain(&name).ok_or_else(|| wrong("leads out of it"))?;
        if path.as_os_str().is_empty() || path.starts_with(LEFT_OUT) {
            return Ok(());
        }
        let new = match kind {
            EntryType::Directory => Entry::Directory,
            EntryType::Regular | EntryType::Continuous => self.file(entry)?,
            EntryType::Symlink => {
                let target = entry.link_name_bytes().ok_or_else(|| wrong("is a link to nothing"))?;
                if target.len() > MAX_PATH {
                    return Err(wrong("is a link to too long a path"));
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
        for above in path.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty()) {
            match self.entries.get(above) {
                Some(Entry::Directory) => break,
                Some(_) => return wrong("lies below what is no directory"),
                None => _ = self.entries.insert(above.to_owned(), Entry::Directory),
            }
        }
        let is_directory = new == Entry::Directory;
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

    fn finish(mut self) -> Result<Archive, ArchiveError> {
        self.content.flush().map_err(broken)?;
        let content = self.content.into_inner().map_err(|error| broken(error.into_error()))?;
        let archive = Archive { entries: self.entries, content, length: self.length };
        let links = archive.entries.iter().filter(|(_, entry)| matches!(entry, Entry::Link(_)));
        for (path, _) in links {
            if archive.resolve(path) == Err(outside()) {
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
mod tests {
    use std::sync::Arc;

    use hagane::{FileError, FileKind, Files};

    use super::*;
    use crate::archive::Mounted;
    use crate::disk::Disk;
    use crate::leftovers::Leftovers;

    const LIMITS: ArchiveLimits = ArchiveLimits { bytes: 1000, entries: 10 };

    /// Packs entries: a kind, a name, and a content or a target.
    fn packed(entries: &[(u8, &str, &str)]) -> Vec<u8> {
        let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (kind, name, content) in entries {
            let mut header = tar::Header::new_ustar();
            // The library would not write names that it must be able to read.
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(EntryType::new(*kind));
            header.set_mode(0o777);
            if *kind == b'2' {
                header.set_link_name_literal(content).expect("it is short");
            }
            let content = if *kind == b'0' { content.as_bytes() } else { b"" };
            header.set_size(content.len() as u64);
            header.set_cksum();
            tar.append(&header, content).expect("it is memory");
        }
        tar.into_inner().and_then(GzEncoder::finish).expect("it is memory")
    }

    #[test]
    fn an_archive_is_a_file_system() {
        let bytes = packed(&[
            (b'5', "a/", ""),
            (b'0', "a/b.yaml", "b: c"),
            (b'0', "new/d/e", "e"),
            (b'2', "a/link", "../new/d"),
            (b'0', ".git/objects/ab/cd", "much"),
            (b'0', ".git/HEAD", "ref"),
        ]);
        let received = unpack(bytes.as_slice(), LIMITS).expect("it is right");
        assert_eq!(received.size, bytes.len() as u64);
        assert_eq!(received.checksum.len(), 64);
        assert_eq!(received.archive.length(), 8);
        let disk = Disk::default();
        let files = Mounted { disk: &disk, archive: Arc::new(received.archive), at: "/repository".into() };
        assert_eq!(files.read(Path::new("/repository/a/b.yaml")).as_deref(), Ok(b"b: c".as_slice()));
        assert_eq!(files.read(Path::new("/repository/a/link/e")).as_deref(), Ok(b"e".as_slice()));
        assert_eq!(files.names(Path::new("/repository")), [".git", "a", "new"]);
        let top = PathBuf::from("/repository");
        assert_eq!(files.resolve(&top), Ok((top.clone(), FileKind::Directory)));
        assert!(files.read(Path::new("/repository/a")).is_err());
        assert_eq!(files.resolve(Path::new("/repository/.git/objects")), Err(FileError::NotFound));
        let scratch = Leftovers::default();
        let directory = scratch.directory().expect("there is a scratch directory");
        files.archive.write_to(&directory).expect("it is ours");
        assert_eq!(std::fs::read_to_string(directory.join("a/link/e")).expect("it is there"), "e");
    }

    #[test]
    fn what_is_no_repository_is_refused() {
        let check = |entries: &[(u8, &str, &str)], expected: ArchiveError| {
            let unpacked = unpack(packed(entries).as_slice(), LIMITS);
            assert_eq!(unpacked.map(|_| ()), Err(expected));
        };
        let entry = |name: &str, what| ArchiveError::Entry(name.into(), what);
        check(&[(b'0', "../a", "")], entry("../a", "leads out of it"));
        check(&[(b'0', "a/../../b", "")], entry("a/../../b", "leads out of it"));
        check(&[(b'0', "/etc/passwd", "")], entry("/etc/passwd", "leads out of it"));
        check(&[(b'2', "a", "../b")], entry("a", "is a link out of it"));
        check(&[(b'2', "d/up", ".."), (b'2', "a", "d/up/../b")], entry("a", "is a link out of it"));
        check(&[(b'2', "a", "b"), (b'0', "a/c", "")], entry("a/c", "lies below what is no directory"));
        check(&[(b'0', "a", ""), (b'0', "a", "")], entry("a", "is in it twice"));
        check(&[(b'0', "a", ""), (b'5', "a", "")], entry("a", "is in it twice"));
        let no_file = "is neither a file nor a directory nor a symbolic link";
        check(&[(b'1', "a", "")], entry("a", no_file));
        check(&[(b'3', "a", "")], entry("a", no_file));
        check(&[(b'6', "a", "")], entry("a", no_file));
        let too_large = || ArchiveError::TooLarge { limit: 1000 };
        check(&[(b'0', "a", &"x".repeat(1001))], too_large());
        check(&[(b'0', "a", &"x".repeat(600)), (b'0', "b", &"x".repeat(600))], too_large());
        check(&[(b'0', ".git/objects/a", &"x".repeat(6900))], too_large());
        let many: Vec<String> = (0..5).map(|number| format!("d{number}/e/f")).collect();
        let many: Vec<(u8, &str, &str)> = many.iter().map(|name| (b'0', name.as_str(), "")).collect();
        check(&many, ArchiveError::TooMany { limit: 10 });
        check(&[(b'0', "a/b/c/d/e/f/g/h/i/j/k", "")], ArchiveError::TooMany { limit: 10 });
    }

    #[test]
    fn an_archive_that_is_cut_or_changed_is_refused() {
        let whole = packed(&[(b'0', "a", &"abcdefgh".repeat(100)), (b'5', "b/", "")]);
        for length in 0..whole.len() {
            assert!(unpack(&whole[..length], LIMITS).is_err(), "{length} of {}", whole.len());
        }
        let followed = [whole.as_slice(), b"x"].concat();
        let unpacked = unpack(followed.as_slice(), LIMITS).map(|_| ());
        assert_eq!(unpacked, Err(ArchiveError::Broken("something follows its end".into())));
        // Whatever a byte becomes, it is refused or makes no difference, and nothing panics.
        for place in 0..whole.len() {
            let mut changed = whole.clone();
            changed[place] ^= 0x55;
            let _ = unpack(changed.as_slice(), LIMITS);
        }
    }
}
