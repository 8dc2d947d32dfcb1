//! Repositories on this machine, whose objects are read where they lie.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use gix::{ObjectId, ThreadSafeRepository};
use hagane::{Named, RemoteError};
use percent_encoding::percent_decode_str;

use super::{Found, TAGS, options, other};
use crate::disk::words;

/// Returns what a reference of the repository at a `file` URL names, and lets another repository read its objects.
pub(super) fn object(url: &str, reference: &str, reader: &gix::Repository) -> Result<Found, RemoteError> {
    let path = url.split_once("://").map_or(url, |(_, path)| path);
    let path: Vec<u8> = percent_decode_str(path).collect();
    let path = PathBuf::from(std::ffi::OsStr::from_bytes(&path));
    let source =
        ThreadSafeRepository::open_opts(path, options()).map_err(|error| other(&error))?.to_thread_local();
    let found = find(&source, reference)?;
    let information = reader.git_dir().join("objects/info");
    let objects = [source.objects.store_ref().path().as_os_str().as_bytes(), b"\n"].concat();
    fs::create_dir_all(&information)
        .and_then(|()| fs::write(information.join("alternates"), objects))
        .map_err(|error| RemoteError::Other(words(&error)))?;
    Ok(found)
}

fn find(source: &gix::Repository, reference: &str) -> Result<Found, RemoteError> {
    if let Ok(id) = ObjectId::from_hex(reference.as_bytes()) {
        let found = Found { id, named: Named::Commit };
        return if source.has_object(id) { Ok(found) } else { Err(RemoteError::NoSuchReference) };
    }
    if reference == "HEAD" {
        let id = source.head_id().map(gix::Id::detach).map_err(|_| RemoteError::NoSuchReference)?;
        return Ok(Found { id, named: Named::Branch });
    }
    let found = source.try_find_reference(reference).ok().flatten().ok_or(RemoteError::NoSuchReference)?;
    let named = if found.name().as_bstr().starts_with(TAGS) { Named::Tag } else { Named::Branch };
    Ok(Found { id: found.into_fully_peeled_id().map_err(|error| other(&error))?.detach(), named })
}
