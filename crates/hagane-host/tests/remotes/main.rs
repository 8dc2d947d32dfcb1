//! Repositories and files, really fetched: over HTTP from servers on loopback, over ssh, and from this machine.
#![allow(clippy::disallowed_methods, reason = "the outside is what is tested")]

mod files;
mod fixture;
mod repositories;
mod server;
