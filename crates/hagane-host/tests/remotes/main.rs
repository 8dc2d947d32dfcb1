//! Repositories and files, really fetched: over HTTP from servers on loopback, over ssh, and from this machine.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests of the outside")]

mod files;
mod fixture;
mod hosts;
mod kept;
mod repositories;
mod server;
