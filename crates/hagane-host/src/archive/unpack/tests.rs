//! What is unpacked, and what is refused.

use std::sync::Arc;

use hagane::{FileError, FileKind, Files};

use super::*;
use crate::archive::Mounted;
use crate::disk::Disk;
use crate::leftovers::Leftovers;

const LIMITS: ArchiveLimits = ArchiveLimits { bytes: 1000, entries: 10, names: 2000 };

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
    assert_eq!(received.archive.length, 8);
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
    check(&[(b'2', "a", "/var/run/keys/age.txt")], entry("a", "is a link out of it"));
    check(&[(b'2', "a", "//b"), (b'0', "b", "")], entry("a", "is a link out of it"));
    check(&[(b'2', "a", "not/yet/../../../b")], entry("a", "is a link out of it"));
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
    let long = "x/".repeat(44);
    check(&[(b'0', &long, "")], ArchiveError::LongNames { limit: 2000 });
}

/// Packs an entry of this kind, before a file `a`.
fn described(kind: u8, said: &[u8]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(EntryType::new(kind));
    header.set_size(said.len() as u64);
    header.set_cksum();
    tar.append(&header, said).expect("it is memory");
    let mut header = tar::Header::new_ustar();
    header.as_mut_bytes()[0] = b'a';
    header.set_size(1);
    header.set_cksum();
    tar.append(&header, b"b".as_slice()).expect("it is memory");
    tar.into_inner().and_then(GzEncoder::finish).expect("it is memory")
}

fn record(key: &str, value: &str) -> Vec<u8> {
    let rest = format!(" {key}={value}\n");
    let length = (1..).map(|digits| rest.len() + digits);
    let length = length.zip(1..).find(|(length, digits)| length.to_string().len() == *digits);
    format!("{}{rest}", length.expect("there is one").0).into_bytes()
}

#[test]
fn what_is_said_before_an_entry_is_short() {
    let check = |kind: u8, said: &[u8], expected: Result<&str, ArchiveError>| {
        let limits = ArchiveLimits { bytes: 100 << 10, entries: 10, names: 100 << 10 };
        let unpacked = unpack(described(kind, said).as_slice(), limits);
        let names = unpacked.map(|received| received.archive.names(Path::new("")).join(" "));
        assert_eq!(names, expected.map(str::to_owned), "{kind} {}", said.len());
    };
    let broken = |why: &str| ArchiveError::Broken(why.into());
    let long = || broken("what it says of an entry is longer than 64 KiB");
    check(b'L', b"name\0", Ok("name"));
    check(b'L', b"../name", Err(ArchiveError::Entry("../name".into(), "leads out of it")));
    check(b'L', &[b'x'; 65 << 10], Err(long()));
    check(b'K', &[b'x'; 65 << 10], Err(long()));
    check(b'K', b"ignored: it is no link", Ok("a"));
    check(b'x', &record("path", "name"), Ok("name"));
    check(b'x', &record("mtime", "1"), Ok("a"));
    check(b'x', &record("comment", &"x".repeat(65 << 10)), Err(long()));
    check(b'x', &record("size", "1"), Ok("a"));
    check(b'x', &record("size", "2"), Err(ArchiveError::Entry("a".into(), "has two sizes")));
    check(b'x', b"nonsense", Err(broken("what it says of an entry cannot be read")));
    check(b'x', b"99 path=a\n", Err(broken("what it says of an entry cannot be read")));
    // Of all that follows: it says the commit, as git writes it.
    check(b'g', &record("comment", "0123"), Ok("a"));
    check(b'g', &record("path", "name"), Ok("a"));
    let twice = [record("path", "b"), record("path", "name")].concat();
    check(b'x', &twice, Ok("name"));
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
