//! The real world for the pipeline: disk, environment, keys, remote trees, other programs.
//!
//! The one crate below the program that may touch the outside. Embedders with files or keys of their own leave it
//! away.
#![allow(clippy::disallowed_methods, reason = "this crate is where the outside is")]

mod address;
#[cfg(feature = "serve")]
mod archive;
#[cfg(feature = "git")]
mod built_in;
mod chance;
mod child;
mod clock;
mod deadline;
mod disk;
mod exit;
mod foreground;
mod git;
#[cfg(feature = "serve")]
pub mod grpc;
mod hosts;
mod http;
mod keys;
mod leftovers;
mod memory_file;
mod programs;
mod protection;
#[cfg(any(feature = "keyservice", feature = "serve"))]
pub mod protobuf;
mod redirects;
mod remotes;
mod tree;
mod turn;
mod write;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

#[cfg(feature = "serve")]
pub use archive::{Archive, ArchiveError, ArchiveLimits, Mounted, Received, checksum, pack, unpack};
pub use chance::random;
pub use clock::now;
pub use deadline::Deadline;
pub use disk::{Disk, MAX_FILE, words};
pub use exit::exit;
pub use foreground::{Foreground, foreground, is_program, shell_words};
pub use hosts::Hosts;
#[cfg(feature = "keyservice")]
pub use keys::serve;
pub use keys::{KeyOptions, LocalKeys, Storage, ask};
pub use leftovers::Leftovers;
pub use memory_file::{MemoryFile, Pipe, is_private, read_secret, read_stream};
pub use programs::{Programs, current_user};
pub use protection::without_core_dumps;
pub use remotes::{FetchOptions, Fetcher, Git, KeptTrees, Network};
pub use tree::{remove_files, remove_tree, write_tree};
pub use turn::Turn;
pub use write::{Access, write_file, write_files};

/// Returns the variable of this name from the process' environment.
pub fn environment(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// Returns the working directory.
pub fn working_directory() -> io::Result<PathBuf> {
    std::env::current_dir()
}
