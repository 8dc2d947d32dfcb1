//! What an archive says of an entry before it: names that are too long for its header, and the records of POSIX's `pax`.

use std::io::Read;

use tar::{Entry, EntryType};

use super::unpack::{ArchiveError, broken};

/// The most bytes of what is said of one entry.
const MAX: u64 = 64 << 10;

/// What has been said of the next entry.
#[derive(Default)]
pub(super) struct Extended {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
}

impl Extended {
    pub(super) fn is_empty(&self) -> bool {
        self.path.is_none() && self.link.is_none() && self.size.is_none()
    }

    /// Reads an entry that says something of the next; returns whether it is one.
    pub(super) fn read(&mut self, entry: &mut Entry<impl Read>) -> Result<bool, ArchiveError> {
        match entry.header().entry_type() {
            EntryType::GNULongName => self.path = Some(name(said(entry)?)),
            EntryType::GNULongLink => self.link = Some(name(said(entry)?)),
            EntryType::XHeader => self.records(&said(entry)?)?,
            // Of all entries: nothing in it is of use here.
            EntryType::XGlobalHeader => _ = said(entry)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Reads records: each its length, a space, a name, `=`, a value and a line's end. Of two of a name the last counts.
    fn records(&mut self, mut rest: &[u8]) -> Result<(), ArchiveError> {
        while !rest.is_empty() {
            let (record, after) = record(rest).ok_or_else(unreadable)?;
            let equals = record.iter().position(|byte| *byte == b'=').ok_or_else(unreadable)?;
            let (key, value) = (&record[..equals], &record[equals + 1..]);
            match key {
                b"path" => self.path = Some(value.to_vec()),
                b"linkpath" => self.link = Some(value.to_vec()),
                b"size" => self.size = Some(number(value).ok_or_else(unreadable)?),
                _ => {}
            }
            rest = after;
        }
        Ok(())
    }
}

/// Returns the first record without its length, and what follows it.
fn record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = bytes.iter().take(20).position(|byte| *byte == b' ')?;
    let length = usize::try_from(number(&bytes[..space])?).ok()?;
    let (record, rest) = bytes.split_at_checked(length)?;
    Some((record.get(space + 1..)?.strip_suffix(b"\n")?, rest))
}

fn number(digits: &[u8]) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| is_number)?.parse().ok()
}

/// Returns a name without the zero that ends it.
fn name(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.last() == Some(&0) {
        bytes.pop();
    }
    bytes
}

fn said(entry: &mut Entry<impl Read>) -> Result<Vec<u8>, ArchiveError> {
    let mut said = Vec::new();
    entry.take(MAX + 1).read_to_end(&mut said).map_err(broken)?;
    match said.len() as u64 > MAX {
        true => {
            Err(ArchiveError::Broken(format!("what it says of an entry is longer than {} KiB", MAX >> 10)))
        }
        false => Ok(said),
    }
}

fn unreadable() -> ArchiveError {
    ArchiveError::Broken("what it says of an entry cannot be read".into())
}
