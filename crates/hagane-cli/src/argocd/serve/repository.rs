//! The repository of a request, as it arrives in parts.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use hagane_host::grpc::{Bytes, Code, Cut, Messages, Status};
use hagane_host::{Archive, ArchiveError, ArchiveLimits, checksum, unpack};

use super::contract::{Metadata, Part, part};
use super::places::Places;

/// The most bytes of what is kept, and how many.
const KEPT_BYTES: u64 = 256 << 20;
const KEPT: usize = 16;

/// Receives repositories, and keeps the last ones: several applications lie in one.
pub(super) struct Repositories {
    limits: ArchiveLimits,
    /// The most bytes of a part of an archive, which is held in memory.
    max_part: usize,
    places: Arc<Places>,
    /// The last one that was asked for is the last.
    kept: Mutex<Vec<(String, Arc<Archive>)>>,
}

impl Repositories {
    pub(super) fn new(limits: ArchiveLimits, max_part: usize, places: Arc<Places>) -> Repositories {
        Repositories { limits, max_part, places, kept: Mutex::default() }
    }

    /// Receives what a request comes with.
    pub(super) fn receive(
        &self,
        messages: &mut Messages,
        until: Instant,
    ) -> Result<(Metadata, Arc<Archive>), Status> {
        let invalid = |message: &str| Status::new(Code::InvalidArgument, message);
        let first = messages.receive().map_err(|cut| cut_short(cut, "it"))?;
        let metadata = match first.as_ref().map(part) {
            Some(Some(Part::Metadata(metadata))) => metadata,
            None => return Err(invalid("the request is empty")),
            Some(_) => return Err(invalid("the request does not begin with what the repository is")),
        };
        let late = || {
            Status::new(
                Code::DeadlineExceeded,
                "error: no manifests in time: time ran out while other repositories arrived",
            )
        };
        let _place = self.places.take(until).ok_or_else(late)?;
        // A part is of 1 KiB, unless the repo-server is told otherwise.
        messages.take_up_to(self.max_part);
        let mut chunks = Chunks { messages, chunk: Bytes::new(), failed: None };
        let received = match self.known(&metadata.checksum) {
            // It is read all the same: who does not have it does not get it.
            Some(archive) => checksum(&mut chunks).map(|(checksum, size)| (archive, checksum, size)),
            None => unpack(&mut chunks, self.limits)
                .map(|received| (Arc::new(received.archive), received.checksum, received.size)),
        };
        if let Some(failed) = chunks.failed {
            return Err(failed);
        }
        let (archive, checksum, size) = received.map_err(|error| refused(&error))?;
        if size != metadata.size {
            let message = format!("{size} bytes of the archive arrived, of {}", metadata.size);
            return Err(Status::new(Code::InvalidArgument, message));
        }
        if checksum != metadata.checksum {
            return Err(invalid("the archive is not what its checksum says"));
        }
        self.keep(checksum, &archive);
        Ok((metadata, archive))
    }

    fn known(&self, checksum: &str) -> Option<Arc<Archive>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(known, _)| known == checksum).map(|(_, archive)| archive.clone())
    }

    fn keep(&self, checksum: String, archive: &Arc<Archive>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, _)| *known != checksum);
        kept.push((checksum, archive.clone()));
        let bytes =
            |kept: &[(String, Arc<Archive>)]| kept.iter().map(|(_, archive)| archive.size()).sum::<u64>();
        while kept.len() > KEPT || bytes(&kept) > KEPT_BYTES {
            kept.remove(0);
        }
    }
}

/// The archive in the messages of a request.
struct Chunks<'m> {
    messages: &'m mut Messages,
    chunk: Bytes,
    /// Why there is no more of it.
    failed: Option<Status>,
}

impl Read for Chunks<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            match self.messages.receive() {
                Ok(None) => return Ok(0),
                Ok(Some(message)) => match part(&message) {
                    Some(Part::Chunk(chunk)) => self.chunk = chunk,
                    _ => {
                        return Err(
                            self.fail(Status::new(Code::InvalidArgument, "a part of the archive is none"))
                        );
                    }
                },
                Err(cut) => return Err(self.fail(cut_short(cut, "the archive"))),
            }
        }
        let count = into.len().min(self.chunk.len());
        into[..count].copy_from_slice(&self.chunk.split_to(count));
        Ok(count)
    }
}

impl Chunks<'_> {
    fn fail(&mut self, status: Status) -> io::Error {
        self.failed = Some(status);
        io::ErrorKind::InvalidData.into()
    }
}

fn cut_short(cut: Cut, what: &str) -> Status {
    match cut {
        Cut::Broken => Status::new(Code::Cancelled, format!("the request ended before {what} was there")),
        Cut::Overdue => Status::new(Code::DeadlineExceeded, format!("time ran out while {what} arrived")),
        Cut::TooLarge { limit } => {
            let message = format!("a message of the request is larger than {} MiB", limit >> 20);
            Status::new(Code::ResourceExhausted, message)
        }
        Cut::Compressed => Status::new(Code::Unimplemented, "the request is compressed"),
    }
}

fn refused(error: &ArchiveError) -> Status {
    let large = |what: String, flag: &str| {
        let hint = format!(
            "{flag}; or let Argo CD send less: `argocd.argoproj.io/manifest-generate-paths`, `--plugin-tar-exclude`"
        );
        Status::new(
            Code::ResourceExhausted,
            format!("error: the repository has more than {what}\nhint: {hint}\n"),
        )
    };
    match error {
        ArchiveError::Broken(why) => {
            Status::new(Code::InvalidArgument, format!("the archive cannot be unpacked: {why}"))
        }
        ArchiveError::TooLarge { limit } => {
            large(format!("{} MiB", limit >> 20), "`--max-size` of `hagane argocd serve` allows more")
        }
        ArchiveError::TooMany { limit } => {
            large(format!("{limit} files"), "it cannot be all for one application")
        }
        ArchiveError::LongNames { limit } => {
            large(format!("{} MiB of names", limit >> 20), "it cannot be all for one application")
        }
        ArchiveError::Entry(path, what) => {
            let path = crate::message::one_line(path);
            Status::new(Code::InvalidArgument, format!("`{path}` in the repository {what}"))
        }
    }
}
