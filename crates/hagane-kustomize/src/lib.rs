//! Loads and composes kustomizations exactly as kustomize 5.8.1 does.
//!
//! [`compose`] is the way in: it reads the kustomization of a directory and everything it refers to through
//! the seam [`Files`], and returns the finished resources in their order. The order of the steps within a layer,
//! which is kustomize's contract with its users, is in `compose.rs`, a step a line.

mod accumulator;
mod address;
mod chart;
mod compose;
mod config;
mod config_file;
mod decode;
mod field_path;
mod files;
mod generator;
mod hash;
mod json_form;
mod json_patch;
mod ksops;
mod kustomization;
mod label_selector;
mod merge;
mod name_reference;
mod notes;
mod outside;
mod plugin;
mod process;
mod references;
mod remote;
mod remote_directory;
mod replacement;
mod selector;
mod sources;
mod transformer;
mod tree_hash;
mod variable;

pub use address::without_credentials;
pub use chart::Helm;
pub use compose::{Additions, Composed, Options, OwnGenerator, Reorder, compose, compose_with};
pub use field_path::split_index;
pub use files::{Decrypted, Decrypter, FileError, FileKind, Files};
pub use ksops::ksops_files;
pub use kustomization::{FIELDS, FILE_NAMES};
pub use outside::Outside;
pub use plugin::{KrmFunction, Plugins, Ran, Runs};
pub use process::{Environment, Output, Process, ProcessError, Processes};
pub use references::{
    ChartReference, Entered, Found, Reference, Role, Visit, chart_directory, repository_of,
};
pub use remote::{Checkout, Named, RemoteError, Remotes, Repository};
pub use remote_directory::is_remote;
pub use sources::{LoadRestriction, Root, Source, Sources, is_file_url, normalized, relative};
pub use tree_hash::{TreeFile, TreeFileKind, digest, hexadecimal, tree_hash};
